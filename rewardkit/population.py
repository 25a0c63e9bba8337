# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: Apache-2.0
"""`Population`: the training clips as a whole, and where another clip stands among them.

A head is a fit to the clips it saw. Of a clip that lies far from all of them it knows nothing,
whatever number it gives, and an optimiser is good at finding such clips. So a checkpoint keeps
what is needed to say how far out a clip lies, and from where on no reward is given.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rewardkit.errors import RewardkitError, ScorerError

Floats = NDArray[np.float64]

POINTS: Final = 101
"""Quantiles that are kept of each feature: the minimum, each percent, the maximum."""

PREFIX: Final = "population."
"""Before the names of its tensors in a checkpoint."""

MARGIN: Final = 1.25
"""How many times farther out than the farthest training clip a clip may lie and get a reward."""

_FARTHEST: Final = 10.0  # standard deviations; what lies farther in one feature counts as this far
_FOLDS: Final = 5


@dataclass(frozen=True, eq=False)
class Population:
    """Quantiles of each feature over the training clips, and a distance from their midst.

    The distance is Mahalanobis', over the features' standard scores, with a shrunk covariance,
    divided by the root of the number of features: about 1 for a training clip. A feature that
    could not be measured counts as the mean.

    Args:
        quantiles: `(POINTS, features)`; NaN for a feature that was never measured.
        centre: Mean of each feature, `(features,)`.
        scale: Standard deviation of each feature, `(features,)`; 0 where it is not used.
        whitener: `(features, features)`; standard scores times this are uncorrelated.
        distances: `(POINTS,)`: quantiles of the distances of training clips, each from the clips
            of other folds, so that they are as large as a new clip's would be.
        rewards: `(POINTS, 1 + dimensions)`: quantiles of the training clips' own rewards, the
            scalar's first; None in a checkpoint from before they were kept.

    Raises:
        RewardkitError: `bad_population` when the arrays do not fit together.

    Source:
        Lee et al. (2018), "A simple unified framework for detecting out-of-distribution samples
        and adversarial attacks", NeurIPS. Shrinkage: Ledoit & Wolf (2004), "A well-conditioned
        estimator for large-dimensional covariance matrices", J. Multivariate Analysis 88.

    Example:
        >>> rng = np.random.default_rng(0)
        >>> seen = Population.fit(rng.normal(size=(500, 3)))
        >>> near, far = seen.distance(np.array([[0.0, 0.0, 0.0], [6.0, -6.0, 6.0]]))
        >>> bool(near < 0.2), bool(far > seen.distances[-1])
        (True, True)
    """

    quantiles: Floats
    centre: Floats
    scale: Floats
    whitener: Floats
    distances: Floats
    rewards: Floats | None = None

    def __post_init__(self) -> None:
        features = np.size(self.centre)
        wanted = {
            "quantiles": (POINTS, features),
            "centre": (features,),
            "scale": (features,),
            "whitener": (features, features),
            "distances": (POINTS,),
        }
        for name, shape in wanted.items():
            array: Floats = getattr(self, name)
            finite = name == "quantiles" or bool(np.isfinite(array).all())
            if array.shape != shape or array.dtype != np.float64 or not finite:
                raise RewardkitError("bad_population", f"{name} holds float64 of shape {shape}")
        kept = self.rewards
        if kept is not None and not (
            kept.ndim == 2
            and len(kept) == POINTS
            and kept.dtype == np.float64
            and np.isfinite(kept).all()
        ):
            raise RewardkitError("bad_population", f"rewards holds float64 of shape ({POINTS}, n)")
        if (self.scale < 0).any():
            raise RewardkitError("bad_population", "a scale is negative")
        with np.errstate(over="ignore"):
            farthest = np.square(_FARTHEST * np.abs(self.whitener).sum(axis=0)).sum()
        if not np.isfinite(farthest):
            raise RewardkitError(
                "bad_population", "the whitener is too large: a distance overflows"
            )

    @classmethod
    def fit(cls, values: ArrayLike, groups: Sequence[Hashable] | None = None) -> Population:
        """The population of some training clips.

        Args:
            values: `(clips, features)`, finite or NaN.
            groups: One label per clip, such as its speaker; a group's distances are taken from
                the others. Without, clips are dealt into folds in order.

        Raises:
            RewardkitError: `bad_features` when there are fewer than two clips.
        """
        x = np.asarray(values, np.float64)
        if x.ndim != 2 or len(x) < 2:
            raise RewardkitError("bad_features", "a population has at least two clips")
        quantiles = np.full((POINTS, x.shape[1]), np.nan)
        for column, feature in enumerate(x.T):
            known = feature[~np.isnan(feature)]
            if len(known):
                quantiles[:, column] = np.quantile(known, np.linspace(0, 1, POINTS))
        whole = _fit(x)
        distances = np.empty(len(x))
        folds = _deal(len(x), groups)
        for fold in range(int(folds.max()) + 1):
            out = folds == fold
            # With one group there are no others, and its distances are a little short.
            part = _fit(x[~out]) if np.count_nonzero(~out) > 1 else whole
            distances[out] = _distance(x[out], *part)
        return cls(quantiles, *whole, np.quantile(distances, np.linspace(0, 1, POINTS)))

    def with_rewards(self, rewards: ArrayLike) -> Population:
        """The same clips, with what their rewards are.

        Args:
            rewards: `(clips, 1 + dimensions)`, the scalar first; a row with NaN is left out.
        """
        x = np.asarray(rewards, np.float64)
        known = x[~np.isnan(x).any(axis=1)]
        points = np.quantile(known, np.linspace(0, 1, POINTS), axis=0) if len(known) else None
        return dataclasses.replace(self, rewards=points)

    def place(self, values: ArrayLike) -> Floats:
        """The share of training clips that lie below, for each feature.

        Args:
            values: `(clips, features)`.

        Returns:
            In [0, 1], of the same shape, ties counting one half; NaN where not measurable, or
            never measured in training.
        """
        x = np.asarray(values, np.float64)
        places = np.full(x.shape, np.nan)
        for column, known in enumerate(self.quantiles.T):
            if not np.isnan(known[0]):
                below = np.searchsorted(known, x[:, column], "left")
                upto = np.searchsorted(known, x[:, column], "right")
                places[:, column] = np.clip((below + upto - 1) / 2 / (POINTS - 1), 0, 1)
        places[np.isnan(x)] = np.nan
        return places

    def distance(self, values: ArrayLike) -> Floats:
        """How far out each clip lies: `(clips,)`, about 1 for a training clip.

        Args:
            values: `(clips, features)`, finite or NaN.
        """
        x = np.asarray(values, np.float64)
        return _distance(x, self.centre, self.scale, self.whitener)

    @property
    def limit(self) -> float:
        """The largest distance at which a reward still rests on training clips."""
        return MARGIN * float(self.distances[-1])

    def refusal(self, distance: float) -> ScorerError | None:
        """Why a clip at that distance gets no reward, or None: `out_of_distribution`."""
        if distance <= self.limit:
            return None
        return ScorerError(
            "out_of_distribution",
            f"it lies {distance:.2f} from the middle of the training clips, and they within "
            f"{self.distances[-1]:.2f}; `rewardkit explain` shows which features are far out",
        )

    def tensors(self) -> dict[str, NDArray[Any]]:
        """The arrays by name, for safetensors."""
        rewards = {} if self.rewards is None else {PREFIX + "rewards": self.rewards}
        return {PREFIX + name: getattr(self, name) for name in _PARTS} | rewards

    @classmethod
    def from_tensors(cls, tensors: Mapping[str, NDArray[Any]]) -> Population:
        """The population that `tensors` describes.

        Raises:
            RewardkitError: `bad_population` when one is missing or does not fit.
        """
        try:
            parts = [tensors[PREFIX + name] for name in _PARTS]
        except KeyError as error:
            raise RewardkitError("bad_population", f"there is no tensor {error}") from error
        return dataclasses.replace(cls(*parts), rewards=tensors.get(PREFIX + "rewards"))


_PARTS: Final = ("quantiles", "centre", "scale", "whitener", "distances")


def _deal(clips: int, groups: Sequence[Hashable] | None) -> NDArray[np.int64]:
    """A fold for each clip, whole groups together."""
    if groups is None:
        return np.arange(clips) % _FOLDS
    number = {label: place for place, label in enumerate(dict.fromkeys(groups))}
    return np.array([number[label] % _FOLDS for label in groups], np.int64)


def _fit(x: Floats) -> tuple[Floats, Floats, Floats]:
    """Centre, scale and whitener of some clips."""
    measured = ~np.isnan(x)
    count = np.maximum(measured.sum(axis=0), 1)
    centre = np.where(measured, x, 0.0).sum(axis=0) / count
    away = np.where(measured, x - centre, 0.0)
    scale = np.sqrt((away**2).sum(axis=0) / count)
    scale[scale <= 1e-9 * np.abs(np.where(measured, x, 0.0)).max(axis=0, initial=0.0)] = 0.0
    z = _standard(x, centre, scale)
    values, vectors = np.linalg.eigh(_shrunk(z))
    return centre, scale, np.ascontiguousarray(vectors / np.sqrt(values))


def _shrunk(z: Floats) -> Floats:
    """Covariance of standard scores, pulled towards the identity as Ledoit and Wolf compute it."""
    clips, features = z.shape
    sample = z.T @ z / clips
    target = np.eye(features)
    # The squared errors of the sample's entries, over all the distance from sample to target.
    noise = ((z**2).T @ (z**2) / clips - sample**2).sum() / clips
    gap = ((sample - target) ** 2).sum()
    share = float(np.clip(noise / gap, 0.01, 1.0)) if gap > 0 else 1.0
    return np.asarray((1 - share) * sample + share * target)


def _standard(x: Floats, centre: Floats, scale: Floats) -> Floats:
    """Standard scores, `_FARTHEST` at most; 0 where not measured or not used."""
    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
        z = np.clip((x - centre) / scale, -_FARTHEST, _FARTHEST)
    return np.where(np.isnan(z) | (scale == 0), 0.0, z)


def _distance(x: Floats, centre: Floats, scale: Floats, whitener: Floats) -> Floats:
    """Distances, each clip summed alone: a BLAS product would round by the batch's size."""
    used = max(int(np.count_nonzero(scale)), 1)
    rows = _standard(x, centre, scale)
    across = np.ascontiguousarray(whitener.T)
    squares = [float(np.square((across * row).sum(axis=1)).sum()) for row in rows]
    return np.asarray(np.sqrt(np.array(squares, dtype=np.float64) / used))
