# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: Apache-2.0
"""Votes written again, with the columns that are the file's own."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from rewardkit.errors import PreferenceError
from rewardkit.files import replacing
from rewardkit.preferences import write
from rewardkit.preferences.record import Preference
from rewardkit.preferences.write import to_row


def write_again(
    preferences: Iterable[Preference], own: Sequence[Mapping[str, Any]], path: Path
) -> list[str]:
    """Write a preference file; a JSONL file keeps the columns that begin with an underscore.

    Args:
        preferences: In order.
        own: Those columns of each, as `Votes.own`.
        path: A `.jsonl`, `.csv` or `.parquet` file.

    Returns:
        The names of such columns that this kind of file does not keep.

    Raises:
        PreferenceError: As `rewardkit.preferences.write`.
    """
    names = list(dict.fromkeys(name for cells in own for name in cells))
    if not names or path.suffix.lower() not in (".jsonl", ".ndjson"):
        write(preferences, path)
        return names
    folder = path.parent.absolute()
    try:
        with replacing(path) as file:
            for preference, cells in zip(preferences, own, strict=True):
                row = {**to_row(preference, folder), **cells}
                file.write(json.dumps(row, ensure_ascii=False, default=str).encode() + b"\n")
    except UnicodeEncodeError as error:
        message = f"{path}: {error.object!r} can't be written as UTF-8"
        raise PreferenceError("bad_encoding", message) from error
    return []
