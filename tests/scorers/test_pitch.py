# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The pitch scorer: known voices in, known numbers out."""

from __future__ import annotations

import math
from dataclasses import FrozenInstanceError

import numpy as np
import parselmouth
import pytest
import soxr
from parselmouth.praat import call
from rewardkit_scorers import _phrases
from rewardkit_scorers._frames import STEP
from rewardkit_scorers.pitch import FEATURES, Pitch

from rewardkit import audio
from rewardkit.errors import RewardkitError
from rewardkit.scorers import Scorer


def test_is_a_scorer():
    assert isinstance(Pitch(), Scorer)
    with pytest.raises(FrozenInstanceError):
        Pitch().floor = 50.0


@pytest.mark.parametrize("f0", [70.0, 100.0, 187.3, 300.0, 520.0])
def test_steady_voice(sounds, f0):
    values = Pitch()(sounds.clip(sounds.buzz(f0)))
    assert values["f0_median"] == pytest.approx(f0, rel=2e-3)
    assert values["range"] < 0.1
    assert values["monotony"] == 1.0
    assert abs(values["slope"]) < 0.02
    assert values["rise_rate"] == values["fall_rate"] == values["glide_share"] == 0.0
    assert math.isnan(values["rise_size"])
    assert values["voiced_share"] == 1.0
    assert values["octave_jump_share"] == 0.0
    assert values["jitter"] < 0.2
    assert values["shimmer"] < 0.1
    assert values["periodicity"] > 20


@pytest.mark.parametrize("rate", [-12.0, -3.0, 0.0, 4.0, 9.0])
def test_linear_glide_in_semitones_has_its_slope(sounds, rate):
    values = Pitch()(sounds.clip(sounds.buzz(lambda t: 180 * 2 ** (rate * (t - 1) / 12))))
    assert values["slope"] == pytest.approx(rate, abs=0.1)
    assert values["declination"] == pytest.approx(rate, abs=0.1)
    assert values["final_slope"] == pytest.approx(rate, abs=0.3)
    assert values["movement"] == pytest.approx(abs(rate), abs=0.5)
    if abs(rate) > 1:
        assert values["peak_position"] == pytest.approx(0.0 if rate < 0 else 1.0, abs=0.03)
        assert np.sign(values["final_level"]) == np.sign(rate) == -np.sign(values["initial_level"])
        assert values["rise_rate" if rate > 0 else "fall_rate"] == pytest.approx(0.5, abs=0.04)
        assert values["fall_rate" if rate > 0 else "rise_rate"] == 0.0


@pytest.mark.parametrize(("cycles", "depth"), [(2.0, 3.0), (3.0, 2.0), (4.0, 2.5)])
def test_vibrato_has_its_turns_sizes_and_spread(sounds, cycles, depth):
    """`cycles` per second of ±`depth` semitones: as many rises, each of twice the depth."""
    f0 = sounds.buzz(
        lambda t: 200 * 2 ** (depth * np.cos(2 * np.pi * cycles * t) / 12), duration=6.0
    )
    values = Pitch()(sounds.clip(f0))
    assert values["rise_rate"] == pytest.approx(cycles, abs=0.3)
    assert values["fall_rate"] == pytest.approx(cycles, abs=0.3)
    assert values["rise_size"] == pytest.approx(2 * depth, rel=0.15)
    assert values["fall_size"] == pytest.approx(2 * depth, rel=0.15)
    assert values["rise_speed"] == pytest.approx(2 * depth * 2 * cycles, rel=0.2)
    assert values["sd"] == pytest.approx(depth / math.sqrt(2), rel=0.05)
    assert values["range"] == pytest.approx(2 * depth * math.sin(0.45 * math.pi), rel=0.05)
    assert values["monotony"] == pytest.approx(2 / math.pi * math.asin(1 / depth), abs=0.03)
    assert abs(values["slope"]) < 0.3


def test_declination_is_the_mean_of_the_utterances_by_their_length(sounds):
    """1.5 s falling by 4 semitones per second, a pause, then 0.5 s rising as fast."""
    fall = sounds.buzz(lambda t: 220 * 2 ** (-4 * t / 12), 1.5)
    rise = sounds.buzz(lambda t: 150 * 2 ** (4 * t / 12), 0.5)
    values = Pitch()(sounds.clip(np.concatenate([fall, np.zeros(8_000), rise])))
    assert values["declination"] == pytest.approx((-4 * 1.5 + 4 * 0.5) / 2, abs=0.3)


def melody(semitones, least=1.5):
    """The features of phrases of a contour given in semitones, by name."""
    line, phrases = _phrases.contour(semitones)
    values = _phrases.measure(semitones, line, phrases, least)
    return dict(zip((f.name for f in _phrases.FEATURES), values, strict=True))


