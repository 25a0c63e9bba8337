# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The voice scorer: known spectra in, known numbers out."""

from __future__ import annotations

import math
from itertools import groupby

import numpy as np
import pytest
import soxr
from rewardkit_scorers.voice import Voice

from rewardkit.batch import Batch
from rewardkit.clip import Clip
from rewardkit.errors import RewardkitError
from rewardkit.scorers import Scorer
from rewardkit.testing import CHECKS, voice


def harmonics(f0, decibels, duration=1.5, sample_rate=16_000):
    """A voice whose k-th harmonic has the k-th level."""
    t = np.arange(round(duration * sample_rate)) / sample_rate
    wave = sum(
        10 ** (level / 20) * np.cos(2 * np.pi * (k + 1) * f0 * t + k * k)
        for k, level in enumerate(decibels)
    )
    return 0.5 * wave / np.abs(wave).max()


def tilted(f0, per_octave, top=3700):
    """A voice whose harmonics fall by so many dB per octave."""
    numbers = np.arange(1, int(top / f0) + 1)
    return harmonics(f0, -per_octave * np.log2(numbers))


def speech(duration=4.0, pauses=((1.5, 2.5),), f0=120.0, seed=0):
    """A voice with pauses, from and to in s, that are digital silence."""
    t = np.arange(round(duration * 16_000)) / 16_000
    wave = np.resize(tilted(f0, 8), len(t)) * (0.7 + 0.3 * np.sin(2 * np.pi * 3 * t))
    for start, stop in pauses:
        inside = (t >= start) & (t < stop)
        away = np.minimum(np.abs(t - start), np.abs(t - stop))
        wave = np.where(inside, 0.0, wave * np.clip(away / 0.03, 0, 1))
    return 0.5 * wave


def white(count, seed=0):
    return np.random.default_rng(seed).standard_normal(count)


@pytest.mark.parametrize("wrong", [{"floor": 800.0}, {"floor": -1.0}, {"ceiling": "x"}])
def test_bad_parameters_are_refused(wrong):
    with pytest.raises(RewardkitError, match="bad_parameter"):
        Voice(**wrong)


def test_is_a_scorer():
    assert isinstance(Voice(), Scorer)


@pytest.mark.parametrize("check", CHECKS)
def test_conforms(check):
    check(Voice())


def test_a_batch_changes_no_bit():
    clips = [voice(0.3 + 0.9 * k, pitch=90 + 45 * k, seed=k) for k in range(4)]
    clips.insert(2, Clip(np.zeros(8_000, np.float32), 16_000))
    alone = np.concatenate([Voice().score_batch([clip]) for clip in clips])
    for order in ([0, 1, 2, 3, 4], [4, 2, 0, 3, 1], [3, 3]):
        together = Voice().score_batch(Batch([clips[i] for i in order]))
        assert np.array_equal(together, alone[order], equal_nan=True)
    called = np.array(list(Voice()(clips[1]).values()))
    assert np.array_equal(called, alone[1], equal_nan=True)


@pytest.mark.parametrize("ratio", [5.0, 15.0, 25.0])
def test_harmonics_to_noise_ratio(sounds, ratio):
    wave = tilted(150, 3)
    noise = white(len(wave)) * wave.std() * 10 ** (-ratio / 20)
    assert Voice()(sounds.clip(wave + noise))["hnr_cc"] == pytest.approx(ratio, abs=1.5)


@pytest.mark.parametrize("ratio", [10.0, 25.0, 40.0, 60.0])
def test_signal_to_noise_ratio(sounds, ratio):
    """Of the band in which levels are taken, 50 to 3800 Hz of 8000."""
    wave = speech(pauses=((1.0, 2.0), (3.0, 3.5)))
    power = np.mean(np.square(wave[1_600:12_800]))
    noise = white(len(wave)) * np.sqrt(power * 8000 / 3750) * 10 ** (-ratio / 20)
    assert Voice()(sounds.clip(wave + noise))["snr"] == pytest.approx(ratio, abs=1.5)


@pytest.mark.parametrize("mains", [50.0, 60.0])
def test_hum_rises_with_its_level(sounds, mains):
    wave = speech() + 1e-4 * white(64_000)
    t = np.arange(len(wave)) / 16_000
    hum = sum(np.sin(2 * np.pi * mains * k * t + k) / k for k in (1, 2, 3))
    none, *rising = (
        Voice()(sounds.clip(wave + amplitude * hum))["hum"]
        for amplitude in (0.0, 10**-4.5, 10**-3.5, 10**-2.5)
    )
    assert abs(none) < 4
    assert np.all(np.diff([none, *rising]) > 4)
    assert rising[2] - rising[1] == pytest.approx(20, abs=1.0)


