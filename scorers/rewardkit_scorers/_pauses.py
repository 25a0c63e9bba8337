# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where a clip speaks and where it pauses, and how its pauses are distributed.

Speech is first told from silence every `STEP`, by level and voicing or by a network (`_silero`);
then each end of a pause is put where the sound's power changes, to a millisecond. A frame of
64 ms cannot do that by itself: it hears speech before it begins and after it has ended.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from rewardkit.features import Feature
from rewardkit_scorers._compiled import compiled
from rewardkit_scorers._contour import runs
from rewardkit_scorers._direct import extent
from rewardkit_scorers.praat.sums import moments

STEP: Final = 0.01
"""Seconds between frames."""

DIGITAL: Final = 80.0
"""dB below the strongest frame; what is fainter at the ends was not recorded, and is no noise."""

BLURRED: Final = 4
"""Frames beside digital silence whose windows of 64 ms reach into it."""

SHORTEST_NOISE: Final = 10
"""Frames; an unvoiced sound shorter than this, with silence around it, is a click: not speech."""

REACH: Final = 50
"""Milliseconds to each side of a frame-wise edge within which the true one is looked for."""

LONG: Final = 1.0
"""Seconds; pauses from here on are long ones."""

FEATURES: Final = (
    Feature("leading_silence", "s", "silence before the first speech", low=0),
    Feature("trailing_silence", "s", "silence after the last speech", low=0),
    Feature("pause_count", "count", "pauses between the first and the last speech", low=0),
    Feature("pause_rate", "1/s", "pauses per second from first to last speech", 0, 10),
    Feature("pause_share", "1", "share of the time from first to last speech in pauses", 0, 1),
    Feature("pause_mean", "s", "mean length of the pauses", low=0),
    Feature("pause_max", "s", "length of the longest pause", low=0),
    Feature("pause_sd", "s", "standard deviation of pause length, of two pauses or more", low=0),
    Feature("pause_log_mean", "log", "mean natural logarithm of pause length in s", -12, 12),
    Feature("pause_log_sd", "log", "standard deviation of the logarithm of pause length", 0, 12),
    Feature("long_pause_share", "1", "share of the pauses that last a second or more", 0, 1),
    Feature("run_mean", "s", "mean length of the stretches of speech between pauses", low=0),
    Feature("run_cv", "%", "coefficient of variation of the stretches' lengths", low=0),
)


@compiled
def recorded(level: NDArray[np.float64], nothing: float) -> tuple[int, int]:
    """First and one-past-last frame of what was recorded: without digital silence at the ends.

    Frames that hear both are left out with it; all frames are kept when there would be none.

    Args:
        level: Or power, `(frames,)`.
        nothing: What is not above this is digital silence.

    Example:
        >>> recorded(np.repeat([-100.0, 0.0], [5, 20]), -80.0)
        (9, 25)
    """
    first, last = 0, len(level)
    while first < last and level[first] <= nothing:
        first += 1
    while last > first and level[last - 1] <= nothing:
        last -= 1
    first += BLURRED if first > 0 else 0
    last -= BLURRED if last < len(level) else 0
    return (first, last) if first < last else (0, len(level))


@compiled
def speech_by_level(
    level: NDArray[np.float64], voiced: NDArray[np.bool_], silence: float
) -> tuple[NDArray[np.bool_], float]:
    """Frames of speech, and the level in dB at which they begin.

    A frame is silent when its level is below a threshold and it is unvoiced. The threshold lies
    `silence` below the 99th percentile of level; where the first percentile, the noise floor, is
    so high that noise would count as speech, 3 dB above that, but never within 10 dB of the
    strongest frames. Digital silence at the ends is no noise floor. Nothing is speech where
    nothing is voiced.

    Args:
        level: In dB re its own 99th percentile, `(frames,)`.
        voiced: Whether each frame is voiced.
        silence: dB.

    Example:
        >>> level = np.repeat([-60.0, 0.0, -60.0], 20)
        >>> speech, threshold = speech_by_level(level, level == 0, 25.0)
        >>> np.flatnonzero(speech)[[0, -1]].tolist(), threshold
        ([20, 39], -25.0)
    """
    first, last = recorded(level, level.max() - DIGITAL)
    noise = float(np.quantile(level[first:last], 0.01))
    threshold = max(-silence, min(noise + 3, -10.0))
    speech = (level > threshold) | voiced
    for start, stop in runs(speech):
        if stop - start < SHORTEST_NOISE and not voiced[start:stop].any():
            speech[start:stop] = False
    if not voiced.any():
        speech[:] = False
    return speech, threshold


@compiled
def power_by_millisecond(samples: NDArray[np.float32], sample_rate: int) -> NDArray[np.float64]:
    """Mean square of each millisecond, without the clip's DC; a rest shorter than one is dropped.

    Digital silence at the ends is none (`_direct.extent`).

    Example:
        >>> power_by_millisecond(np.tile(np.float32([1, -1]), 40), 16_000).tolist()
        [1.0, 1.0, 1.0, 1.0, 1.0]
    """
    size = sample_rate // 1000
    count = len(samples) // size
    first, last = extent(samples, sample_rate)
    sums, squares, lengths = np.empty(count), np.empty(count), np.empty(count)
    for i in range(count):
        start, stop = max(i * size, first), min((i + 1) * size, last)
        sums[i], squares[i] = moments(samples, start, stop)
        lengths[i] = max(stop - start, 0)
    rest, _ = moments(samples, max(count * size, first), last)
    mean = (sums.sum() + rest) / max(last - first, 1)
    power: NDArray[np.float64] = (squares - 2 * mean * sums + mean * mean * lengths) / size
    return np.maximum(power, 0.0)


