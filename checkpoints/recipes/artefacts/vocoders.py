# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: Apache-2.0
"""Speech taken apart and put together again badly: what makes voices robotic, buzzy, whispered.

Sources: Dudley (1939), "Remaking speech", JASA 11 (channel vocoder); Griffin and Lim (1984),
"Signal estimation from modified short-time Fourier transform", IEEE TASSP 32; Atal and Hanauer
(1971), "Speech analysis and synthesis by linear prediction of the speech wave", JASA 50.
"""

from __future__ import annotations

import itertools

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import solve_toeplitz
from scipy.signal import butter, lfilter, sosfilt, sosfiltfilt

from checkpoints.recipes.artefacts.added import Samples, between


def _frames(
    samples: Samples, size: int, hop: int
) -> tuple[NDArray[np.complex128], NDArray[np.int64], NDArray[np.float64]]:
    window = np.hanning(size + 1)[:-1]
    padded = np.pad(samples.astype(np.float64), size)
    starts = np.arange(0, len(padded) - size, hop)
    return np.fft.rfft(padded[starts[:, None] + np.arange(size)] * window), starts, window


def _added(
    spectra: NDArray[np.complex128],
    starts: NDArray[np.int64],
    window: NDArray[np.float64],
    n: int,
) -> Samples:
    size = len(window)
    result, weight = np.zeros(n + 2 * size), np.full(n + 2 * size, 1e-6)
    for start, frame in zip(starts, np.fft.irfft(spectra, size), strict=True):
        result[start : start + size] += frame * window
        weight[start : start + size] += window**2
    return np.asarray((result / weight)[size : size + n], np.float32)


def channels(samples: Samples, rate: int, amount: float, rng: np.random.Generator) -> Samples:
    """A noise vocoder of 24 down to 4 bands: whispered, without melody."""
    count = round(24 * (4 / 24) ** amount)
    edges = np.geomspace(90, 7400, count + 1)
    carrier = rng.standard_normal(len(samples))
    smooth = butter(2, rng.uniform(20, 60), "lowpass", fs=rate, output="sos")
    total = np.zeros(len(samples))
    for low, high in itertools.pairwise(edges):
        band = butter(3, [low, high], "bandpass", fs=rate, output="sos")
        level = sosfiltfilt(smooth, np.abs(sosfilt(band, samples.astype(np.float64))))
        total += np.maximum(level, 0.0) * sosfilt(band, carrier) / np.sqrt(high - low)
    return (0.05 * total / max(float(np.sqrt(np.mean(total**2))), 1e-9)).astype(np.float32)


def robot(samples: Samples, _rate: int, amount: float, rng: np.random.Generator) -> Samples:
    """Phases of every frame partly or wholly forgotten: hollow and buzzing."""
    size = int(rng.choice([256, 512, 1024]))
    spectra, starts, window = _frames(samples, size, size // 4)
    magnitude, phase = np.abs(spectra), np.angle(spectra)
    if rng.random() < 0.5:
        phase = phase * (1 - between(amount, 0.35, 1.0))
    else:
        phase = phase + between(amount, 0.4, 1.0) * rng.uniform(-np.pi, np.pi, phase.shape)
    return _added(magnitude * np.exp(1j * phase), starts, window, len(samples))


def mel(samples: Samples, rate: int, amount: float, rng: np.random.Generator) -> Samples:
    """Magnitudes from 80 down to 16 mel bands, phases by 30 down to 2 rounds of Griffin and Lim."""
    size, hop = 1024, 256
    spectra, starts, window = _frames(samples, size, hop)
    bands = round(80 * (16 / 80) ** amount)
    scale = np.log1p(np.fft.rfftfreq(size, 1 / rate) / 700)
    centres = np.linspace(0, scale[-1], bands + 2)
    distance = np.abs(scale[:, None] - centres[None, 1:-1]) / (centres[1] - centres[0])
    weights = np.maximum(0.0, 1 - distance)
    pooled = np.abs(spectra) @ weights / np.maximum(weights.sum(axis=0), 1e-9)
    spread = weights / np.maximum(weights.sum(axis=1, keepdims=True), 1e-9)
    magnitude = np.maximum(pooled @ spread.T, 1e-9)
    phase = rng.uniform(-np.pi, np.pi, magnitude.shape)
    for _ in range(round(between(amount, 30, 2))):
        sound = _added(magnitude * np.exp(1j * phase), starts, window, len(samples))
        phase = np.angle(_frames(sound, size, hop)[0][: len(starts)])
    return _added(magnitude * np.exp(1j * phase), starts, window, len(samples))


def buzz(samples: Samples, rate: int, amount: float, rng: np.random.Generator) -> Samples:
    """Linear prediction with a pulse train or noise for its source, mixed with the real one."""
    size, hop, order = round(0.03 * rate), round(0.01 * rate), int(rng.integers(10, 19))
    window = np.hanning(size)
    x = np.pad(samples.astype(np.float64), size)
    period = rate / rng.uniform(90, 230)
    pulses = np.zeros(len(x))
    pulses[np.arange(0, len(x), period).astype(int)] = np.sqrt(period)
    source = pulses if rng.random() < 0.7 else rng.standard_normal(len(x))
    share = between(amount, 0.3, 1.0)
    result = np.zeros(len(x))
    for start in range(0, len(x) - size, hop):
        frame = x[start : start + size] * window
        lags = np.correlate(frame, frame, "full")[size - 1 : size + order]
        if lags[0] < 1e-9:
            continue
        lags[0] *= 1.001
        taps = solve_toeplitz(lags[:order], lags[1:])
        inverse = np.concatenate([[1.0], -taps])
        residual = lfilter(inverse, 1.0, frame)
        made = source[start : start + size] * window * np.sqrt(np.mean(residual**2))
        made /= np.sqrt(np.mean(window**2))
        result[start : start + size] += lfilter(
            [1.0], inverse, share * made + (1 - share) * residual
        )
    return result[size : size + len(samples)].astype(np.float32)
