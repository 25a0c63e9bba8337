# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Pitch: level, range, movement and regularity of the voice's fundamental frequency."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

import numpy as np
import parselmouth
from numpy.typing import NDArray

from rewardkit.clip import Clip
from rewardkit.errors import RewardkitError
from rewardkit.features import Feature
from rewardkit_scorers import _praat
from rewardkit_scorers._contour import robust_slope, runs, smooth, turning_points

STEP: Final = 0.01
"""Seconds between frames."""

LOWEST, HIGHEST = 40.0, 1000.0
"""Hz; pitch is never sought outside."""

SPAN: Final = 12 * math.log2(HIGHEST / LOWEST)
"""Semitones from `LOWEST` to `HIGHEST`: no difference in pitch is larger."""

STEEPEST: Final = SPAN / STEP
"""Semitones per second: no slope between two frames is larger."""

UNIT_GAP: Final = 0.25
"""Seconds; an unvoiced gap this long ends an utterance, shorter ones are bridged."""

FEATURES: Final = (
    Feature("f0_median", "Hz", "median F0", LOWEST, HIGHEST),
    Feature("level", "semitone", "median F0 re 100 Hz", -16, 40),
    Feature("sd", "semitone", "standard deviation of F0", 0, SPAN),
    Feature("range", "semitone", "95th less 5th percentile of F0", 0, SPAN),
    Feature("range_up", "semitone", "95th percentile less median of F0", 0, SPAN),
    Feature("range_down", "semitone", "median less 5th percentile of F0", 0, SPAN),
    Feature("monotony", "1", "share of voiced frames within a semitone of the median", 0, 1),
    Feature("slope", "semitone/s", "robust slope of F0 over the clip", -STEEPEST, STEEPEST),
    Feature("declination", "semitone/s", "mean slope of its utterances", -STEEPEST, STEEPEST),
    Feature("turn_rate", "1/s", "turning points of the contour per second", 0, 100),
    Feature("rise_rate", "1/s", "rises of the contour per second", 0, 100),
    Feature("fall_rate", "1/s", "falls of the contour per second", 0, 100),
    Feature("rise_size", "semitone", "mean size of the rises", 0, SPAN),
    Feature("fall_size", "semitone", "mean size of the falls", 0, SPAN),
    Feature("rise_speed", "semitone/s", "mean speed of the rises", 0, STEEPEST),
    Feature("fall_speed", "semitone/s", "mean speed of the falls", 0, STEEPEST),
    Feature("movement", "semitone/s", "mean absolute slope of the contour", 0, STEEPEST),
    Feature("peak_position", "1", "place of the highest F0 from first to last voiced frame", 0, 1),
    Feature("initial_level", "semitone", "first 0.1 s of voice less median F0", -SPAN, SPAN),
    Feature("final_level", "semitone", "last 0.1 s of voice less median F0", -SPAN, SPAN),
    Feature("final_slope", "semitone/s", "slope of the last 0.3 s of voice", -STEEPEST, STEEPEST),
    Feature("voiced_share", "1", "voiced share of the time from first to last voice", 0, 1),
    Feature("voiced_rate", "1/s", "voiced stretches per second", 0, 100),
    Feature("voiced_mean", "s", "mean length of the voiced stretches", low=0),
    Feature("break_share", "1", "share of voiced stretches with a break of < 50 ms after", 0, 1),
    Feature("octave_jump_share", "1", "share of frame pairs over half an octave apart", 0, 1),
    Feature("jitter", "%", "local jitter", low=0),
    Feature("jitter_ppq5", "%", "five-point period perturbation quotient", low=0),
    Feature("shimmer", "dB", "local shimmer", low=0),
    Feature("shimmer_apq5", "%", "five-point amplitude perturbation quotient", low=0),
    Feature("hnr", "dB", "mean harmonics-to-noise ratio of the voiced frames", -60, 60),
    Feature("hnr_sd", "dB", "standard deviation of the harmonics-to-noise ratio", 0, 120),
)


