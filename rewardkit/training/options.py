# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: Apache-2.0
"""What can be chosen about training a head."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

from rewardkit.errors import RewardkitError

GRID = (0.1, 0.3, 1.0, 3.0, 10.0, 30.0, 100.0, 300.0, 1000.0, 3000.0, 10_000.0)
"""The default grid of l2: half decades, from hardly any shrinkage to next to no head."""


@dataclass(frozen=True)
class TrainOptions:
    """How a head is trained.

    Args:
        l2: Weight decay: the objective is `sum(weight * cross-entropy) + l2 / 2 * |w|²`, on
            standardised features, so `l2 = 1 / C` of scikit-learn. One for all dimensions, one
            by dimension, or None to choose each by cross-validation over `grid`.
        grid: What `l2` is chosen from, ascending.
        folds: At most so many folds to choose it.
        columns: Which columns of the features each dimension may use; a dimension that is not
            named may use all.
        bend: Whether the head has one slope below each feature's mean and another above it, so
            that too little and too much can both be worse; otherwise one slope.
        members: Bootstrap members behind `std`.
        seed: Of the bootstrap.
        tolerance: Converged when no element of the gradient exceeds this part of the summed
            weight of the pairs.
        max_steps: Newton steps before training is given up as not converging.
        accelerator: As for Lightning's Trainer. Training is in float64, so `auto` takes the CPU
            on Apple's MPS, which has none.
        quiet: Whether Lightning's messages are held back.

    Raises:
        RewardkitError: `bad_option`.
    """

    l2: float | Mapping[str, float] | None = None
    grid: tuple[float, ...] = GRID
    folds: int = 8
    columns: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    bend: bool = False
    members: int = 20
    seed: int = 0
    tolerance: float = 1e-10
    max_steps: int = 100
    accelerator: str = "auto"
    quiet: bool = True

    def __post_init__(self) -> None:
        given = self.l2.values() if isinstance(self.l2, Mapping) else [self.l2]
        penalties = [*self.grid, *(value for value in given if value is not None)]
        if not self.grid or not all(0 < value < math.inf for value in penalties):
            raise RewardkitError("bad_option", "l2 and its grid are positive and finite")
        if list(self.grid) != sorted(set(self.grid)):
            raise RewardkitError("bad_option", "the grid of l2 ascends")
        if self.members < 2 or self.folds < 2 or self.max_steps < 1 or not self.tolerance > 0:
            raise RewardkitError(
                "bad_option", "members and folds are at least 2, steps and tolerance positive"
            )
