# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Glottal pulses of voiced speech, as Praat's "Sound & Pitch: To PointProcess (cc)" places them.

In each voiced stretch, the first pulse is put at the extremum of the waveform nearest to the
middle. From there the pulses to the left and to the right are found one by one: the next is where
a window of one period correlates best with that of the pulse before, 0.8 to 1.25 periods away.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Hashable

import numpy as np
from numpy.typing import NDArray

from rewardkit.batch import Batch
from rewardkit_scorers._compiled import compiled
from rewardkit_scorers.praat.sums import total
from rewardkit_scorers.praat.track import Track

NEAREST = 0.8
"""Shortest distance at which the next pulse is looked for, in periods."""

FARTHEST = 1.25
"""Longest distance at which the next pulse is looked for, in periods."""


def pulses(
    samples: NDArray[np.float64] | NDArray[np.float32], sample_rate: int, track: Track
) -> NDArray[np.float64]:
    """Times of the pulses of one clip.

    Args:
        samples: Of shape `(n,)`, finite, without DC.
        sample_rate: In Hz.
        track: Pitch of the same clip.

    Returns:
        In seconds from the start of the clip, float64 of shape `(pulses,)`, rising; empty when
        nothing is voiced.

    Example:
        >>> time = (np.arange(3200) + 0.5) / 16_000
        >>> voice = np.cos(2 * np.pi * 200 * (time - 0.1)) ** 9
        >>> grid = np.arange(0.02, 0.18, 0.01)
        >>> f0 = np.full(len(grid), 200.0)
        >>> found = pulses(voice, 16_000, Track(grid, f0, f0 / 250, 0.01, 75.0, 500.0))
        >>> np.unique(np.diff(found).round(5)).tolist()
        [0.005]

    Source:
        Praat manual, "Sound & Pitch: To PointProcess (cc)".
    """
    if not (len(track) and track.voiced.any()):
        return np.zeros(0)
    return np.unique(
        _place(
            np.ascontiguousarray(samples, np.float64),
            float(sample_rate),
            float(track.times[0]),
            float(track.step),
            np.ascontiguousarray(track.f0, np.float64),
        )
    )


def sounds(batch: Batch) -> tuple[NDArray[np.float64], ...]:
    """The samples of each clip in float64 and without DC, which would enter its amplitudes."""
    return tuple(
        np.subtract(clip.samples, total(clip.samples) / max(len(clip.samples), 1), dtype=np.float64)
        for clip in batch
    )


def pulse_trains(
    batch: Batch,
    track: Callable[..., tuple[Track, ...]],
    *args: Hashable,
) -> tuple[NDArray[np.float64], ...]:
    """The pulses of every clip; to be used as `batch.shared(pulse_trains, track, *args)`.

    Args:
        batch: Clips of one sample rate.
        track: What `batch.shared(track, *args)` gives one pitch track per clip with.
        *args: For `track`.

    Returns:
        One array per clip; see `pulses`.

    Example:
        >>> from rewardkit.clip import Clip
        >>> def track(batch: Batch, f0: float) -> tuple[Track, ...]:
        ...     grid = np.arange(0.02, 0.18, 0.01)
        ...     flat = np.full(len(grid), f0)
        ...     return (Track(grid, flat, flat / f0, 0.01, 75.0, 500.0),) * len(batch)
        >>> voice = np.cos(2 * np.pi * 200 * np.arange(3200) / 16_000).astype(np.float32)
        >>> batch = Batch([Clip(voice, 16_000)])
        >>> (train,) = batch.shared(pulse_trains, track, 200.0)
        >>> np.unique(np.diff(train).round(5)).tolist()
        [0.005]
    """
    tracks = batch.shared(track, *args)
    return tuple(
        pulses(samples, batch.sample_rate, one)
        for samples, one in zip(batch.shared(sounds), tracks, strict=True)
    )


