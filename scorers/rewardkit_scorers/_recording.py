# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the spectrum over the whole clip says: limits of the band, noise floor, steady tones."""

from __future__ import annotations

import math
from functools import cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

from rewardkit.features import Feature
from rewardkit_scorers._compiled import compiled
from rewardkit_scorers._fourier import rfft
from rewardkit_scorers._ranks import quantile
from rewardkit_scorers._spectrum import summed

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
    Feature("holes", "1", "share of cells of the spectrum 10 dB below the cells beside them", 0, 1),
    Feature("amplitude_spread", "log", "mean over geometric mean of magnitude", 0, 20),
)

LOWEST: Final = 50.0
"""Hz; what lies below is direct current and rumble, and no part of the spectrum here."""

DEEPEST: Final = 90.0
"""dB below the strongest frame at which levels stop."""

HOLE: Final = 10.0
"""dB by which a cell lies below the cells before and after, and above and below, to be a hole."""

LOW_RATE: Final = 2000
"""Hz, to which the sound is brought to look at its lowest frequencies."""

_RANGES: Final = ((60.0, 1000.0), (1000.0, 4000.0), (4000.0, 7900.0))  # Hz
_BANDS: Final = np.array([[60.0, 250.0], [2000.0, 4000.0], [4000.0, 7900.0], [250.0, 2000.0]])  # Hz
_LINE_SIZE: Final = 1000  # samples, 0.5 s: bins 2 Hz apart
_LINE_HOP: Final = 250  # a clip of 0.75 s has two frames


def measure(
    power: NDArray[np.float32],
    frequencies: NDArray[np.float64],
    samples: NDArray[np.float32],
    slow: NDArray[np.float64],
) -> list[float]:
    """The values of `FEATURES`.

    Args:
        power: Of frames from first to last speech, `(frames, bins)`.
        frequencies: Of the bins, Hz.
        samples: The same stretch.
        slow: The same at `LOW_RATE`, by `thinned`.

    Source:
        Own definitions. `amplitude_spread` is the statistic of Kim and Stern (2008), "Robust
        signal-to-noise ratio estimation based on waveform amplitude distribution analysis",
        Interspeech: speech has many small and few large samples, noise has not.
    """
    first = int(np.searchsorted(frequencies, LOWEST))
    low = np.searchsorted(frequencies, [LOWEST, *(low for low, _ in _RANGES)])
    high = np.searchsorted(frequencies, [np.inf, *(high for _, high in _RANGES)])
    sums = summed(power, low, high)
    loud = quantile(sums[:, 0], 0.95)
    least = loud * 10 ** (-DEEPEST / 10) + 1e-300
    active = sums[:, 0] > loud * 10**-2.5
    bands = 10 * np.log10(np.maximum(_bands(power, first), least))
    steps = np.sqrt(np.mean((bands[2:] - bands[:-2]) ** 2, axis=1))
    change = steps[active[2:] | active[:-2]]
    if not len(change):
        change = np.zeros(1)
    return [
        *_shape(_mean(power, active, first, least * 1e-3), frequencies).tolist(),
        *(_spread_of(level, least) for level in sums[:, 1:].T),
        line_low(slow),
        _line(power, 8, 6, round(800 / frequencies[1]), least / power.shape[1]),
        quantile(change, 0.5),
        quantile(change, 0.98),
        _holes(bands, active),
        _spread(samples),
    ]


@compiled
def _mean(
    power: NDArray[np.float32], active: NDArray[np.bool_], first: int, least: float
) -> NDArray[np.float64]:
    """Mean power of the active frames in each bin; nothing below the bin `first`."""
    frames, bins = power.shape
    mean = np.zeros(bins)
    for t in range(frames):
        if active[t]:
            row = power[t]
            for f in range(bins):
                mean[f] += row[f]
    mean[:first] = 0.0
    return np.maximum(mean / max(int(np.count_nonzero(active)), 1), least)


