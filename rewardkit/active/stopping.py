# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: Apache-2.0
"""When to stop asking: rules that may be looked at after each answer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from rewardkit.active.sequences import fixed_mean, running_mean
from rewardkit.errors import RewardkitError
from rewardkit.pairs import Floats


@dataclass(frozen=True)
class Verdict:
    """What a rule says so far.

    Args:
        stop: Whether the question is answered.
        reason: Why, in a sentence.
        value: The estimate; None before the first answer.
        low: Lower end of the interval.
        high: Upper end.
        answers: How many were counted.
    """

    stop: bool
    reason: str
    value: float | None
    low: float
    high: float
    answers: int


def agreement(margin: ArrayLike, win: ArrayLike) -> Floats:
    """How far each answer agrees with a head: 1, 0, or ½ for a tie of either.

    Args:
        margin: Reward of a less reward of b, `(answers,)`.
        win: 1 where a was better, 0 where b was, or a share.

    Example:
        >>> agreement([2.0, 2.0, -1.0, 0.0], [1.0, 0.5, 1.0, 1.0]).tolist()
        [1.0, 0.5, 0.0, 0.5]
    """
    side = np.sign(np.asarray(margin, np.float64))
    return np.asarray(0.5 + side * (np.asarray(win, np.float64) - 0.5))


@dataclass(frozen=True)
class Accuracy:
    """Is the head good enough? With how many of listeners' answers does it agree?

    Counted are answers to pairs drawn at random, each compared with what the head said before it
    heard the answer. As the head learns, its accuracy moves; the interval is for the average of
    what it was at those answers, and a head that gets better is better than that by now.

    Args:
        target: Share of agreement that is enough; None for no target.
        width: Stop too when the interval is no wider than this.
        alpha: Probability that the interval misses the truth at any time.

    Raises:
        RewardkitError: `bad_option`.

    Example:
        >>> Accuracy(target=0.7).verdict([1.0] * 60).reason
        'agreement is above the target: 1.000 [0.803, 1.000], target 0.7'
    """

    target: float | None = None
    width: float = 0.1
    alpha: float = 0.05

    def __post_init__(self) -> None:
        _check(self.alpha, self.width)
        if self.target is not None and not 0 < self.target < 1:
            raise RewardkitError("bad_option", "the target lies between 0 and 1")

    def verdict(self, agreements: Sequence[float] | Floats) -> Verdict:
        """What the answers say, as `agreement` gives them, in order."""
        x = np.asarray(agreements, np.float64)
        if not len(x):
            return Verdict(False, "no random pair was answered yet", None, 0.0, 1.0, 0)
        low, high = running_mean(x, alpha=self.alpha)[-1].tolist()
        value = float(x.mean())
        shown = f"{value:.3f} [{low:.3f}, {high:.3f}]"
        if self.target is not None and low >= self.target:
            reason = f"agreement is above the target: {shown}, target {self.target:g}"
            return Verdict(True, reason, value, low, high, len(x))
        if high - low <= self.width:
            reason = f"agreement is known to {self.width:g}: {shown}"
            return Verdict(True, reason, value, low, high, len(x))
        return Verdict(False, f"agreement so far: {shown}", value, low, high, len(x))


@dataclass(frozen=True)
class Better:
    """Which of two systems do listeners prefer?

    Counted are answers to pairs of their clips drawn at random. The question is answered when the
    interval of the first one's share leaves out ½, or lies within `same` of ½.

    Args:
        same: How far from ½ a share may be and still mean that there is no difference.
        alpha: Probability that the interval misses the truth at any time.

    Raises:
        RewardkitError: `bad_option`.

    Example:
        >>> Better().verdict([1.0, 1.0, 0.5] * 10).reason
        'the first is preferred: 0.833 [0.649, 0.951]'
    """

    same: float = 0.05
    alpha: float = 0.05

    def __post_init__(self) -> None:
        _check(self.alpha, self.same)

    def verdict(self, wins: Sequence[float] | Floats) -> Verdict:
        """What the answers say: the first system's win each, ties ½, in order."""
        x = np.asarray(wins, np.float64)
        if not len(x):
            return Verdict(False, "no random pair was answered yet", None, 0.0, 1.0, 0)
        low, high = fixed_mean(x, alpha=self.alpha)[-1].tolist()
        value = float(x.mean())
        shown = f"{value:.3f} [{low:.3f}, {high:.3f}]"
        if low > 0.5 or high < 0.5:
            which = "first" if low > 0.5 else "second"
            return Verdict(True, f"the {which} is preferred: {shown}", value, low, high, len(x))
        if low >= 0.5 - self.same and high <= 0.5 + self.same:
            return Verdict(True, f"there is no difference: {shown}", value, low, high, len(x))
        return Verdict(False, f"open so far: {shown}", value, low, high, len(x))


def _check(alpha: float, width: float) -> None:
    if not 0 < alpha < 1 or not 0 < width < 1:
        raise RewardkitError("bad_option", "alpha and widths lie between 0 and 1")
