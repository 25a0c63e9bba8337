# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Timing: pauses, speech rate, rhythm and the course of intensity."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray

from rewardkit.batch import Batch
from rewardkit.clip import Clip
from rewardkit.curves import Curve, Span
from rewardkit.errors import RewardkitError
from rewardkit.features import Feature
from rewardkit_scorers import _modulation, _nuclei, _pauses, _repeats, _silero, _syllables
from rewardkit_scorers._compiled import compiled
from rewardkit_scorers._contour import robust_slope
from rewardkit_scorers._levels import ALL, BAND, WINDOW, relative
from rewardkit_scorers._parameters import pitch_range, positive
from rewardkit_scorers._pauses import STEP
from rewardkit_scorers._spectrum import DEPTH, band_power, spectrograms
from rewardkit_scorers._track import tracks
from rewardkit_scorers.praat.track import Track

SHORTEST: Final = 0.1
"""Seconds; a shorter clip is not measured."""

LEVEL: Final = (
    Feature("level_range", "dB", "95th less 5th percentile of level in speech", 0, DEPTH),
    Feature("level_sd", "dB", "standard deviation of level in speech", 0, DEPTH),
    Feature("level_slope", "dB/s", "robust slope of level over time in speech", -1e4, 1e4),
)

FEATURES: Final = (
    *_pauses.FEATURES,
    *_nuclei.FEATURES,
    *LEVEL,
    *_syllables.FEATURES,
    *_modulation.FEATURES,
    *_repeats.FEATURES,
)


@dataclass(frozen=True)
class Timing:
    """Pauses, rate, rhythm and intensity contour, from the clip's level, spectrum and voicing.

    The parts: speech and silence (`_pauses`), syllable nuclei as peaks of level, with rhythm and
    stress (`_nuclei`), syllables by a learned detector (`_syllables`), the modulation spectrum
    (`_modulation`) and looped sound (`_repeats`). All levels are relative to the clip's own, so
    gain changes nothing with `vad="energy"`. Silences of at least `least_pause` are pauses.

    Two measures of rate: `articulation_rate` counts peaks of level, of any sound; `syllable_rate`
    comes from the learned detector, which follows fast speech better and knows speech only.

    Args:
        vad: How speech is found: by level and voicing (`"energy"`), or by the network silero-vad
            (`"silero"`, needs the extra `vad`), which takes fewer noises for speech, but places
            pauses less exactly and costs more than all the rest (`benchmarks/networks.py`). It
            hears the level too: edges move with gain, and 40 dB softer it misses pauses.
        silence: dB below the 99th percentile of level at which silence begins, for `"energy"`.
        dip: dB by which level must fall between two nuclei.
        least_pause: Seconds; shorter silences are part of speech (closures of stops).
        floor: Lowest pitch in Hz for the decision whether a frame is voiced.
        ceiling: Highest pitch in Hz.

    Raises:
        RewardkitError: `bad_parameter` for another `vad`, a silence, dip or pause not above 0, or
            when floor and ceiling don't satisfy 10 <= floor < ceiling <= 100 floor, and
            ceiling <= 8000; `missing_package` when silero-vad is wanted but not installed.

    Source:
        The parts name theirs. The dip was chosen on four speakers of EmoDB's hand-marked
        syllables and checked on the other four: `benchmarks/syllables.py`.

    Example:
        >>> t = np.arange(32_000) / 16_000
        >>> buzz = np.sign(np.sin(2 * np.pi * 120 * t)) * np.sin(2 * np.pi * 2 * t) ** 2
        >>> values = Timing()(Clip(buzz.astype(np.float32), 16_000))
        >>> round(values["pause_count"]), round(values["speech_rate"])
        (0, 4)
    """

    vad: Literal["energy", "silero"] = "energy"
    silence: float = 25.0
    dip: float = 1.0
    least_pause: float = 0.2
    floor: float = 60.0
    ceiling: float = 700.0

    name = "timing"
    version = 4
    sample_rate = 16_000
    features = FEATURES

    def __post_init__(self) -> None:
        if self.vad not in ("energy", "silero"):
            raise RewardkitError(
                "bad_parameter", f"timing: vad {self.vad!r} must be 'energy' or 'silero'"
            )
        positive(self, "silence", "dip", "least_pause")
        pitch_range(self)
        if self.vad == "silero":
            _silero.path()

    @property
    def digest(self) -> str:
        """SHA-256 (hex) of the weights in use: the detector's, and silero's where it is used."""
        return _syllables.digest() + (_silero.digest() if self.vad == "silero" else "")

    def __call__(self, clip: Clip) -> Mapping[str, float]:
        """Measure one clip; NaN where there is too little speech to measure."""
        row = self.score_batch([clip])[0]
        return {f.name: float(value) for f, value in zip(FEATURES, row, strict=True)}

    def score_batch(self, clips: Sequence[Clip]) -> NDArray[np.float64]:
        """Measure clips of any lengths: float64 of shape `(clips, features)`, in order."""
        batch = Batch.of(clips)
        spectra = batch.shared(spectrograms, WINDOW, STEP, BAND[1])
        voices = batch.shared(tracks, self.floor, self.ceiling)
        result = np.full((len(batch), len(FEATURES)), np.nan)
        for i, (clip, track) in enumerate(zip(batch, voices, strict=True)):
            if clip.duration < SHORTEST or not track.voiced.any():
                continue
            self._measure(clip, track, band_power(spectra, i, ALL), result[i])
        return result

    def illustrate(self, clip: Clip) -> Sequence[Curve | Span]:
        """Level over time, and the pauses."""
        batch = Batch([clip])
        track = tracks(batch, self.floor, self.ceiling)[0]
        if clip.duration < SHORTEST or not track.voiced.any():
            return []
        power = band_power(spectrograms(batch, WINDOW, STEP, BAND[1]), 0, ALL)
        level, _, _, speech, silent = self._heard(clip, track, power)
        curve = Curve("level", "dB", np.arange(len(level), dtype=np.float64) * STEP, level)
        if not speech.any():
            return [curve]
        by_millisecond = _pauses.power_by_millisecond(clip.samples, clip.sample_rate)
        edges = _pauses.stretches(speech, by_millisecond, silent, self.least_pause)
        return [
            curve,
            *(Span("pause", float(a), float(b)) for (_, a), (b, _) in pairwise(edges)),
        ]

    def _heard(
        self, clip: Clip, track: Track, power: NDArray[np.float64]
    ) -> tuple[
        NDArray[np.float64], NDArray[np.float32], NDArray[np.bool_], NDArray[np.bool_], float
    ]:
        """Per frame level, levels in bands, voiced and speech or not; and the power of silence."""
        level, bands, reference = relative(power)
        voiced = np.isfinite(track.resampled(len(level), STEP))
        speech, threshold = _pauses.speech_by_level(level, voiced, self.silence)
        if self.vad == "silero":
            speech = _silero.speech(clip.samples, len(level), STEP)
        return level, bands, voiced, speech, reference * 10 ** (threshold / 10)

    def _measure(
        self, clip: Clip, track: Track, power: NDArray[np.float64], row: NDArray[np.float64]
    ) -> None:
        """Fill a clip's row, from its track and the power in `ALL` bands."""
        level, bands, voiced, speech, silent = self._heard(clip, track, power)
        if not speech.any():
            return
        found = _syllables.density(_syllables.inputs(bands, level), *_syllables.weights())
        first, last = np.flatnonzero(speech)[[0, -1]]
        row[:] = np.concatenate(
            (
                _contours(
                    clip.samples,
                    clip.sample_rate,
                    level,
                    voiced,
                    speech,
                    silent,
                    found,
                    (self.least_pause, self.dip, self.silence),
                ),
                _modulation.measure(level[first : last + 1]),
                _repeats.measure(bands, speech),
            )
        )