@compiled
def _shape(mean: NDArray[np.float64], frequencies: NDArray[np.float64]) -> NDArray[np.float64]:
    """The features from `band_top` to `resonance`, of a mean spectrum that is nowhere 0."""
    spectrum = 10 * np.log10(mean)
    count, width = len(mean), frequencies[1]
    smooth = _moving(spectrum, round(250 / width))
    strongest = smooth.max()
    top = bottom = -1
    for f in range(count):
        if smooth[f] > strongest - 55:
            top = f
        if bottom < 0 and smooth[f] > strongest - 30:
            bottom = f
    jump = round(500 / width)
    fall = -np.inf
    for f in range(round(400 / width), count - jump):
        fall = max(fall, smooth[f] - smooth[f + jump])
    narrow, octave = _moving(spectrum, 3), _octave(spectrum)
    peak = 0.0
    for f in range(round(150 / width), count):
        peak = max(peak, narrow[f] - octave[f])
    sums = np.zeros(4)
    for f in range(count):
        for band in range(4):
            if _BANDS[band, 0] <= frequencies[f] < _BANDS[band, 1]:
                sums[band] += mean[f]
    levels = 10 * np.log10(sums / sums[3])
    return np.array(
        [
            frequencies[top] / 1000,
            frequencies[bottom] / 1000,
            fall,
            levels[0],
            levels[1],
            levels[2],
            peak,
        ]
    )


@compiled
def _moving(values: NDArray[np.float64], size: int) -> NDArray[np.float64]:
    """The mean over `size` neighbours, fewer at the ends."""
    size |= 1
    sums = np.zeros(len(values) + 1)
    sums[1:] = np.cumsum(values)
    result = np.empty(len(values))
    for f in range(len(values)):
        low, high = max(f - size // 2, 0), min(f + size // 2 + 1, len(values))
        result[f] = (sums[high] - sums[low]) / (high - low)
    return result


@compiled
def _octave(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """The mean over the octave around each bin."""
    sums = np.zeros(len(values) + 1)
    sums[1:] = np.cumsum(values)
    result = np.empty(len(values))
    for f in range(len(values)):
        low = math.floor(f / math.sqrt(2))
        high = min(math.ceil(f * math.sqrt(2)) + 1, len(values))
        result[f] = (sums[high] - sums[low]) / (high - low)
    return result


def _spread_of(power: NDArray[np.float64], least: float) -> float:
    """Spread of a band's level over all frames, pauses included, in dB."""
    weak, strong = (max(quantile(power, share), least) for share in (0.1, 0.95))
    return 10 * math.log10(strong / weak)


@compiled
def _bands(power: NDArray[np.float32], first: int) -> NDArray[np.float64]:
    """Power in 32 bands of equal width, `(frames, 32)`, without the bins below `first`."""
    frames, bins = power.shape
    width = bins // 32
    result = np.zeros((frames, 32))
    for t in range(frames):
        for b in range(32):
            for f in range(max(b * width, first), (b + 1) * width):
                result[t, b] += power[t, f]
    return result


@compiled
def _holes(bands: NDArray[np.float64], active: NDArray[np.bool_]) -> float:
    """Share of cells in active frames `HOLE` below the weaker of their neighbours' two means."""
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
            if beside - bands[t, b] > HOLE:
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
    weakest.sort(axis=0)  # of few frames: much faster than np.median
    median = (weakest[(count - 1) // 2] + weakest[count // 2]) / 2
    level = 10 * np.log10(np.maximum(median, least))
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
    samples = low.astype(np.float32)
    frames = np.lib.stride_tricks.sliding_window_view(samples, _LINE_SIZE)[::_LINE_HOP]
    spectra = rfft(frames * _taper())[:, :400]
    power = spectra.real**2 + spectra.imag**2
    return _line(power, 3, 10, 20, float(power.max()) * 1e-9 + 1e-30)


@cache
def _taper() -> NDArray[np.float32]:
    """A Hann window."""
    return np.asarray(np.hanning(_LINE_SIZE + 2)[1:-1], np.float32)


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
    for first in range(0, len(samples), 64):
        product = 1.0  # of 16 numbers from 1e-4 to a clip's crest: far from what overflows
        for value in samples[first : first + 64 : 4]:
            product *= max(abs(float(value)) / mean, 1e-4)
        logs += math.log(product)
    return max(-logs / count, 0.0)