def test_a_tone_that_is_not_of_the_mains_is_no_hum(sounds):
    wave = speech() + 1e-4 * white(64_000)
    t = np.arange(len(wave)) / 16_000
    values = Voice()(sounds.clip(wave + 3e-3 * np.sin(2 * np.pi * 230 * t)))
    assert values["hum"] < 4


def test_no_hum_without_a_pause_and_none_in_digital_silence(sounds):
    assert math.isnan(Voice()(sounds.clip(tilted(150, 6)))["hum"])
    assert Voice()(sounds.clip(speech()))["hum"] == pytest.approx(0, abs=4)


@pytest.mark.parametrize("level", [-20.0, -30.0, -40.0])
def test_breaths(sounds, level):
    """Two of 0.4 s in pauses of 1 s: their share of 6 s, and their level."""
    wave = speech(6.0, ((1.0, 2.0), (3.5, 4.5)))
    scale = np.sqrt(np.mean(np.square(wave[1_600:12_800])) * 8000 / 3750) * 10 ** (level / 20)
    for start in (1.3, 3.8):
        place = slice(round(start * 16_000), round((start + 0.4) * 16_000))
        wave[place] += scale * white(6_400, seed=round(start))
    values = Voice()(sounds.clip(wave + 1e-5 * white(len(wave))))
    assert values["breath_share"] == pytest.approx(0.8 / 6, rel=0.15)
    assert values["breath_level"] == pytest.approx(level, abs=1.5)


@pytest.mark.parametrize(
    ("start", "duration"), [(1.4, 0.2), (1.8, 0.05)], ids=["beside voice", "short"]
)
def test_consonants_are_no_breaths(sounds, start, duration):
    wave = speech() + 1e-5 * white(64_000)
    assert Voice()(sounds.clip(wave))["breath_share"] == 0
    place = slice(round(start * 16_000), round((start + duration) * 16_000))
    wave[place] += 0.02 * white(place.stop - place.start)
    values = Voice()(sounds.clip(wave))
    assert values["breath_share"] == 0
    assert math.isnan(values["breath_level"])


@pytest.mark.parametrize("count", [0, 1, 5, 9])
@pytest.mark.parametrize("ringing", [1, 30])
def test_clicks_are_counted(sounds, count, ringing):
    """Planted in a pause of 2 s, in noise at -70 dB: single samples, or 2 ms of ringing."""
    wave = speech(4.0, ((1.0, 3.0),)) + 10**-3.5 * white(64_000)
    click = 0.3 * np.cos(np.arange(ringing) * 2.0) * np.exp(-np.arange(ringing) / 8)
    plain = Voice()(sounds.clip(wave))
    for k in range(count):
        start = round((1.15 + 0.19 * k) * 16_000)
        wave[start : start + ringing] += click
    values = Voice()(sounds.clip(wave))
    assert 4 * (values["click_rate"] - plain["click_rate"]) == pytest.approx(count)
    assert values["burst_rate"] == plain["burst_rate"]


@pytest.mark.parametrize("count", [0, 2, 6])
def test_plosive_bursts_are_counted(sounds, count):
    """30 ms of noise that begin at once and die away, after silence."""
    wave = speech(4.0, ((1.0, 3.0),)) + 10**-3.5 * white(64_000)
    plain = Voice()(sounds.clip(wave))
    t = np.arange(1_600) / 16_000
    for k in range(count):
        start = round((1.2 + 0.28 * k) * 16_000)
        wave[start : start + 1_600] += 0.2 * white(1_600, seed=k) * np.exp(-t / 0.03)
    values = Voice()(sounds.clip(wave))
    assert 4 * (values["burst_rate"] - plain["burst_rate"]) == pytest.approx(count)
    assert values["click_rate"] == plain["click_rate"]


@pytest.mark.parametrize("f0", [45.0, 90.0, 200.0])
def test_the_pulses_of_a_voice_are_no_clicks(sounds, f0):
    wave = sounds.pulses(np.full(round(2 * f0), 1 / f0), np.ones(round(2 * f0)))
    values = Voice(floor=40.0)(sounds.clip(wave + 1e-3 * white(len(wave))))
    assert values["click_rate"] * 2 <= 1
    assert values["burst_rate"] * 2 <= 2  # the first


