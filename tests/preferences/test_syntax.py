# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: Apache-2.0
"""Files that are not well-formed: each error has its line and, where it has one, its column."""

from __future__ import annotations

import codecs
import csv
import os
import re
from pathlib import Path

import pyarrow as pa
import pytest
from pyarrow import parquet

from rewardkit.errors import PreferenceError
from rewardkit.preferences import read, validate
from rewardkit.preferences.lines import LONGEST
from tests.preferences.made import found, message, pair, put

GOOD = pair()


def test_broken_json_gives_line_and_column(tmp_path: Path) -> None:
    path = put(tmp_path, GOOD, '{"audio_a": "x", }', GOOD, '{"audio_a": "x"} {}', "[1")
    assert found(path) == [(2, 18, "bad_json"), (4, 18, "bad_json"), (5, 3, "bad_json")]
    assert re.fullmatch(
        r".*prefs\.jsonl:1:1: bad_json .*", message(put(tmp_path, "x", GOOD)), re.DOTALL
    )


@pytest.mark.parametrize("line", ["9" * 5000, "[" * 100_000, '{"weight": ' + "1" * 5000 + "}"])
def test_json_that_breaks_the_decoder(tmp_path: Path, line: str) -> None:
    assert found(put(tmp_path, GOOD, line)) == [(2, 1, "bad_json")]


@pytest.mark.parametrize("line", ["[]", "1", "null", '"audio_a"'])
def test_a_line_that_is_no_object(tmp_path: Path, line: str) -> None:
    assert found(put(tmp_path, line)) == [(1, 1, "wrong_type")]


@pytest.mark.parametrize(
    ("line", "column"),
    [
        ('{"audio_a": "audio_a", "audio_a": "y"}', 24),
        ('{"_note": {"audio_a": 1}, "audio_a": "x", "b": "audio_a", "audio_a" : 1}', 59),
        ('{"_n": [{"k": 1}, {"k": 1, "k": 2}]}', 28),
        ('{"a\\"b": 1, "\\u0061\\"b": 2}', 13),
    ],
)
def test_duplicate_key_gives_the_place_of_the_second(
    tmp_path: Path, line: str, column: int
) -> None:
    assert found(put(tmp_path, GOOD, line)) == [(2, column, "duplicate_key")]


def test_duplicate_column_in_a_header(tmp_path: Path) -> None:
    path = put(tmp_path, "audio_a,audio_b,audio_a\nx,y,z", name="p.csv")
    assert found(path) == [(1, 17, "duplicate_key")]


def test_overlong_line(tmp_path: Path) -> None:
    row = '{"audio_a": "x.wav", "audio_b": "y.wav", "preference": "a"}'
    fits = row + " " * (LONGEST - len(row))
    path = put(tmp_path, fits, fits + " ", GOOD, fits + " " * 3 * LONGEST, GOOD)
    column = LONGEST + 1
    assert found(path) == [(2, column, "line_too_long"), (4, column, "line_too_long")]
    assert validate(path, probe=None).rows == 5


def test_overlong_line_at_the_end_of_the_file(tmp_path: Path) -> None:
    path = put(tmp_path, GOOD, b"x" * (LONGEST + 1))
    assert found(path) == [(2, LONGEST + 1, "line_too_long")]


def test_bom_crlf_and_blank_lines_are_accepted(tmp_path: Path) -> None:
    line = b'{"audio_a": "x", "audio_b": "y", "preference": "a"}'
    blanks = b"\r\n \t\r\n\n"
    path = put(tmp_path, codecs.BOM_UTF8, line, b"\r\n", blanks, line.replace(b"y", b"z"), b"\r\n")
    report = validate(path, probe=None)
    assert (report.ok, report.rows) == (True, 2)
    assert [p.line for p in read(path, probe=None)] == [1, 5]
    broken = put(tmp_path, codecs.BOM_UTF8, line, b"\r\n", blanks, b"{]\r\n")
    assert found(broken) == [(5, 2, "bad_json")]


def test_the_same_in_csv(tmp_path: Path) -> None:
    lines = [b"audio_a,audio_b,preference", b"x,y,a", b"", b"x,z,b", b"", b""]
    path = put(tmp_path, codecs.BOM_UTF8, b"\r\n".join(lines), name="p.csv")
    assert found(path) == []
    assert [(p.line, p.win) for p in read(path, probe=None)] == [(2, 1.0), (4, 0.0)]


