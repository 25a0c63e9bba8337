# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: Apache-2.0
"""Many columns to few: principal components of a block of features, folded back into the head.

An embedding has hundreds of columns, more than there are clips to learn their weights from, and
beside it a dozen measured features would drown under one common l2. So a block of features may be
replaced, in training only, by its first principal components (Hotelling 1933, "Analysis of a
complex of statistical variables into principal components", J. Educ. Psychol. 24, 417-441), each
scaled to a variance of 1 like any standardised feature.

The components are fitted to the clips that a head is trained on, so inside each fold of a
cross-validation and of the choice of l2, and see no preference. They are linear and the head is
linear in them: `z P v = z (P v)`. The head that results is therefore an ordinary one over the
features themselves, with exact contributions, and nothing of the reduction is left to be stored.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np

from rewardkit.errors import RewardkitError
from rewardkit.pairs import Floats, Ints

Block = tuple[tuple[int, ...], int]
"""Numbers of the features that are reduced together, and to how many components."""

_RANK = 1e-10  # a component of less than this part of the largest's variance is rounding


@dataclass(frozen=True, eq=False)
class Reduction:
    """A linear map from standardised columns to fewer.

    Args:
        features: How many features there are; with a bent normaliser there are twice as many
            columns, of which those of a reduced feature's bend are left out.
        columns: How many columns there are.
        kept: The columns that stay as they are.
        parts: For each block its columns, and float64 `(block's columns, components)`.

    Example:
        >>> z = np.array([[1.0, 2.0, 0.0], [-1.0, -2.0, 1.0], [0.0, 0.0, -1.0]])
        >>> reduction = Reduction.fit(z, 3, [((0, 1), 1)])
        >>> reduced = reduction(z)
        >>> reduced.shape, reduced.std(axis=0).round(6).tolist()
        ((3, 2), [0.816497, 1.0])
        >>> weights = np.array([0.5, 2.0])
        >>> np.allclose(z @ reduction.fold(weights), reduced @ weights)
        True
    """

    features: int
    columns: int
    kept: Ints
    parts: tuple[tuple[Ints, Floats], ...]

    @classmethod
    def fit(cls, z: Floats, features: int, blocks: Sequence[Block]) -> Reduction:
        """The reduction for some training clips.

        Args:
            z: Standardised columns `(clips, columns)`, of mean 0.
            features: How many features they are of.
            blocks: What is reduced, and to how many components at most.

        Raises:
            RewardkitError: `bad_option` for a feature that is not there, or in two blocks.
        """
        taken = [feature for block, _ in blocks for feature in block]
        if len(set(taken)) < len(taken) or not set(taken) <= set(range(features)):
            raise RewardkitError("bad_option", "blocks are of distinct features that exist")
        kept = np.flatnonzero(~np.isin(np.arange(z.shape[1]) % features, taken))
        parts = []
        for block, count in blocks:
            columns = np.array(block, np.int64)
            parts.append((columns, _components(z[:, columns], count)))
        return cls(features, z.shape[1], kept, tuple(parts))

    def __call__(self, z: Floats) -> Floats:
        """Columns `(clips, columns)` to `(clips, fewer)`."""
        if not self.parts:
            return z
        blocks = [z[:, columns] @ matrix for columns, matrix in self.parts]
        return np.concatenate([z[:, self.kept], *blocks], axis=1)

    def fold(self, weights: Floats) -> Floats:
        """Weights of the reduced columns `(…, fewer)` as weights of the columns `(…, columns)`."""
        if not self.parts:
            return weights
        full = np.zeros((*weights.shape[:-1], self.columns))
        full[..., self.kept] = weights[..., : len(self.kept)]
        place = len(self.kept)
        for columns, matrix in self.parts:
            end = place + matrix.shape[1]
            full[..., columns] = weights[..., place:end] @ matrix.T
            place = end
        return full

    def only(self, reduced: Floats, chosen: Collection[int] | None) -> Floats:
        """Reduced columns with those of features that are not chosen at 0: they get no weight.

        Args:
            reduced: `(clips, fewer)`.
            chosen: Features; None for all.

        Raises:
            RewardkitError: `bad_option` when a part of a block is chosen, but not all of it.
        """
        if chosen is None:
            return reduced
        features = list(chosen)
        used = [np.isin(self.kept % self.features, features)]
        for columns, matrix in self.parts:
            inside = np.isin(columns, features)
            if inside.any() and not inside.all():
                raise RewardkitError(
                    "bad_option", "features that are reduced together are used together or not"
                )
            used.append(np.full(matrix.shape[1], inside.any()))
        return np.where(np.concatenate(used), reduced, 0.0)


def _components(x: Floats, count: int) -> Floats:
    """What `(clips, columns)` is multiplied by to get its components, of variance 1."""
    clips, columns = x.shape
    wide = columns > clips
    variance, vectors = np.linalg.eigh((x @ x.T if wide else x.T @ x) / clips)
    order = np.argsort(-variance)[: max(count, 0)]
    order = order[variance[order] > _RANK * max(variance.max(initial=0.0), 0.0)]
    variance, vectors = variance[order], vectors[:, order]
    if wide:  # eigenvectors of x xᵀ; those of xᵀ x are xᵀ v, of length sqrt(clips · variance)
        vectors = x.T @ vectors / np.sqrt(clips * variance)
    matrix: Floats = vectors / np.sqrt(variance)
    return matrix
