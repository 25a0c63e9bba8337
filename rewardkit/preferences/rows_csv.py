# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: Apache-2.0
"""Rows of a CSV file (RFC 4180): a header, commas, double quotes."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from rewardkit.preferences.columns import unknown
from rewardkit.preferences.issues import Issues, shown
from rewardkit.preferences.lines import LONGEST, lines


class _RecordTooLongError(ValueError):
    """A quoted value that runs on over too many lines: most likely a quote was not closed."""


class _Records(Iterator[str]):
    """Lines for the CSV reader, remembering where the record that is being read began."""

    def __init__(self, numbered: Iterator[tuple[int, str | None]]) -> None:
        self.numbered = numbered
        self.first: int | None = None
        self.length = 0

    def begin(self) -> None:
        """The next line begins a record."""
        self.first, self.length = None, 0

    def __next__(self) -> str:
        number, text = next(self.numbered)
        if self.first is None:
            self.first = number
        if text is None:
            raise UnicodeError  # noted already
        self.length += len(text)
        if self.length > LONGEST:
            raise _RecordTooLongError
        return text


def rows(path: Path, issues: Issues) -> Iterator[tuple[int, dict[str, Any] | None]]:
    """Line number (of the first line) and cells of each record; None for a broken one.

    Cells are text. The header's problems are noted once, at line 1.

    Args:
        path: The file.
        issues: Where what is wrong is noted.
    """
    with path.open("rb") as file:
        header: list[str] | None = None
        for number, cells in records(lines(file, issues), issues):
            if header is None:
                if cells is None:
                    return  # without a header nothing can be told
                header = cells
                if not _check_header(header, number, issues):
                    return
            elif cells is None:
                yield number, None
            elif len(cells) != len(header):
                message = f"{len(cells)} cells, but the header has {len(header)} columns"
                issues.add(number, "bad_csv", message)
                yield number, None
            else:
                yield number, dict(zip(header, cells, strict=True))


def records(
    numbered: Iterator[tuple[int, str | None]], issues: Issues, delimiter: str = ","
) -> Iterator[tuple[int, list[str] | None]]:
    """First line and cells of each record, blank lines left out; None for a broken one.

    Args:
        numbered: Lines with their numbers, as `lines` gives them.
        issues: Where what is wrong is noted.
        delimiter: Between cells.
    """
    source = _Records(numbered)
    reader = csv.reader(source, strict=True, delimiter=delimiter)
    while True:
        source.begin()
        try:
            cells: list[str] | None = next(reader)
        except StopIteration:
            return
        except UnicodeError:
            cells = None
        except _RecordTooLongError:
            message = f"more than {LONGEST} characters; is a quote not closed?"
            issues.add(source.first, "line_too_long", message, LONGEST + 1)
            cells = None
        except csv.Error as error:
            issues.add(source.first, "bad_csv", str(error))
            cells = None
        if cells != []:
            yield source.first or 1, cells


def _check_header(header: list[str], number: int, issues: Issues) -> bool:
    """Whether the rows can be told by this header."""
    for code, message in unknown(header):
        issues.add(number, code, message)
    if len(header) == 1 and any(mark in header[0] for mark in ";\t|"):
        issues.add(number, "bad_csv", f"one column, {shown(header[0])}; separate them by commas")
    for index, name in enumerate(header):
        if name in header[:index]:
            column = sum(len(cell) + 1 for cell in header[:index]) + 1
            issues.add(number, "duplicate_key", f"the column {shown(name)} stands twice", column)
            return False
    return True