def test_single_frames_an_octave_off_make_no_movement():
    semitones = np.full(100, 10.0)
    semitones[[20, 50, 51, 80]] = 22.0
    values = melody(semitones)
    assert values["rise_rate"] == values["fall_rate"] == values["movement"] == 0


def test_movements_below_the_threshold_do_not_count(sounds):
    clip = sounds.clip(sounds.buzz(lambda t: 200 * 2 ** (0.5 * np.sin(2 * np.pi * 3 * t) / 12)))
    values = Pitch()(clip)
    assert values["rise_rate"] == values["fall_rate"] == 0.0
    assert Pitch(least_movement=0.5)(clip)["rise_rate"] == pytest.approx(3, abs=0.5)


@pytest.mark.parametrize("share", [0.005, 0.01, 0.02])
def test_random_periods_have_their_jitter(sounds, share):
    periods = 0.008 * (1 + share * np.random.default_rng(4).standard_normal(250))
    values = Pitch()(sounds.clip(sounds.pulses(periods, np.ones(250))))
    expected = 100 * np.abs(np.diff(periods)).mean() / periods.mean()
    assert values["jitter"] == pytest.approx(expected, rel=0.15)
    assert values["f0_median"] == pytest.approx(125, rel=0.02)


@pytest.mark.parametrize("share", [0.02, 0.05, 0.1])
def test_random_amplitudes_have_their_shimmer(sounds, share):
    heights = 1 + share * np.random.default_rng(4).standard_normal(250)
    values = Pitch()(sounds.clip(sounds.pulses(np.full(250, 0.008), heights)))
    expected = np.abs(np.diff(20 * np.log10(heights))).mean()
    assert values["shimmer"] == pytest.approx(expected, rel=0.15)


@pytest.mark.parametrize("hnr", [5.0, 10.0, 20.0])
def test_added_noise_has_its_hnr(sounds, hnr):
    voice = sounds.buzz(150)
    noise = np.random.default_rng(1).standard_normal(len(voice))
    noise *= voice.std() / noise.std() * 10 ** (-hnr / 20)
    values = Pitch()(sounds.clip((voice + noise) / 2))
    assert values["periodicity"] == pytest.approx(hnr, abs=1.5)


def test_gaps_and_voiced_stretches(sounds):
    """Voice for 0.3 s, then nothing for 0.1 s, five times over."""
    wave = sounds.buzz(140)
    t = np.arange(len(wave)) / 16_000
    values = Pitch()(sounds.clip(wave * (t % 0.4 < 0.3)))
    assert values["voiced_share"] == pytest.approx(0.79, abs=0.05)
    assert values["voiced_rate"] == pytest.approx(5 / 1.9, rel=0.05)
    assert values["voiced_mean"] == pytest.approx(0.3, abs=0.03)
    assert values["break_share"] == 0.0


def test_an_octave_jump_is_seen(sounds):
    wave = sounds.buzz(lambda t: np.where(t < 1, 120.0, 240.0))
    values = Pitch()(sounds.clip(wave))
    assert 0 < values["octave_jump_share"] < 0.03
    assert values["range"] == pytest.approx(12, abs=0.1)


def test_jitter_and_shimmer_are_praats_own(sounds):
    rng = np.random.default_rng(3)
    periods = 0.007 * (1 + 0.01 * rng.standard_normal(250))
    wave = sounds.pulses(periods, 1 + 0.05 * rng.standard_normal(250))
    clip = sounds.clip(wave - wave.mean())
    values = Pitch()(clip)
    sound = parselmouth.Sound(clip.samples.astype(np.float64), 16_000)
    wide = sound.to_pitch_ac(time_step=STEP, pitch_floor=60, pitch_ceiling=700)
    low = 0.75 * call(wide, "Get quantile", 0, 0, 0.25, "Hertz")
    high = 2.5 * call(wide, "Get quantile", 0, 0, 0.75, "Hertz")
    pitch = sound.to_pitch_ac(time_step=STEP, pitch_floor=low, pitch_ceiling=high)
    pulses = call([sound, pitch], "To PointProcess (cc)")
    period = (0, 0, 0.0001, 0.02, 1.3)
    jitter = call(pulses, "Get jitter (local)", *period)
    shimmer = call([sound, pulses], "Get shimmer (local_dB)", *period, 1.6)
    median = call(pitch, "Get quantile", 0, 0, 0.5, "Hertz")
    assert values["jitter"] == pytest.approx(100 * jitter, rel=0.02)
    assert values["shimmer"] == pytest.approx(shimmer, rel=0.02)
    assert values["f0_median"] == pytest.approx(median, rel=2e-3)


