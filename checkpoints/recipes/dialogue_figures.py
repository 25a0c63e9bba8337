# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: Apache-2.0
"""How often a dialogue loses to the one it was broken from, and the broken turn is named."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from checkpoints.recipes.dialogue_pairs import KINDS, Pair
from rewardkit.evaluate.bootstrap import Bootstrap, Interval

Floats = NDArray[np.floating[Any]]

RESAMPLES: Final = 2000
SWAPPED: Final = (
    "another speaker, same sex", "another speaker, other sex", "the partner's voice, same sex"
)  # fmt: skip
GROUPS: Final = {"swapped speaker, all": SWAPPED, **{kind: (kind,) for kind in KINDS}}
"""What figures are given of: kinds of break, and those of swapped speakers together."""

Judged = tuple[Pair, Floats, Floats]
"""A pair, and one number per turn (or several) of the real and of the broken dialogue."""


@dataclass(frozen=True)
class Figure:
    """Figures of one kind of break.

    Args:
        corpus: Its name.
        kind: How the dialogues were broken.
        pairs: How many.
        speakers: Whose turns were broken: what the bootstrap draws.
        accuracy: Share of pairs in which the broken dialogue loses.
        named: Share of them in which the worst turn is the broken one; None where there is no
            single one.
        chance: What naming a turn at random would give.
        rules: The same shares for trivial rules: the one number, its mean size over the turns,
            and the turn where it is largest.
    """

    corpus: str
    kind: str
    pairs: int
    speakers: int
    accuracy: Interval
    named: Interval | None
    chance: float | None
    rules: dict[str, tuple[float, float | None]]

    def __str__(self) -> str:
        named = "" if self.named is None else f", worst turn named {self.named}"
        return f"{self.corpus}, {self.kind}, {self.pairs} pairs: {self.accuracy}{named}"

    def to_json(self) -> dict[str, Any]:
        """As JSON values."""
        return {
            "corpus": self.corpus,
            "kind": self.kind,
            "pairs": self.pairs,
            "speakers": self.speakers,
            "accuracy": vars(self.accuracy),
            "named": None if self.named is None else vars(self.named),
            "chance": self.chance,
            "rules": {name: list(shares) for name, shares in self.rules.items()},
        }


def figures(
    corpus: str, judged: Sequence[Judged], rules: Sequence[Judged], columns: Sequence[str]
) -> list[Figure]:
    """Figures by kind of break.

    Args:
        corpus: Its name.
        judged: Each pair with the rewards of its turns, `(turns,)`.
        rules: Each pair with its turns' features, `(turns, comparisons)`.
        columns: The features' names; a trivial rule goes by one of `RULES` alone.
    """
    found = []
    for name, kinds in GROUPS.items():
        here = [place for place, (pair, _, _) in enumerate(judged) if pair.kind in kinds]
        if here:
            rows = [judged[place] for place in here]
            alone = {
                rule: _shares([_one(rules[place], columns.index(rule)) for place in here])
                for rule in RULES
            }
            found.append(_figure(corpus, name, rows, alone))
    return found


RULES: Final = ("own.f0", "own.level", "own.rate")
"""Numbers that stand beside the model, each alone."""


def _figure(
    corpus: str, kind: str, rows: Sequence[Judged], alone: dict[str, tuple[float, float | None]]
) -> Figure:
    who = {name: number for number, name in enumerate(dict.fromkeys(p.speaker for p, _, _ in rows))}
    unit = np.array([[who[pair.speaker]] * 2 for pair, _, _ in rows], np.int64)
    bootstrap = Bootstrap(unit, RESAMPLES, 0.95, (0,))
    scores = np.stack([_wins(rows), _names(rows)])
    accuracy, named = bootstrap.means(scores, np.ones(len(rows)))
    assert accuracy is not None  # noqa: S101  # every pair has a winner
    turns = [1 / len(pair.broken) for pair, _, _ in rows if pair.turn is not None]
    return Figure(
        corpus,
        kind,
        len(rows),
        len(who),
        bootstrap.share(accuracy),
        None if named is None else bootstrap.share(named),
        float(np.mean(turns)) if turns else None,
        alone,
    )


def _wins(rows: Sequence[Judged]) -> NDArray[np.float64]:
    """1 where the broken dialogue has the lower mean, 0.5 where both have the same."""
    margin = np.array([float(real.mean() - broken.mean()) for _, real, broken in rows])
    return np.asarray((np.sign(margin) + 1) / 2)


def _names(rows: Sequence[Judged]) -> NDArray[np.float64]:
    """1 where the lowest turn of the broken dialogue is the broken one; NaN without one."""
    return np.array(
        [
            np.nan if pair.turn is None else float(int(broken.argmin()) == pair.turn)
            for pair, _, broken in rows
        ]
    )


def _one(row: Judged, column: int) -> Judged:
    """By one feature alone: less is better, whatever its sign; 0 where not measured."""
    pair, real, broken = row
    return (
        pair,
        -np.abs(np.nan_to_num(real[:, column])),
        -np.abs(np.nan_to_num(broken[:, column])),
    )


def _shares(rows: Sequence[Judged]) -> tuple[float, float | None]:
    names = _names(rows)
    named = None if np.isnan(names).all() else float(np.nanmean(names))
    return float(_wins(rows).mean()), named
