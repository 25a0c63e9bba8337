# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: Apache-2.0
"""Likelihoods of a judgement, given how much higher the reward of one clip is.

A judgement is `win` and `tie`: of the judgements of a pair a share `p = win - tie / 2` preferred
a, `q = 1 - win - tie / 2` preferred b, and `tie` saw no difference. Each negative log-likelihood
below is linear in `(win, tie)`: a row of votes counts as its single votes would, each with its
part of the weight. Each is jointly convex in the margin and in its own tie parameter.
"""

from __future__ import annotations

from typing import Final, NamedTuple, Protocol

import torch
from torch import Tensor


class Terms(NamedTuple):
    """A negative log-likelihood and its derivatives, elementwise.

    Args:
        loss: In nat.
        slope: By the margin.
        curvature: By the margin twice; not negative.
        tie_slope: By the tie parameter; None without one.
        tie_curvature: By the tie parameter twice.
        cross: By the margin and the tie parameter.
    """

    loss: Tensor
    slope: Tensor
    curvature: Tensor
    tie_slope: Tensor | None = None
    tie_curvature: Tensor | None = None
    cross: Tensor | None = None


class Likelihood(Protocol):
    """The negative log-likelihood of a judgement as a function of the margin."""

    name: str
    has_tie_parameter: bool

    def __call__(self, margin: Tensor, win: Tensor, tie: Tensor, parameter: Tensor) -> Terms:
        """The loss and its derivatives.

        Args:
            margin: Reward of a less reward of b, any shape.
            win: The share of a, ties counted half; broadcast against it.
            tie: The share of ties.
            parameter: The tie parameter; ignored where there is none.
        """
        ...

    def start(self, share: Tensor) -> Tensor:
        """The tie parameter at which two equal clips are a tie this often, 0 < share < 1."""
        ...


class BradleyTerry:
    """p(a is preferred) = σ(margin) (Bradley and Terry 1952, Biometrika 39, 324-345).

    With a tie counting half to each side, the negative log-likelihood of one judgement, averaged
    over the judgements of the pair, is the cross-entropy

        L = -win log σ(m) - (1 - win) log σ(-m)
          = win (softplus(m) - m) + (1 - win) softplus(m)     [-log σ(m) = softplus(-m)]
          = softplus(m) - win m,

    so dL/dm = σ(m) - win and d²L/dm² = σ(m) σ(-m). softplus is `logaddexp(m, 0)`, since torch's
    own switches to m above 20, 2e-9 off.

    Example:
        >>> one, none = torch.ones(1), torch.zeros(1)
        >>> terms = BradleyTerry()(torch.zeros(1), one, none, none)
        >>> round(terms.loss.item(), 4), terms.slope.item(), terms.curvature.item()
        (0.6931, -0.5, 0.25)
    """

    name = "half"
    has_tie_parameter = False

    def __call__(self, margin: Tensor, win: Tensor, tie: Tensor, parameter: Tensor) -> Terms:  # noqa: ARG002
        """See `Likelihood`."""
        loss = torch.logaddexp(margin, torch.zeros_like(margin)) - win * margin
        share = torch.sigmoid(margin)
        return Terms(loss, share - win, share * torch.sigmoid(-margin))

    def start(self, share: Tensor) -> Tensor:
        """Nothing to start from."""
        return torch.zeros_like(share)


class Davidson:
    """Ties as likely as the geometric mean of the two wins says, times ν (Davidson 1970).

    With π = exp(reward), so that m = log π_a - log π_b, and η = log ν,

        P(a) : P(b) : P(tie) = π_a : π_b : ν √(π_a π_b) = exp(m/2) : exp(-m/2) : exp(η).

    `P(a) / P(b) = exp(m)` whatever ν: among the judgements that are no ties, m is the log-odds,
    as without ties. The negative log-likelihood, p + q + tie = 1 and p - q = 2 win - 1, is

        L = log Z - (2 win - 1) m / 2 - tie η,    Z = exp(m/2) + exp(-m/2) + exp(η).

    log Z is the log-partition function of an exponential family in (m, η) with the statistics
    s = (1/2, 0), (-1/2, 0), (0, 1). So L is jointly convex, its gradient is the mean of s less
    what was observed and its Hessian the covariance of s:

        dL/dm  = (P_a - P_b) / 2 - win + 1/2         dL/dη  = P_tie - tie
        d²L/dm² = (P_a + P_b) / 4 - (P_a - P_b)² / 4 = P_a P_b + P_tie (P_a + P_b) / 4
        d²L/dη² = P_tie (1 - P_tie)                  d²L/dm dη = -P_tie (P_a - P_b) / 2.

    Source: R. R. Davidson (1970), "On extending the Bradley-Terry model to accommodate ties in
    paired comparison experiments", JASA 65(329), 317-328.

    Example:
        >>> half = torch.full((1,), 0.5)
        >>> equal = Davidson()(torch.zeros(1), half, torch.ones(1), Davidson().start(half))
        >>> round(equal.loss.exp().reciprocal().item(), 4)
        0.5
    """

    name = "davidson"
    has_tie_parameter = True

    def __call__(self, margin: Tensor, win: Tensor, tie: Tensor, parameter: Tensor) -> Terms:
        """See `Likelihood`; the parameter is log ν."""
        half = margin / 2
        log_z = torch.logaddexp(torch.logaddexp(half, -half), parameter)
        a, b, t = torch.exp(half - log_z), torch.exp(-half - log_z), torch.exp(parameter - log_z)
        return Terms(
            log_z - (2 * win - 1) * half - tie * parameter,
            (a - b) / 2 - (win - 0.5),
            a * b + t * (a + b) / 4,
            t - tie,
            t * (a + b),
            -t * (a - b) / 2,
        )

    def start(self, share: Tensor) -> Tensor:
        """Of two equal clips P(tie) = ν / (2 + ν)."""
        return torch.log(2 * share / (1 - share))


