# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: Apache-2.0
"""The clips of the latest updates, and the numbers that describe them."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np

from rewardkit.batch_function import LARGEST
from rewardkit.clip import Clip
from rewardkit.errors import RewardkitError
from rewardkit.monitor.training import REWARD, Training, drift
from rewardkit.reward import Reward

QUANTILES: Final = (0.05, 0.25, 0.5, 0.75, 0.95)

UNKNOWN: Final = "unknown"
"""The code of a clip of which only this is known, that it has no reward."""

FEWEST: Final = 8
"""Clips; of fewer no correlation is given."""


@dataclass(frozen=True)
class Seen:
    """What is kept of one clip.

    Args:
        rewards: By name, the scalar's is `reward`; empty without one.
        code: Why there is no reward, or None.
        distance: From the training clips, if known.
        bounded: The share of its features that are outside the range of training, if known.
        duration: In s, if known.
        level: RMS in dB re full scale, if known.
        own: The reward model's own rewards by name, which alone may be compared with those of
            its training clips; a composite's entries are not among them.
    """

    rewards: Mapping[str, float]
    code: str | None = None
    distance: float | None = None
    bounded: float | None = None
    duration: float | None = None
    level: float | None = None
    own: Mapping[str, float] = field(default_factory=dict)


def seen(
    reward: Reward | float | None, duration: float | None = None, level: float | None = None
) -> Seen:
    """What is kept of a clip with this reward.

    Raises:
        RewardkitError: `nonfinite_reward` for a number that is not finite, or so large that
            sums of them might not be: None says that there is no reward.

    Example:
        >>> seen(0.5).rewards, seen(None).code
        ({'reward': 0.5}, 'unknown')
    """
    if isinstance(reward, Reward):
        code = None if reward.error is None else reward.error.code
        own = getattr(reward, "own", reward)  # a composite's remembers the model's
        return Seen(
            _named(reward), code, reward.distance, reward.bounded, duration, level, _named(own)
        )
    if reward is None:
        return Seen({}, UNKNOWN, duration=duration, level=level)
    rewards = _checked({REWARD: float(reward)})
    return Seen(rewards, duration=duration, level=level, own=rewards)


def _named(reward: Reward | None) -> dict[str, float]:
    """The scalar and the dimensions by name; nothing without a reward."""
    if reward is None or reward.scalar is None:
        return {}
    return _checked({**reward.dimensions, REWARD: reward.scalar})


def _checked(rewards: dict[str, float]) -> dict[str, float]:
    for name, number in rewards.items():
        if not abs(number) < LARGEST:
            raise RewardkitError(
                "nonfinite_reward",
                f"{name} is {number}; give None for a clip without a reward, and numbers less "
                f"than {LARGEST:g} in size",
            )
    return rewards


def level_of(clip: Clip) -> float | None:
    """RMS level of a clip in dB re full scale; None for digital silence.

    Example:
        >>> level_of(Clip(np.full(100, 0.1, np.float32), 8_000))
        -20.0
    """
    power = float(np.mean(np.square(clip.samples, dtype=np.float64)))
    return round(10 * math.log10(power), 4) if power > 0 else None


def means(clips: Sequence[Seen]) -> dict[str, float]:
    """Mean reward by name, over the clips that have it."""
    names = dict.fromkeys(name for clip in clips for name in clip.rewards)
    return {
        name: float(np.mean([clip.rewards[name] for clip in clips if name in clip.rewards]))
        for name in names
    }


def inside(clips: Sequence[Seen], training: Training) -> float | None:
    """The share of clips that lie among the training clips; None when no distance is known.

    A clip that could not be measured lies nowhere, and is not among them.
    """
    if training.inside is None or all(clip.distance is None for clip in clips):
        return None
    near = [clip.distance is not None and clip.distance <= training.inside for clip in clips]
    return sum(near) / len(near)


def describe(clips: Sequence[Seen], training: Training) -> dict[str, float]:
    """The numbers of the latest updates' clips; what can't be known is left out.

    Args:
        clips: At least one.
        training: What they are compared with.
    """
    numbers = {f"running_mean/{name}": mean for name, mean in means(clips).items()}
    scalars = [clip.rewards[REWARD] for clip in clips if REWARD in clip.rewards]
    if scalars:
        numbers["sd"] = float(np.std(scalars))
        found = np.quantile(scalars, QUANTILES)
        numbers |= {f"quantile/{q:g}": float(x) for q, x in zip(QUANTILES, found, strict=True)}
    codes = Counter(clip.code for clip in clips if clip.code is not None)
    numbers["failed"] = codes.total() / len(clips)
    numbers |= {f"failure/{code}": count / len(clips) for code, count in sorted(codes.items())}
    bounded = [clip.bounded for clip in clips if clip.bounded is not None]
    if bounded:
        numbers["bounded"] = float(np.mean(bounded))
    near = inside(clips, training)
    if near is not None:
        numbers["inside"] = near
    distances = [clip.distance for clip in clips if clip.distance is not None]
    if distances and training.limit is not None:
        numbers["out_of_distribution"] = float(np.mean(np.array(distances) > training.limit))
    for name in ("duration", "level"):
        found_r = _correlation(clips, name)
        if found_r is not None:
            numbers[f"correlation/{name}"] = found_r
    for name, known in training.rewards.items():
        rewards = [clip.own[name] for clip in clips if name in clip.own]
        away = drift(rewards, known) if rewards else None
        if away is not None:
            numbers[f"shift/{name}"], numbers[f"drift/{name}"] = away
    return numbers


def _correlation(clips: Sequence[Seen], name: str) -> float | None:
    """Spearman's rank correlation of the reward with a number that is known of the clips."""
    pairs = [
        (clip.rewards[REWARD], getattr(clip, name))
        for clip in clips
        if REWARD in clip.rewards and getattr(clip, name) is not None
    ]
    if len(pairs) < FEWEST:
        return None
    from scipy.stats import rankdata

    x, y = (rankdata(column) for column in zip(*pairs, strict=True))
    if not (np.ptp(x) and np.ptp(y)):
        return None
    return float(np.corrcoef(x, y)[0, 1])


def column(name: str, given: Sequence[float | None] | None, rows: int) -> list[float | None]:
    """A column with one finite number or None for each clip.

    Raises:
        RewardkitError: `bad_batch` for another length, or a number that is not finite.
    """
    if given is None:
        return [None] * rows
    numbers = [None if number is None else float(number) for number in given]
    if len(numbers) != rows or any(n is not None and not math.isfinite(n) for n in numbers):
        raise RewardkitError("bad_batch", f"{name}: one finite number or None for {rows} rewards")
    return numbers
