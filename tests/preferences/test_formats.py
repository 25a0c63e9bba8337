# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: Apache-2.0
"""JSONL, CSV and Parquet hold the same preferences."""

from __future__ import annotations

import dataclasses
import math
import tempfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from rewardkit.errors import PreferenceError
from rewardkit.preferences import Issues, Preference, stream, write
from rewardkit.preferences.parse import Parser
from rewardkit.preferences.write import to_row

FOLDER = "/clips"
# What a string may hold: anything that is Unicode, but no NUL.
characters = st.characters(exclude_categories=["Cs"], exclude_characters="\0")
strings = st.one_of(st.none(), st.text(characters, min_size=1, max_size=8))
finite = st.floats(0.0, 1e12)
names = st.text(characters, min_size=1, max_size=8).filter(lambda s: s.strip("./\\") == s)


@st.composite
def preferences(draw: st.DrawFn) -> Preference:
    a, b = draw(st.lists(names, min_size=2, max_size=2, unique=True))
    a, b = f"{FOLDER}/{a}", f"{draw(st.sampled_from([FOLDER, '/elsewhere']))}/{b}"
    form = draw(st.sampled_from(["chosen", "answer", "votes", "share"]))
    two_speakers = draw(st.booleans())
    others: dict[str, Any] = {
        "dimension": draw(st.one_of(st.just("overall"), strings.filter(bool))),
        "rater": draw(strings),
        "text": draw(strings),
        "language": draw(strings),
        "system_a": draw(strings),
        "system_b": draw(strings),
        "speaker": None if two_speakers else draw(strings),
        "speaker_a": draw(strings) if two_speakers else None,
        "speaker_b": draw(strings) if two_speakers else None,
        "margin": draw(st.one_of(st.none(), finite)),
        "strength": draw(st.one_of(st.none(), st.floats(5e-324, 1e12))),
        "side_known": form != "chosen",
    }
    weight = draw(finite)
    if form == "votes":
        votes = draw(st.tuples(*[st.integers(0, 1000)] * 3).filter(any))
        return Preference.from_votes(a, b, votes, weight, **others)
    win = {"chosen": st.just(1.0), "answer": st.sampled_from([0.0, 0.5, 1.0])}
    win = draw(win.get(form, st.floats(0, 1)))
    tie = float(win == 0.5) if form == "answer" else 0.0
    if form == "share":
        tie = draw(st.floats(0, 2 * min(win, 1 - win)))
    return Preference(a, b, win, weight=weight, tie=tie, **others)


def back(written: list[Preference], path: Path) -> list[Preference]:
    write(written, path)
    issues = Issues(str(path))
    kept = [preference for _, preference in stream(path, issues)]
    assert not len(issues), issues.text(5)
    assert None not in kept
    return [preference for preference in kept if preference is not None]


def test_votes_that_agree_keep_that_the_sides_are_not_known(tmp_path: Path) -> None:
    """As votes they would stand for side a, which then seems always to win."""
    for votes, chosen in (((3, 0, 0), "x"), ((0, 3, 0), "y")):
        p = Preference.from_votes(f"{FOLDER}/x", f"{FOLDER}/y", votes, 0.5, side_known=False)
        row = to_row(p, Path(FOLDER))
        assert (row["chosen"], row["weight"]) == (chosen, 1.5)
        (read,) = back([p], tmp_path / "p.jsonl")
        turned = p if read.a == p.a else p.swapped()
        assert read == dataclasses.replace(turned, votes=None)


