# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: Apache-2.0
"""`pick`: the most informative pair, or now and then any pair, with the probability of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

import numpy as np

from rewardkit.errors import RewardkitError
from rewardkit.pairs import Floats, Ints

Reason = Literal["information", "random"]

RANDOM: Final = "random"


@dataclass(frozen=True, slots=True)
class Pick:
    """One pair that was picked.

    Args:
        place: Its place among the gains.
        propensity: The probability with which this pair was picked, given all that was known.
        reason: `random` when it was drawn uniformly, else `information`.
    """

    place: int
    propensity: float
    reason: Reason


def probabilities(gains: Floats, eligible: Ints, explore: float) -> Floats:
    """The probability of each eligible pair: `explore / n`, and `1 - explore` more for the best.

    Args:
        gains: `(pairs,)`.
        eligible: Places in `gains`, at least one; among equal gains the first is the best.
        explore: Probability of a uniform draw.

    Example:
        >>> probabilities(np.array([0.1, 0.3, 0.2]), np.array([0, 1]), 0.2).tolist()
        [0.1, 0.9]
    """
    chances: Floats = np.full(len(eligible), explore / len(eligible))
    chances[int(np.argmax(gains[eligible]))] += 1.0 - explore
    return chances


def pick(gains: Floats, eligible: Ints, explore: float, uniform: float, second: float) -> Pick:
    """Draw a pair from `probabilities`.

    Args:
        gains: `(pairs,)`.
        eligible: Places in `gains`, at least one.
        explore: Probability of a uniform draw, in 0 … 1.
        uniform: Number drawn uniformly from [0, 1) that decides between the two ways.
        second: Another, that decides which pair, if any pair will do.

    Raises:
        RewardkitError: `bad_option` for another `explore`, `no_candidates` for no eligible pair.

    Example:
        >>> gains, eligible = np.array([0.1, 0.3, 0.2]), np.arange(3)
        >>> pick(gains, eligible, 0.3, uniform=0.9, second=0.0)
        Pick(place=1, propensity=0.7999999999999999, reason='information')
        >>> pick(gains, eligible, 0.3, uniform=0.1, second=0.0)
        Pick(place=0, propensity=0.09999999999999999, reason='random')
    """
    check(explore)
    if not len(eligible):
        raise RewardkitError("no_candidates", "no pair is left to be chosen")
    at_random = uniform < explore
    at = int(second * len(eligible)) if at_random else int(np.argmax(gains[eligible]))
    chances = probabilities(gains, eligible, explore)
    return Pick(int(eligible[at]), float(chances[at]), "random" if at_random else "information")


def check(explore: float) -> None:
    """Refuse a share that is none.

    Raises:
        RewardkitError: `bad_option`.
    """
    if not 0.0 <= explore <= 1.0:
        raise RewardkitError("bad_option", f"explore is {explore}; it lies in 0 … 1")
