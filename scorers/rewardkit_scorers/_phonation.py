# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The spectrum of voiced frames: tilt, harmonics and change from frame to frame."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from rewardkit.features import Feature
from rewardkit_scorers._compiled import compiled

LOW: Final = 50.0
TOP: Final = 3800.0
"""Hz; nothing below and above is used, so that 8 kHz recordings compare with others."""

FEATURES: Final = (
    Feature("centroid", "Hz", "mean centre of gravity of the spectrum, to 3.8 kHz", LOW, TOP),
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
    Feature("flux", "dB", "mean change of the spectrum's shape from frame to frame", 0, 120),
    Feature("level_f0", "1", "correlation of level with F0 in semitones", -1, 1),
    Feature("level_tilt", "1", "correlation of level with the alpha ratio", -1, 1),
)

_EDGES: Final = (100.0, 300.0, 500.0, 800.0, 1200.0, 1700.0, 2300.0, 3000.0, TOP)
_BORDERS: Final = np.array([60.0, 300.0, 500.0, 1000.0, 1500.0, 1800.0, 2000.0])


class Shapes(NamedTuple):
    """What is kept of each frame's spectrum.

    Args:
        frames: Level, centroid, low share, alpha, Hammarberg, tilt_low, H1-H2, H1-A3, tilt_mid:
            float64 of shape `(frames, 9)`.
        bands: Levels of the flux bands less their mean, float64 of shape `(frames, bands)`.
    """

    frames: NDArray[np.float64]
    bands: NDArray[np.float64]


def shapes(
    power: NDArray[np.float32],
    decibels: NDArray[np.float32],
    frequencies: NDArray[np.float64],
    f0: NDArray[np.float64],
) -> Shapes:
    """The shape of each voiced frame's spectrum.

    Args:
        power: Of shape `(frames, bins)`, all positive.
        decibels: The same in dB.
        frequencies: Of the bins in Hz, shape `(bins,)`.
        f0: In Hz, shape `(frames,)`.
    """
    borders = np.searchsorted(frequencies, _BORDERS, side="left")
    edges = np.searchsorted(frequencies, np.array(_EDGES), side="left")
    edges[-1] = len(frequencies)
    return Shapes(*_shapes(power, decibels, frequencies, f0, borders, edges))


def joined(parts: Sequence[Shapes]) -> Shapes:
    """The frames of several blocks, in order."""
    return Shapes(*(np.concatenate(each) for each in zip(*parts, strict=True)))


def phonation(
    found: Shapes, f0: NDArray[np.float64], places: NDArray[np.int64]
) -> dict[str, float]:
    """The features above, over the voiced frames given.

    Args:
        found: Their shapes.
        f0: In Hz, shape `(frames,)`.
        places: Number of each frame in the clip, shape `(frames,)`; neighbours differ by one.

    Source:
        `alpha_ratio`, `hammarberg`, the tilts, `h1_h2`, `h1_a3`: Eyben et al. (2016), "The Geneva
        minimalistic acoustic parameter set", IEEE Trans. Affective Computing 7(2), with 3.8 kHz
        for 5 kHz, lines fitted to the dB spectrum, and no correction for formants.
    """
    level, centroid, low, alpha, hammarberg, rise, first_second, first_third, tilt_mid = (
        found.frames.T
    )
    values = {
        "centroid": centroid.mean(),
        "centroid_sd": centroid.std(),
        "low_share": low.mean(),
        "alpha_ratio": alpha.mean(),
        "hammarberg": hammarberg.mean(),
        "tilt_low": rise.mean(),
        "tilt_mid": tilt_mid.mean(),
        "h1_h2": first_second.mean(),
        "h1_h2_sd": first_second.std(),
        "h1_a3": first_third.mean(),
        "h1_a3_sd": first_third.std(),
        "level_f0": _correlation(level, np.log2(f0)),
        "level_tilt": _correlation(level, alpha),
    }
    follows = np.diff(places) == 1
    if follows.any():
        values["flux"] = np.abs(np.diff(found.bands, axis=0))[follows].mean()
    return values


