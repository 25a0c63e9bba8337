# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: Apache-2.0
"""Rows of a JSONL file: one JSON object a line."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from json.decoder import scanstring  # type: ignore[attr-defined]  # not in typeshed
from pathlib import Path
from typing import Any, BinaryIO, Final

from rewardkit.preferences.issues import Issues, shown
from rewardkit.preferences.lines import lines

_SPACE: Final = re.compile(r"[ \t\r\n]*")


class DuplicateKeyError(ValueError):
    """Raised out of the JSON decoder with the key that stands twice."""


def rows(path: Path, issues: Issues) -> Iterator[tuple[int, dict[str, Any] | None]]:
    """Line number and cells of each row; None for a line that is not well-formed.

    Blank lines are passed over.

    Args:
        path: The file.
        issues: Where what is wrong is noted.
    """
    with path.open("rb") as file:
        yield from objects(file, issues)


def objects(file: BinaryIO, issues: Issues) -> Iterator[tuple[int, dict[str, Any] | None]]:
    """Line number and object of each line of an open file; None for one that is not well-formed.

    Args:
        file: Opened in binary mode.
        issues: Where what is wrong is noted.
    """
    decode = json.JSONDecoder(object_pairs_hook=unique).decode
    for number, text in lines(file, issues):
        if text is None:
            yield number, None
        elif stripped := text.rstrip("\r\n \t"):
            yield number, _row(stripped, number, decode, issues)


def _row(text: str, number: int, decode: Any, issues: Issues) -> dict[str, Any] | None:
    try:
        row = decode(text)
    except DuplicateKeyError as error:
        key = error.args[0]
        message = f"the name {shown(key)} stands twice"
        issues.add(number, "duplicate_key", message, _second(text, key))
        return None
    except json.JSONDecodeError as error:
        message = f"{error.msg}; a line is one JSON object"
        issues.add(number, "bad_json", message, error.colno)
        return None
    except (ValueError, RecursionError) as error:  # a number of thousands of digits; [[[[[[…
        issues.add(number, "bad_json", f"too long a number or too deep: {error}", 1)
        return None
    if not isinstance(row, dict):
        issues.add(number, "wrong_type", f"a line is one JSON object, not {shown(row)}", 1)
        return None
    return row


def unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object of a JSON decoder, each of its names once.

    Raises:
        DuplicateKeyError: With the name that stands twice.
    """
    row = dict(pairs)
    if len(row) < len(pairs):
        seen: set[str] = set()
        for key, _ in pairs:
            if key in seen:
                raise DuplicateKeyError(key)
            seen.add(key)
    return row


def _second(text: str, key: str) -> int:
    """The column at which the key stands for the second time in its object.

    Example:
        >>> _second('{"a": "a", "a": 2}', "a")
        12
    """
    # A stack of the keys seen in each open object; a string is a key when a colon follows.
    stack: list[set[str]] = []
    position = 0
    while position < len(text):
        character = text[position]
        if character == '"':
            start = position
            string, position = scanstring(text, position + 1, False)
            after = _SPACE.match(text, position)
            if after is not None and text.startswith(":", after.end()) and stack:
                if string == key and string in stack[-1]:
                    return start + 1
                stack[-1].add(string)
            continue
        if character == "{":
            stack.append(set())
        elif character == "}":
            stack.pop()
        position += 1
    return 1
