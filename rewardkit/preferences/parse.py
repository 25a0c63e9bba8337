# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: Apache-2.0
"""From one row, as its file format gives it, to a `Preference` or to what is wrong with it."""

from __future__ import annotations

import math
import os
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any, Final

from rewardkit.preferences.columns import CHOSEN, COLUMNS, PAIR, VOTES, Problem, nearest, unknown
from rewardkit.preferences.issues import shown
from rewardkit.preferences.lines import LONGEST
from rewardkit.preferences.record import Preference

_ANSWERS: Final = {"a": (1.0, 0.0), "b": (0.0, 0.0), "tie": (0.5, 1.0)}
"""What each answer means as `win` and `tie`."""

_MOST_VOTES: Final = 1 << 53  # whole numbers are exact in a float up to here
_NEITHER: Final = "a row needs chosen and rejected, or audio_a and audio_b"


def resolve(folder: str, path: str) -> str:
    """A path of a preference file, made absolute by the file's folder.

    `.` and doubled slashes go; `..` stays, since what it means depends on symbolic links.

    Example:
        >>> resolve("/data", "./clips//x.wav")
        '/data/clips/x.wav'
    """
    joined = path if path.startswith("/") else f"{folder}/{path}"
    if os.sep == "/" and "//" not in joined and "/." not in joined and joined[-1] != "/":
        return joined  # clean already: a path object takes ten times as long
    return str(Path(folder, path))


class _Row:
    """Typed access to the cells of one row; what is wrong is collected, not raised."""

    def __init__(self, cells: Mapping[str, Any], as_text: bool) -> None:
        self.cells = {k: v for k, v in cells.items() if v is not None and v != ""}
        self.as_text = as_text
        self.problems: list[Problem] = []

    def bad(self, code: str, message: str) -> None:
        self.problems.append((code, message))

    def string(self, name: str) -> str | None:
        value = self.cells.get(name)
        if value is None:
            return None
        if not isinstance(value, str):
            self.bad("wrong_type", f"{name} is {shown(value)}; it must be a string")
            return None
        if len(value) > LONGEST:
            self.bad("line_too_long", f"{name} has {len(value)} characters; at most {LONGEST}")
            return None
        if not value.isascii() and not _is_unicode(value):
            self.bad("bad_encoding", f"{name} holds half a surrogate pair: {shown(value)}")
            return None
        if "\0" in value:
            self.bad("wrong_type", f"{name} holds a NUL character: {shown(value)}")
            return None
        return value

    def name(self, column: str) -> str | None:
        """A string, or a whole number that stands for one: raters are often numbered."""
        value = self.cells.get(column)
        if isinstance(value, int) and not isinstance(value, bool) and abs(value) < 1 << 63:
            return str(value)
        return self.string(column)

    def number(
        self, name: str, code: str, low: float, high: float, range_text: str
    ) -> float | None:
        value = self.cells.get(name)
        if value is None:
            return None
        number = to_float(value, self.as_text)
        if number is None:
            self.bad("wrong_type", f"{name} is {shown(value)}; it must be a number")
        elif not low <= number <= high or math.isinf(number):
            self.bad(code, f"{name} is {shown(value)}; it must be {range_text}")
        else:
            return number
        return None

    def count(self, name: str) -> int:
        value = self.cells.get(name)
        if value is None:
            return 0
        number = to_float(value, self.as_text)
        if number is None:
            self.bad("wrong_type", f"{name} is {shown(value)}; it must be a whole number")
        elif not 0 <= number <= _MOST_VOTES or number != int(number):
            self.bad("bad_votes", f"{name} is {shown(value)}; it must be a whole number ≥ 0")
        else:
            return int(number)
        return 0


