# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: Apache-2.0
"""Newton's method for many convex heads at once, as a LightningModule."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import lightning.pytorch as pl
import numpy as np
import torch
from torch import Tensor

from rewardkit.errors import RewardkitError
from rewardkit.pairs import Floats, Pairs
from rewardkit.training.likelihood import BradleyTerry, Likelihood
from rewardkit.training.options import TrainOptions
from rewardkit.training.trainer import run

_HALVINGS: Final = 40
_SUFFICIENT: Final = 1e-4  # Armijo's constant


@dataclass(frozen=True, eq=False)
class Solution:
    """Where Newton's method ended.

    Args:
        mix: float64 `(problems, parts)`: how much of each part of the basis.
        weights: float64 `(problems, features)`: of the features themselves.
        steps: Newton steps taken.
        gradient: The largest element of any gradient, as a part of the pairs' summed weight.
    """

    mix: Floats
    weights: Floats
    steps: int
    gradient: float


class Newton(pl.LightningModule):  # type: ignore[misc]
    """Penalised maximum likelihood of many heads at once.

    Minimises, for each problem k and over `mix_k >= 0` and `w_k`,

        sum_p weight_kp L(z_a·u_k - z_b·u_k, win_p) + l2_k / 2 (|w_k|² + |mix_k - 1/parts|²)
        with u_k = w_k + mix_k basis_k.

    The problems (bootstrap members, or values of l2) share clips and pairs. Each step puts every
    clip through the head once, gathers margins by pair, and scatters the slopes back to clips.
    Likewise the Hessian `Zᵀ L Z` needs only the graph Laplacian L of the pairs, weighted by
    curvature, and never a matrix of pairs by features.

    Newton rather than L-BFGS because these problems are small, ill-conditioned and many: on 266
    clips, 2,000 pairs, 60 features and 21 problems with l2 = 1, Newton's steps ended after 6, at
    a gradient of 3e-15 of the summed weight, where torch's L-BFGS had 6e-9 after 600 and took
    several times as long. Only beyond thousands of clips and hundreds of features is L-BFGS faster.

    `mix >= 0` is kept by projection: what lies on the bound and would leave it is held fixed
    (Bertsekas 1982, SIAM J. Control Optim. 20(2), 221-246).
    """

    def __init__(
        self,
        z: Tensor,
        pairs: Pairs,
        weight: Tensor,
        l2: Tensor,
        basis: Tensor,
        options: TrainOptions,
        likelihood: Likelihood,
    ) -> None:
        super().__init__()
        self.automatic_optimization = False
        self.options = options
        self.likelihood = likelihood
        self.parts = basis.shape[1]
        a, b = torch.from_numpy(pairs.a), torch.from_numpy(pairs.b)
        edges = torch.stack([torch.cat([a, b]), torch.cat([b, a])])
        order = torch.argsort(edges[0] * len(z) + edges[1])  # torch's coalesced order
        buffers = {
            "z": z,
            "a": a,
            "b": b,
            "win": torch.from_numpy(pairs.win)[:, None],
            "weight": weight.T.contiguous(),  # (pairs, problems)
            "l2": l2,
            "basis": basis,
            "edges": edges[:, order],
            "edge_pair": order % max(len(a), 1),
        }
        for name, tensor in buffers.items():
            self.register_buffer(name, tensor, persistent=False)
        start = torch.zeros(len(l2), self.parts + z.shape[1], dtype=torch.float64)
        start[:, : self.parts] = 1.0 / max(self.parts, 1)
        self.register_buffer("prior", start[:1].clone(), persistent=False)
        self.theta = torch.nn.Parameter(start, requires_grad=False)
        self.converged = False
        self.steps = 0
        self.gradient = float("inf")

    def configure_optimizers(self) -> None:
        """None: a training step is a Newton step."""

    def train_dataloader(self) -> list[int]:
        """One full batch per epoch; the data are on the device already."""
        return [0]

    def training_step(self, batch: Any, batch_index: int) -> None:  # noqa: ARG002
        """One Newton step of every problem that has not converged."""
        every = torch.arange(len(self.theta), device=self.theta.device)
        value, gradient, curvature = self.objective(self.theta, every)
        held = self.bounded(self.theta) & (self.theta <= 0) & (gradient > 0)
        gradient = gradient.masked_fill(held, 0.0)
        scale = self.weight.sum(dim=0).clamp(min=1.0)
        residual = gradient.abs().amax(dim=1) / scale
        self.gradient = float(residual.max())
        todo = (residual > self.options.tolerance).nonzero()[:, 0]
        if not len(todo):
            self.converged = True
        if self.converged or self.steps == self.options.max_steps:
            self.trainer.should_stop = True
            return
        self.steps += 1
        step = torch.stack([self.direction(k, gradient[k], curvature[:, k], held[k]) for k in todo])
        self.theta[todo] = self.search(todo, value[todo], gradient[todo], step)

    def bounded(self, theta: Tensor) -> Tensor:
        """Which parameters may not be negative: the mix."""
        return torch.arange(theta.shape[1], device=theta.device).expand_as(theta) < self.parts

    def objective(self, theta: Tensor, which: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Value `(k,)`, gradient `(k, parameters)` and pairs' weighted curvature `(pairs, k)`."""
        basis, weight = self.basis[which], self.weight[:, which]
        mix, w = theta[:, : self.parts], theta[:, self.parts :]
        u = w + torch.einsum("kp,kpf->kf", mix, basis)
        reward = self.z @ u.T  # (clips, k)
        loss, slope, curvature = self.likelihood(reward[self.a] - reward[self.b], self.win)
        slope = slope * weight
        by_clip = torch.zeros_like(reward).index_add_(0, self.a, slope)
        by_clip = by_clip.index_add_(0, self.b, slope, alpha=-1)
        to_u = by_clip.T @ self.z
        away = theta - self.prior
        l2 = self.l2[which]
        gradient = torch.cat([torch.einsum("kpf,kf->kp", basis, to_u), to_u], dim=1)
        value = (weight * loss).sum(dim=0) + l2 / 2 * (away**2).sum(dim=1)
        return value, gradient + l2[:, None] * away, weight * curvature

    def direction(self, k: Tensor, gradient: Tensor, curvature: Tensor, held: Tensor) -> Tensor:
        """The Newton direction of one problem, `(parameters,)`, zero where it is held."""
        clips = len(self.z)
        adjacency = torch.sparse_coo_tensor(
            self.edges, curvature[self.edge_pair], (clips, clips), is_coalesced=True
        )
        degree = torch.zeros(clips, dtype=torch.float64, device=self.z.device)
        degree = degree.index_add_(0, self.a, curvature).index_add_(0, self.b, curvature)
        of_u = self.z.T @ (degree[:, None] * self.z - torch.sparse.mm(adjacency, self.z))
        basis = self.basis[k]
        cross = basis @ of_u
        hessian = torch.cat(
            [torch.cat([cross @ basis.T, cross], dim=1), torch.cat([cross.T, of_u], dim=1)]
        )
        hessian.diagonal().add_(self.l2[k])
        free = (~held).to(hessian.dtype)
        hessian = hessian * free[:, None] * free + torch.diag(1.0 - free)
        root = torch.linalg.cholesky(hessian)
        return torch.cholesky_solve(-gradient[:, None], root)[:, 0]

    def search(self, which: Tensor, value: Tensor, gradient: Tensor, step: Tensor) -> Tensor:
        """Halve each problem's step until its value falls as it should (Armijo)."""
        start = self.theta[which]
        bounded = self.bounded(start)
        length = torch.ones_like(value)
        slack = 1e-13 * (1.0 + value.abs())  # rounding of the value itself
        for _ in range(_HALVINGS):
            end = start + length[:, None] * step
            end = torch.where(bounded, end.clamp(min=0.0), end)
            reached = self.objective(end, which)[0]
            expected = _SUFFICIENT * (gradient * (end - start)).sum(dim=1)
            short = ~(reached <= value + expected + slack)
            if not short.any():
                return end
            length = torch.where(short, length / 2, length)
        return torch.where(short[:, None], start, end)


