# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: Apache-2.0
"""Shortcuts: trivial rules that would predict the answers without listening."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass, field
from typing import Any, Final

SUPPORT: Final = 0.7
"""A rule is reported as a shortcut when the lower end of its 95 % interval is above this."""

_Z: Final = 1.959963984540054  # 97.5 % point of the normal distribution


@dataclass(frozen=True)
class Rule:
    """How well one trivial rule predicts the answers in one dimension.

    Args:
        dimension: The dimension.
        name: What the rule says is chosen, such as `the longer clip`.
        accuracy: Share of the pairs in which it is; at least 0.5, since a rule that is mostly
            wrong is reported as its opposite.
        pairs: Pairs with a winner to which the rule applies; one pair counts once, however often
            it was judged.
        low: Lower end of the 95 % interval of the accuracy (Wilson; pairs that share clips are
            treated as independent).
        high: Upper end.
    """

    dimension: str
    name: str
    accuracy: float
    pairs: int
    low: float
    high: float

    @property
    def is_shortcut(self) -> bool:
        """Whether the rule is right far more often than chance, beyond doubt."""
        return self.low > SUPPORT

    def to_dict(self) -> dict[str, Any]:
        """As JSON values."""
        return {
            "dimension": self.dimension,
            "rule": self.name,
            "accuracy": self.accuracy,
            "pairs": self.pairs,
            "interval": [self.low, self.high],
            "is_shortcut": self.is_shortcut,
        }


def wilson(right: float, total: int) -> tuple[float, float]:
    """The 95 % interval of a share.

    Source: E. B. Wilson (1927), "Probable Inference, the Law of Succession, and Statistical
    Inference".

    Args:
        right: Successes; a half counts half.
        total: Trials, at least one.

    Example:
        >>> [round(end, 3) for end in wilson(9, 10)]
        [0.596, 0.982]
    """
    p, n, z2 = right / total, total, _Z * _Z
    middle = (p + z2 / (2 * n)) / (1 + z2 / n)
    half = _Z / (1 + z2 / n) * math.sqrt(p * (1 - p) / n + z2 / (4 * n * n))
    return max(0.0, middle - half), min(1.0, middle + half)


@dataclass
class Tally:
    """How often a rule was right, and its name each way round."""

    name: str
    opposite: str
    right: float = 0.0
    pairs: int = 0

    def add(self, is_right: bool) -> None:
        """Count one pair."""
        self.right += is_right
        self.pairs += 1

    def rule(self, dimension: str) -> Rule | None:
        """The rule, or its opposite when that is right more often; None without pairs."""
        if not self.pairs:
            return None
        is_opposite = self.right < self.pairs / 2
        right = self.pairs - self.right if is_opposite else self.right
        name = self.opposite if is_opposite else self.name
        return Rule(dimension, name, right / self.pairs, self.pairs, *wilson(right, self.pairs))


@dataclass
class SystemTally:
    """Counts for the rule that always chooses one system, and guesses where it is absent."""

    pairs: int = 0
    wins: Counter[str] = field(default_factory=Counter)
    present: Counter[str] = field(default_factory=Counter)

    def add(self, winner: str, loser: str) -> None:
        """Count one pair of different systems."""
        self.pairs += 1
        self.wins[winner] += 1
        self.present[winner] += 1
        self.present[loser] += 1

    def rule(self, dimension: str) -> Rule | None:
        """The rule for the system that gives the best one; None without pairs."""
        if not self.pairs:
            return None
        # Where the system is absent the rule guesses: half of those pairs are right.
        right = {s: self.wins[s] + (self.pairs - n) / 2 for s, n in self.present.items()}
        best = max(sorted(right), key=right.__getitem__)
        name = f"the system {best!r}"
        share = right[best] / self.pairs
        return Rule(dimension, name, share, self.pairs, *wilson(right[best], self.pairs))