def _correlation(x: NDArray[np.float64], y: NDArray[np.float64]) -> float:
    """Pearson's correlation; NaN where one of the two hardly varies."""
    x, y = x - x.mean(), y - y.mean()
    spread_x, spread_y = math.sqrt(np.mean(x * x)), math.sqrt(np.mean(y * y))
    if min(spread_x, spread_y) < 1e-3:
        return math.nan
    return float(np.clip(np.mean(x * y) / (spread_x * spread_y), -1, 1))


@compiled
def _shapes(
    power: NDArray[np.float32],
    decibels: NDArray[np.float32],
    frequencies: NDArray[np.float64],
    f0: NDArray[np.float64],
    borders: NDArray[np.int64],
    edges: NDArray[np.int64],
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Per frame: level, centroid, low share, alpha, Hammarberg, tilt_low, H1-H2, H1-A3, tilt_mid.

    And the levels of the flux bands, less their mean. Sums over bands are differences of a running
    sum, so that each bin is added once.
    """
    frames, bins = power.shape
    spacing = frequencies[1] - frequencies[0]
    at60, at300, at500, at1000, at1500, at1800, at2000 = borders
    at300 += frequencies[at300] == 300.0
    at500 += frequencies[at500] == 500.0
    at1000 += frequencies[at1000] == 1000.0
    at1500 += frequencies[at1500] == 1500.0
    at2000 += frequencies[at2000] == 2000.0
    start500 = at500 - 1 if frequencies[at500 - 1] == 500.0 else at500
    shapes = np.empty((frames, 9))
    bands = np.empty((frames, len(edges) - 1))
    running = np.zeros(bins + 1)
    for frame in range(frames):
        weighted = 0.0
        for i in range(bins):
            value = float(power[frame, i])
            running[i + 1] = running[i] + value
            weighted += value * frequencies[i]
        total = running[bins]
        shapes[frame, 0] = 10 * math.log10(total)
        shapes[frame, 1] = weighted / total
        shapes[frame, 2] = 10 * math.log10(
            (running[at300] - running[at60]) / (total - running[at60])
        )
        shapes[frame, 3] = 10 * math.log10(running[at1000] / (total - running[at1000]))
        below = above = third = np.float32(-1e30)
        for i in range(at2000):
            below = max(below, decibels[frame, i])
        for i in range(at1800, bins):
            third = max(third, decibels[frame, i])
        for i in range(at2000, bins):
            above = max(above, decibels[frame, i])
        shapes[frame, 4] = below - above
        shapes[frame, 5] = _slope(decibels[frame, :at500]) / spacing * 450.0
        shapes[frame, 8] = _slope(decibels[frame, start500:at1500]) / spacing * 1000.0
        harmonics = np.empty(2)
        for number in range(1, 3):
            low = math.ceil(((number - 0.3) * f0[frame] - frequencies[0]) / spacing)
            high = math.floor(((number + 0.3) * f0[frame] - frequencies[0]) / spacing) + 1
            low, high = min(max(low, 0), bins), min(max(high, 0), bins)
            inside = running[high] - running[low]  # empty when F0 is below the lowest bins
            harmonics[number - 1] = 10 * math.log10(inside) if inside > 0 else math.nan
        shapes[frame, 6] = harmonics[0] - harmonics[1]
        shapes[frame, 7] = harmonics[0] - third
        mean = 0.0
        for band in range(bands.shape[1]):
            bands[frame, band] = 10 * math.log10(running[edges[band + 1]] - running[edges[band]])
            mean += bands[frame, band] / bands.shape[1]
        for band in range(bands.shape[1]):
            bands[frame, band] -= mean
    return shapes, bands


@compiled
def _slope(values: NDArray[np.float32]) -> float:
    """Slope per place of the least-squares line through equally spaced values."""
    middle = 0.5 * (len(values) - 1)
    product = square = 0.0
    for i in range(len(values)):
        product += (i - middle) * values[i]
        square += (i - middle) ** 2
    return product / square
