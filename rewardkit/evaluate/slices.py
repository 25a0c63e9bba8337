# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: Apache-2.0
"""Slices: the same comparison by margin, speaker, language and system."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from rewardkit.evaluate.bootstrap import Bootstrap, Interval
from rewardkit.evaluate.calibration import equal_mass
from rewardkit.evaluate.scores import compared, correctness, cross_entropy
from rewardkit.pairs import Floats, Ints, Pairs
from rewardkit.preferences.record import Preference
from rewardkit.resampling import Groups, units

Facets = Mapping[str, Sequence[tuple[str | None, ...]]]
"""By name of a facet, what each pair belongs to: one label, or one for each side."""

MOST: Final = 50
"""Labels of a facet that are listed: those with the most judgements."""

_QUARTERS: Final = 4
_FEW: Final = 5  # compared pairs; fewer are often all alike, and so are their resamples


@dataclass(frozen=True)
class Slice:
    """How a reward does on some of a dimension's pairs.

    Args:
        facet: `margin`, `speaker`, `language`, `system` or another.
        label: Which.
        pairs: Compared pairs of clips, at least one of each from this speaker or system.
        judgements: Their summed weight.
        accuracy: As for the dimension; None when every label is a tie.
        log_loss: Likewise, in nat.
    """

    facet: str
    label: str
    pairs: int
    judgements: float
    accuracy: Interval | None
    log_loss: Interval


def facets(preferences: Sequence[Preference]) -> dict[str, list[tuple[str | None, ...]]]:
    """What a preference file's columns say of each pair.

    Returns:
        `speaker`, `language` and `system`, each only where some preference names it.

    Example:
        >>> facets([Preference("x", "y", 1.0, speaker_a="ann", speaker_b="bob")])
        {'speaker': [('ann', 'bob')]}
    """
    found: dict[str, list[tuple[str | None, ...]]] = {
        "speaker": [p.speakers for p in preferences],
        "language": [(p.language,) for p in preferences],
        "system": [(p.system_a, p.system_b) for p in preferences],
    }
    return {name: rows for name, rows in found.items() if any(any(row) for row in rows)}


def by_margin(pairs: Pairs) -> list[tuple[str | None]]:
    """Each pair's label by the data's own margin: its value, or quarters where there are many."""
    size = np.abs(pairs.margin)
    values = np.unique(size[size > 0])
    if not len(values):
        return [(None,)] * len(pairs)
    if len(values) <= _QUARTERS:
        return [(f"{value:g}" if value > 0 else None,) for value in size.tolist()]
    place = equal_mass(size, np.where(size > 0, pairs.weight, 0.0), _QUARTERS)
    names = {}
    for k in range(int(place.max()) + 1):
        inside = size[(place == k) & (size > 0)]
        names[k] = f"{inside.min():g} … {inside.max():g}"
    return [
        (names[k] if value > 0 else None,)
        for k, value in zip(place.tolist(), size.tolist(), strict=True)
    ]


def slices(
    pairs: Pairs,
    margin: Floats,
    by: Facets,
    groups: Groups | None,
    bootstrap: Bootstrap,
) -> tuple[Slice, ...]:
    """Each facet's slices, the largest first; those of `margin` from the least margin.

    A pair of two speakers or systems belongs to both slices. What is resampled is as for all
    pairs, but where one group has a part in every pair of a slice, as the speaker in a speaker's,
    it is the slice's clips. Fewer than five pairs have no interval.

    Args:
        pairs: The judgements.
        margin: Reward of a less reward of b, `(pairs,)`.
        by: What each pair belongs to.
        groups: One label per clip.
        bootstrap: Of these pairs; its count, level and seed are used.
    """
    found = []
    for facet, rows in {"margin": by_margin(pairs), **by}.items():
        places: dict[str, list[int]] = defaultdict(list)
        for place, labels in enumerate(rows):
            for label in set(labels) - {None}:
                places[str(label)].append(place)
        mass = {label: float(pairs.weight[here].sum()) for label, here in places.items()}
        order = sorted(places, key=lambda label: (-mass[label], label))[:MOST]
        if facet == "margin":
            order.sort(key=lambda label: float(label.split()[0]))
        for number, label in enumerate(order):
            here = np.array(places[label], np.int64)
            seed = (*bootstrap.seed, 2, number)
            found.append(
                _slice(facet, label, pairs.select(here), margin[here], groups, bootstrap, seed)
            )
    return tuple(found)


def _slice(
    facet: str,
    label: str,
    pairs: Pairs,
    margin: Floats,
    groups: Groups | None,
    bootstrap: Bootstrap,
    seed: tuple[int, ...],
) -> Slice:
    count = int(compared(pairs).max()) + 1
    resamples = bootstrap.count if count >= _FEW else 0
    own = Bootstrap(_units(pairs, groups), resamples, bootstrap.level, seed)
    scores = np.stack([cross_entropy(margin, pairs.win), correctness(margin, pairs.win)])
    log_loss, accuracy = own.means(scores, pairs.weight)
    assert log_loss is not None  # noqa: S101 - no pair's log-loss is NaN, and each has weight
    return Slice(
        facet,
        label,
        count,
        float(pairs.weight.sum()),
        None if accuracy is None else own.share(accuracy),
        log_loss,
    )


def _units(pairs: Pairs, groups: Groups | None) -> Ints:
    """The groups; or else, where one of them is in all pairs, the clips."""
    unit = units(pairs, groups)
    if groups is None:
        return unit
    shared = set(unit[0].tolist())
    for row in unit.tolist():
        shared &= set(row)
    return units(pairs) if shared else unit


def label_sides(labels: Sequence[Hashable], pairs: Pairs) -> list[tuple[str | None, ...]]:
    """A facet of clips: the labels of both sides of each pair.

    Args:
        labels: One per clip; None where unknown.
        pairs: The pairs.

    Example:
        >>> label_sides(["ann", "bob", None], Pairs.of([0, 1], [1, 2], [1, 1]))
        [('ann', 'bob'), ('bob', None)]
    """
    text = [None if label is None else str(label) for label in labels]
    return [(text[a], text[b]) for a, b in zip(pairs.a.tolist(), pairs.b.tolist(), strict=True)]
