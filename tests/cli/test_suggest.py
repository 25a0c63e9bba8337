# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: Apache-2.0
"""`rewardkit suggest`: from clips to pairs, from answers to the next pairs."""

from __future__ import annotations

import json
import os
from itertools import combinations, islice
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner, Result

from rewardkit.cli import app
from rewardkit.preferences import validate

CLIPS = Path(__file__).parent.parent.parent / "examples" / "clips" / "train"


def suggest(*arguments: object, stdin: bytes | None = None) -> Result:
    words = ["suggest", *map(str, arguments), "--workers", "0", "--scorers", "pitch"]
    return CliRunner().invoke(app, words, input=stdin)


@pytest.fixture
def cached(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path_factory.getbasetemp() / "suggest-cache"
    monkeypatch.setenv("REWARDKIT_CACHE", str(folder))


def rows(path: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


@pytest.mark.usefixtures("cached")
def test_pairs_then_answers_then_pairs(tmp_path: Path) -> None:
    first = tmp_path / "first.jsonl"
    same = r"([^/]*)-[^/]*$"
    done = suggest(CLIPS, "-o", first, "--count", 10, "--same", same)
    assert done.exit_code == 0, done.output
    assert "10 pairs" in done.output
    pairs = rows(first)
    for pair in pairs:
        a, b = (Path(str(pair[side])).name for side in ("audio_a", "audio_b"))
        assert a.split("-")[0] == b.split("-")[0]
        assert a != b
        assert 0 < float(pair["_propensity"]) <= 1  # type: ignore[arg-type]
        assert pair["_margin"] == 0
    assert sum(pair["_reason"] == "random" for pair in pairs) >= 2
    # Add an answer to each row: that is a preference file.
    votes = tmp_path / "votes.jsonl"
    answered = [
        {**pair, "preference": "a" if "natural" in str(pair["audio_a"]) else "b", "rater": "me"}
        for pair in pairs
    ]
    votes.write_text("".join(json.dumps(row) + "\n" for row in answered))
    assert validate(votes, probe=None).ok
    second = tmp_path / "second.jsonl"
    done = suggest(CLIPS, "-o", second, "--votes", votes, "--count", 10, "--same", same)
    assert done.exit_code == 0, done.output
    seen = {frozenset((r["audio_a"], r["audio_b"])) for r in pairs}
    assert not seen & {frozenset((r["audio_a"], r["audio_b"])) for r in rows(second)}
    assert any(row["_margin"] for row in rows(second))

    # Answers to random pairs on which the head had an opinion are what the stop rule counts, and
    # several answers to one pair count once.
    def target(pairs: list[dict[str, object]], listeners: int) -> str:
        agreed = [
            {**row, "_reason": "random", "_margin": 1.0, "preference": "a", "rater": str(n)}
            for row in pairs
            for n in range(listeners)
        ]
        votes.write_text("".join(json.dumps(row) + "\n" for row in agreed))
        third = tmp_path / "third.jsonl"
        return suggest(
            CLIPS, "-o", third, "--votes", votes, "--same", same, "--target", "0.7", "--count", 1
        ).output

    assert "go on: agreement so far: 1.000 [0.395, 1.000]" in target(rows(second), 10)
    done = suggest(CLIPS, "-o", second, "--count", 60)
    assert "stop: agreement is above the target: 1.000 [0.803" in target(rows(second), 1)


@pytest.mark.usefixtures("cached")
def test_what_can_not_be_done(tmp_path: Path) -> None:
    out = tmp_path / "pairs.jsonl"
    assert suggest(CLIPS, "-o", tmp_path / "pairs.csv").exit_code == 2
    assert suggest(CLIPS, "-o", out, "--same", "(").exit_code == 2
    assert suggest(CLIPS, "-o", out, "--same", "x").exit_code == 2
    assert suggest(CLIPS, "-o", out, "--same", r"(.*)").exit_code == 2
    (tmp_path / "silent.wav").write_text("no sound")
    some = sorted(CLIPS.glob("fence-*"))
    done = suggest(*some, tmp_path / "silent.wav", "-o", out, "--count", 2)
    assert done.exit_code == 1
    assert "left out" in done.output
    assert len(rows(out)) == 2
    for target in ("0", "1", "1.7", "nan"):
        assert suggest(CLIPS, "-o", out, "--target", target).exit_code == 2
    asked = out.read_text()
    done = suggest(*some, "-o", out, "--votes", tmp_path / "x" / ".." / "pairs.jsonl")
    assert done.exit_code == 2
    assert "holds answers" in done.output
    assert out.read_text() == asked
    done = suggest("-", *some, "-o", out, stdin=some[0].read_bytes())
    assert done.exit_code == 2
    assert "clips must be files" in done.output


def test_a_name_that_can_not_be_written_is_found_before_measuring(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("rewardkit.workers.measure_files", lambda *_, **__: pytest.fail("measured"))
    name = os.fsdecode(os.fsencode(tmp_path) + b"/\xff.wav")
    try:
        Path(name).write_bytes(b"")
    except OSError:
        pytest.skip("names are UTF-8 on this file system")
    done = suggest(tmp_path, "-o", tmp_path / "pairs.jsonl")
    assert done.exit_code == 3
    assert "bad_encoding" in done.output


@pytest.mark.usefixtures("cached")
def test_the_target_is_for_answers_in_the_margins_dimension(tmp_path: Path) -> None:
    some = sorted(CLIPS.glob("fence-*")) + sorted(CLIPS.glob("keys-*"))
    votes, out = tmp_path / "votes.jsonl", tmp_path / "pairs.jsonl"

    def said(**others: object) -> str:
        answers = [
            {"audio_a": str(a), "audio_b": str(b), "preference": "a",
             "_reason": "random", "_margin": 1.0, **others, **more}
            for a, b in islice(combinations(some, 2), 20) for more in ({}, {"dimension": "prosody"})
        ]  # fmt: skip
        votes.write_text("".join(json.dumps(row) + "\n" for row in answers))
        done = suggest(*some, "-o", out, "--votes", votes, "--target", "0.7", "--count", 1)
        assert done.exit_code == 0, done.output
        return done.output

    # Forty answers, of which twenty are in the dimension that the margin is of.
    assert "go on: agreement so far: 1.000 [0.626, 1.000]" in said(_dimension="overall")
    (row,) = rows(out)
    assert row["_dimension"] == "overall"
    assert "go on: no answer to a random pair" in said()  # whose margin it is nobody knows
    assert "go on: no answer to a random pair" in said(_margin=0.0, _dimension="overall")


@pytest.mark.usefixtures("cached")
def test_random_pairs_of_one_batch_say_nothing_of_those_of_the_next(tmp_path: Path) -> None:
    votes, out = tmp_path / "votes.jsonl", tmp_path / "pairs.jsonl"
    votes.write_text("")
    names = sorted(path.name for path in CLIPS.glob("*.flac"))
    order = {frozenset(both): place for place, both in enumerate(combinations(names, 2))}
    batches = []
    for _ in range(2):
        given = ("--votes", votes) if batches else ()
        done = suggest(CLIPS, "-o", out, *given, "--explore", "1", "--count", 12)
        assert done.exit_code == 0, done.output
        asked = rows(out)
        both = [{Path(str(row[side])).name for side in ("audio_a", "audio_b")} for row in asked]
        batches.append(np.array([order[frozenset(pair)] for pair in both]))
        votes.write_text("".join(json.dumps({**row, "preference": "a"}) + "\n" for row in asked))
    # As many places apart as by chance, a third of all, and not next to each other.
    assert np.abs(batches[0] - batches[1]).mean() > len(order) / 6