def test_periodicity_agrees_with_praats_harmonicity(sounds):
    voice = sounds.buzz(150)
    noise = 0.02 * np.random.default_rng(0).standard_normal(len(voice))
    clip = sounds.clip(voice + noise)
    harmonicity = parselmouth.Sound(clip.samples.astype(float), 16_000).to_harmonicity_cc(0.01, 75)
    praat = np.mean(harmonicity.values[harmonicity.values > -200])
    assert Pitch()(clip)["periodicity"] == pytest.approx(praat, abs=1.5)


def speechlike(sounds, sample_rate=48_000):
    """A moving pitch in syllables, with a pause and a little noise."""
    wave = sounds.buzz(
        lambda t: 160 * 2 ** ((4 * np.sin(2 * np.pi * 1.1 * t) - t) / 12), 3.0, sample_rate
    )
    t = np.arange(len(wave)) / sample_rate
    envelope = np.sin(2 * np.pi * 2.5 * t) ** 2 * ((t < 1.2) | (t > 1.6))
    return wave * envelope + 1e-4 * np.random.default_rng(5).standard_normal(len(wave))


def test_an_offset_changes_little(sounds):
    wave = speechlike(sounds, 16_000)
    plain, shifted = Pitch()(sounds.clip(wave)), Pitch()(sounds.clip(wave + 0.3))
    assert shifted == pytest.approx(plain, rel=1e-3, abs=1e-3, nan_ok=True)


@pytest.mark.parametrize("sample_rate", [8_000, 16_000, 22_050, 44_100])
def test_sample_rate_changes_little(sounds, sample_rate):
    """A clip at any rate, brought to 16 kHz by the host, against the same at 48 kHz."""
    wave = speechlike(sounds)
    there = soxr.resample(wave, 48_000, sample_rate)
    values = Pitch()(sounds.clip(soxr.resample(there, sample_rate, 16_000)))
    plain = Pitch()(sounds.clip(soxr.resample(wave, 48_000, 16_000)))
    for name in (
        "sd",
        "range",
        "slope",
        "declination",
        "rise_size",
        "final_level",
        "interval_mean",
    ):
        assert values[name] == pytest.approx(plain[name], abs=0.1), name
    assert values["voiced_share"] == pytest.approx(plain["voiced_share"], abs=0.02)
    assert values["jitter"] == pytest.approx(plain["jitter"], rel=0.1)


@pytest.mark.parametrize("sample_rate", [8_000, 48_000])
def test_takes_clips_of_other_rates_too(sounds, sample_rate):
    values = Pitch()(sounds.clip(sounds.buzz(210, sample_rate=sample_rate), sample_rate))
    assert values["f0_median"] == pytest.approx(210, rel=2e-3)


def joined(sounds, contours, gap=0.4):
    """Phrases of voice with these pitches (semitones re 150 Hz over time), silence between them."""
    pieces = []
    for contour, seconds in contours:
        f0 = sounds.buzz(lambda t, f=contour: 150 * 2 ** (f(t) / 12), seconds)
        pieces += [f0, np.zeros(round(gap * 16_000))]
    return sounds.clip(np.concatenate(pieces[:-1]))


def test_phrases_have_their_declination_resets_and_shifts(sounds):
    """Three phrases of 1.2 s fall by 4 semitones per second, each beginning 1 semitone lower."""
    values = Pitch()(joined(sounds, [(lambda t, k=k: 3 - k - 4 * t, 1.2) for k in range(3)]))
    assert values["declination"] == pytest.approx(-4, abs=0.05)
    assert values["reset"] == pytest.approx(1.2 * 4 - 1, abs=0.15)
    assert values["phrase_shift"] == pytest.approx(1, abs=0.05)
    assert values["contour_repetition"] > 0.99


def test_lines_above_and_below_have_their_own_slopes():
    """Two tones in turns: the upper falls by 6 semitones per second, the lower by 2."""
    t = np.arange(200) * STEP
    upper = np.arange(200) // 10 % 2 == 0
    values = melody(np.where(upper, 12 - 6 * t, -2 * t))
    assert values["topline_slope"] == pytest.approx(-6, abs=0.2)
    assert values["baseline_slope"] == pytest.approx(-2, abs=0.2)


