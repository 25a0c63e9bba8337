# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: Apache-2.0
"""`Normaliser`: features of any unit to standard scores."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rewardkit.errors import RewardkitError

Floats = NDArray[np.float64]

_CONSTANT: Final = 1e-9  # a spread below this part of the largest value is rounding


@dataclass(frozen=True, eq=False)
class Normaliser:
    """Standardises features: `z = (x - centre) / scale`, clipped to what training showed.

    NaN (not measurable) becomes z = 0, the mean of the training clips. A feature that was
    constant in training has `low = high = 0`: its z is always 0, it is not used.

    With `bend`, each feature gives a second column, how far it is from its mean: `|z| - bend`. A
    head that is linear in both columns has one slope below the mean and another above, so it can
    hold that too slow and too fast are both worse; it stays additive over features.

    Args:
        centre: Mean over the training clips, in the feature's unit, `(features,)`.
        scale: Standard deviation, in the feature's unit, `(features,)`; positive.
        low: Least z in training, `(features,)`; not above 0.
        high: Greatest z in training, `(features,)`; not below 0. Clipping to the range seen
            keeps a clip from winning by an extreme that no listener has judged.
        bend: Mean of `|z|` over the training clips, `(features,)`; or empty for straight lines.

    Raises:
        RewardkitError: `bad_head` when the arrays do not fit together, or are not finite float64.

    Example:
        >>> normaliser = Normaliser.fit(np.array([[1.0, 5.0], [3.0, 5.0]]))
        >>> normaliser(np.array([[2.5, 7.0], [99.0, 5.0], [np.nan, 5.0]])).tolist()
        [[0.5, 0.0], [1.0, 0.0], [0.0, 0.0]]
    """

    centre: Floats
    scale: Floats
    low: Floats
    high: Floats
    bend: Floats = field(default_factory=lambda: np.empty(0))

    def __post_init__(self) -> None:
        parts = (self.centre, self.scale, self.low, self.high)
        if self.centre.ndim != 1 or any(part.shape != self.centre.shape for part in parts):
            raise RewardkitError("bad_head", "a normaliser holds four arrays of shape (features,)")
        if self.bend.ndim != 1 or len(self.bend) not in (0, len(self.centre)):
            raise RewardkitError("bad_head", "bend has the shape (features,), or is empty")
        if any(part.dtype != np.float64 for part in (*parts, self.bend)):
            raise RewardkitError("bad_head", "a normaliser holds float64")
        ordered = np.all(self.scale > 0) and np.all(self.low <= 0) and np.all(self.high >= 0)
        finite = all(np.isfinite(part).all() for part in (*parts, self.bend))
        if not ordered or not finite or (self.bend < 0).any():
            raise RewardkitError(
                "bad_head", "a normaliser is finite, with scale > 0, low <= 0 <= high, bend >= 0"
            )

    @classmethod
    def fit(cls, values: ArrayLike, *, bend: bool = False) -> Normaliser:
        """The normaliser of some training clips.

        Args:
            values: `(clips, features)`, finite or NaN; NaN counts in neither mean nor deviation.
            bend: Whether each feature gives a second column, its distance from the mean.

        Raises:
            RewardkitError: `bad_features` for an infinite value, or one too large to square.
        """
        x = np.asarray(values, np.float64)
        measured = ~np.isnan(x)
        count = np.maximum(measured.sum(axis=0), 1)
        with np.errstate(over="ignore", invalid="ignore"):
            centre = np.where(measured, x, 0.0).sum(axis=0) / count
            deviation = np.where(measured, x - centre, 0.0)
            scale = np.sqrt((deviation**2).sum(axis=0) / count)
        if not (np.isfinite(centre).all() and np.isfinite(scale).all()):
            raise RewardkitError(
                "bad_features",
                f"columns {np.flatnonzero(~np.isfinite(scale)).tolist()} hold an infinite or a "
                "huge value; a feature is finite, or NaN where it can't be measured",
            )
        low, high = deviation.min(axis=0, initial=0.0), deviation.max(axis=0, initial=0.0)
        largest = np.where(measured, np.abs(x), 0.0).max(axis=0, initial=0.0)
        used = (high - low > _CONSTANT * largest) & (scale > 0)
        scale = np.where(used, scale, 1.0)
        distance = np.where(used, np.abs(deviation).sum(axis=0) / count / scale, 0.0)
        return cls(
            centre,
            scale,
            np.where(used, low / scale, 0.0),
            np.where(used, high / scale, 0.0),
            distance if bend else np.empty(0),
        )

    @property
    def used(self) -> NDArray[np.bool_]:
        """Which features differed between training clips, `(features,)`."""
        return self.high > self.low

    @property
    def columns(self) -> int:
        """How many columns a table of features becomes."""
        return len(self.centre) + len(self.bend)

    @property
    def reach(self) -> Floats:
        """The largest absolute value of each column, `(columns,)`."""
        straight = np.maximum(-self.low, self.high)
        if not len(self.bend):
            return straight
        return np.concatenate([straight, np.maximum(straight - self.bend, self.bend)])

    def bounded(self, values: Floats) -> Floats:
        """The share of each clip's features that are clipped to what training showed.

        Args:
            values: `(clips, features)`.

        Returns:
            `(clips,)`, of the features that differed between training clips and could be
            measured; 0 for every training clip.

        Example:
            >>> normaliser = Normaliser.fit(np.array([[1.0, 5.0], [3.0, 6.0]]))
            >>> normaliser.bounded(np.array([[2.5, 7.0], [99.0, np.nan], [3.0, 5.0]])).tolist()
            [0.5, 1.0, 0.0]
        """
        with np.errstate(over="ignore"):
            z = (values - self.centre) / self.scale
        known = ~np.isnan(z) & self.used
        outside = known & ((z < self.low) | (z > self.high))
        return np.asarray(outside.sum(axis=1) / np.maximum(known.sum(axis=1), 1), np.float64)

    def __call__(self, values: Floats) -> Floats:
        """Standardise `(clips, features)`: `(clips, columns)`, z first, always finite."""
        with np.errstate(over="ignore"):
            z = np.clip((values - self.centre) / self.scale, self.low, self.high)
        if len(self.bend):
            z = np.concatenate([z, np.abs(z) - self.bend], axis=-1)
        return np.where(np.isnan(z), 0.0, z)