def test_bytes_that_are_not_utf8(tmp_path: Path) -> None:
    path = put(tmp_path, GOOD, '{"audio_a": "ü'.encode() + b'\xff"}\n', GOOD)
    assert found(path) == [(2, 15, "bad_encoding")]
    utf16 = put(tmp_path, (str(GOOD) + "\n").encode("utf-16"))
    assert found(utf16) == [(1, 1, "bad_encoding")]


def test_half_a_surrogate_pair(tmp_path: Path) -> None:
    path = put(tmp_path, r'{"audio_a": "\ud800.wav", "audio_b": "y.wav", "preference": "a"}')
    assert found(path) == [(1, None, "bad_encoding")]


def test_nul_in_a_path(tmp_path: Path) -> None:
    assert found(put(tmp_path, pair(a="x\0.wav"))) == [(1, None, "wrong_type")]


def test_csv_records_keep_their_first_line(tmp_path: Path) -> None:
    path = put(
        tmp_path,
        'audio_a,audio_b,preference,text\nx,y,a,"one\ntwo\nthree"\nx,y,c,\nx,z,b,"t"t\nx,y,a\n'
        "u,v,tie,t",
        name="p.csv",
    )
    assert found(path) == [
        (5, None, "out_of_range"),
        (6, None, "bad_csv"),
        (7, None, "bad_csv"),
    ]
    kept = read(path, probe=None, skip_errors=True)
    assert [(p.line, p.text) for p in kept] == [(2, "one\ntwo\nthree"), (8, "t")]
    assert (kept.skipped, len(kept.errors)) == (3, 3)


def test_csv_quote_that_is_not_closed(tmp_path: Path) -> None:
    rows = ["audio_a,audio_b,preference,text", 'x,y,a,"t'] + ["x,y,a,t"] * 40_000
    errors = found(put(tmp_path, *rows, name="p.csv"))
    assert errors[0] == (2, LONGEST + 1, "line_too_long")
    assert found(put(tmp_path, *rows[:5], name="p.csv")) == [(2, None, "bad_csv")]


def test_csv_quote_that_is_not_closed_stays_bounded_whatever_the_field_limit(
    tmp_path: Path,
) -> None:
    rows = ["audio_a,audio_b,preference,text", 'x,y,a,"t'] + ["x,y,a,t"] * 40_000
    before = csv.field_size_limit(1 << 30)
    try:
        assert found(put(tmp_path, *rows, name="p.csv"))[0] == (2, LONGEST + 1, "line_too_long")
    finally:
        csv.field_size_limit(before)


def test_csv_with_semicolons_says_so(tmp_path: Path) -> None:
    report = validate(put(tmp_path, "audio_a;audio_b\nx;y", name="p.csv"), probe=None)
    assert "separate them by commas" in report.text()


@pytest.mark.parametrize("name", ["p.jsonl", "p.csv", "p.parquet"])
def test_files_without_rows(tmp_path: Path, name: str) -> None:
    path = put(tmp_path, name=name)
    if name == "p.parquet":
        assert found(path) == [(None, None, "bad_parquet")]
        parquet.write_table(pa.table({"audio_a": pa.array([], pa.string())}), path)
    assert found(path) == [(None, None, "empty")]
    with pytest.raises(PreferenceError, match="empty"):
        read(path, probe=None)


def test_ones_own_columns_of_a_parquet_file_are_not_read(tmp_path: Path) -> None:
    """A time span that Python has no value for."""
    path = tmp_path / "p.parquet"
    longest = pa.array([2**62], pa.duration("s"))
    parquet.write_table(pa.table({"chosen": ["x"], "rejected": ["y"], "_took": longest}), path)
    assert found(path) == []
    parquet.write_table(pa.table({"_took": longest}), path)
    assert [code for _, _, code in found(path)] == ["missing_column", "missing_column"]


def test_parquet_that_is_cut_short(tmp_path: Path) -> None:
    path = tmp_path / "p.parquet"
    parquet.write_table(pa.table({"audio_a": ["x"] * 1000}), path)
    path.write_bytes(path.read_bytes()[:-20])
    assert found(path) == [(None, None, "bad_parquet")]


def test_what_is_no_file(tmp_path: Path) -> None:
    fifo = tmp_path / "fifo.jsonl"
    os.mkfifo(fifo)
    for path in (tmp_path, fifo, tmp_path / "none.jsonl", tmp_path / "\0.jsonl"):
        with pytest.raises(PreferenceError) as error:
            validate(path)
        assert error.value.code == "not_a_file"


def test_unknown_suffix_names_the_nearest(tmp_path: Path) -> None:
    with pytest.raises(PreferenceError, match=r"unknown_format: .*did you mean '\.jsonl'"):
        validate(put(tmp_path, name="p.json"))
