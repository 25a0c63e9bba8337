# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: Apache-2.0
"""What a composite reward learns in a run: mean and deviation of terms, multipliers."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Annotated, Final

import pydantic

from rewardkit.batch_function import LARGEST

_LEAST: Final = 1e-8  # of a deviation; below it a term is constant and only centred


class Running(pydantic.BaseModel):
    """Mean and standard deviation of all numbers seen so far, one at a time.

    Welford 1962, "Note on a method for calculating corrected sums of squares and products".

    Args:
        count: How many numbers were seen.
        mean: Of them.
        squares: Sum of their squared distances from the mean.

    Example:
        >>> running = Running()
        >>> running.add([2.0, 4.0, 6.0])
        >>> running.mean, running.deviation, running(8.0)
        (4.0, 2.0, 2.0)
    """

    model_config = pydantic.ConfigDict(extra="forbid", allow_inf_nan=False)

    count: Annotated[int, pydantic.Field(ge=0)] = 0
    mean: Annotated[float, pydantic.Field(gt=-LARGEST, lt=LARGEST)] = 0.0
    squares: Annotated[float, pydantic.Field(ge=0)] = 0.0

    def add(self, numbers: Iterable[float]) -> None:
        """Take some more finite numbers into account."""
        for number in numbers:
            self.count += 1
            away = number - self.mean
            self.mean += away / self.count
            self.squares += away * (number - self.mean)

    @property
    def deviation(self) -> float:
        """Standard deviation of the numbers seen (n - 1 in the denominator); 0 before the second.

        In the unit of the numbers.
        """
        return math.sqrt(self.squares / (self.count - 1)) if self.count > 1 else 0.0

    def __call__(self, number: float) -> float:
        """How many standard deviations a number lies above the mean; centred only, if constant."""
        spread = self.deviation
        return (number - self.mean) / (spread if spread > _LEAST else 1.0)


class State(pydantic.BaseModel):
    """What a composite has learned in a run, as JSON.

    Args:
        recipe: Digest of the recipe that it belongs to.
        step: Of the schedules.
        running: Mean and deviation by normalised term.
        multipliers: By constrained term.
    """

    model_config = pydantic.ConfigDict(extra="forbid", allow_inf_nan=False)

    recipe: str
    step: int
    running: dict[str, Running]
    multipliers: dict[str, Annotated[float, pydantic.Field(ge=0)]]
