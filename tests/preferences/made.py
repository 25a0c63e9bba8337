# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: Apache-2.0
"""Preference files made on the spot, and clips that exist only in the mind of a probe."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rewardkit.errors import AudioError
from rewardkit.preferences import PREFERENCE_CODES, ClipInfo, validate

Row = dict[str, Any]


def put(folder: Path, *rows: Row | str | bytes, name: str = "prefs.jsonl") -> Path:
    """Write a JSONL file; strings (as lines) and bytes are written as they are."""
    path = folder / name
    with path.open("wb") as file:
        for row in rows:
            text = row if isinstance(row, bytes | str) else json.dumps(row)
            file.write(text if isinstance(text, bytes) else text.encode() + b"\n")
    return path


def pair(a: Any = "x.wav", b: Any = "y.wav", preference: Any = "a", **others: Any) -> Row:
    """A row of the two-sided form."""
    return {"audio_a": a, "audio_b": b, "preference": preference, **others}


class FakeProbe:
    """A probe that reads nothing: what a clip is like follows from its name.

    Args:
        known: What is said of a file by name: its info, or the error it raises.
    """

    def __init__(self, known: Mapping[str, ClipInfo | AudioError | OSError] | None = None) -> None:
        self.known = dict(known or {})
        self.asked: list[str] = []

    def __call__(self, path: Path) -> ClipInfo:
        self.asked.append(path.name)
        found = self.known.get(path.name, info(path.name))
        if isinstance(found, ClipInfo):
            return found
        raise found


def info(sound: str, duration: float = 1.0, level: float = -20.0) -> ClipInfo:
    """A clip whose hash is that of a word."""
    return ClipInfo(hashlib.sha256(sound.encode()).hexdigest(), duration, level)


def found(path: Path, **options: Any) -> list[tuple[int | None, int | None, str]]:
    """Line, column and code of each error of a file, its clips unopened unless told otherwise."""
    report = validate(path, **{"probe": None, **options})
    assert report.ok == (not report.errors.kept)
    return [(issue.line, issue.column, issue.code) for issue in report.errors]


def message(path: Path, **options: Any) -> str:
    """The only error of a file, as it is shown."""
    (issue,) = validate(path, **{"probe": None, **options}).errors
    assert issue.code in PREFERENCE_CODES
    return str(issue)


def warned(path: Path, **options: Any) -> list[str]:
    """The codes of a file's warnings."""
    issues = list(validate(path, **{"probe": None, **options}).warnings)
    assert all(issue.code in PREFERENCE_CODES for issue in issues)
    return [issue.code for issue in issues]
