# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: Apache-2.0
"""`Report`: all parts of one audit, as text and as JSON."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from rewardkit.audit.attack import Attack
from rewardkit.audit.best_of_n import BestOfN
from rewardkit.audit.relations import Audit


@dataclass(frozen=True, eq=False)
class Report:
    """What an audit found; a part that was not asked for is None.

    Args:
        checkpoint: Its name.
        relations: The metamorphic suite.
        best_of_n: The curve of proxy and judge.
        optimiser: What a search found.
    """

    checkpoint: str
    relations: Audit | None = None
    best_of_n: BestOfN | None = None
    optimiser: Attack | None = None

    @property
    def parts(self) -> tuple[Audit | BestOfN | Attack, ...]:
        """Those that were asked for."""
        every = (self.relations, self.best_of_n, self.optimiser)
        return tuple(part for part in every if part is not None)

    @property
    def passed(self) -> bool:
        """Whether all of them passed."""
        return all(part.passed for part in self.parts)

    def to_json(self) -> dict[str, Any]:
        """The same as JSON values: the relations at the top, the other parts below their names."""
        row: dict[str, Any] = {"checkpoint": self.checkpoint}
        row |= {} if self.relations is None else self.relations.to_json()
        if self.best_of_n is not None:
            row["best_of_n"] = self.best_of_n.to_json()
        if self.optimiser is not None:
            row["optimiser"] = self.optimiser.to_json()
        return row | {"passed": self.passed}

    def render(self) -> str:
        """The same as plain text."""
        return "\n\n".join(part.render() for part in self.parts)
