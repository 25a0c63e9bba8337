# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Praat objects made from clips: the sound, and its pitch track."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import parselmouth
from numpy.typing import NDArray

from rewardkit.clip import Clip

SHORTEST = 0.1
"""Seconds; Praat needs three to six periods of the lowest pitch, so shorter clips are not tried."""


@dataclass(frozen=True, eq=False)
class PitchTrack:
    """Fundamental frequency over time.

    Args:
        times: Frame centres in seconds, float64 of shape `(frames,)`, a constant step apart.
        f0: In Hz, float64 of shape `(frames,)`; NaN where the frame is unvoiced.
        strength: Periodicity of each frame, the height of the normalised autocorrelation peak, in
            (0, 1); NaN where the frame is unvoiced.
        pitch: Praat's own object, for measures that start from it.
    """

    times: NDArray[np.float64]
    f0: NDArray[np.float64]
    strength: NDArray[np.float64]
    pitch: parselmouth.Pitch

    @property
    def voiced(self) -> NDArray[np.bool_]:
        """Which frames are voiced, of shape `(frames,)`."""
        return np.isfinite(self.f0)

    def resampled(self, count: int, step: float) -> NDArray[np.float64]:
        """F0 of the frame nearest to 0, `step`, 2 `step`, …; NaN where there is none.

        Args:
            count: How many values to give.
            step: Seconds between them, the same as between frames.
        """
        nearest = np.rint((np.arange(count) * step - self.times[0]) / step).astype(int)
        inside = (nearest >= 0) & (nearest < len(self.times))
        return np.where(inside, self.f0[np.clip(nearest, 0, len(self.times) - 1)], np.nan)


def measurable(clip: Clip) -> bool:
    """Whether there is enough sound to analyse: at least `SHORTEST`, and not all samples equal.

    Example:
        >>> measurable(Clip(np.zeros(16_000, np.float32), 16_000))
        False
    """
    return clip.duration >= SHORTEST and bool(np.ptp(clip.samples) > 0)


def sound(clip: Clip) -> parselmouth.Sound:
    """The clip as a Praat sound, without DC (which would enter the amplitudes of shimmer)."""
    samples = clip.samples.astype(np.float64)
    samples -= samples.mean()
    return parselmouth.Sound(samples, sampling_frequency=clip.sample_rate)


def track(sound: parselmouth.Sound, floor: float, ceiling: float, step: float) -> PitchTrack:
    """Track pitch by autocorrelation, twice: the second time within the speaker's own range.

    The first pass searches from floor to ceiling. The second searches from 0.75 times the first
    quartile to 2.5 times the third quartile of what was found, still inside floor and ceiling:
    the two-pass method of De Looze & Hirst (2008), with the factor that Hirst (2011) advises for
    expressive speech. Fewer octave errors remain, and the window, three periods of the floor,
    fits the voice.

    Args:
        sound: At least `SHORTEST` long.
        floor: Lowest pitch in Hz.
        ceiling: Highest pitch in Hz.
        step: Between frames, in seconds.

    Source:
        Boersma (1993), "Accurate short-term analysis of the fundamental frequency and the
        harmonics-to-noise ratio of a sampled sound", IFA Proceedings 17, 97-110; Praat manual,
        "Sound: To Pitch (raw autocorrelation)...", standard settings.
        De Looze & Hirst (2008), "Detecting changes in key and range for the automatic modelling
        and coding of intonation", Speech Prosody 2008.
        Hirst (2011), "The analysis by synthesis of speech melody", J. Speech Sciences 1(1), 55-83.
    """
    wide = _autocorrelation(sound, floor, ceiling, step)
    if np.count_nonzero(wide.voiced) < 5:
        return wide
    low, high = np.quantile(wide.f0[wide.voiced], (0.25, 0.75))
    low = float(max(floor, 0.75 * low))
    high = float(min(ceiling, 2.5 * high))
    return _autocorrelation(sound, low, high, step)


def _autocorrelation(
    sound: parselmouth.Sound, floor: float, ceiling: float, step: float
) -> PitchTrack:
    pitch = sound.to_pitch_ac(time_step=step, pitch_floor=floor, pitch_ceiling=ceiling)
    frames = pitch.selected_array
    voiced = frames["frequency"] > 0
    return PitchTrack(
        times=np.asarray(pitch.xs(), dtype=np.float64),
        f0=np.where(voiced, frames["frequency"], np.nan),
        strength=np.where(voiced, frames["strength"], np.nan),
        pitch=pitch,
    )
