# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Windowed-sinc interpolation near a maximum, as short polynomials.

A sampled function y is interpolated at x = m + f, 0 <= f < 1, from `depth` samples on either side,

    S(x) = sum over k of y[k] sinc(x - k) (1 + cos(pi |x - k| / width)) / 2,

where `width` is depth + f for samples at or left of x and depth + 1 - f for those right of it
(Boersma 1993, eq. 22, as Praat computes it). To find a maximum one needs S at many x. But y enters
linearly, and within a short stretch of f each weight is, to better than 1e-7, a polynomial of
degree seven. So one pass over the samples with a table of the weights' polynomial coefficients
gives S itself as a polynomial, on which Newton's method costs next to nothing.
"""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray

DEPTH = 70
"""Samples on either side when a maximum is refined, as in Praat."""

PHASES = 4
"""Stretches into which 0 <= f < 1 is cut; polynomials are in u = PHASES f - phase - 1/2."""

TERMS = 8
"""Coefficients of each polynomial."""


def weights(f: NDArray[np.float64], depth: int) -> NDArray[np.float64]:
    """Weights of samples m - depth + 1 ... m + depth in the value at m + f.

    Args:
        f: Shape `(n,)`.
        depth: At least 1.

    Returns:
        Shape `(n, 2 depth)`.

    Example:
        >>> weights(np.array([0.0]), 2).round(12).tolist() == [[0, 1, 0, 0]]
        True
    """
    sample = np.arange(1 - depth, depth + 1)
    distance = f[:, None] - sample
    width = np.where(sample <= 0, depth + f[:, None], depth + 1 - f[:, None])
    window: NDArray[np.float64] = 0.5 + 0.5 * np.cos(np.pi * distance / width)
    return np.sinc(distance) * window


def first_row(depth: int, phase: int) -> int:
    """Where in `table` the `2 depth` rows of this depth and phase begin."""
    return PHASES * depth * (depth - 1) + phase * 2 * depth


@cache
def table() -> NDArray[np.float64]:
    """The weights' polynomial coefficients, lowest power first, for all depths up to `DEPTH`.

    Returns:
        Shape `(rows, TERMS)`; see `first_row`. Fitted at the Chebyshev nodes of -1 <= u <= 1, so
        that each polynomial also holds for half a stretch beyond its own.

    Example:
        >>> middle = table()[first_row(30, 2) :][: 2 * 30, 0]  # u = 0: f = 0.625
        >>> bool(np.allclose(middle, weights(np.array([0.625]), 30), rtol=0, atol=1e-7))
        True
    """
    u = np.cos(np.pi * (np.arange(TERMS) + 0.5) / TERMS)
    to_coefficients = np.linalg.inv(np.vander(u, TERMS, increasing=True))
    rows = [
        (to_coefficients @ weights((u + phase + 0.5) / PHASES, depth)).T
        for depth in range(1, DEPTH + 1)
        for phase in range(PHASES)
    ]
    return np.ascontiguousarray(np.concatenate(rows))
