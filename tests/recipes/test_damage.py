# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Each damage does what its name says, measured with Praat on generated voices."""

from __future__ import annotations

import itertools
from collections.abc import Callable

import numpy as np
import parselmouth
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from parselmouth.praat import call

from checkpoints.recipes import damage, structure
from checkpoints.recipes.loudness import loudness
from rewardkit.perturbations import NotApplicable

RATE = 16_000
KINDS = {kind.name: kind for kind in damage.DAMAGES}
PAUSES = ((1.2, 1.6), (2.6, 3.0), (3.9, 4.2))

Samples = NDArray[np.float32]


def voice(
    melody: Callable[[float], float],
    duration: float = 5.0,
    pauses: tuple[tuple[float, float], ...] = PAUSES,
    syllables: float = 4.0,
) -> Samples:
    """A hummed vowel with F0 `melody(t)` semitones over 120 Hz, in syllables, with pauses."""
    tier = call("Create PitchTier", "melody", 0.0, duration)
    for t in np.arange(0, duration, 0.01):
        call(tier, "Add point", float(t), 120.0 * 2 ** (melody(float(t)) / 12))
    hum = call(call(tier, "To PointProcess"), "To Sound (hum)").resample(RATE)
    n = round(duration * RATE)
    t = np.arange(n) / RATE
    # Raised cosine in dB, 20 dB deep.
    syllable = 10 ** (-(1 + np.cos(2 * np.pi * syllables * t)) / 2)
    # Praat takes the mean away before it resynthesises: a hum with a mean would leave steps.
    spectrum = np.fft.rfft(np.resize(hum.values[0], n) * syllable)
    spectrum[: round(50 * duration)] = 0.0
    samples = np.fft.irfft(spectrum, n)
    for start, end in pauses:
        samples[(t >= start) & (t < end)] = 0.0
    noise = 1e-4 * np.random.default_rng(0).standard_normal(n)
    return (0.3 * samples / np.abs(samples).max() + noise).astype(np.float32)


@pytest.fixture(scope="module")
def lively() -> Samples:
    """F0 swings by 4 semitones each way (2.8 rms) and falls, as in a statement."""
    return voice(lambda t: 4 * np.sin(2 * np.pi * 0.7 * t) - 0.4 * t)


