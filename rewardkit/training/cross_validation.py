# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: Apache-2.0
"""Cross-validation: what a head says of speakers it was not trained on."""

from __future__ import annotations

import dataclasses
from collections.abc import Hashable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rewardkit.errors import RewardkitError
from rewardkit.evaluate import Evaluation, evaluate
from rewardkit.pairs import Floats, Ints, Pairs
from rewardkit.resampling import Groups, folds, units
from rewardkit.training.estimate import estimate
from rewardkit.training.fit import check, resolve_l2
from rewardkit.training.options import TrainOptions


@dataclass(frozen=True, eq=False)
class Fold:
    """One fold.

    Args:
        held: The groups that were held out; empty when no groups were given.
        train: How many compared pairs were trained on: none has a clip of a held group.
        test: Which pairs were tested, `(tested,)`: those with at least one such clip.
        margin: Reward of a less reward of b, `(tested,)`.
        l2: Chosen inside the fold, by dimension.
    """

    held: tuple[Hashable, ...]
    train: int
    test: Ints
    margin: Floats
    l2: dict[str, float]


@dataclass(frozen=True, eq=False)
class CrossValidation:
    """Out-of-fold margins. A pair between two groups was tested in both their folds.

    Args:
        pairs: What was cross-validated.
        groups: As given.
        folds: Each fold.
    """

    pairs: Pairs
    groups: Groups | None
    folds: tuple[Fold, ...]

    @property
    def tested(self) -> tuple[Pairs, Floats]:
        """Every test of every fold: the pairs, and their margins `(tests,)`.

        A pair that was tested in two folds stands there twice with half its weight, so it
        counts once, with the mean of its two results.
        """
        place = np.concatenate([fold.test for fold in self.folds])
        tests = self.pairs.select(place)
        shared = dataclasses.replace(tests, weight=tests.weight / np.bincount(place)[place])
        return shared, np.concatenate([fold.margin for fold in self.folds])

    @property
    def margin(self) -> Floats:
        """Each pair's out-of-fold margin, `(pairs,)`: the mean over its folds."""
        place = np.concatenate([fold.test for fold in self.folds])
        margin = np.concatenate([fold.margin for fold in self.folds])
        tests = np.bincount(place, minlength=len(self.pairs))
        mean: Floats = np.bincount(place, margin, len(self.pairs)) / tests
        return mean

    def evaluate(self, **options: Any) -> Evaluation:
        """`rewardkit.evaluate.evaluate` on every test, resampling the same groups.

        Args:
            **options: Its `trivial`, `resamples`, `level`, `seed`.
        """
        pairs, margin = self.tested
        return evaluate(pairs, margin, groups=self.groups, **options)


def cross_validate(
    values: Floats,
    pairs: Pairs,
    *,
    groups: Groups | None = None,
    options: TrainOptions | None = None,
    most: int | None = None,
    strict: bool = False,
) -> CrossValidation:
    """Leave groups out in turn; l2 (unless given) and the normaliser come from the rest only.

    Args:
        values: `(clips, features)`.
        pairs: The preferences.
        groups: One label per clip, such as its speaker. Without it the folds hold out connected
            components of compared clips, or, with few of those, clips.
        options: As for `fit`; with `l2=None` each fold chooses its own, by an inner
            cross-validation over its training groups.
        most: At most so many folds; by default every group once, or ten without groups.
        strict: Test a pair between two groups by a head that was trained on neither. Otherwise
            such a pair is tested once for each, by a head that may know the other clip. Takes a
            fold for every two groups.

    Raises:
        RewardkitError: `too_few_groups` when nothing can be held out or nothing is left,
            `not_converged`.
    """
    options = options or TrainOptions()
    values = check(values, pairs)
    unit = units(pairs, groups)
    if most is None:
        most = 10 if groups is None else len(unit) + 1
    result = []
    for numbers, held_out, mask in _folds(unit, most, strict=strict):
        train = options.prepare(pairs.select(~held_out))
        held = _labels(pairs, unit, numbers, groups)
        if not len(train):
            raise RewardkitError(
                "too_few_groups", f"holding out {held} leaves no pair to train on; merge groups"
            )
        l2 = resolve_l2(values, train, groups, options)
        row = np.array([[l2[name] for name in pairs.dimensions]])
        fitted = estimate(values, train, np.ones((1, len(train))), row, options)
        test = np.flatnonzero(mask)
        margin = fitted.margins(values, pairs.select(test))[0]
        result.append(Fold(held, len(train), test, margin, l2))
    if not result:
        raise RewardkitError("too_few_groups", "at least two groups are needed to hold one out")
    return CrossValidation(pairs, groups, tuple(result))


def _folds(
    unit: Ints, most: int, *, strict: bool
) -> Iterator[tuple[Ints, NDArray[np.bool_], NDArray[np.bool_]]]:
    """Each fold's units, the pairs kept from its training, and those of them that it tests."""
    parts = folds(unit, most)
    if not strict:
        for numbers, held in parts:
            yield numbers, held, held
        return
    part = np.zeros(int(unit.max(initial=-1)) + 1, np.int64)
    for place, (numbers, _) in enumerate(parts):
        part[numbers] = place
    low, high = part[unit].min(axis=1), part[unit].max(axis=1)
    for i, (one, held) in enumerate(parts):
        for j, (other, also) in enumerate(parts[i:], start=i):
            test = (low == i) & (high == j)
            if test.any():
                yield np.unique(np.concatenate([one, other])), held | also, test


def _labels(pairs: Pairs, unit: Ints, numbers: Ints, groups: Groups | None) -> tuple[Hashable, ...]:
    """What the held-out units are called."""
    if groups is None:
        return ()
    sides = np.stack([pairs.a, pairs.b], axis=1)
    return tuple(groups[int(sides[unit == number][0])] for number in numbers)
