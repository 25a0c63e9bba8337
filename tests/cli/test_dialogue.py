# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: Apache-2.0
"""`rewardkit score --dialogue`."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from pathlib import Path

import pytest
import soundfile
from typer.testing import CliRunner

from rewardkit import scorers
from rewardkit.cli import app
from tests.dialogue.made import dialogue_model
from tests.made import buzz, reward_model

SCORER = """
import math
from rewardkit.features import Feature
class Plain:
    name, version, sample_rate = "plain", 1, None
    features = (Feature("seconds", "s", "duration"), Feature("level", "dB", "RMS level"))
    def __call__(self, clip):
        level = 10 * math.log10(float((clip.samples.astype("f8") ** 2).mean()) + 1e-12)
        return {"seconds": clip.duration, "level": level}
"""


@pytest.fixture
def checkpoint(tmp_path: Path, plugins: Callable[..., None]) -> Path:
    """A model of dialogues that goes by level; `d.jsonl` beside it: the third of six is louder."""
    plugins(SCORER, "plain = strangers:Plain")
    dialogue_model(scorers.load("plain")).save(tmp_path / "model", "# made\n")
    lines = []
    for k in range(6):
        soundfile.write(tmp_path / f"{k}.wav", buzz(0.5, -10.0 if k == 2 else -20.0), 8_000)
        lines.append({"speaker": "ab"[k % 2], "audio": f"{k}.wav"})
    (tmp_path / "d.jsonl").write_text("\n".join(map(json.dumps, lines)))
    return tmp_path / "model"


def run(*arguments: object, code: int = 0) -> str:
    result = CliRunner().invoke(app, [str(argument) for argument in arguments])
    assert result.exit_code == code, result.output
    return result.output


def test_json_names_the_worst_turn(checkpoint: Path) -> None:
    file = checkpoint.parent / "d.jsonl"
    row = json.loads(run("score", "--dialogue", file, "--checkpoint", checkpoint))
    assert (row["dialogue"], row["status"], row["worst_turn"]) == ("d", "ok", 3)
    assert row["because"][0]["feature"] == "own.level"
    assert sum(turn["contribution"] for turn in row["turns"]) == pytest.approx(row["reward"])
    assert row["dimensions"] == {"coherence": row["reward"]}
    assert row["turns"][2]["path"] == str(file.parent / "2.wav")
    explained = json.loads(
        run("score", "--dialogue", file, "--checkpoint", checkpoint, "--explain")
    )
    parts = explained["turns"][2]["parts"]
    assert {part["feature"] for part in parts} == {"own.level", "partner.level", "gap.length"}


def test_a_table_for_people(checkpoint: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from rewardkit.cli.dialogue import print_table
    from rewardkit.dialogue import DialogueModel, read

    model = DialogueModel.load(checkpoint)
    (dialogue,) = read(checkpoint.parent / "d.jsonl")
    shown: list[str] = []
    monkeypatch.setattr("rich.console.Console.print", lambda _, what, **__: shown.append(what))
    print_table(model.score_dialogue(dialogue))
    assert "coherence -0.33 ± 0.24" in shown[0]
    table = shown[1]
    assert table.rows[2].style == "bold red"  # type: ignore[attr-defined]


def test_flat_files_have_a_row_for_each_turn(checkpoint: Path) -> None:
    folder = checkpoint.parent
    common = ("score", "--dialogue", folder / "d.jsonl", "--checkpoint", checkpoint, "-o")
    run(*common, folder / "out.csv")
    with (folder / "out.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert [row["turn"] for row in rows] == list("123456")
    assert {row["worst_turn"] for row in rows} == {"3"}
    run(*common, folder / "out.jsonl")
    assert json.loads((folder / "out.jsonl").read_text())["worst_turn"] == 3


def test_failures_by_exit_code(checkpoint: Path) -> None:
    folder = checkpoint.parent
    file = folder / "d.jsonl"
    clips = folder / "clips"
    reward_model().save(clips, "")
    assert "wrong_kind" in run("score", "--dialogue", file, "--checkpoint", clips, code=3)
    assert "wrong_kind" in run("score", folder / "0.wav", "--checkpoint", checkpoint, code=3)
    assert "not_a_file" in run("score", "--dialogue", folder / "x.jsonl", code=3)
    run("score", code=2)
    run("score", folder / "0.wav", "--dialogue", file, code=2)
    run("score", "--dialogue", file, "--workers", 2, code=2)
    (folder / "2.wav").write_text("no sound")
    row = json.loads(run("score", "--dialogue", file, "--checkpoint", checkpoint, code=1))
    assert (row["reward"], row["turns"], row["error"]["code"]) == (None, [], "unreadable")


def test_flat_files_have_a_column_for_each_comparison_if_asked(checkpoint: Path) -> None:
    file, out = checkpoint.parent / "d.jsonl", checkpoint.parent / "out.csv"
    run("score", "--dialogue", file, "--checkpoint", checkpoint, "--explain", "-o", out)
    with out.open(newline="") as lines:
        third = list(csv.DictReader(lines))[2]
    assert float(third["values.own.level"]) == pytest.approx(10.0, abs=0.1)
    assert float(third["contributions.own.level"]) == pytest.approx(float(third["contribution"]))


def test_a_deadline_is_for_clips(checkpoint: Path) -> None:
    file = checkpoint.parent / "d.jsonl"
    run("score", "--dialogue", file, "--checkpoint", checkpoint, "--timeout", 5, code=2)
