# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Timing: pauses, speech rate, rhythm and the course of intensity."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

import numpy as np
from numpy.typing import NDArray

from rewardkit.clip import Clip
from rewardkit.features import Feature
from rewardkit_scorers import _praat
from rewardkit_scorers._contour import robust_slope, runs, turning_points
from rewardkit_scorers._spectrum import DEPTH, band_levels

STEP: Final = 0.01
"""Seconds between frames."""

WINDOW: Final = 0.064
"""Seconds; the Hann window of a frame's level, as long as that of Praat's intensity at 50 Hz."""

BAND: Final = (60.0, 3800.0)
"""Hz; levels are of this band, which is there at every sample rate from 8 kHz on."""

FEATURES: Final = (
    Feature("leading_silence", "s", "silence before the first speech", low=0),
    Feature("trailing_silence", "s", "silence after the last speech", low=0),
    Feature("pause_count", "count", "pauses between the first and the last speech", low=0),
    Feature("pause_rate", "1/s", "pauses per second from first to last speech", 0, 10),
    Feature("pause_share", "1", "share of the time from first to last speech in pauses", 0, 1),
    Feature("pause_mean", "s", "mean length of the pauses", low=0),
    Feature("pause_max", "s", "length of the longest pause", low=0),
    Feature("pause_sd", "s", "standard deviation of pause length, of two pauses or more", low=0),
    Feature("run_mean", "s", "mean length of the stretches of speech between pauses", low=0),
    Feature("speech_rate", "1/s", "syllable nuclei per second, pauses included", 0, 50),
    Feature("articulation_rate", "1/s", "syllable nuclei per second, pauses left out", 0, 50),
    Feature("npvi", "1", "normalised pairwise variability of the nuclei's intervals", 0, 200),
    Feature("varco", "%", "coefficient of variation of the nuclei's intervals", low=0),
    Feature("final_lengthening", "log", "last interval of nuclei over their median", -12, 12),
    Feature("level_range", "dB", "95th less 5th percentile of level in speech", 0, DEPTH),
    Feature("level_sd", "dB", "standard deviation of level in speech", 0, DEPTH),
    Feature("level_slope", "dB/s", "robust slope of level over time in speech", -1e4, 1e4),
    Feature("stress_sd", "dB", "standard deviation of the levels of the nuclei", 0, DEPTH),
    Feature("peak_sharpness", "dB", "mean height of nuclei over the dips beside them", 0, DEPTH),
    Feature("attack", "dB/s", "mean speed at which level rises to the nuclei", 0, 1e4),
    Feature("decay", "dB/s", "mean speed at which level falls from the nuclei", 0, 1e4),
)