@settings(max_examples=100, deadline=None)
@given(st.lists(preferences(), min_size=1, max_size=5))
@example([Preference(f"{FOLDER}/x", f"{FOLDER}/y", 1 / 3, text='"a",\r\nb\r', rater=" 7 ")])
@example([Preference(f"{FOLDER}/x", f"{FOLDER}/y", 5e-324, rater="nan", text="\ufeff")])
def test_round_trip_through_all_three(written: list[Preference]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        for suffix in ("jsonl", "csv", "parquet"):
            assert back(written, Path(folder, f"p.{suffix}")) == written, suffix


@settings(max_examples=50, deadline=None)
@given(st.lists(preferences().filter(lambda p: p.side_known), min_size=1, max_size=5))
def test_exchanging_the_sides_of_every_row(written: list[Preference]) -> None:
    """A row with a and b and the answer exchanged means the same the other way round."""
    other = {"audio_a": "audio_b", "votes_a": "votes_b", "speaker_a": "speaker_b"}
    other |= {"system_a": "system_b"}
    other |= {right: left for left, right in other.items()}
    turn = {"a": "b", "b": "a", "tie": "tie"}
    parse = Parser(FOLDER)
    for preference in written:
        row = to_row(preference, Path(FOLDER))
        exchanged = {other.get(name, name): value for name, value in row.items()}
        if "preference" in row:
            exchanged["preference"] = turn[row["preference"]]
        if "win" in row:
            exchanged["win"] = 1.0 - row["win"]
        found, problems = parse(exchanged, 1)
        assert problems == []
        assert found is not None
        swapped = preference.swapped()
        assert found.win == pytest.approx(swapped.win, abs=1e-15)
        assert dataclasses.replace(found, win=swapped.win) == swapped


def test_paths_are_relative_to_the_file(tmp_path: Path) -> None:
    inside, outside = str(tmp_path / "clips" / "x.wav"), "/elsewhere/y.wav"
    path = tmp_path / "p.jsonl"
    write([Preference(inside, outside, 0.0)], path)
    expected = '{"audio_a": "clips/x.wav", "audio_b": "/elsewhere/y.wav", "preference": "b"}\n'
    assert path.read_text() == expected
    moved = tmp_path / "moved" / "p.jsonl"
    moved.parent.mkdir()
    path.rename(moved)
    ((_, preference),) = stream(moved, Issues(""))
    assert preference is not None
    assert preference.a == str(moved.parent / "clips" / "x.wav")


def test_a_relative_file_name_gives_absolute_clips(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    write([Preference(str(tmp_path / "x.wav"), "/y.wav", 0.0)], "p.csv")
    ((_, preference),) = stream("p.csv", Issues(""))
    assert preference is not None
    assert (preference.a, preference.b) == (str(tmp_path / "x.wav"), "/y.wav")


def test_chosen_is_first_even_after_a_swap(tmp_path: Path) -> None:
    chosen = Preference("/good", "/bad", 1.0, side_known=False, system_a="human")
    assert back([chosen.swapped()], tmp_path / "p.csv") == [chosen]


def test_weight_per_vote_is_exact_where_it_can_be(tmp_path: Path) -> None:
    # 0.1 * 3 is not 0.3, and 0.30000000000000004 / 3 is not 0.1.
    (preference,) = back([Preference.from_votes("/x", "/y", (3, 0, 0), 0.1)], tmp_path / "p.csv")
    assert preference.weight == 0.1 * 3
    merged = Preference("/x", "/y", 1.0, weight=math.pi, votes=(7, 0, 0))
    (preference,) = back([merged], tmp_path / "p.csv")
    assert preference.weight == pytest.approx(math.pi, rel=1e-15)


@pytest.mark.parametrize("suffix", ["jsonl", "csv", "parquet"])
def test_a_failed_write_leaves_the_old_file(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"p.{suffix}"
    write([Preference("/x", "/y", 1.0)], path)
    before = path.read_bytes()
    with pytest.raises(PreferenceError) as error:
        write([Preference("/x", "/y", 1.0), Preference("/x\udcff", "/y", 0.0)], path)
    assert error.value.code == "bad_encoding"
    assert path.read_bytes() == before
    assert [p.name for p in tmp_path.iterdir()] == [path.name]


def test_unknown_suffix(tmp_path: Path) -> None:
    with pytest.raises(PreferenceError, match=r"did you mean '\.parquet'"):
        write([], tmp_path / "p.parque")


@pytest.mark.parametrize("suffix", ["jsonl", "csv", "parquet"])
def test_nothing_to_write(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"p.{suffix}"
    write([], path)
    issues = Issues(str(path))
    assert list(stream(path, issues)) == []
    assert issues.counts == {"empty": 1}


def test_a_csv_of_votes_may_leave_out_ties(tmp_path: Path) -> None:
    path = tmp_path / "p.csv"
    for text in ("votes_a,votes_b\nx,y,3,1\n", "votes_a,votes_b,votes_tie\nx,y,3,1,\n"):
        path.write_text(f"audio_a,audio_b,{text}")
        ((_, preference),) = stream(path, Issues(str(path)))
        assert preference is not None
        assert preference.votes == (3, 1, 0)
