# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: Apache-2.0
"""Manipulations: neutral does nothing, knobs do what they say, results are sound."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import parselmouth
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rewardkit_scorers import manipulations

from rewardkit.audit import Chain, Knob, available
from rewardkit.audit.artefacts import ARTEFACTS, Clicks, Clipping, LowPass, Noise
from rewardkit.audit.pauses import Pauses
from rewardkit.audit.spectrum import Level, Spectrum
from rewardkit.clip import Clip
from rewardkit.errors import RewardkitError
from rewardkit.perturbations import NotApplicable
from rewardkit.testing import voice

CHAIN = available()
NAMES = [knob.name for knob in CHAIN.knobs]
NEUTRAL = CHAIN.values(np.zeros(len(NAMES)))


def rms(clip: Clip) -> float:
    return float(np.sqrt(np.mean(np.square(clip.samples, dtype=float))))


def test_ours_are_installed_and_artefacts_come_after_what_may_please() -> None:
    assert NAMES.index("pitch_shift") < NAMES.index("new_pauses") < NAMES.index("clicks")
    assert {knob.name for each in ARTEFACTS for knob in each.knobs if knob.broken is None} == set()


def test_neutral_is_the_clip_itself() -> None:
    clip = voice(1.0).with_text("a")
    assert CHAIN(clip, NEUTRAL) is clip
    assert CHAIN.moved(NEUTRAL) == {}
    assert CHAIN.broken(NEUTRAL) == ()


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("place", [-1.0, 1.0])
def test_each_end_of_each_knob_is_sound_and_the_same_each_time(name: str, place: float) -> None:
    clip = voice(1.5, seed=3).with_text("said")
    places = np.zeros(len(NAMES))
    places[NAMES.index(name)] = place
    values = CHAIN.values(places)
    first, again = CHAIN(clip, values), CHAIN(clip, values)
    assert first.key == again.key
    assert first.samples.dtype == np.float32
    assert np.isfinite(first.samples).all()
    assert np.abs(first.samples).max() <= 1.0
    assert (first.sample_rate, first.text) == (clip.sample_rate, "said")
    moved = CHAIN.moved(values)
    assert set(moved) <= {name}
    if not moved:
        assert first is clip
    elif name != "pause_scale":  # the made voice has no pause
        assert first.key != clip.key


@settings(max_examples=15, deadline=None)
@given(st.lists(st.floats(-1, 1), min_size=len(NAMES), max_size=len(NAMES)))
def test_any_setting_gives_sound(place: list[float]) -> None:
    made = CHAIN(voice(1.0), CHAIN.values(place))
    assert np.isfinite(made.samples).all()
    assert np.abs(made.samples).max() <= 1.0
    assert 0.3 < made.duration < 5


@pytest.mark.parametrize("samples", [np.zeros(1), np.zeros(3), np.zeros(16_000), np.ones(50)])
def test_hostile_clips_do_not_break_the_core_manipulations(samples: np.ndarray) -> None:
    core = Chain((Pauses(), Spectrum(), *ARTEFACTS, Level()))
    for place in (-1.0, 1.0):
        clip = Clip(samples.astype(np.float32), 16_000)
        made = core(clip, core.values(np.full(len(core.knobs), place)))
        assert np.isfinite(made.samples).all()


def test_noise_has_the_stated_level() -> None:
    clip = voice(2.0)
    made = Noise()(clip, {"noise": 20.0})
    residue = made.samples.astype(float) - clip.samples
    assert 20 * math.log10(rms(clip) / np.sqrt(np.mean(residue**2))) == pytest.approx(20, abs=0.1)


def test_clipping_cuts_the_stated_share_and_keeps_the_level() -> None:
    clip = voice(2.0)
    made = Clipping()(clip, {"clipping": 10.0})
    top = np.abs(made.samples).max()
    assert np.mean(np.abs(made.samples) > 0.9999 * top) == pytest.approx(0.1, abs=0.01)
    assert rms(made) == pytest.approx(rms(clip), rel=1e-4)


def test_low_pass_leaves_nothing_above() -> None:
    made = LowPass()(voice(1.0), {"low_pass": 1.0})
    power = np.abs(np.fft.rfft(made.samples)) ** 2
    assert power[2000:].sum() < 1e-4 * power.sum()


def test_clicks_come_as_often_as_stated() -> None:
    clip = Clip(np.full(32_000, 0.1, np.float32), 16_000)
    made = Clicks()(clip, {"clicks": 4.0})
    hit = np.flatnonzero(made.samples != clip.samples)
    assert 1 + np.count_nonzero(np.diff(hit) > 1000) == 8


def test_gain_and_tilt() -> None:
    clip = voice(1.0)
    louder = Level()(clip, {"gain": -6.0})
    assert 20 * math.log10(rms(louder) / rms(clip)) == pytest.approx(-6, abs=1e-3)
    flat = {"tilt": 0.0, "bass": 0.0, "middle": 0.0, "treble": 0.0}
    tilted = Spectrum()(clip, flat | {"tilt": 6.0})
    assert rms(tilted) == pytest.approx(rms(clip), rel=1e-3)
    gain = np.abs(np.fft.rfft(tilted.samples)) / np.maximum(np.abs(np.fft.rfft(clip.samples)), 1e-9)
    octave = 20 * math.log10(np.median(gain[1950:2050]) / np.median(gain[975:1025]))
    assert octave == pytest.approx(6.0, abs=0.7)


def test_pauses_are_scaled_and_new_ones_put_in() -> None:
    speech = voice(1.0).samples
    clip = Clip(np.concatenate([speech, np.zeros(8_000, np.float32), speech]), 16_000)
    scaled = Pauses()(clip, {"pause_scale": 0.0, "new_pauses": 0.0})
    assert scaled.duration == pytest.approx(2.0, abs=0.15)
    longer = Pauses()(clip, {"pause_scale": 2.0, "new_pauses": 0.0})
    assert longer.duration == pytest.approx(3.0, abs=0.15)
    fresh = Pauses()(clip, {"pause_scale": 1.0, "new_pauses": 0.9})
    assert fresh.duration == pytest.approx(3.4, abs=0.01)


def test_melody_moves_and_tempo_changes() -> None:
    clip = voice(2.0, pitch=120)
    made = CHAIN(clip, NEUTRAL | {"pitch_shift": 6.0, "tempo": 2.0})
    assert made.duration == pytest.approx(1.0, abs=0.05)

    def median(c: Clip) -> float:
        hertz = parselmouth.Sound(c.samples.astype(float), c.sample_rate).to_pitch()
        values = hertz.selected_array["frequency"]
        return float(np.median(values[values > 0]))

    assert 12 * math.log2(median(made) / median(clip)) == pytest.approx(6.0, abs=0.5)


def test_phrases_are_parted_at_the_longest_gaps() -> None:
    times = np.array([0.0, 0.01, 0.02, 0.3, 0.31, 0.4, 0.9, 0.91])
    assert manipulations._part(times).tolist() == [0, 0, 0, 1, 1, 1, 2, 2]


def test_a_manipulation_that_does_not_suit_is_passed_over() -> None:
    @dataclass(frozen=True)
    class Picky:
        name = "picky"
        knobs = (Knob("picky", "1", "", 0.0, 0.0, 1.0),)

        def __call__(self, clip: Clip, values: Mapping[str, float]) -> Clip:
            raise NotApplicable("never")

    chain = Chain((Picky(), Level()))
    clip = voice(0.5)
    made = chain(clip, {"picky": 1.0, "gain": -20.0})
    assert rms(made) == pytest.approx(rms(clip) / 10, rel=1e-3)


@pytest.mark.parametrize(
    "values", [(1, 0, 2, None), (0, 0, 0, None), (0, 0, 1, 0), (0, 0, 1, 2), (0, 0, math.inf, None)]
)
def test_bad_knobs_are_refused(values: tuple[float, float, float, float | None]) -> None:
    with pytest.raises(RewardkitError, match="bad_manipulation"):
        Knob("x", "1", "", *values)
    with pytest.raises(RewardkitError, match="bad_manipulation"):
        Chain((Level(), Level()))
