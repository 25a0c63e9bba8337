# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Sum and energy of stretches of a sound."""

from __future__ import annotations

from typing import Any

from rewardkit_scorers._compiled import compiled


@compiled
def moments(samples: Any, start: int, stop: int) -> Any:
    """Sum, and sum of squares, of `samples[start:stop]`.

    Each as four partial sums, since a processor that adds to one has to wait for the sum before.

    Args:
        samples: float32 or float64 of shape `(n,)`.
        start: At least 0.
        stop: At most n; nothing is summed when it is not above `start`.

    Example:
        >>> import numpy as np
        >>> moments(np.arange(6, dtype=np.float32), 1, 6)
        (15.0, 55.0)
    """
    a = b = c = d = 0.0
    aa = bb = cc = dd = 0.0
    whole = start + max(stop - start, 0) // 4 * 4
    for i in range(start, whole, 4):
        p, q = float(samples[i]), float(samples[i + 1])
        r, s = float(samples[i + 2]), float(samples[i + 3])
        a += p
        b += q
        c += r
        d += s
        aa += p * p
        bb += q * q
        cc += r * r
        dd += s * s
    for i in range(whole, stop):
        p = float(samples[i])
        a += p
        aa += p * p
    return (a + b) + (c + d), (aa + bb) + (cc + dd)
