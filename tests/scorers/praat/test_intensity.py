# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Intensity: known powers in, known decibels out; and Praat's own contour beside it."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as examples
from hypothesis import strategies as st
from rewardkit_scorers.praat.intensity import PERIODS, SILENCE, intensities, intensity

from rewardkit.batch import Batch
from rewardkit.clip import Clip
from rewardkit.errors import RewardkitError

RATES = (8_000, 11_025, 16_000, 22_050, 44_100, 48_000)
SETTINGS = ((100.0, None), (60.0, 0.01), (75.0, 0.003))


def assert_as_praat(praat, samples, sample_rate, floor, step):
    theirs = praat.sound(samples, sample_rate).to_intensity(minimum_pitch=floor, time_step=step)
    ours = intensity(samples, sample_rate, floor, step)
    np.testing.assert_allclose(ours.times, theirs.xs(), rtol=0, atol=1e-13)
    loud = theirs.values[0] > -100  # below, both are made of rounding errors
    np.testing.assert_allclose(ours.level[loud], theirs.values[0][loud], rtol=0, atol=1e-9)
    assert (ours.level[~loud] < -100).all()


@pytest.mark.parametrize("sample_rate", RATES)
@pytest.mark.parametrize("amplitude", [1.0, 0.1, 1e-4])
def test_sine(amplitude, sample_rate):
    t = np.arange(sample_rate) / sample_rate
    ours = intensity(amplitude * np.sin(2 * np.pi * 500 * t), sample_rate)
    expected = 20 * math.log10(amplitude / math.sqrt(2) / 2e-5)
    np.testing.assert_allclose(ours.level, expected, atol=1e-3)


def test_does_not_ripple_at_the_floor():
    t = np.arange(16_000) / 16_000
    wave = np.sin(2 * np.pi * 100 * t) ** 3
    assert np.ptp(intensity(wave, 16_000, 100.0, 0.001).level) < 0.02
    assert np.ptp(intensity(wave, 16_000, 400.0, 0.001).level) > 2


def test_step_in_level():
    t = np.arange(32_000) / 16_000
    wave = np.where(t < 1, 0.05, 0.5) * np.sin(2 * np.pi * 400 * t)
    ours = intensity(wave, 16_000)
    before, after = ours.level[ours.times < 0.96], ours.level[ours.times > 1.04]
    np.testing.assert_allclose(after.mean() - before.mean(), 20, atol=1e-3)


def test_constant_is_silence():
    for value in (0.0, 0.25, -1 / 3):
        assert (intensity(np.full(8_000, value), 16_000).level == SILENCE).all()


def test_silence_within_sound():
    rng = np.random.default_rng(0)
    wave = rng.standard_normal(16_000)
    wave[6_000:10_000] = 0
    ours = intensity(wave, 16_000)
    inside = np.abs(ours.times - 0.5) < (4_000 / 16_000 - PERIODS / 100) / 2 - 1e-3
    assert inside.sum() > 10
    assert (ours.level[inside] == SILENCE).all()


@pytest.mark.parametrize("sample_rate", RATES)
def test_length_of_the_window_is_the_shortest(sample_rate):
    needed = math.ceil(PERIODS / 100 * sample_rate)
    wave = np.random.default_rng(1).standard_normal(needed + 2)
    assert len(intensity(wave[: needed - 2], sample_rate)) == 0
    ours = intensity(wave, sample_rate)
    assert len(ours) == 1
    assert np.isfinite(ours.level).all()


@pytest.mark.parametrize("count", [0, 1, 2])
def test_next_to_nothing_has_no_frames(count):
    ours = intensity(np.ones(count), 16_000)
    assert len(ours) == 0
    assert ours.level.dtype == np.float64


@pytest.mark.parametrize(
    ("floor", "step"),
    [(0.0, 0.01), (-1.0, 0.01), (100.0, 0.0), (math.nan, 0.01), (100.0, math.inf)],
)
def test_impossible_settings(floor, step):
    with pytest.raises(RewardkitError, match="bad_parameter"):
        intensity(np.ones(16_000), 16_000, floor, step)


@pytest.mark.parametrize(("floor", "step"), SETTINGS)
def test_real_speech_as_praat(praat, speech, floor, step):
    for samples, sample_rate in speech:
        assert_as_praat(praat, samples, sample_rate, floor, step)


@pytest.mark.parametrize(("floor", "step"), SETTINGS)
def test_made_voices_as_praat(praat, voices, floor, step):
    for samples, sample_rate in voices:
        assert_as_praat(praat, samples, sample_rate, floor, step)
        assert_as_praat(praat, samples + 0.3, sample_rate, floor, step)


@examples(max_examples=30, deadline=None)
@given(st.integers(0, 1000), st.floats(1e-3, 1e3), st.integers(2_000, 9_000))
def test_gain_adds_its_decibels(seed, gain, length):
    wave = np.random.default_rng(seed).standard_normal(length)
    plain, louder = intensity(wave, 16_000), intensity(gain * wave, 16_000)
    np.testing.assert_allclose(louder.level - plain.level, 20 * math.log10(gain), atol=1e-9)


def test_same_alone_and_in_any_batch(voices):
    clips = [Clip(wave.astype(np.float32)[:n], 16_000) for wave, _ in voices for n in (700, 9_000)]
    together = intensities(Batch(clips), 75.0, 0.01)
    backwards = intensities(Batch(clips[::-1]), 75.0, 0.01)[::-1]
    for clip, one, other in zip(clips, together, backwards, strict=True):
        (alone,) = Batch([clip]).shared(intensities, 75.0, 0.01)
        for same in (one, other):
            assert alone.level.tobytes() == same.level.tobytes()
            assert alone.times.tobytes() == same.times.tobytes()