@compiled
def _place(
    samples: NDArray[np.float64],
    sample_rate: float,
    first: float,
    step: float,
    f0: NDArray[np.float64],
) -> NDArray[np.float64]:
    """Times of the pulses, in the order in which they are found.

    Args:
        samples: float64 of shape `(n,)`.
        sample_rate: In Hz.
        first: Time of the first frame of `f0`.
        step: Between frames.
        f0: Of at least one voiced frame; NaN where unvoiced.
    """
    spacing = 1 / sample_rate
    end = len(samples) / sample_rate
    loudest = 0.0
    for value in samples:
        loudest = max(loudest, abs(value))

    # A step is never shorter than half a period, a walk ends with the first that leaves its
    # stretch, and F0 around a frame is at most the mean of its own and a neighbour's: so many
    # pulses are enough.
    capacity, lowest = 8.0, np.inf
    for value in f0:
        if value > 0:
            capacity += 3 * step * value + 8
            lowest = min(lowest, value)
    found = np.empty(int(capacity))
    count = 0
    products = np.empty(int((FARTHEST - NEAREST) / lowest * sample_rate) + 8)

    last_added = -np.inf
    right_frame = -1
    while True:
        left_frame = right_frame + 1
        while left_frame < len(f0) and not f0[left_frame] > 0:
            left_frame += 1
        if left_frame == len(f0):
            break
        right_frame = left_frame
        while right_frame + 1 < len(f0) and f0[right_frame + 1] > 0:
            right_frame += 1
        left = first + left_frame * step - 0.5 * step
        right = first + right_frame * step + 0.5 * step
        if left >= end - 0.5 * step:
            break
        left, right = max(left, 0.0), min(right, end)
        if left >= right:
            continue
        middle = 0.5 * (left + right)
        half = 0.5 / _f0_at(middle, first, step, f0)
        start = _extremum(samples, spacing, middle - half, middle + half)
        found[count] = start
        count += 1
        for direction in (-1, 1):
            time = start
            while True:
                frequency = _f0_at(time, first, step, f0)
                if not frequency > 0 or time < 0 or time > end:
                    break
                time, correlation, peak = _next(
                    samples, spacing, time, frequency, direction, products
                )
                outside = time < left if direction < 0 else time > right
                if outside:  # a pulse beyond the stretch must be clearer than one inside
                    good = correlation > 0.7 and peak > 0.023333 * loudest
                else:
                    good = correlation > 0.3 and (peak == 0 or peak > 0.01 * loudest)
                if direction < 0:  # nor may it fall into what the stretch before has filled
                    good = good and time - last_added > NEAREST / frequency
                if good:
                    found[count] = time
                    count += 1
                    if direction > 0:
                        last_added = time
                if outside:
                    break
    return found[:count]


@compiled
def _f0_at(time: float, first: float, step: float, f0: NDArray[np.float64]) -> float:
    """F0 at a time: that of the nearest frame, drawn towards the next nearest if it is voiced."""
    index = (time - first) / step
    near = math.floor(index)
    share = index - near
    far = near + 1
    if share >= 0.5:
        near, far, share = far, near, 1 - share
    if near < 0 or near >= len(f0):
        return np.nan
    if far < 0 or far >= len(f0) or not f0[far] > 0:
        return float(f0[near])
    return float(f0[near] + share * (f0[far] - f0[near]))


@compiled
def _extremum(samples: NDArray[np.float64], spacing: float, start: float, stop: float) -> float:
    """Time of the greatest deviation from zero between two times, refined by a parabola."""
    low = max(math.floor(start / spacing - 0.5), 0)
    high = min(math.ceil(stop / spacing - 0.5), len(samples) - 1)
    if high < low:
        return 0.5 * (start + stop)
    smallest, greatest = low, low
    for i in range(low + 1, high + 1):
        if samples[i] < samples[smallest]:
            smallest = i
        if samples[i] > samples[greatest]:
            greatest = i
    if samples[smallest] == samples[greatest]:
        return (0.5 * (low + high) + 0.5) * spacing
    best = smallest if abs(samples[smallest]) > abs(samples[greatest]) else greatest
    index = float(best)
    if low < best < high:
        before, here, after = samples[best - 1], samples[best], samples[best + 1]
        index += 0.5 * (after - before) / (2 * here - before - after)
    return (index + 0.5) * spacing


