# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Pitch: level, range, melody and regularity of the voice's fundamental frequency."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from rewardkit.batch import Batch
from rewardkit.clip import Clip
from rewardkit.curves import Curve, Span
from rewardkit.errors import RewardkitError
from rewardkit.features import Feature
from rewardkit_scorers import _frames, _phrases, _tones
from rewardkit_scorers._compiled import compiled
from rewardkit_scorers._frames import HIGHEST, LOWEST
from rewardkit_scorers._parameters import positive
from rewardkit_scorers._track import tracks
from rewardkit_scorers.praat.perturbation import Jitter, Shimmer, jitters, shimmers
from rewardkit_scorers.praat.track import Track

REGULARITY: Final = (
    Feature("jitter", "%", "local jitter", low=0),
    Feature("jitter_ppq5", "%", "five-point period perturbation quotient", low=0),
    Feature("shimmer", "dB", "local shimmer", low=0),
    Feature("shimmer_apq5", "%", "five-point amplitude perturbation quotient", low=0),
    Feature("periodicity", "dB", "mean periodicity of the voiced frames", -60, 60),
    Feature("periodicity_sd", "dB", "standard deviation of the periodicity", 0, 120),
)

FEATURES: Final = (*_frames.FEATURES, *_phrases.FEATURES, *_tones.FEATURES, *REGULARITY)

SHORTEST: Final = 0.1
"""Seconds; a shorter clip is not measured."""

LEAST_VOICED: Final = 5
"""Frames; a clip with fewer voiced ones is not measured."""


@dataclass(frozen=True)
class Pitch:
    """F0 by Praat's autocorrelation in the speaker's own range, and what its melody does.

    The parts: single frames (`_frames`), phrases and their movements (`_phrases`), tones as they
    are heard (`_tones`), and regularity from period to period. Intervals are in semitones, so that
    high and low voices compare.

    Args:
        floor: Lowest pitch in Hz.
        ceiling: Highest pitch in Hz.
        least_movement: Semitones; smaller movements of the contour are not counted.

    Raises:
        RewardkitError: `bad_parameter` when floor and ceiling don't satisfy
            40 <= floor < ceiling <= 1000, or `least_movement` is not above 0.

    Source:
        F0: see `rewardkit_scorers._track.tracks`. Jitter and shimmer: see
        `rewardkit_scorers.praat.perturbation`.
        Periodicity: 10 log10(r / (1 - r)) of the autocorrelation peak r of each voiced frame, as in
        the harmonics-to-noise ratio of Boersma (1993); but by the short window of the pitch
        analysis it ends between 20 and 25 dB for a perfectly regular voice, so it has a name of
        its own.
        Turning points in semitones: 't Hart, Collier & Cohen (1990), "A perceptual study of
        intonation", where about a semitone and a half is the least difference heard in speech.

    Example:
        >>> t = np.arange(16_000) / 16_000
        >>> voice = np.sin(2 * np.pi * 200 * t) + 0.5 * np.sin(2 * np.pi * 400 * t)
        >>> values = Pitch()(Clip(voice.astype(np.float32), 16_000))
        >>> round(values["f0_median"], 1), round(values["range"], 1), values["monotony"]
        (200.0, 0.0, 1.0)
    """

    floor: float = 60.0
    ceiling: float = 700.0
    least_movement: float = 1.5

    name = "pitch"
    version = 3
    sample_rate = 16_000
    features = FEATURES

    def __post_init__(self) -> None:
        positive(self, "floor", "ceiling", "least_movement")
        if not LOWEST <= self.floor < self.ceiling <= HIGHEST:
            raise RewardkitError(
                "bad_parameter",
                f"pitch: floor {self.floor} and ceiling {self.ceiling} must satisfy "
                f"{LOWEST:g} <= floor < ceiling <= {HIGHEST:g}",
            )

    def __call__(self, clip: Clip) -> Mapping[str, float]:
        """Measure one clip; NaN where there is too little voice to measure."""
        row = self.score_batch([clip])[0]
        return {f.name: float(value) for f, value in zip(FEATURES, row, strict=True)}

    def score_batch(self, clips: Sequence[Clip]) -> NDArray[np.float64]:
        """Measure clips of any lengths: float64 of shape `(clips, features)`, in order."""
        batch = Batch.of(clips)
        result = np.full((len(batch), len(FEATURES)), np.nan)
        found = zip(
            batch,
            batch.shared(tracks, self.floor, self.ceiling),
            batch.shared(jitters, tracks, self.floor, self.ceiling),
            batch.shared(shimmers, tracks, self.floor, self.ceiling),
            strict=True,
        )
        for row, (clip, track, jitter, shimmer) in zip(result, found, strict=True):
            if clip.duration < SHORTEST or np.count_nonzero(track.voiced) < LEAST_VOICED:
                continue
            melody = _melody(
                track.f0, clip.samples, clip.sample_rate, track.times[0], self.least_movement
            )
            row[:] = np.concatenate((melody, _regularity(track, jitter, shimmer)))
        return result

    def illustrate(self, clip: Clip) -> Sequence[Curve | Span]:
        """F0 over time."""
        track = tracks(Batch([clip]), self.floor, self.ceiling)[0]
        return [Curve("F0", "Hz", track.times, track.f0)] if len(track) else []


@compiled
def _melody(
    f0: NDArray[np.float64],
    samples: NDArray[np.float32],
    sample_rate: int,
    first: float,
    least: float,
) -> NDArray[np.float64]:
    """All features but those of `REGULARITY`."""
    semitones = 12 * np.log2(f0 / 100)
    line, phrases = _phrases.contour(semitones)
    level = _tones.levels(samples, sample_rate, first, len(f0))
    return np.concatenate(
        (
            _frames.measure(semitones),
            _phrases.measure(semitones, line, phrases, least),
            _tones.measure(line, np.isfinite(f0), level),
        )
    )


def _regularity(track: Track, jitter: Jitter, shimmer: Shimmer) -> NDArray[np.float64]:
    """The values of `REGULARITY`, in order."""
    strength = np.clip(track.strength[track.voiced], 1e-6, 1 - 1e-6)
    periodicity = 10 * np.log10(strength / (1 - strength))
    return np.array(
        [
            100 * jitter.local,
            100 * jitter.ppq5,
            shimmer.local_level,
            100 * shimmer.apq5,
            periodicity.mean(),
            periodicity.std(),
        ]
    )
