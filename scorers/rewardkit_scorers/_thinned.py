# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Sound at a low rate, for what lies at its lowest frequencies."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

_BLOCK: Final = 1 << 12  # stretches at a time, so that they stay in the processor's cache


def thinned(samples: NDArray[np.float32], factor: int) -> NDArray[np.float64]:
    """Every `factor`-th sample of the sound smoothed by a triangle, twice that long.

    Args:
        samples: Shape `(n,)`.
        factor: Samples to one.

    Returns:
        float64 of shape `(n // factor,)`.

    Example:
        >>> thinned(np.ones(8, np.float32), 2).tolist()
        [1.0, 1.0, 1.0, 0.5]
    """
    count = len(samples) // factor
    rises = (np.arange(factor) + 0.5) / factor
    weights = np.stack([rises, 1 - rises], axis=1) / factor
    stretches = samples[: count * factor].reshape(count, factor)
    result = np.zeros(count + 1)
    for first in range(0, count, _BLOCK):
        after, before = (stretches[first : first + _BLOCK].astype(np.float64) @ weights).T
        result[first + 1 : first + 1 + len(after)] += after
        result[first : first + len(before)] += before
    return result[1:]
