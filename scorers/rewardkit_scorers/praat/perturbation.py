# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Jitter and shimmer: how much successive periods of the voice differ in length and amplitude.

All of Praat's measures are means of one kind: the deviation of a value from its neighbours, over
all runs of so many successive periods in which none is too long or short, nor too different from
the next to be of the same voice. They differ in the length of the run.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Hashable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rewardkit.batch import Batch
from rewardkit_scorers._compiled import compiled
from rewardkit_scorers.praat.pulses import pulse_trains, sounds
from rewardkit_scorers.praat.track import Track

SHORTEST = 0.0001
"""Seconds; shorter intervals between pulses are no periods."""

LONGEST = 0.02
"""Seconds; longer intervals between pulses are no periods."""

PERIOD_FACTOR = 1.3
"""Greatest ratio of successive periods of one voice."""

AMPLITUDE_FACTOR = 1.6
"""Greatest ratio of successive amplitudes of one voice."""

SHARE = 0.2
"""Of the periods before and after a pulse, over which its amplitude is measured."""


@dataclass(frozen=True)
class Jitter:
    """Cycle-to-cycle variation of the period; NaN where too few periods follow each other.

    Args:
        local: Mean absolute difference of successive periods, over the mean period.
        local_absolute: Mean absolute difference of successive periods, in seconds.
        rap: Relative average perturbation: mean absolute difference of a period and the mean of
            it and its two neighbours, over the mean period.
        ppq5: Five-point period perturbation quotient: the same with its four nearest neighbours.
        ddp: Mean absolute difference of successive differences, over the mean period: 3 `rap`.

    Source:
        Praat manual, "PointProcess: Get jitter (local)..." and its neighbours.
    """

    local: float
    local_absolute: float
    rap: float
    ppq5: float
    ddp: float


@dataclass(frozen=True)
class Shimmer:
    """Cycle-to-cycle variation of the amplitude; NaN where too few periods follow each other.

    Args:
        local: Mean absolute difference of successive amplitudes, over the mean amplitude.
        local_level: Mean absolute difference of successive levels, in dB: "shimmer (local, dB)".
        apq3: Three-point amplitude perturbation quotient: mean absolute difference of an amplitude
            and the mean of it and its two neighbours, over the mean amplitude.
        apq5: The same with its four nearest neighbours.
        apq11: The same with its ten nearest neighbours.
        dda: Mean absolute difference of successive differences, over the mean amplitude: 3 `apq3`.

    Source:
        Praat manual, "PointProcess & Sound: Get shimmer (local)..." and its neighbours.
    """

    local: float
    local_level: float
    apq3: float
    apq5: float
    apq11: float
    dda: float


def jitter(pulses: NDArray[np.float64]) -> Jitter:
    """Jitter of a train of pulses, with Praat's standard limits on periods.

    Args:
        pulses: Times in seconds, float64 of shape `(pulses,)`, rising.

    Example:
        >>> train = np.cumsum([0, *np.tile([0.0099, 0.0101], 20)])
        >>> round(jitter(train).local, 6), round(jitter(train).ppq5, 6)
        (0.02, 0.008)
    """
    mean, absolute, rap, ppq5 = _jitter(np.ascontiguousarray(pulses, np.float64))
    return Jitter(absolute / mean, absolute, rap / mean, ppq5 / mean, 3 * rap / mean)


def shimmer(
    samples: NDArray[np.float64] | NDArray[np.float32],
    sample_rate: int,
    pulses: NDArray[np.float64],
) -> Shimmer:
    """Shimmer of a clip, with Praat's standard limits on periods and amplitudes.

    The amplitude of a pulse is the root mean square around it, in a Hann window that takes in 0.2
    of the periods before and after.

    Args:
        samples: Of shape `(n,)`, finite, without DC.
        sample_rate: In Hz.
        pulses: Times in seconds, float64 of shape `(pulses,)`, rising.

    Example:
        >>> time = np.arange(16_000) / 16_000
        >>> voice = np.sin(2 * np.pi * 100 * time) * (1 + 0.1 * np.sign(np.sin(100 * np.pi * time)))
        >>> round(shimmer(voice, 16_000, np.arange(0.0025, 1, 0.01)).local, 3)
        0.2
    """
    mean, local, level, apq3, apq5, apq11 = _shimmer(
        np.ascontiguousarray(samples, np.float64),
        float(sample_rate),
        np.ascontiguousarray(pulses, np.float64),
    )
    return Shimmer(local / mean, level, apq3 / mean, apq5 / mean, apq11 / mean, 3 * apq3 / mean)


def jitters(
    batch: Batch,
    track: Callable[..., tuple[Track, ...]],
    *args: Hashable,
) -> tuple[Jitter, ...]:
    """The jitter of every clip, to be used as `batch.shared(jitters, track, *args)`.

    Args:
        batch: Clips of one sample rate.
        track: What `batch.shared(track, *args)` gives one pitch track per clip with.
        *args: For `track`.
    """
    return tuple(jitter(train) for train in batch.shared(pulse_trains, track, *args))


def shimmers(
    batch: Batch,
    track: Callable[..., tuple[Track, ...]],
    *args: Hashable,
) -> tuple[Shimmer, ...]:
    """The shimmer of every clip, to be used as `batch.shared(shimmers, track, *args)`.

    Args:
        batch: Clips of one sample rate.
        track: What `batch.shared(track, *args)` gives one pitch track per clip with.
        *args: For `track`.
    """
    trains = batch.shared(pulse_trains, track, *args)
    return tuple(
        shimmer(samples, batch.sample_rate, train)
        for samples, train in zip(batch.shared(sounds), trains, strict=True)
    )


