# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: Apache-2.0
"""Reading files of dialogues: one turn a line."""

from __future__ import annotations

import math
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from rewardkit.dialogue.errors import DialogueError
from rewardkit.dialogue.record import Dialogue, Turn, first_early
from rewardkit.errors import PreferenceError
from rewardkit.preferences.columns import nearest
from rewardkit.preferences.issues import Issues, shown
from rewardkit.preferences.parse import resolve
from rewardkit.preferences.read import LISTED, check_file
from rewardkit.preferences.rows_jsonl import rows

COLUMNS: Final = ("speaker", "audio", "text", "start", "end", "dialogue")
"""What a line may name; `speaker` and `audio` are needed."""

_SUFFIXES: Final = {".jsonl": None, ".ndjson": None}


def read(path: str | Path) -> tuple[Dialogue, ...]:
    """Read all dialogues of a file and check them, but for what is inside the sound files.

    Each line is a JSON object, a turn: `speaker`, `audio` (a path, relative to the file), and
    where they are known `text`, `start` and `end` (seconds). With `dialogue`, a name or a whole
    number, one file holds several dialogues; then each line has it, and lines of different
    dialogues may be mixed.

    Args:
        path: A `.jsonl` file.

    Returns:
        The dialogues in the order of their first turns; a single one without a name is called by
        the file's.

    Raises:
        DialogueError: `not_a_file` or `unknown_format` when there is nothing to read; `invalid`,
            listing the first errors, each with its line and code, and how many there are.
    """
    try:
        file = check_file(Path(path), _SUFFIXES)
    except PreferenceError as error:
        raise DialogueError(error.code, error.message) from error
    issues = Issues(str(path))
    folder = str(file.parent.absolute())
    turns: dict[str | None, list[Turn]] = {}
    lines: dict[str | None, list[int]] = {}
    for line, cells in rows(file, issues):
        before = len(issues)
        turn = None if cells is None else _turn(cells, folder, line, issues)
        name = None if cells is None else _dialogue(cells, line, issues)
        if turn is not None and len(issues) == before:
            turns.setdefault(name, []).append(turn)
            lines.setdefault(name, []).append(line)
    if None in turns and len(turns) > 1:
        issues.add(
            lines[None][0], "missing_column", "no dialogue, which other lines name; all do or none"
        )
    if not turns and not len(issues):
        issues.add(None, "empty", "there is no turn in the file")
    dialogues = []
    whole = not len(issues)  # without the turns that were lost, a dialogue looks wrong itself
    for name, said in turns.items() if whole else ():
        try:
            dialogues.append(Dialogue.of(said, file.stem if name is None else name))
        except DialogueError as error:
            issues.add(lines[name][first_early(said) or 0], error.code, error.message)
    if len(issues):
        raise DialogueError("invalid", f"{len(issues)} errors\n{issues.text(LISTED)}")
    return tuple(dialogues)


def _turn(cells: Mapping[str, Any], folder: str, line: int, issues: Issues) -> Turn | None:
    """The turn of one line; None, and issues, when something is wrong with it."""
    before = len(issues)
    for name in cells:
        if name not in COLUMNS and not name.startswith("_"):
            message = f"{shown(name)} is not known here{nearest(name, COLUMNS)}"
            issues.add(line, "unknown_column", message)
    speaker = _name(cells, "speaker", line, issues)
    audio = _string(cells, "audio", line, issues)
    for name, value in (("speaker", speaker), ("audio", audio)):
        if value is None and cells.get(name) in (None, ""):
            issues.add(line, "missing_column", f"no {name}; a turn has speaker and audio")
    text = _string(cells, "text", line, issues)
    start, end = (_time(cells, name, line, issues) for name in ("start", "end"))
    if end is not None and cells.get("start") is None:
        issues.add(line, "bad_time", f"end is {end} s and there is no start")
    if start is not None and end is not None and end <= start:
        issues.add(line, "bad_time", f"start is {start} s, end {end} s; the end comes after")
    path = "" if audio is None else resolve(folder, audio)
    if path and not os.path.isfile(path):  # noqa: PTH113  # Path.is_file raises on long names
        issues.add(line, "missing_clip", f"{shown(path)} is not a file")
    if len(issues) > before or speaker is None:
        return None
    return Turn(speaker, path, text, start, end)


def _dialogue(cells: Mapping[str, Any], line: int, issues: Issues) -> str | None:
    return _name(cells, "dialogue", line, issues)


def _string(cells: Mapping[str, Any], name: str, line: int, issues: Issues) -> str | None:
    """A string that could be a path or a name; None when absent, empty or (an issue) wrong."""
    value = cells.get(name)
    if value is None or value == "":
        return None
    if not isinstance(value, str) or "\0" in value:
        issues.add(line, "wrong_type", f"{name} is {shown(value)}; it must be a string")
        return None
    if any("\ud800" <= character <= "\udfff" for character in value):
        message = f"{name} holds half a surrogate pair: {shown(value)}"
        issues.add(line, "bad_encoding", message)
        return None
    return value


def _name(cells: Mapping[str, Any], name: str, line: int, issues: Issues) -> str | None:
    """A string, or a whole number that stands for one."""
    value = cells.get(name)
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    return _string(cells, name, line, issues)


def _time(cells: Mapping[str, Any], name: str, line: int, issues: Issues) -> float | None:
    """Seconds; None when absent or (an issue) not a finite number."""
    value = cells.get(name)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        issues.add(line, "wrong_type", f"{name} is {shown(value)}; it must be a number")
        return None
    try:
        time = float(value)
    except OverflowError:  # a whole number beyond the range of floats
        time = math.inf
    if not math.isfinite(time):
        issues.add(line, "bad_time", f"{name} is {shown(value)}; it must be finite, in s")
        return None
    return time
