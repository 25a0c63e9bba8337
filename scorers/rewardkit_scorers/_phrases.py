# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Phrases of a pitch contour: declination, resets, movements, the final, and repetition.

The *contour* is F0 in semitones, cleaned by a five-frame median, bridged over short unvoiced gaps
and smoothed. It falls into *phrases* at unvoiced gaps of at least `PHRASE_GAP`.
"""

from __future__ import annotations

import math
from typing import Final

import numpy as np
from numpy.typing import NDArray

from rewardkit.features import Feature
from rewardkit_scorers._compiled import compiled
from rewardkit_scorers._contour import (
    finite,
    median_of_five,
    quantile,
    robust_slope,
    runs,
    smooth,
    turning_points,
)
from rewardkit_scorers._frames import SPAN, STEEPEST, STEP

PHRASE_GAP: Final = 25
"""Frames; an unvoiced gap this long ends a phrase, shorter ones are bridged."""

SHORTEST_PHRASE: Final = 10
"""Frames; shorter phrases are left out."""

SHORTEST_LINED: Final = 50
"""Frames; a top line and a base line are drawn only through phrases this long."""

FINAL: Final = 40
"""Frames at the end of the last phrase that are its final."""

SHAPE: Final = 20
"""Points that two phrases are compared in."""

ALIKE: Final = 0.5
"""Semitones; contours this near to each other count as much the same."""

FEATURES: Final = (
    Feature("declination", "semitone/s", "mean slope of the phrases", -STEEPEST, STEEPEST),
    Feature("topline_slope", "semitone/s", "mean slope of their top lines", -STEEPEST, STEEPEST),
    Feature("baseline_slope", "semitone/s", "mean slope of their base lines", -STEEPEST, STEEPEST),
    Feature("reset", "semitone", "mean rise from a phrase's end to the next one's start"),
    Feature("phrase_shift", "semitone", "mean step of median F0 between phrases", 0, SPAN),
    Feature("contour_repetition", "1", "likeness of each phrase's contour to the next", -1, 1),
    Feature("final_rise", "semitone", "end above the lowest F0 of the last 0.4 s", 0, SPAN),
    Feature("final_fall", "semitone", "end below the highest F0 of the last 0.4 s", 0, SPAN),
    Feature("rise_rate", "1/s", "rises of the contour per second", 0, 100),
    Feature("fall_rate", "1/s", "falls of the contour per second", 0, 100),
    Feature("rise_size", "semitone", "mean size of the rises", 0, SPAN),
    Feature("fall_size", "semitone", "mean size of the falls", 0, SPAN),
    Feature("rise_speed", "semitone/s", "mean speed of the rises", 0, STEEPEST),
    Feature("fall_speed", "semitone/s", "mean speed of the falls", 0, STEEPEST),
    Feature("movement", "semitone/s", "mean absolute slope of the contour", 0, STEEPEST),
    Feature("microprosody", "cent", "median distance of F0 from the contour", 0, 100 * SPAN),
)  # fmt: skip

COUNT: Final = len(FEATURES)
"""Of the features."""


@compiled
def contour(semitones: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """The contour and its phrases.

    Args:
        semitones: F0 in semitones `(frames,)`, NaN where unvoiced.

    Returns:
        The contour `(frames,)`, NaN outside phrases, and each phrase's first and one-past-last
        frame `(phrases, 2)`.

    Example:
        >>> gap = np.full(30, np.nan)
        >>> f0 = np.concatenate([np.full(20, 3.0), gap, np.full(15, 1.0)])
        >>> line, phrases = contour(f0)
        >>> phrases.tolist(), round(float(np.nanmax(line)), 9)
        ([[0, 20], [50, 65]], 3.0)
    """
    line = np.full(len(semitones), np.nan)
    voiced = runs(np.isfinite(semitones))
    phrases = np.empty((len(voiced), 2), np.int64)
    count = 0
    first = 0
    for k in range(len(voiced)):
        if k + 1 < len(voiced) and voiced[k + 1, 0] - voiced[k, 1] < PHRASE_GAP:
            continue
        start, stop = voiced[first, 0], voiced[k, 1]
        first = k + 1
        if stop - start < SHORTEST_PHRASE:
            continue
        _, kept, index = _voiced(semitones, start, stop)
        bridged = np.empty(stop - start)
        for i in range(len(index)):
            bridged[index[i]] = kept[i]
            for gap in range(index[i - 1] + 1 if i else 0, index[i]):
                share = (gap - index[i - 1]) / (index[i] - index[i - 1])
                bridged[gap] = kept[i - 1] + share * (kept[i] - kept[i - 1])
        smoothed = smooth(bridged, 2.0)
        for i in range(stop - start):
            line[start + i] = smoothed[i]
        phrases[count, 0], phrases[count, 1] = start, stop
        count += 1
    return line, phrases[:count].copy()


@compiled
def likeness(a: NDArray[np.float64], b: NDArray[np.float64]) -> float:
    """How much two contours have the same shape, whatever their lengths and levels.

    Both are stretched to `SHAPE` points and centred. With mean squared difference D and variances
    A and B it is 1 - D / (A + B + 2 `ALIKE`^2): 1 for copies, 0 for a flat contour beside a moving
    one, -1 (nearly) for mirror images. Without the tolerance it would be Lin's coefficient of
    concordance between centred contours, and undefined for flat ones, which are alike.

    Source:
        Lin (1989), "A concordance correlation coefficient to evaluate reproducibility",
        Biometrics 45, 255-268.

    Example:
        >>> rise = np.linspace(0, 6, 50)
        >>> likeness(rise, 3 + rise[::2]) > 0.99, likeness(rise, -rise) < -0.8
        (True, True)
    """
    one, two = _shape(a), _shape(b)
    apart = spread = 0.0
    for i in range(SHAPE):
        apart += (one[i] - two[i]) ** 2
        spread += one[i] ** 2 + two[i] ** 2
    return 1 - apart / (spread + 2 * SHAPE * ALIKE**2)


@compiled
def _shape(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """A contour at `SHAPE` even places, about its mean there."""
    result = np.empty(SHAPE)
    for k in range(SHAPE):
        place = k * (len(values) - 1) / (SHAPE - 1)
        low = int(place)
        high = min(low + 1, len(values) - 1)
        result[k] = values[low] + (place - low) * (values[high] - values[low])
    result -= result.sum() / SHAPE
    return result


@compiled
def _voiced(
    semitones: NDArray[np.float64], start: int, stop: int
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.int64]]:
    """Of a phrase's voiced frames: times in it in seconds, cleaned F0, and places in it."""
    index = finite(semitones[start:stop])
    times = np.empty(len(index))
    kept = np.empty(len(index))
    for i in range(len(index)):
        times[i], kept[i] = STEP * index[i], semitones[start + index[i]]
    return times, median_of_five(kept), index


