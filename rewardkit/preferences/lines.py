# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: Apache-2.0
"""Lines of a text file, of bounded length, with their numbers."""

from __future__ import annotations

import codecs
from collections.abc import Iterator
from typing import BinaryIO, Final

from rewardkit.preferences.issues import Issues

LONGEST: Final = 1 << 17
"""Longest line in bytes, and longest value in characters: a row is a few hundred."""

_UTF16: Final = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


def lines(file: BinaryIO, issues: Issues) -> Iterator[tuple[int, str | None]]:
    """Number (from 1) and text of each line, its line ending kept.

    A byte-order mark is dropped. A line that is too long or not UTF-8 becomes an issue and None:
    it is never held in memory as a whole.

    Args:
        file: Opened in binary mode.
        issues: Where what is wrong is noted.
    """
    number = 0
    while chunk := file.readline(LONGEST + 1):
        number += 1
        if number == 1:
            if chunk.startswith(_UTF16):
                issues.add(1, "bad_encoding", "the file is UTF-16; save it as UTF-8", 1)
                yield 1, None
                return
            chunk = chunk.removeprefix(codecs.BOM_UTF8)
        if len(chunk) > LONGEST and not chunk.endswith(b"\n"):
            while len(chunk) > 0 and not chunk.endswith(b"\n"):
                chunk = file.readline(LONGEST)
            message = f"the line has more than {LONGEST} bytes"
            issues.add(number, "line_too_long", message, LONGEST + 1)
            yield number, None
            continue
        try:
            yield number, chunk.decode()
        except UnicodeDecodeError as error:
            column = len(chunk[: error.start].decode()) + 1
            message = f"not UTF-8: byte 0x{chunk[error.start]:02x}; save the file as UTF-8"
            issues.add(number, "bad_encoding", message, column)
            yield number, None
