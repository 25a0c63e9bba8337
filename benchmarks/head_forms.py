# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: Apache-2.0
"""Heads that are not additive, for `benchmarks.heads`: they ship only if they win there.

`network`: for each dimension one hidden layer over all its features. `gated`: for each dimension
and scorer an additive reward over that scorer's features alone; a gate that sees all features says
how much each counts, after ArmoRM (Wang et al. 2024, "Interpretable preferences via multi-objective
reward modeling and mixture-of-experts", Findings of EMNLP), trained end to end. `even` is the
same without its gate: a control.

Both minimise the Bradley-Terry loss plus `l2 / 2` times the squared weights, by Adam on all pairs
at a time; the l2 is chosen by an inner cross-validation over groups. All l2 and folds are
trained at once, as one batch of problems.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import softmax, softplus

from rewardkit.normaliser import Floats, Normaliser
from rewardkit.pairs import Pairs
from rewardkit.resampling import Groups, folds, units
from rewardkit.training.choose import choose_groups
from rewardkit.training.options import TrainOptions

L2 = (1.0, 4.0, 16.0, 64.0)
INNER = 3
HIDDEN = 16
STEPS = 200
RATE = 0.02
SEEDS = 3  # the final fits whose rewards are averaged

Weights = list[Tensor]
Rewards = Callable[[Weights], Tensor]


def network(z: Tensor, _groups: Tensor, problems: int, seed: int) -> tuple[Weights, Rewards]:
    """One hidden layer; rewards `(problems, clips)`."""
    random = torch.Generator().manual_seed(seed)
    columns = z.shape[1]
    first = torch.randn(problems, columns, HIDDEN, generator=random) / columns**0.5
    weights = [
        first,
        torch.zeros(problems, 1, HIDDEN),
        torch.randn(problems, HIDDEN, 1, generator=random) / HIDDEN**0.5,
    ]

    def rewards(w: Weights) -> Tensor:
        return (torch.tanh(z @ w[0] + w[1]) @ w[2])[..., 0]

    return weights, rewards


def gated(z: Tensor, groups: Tensor, problems: int, seed: int) -> tuple[Weights, Rewards]:
    """Additive rewards of the groups, with bends, mixed by a gate that begins as even."""
    random = torch.Generator().manual_seed(seed)
    bent = torch.cat([z, z.abs() - z.abs().mean(0)], dim=1)
    inside = torch.cat([groups, groups], dim=1)  # (groups, columns)
    count, columns = groups.shape
    weights = [
        torch.zeros(problems, 2 * columns, 1),
        torch.randn(problems, columns, HIDDEN, generator=random) / columns**0.5,
        torch.zeros(problems, HIDDEN, count),
    ]

    def rewards(w: Weights) -> Tensor:
        own = bent @ (w[0] * inside.T)  # (problems, clips, groups)
        gate = softmax(torch.tanh(z @ w[1]) @ w[2], dim=-1) * count
        return (own * gate).sum(-1)

    return weights, rewards


def even(z: Tensor, groups: Tensor, problems: int, seed: int) -> tuple[Weights, Rewards]:
    """The additive rewards of `gated` with the gate left even: what the gate itself adds to."""
    weights, _ = gated(z, groups, problems, seed)
    bent = torch.cat([z, z.abs() - z.abs().mean(0)], dim=1)
    return weights[:1], lambda w: (bent @ w[0])[..., 0]


FORMS = {"network": network, "gated": gated, "even": even}


def fit_form(
    form: str, values: Floats, train: Pairs, tests: Pairs, groups: Groups,
    options: TrainOptions, names: Sequence[str],
) -> Floats:  # fmt: skip
    """The margins of `tests` by a head of this form that was fitted to `train`."""
    clips = np.unique(np.concatenate([train.a, train.b]))
    table = Normaliser.fit(values[clips])(values)
    margins = np.zeros(len(tests))
    for number, dimension in enumerate(train.dimensions):
        mine, here = train.select(train.dimension == number), tests.dimension == number
        if not len(mine) or not here.any():
            continue
        columns = list(options.columns.get(dimension, range(len(names))))
        used, rows = np.unique(
            np.concatenate([mine.a, mine.b, tests.a[here], tests.b[here]]), return_inverse=True
        )
        z = torch.from_numpy(table[used][:, columns]).float()
        inside = np.array([np.isin(columns, group) for group in choose_groups(names)])
        scorers = torch.from_numpy(inside[inside.any(1)]).float()
        a, b, c, d = np.split(rows, np.cumsum([len(mine), len(mine), int(here.sum())]))
        held = [mask for _, mask in folds(units(mine, groups), INNER)]
        kept = np.repeat([~mask for mask in held], len(L2), axis=0)
        l2 = np.tile(L2, len(held))
        found = _train(form, z, scorers, a, b, mine, kept, l2, 0)
        loss = _losses(found[:, a] - found[:, b], mine)
        loss = (loss * ~kept * mine.weight).sum(axis=1).reshape(len(held), len(L2)).sum(axis=0)
        best = L2[int(np.argmin(loss))]
        whole = np.ones((SEEDS, len(mine)), bool)
        rewards = _train(form, z, scorers, a, b, mine, whole, np.full(SEEDS, best), 1).mean(axis=0)
        margins[here] = rewards[c] - rewards[d]
    return margins


def _train(
    form: str, z: Tensor, scorers: Tensor, a: np.ndarray, b: np.ndarray, pairs: Pairs,
    kept: np.ndarray, l2: Floats, seed: int,
) -> Floats:  # fmt: skip
    """Rewards `(problems, clips)` of heads fitted to the kept pairs, `(problems, pairs)`."""
    weights, rewards = FORMS[form](z, scorers, len(kept), seed)
    for w in weights:
        w.requires_grad_()
    weight = torch.from_numpy(kept * pairs.weight).float()
    win, decay = torch.from_numpy(pairs.win).float(), torch.from_numpy(l2).float()
    scale = weight.sum(1)
    first, second = torch.from_numpy(a), torch.from_numpy(b)
    optimiser = torch.optim.Adam(weights, lr=RATE)
    for _ in range(STEPS):
        optimiser.zero_grad()
        r = rewards(weights)
        margin = r[:, first] - r[:, second]
        loss = (weight * (softplus(margin) - win * margin)).sum(1)
        size = sum((w**2).flatten(1).sum(1) for w in weights)
        ((loss + decay / 2 * size) / scale).sum().backward()
        optimiser.step()
    with torch.no_grad():
        return rewards(weights).double().numpy()


def _losses(margin: Floats, pairs: Pairs) -> Floats:
    return np.asarray(np.logaddexp(margin, 0.0) - pairs.win * margin)