@pytest.mark.parametrize("gain", [1.0, 0.3, 0.01])
@pytest.mark.parametrize("share", [0.0, 0.01, 0.1, 0.3])
def test_clipped_share(sounds, share, gain):
    """Clipped at a quantile, and perhaps attenuated later."""
    wave = tilted(150, 6) * (1 + 0.2 * np.sin(np.arange(24_000) / 900))
    ceiling = np.quantile(np.abs(wave), 1 - share)
    flat = [len(list(run)) for above, run in groupby(np.abs(wave) >= ceiling) if above]
    expected = sum(length for length in flat if length >= 3) / len(wave)
    assert expected == pytest.approx(share, abs=0.004 + 0.1 * share)
    values = Voice()(sounds.clip(gain * np.clip(wave, -ceiling, ceiling)))
    assert values["clipped"] == pytest.approx(expected)


def test_crest_factor_of_a_tone_and_of_a_clipped_tone(sounds):
    tone = np.sin(2 * np.pi * 200 * np.arange(24_000) / 16_000)
    assert Voice()(sounds.clip(0.4 * tone))["crest_factor"] == pytest.approx(3.01, abs=0.05)
    square = np.clip(50 * tone, -0.5, 0.5)
    assert Voice()(sounds.clip(square))["crest_factor"] == pytest.approx(0, abs=0.2)


@pytest.mark.parametrize("off", [-0.3, 0.05])
def test_direct_current_changes_next_to_nothing(sounds, off):
    wave = speech() + 1e-3 * white(64_000)
    plain, shifted = Voice()(sounds.clip(wave)), Voice()(sounds.clip(wave + off))
    assert shifted == pytest.approx(plain, rel=2e-3, abs=2e-2, nan_ok=True)


@pytest.mark.parametrize("seconds", [0.13, 2.0])
def test_digital_silence_at_the_ends_is_no_noise_floor(sounds, seconds):
    wave = speech() + 0.01 * white(64_000)
    plain = Voice()(sounds.clip(wave))["snr"]
    padded = Voice()(sounds.clip(np.pad(wave, round(16_000 * seconds))))["snr"]
    assert padded == pytest.approx(plain, abs=0.5)


def test_pauses_do_not_change_the_crest_factor(sounds):
    wave = tilted(120, 8)
    plain = Voice()(sounds.clip(wave))["crest_factor"]
    padded = Voice()(sounds.clip(np.pad(wave, 16_000)))["crest_factor"]
    assert padded == pytest.approx(plain, abs=0.2)


@pytest.mark.parametrize("difference", [-6.0, 0.0, 4.0, 12.0])
@pytest.mark.parametrize("f0", [100.0, 210.0, 330.0])
def test_first_and_second_harmonic(sounds, f0, difference):
    values = Voice()(sounds.clip(harmonics(f0, [0, -difference, -20, -20, -25, -25])))
    assert values["h1_h2"] == pytest.approx(difference, abs=0.5)
    assert values["h1_h2_sd"] < 1


def test_harmonics_below_the_lowest_bins_are_not_measured(sounds):
    t = np.arange(32_000) / 16_000
    wave = sum(np.cos(2 * np.pi * 36 * k * t + k * k) / k for k in range(1, 60))
    values = Voice(floor=30.0)(sounds.clip(0.1 * wave))
    assert math.isnan(values["h1_h2"])
    assert math.isfinite(values["alpha_ratio"])


def test_alpha_ratio_and_centroid_of_two_tones(sounds):
    """Harmonics of 200 Hz: the first, at 0 dB, and the tenth, at -10 dB."""
    wave = harmonics(200, [0, -200, -200, -200, -200, -200, -200, -200, -200, -10.0])
    values = Voice()(sounds.clip(wave))
    assert values["alpha_ratio"] == pytest.approx(10, abs=0.1)
    assert values["centroid"] == pytest.approx((200 + 0.1 * 2000) / 1.1, rel=0.02)
    assert values["low_share"] == pytest.approx(-10 * math.log10(1.1), abs=0.05)


