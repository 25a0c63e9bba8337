# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: Apache-2.0
"""`Reward`: what a model says of one clip, or why it says nothing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Literal

from rewardkit.errors import RewardkitError

Status = Literal["ok", "no_speech", "out_of_distribution", "error"]
"""`ok`: there is a reward. `no_speech`: there was nothing to judge. `out_of_distribution`: it is
too unlike what the model was trained on. `error`: see the code."""

_OWN: Final = ("no_speech", "out_of_distribution")


@dataclass(frozen=True)
class Reward:
    """The reward of one clip, in log-odds.

    `a.scalar - b.scalar` is the log-odds that listeners prefer a to b; 0 is the average clip
    that the model was trained on. Unless `status` is `ok` every number is None: a failure is
    never a number.

    Args:
        scalar: The reward to optimise, or None.
        dimensions: One reward by dimension, each in log-odds of its own question; empty if None.
        std: Standard deviation of `scalar` over the bootstrap members of the head, or None.
        status: See `Status`.
        error: Why there is no reward, when there is none.
        weights: What each dimension counts in the scalar: `sum(weights[d] * dimensions[d])`
            is the scalar.
        contributions: What each feature adds to the scalar, by full name, when asked for.
        distance: How far out the clip lies among those that the model was trained on, about 1
            for one of them (see `rewardkit.population`); None when the model does not know.
        bounded: The share of the clip's features that lie outside the range that training
            showed, and count as its end; None when the model does not say.

    Example:
        >>> Reward(0.5, {"prosody": 0.5}, 0.1).raise_for_status().scalar
        0.5
        >>> Reward.failed(RewardkitError("no_speech", "silence")).status
        'no_speech'
    """

    scalar: float | None
    dimensions: Mapping[str, float]
    std: float | None
    status: Status = "ok"
    error: RewardkitError | None = None
    weights: Mapping[str, float] = field(default_factory=dict)
    contributions: Mapping[str, float] | None = None
    distance: float | None = None
    bounded: float | None = field(default=None, compare=False)

    @classmethod
    def failed(cls, error: RewardkitError, distance: float | None = None) -> Reward:
        """No reward, and why."""
        status: Status = error.code if error.code in _OWN else "error"  # type: ignore[assignment]  # one of _OWN
        return cls(None, {}, None, status, error, distance=distance)

    def raise_for_status(self) -> Reward:
        """Self when there is a reward.

        Raises:
            RewardkitError: The failure, when there is none.
        """
        if self.error is not None:
            raise self.error
        return self

    def row(self, path: str) -> dict[str, Any]:
        """The row that the command line prints for a clip, as JSON values."""
        row: dict[str, Any] = {
            "path": path,
            "status": self.status,
            "reward": self.scalar,
            "std": self.std,
            "distance": self.distance,
            "dimensions": dict(self.dimensions),
            "error": None,
        }
        if self.error is not None:
            row["error"] = {"code": self.error.code, "message": self.error.message}
        if self.contributions is not None:
            row["contributions"] = dict(self.contributions)
        return row
