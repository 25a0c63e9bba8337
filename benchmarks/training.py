# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: Apache-2.0
"""Time to train a head on many pairs of few clips, beside the usual ways.

    python benchmarks/training.py --pairs 1000000 --clips 20000 --features 64

All minimise the same penalised cross-entropy, from features in memory to within 3e-4 of its
minimum (relative). `seen` counts a pair each time that it goes into a step; `to loss` once, over
the whole time to get there. The ways take turns, `--repeats` times, and the median counts.

- rewardkit: `solve`, Newton's method as a LightningModule; each clip goes through the head once
  a step, not once a pair
- the same steps: that module's steps in a bare loop, without a Trainer
- plain tensors: the same method in a dozen lines, without safeguards, dimensions or ties
- DataLoader: a Dataset that gives one pair, batches of 256, Adam
- scikit-learn: LogisticRegression on the differences of the pairs' features
"""

from __future__ import annotations

import argparse
import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.utils.data import DataLoader, Dataset

from rewardkit.pairs import Pairs
from rewardkit.training import TrainOptions
from rewardkit.training.likelihood import BradleyTerry
from rewardkit.training.newton import Newton
from rewardkit.training.solve import solve

L2 = 1.0
BATCH = 256
NEAR = 3e-4  # relative to the minimum
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Problem:
    """Features `(clips, features)` and pairs; planted weights."""

    z: Floats
    pairs: Pairs

    def loss(self, w: Floats) -> float:
        """The objective over the number of pairs."""
        reward = self.z @ w
        margin = reward[self.pairs.a] - reward[self.pairs.b]
        data = np.logaddexp(0, margin) - self.pairs.win * margin
        return float(data.mean() + L2 / 2 * (w @ w) / len(data))


def make(pairs: int, clips: int, features: int) -> Problem:
    rng = np.random.default_rng(0)
    z = rng.normal(size=(clips, features))
    w = rng.normal(size=features) / np.sqrt(features)
    a = rng.integers(0, clips, pairs)
    b = (a + rng.integers(1, clips, pairs)) % clips
    win = rng.random(pairs) < 1 / (1 + np.exp((z[b] - z[a]) @ w))
    return Problem(z, Pairs.of(a, b, win))


OPTIONS = TrainOptions(l2=L2, tolerance=1e-6)


def rewardkit(problem: Problem) -> tuple[Floats, int]:
    weight = problem.pairs.weight[None]
    solution = solve(problem.z, problem.pairs, weight, np.array([L2]), OPTIONS)
    return solution.weights[0], solution.steps


def same_steps(problem: Problem) -> tuple[Floats, int]:
    features = problem.z.shape[1]
    module = Newton(
        torch.from_numpy(problem.z), problem.pairs, torch.from_numpy(problem.pairs.weight[None]),
        torch.tensor([L2], dtype=torch.float64), torch.zeros(1, 0, features, dtype=torch.float64),
        OPTIONS, BradleyTerry(),
    )  # fmt: skip
    while not module.step():
        pass
    return module.theta[0].detach().numpy(), module.steps


def plain_tensors(problem: Problem) -> tuple[Floats, int]:
    z = torch.from_numpy(problem.z)
    a, b, win = (torch.from_numpy(x) for x in (problem.pairs.a, problem.pairs.b, problem.pairs.win))
    w, clips = z.new_zeros(z.shape[1]), len(z)
    both = torch.stack([torch.cat([a, b]), torch.cat([b, a])])
    steps = 0
    while True:
        reward = z @ w
        p = torch.sigmoid(reward[a] - reward[b])
        slope, curvature = p - win, p * (1 - p)
        by_clip = z.new_zeros(clips).index_add_(0, a, slope).index_add_(0, b, -slope)
        gradient = z.T @ by_clip + L2 * w
        if gradient.abs().max() < OPTIONS.tolerance * len(a):
            return w.numpy(), steps
        steps += 1
        degree = z.new_zeros(clips).index_add_(0, a, curvature).index_add_(0, b, curvature)
        adjacency = torch.sparse_coo_tensor(both, curvature.repeat(2), (clips, clips))
        hessian = z.T @ (degree[:, None] * z - torch.sparse.mm(adjacency, z))
        w = w - torch.linalg.solve(hessian + L2 * torch.eye(len(w)).to(hessian), gradient)


