# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: Apache-2.0
"""`ActiveChooser`: chooses the pairs of a listening study, and learns while raters listen."""

from __future__ import annotations

import random
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from rewardkit.active.belief import Belief
from rewardkit.active.design import Design
from rewardkit.active.pick import RANDOM, pick
from rewardkit.active.space import Space
from rewardkit.active.stopping import Accuracy, Verdict, agreement
from rewardkit.active.suggest import ActiveOptions, counts, learn
from rewardkit.errors import RewardkitError
from rewardkit.pairs import Ints, Pairs

if TYPE_CHECKING:
    from rewardkit.annotate.chooser import Choice, Judgement, StudyState
    from rewardkit.features import Features
    from rewardkit.training.options import TrainOptions


@dataclass(frozen=True, eq=False)
class _Learned:
    """What was made of the first `judgements` answers."""

    beliefs: dict[str, Belief]
    judgements: int


@dataclass(eq=False)
class _Working:
    """A design in use: for which pairs and what was learned, and what it counts as judged."""

    learned: _Learned | None
    pairs: tuple[int, int, int]  # how many, the first and the last number
    design: Design
    taken: set[int]


class ActiveChooser:
    """A `rewardkit.annotate.chooser.Chooser` by what answers are expected to teach.

    Each choice is with probability `explore` any of the eligible pairs, all alike, and else the
    one that teaches most, as in `next_pairs`. The head is fitted again in the background once
    `every` more answers are there; until that is done, pairs that were answered since, or are in
    front of a rater, count as judged. Without features every choice is uniform.

    With a stop rule, the head's opinion of each random pair is kept from when it is given to a
    rater. It is kept in memory: after a restart the rule counts anew.

    Args:
        options: How pairs are chosen; `repeats` does not matter, the study says what is eligible.
        train: How the head is fitted; see `next_pairs`.
        stop: When to stop; None goes on for as long as there are pairs.
        dimension: Of the answers that the stop rule counts; None for the first that is asked.
        every: Answers after which the head is fitted again.
        background: Whether that happens in a thread of its own; if not, the same answers always
            give the same choice.
    """

    def __init__(
        self,
        options: ActiveOptions | None = None,
        *,
        train: TrainOptions | None = None,
        stop: Accuracy | None = None,
        dimension: str | None = None,
        every: int = 10,
        background: bool = True,
    ) -> None:
        if every < 1:
            raise RewardkitError("bad_option", "every is at least 1")
        self.options = options or ActiveOptions()
        self.train = train
        self.stop = stop
        self.dimension = dimension
        self.every = every
        self.background = background
        self.failure: Exception | None = None
        """Why the last fit failed, if it did; choices then go by the fit before it."""
        self._space: tuple[object, Space] | None = None
        self._learned: _Learned | None = None
        self._working: _Working | None = None
        self._thread: threading.Thread | None = None
        # What the head thought of a random pair when it was given to a rater: its margin.
        self._opinions: dict[tuple[int, str], float] = {}

    def choose(self, state: StudyState, draw: random.Random) -> Choice | None:
        """The next pair, or None when the stop rule says so.

        Args:
            state: What is known.
            draw: The source of all randomness.
        """
        from rewardkit.annotate.chooser import Choice

        verdict = self.verdict(state)
        if verdict is not None and verdict.stop:
            return None
        place = {pair.id: number for number, pair in enumerate(state.pairs)}
        eligible = np.sort(np.array([place[pair] for pair in state.eligible], np.int64))
        explore, gains = self.options.explore, np.zeros(len(place))
        design = self._look(state, place)
        if design is None:
            explore = 1.0
        else:
            gains = design.gains
        chosen = pick(gains, eligible, explore, draw.random(), draw.random())
        number = state.pairs[chosen.place].id
        work = self._working
        self._opinions.pop((number, state.rater), None)  # of a random draw that was not answered
        if chosen.reason == RANDOM and design is not None and work is not None and work.learned:
            # A fit may have ended meanwhile: what counts is the one that the design is made of.
            names = list(work.learned.beliefs)
            if self._asked(state) in names:
                margin = design.margins[names.index(self._asked(state)), chosen.place]
                self._opinions[number, state.rater] = float(margin)
        return Choice(number, chosen.propensity, chosen.reason)

    def verdict(self, state: StudyState) -> Verdict | None:
        """What the stop rule says so far; None without one."""
        if self.stop is None:
            return None
        counted = [
            (self._opinions[j.pair, j.rater], j.win)
            for j in state.judgements
            if j.kind == "fresh"
            and j.dimension == self._asked(state)
            and (j.pair, j.rater) in self._opinions
        ]
        margin, win = zip(*counted, strict=True) if counted else ((), ())
        return self.stop.verdict(agreement(margin, win))

    def _asked(self, state: StudyState) -> str:
        return self.dimension or state.dimensions[0]

    def wait(self) -> None:
        """Wait for the fit that is under way, if any."""
        if self._thread is not None:
            self._thread.join()

    def _look(self, state: StudyState, place: dict[int, int]) -> Design | None:
        """The design as of now; None without features."""
        if state.features is None:
            return None
        if self._space is None or self._space[0] is not state.features:
            self._space = state.features, space_of(state.features, self.options.axes)
            self._learned = self._working = None
        space = self._space[1]
        self._fit(space, state, place)
        learned = self._learned
        heard = state.judgements[: learned.judgements if learned else 0]
        known = {j.pair for j in heard}
        pending = {p for p, votes in state.votes.items() if votes and p in place} - known
        pairs = len(state.pairs), state.pairs[0].id, state.pairs[-1].id
        work = self._working
        if (
            work is None
            or work.learned is not learned
            or work.pairs != pairs
            or not work.taken <= pending
        ):
            prior = Belief.prior(space.points.shape[1], space.decay(self.options.spread))
            beliefs = [prior] if learned is None else list(learned.beliefs.values())
            rows = np.array([(pair.a, pair.b) for pair in state.pairs], np.int64)
            judged = counts(_votes(heard, rows, place, state.dimensions), len(space.points))
            design = Design(space.points, rows, beliefs, judged=judged, wear=self.options.wear)
            work = _Working(learned, pairs, design, set())
        for number in sorted(pending - work.taken):
            work.design.take(place[number])
        work.taken = pending
        self._working = work
        return work.design

    def _fit(self, space: Space, state: StudyState, place: dict[int, int]) -> None:
        """Start a fit when there is enough that is new."""
        before = 0 if self._learned is None else self._learned.judgements
        if abs(len(state.judgements) - before) < self.every:
            return
        if self._thread is not None and self._thread.is_alive():
            return
        rows = np.array([(pair.a, pair.b) for pair in state.pairs], np.int64)
        votes = _votes(state.judgements, rows, place, state.dimensions)
        count = len(state.judgements)

        def run() -> None:
            try:
                self._learned = _Learned(learn(space, votes, self.options, self.train), count)
                self.failure = None
            except Exception as error:
                self.failure = error

        if not self.background:
            run()
            return
        self._thread = threading.Thread(target=run, name="rewardkit-active", daemon=True)
        self._thread.start()


