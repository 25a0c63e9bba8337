# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: Apache-2.0
"""`next_pairs`: which pairs to ask listeners about next."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike

from rewardkit.active.belief import Belief
from rewardkit.active.design import Design
from rewardkit.active.pick import Reason, check, pick
from rewardkit.active.space import Space
from rewardkit.errors import RewardkitError
from rewardkit.pairs import Floats, Ints, Pairs

if TYPE_CHECKING:
    from rewardkit.training.options import TrainOptions


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A pair to ask about.

    Args:
        a: Row of one clip. Which clip is a is a coin's choice.
        b: Row of the other.
        propensity: The probability with which this pair was chosen, given the votes and the
            suggestions before it.
        reason: `information`, or `random` for a uniform draw from the candidates.
        gain: What a judgement is expected to teach, in squared log-odds; see `Design`.
        margin: By how much the votes so far put a above b, in log-odds, in the first dimension
            that was judged; 0 before any vote. Compared with the answers to random pairs, in
            order, it is what `Accuracy` counts: answers in that dimension.
        dimension: That of the margin; empty before any vote.
    """

    a: int
    b: int
    propensity: float
    reason: Reason
    gain: float
    margin: float = 0.0
    dimension: str = ""


@dataclass(frozen=True)
class ActiveOptions:
    """How pairs are chosen.

    Args:
        explore: Probability that a pair is a uniform draw. Those pairs are a random sample, on
            which a head can be judged without bias.
        spread: How far two clips' rewards lie apart before anything is known, as a standard
            deviation in log-odds; it sets the weight decay of the head that chooses.
        axes: How many principal axes of the features are looked at, at most: about as many as
            some hundred answers can tell apart.
        wear: By how much each judgement of a clip so far lessens the gain of another; see
            `Design`.
        repeats: Whether a pair that was judged may be suggested again.

    Raises:
        RewardkitError: `bad_option`.
    """

    explore: float = 0.2
    spread: float = 1.0
    axes: int = 16
    wear: float = 0.5
    repeats: bool = False

    def __post_init__(self) -> None:
        check(self.explore)
        if not 0 < self.spread < np.inf or self.axes < 1:
            raise RewardkitError("bad_option", "spread is positive and finite, axes at least 1")
        if not 0 <= self.wear < np.inf:
            raise RewardkitError("bad_option", "wear is finite and not negative")


def next_pairs(
    values: ArrayLike,
    candidates: ArrayLike,
    votes: Pairs | None = None,
    *,
    count: int,
    seed: int,
    options: ActiveOptions | None = None,
    train: TrainOptions | None = None,
) -> list[Suggestion]:
    """The pairs that teach most, and some at random.

    One after the other, each pair is with probability `explore` any of the candidates that are
    left, all alike, and otherwise the one from which most is to be learned, given the votes and
    the pairs already suggested (see `Design`). At least `floor(explore * count)` are random: once
    so many are missing as places are left, `explore` is 1 for the rest. The propensities are
    those of this very scheme, so `1 / propensity` weights undo it.

    Args:
        values: Features `(clips, features)`; NaN where not measurable.
        candidates: Rows of the clips that may be compared, `(pairs, 2)`; see `pairs_among`.
        votes: What was judged so far, between the same rows; None before the first vote.
        count: How many pairs; fewer come when the candidates run out.
        seed: Not negative. The same arguments give the same pairs; with other votes, others are
            drawn.
        options: See `ActiveOptions`.
        train: How the head is fitted to the votes: likelihood of ties, raters, smoothing. Its
            weight decay follows from `spread`.

    Raises:
        RewardkitError: `bad_features`, `bad_candidates`, `no_candidates`, `not_converged`.

    Example:
        >>> values = np.array([[0.0], [1.0], [5.0], [5.1]])
        >>> pairs = [[0, 1], [0, 3], [2, 3]]
        >>> options = ActiveOptions(explore=0.0)
        >>> (best,) = next_pairs(values, pairs, count=1, seed=0, options=options)
        >>> sorted((best.a, best.b)), best.propensity, best.reason
        ([0, 3], 1.0, 'information')
    """
    options = options or ActiveOptions()
    table = np.asarray(values, np.float64)
    rows = checked(candidates, len(table))
    space = Space.of(table, options.axes)
    beliefs = learn(space, votes, options, train)
    design = Design(
        space.points,
        rows,
        list(beliefs.values()),
        judged=None if votes is None else counts(votes, len(table)),
        wear=options.wear,
    )
    margins = design.margins[0] + 0.0
    dimension = next(iter(beliefs))
    left = np.ones(len(rows), bool)
    if votes is not None and not options.repeats:
        left = ~np.isin(_keys(rows), _keys(np.stack([votes.a, votes.b], axis=1)))
    if not left.any():
        raise RewardkitError("no_candidates", "every candidate was judged already")
    # Of one seed alone, all batches would draw the same places of what is left: the same clips.
    rng = np.random.default_rng((seed, 0 if votes is None else len(votes)))
    count = min(count, int(left.sum()))
    needed = int(options.explore * count + 1e-9)
    found: list[Suggestion] = []
    for number in range(count):
        explore = 1.0 if needed >= count - number else options.explore
        gains = design.gains
        draws = rng.random(3)
        chosen = pick(gains, np.flatnonzero(left), explore, float(draws[0]), float(draws[1]))
        needed -= chosen.reason == "random"
        a, b = rows[chosen.place].tolist()
        gain, margin = float(gains[chosen.place]), float(margins[chosen.place])
        if draws[2] >= 0.5:
            a, b, margin = b, a, 0.0 - margin
        found.append(Suggestion(a, b, chosen.propensity, chosen.reason, gain, margin, dimension))
        design.take(chosen.place)
        left[chosen.place] = False
    return found


