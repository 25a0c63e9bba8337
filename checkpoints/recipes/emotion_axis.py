# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A direction in the trunk's statistics along which emotion is shown more strongly.

RAVDESS has each emotion acted at two intensities. A Bradley-Terry model on the differences
between the strong and the normal take of the same sentence by the same actor is a logistic
regression without an intercept; its penalty is chosen by leaving out speakers of the training
clips. Convex, no seed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GroupKFold

GRID: Final = (1e-4, 3e-4, 1e-3, 3e-3, 1e-2)
"""Inverse penalties to choose from (scikit-learn's `C`)."""

GROUPS: Final = 4
"""Groups of speakers that are left out in turn to choose the penalty."""

Floats = NDArray[np.float64]
Rows = NDArray[np.int64]


@dataclass(frozen=True)
class Axis:
    """Log-odds of strong over normal, up to a constant: zero at the mean of the training clips.

    Attributes:
        weight: On the statistics, shape `(statistics,)`.
        offset: Nat.
        penalty: The inverse penalty that was chosen.
    """

    weight: Floats
    offset: float
    penalty: float


def orders(names: Sequence[str]) -> tuple[Rows, Rows]:
    """Rows of strong takes and of the same takes at normal intensity.

    Args:
        names: File names of RAVDESS without ending; their fourth field is the intensity.
    """
    row = {name: number for number, name in enumerate(names)}
    found = []
    for name, number in row.items():
        fields = name.split("-")
        other = row.get("-".join([*fields[:3], "01", *fields[4:]]))
        if fields[3] == "02" and other is not None:
            found.append((number, other))
    strong, normal = np.array(found, dtype=np.int64).reshape(-1, 2).T
    return strong, normal


def learn(table: Floats, names: Sequence[str], speakers: Sequence[str]) -> Axis:
    """Choose the penalty and fit.

    Args:
        table: Statistics of the training clips, `(clips, statistics)`.
        names: See `orders`.
        speakers: Who speaks; no speaker is on both sides when the penalty is chosen.
    """
    centre, spread = table.mean(axis=0), table.std(axis=0) + 1e-8
    strong, normal = orders(names)
    steps = (table[strong] - table[normal]) / spread
    who = np.array(speakers)[strong]
    loss = np.zeros(len(GRID))
    for train, test in GroupKFold(GROUPS).split(steps, groups=who):
        for i, penalty in enumerate(GRID):
            loss[i] += np.sum(np.logaddexp(0, -steps[test] @ _fit(steps[train], penalty)))
    penalty = GRID[int(loss.argmin())]
    weight = _fit(steps, penalty) / spread
    return Axis(weight, -float(weight @ centre), penalty)


def _fit(steps: Floats, penalty: float) -> Floats:
    """Weights by which each step is up.

    A step and its reverse are one observation; scikit-learn wants two classes, so each counts half.
    """
    model = LogisticRegression(C=penalty / 2, fit_intercept=False, max_iter=500)
    both = np.concatenate([steps, -steps])
    weight: Floats = model.fit(both, np.repeat([1, 0], len(steps))).coef_[0]
    return weight
