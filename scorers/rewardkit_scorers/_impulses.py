# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Clicks within speech, crackle, pops, and amplitudes that were cut off or coarsely stepped."""

from __future__ import annotations

import math
from typing import Final

import numpy as np
from numpy.typing import NDArray

from rewardkit.features import Feature
from rewardkit_scorers._compiled import compiled
from rewardkit_scorers._ranks import ranked

FEATURES: Final = (
    Feature("click_density", "log", "1 + impulses per second that stand out by 8 dB", 0, 7),
    Feature("click_peak", "dB", "how far the third strongest impulse stands out", -60, 100),
    Feature("spikiness", "log", "mean over geometric mean of energy within 20 ms", 0, 30),
    Feature("rumble", "dB", "median level under 60 Hz re speech", -90, 60),
    Feature("pops", "dB", "99th percentile of level under 60 Hz re speech", -90, 60),
    Feature("peak_spread", "dB", "99.9th over 95th percentile of magnitude in speech", 0, 80),
    Feature(
        "lopsidedness", "dB", "larger over smaller of the two sides' 99.9th percentiles", 0, 80
    ),
    Feature("stillness", "1", "share of strong samples that equal the one before", 0, 1),
)

STANDS_OUT: Final = 8.0
"""dB by which an impulse is stronger than all that lies `NEAR` to `FAR` from it, on both sides."""

NEAR: Final = 3
"""Milliseconds beside an impulse that belong to it."""

FAR: Final = 16
"""Milliseconds on both sides that are weaker: longer than the period of a low voice."""

FAINT: Final = 35.0
"""dB below speech at which impulses stop to count."""


def measure(
    samples: NDArray[np.float32],
    bends: NDArray[np.float64],
    low: NDArray[np.float64],
    active: NDArray[np.bool_],
    reference: float,
    size: int,
) -> list[float]:
    """The values of `FEATURES`.

    An impulse is a millisecond in which the energy of the second difference, which stresses high
    frequencies, is `STANDS_OUT` above all of the milliseconds between `NEAR` and `FAR` before,
    and after. A voice's pulses follow each other within that time and do not stand out; clicks do,
    on speech and in pauses alike.

    Args:
        samples: From first to last speech, `(n,)`.
        bends: Energy of their second difference in each millisecond.
        low: Energy under 60 Hz in each 10 ms.
        active: Which 10 ms are speech.
        reference: Mean square of the speech.
        size: Samples in a millisecond.

    Source:
        Own definitions, tested on planted clicks, pops and clipping. Impulses against their
        neighbourhood: Vaseghi (2008), "Advanced digital signal processing and noise reduction",
        ch. 13.
    """
    seconds = len(bends) / 1000
    strong = ranked(bends, 0.95)
    found = prominences(bends, strong * 10 ** (-FAINT / 10))
    standing = int(np.count_nonzero(found > 10 ** (STANDS_OUT / 10)))
    third = float(np.partition(found, -3)[-3]) if len(found) > 2 else 1.0
    kept = _picked(samples, active, size * 10)
    upper, lower = ranked(kept, 0.999), -ranked(kept, 0.001)
    sides = sorted((max(upper, 1e-9), max(lower, 1e-9)))
    magnitude = np.abs(kept)
    high, most = ranked(magnitude, 0.95), ranked(magnitude, 0.999)
    floor = 1e-9 * reference
    rumble, pops = ranked(low, 0.5), ranked(low, 0.99)
    return [
        min(math.log1p(standing / seconds), 7.0),
        10 * math.log10(max(third, 1e-6)),
        _spikiness(bends, active),
        10 * math.log10(max(rumble, floor) / reference),
        10 * math.log10(max(pops, floor) / reference),
        20 * math.log10(max(most, 1e-30) / max(high, 1e-30 + 1e-4 * most)),
        min(20 * math.log10(sides[1] / sides[0]), 80.0),
        _stillness(samples, 0.05 * most),
    ]


def prominences(bends: NDArray[np.float64], least: float) -> NDArray[np.float64]:
    """Each millisecond's energy over the most that lies `NEAR` to `FAR` beside it, either side.

    It is 0 up to `least`, and 1/1000 at most where something nearer is stronger.

    Example:
        >>> int(prominences(np.array([1.0] * 40 + [100.0] + [1.0] * 40), 1.0).argmax())
        40
    """
    n = len(bends)
    padded = np.full(n + 2 * FAR, -np.inf)
    padded[FAR : FAR + n] = bends
    side = _running_maxima(padded, FAR - NEAR + 1)
    beside = np.maximum(side[:n], side[FAR + NEAR : FAR + NEAR + n])
    nearer = _running_maxima(padded, 2 * NEAR - 1)[FAR - NEAR + 1 :][:n]
    most = np.maximum(beside, least)
    most = np.where(nearer > bends, np.maximum(most, 1e3 * bends), most)
    return np.divide(bends, most, out=np.zeros(n), where=bends > least)


def _running_maxima(values: NDArray[np.float64], count: int) -> NDArray[np.float64]:
    """The greatest of each `count` values in a row, by doubling.

    Example:
        >>> _running_maxima(np.array([3.0, 1.0, 2.0, 0.0, 0.0]), 3).tolist()
        [3.0, 2.0, 2.0]
    """
    width, maxima = 1, values
    while width < count:
        step = min(width, count - width)
        maxima = np.maximum(maxima[:-step], maxima[step:])
        width += step
    return maxima


@compiled
def _picked(
    samples: NDArray[np.float32], active: NDArray[np.bool_], frame: int
) -> NDArray[np.float32]:
    """Every fifth sample of the active frames."""
    result = np.empty(len(samples) // 5 + 1, np.float32)
    count = 0
    for i in range(0, len(samples), 5):
        if active[min(i // frame, len(active) - 1)]:
            result[count] = samples[i]
            count += 1
    return result[:count]


@compiled
def _spikiness(bends: NDArray[np.float64], active: NDArray[np.bool_]) -> float:
    """Mean over active stretches of 20 ms of the log of arithmetic over geometric mean."""
    total = 0.0
    count = 0
    for frame in range(0, len(active) - 1, 2):
        if not (active[frame] and active[frame + 1]):
            continue
        first = 10 * frame
        mean, product = 0.0, 1.0  # of 20 numbers from 1e-9 to 20: far from what overflows
        inside = bends[first : first + 20]
        if len(inside) < 20:
            break
        for value in inside:
            mean += value
        mean /= 20
        if mean <= 0:
            continue
        for value in inside:
            product *= max(value / mean, 1e-9)
        total -= math.log(product) / 20
        count += 1
    return max(total / count, 0.0) if count else math.nan


@compiled
def _stillness(samples: NDArray[np.float32], strong: float) -> float:
    """Share of samples of at least that magnitude that are exactly the sample before."""
    still = count = 0
    for i in range(1, len(samples)):
        if abs(samples[i]) >= strong:
            count += 1
            if samples[i] == samples[i - 1]:
                still += 1
    return still / max(count, 1)
