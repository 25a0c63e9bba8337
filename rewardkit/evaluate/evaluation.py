# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: Apache-2.0
"""`Evaluation`: the results of all dimensions, as values, JSON and text."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Any

from rewardkit.evaluate.render import dimension
from rewardkit.evaluate.result import DimensionResult


@dataclass(frozen=True)
class Evaluation:
    """Results by dimension.

    Args:
        dimensions: One result per dimension that has pairs.
        level: Coverage of the intervals.
        resamples: Bootstrap resamples behind them.
        abstained: Judgements of clips on which the model gave no reward, because they lie too far
            from all that it was trained on. They count in nothing else here.
    """

    dimensions: tuple[DimensionResult, ...]
    level: float
    resamples: int
    abstained: int = 0

    def __getitem__(self, name: str) -> DimensionResult:
        """The result of one dimension (KeyError when it has no pairs)."""
        for result in self.dimensions:
            if result.dimension == name:
                return result
        raise KeyError(name)

    @property
    def warnings(self) -> tuple[str, ...]:
        """Of all dimensions."""
        found = [text for result in self.dimensions for text in result.warnings]
        if self.abstained:
            found.append(
                f"abstained: {self.abstained} judgements of clips too far from the training clips "
                "are left out"
            )
        return tuple(found)

    def to_json(self) -> dict[str, Any]:
        """The same as JSON values, warnings included."""
        results = [
            plain(dataclasses.asdict(result)) | {"warnings": list(result.warnings)}
            for result in self.dimensions
        ]
        return {
            "level": self.level,
            "resamples": self.resamples,
            "abstained": self.abstained,
            "dimensions": results,
        }

    def render(self) -> str:
        """The same as plain text, for a terminal."""
        lines = [f"{self.level:.0%} intervals by bootstrap ({self.resamples} resamples)"]
        for result in self.dimensions:
            lines += dimension(result)
        return "\n".join(lines + [f"warning: {text}" for text in self.warnings])


def plain(value: Any) -> Any:
    """Tuples as lists, at any depth: what reading the JSON back gives."""
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    return [plain(item) for item in value] if isinstance(value, (list, tuple)) else value