def learn(
    space: Space,
    votes: Pairs | None,
    options: ActiveOptions | None = None,
    train: TrainOptions | None = None,
) -> dict[str, Belief]:
    """What the votes say, by dimension; the prior, of a nameless one, when there are none.

    Args:
        space: Of the clips.
        votes: Between its rows.
        options: See `ActiveOptions`.
        train: As in `next_pairs`.

    Raises:
        RewardkitError: `bad_features` when votes name clips that are not there, `not_converged`.
    """
    options = options or ActiveOptions()
    l2 = space.decay(options.spread)
    if votes is None or not len(votes):
        return {"": Belief.prior(space.points.shape[1], l2)}
    if max(int(votes.a.max()), int(votes.b.max())) >= len(space.points):
        raise RewardkitError("bad_features", "there are votes on clips without features")
    from rewardkit.training.options import TrainOptions

    train = train or TrainOptions()
    return {
        name: Belief.fit(space.points, votes.of_dimension(name), l2, train)
        for name in votes.dimensions
    }


def counts(votes: Pairs, clips: int) -> Floats:
    """How many judgements each clip was in, `(clips,)`; answers on all dimensions make one.

    Example:
        >>> counts(Pairs.of([0, 0], [1, 2], [1.0, 0.5]), 4).tolist()
        [2.0, 1.0, 1.0, 0.0]
    """
    answers = np.bincount(np.concatenate([votes.a, votes.b]), minlength=clips)
    return np.asarray(answers / max(1, len(votes.dimensions)))


def checked(candidates: ArrayLike, clips: int) -> Ints:
    """Candidate pairs as int64 `(pairs, 2)`.

    Raises:
        RewardkitError: `bad_candidates`.
    """
    rows: np.ndarray[Any, np.dtype[Any]] = np.asarray(candidates)
    if rows.ndim != 2 or rows.shape[1] != 2 or not np.issubdtype(rows.dtype, np.integer):
        raise RewardkitError(
            "bad_candidates", f"whole numbers of shape (pairs, 2) are needed, not {rows.shape}"
        )
    pairs: Ints = rows.astype(np.int64)
    if len(pairs) and (pairs.min() < 0 or pairs.max() >= clips):
        raise RewardkitError("bad_candidates", f"rows lie in 0 … {clips - 1}")
    if (pairs[:, 0] == pairs[:, 1]).any():
        raise RewardkitError("bad_candidates", "a pair has two different clips")
    if len(np.unique(_keys(pairs))) < len(pairs):
        raise RewardkitError("bad_candidates", "a pair stands there twice")
    return pairs


def _keys(pairs: Ints) -> Ints:
    """One number for each pair, whichever is first."""
    return np.asarray(pairs.min(axis=1) * (1 << 31) + pairs.max(axis=1), np.int64)
