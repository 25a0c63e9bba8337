# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: Apache-2.0
"""`RewardFunction`: waveforms in, an array of rewards out. What a policy-optimisation loop calls.

Made once and called for every batch of rollouts. It takes no gradient, draws no random number
and changes no global state of NumPy or torch. A clip without a reward is never a number unless
the caller has named that number, and it is counted either way.
"""

from __future__ import annotations

import abc
import dataclasses
import logging
import math
import threading
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final, Literal, Protocol, TypeAlias, get_args

import numpy as np
from numpy.typing import NDArray

from rewardkit import audio
from rewardkit.clip import Clip
from rewardkit.errors import RewardkitError
from rewardkit.extract import Extractor
from rewardkit.head import LinearHead
from rewardkit.measuring import Measured, Recipe, measure_clips
from rewardkit.reward import Reward
from rewardkit.waveforms import Sound, each, rates_of, read, rows_of
from rewardkit.workers import Pool

Mode = Literal["mean", "lcb", "min"]
"""How the head's bootstrap members enter the reward; see `RewardFunction`."""

OnFailure: TypeAlias = "Literal['raise', 'none'] | float"
"""What a clip without a reward becomes; see `RewardFunction`."""

LARGEST: Final = 1e30
"""No number that takes the place of a reward may reach it; far inside float32."""

_LOG: Final = logging.getLogger(__name__)


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