def solve(
    z: Floats,
    pairs: Pairs,
    weight: Floats,
    l2: Floats,
    options: TrainOptions,
    basis: Floats | None = None,
    likelihood: Likelihood | None = None,
) -> Solution:
    """Fit many heads on the same clips and pairs.

    Args:
        z: Standardised features `(clips, features)`.
        pairs: Merged pairs of one dimension.
        weight: `(problems, pairs)`.
        l2: `(problems,)`.
        options: Tolerance, steps, device.
        basis: `(problems, parts, features)`: heads that may be mixed in; none by default.
        likelihood: `BradleyTerry` by default.

    Raises:
        RewardkitError: `not_converged`.
    """
    if basis is None:
        basis = np.zeros((len(l2), 0, z.shape[1]))
    module = Newton(
        _tensor(z),
        pairs,
        _tensor(weight),
        _tensor(l2),
        _tensor(basis),
        options,
        likelihood or BradleyTerry(),
    )
    run(module, options)
    if not module.converged:
        raise RewardkitError(
            "not_converged",
            f"training stopped after {module.steps} steps with a gradient of "
            f"{module.gradient:.1e} of the pairs' weight (tolerance {options.tolerance:.1e}); "
            "raise l2 or max_steps",
        )
    theta: Floats = module.theta.detach().cpu().numpy()
    parts = module.parts
    return Solution(theta[:, :parts], theta[:, parts:], module.steps, module.gradient)


def _tensor(array: Floats) -> Tensor:
    return torch.from_numpy(np.array(array, np.float64, order="C"))
