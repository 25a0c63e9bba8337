# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: Apache-2.0
"""Argilla's exports, with rows that are wrong in the middle."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from rewardkit.errors import PreferenceError
from rewardkit.preferences.importers import convert
from tests.preferences.importers.made import ARGILLA1, ARGILLA2, ARGILLA2_JSON, jsonl, lines, short


def test_argilla(tmp_path: Path) -> None:
    columns = {name: [] for name in ("user_id", "value", "status")}  # type: ignore[var-annotated]
    for answer in ARGILLA1["preference"]:  # type: ignore[union-attr]
        for name, values in columns.items():
            values.append(answer[name])  # type: ignore[index]
    path = jsonl(
        tmp_path,
        ARGILLA1,
        {**ARGILLA1, "preference": columns},
        ARGILLA2,
        ARGILLA2_JSON,
        {**ARGILLA2, "rank.responses": [["response9", "response1"]]},
        {**ARGILLA2, "rank.responses": [], "rank.responses.users": [], "rank.responses.status": []},
        {**ARGILLA1, "response2": ""},
    )
    found = convert(path, "argilla", skip_errors=True)
    got = [(*short(p), p.rater) for p in found.preferences]
    first = [("one.wav", "two.wav", 0.0, "u1"), ("one.wav", "two.wav", 0.5, "u2")]
    assert got == [
        *first, *first,
        ("three.wav", "one.wav", 1.0, "59f7"), ("three.wav", "two.wav", 1.0, "59f7"),
        ("one.wav", "two.wav", 1.0, "59f7"), ("two.wav", "one.wav", 1.0, "59f7"),
    ]  # fmt: skip
    assert lines(found) == [(5, "wrong_type"), (7, "missing_column"), (7, "missing_column")]
    assert found.left_out == {"responses that are discarded": 3, "records without a response": 1}
    assert found.preferences[0].text == "Hello."


def test_argilla_with_more_than_nine_fields(tmp_path: Path) -> None:
    fields = {f"response{number}": f"{number}.wav" for number in range(1, 12)}
    best = {"fields": {"prompt": "x", **fields}, "responses": {"q": [{"value": "response10"}]}}
    letters = {"fields": {"clip_a": "a.wav", "clip_b": "b.wav"},
               "responses": {"q": [{"value": "clip_b"}]}}  # fmt: skip
    found = convert(jsonl(tmp_path, best, letters), "argilla")
    of_ten = [p for p in found.preferences if "10.wav" in short(p)]
    assert len(of_ten) == 10
    assert all(p.win == (Path(p.a).name == "10.wav") for p in of_ten)
    assert len(found.preferences) == 55 + 1
    assert short(found.preferences[-1]) == ("b.wav", "a.wav", 1.0)


@pytest.mark.parametrize("rank", ["NaN", "Infinity", "1" + "0" * 400])
def test_argilla_ranks_that_are_none(tmp_path: Path, rank: str) -> None:
    row = json.dumps({**ARGILLA1, "preference": [{"value": {"rank": [1, 7], "value": [
        "response1", "response2"]}}]}).replace("7", rank)  # fmt: skip
    with pytest.raises(PreferenceError, match="a ranking of fields is needed"):
        convert(jsonl(tmp_path, row), "argilla")


def test_argilla_with_two_rankings(tmp_path: Path) -> None:
    answer = {"user_id": "u1", "value": ["response2", "response1"], "status": "submitted"}
    path = jsonl(tmp_path, ARGILLA1, {**ARGILLA1, "prosody": [answer]})
    found = convert(path, "argilla", skip_errors=True)
    assert lines(found) == [(2, "conflicting_columns")]
    assert "preference, prosody" in found.errors.text(1)
    assert {p.line for p in found.preferences} == {1}
