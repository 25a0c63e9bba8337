# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: Apache-2.0
"""What `rewardkit score` takes: files, folders, globs, lists, standard input."""

from __future__ import annotations

import io
import json
import sys
from pathlib import Path

import pytest

from rewardkit.cli.inputs import expand
from rewardkit.errors import RewardkitError


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    for name in ("b.wav", "a.FLAC", "deep/c.mp3", "deep/notes.md", "odd [1].wav"):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.touch()
    return tmp_path


def names(*arguments: str) -> list[str]:
    return [name for name, _ in expand(list(arguments))]


def test_files_keep_their_order_and_need_not_exist(folder: Path) -> None:
    assert names("b.wav", "a.FLAC", "missing.wav", "b.wav") == [
        "b.wav",
        "a.FLAC",
        "missing.wav",
        "b.wav",
    ]


def test_a_folder_gives_its_audio_files_in_name_order(folder: Path) -> None:
    assert names(".") == ["a.FLAC", "b.wav", "deep/c.mp3", "odd [1].wav"]


def test_a_name_that_looks_like_a_glob_is_itself_when_it_exists(folder: Path) -> None:
    assert names("odd [1].wav") == ["odd [1].wav"]


def test_globs(folder: Path) -> None:
    assert names("*.wav") == ["b.wav", "odd [1].wav"]
    assert names("**/*.mp3") == ["deep/c.mp3"]
    with pytest.raises(RewardkitError, match="no_clips"):
        names("*.opus")


@pytest.mark.parametrize("text", ["", "\n \n", "\0"])
def test_an_empty_list_is_an_error(folder: Path, text: str) -> None:
    (folder / "list.txt").write_text(text)
    with pytest.raises(RewardkitError, match="no_clips"):
        names("list.txt")


def test_an_empty_folder_is_an_error(folder: Path) -> None:
    (folder / "empty").mkdir()
    with pytest.raises(RewardkitError, match="no_clips"):
        names("empty")


def test_lists_are_relative_to_their_own_folder(folder: Path) -> None:
    (folder / "deep" / "list.txt").write_text("c.mp3\n\n../b.wav\n")
    assert names("deep/list.txt") == ["deep/c.mp3", "deep/../b.wav"]
    rows = [{"path": "b.wav", "text": "hello"}, {"audio": "a.FLAC"}]
    (folder / "list.jsonl").write_text("\n".join(map(json.dumps, rows)))
    assert names("list.jsonl") == ["b.wav", "a.FLAC"]


@pytest.mark.parametrize("ending", ["\n", "\r\n", "\r"])
def test_a_line_ends_with_a_line_feed_or_a_carriage_return_alone(folder: Path, ending: str) -> None:
    named = ["a\u2028b.wav", "c\x85\x1cd.wav"]
    (folder / "list.txt").write_bytes(ending.join(named).encode())
    assert names("list.txt") == named
    rows = [json.dumps({"path": name}, ensure_ascii=False) for name in named]
    (folder / "list.jsonl").write_bytes(ending.join(rows).encode())
    assert names("list.jsonl") == named


def test_a_name_that_no_file_can_have_is_a_clip_like_others(folder: Path) -> None:
    assert names("b.wav", "x" * 5000, "a.FLAC") == ["b.wav", "x" * 5000, "a.FLAC"]


def test_a_file_that_is_called_like_standard_input(folder: Path) -> None:
    (folder / "-").touch()
    assert names("?") == ["./-"]


@pytest.mark.parametrize(
    "line", ['{"file": "a.wav"}', '{"path": 3}', "{broken", '{"path": ' + "[" * 100_000]
)
def test_a_broken_list_says_where(folder: Path, line: str) -> None:
    (folder / "list.jsonl").write_text('{"path": "b.wav"}\n' + line)
    with pytest.raises(RewardkitError, match=r"bad_list: list\.jsonl:2"):
        names("list.jsonl")


@pytest.mark.parametrize(
    ("data", "found"),
    [
        (b"a.wav\nb c.wav\n", ["a.wav", "b c.wav"]),
        (b"a\nb.wav\0c.wav\0", ["a\nb.wav", "c.wav"]),
        (b"RIFF....WAVE", ["-"]),
        (b"fLaC....", ["-"]),
        (b"\xff\xe3\x18\xc4", ["-"]),  # MP3 of 8 kHz
    ],
)
def test_standard_input_is_a_list_or_a_clip(
    folder: Path, monkeypatch: pytest.MonkeyPatch, data: bytes, found: list[str]
) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(data)))
    assert names("-") == found


def test_standard_input_that_is_neither_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"\xff\xfe\x00\x81")))
    with pytest.raises(RewardkitError, match="bad_list"):
        names("-")
