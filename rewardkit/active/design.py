# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: Apache-2.0
"""`Design`: how much each candidate pair would teach, and what is left after some are chosen.

With the precision Λ of a head's weights, a judgement of two clips that lie d apart adds
`i(m) d dᵀ`, and by the matrix determinant lemma

    ½ log det(Λ + i d dᵀ) - ½ log det Λ = ½ log(1 + i dᵀ Λ⁻¹ d):

the entropy that the weights lose, in nat. It depends on the answer's probability, through i, but
not on the answer, so a batch is chosen before any of its pairs is judged: after each choice the
covariance is updated by Sherman and Morrison's formula, and what the chosen pair has taught is no
longer to be gained. That is greedy D-optimal design; log det is submodular, so the batch gains at
least 1 - 1/e of what the best batch would. Without votes every i is 1/4, and the same rule covers
the space of features.

Sources: Chaloner and Verdinelli (1995), "Bayesian experimental design: a review", Statistical
Science 10(3), 273-304; Nemhauser, Wolsey and Fisher (1978), Mathematical Programming 14, 265-294.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike

from rewardkit.active.belief import Belief
from rewardkit.pairs import Floats, Ints


class _Head:
    """One dimension's part of a design."""

    def __init__(self, belief: Belief, differences: Floats) -> None:
        self.covariance = belief.covariance.copy()
        self.margin: Floats = differences @ belief.weights
        self.information = belief.information(self.margin)
        self.variance: Floats = np.einsum(
            "pk,pk->p", differences @ self.covariance, differences
        ).clip(min=0.0)

    def take(self, place: int, differences: Floats) -> None:
        known = self.information[place]
        toward = self.covariance @ differences[place]
        share = known / (1.0 + known * self.variance[place])
        self.covariance -= share * np.outer(toward, toward)
        self.variance = (self.variance - share * (differences @ toward) ** 2).clip(min=0.0)


class Design:
    """The gains of candidate pairs under what is believed of one head or more.

    Args:
        points: `(clips, axes)`.
        pairs: `(pairs, 2)`: rows of `points`.
        beliefs: One for each dimension that is asked of a pair; their gains add up.

    Example:
        >>> points = np.array([[0.0, 0.0], [1.0, 0.0], [0.0, 2.0]])
        >>> design = Design(points, [[0, 1], [0, 2]], [Belief.prior(2, 1.0)])
        >>> design.gains.round(3).tolist()
        [0.112, 0.347]
        >>> design.take(1)
        >>> design.gains.round(3).tolist()
        [0.112, 0.203]
    """

    def __init__(self, points: Floats, pairs: ArrayLike, beliefs: Sequence[Belief]) -> None:
        rows: Ints = np.asarray(pairs, np.int64).reshape(-1, 2)
        self.differences: Floats = points[rows[:, 0]] - points[rows[:, 1]]
        self._heads = [_Head(belief, self.differences) for belief in beliefs]

    @property
    def gains(self) -> Floats:
        """What a judgement of each pair is expected to teach, in nat, `(pairs,)`; never negative.

        A pair that was taken stands there with what a second judgement of it would add.
        """
        total: Floats = np.zeros(len(self.differences))
        for head in self._heads:
            total += 0.5 * np.log1p(head.information * head.variance)
        return total

    @property
    def margins(self) -> Floats:
        """Reward of a less reward of b as believed, `(dimensions, pairs)`."""
        return np.array([head.margin for head in self._heads])

    def take(self, place: int) -> None:
        """Count a pair as judged, whatever the answer will be."""
        for head in self._heads:
            head.take(place, self.differences)
