# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Artefacts: what a recording or a synthesis adds to speech, or takes from it. No network."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from rewardkit.batch import Batch
from rewardkit.clip import Clip
from rewardkit_scorers import _copies, _envelope, _impulses, _recording
from rewardkit_scorers._compiled import compiled
from rewardkit_scorers._direct import centred
from rewardkit_scorers._spectrum import spectrograms, whole
from rewardkit_scorers._thinned import thinned

WINDOW: Final = 0.032
"""Seconds; the Hann window of a frame's spectrum."""

STEP: Final = 0.016
"""Seconds between frames."""

QUIET: Final = 20.0
"""dB below the level of the mean unit of energy at which speech begins and ends."""

SHORTEST: Final = 0.3
"""Seconds from first to last speech; in less, nothing is measured."""

FEATURES: Final = (
    *_recording.FEATURES,
    *_impulses.FEATURES,
    *_envelope.FEATURES,
    *_copies.FEATURES,
)


@dataclass(frozen=True)
class Artefacts:
    """Band, noise, tones, clicks, clipping, holes, joins, copies, and whether time runs forward.

    Beside `voice`, which looks at phonation and at what lies between words, this looks at all of
    the sound from the first to the last speech. Silence at the ends, gain and direct current change
    little.

    Source:
        See `_recording`, `_impulses`, `_envelope` and `_copies`.

    Example:
        >>> rng, t = np.random.default_rng(0), np.arange(32_000) / 16_000
        >>> hiss = rng.standard_normal(32_000) * (1 + np.sin(2 * np.pi * 3 * t))
        >>> wave = hiss + 3 * np.sin(2 * np.pi * 150 * t)
        >>> values = Artefacts()(Clip((0.05 * wave).astype(np.float32), 16_000))
        >>> values["band_top"] > 7.5, values["line_low"] > 20, values["holes"] < 0.1
        (True, True, True)
    """

    name = "artefacts"
    version = 2
    sample_rate = 16_000
    features = FEATURES

    def __call__(self, clip: Clip) -> Mapping[str, float]:
        """Measure one clip; NaN where there is too little sound to measure."""
        row = self.score_batch([clip])[0].tolist()
        return {f.name: value for f, value in zip(FEATURES, row, strict=True)}

    def score_batch(self, clips: Sequence[Clip]) -> NDArray[np.float64]:
        """Measure clips of any lengths: float64 of shape `(clips, features)`, in order."""
        batch = Batch.of(clips)
        spectra = batch.shared(spectrograms, WINDOW, STEP)
        values = np.full((len(batch), len(FEATURES)), np.nan)
        for i, clip in enumerate(batch):
            if clip.duration >= SHORTEST:
                _measure(clip, whole(spectra, i), spectra.frequencies, values[i])
        low = np.array([f.low for f in FEATURES])
        high = np.array([f.high for f in FEATURES])
        return np.asarray(np.clip(values, low, high), np.float64)


def _measure(
    clip: Clip,
    power: NDArray[np.float32],
    frequencies: NDArray[np.float64],
    row: NDArray[np.float64],
) -> None:
    """Fill a clip's row."""
    size = clip.sample_rate // 1000
    plain = centred(clip.samples, clip.sample_rate)
    full, bends, low = energies(plain, size)
    level = full[: len(full) // 10 * 10].reshape(-1, 10).mean(axis=1)
    if not level.any():
        return
    loud = float((level**2).sum() / level.sum())
    places = np.flatnonzero(level > loud * 10 ** (-QUIET / 10))
    first, last = int(places[0]), int(places[-1]) + 1
    if (last - first) * 0.01 < SHORTEST:
        return
    within = slice(10 * first, 10 * last)
    samples = plain[10 * first * size : 10 * last * size]
    frames = slice(math.ceil(first * 0.01 / STEP), math.floor(last * 0.01 / STEP) + 1)
    active = level[first:last] > loud * 10**-2.5
    reference = float(level[first:last][active].mean())
    slow = thinned(samples, clip.sample_rate // _recording.LOW_RATE)
    row[:] = [
        *_recording.measure(power[frames], frequencies, samples, slow),
        *_impulses.measure(samples, bends[within], low[first:last], active, reference, size),
        *_envelope.measure(full[within], bends[within], reference),
        *_copies.measure(slow, _recording.LOW_RATE),
    ]


@compiled
def energies(
    samples: NDArray[np.float32], size: int
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Mean squares: of the samples and their second difference by ms, and under 60 Hz by 10 ms.

    What is under 60 Hz comes from two means over 16 ms, one after the other, less the mean of the
    whole clip.

    Args:
        samples: Shape `(n,)`.
        size: Samples in a millisecond.
    """
    count = len(samples) // size
    full, bends = np.zeros(count), np.zeros(count)
    slow = np.zeros(count)
    curves = np.zeros(size)  # by themselves, so that several are made at once
    for k in range(count):
        here, first = samples[k * size : (k + 1) * size], 0 if k else 2
        part = samples[k * size - 2 + first : (k + 1) * size]
        for i in range(size - first):
            curve = float(part[i + 2]) - 2.0 * float(part[i + 1]) + float(part[i])
            curves[first + i] = curve * curve
        square = bend = mean = 0.0
        for i in range(size):
            value = float(here[i])
            square += value * value
            mean += value
            bend += curves[i]
        full[k], bends[k], slow[k] = square / size, bend / size, mean / size
    slow -= slow.mean()
    for _ in range(2):
        sums = np.zeros(count + 1)
        sums[1:] = np.cumsum(slow)
        for k in range(count):
            first, last = max(k - 8, 0), min(k + 8, count)
            slow[k] = (sums[last] - sums[first]) / (last - first)
    low = np.zeros(count // 10)
    for k in range(count // 10):
        for i in range(10):
            low[k] += slow[10 * k + i] ** 2 / 10
    return full, bends, low
