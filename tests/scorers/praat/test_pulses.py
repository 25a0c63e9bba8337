# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Pulses: known periods in, one pulse in each out; and Praat's own pulses beside them."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as examples
from hypothesis import strategies as st
from rewardkit_scorers._track import tracks
from rewardkit_scorers.praat import pulses as module
from rewardkit_scorers.praat.pulses import pulse_trains, pulses
from rewardkit_scorers.praat.track import Track

from rewardkit.batch import Batch
from rewardkit.clip import Clip


def track_of(f0, first=0.02, step=0.01):
    f0 = np.asarray(f0, float)
    grid = first + step * np.arange(len(f0))
    return Track(grid, f0, np.where(np.isfinite(f0), 0.9, np.nan), step, 75.0, 600.0)


def flat(f0, duration):
    return track_of(np.full(round(duration / 0.01) - 4, float(f0)))


def assert_as_praat(praat, samples, sample_rate, **options):
    """As many pulses, each at the same time to rounding; gives their number."""
    sound = praat.sound(samples, sample_rate)
    pitch = praat.pitch(sound, **options)
    theirs = praat.times(praat.pulses(sound, pitch))
    ours = pulses(samples, sample_rate, praat.track(pitch))
    np.testing.assert_allclose(ours, theirs, rtol=0, atol=1e-9)
    return len(ours)


@pytest.mark.parametrize("sample_rate", [8_000, 16_000, 44_100])
@pytest.mark.parametrize("f0", [80.0, 133.3, 250.0])
def test_one_pulse_a_period(sounds, f0, sample_rate):
    wave = sounds.buzz(f0, 1.0, sample_rate)
    found = pulses(wave, sample_rate, flat(f0, 1.0))
    np.testing.assert_allclose(np.diff(found), 1 / f0, rtol=0, atol=0.02 / sample_rate)
    # All over the voiced stretch, at the peaks of the wave to a third of a sample.
    assert found[0] < 0.015 + 1.25 / f0
    assert found[-1] > 0.965 - 1.25 / f0
    cycles = found * f0 + 0.5 * f0 / sample_rate
    assert np.abs(cycles - np.rint(cycles)).max() * sample_rate / f0 < 0.3


def test_follows_each_period_of_an_uneven_train(sounds):
    periods = 0.008 * (1 + 0.05 * np.random.default_rng(5).uniform(-1, 1, 100))
    wave = sounds.pulses(periods, np.ones(100), 44_100)
    found = pulses(wave, 44_100, flat(125, len(wave) / 44_100))
    truth = 0.01 + np.cumsum(periods) + 0.5 / 44_100
    nearest = np.abs(found[:, None] - truth).min(axis=1)
    assert len(found) > 90
    assert nearest.max() < 5e-5
    assert len(np.unique(np.abs(found[:, None] - truth).argmin(axis=1))) == len(found)


def test_sign_of_the_wave_does_not_matter(voices, praat):
    for samples, sample_rate in voices:
        track = praat.track(praat.pitch(praat.sound(samples, sample_rate)))
        one, other = pulses(samples, sample_rate, track), pulses(-samples, sample_rate, track)
        assert one.tobytes() == other.tobytes()


def test_gain_does_not_matter(voices, praat):
    for samples, sample_rate in voices:
        track = praat.track(praat.pitch(praat.sound(samples, sample_rate)))
        one, other = pulses(samples, sample_rate, track), pulses(samples / 64, sample_rate, track)
        assert one.tobytes() == other.tobytes()


def test_none_without_voice():
    wave = np.random.default_rng(0).standard_normal(16_000)
    for track in (track_of([]), track_of([np.nan] * 90)):
        found = pulses(wave, 16_000, track)
        assert found.shape == (0,)
        assert found.dtype == np.float64


@pytest.mark.parametrize("frames", [1, 2, 3])
def test_shortest_stretches(sounds, frames):
    f0 = np.full(96, np.nan)
    f0[40 : 40 + frames] = 200.0
    found = pulses(sounds.buzz(200.0, 1.0), 16_000, track_of(f0))
    begin, end = 0.415, 0.415 + 0.01 * frames
    assert 2 * frames - 1 <= len(found) <= 2 * frames + 2
    assert begin - 0.00625 < found[0]
    assert found[-1] < end + 0.00625
    np.testing.assert_allclose(np.diff(found), 0.005, atol=1e-5)


