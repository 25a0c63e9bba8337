# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: Apache-2.0
"""Votes: each kept once, none lost, none changed."""

from __future__ import annotations

import dataclasses
import sqlite3
import threading
import time
from pathlib import Path
from typing import Any

import httpx
import pytest

from rewardkit.annotate import Settings, Study, StudyError, judgements, summary
from rewardkit.annotate.listening import Listening
from rewardkit.annotate.votes import Answer, Vote, count, last, record, undo
from tests.annotate import made


def shown_to(study: Study, name: str = "anna") -> Any:
    shown = Listening(study).next(made.rater(study, name))
    assert shown is not None
    return shown


def test_a_vote_sent_twice_is_one_vote(tmp_path: Path) -> None:
    study = made.study(tmp_path)
    anna, shown = made.rater(study), shown_to(study)
    name = made.answer(study, anna, shown, "b")
    made.answer(study, anna, shown, "b", name=name)
    assert count(study, anna) == 1
    with pytest.raises(StudyError, match="conflicting_id"):
        made.answer(study, anna, shown, "a", name=name)
    with pytest.raises(StudyError, match="already_answered"):
        made.answer(study, anna, shown, "b")
    assert [j.dimension for j in judgements(study)] == ["overall"]


def test_a_vote_sent_again_is_known_whatever_the_settings_are_now(tmp_path: Path) -> None:
    study = made.study(tmp_path, heard=0.5)
    anna, shown = made.rater(study), shown_to(study)
    vote = Vote(made.new_id(), shown.id, "answer", (Answer("overall", "a", 1),), 1.0, (0.6, 0.6))
    record(study, anna, vote)
    study.change(Settings(heard=0.9, strength=False))
    record(study, anna, vote)
    assert count(study, anna) == 1
    with pytest.raises(StudyError, match="bad_answer"):
        record(study, anna, dataclasses.replace(vote, id=made.new_id()))


def test_a_report_that_is_undone_is_held_against_nothing(tmp_path: Path) -> None:
    study = made.study(tmp_path, raters="anna,ben", votes_per_pair=2)
    for name in ("anna", "ben"):
        shown = shown_to(study, name)
        record(study, made.rater(study, name), Vote(f"broken-by-{name}-00000", shown.id, "broken"))
    assert len(summary(study)["flags"]) == 2
    anna = made.rater(study)
    undo(study, anna, made.new_id(), "broken-by-anna-00000")
    (flag,) = summary(study)["flags"]
    assert flag.endswith("broken sound, says ben")
    record(study, anna, Vote(made.new_id(), shown_to(study).id, "broken"))
    assert len(summary(study)["flags"]) == 2


def test_undo_is_a_row_of_its_own_and_brings_the_pair_back(tmp_path: Path) -> None:
    study = made.study(tmp_path)
    anna, listening = made.rater(study), Listening(study)
    first = listening.next(anna)
    assert first is not None
    one = made.answer(study, anna, first, "a")
    second = listening.next(anna)
    assert second is not None
    assert second.id != first.id
    undo(study, anna, "undo-0000000000000001", one)
    undo(study, anna, "undo-0000000000000001", one)  # sent again
    back = listening.next(anna)
    assert back is not None
    assert (back.id, back.left, back.heard) == (first.id, first.left, (1.0, 1.0))
    assert judgements(study) == []
    with pytest.raises(StudyError, match="already_undone"):
        undo(study, anna, "undo-0000000000000002", one)
    made.answer(study, anna, back, "b")
    again = listening.next(anna)
    assert again is not None
    assert again.id == second.id  # what was open stays open
    assert [row["action"] for row in study.db.read("SELECT action FROM vote")] == [
        "answer",
        "undo",
        "answer",
    ]
    assert summary(study)["raters"][0]["undone"] == 1


def test_undo_goes_back_one_vote_at_a_time(tmp_path: Path) -> None:
    study = made.study(tmp_path)
    anna = made.rater(study)
    given = [made.answer(study, anna, shown_to(study)) for _ in range(3)]
    for vote in reversed(given):
        assert last(study, anna) == vote
        undo(study, anna, made.new_id(), vote)
    assert last(study, anna) is None


def test_votes_can_be_neither_changed_nor_deleted(tmp_path: Path) -> None:
    study = made.study(tmp_path)
    made.answer(study, made.rater(study), shown_to(study))
    study.close()
    db = sqlite3.connect(tmp_path / "study.sqlite")
    for sql in (
        "DELETE FROM vote",
        "UPDATE vote SET action = 'skip'",
        "DELETE FROM answer",
        "UPDATE answer SET choice = 'tie'",
    ):
        with pytest.raises(sqlite3.IntegrityError, match="only ever added"):
            db.execute(sql)
    db.close()