def contour(samples: Samples) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Times and F0 in semitones re 120 Hz where voiced."""
    sound = parselmouth.Sound(samples.astype(np.float64), RATE)
    pitch = sound.to_pitch(0.01, 50.0, 500.0)
    hertz = pitch.selected_array["frequency"]
    voiced = hertz > 0
    return pitch.xs()[voiced], 12 * np.log2(hertz[voiced] / 120.0)


def spread(samples: Samples) -> float:
    return float(contour(samples)[1].std())


def at(samples: Samples, times: NDArray[np.float64]) -> NDArray[np.float64]:
    """F0 in semitones at the given times, from the nearest voiced frames."""
    return np.interp(times, *contour(samples))


def apply(name: str, samples: Samples, seed: int = 0) -> Samples:
    return KINDS[name](samples, RATE, np.random.default_rng(seed))


def inner_pauses(samples: Samples) -> list[float]:
    found = structure.spans(samples, RATE)
    return [b[0] - a[1] for a, b in itertools.pairwise(found)]


def test_the_generated_voice_is_what_the_tests_take_it_for(lively: Samples) -> None:
    times, semitones = contour(lively)
    expected = 4 * np.sin(2 * np.pi * 0.7 * times) - 0.4 * times
    assert np.median(np.abs(semitones - expected)) < 0.1
    assert inner_pauses(lively) == pytest.approx([0.4, 0.4, 0.3], abs=0.12)


def test_the_control_keeps_melody_length_pauses_and_loudness(lively: Samples) -> None:
    copy = damage.resynthesised(lively, RATE)
    assert len(copy) == len(lively)
    times, semitones = contour(lively)
    assert np.median(np.abs(at(copy, times) - semitones)) < 0.1
    assert spread(copy) == pytest.approx(spread(lively), rel=0.05)
    assert inner_pauses(copy) == pytest.approx(inner_pauses(lively), abs=0.03)
    assert loudness(copy, RATE) == pytest.approx(loudness(lively, RATE), abs=0.05)
    assert not np.array_equal(copy, lively)  # it has been through the resynthesis


@pytest.mark.parametrize("name", KINDS)
def test_every_damage_keeps_loudness_and_says_whether_it_keeps_length(
    name: str, lively: Samples
) -> None:
    copy = apply(name, lively)
    assert copy.dtype == np.float32
    assert copy.ndim == 1
    assert np.isfinite(copy).all()
    assert loudness(copy, RATE) == pytest.approx(loudness(lively, RATE), abs=0.05)
    assert (len(copy) == len(lively)) == KINDS[name].keeps_duration


@pytest.mark.parametrize("name", KINDS)
def test_the_same_chance_gives_the_same_copy_and_the_input_is_left_alone(
    name: str, lively: Samples
) -> None:
    before = lively.copy()
    assert np.array_equal(apply(name, lively, 3), apply(name, lively, 3))
    assert np.array_equal(lively, before)


def test_flat_is_a_monotone_at_the_median(lively: Samples) -> None:
    _, before = contour(lively)
    _, after = contour(apply("flat", lively))
    assert after.std() < 0.3
    assert np.median(after) == pytest.approx(np.median(before), abs=0.3)


@pytest.mark.parametrize(("name", "factor"), [("narrow", 0.3), ("wide", 2.0)])
def test_the_range_is_scaled_in_semitones(name: str, factor: float, lively: Samples) -> None:
    assert spread(apply(name, lively)) == pytest.approx(factor * spread(lively), rel=0.1)


def test_inverted_turns_rises_into_falls(lively: Samples) -> None:
    times, before = contour(lively)
    after = at(apply("inverted", lively), times)
    assert np.corrcoef(before, after)[0, 1] < -0.95


def test_displaced_keeps_the_values_and_changes_their_places(lively: Samples) -> None:
    copy = apply("displaced", lively)
    times, before = contour(lively)
    assert spread(copy) == pytest.approx(spread(lively), rel=0.15)
    assert np.median(np.abs(at(copy, times) - before)) > 1.0


def test_jumps_make_steps_that_the_original_has_not(lively: Samples) -> None:
    def steps(samples: Samples) -> float:
        times, semitones = contour(samples)
        # Over 50 ms, and only where both ends are voiced.
        near = np.abs((times[5:] - times[:-5]) - 0.05) < 1e-6
        return float(np.abs(semitones[5:] - semitones[:-5])[near].max())

    assert steps(apply("jumps", lively)) > steps(lively) + 2.0


def test_pauses_are_put_inside_syllables(lively: Samples) -> None:
    copy = apply("pauses", lively)
    new = len(inner_pauses(copy)) - len(inner_pauses(lively))
    added = (len(copy) - len(lively)) / RATE
    assert 2 <= new <= 4
    assert 0.3 * new <= added <= 0.7 * new


def test_a_new_pause_is_as_noisy_as_the_old_ones(lively: Samples) -> None:
    curve = structure.level(apply("pauses", lively), RATE)
    quiet = curve[curve < structure.threshold(curve) - 6]
    original = structure.level(lively, RATE)
    floor = np.median(original[original < structure.threshold(original) - 6])
    assert np.median(quiet) == pytest.approx(floor, abs=3.0)
    assert quiet.min() > -100  # never digital silence


def test_rushed_has_no_pauses_left(lively: Samples) -> None:
    copy = apply("rushed", lively)
    assert inner_pauses(copy) == []
    assert len(copy) / RATE < len(lively) / RATE - 0.8


def test_uneven_moves_speech_within_the_same_length() -> None:
    steady = voice(lambda t: 4 * np.sin(2 * np.pi * 0.7 * t), pauses=())
    gaps = np.diff(structure.nuclei(steady, RATE))
    warped = np.diff(structure.nuclei(apply("uneven", steady), RATE))
    assert np.median(gaps) == pytest.approx(0.25, abs=0.02)
    assert gaps.std() < 0.03
    assert warped.std() > 0.06


@pytest.mark.parametrize(("name", "factor"), [("fast", 0.6), ("slow", 1.6)])
def test_the_tempo_changes_and_the_pitch_does_not(
    name: str, factor: float, lively: Samples
) -> None:
    copy = apply(name, lively)
    assert len(copy) / len(lively) == pytest.approx(factor, abs=0.01)
    assert spread(copy) == pytest.approx(spread(lively), rel=0.1)
    gaps = np.diff(structure.nuclei(copy, RATE))
    assert np.median(gaps) == pytest.approx(0.25 * factor, abs=0.03)


def test_stutter_repeats_syllables(lively: Samples) -> None:
    copy = apply("stutter", lively)
    more = len(structure.nuclei(copy, RATE)) - len(structure.nuclei(lively, RATE))
    assert 3 <= more <= 7  # two or three syllables, twice more each, give or take one
    assert len(copy) > len(lively) + 0.5 * RATE


def test_level_takes_the_syllables_out_of_the_level(lively: Samples) -> None:
    def swing(samples: Samples) -> float:
        curve = structure.level(samples, RATE)
        speech = curve[curve > structure.threshold(curve)]
        return float(speech.std())

    assert swing(apply("level", lively)) < 0.6 * swing(lively)


@pytest.mark.parametrize("name", ["flat", "narrow", "wide", "inverted", "displaced"])
def test_a_monotone_has_no_melody_to_damage(name: str) -> None:
    monotone = voice(lambda t: 0.0, duration=2.0, pauses=())
    with pytest.raises(NotApplicable, match="semitones only"):
        apply(name, monotone)


def test_a_clip_without_pauses_can_not_be_rushed() -> None:
    with pytest.raises(NotApplicable, match="pauses"):
        apply("rushed", voice(lambda t: 3 * np.sin(4 * t), duration=2.0, pauses=()))


def test_noise_has_nothing_to_damage() -> None:
    noise = np.random.default_rng(0).standard_normal(RATE).astype(np.float32) * 0.1
    with pytest.raises(NotApplicable, match="voiced"):
        damage.resynthesised(noise, RATE)


@settings(max_examples=8, deadline=None, suppress_health_check=list(HealthCheck))
@given(seed=st.integers(0, 2**32 - 1), name=st.sampled_from(["pauses", "stutter", "uneven"]))
def test_whatever_the_chance_the_copy_is_sound(lively: Samples, seed: int, name: str) -> None:
    copy = apply(name, lively, seed)
    assert np.isfinite(copy).all()
    assert loudness(copy, RATE) == pytest.approx(loudness(lively, RATE), abs=0.05)
    assert 0.5 < len(copy) / len(lively) < 2.5
