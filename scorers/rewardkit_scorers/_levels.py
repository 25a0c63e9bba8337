# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Levels over time relative to a clip's own, for timing: gain changes none of them."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from rewardkit_scorers._compiled import compiled
from rewardkit_scorers._spectrum import DEPTH
from rewardkit_scorers._syllables import BANDS, FLOOR

WINDOW: Final = 0.064
"""Seconds; the Hann window of a frame."""

BAND: Final = (60.0, 3800.0)
"""Hz; the level of a frame is of this band, which is there at every sample rate from 8 kHz on."""

ALL: Final = (BAND, *BANDS)
"""The bands whose power `relative` takes."""


@compiled
def relative(
    power: NDArray[np.float64],
) -> tuple[NDArray[np.float64], NDArray[np.float32], float]:
    """Levels in dB re the 99th percentile of level, and what that is in power.

    Args:
        power: Of each frame in `ALL`, `(frames, bands)`; somewhere above 0 in the first.

    Returns:
        The level of each frame `(frames,)`, at most `DEPTH` below the strongest; the levels in
        the other bands `(frames, bands - 1)`, at least `FLOOR`; the power of level 0.

    Example:
        >>> level, bands, reference = relative(np.array([[1.0, 1.0], [0.1, 0.0], [1.0, 0.01]]))
        >>> level.round().tolist(), bands[:, 0].round().tolist(), round(reference, 9)
        ([0.0, -10.0, 0.0], [0.0, -60.0, -20.0], 1.0)
    """
    total = power[:, 0]
    reference = float(np.quantile(total, 0.99))
    least = total.max() * 10 ** (-DEPTH / 10)
    reference = max(reference, least)
    level = np.empty(len(power))
    bands = np.empty((len(power), power.shape[1] - 1), np.float32)
    lowest = 10 ** (FLOOR / 10)
    for t in range(len(power)):
        level[t] = 10 * np.log10(max(total[t], least) / reference)
        for b in range(bands.shape[1]):
            bands[t, b] = 10 * np.log10(max(power[t, b + 1] / reference, lowest))
    return level, bands, reference
