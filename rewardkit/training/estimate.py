# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: Apache-2.0
"""Heads for given pairs, weights and l2: dimensions first, then what they make of the scalar.

Each dimension's head is fitted to its own pairs alone, so it means the log-odds of its own
question and nothing else. Then, with those fixed, the pairs that say which clip is better over
all (`overall`) are explained by a mix of the dimensions, none counting negatively, and a
remainder that is linear in the features:

    scalar = sum_d mix_d reward_d + remainder,   mix_d >= 0,

jointly by penalised maximum likelihood: the remainder is shrunk towards 0 and the mix towards
1/D. Both steps are convex. Without any `overall` pairs, the same estimate is mix = 1/D and no
remainder: the scalar is then the mean of the dimensions, by declaration and not by learning.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import torch

from rewardkit.normaliser import Normaliser
from rewardkit.pairs import OVERALL, Floats, Pairs
from rewardkit.training.decorrelation import free_directions, of_clips
from rewardkit.training.likelihood import LIKELIHOODS
from rewardkit.training.options import TrainOptions
from rewardkit.training.reduction import Reduction
from rewardkit.training.solve import Solution, solve


@dataclass(frozen=True, eq=False)
class Estimate:
    """Fitted heads, `problems` of them: a full fit and bootstrap members, or values of l2.

    Args:
        dimensions: The names; `overall`, if among them, is the remainder.
        normaliser: Of the clips that occur in the pairs; common to all problems.
        weights: float64 `(problems, dimensions, columns)`; see `Normaliser`.
        mix: float64 `(problems, dimensions)`.
        solutions: Of each dimension that has pairs: its likelihood, tie parameters, raters.
        steps: Newton steps by dimension.
        gradient: Largest remaining gradient by dimension, per unit of weight.
    """

    dimensions: tuple[str, ...]
    normaliser: Normaliser
    weights: Floats
    mix: Floats
    solutions: Mapping[str, Solution]
    steps: dict[str, int]
    gradient: dict[str, float]

    def losses(self, values: Floats, pairs: Pairs) -> Floats:
        """Negative log-likelihood of each pair's judgement in nat, `(problems, pairs)`.

        By the likelihood that was fitted, with its tie parameters and, where they were fitted,
        its raters; neither smoothed nor with margins, which shape the training only.
        """
        result = self.margins(values, pairs)
        for number, name in enumerate(self.dimensions):
            here = pairs.dimension == number
            margin = result[:, here]
            found = self.solutions.get(name)
            if found is not None and found.reliability is not None:
                margin = found.reliability.of(pairs.rater[here]) * margin
            likelihood = LIKELIHOODS["half"] if found is None else found.likelihood
            tie = np.zeros(len(margin)) if found is None else found.tie
            arrays = (margin, pairs.win[here], pairs.tie[here], tie[:, None])
            result[:, here] = likelihood(*map(torch.from_numpy, arrays)).loss.numpy()
        return result

    def margins(self, values: Floats, pairs: Pairs) -> Floats:
        """Reward of a less reward of b, `(problems, pairs)`, each in its pair's own dimension.

        The reward of an `overall` pair is the scalar, not the remainder.
        """
        z = self.normaliser(values)
        result = np.zeros((len(self.weights), len(pairs)))
        for number, name in enumerate(self.dimensions):
            here = pairs.dimension == number
            w = self.weights[:, number]
            if name == OVERALL:
                w = np.einsum("kd,kdf->kf", self.mix, self.weights)
            reward = z @ w.T
            result[:, here] = (reward[pairs.a[here]] - reward[pairs.b[here]]).T
        return result


def estimate(
    values: Floats, pairs: Pairs, often: Floats, l2: Floats, options: TrainOptions
) -> Estimate:
    """Fit heads.

    Args:
        values: `(clips, features)`.
        pairs: Merged pairs, by `TrainOptions.prepare`.
        often: `(problems, pairs)`: how often each pair counts.
        l2: `(problems, dimensions)`.
        options: The likelihood's, and the solver's.

    Raises:
        RewardkitError: `not_converged`.
    """
    clips, places = np.unique(np.concatenate([pairs.a, pairs.b]), return_inverse=True)
    normaliser = Normaliser.fit(values[clips], bend=options.bend)
    z = normaliser(values[clips])
    reduction = Reduction.fit(z, values.shape[1], options.reduce)
    z = reduction(z)
    a, b = np.split(np.asarray(places, np.int64).reshape(-1), 2)
    win = pairs.win + options.smoothing * (1.0 - 2.0 * pairs.win)
    local = dataclasses.replace(pairs, a=a, b=b, win=win)
    nuisances = of_clips(options.decorrelate, clips)
    names = pairs.dimensions
    others = [number for number, name in enumerate(names) if name != OVERALL]
    weights = np.zeros((len(often), len(names), z.shape[1]))
    mix = np.full((len(often), len(names)), 1.0 / max(len(others), 1))
    solutions: dict[str, Solution] = {}
    steps, gradient = dict.fromkeys(names, 0), dict.fromkeys(names, 0.0)
    last = [number for number, name in enumerate(names) if name == OVERALL]
    for number in others + last:
        here = np.flatnonzero(local.dimension == number)
        final = number in last
        if final:
            mix[:, number] = 1.0
        if not len(here):
            continue
        allowed = reduction.only(z, options.columns.get(names[number])).any(axis=0)
        free = np.eye(z.shape[1])[:, allowed]
        if nuisances:
            free = free @ free_directions(z[:, allowed], local, nuisances)
        solution = solve(
            z,
            local.select(here),
            often[:, here] * local.weight[here],
            l2[:, number],
            options,
            basis=weights[:, others] if final else None,
            free=None if free.shape[1] == z.shape[1] else free,
        )
        weights[:, number] = solution.weights
        if final:
            mix[:, others] = solution.mix
        solutions[names[number]] = solution
        steps[names[number]], gradient[names[number]] = solution.steps, solution.gradient
    folded = reduction.fold(weights)
    return Estimate(names, normaliser, folded, mix, solutions, steps, gradient)