@compiled
def _lines(
    semitones: NDArray[np.float64], phrases: NDArray[np.int64]
) -> tuple[float, float, float, float, float]:
    """Declination, slopes of top line and base line, mean reset and mean shift of level."""
    weight = lined = all_points = top = base = reset = shift = 0.0
    end = level = np.nan
    for k in range(len(phrases)):
        start, stop = phrases[k, 0], phrases[k, 1]
        times, kept, _ = _voiced(semitones, start, stop)
        slope = robust_slope(times, kept)
        offset = quantile(kept - slope * times, 0.5)
        middle = quantile(kept, 0.5)
        seconds = (stop - start) * STEP
        weight += seconds
        all_points += slope * seconds
        if k > 0:
            reset += offset - end
            shift += abs(middle - level)
        end, level = offset + slope * (stop - start - 1) * STEP, middle
        if stop - start < SHORTEST_LINED:
            continue
        above = kept > offset + slope * times
        high = robust_slope(_where(above, True, times), _where(above, True, kept))
        low = robust_slope(_where(above, False, times), _where(above, False, kept))
        if math.isfinite(high + low):
            lined += seconds
            top += seconds * high
            base += seconds * low
    pairs = len(phrases) - 1
    return all_points / weight, top / lined, base / lined, reset / pairs, shift / pairs


