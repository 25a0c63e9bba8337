# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Harmonicity: noise of known level in, its ratio out; and frame by frame against Praat."""

from __future__ import annotations

import numpy as np
import parselmouth
import pytest
import soundfile
from hypothesis import given, settings
from hypothesis import strategies as st
from rewardkit_scorers.praat.harmonicity import harmonicities, harmonicity

from rewardkit.batch import Batch
from rewardkit.clip import Clip
from rewardkit.testing import voice


def praat(samples, sample_rate, step=0.01, floor=75.0, silence=0.1, periods=1.0):
    """Times and ratios, NaN for Praat's -200."""
    sound = parselmouth.Sound(samples.astype(np.float64), sample_rate)
    found = sound.to_harmonicity_cc(step, floor, silence, periods)
    return found.xs(), np.where(found.values[0] > -200, found.values[0], np.nan)


def agree(samples, sample_rate, *settings):
    """The shares of frames that differ in silence, and by more than 0.1 dB; times must equal."""
    times, expected = praat(samples, sample_rate, *settings)
    ours = harmonicity(samples, sample_rate, *settings)
    assert ours.times == pytest.approx(times, abs=1e-9)
    both = np.isfinite(expected) & np.isfinite(ours.ratio)
    differs = np.mean(np.isfinite(expected) != np.isfinite(ours.ratio))
    far = np.abs(expected - ours.ratio)[both] > 0.1
    return differs, far.mean() if len(far) else 0.0


@pytest.mark.parametrize("ratio", [0.0, 10.0, 20.0, 30.0])
@pytest.mark.parametrize("f0", [110.0, 200.0, 317.0])
def test_noise_of_known_level(f0, ratio):
    t = np.arange(32_000) / 16_000
    tone = sum(np.cos(2 * np.pi * f0 * k * t + k * k) for k in range(1, 8))
    noise = np.random.default_rng(0).standard_normal(len(t))
    noise *= tone.std() * 10 ** (-ratio / 20)
    # the highest of many noisy maxima lies above the true one, the more so the more noise
    assert harmonicity(tone + noise, 16_000).mean == pytest.approx(
        ratio, abs=0.7 + 60 / (20 + ratio**2)
    )


@pytest.mark.parametrize("sample_rate", [8_000, 16_000, 22_050, 44_100])
def test_made_speech_is_praats_frame_by_frame(sample_rate):
    differs, far = agree(voice(2.0, sample_rate, pitch=140).samples, sample_rate)
    assert differs == 0
    assert far <= 0.005


@pytest.mark.parametrize(
    "settings", [(0.005, 75.0, 0.1, 1.0), (0.01, 100.0, 0.03, 1.0), (0.01, 60.0, 0.0, 2.0)]
)
def test_other_settings_are_praats_too(settings):
    clip = voice(1.5, pitch=180, seed=2)
    if settings[2] == 0:
        settings = (settings[0], settings[1], 1e-9, settings[3])
    differs, far = agree(clip.samples, 16_000, *settings)
    assert differs <= 0.01
    assert far <= 0.02


@pytest.mark.parametrize("frequency", [110.0, 440.0, 2500.0, 4100.0, 6500.0])
def test_tones_from_low_to_hissing(frequency):
    t = np.arange(16_000) / 16_000
    rng = np.random.default_rng(0)
    wave = np.sin(2 * np.pi * frequency * t) + 0.05 * rng.standard_normal(len(t))
    differs, far = agree(wave.astype(np.float32), 16_000)
    assert differs == 0
    assert far <= 0.02


def test_real_speech_is_praats(data_dir):
    means, expected, silence, distance = [], [], [], []
    files = sorted((data_dir / "librispeech_ccby").rglob("*.flac"))[::60]
    files += sorted((data_dir / "ravdess_ccbyncsa").rglob("*.flac"))[::200]
    for file in files:
        samples, sample_rate = soundfile.read(file, dtype="float32")
        samples = samples[: 5 * sample_rate]
        _, truth = praat(samples, sample_rate)
        ours = harmonicity(samples, sample_rate)
        both = np.isfinite(truth) & np.isfinite(ours.ratio)
        silence.append(np.isfinite(truth) != np.isfinite(ours.ratio))
        distance.append(np.abs(truth - ours.ratio)[both])
        means.append(ours.mean)
        expected.append(np.nanmean(truth))
    assert np.corrcoef(means, expected)[0, 1] > 0.9999
    assert np.concatenate(silence).mean() < 1e-3
    assert np.mean(np.concatenate(distance) > 0.1) < 2e-3


@settings(max_examples=20, deadline=None)
@given(
    seed=st.integers(0, 2**31), count=st.integers(0, 6_000), gain=st.sampled_from([1e-4, 0.5, 8.0])
)
def test_ratios_are_in_range_and_gain_changes_nothing(seed, count, gain):
    rng = np.random.default_rng(seed)
    wave = rng.standard_normal(count) * rng.random() + np.sin(np.arange(count) * rng.random())
    wave[: int(count * rng.random())] *= rng.integers(0, 2)  # perhaps silent at first
    plain = harmonicity(wave, 16_000)
    kept = plain.ratio[np.isfinite(plain.ratio)]
    assert np.all(np.abs(kept) <= 150)
    scaled = harmonicity(gain * wave, 16_000).ratio
    assert scaled == pytest.approx(plain.ratio, abs=0.01, nan_ok=True)


@pytest.mark.parametrize("count", [0, 1, 300, 426, 16_000])
def test_silence_and_too_short_give_no_ratio(count):
    found = harmonicity(np.zeros(count, np.float32), 16_000)
    assert len(found.times) == len(found.ratio)
    assert np.isnan(found.ratio).all()
    assert np.isnan(found.mean)


def test_a_batch_changes_no_bit():
    clips = [voice(1.0 + 0.3 * seed, pitch=100 + 40 * seed, seed=seed) for seed in range(4)]
    together = harmonicities(Batch(clips))
    for clip, found in zip(clips, together, strict=True):
        (alone,) = harmonicities(Batch([Clip(clip.samples.copy(), 16_000)]))
        assert np.array_equal(alone.ratio, found.ratio, equal_nan=True)
        assert np.array_equal(alone.times, found.times)
