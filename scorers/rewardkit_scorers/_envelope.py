# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""How level rises and falls: which way time runs, holes, abrupt joins, rooms that ring.

Speech starts faster than it ends: a closure bursts, a vowel is struck by the glottis and dies
away, and a room prolongs what has ended. Played from its end it does the opposite.
"""

from __future__ import annotations

import math
from typing import Final

import numpy as np
from numpy.typing import NDArray

from rewardkit.features import Feature
from rewardkit_scorers._compiled import compiled
from rewardkit_scorers._ranks import quantile

FEATURES: Final = (
    Feature("arrow_pulse", "1", "rises over falls of energy within milliseconds", -1, 1),
    Feature("arrow_high", "1", "rises over falls of high frequencies within 10 ms", -1, 1),
    Feature("arrow_full", "1", "rises over falls of level within 10 ms", -1, 1),
    Feature("arrow_slow", "1", "rises over falls of level within 50 ms", -1, 1),
    Feature("fastest_fall", "dB", "98th percentile of falls of level within 10 ms", -100, 100),
    Feature("fastest_rise", "dB", "98th percentile of rises of level within 10 ms", -100, 100),
    Feature("decay", "dB", "90th percentile of falls of level within 60 ms", -100, 100),
    Feature("notch_density", "log", "1 + short dips of 10 dB per second within speech", 0, 6),
    Feature("unrest", "dB", "median change of level within 10 ms in speech", 0, 100),
    Feature("empty_share", "1", "share of time that is 70 dB below speech or more", 0, 1),
)

DEEPEST: Final = 70.0
"""dB below speech at which levels stop."""

DIP: Final = 10.0
"""dB by which both sides of a notch are stronger."""

_BIN: Final = 5  # milliseconds


def measure(full: NDArray[np.float64], high: NDArray[np.float64], reference: float) -> list[float]:
    """The values of `FEATURES`.

    `arrow_*` are odd moments of the changes d of level: `sum(d |d|) / sum(d²)`, 1 when all
    large changes are rises and -1 when all are falls; reversed by playing backwards.

    Args:
        full: Energy of each millisecond from first to last speech, as mean square.
        high: The same of the second difference.
        reference: Mean square of the speech.

    Source:
        Own definitions. That envelopes of speech are asymmetric in time: Smith and Lewicki
        (2006), "Efficient auditory coding", Nature 439, 978-982.

    Example:
        >>> decays = np.tile(np.exp(-np.arange(100) / 10.0), 5)
        >>> forward, backward = (measure(way, way, 0.1) for way in (decays, decays[::-1]))
        >>> forward[2] > 0.5, backward[2] < -0.5
        (True, True)
    """
    levels = _levels(full, _BIN, reference)
    highs = _levels(high, _BIN, float(np.mean(high)) + 1e-300)
    speech = levels > -25.0
    fine = _levels(high, 1, float(np.mean(high)) + 1e-300)
    quick = levels[2:] - levels[:-2]
    moving = speech[2:] | speech[:-2]
    slow = levels[10:] - levels[:-10]
    tail = levels[12:] - levels[:-12]
    heard = speech[:-12]
    # Digital silence is off by what the clip's mean was, so its level says little; it never bends.
    still = high[: len(levels) * _BIN].reshape(-1, _BIN).max(axis=1) == 0
    return [
        _odd(_changes(fine, 1, np.repeat(speech, _BIN)[: len(fine)])),
        _odd(highs[2:] - highs[:-2]),
        _odd(quick),
        _odd(slow),
        _quantile(-quick[speech[:-2]], 0.98),
        _quantile(quick[speech[2:]], 0.98),
        _quantile(-tail[heard], 0.9),
        min(math.log1p(_notches(levels) / (len(full) / 1000)), 6.0),
        _quantile(np.abs(quick[moving]), 0.5),
        float(np.mean((levels <= -DEEPEST) | still)),
    ]


def _levels(energy: NDArray[np.float64], size: int, reference: float) -> NDArray[np.float64]:
    """In dB re the reference, of stretches of `size` milliseconds, `DEEPEST` deep."""
    count = len(energy) // size
    mean = energy[: count * size].reshape(count, size).mean(axis=1) if size > 1 else energy
    least = 10 ** (-DEEPEST / 10)
    return np.asarray(10 * np.log10(np.maximum(mean / reference, least)))


def _changes(
    levels: NDArray[np.float64], step: int, kept: NDArray[np.bool_]
) -> NDArray[np.float64]:
    """Changes over `step` where both ends are kept."""
    kept = np.concatenate([kept, np.zeros(max(0, len(levels) - len(kept)), bool)])
    changes = levels[step:] - levels[:-step]
    return np.asarray(changes[kept[step:] & kept[:-step]])


def _odd(changes: NDArray[np.float64]) -> float:
    squares = float((changes**2).sum())
    return float((changes * np.abs(changes)).sum()) / squares if squares > 0 else math.nan


def _quantile(values: NDArray[np.float64], share: float) -> float:
    return quantile(values, share) if len(values) else math.nan


@compiled
def _notches(levels: NDArray[np.float64]) -> int:
    """Bins that lie `DIP` below something strong within 20 ms on both sides, once a dip."""
    count = 0
    last = -10
    for t in range(1, len(levels) - 1):
        before = after = -1e9
        for i in range(1, 5):
            if t - i >= 0:
                before = max(before, levels[t - i])
            if t + i < len(levels):
                after = max(after, levels[t + i])
        side = min(before, after)
        if side > -25.0 and side - levels[t] > DIP:
            if t - last > 4:
                count += 1
            last = t
    return count
