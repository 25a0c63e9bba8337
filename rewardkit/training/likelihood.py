# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: Apache-2.0
"""Likelihoods of a judgement, given how much higher the reward of one clip is."""

from __future__ import annotations

from typing import Protocol

import torch
from torch import Tensor


class Likelihood(Protocol):
    """The negative log-likelihood of a judgement as a function of the margin; convex in it."""

    def __call__(self, margin: Tensor, win: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Negative log-likelihood, its slope and its curvature (not negative), elementwise.

        Args:
            margin: Reward of a less reward of b, any shape.
            win: What was judged, broadcast against it.
        """
        ...


class BradleyTerry:
    """p(a is preferred) = σ(margin) (Bradley and Terry 1952, Biometrika 39, 324-345).

    With win the share of judgements for a, a tie counting half to each side, the negative
    log-likelihood of one judgement, averaged over the judgements of the pair, is the
    cross-entropy

        L = -win log σ(m) - (1 - win) log σ(-m)
          = win (softplus(m) - m) + (1 - win) softplus(m)     [-log σ(m) = softplus(-m)]
          = softplus(m) - win m,

    so dL/dm = σ(m) - win and d²L/dm² = σ(m) σ(-m). It is linear in win: a row of votes counts as
    its single votes would, each with its part of the weight. softplus is `logaddexp(m, 0)`,
    since torch's own switches to m above 20, 2e-9 off.

    Example:
        >>> loss, slope, curvature = BradleyTerry()(torch.zeros(1), torch.ones(1))
        >>> round(loss.item(), 4), slope.item(), curvature.item()
        (0.6931, -0.5, 0.25)
    """

    def __call__(self, margin: Tensor, win: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """See `Likelihood`."""
        loss = torch.logaddexp(margin, torch.zeros_like(margin)) - win * margin
        share = torch.sigmoid(margin)
        return loss, share - win, share * torch.sigmoid(-margin)
