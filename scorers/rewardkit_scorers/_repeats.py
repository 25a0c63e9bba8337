# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Looped sound: a stretch followed at once by a copy of itself, as stuck synthesisers make it.

A person who repeats a syllable never says it the same twice; a copy does. So a stretch counts
as repeated only when its spectrum over time comes back nearly unchanged, and only when it moves
in between: a held vowel is like itself at every lag and is not a repetition.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from rewardkit.features import Feature
from rewardkit_scorers._compiled import compiled

SHORTEST: Final = 12
"""Frames; shorter repetitions are the voice's own periodicity."""

LONGEST: Final = 100
"""Frames."""

EDGE: Final = 2
"""Frames at each end of a stretch that are not compared: they hear what lies beside it."""

NEAR: Final = 3.0
"""dB; copies differ by less, as root mean square over bands and frames."""

CHANGE: Final = 6.0
"""dB; a stretch counts only if its bands move by more than this standard deviation in it."""

DEEPEST: Final = -50.0
"""dB re the clip's level; what is weaker counts as this, so that faint noise is no difference."""

FEATURES: Final = (
    Feature("repeat_count", "count", "stretches of 0.12 to 1 s that copy what came just before", 0),
    Feature("repeat_share", "1", "share of the clip in such copies", 0, 1),
)


@compiled
def measure(levels: NDArray[np.float32], speech: NDArray[np.bool_]) -> NDArray[np.float64]:
    """The values of `FEATURES`, in order.

    Args:
        levels: In dB re the clip's own level, `(frames, bands)`.
        speech: Whether each frame is speech; half of a copy's frames at least have to be.

    Source:
        Comparing sound with itself at all lags: Foote (1999), "Visualizing music and audio using
        self-similarity", ACM Multimedia 1999.

    Example:
        >>> once = np.random.default_rng(0).normal(-20, 10, (30, 14)).astype(np.float32)
        >>> yes = np.ones(90, bool)
        >>> measure(np.concatenate([once, once, once]), yes).tolist()
        [2.0, 0.6666666666666666]
    """
    frames, bands = levels.shape
    floored = np.ascontiguousarray(np.maximum(levels, np.float32(DEEPEST)).T)
    spoken = np.zeros(frames + 1, np.int64)
    spoken[1:] = np.cumsum(speech)
    first = np.zeros((frames + 1, bands))
    second = np.zeros((frames + 1, bands))
    for t in range(frames):
        for b in range(bands):
            value = float(floored[b, t])
            first[t + 1, b] = first[t, b] + value
            second[t + 1, b] = second[t, b] + value * value

    shortest = np.zeros(frames + 1, np.int64)  # lag of the shortest copy that ends at a frame
    distance = np.empty(frames, np.float32)
    sums = np.zeros(frames + 1)
    for lag in range(SHORTEST, min(LONGEST, frames // 2) + 1):
        inner = lag - 2 * EDGE
        distance[:] = 0.0
        for b in range(bands):  # as two arrays from 0 on, which the processor takes side by side
            later, earlier = floored[b, lag:], floored[b]
            for t in range(len(later)):
                step = later[t] - earlier[t]
                distance[t] += step * step
        sums[lag] = 0.0
        for t in range(lag, frames):
            sums[t + 1] = sums[t] + distance[t - lag]
            if shortest[t] or t + 1 < 2 * lag - EDGE:
                continue
            start, stop = t + 1 - inner, t + 1
            if sums[stop] - sums[start] > NEAR**2 * bands * inner:
                continue
            if 2 * (spoken[stop] - spoken[start]) < inner:
                continue
            spread = 0.0
            for b in range(bands):
                mean = (first[stop, b] - first[start, b]) / inner
                spread += (second[stop, b] - second[start, b]) / inner - mean * mean
            if spread >= CHANGE**2 * bands:
                shortest[t] = lag

    count = copied = 0
    t = 0
    while t < frames:
        if shortest[t]:
            count += 1
            copied += shortest[t]
            t += shortest[t] - 1
        t += 1
    return np.array([float(count), min(copied / max(frames, 1), 1.0)])
