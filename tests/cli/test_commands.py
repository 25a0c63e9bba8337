# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: Apache-2.0
"""The commands as a shell sees them: output, exit codes, files."""

from __future__ import annotations

import io
import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import soundfile
from typer.testing import CliRunner

from rewardkit import cli
from rewardkit.cli import app
from rewardkit.model import RewardModel
from rewardkit.testing import voice
from rewardkit.version import VERSION

runner = CliRunner()
ROOT = Path(__file__).parent.parent.parent


def rewardkit(*arguments: str | Path, code: int = 0) -> str:
    result = runner.invoke(app, [str(argument) for argument in arguments])
    assert result.exit_code == code, result.output
    return result.stdout


def test_score_prints_one_json_row_per_clip_when_piped(example_clips: list[Path]) -> None:
    rows = [
        json.loads(line)
        for line in rewardkit("score", *example_clips, "--checkpoint", "prosody").splitlines()
    ]
    assert [row["path"] for row in rows] == [str(path) for path in example_clips]
    assert all(row["status"] == "ok" and row["error"] is None for row in rows)
    assert set(rows[0]) == {"path", "status", "reward", "std", "distance", "dimensions", "error"}


def test_rows_keep_their_order_when_some_fail(example_clips: list[Path], tmp_path: Path) -> None:
    (tmp_path / "x.wav").write_text("no sound")
    out = rewardkit(
        "score", example_clips[0], tmp_path / "x.wav", "nowhere.wav", example_clips[1],
        "--checkpoint", "prosody", "--workers", "2", code=1,
    )  # fmt: skip
    rows = [json.loads(line) for line in out.splitlines()]
    assert [row["error"] and row["error"]["code"] for row in rows] == [
        None,
        "unreadable",
        "not_a_file",
        None,
    ]
    assert [row["reward"] is None for row in rows] == [False, True, True, False]


def test_a_terminal_of_few_letters_ends_nothing(
    example_clips: list[Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clip = shutil.copy(example_clips[0], tmp_path / "日本.wav")

    def said(*arguments: str) -> bytes:
        written = io.BytesIO()
        terminal = io.TextIOWrapper(written, "latin-1")
        monkeypatch.setattr(sys, "stdout", terminal)
        monkeypatch.setattr(sys, "argv", ["rewardkit", *arguments, "--checkpoint", "prosody"])
        with pytest.raises(SystemExit) as left:
            cli.main()
        terminal.flush()
        assert not left.value.code
        return written.getvalue()

    assert "/??.wav: reward" in said("explain", str(clip)).decode("latin-1")
    assert json.loads(said("explain", str(clip), "--json"))["path"] == str(clip)
    assert json.loads(said("score", str(clip)))["path"] == str(clip)


def test_closed_streams_are_no_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[Any] = []
    for name in ("stdin", "stdout", "stderr"):
        monkeypatch.setattr(sys, name, None)
    monkeypatch.setattr(cli, "app", lambda: seen.extend((sys.stdin, sys.stdout, sys.stderr)))
    cli.main()
    assert seen[0].buffer.read() == b""
    assert [stream.isatty() for stream in seen[1:]] == [False, False]
    for stream in seen:
        stream.close()


def test_help_says_each_option_s_default() -> None:
    said = {
        command: runner.invoke(app, [command, "--help"], env={"COLUMNS": "200"}).stdout
        for command in ("audit", "train", "serve")
    }
    assert "checkpoint. [default: (quality.mos)]" in said["audit"]
    assert "more than once. [default: (all)]" in said["audit"]
    assert "[default: (chosen by cross-validation)]" in said["train"]
    assert "[default: (one for each core; 1 on a GPU)]" in said["serve"]


def test_version() -> None:
    assert rewardkit("--version").split() == ["rewardkit", VERSION]


def test_score_explains(example_clips: list[Path]) -> None:
    out = rewardkit("score", example_clips[0], "--checkpoint", "prosody", "--explain")
    row = json.loads(out)
    assert sum(row["contributions"].values()) == pytest.approx(row["reward"], abs=1e-6)


def test_score_writes_files(example_clips: list[Path], tmp_path: Path) -> None:
    out = tmp_path / "rewards.csv"
    assert rewardkit("score", *example_clips, "--checkpoint", "prosody", "-o", out) == ""
    assert len(out.read_text().splitlines()) == len(example_clips) + 1


def test_score_in_windows(tmp_path: Path) -> None:
    long = voice(7.0)
    soundfile.write(tmp_path / "long.wav", long.samples, long.sample_rate)
    out = rewardkit(
        "score", tmp_path / "long.wav", "--checkpoint", "prosody", "--window", "3",
    )  # fmt: skip
    rows = [json.loads(line) for line in out.splitlines()]
    assert [row["start"] for row in rows] == [0.0, 3.0, 4.0]


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["score"], 2),
        (["score", "x.wav", "--no-such-option"], 2),
        (["score", "nothing*.wav"], 2),
        (["score", "x.wav", "-o", "x.docx"], 2),
        (["score", "x.wav", "--window", "3", "--workers", "2"], 2),
        (["score", "x.wav", "--window", "3", "--timeout", "9"], 2),
        (["score", "x.wav", "--checkpoint", "no-such"], 3),
        (["evaluate", "no-such.jsonl"], 3),
        (["train", "no-such.jsonl", "-o", "out"], 3),
        (["train", "x.jsonl", "-o", "pyproject.toml"], 2),
        (["train", "x.jsonl", "-o", "pyproject.toml/x"], 2),
        (["train", "x.jsonl", "-o", "docs/.."], 2),  # its README is not a checkpoint's
        (["train", "x.jsonl", "-o", "out", "--seed", "-1"], 2),
        (["validate", "no-such.jsonl"], 3),
        (["scorers", "check", "no-such"], 3),
    ],
)
def test_exit_codes(arguments: list[str], code: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    rewardkit(*arguments, code=code)


@pytest.mark.skipif(os.name != "posix", reason="needs SIGINT")
def test_an_interruption_exits_with_130(tmp_path: Path) -> None:
    clip = voice(5.0)
    soundfile.write(tmp_path / "x.wav", clip.samples, clip.sample_rate)
    process = subprocess.Popen(
        [sys.executable, "-m", "rewardkit", "score", *[str(tmp_path / "x.wav")] * 2000,
         "--checkpoint", "prosody"],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        # what runs tests in the background ignores SIGINT, and a child would inherit that
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    )  # fmt: skip
    try:
        assert process.stdout is not None
        process.stdout.readline()  # the first row is out: it is at work
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=120)
    finally:
        process.kill()
    assert process.returncode == 130
    assert "interrupted" in said


