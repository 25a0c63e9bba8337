# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: Apache-2.0
"""Two models on the same pairs: is one better, or were the pairs kind to it?"""

from __future__ import annotations

import dataclasses
import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from rewardkit.evaluate.agreement import check_margin
from rewardkit.evaluate.bootstrap import Bootstrap, Interval
from rewardkit.evaluate.evaluation import plain
from rewardkit.evaluate.scores import compared, correctness, cross_entropy
from rewardkit.pairs import Floats, Pairs
from rewardkit.resampling import Groups, units


@dataclass(frozen=True)
class DimensionComparison:
    """Two models on the pairs of one dimension.

    Args:
        dimension: Its name.
        pairs: Compared pairs of clips of which a judgement, or its majority, chose a side.
        first_only: On how many of them the first model did better.
        second_only: On how many the second did; on the others both were right, or both wrong.
        p_value: McNemar's exact test: the probability that a fair coin splits
            `first_only + second_only` as unevenly or more. It takes pairs to be independent,
            which pairs of one speaker are not: the intervals, which resample speakers, are to be
            believed where the two disagree.
        first: Accuracy of the first model.
        second: Of the second.
        difference: First less second.
        log_loss: Of the first less the second, in nat: below 0 the first is better.
    """

    dimension: str
    pairs: int
    first_only: int
    second_only: int
    p_value: float
    first: Interval
    second: Interval
    difference: Interval
    log_loss: Interval


@dataclass(frozen=True)
class Comparison:
    """Results by dimension.

    Args:
        dimensions: One result per dimension that has such a pair.
        level: Coverage of the intervals.
        resamples: Bootstrap resamples behind them.
    """

    dimensions: tuple[DimensionComparison, ...]
    level: float
    resamples: int

    def to_json(self) -> dict[str, Any]:
        """The same as JSON values."""
        return dict(plain(dataclasses.asdict(self)))

    def render(self, first: str = "first", second: str = "second") -> str:
        """The same as plain text.

        Args:
            first: What to call the first model.
            second: What to call the second.
        """
        how = f"{self.level:.0%} intervals by paired bootstrap ({self.resamples} resamples)"
        lines = [f"{first} against {second}, the same pairs; {how}"]
        for result in self.dimensions:
            p_value = f"McNemar's exact p = {result.p_value:.2g}"
            lines += [
                f"{result.dimension}: {result.pairs} pairs",
                f"  {first}: accuracy {result.first}",
                f"  {second}: accuracy {result.second}",
                f"  difference {result.difference}, log-loss {result.log_loss} nat",
                f"  only {first} right: {result.first_only}",
                f"  only {second} right: {result.second_only}; {p_value}",
            ]
        return "\n".join(lines)


def compare(
    pairs: Pairs,
    first: ArrayLike,
    second: ArrayLike,
    *,
    groups: Groups | None = None,
    resamples: int = 2000,
    level: float = 0.95,
    seed: int = 0,
) -> Comparison:
    """Compare two models on the same judgements.

    Args:
        pairs: The judgements.
        first: The first model's margins, reward of a less reward of b, `(pairs,)`.
        second: The second model's.
        groups: As for `evaluate`.
        resamples: Of the bootstrap, which draws the same pairs for both.
        level: Coverage of the intervals.
        seed: Of the bootstrap.

    Raises:
        RewardkitError: `bad_margin`, `bad_groups`, `bad_option`.

    Example:
        >>> pairs = Pairs.of(np.arange(8), np.arange(8) + 8, np.ones(8))
        >>> found = compare(pairs, np.ones(8), [1, 1, -1, -1, -1, -1, -1, -1]).dimensions[0]
        >>> found.difference.value, found.first_only, round(found.p_value, 6)
        (0.75, 6, 0.03125)
    """
    margins = [check_margin(pairs, margin) for margin in (first, second)]
    results = []
    for number, name in enumerate(pairs.dimensions):
        here = np.flatnonzero((pairs.dimension == number) & (pairs.weight > 0))
        own = pairs.select(here)
        if not (own.win != 0.5).any():
            continue
        bootstrap = Bootstrap(units(own, groups), resamples, level, (seed, number))
        right = [correctness(margin[here], own.win) for margin in margins]
        loss = [cross_entropy(margin[here], own.win) for margin in margins]
        found = bootstrap.means(
            np.stack([*right, right[0] - right[1], loss[0] - loss[1]]), own.weight
        )
        one, other, difference, log_loss = (item for item in found if item is not None)
        better = _better(own, right[0] - right[1])
        wins, losses = int((better > 0).sum()), int((better < 0).sum())
        results.append(
            DimensionComparison(
                name, len(better), wins, losses, mcnemar(wins, losses),
                bootstrap.share(one), bootstrap.share(other), difference, log_loss,
            )
        )  # fmt: skip
    return Comparison(tuple(results), level, resamples)


def mcnemar(one: int, other: int) -> float:
    """The exact two-sided p-value of McNemar's test.

    Source: McNemar (1947), "Note on the sampling error of the difference between correlated
    proportions or percentages", Psychometrika 12.

    Args:
        one: Pairs on which only one model is right.
        other: Pairs on which only the other is.

    Example:
        >>> round(mcnemar(1, 9), 9), mcnemar(3, 3)
        (0.021484375, 1.0)
    """
    total, least = one + other, min(one, other)
    if not total:
        return 1.0
    k = np.arange(least, dtype=np.float64)
    chosen = np.concatenate([[0.0], np.cumsum(np.log((total - k) / (k + 1)))])  # log binomials
    largest = chosen.max()
    tail = math.exp(largest - total * math.log(2)) * float(np.exp(chosen - largest).sum())
    return min(1.0, 2 * tail)


def _better(pairs: Pairs, difference: Floats) -> Floats:
    """The sign of the mean difference of each compared pair of which a side was chosen."""
    known = ~np.isnan(difference)
    clips = compared(pairs)[known]
    summed = np.bincount(clips, pairs.weight[known] * difference[known])
    signs: Floats = np.sign(np.round(summed, 12))[np.unique(clips)]
    return signs