def test_gap_between_stretches_is_left_free(sounds):
    f0 = np.full(96, 200.0)
    f0[40:50] = np.nan
    found = pulses(sounds.buzz(200.0, 1.0), 16_000, track_of(f0))
    gap = np.diff(found).max()
    assert 0.09 < gap < 0.105


def test_clip_shorter_than_a_period():
    for count in (1, 2, 3, 40):
        found = pulses(np.linspace(-1, 1, count), 16_000, track_of([100.0], first=count / 32_000))
        assert np.isfinite(found).all()
        assert len(found) <= 4


@pytest.mark.parametrize("value", [0.0, 0.5, 1e-30])
def test_constant_called_voiced_ends(value):
    found = pulses(np.full(16_000, value), 16_000, flat(150, 1.0))
    assert len(found) <= 1 + 2 * 150
    assert (np.diff(found) > 0).all()


@examples(max_examples=40, deadline=None)
@given(st.integers(0, 10**6), st.integers(10, 4_000), st.sampled_from([8_000, 16_000, 48_000]))
def test_any_sound_under_any_track(seed, count, sample_rate):
    """Whatever is claimed to be voiced: rising times near the clip, and an end."""
    rng = np.random.default_rng(seed)
    wave = rng.standard_normal(count) * rng.choice(
        [0, 1, 1e-12, 1e12], count, p=[0.4, 0.4, 0.1, 0.1]
    )
    f0 = rng.choice([np.nan, 1.0], 40) * rng.uniform(40, 900, 40)
    track = track_of(f0, first=rng.uniform(-0.02, 0.02), step=rng.choice([0.001, 0.01]))
    found = pulses(wave, sample_rate, track)
    assert np.isfinite(found).all()
    assert (np.diff(found) > 0).all()
    if len(found):
        assert found[0] > -0.05
        assert found[-1] < count / sample_rate + 0.05
    assert found.tobytes() == pulses(wave, sample_rate, track).tobytes()


def test_real_speech_as_praat(praat, speech):
    assert sum(assert_as_praat(praat, *clip) for clip in speech) > 10_000


@pytest.mark.parametrize("step", [0.002, 0.01])
def test_made_voices_as_praat(praat, voices, step):
    for samples, sample_rate in voices:
        assert assert_as_praat(praat, samples, sample_rate, time_step=step) > 40


def test_noise_called_voiced_as_praat(praat):
    """Without thresholds, every frame is voiced, and little correlates."""
    for seed in range(6):
        white = np.random.default_rng(seed).standard_normal(12_000)
        wave = np.convolve(white, np.hanning(40), mode="same")
        found = assert_as_praat(praat, wave, 16_000, voicing_threshold=0.0, silence_threshold=0.0)
        assert found > 20


def test_clicks_and_silence_as_praat(praat):
    wave = np.zeros(16_000)
    wave[np.cumsum(np.random.default_rng(2).integers(60, 180, 130))] = 1.0
    wave[5_000:7_000] = 0
    assert assert_as_praat(praat, wave, 16_000, voicing_threshold=0.1) > 20


def test_same_alone_and_in_any_batch(voices):
    clips = [Clip(wave.astype(np.float32), 16_000) for wave, _ in voices]
    together = Batch(clips).shared(pulse_trains, tracks, 60.0, 700.0)
    backwards = Batch(clips[::-1]).shared(pulse_trains, tracks, 60.0, 700.0)[::-1]
    for clip, one, other in zip(clips, together, backwards, strict=True):
        batch = Batch([clip])
        (alone,) = batch.shared(pulse_trains, tracks, 60.0, 700.0)
        assert len(alone) > 20
        assert alone.tobytes() == one.tobytes() == other.tobytes()
        (track,) = batch.shared(tracks, 60.0, 700.0)
        (samples,) = batch.shared(module.sounds)
        assert abs(samples.mean()) < 1e-15
        assert alone.tobytes() == pulses(samples, 16_000, track).tobytes()
