# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: Apache-2.0
"""`BatchFunction`: batches of waveforms to arrays of rewards, whoever knows the rewards.

What comes in is read clip by clip, and what a clip without a reward becomes is the caller's choice:
never a number unless the caller has named that number, and counted either way.
"""

from __future__ import annotations

import abc
import logging
import numbers
import threading
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final, Literal, TypeAlias

import numpy as np

from rewardkit import audio
from rewardkit.clip import Clip
from rewardkit.errors import RewardkitError
from rewardkit.reward import Reward
from rewardkit.waveforms import Sound, each, rates_of, read, rows_of

OnFailure: TypeAlias = "Literal['raise', 'none'] | float"
"""What a clip without a reward becomes; see `rewardkit.callable.RewardFunction`."""

LARGEST: Final = 1e30
"""No number that takes the place of a reward may reach it; far inside float32."""

_LOG: Final = logging.getLogger(__name__)
_LOCK: Final = type(threading.Lock())


class Portable:
    """Can be pickled in spite of its locks, which stay behind: loops send judges to processes."""

    def __getstate__(self) -> tuple[dict[str, Any], list[str]]:
        """What it holds, and which locks are to be made anew."""
        locks = [name for name, value in vars(self).items() if isinstance(value, _LOCK)]
        return {name: vars(self)[name] for name in vars(self) if name not in locks}, locks

    def __setstate__(self, state: tuple[dict[str, Any], list[str]]) -> None:
        held, locks = state
        vars(self).update(held, **{name: threading.Lock() for name in locks})


class BatchFunction(Portable, abc.ABC):
    """Batches of waveforms to arrays of rewards, whoever it is that knows the rewards.

    `callable.RewardFunction` computes them, `client.RemoteReward` asks a server.

    Args:
        on_failure: What a clip without a reward becomes: `"raise"`, `"none"` or a penalty.
        limits: What is accepted as a clip.

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


def first_failure(rewards: Sequence[Reward]) -> None:
    """Raise the first failure among some rewards, if there is one, with its place."""
    failed = [(i, reward.error) for i, reward in enumerate(rewards) if reward.error is not None]
    if failed:
        place, error = failed[0]
        # A class of someone else's may take other arguments.
        kind = type(error) if type(error).__init__ is RewardkitError.__init__ else RewardkitError
        raise kind(
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
    if on_failure in ("raise", "none"):
        return on_failure
    given: Any = on_failure  # NumPy's numbers too
    number = isinstance(given, numbers.Real) and not isinstance(given, bool)
    if number and abs(float(given)) < LARGEST:
        return float(given)
    raise RewardkitError(
        "bad_option",
        f"on_failure={on_failure!r}; it is 'raise', 'none', or a finite number as a penalty",
    )
