# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The voice scorer: known spectra in, known numbers out."""

from __future__ import annotations

import math

import numpy as np
import pytest
import soxr
from hypothesis import given, settings
from hypothesis import strategies as st
from rewardkit_scorers.voice import FEATURES, Voice

from rewardkit.clip import Clip
from rewardkit.scorers import Scorer


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


def test_is_a_scorer():
    assert isinstance(Voice(), Scorer)


@pytest.mark.parametrize("difference", [-6.0, 0.0, 4.0, 12.0])
@pytest.mark.parametrize("f0", [100.0, 210.0, 330.0])
def test_first_and_second_harmonic(sounds, f0, difference):
    values = Voice()(sounds.clip(harmonics(f0, [0, -difference, -20, -20, -25, -25])))
    assert values["h1_h2"] == pytest.approx(difference, abs=0.5)
    assert values["h1_h2_sd"] < 1


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


@pytest.mark.parametrize("gain", [-40.0, -6.0, 6.0])
def test_gain_changes_nothing(sounds, gain):
    wave = sounds.buzz(lambda t: 180 * 2 ** (3 * np.sin(2 * np.pi * t) / 12))
    plain = Voice()(sounds.clip(wave))
    scaled = Voice()(sounds.clip(wave * 10 ** (gain / 20)))
    assert scaled == pytest.approx(plain, rel=1e-4, abs=1e-4, nan_ok=True)


@pytest.mark.parametrize("sample_rate", [8_000, 22_050, 44_100])
def test_sample_rate_changes_little(sounds, sample_rate):
    """A clip at any rate, brought to 16 kHz by the host, against the same at 48 kHz."""
    wave = sounds.buzz(lambda t: 180 * 2 ** (3 * np.sin(2 * np.pi * t) / 12), 2.0, 48_000)
    wave += 1e-3 * np.random.default_rng(0).standard_normal(len(wave))
    there = soxr.resample(wave, 48_000, sample_rate)
    values = Voice()(sounds.clip(soxr.resample(there, sample_rate, 16_000)))
    plain = Voice()(sounds.clip(soxr.resample(wave, 48_000, 16_000)))
    assert values == pytest.approx(plain, rel=0.02, abs=0.2)


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize(
    "samples",
    [
        np.zeros(16_000),
        np.full(16_000, 0.3),
        np.zeros(0),
        np.ones(1),
        np.sin(np.arange(1_500)),
        0.1 * np.random.default_rng(0).standard_normal(16_000),
    ],
    ids=["silence", "DC", "empty", "one sample", "too short", "noise"],
)
def test_what_can_not_be_measured_is_nan(sounds, samples):
    values = Voice()(sounds.clip(samples))
    assert list(values) == [feature.name for feature in FEATURES]
    assert all(math.isnan(value) for value in values.values())


@settings(max_examples=25, deadline=None)
@given(
    seed=st.integers(0, 2**31),
    duration=st.floats(0.0, 1.5),
    voices=st.integers(0, 3),
    level=st.floats(-60, 0),
)
def test_all_values_lie_in_their_declared_ranges(seed, duration, voices, level):
    rng = np.random.default_rng(seed)
    t = np.arange(int(duration * 16_000)) / 16_000
    wave = 10 ** (level / 20) * rng.standard_normal(len(t)) * rng.random()
    for _ in range(voices):
        wave += rng.random() * np.sign(np.sin(2 * np.pi * rng.uniform(50, 700) * t))
    values = Voice()(Clip(wave.astype(np.float32), 16_000))
    for feature in FEATURES:
        value = values[feature.name]
        assert math.isnan(value) or feature.low <= value <= feature.high, feature.name


def test_the_same_clip_gives_the_same_bits(sounds):
    clip = sounds.clip(tilted(150, 6))
    first = np.array(list(Voice()(clip).values()))
    assert all(
        first.tobytes() == np.array(list(Voice()(clip).values())).tobytes() for _ in range(3)
    )
