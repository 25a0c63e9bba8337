# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The pitch tracker: known tones in, known pitch out; and Praat's own analysis beside it."""

from __future__ import annotations

import math
import tracemalloc

import numpy as np
import parselmouth
import pytest
import soundfile
from hypothesis import given
from hypothesis import settings as examples
from hypothesis import strategies as st
from rewardkit_scorers.praat import pitch as module
from rewardkit_scorers.praat.frames import frame_times
from rewardkit_scorers.praat.pitch import pitch
from rewardkit_scorers.praat.settings import Settings

from rewardkit.batch import Batch
from rewardkit.clip import Clip
from rewardkit.errors import RewardkitError

USUAL = Settings(75.0, 500.0, 0.01)


def clip_of(samples, sample_rate=16_000):
    return Clip(np.asarray(samples, np.float32), sample_rate)


def track_of(samples, sample_rate=16_000, settings=USUAL):
    (track,) = pitch(Batch([clip_of(samples, sample_rate)]), settings)
    return track


def praat(samples, sample_rate=16_000, settings=USUAL):
    """Praat's frame times, F0 (NaN unvoiced) and strength."""
    sound = parselmouth.Sound(np.asarray(samples, np.float32).astype(float), sample_rate)
    found = sound.to_pitch_ac(
        time_step=settings.step,
        pitch_floor=settings.floor,
        pitch_ceiling=settings.ceiling,
        max_number_of_candidates=settings.candidates,
        silence_threshold=settings.silence,
        voicing_threshold=settings.voicing,
        octave_cost=settings.octave,
        octave_jump_cost=settings.octave_jump,
        voiced_unvoiced_cost=settings.voiced_unvoiced,
    )
    f0 = found.selected_array["frequency"]
    return found.xs(), np.where(f0 > 0, f0, np.nan), found.selected_array["strength"]


def assert_as_praat(samples, sample_rate=16_000, settings=USUAL, cents=0.1):
    times, f0, strength = praat(samples, sample_rate, settings)
    ours = track_of(samples, sample_rate, settings)
    np.testing.assert_array_equal(ours.times, times)
    np.testing.assert_array_equal(ours.voiced, np.isfinite(f0))
    voiced = ours.voiced
    error = 1200 * np.abs(np.log2(ours.f0[voiced] / f0[voiced]))
    # Now and then a peak is split in two, and Praat's search ends on the other half.
    split = error > cents
    assert np.count_nonzero(split) <= 1 + 0.002 * len(times)
    assert (error < 50).all()
    np.testing.assert_allclose(ours.strength[voiced], strength[voiced], atol=5e-3)
    np.testing.assert_allclose(ours.strength[voiced][~split], strength[voiced][~split], atol=1e-4)


def same(one, other):
    return all(
        getattr(one, field).tobytes() == getattr(other, field).tobytes()
        for field in ("times", "f0", "strength")
    )


def speech_like(seed, duration, sample_rate=16_000):
    """Voiced, noisy and silent stretches, in random order."""
    rng = np.random.default_rng(seed)
    pieces = []
    while sum(map(len, pieces)) < duration * sample_rate:
        n = int(rng.uniform(0.05, 0.3) * sample_rate)
        kind = rng.integers(4)
        t = np.arange(n) / sample_rate
        f0 = rng.uniform(90, 350) * 2 ** (rng.uniform(-1, 1) * t)
        phase = 2 * np.pi * np.cumsum(f0) / sample_rate
        buzz = sum(np.cos(k * phase + k * k) / k for k in range(1, 9))
        noise = rng.standard_normal(n)
        pieces.append((buzz * 0.2, buzz * 0.1 + noise * 0.05, noise * 0.02, 0 * t)[kind])
    return np.concatenate(pieces)[: int(duration * sample_rate)]


@pytest.mark.parametrize("sample_rate", [8_000, 11_025, 16_000, 22_050, 44_100, 48_000])
@pytest.mark.parametrize("f0", [80.0, 123.4, 440.0])
def test_tone(f0, sample_rate):
    t = np.arange(sample_rate) / sample_rate
    wave = 0.5 * np.sin(2 * np.pi * f0 * t + 0.3)
    track = track_of(wave, sample_rate)
    assert track.voiced.all()
    np.testing.assert_allclose(track.f0, f0, rtol=6e-4)
    assert (track.strength > 0.99).all()
    assert_as_praat(wave, sample_rate)


@pytest.mark.parametrize("sample_rate", [8_000, 11_025, 16_000, 22_050, 44_100, 48_000])
def test_speech_like_sound_as_praat(sample_rate):
    assert_as_praat(speech_like(sample_rate, 2.0, sample_rate), sample_rate)


