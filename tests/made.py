# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: Apache-2.0
"""A small reward model whose rewards can be worked out by hand."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from rewardkit.checkpoint import Manifest
from rewardkit.clip import Clip
from rewardkit.extract import Extractor
from rewardkit.features import Feature
from rewardkit.head import LinearHead
from rewardkit.model import RewardModel
from rewardkit.normaliser import Normaliser
from rewardkit.population import Population


@dataclass(frozen=True)
class Plain:
    """Duration and level; raises for a clip whose first sample is 0.25 exactly."""

    name = "plain"
    version = 1
    sample_rate = None
    features = (
        Feature("seconds", "s", "duration", low=0),
        Feature("level", "dB", "RMS level", level_dependent=True),
    )

    def __call__(self, clip: Clip) -> Mapping[str, float]:
        if clip.samples[0] == 0.25:
            raise RuntimeError("broken on purpose")
        power = float(np.mean(np.square(clip.samples, dtype=np.float64)))
        return {"seconds": clip.duration, "level": 10 * math.log10(power + 1e-12)}


def reward_model(
    *, require_speech: bool = False, dimensions: tuple[str, str] = ("pace", "level")
) -> RewardModel:
    """`pace` = seconds - 2; `level` = (dB + 20) / 10; the scalar = pace + level / 2.

    Its two members have 0.5 and 1.5 times the weights, so a reward's standard deviation is
    sqrt(0.5) times its size; and features are clipped to 0 to 4 s and -40 to 0 dB.
    """
    normaliser = Normaliser(
        np.array([2.0, -20.0]), np.array([1.0, 10.0]), np.array([-2.0, -2.0]), np.array([2.0, 2.0])
    )
    weights, mix = np.eye(2), np.array([1.0, 0.5])
    head = LinearHead(
        dimensions,
        normaliser,
        weights,
        np.stack([0.5 * weights, 1.5 * weights]),
        mix,
        np.stack([mix, mix]),
    )
    return around(Extractor([Plain()], require_speech=require_speech), head)


def around(
    extractor: Extractor, head: LinearHead, population: Population | None = None
) -> RewardModel:
    """A model of these parts, with a manifest that says as little as it may."""
    manifest = Manifest(
        name="made",
        rewardkit="0",
        license="CC0-1.0",
        dimensions=head.dimensions,
        scorers=(),
        features=(),
        schema_digest=extractor.schema.digest,
        requires_speech=extractor.require_speech,
        training={},
        evaluation={},
    )
    return RewardModel(extractor, head, manifest, population)


def buzz(seconds: float, level: float = -20.0, sample_rate: int = 8_000) -> np.ndarray[Any, Any]:
    """A square wave: float32, of exactly this level in dB."""
    samples = np.full(round(seconds * sample_rate), 10 ** (level / 20), np.float32)
    samples[::2] *= -1
    return samples
