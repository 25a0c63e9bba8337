# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tones: what is heard of a contour, from planted syllables."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from rewardkit_scorers import _tones
from rewardkit_scorers._frames import STEP
from rewardkit_scorers._tones import FEATURES, GLISSANDO, levels, nuclei, stylise
from rewardkit_scorers.pitch import Pitch

whole = st.integers(10, 80).flatmap(
    lambda n: st.tuples(
        hnp.arrays(np.float64, n, elements=st.floats(-12, 12, width=32)),
        hnp.arrays(np.bool_, n),
        hnp.arrays(np.float64, n, elements=st.floats(-60, 0, width=32)),
    )
)


def measured(line, level):
    values = _tones.measure(line, np.ones(len(line), bool), level)
    return dict(zip((f.name for f in FEATURES), values, strict=True))


def syllables(pitches):
    """One nucleus of 20 frames per pitch contour, 15 dB louder than the five frames between."""
    line = np.concatenate([np.append(pitch, np.full(5, pitch[-1])) for pitch in pitches])
    level = np.tile(np.append(np.zeros(20), np.full(5, -15.0)), len(pitches))
    return line, level


def test_a_movement_is_heard_above_the_glissando_threshold():
    """Over T seconds, S semitones are a glide when S / T > 0.32 / T^2."""
    seconds = 19 * STEP
    for factor, share in ((0.98, 0.0), (1.02, 1.0)):
        size = factor * GLISSANDO / seconds
        rise = np.linspace(0, size, 20)
        assert measured(*syllables([rise, rise]))["glide_share"] == share
        assert measured(*syllables([rise, rise]))["glide_balance"] == share
        assert measured(*syllables([rise, -rise]))["glide_balance"] == 0
        assert measured(*syllables([-rise, -rise, rise, -rise]))["glide_balance"] == pytest.approx(
            -share / 2
        )


def test_steps_from_nucleus_to_nucleus():
    line, level = syllables([np.full(20, height) for height in (0.0, 5.0, 0.0, 5.0, 0.0)])
    values = measured(line, level)
    assert values["interval_mean"] == 5
    assert values["interval_entropy"] == pytest.approx(math.log(2))


@pytest.mark.parametrize(
    ("steps", "entropy"),
    [
        ([0.0, 1.0, -1.4, 0.2], 0.0),
        ([2.0, 5.0, -2.0, -5.0], math.log(4)),
        ([2.0, 5.0, -2.0, -5.0, 0.0], math.log(5)),
        ([2.0, 2.0, 5.0, 2.0], -0.75 * math.log(0.75) - 0.25 * math.log(0.25)),
        ([2.0, 5.0, -2.0], math.nan),
    ],
)
def test_the_entropy_of_the_steps(steps, entropy):
    heights = np.cumsum([0.0, *steps])
    values = measured(*syllables([np.full(20, height) for height in heights]))
    assert values["interval_entropy"] == pytest.approx(entropy, nan_ok=True)


def test_steps_over_a_pause_do_not_count():
    line, level = syllables([np.full(20, 0.0), np.full(20, 3.0)])
    apart = np.full(30, np.nan)
    values = measured(
        np.concatenate([line, apart, line + 9]), np.concatenate([level, apart, level])
    )
    assert values["interval_mean"] == 3


def test_a_rise_and_fall_are_split_at_the_peak():
    tent = np.concatenate([np.linspace(0, 6, 13), np.linspace(6, 0, 13)[1:]])
    where, pitch = stylise(tent, np.ones(25, bool), np.zeros(25))
    assert where.tolist() == [[0, 12, 0], [12, 24, 0]]
    assert pitch.tolist() == [[0, 6], [6, 0]]


def test_a_bend_that_is_too_slight_or_too_near_the_end_is_not_heard():
    """20 semitones per second of change are needed, and 40 ms of length."""
    slight = np.concatenate([np.linspace(0, 3, 31), 3 + np.linspace(0, 8, 31)[1:]])
    assert len(stylise(slight, np.ones(61, bool), np.zeros(61))[0]) == 1
    late = np.concatenate([np.zeros(20), [2.0, 4.0, 6.0]])
    assert len(stylise(late, np.ones(23, bool), np.zeros(23))[0]) == 1


def test_a_nucleus_reaches_from_3_db_before_its_peak_to_9_db_after_it():
    level = np.concatenate([np.arange(-20.0, 0), np.arange(0, -20.0, -1)])
    assert nuclei(np.ones(40, bool), level).tolist() == [[17, 29]]
    voiced = np.arange(40) >= 18
    assert nuclei(voiced, level).tolist() == [[18, 29]]


