# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: Apache-2.0
"""Files of dialogues: what is read, and each thing that can be wrong with one, by its code."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rewardkit.dialogue import DIALOGUE_CODES, Dialogue, DialogueError, Turn, read


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in "ab":
        (tmp_path / f"{name}.wav").write_bytes(b"")
    return tmp_path


def write(folder: Path, *lines: Any) -> Path:
    path = folder / "d.jsonl"
    texts = [line if isinstance(line, str) else json.dumps(line) for line in lines]
    path.write_text("\n".join(texts) + "\n", encoding="utf-8")
    return path


A = {"speaker": "ann", "audio": "a.wav"}
B = {"speaker": "bob", "audio": "b.wav"}


def test_turns_in_order_with_paths_from_the_file(folder: Path) -> None:
    timed = B | {"text": "Yes.", "start": 1, "end": 2.5, "_note": "mine"}
    (dialogue,) = read(write(folder, A, "", timed))
    assert dialogue.name == "d"
    assert dialogue.turns == (
        Turn("ann", str(folder / "a.wav")),
        Turn("bob", str(folder / "b.wav"), "Yes.", 1.0, 2.5),
    )
    assert dialogue.speakers == ("ann", "bob")


def test_several_dialogues_by_name_or_number(folder: Path) -> None:
    lines = [t | {"dialogue": d} for d, t in ((1, A), ("two", B), (1, B), ("two", A))]
    assert [(d.name, d.speakers) for d in read(write(folder, *lines))] == [
        ("1", ("ann", "bob")),
        ("two", ("bob", "ann")),
    ]


def test_overlaps_are_allowed(folder: Path) -> None:
    (dialogue,) = read(write(folder, A | {"start": 0, "end": 3}, B | {"start": 1, "end": 2}))
    assert dialogue.turns[1].start == 1.0


@pytest.mark.parametrize(
    ("lines", "code"),
    [
        ([], "empty"),
        ([A], "too_few_turns"),
        ([A, {"speaker": "bob"}], "missing_column"),
        ([A, {"audio": "b.wav"}], "missing_column"),
        ([A, B | {"speaker": ""}], "missing_column"),
        ([A, B | {"dialogue": "x"}], "missing_column"),
        ([A, B | {"speeker": "x"}], "unknown_column"),
        ([A, B | {"audio": "c.wav"}], "missing_clip"),
        ([A, B | {"audio": "."}], "missing_clip"),
        ([A, B | {"audio": 3}], "wrong_type"),
        ([A, B | {"speaker": True}], "wrong_type"),
        ([A, B | {"text": ["x"]}], "wrong_type"),
        ([A, B | {"start": "1"}], "wrong_type"),
        ([A, B | {"start": True}], "wrong_type"),
        ([A, B | {"audio": "b\0.wav"}], "wrong_type"),
        ([A, '{"speaker": "b\\ud800", "audio": "b.wav"}'], "bad_encoding"),
        ([A, B | {"start": float("nan")}], "bad_time"),
        ([A, B | {"start": float("inf")}], "bad_time"),
        ([A, B | {"start": 10**400}], "bad_time"),
        ([A, B | {"start": 2, "end": 2}], "bad_time"),
        ([A, B | {"end": 2}], "bad_time"),
        ([A | {"start": 3}, B | {"start": 2}], "unordered"),
        ([A, "[]"], "wrong_type"),
        ([A, "{"], "bad_json"),
        ([A, '{"speaker": "x", "speaker": "y", "audio": "a.wav"}'], "duplicate_key"),
        ([A, '"' + "x" * (1 << 18)], "line_too_long"),
    ],
)
def test_what_is_wrong_has_a_code(folder: Path, lines: list[Any], code: str) -> None:
    with pytest.raises(DialogueError) as caught:
        read(write(folder, *lines))
    assert caught.value.code == "invalid"
    assert f": {code} " in caught.value.message
    assert code in DIALOGUE_CODES


def test_all_that_is_wrong_is_listed_with_its_line(folder: Path) -> None:
    with pytest.raises(DialogueError) as caught:
        read(write(folder, A | {"end": 1}, B | {"start_": 0, "audio": "c.wav"}))
    assert "3 errors" in caught.value.message
    assert "d.jsonl:2: unknown_column 'start_' is not known here; did you mean 'start'?" in str(
        caught.value
    )


def test_no_file(tmp_path: Path) -> None:
    for path, code in ((tmp_path / "d.jsonl", "not_a_file"), (tmp_path, "not_a_file")):
        with pytest.raises(DialogueError) as caught:
            read(path)
        assert caught.value.code == code
    (tmp_path / "d.csv").write_text("speaker,audio\n")
    with pytest.raises(DialogueError, match="unknown_format"):
        read(tmp_path / "d.csv")


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused_by_code(folder: Path, data: bytes) -> None:
    path = folder / "d.jsonl"
    path.write_bytes(data)
    with pytest.raises(DialogueError) as caught:  # no random bytes name two clips
        read(path)
    assert caught.value.code in DIALOGUE_CODES


@pytest.mark.parametrize(
    "arguments",
    [
        ("", "a.wav"),
        ("a", "x", None, float("nan")),
        ("a", "x", None, 1.0, 1.0),
        ("a", "x", None, None, 1.0),
    ],
)
def test_impossible_turns(arguments: Any) -> None:
    with pytest.raises(DialogueError, match="bad_turn"):
        Turn(*arguments)


def test_a_dialogue_has_two_turns_in_order() -> None:
    with pytest.raises(DialogueError, match="too_few_turns"):
        Dialogue((Turn("a", "x"),))
    with pytest.raises(DialogueError, match="unordered"):
        Dialogue((Turn("a", "x", start=1.0), Turn("b", "y"), Turn("a", "z", start=0.5)))


def test_a_name_that_no_file_can_have(folder: Path) -> None:
    with pytest.raises(DialogueError, match="missing_clip"):
        read(write(folder, A, B | {"audio": "x" * 300}))


def test_a_dialogue_that_lost_a_line_is_not_said_to_be_too_short(folder: Path) -> None:
    with pytest.raises(DialogueError) as caught:
        read(write(folder, A, B | {"start": "soon"}))
    assert "too_few_turns" not in caught.value.message


def test_the_line_that_is_out_of_order_is_named(folder: Path) -> None:
    one, other = A | {"dialogue": "x", "start": 3}, A | {"dialogue": "y"}
    with pytest.raises(DialogueError, match=r"jsonl:4: unordered"):
        read(write(folder, one, other, other, one | {"start": 2}))
