# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: Apache-2.0
"""Clips as a browser gets them: as loud as each other, never clipped, all of one kind."""

from __future__ import annotations

import io
import math
from pathlib import Path

import numpy as np
import pyloudnorm
import pytest
import soundfile
from hypothesis import given
from hypothesis import strategies as st

from rewardkit.annotate import Settings, Study, StudyError, serving, sound
from rewardkit.annotate.listening import Listening
from rewardkit.annotate.ranges import UnsatisfiableError, parse
from rewardkit.audio import read, resample
from rewardkit.clip import Clip
from rewardkit.preferences import Preference
from rewardkit.testing import voice
from tests.annotate import made

LOUDNESS = st.none() | st.floats(-69, 0)
PEAK = st.floats(1e-4, 1.0)


@given(LOUDNESS, PEAK, LOUDNESS, PEAK, st.floats(-40, -10))
def test_matched_clips_are_as_loud_as_each_other_and_never_clip(
    one: float | None, one_peak: float, other: float | None, other_peak: float, level: float
) -> None:
    gains = sound.matched((one, one_peak), (other, other_peak), level)
    levels = [
        loudness + 20 * math.log10(gain)
        for loudness, gain in zip((one, other), gains, strict=True)
        if loudness is not None
    ]
    assert max(levels, default=level) <= level + 1e-9
    assert max(levels, default=0) - min(levels, default=0) < 1e-9
    full = 10 ** (-sound.HEADROOM / 20) + 1e-9
    for loudness, gain, peak in zip((one, other), gains, (one_peak, other_peak), strict=True):
        assert gain * peak <= full if loudness is not None else gain == 1.0


@pytest.mark.parametrize("level", [-35.0, -20.0, -12.0])
def test_loudness_after_the_gain_is_that_of_the_meter(tmp_path: Path, level: float) -> None:
    clip = voice(2.0, seed=3)
    meter = pyloudnorm.Meter(clip.sample_rate)
    scaled = clip.samples * 10 ** ((level - meter.integrated_loudness(clip.samples)) / 20)
    path = tmp_path / "voice.wav"
    soundfile.write(path, scaled, clip.sample_rate, subtype="FLOAT")
    measured = sound.measure(str(path))
    assert measured.loudness == pytest.approx(level, abs=0.01)
    reference = (-23.0, 0.5)
    gain, other = sound.matched((measured.loudness, measured.peak), reference, -23.0)
    played = meter.integrated_loudness(scaled * gain)
    assert played == pytest.approx(-23.0 + 20 * math.log10(other), abs=0.01)


def test_short_and_silent_clips_have_a_gain(tmp_path: Path) -> None:
    path = tmp_path / "short.wav"
    soundfile.write(path, 0.1 * np.sin(np.arange(4000)), 16_000)  # 0.25 s: less than one block
    assert sound.measure(str(path)).loudness == pytest.approx(-23, abs=3)
    soundfile.write(path, np.zeros(4000), 16_000)
    assert sound.measure(str(path)).loudness is None


@pytest.mark.parametrize("rate", [8_000, 11_025, 22_050, 24_000, 44_100, 48_000])
def test_every_length_below_a_block_has_a_loudness(rate: int) -> None:
    tone = (0.1 * np.sin(np.arange(int(0.4 * rate)) / 8)).astype(np.float32)
    lengths = range(len(tone) // 8, len(tone))
    rounded_up = [length for length in lengths if length / rate * rate > length]
    for length in [*rounded_up[:50], *rounded_up[-50:], *lengths[-50:]]:
        found = sound.loudness(Clip(tone[:length], rate))
        assert found is not None
        assert -30 < found < -15


@pytest.mark.parametrize(
    ("rate", "subtype", "peak"), [(48_000, "FLOAT", 3.0), (8_000, "PCM_16", 1)]
)
def test_sound_above_full_scale_is_not_cut(
    tmp_path: Path, rate: int, subtype: str, peak: float
) -> None:
    """Files of floats may exceed full scale, and so does what resampling makes of full scale."""
    clips = made.tones(tmp_path, 2)
    path = tmp_path / "loud.wav"
    square = peak * np.sign(np.sin(2 * np.pi * 300.5 * np.arange(rate) / rate + 0.1))
    soundfile.write(path, square, rate, subtype=subtype)
    soundfile.write(clips[1], np.tile(0.1 * np.sin(np.arange(4800) / 9), 10), 48_000)
    study = Study.create(tmp_path / "study.sqlite", Settings())
    study.add([Preference(str(path), clips[1], 1.0)])
    study.consent(study.add_rater("anna"))
    anna = made.rater(study)
    shown = Listening(study).next(anna)
    assert shown is not None
    sides = serving.described(study, shown)["clips"]
    side = int(shown.right == 1)
    data = serving.clip(study, anna, shown.id, "ab"[side])
    samples, _ = soundfile.read(io.BytesIO(data))
    whole = resample(read(path), 48_000).samples
    assert abs(whole).max() > 1.05
    played = samples * sides[side]["gain"]
    gain = played[2000] / whole[2000]
    np.testing.assert_allclose(played, whole * gain, atol=1e-3)
    assert abs(played).max() <= 10 ** (-sound.HEADROOM / 20) + 1e-4
    loud, soft = (row["loudness"] for row in study.db.read("SELECT loudness FROM clip ORDER BY id"))
    other = soft + 20 * math.log10(sides[1 - side]["gain"])
    assert loud + 20 * math.log10(gain) == pytest.approx(other, abs=0.01)


def test_a_16_bit_file_comes_through_bit_for_bit(tmp_path: Path) -> None:
    samples = np.random.default_rng(0).integers(-32768, 32768, 8000).astype(np.int16)
    path = tmp_path / "noise.flac"
    soundfile.write(path, samples, 16_000)
    data, scale = sound.wav(str(path), read(path).key, 16_000)
    assert scale == 1.0
    again, rate = soundfile.read(io.BytesIO(data), dtype="int16")
    assert rate == 16_000
    np.testing.assert_array_equal(again, samples)


@pytest.mark.parametrize(
    ("ending", "subtype", "rate", "channels"),
    [("wav", "PCM_16", 48_000, 1), ("flac", "PCM_24", 24_000, 2), ("wav", "FLOAT", 16_000, 1)],
)
def test_size_and_header_say_only_how_long_a_clip_is(
    tmp_path: Path, ending: str, subtype: str, rate: int, channels: int
) -> None:
    path = tmp_path / f"clip.{ending}"
    tone = 0.3 * np.sin(2 * np.pi * 300 * np.arange(rate) / rate)
    soundfile.write(path, np.stack([tone] * channels, 1), rate, subtype=subtype)
    data, _ = sound.wav(str(path), read(path).key, 48_000)
    assert len(data) == 44 + 2 * 48_000
    assert data[:44] == sound.encode(np.zeros(48_000, np.float32), 48_000)[:44]


def test_a_changed_clip_is_not_served(tmp_path: Path) -> None:
    path = tmp_path / "clip.wav"
    soundfile.write(path, np.zeros(8000), 16_000)
    with pytest.raises(StudyError, match="changed_clip"):
        sound.wav(str(path), "0" * 64, 16_000)


@given(st.text("bytes=-,0123456789 ", max_size=24), st.integers(0, 2000))
def test_a_range_is_inside_the_whole_or_none(header: str, size: int) -> None:
    try:
        span = parse(header, size)
    except UnsatisfiableError:
        return
    assert span is None or 0 <= span[0] < span[1] <= size
