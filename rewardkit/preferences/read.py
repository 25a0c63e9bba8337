# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: Apache-2.0
"""Reading preference files: as a stream, or as a whole, ready to train on."""

from __future__ import annotations

import stat
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from rewardkit.errors import PreferenceError
from rewardkit.preferences import rows_csv, rows_jsonl, rows_parquet
from rewardkit.preferences.clips import Clips
from rewardkit.preferences.columns import nearest
from rewardkit.preferences.issues import Issues
from rewardkit.preferences.merge import merge
from rewardkit.preferences.parse import Parser
from rewardkit.preferences.probe import ClipInfo, Probe, probe
from rewardkit.preferences.record import Preference

FORMATS: Final = {
    ".jsonl": rows_jsonl.rows,
    ".ndjson": rows_jsonl.rows,
    ".csv": rows_csv.rows,
    ".parquet": rows_parquet.rows,
}
"""How to read the rows of a file, by its suffix."""

LISTED: Final = 20
"""How many errors the message of a `PreferenceError` lists."""


@dataclass(frozen=True)
class PreferenceFile:
    """What a preference file holds.

    Args:
        path: The file.
        preferences: Its preferences, duplicate votes merged, in order of first occurrence.
        clips: What was found of each clip, by path; empty when none was probed.
        merged: Rows that were merged into others.
        skipped: Rows that were left out because something was wrong with them.
        errors: What was wrong.
    """

    path: str
    preferences: tuple[Preference, ...]
    clips: Mapping[str, ClipInfo]
    merged: int
    skipped: int
    errors: Issues

    def __len__(self) -> int:
        return len(self.preferences)

    def __iter__(self) -> Iterator[Preference]:
        return iter(self.preferences)

    @property
    def keys(self) -> dict[str, str]:
        """The hash of each probed clip's sound, by path."""
        return {path: info.key for path, info in self.clips.items()}


def read(
    path: str | Path,
    *,
    probe: Probe | None = probe,
    dimensions: Collection[str] | None = None,
    skip_errors: bool = False,
    workers: int = 1,
) -> PreferenceFile:
    """Read a preference file and check all of it, its clips too, before anything is trained.

    Args:
        path: A `.jsonl`, `.csv` or `.parquet` file.
        probe: Reads a clip; None leaves the clips unopened.
        dimensions: The dimensions that may occur; None for any.
        skip_errors: Leave out the rows that are wrong, and say how many, instead of raising.
        workers: Threads that probe clips.

    Raises:
        PreferenceError: `invalid`, listing the first errors and the total; `not_a_file` or
            `unknown_format` when there is nothing to read.
    """
    issues = Issues(str(path))
    clips = Clips()
    kept: list[Preference] = []
    skipped = 0
    for _, preference in stream(path, issues, dimensions=dimensions):
        if preference is None:
            skipped += 1
            continue
        if clips.add(preference, issues) is None:
            skipped += 1
        else:
            kept.append(preference)
    if probe is not None:
        clips.probe(probe, issues, workers=workers)
        sound = [p for p in kept if clips.check(p, issues)]
        skipped += len(kept) - len(sound)
        kept = sound
    if len(issues) and not skip_errors:
        raise PreferenceError("invalid", f"{len(issues)} errors\n{issues.text(LISTED)}")
    found = clips.found()
    preferences, merged = merge(kept, {path: info.key for path, info in found.items()})
    return PreferenceFile(str(path), tuple(preferences), found, merged, skipped, issues)


def stream(
    path: str | Path, issues: Issues, *, dimensions: Collection[str] | None = None
) -> Iterator[tuple[int, Preference | None]]:
    """Line and preference of each row, in order, one at a time; None for a row with errors.

    Args:
        path: A `.jsonl`, `.csv` or `.parquet` file.
        issues: Where what is wrong is noted.
        dimensions: The dimensions that may occur; None for any.

    Raises:
        PreferenceError: `not_a_file` or `unknown_format`.
    """
    file = check_file(Path(path), FORMATS)
    rows = FORMATS[file.suffix.lower()]
    parse = Parser(
        str(file.parent.absolute()),
        dimensions,
        as_text=rows is rows_csv.rows,
        check_names=rows is rows_jsonl.rows,
    )
    empty = True
    for line, cells in rows(file, issues):
        empty = False
        if cells is None:
            yield line, None
            continue
        preference, problems = parse(cells, line)
        for code, message in problems:
            issues.add(line, code, message)
        yield line, preference
    if empty and not len(issues):
        issues.add(None, "empty", "there is no preference in the file")


def check_file(path: Path, formats: Mapping[str, Any]) -> Path:
    """The path, when it is a regular file of a known format that may be read.

    Raises:
        PreferenceError: `not_a_file` or `unknown_format`.
    """
    try:
        regular = stat.S_ISREG(path.stat().st_mode)
        if regular:
            path.open("rb").close()
    except (OSError, ValueError) as error:
        raise PreferenceError("not_a_file", f"{path}: {error}") from error
    if not regular:
        raise PreferenceError("not_a_file", f"{path} is not a regular file")
    if path.suffix.lower() not in formats:
        raise PreferenceError(
            "unknown_format",
            f"{path}: the suffix must be one of {', '.join(formats)}"
            f"{nearest(path.suffix, formats)}",
        )
    return path