class OnePair(Dataset[tuple[Tensor, Tensor, Tensor]]):
    """What most reward-model code has: a pair at a time."""

    def __init__(self, problem: Problem) -> None:
        self.z = torch.from_numpy(problem.z).float()
        self.pairs = problem.pairs

    def __len__(self) -> int:
        return len(self.pairs)

    def __getitem__(self, k: int) -> tuple[Tensor, Tensor, Tensor]:
        pairs = self.pairs
        return self.z[pairs.a[k]], self.z[pairs.b[k]], torch.tensor(pairs.win[k])


def dataloader(problem: Problem, target: float) -> tuple[Floats, int, float]:
    """Adam until the target; looking whether it is reached takes no time of its own."""
    torch.manual_seed(0)
    w = torch.zeros(problem.z.shape[1], requires_grad=True)
    batches = 4 * (len(problem.pairs) // BATCH + 1)
    optimizer = torch.optim.Adam([w], lr=0.02)
    schedule = torch.optim.lr_scheduler.ExponentialLR(optimizer, 1e-2 ** (1 / batches))
    away = 0.0
    steps = 0
    start = time.perf_counter()
    while True:
        for a, b, win in DataLoader(OnePair(problem), batch_size=BATCH, shuffle=True):
            margin = a @ w - b @ w
            loss = torch.nn.functional.binary_cross_entropy_with_logits(margin, win.float())
            loss = loss + L2 / 2 * (w @ w) / len(problem.pairs)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            schedule.step()
            steps += 1
            if steps % 200 == 0:
                pause = time.perf_counter()
                found = w.detach().double().numpy()
                if problem.loss(found) <= target or steps > batches:
                    return found, steps, pause - start - away
                away += time.perf_counter() - pause


def scikit_learn(problem: Problem) -> tuple[Floats, int]:
    from sklearn.linear_model import LogisticRegression

    difference = problem.z[problem.pairs.a] - problem.z[problem.pairs.b]
    model = LogisticRegression(C=1 / L2, fit_intercept=False)
    model.fit(difference, problem.pairs.win)
    return model.coef_[0], int(model.n_iter_[0])


def main() -> None:
    """Take turns, print medians and ratios."""
    warnings.simplefilter("ignore")
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--pairs", type=int, default=1_000_000)
    parser.add_argument("--clips", type=int, default=20_000)
    parser.add_argument("--features", type=int, default=64)
    parser.add_argument("--repeats", type=int, default=3)
    given = parser.parse_args()
    problem = make(given.pairs, given.clips, given.features)
    ways: dict[str, Callable[[Problem], tuple[Floats, int]]] = {
        "rewardkit": rewardkit,
        "the same steps": same_steps,
        "plain tensors": plain_tensors,
        "scikit-learn": scikit_learn,
    }
    rewardkit(make(1000, 100, 4))  # imports
    times: dict[str, list[float]] = {name: [] for name in (*ways, "DataLoader")}
    steps: dict[str, int] = {}
    losses: dict[str, float] = {}
    for _ in range(given.repeats):
        for name, way in ways.items():
            start = time.perf_counter()
            w, steps[name] = way(problem)
            times[name].append(time.perf_counter() - start)
            losses[name] = problem.loss(w)
        target = losses["rewardkit"] * (1 + NEAR)
        w, steps["DataLoader"], seconds = dataloader(problem, target)
        times["DataLoader"].append(seconds)
        losses["DataLoader"] = problem.loss(w)
    ours = np.array(times["rewardkit"])
    print(f"{given.pairs} pairs, {given.clips} clips, {given.features} features")
    print("                                       pairs/s   pairs/s  rewardkit takes less time")
    print("way             steps     loss       s     seen   to loss  by")
    for name, seconds_of in times.items():
        ratio = float(np.median(np.array(seconds_of) / ours))
        seconds = float(np.median(seconds_of))
        each = BATCH if name == "DataLoader" else given.pairs
        reached = "" if losses[name] <= target else "  (did not get there)"
        print(
            f"{name:<15} {steps[name]:>5} {losses[name]:.6f} {seconds:>7.2f} "
            f"{steps[name] * each / seconds:>8.0f}  {given.pairs / seconds:>8.0f}  "
            f"{ratio:.2f}{reached}"
        )
    overhead = np.median(ours / np.array(times["the same steps"]))
    print(f"Lightning's epoch is {overhead:.2f} x that of a plain loop of the same steps")


if __name__ == "__main__":
    main()
