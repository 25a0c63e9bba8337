# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: Apache-2.0
"""`solve`: arrays in, fitted arrays out; Newton's method and Lightning in between."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from rewardkit.errors import RewardkitError
from rewardkit.pairs import Floats, Pairs
from rewardkit.training.likelihood import LIKELIHOODS, Likelihood
from rewardkit.training.newton import Newton
from rewardkit.training.options import TrainOptions
from rewardkit.training.raters import Reliability
from rewardkit.training.trainer import run


@dataclass(frozen=True, eq=False)
class Solution:
    """Where Newton's method ended.

    Args:
        mix: float64 `(problems, parts)`: how much of each part of the basis.
        weights: float64 `(problems, features)`: of the features themselves.
        likelihood: Of the judgements.
        tie: float64 `(problems,)`: its tie parameter, 0 where it has none.
        reliability: Of the raters; None when they were not asked for or are not known.
        steps: Newton steps taken.
        gradient: The largest element of any gradient, as a part of the pairs' summed weight.
    """

    mix: Floats
    weights: Floats
    likelihood: Likelihood
    tie: Floats
    reliability: Reliability | None
    steps: int
    gradient: float


def solve(
    z: Floats,
    pairs: Pairs,
    weight: Floats,
    l2: Floats,
    options: TrainOptions,
    basis: Floats | None = None,
    free: Floats | None = None,
) -> Solution:
    """Fit many heads on the same clips and pairs.

    Pairs without any tie have the likelihood of Bradley and Terry, to which those with ties tend
    as ties become rare.

    Args:
        z: Standardised features `(clips, features)`.
        pairs: Merged pairs of one dimension.
        weight: `(problems, pairs)`.
        l2: `(problems,)`.
        options: What to fit; tolerance, steps, device.
        basis: `(problems, parts, features)`: heads that may be mixed in; none by default.
        free: `(features, directions)`, orthonormal: the weights are sums of these; any by default.

    Raises:
        RewardkitError: `not_converged`.
    """
    if basis is None:
        basis = np.zeros((len(l2), 0, z.shape[1]))
    likelihood = LIKELIHOODS[options.ties if pairs.tie.any() else "half"]
    module = Newton(
        _tensor(z), pairs, _tensor(weight), _tensor(l2), _tensor(basis), options, likelihood,
        None if free is None else _tensor(free),
    )  # fmt: skip
    try:
        run(module, options)
    except torch.linalg.LinAlgError as error:  # type: ignore[attr-defined]  # not in its stubs
        raise RewardkitError(
            "not_converged", "l2 is so small that the features do not decide the weights; raise it"
        ) from error
    if not module.converged:
        raise RewardkitError(
            "not_converged",
            f"training stopped after {module.steps} steps with a gradient of "
            f"{module.gradient:.1e} of the pairs' weight (tolerance {options.tolerance:.1e}); "
            "raise l2 or max_steps",
        )
    theta = module.theta.detach()
    parts = module.parts
    return Solution(
        theta[:, :parts].cpu().numpy(),
        module.unfold(theta[:, parts : parts + module.own]).cpu().numpy(),
        likelihood,
        module.tie_parameter(theta).cpu().numpy(),
        _reliability(module),
        module.steps,
        module.gradient,
    )


def _reliability(module: Newton) -> Reliability | None:
    raters = module.raters
    if raters is None:
        return None
    return Reliability(
        raters.numbers, raters.beta.T.cpu().numpy(), module.rater_errors(), raters.judgements
    )


def _tensor(array: Floats) -> Tensor:
    return torch.from_numpy(np.array(array, np.float64, order="C"))
