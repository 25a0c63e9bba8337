# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Voice: how effort and phonation colour voiced speech, and what else the recording holds."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from rewardkit.batch import Batch
from rewardkit.clip import Clip
from rewardkit.features import Feature
from rewardkit_scorers import _cepstrum, _noise, _phonation, _transients
from rewardkit_scorers._parameters import pitch_range
from rewardkit_scorers._ranks import quantile
from rewardkit_scorers._spectrum import Spectrograms, spectrograms, summed
from rewardkit_scorers._track import STEP, tracks
from rewardkit_scorers.praat.harmonicity import harmonicities
from rewardkit_scorers.praat.track import Track

WINDOW: Final = 0.064
"""Seconds; the Hann window of a frame's spectrum: four periods of 60 Hz, and a power of two."""

DEPTH: Final = 80.0
"""dB below the strongest bin of the clip at which spectra stop."""

QUIET: Final = 25.0
"""dB below the 99th percentile of level; quieter frames are left out."""

SHORTEST: Final = 0.1
"""Seconds; in less, nothing is measured."""

FEWEST: Final = 5
"""Voiced frames without which nothing is measured."""

FEATURES: Final = (
    *_phonation.FEATURES,
    *_cepstrum.FEATURES,
    Feature("hnr_cc", "dB", "harmonics-to-noise ratio by Praat's cross-correlation", -150, 150),
    *_noise.FEATURES,
    *_transients.FEATURES,
)

_NAMES: Final = tuple(feature.name for feature in FEATURES)


@dataclass(frozen=True)
class Voice:
    """Spectral tilt, harmonics, cepstral prominence and noise of voiced speech; and transients.

    Raised effort flattens the spectrum, and breathy or soft voice steepens it. Unlike loudness,
    that stays when a recording's level is changed. Only voiced frames within `QUIET` of the
    clip's strongest count. Between them lie breath, hum and noise floor, and anywhere clicks,
    bursts and clipping: what a listener minds, and what a reward may be gamed with.

    Args:
        floor: Lowest pitch in Hz.
        ceiling: Highest pitch in Hz.

    Raises:
        RewardkitError: `bad_parameter` when floor and ceiling don't satisfy
            10 <= floor < ceiling <= 100 floor, and ceiling <= 8000.

    Source:
        See `_phonation`, `_cepstrum`, `_noise`, `_transients` and, for `hnr_cc` with Praat's
        standard settings, `praat.harmonicity`.

    Example:
        >>> t = np.arange(16_000) / 16_000
        >>> voice = np.sin(2 * np.pi * 200 * t) + 0.5 * np.sin(2 * np.pi * 400 * t)
        >>> round(Voice()(Clip(voice.astype(np.float32), 16_000))["h1_h2"], 1)
        6.0
    """

    floor: float = 60.0
    ceiling: float = 700.0

    name = "voice"
    version = 4
    sample_rate = 16_000
    features = FEATURES

    def __post_init__(self) -> None:
        pitch_range(self)

    def __call__(self, clip: Clip) -> Mapping[str, float]:
        """Measure one clip; NaN where there is too little voice to measure."""
        return dict(zip(_NAMES, self.score_batch([clip])[0].tolist(), strict=True))

    def score_batch(self, clips: Sequence[Clip]) -> NDArray[np.float64]:
        """Measure clips of any lengths: float64 of shape `(clips, features)`, in order."""
        batch = Batch.of(clips)
        pitch = batch.shared(tracks, self.floor, self.ceiling)
        spectra = batch.shared(spectrograms, WINDOW, STEP, _phonation.TOP)
        ratios = batch.shared(harmonicities)
        values = np.full((len(batch), len(FEATURES)), math.nan)
        for i, clip in enumerate(batch):
            measured = _measure(i, clip, pitch[i], spectra)
            if measured:
                measured["hnr_cc"] = ratios[i].mean
            values[i] = [measured.get(name, math.nan) for name in _NAMES]
        return values


def _measure(i: int, clip: Clip, pitch: Track, spectra: Spectrograms) -> dict[str, float]:
    """What can be measured of clip `i`."""
    if clip.duration < SHORTEST or np.count_nonzero(pitch.voiced) < FEWEST:
        return {}
    f0 = pitch.resampled(spectra.frames(i), STEP)
    voiced = np.isfinite(f0)
    total, strongest = _survey(spectra, i)
    chosen = voiced & (total > quantile(total, 0.99) * 10 ** (-QUIET / 10))
    if np.count_nonzero(chosen) < FEWEST:
        return {}
    places = np.flatnonzero(chosen)
    shapes, prominence = _by_frame(spectra, i, chosen, f0, strongest)
    return {
        **_phonation.phonation(shapes, f0[chosen], places),
        "cpp": float(prominence.mean()),
        "cpp_sd": float(prominence.std()),
        **_noise.noise(clip.samples, clip.sample_rate, total, voiced, chosen, STEP),
        **_transients.transients(clip.samples, clip.sample_rate, places.astype(np.float64) * STEP),
    }


def _survey(spectra: Spectrograms, i: int) -> tuple[NDArray[np.float64], float]:
    """Power of each frame from 50 Hz on, `(frames,)`, and the strongest bin of all."""
    first = np.searchsorted(spectra.frequencies, [_phonation.LOW])
    end = np.array([len(spectra.frequencies)])
    total, strongest = [], 0.0
    for block in spectra.blocks(i):
        total.append(summed(block, first, end)[:, 0])
        strongest = max(strongest, float(block[:, first[0] :].max()))
    return np.concatenate(total), strongest


def _by_frame(
    spectra: Spectrograms,
    i: int,
    chosen: NDArray[np.bool_],
    f0: NDArray[np.float64],
    strongest: float,
) -> tuple[_phonation.Shapes, NDArray[np.float64]]:
    """What the spectrum of each chosen frame says, from 50 Hz on and `DEPTH` deep, block by block.

    A long clip's spectra are never held whole.
    """
    first = int(np.searchsorted(spectra.frequencies, _phonation.LOW))
    frequencies = spectra.frequencies[first:]
    least = np.float32(strongest * 10 ** (-DEPTH / 10))
    shapes, prominences = [], []
    begun = 0
    for block in spectra.blocks(i):
        here = slice(begun, begun + len(block))
        power = np.maximum(block[chosen[here], first:], least)
        decibels = np.float32(10) * np.log10(power)
        shapes.append(_phonation.shapes(power, decibels, frequencies, f0[here][chosen[here]]))
        prominences.append(_cepstrum.prominence(decibels, frequencies[1] - frequencies[0]))
        begun = here.stop
    return _phonation.joined(shapes), np.concatenate(prominences)
