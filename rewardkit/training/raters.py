# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: Apache-2.0
"""How reliable each rater is: an inverse temperature on the margin.

Rater k judges as the model says of `β_k (r_a - r_b)`: β = 1 is the average rater, 0 one who
answers whatever, above 1 one who hears small differences, below 0 one who answers in reverse.
(Crowd-BT of Chen, Bennett, Collins-Thompson and Horvitz 2013, WSDM, 193-202, mixes right and
reversed answers instead; a temperature keeps each step convex, and combines with any likelihood
of ties.)

Multiplying all β by a number and dividing the rewards by it changes no probability, so the mean
of β over judgements is fixed at 1: rewards are the log-odds of an average judgement. A rater with
few answers is shrunk to 1 by the penalty `α/2 (β - 1)²`, a normal prior of standard deviation
1/√α. (A Gamma prior, α (β - 1 - log β), keeps β positive, but pushes careless raters up so hard
that intervals of a planted 0.1 held it in 25 of 40 cases only.)

The margin enters the loss as s = β m, so dL/dβ = L'(s) m and d²L/dβ² = L''(s) m² >= 0: with the
rewards fixed the raters are separate convex problems, joined only by the fixed mean. One Newton
step for all of them, with ω_k the raters' shares of the judgements, solves

    h_k Δ_k + λ ω_k = -g_k,   Σ ω_k Δ_k = 0   =>   λ = -(Σ ω g / h) / (Σ ω² / h).

Steps in the head and in β take turns; both lower the same objective.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import torch
from torch import Tensor

from rewardkit.pairs import Floats
from rewardkit.training import shards
from rewardkit.training.likelihood import Likelihood
from rewardkit.training.shards import total

_HALVINGS: Final = 40


@dataclass(frozen=True, eq=False)
class Reliability:
    """Raters' inverse temperatures.

    Args:
        rater: int64 `(raters,)`: the numbers of those who judged, as in `Pairs.rater`.
        value: float64 `(problems, raters)`: β.
        error: float64 `(raters,)`: standard error of the first problem's β.
        judgements: float64 `(raters,)`: how many each gave.
    """

    rater: np.ndarray[tuple[int], np.dtype[np.int64]]
    value: Floats
    error: Floats
    judgements: Floats

    def of(self, rater: np.ndarray[tuple[int], np.dtype[np.int64]]) -> Floats:
        """β of each row's rater, `(problems, rows)`; 1 for one who is not known."""
        place = np.searchsorted(self.rater, rater)
        known = place < len(self.rater)
        known[known] = self.rater[place[known]] == rater[known]
        scale = np.ones((len(self.value), len(rater)))
        scale[:, known] = self.value[:, place[known]]
        return scale


