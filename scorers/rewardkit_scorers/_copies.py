# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Sound that comes again exactly: echoes, loops, a clip said twice."""

from __future__ import annotations

import math
from typing import Final

import numpy as np
from numpy.typing import NDArray

from rewardkit.features import Feature
from rewardkit_scorers._fourier import good_size, irfft, rfft
from rewardkit_scorers._ranks import quantile

FEATURES: Final = (
    Feature("copy", "log", "strongest exact copy over chance, at lags from 0.1 s", 0, 15),
    Feature("echo", "log", "strongest exact copy over chance, at lags of 15 to 100 ms", 0, 15),
)


def measure(low: NDArray[np.float64], sample_rate: float) -> list[float]:
    """The values of `FEATURES`: peaks of the power cepstrum of the whole clip.

    A sound and its copy, however late, comb the spectrum of both together; the cepstrum shows
    the comb as a peak at the lag. People never say anything twice exactly.

    Args:
        low: Samples at a low rate.
        sample_rate: Theirs, in Hz.

    Source:
        Bogert, Healy and Tukey (1963), "The quefrency alanysis of time series for echoes".

    Example:
        >>> noise = np.random.default_rng(0).standard_normal(4000)
        >>> copy, echo = measure(np.concatenate([noise, noise]), 4000.0)
        >>> copy > 4, echo < 2
        (True, True)
    """
    n = good_size(2 * len(low))
    peak = float(np.abs(low).max())
    if not peak > 0:
        return [math.nan, math.nan]
    padded = np.zeros(n, np.float32)
    padded[: len(low)] = (low - low.mean()) / peak
    spectrum = rfft(padded)
    power = spectrum.real**2 + spectrum.imag**2
    cepstrum = np.abs(irfft(np.log(power + power.mean() * np.float32(1e-7)) + 0j, n))
    cepstrum = cepstrum[: len(low)]
    early, late = round(0.015 * sample_rate), round(0.1 * sample_rate)
    if len(low) < 3 * late:
        return [math.nan, math.nan]
    chance = quantile(cepstrum[late:], 0.5) / 0.6745
    if chance <= 0:
        return [math.nan, math.nan]
    return [
        math.log1p(float(cepstrum[late : len(low) - early].max()) / chance),
        math.log1p(float(cepstrum[early:late].max()) / chance),
    ]
