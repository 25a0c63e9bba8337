# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: Apache-2.0
"""The alarm: the reward rises while something that it should carry along falls.

Optimised far enough, a reward stops standing for what it was fitted to (Goodhart's law): it goes
on rising while what it stands for falls. Gao, Schulman and Hilton 2023, "Scaling laws for reward
model overoptimization", ICML.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from rewardkit.errors import RewardkitError

LEAST: Final = 8
"""Numbers; of fewer no trend is told. Eight in order have a chance of 1 in 40,320."""

RISING: Final = 0.05
"""Level of the one-sided test that the reward rises."""


@dataclass(frozen=True)
class Trend:
    """Whether some numbers rise or fall over time.

    Args:
        slope: Theil and Sen's: the median slope between all pairs of points, per update.
        rising: P-value of Mann and Kendall's test against "it does not rise"; exact without
            ties, where there are few numbers.
        falling: Likewise, against "it does not fall".
    """

    slope: float
    rising: float
    falling: float


def trend(steps: Sequence[float], numbers: Sequence[float]) -> Trend:
    """Mann and Kendall's test and Theil and Sen's slope.

    The test holds whatever the distribution of the numbers, as long as they are exchangeable
    when there is no trend: noise, each draw independent of those before. A number that wanders
    (a random walk) does have trends by this test, and it is right that it rose or fell.

    Args:
        steps: When; increasing.
        numbers: As many.

    Raises:
        RewardkitError: `bad_option` when there are fewer than two, or not as many of both.

    Source:
        Mann (1945), "Nonparametric tests against trend", Econometrica 13, 245-259; Sen (1968),
        "Estimates of the regression coefficient based on Kendall's tau", JASA 63, 1379-1389.

    Example:
        >>> found = trend([0, 1, 2, 3, 4], [5.0, 4.0, 3.0, 2.0, 1.0])
        >>> found.slope, round(found.falling, 4), found.rising
        (-1.0, 0.0083, 1.0)
    """
    if len(steps) != len(numbers) or len(steps) < 2:
        raise RewardkitError(
            "bad_option", f"a trend of {len(numbers)} numbers at {len(steps)} steps; 2 at least"
        )
    from scipy import stats

    slope = float(stats.theilslopes(numbers, steps).slope)
    return Trend(slope, _p("greater", steps, numbers), _p("less", steps, numbers))


def _p(side: str, steps: Sequence[float], numbers: Sequence[float]) -> float:
    """P-value of Mann and Kendall's test on one side."""
    if min(numbers) == max(numbers):
        return 1.0
    from scipy import stats

    return float(stats.kendalltau(steps, numbers, alternative=side).pvalue)


@dataclass(frozen=True)
class Alarm:
    """The reward rose and a watched number fell.

    Args:
        step: Of the update at which it was found.
        watched: The number that fell: `inside`, or `judge/<name>`.
        since: The step from which on both were looked at.
        reward: The trend of the reward's mean.
        fall: The trend of the watched number.
    """

    step: int
    watched: str
    since: int
    reward: Trend
    fall: Trend

    def __str__(self) -> str:
        return (
            f"step {self.step}: since step {self.since} the reward rises by "
            f"{self.reward.slope:+.3g} a step (p = {self.reward.rising:.2g}) while {self.watched} "
            f"falls by {self.fall.slope:+.3g} a step (p = {self.fall.falling:.2g})"
        )


def alarm(
    watched: str,
    rewards: Sequence[tuple[int, float]],
    numbers: Sequence[tuple[int, float]],
    level: float,
) -> Alarm | None:
    """The alarm that is to be raised now, if any.

    Raised when the watched number falls at `level` and the reward rises at `RISING`, both over
    the time in which both are known. Where nothing falls, the chance of an alarm is `level` at
    most.

    Args:
        watched: The number's name.
        rewards: Step and mean reward of the latest updates.
        numbers: Step and watched number, the latest.
        level: Of the one-sided test that the watched number falls.

    Example:
        >>> rewards = [(step, step / 10) for step in range(20)]
        >>> judged = [(step, 4 - step / 50) for step in range(0, 20, 2)]
        >>> print(alarm("judge/mos", rewards, judged, 0.001))
        step 18: since step 0 the reward rises by +0.1 a step (p = 8.2e-18) while judge/mos falls \
by -0.02 a step (p = 2.8e-07)
    """
    if not rewards:
        return None
    numbers = [point for point in numbers if point[0] >= rewards[0][0]]
    if len(numbers) < LEAST:
        return None
    since, step = numbers[0][0], numbers[-1][0]
    during = [(at, number) for at, number in rewards if since <= at <= step]
    if len(during) < LEAST:
        return None
    if _p("less", *zip(*numbers, strict=True)) >= level:
        return None
    if _p("greater", *zip(*during, strict=True)) >= RISING:
        return None
    return Alarm(
        step, watched, since, trend(*zip(*during, strict=True)), trend(*zip(*numbers, strict=True))
    )
