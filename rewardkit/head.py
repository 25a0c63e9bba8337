# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: Apache-2.0
"""The reward head: features in, rewards out. numpy only, so that it applies without torch.

Every feature is standardised by what the training clips had, and each dimension's reward is a
weighted sum of them. The scalar is a weighted sum of the dimensions, so each feature's part in
it is known exactly. Bootstrap members of the same head give the uncertainty.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rewardkit.errors import CheckpointError, RewardkitError, ScorerError
from rewardkit.normaliser import Floats, Normaliser

_LARGEST: Final = 1e30  # no reward may reach it; far inside float32


@dataclass(frozen=True, eq=False)
class HeadOutput:
    """The rewards of some clips, in log-odds.

    Args:
        scalar: float32 `(clips,)`. `scalar[i] - scalar[j]` is the log-odds that a listener
            prefers i to j; 0 is the average training clip.
        dimensions: float32 `(clips, dimensions)`, likewise for each dimension's own question.
        std: float32 `(clips,)`: standard deviation of the scalar over the bootstrap members.
        dimension_std: float32 `(clips, dimensions)`: likewise.
        least: float32 `(clips,)`: the least scalar that a bootstrap member gives.
        dimension_least: float32 `(clips, dimensions)`: likewise.
        errors: One entry per clip: None, or why it has no reward (all its numbers are NaN).
    """

    scalar: NDArray[np.float32]
    dimensions: NDArray[np.float32]
    std: NDArray[np.float32]
    dimension_std: NDArray[np.float32]
    least: NDArray[np.float32]
    dimension_least: NDArray[np.float32]
    errors: tuple[RewardkitError | None, ...]

    def __len__(self) -> int:
        return len(self.scalar)


@dataclass(frozen=True, eq=False)
class LinearHead:
    """A Bradley-Terry head: additive over features, linear in their standardised columns.

    Computed in float64, one clip at a time, and rounded to float32: a clip's reward is bit for
    bit the same whatever else is in the batch.

    Args:
        dimensions: The names, in order.
        normaliser: Of the training clips.
        weights: float64 `(dimensions, columns)`, log-odds per standard deviation; the normaliser
            says which columns there are.
        members: float64 `(members, dimensions, columns)`: `weights` trained on bootstrap
            resamples; at least two.
        mix: float64 `(dimensions,)`: `scalar = sum(mix * dimensions)`.
        mix_members: float64 `(members, dimensions)`.

    Raises:
        RewardkitError: `bad_head` when the arrays do not fit together, are not finite, or could
            give a reward that float32 does not hold.

    Example:
        >>> normaliser = Normaliser.fit(np.array([[1.0], [3.0]]))
        >>> w = np.array([[0.5]])
        >>> members = np.array([0.9 * w, 1.1 * w])
        >>> head = LinearHead(("overall",), normaliser, w, members, np.ones(1), np.ones((2, 1)))
        >>> head(np.array([[3.0], [1.0]])).scalar.tolist()
        [0.5, -0.5]
    """

    dimensions: tuple[str, ...]
    normaliser: Normaliser
    weights: Floats
    members: Floats
    mix: Floats
    mix_members: Floats

    def __post_init__(self) -> None:
        shape = (len(self.dimensions), self.normaliser.columns)
        count = len(np.atleast_1d(self.members))
        wanted = {
            "weights": shape,
            "members": (count, *shape),
            "mix": shape[:1],
            "mix_members": (count, shape[0]),
        }
        for name, expected in wanted.items():
            array: Floats = getattr(self, name)
            if array.shape != expected or array.dtype != np.float64 or not np.isfinite(array).all():
                raise RewardkitError(
                    "bad_head",
                    f"{name} holds finite float64 of shape {expected}, "
                    f"not {array.dtype} of shape {array.shape}",
                )
        if count < 2 or not self.dimensions or len(set(self.dimensions)) < len(self.dimensions):
            raise RewardkitError(
                "bad_head", "a head has distinct dimensions and at least two members"
            )
        reach = self.normaliser.reach
        with np.errstate(over="ignore", invalid="ignore"):
            largest = np.array(
                [
                    bound
                    for weights, mix in self._heads()
                    for most in [(np.abs(weights) * reach).sum(axis=1)]
                    for bound in (most.max(), (np.abs(mix) * most).sum())
                ]
            )
        if not (largest < _LARGEST).all():
            raise RewardkitError("bad_head", "the weights are too large: a reward could overflow")

    def _heads(self) -> list[tuple[Floats, Floats]]:
        """Weights and mix of the head itself, then of each member."""
        members = zip(self.members, self.mix_members, strict=True)
        return [(self.weights, self.mix), *members]

    def __call__(self, values: ArrayLike) -> HeadOutput:
        """The rewards of clips.

        Args:
            values: `(clips, features)` in the order of training; NaN where not measurable. A
                clip with an infinite value, or with no measured feature that the head uses, gets
                the error `nonfinite_reward` in place of numbers.

        Raises:
            RewardkitError: `bad_features` when the shape does not fit.
        """
        x, errors = self._check(values)
        z = self.normaliser(x)
        rewards = np.stack([_weigh(z, weights) for weights, _ in self._heads()], axis=-1)
        mixes = np.array([mix for _, mix in self._heads()]).T  # (dimensions, heads)
        scalars = np.zeros((len(z), mixes.shape[1]))
        for d in range(len(self.dimensions)):
            scalars += mixes[d] * rewards[:, d]
        bad = [error is not None for error in errors]
        return HeadOutput(
            _float32(scalars[:, 0], bad),
            _float32(rewards[:, :, 0], bad),
            _float32(_deviation(scalars[:, 1:]), bad),
            _float32(_deviation(rewards[:, :, 1:]), bad),
            _float32(scalars[:, 1:].min(axis=1), bad),
            _float32(rewards[:, :, 1:].min(axis=2), bad),
            errors,
        )

    def contributions(self, values: ArrayLike) -> Floats:
        """What each feature adds to each dimension's reward.

        Args:
            values: As in a call.

        Returns:
            float64 `(clips, dimensions, features)`. Summed over features it is the dimension's
            reward; weighted by `mix` and summed over both it is the scalar. NaN for a clip that
            has no reward.
        """
        x, errors = self._check(values)
        parts = self.normaliser(x)[:, None, :] * self.weights
        parts = np.sum(parts.reshape(len(x), len(self.dimensions), -1, x.shape[1]), axis=2)
        parts[[error is not None for error in errors]] = np.nan
        return np.asarray(parts, np.float64)

    @property
    def reads(self) -> NDArray[np.bool_]:
        """Which features have a weight in any dimension, `(features,)`."""
        columns = self.weights.reshape(len(self.dimensions), -1, len(self.normaliser.centre))
        return np.asarray(columns.any(axis=(0, 1)) & self.normaliser.used)

    def _check(self, values: ArrayLike) -> tuple[Floats, tuple[RewardkitError | None, ...]]:
        x = np.ascontiguousarray(values, np.float64)
        features = len(self.normaliser.centre)
        if x.ndim != 2 or x.shape[1] != features:
            raise RewardkitError(
                "bad_features", f"the head takes values of shape (clips, {features}), not {x.shape}"
            )
        used = self.reads
        infinite = np.asarray(np.isinf(x).any(axis=1))
        absent = np.asarray(np.isnan(x[:, used] if used.any() else x).all(axis=1))
        return x, tuple(
            ScorerError("nonfinite_reward", "a feature is infinite; it is finite or NaN")
            if inf
            else ScorerError("nonfinite_reward", "no feature that the head uses was measurable")
            if nan
            else None
            for inf, nan in zip(infinite.tolist(), absent.tolist(), strict=True)
        )

    def tensors(self) -> dict[str, NDArray[Any]]:
        """The arrays by name, for safetensors; `from_tensors` gives the same head bit for bit."""
        parts = ("centre", "scale", "low", "high", "bend")
        return {name: getattr(self.normaliser, name) for name in parts} | {
            name: getattr(self, name) for name in ("weights", "members", "mix", "mix_members")
        }

    @classmethod
    def from_tensors(
        cls, tensors: Mapping[str, NDArray[Any]], dimensions: tuple[str, ...]
    ) -> LinearHead:
        """The head that `tensors` describes.

        Raises:
            CheckpointError: `bad_head` when a tensor is missing, unknown or does not fit.
        """
        shape = ("centre", "scale", "low", "high", "bend")
        names = {*shape, "weights", "members", "mix", "mix_members"}
        if set(tensors) != names:
            raise CheckpointError(
                "bad_head", f"a linear head holds {sorted(names)}, not {sorted(tensors)}"
            )
        try:
            normaliser = Normaliser(*(tensors[name] for name in shape))
            return cls(
                tuple(dimensions),
                normaliser,
                *(tensors[name] for name in ("weights", "members", "mix", "mix_members")),
            )
        except RewardkitError as error:
            raise CheckpointError("bad_head", error.message) from error


def _weigh(z: Floats, weights: Floats) -> Floats:
    """`z @ weights.T`, `(clips, dimensions)`, each clip summed alone.

    A matrix product would be faster, but BLAS rounds a row differently in batches of different
    sizes. Sums along the contiguous last axis depend on that row only.
    """
    return np.stack([(z * row).sum(axis=1) for row in weights], axis=1)


def _deviation(members: Floats) -> Floats:
    """Standard deviation over the last axis, each row alone."""
    rows = np.ascontiguousarray(members)
    away = rows - rows.mean(axis=-1, keepdims=True)
    deviation: Floats = np.sqrt((away**2).sum(axis=-1) / (rows.shape[-1] - 1))
    return deviation


def _float32(numbers: Floats, bad: list[bool]) -> NDArray[np.float32]:
    rounded = numbers.astype(np.float32)
    rounded[bad] = np.nan
    return rounded
