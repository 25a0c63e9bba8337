# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: Apache-2.0
"""Clips: every one is opened before anything is trained, and a sound is known by its samples."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile

from rewardkit.clip import Clip
from rewardkit.errors import AudioError, PreferenceError
from rewardkit.preferences import ClipInfo, describe, probe, read, validate
from tests.preferences.made import FakeProbe, found, info, message, pair, put, warned


def tone(path: Path, frequency: float = 220.0, duration: float = 0.5) -> None:
    t = np.arange(round(16_000 * duration)) / 16_000
    sound = 3000 * np.sin(2 * np.pi * frequency * t)
    soundfile.write(path, sound.astype(np.int16), 16_000)  # WAV and FLAC round floats differently


def test_real_files(tmp_path: Path) -> None:
    tone(tmp_path / "x.wav")
    tone(tmp_path / "y.wav", frequency=330.0)
    (tmp_path / "text.wav").write_text("no sound")
    (tmp_path / "folder.wav").mkdir()
    path = put(
        tmp_path,
        pair(),
        pair("x.wav", "none.wav"),
        pair("x.wav", "text.wav"),
        pair("x.wav", "folder.wav"),
        pair("x.wav", "none.wav", "b"),
    )
    # Once per clip, at the line where it first occurs; line 5 is lost all the same.
    assert found(path, probe=probe) == [
        (2, None, "missing_clip"),
        (3, None, "unreadable_clip"),
        (4, None, "missing_clip"),
    ]
    with pytest.raises(PreferenceError, match=r"none\.wav"):
        read(path)
    kept = read(path, skip_errors=True)
    assert ([p.line for p in kept], kept.skipped) == ([1], 4)
    assert set(kept.clips) == {str(tmp_path / "x.wav"), str(tmp_path / "y.wav")}
    assert kept.clips[str(tmp_path / "x.wav")].duration == 0.5
    assert validate(path).skipped == 4


def test_same_sound_in_two_containers_is_one_clip(tmp_path: Path) -> None:
    tone(tmp_path / "x.wav")
    tone(tmp_path / "x.flac")
    tone(tmp_path / "y.wav", frequency=330.0)
    path = put(tmp_path, pair(), pair("x.flac", "x.wav"), pair("y.wav", "x.flac", "b"))
    assert found(path, probe=probe) == [(2, None, "same_clip")]
    assert found(path) == []
    with pytest.raises(PreferenceError, match="hold the same sound"):
        read(path)
    # Lines 1 and 3 are one answer on one pair.
    kept = read(path, skip_errors=True)
    assert [(p.line, p.votes) for p in kept] == [(1, (2, 0, 0))]
    assert (kept.merged, kept.skipped) == (1, 1)
    assert len(set(kept.keys.values())) == 2
    report = validate(path)
    assert (report.dimensions[0].pairs, report.dimensions[0].clips) == (1, 2)


@pytest.mark.parametrize("first", ["x.wav", "copy.wav"])
def test_copies_are_one_clip_in_every_count(tmp_path: Path, first: str) -> None:
    """Whichever of two copies comes first, answers keep their direction when they are united."""
    sounds = FakeProbe({"x.wav": info("x", 2.0), "copy.wav": info("x", 2.0)})
    rows = [pair(first, "y.wav"), pair("y.wav", "copy.wav", "b"), pair("x.wav", "y.wav")]
    (summary,) = validate(put(tmp_path, *rows), probe=sounds).dimensions
    assert (summary.pairs, summary.clips, summary.contradicted) == (1, 2, 0)
    assert summary.agreement.alpha == 1.0


def test_each_clip_is_probed_once(tmp_path: Path) -> None:
    asked = FakeProbe()
    path = put(tmp_path, *[pair(f"{i % 7}.wav", f"{i % 7 + 1}.wav") for i in range(50)])
    read(path, probe=asked)
    assert sorted(asked.asked) == [f"{i}.wav" for i in range(8)]


def test_workers_change_nothing(tmp_path: Path) -> None:
    known: dict[str, AudioError | OSError | ClipInfo] = {
        "3.wav": AudioError("too_short", "0.1 s"),
        "5.wav": FileNotFoundError("gone"),
    }
    path = put(tmp_path, *[pair(f"{i}.wav", f"{i + 1}.wav") for i in range(3000)])
    one = validate(path, probe=FakeProbe(known))
    many = validate(path, probe=FakeProbe(known), workers=4)
    assert one.to_dict() == many.to_dict()
    assert one.errors.counts == {"unreadable_clip": 1, "missing_clip": 1}


def test_the_gates_code_is_part_of_the_message(tmp_path: Path) -> None:
    error = AudioError("too_short", "0.1 s; at least 0.2 s is needed")
    path = put(tmp_path, pair())
    expected = f"{path}:1: unreadable_clip '{tmp_path / 'y.wav'}': too_short: 0.1 s"
    assert message(path, probe=FakeProbe({"y.wav": error})).startswith(expected)


def test_a_bug_in_a_probe_is_not_the_files_fault(tmp_path: Path) -> None:
    def broken(path: Path) -> ClipInfo:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        validate(put(tmp_path, pair()), probe=broken)


def test_names_with_newlines_stay_on_one_line(tmp_path: Path) -> None:
    path = put(tmp_path, pair(b="a\nb.wav"))
    text = message(path, probe=FakeProbe({"a\nb.wav": OSError("x")}))
    assert "\n" not in text
    assert r"a\nb.wav" in text


def test_level_of_a_tone() -> None:
    t = np.arange(16_000) / 16_000
    clip = Clip((0.5 * np.sin(2 * np.pi * 100 * t)).astype(np.float32), 16_000)
    assert describe(clip).level == pytest.approx(20 * np.log10(0.5 / np.sqrt(2)), abs=1e-4)
    assert describe(Clip(np.zeros(100, np.float32), 16_000)).level == -120.0


def test_unopened_clips_are_not_judged(tmp_path: Path) -> None:
    path = put(tmp_path, *[pair(f"{i}a.wav", f"{i}b.wav") for i in range(40)])
    assert "not opened" in validate(path, probe=None).text()
    assert {rule.name for rule in validate(path, probe=None).rules} == {"side a"}
    assert "shortcut" in warned(path)