@dataclass(frozen=True)
class Pitch:
    """F0 by Praat's autocorrelation in the speaker's own range, and what its contour does.

    Intervals are in semitones, so that high and low voices compare. The *contour* is F0 in
    semitones, bridged over unvoiced gaps shorter than `UNIT_GAP`, cleaned by a five-frame median
    and smoothed; it falls into utterances at longer gaps. A *rise* or *fall* is a movement of at
    least `least_movement` that is not undone by as much on its way.

    Args:
        floor: Lowest pitch in Hz.
        ceiling: Highest pitch in Hz.
        least_movement: Semitones; smaller movements are not counted.

    Raises:
        RewardkitError: `bad_parameter` when floor and ceiling don't satisfy
            40 <= floor < ceiling <= 1000, or `least_movement` is not above 0.

    Source:
        F0: see `rewardkit_scorers._praat.track`. Jitter and shimmer: Praat manual, "Voice 2.
        Jitter" and "Voice 3. Shimmer". HNR: Boersma (1993), from the autocorrelation peak r of
        each voiced frame as 10 log10(r / (1 - r)); by the short window of the pitch analysis it
        ends between 20 and 25 dB for a perfectly regular voice.
        Turning points in semitones: 't Hart, Collier & Cohen (1990), "A perceptual study of
        intonation", where about a semitone and a half is the least difference heard in speech.

    Example:
        >>> t = np.arange(16_000) / 16_000
        >>> voice = np.sin(2 * np.pi * 200 * t) + 0.5 * np.sin(2 * np.pi * 400 * t)
        >>> values = Pitch()(Clip(voice.astype(np.float32), 16_000))
        >>> round(values["f0_median"], 1), round(values["level"], 1), values["monotony"]
        (200.0, 12.0, 1.0)
    """

    floor: float = 60.0
    ceiling: float = 700.0
    least_movement: float = 1.5

    name = "pitch"
    version = 1
    sample_rate = 16_000
    features = FEATURES

    def __post_init__(self) -> None:
        if not LOWEST <= self.floor < self.ceiling <= HIGHEST:
            raise RewardkitError(
                "bad_parameter",
                f"pitch: floor {self.floor} and ceiling {self.ceiling} must satisfy "
                f"{LOWEST:g} <= floor < ceiling <= {HIGHEST:g}",
            )
        if not self.least_movement > 0:
            raise RewardkitError(
                "bad_parameter", f"pitch: least_movement {self.least_movement} must be above 0"
            )

    def __call__(self, clip: Clip) -> Mapping[str, float]:
        """Measure one clip; NaN where there is too little voice to measure."""
        values = dict.fromkeys((f.name for f in FEATURES), math.nan)
        if not _praat.measurable(clip):
            return values
        sound = _praat.sound(clip)
        track = _praat.track(sound, self.floor, self.ceiling, STEP)
        if np.count_nonzero(track.voiced) < 5:
            return values
        semitones = 12 * np.log2(track.f0 / 100)
        values |= _level(semitones)
        values |= _ends(semitones)
        values |= _voicing(semitones)
        values |= _contour(semitones, self.least_movement)
        values |= _regularity(sound, track)
        return {name: float(value) for name, value in values.items()}


def _level(semitones: NDArray[np.float64]) -> dict[str, float]:
    """Where F0 lies and how far it spreads, over the voiced frames."""
    index = np.flatnonzero(np.isfinite(semitones))
    kept = semitones[index]
    low, median, high = np.quantile(kept, (0.05, 0.5, 0.95))
    return {
        "f0_median": 100 * 2 ** (median / 12),
        "level": median,
        "sd": kept.std(),
        "range": high - low,
        "range_up": high - median,
        "range_down": median - low,
        "monotony": np.mean(np.abs(kept - median) <= 1),
        "slope": robust_slope(index.astype(np.float64) * STEP, kept),
        "octave_jump_share": np.mean(np.abs(np.diff(kept)[np.diff(index) == 1]) > 6),
    }


def _ends(semitones: NDArray[np.float64]) -> dict[str, float]:
    """How the voice begins and ends."""
    index = np.flatnonzero(np.isfinite(semitones))
    kept = semitones[index]
    median = np.median(kept)
    final = index > index[-1] - round(0.3 / STEP)
    smoothed = _median_of_five(kept)
    return {
        "initial_level": np.mean(kept[:10]) - median,
        "final_level": np.mean(kept[-10:]) - median,
        "final_slope": robust_slope(index[final].astype(np.float64) * STEP, kept[final]),
        "peak_position": (index[np.argmax(smoothed)] - index[0]) / max(index[-1] - index[0], 1),
    }


