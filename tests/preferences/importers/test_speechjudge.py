# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: Apache-2.0
"""SpeechJudge-Data, with rows that are wrong in the middle."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from rewardkit.preferences.importers import convert
from tests.preferences.importers.made import SPEECHJUDGE, jsonl, lines, short


def test_speechjudge(tmp_path: Path) -> None:
    path = jsonl(
        tmp_path,
        SPEECHJUDGE,
        {**SPEECHJUDGE, "naturalness_annotation": ["A+2", "C+1", "B+2"]},
        {**SPEECHJUDGE, "rater": ["rater01"]},
        {**SPEECHJUDGE, "audioA": {"path": None, "bytes": "UklGRg=="}},
        {"audioA": "x.wav", "audioB": "y.wav", "naturalness_label": "Tie"},
        {"audioA": "x.wav", "audioB": "y.wav", "naturalness_label": "?"},
        '{"audioA": ',
    )
    found = convert(path, "speechjudge", skip_errors=True)
    assert lines(found) == [
        (2, "out_of_range"), (3, "wrong_type"), (4, "missing_column"), (6, "out_of_range"),
        (7, "bad_json"),
    ]  # fmt: skip
    first = found.preferences[:6]
    assert [(p.dimension, p.rater, p.win, p.strength) for p in first] == [
        ("naturalness", "rater01", 1.0, 2.0),
        ("naturalness", "rater05", 0.0, 1.0),
        ("naturalness", "rater06", 0.5, None),
        ("intelligibility", "rater01", 1.0, None),
        ("intelligibility", "rater05", 0.5, None),
        ("intelligibility", "rater06", 0.0, None),
    ]
    assert {(p.text, p.language, p.line) for p in first} == {("你好", "zh", 1)}
    assert first[0].a == str(tmp_path / "7_a.wav")
    assert "embedded" in [issue.message for issue in found.errors][2]
    assert short(found.preferences[-1]) == ("x.wav", "y.wav", 0.5)
    assert len(found.preferences) == 6 + 5 + 1


def test_speechjudge_intelligibility_alone(tmp_path: Path) -> None:
    both = {**SPEECHJUDGE, "naturalness_annotation": None}
    path = jsonl(
        tmp_path,
        both,
        {**both, "naturalness_label": None},
        {**both, "naturalness_label": None, "rater": None},
        {**both, "naturalness_label": ["A"]},
    )
    found = convert(path, "speechjudge", skip_errors=True)
    assert lines(found) == [(4, "out_of_range")]
    counted = Counter((p.line, p.dimension) for p in found.preferences)
    assert counted == {(1, "naturalness"): 1, **{(n, "intelligibility"): 3 for n in (1, 2, 3, 4)}}
    assert {p.rater for p in found.preferences if p.line == 3} == {None}
