# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: Apache-2.0
"""Is there speech in a clip at all? A gate before scoring, so that no reward is extrapolated.

What was trained on speech gives some number for a tone or for silence too, and an optimiser finds
it. A clip passes when it shows three traits of speech together, each of which has a physical cause:

1. **Voicing.** The vocal folds make a train of pulses: partials at every multiple of one frequency,
   so that many bands repeat with one common period. Noise repeats in none, a tone or a chord of
   tones in the few bands where it lies. Measured by the autocorrelation of the spectrum whitened
   over 300 Hz, corrected for the window (Boersma 1993, Proc. Inst. Phonetic Sci. 17:97-110; the
   whitening follows Sondhi 1968, IEEE Trans. AU-16:262-266).
2. **Movement.** The vocal tract keeps changing its resonances: the spectral envelope of voiced
   frames differs from its median by several dB. That of a hum, a buzzer or a chord stays.
3. **Modulation.** Syllables follow each other at 2 to 10 per second, and the level with them
   (Houtgast and Steeneken 1985, JASA 77:1069-1077). A siren or a steady hum keeps its level.

It asks for little, and is no voice activity detector: it says nothing of where speech is. Level
does not matter above the silence limit. Whispering has no voicing and does not pass. Singing and
music of rich, changing harmonics may pass, and so may two-tone dialling in noise. How the limits
were chosen stands beside them.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

from rewardkit.audio import resample
from rewardkit.clip import Clip

# The limits lie between the least that was measured of speech, 266 clips of EmoDB, 1,080 of RAVDESS
# and 351 of LibriSpeech (none of the 1,697 is refused), and the greatest of 1,521 sounds that are
# none and show the two other traits (three pass: dialling in noise twice, and a buzzer in noise;
# of the same sounds 10 s long, nine pass: beeps in noise).
# At 10 dB over white or pink noise 3 of 1,132 clips are refused; of the loudest second of a clip
# 2 %, of the loudest half second 4 %: mostly one held vowel, whose timbre does not move.
SILENCE: Final = 10 ** (-90 / 20)
"""Peak below which a clip is digital silence, full scale 1: the last bit of 16."""
MIN_VOICED: Final = 0.08
"""Least voiced time in s: five frames, the vowel of one syllable. Speech 0.10, others 0.05."""
MIN_MOVEMENT: Final = 1.9
"""Least movement of the spectral envelope in dB. Speech 2.3, others 1.6."""
MIN_MODULATION: Final = 0.8
"""Least modulation of the level in dB. Speech 3.5 (0.9 in noise), others 0.5."""

_WINDOW: Final = 0.040  # s; three periods of 75 Hz, as Boersma asks for
_HOP: Final = 0.016  # s
_BAND: Final = 300.0  # Hz
_BANDS: Final = 8
_LOW: Final = 200.0  # Hz; 200 to 2600 Hz lie inside a telephone's band
_PERIODS: Final = (0.002, 0.014)  # s; 71 to 500 Hz
_HIGHEST: Final = 7000.0  # Hz; what lies above does not count as energy
_HARMONIC: Final = 0.25  # share of the bands that repeat with one period in a voiced frame
_TRACK: Final = 3  # frames in a row with that period, within 10 %
_LONE: Final = 0.9  # share of the energy that one partial above 300 Hz has in no voice
_INSIDE: Final = 0.02  # least share of the energy that lies within the bands in a voiced frame
_QUIET: Final = 1e-4  # frames 40 dB below the loudest are left out
_GRID: Final = 16_000.0  # Hz; rate at which the autocorrelation is looked at
_LEAST_RATE: Final = 8_000  # Hz; below it, some of the bands would lie above half the rate
_ENOUGH: Final = 3.0  # s; as long as the sounds that the limits were chosen on
_CHUNK: Final = 64  # frames at a time, so that they stay in the processor's cache


@dataclass(frozen=True)
class Evidence:
    """What was measured of the three traits.

    Args:
        peak: Greatest magnitude without the mean; full scale is 1.
        voiced: Time that is voiced, in s.
        movement: Median distance of voiced spectral envelopes from their median, in dB.
        modulation: Standard deviation of the level between about 2 and 10 Hz, in dB.
    """

    peak: float
    voiced: float
    movement: float
    modulation: float

    @property
    def missing(self) -> str | None:
        """Which trait of speech is missing, in words, or None."""
        if self.peak < SILENCE:
            return "it is silent"
        if self.voiced < MIN_VOICED:
            return f"{self.voiced:.2f} s are voiced; speech has at least {MIN_VOICED:g} s"
        if self.movement < MIN_MOVEMENT:
            return f"its timbre moves by {self.movement:.1f} dB; speech, {MIN_MOVEMENT:g} or more"
        if self.modulation < MIN_MODULATION:
            return (
                f"its level moves by {self.modulation:.1f} dB; speech, {MIN_MODULATION:g} or more"
            )
        return None


def missing(clip: Clip) -> str | None:
    """Which trait of speech a clip lacks, in words; None when it shows them all.

    Most clips show them in their first seconds, and no more is looked at then.

    Example:
        >>> missing(Clip(np.zeros(16_000, np.float32), 16_000))
        'it is silent'
    """
    enough = round(_ENOUGH * clip.sample_rate)
    if len(clip.samples) > 1.5 * enough:
        start = Clip(clip.samples[:enough], clip.sample_rate, clip.source)
        if evidence(start).missing is None:
            return None
    return evidence(clip).missing


def has_speech(clip: Clip) -> bool:
    """Whether a clip, or its first seconds, shows the traits of speech; see the module.

    Example:
        >>> t = np.arange(16_000) / 16_000
        >>> has_speech(Clip(np.sin(2 * np.pi * 200 * t).astype(np.float32), 16_000))
        False
    """
    return missing(clip) is None


def evidence(clip: Clip) -> Evidence:
    """Measure the traits of speech.

    Args:
        clip: Finite samples, of any rate, level and length.

    Example:
        >>> evidence(Clip(np.zeros(16_000, np.float32), 16_000)).missing
        'it is silent'
    """
    if clip.sample_rate < _LEAST_RATE:
        clip = resample(clip, _LEAST_RATE)
    samples = clip.samples.astype(np.float64)
    if len(samples):
        samples -= samples.mean()
    peak = float(np.abs(samples).max(initial=0.0))
    if peak < SILENCE:
        return Evidence(peak, 0.0, 0.0, 0.0)
    share, period, bands, level = _frames((samples / peak).astype(np.float32), clip.sample_rate)
    energy = bands.sum(axis=1)
    voiced = _tracked((share > _HARMONIC) & (energy > _QUIET * energy.max()), period)
    return Evidence(
        peak=peak,
        voiced=float(voiced.sum() * _HOP),
        movement=_movement(bands[voiced]),
        modulation=_modulation(level),
    )


def _frames(samples: NDArray[np.float32], sample_rate: int) -> tuple[NDArray[np.float64], ...]:
    """Per frame: harmonic share, period in s, energy of each band, energy of all the spectrum.

    Their shapes are `(frames,)`, `(frames,)`, `(frames, _BANDS)` and `(frames,)`.
    """
    from scipy.fft import rfft  # in float32, and late: it takes long to import

    length, hop = round(_WINDOW * sample_rate), round(_HOP * sample_rate)
    padded = np.concatenate((samples, np.zeros(max(0, length - len(samples)), np.float32)))
    windows = np.lib.stride_tricks.sliding_window_view(padded, length)[::hop]
    shape = np.hanning(length + 2)[1:-1].astype(np.float32)
    kept = round(_HIGHEST * 2 * length / sample_rate) + 1
    parts = []
    for first in range(0, len(windows), _CHUNK):
        spectra = rfft(windows[first : first + _CHUNK] * shape, 2 * length)[:, :kept]
        power = np.square(spectra.real) + np.square(spectra.imag)
        parts.append(_describe(power, sample_rate / (2 * length)))
    return tuple(np.concatenate(part) for part in zip(*parts, strict=True))


def _describe(power: NDArray[np.float32], spacing: float) -> tuple[NDArray[np.float64], ...]:
    """`_frames` for power spectra of shape `(frames, bins)` whose bins are `spacing` Hz apart."""
    edges = np.rint((_LOW + _BAND * np.arange(_BANDS + 1)) / spacing).astype(int)
    total = power[:, round(100 / spacing) : round(_HIGHEST / spacing)].sum(axis=1, dtype=np.float64)
    sums = np.add.reduceat(power[:, : edges[-1]], edges[:-1], axis=1, dtype=np.float64)
    bands = sums / np.diff(edges)
    share, period = np.zeros(len(power)), np.ones(len(power))
    energy = bands.sum(axis=1)
    loud = energy > _QUIET * energy.max()  # the others are no candidates whatever their period
    share[loud], period[loud] = _periodic(power[loud], total[loud], edges, spacing)
    return share, period, bands, total


def _periodic(
    power: NDArray[np.float32], total: NDArray[np.float64], edges: NDArray[np.int_], spacing: float
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Harmonic share and period in s of each frame, the share 0 where it is no voice."""
    low, high = edges[0], edges[-1]
    half = round(_BAND / 2 / spacing)
    running = np.cumsum(power[:, : high + half + 1], axis=1, dtype=np.float64)
    around = running[:, low + half : high + half] - running[:, low - half : high - half]
    around /= 2 * half
    # 50 dB below the strongest there is nothing to whiten but side lobes and rounding.
    floor = 1e-5 * around.max(axis=1, keepdims=True) + 1e-300
    white = (power[:, low:high] / np.maximum(around, floor)).astype(np.float32)
    share, period = _harmonic(white, low, spacing)

    # One partial that has nearly all the energy, where a voice would have several, is a tone.
    near, first = round(40 / spacing), round(300 / spacing)
    lone = running[:, first + near : high + near] - running[:, first - near - 1 : high - near - 1]
    inside = running[:, high] - running[:, low]
    # Nor is it a voice when nearly all the energy lies outside: a tone below, a hiss above.
    share[(lone.max(axis=1) > _LONE * inside) | (inside < _INSIDE * total)] = 0.0
    return share, period


