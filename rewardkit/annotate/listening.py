# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: Apache-2.0
"""`Listening`: what a rater is shown next, on which sides, and why."""

from __future__ import annotations

import random
import secrets
import sqlite3
import threading
import time
from collections import Counter, defaultdict
from dataclasses import dataclass
from typing import Final

from rewardkit.annotate.chooser import Balanced, Chooser, StudyPair, StudyState
from rewardkit.annotate.errors import StudyError
from rewardkit.annotate.judgements import judgements
from rewardkit.annotate.study import Rater, Study
from rewardkit.features import Features

STALE: Final = 1800.0
"""Seconds after which a pair that was shown but not answered no longer counts as being judged."""

BROKEN: Final = 2
"""Raters who must report a pair as broken before nobody is given it any more."""

LAG: Final = 5
"""Pairs that lie between one and its repetition, where there are enough."""

_FAVOUR: Final = 2.0 / 3.0
"""Efron's biased coin: how likely the side is that has been used less."""


@dataclass(frozen=True, slots=True)
class Presentation:
    """A pair in front of a rater.

    Args:
        id: Random name; all that the rater's browser learns.
        number: In the study file.
        pair: The pair's number.
        left: The clip on side A, by its number in the study.
        right: The clip on side B.
        text: What is said, where that is known.
        heard: Shares of A and B that the rater has heard, when this comes back after an undo.
    """

    id: str
    number: int
    pair: int
    left: int
    right: int
    text: str | None
    heard: tuple[float, float]


