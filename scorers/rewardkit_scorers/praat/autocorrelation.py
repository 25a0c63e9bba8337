# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Autocorrelation of windowed frames, with three Fourier transforms for two frames, not four.

The power spectrum P of a frame is real and even, so its inverse transform, the autocorrelation r,
is real and even too, and half of a general inverse transform would be spent on zeros. Two frames
can share one. With t = 2 pi n / size, and sums over all k,

    sum (P[k + 1] - P[k - 1]) sin(k t) = -2 sin(t) sum P[k] cos(k t),

so the inverse transform of P1[k] + i (P2[k + 1] - P2[k - 1]), which is Hermitian, is

    z[n] = r1[n] + 2 sin(t) r2[n].

Its even part is r1; its odd part, divided by 2 sin(t), is r2 at every lag but 0, where the
normalised autocorrelation is 1 anyway. Lags stay below a third of the size, so the sine is small
at the first few only. Frames are normalised to unit energy before they are paired: a loud one
leaves no rounding errors in a soft one.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from rewardkit_scorers._compiled import compiled
from rewardkit_scorers._fourier import irfft, rfft
from rewardkit_scorers.praat.frames import Layout
from rewardkit_scorers.praat.sums import greatest, total

GROUP = 64
"""Frames transformed together: even, and a multiple of every SIMD width, so that each frame goes
through the same instructions wherever it lies; few enough to stay in cache."""


@compiled
def measure_levels(
    samples: Any, starts: Any, half: int, period: int, window: Any, means: Any, peaks: Any
) -> None:
    """Local mean and peak of each frame.

    Args:
        samples: float32 `(n,)`.
        starts: First sample of each window, int64 `(frames,)`.
        half: Half the window.
        period: Longest period: the mean is over one to either side of the centre, the peak over
            half of one.
        window: float64 `(2 half,)`.
        means: Receives the means, float64 `(frames,)`.
        peaks: Receives the greatest magnitudes after subtracting the mean and windowing.
    """
    reach = min(period // 2 + 1, half)
    weight = window[half - reach : half + reach]
    magnitude = np.empty(len(weight))
    for frame in range(len(starts)):
        centre = starts[frame] + half
        mean = total(samples[centre - period : centre + period]) / (2 * period)
        near = samples[centre - reach : centre + reach]
        for j in range(len(weight)):
            magnitude[j] = abs((near[j] - mean) * weight[j])
        means[frame] = mean
        peaks[frame] = greatest(magnitude)


@compiled
def cut(samples: Any, starts: Any, means: Any, window: Any, out: Any) -> None:
    """Windowed frames of unit energy, without their local means, followed by zeros.

    Args:
        samples: float32 `(n,)`.
        starts: First sample of each window, int64 `(frames,)`.
        means: float64 `(frames,)`.
        window: float64 `(length,)`.
        out: Receives the frames, `(GROUP, size)`; rows beyond the frames become 0.
    """
    length = len(window)
    frame, energy = np.empty(length), np.empty(length)
    for row in range(len(starts)):
        part, mean = samples[starts[row] : starts[row] + length], means[row]
        for j in range(length):
            frame[j] = (part[j] - mean) * window[j]
            energy[j] = frame[j] * frame[j]
        scale = 1 / np.sqrt(total(energy))
        for j in range(length):
            out[row, j] = frame[j] * scale
        out[row, length:] = 0
    out[len(starts) :] = 0


@compiled
def pair(spectra: Any, out: Any) -> None:
    """Two frames' power spectra as the one Hermitian spectrum of this module's docstring.

    Args:
        spectra: Complex `(GROUP, size / 2 + 1)`.
        out: Receives complex `(GROUP / 2, size / 2 + 1)`.
    """
    bins = spectra.shape[1]
    power = np.empty(bins, dtype=out.real.dtype)
    for row in range(len(out)):
        for k in range(bins):
            value = spectra[2 * row + 1, k]
            power[k] = value.real * value.real + value.imag * value.imag
        for k in range(1, bins - 1):
            value = spectra[2 * row, k]
            even = value.real * value.real + value.imag * value.imag
            out[row, k] = complex(even, power[k + 1] - power[k - 1])
        for k in (0, bins - 1):
            value = spectra[2 * row, k]
            out[row, k] = value.real * value.real


def correlate(frames: NDArray[Any]) -> NDArray[Any]:
    """The paired autocorrelations `z` of this module's docstring.

    Args:
        frames: `(GROUP, size)`.

    Returns:
        `(GROUP / 2, size)`.
    """
    spectra = rfft(frames)
    paired = np.empty((len(frames) // 2, spectra.shape[1]), spectra.dtype)
    pair(spectra, paired)
    return irfft(paired, frames.shape[1])


def unpairing(plan: Layout) -> NDArray[np.float64]:
    """What the even and the odd part of `z` are multiplied with to give r1 and r2 at each lag.

    They also divide by the window's own autocorrelation.

    Returns:
        float64 `(2, lags + 1)`; the first column is not used.
    """
    sine = np.sin(2 * np.pi / plan.size * np.arange(plan.lags + 1))
    sine[0] = 1.0
    return np.stack([plan.correction / 2, plan.correction / (4 * sine)])
