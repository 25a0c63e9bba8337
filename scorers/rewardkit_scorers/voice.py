# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Voice: how effort and phonation colour the spectrum of voiced speech, whatever its level."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

import numpy as np
from numpy.typing import NDArray

from rewardkit.clip import Clip
from rewardkit.features import Feature
from rewardkit_scorers import _praat
from rewardkit_scorers._spectrum import power_spectra

STEP: Final = 0.01
"""Seconds between frames."""

WINDOW: Final = 0.05
"""Seconds; the Hann window of a frame's spectrum: three periods of 60 Hz."""

TOP: Final = 3800.0
"""Hz; nothing above is used, so that 8 kHz recordings compare with others."""

DEPTH: Final = 80.0
"""dB below the strongest bin of the clip at which spectra stop."""

QUIET: Final = 25.0
"""dB below the 99th percentile of level; quieter frames are left out."""

FEATURES: Final = (
    Feature("centroid", "Hz", "mean centre of gravity of the spectrum, to 3.8 kHz", 60, TOP),
    Feature("centroid_sd", "Hz", "standard deviation of the centre of gravity", 0, TOP),
    Feature("low_share", "dB", "level at 60-300 Hz re all of 60-3800 Hz", -120, 0),
    Feature("alpha_ratio", "dB", "level at 50-1000 Hz over level at 1-3.8 kHz", -120, 120),
    Feature("hammarberg", "dB", "strongest bin to 2 kHz over strongest in 2-3.8 kHz", -120, 120),
    Feature("tilt_low", "dB", "rise of the line fitted to the spectrum over 50-500 Hz", -300, 300),
    Feature("tilt_mid", "dB", "rise of the line fitted over 500-1500 Hz", -300, 300),
    Feature("h1_h2", "dB", "first over second harmonic", -120, 120),
    Feature("h1_h2_sd", "dB", "standard deviation of first over second harmonic", 0, 120),
    Feature("h1_a3", "dB", "first harmonic over strongest bin in 1.8-3.8 kHz", -120, 120),
    Feature("h1_a3_sd", "dB", "standard deviation of the latter", 0, 120),
    Feature("cpp", "dB", "mean cepstral peak prominence", 0, 200),
    Feature("cpp_sd", "dB", "standard deviation of cepstral peak prominence", 0, 200),
    Feature("flux", "dB", "mean change of the spectrum's shape from frame to frame", 0, 120),
    Feature("level_f0", "1", "correlation of level with F0 in semitones", -1, 1),
    Feature("level_tilt", "1", "correlation of level with the alpha ratio", -1, 1),
)

_EDGES = (100.0, 300.0, 500.0, 800.0, 1200.0, 1700.0, 2300.0, 3000.0, TOP)


@dataclass(frozen=True)
class Voice:
    """Spectral tilt, harmonics and cepstral prominence of the voiced frames.

    Raised effort flattens the spectrum, and breathy or soft voice steepens it. Unlike loudness,
    that stays when a recording's level is changed. Only voiced frames within `QUIET` of the
    clip's strongest count.

    Args:
        floor: Lowest pitch in Hz.
        ceiling: Highest pitch in Hz.

    Source:
        `alpha_ratio`, `hammarberg`, the tilts, `h1_h2`, `h1_a3`: Eyben et al. (2016), "The Geneva
        minimalistic acoustic parameter set", IEEE Trans. Affective Computing 7(2), with 3.8 kHz
        for 5 kHz, lines fitted to the dB spectrum, and no correction for formants.
        `cpp`: Hillenbrand, Cleveland & Erickson (1994), "Acoustic correlates of breathy vocal
        quality", JSHR 37, 769-778, without smoothing.

    Example:
        >>> t = np.arange(16_000) / 16_000
        >>> voice = np.sin(2 * np.pi * 200 * t) + 0.5 * np.sin(2 * np.pi * 400 * t)
        >>> round(Voice()(Clip(voice.astype(np.float32), 16_000))["h1_h2"], 1)
        6.0
    """

    floor: float = 60.0
    ceiling: float = 700.0

    name = "voice"
    version = 1
    sample_rate = 16_000
    features = FEATURES

    def __call__(self, clip: Clip) -> Mapping[str, float]:
        """Measure one clip; NaN where there is too little voice to measure."""
        values = dict.fromkeys((f.name for f in FEATURES), math.nan)
        if not _praat.measurable(clip):
            return values
        track = _praat.track(_praat.sound(clip), self.floor, self.ceiling, STEP)
        f0 = track.resampled(int(clip.duration / STEP) + 1, STEP)
        blocks = list(power_spectra(clip, WINDOW, STEP))
        inside = (blocks[0][0] >= 50) & (blocks[0][0] <= TOP)
        frequencies = blocks[0][0][inside]
        power = np.concatenate([block[:, inside] for _, block in blocks])
        power = np.maximum(power, power.max() * 10 ** (-DEPTH / 10))
        level = _level(power)
        level -= np.quantile(level, 0.99)
        chosen = np.isfinite(f0) & (level > -QUIET)
        if np.count_nonzero(chosen) < 5:
            return values
        values |= _tilt(power[chosen], frequencies, level[chosen], f0[chosen])
        values |= _harmonics(power[chosen], frequencies, f0[chosen])
        values |= _prominence(10 * np.log10(power[chosen]), frequencies[1] - frequencies[0])
        values |= _flux(power, frequencies, chosen)
        return {name: float(value) for name, value in values.items()}


