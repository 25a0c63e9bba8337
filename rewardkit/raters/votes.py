# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: Apache-2.0
"""Single votes of named raters, read from preference files row by row."""

from __future__ import annotations

import dataclasses
import math
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from rewardkit.errors import PreferenceError
from rewardkit.preferences import rows_csv, rows_jsonl
from rewardkit.preferences.issues import Issues
from rewardkit.preferences.parse import Parser
from rewardkit.preferences.read import FORMATS, LISTED, check_file
from rewardkit.preferences.record import Preference

SECONDS: Final = "_seconds"
"""The column of response times, in s, as `rewardkit annotate` writes it."""

MOST: Final = 1000
"""Votes of one rater that a single row may stand for."""

Unit = tuple[str, str, str]
"""What was judged: dimension, and both clips in the order of their names."""


@dataclass(frozen=True, slots=True)
class Vote:
    """One answer of one rater.

    Args:
        preference: As it stands in the file.
        rater: Who.
        unit: What was judged.
        answer: 1 when the unit's first clip was better, 0 when the second was, 0.5 for a tie.
        shown: `a`, `b` or `tie` as it was presented; None when the sides are not known.
        seconds: How long it took, in s; None when unknown.
    """

    preference: Preference
    rater: str
    unit: Unit
    answer: float
    shown: str | None
    seconds: float | None = None


@dataclass(frozen=True)
class Votes:
    """All votes of some files.

    Args:
        votes: In order; a row of counts stands there once for each of its judgements.
        preferences: All preferences, those that are no single votes too.
        left_out: Preferences that are no votes of a rater, by reason.
        own: The file's own columns (`_…`) of each preference; empty when there is no file.
    """

    votes: tuple[Vote, ...]
    preferences: tuple[Preference, ...]
    left_out: dict[str, int]
    own: tuple[dict[str, Any], ...] = ()

    @classmethod
    def of(cls, rows: Iterable[tuple[Preference, float | None]]) -> Votes:
        """Votes from preferences, each with its response time in s, or None.

        Example:
            >>> one = Preference("y.wav", "x.wav", 1.0, rater="anna")
            >>> (vote,) = Votes.of([(one, 2.5)]).votes
            >>> vote.unit, vote.answer, vote.shown
            (('overall', 'x.wav', 'y.wav'), 0.0, 'a')
        """
        votes: list[Vote] = []
        preferences: list[Preference] = []
        left: Counter[str] = Counter()
        for preference, seconds in rows:
            preferences.append(preference)
            counts = preference.counts
            if preference.rater is None:
                left["without a rater"] += 1
            elif counts is None:
                left["shares, not single votes"] += 1
            elif sum(counts) > MOST:
                left[f"more than {MOST} votes in one row"] += 1
            else:
                for shown, count in zip(("a", "b", "tie"), counts, strict=True):
                    votes += [_vote(preference, preference.rater, shown, seconds)] * count
        return cls(tuple(votes), tuple(preferences), dict(left))


def _vote(preference: Preference, rater: str, shown: str, seconds: float | None) -> Vote:
    turned = preference.a > preference.b
    low, high = sorted((preference.a, preference.b))
    answer = {"a": float(not turned), "b": float(turned), "tie": 0.5}[shown]
    side = shown if preference.side_known else None
    return Vote(preference, rater, (preference.dimension, low, high), answer, side, seconds)


def read_votes(paths: Iterable[str | Path]) -> Votes:
    """Read preference files as they are: unlike in `read`, repeated votes are not merged.

    Args:
        paths: `.jsonl`, `.csv` or `.parquet`; a column `_seconds` holds response times.

    Raises:
        PreferenceError: `invalid`, listing the first errors.
    """
    own: list[dict[str, Any]] = []

    def rows() -> Iterator[tuple[Preference, float | None]]:
        for path in paths:
            for preference, cells in _rows(Path(path)):
                own.append({name: cells[name] for name in cells if name.startswith("_")})
                yield preference, _seconds(cells)

    return dataclasses.replace(Votes.of(rows()), own=tuple(own))


def _rows(path: Path) -> Iterator[tuple[Preference, Mapping[str, Any]]]:
    file = check_file(path, FORMATS)
    read = FORMATS[file.suffix.lower()]
    parse = Parser(
        str(file.parent.absolute()),
        as_text=read is rows_csv.rows,
        check_names=read is rows_jsonl.rows,
    )
    issues = Issues(str(path))
    for line, cells in read(file, issues):
        if cells is None:
            continue
        preference, problems = parse(cells, line)
        for code, message in problems:
            issues.add(line, code, message)
        if preference is not None:
            yield preference, cells
    if len(issues):
        raise PreferenceError("invalid", f"{len(issues)} errors\n{issues.text(LISTED)}")


def _seconds(cells: Mapping[str, Any]) -> float | None:
    """A time that can be one, else None: the column is the user's own."""
    try:
        value = float(cells[SECONDS])
    except (KeyError, TypeError, ValueError):
        return None
    return value if 0 < value < math.inf else None
