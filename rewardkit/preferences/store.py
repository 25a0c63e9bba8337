# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: Apache-2.0
"""`Store`: the rows of a preference file on disk, to be gone through pair by pair."""

from __future__ import annotations

import sqlite3
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Final, NamedTuple

from rewardkit.preferences.clips import Clips
from rewardkit.preferences.record import Preference

NO_WINNER: Final = 1e-9
"""A pair whose answers balance to within this has no winner."""

_BATCH: Final = 1000

# A row is kept with its clips in order of their numbers, so that lo < hi; win and counts are lo's.
_TABLE: Final = """
CREATE TABLE row (
    lo INTEGER, hi INTEGER, dimension TEXT, rater TEXT, first INTEGER, second INTEGER,
    tie INTEGER, win REAL, tied REAL, weight REAL, lo_is_a INTEGER, side_known INTEGER,
    lo_system TEXT, hi_system TEXT, line INTEGER
)
"""
_INSERT: Final = "INSERT INTO row VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)"

_ANSWERS: Final = """
SELECT dimension, lo, hi, rater, first, second, tie, ROUND(win, 12) AS share, SUM(weight),
       MAX(lo_system), MAX(hi_system), COUNT(*)
FROM row
GROUP BY dimension, lo, hi, rater, share, ROUND(tied, 12), first, second, tie
ORDER BY dimension, lo, hi
"""

_SIDES: Final = """
SELECT dimension, SUM(balance > 0), COUNT(*)
FROM (
    SELECT dimension, SUM(weight * CASE lo_is_a WHEN 1 THEN win - 0.5 ELSE 0.5 - win END) AS balance
    FROM row WHERE side_known GROUP BY dimension, lo, hi, lo_is_a
)
WHERE ABS(balance) > ? GROUP BY dimension
"""

# When two files hold the same sound, the later takes the number of the earlier.
_SAME: Final = """
UPDATE row SET lo = IFNULL((SELECT earlier FROM same WHERE later = lo), lo),
               hi = IFNULL((SELECT earlier FROM same WHERE later = hi), hi)
"""
_ORDER: Final = """
UPDATE row SET lo = hi, hi = lo, first = second, second = first, win = 1.0 - win,
               lo_is_a = 1 - lo_is_a, lo_system = hi_system, hi_system = lo_system
WHERE lo > hi
"""


class Answer(NamedTuple):
    """One rater's equal answers on one pair in one dimension.

    The pair's clips are `lo` and `hi`; `first`, `second` and `tie` are the judgements of one row
    (None for a share without counts), `win` the share of `lo`, `weight` the sum over `rows` rows.
    """

    dimension: str
    lo: int
    hi: int
    rater: str | None
    first: int | None
    second: int | None
    tie: int | None
    win: float
    weight: float
    lo_system: str | None
    hi_system: str | None
    rows: int


class Store:
    """A temporary SQLite database of rows: sorting five million of them takes disk, not memory.

    Use it in a `with` block; the file is gone afterwards.
    """

    def __init__(self) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="rewardkit-")
        self._database = sqlite3.connect(Path(self._folder.name, "rows.sqlite"))
        # Nothing here outlives the process: no journal, no waiting for the disk.
        self._database.executescript(
            "PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA temp_store = FILE;"
            + _TABLE
        )
        self._waiting: list[tuple[object, ...]] = []

    def __enter__(self) -> Store:
        return self

    def __exit__(self, *_: object) -> None:
        self._database.close()
        self._folder.cleanup()

    def add(self, preference: Preference, a: int, b: int) -> None:
        """Keep a row whose clips have these numbers."""
        lo_is_a = a < b
        p = preference if lo_is_a else preference.swapped()
        self._waiting.append(
            (
                *(min(a, b), max(a, b), p.dimension, p.rater),
                *(p.counts or (None, None, None)),
                *(p.win, p.tie, p.weight, lo_is_a, p.side_known, p.system_a, p.system_b, p.line),
            )
        )
        if len(self._waiting) >= _BATCH:
            self._flush()

    def _flush(self) -> None:
        self._database.executemany(_INSERT, self._waiting)
        self._waiting.clear()

    def unite(self, clips: Clips) -> Iterator[tuple[int, int, int]]:
        """Make files of the same sound one clip, and drop the rows that can't be used.

        Yields:
            Line and both numbers of each row whose two files hold the same sound.
        """
        self._flush()
        database = self._database
        later = [(i, earlier) for i, earlier in enumerate(clips.same) if i != earlier]
        if later:
            database.execute("CREATE TABLE same (later INTEGER PRIMARY KEY, earlier INTEGER)")
            database.executemany("INSERT INTO same VALUES (?, ?)", later)
            yield from database.execute(
                "SELECT line, lo, hi FROM row LEFT JOIN same x ON x.later = lo "
                "LEFT JOIN same y ON y.later = hi "
                "WHERE IFNULL(x.earlier, lo) = IFNULL(y.earlier, hi) ORDER BY line"
            )
            database.execute(_SAME)
            database.execute(_ORDER)
            database.execute("DELETE FROM row WHERE lo = hi")
        if clips.bad:
            database.execute("CREATE TABLE bad (clip INTEGER PRIMARY KEY)")
            database.executemany("INSERT INTO bad VALUES (?)", ((clip,) for clip in clips.bad))
            database.execute(
                "DELETE FROM row WHERE lo IN (SELECT clip FROM bad) OR hi IN (SELECT clip FROM bad)"
            )

    def answers(self) -> Iterator[Answer]:
        """All answers, those of one dimension and pair one after another."""
        return map(Answer._make, self._database.execute(_ANSWERS))

    def sides(self) -> dict[str, tuple[int, int]]:
        """By dimension: in how many pairs side a won, of how many that have a winner.

        Rows without known sides are left out; a pair shown both ways round counts as two.
        """
        found = self._database.execute(_SIDES, (NO_WINNER,))
        return {name: (wins, pairs) for name, wins, pairs in found}

    def rows(self) -> int:
        """How many rows are left."""
        (count,) = self._database.execute("SELECT COUNT(*) FROM row").fetchone()
        return int(count)

    def raters(self) -> int:
        """How many raters are named."""
        (count,) = self._database.execute("SELECT COUNT(DISTINCT rater) FROM row").fetchone()
        return int(count)