@compiled
def _next(
    samples: NDArray[np.float64],
    spacing: float,
    time: float,
    f0: float,
    direction: int,
    products: NDArray[np.float64],
) -> tuple[float, float, float]:
    """The pulse before (`direction` -1) or after (1) the one at `time`.

    Returns:
        Its time; the correlation of the period around it with that around `time`; and the peak of
        the sound around it. A time one period away and a correlation of -1 where none is found.
    """
    half = 0.5 * (1 / f0)
    if direction < 0:
        earliest, latest = time - FARTHEST / f0, time - NEAREST / f0
    else:
        earliest, latest = time + NEAREST / f0, time + FARTHEST / f0
    # Sample i lies at (i + 0.5) spacings.
    begin = math.floor((time - half) / spacing)
    width = math.floor((time + half) / spacing) - begin + 1
    low = math.floor((earliest - half) / spacing - 0.5)
    count = math.ceil((latest - half) / spacing - 0.5) - low + 1
    correlations = products[:count]
    _correlate(samples, begin, width, low, correlations)

    best, height, before, after = -1, -1.0, 0.0, 0.0
    # What lies before the first counts as 0, twice, so that a descent from the start is a maximum.
    previous, here = 0.0, 0.0
    for k in range(count):
        following = correlations[k]
        if here > height and here >= previous and here >= following:
            best, height, before, after = k, here, previous, following
        previous, here = here, following
    if best < 0:
        return time + direction / f0, -1.0, 0.0
    peak = 0.0
    for i in range(max(low + best, 0), min(low + best + width, len(samples))):
        if 0 <= begin + i - low - best < len(samples):
            peak = max(peak, abs(samples[i]))
    index = low + best - 1.0
    curvature = 2 * height - before - after
    if curvature != 0:
        slope = 0.5 * (after - before)
        height += 0.5 * slope * slope / curvature
        index += slope / curvature
    distance = direction * (index - begin) * spacing * f0
    if not 0.5 <= distance <= 2:  # a parabola through rounding errors: walk on all the same
        return time + direction / f0, -1.0, 0.0
    return time + (index - begin) * spacing, height, peak


@compiled
def _correlate(
    samples: NDArray[np.float64],
    begin: int,
    width: int,
    low: int,
    correlations: NDArray[np.float64],
) -> None:
    """Normalised correlation of one window with windows that start at `low` and after.

    Samples before the start and after the end of the clip are left out, with their partners.
    """
    count = len(correlations)
    if min(begin, low) < 0 or max(begin, low + count - 1) + width > len(samples):
        for k in range(count):
            skip = max(0, -begin, -low - k)
            stop = min(width, len(samples) - begin, len(samples) - low - k)
            product, energy, other = 0.0, 0.0, 0.0
            for i in range(skip, stop):
                here, there = samples[begin + i], samples[low + k + i]
                product += here * there
                energy += here * here
                other += there * there
            correlations[k] = product / math.sqrt(energy * other) if product != 0 else 0.0
        return

    window = samples[begin : begin + width]
    reach = samples[low : low + count + width - 1]
    energy = 0.0
    for value in window:
        energy += value * value
    # Over windows in the inner loop: independent sums, which the compiler may do side by side.
    correlations[:] = 0
    whole = width - width % 4
    for i in range(0, whole, 4):
        w0, w1, w2, w3 = window[i], window[i + 1], window[i + 2], window[i + 3]
        r0, r1, r2, r3 = reach[i:], reach[i + 1 :], reach[i + 2 :], reach[i + 3 :]
        for k in range(count):
            correlations[k] += (w0 * r0[k] + w1 * r1[k]) + (w2 * r2[k] + w3 * r3[k])
    for i in range(whole, width):
        w0 = window[i]
        r0 = reach[i:]
        for k in range(count):
            correlations[k] += w0 * r0[k]

    # The energy of the sliding window is kept up to date; summed anew once so much has left it
    # that rounding errors of what it was would matter.
    other, most = 0.0, 0.0
    for k in range(count):
        if k > 0:
            gone, come = reach[k - 1], reach[k + width - 1]
            other += come * come - gone * gone
        if other <= 1e-6 * most:
            other = 0.0
            for i in range(k, k + width):
                other += reach[i] * reach[i]
            most = other
        most = max(most, other)
        if correlations[k] != 0:
            correlations[k] /= math.sqrt(energy * other)
