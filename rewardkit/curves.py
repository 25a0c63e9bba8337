# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: Apache-2.0
"""`Curve` and `Span`: what a scorer saw over time, for figures.

A scorer may offer `illustrate(clip)`; what it gives is drawn over the clip's waveform and
spectrogram. No number of a reward ever comes from here.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from rewardkit.clip import Clip
from rewardkit.errors import RewardkitError
from rewardkit.features import UNITS
from rewardkit.scorers import Scorer


@dataclass(frozen=True, eq=False)
class Curve:
    """A number over time.

    Args:
        name: What it is, as a legend says it: `F0`, `level`.
        unit: One of `rewardkit.features.UNITS`.
        times: Seconds from the clip's start, `(points,)`, increasing.
        values: `(points,)`; NaN where there is none.

    Raises:
        RewardkitError: `bad_curve` when shapes differ or the unit is unknown.
    """

    name: str
    unit: str
    times: NDArray[np.float64]
    values: NDArray[np.float64]

    def __post_init__(self) -> None:
        if self.times.ndim != 1 or self.times.shape != self.values.shape or self.unit not in UNITS:
            raise RewardkitError(
                "bad_curve",
                f"{self.name}: times {self.times.shape} and values {self.values.shape} have one "
                f"shape (points,), and {self.unit!r} is a unit",
            )


@dataclass(frozen=True)
class Span:
    """A named stretch of time: a pause.

    Args:
        name: What it is.
        start: In seconds.
        stop: In seconds.
    """

    name: str
    start: float
    stop: float


@runtime_checkable
class Illustrated(Scorer, Protocol):
    """A scorer that can show what it saw."""

    def illustrate(self, clip: Clip) -> Sequence[Curve | Span]:
        """What to draw over a clip, at the scorer's own sample rate."""
        ...