@compiled
def _jitter(pulses: NDArray[np.float64]) -> tuple[float, float, float, float]:
    """Mean period, mean absolute difference, and the deviations in runs of three and five."""
    count = max(len(pulses) - 1, 0)
    periods = pulses[1:] - pulses[:count]
    linked = np.zeros(count, np.bool_)  # whether a period and the next are of one voice
    for i in range(count - 1):
        one, other = periods[i], periods[i + 1]
        linked[i] = (
            SHORTEST <= one <= LONGEST
            and SHORTEST <= other <= LONGEST
            and max(one, other) / min(one, other) <= PERIOD_FACTOR
        )
    total, number = 0.0, 0
    for i in range(count):
        here = periods[i]
        if not SHORTEST <= here <= LONGEST:
            continue
        # An interval counts unless it differs from the one before and from the one after.
        odd = 0
        for k in (i - 1, i + 1):
            if 0 <= k < count and max(here, periods[k]) > PERIOD_FACTOR * min(here, periods[k]):
                odd += 1
        if odd < 2:
            total += here
            number += 1
    return (
        total / number if number else np.nan,
        _deviation(periods, linked, 2),
        _deviation(periods, linked, 3),
        _deviation(periods, linked, 5),
    )


@compiled
def _shimmer(
    samples: NDArray[np.float64], sample_rate: float, pulses: NDArray[np.float64]
) -> tuple[float, float, float, float, float, float]:
    """Mean amplitude, mean differences of amplitude and level, deviations in runs of 3, 5, 11."""
    times = np.empty(len(pulses))
    amplitudes = np.empty(len(pulses))
    count = 0
    for i in range(1, len(pulses) - 1):
        before, after = pulses[i] - pulses[i - 1], pulses[i + 1] - pulses[i]
        if (
            SHORTEST <= before <= LONGEST
            and SHORTEST <= after <= LONGEST
            and max(before, after) / min(before, after) <= PERIOD_FACTOR
        ):
            amplitude = _amplitude(samples, sample_rate, pulses[i], SHARE * before, SHARE * after)
            if amplitude > 0:
                times[count], amplitudes[count] = pulses[i], amplitude
                count += 1
    amplitudes = amplitudes[:count]
    linked = np.zeros(count, np.bool_)  # whether an amplitude and the next are of one voice
    level, pairs, total = 0.0, 0, 0.0
    for i in range(count - 1):
        total += amplitudes[i]
        one, other = amplitudes[i], amplitudes[i + 1]
        linked[i] = (
            SHORTEST <= times[i + 1] - times[i] <= LONGEST
            and max(one, other) / min(one, other) <= AMPLITUDE_FACTOR
        )
        if linked[i]:
            level += 20 * abs(math.log10(one / other))
            pairs += 1
    return (
        total / (count - 1) if count > 1 else np.nan,  # all but the last, as Praat takes it
        _deviation(amplitudes, linked, 2),
        level / pairs if pairs else np.nan,
        _deviation(amplitudes, linked, 3),
        _deviation(amplitudes, linked, 5),
        _deviation(amplitudes, linked, 11),
    )


@compiled
def _deviation(values: NDArray[np.float64], linked: NDArray[np.bool_], length: int) -> float:
    """Mean deviation of the middle of a run from the run's mean, over all runs of linked values.

    In a run of two, it is the mean absolute difference. NaN where there is no such run.
    """
    total, number = 0.0, 0
    run = 1  # values linked without a break, up to and with the last
    for last in range(1, len(values)):
        run = run + 1 if linked[last - 1] else 1
        if run < length:
            continue
        number += 1
        if length == 2:
            total += abs(values[last] - values[last - 1])
        else:
            mean = 0.0
            for k in range(last - length + 1, last + 1):
                mean += values[k]
            total += abs(values[last - length // 2] - mean / length)
    return total / number if number else np.nan


@compiled
def _amplitude(
    samples: NDArray[np.float64], sample_rate: float, time: float, before: float, after: float
) -> float:
    """Root mean square in a Hann window from `before` to `after` a time; NaN if under 3 samples."""
    # Sample i lies at (i + 0.5) / sample_rate.
    centre = time * sample_rate - 0.5
    low = max(math.ceil((time - before) * sample_rate - 0.5), 0)
    high = min(math.floor((time + after) * sample_rate - 0.5), len(samples) - 1)
    if high - low + 1 < 3:
        return np.nan
    power, weight = 0.0, 0.0
    split = min(max(math.ceil(centre), low), high + 1)
    for start, stop, width in ((low, split, before), (split, high + 1, after)):
        # The cosine is turned from sample to sample.
        step = math.pi / (width * sample_rate)
        c, s = math.cos((start - centre) * step), math.sin((start - centre) * step)
        turn_c, turn_s = math.cos(step), math.sin(step)
        for i in range(start, stop):
            window = 0.5 + 0.5 * c
            value = samples[i] * window
            power += value * value
            weight += window * window
            c, s = c * turn_c - s * turn_s, s * turn_c + c * turn_s
    return math.sqrt(power / weight)
