# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: Apache-2.0
"""What an organiser sees while a study runs: progress, agreement, and each rater's work."""

from __future__ import annotations

import sqlite3
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from statistics import median
from typing import Any, Final

from rewardkit.annotate.chooser import Judgement
from rewardkit.annotate.judgements import judgements
from rewardkit.annotate.study import Study
from rewardkit.preferences.agreement import NominalAlpha

_VALUES: Final = (1.0, 0.0, 0.5)
_FLAGS: Final = """
SELECT kind, subject, reason, CASE kind
    WHEN 'rater' THEN (SELECT name FROM rater WHERE id = subject)
    WHEN 'clip' THEN (SELECT path FROM clip WHERE id = subject)
    ELSE (SELECT one.path || ' and ' || other.path FROM pair
          JOIN clip AS one ON one.id = a JOIN clip AS other ON other.id = b
          WHERE pair.id = subject)
END AS name
FROM flag ORDER BY number
"""


@dataclass(frozen=True)
class RaterSummary:
    """One rater's work.

    Args:
        name: Who.
        answers: Pairs answered.
        skipped: Pairs passed over.
        broken: Pairs reported as broken.
        undone: Votes taken back.
        seconds: Median time to an answer; None before the first.
        side_a: Share of side A among answers that are no ties; 1/2 if the sides say nothing.
        ties: Share of ties.
        golden: Known answers given, and asked for.
        repeats: Answers that were the same when a pair came again, and how many came.
        flags: What is held against the rater.
        last: Unix time of the last vote.
    """

    name: str
    answers: int
    skipped: int
    broken: int
    undone: int
    seconds: float | None
    side_a: float | None
    ties: float | None
    golden: tuple[int, int]
    repeats: tuple[int, int]
    flags: tuple[str, ...]
    last: float | None


def summary(study: Study) -> dict[str, Any]:
    """The state of a study, ready for JSON: counts, agreement by dimension, raters, flags."""
    given = judgements(study)
    votes = study.db.read(
        "SELECT p.rater, p.pair, p.kind, vote.action, vote.made, vote.seconds, "
        "standing.number IS NOT NULL AS stands "
        "FROM vote JOIN presentation AS p ON p.number = vote.presentation "
        "LEFT JOIN standing ON standing.number = vote.number"
    )
    sides = study.db.read(
        "SELECT p.rater, answer.choice FROM standing JOIN answer ON answer.vote = standing.number "
        "JOIN presentation AS p ON p.number = standing.presentation"
    )
    flags = study.db.read(_FLAGS)
    wanted = study.settings.votes_per_pair
    pairs = study.db.read("SELECT id FROM pair WHERE id NOT IN (SELECT pair FROM golden)")
    fresh = Counter(
        row["pair"]
        for row in votes
        if row["stands"] and row["action"] == "answer" and row["kind"] == "fresh"
    )
    return {
        "title": study.settings.title,
        "dimensions": study.settings.dimensions,
        "pairs": len(pairs),
        "finished": sum(fresh[row["id"]] >= wanted for row in pairs),
        "answers": sum(fresh.values()),
        "wanted": wanted * len(pairs),
        "golden_pairs": len(study.db.read("SELECT DISTINCT pair FROM golden")),
        "sides": dict(Counter(row["choice"] for row in sides)),
        "agreement": [_agreement(name, given) for name in study.settings.dimensions],
        "raters": [
            asdict(_rater(rater.id, rater.name, votes, sides, given, flags))
            for rater in study.raters()
        ],
        "flags": [f"{row['name']}: {row['reason']}" for row in flags],
    }


def _agreement(dimension: str, given: Sequence[Judgement]) -> dict[str, Any]:
    """Krippendorff's alpha over pairs that several raters judged; repeats and golden left out."""
    counts: defaultdict[int, Counter[float]] = defaultdict(Counter)
    for judgement in given:
        if judgement.dimension == dimension and judgement.kind == "fresh":
            counts[judgement.pair][judgement.win] += 1
    alpha = NominalAlpha(len(_VALUES), exchangeable=True)
    for tally in counts.values():
        alpha.add([tally[value] for value in _VALUES])
    return {"dimension": dimension, **asdict(alpha.result())}


def _rater(
    number: int,
    name: str,
    votes: Sequence[sqlite3.Row],
    sides: Sequence[sqlite3.Row],
    given: Sequence[Judgement],
    flags: Sequence[sqlite3.Row],
) -> RaterSummary:
    own = [row for row in votes if row["rater"] == number]
    standing = [row for row in own if row["stands"]]
    actions = Counter(row["action"] for row in standing)
    times = [
        row["seconds"]
        for row in standing
        if row["action"] == "answer" and row["seconds"] is not None
    ]
    choices = Counter(row["choice"] for row in sides if row["rater"] == number)
    clear, total = choices["a"] + choices["b"], sum(choices.values())
    mine = [judgement for judgement in given if judgement.rater == name]
    golden = [j for j in mine if j.expected is not None]
    first = {(j.pair, j.dimension): j.win for j in mine if j.kind == "fresh"}
    again = [(j, first.get((j.pair, j.dimension))) for j in mine if j.kind == "repeat"]
    compared = [(j.win, before) for j, before in again if before is not None]
    return RaterSummary(
        name,
        actions["answer"],
        actions["skip"],
        actions["broken"],
        sum(row["action"] == "undo" for row in own),
        median(times) if times else None,
        choices["a"] / clear if clear else None,
        choices["tie"] / total if total else None,
        (sum(j.win == j.expected for j in golden), len(golden)),
        (sum(now == before for now, before in compared), len(compared)),
        tuple(
            row["reason"] for row in flags if row["kind"] == "rater" and row["subject"] == number
        ),
        max((row["made"] for row in own), default=None),
    )
