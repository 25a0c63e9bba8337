# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the spectrum over the whole clip says: limits of the band, noise floor, steady tones."""

from __future__ import annotations

import math
from functools import cache
from typing import Final

import numpy as np
import scipy.fft
from numpy.typing import NDArray

from rewardkit.features import Feature
from rewardkit_scorers._compiled import compiled

FEATURES: Final = (
    Feature("band_top", "kHz", "highest frequency with speech within 55 dB of the strongest", 0, 8),
    Feature("band_bottom", "kHz", "lowest frequency with speech within 30 dB of it", 0, 8),
    Feature("edge", "dB", "steepest fall of the mean spectrum within 500 Hz", -50, 120),
    Feature("bass", "dB", "power from 60 to 250 Hz over 250 Hz to 2 kHz", -100, 60),
    Feature("presence", "dB", "power from 2 to 4 kHz over 250 Hz to 2 kHz", -100, 60),
    Feature("air", "dB", "power from 4 to 7.9 kHz over 250 Hz to 2 kHz", -100, 60),
    Feature(
        "resonance", "dB", "highest peak of the mean spectrum over the octave around it", 0, 100
    ),
    Feature("range_low", "dB", "95th less 10th percentile of level under 1 kHz", 0, 100),
    Feature("range_mid", "dB", "95th less 10th percentile of level from 1 to 4 kHz", 0, 100),
    Feature("range_high", "dB", "95th less 10th percentile of level over 4 kHz", 0, 100),
    Feature(
        "line_low", "dB", "strongest steady tone under 800 Hz over what lies beside it", -50, 120
    ),
    Feature(
        "line_high", "dB", "strongest steady tone over 800 Hz over what lies beside it", -50, 120
    ),
    Feature("flux", "dB", "median change of the spectrum within 32 ms in speech", 0, 100),
    Feature("flux_peak", "dB", "98th percentile of that change", 0, 100),
    Feature("holes", "1", "share of cells of the spectrum 25 dB below the cells beside them", 0, 1),
    Feature("amplitude_spread", "log", "mean over geometric mean of magnitude", 0, 20),
)

LOWEST: Final = 50.0
"""Hz; what lies below is direct current and rumble, and no part of the spectrum here."""

DEEPEST: Final = 90.0
"""dB below the strongest frame at which levels stop."""

LOW_RATE: Final = 2000
"""Hz, to which the sound is brought to look at its lowest frequencies."""

_LINE_SIZE: Final = 1000  # samples, 0.5 s: bins 2 Hz apart
_LINE_HOP: Final = 250  # a clip of 0.75 s has two frames


def measure(
    power: NDArray[np.float32],
    frequencies: NDArray[np.float64],
    samples: NDArray[np.float32],
    low: NDArray[np.float64],
) -> list[float]:
    """The values of `FEATURES`.

    Args:
        power: Of frames from first to last speech, `(frames, bins)`.
        frequencies: Of the bins, Hz.
        samples: The same stretch.
        low: The same at `LOW_RATE`, by `thinned`.

    Source:
        Own definitions. `amplitude_spread` is the statistic of Kim and Stern (2008), "Robust
        signal-to-noise ratio estimation based on waveform amplitude distribution analysis",
        Interspeech: speech has many small and few large samples, noise has not.
    """
    power = power.copy()
    power[:, frequencies < LOWEST] = 0.0
    total = power.sum(axis=1, dtype=np.float64)
    loud = float(np.quantile(total, 0.95))
    least = loud * 10 ** (-DEEPEST / 10) + 1e-300
    active = total > loud * 10**-2.5
    mean = np.maximum(power[active].mean(axis=0, dtype=np.float64), least * 1e-3)
    spectrum = 10 * np.log10(mean)
    width = float(frequencies[1])
    smooth = _moving(spectrum, round(250 / width))
    strongest = float(smooth.max())
    top = np.flatnonzero(smooth > strongest - 55)[-1]
    bottom = np.flatnonzero(smooth > strongest - 30)[0]
    jump = round(500 / width)
    start = round(400 / width)
    falls = smooth[start:-jump] - smooth[start + jump :]
    bands = _bands(power, least)
    mid = _between(mean, frequencies, 250, 2000)
    middle = slice(round(150 / width), None)
    peaks = _moving(spectrum, 3)[middle] - _octave(spectrum)[middle]
    ranges = [
        _range(power, frequencies, low, high, least)
        for low, high in ((60, 1000), (1000, 4000), (4000, 7900))
    ]
    steps = np.sqrt(np.mean((bands[2:] - bands[:-2]) ** 2, axis=1))
    heard = active[2:] | active[:-2]
    change = steps[heard] if heard.any() else np.zeros(1)
    return [
        float(frequencies[top]) / 1000,
        float(frequencies[bottom]) / 1000,
        float(falls.max()),
        *(
            10 * math.log10(_between(mean, frequencies, low, high) / mid)
            for low, high in ((60, 250), (2000, 4000), (4000, 7900))
        ),
        max(float(peaks.max()), 0.0),
        *ranges,
        line_low(low),
        _line(power, 8, 6, round(800 / width), least / power.shape[1]),
        float(np.median(change)),
        float(np.quantile(change, 0.98)),
        _holes(bands, active),
        _spread(samples),
    ]


def _between(
    mean: NDArray[np.float64], frequencies: NDArray[np.float64], low: float, high: float
) -> float:
    return float(mean[(frequencies >= low) & (frequencies < high)].sum())


