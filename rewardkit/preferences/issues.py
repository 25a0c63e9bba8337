# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: Apache-2.0
"""`Issue` and `Issues`: what is wrong with a file, each with its place."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Final

SHOWN_LENGTH: Final = 80
"""Values are cut to this many characters in messages."""


def shown(value: object) -> str:
    r"""A value as it stands in messages: its `repr`, on one line, cut to `SHOWN_LENGTH`.

    Example:
        >>> shown("a\nb"), len(shown("x" * 1000))
        ("'a\\nb'", 80)
    """
    # Cutting first keeps the repr of a huge string cheap.
    text = repr(value[: SHOWN_LENGTH + 1]) if isinstance(value, str) else repr(value)
    return text if len(text) <= SHOWN_LENGTH else text[: SHOWN_LENGTH - 1] + "…"


@dataclass(frozen=True)
class Issue:
    """One thing that is wrong or odd.

    Args:
        path: The preference file.
        line: Its line, from 1 (in Parquet: the row); None for the file as a whole.
        code: One of `PREFERENCE_CODES`.
        message: What is wrong and what would be valid.
        column: The character in the line, from 1, where the line is not well-formed.

    Example:
        >>> print(Issue("p.jsonl", 3, "bad_weight", "weight is -1"))
        p.jsonl:3: bad_weight weight is -1
    """

    path: str
    line: int | None
    code: str
    message: str
    column: int | None = None

    def __str__(self) -> str:
        place = [str(part) for part in (self.path, self.line, self.column) if part is not None]
        return f"{':'.join(place)}: {self.code} {self.message}"

    def to_dict(self) -> dict[str, Any]:
        """As JSON values."""
        return {
            "path": self.path,
            "line": self.line,
            "column": self.column,
            "code": self.code,
            "message": self.message,
        }


@dataclass
class Issues:
    """Issues in the order in which they were found.

    The first `limit` are kept, all are counted: a file of five million broken lines must not
    fill the memory with messages.

    Args:
        path: The preference file.
        limit: How many are kept.

    Example:
        >>> issues = Issues("p.jsonl", limit=1)
        >>> issues.add(1, "bad_json", "x")
        >>> issues.add(2, "bad_json", "y")
        >>> len(issues), [issue.line for issue in issues]
        (2, [1])
    """

    path: str
    limit: int = 10_000
    kept: list[Issue] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)

    def add(self, line: int | None, code: str, message: str, column: int | None = None) -> None:
        """Note one."""
        self.counts[code] += 1
        if len(self.kept) < self.limit:
            self.kept.append(Issue(self.path, line, code, message, column))

    def __len__(self) -> int:
        return self.counts.total()

    def __iter__(self) -> Iterator[Issue]:
        return iter(self.kept)

    def text(self, first: int) -> str:
        """The first issues, one a line, and how many there are in all."""
        listed = [str(issue) for issue in self.kept[:first]]
        if len(self) > len(listed):
            listed.append(f"… and {len(self) - len(listed)} more")
        return "\n".join(listed)

    def to_dict(self) -> dict[str, Any]:
        """As JSON values: the total, the counts by code, and those kept."""
        return {
            "total": len(self),
            "counts": dict(self.counts),
            "listed": [issue.to_dict() for issue in self.kept],
        }
