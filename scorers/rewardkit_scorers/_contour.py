# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Contours, sampled at equal steps: runs, smoothing, turning points, robust lines."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from rewardkit_scorers._compiled import compiled

MOST_POINTS = 128
"""A robust line goes through at most so many points: its cost grows with their square."""

# Below, loops are written out where numpy would do the same: numba takes seconds to compile
# `np.interp`, `np.median` or an assignment to a slice, and keeps much machine code for each.


@compiled
def runs(flags: NDArray[np.bool_]) -> NDArray[np.int64]:
    """First and one-past-last index of each run of True, of shape `(runs, 2)`.

    Example:
        >>> runs(np.array([True, True, False, True])).tolist()
        [[0, 2], [3, 4]]
    """
    found = np.empty((len(flags) // 2 + 1, 2), np.int64)
    count = 0
    inside = False
    for i in range(len(flags)):
        if flags[i] and not inside:
            found[count, 0] = i
        elif inside and not flags[i]:
            found[count, 1] = i
            count += 1
        inside = flags[i]
    if inside:
        found[count, 1] = len(flags)
        count += 1
    return found[:count].copy()


@compiled
def smooth(values: NDArray[np.float64], sigma: float) -> NDArray[np.float64]:
    """Convolve with a Gaussian; the ends are continued with their own value.

    Args:
        values: Finite, of shape `(frames,)`.
        sigma: Standard deviation in frames; 0 returns the values as they are.

    Example:
        >>> smooth(np.full(5, 3.0), 2.0).round(9).tolist()
        [3.0, 3.0, 3.0, 3.0, 3.0]
    """
    if sigma <= 0 or len(values) == 0:
        return values.copy()
    half = math.ceil(4 * sigma)
    kernel = np.empty(2 * half + 1)
    weight = 0.0
    for k in range(len(kernel)):
        kernel[k] = math.exp(-0.5 * ((k - half) / sigma) ** 2)
        weight += kernel[k]
    last = len(values) - 1
    result = np.empty(len(values))
    for i in range(len(values)):
        total = 0.0
        for k in range(len(kernel)):
            total += kernel[k] * values[min(max(i + k - half, 0), last)]
        result[i] = total / weight
    return result


@compiled
def median_of_five(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Running median of five neighbours; the ends are continued with their own value.

    Example:
        >>> median_of_five(np.array([1.0, 1.0, 9.0, 2.0, 2.0, 2.0])).tolist()
        [1.0, 1.0, 2.0, 2.0, 2.0, 2.0]
    """
    last = len(values) - 1
    result = np.empty(len(values))
    near = np.empty(5)
    for i in range(len(values)):
        for k in range(5):  # insertion sort
            value = values[min(max(i + k - 2, 0), last)]
            j = k
            while j > 0 and near[j - 1] > value:
                near[j] = near[j - 1]
                j -= 1
            near[j] = value
        result[i] = near[2]
    return result


@compiled
def finite(values: NDArray[np.float64]) -> NDArray[np.int64]:
    """The places of the values that are no NaN and no infinity.

    Example:
        >>> finite(np.array([np.nan, 2.0, 3.0])).tolist()
        [1, 2]
    """
    index = np.empty(len(values), np.int64)
    count = 0
    for i in range(len(values)):
        if math.isfinite(values[i]):
            index[count] = i
            count += 1
    return index[:count].copy()


@compiled
def quantile(values: NDArray[np.float64], share: float) -> float:
    """The value below which a share of the others lies, by linear interpolation.

    By Hoare's selection, without sorting: the values are divided into those below one of them and
    the others, and again the part in which the wanted one lies. Lomuto's division, in which every
    value is moved, has no branches that depend on the values, and is two to four times faster. What
    it divides by is the middle one of three that are drawn, always the same way: whatever pattern
    contours have, it takes time in proportion to n.

    Args:
        values: Finite, of shape `(n,)`, n >= 1; they are left as they are. NaN when all are NaN.
        share: From 0 to 1; 0.5 is the median.

    Example:
        >>> quantile(np.array([4.0, 1.0, 2.0]), 0.75)
        3.0
    """
    kept = values.copy()
    place = share * (len(kept) - 1)
    wanted = int(place)
    low, high = 0, len(kept)  # the wanted one lies from here up to, but without, there
    drawn = 1
    while high - low > 1:
        one = two = three = 0.0
        for _ in range(3):
            drawn = (drawn * 1103515245 + 12345) % 2147483648
            one, two, three = two, three, kept[low + (drawn >> 8) % (high - low)]
        pivot = max(min(one, two), min(max(one, two), three))
        if math.isnan(pivot):  # what is left has no order
            return math.nan
        split = low
        for i in range(low, high):
            value = kept[i]
            kept[i], kept[split] = kept[split], value
            split += value < pivot
        if wanted < split:
            high = split
            continue
        low = split
        for i in range(low, high):
            value = kept[i]
            kept[i], kept[split] = kept[split], value
            split += value <= pivot
        if wanted < split:  # among those that equal the pivot
            break
        low = split
    first = kept[wanted]
    if place == wanted:
        return float(first)
    following = kept[wanted + 1]
    for i in range(wanted + 2, len(kept)):
        following = min(following, kept[i])
    return float(first + (place - wanted) * (following - first))


@compiled
def turning_points(values: NDArray[np.float64], least: float) -> NDArray[np.int64]:
    """The extremes of a contour between which it moves by at least `least`.

    A movement ends only where the contour has come back by `least`, so smaller wiggles do not
    count. The result starts and ends with the outermost extremes; peaks and valleys alternate.
    Empty when the whole contour stays within `least`.

    Args:
        values: Finite, of shape `(frames,)`.
        least: Smallest movement that counts, in the units of the values.

    Example:
        >>> turning_points(np.array([0.0, 3.0, 2.5, 4.0, 0.0, 0.4]), 1.0).tolist()
        [0, 3, 4]
    """
    points = np.empty(len(values) + 1, np.int64)
    count = low = high = 0  # the extremes since the last turn
    direction = 0
    for i in range(len(values)):
        value = values[i]
        if direction >= 0 and value > values[high]:
            high = i
        if direction <= 0 and value < values[low]:
            low = i
        if direction <= 0 and value - values[low] >= least:
            points[count] = low
            count += 1
            direction, high = 1, i
        elif direction >= 0 and values[high] - value >= least:
            points[count] = high
            count += 1
            direction, low = -1, i
    if direction != 0:
        points[count] = high if direction > 0 else low
        count += 1
    return points[:count].copy()


@compiled
def robust_slope(x: NDArray[np.float64], y: NDArray[np.float64]) -> float:
    """Theil-Sen slope: the median of the slopes between all pairs of points.

    More than `MOST_POINTS` points are thinned evenly to as many. Neighbouring frames of a contour
    are so alike that little is lost: see the test.

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
    count = min(len(x), MOST_POINTS)
    if count < 3:
        return np.nan
    a, b = np.empty(count), np.empty(count)
    for i in range(count):  # evenly, both ends included, rounded to the nearest
        place = (2 * i * (len(x) - 1) + count - 1) // (2 * (count - 1))
        a[i], b[i] = x[place], y[place]
    slopes = np.empty(count * (count - 1) // 2)
    at = 0
    for i in range(count - 1):
        some = slopes[at : at + count - 1 - i]
        right, above = a[i + 1 :], b[i + 1 :]
        for j in range(len(some)):
            some[j] = (above[j] - b[i]) / (right[j] - a[i])
        at += len(some)
    return quantile(slopes, 0.5)