def test_chirp_is_followed(sounds):
    duration = 3.0
    wave = sounds.buzz(lambda t: 100 * 4 ** (t / duration), duration)
    track = track_of(wave)
    truth = 100 * 4 ** (track.times / duration)
    assert track.voiced.all()
    np.testing.assert_allclose(track.f0, truth, rtol=3e-3)
    assert_as_praat(wave)


@pytest.mark.parametrize("f0", [100.0, 160.0, 220.0])
def test_octave_traps(f0):
    """No fundamental; only even harmonics beside a weak fundamental; alternating heights."""
    t = np.arange(16_000) / 16_000
    missing = sum(np.cos(2 * np.pi * k * f0 * t) for k in range(3, 12)) / 20
    np.testing.assert_allclose(track_of(missing).f0, f0, rtol=1e-3)
    weak = sum(np.cos(2 * np.pi * k * f0 * t) * (0.6 if k % 2 else 1) for k in range(1, 12)) / 20
    assert_as_praat(weak)
    alternate = weak * (1 + 0.1 * np.cos(np.pi * f0 * t))
    assert_as_praat(alternate)
    # Without a jump cost there is no memory: the octave cost alone decides for the shorter period.
    np.testing.assert_allclose(
        track_of(weak, settings=Settings(45.0, 500.0, 0.01)).f0, f0, rtol=2e-3
    )


@pytest.mark.parametrize("level", [0.0, 0.25, -1.0])
def test_no_sound_is_unvoiced(level):
    track = track_of(np.full(16_000, level))
    assert len(track) == 97
    assert not track.voiced.any()
    assert np.isnan(track.strength).all()


def test_silence_between_tones():
    t = np.arange(8_000) / 16_000
    tone = np.sin(2 * np.pi * 200 * t)
    track = track_of(np.concatenate([tone, 0 * t, tone]))
    silent = (track.times > 0.52) & (track.times < 0.98)
    assert not track.voiced[silent].any()
    assert track.voiced[(track.times < 0.47) | (track.times > 1.03)].all()


@pytest.mark.parametrize("gain", [2.0**-20, 2.0**-100, 2.0**20])
def test_level_does_not_matter(gain):
    wave = speech_like(3, 1.0).astype(np.float32)
    assert same(track_of(wave), track_of(wave * np.float32(gain)))


def test_an_offset_does_not_matter():
    wave = speech_like(4, 1.0)
    with_offset, without = track_of(wave + 0.4), track_of(wave)
    np.testing.assert_array_equal(with_offset.voiced, without.voiced)
    np.testing.assert_allclose(with_offset.f0, without.f0, rtol=1e-4)


@pytest.mark.parametrize("samples", [0, 1, 639])
def test_shorter_than_the_window(samples):
    track = track_of(np.ones(samples))
    assert len(track) == len(track.f0) == 0
    assert track.resampled(3, 0.01).tolist() == pytest.approx([math.nan] * 3, nan_ok=True)


def test_as_long_as_the_window():
    wave = np.sin(2 * np.pi * 200 * np.arange(640) / 16_000)
    assert len(track_of(wave)) == 1
    assert_as_praat(wave)


def test_noise_with_more_candidates_than_are_kept():
    rng = np.random.default_rng(5)
    wave = 0.1 * rng.standard_normal(32_000)
    for kept in (3, 6, 15):
        assert_as_praat(wave, settings=Settings(60.0, 600.0, 0.01, voicing=0.05, candidates=kept))


@pytest.mark.parametrize(
    "settings",
    [
        Settings(60.0, 700.0, 0.01),
        Settings(150.0, 300.0, 0.005),
        Settings(250.0, 600.0, 0.02),
        Settings(75.0, 500.0, 0.03, silence=0.0),
        Settings(75.0, 500.0, 0.01, silence=0.2, voicing=0.6),
        Settings(75.0, 500.0, 0.01, octave=0.1, octave_jump=2.0, voiced_unvoiced=0.0),
        Settings(20.0, 600.0, 0.01),
    ],
    ids=str,
)
def test_all_settings_as_in_praat(settings):
    assert_as_praat(speech_like(6, 2.0), settings=settings)


@examples(deadline=None, max_examples=25)
@given(st.lists(st.integers(0, 40_000), min_size=2, max_size=5), st.randoms())
def test_same_track_alone_and_in_any_batch(lengths, random):
    clips = [clip_of(speech_like(n, 2.6)[:n]) for n in lengths]
    settings = [Settings(random.choice([60.0, 91.7, 180.0]), 500.0, 0.01) for _ in clips]
    together = pitch(Batch(clips), settings)
    order = random.sample(range(len(clips)), len(clips))
    shuffled = pitch(Batch([clips[i] for i in order]), [settings[i] for i in order])
    for place, i in enumerate(order):
        (alone,) = pitch(Batch([clips[i]]), settings[i])
        assert same(alone, together[i])
        assert same(alone, shuffled[place])


