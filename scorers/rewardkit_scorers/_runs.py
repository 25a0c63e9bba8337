# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Windows of several clips in one pass of a network, without padding: those of equal length."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np
from numpy.typing import NDArray

Samples = NDArray[np.float32]


def together(device: str, most: int = 16) -> int:
    """How many windows go into one pass: one on a CPU, where batches change the last bits.

    Example:
        >>> together("cpu"), together("cuda:1")
        (1, 16)
    """
    return 1 if device == "cpu" else most


def runs(windows: Iterable[tuple[int, Samples]], most: int) -> Iterator[tuple[list[int], Samples]]:
    """Stack windows that follow each other and are equally long.

    Args:
        windows: Which clip each is of, and its samples `(length,)`.
        most: At most so many in a stack.

    Yields:
        Whose each window is, and the windows `(windows, length)`, in order.

    Example:
        >>> parts = [(0, np.ones(3)), (0, np.ones(3)), (1, np.ones(3)), (2, np.ones(2))]
        >>> [(owners, stack.shape) for owners, stack in runs(parts, 2)]
        [([0, 0], (2, 3)), ([1], (1, 3)), ([2], (1, 2))]
    """
    owners: list[int] = []
    held: list[Samples] = []
    for owner, window in windows:
        if held and (len(held) == most or len(window) != len(held[0])):
            yield owners, np.stack(held)
            owners, held = [], []
        owners.append(owner)
        held.append(window)
    if held:
        yield owners, np.stack(held)
