# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Sums and maxima by partial ones side by side.

A processor that adds to one sum has to wait for the addition before; several it does at once. Their
order is written down, so that no result depends on what a compiler makes of it.
"""

from __future__ import annotations

from typing import Any

from rewardkit_scorers._compiled import compiled


@compiled
def total(values: Any) -> Any:
    """Sum in float64."""
    s0 = s1 = s2 = s3 = s4 = s5 = s6 = s7 = 0.0
    whole = len(values) // 8 * 8
    for at in range(0, whole, 8):
        s0 += values[at]
        s1 += values[at + 1]
        s2 += values[at + 2]
        s3 += values[at + 3]
        s4 += values[at + 4]
        s5 += values[at + 5]
        s6 += values[at + 6]
        s7 += values[at + 7]
    for at in range(whole, len(values)):
        s0 += values[at]
    return ((s0 + s1) + (s2 + s3)) + ((s4 + s5) + (s6 + s7))


@compiled
def greatest(values: Any) -> Any:
    """The greatest of some magnitudes."""
    m0 = m1 = m2 = m3 = 0.0
    whole = len(values) // 4 * 4
    for at in range(0, whole, 4):
        m0 = values[at] if values[at] > m0 else m0
        m1 = values[at + 1] if values[at + 1] > m1 else m1
        m2 = values[at + 2] if values[at + 2] > m2 else m2
        m3 = values[at + 3] if values[at + 3] > m3 else m3
    for at in range(whole, len(values)):
        m0 = values[at] if values[at] > m0 else m0
    return max(max(m0, m1), max(m2, m3))


@compiled
def moments(samples: Any, start: int, stop: int) -> Any:
    """Sum, and sum of squares, of `samples[start:stop]`.

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
