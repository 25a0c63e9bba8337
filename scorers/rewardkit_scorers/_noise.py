# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is heard between the words: noise floor, hum, breath."""

from __future__ import annotations

import math
from functools import cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

from rewardkit.features import Feature
from rewardkit_scorers._compiled import compiled
from rewardkit_scorers._fourier import rfft
from rewardkit_scorers._pauses import DIGITAL, recorded
from rewardkit_scorers._ranks import quantile
from rewardkit_scorers._spectrum import DEPTH
from rewardkit_scorers._thinned import thinned

FEATURES: Final = (
    Feature("snr", "dB", "power of voice over power of the noise floor", -40, DEPTH),
    Feature("hum", "dB", "mains hum: lines at 50 or 60 Hz over what lies beside them", -60, 150),
    Feature("breath_share", "1", "share of time in breaths between words", 0, 1),
    Feature("breath_level", "dB", "level of breaths re voice; NaN without breaths", -DEPTH, 0),
)

QUIET: Final = 0.1
"""Share of frames that are quieter than the noise floor."""

AUDIBLE: Final = 10.0
"""dB over the noise floor from which noise counts as breath."""

SOFTEST: Final = 50.0
"""dB below voice from which on noise counts as breath."""

LOUDEST: Final = 12.0
"""dB below voice that breath does not surpass; what is louder is speech."""

SHORTEST: Final = 0.15
"""Seconds over which frames must hold noise: a breath of 0.1 s, and what their window adds."""

APART: Final = 0.05
"""Seconds between a breath and voice, so that consonants beside a vowel are none."""

LINES: Final = 4
"""Harmonics of the mains that are looked at."""

_RATE: Final = 1000.0  # Hz, to which the sound is brought to look at its lowest frequencies
_WINDOW: Final = 0.2  # s: bins 5 Hz apart, and a Hann window that tells 50 from 60 Hz
_BESIDE: Final = 25.0  # Hz from a line to where there is none


def noise(
    samples: NDArray[np.float32],
    sample_rate: int,
    power: NDArray[np.float64],
    voiced: NDArray[np.bool_],
    chosen: NDArray[np.bool_],
    step: float,
) -> dict[str, float]:
    """The features above.

    `snr`: the noise floor is the 10th percentile of the frames' power, digital
    silence at the ends left out, so a clip without pauses gets the distance to its weakest frames,
    a lower bound. `hum` and breath look at unvoiced
    stretches only. `hum`: power in the lines at 50, 100, 150 and 200 Hz over that 25 Hz beside
    each, mean of the four ratios; or the same for 60 Hz, if that is more. 0 is no hum; NaN
    without an unvoiced stretch of 0.2 s. A breath is noise of at least `SHORTEST` that stands
    alone: `APART` from voice on both sides, `AUDIBLE` over the floor, `LOUDEST` to
    `SOFTEST` below voice.

    Args:
        samples: Shape `(n,)`.
        sample_rate: In Hz.
        power: Of each frame, shape `(frames,)`.
        voiced: Which frames are, shape `(frames,)`.
        chosen: The voiced frames that stand for voice, at least one.
        step: Seconds between frames.

    Source:
        Own definitions, tested on planted noise, hum and breaths.

    Example:
        >>> rng, t = np.random.default_rng(0), np.arange(32_000) / 16_000
        >>> hiss = 1e-3 * rng.standard_normal(32_000)
        >>> power = np.full(201, 1e-6)
        >>> no, one = np.zeros(201, bool), np.arange(201) == 0
        >>> [round(noise(wave.astype(np.float32), 16_000, power, no, one, 0.01)["hum"])
        ...  for wave in (hiss, hiss + 0.01 * np.sin(2 * np.pi * 60 * t))]
        [1, 41]
    """
    strongest = float(power.max())
    first, last = recorded(power, strongest * 10 ** (-DIGITAL / 10))
    floor = max(quantile(power[first:last], QUIET), strongest * 10 ** (-DEPTH / 10))
    voice = float(power[chosen].mean())
    excess = max(voice / floor - 1.0, 1e-4)
    duration = len(samples) / sample_rate
    least = max(floor * 10 ** (AUDIBLE / 10), voice * 10 ** (-SOFTEST / 10))
    most = voice * 10 ** (-LOUDEST / 10)
    shortest, apart = round(SHORTEST / step), round(APART / step)
    count, energy = _breaths(power, voiced, least, most, shortest, apart)
    return {
        "snr": min(10 * math.log10(excess), DEPTH),
        "hum": _hum(samples, sample_rate, voiced, step),
        "breath_share": min(count * step / duration, 1.0),
        "breath_level": 10 * math.log10(energy / count / voice) if count else math.nan,
    }


def _hum(
    samples: NDArray[np.float32], sample_rate: int, voiced: NDArray[np.bool_], step: float
) -> float:
    """Mean prominence of the lines of 50 or of 60 Hz, whichever is more, in dB."""
    factor = round(sample_rate / _RATE)
    low = thinned(samples, factor)
    rate = sample_rate / factor
    size = round(_WINDOW * rate)
    around = round(_WINDOW / 2 / step)
    calls = np.concatenate(([0], np.cumsum(voiced)))
    centres = np.arange(around, len(voiced) - around, around // 2)
    centres = centres[calls[centres + around] == calls[centres - around]]
    starts = np.rint(centres * step * rate).astype(np.int64) - size // 2
    starts = starts[(starts >= 0) & (starts + size <= len(low))]
    if not len(starts):
        return math.nan
    frames = low[starts[:, None] + np.arange(size)]
    taper = _taper(size)
    spectra = rfft((frames - frames.mean(axis=1, keepdims=True)) * taper)
    mean = np.mean(spectra.real**2 + spectra.imag**2, axis=0)
    mean += 1e-12 * (float(np.square(low).max()) * size + 1e-300)  # digital silence has no hum
    prominences = []
    for mains in (50.0, 60.0):
        lines = mains * np.arange(1, LINES + 1)
        at, below, above = (
            mean[np.rint((lines + shift) * size / rate).astype(np.int64)]
            for shift in (0.0, -_BESIDE, _BESIDE)
        )
        prominences.append(float(np.mean(2 * at / (below + above))))
    return 10 * math.log10(max(prominences))


@cache
def _taper(size: int) -> NDArray[np.float64]:
    """A Hann window."""
    return np.asarray(np.hanning(size + 2)[1:-1], dtype=np.float64)


@compiled
def _breaths(
    power: NDArray[np.float64],
    voiced: NDArray[np.bool_],
    least: float,
    most: float,
    shortest: int,
    apart: int,
) -> tuple[int, float]:
    """Frames in breaths, and the sum of their power."""
    count = 0
    energy = 0.0
    frames = len(power)
    k = 0
    while k < frames:
        if voiced[k] or power[k] < least:
            k += 1
            continue
        stop = k
        inside = 0.0
        while stop < frames and not voiced[stop] and power[stop] >= least:
            inside += power[stop]
            stop += 1
        alone = stop - k >= shortest and k > 0 and stop < frames and inside / (stop - k) <= most
        for i in range(max(k - apart, 0), min(stop + apart, frames)):
            alone = alone and not voiced[i]
        if alone:
            count += stop - k
            energy += inside
        k = stop
    return count, energy
