# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Short-time power spectra of clips, shared by the scorers of a batch, in bounded memory.

Samples are float32 and so are the transforms: rounding lies some 130 dB below a frame's strongest
bin, deeper than any level here is followed, at less than half the cost of float64.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from rewardkit.batch import Batch
from rewardkit.clip import Clip
from rewardkit_scorers._compiled import compiled
from rewardkit_scorers._direct import directs
from rewardkit_scorers._fourier import SPARE, rfft

DEPTH = 100.0
"""dB below the strongest frame at which levels stop, so that digital silence has a level."""

_BLOCK = 2048  # frames at a time
_ROWS = 64  # frames to a transform, so that they stay in the processor's cache
_KEEP = 1 << 24  # numbers that a batch keeps; what is beyond is computed each time it is asked for


class Spectrograms:
    """Power spectra of Hann-windowed frames of each clip of a batch.

    Frames are centred at 0, `step`, 2 `step`, … to the clip's end; what lies outside is zero.
    Direct current is taken off first: against the zeros it would be heard as a click.
    Short clips are transformed once and kept, long ones at every request, block by block.

    Args:
        batch: Clips of any lengths.
        window: Length of a frame in seconds.
        step: Between frame centres, in seconds.
        top: Highest frequency that is kept, in Hz.
    """

    def __init__(self, batch: Batch, window: float, step: float, top: float = math.inf) -> None:
        # Not the batch, which holds these spectra: memory would stay until cycles are looked for.
        self._clips = tuple(batch)
        self._directs = batch.shared(directs)
        self._step = step
        self._rate = rate = batch.sample_rate
        self._size = round(window * rate)
        self._fft_size = 1 << (self._size - 1).bit_length()
        frequencies = np.asarray(np.fft.rfftfreq(self._fft_size, 1 / rate), dtype=np.float64)
        self.frequencies: NDArray[np.float64] = frequencies[frequencies <= top]
        self._kept: dict[int, list[NDArray[np.float32]]] = {}
        self._room = _KEEP

    @cached_property
    def _taper(self) -> NDArray[np.float32]:
        """The window, scaled so that the bins of a frame, twice but for the ends, sum to power."""
        taper = np.hanning(self._size + 2)[1:-1]
        return np.asarray(taper / np.sqrt(self._fft_size * np.sum(taper**2)), dtype=np.float32)

    def frames(self, clip: int) -> int:
        """How many frames the clip with this index has."""
        return int(self._clips[clip].duration / self._step) + 1

    def blocks(self, clip: int) -> Iterator[NDArray[np.float32]]:
        """Power of the clip's frames, in order, some frames at a time.

        Args:
            clip: Its index in the batch.

        Yields:
            float32 of shape `(frames, bins)`, the bins at `frequencies`, scaled so that all bins
            of a frame up to half the sample rate sum to its mean square.
        """
        if clip in self._kept:
            yield from self._kept[clip]
            return
        need = self.frames(clip) * len(self.frequencies)
        keep = need <= self._room
        made = []
        for block in self._made(clip):
            if keep:
                made.append(block)
            yield block
        if keep and clip not in self._kept:
            self._room -= need
            self._kept[clip] = made

    def _made(self, clip: int) -> Iterator[NDArray[np.float32]]:
        rate = self._rate
        begun, ended, mean = self._directs[clip]
        samples = self._clips[clip].samples[begun:ended]
        count = self.frames(clip)
        framed = np.zeros((min(count, _ROWS), self._fft_size + SPARE), dtype=np.float32)
        for first in range(0, count, _BLOCK):
            places = np.arange(first, min(first + _BLOCK, count))
            centres = np.rint(places * self._step * rate).astype(np.int64)
            starts = centres - self._size // 2 - begun
            power = np.empty((len(centres), len(self.frequencies)), dtype=np.float32)
            for k in range(0, len(starts), _ROWS):
                rows = framed[: len(starts[k : k + _ROWS])]
                _cut(samples, mean, starts[k : k + _ROWS], self._taper, rows)
                spectra = rfft(rows[:, : self._fft_size])
                _squared(spectra, power[k : k + _ROWS], self._fft_size // 2)
            yield power


def spectrograms(batch: Batch, window: float, step: float, top: float = math.inf) -> Spectrograms:
    """The batch's power spectra, for `batch.shared(spectrograms, window, step, top)`.

    Example:
        >>> t = np.arange(16_000) / 16_000
        >>> batch = Batch([Clip(np.sin(2 * np.pi * 1000 * t).astype(np.float32), 16_000)])
        >>> spectra = batch.shared(spectrograms, 0.064, 0.01, 3800.0)
        >>> power = np.concatenate(list(spectra.blocks(0)))
        >>> power.shape, float(spectra.frequencies[power[50].argmax()])
        ((101, 244), 1000.0)
        >>> round(float(power[50].sum()), 4)
        0.5
    """
    return Spectrograms(batch, window, step, top)


def whole(spectra: Spectrograms, clip: int) -> NDArray[np.float32]:
    """All frames of a clip, `(frames, bins)`; not copied when they are one block."""
    frames = spectra.frames(clip)
    if frames <= _BLOCK:
        (power,) = spectra.blocks(clip)
        return power
    power = np.empty((frames, len(spectra.frequencies)), np.float32)
    for k, block in enumerate(spectra.blocks(clip)):
        power[k * _BLOCK : k * _BLOCK + len(block)] = block
    return power


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
    return levels_of(Spectrograms(Batch([clip]), window, step, max(b for _, b in bands)), 0, bands)


def levels_of(
    spectra: Spectrograms, clip: int, bands: Sequence[tuple[float, float]]
) -> NDArray[np.float64]:
    """`band_levels` of one clip from spectra that are shared.

    Args:
        spectra: From `batch.shared(spectrograms, …)`, up to the highest band.
        clip: Index of the clip.
        bands: Lowest and highest frequency of each, in Hz.
    """
    total = band_power(spectra, clip, bands)
    strongest = total.max(axis=0)
    with np.errstate(divide="ignore"):
        floor = np.where(strongest > 0, strongest * 10 ** (-DEPTH / 10), np.nan)
        return np.asarray(10 * np.log10(np.maximum(total, floor)))


def band_power(
    spectra: Spectrograms, clip: int, bands: Sequence[tuple[float, float]]
) -> NDArray[np.float64]:
    """Power of each frame in each band, bounds included: float64 of shape `(frames, bands)`."""
    low = np.searchsorted(spectra.frequencies, [low for low, _ in bands], side="left")
    high = np.searchsorted(spectra.frequencies, [high for _, high in bands], side="right")
    return np.concatenate([summed(block, low, high) for block in spectra.blocks(clip)])


@compiled
def _cut(
    samples: NDArray[np.float32],
    mean: np.float32,
    starts: NDArray[np.int64],
    taper: NDArray[np.float32],
    framed: NDArray[np.float32],
) -> None:
    """Write each frame, less the mean, times the taper to the beginning of a row of `framed`."""
    for frame in range(len(starts)):
        start = starts[frame]
        low = min(max(0, -start), len(taper))
        high = max(min(len(taper), len(samples) - start), low)
        framed[frame, :low] = 0
        framed[frame, high : len(taper)] = 0
        row, piece, weights = framed[frame, low:high], samples[start + low :], taper[low:]
        for i in range(len(row)):
            row[i] = (piece[i] - mean) * weights[i]


@compiled
def _squared(spectra: NDArray[np.complex64], power: NDArray[np.float32], nyquist: int) -> None:
    """Squared magnitudes; twice, for the negative frequencies, but at 0 and at half the rate."""
    for frame in range(len(power)):
        for i in range(power.shape[1]):
            value = spectra[frame, i]
            power[frame, i] = np.float32(2.0) * (value.real * value.real + value.imag * value.imag)
        power[frame, 0] *= np.float32(0.5)
        if power.shape[1] > nyquist:
            power[frame, nyquist] *= np.float32(0.5)


@compiled
def summed(
    power: NDArray[np.float32], low: NDArray[np.int64], high: NDArray[np.int64]
) -> NDArray[np.float64]:
    """Sum of the bins `low` up to but without `high`, four at a time; `(frames, bands)`."""
    sums = np.zeros((len(power), len(low)))
    for frame in range(len(power)):
        for band in range(len(low)):
            a = b = c = d = 0.0
            last = low[band] + (high[band] - low[band]) // 4 * 4
            for i in range(low[band], last, 4):
                a += power[frame, i]
                b += power[frame, i + 1]
                c += power[frame, i + 2]
                d += power[frame, i + 3]
            for i in range(last, high[band]):
                a += power[frame, i]
            sums[frame, band] = (a + b) + (c + d)
    return sums
