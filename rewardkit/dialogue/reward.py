# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: Apache-2.0
"""`DialogueReward`: what a model says of a dialogue, turn by turn, or why it says nothing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from rewardkit.errors import RewardkitError
from rewardkit.reward import Reward, Status

REASONS: Final = 3
"""How many features are named as what is wrong with the worst turn."""


@dataclass(frozen=True)
class TurnPart:
    """One turn-to-turn feature of one turn.

    Args:
        feature: Full name, `relation.name`.
        unit: Of the value.
        about: What it compares.
        value: None where there was nothing to compare with.
        contribution: What it adds to the dialogue's reward, in log-odds.
    """

    feature: str
    unit: str
    about: str
    value: float | None
    contribution: float

    def to_json(self) -> dict[str, Any]:
        """As JSON values."""
        return {
            "feature": self.feature,
            "value": self.value,
            "unit": self.unit,
            "contribution": self.contribution,
        }


@dataclass(frozen=True)
class TurnReward:
    """What one turn adds to its dialogue's reward.

    Args:
        number: From 1.
        speaker: Who should be speaking.
        source: Where the sound came from.
        contribution: In log-odds; those of all turns sum to the dialogue's reward.
        parts: One per turn-to-turn feature, the lowest contribution first; they sum to
            `contribution`. A feature without weight is measured, and adds 0.
    """

    number: int
    speaker: str
    source: str
    contribution: float
    parts: tuple[TurnPart, ...]

    @property
    def compared(self) -> bool:
        """Whether the turn has a number that counts: a contribution that is not 0."""
        return any(part.contribution != 0 for part in self.parts)

    @property
    def reasons(self) -> tuple[TurnPart, ...]:
        """The features that take away most, at most `REASONS`."""
        return tuple(part for part in self.parts[:REASONS] if part.contribution < 0)

    def to_json(self, *, explain: bool = False) -> dict[str, Any]:
        """As JSON values; with all parts if they are asked for."""
        row = {
            "turn": self.number,
            "speaker": self.speaker,
            "path": self.source,
            "contribution": self.contribution,
        }
        return row | ({"parts": [part.to_json() for part in self.parts]} if explain else {})


@dataclass(frozen=True)
class DialogueReward:
    """The reward of one dialogue, in log-odds.

    `a.scalar - b.scalar` is the log-odds that a belongs together better than b. Unless `status`
    is `ok` every number is None and there are no turns: a failure is never a number.

    Args:
        scalar: The reward, or None.
        dimensions: The same by the name of what is judged; empty if None.
        std: Standard deviation of `scalar` over the bootstrap members of the head, or None.
        turns: What each turn adds.
        status: See `rewardkit.reward.Status`.
        error: Why there is no reward, when there is none.
        name: The dialogue's.
    """

    scalar: float | None
    dimensions: Mapping[str, float]
    std: float | None
    turns: tuple[TurnReward, ...] = ()
    status: Status = "ok"
    error: RewardkitError | None = None
    name: str = ""

    @classmethod
    def failed(cls, error: RewardkitError, name: str = "") -> DialogueReward:
        """No reward, and why.

        Example:
            >>> DialogueReward.failed(RewardkitError("no_speech", "turn 2: silence")).status
            'no_speech'
        """
        return cls(None, {}, None, (), Reward.failed(error).status, error, name)

    def raise_for_status(self) -> DialogueReward:
        """Self when there is a reward.

        Raises:
            RewardkitError: The failure, when there is none.
        """
        if self.error is not None:
            raise self.error
        return self

    @property
    def worst(self) -> TurnReward | None:
        """The turn that adds least: the one that broke the dialogue, if one did.

        A turn that could be compared with no other, such as the only one of its speaker, adds 0
        and is never it.
        """
        compared = [turn for turn in self.turns if turn.compared]
        return min(compared, key=lambda turn: turn.contribution, default=None)

    def row(self, *, explain: bool = False) -> dict[str, Any]:
        """The row that the command line prints for a dialogue, as JSON values."""
        worst = self.worst
        row: dict[str, Any] = {
            "dialogue": self.name,
            "status": self.status,
            "reward": self.scalar,
            "std": self.std,
            "dimensions": dict(self.dimensions),
            "worst_turn": None if worst is None else worst.number,
            "because": [] if worst is None else [part.to_json() for part in worst.reasons],
            "turns": [turn.to_json(explain=explain) for turn in self.turns],
            "error": None,
        }
        if self.error is not None:
            row["error"] = {"code": self.error.code, "message": self.error.message}
        return row
