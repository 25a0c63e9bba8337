# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: Apache-2.0
"""Temperature: rewards divided so that their differences are the log-odds they are said to be.

A head's weight decay and its training pairs set how large its rewards are on clips it knows. How
large they should be on clips it does not know is learned from what was left out: from the margins
m of cross-validation, T is chosen for the largest likelihood of the judgements that chose a side,
`P(a) = σ(m / T)`. No order of clips changes, only how sure the head is.

Source: Platt (1999), "Probabilistic outputs for support vector machines"; Guo, Pleiss, Sun and
Weinberger (2017), "On calibration of modern neural networks", ICML.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Final

import numpy as np

from rewardkit.errors import RewardkitError
from rewardkit.evaluate.bootstrap import Bootstrap, Interval
from rewardkit.evaluate.calibration import slope_interval
from rewardkit.evaluate.scores import decided
from rewardkit.head import LinearHead
from rewardkit.pairs import OVERALL, Floats, Pairs
from rewardkit.resampling import Groups, units

MOST: Final = 10.0
"""The largest temperature, and one over the smallest. A head whose left-out choices are no better
than a coin's would need an infinite one."""

_EVEN: Final = 1.0  # one judgement, half for either side: finite where nothing contradicts the head


def temperatures(
    pairs: Pairs,
    margin: Floats,
    *,
    groups: Groups | None = None,
    resamples: int = 1000,
    level: float = 0.95,
    seed: int = 0,
) -> dict[str, Interval]:
    """The temperature of each dimension that has a judgement which chose a side.

    Args:
        pairs: The judgements.
        margin: Reward of a less reward of b, `(pairs,)`, by heads that were not trained on the
            pair.
        groups: One label per clip: what the bootstrap resamples.
        resamples: Of the bootstrap; 0 for no interval.
        level: Coverage of the intervals.
        seed: Of the bootstrap.

    Example:
        >>> pairs = Pairs.of([0, 1, 2, 3] * 30, [4, 5, 6, 7] * 30, [1, 1, 1, 0] * 30)
        >>> found = temperatures(pairs, np.full(120, 2 * np.log(3.0)), resamples=0)
        >>> round(found["overall"].value, 1)  # twice as sure as three of four allow
        2.0
    """
    found: dict[str, Interval] = {}
    for number, name in enumerate(pairs.dimensions):
        here = np.flatnonzero((pairs.dimension == number) & (pairs.weight > 0))
        own = pairs.select(here)
        share, weight = decided(own)
        bootstrap = Bootstrap(units(own, groups), resamples, level, (seed, number))
        slope = slope_interval(share, margin[here], weight, bootstrap, even=_EVEN)
        if slope is not None:
            ends = (slope.value, slope.high, slope.low)
            value, low, high = (None if end is None else _inverse(end) for end in ends)
            assert value is not None  # noqa: S101  # a slope always has a value
            found[name] = Interval(value, low, high)
    return found


def cool(head: LinearHead, temperature: Mapping[str, float]) -> LinearHead:
    """The head with each dimension's rewards divided by its temperature, members and all.

    The scalar is `Σ mix_d r_d`. Where `overall` pairs taught it, it has a temperature of its own,
    T: with r_d over T_d, mix_d becomes `mix_d T_d / T`, and the remainder is divided by T, as a
    dimension is. Where the mix was declared, the scalar is the mean of the calibrated dimensions.

    Args:
        head: The head.
        temperature: By dimension; one that is not named has 1.

    Raises:
        RewardkitError: `bad_option` for a dimension that the head lacks, or a temperature that is
            not positive and finite.
    """
    unknown = set(temperature) - set(head.dimensions)
    if unknown or not all(0 < t < np.inf for t in temperature.values()):
        raise RewardkitError(
            "bad_option", "temperatures are positive and finite, each of a dimension of the head"
        )
    t = np.array([temperature.get(name, 1.0) for name in head.dimensions])
    turn = np.ones(len(t))
    if OVERALL in head.dimensions:
        turn = t / t[head.dimensions.index(OVERALL)]
    return dataclasses.replace(
        head,
        weights=head.weights / t[:, None],
        members=head.members / t[:, None],
        mix=head.mix * turn,
        mix_members=head.mix_members * turn,
    )


def _inverse(slope: float) -> float:
    return float(np.clip(1.0 / slope, 1.0 / MOST, MOST)) if slope > 0 else MOST
