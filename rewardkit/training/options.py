# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: Apache-2.0
"""What can be chosen about training a head."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, get_args

from rewardkit.errors import RewardkitError
from rewardkit.pairs import Pairs

GRID = (0.1, 0.3, 1.0, 3.0, 10.0, 30.0, 100.0, 300.0, 1000.0, 3000.0, 10_000.0)
"""The default grid of l2: half decades, from hardly any shrinkage to next to no head."""

Ties = Literal["half", "davidson", "rao-kupper"]


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
        reduce: Blocks of features that are replaced in training by their first principal
            components, each as the features' columns and the number of components; see
            `rewardkit.training.reduction`.
        decorrelate: Numbers that the reward must not go with, such as durations, by name, one for
            each row of the features: over the training pairs the head's margins are uncorrelated
            with their differences; see `rewardkit.training.decorrelation`.
        ties: What the likelihood makes of ties: `half` a win to each side, or a probability of
            their own, after `davidson` or `rao-kupper`; see `rewardkit.training.likelihood`.
        raters: Whether each rater who is named has a reliability of their own, fitted with the
            head; see `rewardkit.training.raters`.
        rater_shrinkage: How strongly reliabilities are drawn to 1: as by a prior of a standard
            deviation of `1 / sqrt(rater_shrinkage)`.
        smoothing: The share of the answers that is taken to be reversed, below 1/2:
            `win` becomes `(1 - smoothing) win + smoothing (1 - win)`, as in conservative DPO, and
            ties stay ties. Keeps rewards finite where a feature tells all pairs apart.
        margin: How many log-odds a unit of the data's `margin` asks for: 1 for TRL's and Llama
            2's loss, 0 to leave margins unused.
        center: Penalty on `(reward_a + reward_b)²` per judgement, TRL's
            `center_rewards_coefficient`. Features are standardised over the training clips, so
            their mean reward is 0 with or without it. What it adds is a quadratic form: with Σ
            the features' covariance and C that between the two clips of a pair, the penalty on n
            judgements is `center n wᵀ (2 Σ + 2 C) w`. It shrinks the spread of rewards, most
            where the clips of a pair are alike (one text, one speaker): what such clips share
            and no comparison can tell.
        bend: Whether the head has one slope below each feature's mean and another above it, so
            that too little and too much can both be worse; otherwise one slope.
        members: Bootstrap members behind `std`.
        drop: Groups of features, each as their columns; every member leaves one out in turn. Empty
            lets all members read all features; see `rewardkit.training.members`.
        seed: Of the bootstrap.
        tolerance: Converged when no element of the gradient exceeds this part of the summed
            weight of the pairs.
        max_steps: Newton steps before training is given up as not converging.
        accelerator: As for Lightning's Trainer. Training is in float64, so `auto` takes the CPU
            on Apple's MPS, which has none.
        journal: Folder in which the state of each problem is kept while training, so that a run
            that was killed goes on from there and gives the same bits; None keeps nothing. See
            `rewardkit.training.journal`.
        quiet: Whether Lightning's messages are held back.

    Raises:
        RewardkitError: `bad_option`.
    """

    l2: float | Mapping[str, float] | None = None
    grid: tuple[float, ...] = GRID
    folds: int = 8
    columns: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    reduce: tuple[tuple[tuple[int, ...], int], ...] = ()
    decorrelate: Mapping[str, tuple[float, ...]] = field(default_factory=dict)
    ties: Ties = "davidson"
    raters: bool = False
    rater_shrinkage: float = 4.0
    smoothing: float = 0.0
    margin: float = 0.0
    center: float = 0.0
    bend: bool = False
    members: int = 20
    drop: tuple[tuple[int, ...], ...] = ()
    seed: int = 0
    tolerance: float = 1e-10
    max_steps: int = 100
    accelerator: str = "auto"
    journal: str | None = None
    quiet: bool = True

    def __post_init__(self) -> None:
        given = self.l2.values() if isinstance(self.l2, Mapping) else [self.l2]
        penalties = [*self.grid, *(value for value in given if value is not None)]
        if not self.grid or not all(0 < value < math.inf for value in penalties):
            raise RewardkitError("bad_option", "l2 and its grid are positive and finite")
        if list(self.grid) != sorted(set(self.grid)):
            raise RewardkitError("bad_option", "the grid of l2 ascends")
        if any(not group for group in self.drop):
            raise RewardkitError("bad_option", "a group that members leave out has features")
        if any(not block or count < 1 for block, count in self.reduce):
            raise RewardkitError("bad_option", "a block has features, and a component or more")
        if self.ties not in get_args(Ties):
            raise RewardkitError("bad_option", f"ties is one of {', '.join(get_args(Ties))}")
        if not 0 <= self.smoothing < 0.5:
            raise RewardkitError("bad_option", "smoothing lies in 0 … 1/2, without 1/2")
        if not all(0 <= value < math.inf for value in (self.margin, self.center)):
            raise RewardkitError("bad_option", "margin and center are finite and not negative")
        if not 0 < self.rater_shrinkage < math.inf:
            raise RewardkitError("bad_option", "rater_shrinkage is positive and finite")
        if self.members < 2 or self.folds < 2 or self.max_steps < 1 or not self.tolerance > 0:
            raise RewardkitError(
                "bad_option", "members and folds are at least 2, steps and tolerance positive"
            )
        if self.seed < 0:
            raise RewardkitError("bad_option", "the seed is not negative")

    def numerical(self) -> str:
        """The options that a single solution depends on, as text."""
        return f"{self.center} {self.rater_shrinkage} {self.tolerance} {self.accelerator}"

    def prepare(self, pairs: Pairs) -> Pairs:
        """Pairs merged as far as the loss allows: once for each margin and rater it heeds."""
        return pairs.merged(margins=self.margin > 0, raters=self.raters)
