# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: Apache-2.0
"""Rows that are well-formed but mean nothing: columns, types, ranges."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from pyarrow import parquet

from rewardkit.errors import PreferenceError
from rewardkit.preferences import PREFERENCE_CODES, Preference, read, validate
from rewardkit.preferences.parse import resolve
from tests.preferences.made import Row, found, message, pair, put


def one(folder: Path, row: Row) -> Preference:
    (preference,) = read(put(folder, row), probe=None)
    return preference


def codes(path: Path, **options: Any) -> list[str]:
    return [code for _, _, code in found(path, **options)]


def test_a_margin_may_be_small_or_none(tmp_path: Path) -> None:
    for margin in (0, 0.25):
        assert one(tmp_path, pair(margin=margin)).margin == margin


def test_trl_row(tmp_path: Path) -> None:
    row = {"prompt": "Say it.", "chosen": "good.wav", "rejected": "bad.wav", "margin": 2}
    preference = one(tmp_path, row)
    assert preference == Preference(
        str(tmp_path / "good.wav"),
        str(tmp_path / "bad.wav"),
        1.0,
        text="Say it.",
        margin=2.0,
        side_known=False,
    )
    assert preference.line == 1


def test_two_sided_row(tmp_path: Path) -> None:
    others = {"dimension": "emotion", "rater": "r1", "weight": 2, "text": "t"}
    who = {"speaker_a": "s", "speaker_b": "u", "system_a": "human", "system_b": "tts"}
    preference = one(tmp_path, pair("/abs/x.wav", "./sub//y.wav", "tie", **others, **who))
    assert preference == Preference(
        "/abs/x.wav",
        str(tmp_path / "sub" / "y.wav"),
        0.5,
        dimension="emotion",
        rater="r1",
        weight=2.0,
        text="t",
        speaker_a="s",
        speaker_b="u",
        system_a="human",
        system_b="tts",
        tie=1.0,
    )


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("x.wav", "/data/x.wav"),
        ("./x.wav", "/data/x.wav"),
        ("a//b/./x.wav", "/data/a/b/x.wav"),
        ("a/../x.wav", "/data/a/../x.wav"),
        (".hidden/x.wav", "/data/.hidden/x.wav"),
        ("folder/", "/data/folder"),
        ("/abs/x.wav", "/abs/x.wav"),
        ("/abs/./x.wav", "/abs/x.wav"),
        ("-x.wav", "/data/-x.wav"),
        ("~/x.wav", "/data/~/x.wav"),
    ],
)
def test_paths(path: str, expected: str) -> None:
    assert resolve("/data", path) == expected == str(Path("/data", path))


@pytest.mark.parametrize(("answer", "win"), [("a", 1.0), ("b", 0.0), ("tie", 0.5)])
def test_answers(tmp_path: Path, answer: str, win: float) -> None:
    preference = one(tmp_path, pair(preference=answer, strength=2))
    assert (preference.win, preference.tie) == (win, float(answer == "tie"))
    assert (preference.strength, preference.weight) == (2.0, 1.0)


def test_votes(tmp_path: Path) -> None:
    row = {"audio_a": "x", "audio_b": "y", "votes_a": 3, "votes_b": 1, "votes_tie": 1}
    preference = one(tmp_path, {**row, "weight": 0.5})
    assert (preference.win, preference.weight, preference.votes) == (0.7, 2.5, (3, 1, 1))
    assert preference.tie == 0.2
    del row["votes_tie"]
    assert one(tmp_path, row).votes == (3, 1, 0)


def test_share(tmp_path: Path) -> None:
    preference = one(tmp_path, {"audio_a": "x", "audio_b": "y", "win": 0.8})
    assert (preference.win, preference.weight, preference.counts) == (0.8, 1.0, None)
    assert preference.tie == 0.0
    assert one(tmp_path, {"audio_a": "x", "audio_b": "y", "win": 0.8, "tie": 0.3}).tie == 0.3


@pytest.mark.parametrize(
    ("row", "code"),
    [
        (pair(strength=0), "out_of_range"),
        (pair(strength=-1), "out_of_range"),
        (pair(strength="clearly"), "wrong_type"),
        (pair(tie=0.5), "conflicting_columns"),
        ({"chosen": "x", "rejected": "y", "tie": 0.5}, "conflicting_columns"),
        ({"audio_a": "x", "audio_b": "y", "win": 0.9, "tie": 0.5}, "out_of_range"),
        ({"audio_a": "x", "audio_b": "y", "win": 0.5, "tie": 2}, "out_of_range"),
        (
            {"audio_a": "x", "audio_b": "y", "votes_a": 1, "votes_b": 1, "tie": 0},
            "conflicting_columns",
        ),
    ],
)
def test_ties_and_strengths_that_mean_nothing(tmp_path: Path, row: Row, code: str) -> None:
    assert codes(put(tmp_path, row)) == [code]


def test_numbered_raters_are_names(tmp_path: Path) -> None:
    assert one(tmp_path, pair(rater=17)).rater == "17"


def test_empty_values_are_absent(tmp_path: Path) -> None:
    assert one(tmp_path, pair(rater="", weight=None, dimension="")) == one(tmp_path, pair())


def test_columns_with_an_underscore_are_the_users_own(tmp_path: Path) -> None:
    assert one(tmp_path, pair(_id=7, _nested={"x": [1]})) == one(tmp_path, pair())


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        (pair(ratr="r"), "unknown_column unknown column 'ratr'; did you mean 'rater'?"),
        (
            {"audio_a": "x", "preference": "a", "_audio_b": "y"},
            "missing_column no audio_b; did you mean it by '_audio_b'?",
        ),
        (
            {"preference": "a"},
            "missing_column a row needs chosen and rejected, or audio_a and audio_b",
        ),
        (
            pair(preference=None),
            "missing_column no answer: preference, votes_a and votes_b, or win",
        ),
        (
            {"audio_a": "x", "audio_b": "y", "votes_b": 1},
            "missing_column no votes_a",
        ),
        (pair(win=1), "conflicting_columns preference and win are given; keep one"),
        (pair(votes_a=1), "conflicting_columns preference and votes are given; keep one"),
        (
            {"chosen": "x", "rejected": "y", "preference": "a"},
            "conflicting_columns chosen and rejected are the answer; drop preference",
        ),
        (
            pair(speaker="s", speaker_b="u"),
            "conflicting_columns speaker excludes speaker_a and speaker_b",
        ),
        (pair(a=["x.wav"]), "wrong_type audio_a is ['x.wav']; it must be a string"),
        (pair(weight="1"), "wrong_type weight is '1'; it must be a number"),
        (pair(weight=True), "wrong_type weight is True; it must be a number"),
        (pair(rater=1.5), "wrong_type rater is 1.5; it must be a string"),
        (pair(rater=True), "wrong_type rater is True; it must be a string"),
        (
            {"chosen": "x", "rejected": "y", "prompt": [{"role": "user"}]},
            "wrong_type prompt is [{'role': 'user'}]; it must be a string",
        ),
        (pair(preference="B"), "out_of_range preference is 'B'; it must be a, b or tie"),
        (pair(preference="ties"), "out_of_range preference is 'ties'; it must be a, b or tie"),
        (pair(margin=-1), "out_of_range margin is -1; it must be finite and ≥ 0"),
        (pair("x.wav", "./x.wav"), "same_clip audio_a and audio_b are both"),
        (pair(weight=-0.1), "bad_weight weight is -0.1; it must be finite and ≥ 0"),
        (pair(weight=float("nan")), "bad_weight weight is nan; it must be finite and ≥ 0"),
        (pair(weight=float("inf")), "bad_weight weight is inf; it must be finite and ≥ 0"),
        (pair(weight=10**400), "bad_weight weight is 1000"),
    ],
)
def test_one_thing_wrong(tmp_path: Path, row: Row, expected: str) -> None:
    path = put(tmp_path, row)
    assert message(path).startswith(f"{path}:1: {expected}")


@pytest.mark.parametrize("win", [-0.01, 1.01, float("nan"), float("inf")])
def test_share_out_of_range(tmp_path: Path, win: float) -> None:
    assert codes(put(tmp_path, {"audio_a": "x", "audio_b": "y", "win": win})) == ["out_of_range"]


@pytest.mark.parametrize(
    ("votes", "code"),
    [
        ((0, 0, 0), "bad_votes"),
        ((-1, 2, 0), "bad_votes"),
        ((1, 2, -1), "bad_votes"),
        ((1.5, 2, 0), "bad_votes"),
        ((float("nan"), 2, 0), "bad_votes"),
        ((float("inf"), 2, 0), "bad_votes"),
        ((10**400, 2, 0), "bad_votes"),
        (("3", 2, 0), "wrong_type"),
    ],
)
def test_bad_votes(tmp_path: Path, votes: tuple[Any, ...], code: str) -> None:
    row = dict(zip(("votes_a", "votes_b", "votes_tie"), votes, strict=True))
    assert codes(put(tmp_path, {"audio_a": "x", "audio_b": "y", **row})) == [code]


def test_both_forms_in_one_row(tmp_path: Path) -> None:
    assert codes(put(tmp_path, pair(chosen="x"))) == ["conflicting_columns", "conflicting_columns"]


def test_misspelt_column_is_named_twice(tmp_path: Path) -> None:
    text = validate(put(tmp_path, {"chosen": "x", "rejectd": "y"}), probe=None).text()
    assert "unknown column 'rejectd'; did you mean 'rejected'?" in text
    assert "no rejected; did you mean it by 'rejectd'?" in text


def test_all_errors_of_a_row_are_reported(tmp_path: Path) -> None:
    row = pair("x.wav", "x.wav", "c", weight=-1, ratr="r", rater=[])
    assert codes(put(tmp_path, row)) == [
        "unknown_column",
        "same_clip",
        "out_of_range",
        "bad_weight",
        "wrong_type",
    ]


@pytest.mark.parametrize("limited", [True, False])
def test_unknown_dimension(tmp_path: Path, limited: bool) -> None:
    path = put(tmp_path, pair(dimension="prosdy"), pair())
    if limited:
        expected = "unknown_dimension dimension 'prosdy'; asked for: overall, prosody; did you mean"
        assert expected in message(path, dimensions=["prosody", "overall"])
        with pytest.raises(PreferenceError, match="unknown_dimension"):
            read(path, probe=None, dimensions=["prosody", "overall"])
    else:
        assert found(path) == []


def test_clip_of_two_speakers(tmp_path: Path) -> None:
    path = put(tmp_path, pair(speaker="s"), pair("x.wav", "z.wav", speaker="u"))
    assert found(path) == [(2, None, "conflicting_speakers")]
    assert read(path, probe=None, skip_errors=True).skipped == 1


def test_header_is_checked_once(tmp_path: Path) -> None:
    rows = ["audio_a,audio_b,preference,ratr", *["x,y,a,r"] * 5]
    assert found(put(tmp_path, *rows, name="p.csv")) == [(1, None, "unknown_column")]
    table = pa.table({"audio_a": ["x"] * 5, "audio_b": ["y"] * 5, "win": [1.0] * 5, "x": [0] * 5})
    parquet.write_table(table, tmp_path / "p.parquet")
    assert found(tmp_path / "p.parquet") == [(None, None, "unknown_column")]


def test_duplicate_column_in_parquet(tmp_path: Path) -> None:
    columns = [pa.array(["x"]), pa.array(["y"]), pa.array(["z"])]
    table = pa.Table.from_arrays(columns, ["audio_a", "audio_b", "audio_b"])
    parquet.write_table(table, tmp_path / "p.parquet")
    assert found(tmp_path / "p.parquet") == [(None, None, "duplicate_key")]


@pytest.mark.parametrize("cell", ["", "nan", "-1", "inf", "1_0", "x"])
def test_numbers_in_csv(tmp_path: Path, cell: str) -> None:
    path = put(tmp_path, "audio_a,audio_b,preference,weight", f"x,y,a,{cell}", name="p.csv")
    expected = {"": [], "1_0": ["wrong_type"], "x": ["wrong_type"]}.get(cell, ["bad_weight"])
    assert codes(path) == expected


def test_wrong_types_in_parquet(tmp_path: Path) -> None:
    table = pa.table({"audio_a": [1.5], "audio_b": ["y"], "win": ["1"]})
    parquet.write_table(table, tmp_path / "p.parquet")
    assert codes(tmp_path / "p.parquet") == ["wrong_type", "wrong_type"]


def test_values_of_parquet_that_python_cannot_hold(tmp_path: Path) -> None:
    bytes_ = pa.array([b"\xff\xfe.wav"], pa.binary())
    text = pa.Array.from_buffers(pa.string(), 1, bytes_.buffers())
    late = pa.array([2**62], pa.timestamp("us"))
    for column in ({"text": text}, {"rater": late}):
        table = pa.table({"chosen": ["x.wav"], "rejected": ["y.wav"], **column})
        parquet.write_table(table, tmp_path / "p.parquet")
        assert codes(tmp_path / "p.parquet") == ["bad_parquet"]


def test_a_file_that_may_not_be_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*args: object) -> None:
        raise PermissionError("Permission denied")

    path = put(tmp_path, pair())
    monkeypatch.setattr(Path, "open", refuse)  # root may read all
    with pytest.raises(PreferenceError, match=r"not_a_file: .*Permission denied"):
        validate(path)


def test_overlong_value_in_parquet(tmp_path: Path) -> None:
    table = pa.table({"audio_a": ["x" * 200_000], "audio_b": ["y"], "win": [1.0]})
    parquet.write_table(table, tmp_path / "p.parquet")
    assert codes(tmp_path / "p.parquet") == ["line_too_long"]


def test_nothing_is_read_from_a_file_with_errors_unless_told(tmp_path: Path) -> None:
    bad = [pair(preference="c")] * 30
    path = put(tmp_path, pair(), *bad, pair("u.wav", "v.wav"))
    with pytest.raises(PreferenceError) as error:
        read(path, probe=None)
    assert error.value.code == "invalid"
    assert "30 errors" in error.value.message
    assert f"{path}:2: out_of_range" in error.value.message
    assert error.value.message.endswith("… and 10 more")
    kept = read(path, probe=None, skip_errors=True)
    assert [p.line for p in kept] == [1, 32]
    assert (kept.skipped, len(kept.errors)) == (30, 30)


def test_every_code_is_documented() -> None:
    source = Path(__file__).parents[2] / "rewardkit" / "preferences"
    text = "".join(p.read_text() for p in source.glob("*.py") if p.name != "codes.py")
    unused = [code for code in PREFERENCE_CODES if f'"{code}"' not in text]
    assert unused == []