def _harmonic(
    white: NDArray[np.float32], low: int, spacing: float
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The share of whitened spectra that repeats with one period, and that period in s."""
    lags, cosines = _autocorrelation(low, white.shape[1], spacing)
    repeats = white @ cosines
    best = repeats.argmax(axis=1)
    return repeats[np.arange(len(white)), best].astype(np.float64), lags[best] / _GRID


@lru_cache(maxsize=32)  # sample rates; the matrix of one takes 150 kB
def _autocorrelation(
    low: int, bins: int, spacing: float
) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """The lags of `_PERIODS` at `_GRID`, and what turns a power spectrum into its values there.

    So few lags and bins are looked at that a product of matrices is faster than a transform. Each
    value is divided by the window's own autocorrelation and by that at lag 0 of a spectrum that is
    white all over: `(bins, lags)`.
    """
    shortest, longest = (round(seconds * _GRID) for seconds in _PERIODS)
    lags = np.arange(shortest, longest + 1)
    window = np.hanning(round(_WINDOW * _GRID) + 2)[1:-1]
    taper = np.correlate(window, window, "full")[len(window) - 1 :]
    angles = 2 * np.pi * spacing / _GRID * np.outer(low + np.arange(bins), lags)
    return lags, (np.cos(angles) * taper[0] / taper[lags] / bins).astype(np.float32)


def _tracked(candidates: NDArray[np.bool_], period: NDArray[np.float64]) -> NDArray[np.bool_]:
    """The candidates in runs of `_TRACK` or more whose period moves by less than 10 % a frame."""
    voiced = np.zeros(len(candidates), bool)
    if len(candidates) < _TRACK:
        return voiced
    steady = np.abs(np.log(period[1:] / period[:-1])) < 0.1
    linked = candidates[1:] & candidates[:-1] & steady
    starts = np.flatnonzero(np.convolve(linked, np.ones(_TRACK - 1), "valid") == _TRACK - 1)
    voiced[starts[:, np.newaxis] + np.arange(_TRACK)] = True
    return voiced


def _movement(bands: NDArray[np.float64]) -> float:
    """Median over frames of the rms distance, in dB, of envelopes from their median envelope."""
    if len(bands) == 0:
        return 0.0
    # 30 dB below the strongest band noise decides; the mean over bands takes the level out.
    envelope = 10 * np.log10(np.maximum(bands, 1e-3 * bands.max(axis=1, keepdims=True)))
    envelope -= envelope.mean(axis=1, keepdims=True)
    distance = envelope - np.median(envelope, axis=0)
    return float(np.median(np.sqrt(np.square(distance).mean(axis=1))))


def _modulation(energy: NDArray[np.float64]) -> float:
    """Standard deviation, in dB, of the level smoothed over 48 ms less that over 0.5 s."""
    level = 10 * np.log10(np.maximum(energy, _QUIET * energy.max()) + 1e-300)
    return float(np.std(_smooth(level, 3) - _smooth(level, 31)))


def _smooth(values: NDArray[np.float64], count: int) -> NDArray[np.float64]:
    """Moving average over `count` values (odd), the ends continued."""
    ends = np.full((2, count // 2), (values[:1], values[-1:]))
    padded = np.concatenate((ends[0], values, ends[1]))
    return np.convolve(padded, np.full(count, 1 / count), "valid")
