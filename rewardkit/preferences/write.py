# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: Apache-2.0
"""Writing preference files: JSONL, CSV and Parquet hold the same."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Any, BinaryIO, Final

from rewardkit.errors import PreferenceError
from rewardkit.files import replacing
from rewardkit.preferences.columns import COLUMNS, VOTES, nearest
from rewardkit.preferences.record import Preference

_BATCH: Final = 8192
_ANSWERS: Final = {(1.0, 0.0): "a", (0.0, 0.0): "b", (0.5, 1.0): "tie"}
_AS_THEY_ARE: Final = (
    *("rater", "margin", "strength", "speaker", "speaker_a", "speaker_b"),
    *("text", "language", "system_a", "system_b"),
)
_NUMBERS: Final = frozenset({"margin", "strength", "tie", "win", "weight"})


def write(preferences: Iterable[Preference], path: str | Path) -> None:
    """Write a preference file; at any moment it is the old one or the new one.

    Clips below the file's folder are written relative to it, others with their full paths; a path
    that is relative already stays as it is, and then means one below the file's folder.
    Reading the file gives equal preferences, but for what its columns can't say. A `weight` that no
    weight per vote gives exactly may change in its last bit. That the sides are not known stands
    in `chosen, rejected`, which has room for one answer and its weight: the counts of votes that
    agree are lost there, and votes or shares that do not agree are written as if the sides were
    known.

    Args:
        preferences: In order. A JSONL file is written as they come.
        path: A `.jsonl`, `.csv` or `.parquet` file.

    Raises:
        PreferenceError: `unknown_format`, or `bad_encoding` for a name that is not Unicode.
    """
    path = Path(path)
    write_rows = _FORMATS.get(path.suffix.lower())
    if write_rows is None:
        raise PreferenceError(
            "unknown_format",
            f"{path}: the suffix must be one of {', '.join(_FORMATS)}"
            f"{nearest(path.suffix, _FORMATS)}",
        )
    folder = path.parent.absolute()
    rows = (to_row(preference, folder) for preference in preferences)
    try:
        with replacing(path) as file:
            write_rows(rows, file)
    except UnicodeEncodeError as error:
        message = f"{path}: {error.object!r} can't be written as UTF-8"
        raise PreferenceError("bad_encoding", message) from error


def to_row(preference: Preference, folder: Path) -> dict[str, Any]:
    """The columns of one preference, those that say nothing left out.

    Args:
        preference: The preference.
        folder: The file's folder.

    Example:
        >>> to_row(Preference("/data/x.wav", "/data/y.wav", 0.5, tie=1.0), Path("/data"))
        {'audio_a': 'x.wav', 'audio_b': 'y.wav', 'preference': 'tie'}
    """
    p = preference
    if not p.side_known and p.win in (0.0, 1.0):
        p = p if p.win == 1.0 else p.swapped()
        row: dict[str, Any] = {"chosen": _relative(p.a, folder), "rejected": _relative(p.b, folder)}
        weight = p.weight
    else:
        row = {"audio_a": _relative(p.a, folder), "audio_b": _relative(p.b, folder)}
        weight = p.weight
        if p.votes is not None:
            row.update(zip(VOTES, p.votes, strict=True))
            weight = p.weight / sum(p.votes)
        elif (p.win, p.tie) in _ANSWERS:
            row["preference"] = _ANSWERS[p.win, p.tie]
        else:
            row["win"] = p.win
            if p.tie:
                row["tie"] = p.tie
    if p.dimension != "overall":
        row["dimension"] = p.dimension
    if weight != 1.0:
        row["weight"] = weight
    for name in _AS_THEY_ARE:
        value = getattr(p, name)
        if value is not None:
            row[name] = value
    return row


def _relative(path: str, folder: Path) -> str:
    clip = Path(path)
    return str(clip.relative_to(folder)) if clip.is_relative_to(folder) else str(clip)


def _write_jsonl(rows: Iterator[dict[str, Any]], file: BinaryIO) -> None:
    for row in rows:
        file.write(json.dumps(row, ensure_ascii=False, allow_nan=False).encode() + b"\n")


def _write_csv(rows: Iterator[dict[str, Any]], file: BinaryIO) -> None:
    held = list(rows)
    text = io.TextIOWrapper(file, encoding="utf-8", newline="", write_through=True)
    # Lines end in CRLF (RFC 4180), which also makes the writer quote every CR and LF in a value.
    writer = csv.DictWriter(text, _used(held), lineterminator="\r\n")
    writer.writeheader()
    writer.writerows(held)
    text.detach()


def _write_parquet(rows: Iterator[dict[str, Any]], file: BinaryIO) -> None:
    import pyarrow as pa
    from pyarrow import parquet

    held = list(rows)
    schema = pa.schema([(name, _arrow_type(name)) for name in _used(held)])
    with parquet.ParquetWriter(file, schema, compression="zstd") as writer:
        remaining = iter(held)
        while batch := list(islice(remaining, _BATCH)):
            writer.write_table(pa.Table.from_pylist(batch, schema=schema))


def _arrow_type(column: str) -> Any:
    import pyarrow as pa

    if column in VOTES:
        return pa.int64()
    return pa.float64() if column in _NUMBERS else pa.string()


def _used(rows: Sequence[dict[str, Any]]) -> list[str]:
    """The columns that some row fills, in their usual order; a pair's for a file without rows."""
    used = {name for row in rows for name in row} or {"audio_a", "audio_b", "preference"}
    return [name for name in COLUMNS if name in used]


_FORMATS: Final[dict[str, Callable[[Iterator[dict[str, Any]], BinaryIO], None]]] = {
    ".jsonl": _write_jsonl,
    ".ndjson": _write_jsonl,
    ".csv": _write_csv,
    ".parquet": _write_parquet,
}
