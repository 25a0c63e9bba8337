# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: Apache-2.0
"""Rank correlations; ties have the mean of their ranks, or count as neither order."""

from __future__ import annotations

import math

import numpy as np

from rewardkit.pairs import Floats


def spearman(x: Floats, y: Floats) -> float:
    """Spearman's ρ: Pearson's correlation of the ranks; NaN where one does not vary.

    Example:
        >>> spearman(np.array([1.0, 2.0, 3.0]), np.array([1.0, 4.0, 9.0]))
        1.0
    """
    rank_x, rank_y = (_ranks(v) - (len(v) + 1) / 2 for v in (x, y))
    size = math.sqrt(float(rank_x @ rank_x) * float(rank_y @ rank_y))
    return float(rank_x @ rank_y) / size if size > 0 else math.nan


def kendall(x: Floats, y: Floats) -> float:
    """Kendall's τ-b: pairs in one order less pairs in opposite orders, corrected for ties.

    Source: Kendall (1945), "The treatment of ties in ranking problems", Biometrika 33.

    Example:
        >>> kendall(np.array([1.0, 2.0, 3.0]), np.array([1.0, 3.0, 2.0])).__round__(6)
        0.333333
    """
    order_x, order_y = (np.sign(v[:, None] - v[None, :]) for v in (x, y))
    size = math.sqrt(float((order_x**2).sum()) * float((order_y**2).sum()))
    return float((order_x * order_y).sum()) / size if size > 0 else math.nan


def _ranks(x: Floats) -> Floats:
    _, place, count = np.unique(x, return_inverse=True, return_counts=True)
    middle = np.cumsum(count) - (count - 1) / 2
    ranks: Floats = middle[place.reshape(-1)]
    return ranks