@examples(deadline=None)
@given(
    st.integers(0, 200_000),
    st.sampled_from([8_000, 11_025, 16_000, 44_100]),
    st.floats(30, 300),
    st.floats(0.001, 0.1),
)
def test_frames_fit_and_are_centred(samples, sample_rate, floor, step):
    times = frame_times(samples, sample_rate, Settings(floor, 1000.0, step))
    duration, window = samples / sample_rate, 3 / floor
    if not len(times):
        assert duration <= window + 1e-9
        return
    assert times[0] >= window / 2 - 1e-9
    assert times[-1] <= duration - window / 2 + 1e-9
    assert times[0] + times[-1] == pytest.approx(duration)
    assert (len(times) + 1) * step + window > duration


def test_rate_and_settings_are_checked():
    batch = Batch([clip_of(np.zeros(100), 100)])
    with pytest.raises(RewardkitError, match="bad_parameter"):
        pitch(batch, USUAL)
    with pytest.raises(ValueError, match="2 settings for 1 clips"):
        pitch(batch, [USUAL, USUAL])


@pytest.mark.parametrize(
    "change",
    [
        {"floor": 0.0},
        {"floor": 500.0},
        {"ceiling": math.inf},
        {"step": 0.0},
        {"step": math.nan},
        {"octave": -0.01},
        {"candidates": 1},
        {"floor": 1.0},
    ],
    ids=str,
)
def test_settings_out_of_range(change):
    with pytest.raises(RewardkitError, match="bad_parameter"):
        Settings(**{"floor": 75.0, "ceiling": 500.0, "step": 0.01} | change)


def test_memory_does_not_grow_with_the_frames_at_work():
    """Ten minutes: what is held is the frames' numbers, not the frames."""
    batch = Batch([clip_of(np.tile(speech_like(7, 2.0), 300))])
    pitch(batch[:1], USUAL)
    tracemalloc.start()
    (track,) = pitch(batch, USUAL)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 2**21 + 400 * len(track)  # one frame alone is 4,000 bytes


@pytest.mark.parametrize("corpus", ["librispeech_ccby", "ravdess_ccbyncsa"])
def test_real_speech_as_in_praat(data_dir, corpus):
    frames = differs = 0
    cents = []
    for path in sorted((data_dir / corpus).rglob("*.flac"))[::60]:
        samples, rate = soundfile.read(path, dtype="float32", always_2d=True)
        times, f0, _ = praat(samples.mean(axis=1), rate)
        ours = track_of(samples.mean(axis=1), rate)
        np.testing.assert_array_equal(ours.times, times)
        frames += len(times)
        differs += np.count_nonzero(np.isfinite(f0) != ours.voiced)
        both = np.isfinite(f0) & ours.voiced
        cents.append(1200 * np.abs(np.log2(ours.f0[both] / f0[both])))
    error = np.concatenate(cents)
    assert differs / frames <= 0.001
    assert np.mean(error > 1200 * math.log2(1.2)) <= 0.0002
    assert np.median(error) <= 0.01
    assert np.quantile(error, 0.99) <= 2


def test_torch_path_gives_the_same_numbers(monkeypatch):
    lengths = [40_000, 0, 700, 23_456, 16_000]
    clips = [clip_of(speech_like(n, 2.6)[:n]) for n in lengths] + [clip_of(np.zeros(9_000))]
    noise = np.random.default_rng(8).standard_normal(16_000) * 0.1
    clips.append(clip_of(noise))
    settings = [Settings(floor, 500.0, 0.01) for floor in (60, 75, 75, 91.7, 220, 100)]
    settings.append(Settings(60.0, 600.0, 0.01, voicing=0.05, candidates=5))
    expected = pitch(Batch(clips), settings)
    # On the CPU, but by the other path; and in pieces, as when memory is short.
    from rewardkit_scorers.praat import pitch_torch

    monkeypatch.setattr(pitch_torch, "ELEMENTS", 400_000)
    batch = Batch(clips, device="cpu:0")
    monkeypatch.setattr(module, "_candidates", None)
    for ours, theirs in zip(expected, pitch(batch, settings), strict=True):
        np.testing.assert_array_equal(ours.times, theirs.times)
        np.testing.assert_array_equal(ours.voiced, theirs.voiced)
        np.testing.assert_allclose(ours.f0, theirs.f0, rtol=1e-4)
        np.testing.assert_allclose(ours.strength, theirs.strength, rtol=1e-4)