@compiled
def changepoint(power: NDArray[np.float64], floor: float) -> int:
    """Where power changes from one value to another: the maximum-likelihood split in two.

    Samples are taken as normal with one variance before and another after the split; what
    follows the split follows from the likelihood alone, with no threshold of its own.

    Args:
        power: Mean squares `(n,)`, n >= 2.
        floor: Power that counts as none.

    Returns:
        How many values come before the change, in 1 to n - 1.

    Source:
        Hinkley (1970), "Inference about the change-point in a sequence of random variables",
        Biometrika 57, 1-17, with a change of variance.

    Example:
        >>> changepoint(np.array([1.0, 2.0, 1.0, 90.0, 100.0]), 0.1)
        3
    """
    best, place = np.inf, 1
    whole = power.sum()
    left = 0.0
    for i in range(1, len(power)):
        left += power[i - 1]
        right = max(whole - left, 0.0)
        rest = len(power) - i
        cost = i * np.log(left / i + floor) + rest * np.log(right / rest + floor)
        if cost < best:
            best, place = cost, i
    return place


@compiled
def _edge(
    power: NDArray[np.float64], left: int, at: int, right: int, floor: float, rising: bool
) -> float:
    """Where in seconds power rises or falls near frame `at`.

    It is looked for no further than to the middle of what lies on either side, from frame `left`
    and to frame `right`; where power does not change as it should, the frame decides.
    """
    per_frame = 1000 * STEP  # milliseconds; a frame stands for half a step around its centre
    edge = (at - 0.5) * per_frame
    first = int(max(edge - REACH, (left + at - 1) / 2 * per_frame, 0.0))
    last = int(min(edge + REACH, (at + right - 1) / 2 * per_frame, float(len(power))))
    if last - first >= 2:
        place = first + changepoint(power[first:last], floor)
        rises = power[first:place].mean() < power[place:last].mean()
        if rises == rising:
            edge = float(place)
    return min(max(edge, 0.0), float(len(power))) / 1000


@compiled
def stretches(
    speech: NDArray[np.bool_], power: NDArray[np.float64], floor: float, least: float
) -> NDArray[np.float64]:
    """Start and end in seconds of each stretch of speech between pauses, `(stretches, 2)`.

    Args:
        speech: Frames of speech, every `STEP`.
        power: By millisecond, see `power_by_millisecond`.
        floor: Power that counts as silence.
        least: Seconds; shorter silences are no pauses (closures of stops).
    """
    found = runs(speech)
    edges = np.empty((len(found), 2))
    end = len(power) / 1000
    for k in range(len(found)):
        before = found[k - 1, 1] if k else 0
        after = found[k + 1, 0] if k + 1 < len(found) else len(speech)
        edges[k, 0] = 0.0
        if found[k, 0] > 0:
            edges[k, 0] = _edge(power, before, found[k, 0], found[k, 1], floor, True)
        edges[k, 1] = end
        if found[k, 1] < len(speech):
            edges[k, 1] = _edge(power, found[k, 0], found[k, 1], after, floor, False)
    kept = 0
    for k in range(len(found)):
        if kept and edges[k, 0] - edges[kept - 1, 1] < least - 1e-9:
            edges[kept - 1, 1] = edges[k, 1]
        else:
            edges[kept] = edges[k]
            kept += 1
    return edges[:kept].copy()


@compiled
def measure(edges: NDArray[np.float64], duration: float) -> NDArray[np.float64]:
    """The values of `FEATURES`, in order; NaN for the spread of fewer than two.

    Args:
        edges: See `stretches`; at least one.
        duration: Of the clip, in seconds.

    Source:
        Pause lengths are log-normal, and a second parts medium pauses from long ones: Campione &
        Véronis (2002), "A large-scale multilingual study of silent pause duration", Speech
        Prosody 2002.

    Example:
        >>> edges = np.array([[0.5, 1.0], [1.5, 2.5], [4.0, 5.0]])
        >>> values = dict(zip([f.name for f in FEATURES], measure(edges, 5.5).tolist()))
        >>> values["pause_count"], values["pause_mean"], values["long_pause_share"]
        (2.0, 1.0, 0.5)
    """
    span = edges[-1, 1] - edges[0, 0]
    lengths = edges[:, 1] - edges[:, 0]
    pauses = edges[1:, 0] - edges[:-1, 1]
    count = len(pauses)
    values = np.full(13, np.nan)
    values[0] = edges[0, 0]
    values[1] = max(duration - edges[-1, 1], 0.0)
    values[2] = count
    values[3] = count / span
    values[4] = pauses.sum() / span
    values[11] = lengths.mean()
    if count > 0:
        logs = np.log(pauses)
        values[5] = pauses.mean()
        values[6] = pauses.max()
        values[8] = logs.mean()
        values[10] = (pauses >= LONG - 1e-9).mean()
        spread = np.sqrt(((lengths - lengths.mean()) ** 2).sum() / count)
        values[12] = 100 * spread / lengths.mean()
        if count > 1:
            values[7] = np.sqrt(((pauses - pauses.mean()) ** 2).sum() / (count - 1))
            values[9] = np.sqrt(((logs - logs.mean()) ** 2).sum() / (count - 1))
    return values
