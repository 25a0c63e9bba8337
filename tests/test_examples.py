# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: Apache-2.0
"""The examples' own synthesiser makes what it says it makes; the TRL example runs as a command."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

import numpy as np
import parselmouth
import pytest

from examples.formant import BANDWIDTHS, SAMPLE_RATE, VOWELS, Syllable, synthesise
from examples.grpo_trl import PITCHES, TOKENS, main, render
from rewardkit import RewardModel, speech
from rewardkit.clip import Clip
from tests.made import reward_model


@pytest.mark.parametrize("pitch", [90.0, 150.0, 220.0])
def test_the_pitch_is_the_one_asked_for(pitch: float) -> None:
    samples = synthesise([Syllable("a", pitch, 0.5)])
    track = parselmouth.Sound(samples, SAMPLE_RATE).to_pitch_ac(pitch_floor=75)
    found = track.selected_array["frequency"]
    assert np.median(found[found > 0]) == pytest.approx(pitch, rel=0.005)


def test_pitch_moves_from_middle_to_middle_along_a_logarithmic_line() -> None:
    samples = synthesise([Syllable("a", 100.0, 0.4), Syllable("a", 200.0, 0.4)])
    track = parselmouth.Sound(samples, SAMPLE_RATE).to_pitch_ac(0.01, 75)
    assert track.get_value_at_time(0.35) == pytest.approx(100 * 2 ** (0.15 / 0.4), rel=0.02)


@pytest.mark.parametrize("vowel", list(VOWELS))
def test_partials_have_the_levels_of_three_resonances(vowel: str) -> None:
    samples = synthesise([Syllable(vowel, 100.0, 2.0)])
    partials = np.arange(100, 3600, 100)
    spectrum = np.abs(np.fft.rfft(samples * np.hanning(len(samples))))[2 * partials]
    # The transfer function on the unit circle: a real pole, and three pairs.
    z = np.exp(-2j * np.pi * partials / SAMPLE_RATE)
    expected = 1 / (1 - 0.9 * z)
    for formant, width in zip(VOWELS[vowel], BANDWIDTHS, strict=True):
        pole = np.exp((-np.pi * width + 2j * np.pi * formant) / SAMPLE_RATE)
        expected /= (1 - pole * z) * (1 - np.conj(pole) * z)
    levels = 20 * np.log10(spectrum / np.abs(expected))
    assert np.ptp(levels) < 0.5


def test_a_pause_is_silent_and_the_peak_is_half() -> None:
    samples = synthesise([Syllable("o"), Syllable(None, duration=0.3), Syllable("e")])
    assert len(samples) == round(0.7 * SAMPLE_RATE)
    assert not samples[round(0.21 * SAMPLE_RATE) : round(0.49 * SAMPLE_RATE)].any()
    assert np.abs(samples).max() == pytest.approx(0.5)
    with pytest.raises(ValueError, match="no syllable"):
        synthesise([Syllable(None)])


def test_what_it_says_passes_for_speech() -> None:
    rendered = render("a3 i5 _ o2 e1 u4 a7 i0 o3")
    assert rendered is not None
    samples, rate = rendered
    assert speech.missing(Clip(samples, rate)) is None
    assert render("_ say _") is None
    assert render("") is None
    assert len(PITCHES) == 8
    assert all(render(token) is not None for token in TOKENS if token[-1].isdigit())


@pytest.mark.skipif(importlib.util.find_spec("trl") is None, reason="needs the extra trl")
def test_the_command_says_each_step_s_rewards(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    model = reward_model(dimensions=("prosody", "emotion"))
    monkeypatch.setattr(RewardModel, "from_pretrained", classmethod(lambda cls, *a, **k: model))
    monkeypatch.setattr(sys, "argv", ["grpo_trl", "--steps", "2", "--output", str(tmp_path)])
    main()
    lines = [line for line in capsys.readouterr().out.splitlines() if "prosody" in line]
    assert [line.split()[0] for line in lines] == ["1", "2"]
    assert all("emotion" in line and "failed" in line for line in lines)
