# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Jitter and shimmer: planted irregularity in, its share out; and Praat's own values beside."""

from __future__ import annotations

import math
from dataclasses import astuple

import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as examples
from hypothesis import strategies as st
from rewardkit_scorers._track import tracks
from rewardkit_scorers.praat.perturbation import jitter, jitters, shimmer, shimmers
from rewardkit_scorers.praat.pulses import pulse_trains, pulses
from rewardkit_scorers.praat.track import Track

from rewardkit.batch import Batch
from rewardkit.clip import Clip


def train(periods, start=0.01):
    return start + np.cumsum([0, *periods])


def flat(batch, f0):
    tracks = []
    for clip in batch:
        grid = np.arange(0.02, clip.duration - 0.02, 0.01)
        f0s = np.full(len(grid), f0)
        tracks.append(Track(grid, f0s, f0s / f0, 0.01, 75.0, 600.0))
    return tuple(tracks)


def bumps(times, heights, sample_rate=16_000):
    """A cosine-shaped bump of 3 ms at each time."""
    t = (np.arange(round((times[-1] + 0.02) * sample_rate)) + 0.5) / sample_rate
    wave = np.zeros(len(t))
    for time, height in zip(times, heights, strict=True):
        near = np.abs(t - time) < 0.0015
        wave[near] += height * (0.5 + 0.5 * np.cos(np.pi * (t[near] - time) / 0.0015))
    return wave


@pytest.mark.parametrize("e", [0.001, 0.01, 0.1])
@pytest.mark.parametrize("period", [0.0025, 0.005, 0.0125])
def test_alternating_periods(period, e):
    found = jitter(train(period * np.tile([1 - e, 1 + e], 50)))
    expected = (2 * e, 2 * e * period, 4 / 3 * e, 0.8 * e, 4 * e)
    np.testing.assert_allclose(astuple(found), expected, rtol=1e-9)


@pytest.mark.parametrize("e", [0.001, 0.01, 0.1])
def test_alternating_amplitudes(e):
    heights = 0.3 * np.tile([1 - e, 1 + e], 50)
    times = 0.02 + 0.008 * np.arange(100)
    found = shimmer(bumps(times, heights), 16_000, times)
    level = 20 * math.log10((1 + e) / (1 - e))
    expected = (2 * e, level, 4 / 3 * e, 0.8 * e, 12 / 11 * e, 4 * e)
    np.testing.assert_allclose(astuple(found), expected, rtol=2e-3 + 0.02 * e)


def test_even_voice_has_none():
    times = 0.02 + 0.008 * np.arange(100)
    np.testing.assert_allclose(astuple(jitter(times)), 0, atol=1e-12)
    np.testing.assert_allclose(astuple(shimmer(bumps(times, np.ones(100)), 16_000, times)), 0,
                               atol=1e-9)  # fmt: skip


def test_glide_is_no_rap():
    """A steady change of the period is local jitter, but not relative to its neighbours."""
    found = jitter(train(0.008 + 1e-5 * np.arange(50)))
    mean = 0.008 + 1e-5 * 24.5
    np.testing.assert_allclose(found.local, 1e-5 / mean, rtol=1e-9)
    assert found.rap < 1e-12
    assert found.ppq5 < 1e-12


@pytest.mark.parametrize("sample_rate", [16_000, 44_100])
def test_planted_in_a_voice(sounds, sample_rate):
    """From the sound on: pulses are found, and the irregularity is that of the train."""
    rng = np.random.default_rng(3)
    periods = 0.008 * (1 + 0.01 * rng.uniform(-1, 1, 150))
    heights = 1 + 0.05 * rng.uniform(-1, 1, 150)
    wave = sounds.pulses(periods, heights, sample_rate).astype(np.float32)
    batch = Batch([Clip(wave, sample_rate)])
    (found,) = batch.shared(jitters, flat, 125.0)
    expected = np.abs(np.diff(periods)).mean() / periods.mean()
    assert found.local == pytest.approx(expected, rel=0.1)
    (unsteady,) = batch.shared(shimmers, flat, 125.0)
    expected = np.abs(np.diff(heights)).mean() / heights.mean()
    assert unsteady.local == pytest.approx(expected, rel=0.15)


def test_breaks_are_no_periods():
    """A pause, a skipped pulse and an octave jump between two even stretches."""
    for gap in (0.3, 0.0165, 0.0039):
        found = jitter(train([*[0.008] * 30, gap, *[0.008] * 30]))
        np.testing.assert_allclose(astuple(found), 0, atol=1e-12)


