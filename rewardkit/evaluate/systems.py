# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: Apache-2.0
"""Systems: does the reward rank what made the clips as listeners do?

Listeners' order is by Bradley-Terry strengths, fitted to the judgements of clips of two different
systems. The reward's order is by the numbers r that explain its margins over the same pairs best,
`Σ weight (m - (r_a - r_b))²`: where each system meets each other in the same way they are the
systems' mean rewards; otherwise they compare like with like, as the strengths do, and a system is
not better for having read the easier sentences.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from rewardkit.evaluate.bootstrap import Bootstrap, Interval
from rewardkit.evaluate.ranks import kendall, spearman
from rewardkit.pairs import Floats, Ints, Pairs
from rewardkit.preferences.groups import Groups

SHRINKAGE: Final = 0.1
"""Of strengths, to the mean: keeps one finite that always wins, as a prior of variance 10 does."""

_LEAST: Final = 3  # systems; two are in one order or the other
_STEPS: Final = 50
_CELLS: Final = 1_000_000  # at most so many in the tables of systems that are held at a time
_LARGEST: Final = 2.0  # log-odds that a strength moves in one step


@dataclass(frozen=True)
class System:
    """One system.

    Args:
        name: As in the preference file.
        strength: By the judgements, in log-odds; the systems' mean is 0.
        reward: By the margins; likewise.
        judgements: Of its clips against other systems'.
    """

    name: str
    strength: float
    reward: float
    judgements: float


@dataclass(frozen=True)
class SystemResult:
    """How a reward ranks systems.

    Args:
        systems: From the strongest by the judgements; those of the largest set whose members
            comparisons connect.
        spearman: Rank correlation of strengths and rewards.
        kendall: Likewise, τ-b.
    """

    systems: tuple[System, ...]
    spearman: Interval
    kendall: Interval


def rank_systems(
    pairs: Pairs,
    margin: Floats,
    names: Sequence[tuple[str | None, ...]],
    bootstrap: Bootstrap,
) -> SystemResult | None:
    """Rank correlations over systems; None with fewer than three, or without a difference.

    Args:
        pairs: The judgements.
        margin: Reward of a less reward of b, `(pairs,)`.
        names: What made a and b, for each pair.
        bootstrap: Of these pairs.
    """
    known, side = _connected(names, pairs.weight)
    if len(known) < _LEAST:
        return None
    used = (side >= 0).all(axis=1) & (side[:, 0] != side[:, 1])
    cell = np.where(used, side[:, 0] * len(known) + side[:, 1], 0)
    weight = np.where(used, pairs.weight, 0.0)

    def tables(often: Floats) -> tuple[Floats, Floats]:
        """Judgements won, and margins summed, by system and system: `(resamples, S, S)`."""
        columns = [weight * pairs.win, weight * (1 - pairs.win), weight * margin]
        count = len(known) ** 2
        summed = np.array(
            [[np.bincount(cell, row * column, count) for column in columns] for row in often]
        ).reshape(len(often), 3, len(known), len(known))
        won, lost, margins = np.moveaxis(summed, 1, 0)
        return won + np.swapaxes(lost, 1, 2), margins - np.swapaxes(margins, 1, 2)

    wins, margins = tables(np.ones((1, len(pairs))))
    strength, reward = strengths(wins)[0], rewards(wins, margins)[0]
    rho, tau = spearman(strength, reward), kendall(strength, reward)
    if np.isnan(rho):
        return None
    drawn = []
    most = max(1, _CELLS // len(known) ** 2)
    parts = (whole[at : at + most] for whole in bootstrap for at in range(0, len(whole), most))
    for block in parts:
        wins_drawn, margins_drawn = tables(block)
        met = (wins_drawn + np.swapaxes(wins_drawn, 1, 2)).sum(axis=2) > 0
        both = zip(strengths(wins_drawn), rewards(wins_drawn, margins_drawn), met, strict=True)
        drawn += [
            (spearman(s[m], r[m]), kendall(s[m], r[m])) if m.sum() >= _LEAST else (np.nan, np.nan)
            for s, r, m in both
        ]
    numbers = np.array(drawn).reshape(-1, 2)
    judgements = (wins[0] + wins[0].T).sum(axis=1)
    order = np.argsort(-strength, kind="stable").tolist()
    return SystemResult(
        tuple(
            System(known[k], float(strength[k]), float(reward[k]), float(judgements[k]))
            for k in order
        ),
        bootstrap.interval(rho, numbers[:, 0]),
        bootstrap.interval(tau, numbers[:, 1]),
    )


def strengths(wins: Floats) -> Floats:
    """Bradley-Terry strengths: the θ of the largest penalised likelihood, of mean 0.

    By Newton's method, the least `SHRINKAGE / 2 |θ|² - Σ_ij wins_ij log σ(θ_i - θ_j)`.

    Args:
        wins: `(problems, systems, systems)`: how often the row won against the column.

    Returns:
        `(problems, systems)`.

    Example:
        >>> strong, weak = strengths(np.array([[[0.0, 3.0], [1.0, 0.0]]]))[0]
        >>> bool(0.9 < strong - weak < np.log(3))
        True
    """
    met = wins + np.swapaxes(wins, 1, 2)
    theta = np.zeros(wins.shape[:2])
    identity = np.eye(wins.shape[1])
    for _ in range(_STEPS):
        chance = 0.5 * (1 + np.tanh((theta[:, :, None] - theta[:, None, :]) / 2))
        gradient = (wins - met * chance).sum(axis=2) - SHRINKAGE * theta
        curvature = met * chance * (1 - chance)
        hessian = identity * (curvature.sum(axis=2) + SHRINKAGE)[:, :, None] - curvature
        step = np.clip(np.linalg.solve(hessian, gradient[:, :, None])[:, :, 0], -_LARGEST, _LARGEST)
        theta += step
        if np.abs(step).max(initial=0.0) < 1e-9:
            break
    return np.asarray(theta - theta.mean(axis=1, keepdims=True))


def rewards(wins: Floats, margins: Floats) -> Floats:
    """The systems' rewards by least squares over the pairs, of mean 0.

    Args:
        wins: As for `strengths`; who met whom, and how often.
        margins: `(problems, systems, systems)`: summed weight times margin, row less column.

    Returns:
        `(problems, systems)`.
    """
    met = wins + np.swapaxes(wins, 1, 2)
    identity = np.eye(wins.shape[1])
    laplacian = identity * met.sum(axis=2)[:, :, None] - met
    slack = 1e-9 * np.maximum(met.max(axis=(1, 2)), 1e-300)  # for systems that nobody met
    found = np.linalg.solve(
        laplacian + identity * slack[:, None, None], margins.sum(axis=2)[:, :, None]
    )[:, :, 0]
    centred: Floats = found - found.mean(axis=1, keepdims=True)
    return centred


def _connected(names: Sequence[tuple[str | None, ...]], weight: Floats) -> tuple[list[str], Ints]:
    """The largest connected set of systems, and the number of each side in it, -1 outside."""
    joined: Groups[str] = Groups()
    sides = [(row[0], row[-1]) for row in names]
    for (a, b), w in zip(sides, weight.tolist(), strict=True):
        if a is not None and b is not None and a != b and w > 0:
            joined.join(a, b)
    seen = sorted({name for pair in sides for name in pair if name is not None})
    parts: dict[str, list[str]] = {}
    for name in seen:
        parts.setdefault(joined.find(name), []).append(name)
    known = max(parts.values(), key=len, default=[])
    number = {name: place for place, name in enumerate(known)}
    side = np.array(
        [[number.get(a, -1) if a else -1, number.get(b, -1) if b else -1] for a, b in sides],
        np.int64,
    )
    return known, side.reshape(-1, 2)