@dataclass(frozen=True)
class Timing:
    """Pauses, rate, rhythm and intensity contour, from the clip's level and voicing.

    All levels are relative to the clip's own, so gain changes nothing. A frame is silent when
    its level is below a threshold and it is unvoiced; the threshold lies `silence` below the
    99th percentile of level, or just above the noise floor where that is higher. Silences of at
    least `least_pause` are pauses. Syllable nuclei are voiced peaks of level, with a dip of at
    least `dip` between them.

    Args:
        silence: dB below the 99th percentile of level at which silence begins.
        dip: dB by which level must fall between two nuclei.
        least_pause: Seconds; shorter silences are part of speech (closures of stops).
        floor: Lowest pitch in Hz for the decision whether a frame is voiced.
        ceiling: Highest pitch in Hz.

    Source:
        Nuclei: De Jong & Wempe (2009), "Praat script to detect syllable nuclei and measure speech
        rate automatically", Behavior Research Methods 41, 385-390, with the threshold of the
        2010 revision.
        `npvi`: Grabe & Low (2002), "Durational variability in speech and the rhythm class
        hypothesis", Laboratory Phonology 7. `varco`: Dellwo (2006), "Rhythm and speech rate: a
        variation coefficient for deltaC".
        The dip was chosen on four speakers of EmoDB's hand-marked syllables and checked on the
        other four: `benchmarks/syllables.py`.

    Example:
        >>> t = np.arange(32_000) / 16_000
        >>> buzz = np.sign(np.sin(2 * np.pi * 120 * t)) * np.sin(2 * np.pi * 2 * t) ** 2
        >>> values = Timing()(Clip(buzz.astype(np.float32), 16_000))
        >>> round(values["pause_count"]), round(values["speech_rate"])
        (0, 4)
    """

    silence: float = 25.0
    dip: float = 1.0
    least_pause: float = 0.2
    floor: float = 60.0
    ceiling: float = 700.0

    name = "timing"
    version = 1
    sample_rate = 16_000
    features = FEATURES

    def __call__(self, clip: Clip) -> Mapping[str, float]:
        """Measure one clip; NaN where there is too little speech to measure."""
        values = dict.fromkeys((f.name for f in FEATURES), math.nan)
        if not _praat.measurable(clip):
            return values
        level = band_levels(clip, [BAND], WINDOW, STEP)[:, 0]
        level = level - np.quantile(level, 0.99)
        track = _praat.track(_praat.sound(clip), self.floor, self.ceiling, STEP)
        voiced = np.isfinite(track.resampled(len(level), STEP))
        speech = self._speech(level, voiced)
        if not speech.any():
            return values
        stretches = runs(speech)
        start, stop = stretches[0, 0], stretches[-1, 1]
        span = (stop - start) * STEP
        spoken = np.count_nonzero(speech) * STEP
        pauses = (stretches[1:, 0] - stretches[:-1, 1]) * STEP
        values |= {
            "leading_silence": start * STEP,
            "trailing_silence": max(clip.duration - stop * STEP, 0.0),
            "pause_count": float(len(pauses)),
            "pause_rate": len(pauses) / span,
            "pause_share": pauses.sum() / span,
            "run_mean": spoken / len(stretches),
        }
        if len(pauses):
            values |= {"pause_mean": pauses.mean(), "pause_max": pauses.max()}
        if len(pauses) > 1:
            values["pause_sd"] = pauses.std(ddof=1)
        values |= _intensity(level, speech)
        nuclei = self._nuclei(level, voiced, speech)
        if len(nuclei):
            count = len(nuclei)
            values |= {"speech_rate": count / span, "articulation_rate": count / spoken}
            values |= _rhythm(nuclei[:, 1], speech) | _peaks(level, nuclei)
        return {name: float(value) for name, value in values.items()}

    def _speech(self, level: NDArray[np.float64], voiced: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """Frames from first to last speech that are in no pause.

        Nothing is speech where nothing is voiced. Where the first percentile of level, the noise
        floor, is so high that noise would count as speech, the threshold is 3 dB above it, but
        never within 10 dB of the clip's strongest frames.
        """
        threshold = max(-self.silence, min(float(np.quantile(level, 0.01)) + 3, -10.0))
        speech = (level > threshold) | voiced
        for start, stop in runs(speech):  # a click is not speech
            if not voiced[start:stop].any() and (stop - start) * STEP < 0.1:
                speech[start:stop] = False
        if not voiced.any():
            return np.zeros_like(speech)
        found = runs(speech)
        for (_, stop), (start, _) in pairwise(found):
            if (start - stop) * STEP < self.least_pause - 1e-9:
                speech[stop:start] = True
        return speech

    def _nuclei(
        self, level: NDArray[np.float64], voiced: NDArray[np.bool_], speech: NDArray[np.bool_]
    ) -> NDArray[np.intp]:
        """Frames of the dip before, the peak and the dip after each nucleus, `(nuclei, 3)`."""
        near_voice = np.convolve(voiced, np.ones(5), mode="same") > 0
        points = turning_points(level, self.dip)
        if len(points) < 2:
            return np.empty((0, 3), dtype=np.intp)
        if level[points[0]] > level[points[1]]:
            points = np.concatenate(([0], points))
        if level[points[-1]] > level[points[-2]]:
            points = np.concatenate((points, [len(level) - 1]))
        around = np.stack([points[:-2:2], points[1:-1:2], points[2::2]], axis=1)
        peak = around[:, 1]
        return around[speech[peak] & near_voice[peak] & (level[peak] > -self.silence)]


def _rhythm(peaks: NDArray[np.intp], speech: NDArray[np.bool_]) -> dict[str, float]:
    """Variability of the intervals between nuclei; intervals that hold a pause are left out."""
    silent_before = np.cumsum(~speech)
    inside = silent_before[peaks[1:]] == silent_before[peaks[:-1]]
    intervals = np.diff(peaks) * STEP
    values = {}
    both = inside[1:] & inside[:-1]
    if both.any():
        first, second = intervals[:-1][both], intervals[1:][both]
        values["npvi"] = 200 * np.mean(np.abs(first - second) / (first + second))
    kept = intervals[inside]
    if len(kept) >= 3:
        values["varco"] = 100 * kept.std(ddof=1) / kept.mean()
        values["final_lengthening"] = np.log(kept[-1] / np.median(kept))
    return values


def _intensity(level: NDArray[np.float64], speech: NDArray[np.bool_]) -> dict[str, float]:
    """Spread and slope of level over the frames of speech."""
    kept = level[speech]
    low, high = np.quantile(kept, (0.05, 0.95))
    return {
        "level_range": high - low,
        "level_sd": kept.std(),
        "level_slope": robust_slope(np.flatnonzero(speech).astype(np.float64) * STEP, kept),
    }


def _peaks(level: NDArray[np.float64], nuclei: NDArray[np.intp]) -> dict[str, float]:
    """How far, how fast and how unequally level rises to the nuclei."""
    before, peak, after = nuclei.T
    rise, fall = level[peak] - level[before], level[peak] - level[after]
    values = {"peak_sharpness": np.mean(rise + fall) / 2}
    up, down = peak > before, after > peak
    if up.any():
        values["attack"] = np.mean(rise[up] / ((peak - before)[up] * STEP))
    if down.any():
        values["decay"] = np.mean(fall[down] / ((after - peak)[down] * STEP))
    if len(nuclei) > 1:
        values["stress_sd"] = level[peak].std(ddof=1)
    return values