class Raters(torch.nn.Module):
    """The raters' side of the alternation, for many problems at once.

    Args:
        rater: int64 `(rows,)`, -1 where unknown: those judge with β = 1.
        weight: `(rows, problems)`.
        shrinkage: α.
    """

    place: Tensor
    share: Tensor
    beta: Tensor

    def __init__(self, rater: Tensor, weight: Tensor, shrinkage: float) -> None:
        super().__init__()
        self.shrinkage = shrinkage
        numbers, place = torch.unique(rater, return_inverse=True)
        unknown = int((numbers < 0).sum())  # 0 or 1, and then the first
        self.numbers = numbers[unknown:].numpy()
        place = torch.where(rater < 0, len(self.numbers), place - unknown)
        self.register_buffer("place", place[shards.rows()], persistent=False)
        judgements = self.by_rater(weight[shards.rows()])
        self.judgements = judgements[:, 0].numpy()
        share = judgements / judgements.sum(dim=0).clamp(min=1e-300)
        self.register_buffer("share", share, persistent=False)
        self.register_buffer("beta", torch.ones_like(share), persistent=False)

    def by_rater(self, rows: Tensor) -> Tensor:
        """`(raters, …)`: sums over each rater's rows."""
        sums = rows.new_zeros((len(self.numbers) + 1, *rows.shape[1:]))
        return total(sums.index_add_(0, self.place, rows)[:-1])

    def scale(self, which: Tensor, beta: Tensor | None = None) -> Tensor:
        """β of each row's rater in some problems, `(rows, k)`."""
        beta = self.beta[:, which] if beta is None else beta
        return torch.cat([beta, beta.new_ones(1, beta.shape[1])])[self.place]

    def penalty(self, which: Tensor) -> Tensor:
        """The prior's part of the objective, `(k,)`."""
        return self._penalty(self.beta[:, which])

    def _penalty(self, beta: Tensor) -> Tensor:
        return self.shrinkage / 2 * ((beta - 1) ** 2).sum(dim=0)

    def gradient(self, slope: Tensor, margin: Tensor, which: Tensor) -> tuple[Tensor, Tensor]:
        """Gradient by β along the fixed mean, and what was taken out of it: both `(raters, k)`.

        Args:
            slope: Weighted slope of the loss by s = β m, `(rows, k)`.
            margin: m, `(rows, k)`.
            which: The problems.
        """
        beta, share = self.beta[:, which], self.share[:, which]
        gradient = self.by_rater(slope * margin) + self.shrinkage * (beta - 1)
        held = share * (share * gradient).sum(dim=0) / (share**2).sum(dim=0).clamp(min=1e-300)
        return gradient - held, gradient

    def step(
        self,
        which: Tensor,
        margin: Tensor,
        weight: Tensor,
        likelihood: Likelihood,
        judged: tuple[Tensor, Tensor, Tensor],
        offset: Tensor,
    ) -> None:
        """One safeguarded Newton step of β, rewards fixed.

        Args:
            which: The problems, `(k,)`.
            margin: m, `(rows, k)`.
            weight: `(rows, k)`.
            likelihood: Of the judgements.
            judged: `win`, `tie` and the tie parameter.
            offset: Taken from β m.
        """
        beta, share = self.beta[:, which], self.share[:, which]
        terms = likelihood(self.scale(which) * margin - offset, *judged)
        gradient = self.gradient(weight * terms.slope, margin, which)[1]
        curvature = self.by_rater(weight * terms.curvature * margin**2) + self.shrinkage
        fixed = (share * gradient / curvature).sum(dim=0) / (share**2 / curvature).sum(dim=0).clamp(
            min=1e-300
        )
        step = -(gradient - fixed * share) / curvature
        before = total((weight * terms.loss).sum(dim=0)) + self._penalty(beta)
        slack = 1e-13 * (1 + before.abs())
        length = torch.ones_like(before)
        for _ in range(_HALVINGS):
            end = beta + length * step
            scale = self.scale(which, end)
            after = (weight * likelihood(scale * margin - offset, *judged).loss).sum(dim=0)
            short = ~(total(after) + self._penalty(end) <= before + slack)
            if not short.any():
                break
            length = torch.where(short, length / 2, length)
        else:
            end = torch.where(short, beta, end)
        self.beta[:, which] = end

    def errors(self, head: Tensor, cross: Tensor, own: Tensor) -> Floats:
        """Standard errors of the first problem's β, by the joint information of head and β.

        With the observed information in blocks, A of the head (its weight decay included), D of
        the raters (their prior included) and B between them, β has the information
        `D - Bᵀ A⁻¹ B`; along the directions that keep the mean fixed its inverse is the
        covariance.

        Args:
            head: A, `(parameters, parameters)`.
            cross: B, `(parameters, raters)`.
            own: The diagonal of D without its prior, `(raters,)`.
        """
        share = self.share[:, 0]
        information = torch.diag(own + self.shrinkage)
        information = information - cross.T @ torch.linalg.solve(head, cross)
        _, _, right = torch.linalg.svd(share[None, :])
        free = right[1:].T  # directions along which Σ share β stays
        inner = free.T @ information @ free
        covariance = free @ torch.linalg.solve(inner, free.T) if free.shape[1] else 0 * information
        error: Floats = covariance.diagonal().clamp(min=0.0).sqrt().cpu().numpy()
        return error
