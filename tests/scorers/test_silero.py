# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Speech found by silero-vad; skipped where its package is not installed."""

from __future__ import annotations

import importlib.util

import numpy as np
import pytest
import soundfile
from rewardkit_scorers import _silero
from rewardkit_scorers.timing import Timing

from rewardkit.clip import Clip
from rewardkit.errors import RewardkitError

installed = pytest.mark.skipif(
    not (importlib.util.find_spec("silero_vad") and importlib.util.find_spec("onnxruntime")),
    reason="needs silero-vad and onnxruntime",
)


@pytest.fixture
def spoken(data_dir):
    """Two and a half seconds of real speech at 16 kHz."""
    path = data_dir / "emodb_cc0" / "03a05Nd.flac"
    path = path if path.exists() else min((data_dir / "emodb_cc0").glob("03a05*.flac"))
    samples, rate = soundfile.read(path, dtype="float32")
    assert rate == 16_000
    return samples


@installed
@pytest.mark.parametrize("vad", ["energy", "silero"])
def test_a_silence_put_into_speech_is_a_pause_of_its_length(spoken, vad):
    """Speech, a silence of 0.8 s, the same speech: the pause is that and its own two ends."""
    scorer = Timing(vad=vad)
    alone = scorer(Clip(spoken, 16_000))
    wave = np.concatenate([spoken, np.zeros(12_800, np.float32), spoken])
    both = scorer(Clip(wave, 16_000))
    expected = 0.8 + alone["leading_silence"] + alone["trailing_silence"]
    assert both["pause_max"] == pytest.approx(expected, abs=0.02 if vad == "energy" else 0.1)


@installed
def test_a_clip_alone_and_among_others_has_the_same_bits(spoken):
    scorer = Timing(vad="silero")
    clips = [Clip(spoken, 16_000), Clip(spoken[8_000:], 16_000), Clip(spoken, 16_000)]
    values = scorer.score_batch(clips)
    assert np.array_equal(values[0], values[2], equal_nan=True)
    assert np.array_equal(values[1], scorer.score_batch(clips[1:2])[0], equal_nan=True)


@installed
def test_noise_bursts_are_not_speech_to_it(spoken):
    burst = 0.1 * np.random.default_rng(0).standard_normal(8_000).astype(np.float32)
    wave = np.concatenate([np.zeros(8_000, np.float32), burst, np.zeros(8_000, np.float32), spoken])
    values = Timing(vad="silero")(Clip(wave, 16_000))
    assert values["leading_silence"] > 1.4
    assert Timing()(Clip(wave, 16_000))["leading_silence"] < 0.6


@installed
def test_the_network_is_part_of_the_identity():
    assert Timing(vad="silero").digest != Timing().digest


def test_without_the_package_it_is_refused(monkeypatch):
    monkeypatch.setattr(_silero, "find_spec", lambda name: None)
    with pytest.raises(RewardkitError, match="missing_package"):
        Timing(vad="silero")
