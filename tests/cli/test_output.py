# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: Apache-2.0
"""Rows as JSON lines, CSV, Parquet and a table."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pyarrow.parquet
import pytest

from rewardkit.cli import output
from rewardkit.errors import RewardkitError
from rewardkit.reward import Reward

ROWS = [
    Reward(0.5, {"prosody": 0.25, "emotion": 0.75}, 0.1).row("ä, b.wav"),
    Reward.failed(RewardkitError("too_short", "0.1 s")).row("[bold]c\x1b[31m.wav"),
]


def test_the_row_is_the_documented_one() -> None:
    assert ROWS[0] == {
        "path": "ä, b.wav",
        "status": "ok",
        "reward": 0.5,
        "std": 0.1,
        "distance": None,
        "dimensions": {"prosody": 0.25, "emotion": 0.75},
        "error": None,
    }
    assert ROWS[1]["reward"] is None
    assert ROWS[1]["error"] == {"code": "too_short", "message": "0.1 s"}


def test_formats_hold_the_same(tmp_path: Path) -> None:
    for ending in output.FORMATS:
        output.write(tmp_path / f"x{ending}", ROWS)
    lines = (tmp_path / "x.jsonl").read_text("utf-8").splitlines()
    assert [json.loads(line) for line in lines] == ROWS
    with (tmp_path / "x.csv").open(newline="", encoding="utf-8") as file:
        table = list(csv.DictReader(file))
    assert [row["dimensions.emotion"] for row in table] == ["0.75", ""]
    assert [row["error.code"] for row in table] == ["", "too_short"]
    parquet = pyarrow.parquet.read_table(tmp_path / "x.parquet").to_pylist()
    assert [row["reward"] for row in parquet] == [0.5, None]
    assert [row["path"] for row in parquet] == [row["path"] for row in table]


def test_columns_have_one_kind_whether_clips_failed_or_not(tmp_path: Path) -> None:
    schemas = []
    for place, row in enumerate(ROWS):
        output.write(tmp_path / f"{place}.parquet", [{**row, "start": None}])
        schemas.append(pyarrow.parquet.read_schema(tmp_path / f"{place}.parquet"))
    for name in set(schemas[0].names) & set(schemas[1].names):
        assert schemas[0].field(name) == schemas[1].field(name)


def test_names_that_are_not_utf_8_are_written_nearly_so(tmp_path: Path) -> None:
    name = b"b\xffd.wav".decode(errors="surrogateescape")
    rows = [Reward.failed(RewardkitError("too_short", name)).row(name)]
    for ending in output.FORMATS:
        output.write(tmp_path / f"x{ending}", rows)
    assert json.loads((tmp_path / "x.jsonl").read_text("utf-8"))["path"] == "b?d.wav"
    assert "b?d.wav,error" in (tmp_path / "x.csv").read_text("utf-8")
    (row,) = pyarrow.parquet.read_table(tmp_path / "x.parquet").to_pylist()
    assert (row["path"], row["error.message"]) == ("b?d.wav", "b?d.wav")


def test_a_folder_that_cannot_be_is_said_before_any_work(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    output.check_folder(tmp_path)
    output.check_folder(tmp_path / "new" / "deep")
    for name in ("file", "file/x"):
        with pytest.raises(RewardkitError, match="no_folder"):
            output.check_folder(tmp_path / name)
    assert not (tmp_path / "new").exists()


@pytest.mark.parametrize("name", ["x.json", "x", "missing/x.csv"])
def test_what_cannot_be_written_is_said_before_any_work(tmp_path: Path, name: str) -> None:
    with pytest.raises(RewardkitError):
        output.check_ending(tmp_path / name)


def test_a_number_that_is_not_finite_never_leaves() -> None:
    with pytest.raises(ValueError, match="not JSON compliant"):
        output.json_line({"reward": float("nan")})


def test_the_table_says_where_a_window_begins(capsys: pytest.CaptureFixture[str]) -> None:
    reward = Reward(0.5, {"[/b]": 0.5}, 0.1, contributions={"pitch.sd": 0.5})
    output.print_table([{**reward.row("a.wav"), "start": start} for start in (0.0, 3.25)])
    head, first, share, second, _ = capsys.readouterr().out.splitlines()
    assert head.split() == ["clip", "from", "s", "reward", "±", "[/b]", "status"]
    assert first.split() == ["a.wav", "0.00", "0.50", "0.10", "0.50", "ok"]
    assert share.split() == ["pitch.sd", "+0.50"]
    assert second.split()[1] == "3.25"


def test_names_cannot_act_on_the_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    output.print_table(ROWS)
    shown = capsys.readouterr().out
    assert "\x1b" not in shown
    assert "[bold]c" in shown
    assert "too_short" in shown
