# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: Apache-2.0
"""What holds for every format, and the command."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from rewardkit.cli import app
from rewardkit.errors import PreferenceError
from rewardkit.preferences import read, write
from rewardkit.preferences.importers import FORMATS, convert
from tests.preferences.importers.made import (
    ARGILLA1,
    ARGILLA2,
    ARGILLA2_JSON,
    HELPSTEER,
    SPEECHJUDGE,
    jsonl,
    label_studio_task,
)


@pytest.mark.parametrize("format_", sorted(FORMATS))
def test_hostile_rows_are_errors_and_never_exceptions(tmp_path: Path, format_: str) -> None:
    values: list[Any] = [None, [], {}, "", 0, -1, True, "x", [[]], [{}], {"a": 1}, [None], 1e400]
    names = {*SPEECHJUDGE, *HELPSTEER, *ARGILLA1, *ARGILLA2, *ARGILLA2_JSON, "data", "annotations",
             "chosen", "rejected", "margin", "workerid", "vote", "file",
             "annotation_id"}  # fmt: skip
    whole = [SPEECHJUDGE, HELPSTEER, ARGILLA1, ARGILLA2, ARGILLA2_JSON, label_studio_task("left")]
    rows = [{**row, name: value} for row in whole for name in sorted(names) for value in values]
    path = jsonl(tmp_path, *rows)
    try:
        convert(path, format_, skip_errors=True)
    except PreferenceError as error:
        assert error.code in ("invalid", "unknown_format")


@pytest.mark.parametrize("ending", [".jsonl", ".csv", ".parquet"])
def test_what_was_imported_can_be_written_and_read(tmp_path: Path, ending: str) -> None:
    found = convert(jsonl(tmp_path, SPEECHJUDGE), "speechjudge")
    write(found.preferences, tmp_path / f"prefs{ending}")
    assert tuple(read(tmp_path / f"prefs{ending}", probe=None)) == found.preferences


def test_the_command(tmp_path: Path) -> None:
    path = jsonl(tmp_path, {"chosen": "g.wav", "rejected": "b.wav"}, {"chosen": "g.wav"})
    out = tmp_path / "prefs.jsonl"
    runner = CliRunner()
    refused = runner.invoke(app, ["convert", str(path), "--from", "trl", "-o", str(out)])
    assert refused.exit_code == 3
    assert "rows.jsonl:2: missing_column no rejected" in refused.output
    assert not out.exists()
    command = ["convert", str(path), "--from", "trl", "-o", str(out), "--skip-errors"]
    done = runner.invoke(app, command)
    assert done.exit_code == 1
    assert "1 preferences; left out: 1 errors" in done.output
    assert json.loads(out.read_text()) == {"chosen": "g.wav", "rejected": "b.wav"}
    for wrong in (["--sides", "one"], ["--column", "clip"]):
        assert runner.invoke(app, [*command, *wrong]).exit_code == 2
