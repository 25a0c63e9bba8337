# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: Apache-2.0
"""How much to shrink a head: l2 by cross-validated likelihood."""

from __future__ import annotations

import numpy as np

from rewardkit.pairs import OVERALL, Floats, Pairs
from rewardkit.resampling import Groups, folds, units
from rewardkit.training.estimate import estimate
from rewardkit.training.options import TrainOptions

FALLBACK = 10.0
"""l2 where nothing can be held out: fewer than two units."""


def choose_l2(
    values: Floats,
    pairs: Pairs,
    *,
    groups: Groups | None = None,
    options: TrainOptions | None = None,
) -> dict[str, float]:
    """The l2 of each dimension that best predicts pairs with a clip of units not trained on.

    Args:
        values: `(clips, features)`.
        pairs: What to train on.
        groups: One label per clip, such as its speaker: a fold holds out whole groups, with every
            pair that has a clip of one. See `rewardkit.resampling.units` for what is held out
            without.
        options: The grid, folds, and solver.

    Returns:
        By dimension, the value of the grid with the least negative log-likelihood of held-out
        pairs (the largest such where two are equal). All values of a fold are fitted at once. A
        dimension that can't be held out gets `FALLBACK`.
    """
    options = options or TrainOptions()
    grid = np.array(options.grid)
    merged = options.prepare(pairs)
    held = [mask for _, mask in folds(units(merged, groups), options.folds)]
    held = [mask for mask in held if mask.any() and not mask.all()]
    names = merged.dimensions
    chosen = dict.fromkeys(names, FALLBACK)
    last = [number for number, name in enumerate(names) if name == OVERALL]
    others = [number for number in range(len(names)) if number not in last]
    for stage in (others, last):  # the scalar is fitted on top of the dimensions
        relevant = np.isin(merged.dimension, stage if stage == others else others + last)
        loss = np.zeros((len(grid), len(names)))
        for mask in held if stage else []:
            train, test = merged.select(~mask & relevant), merged.select(mask & relevant)
            if not len(train) or not len(test):
                continue
            l2 = np.tile([chosen[name] for name in names], (len(grid), 1))
            l2[:, stage] = grid[:, None]
            fitted = estimate(values, train, np.ones((len(grid), len(train))), l2, options)
            for row, losses in enumerate(fitted.losses(values, test)):
                loss[row] += np.bincount(test.dimension, test.weight * losses, len(names))
        for number in stage:
            if loss[:, number].any():
                best = loss[:, number].min()
                least = np.flatnonzero(loss[:, number] <= best * (1 + 1e-9))
                chosen[names[number]] = float(grid[least[-1]])
    return chosen
