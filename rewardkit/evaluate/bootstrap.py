# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: Apache-2.0
"""Intervals by the bootstrap, for every statistic that is a function of sums over pairs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from statistics import NormalDist

import numpy as np

from rewardkit.errors import RewardkitError
from rewardkit.pairs import Floats, Ints
from rewardkit.resampling import draws


@dataclass(frozen=True)
class Interval:
    """An estimate with its bootstrap interval; None where it can't be resampled.

    Args:
        value: The estimate.
        low: Lower end, or None with fewer than two units.
        high: Upper end, or None.
    """

    value: float
    low: float | None
    high: float | None

    def __str__(self) -> str:
        if self.low is None or self.high is None:
            return f"{self.value:.3f} [no interval]"
        return f"{self.value:.3f} [{self.low:.3f}, {self.high:.3f}]"


@dataclass(frozen=True, eq=False)
class Bootstrap:
    """Resamples of some pairs, the same ones each time they are asked for.

    Args:
        unit: The units that are drawn, int64 `(pairs, 2)`; see `rewardkit.resampling.units`.
        count: How many resamples.
        level: Coverage of the intervals.
        seed: Of the draws.

    Raises:
        RewardkitError: `bad_option`.

    Example:
        >>> unit = np.array([[0, 0], [1, 1], [2, 2]])
        >>> bootstrap = Bootstrap(unit, 1000, 0.95, (0,))
        >>> bootstrap.means(np.array([[0.0, 1.0, np.nan]]), np.ones(3))[0].value
        0.5
    """

    unit: Ints
    count: int
    level: float
    seed: tuple[int, ...]

    def __post_init__(self) -> None:
        if not 0 < self.level < 1 or self.count < 0:
            raise RewardkitError(
                "bad_option",
                f"level is {self.level}, a share; resamples are {self.count}, at least 0",
            )

    @property
    def units(self) -> int:
        """How many units there are."""
        return int(self.unit.max(initial=-1)) + 1

    def __iter__(self) -> Iterator[Floats]:
        """How often each pair occurs, float64 `(resamples, pairs)`, in blocks; none for a unit."""
        yield from self._draws(self.unit)

    @cached_property
    def _cells(self) -> tuple[Ints, Ints]:
        """The distinct rows of `unit`, and which of them each pair has.

        Pairs of the same two units occur equally often, so they are added up once for all
        resamples: a million pairs of 200 speakers are 20,000 cells.
        """
        key = self.unit[:, 0] * (self.units + 1) + self.unit[:, 1]
        _, first, cell = np.unique(key, return_index=True, return_inverse=True)
        return self.unit[first], np.asarray(cell, np.int64).reshape(-1)

    def _draws(self, unit: Ints) -> Iterator[Floats]:
        if self.units > 1 and self.count:
            yield from draws(unit, self.count, np.random.default_rng(self.seed))

    def sums(self, rows: Iterable[Floats]) -> tuple[Floats, Floats]:
        """Sums over the pairs: of the pairs as they are `(rows,)`, and of each resample.

        Args:
            rows: `(rows, pairs)`, finite; looked at one after the other.

        Returns:
            The sums `(rows,)` and `(resamples, rows)`; no resamples of a single unit.
        """
        cells, cell = self._cells
        found = [(row.sum(), np.bincount(cell, row, len(cells))) for row in rows]
        whole, summed = (np.array(part) for part in zip(*found, strict=True))
        drawn = [often @ summed.T for often in self._draws(cells)]
        return whole, np.concatenate(drawn or [np.empty((0, len(whole)))])

    def interval(self, value: float, drawn: Floats) -> Interval:
        """The percentile interval of a statistic; resamples in which it is NaN are left out.

        Args:
            value: Of the pairs as they are.
            drawn: Of each resample, `(resamples,)`.
        """
        low, high = self._ends(drawn)
        return Interval(float(value), low, high)

    def share(self, found: Interval) -> Interval:
        """The interval of a share; Wilson's where it is 0 or 1 and all resamples are alike.

        Seven right out of seven are right in every resample, which is no reason to be sure. The
        trials are the units, or the pairs where those are fewer.

        Source: Wilson (1927), "Probable inference, the law of succession, and statistical
        inference", JASA 22.
        """
        if found.low is None or found.low != found.high or found.value not in (0.0, 1.0):
            return found
        z = NormalDist().inv_cdf((1 + self.level) / 2)
        trials = min(self.units, len(self.unit))
        reach = z**2 / (trials + z**2)
        return Interval(found.value, *((0.0, reach) if found.value == 0 else (1 - reach, 1.0)))

    def debiased(self, value: float, drawn: Floats, null: Floats) -> Interval:
        """A statistic that is not negative, and too large by chance, less its bootstrap bias.

        Resamples are too large by chance once more. So the percentile interval lies too high, and
        the basic one, its mirror image, too low, the more so near 0. The interval here reaches
        from the lower end of the basic one, or from 0 where chance alone gives such a value, to
        the upper end of the percentile one: too wide, rather than beside the truth.

        Source: Davison and Hinkley (1997), "Bootstrap Methods and their Application", chapter 5.

        Args:
            value: Of the pairs as they are.
            drawn: Of each resample, `(resamples,)`, at least one.
            null: What chance alone gives, `(simulations,)`.
        """
        _, high = self._ends(drawn)
        estimate = max(0.0, 2 * value - float(np.nanmean(drawn)))
        low = None if high is None else max(0.0, 2 * value - high)
        if low is not None and value <= np.quantile(null, self.level):
            low = 0.0
        return Interval(estimate, low, high)

    def means(self, scores: Floats, weight: Floats) -> list[Interval | None]:
        """Weighted means of the rows of `scores` `(rows, pairs)`, NaN left out, with intervals.

        A row without any weight has None.
        """
        present = ~np.isnan(scores) * weight
        filled = np.where(np.isnan(scores), 0.0, scores) * present
        whole, drawn = self.sums(np.concatenate([filled, present]))
        rows = len(scores)
        with np.errstate(invalid="ignore", divide="ignore"):
            value, values = whole[:rows] / whole[rows:], drawn[:, :rows] / drawn[:, rows:]
        return [
            self.interval(value[row], values[:, row]) if whole[rows + row] > 0 else None
            for row in range(rows)
        ]

    def _ends(self, drawn: Floats) -> tuple[float | None, float | None]:
        usable = drawn[~np.isnan(drawn)]
        if not len(usable):
            return None, None
        low, high = np.quantile(usable, [(1 - self.level) / 2, (1 + self.level) / 2]).tolist()
        return low, high
