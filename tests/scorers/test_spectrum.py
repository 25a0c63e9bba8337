# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Shared spectra: power is kept, blocks and batches do not show."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rewardkit_scorers import _spectrum
from rewardkit_scorers._spectrum import Spectrograms, band_levels, band_power, spectrograms

from rewardkit.batch import Batch
from rewardkit.clip import Clip


def noise(count: int, sample_rate: int = 16_000, seed: int = 0) -> Clip:
    wave = np.random.default_rng(seed).standard_normal(count)
    return Clip(wave.astype(np.float32), sample_rate)


def whole(spectra: Spectrograms, clip: int = 0) -> np.ndarray:
    return np.concatenate(list(spectra.blocks(clip)))


@pytest.mark.parametrize("sample_rate", [8_000, 16_000, 44_100])
def test_the_bins_of_a_frame_sum_to_its_mean_square(sample_rate):
    power = whole(Spectrograms(Batch([noise(sample_rate, sample_rate)]), 0.05, 0.01))
    assert len(power) == 101
    assert power[5:-5].sum(axis=1).mean() == pytest.approx(1.0, rel=0.03)


@settings(max_examples=20, deadline=None)
@given(
    count=st.integers(1, 4_000),
    window=st.sampled_from([0.01, 0.032, 0.05, 0.064]),
    step=st.sampled_from([0.005, 0.01, 0.0133]),
)
def test_frames_are_those_of_a_plain_transform(count, window, step):
    clip = noise(count)
    power = whole(Spectrograms(Batch([clip]), window, step))
    size = round(window * 16_000)
    padded = np.pad(clip.samples - clip.samples.mean(dtype=float), size)
    taper = np.hanning(size + 2)[1:-1]
    fft_size = 2 * (power.shape[1] - 1)
    assert len(power) == int(clip.duration / step) + 1
    for k, row in enumerate(power):
        start = round(k * step * 16_000) - size // 2 + size
        spectrum = np.abs(np.fft.rfft(padded[start : start + size] * taper, fft_size)) ** 2
        spectrum[1:-1] *= 2
        expected = spectrum / (fft_size * np.sum(taper**2))
        assert row == pytest.approx(expected, rel=1e-3, abs=1e-6 * expected.max() + 1e-30)


@pytest.mark.parametrize("silence", [(0, 0), (3_000, 0), (500, 2_000)])
def test_direct_current_is_not_heard(silence):
    """Neither at a clip's ends nor where digital silence begins; both may lie off alike."""
    wave = 0.05 * noise(16_000).samples
    quiet = Clip(np.pad(wave, silence), 16_000)
    plain = whole(Spectrograms(Batch([quiet]), 0.064, 0.01))
    for off in (Clip(quiet.samples + 0.1, 16_000), Clip(np.pad(wave + 0.1, silence), 16_000)):
        power = whole(Spectrograms(Batch([off]), 0.064, 0.01))
        assert np.allclose(power, plain, rtol=1e-2, atol=1e-4 * plain.max())
        assert np.array_equal(power == 0, plain == 0)


def test_blocks_and_rows_do_not_show(monkeypatch):
    batch = Batch([noise(9_000)])
    plain = whole(Spectrograms(batch, 0.032, 0.01))
    monkeypatch.setattr(_spectrum, "_BLOCK", 7)
    monkeypatch.setattr(_spectrum, "_ROWS", 3)
    assert np.array_equal(plain, whole(Spectrograms(batch, 0.032, 0.01)))


def test_what_is_not_kept_is_made_again_the_same(monkeypatch):
    batch = Batch([noise(5_000), noise(3_000, seed=1), noise(100, seed=2)])
    kept = Spectrograms(batch, 0.032, 0.01)
    monkeypatch.setattr(_spectrum, "_KEEP", 30 * 257)
    some = Spectrograms(batch, 0.032, 0.01)
    for _ in range(2):
        for clip in range(3):
            assert np.array_equal(whole(kept, clip), whole(some, clip))
    assert next(kept.blocks(0)) is next(kept.blocks(0))
    assert next(some.blocks(0)) is not next(some.blocks(0))
    assert next(some.blocks(1)) is next(some.blocks(1))


def test_a_batch_shares_them_and_changes_no_bit():
    clips = [noise(4_000 + 777 * seed, seed=seed) for seed in range(4)]
    batch = Batch(clips)
    shared = batch.shared(spectrograms, 0.064, 0.01, 3800.0)
    assert batch.shared(spectrograms, 0.064, 0.01, 3800.0) is shared
    for i, clip in enumerate(clips):
        assert np.array_equal(
            whole(shared, i), whole(Spectrograms(Batch([clip]), 0.064, 0.01, 3800.0))
        )


@pytest.mark.parametrize("frequency", [200.0, 1000.0, 3000.0])
def test_level_of_a_tone_in_and_out_of_its_band(frequency):
    t = np.arange(16_000) / 16_000
    clip = Clip((0.1 * np.sin(2 * np.pi * frequency * t)).astype(np.float32), 16_000)
    bands = [(frequency - 50, frequency + 50), (frequency + 400, frequency + 800)]
    inside, outside = band_levels(clip, bands, 0.064, 0.01)[50]
    assert inside == pytest.approx(-23.01, abs=0.02)
    assert outside < inside - 70


def test_bounds_of_a_band_belong_to_it():
    spectra = Spectrograms(Batch([noise(2_000)]), 0.064, 0.01)
    power = whole(spectra)
    assert spectra.frequencies[64] == 1000.0
    one = band_power(spectra, 0, [(1000.0, 1000.0), (0.0, 8000.0)])
    assert one[:, 0] == pytest.approx(power[:, 64])
    assert one[:, 1] == pytest.approx(power.sum(axis=1, dtype=float))


@pytest.mark.parametrize("count", [0, 1, 100])
def test_silence_and_next_to_nothing(count):
    clip = Clip(np.zeros(count, np.float32), 16_000)
    levels = band_levels(clip, [(60.0, 3800.0)], 0.064, 0.01)
    assert levels.shape == (1, 1)
    assert np.isnan(levels).all()
