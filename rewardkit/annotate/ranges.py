# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: Apache-2.0
"""HTTP range requests for bytes that are in memory (RFC 9110, section 14)."""

from __future__ import annotations

import re
from typing import Final

_RANGE: Final = re.compile(r"bytes=(\d{0,18})-(\d{0,18})")


class UnsatisfiableError(ValueError):
    """A range that begins after the end."""


def parse(header: str | None, size: int) -> tuple[int, int] | None:
    """The first byte asked for, and the one after the last.

    Args:
        header: The `Range` header.
        size: Of the whole, in bytes.

    Returns:
        None for the whole: no header, or one that a server may ignore (several ranges, another
        unit, nonsense).

    Raises:
        UnsatisfiableError: When no byte of the range is there.

    Example:
        >>> parse("bytes=2-4", 10), parse("bytes=-3", 10), parse("bytes=7-", 10)
        ((2, 5), (7, 10), (7, 10))
        >>> parse("bytes=0-1,3-4", 10) is None
        True
    """
    found = _RANGE.fullmatch(header.replace(" ", "")) if header else None
    if found is None or found.groups() == ("", ""):
        return None
    first, last = found.groups()
    if first == "":
        start, stop = max(0, size - int(last)), size
    else:
        start = int(first)
        stop = min(size, int(last) + 1) if last else size
        if last and int(last) < start:
            return None
    if start >= stop:
        raise UnsatisfiableError(header)
    return start, stop
