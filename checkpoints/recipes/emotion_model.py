# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is trained on the emotion corpora: an embedding and a classifier on the trunk's statistics.

The trunk stays as Whisper left it. Mean and standard deviation over time of its last layer, 1,024
numbers a clip, are standardised, and a multinomial logistic regression is fitted to them, classes
balanced, its penalty chosen by leaving out speakers of the training clips. That is a convex
problem with one solution: no seed, no stopping time, seconds instead of hours.

The regression is then written as two linear maps. The first gives the embedding: the directions
that the classifier looks along (one fewer than classes), then the principal components of all
that is left, each scaled to unit variance. The second is the classifier on that embedding. Their
product is the regression itself, so the embedding costs it nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray
from rewardkit_scorers._inference import inference
from rewardkit_scorers._trunk import Trunk, statistics
from rewardkit_scorers._windows import windows
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GroupKFold

from checkpoints.recipes.emotion_axis import Axis
from checkpoints.recipes.emotion_data import WINDOW, Clip

DIMENSIONS: Final = 64
"""Length of the embedding."""

GRID: Final = (3e-3, 1e-2, 3e-2, 1e-1, 3e-1)
"""Inverse penalties to choose from (scikit-learn's `C`)."""

GROUPS: Final = 4
"""Groups of speakers that are left out in turn to choose the penalty."""

Floats = NDArray[np.float64]
Labels = NDArray[np.int64]


@dataclass(frozen=True)
class Encoder:
    """Two linear maps.

    Attributes:
        projection: From statistics to the embedding, shape `(DIMENSIONS, statistics)`.
        offset: Shape `(DIMENSIONS,)`.
        weight: From the embedding to logits, shape `(classes, DIMENSIONS)`.
        bias: Shape `(classes,)`.
        penalty: The inverse penalty that was chosen.
        strength: Which dimension of the embedding is the axis of strength, if one was given.
    """

    projection: Floats
    offset: Floats
    weight: Floats
    bias: Floats
    penalty: float
    strength: int | None = None

    def embed(self, table: Floats) -> Floats:
        """Embeddings, `(clips, DIMENSIONS)`."""
        embedding: Floats = table @ self.projection.T + self.offset
        return embedding

    def log_posteriors(self, table: Floats) -> Floats:
        """Log posteriors, `(clips, classes)`."""
        logits = self.embed(table) @ self.weight.T + self.bias
        logs: Floats = logits - np.logaddexp.reduce(logits, axis=1, keepdims=True)
        return logs


def measure(trunk: Trunk, clips: Sequence[Clip]) -> Floats:
    """Statistics of the trunk's output, mean over a clip's windows: `(clips, 2 width)`."""
    return np.stack([statistics_of(trunk, clip.samples) for clip in clips])


def statistics_of(trunk: Trunk, samples: NDArray[np.float32]) -> Floats:
    """Statistics of the trunk's output for one trimmed and levelled clip."""
    with inference("cpu"):
        parts = windows(samples, WINDOW, WINDOW)
        found = [statistics(trunk(torch.tensor(part[None])))[0] for part in parts]
        row: Floats = torch.stack(found).mean(dim=0).double().numpy()
    return row


def fit(
    table: Floats, labels: Labels, speakers: Sequence[str], axis: Axis | None = None
) -> Encoder:
    """Choose the penalty, fit, and write the result as an embedding and a classifier.

    Args:
        table: Statistics of the training clips, `(clips, statistics)`.
        labels: Their classes, from 0.
        speakers: Who speaks; no speaker is on both sides when the penalty is chosen.
        axis: Of strength; it becomes the dimension after those that the classifier looks along.
    """
    centre, spread = table.mean(axis=0), table.std(axis=0) + 1e-8
    standard = (table - centre) / spread
    penalty = choose(standard, labels, speakers)
    model = _regression(penalty).fit(standard, labels)
    weight, bias = (part - part.mean(axis=0) for part in (model.coef_, model.intercept_))
    basis = _directions(weight, len(weight) - 1)
    strength = None if axis is None else len(basis)
    if axis is not None:
        rest = axis.weight * spread
        rest -= rest @ basis.T @ basis
        basis = np.concatenate([basis, rest[None] / np.linalg.norm(rest)])
    rest = standard - standard @ basis.T @ basis
    basis = np.concatenate([basis, _directions(rest, DIMENSIONS - len(basis))])
    scale = (standard @ basis.T).std(axis=0)
    projection = basis / scale[:, None] / spread
    offset, onto = -projection @ centre, weight @ basis.T * scale
    if axis is not None:
        projection[strength], offset[strength] = axis.weight, axis.offset
        onto[:, strength] = 0.0  # but for rounding it was: the classifier looks along other ones
    return Encoder(projection, offset, onto, bias, penalty, strength)


def choose(standard: Floats, labels: Labels, speakers: Sequence[str]) -> float:
    """The inverse penalty with the least cross-entropy on speakers left out, classes balanced."""
    folds = list(GroupKFold(GROUPS).split(standard, labels, speakers))
    share = np.bincount(labels)[labels] / len(labels)
    loss = np.zeros(len(GRID))
    for train, test in folds:
        model = _regression(GRID[0])
        for i, penalty in enumerate(GRID):
            model.set_params(C=penalty).fit(standard[train], labels[train])
            logs = np.log(model.predict_proba(standard[test]).clip(1e-12))
            loss[i] -= np.sum(logs[np.arange(len(test)), labels[test]] / share[test])
    return GRID[int(loss.argmin())]


def _regression(penalty: float) -> LogisticRegression:
    return LogisticRegression(C=penalty, class_weight="balanced", max_iter=500, warm_start=True)


def _directions(rows: Floats, count: int) -> Floats:
    """The first right singular vectors, signed so that the largest entry is positive."""
    vectors = np.linalg.svd(rows, full_matrices=False)[2][:count]
    largest = np.abs(vectors).argmax(axis=1)
    directions: Floats = vectors * np.sign(vectors[np.arange(len(vectors)), largest])[:, None]
    return directions
