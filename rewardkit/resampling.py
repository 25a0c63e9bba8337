# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: Apache-2.0
"""What is drawn, and what is held out, as one: speakers, or clips that were compared.

Pairs that share a speaker or a clip are not independent. Both the bootstrap and the folds of
cross-validation therefore work on units: the groups that are given (speakers, say), or else the
connected components of the graph whose edges are the compared pairs; where those are too few, or
one of them holds too much, the clips. No pair with a clip of the fold's units is trained on. A pair
of two units is tested in both their folds, where its other side may be in pairs that were trained
on.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from rewardkit.errors import RewardkitError
from rewardkit.pairs import Floats, Ints, Pairs
from rewardkit.preferences.groups import Groups as UnionFind

Groups = Sequence[Hashable]
"""One label per clip (row), such as its speaker; None stands for a group of its own."""

_ENOUGH: Final = 8  # components; with fewer, each clip is a unit of its own
_MOST: Final = 1 / 3  # of the pairs in one component; likewise with more


def units(pairs: Pairs, groups: Groups | None = None) -> Ints:
    """The unit of each side of each pair: int64 `(pairs, 2)`, numbered from 0 without gaps.

    Args:
        pairs: The preferences.
        groups: One label per clip. Without it, the units are the connected components of
            compared clips; with fewer than eight of those, or one that holds more than a third
            of the pairs (as when pairs were drawn at random from all), the clips themselves.

    Raises:
        RewardkitError: `bad_groups` when a clip has no label.

    Example:
        >>> units(Pairs.of([0, 1], [2, 3], [1, 1]), ["ann", "bob", "ann", "ann"]).tolist()
        [[0, 0], [1, 0]]
    """
    if groups is not None:
        rows = int(max(pairs.a.max(initial=-1), pairs.b.max(initial=-1))) + 1
        if len(groups) < rows:
            raise RewardkitError("bad_groups", f"{len(groups)} labels for {rows} clips")
        numbers: dict[Hashable, int] = {}
        codes = [
            numbers.setdefault((row,) if label is None else label, len(numbers))
            for row, label in enumerate(groups)
        ]
        labels = np.array(codes, np.int64)
        return _dense(np.stack([labels[pairs.a], labels[pairs.b]], axis=1))
    component = _components(pairs)
    _, size = np.unique(component, return_counts=True)
    if len(size) >= _ENOUGH and size.max() <= _MOST * len(pairs):
        return _dense(np.stack([component, component], axis=1))
    return _dense(np.stack([pairs.a, pairs.b], axis=1))


def draws(unit: Ints, count: int, rng: np.random.Generator) -> Iterator[Floats]:
    """How often each pair occurs in bootstrap resamples of the units, in blocks of resamples.

    Units are drawn with replacement. A pair within one unit occurs as often as its unit, a pair
    of two units as often as the product: the pigeonhole bootstrap of Owen (2007, Annals of
    Applied Statistics 1(2), 386-411), which errs on the side of wider intervals.

    Args:
        unit: From `units`, `(pairs, 2)`.
        count: How many resamples.
        rng: Where the draws come from.

    Yields:
        float64 `(resamples, pairs)`; the blocks sum to `count` resamples.
    """
    if not len(unit):
        yield np.zeros((count, 0))
        return
    total = int(unit.max()) + 1
    within = unit[:, 0] == unit[:, 1]
    block = max(1, 4_000_000 // len(unit))
    for start in range(0, count, block):
        size = min(block, count - start)
        often = rng.multinomial(total, np.full(total, 1.0 / total), size=size)
        first = often[:, unit[:, 0]].astype(np.float64)
        yield np.where(within, first, first * often[:, unit[:, 1]])


def folds(unit: Ints, most: int) -> list[tuple[Ints, NDArray[np.bool_]]]:
    """Which pairs each fold holds out: those with a side in one of the fold's units.

    Train a fold on `~held`: no pair with a side in the fold's units is then trained on. A pair of
    two units is held out in both their folds; its other side may be trained on, in other pairs.

    Args:
        unit: From `units`, `(pairs, 2)`.
        most: At most so many folds; with no more units than that, each is left out once. Units
            are dealt out from the largest down, always to the fold with the fewest pairs.

    Returns:
        For each fold its units, and the mask `(pairs,)` of the pairs it holds out. Empty when
        there are fewer than two units.
    """
    size = np.bincount(unit.reshape(-1)) if len(unit) else np.zeros(0, np.int64)
    if len(size) < 2:
        return []
    fold = np.zeros(len(size), np.int64)
    load = np.zeros(min(most, len(size)), np.int64)
    for place in np.argsort(-size, kind="stable"):
        fold[place] = int(np.argmin(load))
        load[fold[place]] += size[place]
    return [
        (np.flatnonzero(fold == number), (fold[unit] == number).any(axis=1))
        for number in range(len(load))
    ]


def _components(pairs: Pairs) -> Ints:
    """The connected component of each pair, named by one of its clips."""
    joined: UnionFind[int] = UnionFind()
    for a, b in zip(pairs.a.tolist(), pairs.b.tolist(), strict=True):
        joined.join(a, b)
    return np.array([joined.find(a) for a in pairs.a.tolist()], np.int64)


def _dense(labels: Ints) -> Ints:
    if not labels.size:
        return labels.reshape(-1, 2)
    _, code = np.unique(labels, return_inverse=True)
    return np.asarray(code, np.int64).reshape(labels.shape)
