# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: Apache-2.0
"""`Manipulation`: a change of a clip with knobs, for a search to turn.

Where a `Perturbation` does one thing whose outcome is known, a manipulation has numbers that may
be set at will, such as tempo or the level of noise: what a policy could do to gain reward. Other
packages offer more in the entry-point group `rewardkit.manipulations` (ours: melody and tempo, by
Praat's resynthesis), each entry a list of `Manipulation`.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from rewardkit.clip import Clip
from rewardkit.errors import RewardkitError
from rewardkit.perturbations import Samples

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Knob:
    """One number of a manipulation.

    Args:
        name: Lower case with underscores; distinct among all manipulations.
        unit: Of its values.
        about: What turning it does, in one line.
        low: Least value.
        neutral: The value at which it does nothing.
        high: Greatest value.
        broken: The level from which on any listener hears that the clip is damaged, that level
            included, on whichever side of `neutral` it lies; None when there is no such level.

    Raises:
        RewardkitError: `bad_manipulation` unless `low <= neutral <= high`, `low < high`, and
            `broken` is another value in that range.

    Example:
        >>> tempo = Knob("tempo", "1", "speaking rate", 0.5, 1.0, 2.0)
        >>> [tempo.at(place) for place in (-1.0, -0.5, 0.0, 1.0)]
        [0.5, 0.75, 1.0, 2.0]
        >>> cutoff = Knob("low_pass", "kHz", "cut-off", 0.5, 8.0, 8.0, broken=2.0)
        >>> cutoff.breaks(4.0), cutoff.breaks(1.5)
        (False, True)
    """

    name: str
    unit: str
    about: str
    low: float
    neutral: float
    high: float
    broken: float | None = None

    def __post_init__(self) -> None:
        ordered = self.low <= self.neutral <= self.high and self.low < self.high
        level = self.broken
        inside = level is None or (self.low <= level <= self.high and level != self.neutral)
        if not ordered or not inside or not math.isfinite(self.high - self.low):
            raise RewardkitError(
                "bad_manipulation",
                f"knob {self.name!r}: low <= neutral <= high, and broken is not neutral",
            )

    def at(self, place: float) -> float:
        """The value at a place in [-1, 1]: -1 is `low`, 0 is `neutral`, 1 is `high`.

        On a side where there is nothing, the value is `neutral`.
        """
        place = min(max(place, -1.0), 1.0)
        side = self.high if place > 0 else self.low
        return self.neutral + abs(place) * (side - self.neutral)

    def breaks(self, value: float) -> bool:
        """Whether a value is at or beyond the level `broken`."""
        if self.broken is None:
            return False
        return value >= self.broken if self.broken > self.neutral else value <= self.broken


class Manipulation(Protocol):
    """A change of a clip by named numbers."""

    @property
    def name(self) -> str:
        """Lower case with underscores."""
        ...

    @property
    def knobs(self) -> tuple[Knob, ...]:
        """The numbers, in order."""
        ...

    def __call__(self, clip: Clip, values: Mapping[str, float]) -> Clip:
        """The changed clip, a pure function of both; all values neutral is the clip itself.

        Args:
            clip: What is changed.
            values: One by knob.

        Raises:
            NotApplicable: When the clip lacks what would be changed.
        """
        ...


def with_samples(clip: Clip, samples: Samples | Floats) -> Clip:
    """The clip with other samples, scaled down as a whole where they pass full scale."""
    peak = float(np.abs(samples).max(initial=0.0))
    bounded = np.ascontiguousarray(samples / max(peak, 1.0), np.float32)
    return dataclasses.replace(clip, samples=bounded)
