# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Values by their rank, without all that `np.quantile` and `np.median` do besides.

On the few hundred frames of a clip they take ten times as long as the ranking itself. For use
outside compiled code, where `_contour.quantile` is for inside it.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray


def quantile(values: NDArray[np.floating[Any]], share: float) -> float:
    """The value below which a share lies, on the line between the two nearest ranks.

    Args:
        values: Shape `(n,)`, at least one, none of them NaN.
        share: In [0, 1]; 0.5 is the median.

    Example:
        >>> quantile(np.array([4.0, 1.0, 2.0, 3.0]), 0.5)
        2.5
    """
    place = share * (len(values) - 1)
    low = int(place)
    # At one rank a time: numpy has fast code for that, and none for two.
    parted = np.partition(values, low)
    below = float(parted[low])
    if place == low:
        return below
    return below + (float(parted[low + 1 :].min()) - below) * (place - low)


def ranked(values: NDArray[np.floating[Any]], share: float) -> float:
    """The value of the nearest rank, from the least (0) to the greatest (1).

    Args:
        values: Shape `(n,)`, at least one, none of them NaN.
        share: In [0, 1].

    Example:
        >>> ranked(np.array([4.0, 1.0, 2.0, 3.0]), 0.6)
        3.0
    """
    place = round(share * (len(values) - 1))
    return float(np.partition(values, place)[place])
