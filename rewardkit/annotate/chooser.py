# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: Apache-2.0
"""`Chooser`: which pair a rater judges next, and the simplest one that is fair."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from rewardkit.features import Features


@dataclass(frozen=True, slots=True)
class StudyPair:
    """Two clips that may be compared.

    Args:
        id: The pair's number in the study; stable.
        a: Row of one clip in `StudyState.clips`, and in `StudyState.features`.
        b: Row of the other.
    """

    id: int
    a: int
    b: int


@dataclass(frozen=True, slots=True)
class Judgement:
    """One answer to one question, as it stands (what was undone is not here).

    Args:
        pair: Number of the pair.
        dimension: What was asked.
        win: 1 when the pair's a was better, 0 when its b was, 0.5 for a tie; whatever sides they
            were shown on.
        rater: Who answered.
        strength: 1 = slightly, 2 = clearly; None for a tie, or where it was not asked.
        kind: `fresh`; `repeat` for a pair that the same rater had judged before; `golden` for one
            whose answer is known.
        propensity: The probability with which the pair was chosen when it was.
        seconds: From the pair being shown to the answer.
        expected: The known answer of a golden pair, as `win`.
    """

    pair: int
    dimension: str
    win: float
    rater: str
    strength: int | None = None
    kind: str = "fresh"
    propensity: float = 1.0
    seconds: float | None = None
    expected: float | None = None


@dataclass(frozen=True)
class StudyState:
    """What is known when a pair has to be chosen.

    Args:
        clips: Paths of all clips.
        pairs: All pairs but the golden ones.
        judgements: All answers so far, in order.
        eligible: Numbers of the pairs that this rater may be given: not judged or skipped by them
            before, and still short of votes; never empty.
        votes: How many raters have each pair behind them or before them, by the pair's number;
            0 where absent.
        dimensions: What is asked of each pair, in order.
        rater: Who is about to judge.
        features: The clips' features, a row each as in `clips`; None when none were measured.
    """

    clips: Sequence[str]
    pairs: Sequence[StudyPair]
    judgements: Sequence[Judgement]
    eligible: Sequence[int]
    votes: dict[int, int]
    dimensions: Sequence[str]
    rater: str
    features: Features | None = None


@dataclass(frozen=True, slots=True)
class Choice:
    """A pair to be judged next.

    Args:
        pair: Its number; one of `StudyState.eligible`.
        propensity: The probability with which the chooser picks this pair in this state, in
            (0, 1]; kept for estimates that undo the selection (inverse propensity weighting).
        reason: Why, in a word or two, such as `random` or `information`; kept with the pair.
    """

    pair: int
    propensity: float
    reason: str


class Chooser(Protocol):
    """Chooses pairs. Called under a lock, once for each pair that is shown: it should be quick.

    A chooser that learns does its learning in the background, from the state it was last given.
    """

    def choose(self, state: StudyState, draw: random.Random) -> Choice | None:
        """The next pair, or None when there is nothing more to be learned.

        Args:
            state: What is known.
            draw: The source of all randomness; the same state and draw give the same choice.
        """
        ...


class Balanced:
    """At random among the eligible pairs that have the fewest votes.

    Example:
        >>> pairs = [StudyPair(0, 0, 1), StudyPair(1, 0, 2), StudyPair(2, 1, 2)]
        >>> state = StudyState(["x", "y", "z"], pairs, [], [0, 1, 2], {0: 1}, ["overall"], "anna")
        >>> Balanced().choose(state, random.Random(0))
        Choice(pair=2, propensity=0.5, reason='random')
    """

    def choose(self, state: StudyState, draw: random.Random) -> Choice:
        """One of the pairs with the fewest votes, each with the same probability."""
        votes = Counter(state.votes)
        fewest = min(votes[pair] for pair in state.eligible)
        pool = [pair for pair in state.eligible if votes[pair] == fewest]
        return Choice(draw.choice(pool), 1.0 / len(pool), "random")
