# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: Apache-2.0
"""Heads whose rewards do not go with length or level: an exact constraint on the weights.

Listeners often prefer the longer clip, and what is longer is often not better for it; a policy
then learns to be long. Let Δr be the difference of two clips' rewards and Δn that of a nuisance,
such as duration. Over the training pairs, each counted with its weight,

    Σ weight Δr Δn = Σ weight (wᵀ Δz) Δn = wᵀ c,   c = Σ weight Δz Δn,

so `wᵀ c = 0` makes Δr and Δn uncorrelated: one linear equation in the weights w for each
nuisance. Its solutions are `w = N v` with N an orthonormal basis of what is orthogonal to all c.
The head over `z N` therefore is an ordinary, convex one; `|w| = |v|`, so weight decay means what
it did; and `w = N v` is a head over the features themselves, with exact contributions. No label
is used to find N. Sums of heads that are so constrained are so as well: the scalar too.

Differences and not single clips, since a comparison is what a reward is for: with one text to
speak, the length that matters is the length given the text.

Source of the aim: Chen et al. (2024), "ODIN: Disentangled reward mitigates hacking in RLHF",
ICML, which penalises the correlation in a network that has a second head for length.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from rewardkit.errors import RewardkitError
from rewardkit.pairs import Floats, Ints, Pairs

_RANK = 1e-9  # a nuisance that goes with nothing to this part of what is possible has no equation


def of_clips(nuisances: Mapping[str, Sequence[float]], clips: Ints) -> dict[str, Floats]:
    """Each nuisance's numbers for some clips.

    Args:
        nuisances: By name, one number per row of the feature table.
        clips: Rows of it, in ascending order.

    Raises:
        RewardkitError: `bad_option` when there are too few numbers.
    """
    for name, numbers in nuisances.items():
        if len(numbers) <= clips.max(initial=-1):
            raise RewardkitError("bad_option", f"{name}: one number for each clip is needed")
    return {name: np.asarray(numbers, np.float64)[clips] for name, numbers in nuisances.items()}


def free_directions(z: Floats, pairs: Pairs, nuisances: Mapping[str, Floats]) -> Floats:
    """An orthonormal basis of the weights whose rewards do not go with any nuisance.

    Args:
        z: Standardised columns `(clips, columns)`.
        pairs: Pairs of rows of `z`.
        nuisances: One number per row of `z`, by name. A pair with one that is not finite counts
            for nothing.

    Returns:
        float64 `(columns, directions)`.

    Raises:
        RewardkitError: `bad_option` when no direction is left.

    Example:
        >>> z = np.array([[1.0, 0.0], [0.0, 1.0], [1.0, 1.0]])
        >>> pairs = Pairs.of([0, 1], [1, 2], [1, 1])
        >>> basis = free_directions(z, pairs, {"duration": np.array([5.0, 4.0, 4.0])})
        >>> abs(basis).round(3).tolist()
        [[0.707], [0.707]]
    """
    columns = np.stack([_covariance(z, pairs, n) for n in nuisances.values()], axis=1)
    vectors, sizes, _ = np.linalg.svd(columns)
    basis: Floats = vectors[:, np.count_nonzero(sizes > _RANK) :]
    if not basis.shape[1]:
        raise RewardkitError(
            "bad_option", f"nothing is left that does not go with {', '.join(nuisances)}"
        )
    return basis


def _covariance(z: Floats, pairs: Pairs, nuisance: Floats) -> Floats:
    """The vector c, in units of the root mean square of Δn, per unit of weight, `(columns,)`."""
    with np.errstate(invalid="ignore"):
        difference = nuisance[pairs.a] - nuisance[pairs.b]
    known = np.isfinite(difference)
    weight = np.where(known, pairs.weight, 0.0)
    difference = np.where(known, difference, 0.0)
    power, total = float(weight @ difference**2), float(weight.sum())
    if power == 0.0:
        return np.zeros(z.shape[1])
    rows = weight * difference
    by_clip = np.bincount(pairs.a, rows, len(z)) - np.bincount(pairs.b, rows, len(z))
    covariance: Floats = z.T @ by_clip / np.sqrt(power * total)
    return covariance
