# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: Apache-2.0
"""`Space`: where pairs are compared before anybody has judged one."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from rewardkit.errors import RewardkitError
from rewardkit.normaliser import Normaliser
from rewardkit.pairs import Floats


@dataclass(frozen=True, eq=False)
class Space:
    """Clips as points: standardised features, turned to their principal axes.

    The scales of the axes are kept, so weight decay means here what it means in training: axes
    along which clips hardly differ hardly matter. Features that were not measured are at their
    mean. No answer is looked at.

    Args:
        points: float64 `(clips, axes)`.
        kept: Share of the variance of the standardised features that the axes hold.
    """

    points: Floats
    kept: float

    @classmethod
    def of(cls, values: ArrayLike, axes: int = 128) -> Space:
        """The space of some clips' features.

        Args:
            values: `(clips, features)`, finite or NaN where not measurable.
            axes: At most so many axes.

        Raises:
            RewardkitError: `bad_features` for another shape, an infinite value, or when no two
                clips differ.

        Example:
            >>> Space.of([[0.0, 5.0], [1.0, 5.0], [2.0, 5.0]]).points.round(3).tolist()
            [[-1.225], [0.0], [1.225]]
        """
        table = np.asarray(values, np.float64)
        if table.ndim != 2 or len(table) < 2 or axes < 1:
            raise RewardkitError(
                "bad_features", f"a table of two clips or more is needed, not {table.shape}"
            )
        z = Normaliser.fit(table)(table)
        z = z - z.mean(axis=0)
        left, scale, right = np.linalg.svd(z, full_matrices=False)
        total = float(scale @ scale)
        if not total > 0:
            raise RewardkitError("bad_features", "no feature differs between the clips")
        count = min(axes, int((scale > 1e-9 * scale[0]).sum()))
        sign = np.sign(right[np.arange(count), np.abs(right[:count]).argmax(axis=1)])
        points: Floats = left[:, :count] * (scale[:count] * sign)
        return cls(points, float(scale[:count] @ scale[:count]) / total)

    def decay(self, spread: float) -> float:
        """The weight decay under which the margin of two clips has a given spread beforehand.

        With weights of variance `1 / l2` on each axis, the margin `w·d` of a pair has the variance
        `|d|² / l2`; its mean over all pairs is `spread²`.

        Args:
            spread: In log-odds; positive.

        Example:
            >>> Space.of([[0.0], [1.0], [2.0]]).decay(1.0)
            3.0
        """
        if not 0 < spread < np.inf:
            raise RewardkitError("bad_option", "spread is positive and finite")
        count = len(self.points)
        centred = self.points - self.points.mean(axis=0)
        mean_square = 2 * float((centred**2).sum()) / (count - 1)
        return round(mean_square / spread**2, 12)
