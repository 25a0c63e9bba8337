# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the frames of a pitch track say by themselves: level, spread, ends and voicing.

All but the median are in semitones relative to the clip's own F0, so that high and low voices
compare; in octaves this is the octave-median scale.

Source:
    De Looze & Hirst (2014), "The OMe (octave-median) scale: a natural scale for speech melody",
    Speech Prosody 2014.
"""

from __future__ import annotations

import math
from typing import Final

import numpy as np
from numpy.typing import NDArray

from rewardkit.features import Feature
from rewardkit_scorers._compiled import compiled
from rewardkit_scorers._contour import finite, median_of_five, quantile, robust_slope, runs

STEP: Final = 0.01
"""Seconds between frames."""

LOWEST, HIGHEST = 40.0, 1000.0
"""Hz; pitch is never sought outside."""

SPAN: Final = 12 * math.log2(HIGHEST / LOWEST)
"""Semitones from `LOWEST` to `HIGHEST`: no difference in pitch is larger."""

STEEPEST: Final = SPAN / STEP
"""Semitones per second: no slope between two frames is larger."""

FEATURES: Final = (
    Feature("f0_median", "Hz", "median F0", LOWEST, HIGHEST),
    Feature("sd", "semitone", "standard deviation of F0", 0, SPAN),
    Feature("range", "semitone", "95th less 5th percentile of F0", 0, SPAN),
    Feature("range_up", "semitone", "95th percentile less median of F0", 0, SPAN),
    Feature("monotony", "1", "share of voiced frames within a semitone of the median", 0, 1),
    Feature("entropy", "nat", "entropy of F0 in classes of a semitone", 0, math.log(SPAN + 2)),
    Feature("octave_jump_share", "1", "share of frame pairs over half an octave apart", 0, 1),
    Feature("slope", "semitone/s", "robust slope of F0 over the clip", -STEEPEST, STEEPEST),
    Feature("initial_level", "semitone", "first 0.1 s of voice less median F0", -SPAN, SPAN),
    Feature("final_level", "semitone", "last 0.1 s of voice less median F0", -SPAN, SPAN),
    Feature("final_slope", "semitone/s", "slope of the last 0.3 s of voice", -STEEPEST, STEEPEST),
    Feature("peak_position", "1", "place of the highest F0 from first to last voiced frame", 0, 1),
    Feature("voiced_share", "1", "voiced share of the time from first to last voice", 0, 1),
    Feature("voiced_rate", "1/s", "voiced stretches per second", 0, 100),
    Feature("voiced_mean", "s", "mean length of the voiced stretches", low=0),
    Feature("break_share", "1", "share of voiced stretches with a break of < 50 ms after", 0, 1),
)


@compiled
def measure(semitones: NDArray[np.float64]) -> NDArray[np.float64]:
    """The values of `FEATURES`, in order.

    Args:
        semitones: F0 in semitones re 100 Hz `(frames,)`, NaN where unvoiced; some are voiced.
    """
    index = finite(semitones)
    count = len(index)
    times = np.empty(count)
    kept = np.empty(count)
    for i in range(count):
        times[i], kept[i] = STEP * index[i], semitones[index[i]]
    low, median, high = quantile(kept, 0.05), quantile(kept, 0.5), quantile(kept, 0.95)
    span = index[-1] - index[0] + 1

    mean = kept.sum() / count
    squares = near = jumps = successive = 0.0
    classes = np.zeros(2 * int(SPAN) + 3)
    for i in range(count):
        squares += (kept[i] - mean) ** 2
        near += abs(kept[i] - median) <= 1
        classes[round(kept[i] - median) + int(SPAN) + 1] += 1
        if i > 0 and index[i] == index[i - 1] + 1:
            successive += 1
            jumps += abs(kept[i] - kept[i - 1]) > 6
    entropy = 0.0
    for number in classes:
        if number > 0:
            entropy += number / count * math.log(count / number)

    cleaned = median_of_five(kept)
    highest = 0
    for i in range(count):
        if cleaned[i] > cleaned[highest]:
            highest = i
    ends = min(count, 10)
    final = count - 1  # the first voiced frame of the last 0.3 s
    while final > 0 and index[final - 1] > index[-1] - round(0.3 / STEP):
        final -= 1

    stretches = runs(np.isfinite(semitones))
    breaks = 0.0
    for k in range(1, len(stretches)):
        breaks += (stretches[k, 0] - stretches[k - 1, 1]) * STEP < 0.05 - 1e-9
    return np.array(
        [
            100 * 2 ** (median / 12), math.sqrt(squares / count), high - low, high - median,
            near / count, entropy, jumps / max(successive, 1.0),
            robust_slope(times, kept),
            kept[:ends].sum() / ends - median, kept[count - ends :].sum() / ends - median,
            robust_slope(times[final:], kept[final:]),
            (index[highest] - index[0]) / max(span - 1, 1),
            count / span, len(stretches) / (span * STEP),
            count / len(stretches) * STEP, breaks / len(stretches),
        ]
    )  # fmt: skip
