# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: Apache-2.0
"""Files that are no source, broken ones, and values beyond all bounds."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import pytest

from rewardkit.errors import PreferenceError
from rewardkit.preferences.importers import FORMATS, ImportOptions, convert
from rewardkit.preferences.importers.source import Source
from tests.preferences.importers.made import SPEECHJUDGE, jsonl, lines, short


@pytest.mark.parametrize(
    ("content", "code"),
    [
        ("[{}, {", "bad_json"),
        ("{}", "bad_json"),
        ('[{"data": {}}', "bad_json"),
        ("[" * 100_000, "bad_json"),
        (b"\xff\xfe", "bad_encoding"),
        ("[]", "empty"),
        ('[{"data": {}}] [{"data": {}}]', ":1: bad_json something follows"),
        ('[{"data": {}}\n{"data": {}}]', ":2: bad_json no comma"),
        ('[{"data": {}},\n\n]', ":3: bad_json"),
        ('[{"id": 1, "data": {}, "id": 2}]', ":1: duplicate_key the name 'id'"),
    ],
)
def test_arrays_that_are_none(tmp_path: Path, content: str | bytes, code: str) -> None:
    path = tmp_path / "x.json"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(PreferenceError, match=code):
        convert(path, "label-studio")


@pytest.mark.parametrize(
    ("name", "format_", "row"),
    [
        ("rows.jsonl.gz", "trl", '{{"chosen": "{0}.wav", "rejected": "x{0}.wav"}}\n'),
        ("rows.json.gz", "label-studio", '[{{"id": {0}}},\n'),
        ("rows.csv.gz", "p808", "workerid,file,{0}\n"),
        ("rows.csv.gz", "ratings", "clip,rating,rater\na{0}.wav,3,anna\n"),
    ],
)
def test_broken_gzip(tmp_path: Path, name: str, format_: str, row: str) -> None:
    path = tmp_path / name
    text = "".join(map(row.format, range(999))).encode()
    whole = gzip.compress(text)
    for content in (whole[:-20], text, whole[:20] + b"\xff" * 40):
        path.write_bytes(content)
        source = Source(path, ImportOptions())
        list(FORMATS[format_](source))
        assert source.issues.counts["bad_gzip"] == 1
    with pytest.raises(PreferenceError, match="invalid"):
        convert(path, format_)


def test_values_beyond_all_bounds(tmp_path: Path) -> None:
    deep: Any = "x.wav"
    for _ in range(300):
        deep = {"path": deep}
    row = json.dumps({"chosen": deep, "rejected": "y.wav"})
    # Deeper than what the JSON decoder of every version takes.
    deeper = row.replace('"x.wav"', '{"path": ' * 3000 + '"x.wav"' + "}" * 3000)
    huge = json.dumps({"chosen": "x.wav", "rejected": "y.wav", "margin": 10**400})
    url = json.dumps({"chosen": "http://[bad/1.wav", "rejected": "y.wav"})
    found = convert(jsonl(tmp_path, row, deeper, huge, url), "trl", skip_errors=True)
    assert short(found.preferences[0]) == ("x.wav", "y.wav", 1.0)
    assert {(3, "out_of_range"), (4, "wrong_type")} <= set(lines(found))
    table = {"workerid": "w", "file": "x.wav", "vote": 10**400}
    with pytest.raises(PreferenceError, match="invalid"):
        convert(jsonl(tmp_path, table), "p808")


def test_a_column_that_stands_twice(tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    path.write_text("chosen,rejected,,,chosen\na.wav,b.wav,,,c.wav\n")
    with pytest.raises(PreferenceError, match="duplicate_key the column 'chosen'"):
        convert(path, "trl")


def test_parquet_rows(tmp_path: Path) -> None:
    import pyarrow as pa
    from pyarrow import parquet

    path = tmp_path / "train.parquet"
    parquet.write_table(pa.Table.from_pylist([SPEECHJUDGE, SPEECHJUDGE]), path)
    found = convert(path, "speechjudge")
    assert len(found.preferences) == 12
    assert found.preferences[-1].line == 2
    path.write_bytes(b"PAR1")
    with pytest.raises(PreferenceError, match="bad_parquet"):
        convert(path, "speechjudge")


def test_what_is_no_source(tmp_path: Path) -> None:
    with pytest.raises(PreferenceError, match="did you mean 'argilla'"):
        convert(tmp_path / "x.jsonl", "argila")
    with pytest.raises(PreferenceError, match="not_a_file"):
        convert(tmp_path / "x.jsonl", "trl")
    (tmp_path / "x.xml").write_text("<x/>")
    with pytest.raises(PreferenceError, match="unknown_format"):
        convert(tmp_path / "x.xml", "trl")
