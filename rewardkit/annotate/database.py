# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: Apache-2.0
"""`Database`: a study's SQLite file, opened so that what was committed is on disk."""

from __future__ import annotations

import os
import sqlite3
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, Final

from rewardkit.annotate.errors import StudyError
from rewardkit.annotate.schema import APPLICATION, TABLES, VERSION

_BUSY: Final = 10.0  # s to wait for another process


class Database:
    """One connection for all threads.

    The write-ahead log is flushed to disk at every commit (`synchronous = FULL`): a transaction
    whose `write` block ended well survives the death of the process and of the machine.

    Args:
        path: The study file.
        create: Make the file; else it must be a study.

    Raises:
        StudyError: `not_a_study`, or `not_saved` when the file can't be made.
    """

    def __init__(self, path: Path, *, create: bool = False) -> None:
        self.path = path
        self._lock = threading.RLock()
        if create:
            _make_private(path)
        elif not path.is_file():
            raise StudyError("not_a_study", f"there is no study {path}; name its clips to make one")
        try:
            self._db = sqlite3.connect(
                path, timeout=_BUSY, isolation_level=None, check_same_thread=False
            )
            self._db.row_factory = sqlite3.Row
            if not create:
                self._check()  # before anything is written
            for pragma in ("journal_mode = WAL", "synchronous = FULL", "foreign_keys = ON"):
                self._db.execute(f"PRAGMA {pragma}")
            if create:
                self._db.executescript(
                    f"BEGIN; {TABLES} PRAGMA user_version = {VERSION}; "
                    f"PRAGMA application_id = {APPLICATION}; COMMIT;"
                )
        except sqlite3.OperationalError as error:
            if create:
                _delete(path)
            raise _not_saved(path, error) from error
        except sqlite3.DatabaseError as error:
            raise StudyError("not_a_study", f"{path}: {error}") from error

    def _check(self) -> None:
        names = ("application_id", "user_version")
        found = tuple(self._db.execute(f"PRAGMA {name}").fetchone()[0] for name in names)
        if found != (APPLICATION, VERSION):
            self._db.close()
            raise StudyError("not_a_study", f"{self.path} is no study of version {VERSION}")

    def read(self, sql: str, values: Sequence[Any] = ()) -> list[sqlite3.Row]:
        """All rows of a query."""
        with self._lock:
            return self._db.execute(sql, values).fetchall()

    def one(self, sql: str, values: Sequence[Any] = ()) -> sqlite3.Row | None:
        """The first row of a query, if there is one."""
        rows = self.read(sql, values)
        return rows[0] if rows else None

    @contextmanager
    def write(self) -> Iterator[sqlite3.Connection]:
        """A transaction: on disk when the block ends well, undone when it does not.

        Raises:
            StudyError: `not_saved`; then nothing of the block was kept.
        """
        with self._lock:
            try:
                self._db.execute("BEGIN IMMEDIATE")
                yield self._db
                self._db.execute("COMMIT")
            except sqlite3.OperationalError as error:
                self._undo()
                raise _not_saved(self.path, error) from error
            except BaseException:
                self._undo()
                raise

    def _undo(self) -> None:
        if self._db.in_transaction:  # a full disk may have ended it already
            self._db.execute("ROLLBACK")

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            self._db.close()

    def remove(self) -> None:
        """Close the file and delete it."""
        self.close()
        _delete(self.path)

    def __enter__(self) -> Database:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


def _delete(path: Path) -> None:
    for end in ("", "-wal", "-shm"):
        Path(f"{path}{end}").unlink(missing_ok=True)


def _make_private(path: Path) -> None:
    """An empty file that only its owner may read: it will hold the raters' tokens."""
    try:
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    except OSError as error:
        raise StudyError("not_saved", f"{path} can't be made: {error.strerror}") from error


def _not_saved(path: Path, error: sqlite3.Error) -> StudyError:
    return StudyError("not_saved", f"{path.name} could not be written: {error}")
