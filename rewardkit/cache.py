# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: Apache-2.0
"""`FeatureCache`: what scorers measured before, kept in one SQLite file.

A row is keyed by the scorer's identity and the clip's sound, and holds float32 values with
their CRC-32. The cache is never needed: a row that fails its check is measured again, a file
that is not a database is set aside, and a full disk, or a folder that can't be made, only means
that nothing is kept.
"""

from __future__ import annotations

import os
import sqlite3
import threading
import warnings
import zlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType

import numpy as np
from numpy.typing import NDArray

_BUSY_SECONDS = 30.0  # how long a writer waits for the others
_CHUNK = 500  # keys in one query; SQLite allows 999 variables


def default_path() -> Path:
    """`$REWARDKIT_CACHE`, or `features.sqlite` in the user's cache folder for rewardkit."""
    named = os.environ.get("REWARDKIT_CACHE")
    if named:
        return Path(named)
    home = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    return Path(home) / "rewardkit" / "features.sqlite"


class FeatureCache:
    """A persistent map from (scorer identity, clip key) to float32 values.

    Several processes may read and write one file at once (SQLite's write-ahead log), and several
    threads may use one cache.

    Args:
        path: The SQLite file; made with its folder when absent.

    Example:
        >>> with FeatureCache(":memory:") as cache:
        ...     cache.put("scorer", {"clip": np.array([1.5, np.nan], np.float32)})
        ...     cache.get("scorer", ["clip", "other"])
        {'clip': array([1.5, nan], dtype=float32)}
    """

    def __init__(self, path: str | Path) -> None:
        self.path = str(path)
        self._lock = threading.RLock()
        self._db: sqlite3.Connection | None = None
        try:
            self._db = self._open()
        except sqlite3.DatabaseError as error:
            self._db = self._rebuild(error)
        except OSError as error:  # its folder can't be made
            self._give_up(error, stacklevel=3)

    def _open(self) -> sqlite3.Connection:
        if self.path != ":memory:":
            Path(self.path).parent.mkdir(parents=True, exist_ok=True)
        db = sqlite3.connect(
            self.path, timeout=_BUSY_SECONDS, isolation_level=None, check_same_thread=False
        )
        try:
            db.execute("PRAGMA journal_mode=WAL")
            db.execute("PRAGMA synchronous=NORMAL")
            db.execute(
                "CREATE TABLE IF NOT EXISTS features (scorer TEXT, clip TEXT, data BLOB NOT NULL, "
                "crc INTEGER NOT NULL, PRIMARY KEY (scorer, clip)) WITHOUT ROWID"
            )
            db.execute("SELECT scorer, clip, data, crc FROM features LIMIT 1").fetchone()
        except sqlite3.Error:
            db.close()
            raise
        return db

    def _rebuild(self, error: sqlite3.Error) -> sqlite3.Connection | None:
        """Set a broken file aside and begin a new one; without a place to write, do without."""
        if isinstance(error, sqlite3.OperationalError):  # locked, read-only or full, not broken
            self._give_up(error)
            return None
        aside = f"{self.path}.corrupt-{os.getpid()}"
        warnings.warn(
            f"feature cache {self.path} is broken ({error}); set aside as {aside}", stacklevel=3
        )
        try:
            Path(self.path).replace(aside)
            for suffix in ("-wal", "-shm"):
                Path(self.path + suffix).unlink(missing_ok=True)
            return self._open()
        except (OSError, sqlite3.Error) as again:
            self._give_up(again)
            return None

    def _give_up(self, error: Exception, stacklevel: int = 4) -> None:
        message = f"going on without the feature cache {self.path}: {error}"
        warnings.warn(message, stacklevel=stacklevel)

    def get(self, scorer: str, clips: Sequence[str]) -> dict[str, NDArray[np.float32]]:
        """What is kept for these clips; a clip that is absent or fails its check is left out.

        Args:
            scorer: A scorer's identity.
            clips: Clip keys.
        """
        with self._lock:
            try:
                rows = [] if self._db is None else _rows(self._db, scorer, clips)
            except sqlite3.DatabaseError as error:
                rows = []
                self.close()
                self._db = self._rebuild(error)
        return {
            clip: np.frombuffer(data, "<f4").astype(np.float32)
            for clip, data, crc in rows
            if isinstance(data, bytes) and zlib.crc32(data) == crc and len(data) % 4 == 0
        }

    def put(self, scorer: str, rows: Mapping[str, NDArray[np.float32]]) -> None:
        """Keep values by clip key; a failure to write is a warning, not an error."""
        packed = []
        for clip, values in rows.items():
            data = np.ascontiguousarray(values, dtype="<f4").tobytes()
            packed.append((scorer, clip, data, zlib.crc32(data)))
        with self._lock:
            if self._db is None or not packed:
                return
            try:
                self._db.execute("BEGIN IMMEDIATE")
                self._db.executemany("INSERT OR REPLACE INTO features VALUES (?, ?, ?, ?)", packed)
                self._db.execute("COMMIT")
            except sqlite3.DatabaseError as error:
                self.close()
                self._db = self._rebuild(error)

    def close(self) -> None:
        """Close the file; a closed cache finds and keeps nothing."""
        with self._lock:
            if self._db is not None:
                self._db.close()
                self._db = None

    def __enter__(self) -> FeatureCache:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


def _rows(
    db: sqlite3.Connection, scorer: str, clips: Sequence[str]
) -> list[tuple[str, object, int]]:
    """What is kept, unchecked."""
    rows: list[tuple[str, object, int]] = []
    for start in range(0, len(clips), _CHUNK):
        part = list(clips[start : start + _CHUNK])
        marks = ",".join("?" * len(part))
        rows += db.execute(
            f"SELECT clip, data, crc FROM features WHERE scorer = ? AND clip IN ({marks})",  # noqa: S608  # only question marks
            [scorer, *part],
        )
    return rows