def test_loud_and_soft_are_two_voices():
    times = 0.02 + 0.008 * np.arange(60)
    heights = np.repeat([1.0, 0.5], 30)
    assert shimmer(bumps(times, heights), 16_000, times).local < 1e-9


@pytest.mark.parametrize(("count", "defined"), [(0, 0), (1, 0), (2, 0), (3, 2), (4, 4), (6, 5)])
def test_too_few_pulses_are_not_a_number(count, defined):
    times = 0.02 + 0.008 * np.arange(count)
    assert np.isfinite(astuple(jitter(times))).sum() == defined


@pytest.mark.parametrize(
    ("count", "defined"), [(0, 0), (2, 0), (3, 0), (4, 2), (5, 4), (7, 5), (13, 6)]
)
def test_too_few_amplitudes_are_not_a_number(count, defined):
    times = 0.02 + 0.008 * np.arange(count)
    wave = bumps(0.02 + 0.008 * np.arange(20), np.ones(20))
    assert np.isfinite(astuple(shimmer(wave, 16_000, times))).sum() == defined


def test_silence_has_no_shimmer():
    times = 0.02 + 0.008 * np.arange(50)
    assert np.isnan(astuple(shimmer(np.zeros(16_000), 16_000, times))).all()


def test_pulses_outside_the_sound():
    times = -0.1 + 0.008 * np.arange(200)
    wave = bumps(0.02 + 0.008 * np.arange(20), np.ones(20))
    assert np.isfinite(astuple(jitter(times))).all()
    assert np.isfinite(astuple(shimmer(wave, 16_000, times))).all()


@examples(max_examples=60, deadline=None)
@given(
    st.lists(st.floats(1e-5, 0.05), max_size=60),
    st.lists(st.floats(0.004, 0.009), max_size=60),
)
def test_any_train_as_praat(praat, wild, tame):
    times = train(wild + tame)
    found = jitter(times)
    expected = praat.jitter(praat.process(times, times[-1] + 0.01))
    np.testing.assert_allclose(astuple(found), expected, rtol=1e-9, atol=1e-13)


@pytest.mark.parametrize("seed", range(12))
def test_any_amplitudes_as_praat(praat, seed):
    rng = np.random.default_rng(seed)
    times = train(
        rng.choice([0.006, 0.007, 0.0085, 0.0001, 0.022], 120, p=[0.4, 0.4, 0.1, 0.05, 0.05])
    )
    sample_rate = int(rng.choice([8_000, 16_000, 44_100]))
    wave = rng.standard_normal(round((times[-1] + 0.01) * sample_rate))
    wave *= np.repeat(rng.uniform(0.2, 1, len(wave) // 300 + 1), 300)[: len(wave)]
    wave[rng.integers(len(wave)) :][:500] = 0
    expected = praat.shimmer(praat.sound(wave, sample_rate), praat.process(times, times[-1] + 0.01))
    np.testing.assert_allclose(astuple(shimmer(wave, sample_rate, times)), expected, rtol=1e-9)


def assert_as_praat(praat, samples, sample_rate):
    sound = praat.sound(samples, sample_rate)
    pitch = praat.pitch(sound)
    process = praat.pulses(sound, pitch)
    ours = pulses(samples, sample_rate, praat.track(pitch))
    np.testing.assert_allclose(astuple(jitter(ours)), praat.jitter(process), rtol=1e-9)
    np.testing.assert_allclose(
        astuple(shimmer(samples, sample_rate, ours)), praat.shimmer(sound, process), rtol=1e-9
    )


def test_real_speech_as_praat(praat, speech):
    for clip in speech:
        assert_as_praat(praat, *clip)


def test_made_voices_as_praat(praat, voices):
    for clip in voices:
        assert_as_praat(praat, *clip)


def test_same_alone_and_in_any_batch(voices):
    clips = [Clip(wave.astype(np.float32), 16_000) for wave, _ in voices]
    batch, backwards = Batch(clips), Batch(clips[::-1])
    for measure in (jitters, shimmers):
        together = batch.shared(measure, tracks, 60.0, 700.0)
        turned = backwards.shared(measure, tracks, 60.0, 700.0)[::-1]
        for clip, one, other in zip(clips, together, turned, strict=True):
            (alone,) = Batch([clip]).shared(measure, tracks, 60.0, 700.0)
            assert np.isfinite(astuple(alone)).all()
            bits = [np.array(astuple(x)).tobytes() for x in (alone, one, other)]
            assert bits[0] == bits[1] == bits[2]
    trains = batch.shared(pulse_trains, tracks, 60.0, 700.0)
    assert trains is batch.shared(pulse_trains, tracks, 60.0, 700.0)
