# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: Apache-2.0
"""What a reward model remembers of its training clips, as a run is compared with it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final, Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rewardkit.population import POINTS, Population

REWARD: Final = "reward"
"""The scalar's name, beside those of the dimensions."""

INSIDE: Final = 95
"""The percentile of the training clips' distances up to which a clip counts as inside."""


class Model(Protocol):
    """What is asked of a reward model; `rewardkit.RewardModel` is one."""

    population: Population | None

    @property
    def dimensions(self) -> tuple[str, ...]:
        """The names of the rewards beside the scalar."""
        ...


@dataclass(frozen=True)
class Training:
    """The training clips' rewards and distances.

    Args:
        rewards: Quantiles of the rewards by name, `(points,)` each, evenly spaced from the least
            to the greatest; `reward` is the scalar. Empty when they are not known.
        inside: The distance within which `INSIDE` percent of them lie; None when not known.
        limit: The distance beyond which a clip is out of distribution; None when not known.
    """

    rewards: dict[str, NDArray[np.float64]]
    inside: float | None = None
    limit: float | None = None

    @classmethod
    def of(cls, model: Model) -> Training:
        """What a model knows; a checkpoint from before rewards were kept knows only distances."""
        known: Any = model.population
        if known is None:
            return cls({})
        names = (REWARD, *model.dimensions)
        rewards = {} if known.rewards is None else dict(zip(names, known.rewards.T, strict=True))
        return cls(rewards, float(known.distances[INSIDE]), known.limit)


def drift(seen: ArrayLike, training: NDArray[np.float64]) -> tuple[float, float] | None:
    """How far rewards lie from those of the training clips, in standard deviations of these.

    Args:
        seen: Rewards, at least one.
        training: Quantiles of the training clips' rewards, evenly spaced, `(points,)`.

    Returns:
        The shift of the mean, and the 1-Wasserstein distance of the two distributions: the mean
        distance of their quantiles. The distance is at least the size of the shift, and equal to
        it when all quantiles moved the same way. None when the training rewards were all equal.

    Source:
        The one-dimensional case of the transport distance: Vallender 1974, "Calculation of the
        Wasserstein distance between probability distributions on the line", Theory of
        Probability and its Applications 18, 784-786.

    Example:
        >>> training = np.linspace(-1, 1, 101)
        >>> shift, distance = drift(training + 0.5, training)
        >>> round(shift, 2), round(distance, 2)
        (0.87, 0.87)
    """
    share = (np.arange(POINTS) + 0.5) / POINTS  # midpoints: no extreme counts as a percent
    known = np.interp(share, np.linspace(0, 1, len(training)), training)
    spread = float(known.std())
    if not spread:
        return None
    found = np.quantile(np.asarray(seen, np.float64), share)
    shift = float(np.mean(found - known)) / spread
    return shift, float(np.mean(np.abs(found - known))) / spread
