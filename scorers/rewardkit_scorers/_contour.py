# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Contours, sampled at equal steps: runs, smoothing, turning points, robust slopes."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def runs(flags: NDArray[np.bool_]) -> NDArray[np.intp]:
    """First and one-past-last index of each run of True, of shape `(runs, 2)`.

    Example:
        >>> runs(np.array([True, True, False, True])).tolist()
        [[0, 2], [3, 4]]
    """
    edges = np.diff(np.concatenate(([0], flags.astype(np.int8), [0])))
    return np.stack([np.flatnonzero(edges == 1), np.flatnonzero(edges == -1)], axis=1)


def smooth(values: NDArray[np.float64], sigma: float) -> NDArray[np.float64]:
    """Convolve with a Gaussian; the ends are continued with their own value.

    Args:
        values: Finite, of shape `(frames,)`.
        sigma: Standard deviation in frames; 0 returns the values as they are.

    Example:
        >>> smooth(np.full(5, 3.0), 2.0).round(9).tolist()
        [3.0, 3.0, 3.0, 3.0, 3.0]
    """
    if sigma <= 0:
        return values
    half = int(np.ceil(4 * sigma))
    kernel = np.exp(-0.5 * (np.arange(-half, half + 1) / sigma) ** 2)
    kernel /= kernel.sum()
    return np.convolve(np.pad(values, half, mode="edge"), kernel, mode="valid")


def turning_points(values: NDArray[np.float64], least: float) -> NDArray[np.intp]:
    """The extremes of a contour between which it moves by at least `least`.

    A movement ends only where the contour has come back by `least`, so smaller wiggles do not
    count. The result starts and ends with the outermost extremes; peaks and valleys alternate.
    Empty when the whole contour stays within `least`.

    Args:
        values: Finite, of shape `(frames,)`.
        least: Smallest movement that counts, in the units of the values.

    Example:
        >>> turning_points(np.array([0.0, 3.0, 2.5, 4.0, 0.0, 0.4]), least=1.0).tolist()
        [0, 3, 4]
    """
    points: list[int] = []
    low = high = 0  # the extremes since the last turn
    direction = 0
    for i, value in enumerate(values.tolist()):
        if direction >= 0 and value > values[high]:
            high = i
        if direction <= 0 and value < values[low]:
            low = i
        if direction <= 0 and value - values[low] >= least:
            points.append(low)
            direction, high = 1, i
        elif direction >= 0 and values[high] - value >= least:
            points.append(high)
            direction, low = -1, i
    if direction:
        points.append(high if direction > 0 else low)
    return np.array(points, dtype=np.intp)


def robust_slope(x: NDArray[np.float64], y: NDArray[np.float64]) -> float:
    """Theil-Sen slope: the median of the slopes between all pairs of points.

    Long contours are thinned evenly to at most 400 points.

    Args:
        x: Increasing, of shape `(points,)`.
        y: Of shape `(points,)`.

    Returns:
        The slope in units of y per unit of x; NaN for fewer than three points.

    Source:
        Sen (1968), "Estimates of the regression coefficient based on Kendall's tau", JASA 63.

    Example:
        >>> x = np.arange(5.0)
        >>> robust_slope(x, np.array([0.0, 2.0, 4.0, 60.0, 8.0]))
        2.0
    """
    if len(x) < 3:
        return float("nan")
    if len(x) > 400:
        keep = np.rint(np.linspace(0, len(x) - 1, 400)).astype(int)
        x, y = x[keep], y[keep]
    i, j = np.triu_indices(len(x), k=1)
    return float(np.median((y[j] - y[i]) / (x[j] - x[i])))
