# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""How fast level swings: the modulation spectrum of speech, whose peak lies at its syllables."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from rewardkit.features import Feature
from rewardkit_scorers._fourier import rfft
from rewardkit_scorers._pauses import STEP

SHORTEST: Final = 1.0
"""Seconds; swings of 1 Hz are not seen in less."""

SWING: Final = (1.0, 16.0)
"""Hz; the modulations that carry speech."""

SYLLABIC: Final = (3.0, 6.0)
"""Hz; around 4 Hz, where speech swings most and music and noise do not."""

DEEPEST: Final = -40.0
"""dB; lower levels count as this, or silences would be all that is seen."""

FEATURES: Final = (
    Feature("modulation_centroid", "Hz", "mean frequency of the swings of level", *SWING),
    Feature("syllabic_share", "1", "share of the swings' power from 3 to 6 Hz", 0, 1),
)


def measure(level: NDArray[np.float64]) -> NDArray[np.float64]:
    """The values of `FEATURES`, in order; NaN for less than `SHORTEST`, or a level that is still.

    Args:
        level: In dB re the clip's loudest, from first to last speech, `(frames,)`.

    Source:
        Scheirer & Slaney (1997), "Construction and evaluation of a robust multifeature
        speech/music discriminator", ICASSP, for the modulation energy around 4 Hz; Ding et al.
        (2017), "Temporal modulations in speech and music", Neurosci. Biobehav. Rev. 81, 181-187.

    Example:
        >>> t = np.arange(0, 4, STEP)
        >>> measure(-10 + 5 * np.sin(2 * np.pi * 5 * t)).round(1).tolist()
        [5.0, 1.0]
    """
    values = np.full(2, np.nan)
    frames = len(level)
    if frames * STEP < SHORTEST:
        return values
    floored = np.maximum(level, DEEPEST)
    size = 1 << max(frames - 1, 1023).bit_length()
    tapered = np.zeros(size)
    tapered[:frames] = (floored - floored.mean()) * np.hanning(frames)
    spectrum, frequencies = rfft(tapered), np.fft.rfftfreq(size, STEP)
    kept = (frequencies >= SWING[0]) & (frequencies <= SWING[1])
    power, frequencies = np.abs(spectrum[kept]) ** 2, frequencies[kept]
    total = power.sum()
    if total > 1e-6 * frames:
        syllabic = (frequencies >= SYLLABIC[0]) & (frequencies <= SYLLABIC[1])
        values[0] = np.clip((power * frequencies).sum() / total, *SWING)
        values[1] = min(power[syllabic].sum() / total, 1.0)
    return values