def _level(power: NDArray[np.float64]) -> NDArray[np.float64]:
    """Level of each frame over the bins given, in dB."""
    return np.asarray(10 * np.log10(power.sum(axis=1)))


def _tilt(
    power: NDArray[np.float64],
    frequencies: NDArray[np.float64],
    level: NDArray[np.float64],
    f0: NDArray[np.float64],
) -> dict[str, float]:
    """How power is shared between low and high frequencies, and what goes with level."""
    decibels = 10 * np.log10(power)
    centroid = power @ frequencies / power.sum(axis=1)
    alpha = _level(power[:, frequencies <= 1000]) - _level(power[:, frequencies > 1000])
    total = _level(power[:, frequencies >= 60])
    low = _level(power[:, (frequencies >= 60) & (frequencies <= 300)])
    below = decibels[:, frequencies <= 2000].max(axis=1)
    above = decibels[:, frequencies > 2000].max(axis=1)

    def rise(first: float, last: float) -> float:
        band = (frequencies >= first) & (frequencies <= last)
        centred = frequencies[band] - frequencies[band].mean()
        slopes = decibels[:, band] @ centred / (centred @ centred)
        return float(slopes.mean() * (last - first))

    return {
        "centroid": centroid.mean(),
        "centroid_sd": centroid.std(),
        "low_share": np.mean(low - total),
        "alpha_ratio": alpha.mean(),
        "hammarberg": np.mean(below - above),
        "tilt_low": rise(50, 500),
        "tilt_mid": rise(500, 1500),
        "level_f0": _correlation(level, np.log2(f0)),
        "level_tilt": _correlation(level, alpha),
    }


def _correlation(x: NDArray[np.float64], y: NDArray[np.float64]) -> float:
    """Pearson's correlation; NaN where one of the two hardly varies."""
    if min(np.std(x), np.std(y)) < 1e-3:
        return math.nan
    return float(np.clip(np.corrcoef(x, y)[0, 1], -1, 1))


def _harmonics(
    power: NDArray[np.float64], frequencies: NDArray[np.float64], f0: NDArray[np.float64]
) -> dict[str, float]:
    """The first harmonic against the second and against the third formant's region."""

    def harmonic(number: int) -> NDArray[np.float64]:
        near = np.abs(frequencies[None, :] - number * f0[:, None]) <= 0.3 * f0[:, None]
        return _level(np.where(near, power, 0.0))

    first = harmonic(1)
    first_second = first - harmonic(2)
    first_third = first - 10 * np.log10(power[:, frequencies >= 1800].max(axis=1))
    return {
        "h1_h2": first_second.mean(),
        "h1_h2_sd": first_second.std(),
        "h1_a3": first_third.mean(),
        "h1_a3_sd": first_third.std(),
    }


def _prominence(decibels: NDArray[np.float64], spacing: float) -> dict[str, float]:
    """Height of the cepstrum's peak in 60-500 Hz over the line fitted through that stretch."""
    size = 1 << (8 * decibels.shape[1] - 1).bit_length()
    flat = decibels - decibels.mean(axis=1, keepdims=True)
    cepstrum = np.abs(np.fft.fft(flat, size, axis=1))
    quefrency = np.arange(size) / (size * spacing)
    inside = (quefrency >= 1 / 500) & (quefrency <= 1 / 60)
    height = 20 * np.log10(np.maximum(cepstrum[:, inside], 1e-6))
    x = quefrency[inside] - quefrency[inside].mean()
    slope = height @ x / (x @ x)
    peak = height.argmax(axis=1)
    line = height.mean(axis=1) + slope * x[peak]
    prominence = np.maximum(height.max(axis=1) - line, 0)
    return {"cpp": prominence.mean(), "cpp_sd": prominence.std()}


def _flux(
    power: NDArray[np.float64], frequencies: NDArray[np.float64], chosen: NDArray[np.bool_]
) -> dict[str, float]:
    """Change of level in eight bands, less their common change, between chosen neighbours."""
    bands = np.stack(
        [
            _level(power[:, (frequencies >= low) & (frequencies < high)])
            for low, high in pairwise(_EDGES)
        ],
        axis=1,
    )
    shape = bands - bands.mean(axis=1, keepdims=True)
    both = chosen[1:] & chosen[:-1]
    return {"flux": np.abs(np.diff(shape, axis=0))[both].mean()} if both.any() else {}
