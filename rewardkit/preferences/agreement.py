# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: Apache-2.0
"""Krippendorff's alpha: how far raters agree beyond chance."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Agreement:
    """How far raters agree.

    Args:
        alpha: 1 = always, 0 = as by chance, negative = less than by chance. None when it is not
            defined: nothing was judged twice, or every judgement is the same.
        units: Things judged at least twice.
        judgements: Judgements of those.
    """

    alpha: float | None
    units: int
    judgements: int


@dataclass
class NominalAlpha:
    """Krippendorff's alpha for nominal values, fed one judged thing (unit) at a time.

    The observed disagreement is the share of differing pairs of judgements within units, each
    unit of m judgements weighing m; the expected one is that of pairs drawn from all judgements
    of those units. Units judged once say nothing and are left out.

    For preferences the values are "the first is better", "the second is", "tie", and which clip
    of a pair comes first is arbitrary: a file in which the better clip always comes first would
    have no expected disagreement at all, and no alpha. With `exchangeable`, the first two values
    enter the expected disagreement with their mean frequency, and the order no longer matters.

    Source: K. Krippendorff (2011), "Computing Krippendorff's Alpha-Reliability", section C.

    Args:
        values: How many different values there are.
        exchangeable: Whether the first two may change places from unit to unit.

    Example:
        >>> alpha = NominalAlpha(3, exchangeable=True)
        >>> for counts in [(2, 0, 0), (2, 0, 0), (1, 1, 0)]:
        ...     alpha.add(counts)
        >>> alpha.result()
        Agreement(alpha=0.4444444444444444, units=3, judgements=6)
    """

    values: int
    exchangeable: bool = False
    units: int = 0
    _disagreement: float = 0.0  # the off-diagonal sum of the coincidence matrix
    _totals: NDArray[np.int64] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        self._totals = np.zeros(self.values, np.int64)

    def add(self, counts: Sequence[int]) -> None:
        """Add one unit: how many judgements gave each value."""
        judgements = sum(counts)
        if judgements < 2:
            return
        same = sum(count * count for count in counts)
        self._disagreement += (judgements * judgements - same) / (judgements - 1)
        self._totals += counts
        self.units += 1

    def result(self) -> Agreement:
        """The agreement over all units so far."""
        judgements = int(self._totals.sum())
        totals = self._totals.astype(np.float64)
        if self.exchangeable:
            totals[:2] = totals[:2].mean()
        expected = (judgements**2 - float(totals @ totals)) / (judgements - 1) if judgements else 0
        alpha = 1.0 - self._disagreement / expected if expected > 0 else None
        return Agreement(alpha, self.units, judgements)