@compiled
def _contours(
    samples: NDArray[np.float32],
    sample_rate: int,
    level: NDArray[np.float64],
    voiced: NDArray[np.bool_],
    speech: NDArray[np.bool_],
    silent: float,
    found: NDArray[np.float64],
    parameters: tuple[float, float, float],
) -> NDArray[np.float64]:
    """The values of the first four groups of `FEATURES`."""
    least_pause, dip, silence = parameters
    power = _pauses.power_by_millisecond(samples, sample_rate)
    edges = _pauses.stretches(speech, power, silent, least_pause)
    inside = np.zeros(len(level), np.bool_)
    for k in range(len(edges)):
        inside[int(np.ceil(edges[k, 0] / STEP)) : int(edges[k, 1] / STEP) + 1] = True
    around = _nuclei.nuclei(level, voiced, inside, dip, silence)
    return np.concatenate(
        (
            _pauses.measure(edges, len(samples) / sample_rate),
            _nuclei.measure(level, around, edges),
            _levels_of(level[inside], np.flatnonzero(inside).astype(np.float64) * STEP),
            _syllables.measure(found, inside, edges),
        )
    )


@compiled
def _levels_of(kept: NDArray[np.float64], times: NDArray[np.float64]) -> NDArray[np.float64]:
    """The values of `LEVEL`: spread and slope of level over the frames of speech."""
    low, high = np.quantile(kept, 0.05), np.quantile(kept, 0.95)
    return np.array([high - low, kept.std(), robust_slope(times, kept)])
