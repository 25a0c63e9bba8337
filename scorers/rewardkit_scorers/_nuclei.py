# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Syllable nuclei as peaks of level, and the rhythm and stress that they carry."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from rewardkit.features import Feature
from rewardkit_scorers._compiled import compiled
from rewardkit_scorers._contour import robust_slope, turning_points
from rewardkit_scorers._pauses import STEP

DEPTH: Final = 100.0
"""dB; levels differ by no more."""

FEATURES: Final = (
    Feature("speech_rate", "1/s", "level peaks per second, pauses included", 0, 50),
    Feature("articulation_rate", "1/s", "level peaks per second, pauses left out", 0, 50),
    Feature("npvi", "1", "normalised pairwise variability of the nuclei's intervals", 0, 200),
    Feature("varco", "%", "coefficient of variation of the nuclei's intervals", low=0),
    Feature("acceleration", "1/s", "robust slope of the logarithm of local rate", -1e4, 1e4),
    Feature("final_lengthening", "log", "last interval of nuclei over their median", -12, 12),
    Feature("phrase_lengthening", "log", "phrases' last intervals over their others", -12, 12),
    Feature("stress_sd", "dB", "standard deviation of the levels of the nuclei", 0, DEPTH),
    Feature("peak_sharpness", "dB", "mean height of nuclei over the dips beside them", 0, DEPTH),
    Feature("attack", "dB/s", "mean speed at which level rises to the nuclei", 0, 1e4),
    Feature("decay", "dB/s", "mean speed at which level falls from the nuclei", 0, 1e4),
)


@compiled
def nuclei(
    level: NDArray[np.float64],
    voiced: NDArray[np.bool_],
    speech: NDArray[np.bool_],
    dip: float,
    silence: float,
) -> NDArray[np.int64]:
    """Frames of the dip before, the peak and the dip after each nucleus, `(nuclei, 3)`.

    A nucleus is a voiced peak of level in speech, with a dip of at least `dip` dB between it and
    the next, and not `silence` dB below the clip's loudest frames.

    Args:
        level: In dB re its own 99th percentile, `(frames,)`.
        voiced: Whether each frame is voiced; a peak may lie two frames beside voicing.
        speech: Whether each frame is speech.
        dip: dB.
        silence: dB.

    Source:
        De Jong & Wempe (2009), "Praat script to detect syllable nuclei and measure speech rate
        automatically", Behavior Research Methods 41, 385-390, with the threshold of the 2010
        revision.

    Example:
        >>> level = -np.abs(np.arange(-10.0, 10.0))
        >>> yes = np.ones(20, bool)
        >>> nuclei(level, yes, yes, 1.0, 25.0).tolist()
        [[0, 10, 19]]
    """
    points = turning_points(level, dip)
    around = np.empty((len(points) + 1, 3), np.int64)
    count = 0
    for i in range(len(points)):
        peak = points[i]
        other = points[i - 1] if i > 0 else (points[i + 1] if len(points) > 1 else peak)
        if level[peak] <= level[other]:
            continue
        near = voiced[max(peak - 2, 0) : peak + 3].any()
        if speech[peak] and near and level[peak] > -silence:
            around[count, 0] = points[i - 1] if i > 0 else 0
            around[count, 1] = peak
            around[count, 2] = points[i + 1] if i + 1 < len(points) else len(level) - 1
            count += 1
    return around[:count].copy()


@compiled
def measure(
    level: NDArray[np.float64],
    around: NDArray[np.int64],
    edges: NDArray[np.float64],
) -> NDArray[np.float64]:
    """The values of `FEATURES`, in order; NaN where there are too few nuclei.

    An interval that holds a pause is left out of everything.

    Args:
        level: In dB, `(frames,)`.
        around: See `nuclei`.
        edges: Start and end in seconds of each stretch of speech between pauses.

    Source:
        `npvi`: Grabe & Low (2002), "Durational variability in speech and the rhythm class
        hypothesis", Laboratory Phonology 7. `varco`: Dellwo (2006), "Rhythm and speech rate: a
        variation coefficient for deltaC". Lengthening before a boundary: Wightman, Shattuck-
        Hufnagel, Ostendorf & Price (1992), "Segmental durations in the vicinity of prosodic
        phrase boundaries", JASA 91, 1707-1717.
    """
    values = np.full(11, np.nan)
    count = len(around)
    if count == 0:
        return values
    peaks = around[:, 1] * STEP
    values[0] = count / (edges[-1, 1] - edges[0, 0])
    values[1] = count / (edges[:, 1] - edges[:, 0]).sum()

    phrase = np.searchsorted(edges[:, 0], peaks, side="right")
    kept = np.empty(count)  # intervals within phrases, and where they lie
    middle = np.empty(count)
    held = np.empty(count, np.int64)
    n = 0
    pairs = variability = 0.0
    for i in range(1, count):
        if phrase[i] != phrase[i - 1]:
            continue
        kept[n], middle[n], held[n] = (
            peaks[i] - peaks[i - 1],
            (peaks[i] + peaks[i - 1]) / 2,
            phrase[i],
        )
        if n and held[n - 1] == held[n]:
            pairs += 1
            variability += abs(kept[n] - kept[n - 1]) / (kept[n] + kept[n - 1])
        n += 1
    kept, middle, held = kept[:n], middle[:n], held[:n]
    if pairs:
        values[2] = 200 * variability / pairs
    if n >= 3:
        values[3] = 100 * np.sqrt(((kept - kept.mean()) ** 2).sum() / (n - 1)) / kept.mean()
        values[4] = -robust_slope(middle, np.log(kept))
        values[5] = np.log(kept[-1] / np.median(kept))
    values[6] = _phrase_lengthening(kept, held)
    _shape(level, around, values)
    return values


@compiled
def _phrase_lengthening(kept: NDArray[np.float64], held: NDArray[np.int64]) -> float:
    """Mean over phrases of three intervals or more: ln of the last over the others' median."""
    total = phrases = 0.0
    first = 0
    for i in range(1, len(kept) + 1):
        if i == len(kept) or held[i] != held[first]:
            if i - first >= 3:
                total += np.log(kept[i - 1] / np.median(kept[first : i - 1]))
                phrases += 1
            first = i
    return total / phrases if phrases else np.nan


@compiled
def _shape(
    level: NDArray[np.float64], around: NDArray[np.int64], values: NDArray[np.float64]
) -> None:
    """How far, how fast and how unequally level rises to the nuclei: the last four values."""
    sharpness = up = down = ups = downs = 0.0
    count = len(around)
    heights = np.empty(count)
    for i in range(count):
        before, peak, after = around[i]
        heights[i] = level[peak]
        rise, fall = level[peak] - level[before], level[peak] - level[after]
        sharpness += (rise + fall) / 2
        if peak > before:
            up += rise / ((peak - before) * STEP)
            ups += 1
        if after > peak:
            down += fall / ((after - peak) * STEP)
            downs += 1
    if count > 1:
        values[7] = np.sqrt(((heights - heights.mean()) ** 2).sum() / (count - 1))
    values[8] = sharpness / count
    if ups:
        values[9] = up / ups
    if downs:
        values[10] = down / downs
