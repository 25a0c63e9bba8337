# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: Apache-2.0
"""`RewardFunction`: waveforms in, an array of rewards out. What a policy-optimisation loop calls.

Made once and called for every batch of rollouts. It takes no gradient, draws no random number
and changes no global state of NumPy or torch. A clip without a reward is never a number unless
the caller has named that number, and it is counted either way.
"""

from __future__ import annotations

import dataclasses
import threading
from collections.abc import Sequence
from typing import Any, Literal, Protocol, get_args

import numpy as np
from numpy.typing import NDArray

from rewardkit import audio
from rewardkit.batch_function import BatchFunction, OnFailure
from rewardkit.clip import Clip
from rewardkit.errors import RewardkitError
from rewardkit.extract import Extractor
from rewardkit.head import LinearHead
from rewardkit.measuring import Measured, Recipe, measure_clips
from rewardkit.reward import Reward
from rewardkit.workers import Pool

Mode = Literal["mean", "lcb", "min"]
"""How the head's bootstrap members enter the reward; see `RewardFunction`."""


class Judge(Protocol):
    """What is needed of a reward model; `rewardkit.RewardModel` is one."""

    extractor: Extractor
    head: LinearHead

    @property
    def dimensions(self) -> tuple[str, ...]:
        """The names of the rewards beside the scalar."""
        ...

    def judge(self, values: NDArray[np.float64]) -> list[Reward]:
        """The rewards of measured clips, `(clips, features)`."""
        ...


class RewardFunction(BatchFunction):
    """Rewards of batches of waveforms, as arrays.

    Args:
        model: The reward model; it is not copied.
        mode: `"mean"` gives the head's reward. The other two are conservative: they give less
            where the bootstrap members of the head disagree, that is, where a policy could gain
            by the head's ignorance. `"lcb"` is the lower confidence bound
            `reward - uncertainty * std`, `"min"` the least reward that a member gives. Both are
            known to delay over-optimisation (Coste et al. 2024, "Reward model ensembles help
            mitigate overoptimization", who subtract the variance where we subtract the standard
            deviation). Each dimension is bounded by itself, so the scalar is then no weighted
            sum of the dimensions any more.
        uncertainty: How many standard deviations `"lcb"` subtracts: 0 to 1e6.
        on_failure: What becomes of a clip without a reward. `"raise"`: the whole call raises.
            `"none"`: the call gives a list, with None in that place. A finite number: that
            penalty stands in its place, and a warning is logged; it should lie well below any
            reward that is earned, or failing pays.
        limits: What is accepted as a clip.
        workers: Processes to measure with. They start with the first call, stay for the next ones,
            and end with this object or with `close`; 0 measures in this process. What lies on a
            GPU is measured there.
        timeout: Seconds that a clip may take in a worker; without workers there is no deadline.

    Attributes:
        clips: How many clips were seen so far.
        failures: How many of them had no reward, by code.

    Raises:
        RewardkitError: `bad_option` for an option that is none of these.

    Example:
        >>> from rewardkit import RewardModel
        >>> reward = RewardModel.from_pretrained("prosody").reward_function(on_failure="none")
        >>> reward(np.zeros((2, 16_000), np.float32), 16_000)
        [None, None]
        >>> dict(reward.failures)
        {'no_speech': 2}
    """

    def __init__(
        self,
        model: Judge,
        *,
        mode: Mode = "mean",
        uncertainty: float = 1.0,
        on_failure: OnFailure = "raise",
        limits: audio.Limits | None = None,
        workers: int = 0,
        timeout: float = 120.0,
    ) -> None:
        if mode not in get_args(Mode):
            raise RewardkitError("bad_option", f"mode {mode!r}; it is one of {get_args(Mode)}")
        if not 0 <= uncertainty <= 1e6:
            raise RewardkitError("bad_option", f"uncertainty {uncertainty}; it is 0 to 1e6")
        if workers < 0 or not timeout > 0:
            raise RewardkitError(
                "bad_option",
                f"{workers} workers, not negative, and a timeout of {timeout} s, above 0",
            )
        super().__init__(on_failure, limits)
        self.model = model
        self.mode = mode
        self.uncertainty = uncertainty
        self.workers = workers
        self.timeout = timeout
        self._pool: Pool | None = None
        self._measuring = threading.Lock()  # one batch at a time has the workers

    def __getstate__(self) -> tuple[dict[str, Any], list[str]]:
        """Without its processes: a copy starts its own."""
        held, locks = super().__getstate__()
        return {**held, "_pool": None}, locks

    @property
    def dimensions(self) -> tuple[str, ...]:
        """The names of the columns that `dimensions=True` gives."""
        return self.model.dimensions

    def close(self) -> None:
        """End the worker processes, if there are any; the next call starts new ones."""
        with self._measuring:
            if self._pool is not None:
                self._pool.close()
                self._pool = None

    def _rewards(self, clips: Sequence[Clip | RewardkitError], device: str | None) -> list[Reward]:
        if self.workers and device is None:
            return self.judge(self._measured_by_workers(clips))
        return self.judge(measure_clips(self.model.extractor, clips, device=device))

    def _measured_by_workers(self, clips: Sequence[Clip | RewardkitError]) -> list[Measured]:
        with self._measuring:
            if self._pool is None or self._pool.closed:
                recipe = Recipe.of(self.model.extractor, self.limits)
                self._pool = Pool(recipe, self.workers, self.timeout)
            sound = ((clip, None) for clip in clips if isinstance(clip, Clip))
            found = iter(list(self._pool.map(sound)))
        return [clip if isinstance(clip, RewardkitError) else next(found) for clip in clips]

    def judge(self, measured: Sequence[Measured]) -> list[Reward]:
        """The rewards, in this function's mode, of clips that are measured already.

        Args:
            measured: For each clip its row of features, in the order of the model's schema, or
                why it has none.
        """
        rows = [row for row in measured if not isinstance(row, RewardkitError)]
        values = np.stack(rows) if rows else np.empty((0, len(self.model.extractor.schema)))
        judged = iter(self._judge(values))
        return [
            Reward.failed(row) if isinstance(row, RewardkitError) else next(judged)
            for row in measured
        ]

    def _judge(self, values: NDArray[np.float64]) -> list[Reward]:
        """Rewards of measured clips in this function's mode."""
        rewards = self.model.judge(values)
        if self.mode == "mean" or not rewards:
            return rewards
        out = self.model.head(values)
        if self.mode == "min":
            scalars, table = out.least, out.dimension_least
        else:
            k = np.float64(self.uncertainty)
            scalars = (out.scalar - k * out.std).astype(np.float32)
            table = (out.dimensions - k * out.dimension_std).astype(np.float32)
        return [
            reward
            if reward.scalar is None
            else dataclasses.replace(
                reward,
                scalar=float(scalar),
                dimensions=dict(zip(self.dimensions, map(float, row), strict=True)),
                weights={},
            )
            for reward, scalar, row in zip(rewards, scalars, table, strict=True)
        ]
