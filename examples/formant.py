# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: Apache-2.0
"""A small formant synthesiser: syllables with a vowel, a pitch and a length, and pauses.

A train of glottal pulses through three resonances in cascade (Fant 1960, "Acoustic theory of
speech production"; digital resonators as in Klatt 1980, JASA 67:971-995). It says no words; it
gives policies something to control whose pitch, pace and pauses are exactly known.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import scipy.signal
from numpy.typing import NDArray

SAMPLE_RATE: Final = 16_000
"""In Hz."""

VOWELS: Final = {
    "a": (730.0, 1090.0, 2440.0),
    "e": (530.0, 1840.0, 2480.0),
    "i": (270.0, 2290.0, 3010.0),
    "o": (570.0, 840.0, 2410.0),
    "u": (300.0, 870.0, 2240.0),
}
"""Formants in Hz, means of men: Peterson and Barney 1952, JASA 24:175-184."""

BANDWIDTHS: Final = (60.0, 90.0, 150.0)
"""Of the formants, in Hz."""


@dataclass(frozen=True)
class Syllable:
    """One syllable, or a pause.

    Args:
        vowel: One of `VOWELS`; None for a pause.
        pitch: In Hz, at its middle.
        duration: In s.
    """

    vowel: str | None
    pitch: float = 120.0
    duration: float = 0.2


def synthesise(syllables: Sequence[Syllable]) -> NDArray[np.float32]:
    """The sound of some syllables: float32 `(n,)` at `SAMPLE_RATE`, with a peak of 0.5.

    Pitch and formants move from the middle of one syllable to that of the next.

    Raises:
        ValueError: When nothing is to be voiced.

    Example:
        >>> len(synthesise([Syllable("a"), Syllable("i", 150.0), Syllable(None)])) / SAMPLE_RATE
        0.6
    """
    spoken = [syllable.vowel is not None for syllable in syllables]
    if not any(spoken):
        raise ValueError("there is no syllable to voice")
    ends = np.cumsum([syllable.duration for syllable in syllables])
    middles = (ends - [syllable.duration / 2 for syllable in syllables])[spoken]
    voiced = [syllable for syllable in syllables if syllable.vowel is not None]
    t = np.arange(round(ends[-1] * SAMPLE_RATE)) / SAMPLE_RATE
    log_pitch = np.interp(t, middles, [math.log(syllable.pitch) for syllable in voiced])
    phase = np.cumsum(np.exp(log_pitch)) / SAMPLE_RATE
    sound = np.diff(np.floor(phase), prepend=0.0)  # one pulse a period
    sound = scipy.signal.lfilter([1.0], [1.0, -0.9], sound)  # -6 dB/octave: glottis and lips
    table = np.array([VOWELS[syllable.vowel or "a"] for syllable in voiced])
    for formant, bandwidth in enumerate(BANDWIDTHS):
        sound = _resonate(sound, np.interp(t, middles, table[:, formant]), bandwidth)
    sound = sound * _envelope(t, syllables, ends)
    peak = float(np.abs(sound).max())
    return np.asarray(0.5 * sound / peak, np.float32)


def _resonate(
    sound: NDArray[np.float64], frequency: NDArray[np.float64], bandwidth: float
) -> NDArray[np.float64]:
    """Klatt's resonator with gain 1 at 0 Hz, its frequency renewed every 10 ms."""
    step = SAMPLE_RATE // 100
    out = np.empty_like(sound)
    radius = math.exp(-math.pi * bandwidth / SAMPLE_RATE)
    last = np.zeros(2)  # the two outputs before, the latest first
    for start in range(0, len(sound), step):
        c = -(radius**2)
        b = 2 * radius * math.cos(2 * math.pi * frequency[start] / SAMPLE_RATE)
        gain, feedback = [1 - b - c], [1.0, -b, -c]
        state = scipy.signal.lfiltic(gain, feedback, last)
        block, _ = scipy.signal.lfilter(gain, feedback, sound[start : start + step], zi=state)
        out[start : start + step] = block
        last = block[-1:-3:-1] if len(block) > 1 else np.array([block[-1], last[0]])
    return out


def _envelope(
    t: NDArray[np.float64], syllables: Sequence[Syllable], ends: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Each syllable rises and falls as half a sine; pauses are silent."""
    level = np.zeros_like(t)
    for syllable, end in zip(syllables, ends, strict=True):
        inside = (t >= end - syllable.duration) & (t < end)
        if syllable.vowel is not None:
            level[inside] = np.sin(
                np.pi * (t[inside] - end + syllable.duration) / syllable.duration
            )
    return level
