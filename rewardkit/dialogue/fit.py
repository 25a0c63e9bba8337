# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: Apache-2.0
"""Training a head of dialogues on pairs of them, by `rewardkit.training`.

A dialogue's row is the mean over its turns of their bounded, standardised features. A
Bradley-Terry head that is linear in such means is a mean of turn rewards that are linear in the
turns' own, with the same weights. So the head is trained on dialogues and applied to turns.
"""

from __future__ import annotations

import dataclasses
import fnmatch
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from rewardkit.dialogue.compare import Comparison, Relation
from rewardkit.errors import RewardkitError
from rewardkit.head import LinearHead
from rewardkit.normaliser import Normaliser
from rewardkit.pairs import Pairs
from rewardkit.resampling import Groups
from rewardkit.training.estimate import estimate
from rewardkit.training.fit import fit as fit_head
from rewardkit.training.fit import resolve_l2
from rewardkit.training.options import TrainOptions
from rewardkit.training.report import TrainReport

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

BOUND: Final = 4.0
"""Standard deviations at which a turn-to-turn feature stops: no single number decides alone."""

SIGNED: Final[frozenset[Relation]] = frozenset({"own", "partner"})
"""Relations that are 0 where nothing differs, and of which only the size counts."""


@dataclass(frozen=True, eq=False)
class TrainedDialogues:
    """A trained head of dialogues and how it came about.

    Args:
        head: Gives a turn its reward.
        report: Of the training on dialogues; see `rewardkit.training.fit`.
    """

    head: LinearHead
    report: TrainReport


def fit(
    tables: Sequence[Floats],
    pairs: Pairs,
    comparisons: Sequence[Comparison],
    *,
    use: Sequence[str] = ("*",),
    groups: Groups | None = None,
    options: TrainOptions | None = None,
) -> TrainedDialogues:
    """Train a head on preferences between dialogues.

    No comparison may raise a reward: of differences between turns only a penalty is learned, and
    what the pairs would reward is left out, so that no policy earns by being less consistent.

    Args:
        tables: The turn-to-turn features of each dialogue, `(turns, comparisons)`.
        pairs: Preferences between dialogues, rows of `tables`, of one dimension.
        comparisons: What the columns are.
        use: Patterns of the full names that may get weight; the others are measured only.
        groups: One label per dialogue, such as its main speaker.
        options: As for `rewardkit.training.fit`; not `columns`, nor `bend`.

    Raises:
        RewardkitError: `bad_option` when no comparison may be used or all would be rewarded;
            otherwise as `rewardkit.training.fit`.
    """
    if len(pairs.dimensions) != 1:
        raise RewardkitError("bad_option", "a head of dialogues is of one dimension")
    dimension = pairs.dimensions[0]
    normaliser = turn_normaliser(tables, comparisons)
    rows = np.stack([normaliser(table).mean(axis=0) for table in tables])
    names = [c.full_name for c in comparisons]
    labels = [*names, *(f"size of {name}" for name in names)]
    allowed = _columns(comparisons, use, normaliser)
    options = dataclasses.replace(options or TrainOptions(), bend=False)
    while True:
        if not len(allowed):
            raise RewardkitError("bad_option", "no comparison is left to learn a penalty of")
        options = dataclasses.replace(options, columns={dimension: tuple(allowed.tolist())})
        merged = options.prepare(pairs)
        # Chosen once, with all columns.
        l2 = resolve_l2(rows, merged, groups, options)
        options = dataclasses.replace(options, l2=l2)
        penalty = np.array([[l2[dimension]]])
        found = estimate(rows, merged, np.ones((1, len(merged))), penalty, options)
        kept = allowed[found.weights[0, 0, allowed] <= 0]
        if len(kept) == len(allowed):
            break
        allowed = kept
    trained = fit_head(rows, pairs, groups=groups, options=options, names=labels)
    scale = trained.head.normaliser.scale
    head = LinearHead(
        pairs.dimensions,
        normaliser,
        trained.head.weights / scale,
        trained.head.members / scale,
        trained.head.mix,
        trained.head.mix_members,
    )
    return TrainedDialogues(head, trained.report)


def turn_normaliser(tables: Sequence[Floats], comparisons: Sequence[Comparison]) -> Normaliser:
    """Standardises turn-to-turn features, z and its size, within `BOUND`.

    Args:
        tables: Of the dialogues trained on.
        comparisons: What the columns are; those of `SIGNED` keep their zero.
    """
    found = Normaliser.fit(np.concatenate(tables), bend=True)
    signed = np.array([c.relation in SIGNED for c in comparisons])
    # About 0, the deviation is the root of the mean square.
    scale = np.where(signed, np.hypot(found.scale, found.centre), found.scale)
    centre = np.where(signed, 0.0, found.centre)
    low, high = (
        (end * found.scale + found.centre - centre) / scale for end in (found.low, found.high)
    )
    used = found.used
    low = np.where(used, np.clip(low, -BOUND, 0.0), 0.0)
    high = np.where(used, np.clip(high, 0.0, BOUND), 0.0)
    straight = Normaliser(centre, scale, low, high)
    stacked = np.concatenate(tables)
    known = ~np.isnan(stacked)
    sizes = np.where(known, np.abs(straight(stacked)), 0.0).sum(axis=0)
    return Normaliser(centre, scale, low, high, sizes / np.maximum(known.sum(axis=0), 1))


def _columns(comparisons: Sequence[Comparison], use: Sequence[str], normaliser: Normaliser) -> Ints:
    """The columns that may get weight: the size of what is signed, the others as they are."""
    columns = [
        place + len(comparisons) * (item.relation in SIGNED)
        for place, item in enumerate(comparisons)
        if normaliser.used[place]
        and any(fnmatch.fnmatchcase(item.full_name, pattern) for pattern in use)
    ]
    return np.array(columns, np.int64)
