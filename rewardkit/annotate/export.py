# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: Apache-2.0
"""A study's answers as the preference file that `rewardkit train` reads."""

from __future__ import annotations

import io
import json
import sqlite3
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, TextIO

from rewardkit.annotate.errors import StudyError
from rewardkit.annotate.study import Study
from rewardkit.files import replace
from rewardkit.preferences.record import Preference
from rewardkit.preferences.write import to_row

_QUERY: Final = """
SELECT p.id AS presentation, p.swapped, p.kind, p.propensity, p.reason, standing.action,
       standing.seconds, answer.dimension, answer.choice, answer.strength,
       rater.name AS rater, pair.*, one.path AS a_path, other.path AS b_path,
       (SELECT group_concat(flag.reason, '; ') FROM flag
        WHERE flag.kind = 'rater' AND flag.subject = rater.id) AS held
FROM standing
JOIN presentation AS p ON p.number = standing.presentation
JOIN rater ON rater.id = p.rater
JOIN pair ON pair.id = p.pair
JOIN clip AS one ON one.id = pair.a
JOIN clip AS other ON other.id = pair.b
LEFT JOIN answer ON answer.vote = standing.number
ORDER BY standing.number, answer.dimension
"""
_NOWHERE: Final = Path("/-")  # no clip lies below it: paths are written in full
_WINS: Final = {"a": (1.0, 0.0), "b": (0.0, 0.0), "tie": (0.5, 1.0)}


@dataclass(frozen=True)
class Exported:
    """What an export holds, and what it does not.

    Args:
        rows: Answers written.
        left_out: How many standing answers, skips and reports were not, by reason: `golden`,
            `repeat`, `flagged`, `skip`, `broken`.
    """

    rows: int
    left_out: dict[str, int]


def export(study: Study, path: Path, *, everything: bool = False) -> Exported:
    """Write the answers that stand to a preference file; at any moment it is the old or the new.

    Side a is the clip that was side A, so that a preference for a side shows. Beside the columns
    that `train` reads stand `_kind`, `_propensity`, `_reason` and `_seconds`, and `_flags` for a
    rater that something is held against.

    Args:
        study: The study.
        path: A `.jsonl` file; clips below its folder are named relative to it.
        everything: Also golden pairs, repeated pairs and raters that are flagged.

    Raises:
        StudyError: `no_answers` when there is nothing to write.
    """
    text = io.StringIO()
    exported = write_rows(study, text, folder=path.parent.absolute(), everything=everything)
    replace(path, text.getvalue().encode())
    return exported


def write_rows(
    study: Study, text: TextIO, *, folder: Path | None = None, everything: bool = False
) -> Exported:
    """Write the rows of `export` to an open file, paths relative to `folder`, or in full.

    Raises:
        StudyError: `no_answers` when there is nothing to write.
    """
    left_out: Counter[str] = Counter()
    rows = 0
    for why, row in _rows(study, folder, everything):
        if row is None:
            left_out[why] += 1
        else:
            rows += 1
            text.write(json.dumps(row, ensure_ascii=False, allow_nan=False) + "\n")
    if not rows:
        raise StudyError("no_answers", f"no answers to export{_listed(left_out)}")
    return Exported(rows, dict(left_out))


def _listed(left_out: Counter[str]) -> str:
    text = ", ".join(f"{count} {why}" for why, count in sorted(left_out.items()))
    return f"; left out: {text}" if text else ""


def _rows(
    study: Study, folder: Path | None, everything: bool
) -> Iterator[tuple[str, dict[str, Any] | None]]:
    """Each standing answer as a row, or why it is none."""
    for row in study.db.read(_QUERY):
        if row["action"] != "answer":
            yield row["action"], None
        elif row["kind"] != "fresh" and not everything:
            yield row["kind"], None
        elif row["held"] is not None and not everything:
            yield "flagged", None
        else:
            extra = {
                "_kind": row["kind"],
                "_propensity": row["propensity"],
                "_reason": row["reason"],
                "_seconds": row["seconds"],
                "_flags": row["held"],
            }
            kept = {name: value for name, value in extra.items() if value is not None}
            yield "", {**to_row(_preference(row), folder or _NOWHERE), **kept}


def _preference(row: sqlite3.Row) -> Preference:
    """The answer with side A as a."""
    win, tie = _WINS[row["choice"]]
    ends = ("b", "a") if row["swapped"] else ("a", "b")
    speakers = [row[f"speaker_{end}"] for end in ends]
    one_speaker = speakers[0] == speakers[1]
    return Preference(
        row[f"{ends[0]}_path"],
        row[f"{ends[1]}_path"],
        win,
        dimension=row["dimension"],
        rater=row["rater"],
        tie=tie,
        strength=row["strength"],
        text=row["text"],
        language=row["language"],
        speaker=speakers[0] if one_speaker else None,
        speaker_a=None if one_speaker else speakers[0],
        speaker_b=None if one_speaker else speakers[1],
        system_a=row[f"system_{ends[0]}"],
        system_b=row[f"system_{ends[1]}"],
    )
