# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Direct current, which nobody hears: what of a clip was recorded at all, and around which value.

Digital silence at the ends is left out: it was not recorded, so a mean over it too would say less
than the recording is off by, and would move the silence.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from rewardkit.batch import Batch
from rewardkit_scorers._compiled import compiled
from rewardkit_scorers.praat.sums import total


@compiled
def extent(samples: NDArray[np.float32], sample_rate: int) -> tuple[int, int]:
    """Start and end of what was recorded: without ends of one value that last 10 ms or more.

    Args:
        samples: Shape `(n,)`; all of them are counted as recorded when all are the same.
        sample_rate: In Hz.

    Example:
        >>> extent(np.float32([0, 0, 0, 1, 2, 1]), 200)
        (3, 6)
    """
    first, last = 0, len(samples)
    while first < last and samples[first] == samples[0]:
        first += 1
    if first == last:
        return 0, last
    while samples[last - 1] == samples[len(samples) - 1]:
        last -= 1
    least = sample_rate // 100
    return first if first >= least else 0, last if len(samples) - last >= least else len(samples)


@compiled
def direct(samples: NDArray[np.float32], sample_rate: int) -> tuple[int, int, np.float32]:
    """`extent`, and the mean of what lies in it."""
    first, last = extent(samples, sample_rate)
    return first, last, np.float32(total(samples[first:last]) / max(last - first, 1))


def directs(batch: Batch) -> tuple[tuple[int, int, np.float32], ...]:
    """`direct` of each clip, for `batch.shared`."""
    return tuple(direct(clip.samples, clip.sample_rate) for clip in batch)


def centred(samples: NDArray[np.float32], sample_rate: int) -> NDArray[np.float32]:
    """Samples without direct current; digital silence at the ends is 0.

    Example:
        >>> centred(np.float32([0, 0, 0, 0.75, 0.25]), 200).tolist()
        [0.0, 0.0, 0.0, 0.25, -0.25]
    """
    first, last, mean = direct(samples, sample_rate)
    result = np.zeros_like(samples)
    np.subtract(samples[first:last], mean, out=result[first:last])
    return result
