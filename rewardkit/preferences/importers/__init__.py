# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: Apache-2.0
"""Other tools' files as preferences: `convert`, and a reader for each format.

Nothing is dropped in silence: a row that can't be used is an error with its line, and what a
format itself marks as no answer (skipped, cancelled, a draft) is counted by its reason.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from rewardkit.errors import PreferenceError
from rewardkit.preferences.columns import nearest
from rewardkit.preferences.importers import (
    argilla,
    helpsteer3,
    label_studio,
    p808,
    ratings,
    speechjudge,
    trl,
)
from rewardkit.preferences.importers.source import ImportOptions, Source
from rewardkit.preferences.issues import Issues
from rewardkit.preferences.read import LISTED
from rewardkit.preferences.record import Preference

FORMATS: Final[dict[str, Callable[[Source], Iterator[Preference]]]] = {
    "speechjudge": speechjudge.read,
    "p808": p808.read,
    "bvcc": ratings.bvcc,
    "somos": ratings.somos,
    "ratings": ratings.table,
    "helpsteer3": helpsteer3.read,
    "trl": trl.read,
    "argilla": argilla.read,
    "label-studio": label_studio.read,
}
"""Readers by the name of their format."""


@dataclass(frozen=True)
class Imported:
    """What a file of another tool held.

    Args:
        preferences: In order.
        left_out: How many answers the file itself marks as none, by reason.
        errors: What could not be used, with its line.
    """

    preferences: tuple[Preference, ...]
    left_out: dict[str, int]
    errors: Issues


def convert(
    path: str | Path,
    format: str,  # noqa: A002
    options: ImportOptions | None = None,
    *,
    skip_errors: bool = False,
) -> Imported:
    """Read another tool's file.

    Args:
        path: The file.
        format: One of `FORMATS`.
        options: See `ImportOptions`.
        skip_errors: Leave out what is wrong, and say so, instead of raising.

    Raises:
        PreferenceError: `unknown_format`, `not_a_file`; `invalid`, listing the first errors, when
            there are any, or when no preference is left.
    """
    if format not in FORMATS:
        raise PreferenceError(
            "unknown_format",
            f"no format {format!r}; known: {', '.join(FORMATS)}{nearest(format, FORMATS)}",
        )
    source = Source(Path(path), options or ImportOptions())
    preferences = tuple(FORMATS[format](source))
    if not preferences and not len(source.issues):
        source.bad(None, "empty", "there is no preference in the file")
    if len(source.issues) and not (skip_errors and preferences):
        count, text = len(source.issues), source.issues.text(LISTED)
        raise PreferenceError("invalid", f"{count} errors\n{text}")
    return Imported(preferences, dict(source.left_out), source.issues)


__all__ = ["FORMATS", "ImportOptions", "Imported", "convert"]
