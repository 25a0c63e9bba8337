# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Cepstral peak prominence of voiced frames."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from rewardkit.features import Feature
from rewardkit_scorers._compiled import compiled
from rewardkit_scorers._fourier import rfft
from rewardkit_scorers.praat.sums import total

FEATURES: Final = (
    Feature("cpp", "dB", "mean cepstral peak prominence", 0, 200),
    Feature("cpp_sd", "dB", "standard deviation of cepstral peak prominence", 0, 200),
)

LOWEST: Final = 60.0
HIGHEST: Final = 500.0
"""Hz; the peak is looked for between their periods."""

_ROWS = 64  # frames to a transform, so that they stay in the processor's cache


def prominence(decibels: NDArray[np.float32], spacing: float) -> NDArray[np.float64]:
    """Height of each cepstrum's peak over the line fitted through 1/500 to 1/60 s.

    The cepstrum is the magnitude spectrum, in dB, of the dB spectrum less its mean.

    Args:
        decibels: Spectra of shape `(frames, bins)`.
        spacing: Between bins, in Hz.

    Returns:
        In dB, float64 of shape `(frames,)`.

    Source:
        Hillenbrand, Cleveland & Erickson (1994), "Acoustic correlates of breathy vocal quality",
        JSHR 37, 769-778, without smoothing. It is not the CPPS of Praat, which is smoothed, of
        all frames and to 5 kHz: the two correlate by .6 over clips (`benchmarks/voice.py`).

    Example:
        >>> ripple = 10 * np.cos(2 * np.pi * np.arange(256) * 15.625 / 125)  # harmonics of 125 Hz
        >>> noise = np.random.default_rng(0).standard_normal(256)
        >>> prominence((ripple + noise)[None].astype(np.float32), 15.625).round() > 20
        array([ True])
    """
    bins = decibels.shape[1]
    size = 1 << (2 * bins - 1).bit_length()
    first = int(np.ceil(size * spacing / HIGHEST)) - 1
    last = int(size * spacing / LOWEST) + 2
    flat = np.zeros((min(len(decibels), _ROWS), size), dtype=np.float32)
    peaks = np.empty(len(decibels))
    for k in range(0, len(decibels), _ROWS):
        rows = decibels[k : k + _ROWS]
        _centre(rows, flat)
        near = rfft(flat[: len(rows)])[:, first:last]
        power = near.real * near.real + near.imag * near.imag
        peaks[k : k + len(rows)] = _peaks(10 * np.log10(np.maximum(power, np.float32(1e-6))))
    return peaks


@compiled
def _centre(rows: NDArray[np.float32], centred: NDArray[np.float32]) -> None:
    """Each row less its mean, into the beginning of a row."""
    for k in range(len(rows)):
        mean = np.float32(total(rows[k]) / rows.shape[1])
        for i in range(rows.shape[1]):
            centred[k, i] = rows[k, i] - mean


@compiled
def _peaks(heights: NDArray[np.float32]) -> NDArray[np.float64]:
    """Highest value, by a parabola through three, over the line at its place; not below 0.

    The first and last columns lie outside the range and serve the parabola only.
    """
    frames, count = heights.shape
    result = np.empty(frames)
    middle = 0.5 * (count - 1)
    square = 0.0
    for i in range(1, count - 1):
        square += (i - middle) ** 2
    for frame in range(frames):
        row = heights[frame]
        total = product = 0.0
        top = 1
        for i in range(1, count - 1):
            total += row[i]
            product += (i - middle) * row[i]
            if row[i] > row[top]:
                top = i
        before, here, after = float(row[top - 1]), float(row[top]), float(row[top + 1])
        bend = 2 * here - before - after
        shift = 0.0
        if here >= before and here >= after and bend > 0.0:
            shift = 0.5 * (after - before) / bend
        height = here + 0.25 * (after - before) * shift
        line = total / (count - 2) + product / square * (top + shift - middle)
        result[frame] = max(height - line, 0.0)
    return result
