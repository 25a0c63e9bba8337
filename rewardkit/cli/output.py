# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: Apache-2.0
"""Rows of rewards as a table, JSON lines, CSV or Parquet."""

from __future__ import annotations

import csv
import io
import json
import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final

import typer

from rewardkit.errors import RewardkitError
from rewardkit.files import replace
from rewardkit.printing import printable

Row = dict[str, Any]


def json_line(row: Row) -> str:
    """One row as one line of JSON; a value that is not finite can't get this far."""
    return _unicode(json.dumps(row, ensure_ascii=False, allow_nan=False))


def print_line(row: Row) -> None:
    """A row as a line of JSON on standard output: in UTF-8, whatever the terminal's encoding."""
    typer.echo(json_line(row).encode())


def _unicode(text: str) -> str:
    """The text, with `?` for the bytes of a file's name that are no UTF-8."""
    return text.encode(errors="replace").decode()


def _flat(row: Row) -> Row:
    """Nested objects as columns: `dimensions.prosody`, `error.code`."""
    flat: Row = {}
    for key, value in row.items():
        if key == "error":
            flat["error.code"] = value["code"] if value else None
            flat["error.message"] = value["message"] if value else None
        elif isinstance(value, dict):
            flat.update({f"{key}.{name}": number for name, number in value.items()})
        else:
            flat[key] = value
    return {
        key: _unicode(value) if isinstance(value, str) else value for key, value in flat.items()
    }


def _columns(rows: Sequence[Row]) -> list[str]:
    return list(dict.fromkeys(key for row in rows for key in row))


def _as_jsonl(rows: Sequence[Row]) -> bytes:
    return "".join(json_line(row) + "\n" for row in rows).encode()


def _as_csv(rows: Sequence[Row]) -> bytes:
    flat = [_flat(row) for row in rows]
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, _columns(flat), restval="")
    writer.writeheader()
    writer.writerows(flat)
    return text.getvalue().encode()


def _as_parquet(rows: Sequence[Row]) -> bytes:
    import pyarrow
    import pyarrow.parquet

    flat = [_flat(row) for row in rows]
    # Of what no row has, pyarrow can't see the kind; files of some clips each must fit together.
    kinds = dict.fromkeys(("reward", "std", "distance", "start"), pyarrow.float64())
    kinds |= dict.fromkeys(("error.code", "error.message"), pyarrow.string())
    table = pyarrow.table(
        {
            name: pyarrow.array([row.get(name) for row in flat], kinds.get(name))
            for name in _columns(flat)
        }
    )
    sink = pyarrow.BufferOutputStream()
    pyarrow.parquet.write_table(table, sink)
    return bytes(sink.getvalue().to_pybytes())


FORMATS: Final[dict[str, Callable[[Sequence[Row]], bytes]]] = {
    ".jsonl": _as_jsonl,
    ".csv": _as_csv,
    ".parquet": _as_parquet,
}
"""Writers by file ending."""


def check_ending(path: Path) -> None:
    """Refuse an ending that can't be written, before any work is done.

    Raises:
        RewardkitError: `bad_format` for an unknown ending, `no_folder` when the folder is absent.
    """
    if path.suffix not in FORMATS:
        raise RewardkitError(
            "bad_format", f"{path}: the ending must be one of {', '.join(FORMATS)}"
        )
    if not path.parent.is_dir():
        raise RewardkitError("no_folder", f"{path.parent} is not a folder")


def check_folder(path: Path) -> None:
    """Refuse a folder that can't be made or written to, before any work is done.

    Raises:
        RewardkitError: `no_folder`.
    """
    nearest = next(folder for folder in (path, *path.absolute().parents) if folder.exists())
    if not nearest.is_dir() or not os.access(nearest, os.W_OK):
        raise RewardkitError("no_folder", f"{path}: {nearest} is no folder that can be written to")


def write(path: Path, rows: Sequence[Row]) -> None:
    """Write all rows at once: the file is the old one or the whole new one."""
    replace(path, FORMATS[path.suffix](rows))


def print_table(rows: Sequence[Row]) -> None:
    """A table for people, on standard output."""
    from rich.console import Console
    from rich.table import Table

    dimensions = list(dict.fromkeys(name for row in rows for name in row["dimensions"]))
    table = Table(box=None, pad_edge=False)
    table.add_column("clip", overflow="fold")
    windows = any("start" in row for row in rows)
    if windows:
        table.add_column("from s", justify="right")
    for name in ("reward", "±", *map(plain, dimensions)):
        table.add_column(name, justify="right")
    table.add_column("status")
    for row in rows:
        numbers = [row["start"]] if windows else []
        numbers += [row["reward"], row["std"], *(row["dimensions"].get(d) for d in dimensions)]
        shown = ["–" if number is None else f"{number:.2f}" for number in numbers]
        status = row["status"] if row["error"] is None else row["error"]["code"]
        table.add_row(plain(row["path"]), *shown, status)
        for name, share in _greatest(row.get("contributions") or {}):
            blank = [""] if windows else []
            table.add_row(f"  [dim]{name}[/]", *blank, f"[dim]{share:+.2f}[/]")
    Console().print(table)


def plain(text: str) -> str:
    """A name as it is, but for what would act on the terminal or on the table's markup."""
    from rich.markup import escape

    return escape(printable(text))


def _greatest(contributions: dict[str, float], count: int = 8) -> list[tuple[str, float]]:
    return sorted(contributions.items(), key=lambda item: -abs(item[1]))[:count]