class RaoKupper:
    """A difference below a threshold is a tie (Rao and Kupper 1967), θ = exp(δ), δ > 0.

        P(a) = π_a / (π_a + θ π_b) = σ(m - δ)      P(b) = π_b / (θ π_a + π_b) = σ(-m - δ)
        P(tie) = 1 - P(a) - P(b) = (θ² - 1) P(a) P(b)

    It is the proportional-odds model of three ordered answers with thresholds at ±δ. With
    A = p + tie = win + tie/2 and B = q + tie = 1 - win + tie/2,

        L = -A log σ(m - δ) - B log σ(-m - δ) - tie log(exp(2δ) - 1).

    The first two terms are convex functions of (m - δ) and (m + δ). The last has the second
    derivative tie / sinh² δ > 0 in δ. So L is jointly convex in (m, δ), not in log δ, and δ
    itself is the parameter; any tie makes the last term a barrier at δ = 0. With the slopes
    u = A (1 - σ(m - δ)), v = B (1 - σ(-m - δ)) and curvatures U = A σ(m - δ) (1 - σ(m - δ)), V,

        dL/dm = v - u          dL/dδ = u + v - 2 tie / (1 - exp(-2δ))
        d²L/dm² = U + V        d²L/dδ² = U + V + tie / sinh² δ        d²L/dm dδ = V - U.

    The margin is not the log-odds of a over b here, it lies δ above the log-odds of "a" against
    "b or a tie".

    Source: P. V. Rao and L. L. Kupper (1967), "Ties in paired-comparison experiments: a
    generalization of the Bradley-Terry model", JASA 62(317), 194-204.

    Example:
        >>> half = torch.full((1,), 0.5)
        >>> equal = RaoKupper()(torch.zeros(1), half, torch.ones(1), RaoKupper().start(half))
        >>> round(equal.loss.exp().reciprocal().item(), 4)
        0.5
    """

    name = "rao-kupper"
    has_tie_parameter = True

    def __call__(self, margin: Tensor, win: Tensor, tie: Tensor, parameter: Tensor) -> Terms:
        """See `Likelihood`; the parameter is δ, and the loss NaN where it is negative."""
        up, down = margin - parameter, -margin - parameter
        a, b = win + tie / 2, 1 - win + tie / 2
        zero = torch.zeros_like(up)
        # log(exp(2 δ) - 1) = 2 δ + log(1 - exp(-2 δ))
        above = 2 * parameter + torch.log(-torch.expm1(-2 * parameter))
        loss = a * torch.logaddexp(-up, zero) + b * torch.logaddexp(-down, zero) - tie * above
        u, v = a * torch.sigmoid(-up), b * torch.sigmoid(-down)
        bend_u, bend_v = u * torch.sigmoid(up), v * torch.sigmoid(down)
        return Terms(
            loss,
            v - u,
            bend_u + bend_v,
            u + v + 2 * tie / torch.expm1(-2 * parameter),
            bend_u + bend_v + tie / torch.sinh(parameter) ** 2,
            bend_v - bend_u,
        )

    def start(self, share: Tensor) -> Tensor:
        """Of two equal clips P(tie) = 1 - 2 σ(-δ) = tanh(δ / 2)."""
        return 2 * torch.atanh(share)


LIKELIHOODS: Final[dict[str, Likelihood]] = {
    likelihood.name: likelihood for likelihood in (BradleyTerry(), Davidson(), RaoKupper())
}
"""By what they do with ties: `half` a win to each side, or a probability of their own."""
