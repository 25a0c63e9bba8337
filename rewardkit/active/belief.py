# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: Apache-2.0
"""`Belief`: what the votes so far say of a head, as a normal distribution of its weights."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from rewardkit.pairs import Floats, Pairs

if TYPE_CHECKING:
    from rewardkit.training.options import TrainOptions


@dataclass(frozen=True, eq=False)
class Belief:
    """A head's weights, and how sure they are: Laplace's approximation around the fit.

    The last layer is all there is to a linear head. Its precision is the weight decay and, for
    each vote, the Fisher information `i(m) d dᵀ` of a judgement of two clips that lie d apart.

    Args:
        weights: float64 `(axes,)`.
        covariance: float64 `(axes, axes)`.
        ties: Name of the likelihood; see `rewardkit.training.likelihood`.
        tie: Its tie parameter, taken as known.
    """

    weights: Floats
    covariance: Floats
    ties: str = "half"
    tie: float = 0.0

    @classmethod
    def prior(cls, axes: int, l2: float) -> Belief:
        """Before any vote: weights of mean 0 and variance `1 / l2`."""
        return cls(np.zeros(axes), np.eye(axes) / l2)

    @classmethod
    def fit(cls, points: Floats, votes: Pairs, l2: float, options: TrainOptions) -> Belief:
        """The belief after some votes on one dimension, by the trainer's own Newton method.

        Args:
            points: `(clips, axes)`.
            votes: Votes between rows of `points`, of one dimension.
            l2: Weight decay.
            options: Likelihood of ties, smoothing, raters, as in training.

        Raises:
            RewardkitError: `not_converged`.
        """
        from rewardkit.training.solve import solve

        merged = options.prepare(votes)
        if not len(merged):
            return cls.prior(points.shape[1], l2)
        clips, places = np.unique(np.concatenate([merged.a, merged.b]), return_inverse=True)
        a, b = np.split(np.asarray(places, np.int64).reshape(-1), 2)
        win = merged.win + options.smoothing * (1.0 - 2.0 * merged.win)
        local = dataclasses.replace(merged, a=a, b=b, win=win)
        found = solve(points[clips], local, merged.weight[None, :], np.array([l2]), options)
        belief = cls(
            found.weights[0], np.eye(points.shape[1]), found.likelihood.name, float(found.tie[0])
        )
        differences = points[merged.a] - points[merged.b]
        scale = 1.0 if found.reliability is None else found.reliability.of(merged.rater)[0]
        margin = scale * (differences @ belief.weights)
        known = merged.weight * scale**2 * belief.information(margin)
        precision = l2 * np.eye(points.shape[1]) + (differences.T * known) @ differences
        covariance: Floats = np.linalg.inv(precision).astype(np.float64)
        return dataclasses.replace(belief, covariance=covariance)

    def information(self, margin: Floats) -> Floats:
        """Fisher information of one judgement about its margin, by the likelihood fitted.

        `i(m) = Σ_y P(y) L''(m; y)` over the answers y: `σ(m) σ(-m)` for Bradley and Terry, and
        `P_a P_b + P_tie (P_a + P_b) / 4` for Davidson.

        Args:
            margin: `(pairs,)`, in log-odds.

        Example:
            >>> Belief.prior(1, 1.0).information(np.array([0.0])).tolist()
            [0.25]
        """
        if self.ties == "half":
            with np.errstate(over="ignore"):
                return np.asarray(0.25 / np.cosh(np.asarray(margin) / 2) ** 2)
        import torch

        from rewardkit.training.likelihood import LIKELIHOODS

        likelihood = LIKELIHOODS[self.ties]
        m, parameter = torch.from_numpy(np.asarray(margin, np.float64)), torch.tensor(self.tie)
        one, none = torch.ones_like(m), torch.zeros_like(m)
        total = torch.zeros_like(m)
        for win, tie in ((one, none), (none, none), (0.5 * one, one)):
            terms = likelihood(m, win, tie, parameter)
            total += torch.exp(-terms.loss) * terms.curvature
        return np.asarray(total.numpy())
