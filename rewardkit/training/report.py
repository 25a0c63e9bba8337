# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: Apache-2.0
"""What to record of a training run."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class TrainReport:
    """How a head was trained; `to_json` is fit for a manifest.

    Args:
        clips: Clips trained on.
        pairs: Compared pairs by dimension.
        l2: By dimension.
        l2_chosen: Whether cross-validation chose it.
        mix: By dimension.
        mix_learned: Whether `overall` pairs taught the scalar; otherwise it is the mean of the
            dimensions by declaration.
        bend: Whether each feature has two slopes; see `TrainOptions`.
        members: Bootstrap members.
        units: What the bootstrap drew: groups, connected components or clips.
        seed: Of the bootstrap.
        steps: Newton steps by dimension.
        gradient: Largest gradient left, per unit of weight, by dimension.
        accuracy: On the training pairs themselves, by dimension: no measure of quality.
        unused: Features that were constant.
        warnings: What was warned of.
    """

    clips: int
    pairs: dict[str, int]
    l2: dict[str, float]
    l2_chosen: bool
    mix: dict[str, float]
    mix_learned: bool
    bend: bool
    members: int
    units: int
    seed: int
    steps: dict[str, int]
    gradient: dict[str, float]
    accuracy: dict[str, float | None]
    unused: tuple[str, ...]
    warnings: tuple[str, ...]

    def to_json(self) -> dict[str, Any]:
        """The same as JSON values."""
        return dataclasses.asdict(self) | {
            "unused": list(self.unused),
            "warnings": list(self.warnings),
        }
