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
        likelihood: By dimension: `half` where there was no tie.
        tie: The tie parameter by dimension, with its 95 % interval (normal, over the bootstrap
            members): log ν of Davidson, δ of Rao and Kupper; see `rewardkit.training.likelihood`.
        reliability: By dimension and rater: the inverse temperature (1 is the average judgement,
            0 one by chance, a negative one answers in reverse), both ends of its 95 % interval by
            the likelihood's curvature, and the number of judgements.
        smoothing: As in `TrainOptions`.
        margin: As in `TrainOptions`.
        center: As in `TrainOptions`.
        decorrelate: What the reward was made uncorrelated with; as in `TrainOptions`.
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
    likelihood: dict[str, str]
    tie: dict[str, tuple[float, float, float]]
    reliability: dict[str, dict[str, tuple[float, float, float, float]]]
    smoothing: float
    margin: float
    center: float
    decorrelate: tuple[str, ...]
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
            "tie": {name: list(found) for name, found in self.tie.items()},
            "reliability": {
                name: {rater: list(found) for rater, found in raters.items()}
                for name, raters in self.reliability.items()
            },
            "decorrelate": list(self.decorrelate),
            "unused": list(self.unused),
            "warnings": list(self.warnings),
        }