def _voicing(semitones: NDArray[np.float64]) -> dict[str, float]:
    """How much is voiced and how it is cut up."""
    stretches = runs(np.isfinite(semitones))
    span = (stretches[-1, 1] - stretches[0, 0]) * STEP
    lengths = (stretches[:, 1] - stretches[:, 0]) * STEP
    gaps = (stretches[1:, 0] - stretches[:-1, 1]) * STEP
    return {
        "voiced_share": lengths.sum() / span,
        "voiced_rate": len(stretches) / span,
        "voiced_mean": lengths.mean(),
        "break_share": np.count_nonzero(gaps < 0.05 - 1e-9) / len(stretches),
    }


def _contour(semitones: NDArray[np.float64], least: float) -> dict[str, float]:
    """What the contour does within its utterances of at least 0.1 s."""
    stretches = runs(np.isfinite(semitones))
    breaks = np.flatnonzero((stretches[1:, 0] - stretches[:-1, 1]) * STEP >= UNIT_GAP - 1e-9)
    starts = stretches[np.concatenate(([0], breaks + 1)), 0]
    stops = stretches[np.concatenate((breaks, [len(stretches) - 1])), 1]
    seconds = turns = travelled = 0.0
    slopes: list[tuple[float, float]] = []
    moves: list[tuple[float, float]] = []  # size in semitones, with its sign, and duration
    for start, stop in zip(starts, stops, strict=True):
        if (stop - start) * STEP < 0.1 - 1e-9:
            continue
        index = np.flatnonzero(np.isfinite(semitones[start:stop]))
        kept = _median_of_five(semitones[start:stop][index])
        contour = smooth(np.interp(np.arange(stop - start), index, kept), 2.0)
        length = (stop - start) * STEP
        seconds += length
        travelled += float(np.abs(np.diff(contour)).sum())
        slopes.append((robust_slope(index.astype(np.float64) * STEP, kept), length))
        points = turning_points(contour, least)
        turns += max(len(points) - 2, 0)
        moves += [(contour[b] - contour[a], (b - a) * STEP) for a, b in pairwise(points)]
    if not seconds:
        return {}
    rises = np.array([move for move in moves if move[0] > 0]).reshape(-1, 2)
    falls = np.array([move for move in moves if move[0] < 0]).reshape(-1, 2)
    slope, weight = np.array(slopes).T
    values = {
        "declination": np.average(slope, weights=weight),
        "turn_rate": turns / seconds,
        "rise_rate": len(rises) / seconds,
        "fall_rate": len(falls) / seconds,
        "movement": travelled / seconds,
    }
    for kind, found in (("rise", rises), ("fall", falls)):
        if len(found):
            size, duration = np.abs(found).T
            values |= {f"{kind}_size": size.mean(), f"{kind}_speed": np.mean(size / duration)}
    return values


def _regularity(sound: parselmouth.Sound, track: _praat.PitchTrack) -> dict[str, float]:
    """Jitter, shimmer and harmonics-to-noise ratio."""
    pulses = parselmouth.praat.call([sound, track.pitch], "To PointProcess (cc)")
    # The standard arguments: whole sound, shortest and longest period, largest ratio between
    # neighbouring periods, and between neighbouring amplitudes.
    period = (0, 0, 0.0001, 0.02, 1.3)
    strength = np.clip(track.strength[track.voiced], 1e-6, 1 - 1e-6)
    hnr = 10 * np.log10(strength / (1 - strength))

    def jitter(kind: str) -> float:
        return float(parselmouth.praat.call(pulses, f"Get jitter ({kind})", *period))

    def shimmer(kind: str) -> float:
        both = [sound, pulses]
        return float(parselmouth.praat.call(both, f"Get shimmer ({kind})", *period, 1.6))

    return {
        "jitter": 100 * jitter("local"),
        "jitter_ppq5": 100 * jitter("ppq5"),
        "shimmer": shimmer("local_dB"),
        "shimmer_apq5": 100 * shimmer("apq5"),
        "hnr": hnr.mean(),
        "hnr_sd": hnr.std(),
    }


def _median_of_five(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Running median, the ends continued with their own value."""
    padded = np.pad(values, 2, mode="edge")
    return np.asarray(np.median(np.lib.stride_tricks.sliding_window_view(padded, 5), axis=1))
