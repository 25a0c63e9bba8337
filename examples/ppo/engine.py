# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The engine: a sentence said with a pitch, a range, a tempo and a pause that are asked for.

Praat's overlap-add resynthesis (PSOLA) of one take, as in `rewardkit_scorers.resynthesis`; the
analysis is done once per sentence, which leaves about a millisecond for each rendering.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import parselmouth
from numpy.typing import ArrayLike, NDArray
from parselmouth.praat import call, run
from rewardkit_scorers.resynthesis import STEP, pitch_range

from rewardkit import Clip

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Control:
    """One thing that the policy sets.

    Args:
        name: What it is.
        unit: Of `low`, `high` and `start`.
        low: The least value that can be set.
        high: The greatest.
        start: What the reference policy sets, on average.
    """

    name: str
    unit: str
    low: float
    high: float
    start: float


CONTROLS: Final = (
    Control("shift", "semitone", -8.0, 8.0, 0.0),
    Control("range", "1", 0.0, 2.5, 0.25),
    Control("tempo", "octave", -1.0, 1.0, 0.4),
    Control("pause", "s", -0.4, 1.0, 0.3),
    Control("place", "1", 0.0, 1.0, 0.5),
)
"""Pitch moved as a whole; F0 range in semitones as a multiple of the take's; tempo, where one
octave is twice as fast; length of a pause put in, none if negative; where, from start to end."""

START: Final = np.array(
    [np.log((c.start - c.low) / (c.high - c.start)) for c in CONTROLS], np.float64
)
"""The actions at which the controls have their `start`."""


def controls(actions: ArrayLike) -> Floats:
    """What actions, which have no bounds, set the controls to.

    Args:
        actions: `(..., controls)`; 0 is the middle of a control's range.

    Example:
        >>> controls(START).round(2).tolist()
        [0.0, 0.25, 0.4, 0.3, 0.5]
        >>> controls(np.full(5, 50.0)).round(2).tolist()
        [8.0, 2.5, 1.0, 1.0, 1.0]
    """
    low = np.array([control.low for control in CONTROLS])
    high = np.array([control.high for control in CONTROLS])
    return np.asarray(low + (high - low) / (1 + np.exp(-np.asarray(actions, np.float64))))


class Sentence:
    """A sentence that can be said in other ways.

    Args:
        name: For messages.
        clip: A take with a melody.
        text: What it says, if known.

    Attributes:
        features: What a policy knows of it: log2 of the median F0 in Hz, the standard deviation
            of F0 in semitones, length in s, and the share of it that is voiced, `(4,)`.

    Raises:
        rewardkit.perturbations.NotApplicable: When nothing in it is voiced.
    """

    def __init__(self, name: str, clip: Clip, text: str | None = None) -> None:
        self.name = name
        self.clip = clip
        self.text = text
        sound = parselmouth.Sound(clip.samples.astype(np.float64), clip.sample_rate)
        self._manipulation: Any = call(sound, "To Manipulation", STEP, *pitch_range(sound))
        tier = call(self._manipulation, "Extract pitch tier")
        points = range(1, int(call(tier, "Get number of points")) + 1)
        self._times = np.array([call(tier, "Get time from index", i) for i in points])
        hertz = np.array([call(tier, "Get value at index", i) for i in points])
        self._median = float(np.median(hertz))
        self._semitones = 12 * np.log2(hertz / self._median)
        self.features = np.array(
            [
                np.log2(self._median),
                self._semitones.std(),
                clip.duration,
                len(points) * STEP / clip.duration,
            ]
        )

    def say(self, setting: ArrayLike) -> Clip:
        """The sentence with these values of `CONTROLS`; the same ones give the same sound."""
        shift, scale, tempo, pause, place = np.asarray(setting, np.float64).tolist()
        hertz = self._median * 2 ** ((scale * self._semitones + shift) / 12)
        melody = call("Create PitchTier", "melody", 0.0, self.clip.duration)
        for time, value in zip(self._times, np.clip(hertz, 50.0, 800.0), strict=True):
            call(melody, "Add point", float(time), float(value))
        length = call("Create DurationTier", "length", 0.0, self.clip.duration)
        call(length, "Add point", 0.0, float(2**-tempo))
        call([melody, self._manipulation], "Replace pitch tier")
        call([length, self._manipulation], "Replace duration tier")
        run("random_initializeWithSeedUnsafelyButPredictably (1)")  # voiceless pieces are drawn
        said = call(self._manipulation, "Get resynthesis (overlap-add)").values[0]
        run("random_initializeSafelyAndUnpredictably ()")
        rate = self.clip.sample_rate
        said = with_pause(said, round(place * len(said)), round(max(0.0, pause) * rate), rate)
        return Clip(said.astype(np.float32), rate, self.name, self.text)


def with_pause(samples: Floats, at: int, length: int, sample_rate: int) -> Floats:
    """A pause put in, as quiet as the quietest tenth of the sound, between fades of 5 ms.

    Args:
        samples: `(n,)`.
        at: Where, in samples from the start.
        length: In samples.
        sample_rate: In Hz.

    Example:
        >>> len(with_pause(np.ones(16_000), 8_000, 1_600, 16_000))
        17600
    """
    if not length:
        return samples
    size = sample_rate // 100
    frames = samples[: len(samples) // size * size].reshape(-1, size)
    floor = float(np.quantile(np.sqrt((frames**2).mean(axis=1)), 0.1))
    silence = floor * np.random.default_rng(length).standard_normal(length)
    fade = min(sample_rate // 200, at, len(samples) - at)
    shape = np.ones(len(samples))
    shape[at - fade : at] = np.linspace(1, 0, fade)
    shape[at : at + fade] = np.linspace(0, 1, fade)
    before, after = np.split(shape * samples, [at])
    return np.concatenate([before, silence, after])