class BatchFunction(abc.ABC):
    """Batches of waveforms to arrays of rewards, whoever it is that knows the rewards.

    `RewardFunction` computes them here, `rewardkit.client.RemoteReward` asks a server.

    Args:
        on_failure: As in `RewardFunction`.
        limits: As in `RewardFunction`.

    Attributes:
        clips: How many clips were seen so far.
        failures: How many of them had no reward, by code.
    """

    def __init__(self, on_failure: OnFailure, limits: audio.Limits | None) -> None:
        self.on_failure = checked(on_failure)
        self.limits = limits or audio.Limits()
        self.clips = 0
        self.failures: Counter[str] = Counter()
        self._lock = threading.Lock()

    @property
    @abc.abstractmethod
    def dimensions(self) -> tuple[str, ...]:
        """The names of the columns that `dimensions=True` gives."""

    @abc.abstractmethod
    def _rewards(self, clips: Sequence[Clip | RewardkitError], device: str | None) -> list[Reward]:
        """One reward per clip, in order, what failed among them handed on."""

    def __call__(
        self,
        waveforms: Any,
        sample_rate: int | Sequence[int] | None = None,
        *,
        dimensions: bool = False,
        lengths: Iterable[int] | None = None,
        texts: Sequence[str | None] | None = None,
    ) -> Any:
        """The rewards of a batch.

        Args:
            waveforms: A NumPy array or torch tensor of shape `(batch, n)` or
                `(batch, channels, n)`, or a list of waveforms of any lengths (`(n,)` or
                `(channels, n)` each); also paths, encoded bytes or clips.
            sample_rate: In Hz; one for all, or one for each. None for what knows its own.
            dimensions: Give one reward for each of `dimensions` in place of the scalar.
            lengths: How many samples of each row are sound; the rest is padding and is left out.
                Without it, rows are taken whole: silence at the end is then judged with the rest.
            texts: What each clip should say, for checkpoints whose scorers compare sound and text.

        Returns:
            float32 of shape `(batch,)`, or `(batch, dimensions)`: a torch tensor on the
            waveforms' device, without gradient, when they are tensors, else a NumPy array. With
            `on_failure="none"` a list with one entry per clip: None, or a float, or a tuple of
            floats.

        Raises:
            RewardkitError: `bad_batch` when the arguments do not fit together; and with
                `on_failure="raise"` the first clip's failure.
        """
        sounds, like = rows_of(waveforms, lengths)
        rates = rates_of(sounds, sample_rate)
        said = each("texts", texts, len(sounds))
        device = None if like is None or like.device.type == "cpu" else str(like.device)
        clips = [
            read(sound, rate, text, self.limits)
            for sound, rate, text in zip(sounds, rates, said, strict=True)
        ]
        rewards = self._counted(self._rewards(clips, device))
        rows: list[list[float] | None] = [
            None
            if reward.scalar is None
            else [reward.dimensions[name] for name in self.dimensions]
            if dimensions
            else [reward.scalar]
            for reward in rewards
        ]
        if self.on_failure == "none":
            return [row if row is None else tuple(row) if dimensions else row[0] for row in rows]
        self.raise_for(rewards)
        width = len(self.dimensions) if dimensions else 1
        fill = [float(self.on_failure)] * width if self.on_failure != "raise" else None
        table = np.array([fill if row is None else row for row in rows], np.float32)
        table = table.reshape(len(rows), width)
        numbers = table if dimensions else np.ascontiguousarray(table[:, 0])
        if like is None:
            return numbers
        import torch

        return torch.from_numpy(numbers).to(like.device)

    def rewards(
        self, sounds: Sequence[Sound], rows: Sequence[Mapping[str, Any]] | None = None
    ) -> list[Reward]:
        """One `Reward` per sound, in order, with what failed among them; what adapters call.

        Args:
            sounds: Clips, or anything that knows its own sample rate; or an error, which is
                counted and handed on.
            rows: What is known of each sample; here only `text` is read, by clips without one.

        Returns:
            Rewards in this function's mode. `weights` is empty in the conservative modes, where
            no weighted sum of the dimensions is the scalar.
        """
        texts = [row.get("text") for row in rows] if rows is not None else [None] * len(sounds)
        clips = [
            read(sound, None, text if isinstance(text, str) else None, self.limits)
            for sound, text in zip(sounds, texts, strict=True)
        ]
        return self._counted(self._rewards(clips, None))

    def raise_for(self, rewards: Sequence[Reward]) -> None:
        """With `on_failure="raise"`, raise the first failure among some rewards, if any."""
        if self.on_failure == "raise":
            first_failure(rewards)

    def _counted(self, rewards: list[Reward]) -> list[Reward]:
        """The same, entered in `clips` and `failures`."""
        found = Counter(reward.error.code for reward in rewards if reward.error is not None)
        with self._lock:
            self.clips += len(rewards)
            self.failures.update(found)
        if found and not isinstance(self.on_failure, str):
            listed = ", ".join(f"{code} {count}" for code, count in sorted(found.items()))
            _LOG.warning(
                "%d of %d clips have no reward (%s); each is given the penalty %g",
                found.total(),
                len(rewards),
                listed,
                self.on_failure,
            )
        return rewards


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
        uncertainty: How many standard deviations `"lcb"` subtracts; not negative.
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
        if not (math.isfinite(uncertainty) and uncertainty >= 0):
            raise RewardkitError(
                "bad_option", f"uncertainty {uncertainty}; it is finite and not negative"
            )
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
            found = self._pool.map((clip, None) for clip in clips if isinstance(clip, Clip))
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


def first_failure(rewards: Sequence[Reward]) -> None:
    """Raise the first failure among some rewards, if there is one, with its place."""
    failed = [(i, reward.error) for i, reward in enumerate(rewards) if reward.error is not None]
    if failed:
        place, error = failed[0]
        raise type(error)(
            error.code,
            f"clip {place} of {len(rewards)}: {error.message}; {len(failed)} of them have no "
            "reward (on_failure= says what becomes of such clips)",
        ) from error


def checked(on_failure: OnFailure) -> OnFailure:
    """The option, when it is one.

    Raises:
        RewardkitError: `bad_option` otherwise; NaN and infinity are no penalties.

    Example:
        >>> checked(float("nan"))
        Traceback (most recent call last):
        ...
        rewardkit.errors.RewardkitError: bad_option: on_failure=nan; it is 'raise', ...
    """
    number = isinstance(on_failure, (int, float)) and not isinstance(on_failure, bool)
    if on_failure in ("raise", "none") or (number and abs(float(on_failure)) < LARGEST):
        return on_failure
    raise RewardkitError(
        "bad_option",
        f"on_failure={on_failure!r}; it is 'raise', 'none', or a finite number as a penalty",
    )
