# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Short-time power in frequency bands, in bounded memory."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from rewardkit.clip import Clip

DEPTH = 100.0
"""dB below the strongest frame at which levels stop, so that digital silence has a level."""

_BLOCK = 2048  # frames at a time


def power_spectra(
    clip: Clip, window: float, step: float
) -> Iterator[tuple[NDArray[np.float64], NDArray[np.float64]]]:
    """Power spectra of Hann-windowed frames, centred at 0, `step`, 2 `step`, … to the clip's end.

    Args:
        clip: Any length.
        window: Length of a frame in seconds.
        step: Between frame centres, in seconds.

    Yields:
        The frequencies in Hz, of shape `(bins,)`, and the power of the next frames, of shape
        `(frames, bins)`, scaled so that the bins of a frame sum to its mean square.
    """
    rate = clip.sample_rate
    size = round(window * rate)
    fft_size = 1 << (size - 1).bit_length()
    taper = np.hanning(size + 2)[1:-1]
    scale = np.full(fft_size // 2 + 1, 2.0)
    scale[0] = scale[-1] = 1.0
    scale /= fft_size * np.sum(taper**2)
    frequencies = np.asarray(np.fft.rfftfreq(fft_size, 1 / rate), dtype=np.float64)
    count = int(clip.duration / step) + 1
    half = size // 2
    for first in range(0, count, _BLOCK):
        centres = np.rint(np.arange(first, min(first + _BLOCK, count)) * step * rate).astype(int)
        start, stop = centres[0] - half, centres[-1] - half + size
        piece = clip.samples[max(start, 0) : max(stop, 0)].astype(np.float64)
        piece = np.pad(piece, (max(-start, 0), 0))
        piece = np.pad(piece, (0, stop - start - len(piece)))
        frames = np.lib.stride_tricks.sliding_window_view(piece, size)[centres - centres[0]]
        spectra = np.fft.rfft(frames * taper, fft_size)
        yield frequencies, (spectra.real**2 + spectra.imag**2) * scale


def band_levels(
    clip: Clip, bands: Sequence[tuple[float, float]], window: float, step: float
) -> NDArray[np.float64]:
    """Level of each frame in each band, in dB re full-scale mean square, `DEPTH` deep.

    Args:
        clip: Any length.
        bands: Lowest and highest frequency of each, in Hz.
        window: Length of a frame in seconds.
        step: Between frame centres, in seconds.

    Returns:
        float64 of shape `(frames, bands)`. In each band, levels stop `DEPTH` below the band's
        strongest frame; a band without any power is NaN.

    Example:
        >>> t = np.arange(16_000) / 16_000
        >>> clip = Clip(np.sin(2 * np.pi * 1000 * t).astype(np.float32), 16_000)
        >>> band_levels(clip, [(500, 1500)], window=0.032, step=0.01)[50].round(2)
        array([-3.01])
    """
    blocks = []
    for frequencies, power in power_spectra(clip, window, step):
        inside = [(frequencies >= low) & (frequencies <= high) for low, high in bands]
        blocks.append(np.stack([power[:, band].sum(axis=1) for band in inside], axis=1))
    total = np.concatenate(blocks)
    strongest = total.max(axis=0)
    with np.errstate(divide="ignore"):
        floor = np.where(strongest > 0, strongest * 10 ** (-DEPTH / 10), np.nan)
        return np.asarray(10 * np.log10(np.maximum(total, floor)))