def space_of(features: Features, axes: int) -> Space:
    """The space of clips of which some may not have been measured.

    Args:
        features: Of all clips.
        axes: At most so many axes.

    Raises:
        RewardkitError: `bad_features` when they do not tell the clips apart.
    """
    ok = np.array([error is None for error in features.errors])
    return Space.of(np.where(ok[:, None], features.values, np.nan), axes)


def _votes(
    judgements: Sequence[Judgement],
    rows: Ints,
    place: dict[int, int],
    dimensions: Sequence[str],
) -> Pairs:
    """Judgements of the study's own pairs as `Pairs`; golden pairs are not among them."""
    kept = [j for j in judgements if j.pair in place and j.dimension in dimensions]
    pairs = rows[[place[j.pair] for j in kept]].reshape(-1, 2)
    raters = {name: number for number, name in enumerate(dict.fromkeys(j.rater for j in kept))}
    return Pairs.of(
        pairs[:, 0],
        pairs[:, 1],
        [j.win for j in kept],
        [list(dimensions).index(j.dimension) for j in kept],
        [1.0 if j.strength is None else float(j.strength) for j in kept],
        dimensions=tuple(dimensions),
        tie=[float(j.win == 0.5) for j in kept],
        rater=[raters[j.rater] for j in kept],
    )
