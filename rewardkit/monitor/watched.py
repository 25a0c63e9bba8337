# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: Apache-2.0
"""A judge that feeds a monitor as it judges: goes wherever a reward function goes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from rewardkit.batch_function import OnFailure
from rewardkit.monitor.monitor import Monitor
from rewardkit.reward import Reward


class Judge(Protocol):
    """What adapters call; `RewardFunction` and `Composite` are both such."""

    on_failure: OnFailure

    @property
    def dimensions(self) -> tuple[str, ...]:
        """The names of the rewards beside the scalar."""
        ...

    def rewards(
        self, sounds: Sequence[Any], rows: Sequence[Mapping[str, Any]] | None = None
    ) -> list[Reward]:
        """One reward per sound."""
        ...

    def raise_for(self, rewards: Sequence[Reward]) -> None:
        """Raise the first failure, if failures are to be raised."""
        ...


class Watched:
    """A judge whose rewards all go through a monitor, one update for each batch judged.

    The rewards are the judge's own. All adapters take it in the judge's place.

    Args:
        judge: What judges.
        monitor: What watches.

    Attributes:
        learning: False judges without feeding the monitor, as for held-out samples; a judge that
            learns (`Composite`) is told so too.

    Example:
        >>> from rewardkit import Clip, RewardModel
        >>> import numpy as np
        >>> judge = RewardModel.from_pretrained("prosody").reward_function(on_failure="none")
        >>> watched = Watched(judge, Monitor())
        >>> [reward.status for reward in watched.rewards([Clip(np.zeros(9000, "f4"), 16_000)])]
        ['no_speech']
        >>> watched.monitor.numbers["failure/no_speech"]
        1.0
    """

    def __init__(self, judge: Judge, monitor: Monitor) -> None:
        self.judge = judge
        self.monitor = monitor
        self._learning = True

    @property
    def on_failure(self) -> OnFailure:
        """What becomes of a clip without a reward; the judge's own."""
        return self.judge.on_failure

    @property
    def dimensions(self) -> tuple[str, ...]:
        """The names of the rewards beside the scalar."""
        return self.judge.dimensions

    @property
    def numbers(self) -> Mapping[str, float]:
        """The monitor's, of the batch judged last."""
        return self.monitor.numbers

    @property
    def mode(self) -> str:
        """The judge's, of one that has modes."""
        mode: str = getattr(self.judge, "mode")  # noqa: B009 - not every judge has it
        return mode

    @property
    def clips(self) -> int:
        """How many clips the judge saw so far; of a judge that counts them."""
        clips: int = getattr(self.judge, "clips")  # noqa: B009 - not every judge has it
        return clips

    @property
    def failures(self) -> Mapping[str, int]:
        """How many of them had no reward, by code; of a judge that counts them."""
        failures: Mapping[str, int] = getattr(self.judge, "failures")  # noqa: B009
        return failures

    @property
    def learning(self) -> bool:
        """Whether the monitor is fed."""
        return self._learning

    @learning.setter
    def learning(self, learning: bool) -> None:
        self._learning = learning
        if hasattr(self.judge, "learning"):
            self.judge.learning = learning

    @property
    def step(self) -> int:
        """The step of a judge with schedules; a judge without has none here either."""
        step: int = getattr(self.judge, "step")  # noqa: B009 - not every judge has it
        return step

    @step.setter
    def step(self, step: int) -> None:
        setattr(self.judge, "step", step)  # noqa: B010

    def rewards(
        self, sounds: Sequence[Any], rows: Sequence[Mapping[str, Any]] | None = None
    ) -> list[Reward]:
        """One reward per sound; the monitor sees them."""
        rewards = self.judge.rewards(sounds, rows)
        if self._learning:
            self.monitor.update(rewards, sounds)
        return rewards

    def raise_for(self, rewards: Sequence[Reward]) -> None:
        """Raise the first failure, if failures are to be raised."""
        self.judge.raise_for(rewards)
