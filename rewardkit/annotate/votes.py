# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: Apache-2.0
"""Keeping votes: each once, on disk before it is acknowledged, and never changed."""

from __future__ import annotations

import dataclasses
import json
import sqlite3
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal

from rewardkit.annotate.errors import StudyError
from rewardkit.annotate.study import Rater, Study

Action = Literal["answer", "skip", "broken"]

_ROUNDING: Final = 0.02  # by so much may less have been heard: browsers count in frames


@dataclass(frozen=True, slots=True)
class Answer:
    """To one question.

    Args:
        dimension: What was asked.
        choice: `a` or `b`, the sides as shown, or `tie`.
        strength: 1 = slightly, 2 = clearly; None for a tie, or where it is not asked.
    """

    dimension: str
    choice: Literal["a", "b", "tie"]
    strength: int | None = None


@dataclass(frozen=True, slots=True)
class Vote:
    """What a rater did with a presentation.

    Args:
        id: Made by the rater's browser, unique.
        presentation: Its random name.
        action: `answer`; `skip`, without an answer; `broken`, the sound is broken.
        answers: One for each question, when the action is `answer`.
        seconds: From the pair being shown.
        heard: Shares of A and of B that were played.
    """

    id: str
    presentation: str
    action: Action
    answers: tuple[Answer, ...] = ()
    seconds: float | None = None
    heard: tuple[float, float] = (0.0, 0.0)


def record(study: Study, rater: Rater, vote: Vote, session: str | None = None) -> None:
    """Keep a vote; when this returns, it is on disk. The same vote sent again is kept once.

    Raises:
        StudyError: `unknown_presentation`, `bad_answer`, `not_heard`, `already_answered`,
            `conflicting_id`, or `not_saved`, after which the vote may be sent again.
    """
    body = json.dumps(dataclasses.asdict(vote), sort_keys=True)
    with study.db.write() as write:
        shown = write.execute(
            "SELECT number, pair FROM presentation WHERE id = ? AND rater = ?",
            (vote.presentation, rater.id),
        ).fetchone()
        if shown is None:
            raise StudyError("unknown_presentation", "this pair was not shown to you")
        if _is_known(write, vote.id, body):
            return
        _check(study, vote)
        if write.execute(
            "SELECT 1 FROM standing WHERE presentation = ?", (shown["number"],)
        ).fetchone():
            raise StudyError("already_answered", "this pair has been answered already")
        number = write.execute(
            "INSERT INTO vote (id, presentation, action, session, body, made, seconds, heard_a, "
            "heard_b) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (vote.id, shown["number"], vote.action, session, body, time.time(), vote.seconds,
             *vote.heard),
        ).lastrowid  # fmt: skip
        write.executemany(
            "INSERT INTO answer VALUES (?, ?, ?, ?)",
            [(number, a.dimension, a.choice, a.strength) for a in vote.answers],
        )
        if vote.action == "broken":
            write.execute(
                "INSERT OR IGNORE INTO flag (kind, subject, reason, made) VALUES ('pair', ?, ?, ?)",
                (shown["pair"], _broken(rater), time.time()),
            )


def undo(study: Study, rater: Rater, vote: str, undoes: str, session: str | None = None) -> None:
    """Take back a vote: its presentation waits for an answer again. Both rows are kept.

    What a report of broken sound holds against the pair goes with it.

    Args:
        study: The study.
        rater: Whose vote it is.
        vote: Id of the undoing, made by the browser.
        undoes: Id of the vote to take back.
        session: The page that asks.

    Raises:
        StudyError: `unknown_vote`, `already_undone`, `conflicting_id`, or `not_saved`.
    """
    body = json.dumps({"id": vote, "undoes": undoes}, sort_keys=True)
    with study.db.write() as write:
        if _is_known(write, vote, body):
            return
        row = write.execute(
            "SELECT vote.number, vote.presentation, vote.action, pair FROM vote "
            "JOIN presentation ON presentation.number = vote.presentation "
            "WHERE vote.id = ? AND presentation.rater = ? AND action != 'undo'",
            (undoes, rater.id),
        ).fetchone()
        if row is None:
            raise StudyError("unknown_vote", "there is no such vote of yours")
        if write.execute("SELECT 1 FROM vote WHERE undoes = ?", (row["number"],)).fetchone():
            raise StudyError("already_undone", "this vote has been taken back already")
        write.execute(
            "INSERT INTO vote (id, presentation, action, undoes, session, body, made) "
            "VALUES (?, ?, 'undo', ?, ?, ?, ?)",
            (vote, row["presentation"], row["number"], session, body, time.time()),
        )
        if row["action"] == "broken":
            write.execute(
                "DELETE FROM flag WHERE kind = 'pair' AND subject = ? AND reason = ?",
                (row["pair"], _broken(rater)),
            )


def _broken(rater: Rater) -> str:
    """What is held against a pair that a rater reports as broken."""
    return f"broken sound, says {rater.name}"


def last(study: Study, rater: Rater) -> str | None:
    """The id of the rater's last vote that stands, which an undo would take back."""
    row = study.db.one(
        "SELECT standing.id FROM standing "
        "JOIN presentation ON presentation.number = standing.presentation "
        "WHERE presentation.rater = ? ORDER BY standing.number DESC LIMIT 1",
        (rater.id,),
    )
    return None if row is None else str(row["id"])


def count(study: Study, rater: Rater) -> int:
    """How many answers of a rater stand."""
    row = study.db.one(
        "SELECT COUNT(*) AS votes FROM standing "
        "JOIN presentation ON presentation.number = standing.presentation "
        "WHERE presentation.rater = ? AND action = 'answer'",
        (rater.id,),
    )
    return int(row["votes"]) if row is not None else 0


def _is_known(write: sqlite3.Connection, vote: str, body: str) -> bool:
    row = write.execute("SELECT body FROM vote WHERE id = ?", (vote,)).fetchone()
    if row is None:
        return False
    if row["body"] != body:
        raise StudyError("conflicting_id", "another vote has this id")
    return True


def _check(study: Study, vote: Vote) -> None:
    settings = study.settings
    if vote.action != "answer":
        if vote.answers:
            raise StudyError("bad_answer", f"{vote.action} goes without answers")
        return
    _check_answers(vote.answers, settings.dimensions, settings.strength)
    if min(vote.heard) < settings.heard - _ROUNDING:
        raise StudyError("not_heard", f"hear at least {settings.heard:.0%} of each clip first")


def _check_answers(answers: Sequence[Answer], dimensions: Sequence[str], strength: bool) -> None:
    if sorted(answer.dimension for answer in answers) != sorted(dimensions):
        raise StudyError("bad_answer", f"one answer each is wanted for {', '.join(dimensions)}")
    for answer in answers:
        if (answer.strength is not None) != (strength and answer.choice != "tie"):
            raise StudyError(
                "bad_answer", "an answer says how clear it is if that is asked, a tie never does"
            )
