# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: Apache-2.0
"""Rows of a Parquet file; their "lines" are row numbers, from 1."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from rewardkit.preferences.columns import unknown
from rewardkit.preferences.issues import Issues, shown

_BATCH: Final = 8192


def rows(path: Path, issues: Issues) -> Iterator[tuple[int, dict[str, Any] | None]]:
    """Row number and cells of each row.

    Args:
        path: The file.
        issues: Where what is wrong is noted.
    """
    import pyarrow as pa  # late: tens of milliseconds
    from pyarrow import parquet

    number = 0
    try:
        with parquet.ParquetFile(path) as file:
            names = list(file.schema_arrow.names)
            for code, message in unknown(names):
                issues.add(None, code, message)
            twice = [name for name in dict.fromkeys(names) if names.count(name) > 1]
            if twice:
                issues.add(None, "duplicate_key", f"the column {shown(twice[0])} stands twice")
                return
            ours = [name for name in names if not name.startswith("_")]
            for batch in file.iter_batches(batch_size=_BATCH, columns=ours):
                for cells in batch.to_pylist():
                    number += 1
                    yield number, cells
    # The latter three: text that is not UTF-8, times out of range, time zones that are unknown.
    except (pa.ArrowException, OSError, ValueError, OverflowError, KeyError) as error:
        issues.add(number or None, "bad_parquet", f"can't be read: {error}".replace("\n", " "))