def test_validate_train_evaluate_score(tmp_path: Path, example_clips: list[Path]) -> None:
    prefs = ROOT / "examples" / "prefs.jsonl"
    assert "prosody" in rewardkit("validate", prefs)
    out = tmp_path / "mine"
    said = rewardkit("train", prefs, "-o", out, "--no-cache", "--l2", "10")
    assert "accuracy" in said
    rows = rewardkit("score", example_clips[0], "--checkpoint", out).splitlines()
    assert json.loads(rows[0])["status"] == "ok"
    judged = json.loads(rewardkit("evaluate", prefs, "--checkpoint", out, "--json"))
    accuracy = {d["dimension"]: d["accuracy"]["value"] for d in judged["dimensions"]}
    assert accuracy["prosody"] > 0.6  # its own training pairs, known orders


def test_train_gives_scorers_their_parameters(tmp_path: Path) -> None:
    out = tmp_path / "mine"
    rewardkit(
        "train", ROOT / "examples" / "prefs.jsonl", "-o", out, "--no-cache", "--l2", "10",
        "--no-cross-validate", "--scorers", "timing:least_pause=0.3", "--bend",
        "--features", "quality=timing.level*", "--features", "quality=timing.npvi",
    )  # fmt: skip
    manifest = json.loads((out / "manifest.json").read_text())
    head = RewardModel.from_pretrained(str(out)).head
    weights = head.weights[head.dimensions.index("quality")].reshape(2, -1).any(axis=0)
    names = [feature["name"] for feature in manifest["features"]]
    used = {name for name, weight in zip(names, weights, strict=True) if weight}
    assert "timing.npvi" in used
    assert used > {name for name in names if name.startswith("timing.level")}
    assert manifest["scorers"][0]["parameters"]["least_pause"] == 0.3
    assert manifest["training"]["bend"] is True
    rewardkit("train", "x.jsonl", "-o", tmp_path / "x", "--scorers", "timing:least_pause", code=2)
    rewardkit(
        "train", ROOT / "examples" / "prefs.jsonl", "-o", tmp_path / "x",
        "--scorers", "timing:colour=blue", code=3,
    )  # fmt: skip


def test_a_broken_preference_file_stops_training_and_lists_lines(tmp_path: Path) -> None:
    path = tmp_path / "p.jsonl"
    path.write_text('{"audio_a": "a.wav", "audio_b": "a.wav", "preference": "a"}\n{oops\n')
    assert "p.jsonl:1: same_clip" in rewardkit("validate", path, "--no-clips", code=1)
    result = runner.invoke(app, ["train", str(path), "-o", str(tmp_path / "out")])
    assert result.exit_code == 3
    assert "2 errors" in result.output
    assert not (tmp_path / "out").exists()


def test_scorers_are_listed_and_checked() -> None:
    listed = rewardkit("scorers", "list", "--features")
    assert "pitch.f0_median [Hz" in listed
    assert "speech: the scorer speech needs a model" in listed
    checked = rewardkit("scorers", "check", "timing")
    assert "FAILED" not in checked
    assert checked.count("ok ") >= 8


def test_doctor_finds_nothing_wrong_here() -> None:
    findings = json.loads(rewardkit("doctor", "--json"))
    assert {"python", "scorer pitch", "checkpoint default"} <= {f["what"] for f in findings}
    assert all(finding["ok"] for finding in findings), findings
