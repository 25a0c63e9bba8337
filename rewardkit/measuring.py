# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: Apache-2.0
"""Sources to rows of features, here or in a worker: what both have in common."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rewardkit import audio, scorers
from rewardkit.cache import FeatureCache
from rewardkit.clip import Clip
from rewardkit.errors import RewardkitError
from rewardkit.extract import Extractor

Measured = NDArray[np.float64] | RewardkitError
"""A clip's row of features, or why there is none."""

Job = tuple[audio.Source, int | None]
"""A source and its sample rate (None unless it is an array)."""


@dataclass(frozen=True)
class Recipe:
    """What a worker needs to make the same extractor as its host: plain values only.

    Args:
        scorers: Name and parameters of each scorer, in column order.
        require_speech: As in `Extractor`.
        cache: Path of the feature cache, or None.
        limits: As in `audio.read`.
        device: As in `Extractor`.
        digest: Of the host's `Schema`, which a worker's must be; empty for any.
    """

    scorers: tuple[tuple[str, dict[str, Any]], ...]
    require_speech: bool = True
    cache: str | None = None
    limits: audio.Limits = field(default_factory=lambda: audio.Limits())
    device: str = "cpu"
    digest: str = ""

    @classmethod
    def of(cls, extractor: Extractor, limits: audio.Limits) -> Recipe:
        """The recipe of an extractor whose scorers are all installed."""
        return cls(
            tuple((s.name, scorers.parameters(s)) for s in extractor.scorers),
            extractor.require_speech,
            extractor.cache.path if extractor.cache else None,
            limits,
            extractor.device,
            extractor.schema.digest,
        )

    def make(self) -> Extractor:
        """The extractor.

        Raises:
            RewardkitError: `scorer_mismatch` when the installed scorers are not the host's.
        """
        made = Extractor(
            [scorers.load(name, **values) for name, values in self.scorers],
            cache=FeatureCache(self.cache) if self.cache else None,
            require_speech=self.require_speech,
            device=self.device,
        )
        if self.digest not in ("", made.schema.digest):
            names = ", ".join(name for name, _ in self.scorers)
            raise RewardkitError(
                "scorer_mismatch",
                f"what is installed as {names} measures something else than the scorers given here",
            )
        return made


def measure(
    extractor: Extractor,
    source: audio.Source,
    *,
    sample_rate: int | None = None,
    limits: audio.Limits,
) -> Measured:
    """Read one source and measure it."""
    return measure_all(extractor, [(source, sample_rate)], limits=limits)[0]


def measure_all(
    extractor: Extractor, jobs: Sequence[Job], *, limits: audio.Limits
) -> list[Measured]:
    """Read some sources and measure them together; one that can't be read is its error."""
    clips: list[Clip | RewardkitError] = []
    for source, sample_rate in jobs:
        try:
            clips.append(audio.read(source, sample_rate=sample_rate, limits=limits))
        except RewardkitError as error:
            clips.append(error)
    return measure_clips(extractor, clips)


def measure_clips(
    extractor: Extractor,
    clips: Sequence[Clip | RewardkitError],
    *,
    device: str | None = None,
) -> list[Measured]:
    """Measure some clips together; what failed before is handed on.

    Args:
        extractor: What to measure.
        clips: In order, with the errors of those that could not be read.
        device: As in a call of the extractor.

    Returns:
        One for each: its row, float64 of shape `(features,)`, or its error.
    """
    features = extractor([clip for clip in clips if isinstance(clip, Clip)], device=device)
    rows = zip(features.values, features.errors, strict=True)
    measured: list[Measured] = []
    for clip in clips:
        values, error = next(rows) if isinstance(clip, Clip) else (np.empty(0), clip)
        measured.append(values if error is None else error)
    return measured
