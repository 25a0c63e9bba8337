# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: Apache-2.0
"""Pairs that may be asked about: all of some clips, or as many of them at random."""

from __future__ import annotations

from collections.abc import Hashable, Sequence

import numpy as np

from rewardkit.pairs import Ints

MOST = 50_000
"""How many candidates are drawn at most by default: what a choice looks through."""


def pairs_among(groups: Sequence[Hashable], *, most: int = MOST, seed: int = 0) -> Ints:
    """Pairs of clips of the same group; when there are too many, some of them at random.

    The sample is uniform over the pairs, without replacement: a pair that is then drawn uniformly
    from it was drawn uniformly from all.

    Args:
        groups: One label for each clip; clips with different labels are not compared. The same
            label for all compares any two.
        most: How many pairs at most.
        seed: Of the sample.

    Returns:
        int64 `(pairs, 2)`, row numbers, each pair once with the lower number first.

    Example:
        >>> pairs_among(["x", "y", "x", "x"]).tolist()
        [[0, 2], [0, 3], [2, 3]]
    """
    places: dict[Hashable, list[int]] = {}
    for place, label in enumerate(groups):
        places.setdefault(label, []).append(place)
    members = [np.array(group, np.int64) for group in places.values()]
    counts = np.array([len(group) * (len(group) - 1) // 2 for group in members], np.int64)
    ends = np.cumsum(counts)
    total = int(counts.sum())
    if not total:
        return np.zeros((0, 2), np.int64)
    if total <= most:
        numbers: Ints = np.arange(total)
    else:
        numbers = np.sort(np.random.default_rng(seed).choice(total, most, replace=False))
    which = np.searchsorted(ends, numbers, side="right")
    within = numbers - (ends - counts)[which]
    sizes = np.array([len(group) for group in members], np.int64)[which]
    first, second = _unrank(within, sizes)
    offsets = np.concatenate([[0], np.cumsum([len(group) for group in members])])[which]
    flat = np.concatenate(members)
    return np.stack([flat[offsets + first], flat[offsets + second]], axis=1)


def _unrank(number: Ints, size: Ints) -> tuple[Ints, Ints]:
    """Both members of pair `number` among `size`, ordered (0, 1), (0, 2), …, (1, 2) and so on."""
    # Counted from the end: pairs of the last r members are r (r - 1) / 2.
    back = size * (size - 1) // 2 - 1 - number
    rest = ((1 + np.sqrt(8.0 * back + 1)) / 2).astype(np.int64)
    rest -= rest * (rest - 1) // 2 > back  # the square root may be rounded up
    rest += (rest + 1) * rest // 2 <= back  # or down
    first = size - 1 - rest
    second = size - 1 - (back - rest * (rest - 1) // 2)
    return first, second
