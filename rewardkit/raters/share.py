# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: Apache-2.0
"""`Share`: a mean of answers with its interval."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist, fmean

from rewardkit.errors import RewardkitError


@dataclass(frozen=True)
class Share:
    """A share of some answers, each counted as a number in 0 … 1.

    Args:
        value: The mean.
        low: Lower end of Wilson's interval.
        high: Upper end.
        count: How many answers.
    """

    value: float
    low: float
    high: float
    count: int

    def __str__(self) -> str:
        return f"{self.value:.2f} [{self.low:.2f}, {self.high:.2f}] of {self.count}"


def share(values: Sequence[float], level: float = 0.95) -> Share | None:
    """The mean of numbers in 0 … 1 with Wilson's interval; None of no number.

    Numbers between 0 and 1 spread less than answers of 0 and 1 with their mean would: for them
    the interval is a bit wide.

    Source: Wilson (1927), "Probable inference, the law of succession, and statistical inference",
    JASA 22.

    Raises:
        RewardkitError: `out_of_range`.

    Example:
        >>> print(share([1.0] * 9 + [0.0]))
        0.90 [0.60, 0.98] of 10
    """
    if not 0 < level < 1:
        raise RewardkitError("out_of_range", f"level is {level}; it lies between 0 and 1")
    if not values:
        return None
    count, mean = len(values), fmean(values)
    z = NormalDist().inv_cdf((1 + level) / 2)
    centre = (mean + z * z / (2 * count)) / (1 + z * z / count)
    radius = z * math.sqrt(max(mean * (1 - mean), 0.0) / count + z * z / (4 * count * count))
    radius /= 1 + z * z / count
    low, high = max(0.0, centre - radius), min(1.0, centre + radius)
    return Share(mean, min(low, mean), max(high, mean), count)  # but for rounding, mean is inside