def test_hammarberg_of_two_tones(sounds):
    wave = harmonics(200, [0] + [-200] * 12 + [-15.0])  # 200 and 2800 Hz
    assert Voice()(sounds.clip(wave))["hammarberg"] == pytest.approx(15, abs=1.0)


def test_steeper_tilt_shows_in_every_measure_of_it(sounds):
    flat, steep = (Voice()(sounds.clip(tilted(150, slope))) for slope in (3, 12))
    assert steep["alpha_ratio"] > flat["alpha_ratio"] + 10
    assert steep["hammarberg"] > flat["hammarberg"] + 10
    assert steep["centroid"] < flat["centroid"]
    assert steep["tilt_low"] < flat["tilt_low"]
    assert steep["tilt_mid"] < flat["tilt_mid"]
    assert steep["h1_a3"] > flat["h1_a3"] + 10
    assert steep["h1_h2"] == pytest.approx(12, abs=0.5)


def test_noise_lowers_cepstral_peak_prominence(sounds):
    wave = tilted(150, 6)
    noise = np.random.default_rng(0).standard_normal(len(wave)) * wave.std()
    clean, breathy, rough = (
        Voice()(sounds.clip(wave + share * noise))["cpp"] for share in (0.001, 0.1, 0.4)
    )
    assert 40 > clean > breathy + 1 > rough + 2 > 5


def test_effort_that_goes_with_level(sounds):
    """Loud parts with a flat spectrum, soft parts with a steep one; and the other way round."""
    loud, soft = tilted(150, 4), tilted(150, 12)
    t = np.arange(len(loud)) / 16_000
    share = np.sin(2 * np.pi * 2 * t) ** 2
    natural = share * loud + 0.25 * (1 - share) * soft
    reverse = share * soft + 0.25 * (1 - share) * loud
    assert Voice()(sounds.clip(natural))["level_tilt"] < -0.5
    assert Voice()(sounds.clip(reverse))["level_tilt"] > 0.5


@pytest.mark.parametrize("sign", [-1, 1])
def test_level_that_goes_with_pitch(sounds, sign):
    wave = sounds.buzz(lambda t: 180 * 2 ** (3 * np.sin(2 * np.pi * t) / 12))
    t = np.arange(len(wave)) / 16_000
    values = Voice()(sounds.clip(wave * 10 ** (sign * 5 * (np.sin(2 * np.pi * t) - 1) / 20)))
    assert sign * values["level_f0"] > 0.9


def test_quiet_voice_is_left_out(sounds):
    """A bright voice 27 dB down, still voiced by Praat, must not colour the measures."""
    loud, soft = tilted(150, 12), tilted(150, 0)
    soft *= loud.std() / soft.std() * 10 ** (-27 / 20)
    plain, both = (Voice()(sounds.clip(w)) for w in (loud, np.concatenate([loud, soft])))
    assert both["alpha_ratio"] == pytest.approx(plain["alpha_ratio"], abs=0.5)


def test_flux_is_nothing_for_a_steady_voice_and_something_for_a_moving_one(sounds):
    steady = tilted(160, 6)
    swell = 1 - 0.8 * np.sin(2 * np.pi * 2 * np.arange(len(steady)) / 16_000) ** 2
    assert Voice()(sounds.clip(steady))["flux"] < 0.3
    assert Voice()(sounds.clip(steady * swell))["flux"] < 0.3
    dark, bright = tilted(160, 12), tilted(160, 3)
    share = np.sin(2 * np.pi * 3 * np.arange(len(dark)) / 16_000) ** 2
    assert Voice()(sounds.clip(share * dark + (1 - share) * bright))["flux"] > 0.5


@pytest.mark.parametrize("sample_rate", [8_000, 22_050, 44_100])
def test_sample_rate_changes_little(sounds, sample_rate):
    """A clip at any rate, brought to 16 kHz by the host, against the same at 48 kHz."""
    wave = sounds.buzz(lambda t: 180 * 2 ** (3 * np.sin(2 * np.pi * t) / 12), 2.0, 48_000)
    wave += 1e-3 * np.random.default_rng(0).standard_normal(len(wave))
    there = soxr.resample(wave, 48_000, sample_rate)
    values = Voice()(sounds.clip(soxr.resample(there, sample_rate, 16_000)))
    plain = Voice()(sounds.clip(soxr.resample(wave, 48_000, 16_000)))
    assert values == pytest.approx(plain, rel=0.02, abs=0.2, nan_ok=True)
