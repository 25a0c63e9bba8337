# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: Apache-2.0
"""The conformance checks: they pass what keeps the contract and catch what does not."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pytest
from numpy.typing import NDArray

from rewardkit import testing
from rewardkit.batch import Batch
from rewardkit.clip import Clip
from rewardkit.features import Feature
from rewardkit.scorers import Scorer, load
from rewardkit.speech import has_speech
from rewardkit.testing import CHECKS, Loudness, voice

OURS = ["pitch", "timing", "voice", "emotion"]


@pytest.mark.parametrize("check", CHECKS)
@pytest.mark.parametrize("name", OURS)
def test_our_scorers_conform(check: Callable[[Scorer], None], name: str) -> None:
    check(load(name))


@pytest.mark.parametrize("check", CHECKS)
def test_the_example_conforms(check: Callable[[Scorer], None]) -> None:
    check(Loudness())


@dataclass(frozen=True)
class Good:
    """Share of samples above zero; the classes below break it one way each."""

    name = "good"
    version = 1
    sample_rate = None
    features = (Feature("share", "1", "share above zero", low=0, high=1),)

    def __call__(self, clip: Clip) -> Mapping[str, float]:
        return {"share": float((clip.samples > 0).mean())}


class NoVersion(Good):
    version = 0


class TwoOfAName(Good):
    features = (*Good.features, *Good.features)


class Forgetful(Good):
    """Made again from its parameters it has other weights."""

    @property
    def digest(self) -> str:
        return str(id(self))


class Missing(Good):
    def __call__(self, clip: Clip) -> Mapping[str, float]:
        return {}


class OutOfRange(Good):
    def __call__(self, clip: Clip) -> Mapping[str, float]:
        return {"share": 1.5}


class Infinite(Good):
    def __call__(self, clip: Clip) -> Mapping[str, float]:
        return {"share": math.inf}


class Fragile(Good):
    def __call__(self, clip: Clip) -> Mapping[str, float]:
        return {"share": float(1 / np.abs(clip.samples).max().item())}


class Mute(Good):
    def __call__(self, clip: Clip) -> Mapping[str, float]:
        return {"share": math.nan}


class Moody(Good):
    def __call__(self, clip: Clip) -> Mapping[str, float]:
        return {"share": float(np.random.default_rng().uniform())}


class Vandal(Good):
    def __call__(self, clip: Clip) -> Mapping[str, float]:
        clip.samples[:] = 0
        return {"share": 0.5}


class OtherBatch(Good):
    def score_batch(self, clips: Sequence[Clip]) -> NDArray[np.float64]:
        return np.full((len(clips), 1), 0.25)


def _holder(batch: Batch) -> list[Batch]:
    return [batch]


class Holding(Good):
    def score_batch(self, clips: Sequence[Clip]) -> NDArray[np.float64]:
        held = Batch.of(clips).shared(_holder)[0]
        return np.array([[self(clip)["share"]] for clip in held])


class Loud(Good):
    def __call__(self, clip: Clip) -> Mapping[str, float]:
        return {"share": min(float(np.abs(clip.samples).max()), 1.0)}


class OneRate(Good):
    def __call__(self, clip: Clip) -> Mapping[str, float]:
        if clip.sample_rate != 16_000:
            raise ValueError("16 kHz only")
        return super().__call__(clip)


@pytest.mark.parametrize(
    ("broken", "check"),
    [
        (NoVersion, testing.check_declaration),
        (TwoOfAName, testing.check_declaration),
        (Forgetful, testing.check_identity),
        (Missing, testing.check_numbers),
        (OutOfRange, testing.check_numbers),
        (Infinite, testing.check_numbers),
        (Fragile, testing.check_numbers),
        (Mute, testing.check_measures),
        (Moody, testing.check_pure),
        (Vandal, testing.check_pure),
        (OtherBatch, testing.check_batch),
        (Holding, testing.check_release),
        (Loud, testing.check_level),
        (OneRate, testing.check_rates),
    ],
)
def test_each_breach_is_caught_by_its_check(
    broken: type[Good], check: Callable[[Scorer], None]
) -> None:
    for every in CHECKS:
        every(Good())
    with pytest.raises((AssertionError, ValueError, ZeroDivisionError)):
        check(broken())


def test_the_made_voice_passes_as_speech_at_every_rate() -> None:
    for rate in (8_000, 16_000, 48_000):
        assert has_speech(voice(2.0, rate))