class Parser:
    """Makes preferences of rows.

    Args:
        folder: The preference file's folder, to which paths are relative.
        dimensions: The dimensions that may occur; None for any.
        as_text: Whether numbers come as text, as they do from CSV.
        check_names: Whether each row may have names of its own, as in JSONL; else the header was
            checked.

    Example:
        >>> parse = Parser("/data")
        >>> preference, problems = parse({"chosen": "x.wav", "rejected": "y.wav"}, line=1)
        >>> preference.a, preference.win, problems
        ('/data/x.wav', 1.0, [])
        >>> parse({"chosen": "x.wav", "rejectd": "y.wav"}, line=2)
        (None, [('missing_column', "no rejected; did you mean it by 'rejectd'?")])
    """

    def __init__(
        self,
        folder: str,
        dimensions: Collection[str] | None = None,
        *,
        as_text: bool = False,
        check_names: bool = False,
    ) -> None:
        self.folder = folder
        self.dimensions = None if dimensions is None else frozenset(dimensions)
        self.as_text = as_text
        self.check_names = check_names

    def __call__(
        self, cells: Mapping[str, Any], line: int | None
    ) -> tuple[Preference | None, list[Problem]]:
        """Parse one row.

        Args:
            cells: Column names and values; None and "" are absent.
            line: The row's line, for the preference.

        Returns:
            The preference and no problem, or None and all that is wrong.
        """
        row = _Row(cells, self.as_text)
        if self.check_names:
            row.problems.extend(unknown(cells))
        paths, trl = self._paths(row)
        win, tie, votes = _chosen_answer(row) if trl else _answer(row)
        weight = row.number("weight", "bad_weight", 0.0, math.inf, "finite and ≥ 0")
        margin = row.number("margin", "out_of_range", 0.0, math.inf, "finite and ≥ 0")
        least = math.nextafter(0.0, 1.0)
        strength = row.number("strength", "out_of_range", least, math.inf, "finite and > 0")
        text = row.string("text")
        prompt = row.string("prompt")
        speaker, speaker_a, speaker_b = (
            row.name(column) for column in ("speaker", "speaker_a", "speaker_b")
        )
        if speaker is not None and (speaker_a or speaker_b):
            row.bad("conflicting_columns", "speaker excludes speaker_a and speaker_b")
        others: dict[str, Any] = {
            "dimension": self._dimension(row),
            "rater": row.name("rater"),
            "speaker": speaker,
            "text": text if text is not None else prompt,
            "system_a": row.name("system_a"),
            "system_b": row.name("system_b"),
            "margin": margin,
            "strength": strength,
            "language": row.string("language"),
            "line": line,
            "speaker_a": speaker_a,
            "speaker_b": speaker_b,
            "side_known": not trl,
        }
        if row.problems or paths is None:
            return None, row.problems
        weight = 1.0 if weight is None else weight
        if votes is not None:
            if not math.isfinite(weight * sum(votes)):
                return None, [("bad_weight", f"weight {weight} times the votes is not finite")]
            return Preference.from_votes(*paths, votes, weight, **others), []
        return Preference(*paths, win, weight=weight, tie=tie, **others), []

    def _paths(self, row: _Row) -> tuple[tuple[str, str] | None, bool]:
        """Both paths, and whether the row has TRL's form."""
        cells = row.cells
        is_trl = CHOSEN[0] in cells or CHOSEN[1] in cells
        is_pair = PAIR[0] in cells or PAIR[1] in cells
        if is_trl and is_pair:
            row.bad("conflicting_columns", f"{_NEITHER}, not both")
            return None, is_trl
        if not is_trl and not is_pair:
            near = "".join(nearest(name, CHOSEN + PAIR) for name in cells)
            row.bad("missing_column", f"{_NEITHER}{near}")
            return None, False
        columns = CHOSEN if is_trl else PAIR
        for column in columns:
            if column not in cells:
                row.bad("missing_column", f"no {column}{_meant(column, cells)}")
        a, b = (row.string(column) for column in columns)
        if a is None or b is None:
            return None, is_trl
        a, b = resolve(self.folder, a), resolve(self.folder, b)
        if a == b:
            row.bad("same_clip", f"{columns[0]} and {columns[1]} are both {shown(a)}")
            return None, is_trl
        return (a, b), is_trl

    def _dimension(self, row: _Row) -> str:
        name = row.string("dimension")
        if name is None:
            name = "overall"
        if self.dimensions is not None and name not in self.dimensions:
            known = ", ".join(sorted(self.dimensions))
            row.bad(
                "unknown_dimension",
                f"dimension {shown(name)}; asked for: {known}{nearest(name, self.dimensions)}",
            )
        return name


