# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: Apache-2.0
"""Search for the changes of a clip that raise its reward most, by CMA-ES.

Source: Hansen and Ostermeier (2001), "Completely derandomized self-adaptation in evolution
strategies", Evolutionary Computation 9(2), 159-195; the package `cma`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final, Literal, get_args

import numpy as np

from rewardkit.audit.chain import Chain
from rewardkit.clip import Clip
from rewardkit.errors import RewardkitError
from rewardkit.model import RewardModel
from rewardkit.reward import Reward

Objective = Literal["mean", "lcb"]
"""What is raised: the reward, or `reward - uncertainty * std`; see `rewardkit.callable`."""

STEP: Final = 0.3
"""First step: knobs go from -1 to 1, and 0 is neutral."""

_REFUSED: Final = 1e9  # what a clip without a reward costs; the search heeds ranks only


@dataclass(frozen=True)
class Goal:
    """What is raised.

    Args:
        objective: See `Objective`.
        uncertainty: How many standard deviations `lcb` subtracts.

    Raises:
        RewardkitError: `bad_option`.

    Example:
        >>> Goal("lcb", 2.0)(Reward(1.0, {}, 0.25)), Goal("mean")(Reward(1.0, {}, 0.25))
        (0.5, 1.0)
    """

    objective: Objective = "lcb"
    uncertainty: float = 1.0

    def __post_init__(self) -> None:
        if self.objective not in get_args(Objective) or not 0 <= self.uncertainty < math.inf:
            raise RewardkitError(
                "bad_option", "the objective is mean or lcb, the uncertainty finite and >= 0"
            )

    def __call__(self, reward: Reward) -> float | None:
        """The number that is raised; None where there is no reward."""
        if reward.scalar is None or reward.std is None or self.objective == "mean":
            return reward.scalar
        return reward.scalar - self.uncertainty * reward.std


@dataclass(frozen=True, eq=False)
class Found:
    """Where a search ended.

    Args:
        start: The clip as it was.
        clip: The version with the highest objective; `start` itself when nothing beats it.
        values: Of all knobs.
        before: The reward of `start`.
        reward: The reward of `clip`.
        evaluations: Versions that were tried.
        refused: How many of them had no reward.
    """

    start: Clip
    clip: Clip
    values: dict[str, float]
    before: Reward
    reward: Reward
    evaluations: int
    refused: int


def search(
    model: RewardModel,
    clip: Clip,
    chain: Chain,
    *,
    goal: Goal | None = None,
    budget: int = 300,
    seed: int = 0,
) -> Found:
    """Change a clip so as to raise its reward.

    A version without a reward is worse than any that has one. The same arguments give the same
    result; no global state of chance is touched.

    Args:
        model: The reward.
        clip: One that has a reward.
        chain: What may be changed.
        goal: What is raised; by default the lower confidence bound.
        budget: How many versions may be tried at most, but at least one generation.
        seed: Of the search.

    Raises:
        RewardkitError: What `clip` has instead of a reward; `bad_option` for a budget below 1.
    """
    import cma

    if budget < 1:
        raise RewardkitError("bad_option", "the budget is at least one evaluation")
    goal = goal or Goal()
    knobs = len(chain.knobs)
    neutral = np.zeros(max(knobs, 2))  # cma wants two at least; one more does nothing
    before = model(clip).raise_for_status()
    best, highest = (clip, chain.values(neutral[:knobs]), before), goal(before)
    assert highest is not None  # noqa: S101  # it has a reward
    rng = np.random.default_rng(seed)
    options = {
        "bounds": [-1, 1],
        "maxfevals": budget,
        "randn": lambda *shape: rng.standard_normal(shape),
        "seed": np.nan,  # leaves the global generator alone
        "verbose": -9,
        "tolflatfitness": 10_000,  # a plateau of refused clips is no reason to stop
    }
    strategy = cma.CMAEvolutionStrategy(neutral, STEP, options)
    tried = refused = 0
    while not strategy.stop() and (not tried or tried + strategy.popsize <= budget):
        places = strategy.ask()
        values = [chain.values(place[:knobs]) for place in places]
        versions = [chain(clip, each) for each in values]
        rewards = model.score_batch(versions)
        heights = [goal(reward) for reward in rewards]
        tried += len(places)
        refused += heights.count(None)
        for version, each, reward, height in zip(versions, values, rewards, heights, strict=True):
            if height is not None and height > highest:
                best, highest = (version, each, reward), height
        strategy.tell(places, [_REFUSED if height is None else -height for height in heights])
    return Found(clip, best[0], best[1], before, best[2], tried, refused)
