# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: Apache-2.0
"""The members of an ensemble: each saw other speakers and, where asked for, fewer features.

Members that differ by the bootstrap alone all read the same features, and err together where one
of these is fooled. Members that also leave out a group of features each disagree there, which is
what `std` is for (feature bagging: Bryll et al. 2003, "Attribute bagging", Pattern Recognition
36; for reward models, ensembles of unlike members: Eisenstein et al. 2024, "Helping or herding?",
COLM).
"""

from __future__ import annotations

import dataclasses

import numpy as np

from rewardkit.pairs import Floats, Pairs
from rewardkit.training.estimate import Estimate, estimate
from rewardkit.training.options import TrainOptions


def estimate_members(
    values: Floats, pairs: Pairs, often: Floats, l2: Floats, options: TrainOptions
) -> Estimate:
    """Fit a head, the first problem, and its members, the others.

    With `TrainOptions.drop`, member k leaves out group k of the features, and begins again with
    the first group after the last. A dimension that has no features beside the group keeps it.

    Args:
        values: `(clips, features)`.
        pairs: Merged pairs, by `TrainOptions.prepare`.
        often: `(1 + members, pairs)`: how often each pair counts; ones in the first row.
        l2: `(1 + members, dimensions)`.
        options: As for `estimate`.

    Returns:
        The estimate; its ties and raters are those of members with all features.

    Raises:
        RewardkitError: `not_converged`.
    """
    whole = estimate(values, pairs, often, l2, options)
    if not options.drop:
        return whole
    weights, mix = whole.weights.copy(), whole.mix.copy()
    group = np.arange(len(often) - 1) % len(options.drop)
    for number, dropped in enumerate(options.drop):
        rows = 1 + np.flatnonzero(group == number)
        if not len(rows):
            continue
        fewer = dataclasses.replace(
            options, columns=_without(dropped, pairs.dimensions, values.shape[1], options)
        )
        part = estimate(values, pairs, often[rows], l2[rows], fewer)
        weights[rows], mix[rows] = part.weights, part.mix
    return dataclasses.replace(whole, weights=weights, mix=mix)


def _without(
    dropped: tuple[int, ...], names: tuple[str, ...], features: int, options: TrainOptions
) -> dict[str, tuple[int, ...]]:
    """Which columns each dimension may still use."""
    columns = {}
    for name in names:
        allowed = options.columns.get(name, tuple(range(features)))
        left = tuple(column for column in allowed if column not in set(dropped))
        columns[name] = left or allowed
    return columns
