# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Sound at a low rate, for what lies at its lowest frequencies."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from rewardkit_scorers._compiled import compiled


@compiled
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
    rises = (np.arange(factor) + 0.5) / factor**2
    result = np.zeros(count + 1)
    for k in range(count):
        stretch = samples[k * factor : (k + 1) * factor]
        rising = whole = 0.0
        for i in range(factor):
            value = float(stretch[i])
            rising += value * rises[i]
            whole += value
        result[k + 1] += rising
        result[k] += whole / factor - rising
    return result[1:]