def _moving(values: NDArray[np.float64], size: int) -> NDArray[np.float64]:
    """The mean over `size` neighbours, fewer at the ends."""
    size |= 1
    sums = np.concatenate([[0.0], np.cumsum(values)])
    place = np.arange(len(values))
    low = np.maximum(place - size // 2, 0)
    high = np.minimum(place + size // 2 + 1, len(values))
    return np.asarray((sums[high] - sums[low]) / (high - low))


def _octave(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """The mean over the octave around each bin."""
    sums = np.concatenate([[0.0], np.cumsum(values)])
    place = np.arange(len(values))
    low = np.floor(place / math.sqrt(2)).astype(np.int64)
    high = np.minimum(np.ceil(place * math.sqrt(2)).astype(np.int64) + 1, len(values))
    return np.asarray((sums[high] - sums[low]) / (high - low))


def _range(
    power: NDArray[np.float32],
    frequencies: NDArray[np.float64],
    low: float,
    high: float,
    least: float,
) -> float:
    """Spread of a band's level over all frames, pauses included, in dB."""
    inside = (frequencies >= low) & (frequencies < high)
    level = np.maximum(power[:, inside].sum(axis=1, dtype=np.float64), least)
    weak, strong = np.quantile(level, [0.1, 0.95])
    return 10 * math.log10(strong / weak)


@compiled
def _bands(power: NDArray[np.float32], least: float) -> NDArray[np.float64]:
    """Levels in dB of 32 bands of equal width, `(frames, 32)`."""
    frames, bins = power.shape
    width = bins // 32
    result = np.empty((frames, 32))
    for t in range(frames):
        for b in range(32):
            total = 0.0
            for f in range(b * width, (b + 1) * width):
                total += power[t, f]
            result[t, b] = 10 * math.log10(max(total, least))
    return result


@compiled
def _holes(bands: NDArray[np.float64], active: NDArray[np.bool_]) -> float:
    """Share of cells in active frames that lie 25 dB below the weaker of four neighbours' means."""
    frames, count = bands.shape
    holes = cells = 0
    for t in range(1, frames - 1):
        if not active[t]:
            continue
        for b in range(1, count - 1):
            beside = min(
                (bands[t - 1, b] + bands[t + 1, b]) / 2, (bands[t, b - 1] + bands[t, b + 1]) / 2
            )
            cells += 1
            if beside - bands[t, b] > 10.0:
                holes += 1
    return holes / max(cells, 1)


def _line(power: NDArray[np.float32], block: int, far: int, first: int, least: float) -> float:
    """The most by which a bin's weak moments stand above those of the bins beside it, in dB.

    Args:
        power: Of frames, `(frames, bins)`.
        block: Frames, of which the weakest counts; then the median is taken over blocks.
        far: Bins to those beside.
        first: The lowest bin that counts.
        least: Power at which levels stop.
    """
    count = max(len(power) // block, 1)
    weakest = power[: count * block].reshape(count, -1, power.shape[1]).min(axis=1)
    level = 10 * np.log10(np.maximum(np.median(weakest, axis=0), least))
    around = [level[far - k : len(level) - far - k] for k in (-far, -far + 1, far - 1, far)]
    beside = np.maximum((around[0] + around[1]) / 2, (around[2] + around[3]) / 2)
    own = level[far : len(level) - far]
    return float((own - beside)[max(first - far, 0) :].max())


def line_low(low: NDArray[np.float64]) -> float:
    """The feature, from spectra of 0.5 s, 2 Hz apart; NaN in under 0.75 s.

    Args:
        low: Samples at `LOW_RATE`.

    Example:
        >>> t, rng = np.arange(6000) / LOW_RATE, np.random.default_rng(0)
        >>> hiss = rng.standard_normal(6000)
        >>> [round(line_low(hiss + a * np.sin(2 * np.pi * 60 * t)), 1) for a in (0, 1, 10)]
        [6.8, 29.1, 49.3]
    """
    count = (len(low) - _LINE_SIZE) // _LINE_HOP + 1
    if count < 2:
        return math.nan
    frames = np.lib.stride_tricks.sliding_window_view(low, _LINE_SIZE)[::_LINE_HOP]
    spectra = scipy.fft.rfft((frames * _taper()).astype(np.float32))[:, :400]
    power = spectra.real**2 + spectra.imag**2
    return _line(power, 3, 10, 20, float(power.max()) * 1e-9 + 1e-30)


@cache
def _taper() -> NDArray[np.float64]:
    """A Hann window."""
    return np.asarray(np.hanning(_LINE_SIZE + 2)[1:-1], np.float64)


@compiled
def thinned(samples: NDArray[np.float32], factor: int) -> NDArray[np.float64]:
    """Every `factor`-th sample of a triangle-weighted mean over twice that many."""
    count = len(samples) // factor
    result = np.zeros(count)
    for k in range(count):
        rising = falling = 0.0
        for j in range(factor):
            value = float(samples[k * factor + j])
            weight = (j + 0.5) / factor
            rising += value * weight
            falling += value * (1.0 - weight)
        result[k] += rising / factor
        if k > 0:
            result[k - 1] += falling / factor
    return result


@compiled
def _spread(samples: NDArray[np.float32]) -> float:
    """Log of the mean of the magnitudes over their geometric mean, of every fourth sample."""
    total = 0.0
    count = 0
    for i in range(0, len(samples), 4):
        total += abs(float(samples[i]))
        count += 1
    mean = total / count
    if mean <= 0:
        return math.nan
    logs = 0.0
    for i in range(0, len(samples), 4):
        logs += math.log(max(abs(float(samples[i])), 1e-4 * mean))
    return max(math.log(mean) - logs / count, 0.0)
