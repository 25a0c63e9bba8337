# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Proximal policy optimisation of a Gaussian policy in episodes of one step.

Schulman et al. 2017, "Proximal policy optimization algorithms", arXiv:1707.06347. With one step
an episode's return is its reward, and generalised advantage estimation (Schulman et al. 2016,
arXiv:1506.02438) gives the reward less the value, whatever its lambda and discount. As is usual
where a reward is learned from preferences, what an action's log-probability has over that of the
reference policy is taken from the reward: on average that is their divergence (Ziegler et al.
2019, arXiv:1909.08593).
"""

from __future__ import annotations

import copy
import math
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.distributions import Independent, Normal, kl_divergence


@dataclass(frozen=True)
class Options:
    """How the policy learns.

    Args:
        clip: Of the ratio of probabilities, to either side of 1.
        epochs: Passes over a step's clips.
        minibatches: In each pass.
        learning_rate: Adam's.
        entropy: Weight of the policy's entropy, in nat.
        value: Weight of the value's squared error.
        kl: What an action's log-probability over the reference's costs, in reward per nat.
        largest_gradient: Norm to which gradients are scaled down.
    """

    clip: float = 0.2
    epochs: int = 8
    minibatches: int = 2
    learning_rate: float = 3e-3
    entropy: float = 0.002
    value: float = 0.5
    kl: float = 0.0
    largest_gradient: float = 0.5


class Policy(nn.Module):
    """Mean actions by a network of one hidden layer, and one deviation for each action.

    Args:
        features: How many numbers describe a state.
        start: Mean actions before it has learned, `(actions,)`.
        deviation: Standard deviation of all actions before it has learned.
    """

    def __init__(self, features: int, start: Tensor, deviation: float = 0.5) -> None:
        super().__init__()
        self.body = nn.Sequential(nn.Linear(features, 16), nn.Tanh())
        self.mean = nn.Linear(16, len(start))
        nn.init.orthogonal_(self.mean.weight, 0.01)
        with torch.no_grad():
            self.mean.bias.copy_(start)
        self.log_deviation = nn.Parameter(torch.full((len(start),), math.log(deviation)))

    def forward(self, states: Tensor) -> Any:
        """The distribution of actions in each state, `(states, features)`."""
        return Independent(Normal(self.mean(self.body(states)), self.log_deviation.exp()), 1)


def surrogate(ratio: Tensor, advantage: Tensor, clip: float) -> Tensor:
    """PPO's clipped objective, to be made large; equation 7 of the paper, a mean.

    Args:
        ratio: Probability of each action now, over that when it was taken.
        advantage: Of each action.
        clip: To either side of 1.

    Example:
        >>> up, down = torch.tensor([1.0]), torch.tensor([-1.0])
        >>> ratio = torch.tensor([1.5])
        >>> surrogate(ratio, up, 0.2).item(), surrogate(ratio, down, 0.2).item()
        (1.2000000476837158, -1.5)
    """
    bounded = ratio.clamp(1 - clip, 1 + clip)
    return torch.minimum(ratio * advantage, bounded * advantage).mean()


class Learner:
    """A policy, its value and its reference, and the update.

    Args:
        features: How many numbers describe a state.
        start: The reference's mean actions, `(actions,)`.
        options: See `Options`.
        seed: Of weights, of actions and of minibatches.
        deviation: Of the reference's actions.
    """

    def __init__(
        self,
        features: int,
        start: Tensor,
        options: Options | None = None,
        seed: int = 0,
        deviation: float = 0.5,
    ) -> None:
        self.options = options or Options()
        self.chance = torch.Generator().manual_seed(seed)
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            self.policy = Policy(features, start, deviation)
            self.value = nn.Sequential(nn.Linear(features, 16), nn.Tanh(), nn.Linear(16, 1))
        self.reference = copy.deepcopy(self.policy).requires_grad_(False)
        self.parameters = [*self.policy.parameters(), *self.value.parameters()]
        self.optimiser = torch.optim.Adam(self.parameters, lr=self.options.learning_rate, eps=1e-5)

    @torch.no_grad()
    def act(self, states: Tensor) -> tuple[Tensor, Tensor]:
        """Actions drawn in some states, `(states, actions)`, and their log-probabilities."""
        found = self.policy(states)
        noise = torch.randn(found.mean.shape, generator=self.chance)
        actions = found.mean + found.base_dist.stddev * noise
        return actions, found.log_prob(actions)

    @torch.no_grad()
    def best(self, states: Tensor) -> Tensor:
        """The mean actions in some states."""
        mean: Tensor = self.policy(states).mean
        return mean

    def learn(
        self, states: Tensor, actions: Tensor, log_probability: Tensor, rewards: Tensor
    ) -> dict[str, float]:
        """One update from what `act` gave and what came of it.

        Args:
            states: `(batch, features)`.
            actions: `(batch, actions)`.
            log_probability: Of the actions when they were taken, `(batch,)`.
            rewards: `(batch,)`.

        Returns:
            `kl`: mean divergence from the reference, in nat; `entropy` in nat; `clipped`: share
            of the ratios outside the clip; `value_error`: the mean squared.
        """
        o = self.options
        with torch.no_grad():
            reference = self.reference(states).log_prob(actions)
            rewards = rewards - o.kl * (log_probability - reference)
            advantages = rewards - self.value(states).squeeze(-1)
        clipped: list[float] = []
        for _ in range(o.epochs):
            order = torch.randperm(len(states), generator=self.chance)
            for rows in order.chunk(o.minibatches):
                found = self.policy(states[rows])
                ratio = (found.log_prob(actions[rows]) - log_probability[rows]).exp()
                gain = surrogate(ratio, _standard(advantages[rows]), o.clip)
                error = (self.value(states[rows]).squeeze(-1) - rewards[rows]).square().mean()
                loss = -gain - o.entropy * found.entropy().mean() + o.value * error
                self.optimiser.zero_grad()
                loss.backward()
                nn.utils.clip_grad_norm_(self.parameters, o.largest_gradient)
                self.optimiser.step()
                clipped.append(((ratio - 1).abs() > o.clip).float().mean().item())
        with torch.no_grad():
            found = self.policy(states)
            return {
                "kl": kl_divergence(found, self.reference(states)).mean().item(),
                "entropy": found.entropy().mean().item(),
                "clipped": sum(clipped) / len(clipped),
                "value_error": (self.value(states).squeeze(-1) - rewards).square().mean().item(),
            }


def _standard(advantages: Tensor) -> Tensor:
    """Centred, and divided by their deviation."""
    return (advantages - advantages.mean()) / (advantages.std(correction=0) + 1e-8)
