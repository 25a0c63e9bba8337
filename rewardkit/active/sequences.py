# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: Apache-2.0
"""Confidence sequences: intervals that hold at all times at once, so one may stop at any time.

An ordinary interval of 95 % that is looked at after each answer misses the truth at some time far
more often than in 5 % of the studies; these do so in at most 5 %.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import lambertw

from rewardkit.errors import RewardkitError
from rewardkit.pairs import Floats

_GRID: Final = 1000  # means that are tried by betting; its step is added to the interval
_MOST: Final = 0.5  # part of the wealth that a bet may lose


def running_mean(values: ArrayLike, *, alpha: float = 0.05, tuned: int = 100) -> Floats:
    """For the average, so far, of what each answer was expected to be, whatever that depended on.

    With numbers in 0 … 1, `Σ (x - E x)` is sub-Gaussian with variance 1/4 for each; mixing over a
    normal distribution of the tilt gives the boundary `√((v + ρ) log((v + ρ) / (ρ α²)))`, v = t/4.
    The expectations may change from one answer to the next, as they do for a head that learns.

    Source: Howard, Ramdas, McAuliffe and Sekhon (2021), "Time-uniform, nonparametric,
    nonasymptotic confidence sequences", Annals of Statistics 49(2), 1055-1080, equations 14, 17.

    Args:
        values: In 0 … 1, in order, `(n,)`.
        alpha: Probability of missing the truth at any time.
        tuned: After how many answers it is the narrowest it can be.

    Returns:
        Lower and upper end after each answer, `(n, 2)`, within 0 … 1.

    Raises:
        RewardkitError: `out_of_range`.

    Example:
        >>> running_mean([1.0] * 100)[-1].round(3).tolist()
        [0.848, 1.0]
    """
    x = _checked(values, alpha)
    count = np.arange(1, len(x) + 1)
    ratio = -1.0 - float(np.real(lambertw(-(alpha**2) / np.e, -1)))
    rho = max(tuned, 1) / 4 / ratio
    v = count / 4
    radius = np.sqrt((v + rho) * np.log((v + rho) / (rho * alpha**2))) / count
    mean = np.cumsum(x) / count
    return np.stack([mean - radius, mean + radius], axis=1).clip(0.0, 1.0)


def fixed_mean(values: ArrayLike, *, alpha: float = 0.05) -> Floats:
    """For an expectation that is the same for each answer, given those before: the narrowest known.

    For each mean that there could be, two bettors play against it, one that the answers lie above,
    one below; a mean at which either of their hedged fortunes has grown to `1 / alpha` is given
    up. Bets follow the predictable plug-in of the paper, the hedge is ½, the bets are cut at ½.

    Source: Waudby-Smith and Ramdas (2024), "Estimating means of bounded random variables by
    betting", JRSS B 86(1), 1-27, theorem 3.

    Args:
        values: In 0 … 1, in order, `(n,)`.
        alpha: Probability of missing the truth at any time.

    Returns:
        Lower and upper end after each answer, `(n, 2)`, within 0 … 1, never widening.

    Raises:
        RewardkitError: `out_of_range`.

    Example:
        >>> fixed_mean([1.0] * 100)[-1].round(3).tolist()
        [0.93, 1.0]
    """
    x = _checked(values, alpha)
    number = np.arange(1, len(x) + 1)
    mean = (0.5 + np.cumsum(x)) / (number + 1)
    spread = (0.25 + np.cumsum((x - mean) ** 2)) / (number + 1)
    before = np.concatenate([[0.25], spread])[:-1]  # known before the answer comes
    bets = np.sqrt(2 * np.log(2 / alpha) / (before * number * np.log1p(number)))
    grid = np.linspace(0.0, 1.0, _GRID + 1)
    with np.errstate(divide="ignore"):
        most_up, most_down = _MOST / grid, _MOST / (1.0 - grid)
    up, down = np.zeros(len(grid)), np.zeros(len(grid))  # log wealth
    alive = np.ones(len(grid), bool)
    ends = np.empty((len(x), 2))
    for place, value in enumerate(x.tolist()):
        up += np.log1p(np.minimum(bets[place], most_up) * (value - grid))
        down += np.log1p(-np.minimum(bets[place], most_down) * (value - grid))
        alive &= np.maximum(up, down) - np.log(2.0) < -np.log(alpha)
        left = grid[alive]
        if not len(left):  # as good as impossible for a fixed mean: nothing is left to be said
            ends[place:] = (0.0, 1.0)
            break
        ends[place] = (left[0] - 1.0 / _GRID, left[-1] + 1.0 / _GRID)
    return ends.clip(0.0, 1.0)


def _checked(values: ArrayLike, alpha: float) -> Floats:
    x = np.asarray(values, np.float64)
    if x.ndim != 1 or not ((x >= 0) & (x <= 1)).all():
        raise RewardkitError("out_of_range", "a confidence sequence takes numbers in 0 … 1")
    if not 0 < alpha < 1:
        raise RewardkitError("out_of_range", f"alpha is {alpha}; it lies between 0 and 1")
    return x