@pytest.mark.parametrize(
    ("again", "seconds", "low", "high"),
    [
        (lambda t: 4 * np.sin(2 * np.pi * t), 1.0, 0.99, 1),
        (lambda t: 4 * np.sin(2 * np.pi * t) - 5, 1.0, 0.99, 1),
        (lambda t: 4 * np.sin(2 * np.pi * t / 1.5), 1.5, 0.98, 1),
        (lambda t: -4 * np.sin(2 * np.pi * t), 1.0, -1, -0.85),
        (lambda t: 0 * t, 1.0, -0.01, 0.1),
        (lambda t: 4 * np.cos(2 * np.pi * t), 1.0, -0.2, 0.2),
    ],
    ids=["copy", "lower copy", "slower copy", "mirror image", "flat", "unrelated"],
)
def test_a_copied_contour_is_a_repetition(sounds, again, seconds, low, high):
    values = Pitch()(joined(sounds, [(lambda t: 4 * np.sin(2 * np.pi * t), 1.0), (again, seconds)]))
    assert low <= values["contour_repetition"] <= high


def test_two_flat_phrases_repeat_each_other(sounds):
    values = Pitch()(joined(sounds, [(lambda t: 0 * t, 1.0), (lambda t: 0 * t + 2, 0.7)]))
    assert values["contour_repetition"] == pytest.approx(1, abs=0.01)


@pytest.mark.parametrize("size", [6.0, 2.0, -3.0, -5.0])
def test_the_final_rise_or_fall_has_its_size(sounds, size):
    """A level second, then `size` semitones in a quarter of a second."""
    contour = lambda t: size * np.clip((t - 1) / 0.25, 0, 1)  # noqa: E731
    values = Pitch()(joined(sounds, [(lambda t: 2 * np.sin(9 * t), 1.0), (contour, 1.25)]))
    assert values["final_rise"] == pytest.approx(max(size, 0), rel=0.1, abs=0.05)
    assert values["final_fall"] == pytest.approx(max(-size, 0), rel=0.1, abs=0.05)


def test_one_phrase_has_no_reset(sounds):
    values = Pitch()(sounds.clip(sounds.buzz(140)))
    for name in ("reset", "phrase_shift", "contour_repetition"):
        assert math.isnan(values[name])


def test_two_tones_have_the_entropy_of_a_coin(sounds):
    wave = sounds.buzz(lambda t: 150 * 2 ** (np.where(t < 1, 0, 5) / 12))
    assert Pitch()(sounds.clip(wave))["entropy"] == pytest.approx(math.log(2), abs=0.05)
    assert Pitch()(sounds.clip(sounds.buzz(150)))["entropy"] == 0


def test_fast_wobble_of_f0_is_microprosody():
    """F0 jumps by 0.3 semitone up and down from frame to frame, on a slow fall."""
    wobble = 0.3 * (-1.0) ** np.arange(150)
    values = melody(5 - 0.01 * np.arange(150) + wobble)
    assert values["microprosody"] == pytest.approx(30, rel=0.05)
    assert melody(5 - 0.01 * np.arange(150))["microprosody"] < 0.5


def test_a_clip_has_the_same_bits_alone_and_in_any_batch(sounds):
    clips = [
        sounds.clip(speechlike(sounds, 16_000)),
        sounds.clip(np.zeros(9_000)),
        sounds.clip(sounds.buzz(lambda t: 180 + 60 * np.sin(5 * t), 0.7)),
        sounds.clip(np.ones(3)),
        joined(sounds, [(lambda t: -3 * t, 0.8), (lambda t: 2 * t, 1.1)]),
    ]
    alone = np.stack([np.array(list(Pitch()(clip).values())) for clip in clips])
    assert np.isnan(alone[[1, 3]]).all()
    assert np.isfinite(alone[4]).sum() > 35
    for order in ([0, 1, 2, 3, 4], [4, 3, 2, 1, 0], [2, 2, 0], [1, 4]):
        batch = Pitch().score_batch([clips[i] for i in order])
        assert batch.tobytes() == alone[order].tobytes()


def test_no_two_features_are_the_same_on_real_speech(data_dir):
    files = sorted((data_dir / "librispeech_ccby").rglob("*.flac"))[::4]
    values = Pitch().score_batch([audio.read(file) for file in files])
    for i, first in enumerate(FEATURES):
        for j, second in enumerate(FEATURES[:i]):
            kept = np.isfinite(values[:, i]) & np.isfinite(values[:, j])
            r = np.corrcoef(values[kept, i], values[kept, j])[0, 1]
            assert abs(r) < 0.98, (first.name, second.name, r)


@pytest.mark.parametrize(
    "wrong", [{"floor": 20}, {"ceiling": 2000}, {"floor": 300, "ceiling": 300}, {"floor": math.nan}]
)
def test_wrong_range_is_refused(wrong):
    with pytest.raises(RewardkitError, match="bad_parameter") as caught:
        Pitch(**wrong)
    assert caught.value.code == "bad_parameter"


def test_wrong_least_movement_is_refused():
    with pytest.raises(RewardkitError, match="least_movement"):
        Pitch(least_movement=0)
