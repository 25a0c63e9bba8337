# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: Apache-2.0
"""From a folder of clips to a trained head: what is exported is what `train` reads."""

from __future__ import annotations

import json
import socket
import sys
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from rewardkit.annotate import StudyError, export
from rewardkit.annotate.listening import Listening
from rewardkit.annotate.pairing import among, lists_pairs, read_golden, read_pairs
from rewardkit.annotate.study import Study
from rewardkit.annotate.votes import Answer, Vote, record
from rewardkit.cli import app
from rewardkit.errors import PreferenceError
from rewardkit.preferences import Preference, read, validate
from tests.annotate import made
from tests.conftest import ROOT


def rows(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_every_kind_of_answer_comes_out_as_it_was_given(tmp_path: Path) -> None:
    clips = made.tones(tmp_path / "clips", 4)
    study = made.study(
        tmp_path, clips=2, questions={"overall": "Which?", "prosody": "Whose?"}, repeat=0.0
    )
    known = {"text": "Hello, ünïcode", "language": "en", "system_a": "one", "system_b": "two"}
    study.add([Preference(clips[2], clips[3], 0.5, speaker_a="p", speaker_b="q", **known)])
    anna, listening = made.rater(study), Listening(study)
    names = {row["id"]: row["path"] for row in study.db.read("SELECT id, path FROM clip")}
    given = [(("a", 2), ("tie", None)), (("b", 1), ("a", 1))]
    sides = []
    for answers in given:
        shown = listening.next(anna)
        assert shown is not None
        sides.append([names[shown.left], names[shown.right]])
        vote = tuple(
            Answer(name, choice, strength)  # type: ignore[arg-type]
            for name, (choice, strength) in zip(("overall", "prosody"), answers, strict=True)
        )
        record(study, anna, Vote(made.new_id(), shown.id, "answer", vote, 3.5, (1, 1)))
    path = tmp_path / "prefs.jsonl"
    assert export(study, path).rows == 4
    found = rows(path)
    assert [(r["preference"], r.get("strength"), r.get("dimension", "overall")) for r in found] == [
        (choice, strength, name)
        for answers in given
        for name, (choice, strength) in zip(("overall", "prosody"), answers, strict=True)
    ]
    for row, pair in zip(found, [sides[0], sides[0], sides[1], sides[1]], strict=True):
        assert [row["audio_a"], row["audio_b"]] == [f"clips/{Path(p).name}" for p in pair]
        assert (row["rater"], row["_seconds"], row["_kind"]) == ("anna", 3.5, "fresh")
        assert row["_reason"] == "random"
        assert 0 < row["_propensity"] <= 1
        if "text" in row:
            is_two_first = row["audio_a"].endswith("tone-03.wav")
            ends = "ba" if is_two_first else "ab"
            assert row[f"system_{ends[0]}"] == "one"
            assert row[f"speaker_{ends[1]}"] == "q"
            assert (row["text"], row["language"]) == ("Hello, ünïcode", "en")
    assert sum("text" in row for row in found) == 2
    assert validate(path).ok
    assert [p.strength for p in read(path)] == [2, None, 1, 1]


def test_what_is_no_data_is_left_out_and_counted(tmp_path: Path) -> None:
    study = made.study(tmp_path, clips=9, raters="anna,ben", repeat=0.3, golden=0.3)
    extra = made.tones(tmp_path / "golden", 2, seconds=0.5)
    study.add([Preference(*extra, 1.0)], golden=True)
    listening = Listening(study)
    for name in ("anna", "ben"):
        rater = made.rater(study, name)
        for number in range(18):
            shown = listening.next(rater)
            assert shown is not None
            if number in (3, 4):
                action: Any = ("skip", "broken")[number - 3]
                record(study, rater, Vote(made.new_id(), shown.id, action))
            else:
                made.answer(study, rater, shown)
    study.flag("rater", made.rater(study, "ben").id, "careless")
    path = tmp_path / "prefs.jsonl"
    result = export(study, path)
    assert {row["rater"] for row in rows(path)} == {"anna"}
    assert {row["_kind"] for row in rows(path)} == {"fresh"}
    assert result.left_out["skip"] == result.left_out["broken"] == 2
    assert set(result.left_out) == {"skip", "broken", "golden", "repeat", "flagged"}
    assert result.rows + sum(result.left_out.values()) == 36
    everything = export(study, path, everything=True)
    assert everything.rows == 32
    assert {row["_kind"] for row in rows(path)} == {"fresh", "golden", "repeat"}
    assert {row.get("_flags") for row in rows(path)} == {None, "careless"}
    assert validate(path).ok


def test_nothing_to_export_leaves_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "prefs.jsonl"
    path.write_text("old")
    with pytest.raises(StudyError, match="no_answers"):
        export(made.study(tmp_path), path)
    assert path.read_text() == "old"


@pytest.mark.parametrize("ending", ["jsonl", "csv"])
def test_pairs_are_read_with_or_without_answers(tmp_path: Path, ending: str) -> None:
    path = tmp_path / f"pairs.{ending}"
    if ending == "csv":
        path.write_text("audio_a,audio_b,text\nx.wav,y.wav,hello\n")
    else:
        path.write_text(
            '{"audio_a": "x.wav", "audio_b": "y.wav", "text": "hello"}\n'
            '{"audio_a": "x.wav", "audio_b": "z.wav", "votes_a": 3, "votes_b": 0, "rater": "r"}\n'
            '{"chosen": "y.wav", "rejected": "z.wav", "margin": 2}\n'
        )
    assert lists_pairs(path)
    pairs = read_pairs(path)
    assert (pairs[0].a, pairs[0].text) == (str(tmp_path / "x.wav"), "hello")
    assert [Path(p.b).name for p in pairs] == ["y.wav", "z.wav", "z.wav"][: len(pairs)]
    assert {p.rater for p in pairs} == {None}


def test_pairs_that_are_wrong_are_all_named(tmp_path: Path) -> None:
    path = tmp_path / "pairs.jsonl"
    path.write_text('{"audio_a": "x.wav"}\n{"audio_a": "x.wav", "audio_b": "x.wav"}\n{"a\n')
    with pytest.raises(PreferenceError, match=r"(?s)3 errors.*:1.*:2.*:3"):
        read_pairs(path)
    path.write_text('{"audio_a": "x.wav", "audio_b": "y.wav", "votes_a": 2, "votes_b": 1}\n')
    with pytest.raises(PreferenceError, match="certain"):
        read_golden(path)
    path.write_text('{"path": "x.wav"}\n{"path": "y.wav"}\n')
    assert not lists_pairs(path)


@pytest.mark.parametrize(("count", "most"), [(2, 5), (30, 60), (31, 40), (500, 700)])
def test_too_many_pairs_are_thinned_evenly(count: int, most: int) -> None:
    pairs = among([str(number) for number in range(count)], most)
    assert len(pairs) == min(most, count * (count - 1) // 2)
    assert len({frozenset((p.a, p.b)) for p in pairs}) == len(pairs)
    uses = [sum(str(n) in (p.a, p.b) for p in pairs) for n in range(count)]
    assert max(uses) - min(uses) <= 3
    assert pairs == among([str(number) for number in range(count)], most)


def run(*arguments: str) -> Any:
    return CliRunner().invoke(app, ["annotate", *arguments])


def test_the_command_makes_exports_and_explains(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    served = []
    monkeypatch.setattr("rewardkit.annotate.run.serve", lambda *given: served.append(given))
    path = str(tmp_path / "study.sqlite")
    assert "no study" in run("--study", path).output
    made.tones(tmp_path / "clips", 4)
    first = run(str(tmp_path / "clips"), "--study", path, "--raters", "anna, ben", "--heard", "0.5",
                "--dimensions", "overall,warmth", "--question", "warmth=Warmer?")  # fmt: skip
    assert first.exit_code == 0, first.output
    assert "anna: http://127.0.0.1:8377/#" in first.output
    assert "organiser: http://127.0.0.1:8377/organiser#" in first.output
    again = run("--study", path)
    assert again.output == first.output  # the links stay
    settings = served[-1][0].study.settings
    assert settings.questions["warmth"] == "Warmer?"
    assert settings.heard == 0.5
    study = Study.open(path)
    ben = made.rater(study, "ben")
    study.consent(ben)
    ben = made.rater(study, "ben")
    shown = Listening(study).next(ben)
    assert shown is not None
    made.answer(study, ben, shown)
    out = str(tmp_path / "prefs.jsonl")
    assert "2 answers" in run("--study", path, "--export", out).output
    assert run("--study", path, "--exclude", "ben=careless").exit_code == 0
    assert "2 flagged" in run("--study", path, "--export", out).output
    assert run("--study", path, "--exclude", "carl=x").exit_code == 2
    assert run("--study", path, "--export", "prefs.txt").exit_code == 2
    assert run("--study", path, "--question", "x").exit_code == 2
    assert len(served) == 2


def test_a_study_that_could_not_be_filled_is_not_made(tmp_path: Path) -> None:
    clips = made.tones(tmp_path / "clips", 2)
    Path(clips[1]).write_text("no sound")
    result = run(str(tmp_path / "clips"), "--study", str(tmp_path / "study.sqlite"))
    assert result.exit_code == 3
    assert "unusable_clip" in result.output
    assert not list(tmp_path.glob("study.sqlite*"))
    assert "no_pairs" in run(clips[0], "--study", str(tmp_path / "study.sqlite")).output


def test_what_the_command_refuses(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("rewardkit.annotate.run.serve", lambda *_: pytest.fail("served"))
    made.tones(tmp_path / "clips", 3)
    path = tmp_path / "study.sqlite"
    base = [str(tmp_path / "clips"), "--study", str(path)]
    refused = {
        "local": ["--raters", "anna, local"],
        "--question is about prosody": ["--dimensions", "overall", "--question", "prosody=How?"],
        "bad_address": ["--url", "lab.example.org:8443"],
    }
    for said, given in refused.items():
        result = run(*base, *given)
        assert result.exit_code in (2, 3)
        assert said in result.output
    golden = tmp_path / "golden.jsonl"
    row = {"audio_a": "clips/tone-00.wav", "audio_b": "clips/tone-01.wav", "preference": "a"}
    golden.write_text(json.dumps({**row, "dimension": "warmth"}) + "\n")
    assert "bad_golden" in run(*base, "--golden", str(golden)).output
    assert not list(tmp_path.glob("study.sqlite*"))


def test_a_port_in_use_is_said_before_anything_is_added(tmp_path: Path) -> None:
    study = made.study(tmp_path, clips=2)
    made.tones(tmp_path / "clips", 4)
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        given = [str(tmp_path / "clips"), "--port", str(taken.getsockname()[1])]
        result = run(*given, "--study", str(tmp_path / "study.sqlite"), "--heard", "0.1")
        assert result.exit_code == 3
        assert "bad_address" in result.output
        assert len(study.db.read("SELECT 1 FROM clip")) == 2
        assert Study.open(tmp_path / "study.sqlite").settings.heard == 0.8
        result = run(*given, "--study", str(tmp_path / "new.sqlite"))
        assert result.exit_code == 3
        assert not (tmp_path / "new.sqlite").exists()


def test_what_a_later_command_changes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("rewardkit.annotate.run.serve", lambda *_: None)
    monkeypatch.setattr("rewardkit.annotate.learning.active", lambda *_, **__: None)
    path = str(tmp_path / "study.sqlite")
    made.tones(tmp_path / "clips", 4)
    base = [str(tmp_path / "clips"), "--study", path]
    first = run(*base, "--dimensions", "overall,prosody", "--question", "prosody=How said?")
    assert "added" not in first.output

    def questions() -> dict[str, str]:
        study = Study.open(path)
        found = dict(study.settings.questions)
        study.close()
        return found

    overall = questions()["overall"]
    run("--study", path, "--question", "overall=Better?")
    assert questions() == {"overall": "Better?", "prosody": "How said?"}
    run("--study", path, "--dimensions", "prosody,warmth")
    assert questions() == {"prosody": "How said?", "warmth": "Which one is better in warmth?"}
    assert overall != "Better?"
    assert "added" not in run(*base).output
    made.tones(tmp_path / "clips", 5)
    assert "4 pairs are added to the 6 of the study" in run(*base).output


def test_the_world_is_let_in_by_name_only(tmp_path: Path) -> None:
    made.tones(tmp_path / "clips", 2)
    path = str(tmp_path / "study.sqlite")
    result = run(str(tmp_path / "clips"), "--study", path, "--host", "0.0.0.0")
    assert result.exit_code == 2
    assert "--raters" in result.output


def test_without_the_extra_the_command_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "pyloudnorm", None)
    result = run("clips")
    assert result.exit_code == 2
    assert "pip install 'speech-rewardkit[annotate]'" in result.output


@pytest.mark.slow
def test_from_a_folder_of_clips_to_rewards(tmp_path: Path) -> None:
    """Annotate, export, validate, train, score; a rater who always prefers the quieter clip."""
    study = Study.create(tmp_path / "study.sqlite", made.Settings(repeat=0.0))
    clips = sorted(str(path) for path in (ROOT / "examples/clips").rglob("*.flac"))
    study.add(among(clips, 80))
    study.consent(study.add_rater("anna"))
    anna, listening = made.rater(study), Listening(study)
    level = {row["id"]: row["loudness"] for row in study.db.read("SELECT id, loudness FROM clip")}
    while (shown := listening.next(anna)) is not None:
        made.answer(study, anna, shown, "a" if level[shown.left] < level[shown.right] else "b")
    out = tmp_path / "prefs.jsonl"
    runner = CliRunner()
    commands = [
        ["annotate", "--study", str(tmp_path / "study.sqlite"), "--export", str(out)],
        ["validate", str(out)],
        ["train", str(out), "--scorers", "pitch,timing", "-o", str(tmp_path / "reward"),
         "--no-cross-validate", "--no-calibrate", "--members", "2"],
        ["score", *clips[:3], "--checkpoint", str(tmp_path / "reward"), "--json"],
    ]  # fmt: skip
    for command in commands:
        result = runner.invoke(app, command)
        assert result.exit_code == 0, result.output
    scored = [json.loads(line) for line in result.output.splitlines() if line.startswith("{")]
    assert [row["status"] for row in scored] == ["ok"] * 3