def test_nuclei_are_parted_by_dips_of_2_db():
    bumps = -np.abs(np.arange(60) % 20 - 10.0)
    assert len(nuclei(np.ones(60, bool), 0.19 * bumps)) == 1
    assert len(nuclei(np.ones(60, bool), 0.25 * bumps)) == 3


def test_faint_voice_has_no_nuclei():
    level = np.concatenate([np.zeros(10), np.full(10, -40.0), np.full(10, -24.0)])
    voiced = np.arange(30) % 10 > 2
    assert nuclei(voiced, level).tolist() == [[3, 9], [23, 29]]


@settings(deadline=None)  # the first call may compile
@given(whole)
def test_tones_tile_their_nuclei(given):
    line, voiced, level = given
    found = nuclei(voiced, level)
    where, pitch = stylise(line, voiced, level)
    for n, (start, stop) in enumerate(found):
        mine = where[where[:, 2] == n]
        assert mine[0, 0] == start
        assert mine[-1, 1] == stop
        assert np.array_equal(mine[1:, 0], mine[:-1, 1])
        assert voiced[start : stop + 1].all()
    for (start, stop, _), (a, b) in zip(where, pitch, strict=True):
        assert line[start : stop + 1].min() - 1e-9 <= min(a, b)
        assert max(a, b) <= line[start : stop + 1].max() + 1e-9
        assert a == b or abs(b - a) * (stop - start) * STEP > GLISSANDO


@settings(deadline=None)  # the first call may compile
@given(whole)
def test_nuclei_follow_each_other(given):
    _, voiced, level = given
    found = nuclei(voiced, level)
    assert np.all(found[:, 1] - found[:, 0] >= _tones.SHORTEST_NUCLEUS)
    assert np.all(found[1:, 0] >= found[:-1, 1])


@settings(deadline=None)  # the first call may compile
@given(whole, st.floats(-20, 20), st.floats(-50, 50))
def test_key_and_gain_change_nothing(given, key, gain):
    line, voiced, level = given
    plain = stylise(line, voiced, level)
    where, pitch = stylise(line + round(key), voiced, level + round(gain))
    if np.array_equal(where, plain[0]):  # rounding may decide what lies on a threshold
        assert pitch == pytest.approx(plain[1] + round(key))


def test_the_level_of_a_tone_is_its_rms_without_its_offset():
    t = np.arange(16_000) / 16_000
    tone = (0.2 + 0.1 * np.sin(2 * np.pi * 200 * t)).astype(np.float32)
    level = levels(tone, 16_000, 0.035, 90)
    assert level == pytest.approx(20 * math.log10(0.1) - 3.01, abs=0.02)


def test_a_low_voice_has_a_level_without_ripple(sounds):
    level = levels(sounds.buzz(60).astype(np.float32), 16_000, 0.035, 190)
    assert np.ptp(level) < 0.8 * _tones.DIP


def test_level_at_the_edges_and_of_silence():
    ones = np.tile([1.0, -1.0], 800).astype(np.float32)
    assert levels(ones, 16_000, 0.0, 11) == pytest.approx(0, abs=1e-9)
    assert levels(np.zeros(1_600, np.float32), 16_000, 0.0, 11) == pytest.approx(-300)


@pytest.mark.parametrize(("rate", "share"), [(3.0, 0.0), (25.0, 1.0), (-25.0, 1.0)])
def test_syllables_of_voice_glide(sounds, rate, share):
    """Syllables of 0.2 s, every 0.3 s, in each of which pitch moves at a rate."""
    wave = sounds.buzz(lambda t: 150 * 2 ** (rate * (t % 0.3 - 0.1) / 12), 3.0)
    t = np.arange(len(wave)) / 16_000
    values = Pitch()(sounds.clip(wave * (t % 0.3 < 0.2)))
    assert values["glide_share"] == pytest.approx(share, abs=0.1)
    assert values["glide_balance"] == pytest.approx(np.sign(rate) * share, abs=0.1)


def test_syllables_of_voice_have_their_steps(sounds):
    wave = sounds.buzz(lambda t: 150 * 2 ** (4 * (np.floor(t / 0.3) % 2) / 12), 3.0)
    t = np.arange(len(wave)) / 16_000
    values = Pitch()(sounds.clip(wave * (t % 0.3 < 0.2)))
    assert values["interval_mean"] == pytest.approx(4, abs=0.2)
    assert values["interval_entropy"] == pytest.approx(math.log(2), abs=0.02)