def test_an_answer_must_fit_the_questions(tmp_path: Path) -> None:
    study = made.study(tmp_path, questions={"overall": "Which?", "prosody": "Whose melody?"})
    anna, shown = made.rater(study), shown_to(study)
    both = (Answer("overall", "a", 1), Answer("prosody", "tie"))
    bad = [
        both[:1],
        (*both, Answer("warmth", "a", 1)),
        (both[0], both[0]),
        (Answer("overall", "a"), both[1]),
        (both[0], Answer("prosody", "tie", 1)),
    ]
    for answers in bad:
        with pytest.raises(StudyError, match="bad_answer"):
            record(study, anna, Vote(made.new_id(), shown.id, "answer", answers, 1, (1, 1)))
    with pytest.raises(StudyError, match="bad_answer"):
        record(study, anna, Vote(made.new_id(), shown.id, "skip", both))
    with pytest.raises(StudyError, match="not_heard"):
        record(study, anna, Vote(made.new_id(), shown.id, "answer", both, 1, (1, 0.5)))
    record(study, anna, Vote(made.new_id(), shown.id, "answer", both, 1, (0.8, 0.8)))
    assert [(j.dimension, j.strength) for j in judgements(study)] == [
        ("overall", 1),
        ("prosody", None),
    ]


def test_nobody_answers_for_another(tmp_path: Path) -> None:
    study = made.study(tmp_path, raters="anna,ben")
    shown = shown_to(study, "anna")
    with pytest.raises(StudyError, match="unknown_presentation"):
        made.answer(study, made.rater(study, "ben"), shown)
    vote = made.answer(study, made.rater(study, "anna"), shown)
    with pytest.raises(StudyError, match="unknown_vote"):
        undo(study, made.rater(study, "ben"), made.new_id(), vote)


def test_a_full_disk_loses_nothing_that_was_acknowledged(tmp_path: Path) -> None:
    study = made.study(tmp_path, clips=12)
    anna, listening = made.rater(study), Listening(study)
    pages = study.db.one("PRAGMA page_count")
    assert pages is not None
    study.db.read(f"PRAGMA max_page_count = {pages[0] + 3}")
    kept: list[str] = []
    waiting = None
    try:
        while len(kept) < 60:
            waiting = listening.next(anna)
            assert waiting is not None
            kept.append(made.answer(study, anna, waiting))
    except StudyError as error:
        assert (error.code, error.status) == ("not_saved", 507)
    assert 0 < len(kept) < 60
    assert count(study, anna) == len(kept)
    study.db.read("PRAGMA max_page_count = 100000")  # somebody made room
    shown = listening.next(anna)
    assert shown is not None
    made.answer(study, anna, shown)
    assert count(study, anna) == len(kept) + 1
    assert study.db.read("PRAGMA integrity_check")[0][0] == "ok"


def test_a_killed_server_loses_nothing_that_was_acknowledged(tmp_path: Path) -> None:
    """Two raters at once, as fast as they can, while the server is killed under them."""
    study = made.study(tmp_path, clips=25, raters="anna,ben", votes_per_pair=2)
    tokens = [rater.token for rater in study.raters()]
    study.close()
    server = made.Server(tmp_path / "study.sqlite")
    sent: list[dict[str, Any]] = []
    acknowledged: list[str] = []

    def judge(token: str) -> None:
        headers = {"Authorization": f"Bearer {token}"}
        with httpx.Client(base_url=server.base, headers=headers, timeout=30) as http:
            try:
                while True:
                    shown = http.post("/api/next", json={}).json()["presentation"]
                    vote = {
                        "id": made.new_id(),
                        "presentation": shown["id"],
                        "action": "answer",
                        "answers": [{"dimension": "overall", "choice": "a", "strength": 2}],
                        "heard": [1, 1],
                    }
                    sent.append({"token": token, "vote": vote})
                    http.post("/api/votes", json=vote).raise_for_status()
                    acknowledged.append(vote["id"])
            except httpx.TransportError:
                return

    threads = [threading.Thread(target=judge, args=(token,)) for token in tokens]
    for thread in threads:
        thread.start()
    deadline = time.monotonic() + 30
    while len(acknowledged) < 40 and time.monotonic() < deadline:
        time.sleep(0.01)
    server.kill()
    for thread in threads:
        thread.join()
    assert len(acknowledged) >= 40
    study = Study.open(tmp_path / "study.sqlite")
    stored = {row["id"] for row in study.db.read("SELECT id FROM vote")}
    assert set(acknowledged) <= stored
    # Browsers send again what was not acknowledged, and may send what was.
    for item in sent:
        with made.client(study, item["token"]) as http:
            assert http.post("/api/votes", json=item["vote"]).status_code == 200
    assert sum(count(study, rater) for rater in study.raters()) == len(sent)
    study.close()
