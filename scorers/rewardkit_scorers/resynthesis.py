# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Speech said again with another melody or tempo, by Praat's overlap-add resynthesis (PSOLA).

Sources: Moulines and Charpentier (1990), Speech Communication 9, 453-467; Boersma and Weenink,
Praat manual, "Manipulation".
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import numpy as np
import parselmouth
from numpy.typing import NDArray
from parselmouth.praat import call, run

from rewardkit.perturbations import NotApplicable

Samples = NDArray[np.float32]
Contour = NDArray[np.float64]

STEP: Final = 0.01
"""Seconds between the points of an F0 contour."""

_LOWEST: Final = 60.0  # Hz, looked for first
_WINDOW: Final = 3 / _LOWEST  # s; three periods


def pitch_range(sound: parselmouth.Sound) -> tuple[float, float]:
    """F0 floor and ceiling in Hz for one speaker: 0.75 times the first quartile, 2.5 the third.

    Two passes, after Hirst (2011), *The analysis by synthesis of speech melody*, Journal of
    Speech Sciences 1(1); the ceiling is the one given there for expressive speech.

    Raises:
        NotApplicable: When nothing in the clip is voiced, or it is shorter than 0.05 s.
    """
    if not sound.duration >= _WINDOW:  # Praat refuses to look at it; none at all last NaN
        raise NotApplicable(f"shorter than {_WINDOW:g} s")
    values = sound.to_pitch(STEP, _LOWEST, 700.0).selected_array["frequency"]
    voiced = values[values > 0]
    if len(voiced) < 10:
        raise NotApplicable("under 0.1 s of the clip is voiced")
    low, high = np.percentile(voiced, [25, 75])
    return float(max(50.0, 0.75 * low)), float(min(800.0, 2.5 * high))


def _manipulation(samples: Samples, sample_rate: int) -> Any:
    """Praat's Manipulation object: the sound with its pulses, F0 and durations."""
    sound = parselmouth.Sound(samples.astype(np.float64), sample_rate)
    return call(sound, "To Manipulation", STEP, *pitch_range(sound))


def _resynthesis(manipulation: Any, n: int | None = None) -> Samples:
    """Overlap-add; `n` cuts or pads the few samples by which Praat may miss the length.

    Praat draws at random which voiceless pieces it repeats when durations change: its generator
    gets a fixed seed, and is given back its own state of chance after.
    """
    run("random_initializeWithSeedUnsafelyButPredictably (1)")
    sound = call(manipulation, "Get resynthesis (overlap-add)")
    run("random_initializeSafelyAndUnpredictably ()")
    copy: Samples = sound.values[0].astype(np.float32)
    if n is not None:
        copy = np.pad(copy[:n], (0, max(0, n - len(copy))))
    return copy


def unchanged(samples: Samples, sample_rate: int) -> Samples:
    """Through the same resynthesis with nothing changed: what changed copies are compared with.

    Raises:
        NotApplicable: When nothing in the clip is voiced.
    """
    return _resynthesis(_manipulation(samples, sample_rate), len(samples))


def with_contour(
    samples: Samples,
    sample_rate: int,
    change: Callable[[Contour, Contour], Contour],
    least: float = 1.0,
) -> Samples:
    """Resynthesise with another melody; F0 stays within 50 to 800 Hz.

    Args:
        samples: Mono.
        sample_rate: In Hz.
        change: From times in seconds and F0 in semitones re the median, new semitones.
        least: Standard deviation of F0 in semitones under which there is no melody to change.

    Raises:
        NotApplicable: When there is no such melody, or nothing is voiced.
    """
    manipulation = _manipulation(samples, sample_rate)
    _change_pitch(manipulation, len(samples) / sample_rate, change, least)
    return _resynthesis(manipulation, len(samples))


def with_contour_and_tempo(
    samples: Samples,
    sample_rate: int,
    change: Callable[[Contour, Contour], Contour],
    factor: float,
) -> Samples:
    """Resynthesise once with another melody and all durations times a factor.

    Args:
        samples: Mono.
        sample_rate: In Hz.
        change: As for `with_contour`.
        factor: Over 1 is slower.

    Raises:
        NotApplicable: When nothing in the clip is voiced.
    """
    duration = len(samples) / sample_rate
    manipulation = _manipulation(samples, sample_rate)
    _change_pitch(manipulation, duration, change, least=0.0)
    if factor != 1.0:
        tier = call("Create DurationTier", "changed", 0.0, duration)
        call(tier, "Add point", 0.0, float(factor))
        call([tier, manipulation], "Replace duration tier")
        return _resynthesis(manipulation)
    return _resynthesis(manipulation, len(samples))


def _change_pitch(
    manipulation: Any,
    duration: float,
    change: Callable[[Contour, Contour], Contour],
    least: float,
) -> None:
    """Put another melody into a Manipulation; see `with_contour`."""
    tier = call(manipulation, "Extract pitch tier")
    count = int(call(tier, "Get number of points"))
    times = np.array([call(tier, "Get time from index", i + 1) for i in range(count)])
    hertz = np.array([call(tier, "Get value at index", i + 1) for i in range(count)])
    if count < 10:
        raise NotApplicable("under 0.1 s of the clip is voiced")
    median = float(np.median(hertz))
    semitones = 12 * np.log2(hertz / median)
    if semitones.std() < least:
        raise NotApplicable(f"F0 varies by {semitones.std():.2f} semitones only")
    new = np.clip(median * 2 ** (change(times, semitones) / 12), 50.0, 800.0)
    fresh = call("Create PitchTier", "changed", 0.0, duration)
    for time, value in zip(times, new, strict=True):
        call(fresh, "Add point", float(time), float(value))
    call([fresh, manipulation], "Replace pitch tier")


def with_tempo(
    samples: Samples, sample_rate: int, borders: Contour, factors: Contour, n: int | None
) -> Samples:
    """Resynthesise with durations times `factors[i]` between `borders[i]` and `borders[i + 1]`.

    Args:
        samples: Mono, shape `(n,)`.
        sample_rate: In Hz.
        borders: Seconds, rising, from 0 to the end; shape `(k + 1,)`.
        factors: Shape `(k,)`; over 1 is slower.
        n: Length of the result in samples, or None for what comes out.

    Raises:
        NotApplicable: When nothing in the clip is voiced.
    """
    manipulation = _manipulation(samples, sample_rate)
    tier = call("Create DurationTier", "changed", 0.0, len(samples) / sample_rate)
    for start, end, factor in zip(borders[:-1], borders[1:], factors, strict=True):
        call(tier, "Add point", float(start) + 1e-4, float(factor))
        call(tier, "Add point", float(end) - 1e-4, float(factor))
    call([tier, manipulation], "Replace duration tier")
    return _resynthesis(manipulation, n)
