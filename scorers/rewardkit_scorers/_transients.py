# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Clicks, bursts and clipping: what happens within milliseconds.

A reward that likes emphasis can be had with mouth noises: RRPO (arXiv 2512.04552) reports speech
synthesis that learned to please an emotion reward by clicks and plosives.
"""

from __future__ import annotations

import math
from typing import Final

import numpy as np
from numpy.typing import NDArray

from rewardkit.features import Feature
from rewardkit_scorers._compiled import compiled
from rewardkit_scorers._direct import direct
from rewardkit_scorers.praat.sums import moments

FEATURES: Final = (
    Feature("click_rate", "1/s", "isolated clicks per second", 0, 100),
    Feature("burst_rate", "1/s", "abrupt onsets after a closure, per second", 0, 100),
    Feature("clipped", "1", "share of samples in flat tops at the clip's own ceiling", 0, 1),
    Feature("crest_factor", "dB", "peak over RMS of the voiced frames", -100, 100),
)

BIN: Final = 0.001
"""Seconds; energy is summed over such stretches."""

RISE: Final = 15.0
"""dB by which a transient must rise above all of the closure before it."""

CLOSURE: Final = 25
"""Bins before a transient that must be quiet: longer than the period of a creaky voice."""

EDGE: Final = 4
"""Bins beside a transient's peak that belong to it."""

FAINT: Final = 20.0
"""dB below the 95th percentile of energy at which transients stop to count."""

FLAT: Final = 3
"""Samples in a row at the ceiling that make a flat top."""


def transients(
    samples: NDArray[np.float32], sample_rate: int, centres: NDArray[np.float64]
) -> dict[str, float]:
    """The features above.

    Energy is that of the second difference, which stresses high frequencies by 12 dB per octave,
    in bins of 1 ms. A transient is a bin that is the strongest within `EDGE` to each side, rises
    `RISE` over the `CLOSURE` before, and is within `FAINT` of the clip's strong bins. It is a
    click when what follows is as quiet as what precedes it, a burst otherwise.

    A flat top is three or more samples in a row that equal the clip's highest (or lowest) sample:
    a clip that was clipped and attenuated later has them too, one that was resampled after
    clipping has not; its crest factor is low all the same.

    Args:
        samples: Shape `(n,)`, not all equal.
        sample_rate: In Hz.
        centres: Of the voiced frames, in s; `crest_factor` is over the RMS of 10 ms around each.

    Source:
        Own definitions, tested on planted clicks, bursts and clipping.

    Example:
        >>> wave = np.sin(np.arange(16_000) / 20).astype(np.float32)
        >>> values = transients(np.clip(wave, -0.5, 0.5), 16_000, np.arange(0.1, 0.9, 0.01))
        >>> round(values["clipped"], 2), round(values["crest_factor"], 1)
        (0.67, 1.1)
    """
    size = round(BIN * sample_rate)
    energy = _energies(samples, size)
    place = int(0.95 * (len(energy) - 1))
    strong = float(np.partition(energy, place)[place])
    duration = len(samples) / sample_rate
    clicks, bursts = _count(energy, strong * 10 ** (-FAINT / 10), 10 ** (RISE / 10))
    half = round(0.005 * sample_rate)
    starts = np.rint(centres * sample_rate).astype(np.int64) - half
    low, high = float(samples.min()), float(samples.max())
    flat = _flat(samples, np.flatnonzero((samples == low) | (samples == high)))
    first, last, mean = direct(samples, sample_rate)
    recorded = samples[first:last]
    peak = max(float(recorded.max()) - float(mean), float(mean) - float(recorded.min()))
    square = _mean_square(recorded, starts - first, 2 * half, float(mean))
    return {
        "click_rate": clicks / duration,
        "burst_rate": bursts / duration,
        "clipped": flat / len(samples),
        "crest_factor": 20 * math.log10(peak) - 10 * math.log10(square) if square else math.nan,
    }


@compiled
def _energies(samples: NDArray[np.float32], size: int) -> NDArray[np.float64]:
    """Energy of the second difference in each whole bin of `size` samples."""
    energy = np.zeros(max(len(samples) // size, 1))
    bends = np.zeros(size)
    for k in range(len(samples) // size):
        first = max(k * size, 2)
        here = samples[first : (k + 1) * size]
        before, twice_before = samples[first - 1 :], samples[first - 2 :]
        bends[:] = 0.0
        for j in range(len(here)):
            bend = float(here[j]) - 2.0 * float(before[j]) + float(twice_before[j])
            bends[j] = bend * bend
        total = 0.0
        for j in range(size):
            total += bends[j]
        energy[k] = total
    return energy


@compiled
def _count(energy: NDArray[np.float64], least: float, rise: float) -> tuple[int, int]:
    """How many bins are clicks, and how many are bursts."""
    clicks = bursts = 0
    for k in range(CLOSURE + EDGE, len(energy)):
        here = energy[k]
        if here < least or here == 0.0 or energy[k - EDGE - 1] * rise > here:
            continue
        before = after = 0.0
        for i in range(k - EDGE - CLOSURE, k - EDGE):
            before = max(before, energy[i])
        if before * rise > here:
            continue
        strongest = True
        for i in range(max(k - EDGE, 0), min(k + EDGE + 1, len(energy))):
            if energy[i] > here or (i < k and energy[i] == here):
                strongest = False
        if not strongest:
            continue
        for i in range(k + EDGE + 1, min(k + EDGE + 1 + CLOSURE, len(energy))):
            after = max(after, energy[i])
        if after * rise > here:
            bursts += 1
        else:
            clicks += 1
    return clicks, bursts


@compiled
def _flat(samples: NDArray[np.float32], places: NDArray[np.int64]) -> int:
    """Samples in flat tops, of those at these places, which hold the highest and the lowest."""
    flat = run = 0
    for k in range(len(places)):
        i = places[k]
        run = run + 1 if i > 0 and samples[i] == samples[i - 1] else 1
        if run == FLAT:
            flat += FLAT
        elif run > FLAT:
            flat += 1
    return flat


@compiled
def _mean_square(
    samples: NDArray[np.float32], starts: NDArray[np.int64], length: int, mean: float
) -> float:
    """Around the mean, of the stretches from `starts` on, as far as they lie in the clip."""
    total = 0.0
    count = 0
    for start in starts:
        first, stop = max(start, 0), min(start + length, len(samples))
        value, square = moments(samples, first, stop)
        here = max(stop - first, 0)
        total += square - 2 * mean * value + mean * mean * here
        count += here
    return max(total, 0.0) / max(count, 1)
