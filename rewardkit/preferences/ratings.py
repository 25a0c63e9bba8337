# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: Apache-2.0
"""Ratings of single clips (MOS, ACR, shares of listeners), read from tables."""

from __future__ import annotations

import gzip
import math
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from rewardkit.errors import PreferenceError
from rewardkit.preferences.columns import nearest
from rewardkit.preferences.issues import Issues, shown
from rewardkit.preferences.lines import lines
from rewardkit.preferences.parse import resolve, to_float
from rewardkit.preferences.read import LISTED, check_file
from rewardkit.preferences.rows_csv import records

_TABLES: Final = dict.fromkeys((".csv", ".tsv", ".txt", ".gz", ""))

ROLES: Final = {
    "clip": "path of the clip, relative to the table's folder or to `folder`",
    "rating": "the rating, on any scale on which more is better",
    "of": "what the rating is divided by: of how many votes it is a count",
    "rater": "who rated; absent when the rating is already a mean or a share",
    "text": "what is said",
    "speaker": "who speaks",
    "system": "what made the clip",
}
"""What a column of a table of ratings can stand for."""


@dataclass(frozen=True, slots=True)
class Rating:
    """One rating of one clip.

    Args:
        clip: Path of the clip.
        value: The rating; more is better.
        rater: Who rated; None when the value is a mean or share over several.
        text: What is said.
        speaker: Who speaks.
        system: What made the clip.
    """

    clip: str
    value: float
    rater: str | None = None
    text: str | None = None
    speaker: str | None = None
    system: str | None = None


def read_ratings(
    path: str | Path,
    columns: Mapping[str, str] | None = None,
    *,
    scale: tuple[float, float] | None = None,
    where: Callable[[Mapping[str, str]], bool] | None = None,
    folder: str | Path | None = None,
    suffix: str | None = None,
    header: Sequence[str] | None = None,
    delimiter: str | None = None,
    issues: Issues | None = None,
) -> list[Rating]:
    """Read a table with one rating, mean or share in each row.

    Args:
        path: A `.csv`, `.tsv` or `.txt` file, or one without suffix; `.gz` behind it if packed.
        columns: What the columns are called, by role (see `ROLES`); a role that is not named has
            the column of its own name, if there is one.
        scale: Least and greatest rating possible; None for any finite one.
        where: Which rows count, given the row's cells by column.
        folder: Where the clips are; None for the table's folder.
        suffix: Put in place of the clips' suffixes, or appended where they have none.
        header: What the columns are called, for a table whose first line is a row already.
        delimiter: Between cells; None for a tab in `.tsv` and a comma in all else.
        issues: Where what is wrong is noted, its rows left out, instead of raising `invalid`.

    Raises:
        PreferenceError: `invalid`, listing the first errors: `missing_column`, `wrong_type`,
            `out_of_range`, `duplicate_key`, `bad_gzip`, or broken CSV. `not_a_file` or
            `unknown_format` when there is no table.
    """
    file = check_file(Path(path), _TABLES)
    collect = issues is not None
    issues = Issues(str(path)) if issues is None else issues
    if delimiter is None:
        delimiter = "\t" if ".tsv" in [suffix.lower() for suffix in file.suffixes] else ","
    at = str(Path(folder if folder is not None else file.parent).absolute())
    ratings: list[Rating] = []
    with gzip.open(file) if file.suffix.lower() == ".gz" else file.open("rb") as table:
        unpacked = _unpacked(lines(table, issues), issues)  # type: ignore[arg-type]  # both are binary
        numbered = records(unpacked, issues, delimiter)
        line, names = (1, list(header)) if header else next(numbered, (1, None))
        broken = names is None and len(issues)
        roles = {} if broken else _roles(names or [], columns or {}, line, issues)
        for line, cells in numbered if roles else ():
            if cells is None:
                continue
            if len(cells) != len(names or []):
                issues.add(line, "bad_csv", f"{len(cells)} cells for {len(names or [])} columns")
                continue
            row = dict(zip(names or [], cells, strict=True))
            if where is None or where(row):
                rating = _rating(row, roles, scale, line, issues)
                if rating is not None:
                    clip = rating.pop("clip")
                    clip = str(Path(clip).with_suffix(suffix)) if suffix else clip
                    value = float(rating.pop("value"))
                    ratings.append(Rating(resolve(at, clip), value, **rating))
    if not ratings and not len(issues):
        issues.add(None, "empty", "no row counts")
    if len(issues) and not collect:
        raise PreferenceError("invalid", f"{len(issues)} errors\n{issues.text(LISTED)}")
    return ratings


def _unpacked(
    numbered: Iterator[tuple[int, str | None]], issues: Issues
) -> Iterator[tuple[int, str | None]]:
    """The same lines, up to where a `.gz` file is damaged or ends too soon."""
    try:
        yield from numbered
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        issues.add(None, "bad_gzip", f"can't be unpacked: {error}")


def _roles(
    header: list[str], columns: Mapping[str, str], line: int, issues: Issues
) -> dict[str, str]:
    """Column by role; empty when one that is needed is absent."""
    for role in columns:
        if role not in ROLES:
            raise ValueError(f"no role {role!r}; roles: {', '.join(ROLES)}{nearest(role, ROLES)}")
    roles = {role: columns.get(role, role) for role in ROLES}
    absent = {role: name for role, name in roles.items() if name not in header}
    for role, name in absent.items():
        if role in columns or role in ("clip", "rating"):
            hint = nearest(name, header)
            issues.add(line, "missing_column", f"no column {shown(name)} for the {role}{hint}")
    twice = [name for name in roles.values() if header.count(name) > 1]
    if twice:
        issues.add(line, "duplicate_key", f"the column {shown(twice[0])} stands twice")
    needed = {*columns, "clip", "rating"}
    return (
        {} if twice or needed & set(absent) else {k: v for k, v in roles.items() if k not in absent}
    )


def _rating(
    row: Mapping[str, str],
    roles: Mapping[str, str],
    scale: tuple[float, float] | None,
    line: int,
    issues: Issues,
) -> dict[str, str] | None:
    """Fields of a rating as text, the value checked; None when something is wrong."""
    cells = {role: row[name] for role, name in roles.items() if row[name]}
    for role in ("clip", "rating", "of"):
        if role in roles and role not in cells:
            issues.add(line, "missing_column", f"no {roles[role]}")
            return None
    value, of = (to_float(cells.pop(role, "1"), as_text=True) for role in ("rating", "of"))
    if value is None or of is None:
        name = roles["rating" if value is None else "of"]
        issues.add(line, "wrong_type", f"{name}: {shown(row[name])} is not a number")
        return None
    if not 0.0 < of < math.inf:
        issues.add(line, "out_of_range", f"{roles['of']} is {of:g}; it must be finite and > 0")
        return None
    value /= of
    low, high = scale or (-math.inf, math.inf)
    if not math.isfinite(value) or not low <= value <= high:
        limits = f"in {low:g} … {high:g}" if scale else "finite"
        issues.add(line, "out_of_range", f"the rating is {value}; it must be {limits}")
        return None
    return {**cells, "value": repr(value)}
