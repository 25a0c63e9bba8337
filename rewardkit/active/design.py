# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: Apache-2.0
"""`Design`: how much each candidate pair would teach, and what is left after some are chosen.

What a head will be asked is which of two clips is better. So what counts is how sure it is of the
margins of such pairs: of the candidates, which stand for all that it will see. With covariance Σ
of its weights, a judgement of two clips that lie d apart takes from the mean variance of those
margins

    i dᵀ Σ C Σ d / (1 + i dᵀ Σ d),   C = the mean of c cᵀ over the candidates' differences c,

by Sherman and Morrison's formula, with i the Fisher information of one judgement. It depends on
the answer's probability, through i, but not on the answer: a batch is chosen before any of its
pairs is judged, and what one pair has taught is no longer to be gained by the next. That is greedy
I-optimal design (V-, or Q-optimal to some). Without votes every i is 1/4.

A clip is more than its features say, and what is peculiar to it is learned anew from no second
judgement of it. The gain is therefore divided by `1 + wear n`, where n counts the judgements of
both clips so far; otherwise the few clips that lie farthest out are asked about over and over.

Sources: Cohn, Ghahramani and Jordan (1996), "Active learning with statistical models", JAIR 4,
129-145; Chaloner and Verdinelli (1995), "Bayesian experimental design: a review", Statistical
Science 10(3), 273-304. The wear is our own.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike

from rewardkit.active.belief import Belief
from rewardkit.pairs import Floats, Ints


class _Head:
    """One dimension's part of a design."""

    def __init__(self, belief: Belief, differences: Floats, asked: Floats) -> None:
        self.covariance = belief.covariance.copy()
        self.asked = asked
        self.margin: Floats = differences @ belief.weights
        self.information = belief.information(self.margin)
        toward = differences @ self.covariance
        self.variance: Floats = (toward * differences).sum(axis=1).clip(min=0.0)
        # The squared covariance of a pair's margin with those of the candidates, on average.
        self.shared: Floats = ((toward @ asked) * toward).sum(axis=1).clip(min=0.0)

    @property
    def gains(self) -> Floats:
        return self.information * self.shared / (1.0 + self.information * self.variance)

    def take(self, place: int, differences: Floats) -> None:
        known = self.information[place]
        toward = self.covariance @ differences[place]
        share = known / (1.0 + known * self.variance[place])
        along = differences @ toward
        asked = self.asked @ toward
        across = differences @ (self.covariance @ asked)
        step = share * along
        self.shared = (self.shared + step * (step * (toward @ asked) - 2 * across)).clip(min=0.0)
        self.variance = (self.variance - step * along).clip(min=0.0)
        self.covariance -= share * np.outer(toward, toward)


class Design:
    """The gains of candidate pairs under what is believed of one head or more.

    Args:
        points: `(clips, axes)`.
        pairs: `(pairs, 2)`: rows of `points`.
        beliefs: One for each dimension that is asked of a pair; their gains add up.
        judged: How many judgements each clip was in so far, `(clips,)`; none, if not given.
        wear: See above; 0 counts on the features alone.

    Example:
        >>> points = np.array([[0.0, 0.0], [1.0, 0.0], [0.0, 2.0]])
        >>> design = Design(points, [[0, 1], [0, 2]], [Belief.prior(2, 1.0)])
        >>> design.gains.round(3).tolist()
        [0.1, 1.0]
        >>> design.take(1)
        >>> design.gains.round(3).tolist()
        [0.067, 0.167]
    """

    def __init__(
        self,
        points: Floats,
        pairs: ArrayLike,
        beliefs: Sequence[Belief],
        *,
        judged: ArrayLike | None = None,
        wear: float = 0.5,
    ) -> None:
        self._rows: Ints = np.asarray(pairs, np.int64).reshape(-1, 2)
        self.differences: Floats = points[self._rows[:, 0]] - points[self._rows[:, 1]]
        self._judged = np.zeros(len(points)) if judged is None else np.array(judged, np.float64)
        self._wear = wear
        asked: Floats = self.differences.T @ self.differences / max(1, len(self._rows))
        self._heads = [_Head(belief, self.differences, asked) for belief in beliefs]

    @property
    def gains(self) -> Floats:
        """What a judgement of each pair is worth, in squared log-odds, `(pairs,)`; never negative.

        A pair that was taken stands there with what a second judgement of it would add.
        """
        total: Floats = np.zeros(len(self.differences))
        for head in self._heads:
            total += head.gains
        return np.asarray(total / (1.0 + self._wear * self._judged[self._rows].sum(axis=1)))

    @property
    def margins(self) -> Floats:
        """Reward of a less reward of b as believed, `(dimensions, pairs)`."""
        return np.array([head.margin for head in self._heads])

    def take(self, place: int) -> None:
        """Count a pair as judged, whatever the answer will be."""
        self._judged[self._rows[place]] += 1.0
        for head in self._heads:
            head.take(place, self.differences)
