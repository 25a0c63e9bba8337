# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: Apache-2.0
"""Partial correlations: does the reward go with length or level beyond what listeners do?

Over pairs, of differences a less b. A difference has no mean to be taken off: which clip is a is
arbitrary, and with every pair both ways round all means are 0. So correlations are about 0.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import ArrayLike

from rewardkit.evaluate.bootstrap import Bootstrap, Interval
from rewardkit.evaluate.scores import decided
from rewardkit.pairs import Floats, Pairs

NUISANCES: Final = ("duration", "level")
"""What a reward should not go by, where it is given."""

_RIDGE: Final = 1e-10


@dataclass(frozen=True)
class Partial:
    """A partial correlation.

    Args:
        of: `reward` or `answer`: the difference of the rewards, or the share that chose a less ½.
        to: What else: `duration`, `level` or `answer`.
        given: What is held fixed.
        value: In -1 … 1.
    """

    of: str
    to: str
    given: tuple[str, ...]
    value: Interval

    def __str__(self) -> str:
        return f"{self.of} with {self.to} given {', '.join(self.given)}: {self.value}"


def partials(
    pairs: Pairs, margin: Floats, numbers: Mapping[str, ArrayLike], bootstrap: Bootstrap
) -> tuple[Partial, ...]:
    """How reward and answers go with each nuisance, and with each other.

    Of each nuisance: with the answer, given the other nuisances (what listeners go by, or are
    taken in by); with the reward, likewise; and with the reward given the answer too: what the
    reward makes of it beyond what the answers explain. Then of reward and answer, given all
    nuisances: what is left of their agreement.

    Args:
        pairs: The judgements.
        margin: Reward of a less reward of b, `(pairs,)`.
        numbers: One number per clip by name; those in `NUISANCES` are used.
        bootstrap: Of these pairs.

    Returns:
        None for what does not vary. Pairs with a clip whose nuisances are not all finite are
        left out.
    """
    share, weight = decided(pairs)
    columns = {"reward": margin, "answer": share - 0.5}
    for name in NUISANCES:
        if name in numbers:
            number = np.asarray(numbers[name], np.float64)
            with np.errstate(invalid="ignore"):
                columns[name] = number[pairs.a] - number[pairs.b]
    known = np.logical_and.reduce([np.isfinite(column) for column in columns.values()])
    w = np.where(known, weight, 0.0)
    scaled: dict[str, Floats] = {}
    for name, column in columns.items():
        finite = np.where(known, column, 0.0)
        power = float(w @ finite**2)
        if power > 0:
            scaled[name] = finite * np.sqrt(w.sum() / power)
    nuisances = [name for name in NUISANCES if name in scaled]
    if "reward" not in scaled or "answer" not in scaled or not nuisances:
        return ()
    asked: list[tuple[str, str, tuple[str, ...]]] = []
    for name in nuisances:
        others = tuple(other for other in nuisances if other != name)
        asked += [("answer", name, others), ("reward", name, others)]
        asked.append(("reward", name, (*others, "answer")))
    asked.append(("reward", "answer", tuple(nuisances)))
    names = list(scaled)
    x = np.stack([scaled[name] for name in names])
    upper = np.triu_indices(len(names))
    whole, drawn = bootstrap.sums(w * x[upper[0]] * x[upper[1]])

    def found(of: str, to: str, given: tuple[str, ...]) -> Partial:
        chosen = [names.index(name) for name in (of, to, *given)]
        value, values = (
            partial_correlation(_square(sums, len(names))[..., chosen, :][..., chosen])
            for sums in (whole, drawn)
        )
        return Partial(of, to, given, bootstrap.interval(float(value), values))

    return tuple(found(*one) for one in asked)


def partial_correlation(moments: Floats) -> Floats:
    """Of the first two variables, given all others: `-P₁₂ / √(P₁₁ P₂₂)`, P the inverse.

    Args:
        moments: Second moments, `(…, variables, variables)`.

    Returns:
        `(…,)`, NaN where one of the first two does not vary.

    Example:
        >>> x = np.array([[1.0, 0.5], [0.5, 1.0]])
        >>> round(float(partial_correlation(x)), 6)
        0.5
    """
    scale = np.sqrt(np.diagonal(moments, axis1=-2, axis2=-1))
    with np.errstate(invalid="ignore", divide="ignore"):
        unit = moments / scale[..., :, None] / scale[..., None, :]
    dead = scale == 0
    unit = np.where(dead[..., :, None] | dead[..., None, :], 0.0, unit)
    identity = np.eye(moments.shape[-1])
    precision = np.linalg.inv(unit + identity * np.where(dead, 1.0, _RIDGE)[..., None])
    value = -precision[..., 0, 1] / np.sqrt(precision[..., 0, 0] * precision[..., 1, 1])
    result: Floats = np.where(dead[..., :2].any(axis=-1), np.nan, np.clip(value, -1.0, 1.0))
    return result


def _square(sums: Floats, size: int) -> Floats:
    """Upper triangles `(…, size (size + 1) / 2)` to symmetric matrices."""
    rows, columns = np.triu_indices(size)
    matrix = np.zeros((*sums.shape[:-1], size, size))
    matrix[..., rows, columns] = sums
    matrix[..., columns, rows] = sums
    return matrix


def beyond(found: Sequence[Partial]) -> dict[str, Partial]:
    """By nuisance, how the reward goes with it given the answer and the other nuisances."""
    return {p.to: p for p in found if p.of == "reward" and p.to != "answer" and "answer" in p.given}