class Listening:
    """Hands out pairs.

    Args:
        study: The study.
        chooser: Which pair is next; among repeats and golden pairs it has no say.
        features: Of the study's clips, in the order of their numbers, for the chooser; may be
            set later, when they have been measured. The chooser gets none while there are clips
            that were added since.
    """

    def __init__(
        self, study: Study, chooser: Chooser | None = None, features: Features | None = None
    ) -> None:
        self.study = study
        self.chooser = chooser or Balanced()
        self.features = features
        self._choosing = threading.Lock()

    def next(self, rater: Rater, session: str | None = None) -> Presentation | None:
        """The pair in front of a rater: the oldest that is not answered, or a new one.

        Asking again gives the same pair until it is answered, so that nothing is lost when a page
        is closed.

        Returns:
            The presentation, or None when the rater is done.

        Raises:
            StudyError: `no_consent`, or `not_saved`.
        """
        if not rater.consented:
            raise StudyError("no_consent", "begin on the first screen")
        with self._choosing:
            while (waiting := self._waiting(rater)) is None:
                if not self._choose(rater, session):
                    return None
            return waiting

    def _waiting(self, rater: Rater) -> Presentation | None:
        row = self.study.db.one(
            "SELECT presentation.*, a, b, text FROM presentation JOIN pair ON pair.id = pair "
            "WHERE rater = ? AND NOT EXISTS "
            "(SELECT 1 FROM standing WHERE standing.presentation = presentation.number) "
            "ORDER BY number LIMIT 1",
            (rater.id,),
        )
        if row is None:
            return None
        heard = self.study.db.one(
            "SELECT heard_a, heard_b FROM vote WHERE presentation = ? AND action != 'undo' "
            "ORDER BY number DESC LIMIT 1",
            (row["number"],),
        )
        left, right = (row["b"], row["a"]) if row["swapped"] else (row["a"], row["b"])
        shares = (heard["heard_a"] or 0.0, heard["heard_b"] or 0.0) if heard else (0.0, 0.0)
        return Presentation(row["id"], row["number"], row["pair"], left, right, row["text"], shares)

    def remaining(self, rater: Rater) -> int:
        """How many more new pairs the rater could be given, as things stand."""
        shown = self._shown()
        eligible, _ = self._eligible(rater, shown)
        count = len(eligible)
        limit = self.study.settings.per_rater
        return count if limit is None else max(0, min(count, limit - _answered(rater, shown)))

    def _shown(self) -> list[sqlite3.Row]:
        return self.study.db.read(
            "SELECT presentation.number, pair, rater, kind, swapped, shown, action "
            "FROM presentation LEFT JOIN standing ON standing.presentation = presentation.number "
            "ORDER BY presentation.number"
        )

    def _eligible(self, rater: Rater, shown: list[sqlite3.Row]) -> tuple[list[int], dict[int, int]]:
        """Pairs that may be given to this rater, and how many raters each pair has."""
        seen: set[int] = set()
        voters: defaultdict[int, set[int]] = defaultdict(set)
        broken: defaultdict[int, set[int]] = defaultdict(set)
        now = time.time()
        for row in shown:
            pair = row["pair"]
            if row["rater"] == rater.id:
                seen.add(pair)
            if row["action"] == "broken":
                broken[pair].add(row["rater"])
            elif row["action"] == "answer" or (
                row["action"] is None and abs(now - row["shown"]) < STALE
            ):
                voters[pair].add(row["rater"])
        wanted = self.study.settings.votes_per_pair
        eligible = [
            pair.id
            for pair in self._pairs()
            if pair.id not in seen
            and len(voters[pair.id]) < wanted
            and len(broken[pair.id]) < BROKEN
        ]
        return eligible, {pair: len(raters) for pair, raters in voters.items()}

    def _pairs(self) -> list[StudyPair]:
        rows = self.study.db.read(
            "SELECT id, a, b FROM pair WHERE id NOT IN (SELECT pair FROM golden) ORDER BY id"
        )
        return [StudyPair(row["id"], row["a"] - 1, row["b"] - 1) for row in rows]

    def _choose(self, rater: Rater, session: str | None) -> bool:
        """Put a new pair in front of the rater, unless one is by now; False when there is none."""
        settings = self.study.settings
        shown = self._shown()
        own = [row for row in shown if row["rater"] == rater.id]
        if settings.per_rater is not None and _answered(rater, shown) >= settings.per_rater:
            return False
        eligible, votes = self._eligible(rater, shown)
        if not eligible:
            return False
        draw = random.Random(f"{settings.seed}/{rater.name}/{len(own)}")  # noqa: S311
        coin = draw.random()
        golden = self._golden_for(own)
        repeats = _repeatable(own)
        if golden and coin < settings.golden:
            pair = draw.choice(golden)
            kind, propensity, reason = "golden", 1.0 / len(golden), "golden"
            swapped = _side(pair, shown, own, draw)
        elif repeats and settings.golden <= coin < settings.golden + settings.repeat:
            again = draw.choice(repeats)
            pair, swapped = again["pair"], not again["swapped"]
            kind, propensity, reason = "repeat", 1.0 / len(repeats), "repeat"
        else:
            choice = self.chooser.choose(self._state(rater, eligible, votes), draw)
            if choice is None:
                return False
            pair, kind = choice.pair, "fresh"
            propensity, reason = choice.propensity, choice.reason
            swapped = _side(pair, shown, own, draw)
        with self.study.db.write() as write:
            write.execute(
                "INSERT INTO presentation "
                "(id, pair, rater, session, swapped, kind, propensity, reason, shown) "
                # A page that was opened on another study has a session that is none here.
                "SELECT ?, ?, ?, (SELECT id FROM session WHERE id = ?), ?, ?, ?, ?, ? "
                # Another server of the same study may have given the rater a pair meanwhile.
                "WHERE (SELECT COUNT(*) FROM presentation WHERE rater = ?) = ?",
                (secrets.token_urlsafe(16), pair, rater.id, session, int(swapped), kind,
                 propensity, reason, time.time(), rater.id, len(own)),
            )  # fmt: skip
        return True

    def _golden_for(self, own: list[sqlite3.Row]) -> list[int]:
        seen = {row["pair"] for row in own}
        rows = self.study.db.read("SELECT DISTINCT pair FROM golden ORDER BY pair")
        return [row["pair"] for row in rows if row["pair"] not in seen]

    def _state(self, rater: Rater, eligible: list[int], votes: dict[int, int]) -> StudyState:
        pairs = self._pairs()
        clips = self.study.db.read("SELECT path FROM clip ORDER BY id")
        features = self.features
        if features is not None and len(features) != len(clips):
            features = None  # clips were added since they were measured
        return StudyState(
            clips=[row["path"] for row in clips],
            pairs=pairs,
            judgements=judgements(self.study),
            eligible=eligible,
            votes=votes,
            dimensions=self.study.settings.dimensions,
            rater=rater.name,
            features=features,
        )


def _answered(rater: Rater, shown: list[sqlite3.Row]) -> int:
    return sum(row["rater"] == rater.id and row["action"] == "answer" for row in shown)


def _repeatable(own: list[sqlite3.Row]) -> list[sqlite3.Row]:
    """What the rater answered long enough ago, and was not shown twice."""
    times = Counter(row["pair"] for row in own)
    return [
        row
        for row in own[:-LAG]
        if row["action"] == "answer" and row["kind"] == "fresh" and times[row["pair"]] == 1
    ]


def _side(pair: int, shown: list[sqlite3.Row], own: list[sqlite3.Row], draw: random.Random) -> bool:
    """Whether the pair's b comes first.

    A pair that was shown to others more often one way round is shown the other way; else a coin
    decides that favours, by 2 to 1, the way round that this rater has had less often.

    Source: B. Efron (1971), "Forcing a sequential experiment to be balanced".
    """
    before = sum(1 if row["swapped"] else -1 for row in shown if row["pair"] == pair)
    if before:
        return before < 0
    balance = sum(1 if row["swapped"] else -1 for row in own)
    chance = 0.5 if balance == 0 else _FAVOUR if balance < 0 else 1.0 - _FAVOUR
    return draw.random() < chance
