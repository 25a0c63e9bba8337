# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: Apache-2.0
"""docs/active.md: its commands and code run in order, and print what it says."""

from __future__ import annotations

import json
import re
import shlex
import shutil
from pathlib import Path

import pytest
from typer.testing import CliRunner

from rewardkit import preferences
from rewardkit.active import running_mean
from rewardkit.cli import app

ROOT = Path(__file__).parent.parent
PAGE = (ROOT / "docs" / "active.md").read_text("utf-8")
BLOCK = re.compile(r"```(console|python|csv)\n(.*?)```", re.DOTALL)


def command(line: str) -> str:
    """Run `$ rewardkit …` and give back what it prints."""
    name, *arguments = shlex.split(line)
    assert name == "rewardkit"
    result = CliRunner().invoke(app, arguments)
    assert result.exit_code == 0, result.output
    return result.output


def test_it_runs_from_top_to_bottom(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("REWARDKIT_CACHE", str(tmp_path / "cache"))
    shutil.copytree(ROOT / "examples" / "clips" / "train", tmp_path / "examples/clips/train")
    ran = []
    for language, text in BLOCK.findall(PAGE):
        if language == "csv":
            (tmp_path / "ratings.csv").write_text(text)
        elif language == "python":
            exec(text, {})
        else:
            printed = ""
            for line in text.splitlines():
                if line.startswith("$ "):
                    printed = command(line[2:])
                    ran.append(line.split()[2])
                else:
                    assert line in printed.splitlines()
    assert ran == ["suggest", "suggest", "convert", "raters"]
    asked, after = (
        {
            frozenset((row["audio_a"], row["audio_b"]))
            for row in map(json.loads, (tmp_path / name).read_text().splitlines())
        }
        for name in ("answered.jsonl", "next.jsonl")
    )
    assert len(asked) == len(after) == 20
    assert not asked & after
    weights = {}
    for one in preferences.read(tmp_path / "weighed.jsonl", probe=None):
        weights[one.rater] = one.weight
    assert weights["cleo"] < min(weights["anna"], weights["ben"])  # cleo contradicts both


def test_the_interval_is_as_wide_as_it_says() -> None:
    said = re.search(r"± 0.1 takes (\d+) answers", PAGE)
    assert said is not None
    low, high = running_mean([0.0, 1.0] * 200).T
    assert int((high - low > 0.2).sum()) + 1 == int(said[1])
