# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: Apache-2.0
"""Newton's method for many convex heads at once, as a LightningModule."""

from __future__ import annotations

from typing import Any, Final, NamedTuple

import lightning.pytorch as pl
import numpy as np
import torch
from torch import Tensor

from rewardkit.pairs import Floats, Pairs
from rewardkit.training import shards
from rewardkit.training.graph import Graph
from rewardkit.training.journal import Journal
from rewardkit.training.likelihood import Likelihood, Terms
from rewardkit.training.options import TrainOptions
from rewardkit.training.raters import Raters
from rewardkit.training.shards import total

_HALVINGS: Final = 40
_JOINT_HALVINGS: Final = 8
_SUFFICIENT: Final = 1e-4  # Armijo's constant


class Point(NamedTuple):
    """The objective of k problems at some parameters.

    Args:
        value: `(k,)`.
        gradient: `(k, parameters)`.
        terms: Of the likelihood, `(rows, k)`, unweighted.
        margin: Reward of a less reward of b, `(rows, k)`, before raters and margins.
    """

    value: Tensor
    gradient: Tensor
    terms: Terms
    margin: Tensor


class Newton(pl.LightningModule):  # type: ignore[misc]
    """Penalised maximum likelihood of many heads at once.

    Minimises, for each problem k and over `mix_k >= 0`, `w_k` and the tie parameter τ_k,

        sum_p weight_kp [L(s_kp, win_p, tie_p, τ_k) + c (z_a·u_k + z_b·u_k)²]
            + L(0, 1/2, 1/2, τ_k) + l2_k / 2 (|w_k|² + |mix_k - 1/parts|²)
        with u_k = free w_k + mix_k basis_k, s_kp = β_k,rater(p) (z_a·u_k - z_b·u_k) - offset_p.

    `L(0, 1/2, 1/2, τ)` is one judgement of two equal clips, half a tie: it keeps τ finite where a
    bootstrap sample has no tie, or nothing else. offset is the data's margin, in log-odds: what a
    must be better by before the loss is that of an even pair (Llama 2's `-log σ(r_c - r_r - m)`,
    for either side). c is `center`: see `TrainOptions`. β is 1 without `Raters`.

    The problems (bootstrap members, or values of l2) share clips and pairs. Each step puts every
    clip through the head once, gathers margins by pair, and scatters the slopes back to clips;
    see `Graph` for the Hessian.

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
        free: Tensor | None = None,
    ) -> None:
        super().__init__()
        self.automatic_optimization = False
        self.options = options
        self.likelihood = likelihood
        self.parts = basis.shape[1]
        weight = weight.T.contiguous()  # (rows, problems)
        self.raters: Raters | None = None
        if options.raters and (pairs.rater >= 0).any():
            rater = torch.from_numpy(pairs.rater)
            self.raters = Raters(rater, weight, options.rater_shrinkage)
        mine = shards.rows()
        weight, pairs = weight[mine].contiguous(), pairs.select(np.arange(len(pairs))[mine])
        self.graph = Graph(torch.from_numpy(pairs.a), torch.from_numpy(pairs.b), len(z))
        tie = torch.from_numpy(pairs.tie)[:, None]
        extra = int(likelihood.has_tie_parameter)
        self.register_buffer("free", free, persistent=False)
        self.own = z.shape[1] if free is None else free.shape[1]
        start = torch.zeros(len(l2), self.parts + self.own + extra, dtype=torch.float64)
        start[:, : self.parts] = 1.0 / max(self.parts, 1)
        self.theta = torch.nn.Parameter(start, requires_grad=False)
        decayed = torch.ones(start.shape[1], dtype=torch.float64)
        if extra:
            decayed[-1] = 0.0
            ties, judgements = total((weight * tie).sum(dim=0)), total(weight.sum(dim=0))
            share = (ties + 0.5) / (judgements + 1.0)
            start[:, -1] = likelihood.start(share)
        buffers = {
            "z": z,
            "judgements": total(weight.sum(dim=0)),
            "win": torch.from_numpy(pairs.win)[:, None],
            "tie": tie,
            "offset": options.margin * torch.from_numpy(pairs.margin)[:, None],
            "weight": weight,
            "l2": l2,
            "basis": basis,
            "prior": start[:1].clone(),
            "decayed": decayed,
        }
        for name, tensor in buffers.items():
            self.register_buffer(name, tensor, persistent=False)
        self.converged = False
        self.steps = 0
        self.gradient = float("inf")
        self.journal: Journal | None = None
        if options.journal is not None:
            own = {name: t for name, t in self.named_buffers() if name != "raters.beta"}
            settings = f"{likelihood.name} {options.numerical()} {mine}"
            self.journal = Journal(options.journal, own, settings)
            # Processes that were killed may have been at different steps.
            self.restore(shards.of_first(self.journal.read()))

    def configure_optimizers(self) -> None:
        """None: a training step is a Newton step."""

    def train_dataloader(self) -> list[int]:
        """One full batch per epoch; the data are on the device already."""
        return [0]

    def training_step(self, batch: Any, batch_index: int) -> None:  # noqa: ARG002
        """One Newton step of every problem that has not converged."""
        over = self.step()
        if self.journal is not None:
            self.journal.write(self.state(), last=over)
        if over:
            self.trainer.should_stop = True

    def state(self) -> dict[str, Tensor]:
        """All that the next step depends on."""
        state = {"theta": self.theta.detach(), "steps": torch.tensor(self.steps)}
        return state if self.raters is None else state | {"beta": self.raters.beta}

    def restore(self, state: dict[str, Tensor] | None) -> None:
        """Go on from a state; from the start if there is none."""
        if state is not None:
            self.theta.copy_(state["theta"])
            self.steps = int(state["steps"])
            if self.raters is not None:
                self.raters.beta.copy_(state["beta"])

    def step(self) -> bool:
        """Go on by one step, unless converged or out of steps: whether it is over."""
        every = torch.arange(len(self.theta), device=self.theta.device)
        at = self.objective(self.theta, every)
        held = self.bounded(self.theta) & (self.theta <= 0) & (at.gradient > 0)
        gradient = at.gradient.masked_fill(held, 0.0)
        scale = self.judgements.clamp(min=1.0)
        # There may be no parameter at all: no feature that can be used, no ties.
        residual = gradient.abs().amax(dim=1) / scale if gradient.shape[1] else 0.0 * scale
        if self.raters is not None:
            of_raters = self.raters.gradient(self.weight * at.terms.slope, at.margin, every)[0]
            residual = torch.maximum(residual, of_raters.abs().amax(dim=0) / scale)
        self.gradient = float(residual.max())
        todo = (residual > self.options.tolerance).nonzero()[:, 0]
        self.converged = not len(todo)
        if self.converged or self.steps == self.options.max_steps:
            return True
        self.steps += 1
        step = torch.stack([self.direction(int(k), at.terms, gradient[k], held[k]) for k in todo])
        self.theta[todo] = self.search(todo, at.value[todo], gradient[todo], step)
        if self.raters is not None:
            self.turn_to_raters(todo)
            self.together(todo)
        return False

    def together(self, which: Tensor) -> None:
        """One Newton step of head and raters at once, for each problem whose objective it lowers.

        Taking turns converges linearly, and slowly where much hangs on a rater; this ends it.
        """
        raters = self.raters
        assert raters is not None  # noqa: S101
        at = self.objective(self.theta[which], which)
        steps = [self.joint_direction(int(k), at, column) for column, k in enumerate(which)]
        step, turn = (torch.stack(part) for part in zip(*steps, strict=True))
        theta, beta = self.theta[which], raters.beta[:, which]
        bounded, slack = self.bounded(theta), 1e-13 * (1.0 + at.value.abs())
        length = torch.ones_like(at.value)
        for _ in range(_JOINT_HALVINGS):
            end = theta + length[:, None] * step
            self.theta[which] = torch.where(bounded, end.clamp(min=0.0), end)
            raters.beta[:, which] = beta + (length[:, None] * turn).T
            short = ~(self.objective(self.theta[which], which).value <= at.value + slack)
            if not short.any():
                return
            length = torch.where(short, length / 2, length)
        self.theta[which] = torch.where(short[:, None], theta, self.theta[which])
        raters.beta[:, which] = torch.where(short, beta, raters.beta[:, which])

    def joint_direction(self, k: int, at: Point, column: int) -> tuple[Tensor, Tensor]:
        """The Newton direction of one problem's head and β, the mean of β fixed.

        Args:
            k: The problem.
            at: Where it stands, among others.
            column: Its place among them.

        Returns:
            `(parameters,)` and `(raters,)`; zero where the joint Hessian is not positive.
        """
        raters, theta, gradient = self.raters, self.theta[k], at.gradient[column]
        assert raters is not None  # noqa: S101
        held = self.bounded(theta[None])[0] & (theta <= 0) & (gradient > 0)
        moved = (~held).to(gradient.dtype)
        keeping = torch.linalg.svd(raters.share[None, :, k])[2][1:].T  # the mean of β
        cross, own = self.rater_blocks(k, at, column)
        cross = moved[:, None] * cross @ keeping
        head = self.hessian(k, at.terms, column) * moved[:, None] * moved + torch.diag(1.0 - moved)
        inner = keeping.T @ torch.diag(own + raters.shrinkage) @ keeping
        whole = torch.cat([torch.cat([head, cross], 1), torch.cat([cross.T, inner], 1)])
        slope = (self.weight[:, k] * at.terms.slope[:, column])[:, None]
        which = torch.tensor([k], device=theta.device)
        of_raters = raters.gradient(slope, at.margin[:, column, None], which)[1][:, 0]
        slopes = torch.cat([gradient * moved, keeping.T @ of_raters])
        root, failed = torch.linalg.cholesky_ex(whole)
        if failed:
            return torch.zeros_like(theta), torch.zeros_like(of_raters)
        step = torch.cholesky_solve(-slopes[:, None], root)[:, 0]
        return step[: len(theta)], keeping @ step[len(theta) :]

    def bounded(self, theta: Tensor) -> Tensor:
        """Which parameters may not be negative: the mix."""
        return torch.arange(theta.shape[1], device=theta.device).expand_as(theta) < self.parts

    def tie_parameter(self, theta: Tensor) -> Tensor:
        """τ of each problem, `(k,)`; 0 where there is none."""
        return theta[:, -1] if self.likelihood.has_tie_parameter else theta.new_zeros(len(theta))

    def scale(self, which: Tensor) -> Tensor | float:
        """β of each row's rater, `(rows, k)`."""
        return 1.0 if self.raters is None else self.raters.scale(which)

    def objective(self, theta: Tensor, which: Tensor) -> Point:
        """The objective of some problems, `(k,)`, at `theta`, `(k, parameters)`."""
        basis, weight, graph = self.basis[which], self.weight[:, which], self.graph
        mix, w = theta[:, : self.parts], theta[:, self.parts : self.parts + self.own]
        u = self.unfold(w) + torch.einsum("kp,kpf->kf", mix, basis)
        reward = self.z @ u.T  # (clips, k)
        margin = reward[graph.a] - reward[graph.b]
        scale, tie_parameter = self.scale(which), self.tie_parameter(theta)
        terms = self.likelihood(scale * margin - self.offset, self.win, self.tie, tie_parameter)
        by_clip = graph.scatter(weight * scale * terms.slope)
        away = (theta - self.prior) * self.decayed
        l2 = self.l2[which]
        value = (weight * terms.loss).sum(dim=0)
        if self.options.center:
            level = reward[graph.a] + reward[graph.b]
            value = value + self.options.center * (weight * level**2).sum(dim=0)
            by_clip = by_clip + graph.scatter(2 * self.options.center * weight * level, 1.0)
        to_u = total(by_clip.T @ self.z)
        value = total(value) + l2 / 2 * (away**2).sum(dim=1)
        if self.raters is not None:
            value = value + self.raters.penalty(which)
        to_w = to_u if self.free is None else to_u @ self.free
        gradient = [torch.einsum("kpf,kf->kp", basis, to_u), to_w]
        if terms.tie_slope is not None:
            one = self.one_even_judgement(tie_parameter)
            assert one.tie_slope is not None  # noqa: S101
            value = value + one.loss
            gradient.append((total((weight * terms.tie_slope).sum(dim=0)) + one.tie_slope)[:, None])
        return Point(value, torch.cat(gradient, dim=1) + l2[:, None] * away, terms, margin)

    def unfold(self, w: Tensor) -> Tensor:
        """Weights of the columns `(k, columns)`, from those of the free directions."""
        return w if self.free is None else w @ self.free.T

    def one_even_judgement(self, tie_parameter: Tensor) -> Terms:
        """The prior of the tie parameter."""
        zero = torch.zeros_like(tie_parameter)
        return self.likelihood(zero, zero + 0.5, zero + 0.5, tie_parameter)

    def direction(self, k: int, terms: Terms, gradient: Tensor, held: Tensor) -> Tensor:
        """The Newton direction of one problem, `(parameters,)`, zero where it is held."""
        free = (~held).to(gradient.dtype)
        hessian = self.hessian(k, terms, k) * free[:, None] * free + torch.diag(1.0 - free)
        root = torch.linalg.cholesky(hessian)
        return torch.cholesky_solve(-gradient[:, None], root)[:, 0]

    def hessian(self, k: int, terms: Terms, column: int) -> Tensor:
        """The Hessian of one problem, raters fixed, `(parameters, parameters)`.

        Args:
            k: The problem.
            terms: Of some problems.
            column: Its place among them.
        """
        weight, which = self.weight[:, k], torch.tensor([k], device=self.z.device)
        scale = self.scale(which)
        scale = scale if isinstance(scale, float) else scale[:, 0]
        sums = 2 * self.options.center * weight if self.options.center else None
        of_u = total(
            self.graph.hessian(self.z, weight * scale**2 * terms.curvature[:, column], sums)
        )
        eye = torch.eye(len(of_u), dtype=of_u.dtype, device=of_u.device)
        to = torch.cat([self.basis[k], eye if self.free is None else self.free.T])
        hessian = to @ of_u @ to.T
        if terms.cross is not None and terms.tie_curvature is not None:
            one = self.one_even_judgement(self.tie_parameter(self.theta[which]))
            assert one.tie_curvature is not None  # noqa: S101
            cross = self.graph.scatter(weight * scale * terms.cross[:, column])
            side = to @ total(self.z.T @ cross)
            corner = total((weight * terms.tie_curvature[:, column]).sum()) + one.tie_curvature
            hessian = torch.cat([hessian, side[None, :]])
            hessian = torch.cat([hessian, torch.cat([side, corner])[:, None]], dim=1)
        hessian.diagonal().add_(self.l2[k] * self.decayed)
        return hessian

    def search(self, which: Tensor, value: Tensor, gradient: Tensor, step: Tensor) -> Tensor:
        """Halve each problem's step until its value falls as it should (Armijo)."""
        start = self.theta[which]
        bounded = self.bounded(start)
        length = torch.ones_like(value)
        slack = 1e-13 * (1.0 + value.abs())  # rounding of the value itself
        for _ in range(_HALVINGS):
            end = start + length[:, None] * step
            end = torch.where(bounded, end.clamp(min=0.0), end)
            reached = self.objective(end, which).value
            expected = _SUFFICIENT * (gradient * (end - start)).sum(dim=1)
            short = ~(reached <= value + expected + slack)
            if not short.any():
                return end
            length = torch.where(short, length / 2, length)
        return torch.where(short[:, None], start, end)

    def turn_to_raters(self, which: Tensor) -> None:
        """The raters' step, heads fixed."""
        assert self.raters is not None  # noqa: S101
        theta = self.theta[which]
        self.raters.step(
            which,
            self.objective(theta, which).margin,
            self.weight[:, which],
            self.likelihood,
            (self.win, self.tie, self.tie_parameter(theta)),
            self.offset,
        )

    def rater_errors(self) -> Floats:
        """Standard errors of the first problem's β; see `Raters.errors`."""
        assert self.raters is not None  # noqa: S101
        first = torch.zeros(1, dtype=torch.int64, device=self.z.device)
        at = self.objective(self.theta[:1], first)
        return self.raters.errors(self.hessian(0, at.terms, 0), *self.rater_blocks(0, at, 0))

    def rater_blocks(self, k: int, at: Point, column: int) -> tuple[Tensor, Tensor]:
        """One problem's second derivatives by head and β, and by β twice without the prior.

        Args:
            k: The problem.
            at: Where it stands, among others.
            column: Its place among them.

        Returns:
            `(parameters, raters)`, and the diagonal `(raters,)`.
        """
        raters, terms, weight, m = self.raters, at.terms, self.weight[:, k], at.margin[:, column]
        assert raters is not None  # noqa: S101
        scale = raters.scale(torch.tensor([k], device=m.device))[:, 0]
        curvature = terms.curvature[:, column]
        # d²L / dr dβ = L'' β m + L', scattered to clips by rater
        rows = weight * (curvature * scale * m + terms.slope[:, column])
        clips, count = len(self.z), len(raters.numbers) + 1
        table = rows.new_zeros(clips * count)
        table.index_add_(0, self.graph.a * count + raters.place, rows)
        table.index_add_(0, self.graph.b * count + raters.place, -rows)
        to_z = total(self.z.T @ table.reshape(clips, count)[:, :-1])
        cross = [self.basis[k] @ to_z, to_z if self.free is None else self.free.T @ to_z]
        if terms.cross is not None:
            cross.append(raters.by_rater(weight * terms.cross[:, column] * m)[None, :])
        return torch.cat(cross), raters.by_rater(weight * curvature * m**2)