_Answer = tuple[float, float, "tuple[int, int, int] | None"]
"""An answer as `win` and `tie`, with the votes behind it if there were."""


def _chosen_answer(row: _Row) -> _Answer:
    """In TRL's form the columns of the pair are the answer."""
    clash = [name for name in ("preference", *VOTES, "win", "tie") if name in row.cells]
    if clash:
        row.bad("conflicting_columns", f"chosen and rejected are the answer; drop {clash[0]}")
    return 1.0, 0.0, None


def _answer(row: _Row) -> _Answer:
    """The answer of the two-sided form."""
    cells = row.cells
    by_votes = any(name in cells for name in VOTES)
    given = [name for name in ("preference", "win") if name in cells] + ["votes"] * by_votes
    if len(given) > 1:
        row.bad("conflicting_columns", f"{' and '.join(given)} are given; keep one")
    elif "tie" in cells and given != ["win"]:
        row.bad("conflicting_columns", "tie goes with win only; preference and votes say it")
    elif not given:
        near = "".join(_meant(name, cells) for name in ("preference", "votes_a", "win"))
        row.bad("missing_column", f"no answer: preference, votes_a and votes_b, or win{near}")
    elif by_votes:
        return _votes(row)
    elif given == ["win"]:
        return _share(row)
    else:
        return (*_preference(row), None)
    return 0.5, 0.0, None


def _share(row: _Row) -> _Answer:
    win = row.number("win", "out_of_range", 0.0, 1.0, "in 0 … 1") or 0.0
    tie = row.number("tie", "out_of_range", 0.0, 1.0, "in 0 … 1") or 0.0
    if tie / 2 > min(win, 1.0 - win) + 1e-9 and not row.problems:
        row.bad("out_of_range", f"tie is {tie}; win, {win}, holds half of it, as does 1 - win")
    return win, tie, None


def _votes(row: _Row) -> _Answer:
    for name in VOTES[:2]:
        if name not in row.cells:
            row.bad("missing_column", f"no {name}{_meant(name, row.cells)}")
    before = len(row.problems)
    votes = (row.count("votes_a"), row.count("votes_b"), row.count("votes_tie"))
    if len(row.problems) == before and not any(votes):
        row.bad("bad_votes", "all votes are 0")
    return 0.5, 0.0, votes


def _preference(row: _Row) -> tuple[float, float]:
    answer = row.string("preference")
    if answer is not None and answer not in _ANSWERS:
        row.bad(
            "out_of_range",
            f"preference is {shown(answer)}; it must be a, b or tie{nearest(answer, _ANSWERS)}",
        )
    return _ANSWERS.get(answer or "", (0.5, 1.0))


def _meant(column: str, cells: Mapping[str, Any]) -> str:
    """The hint when a column is absent but one of a similar name is there."""
    hint = nearest(column, [name for name in cells if name not in COLUMNS])
    return hint.replace("did you mean", "did you mean it by")


def to_float(value: object, as_text: bool) -> float | None:
    """A number as a float; None when the value is none.

    Args:
        value: Of a cell.
        as_text: Whether numbers are written as text.
    """
    if isinstance(value, bool) or not isinstance(value, str if as_text else (int, float)):
        return None
    if isinstance(value, str) and "_" in value:  # Python's digit grouping, nobody else's
        return None
    try:
        return float(value)
    except ValueError:
        return None
    except OverflowError:  # a whole number beyond the range of floats
        return math.inf


def _is_unicode(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
