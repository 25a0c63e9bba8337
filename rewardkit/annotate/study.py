# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: Apache-2.0
"""`Study`: clips, pairs, raters and settings, all in one file."""

from __future__ import annotations

import hmac
import json
import secrets
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from rewardkit.annotate import sound
from rewardkit.annotate.database import Database
from rewardkit.annotate.errors import StudyError
from rewardkit.annotate.settings import Settings
from rewardkit.errors import AudioError
from rewardkit.preferences.record import Preference

LONGEST_NAME: Final = 64
"""Characters of a rater's name."""

_LISTED: Final = 20
_MOST_RATE: Final = 48_000  # Hz


@dataclass(frozen=True, slots=True)
class Rater:
    """Somebody who judges.

    Args:
        id: Number in the study.
        name: As the organiser wrote it.
        token: The secret in the rater's link.
        consented: Whether they have begun.
    """

    id: int
    name: str
    token: str
    consented: bool


class Study:
    """A study file, open.

    Use `Study.create` or `Study.open`.
    """

    def __init__(self, db: Database) -> None:
        self.db = db
        try:
            self.settings = Settings.from_json(self._meta("settings"))
        except (TypeError, json.JSONDecodeError) as error:
            raise StudyError(
                "not_a_study", f"{db.path}: its settings are of another version: {error}"
            ) from error

    @classmethod
    def create(cls, path: str | Path, settings: Settings) -> Study:
        """A new study without clips.

        Raises:
            StudyError: `not_saved` when the file can't be made, or is there already.
        """
        rows = {
            "settings": settings.to_json(),
            "id": secrets.token_urlsafe(8),
            "organiser": secrets.token_urlsafe(24),
        }
        db = Database(Path(path), create=True)
        try:
            with db.write() as write:
                write.executemany("INSERT INTO meta VALUES (?, ?)", rows.items())
        except BaseException:
            db.remove()
            raise
        return cls(db)

    @classmethod
    def open(cls, path: str | Path) -> Study:
        """A study that is there.

        Raises:
            StudyError: `not_a_study`.
        """
        return cls(Database(Path(path)))

    def close(self) -> None:
        """Close the file."""
        self.db.close()

    def remove(self) -> None:
        """Close the file and delete it: for a study that could not be filled."""
        self.db.remove()

    def _meta(self, name: str) -> str:
        row = self.db.one("SELECT value FROM meta WHERE name = ?", (name,))
        if row is None:
            raise StudyError("not_a_study", f"{self.db.path} was never finished; remove it")
        return str(row["value"])

    @property
    def id(self) -> str:
        """A random name of the study, by which browsers tell studies apart."""
        return self._meta("id")

    @property
    def organiser_token(self) -> str:
        """The secret in the organiser's link."""
        return self._meta("organiser")

    def change(self, settings: Settings) -> None:
        """Go on with other settings.

        Raises:
            StudyError: `changed_settings` when questions change that have been answered.
        """
        if settings.dimensions != self.settings.dimensions and self.db.one("SELECT 1 FROM answer"):
            raise StudyError(
                "changed_settings",
                f"this study asks about {', '.join(self.settings.dimensions)}; "
                "begin another to ask something else",
            )
        with self.db.write() as write:
            write.execute(
                "UPDATE meta SET value = ? WHERE name = 'settings'", (settings.to_json(),)
            )
        self.settings = settings

    def add(
        self,
        pairs: Iterable[Preference],
        *,
        golden: bool = False,
        measure: Callable[[str], sound.Sound] = sound.measure,
        progress: Callable[[int, int], None] | None = None,
    ) -> int:
        """Add pairs and their clips; those that are there already, whichever way round, stay.

        Args:
            pairs: Paths and what is known of them; the answers matter for golden pairs only.
            golden: Whether the answers are known, to see how attentive raters are.
            measure: Reads a clip.
            progress: Told how many of the new clips have been read.

        Returns:
            How many pairs were left out because both sides hold the same sound.

        Raises:
            StudyError: `unusable_clip`, listing clips that can't be read; `bad_golden` for a
                golden pair of another dimension than is asked, or with two answers. Then nothing
                is added.
        """
        rows = [
            (str(Path(pair.a).absolute()), str(Path(pair.b).absolute()), pair) for pair in pairs
        ]
        if golden:
            _check_golden([pair for _, _, pair in rows], self.settings.dimensions)
        known = {row["path"] for row in self.db.read("SELECT path FROM clip")}
        new = [path for path in dict.fromkeys(p for a, b, _ in rows for p in (a, b))
               if path not in known]  # fmt: skip
        sounds = _measured(new, measure, progress)
        same = 0
        answers: dict[tuple[int, str], float] = {}
        with self.db.write() as write:
            write.executemany(
                "INSERT INTO clip (path, key, duration, sample_rate, loudness, peak) "
                "VALUES (?, ?, ?, ?, ?, ?)",
                [(path, s.key, s.duration, s.sample_rate, s.loudness, s.peak)
                 for path, s in zip(new, sounds, strict=True)],
            )  # fmt: skip
            clips = {r["path"]: r for r in write.execute("SELECT path, id, key FROM clip")}
            numbers = {
                (r["a"], r["b"]): r["id"] for r in write.execute("SELECT id, a, b FROM pair")
            }
            for a_path, b_path, pair in rows:
                a, b = clips[a_path], clips[b_path]
                if a["key"] == b["key"]:
                    same += 1
                    continue
                sides, win = (a["id"], b["id"]), pair.win
                if sides[::-1] in numbers:
                    sides, win = sides[::-1], 1.0 - win
                elif sides not in numbers:
                    speakers = pair.speakers
                    numbers[sides] = write.execute(
                        "INSERT INTO pair (a, b, text, language, speaker_a, speaker_b, system_a, "
                        "system_b) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                        (*sides, pair.text, pair.language, *speakers, pair.system_a, pair.system_b),
                    ).lastrowid
                if golden:
                    answer = answers.setdefault((numbers[sides], pair.dimension), win)
                    if answer != win:
                        message = f"{a_path} and {b_path} have two answers on {pair.dimension}"
                        raise StudyError("bad_golden", message)
                    write.execute(
                        "INSERT OR REPLACE INTO golden VALUES (?, ?, ?)",
                        (numbers[sides], pair.dimension, win),
                    )
        return same

    @property
    def sample_rate(self) -> int:
        """The rate at which clips are served: the highest among them, at most 48 kHz."""
        row = self.db.one("SELECT MAX(sample_rate) AS rate FROM clip")
        return min(_MOST_RATE, row["rate"]) if row is not None and row["rate"] else _MOST_RATE

    def add_rater(self, name: str) -> Rater:
        """The rater of this name, new or known, with the token of their link.

        Raises:
            StudyError: `bad_rater` for a name that is empty, too long or not printable.
        """
        name = name.strip()
        if not 0 < len(name) <= LONGEST_NAME or not name.isprintable():
            raise StudyError("bad_rater", f"a rater's name has 1 to {LONGEST_NAME} characters")
        for rater in self.raters():
            if rater.name == name:
                return rater
        with self.db.write() as write:
            write.execute(
                "INSERT OR IGNORE INTO rater (name, token) VALUES (?, ?)",
                (name, secrets.token_urlsafe(16)),
            )
        return next(rater for rater in self.raters() if rater.name == name)

    def raters(self) -> list[Rater]:
        """All raters, in the order in which they were added."""
        rows = self.db.read("SELECT * FROM rater ORDER BY id")
        return [
            Rater(row["id"], row["name"], row["token"], row["consented"] is not None)
            for row in rows
        ]

    def rater(self, token: str) -> Rater:
        """Whose token this is.

        Raises:
            StudyError: `unknown_token`.
        """
        found = None
        for rater in self.raters():  # all of them, in constant time each
            if hmac.compare_digest(rater.token.encode(), token.encode()):
                found = rater
        if found is None:
            raise StudyError("unknown_token", "this link is not known; ask for a new one")
        return found

    def begin(self, rater: Rater) -> str:
        """Keep that a rater has opened the page; the name of the session."""
        name = secrets.token_urlsafe(16)
        with self.db.write() as write:
            write.execute("INSERT INTO session VALUES (?, ?, ?)", (name, rater.id, time.time()))
        return name

    def consent(self, rater: Rater) -> None:
        """Keep that a rater has read the first screen and begun."""
        with self.db.write() as write:
            write.execute(
                "UPDATE rater SET consented = ? WHERE id = ? AND consented IS NULL",
                (time.time(), rater.id),
            )

    def flag(self, kind: str, subject: int, reason: str) -> None:
        """Hold something against a rater, a pair or a clip; nothing is ever deleted for it."""
        with self.db.write() as write:
            write.execute(
                "INSERT OR IGNORE INTO flag (kind, subject, reason, made) VALUES (?, ?, ?, ?)",
                (kind, subject, reason, time.time()),
            )


def _check_golden(pairs: Sequence[Preference], asked: Sequence[str]) -> None:
    other = [pair for pair in pairs if pair.dimension not in asked]
    if other:
        raise StudyError(
            "bad_golden",
            f"{len(other)} golden pairs are about {', '.join(sorted({p.dimension for p in other}))}"
            f"; this study asks about {', '.join(asked)}",
        )


def _measured(
    paths: Sequence[str],
    measure: Callable[[str], sound.Sound],
    progress: Callable[[int, int], None] | None,
) -> list[sound.Sound]:
    sounds, bad = [], []
    for done, path in enumerate(paths, 1):
        try:
            path.encode()
            sounds.append(measure(path))
        except UnicodeEncodeError:
            bad.append(f"{path!r}: the name is not UTF-8")
        except AudioError as error:
            bad.append(str(error))
        if progress is not None:
            progress(done, len(paths))
    if bad:
        more = f"\n… and {len(bad) - _LISTED} more" if len(bad) > _LISTED else ""
        raise StudyError(
            "unusable_clip", f"{len(bad)} clips can't be used\n" + "\n".join(bad[:_LISTED]) + more
        )
    return sounds