@compiled
def _where(
    flags: NDArray[np.bool_], wanted: bool, values: NDArray[np.float64]
) -> NDArray[np.float64]:
    """The values whose flag is the wanted one."""
    kept = np.empty(len(values))
    count = 0
    for i in range(len(values)):
        if flags[i] == wanted:
            kept[count] = values[i]
            count += 1
    return kept[:count].copy()


@compiled
def measure(
    semitones: NDArray[np.float64],
    line: NDArray[np.float64],
    phrases: NDArray[np.int64],
    least: float,
) -> NDArray[np.float64]:
    """The values of `FEATURES`, in order; NaN where there is nothing to measure.

    *Declination* is the slope of a robust line through all of a phrase's F0; its top line and base
    line go through what lies above and below that line. A *reset* is the step from the end of one
    phrase's line to the start of the next one's. A *rise* or *fall* is a movement of the contour
    of at least `least` that is not undone by as much on its way. Slopes of phrases are averaged by
    their length.

    Args:
        semitones: F0 in semitones `(frames,)`, NaN where unvoiced.
        line: The contour, from `contour`.
        phrases: From `contour`.
        least: Semitones; smaller movements are not counted.

    Source:
        Lieberman et al. (1985), "Measures of the sentence intonation of read and spontaneous speech
        in American English", JASA 77, 649-657: a line through all points describes declination
        better than one through peaks or valleys.
        Microprosody: Hirst & Espesser (1993), "Automatic modelling of fundamental frequency using
        a quadratic spline function", Travaux de l'Institut de Phonétique d'Aix 15: F0 is a smooth
        melody and the deviations from it that single sounds cause.
    """
    if len(phrases) == 0:
        return np.full(COUNT, np.nan)
    declination, top, base, reset, shift = _lines(semitones, phrases)
    seconds = travelled = alike = 0.0
    rises = falls = rise_size = fall_size = rise_speed = fall_speed = 0.0
    for k in range(len(phrases)):
        start, stop = phrases[k, 0], phrases[k, 1]
        seconds += (stop - start) * STEP
        for i in range(start + 1, stop):
            travelled += abs(line[i] - line[i - 1])
        if k > 0:
            before = line[phrases[k - 1, 0] : phrases[k - 1, 1]]
            alike += likeness(before, line[start:stop])
        points = turning_points(line[start:stop], least)
        for i in range(1, len(points)):
            size = line[start + points[i]] - line[start + points[i - 1]]
            speed = abs(size) / ((points[i] - points[i - 1]) * STEP)
            if size > 0:
                rises, rise_size, rise_speed = rises + 1, rise_size + size, rise_speed + speed
            else:
                falls, fall_size, fall_speed = falls + 1, fall_size - size, fall_speed + speed
    start, stop = phrases[-1, 0], phrases[-1, 1]
    lowest = highest = line[stop - 1]
    for i in range(max(start, stop - FINAL), stop):
        lowest, highest = min(lowest, line[i]), max(highest, line[i])
    index = finite(semitones + line)
    apart = np.empty(len(index))
    for i in range(len(index)):
        apart[i] = abs(semitones[index[i]] - line[index[i]])
    return np.array(
        [
            declination, top, base, reset, shift,
            alike / (len(phrases) - 1),
            line[stop - 1] - lowest, highest - line[stop - 1],
            rises / seconds, falls / seconds,
            rise_size / rises, fall_size / falls,
            rise_speed / rises, fall_speed / falls,
            travelled / seconds,
            100 * quantile(apart, 0.5),
        ]
    )  # fmt: skip
