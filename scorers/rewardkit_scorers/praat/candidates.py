# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Pitch candidates of each frame: the highest maxima of its normalised autocorrelation."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rewardkit_scorers._compiled import compiled
from rewardkit_scorers.praat.sinc import DEPTH, PHASES

FIRST_DEPTH = 30
"""Samples on either side for the first estimate of a strength, by which candidates are ranked."""


@dataclass(frozen=True, eq=False)
class Candidates:
    """What the path search chooses from, for one clip.

    Args:
        unvoiced: Strength of "unvoiced" in each frame, float64 `(frames,)`.
        counts: Voiced candidates in each frame, int64 `(frames,)`.
        frequencies: Of all candidates, frame after frame, in Hz.
        strengths: Likewise, in (0, 1].
    """

    unvoiced: NDArray[np.float64]
    counts: NDArray[np.int64]
    frequencies: NDArray[np.float64]
    strengths: NDArray[np.float64]


@compiled
def polynomial(r: Any, left: int, depth: int, phase: int, table: Any) -> Any:
    """Coefficients of the interpolated autocorrelation right of `r[left]`: see `sinc`."""
    a0 = a1 = a2 = a3 = a4 = a5 = a6 = a7 = 0.0
    row = PHASES * depth * (depth - 1) + phase * 2 * depth
    first = left - depth + 1
    for k in range(2 * depth):
        y = r[first + k]
        t = table[row + k]
        a0 += y * t[0]
        a1 += y * t[1]
        a2 += y * t[2]
        a3 += y * t[3]
        a4 += y * t[4]
        a5 += y * t[5]
        a6 += y * t[6]
        a7 += y * t[7]
    return a0, a1, a2, a3, a4, a5, a6, a7


@compiled
def value(r: Any, zero: int, x: float, depth: int, reach: int, table: Any) -> Any:
    """The interpolated autocorrelation at lag `x`; `r[zero]` is that at lag 0."""
    left = int(np.floor(x))
    f = x - left
    if f == 0:
        return r[zero + left]
    phase = int(f * PHASES)
    a = polynomial(r, zero + left, min(depth, reach - left), phase, table)
    u = PHASES * f - phase - 0.5
    return a[0] + u * (
        a[1] + u * (a[2] + u * (a[3] + u * (a[4] + u * (a[5] + u * (a[6] + u * a[7])))))
    )


@compiled
def maximum(r: Any, zero: int, x: float, reach: int, table: Any) -> Any:
    """Place and height of the interpolated autocorrelation's maximum near lag `x`.

    A stretch's polynomial holds for half a stretch beyond it; a maximum farther off is looked for
    again from there.
    """
    height = 0.0
    for _ in range(8):
        left = int(np.floor(x))
        phase = int((x - left) * PHASES)
        a = polynomial(r, zero + left, min(DEPTH, reach - left), phase, table)
        u = begin = PHASES * (x - left) - phase - 0.5
        for _ in range(10):
            slope = a[1] + u * (
                2 * a[2]
                + u * (3 * a[3] + u * (4 * a[4] + u * (5 * a[5] + u * (6 * a[6] + u * 7 * a[7]))))
            )
            bend = 2 * a[2] + u * (
                6 * a[3] + u * (12 * a[4] + u * (20 * a[5] + u * (30 * a[6] + u * 42 * a[7])))
            )
            # Newton's step to the top; where the curve is not that of a top, half a unit uphill.
            step = -slope / bend if bend < 0 else 0.5 * np.sign(slope)
            step = min(max(step, -1 - u), 1 - u)
            u += step
            if abs(step) < 1e-4:  # it converges quadratically: what is left is far below 1e-7
                break
        height = a[0] + u * (
            a[1] + u * (a[2] + u * (a[3] + u * (a[4] + u * (a[5] + u * (a[6] + u * a[7])))))
        )
        x += (u - begin) / PHASES
        if abs(u) < 1:
            break
    return x, height


@compiled
def find(
    correlations: Any,
    unpairing: Any,
    count: int,
    longest: int,
    reach: int,
    sample_rate: float,
    floor: float,
    ceiling: float,
    voicing: float,
    octave: float,
    kept: int,
    table: Any,
    counts: Any,
    frequencies: Any,
    strengths: Any,
) -> int:
    """Candidates below the ceiling, of each frame of a group.

    Args:
        correlations: Paired autocorrelations, `(GROUP / 2, size)`; see `autocorrelation`.
        unpairing: `(2, lags + 1)`.
        count: Frames in the group.
        longest: Maxima are looked for below this lag.
        reach: Greatest lag that interpolation may use.
        sample_rate: In Hz.
        floor: In Hz.
        ceiling: In Hz.
        voicing: Voicing threshold; maxima below half of it are passed over.
        octave: Octave cost.
        kept: Voiced candidates kept, at most.
        table: `sinc.table()`.
        counts: Receives the number of candidates of each frame, int64 `(count,)`.
        frequencies: Receives the candidates' frequencies in Hz, frame after frame.
        strengths: Receives their strengths.

    Returns:
        How many candidates were found in all.

    Source:
        Boersma (1993); constants as Praat 6.1.38 uses them, checked by comparing with it.
    """
    size = correlations.shape[1]
    lags = unpairing.shape[1] - 1
    zero = DEPTH
    r = np.empty(zero + lags + 1)
    peaks = np.empty(longest + 1, np.int64)
    rough = np.empty(longest + 1)
    worth = np.empty(longest + 1)
    r[zero] = 1.0
    total = 0
    for frame in range(count):
        z = correlations[frame // 2]
        if frame % 2 == 0:
            for n in range(1, lags + 1):
                r[zero + n] = (z[n] + z[size - n]) * unpairing[0, n]
        else:
            for n in range(1, lags + 1):
                r[zero + n] = (z[n] - z[size - n]) * unpairing[1, n]
        for n in range(1, min(zero, lags) + 1):
            r[zero - n] = r[zero + n]

        found = 0
        for i in range(2, min(longest, reach)):
            y = r[zero + i]
            if y > 0.5 * voicing and y > r[zero + i - 1] and y >= r[zero + i + 1]:
                slope = 0.5 * (r[zero + i + 1] - r[zero + i - 1])
                bend = 2.0 * y - r[zero + i - 1] - r[zero + i + 1]
                peaks[found] = i
                rough[found] = i + slope / bend
                found += 1
        if found > kept:  # the strongest, judged by the first estimate
            for j in range(found):
                height = value(r, zero, rough[j], FIRST_DEPTH, reach, table)
                if height > 1:
                    height = 1 / height
                worth[j] = height - octave * np.log2(floor * rough[j] / sample_rate)
            filled = kept
            for j in range(kept, found):
                weakest = 0
                for k in range(1, filled):
                    if worth[k] < worth[weakest]:
                        weakest = k
                if worth[j] > worth[weakest]:
                    worth[weakest], rough[weakest], peaks[weakest] = worth[j], rough[j], peaks[j]
            found = kept

        begin = total
        for j in range(found):
            if (peaks[j] + 1) * ceiling <= sample_rate:
                continue
            x, height = maximum(r, zero, rough[j], reach, table)
            if x * ceiling > sample_rate:
                frequencies[total] = sample_rate / x
                strengths[total] = 1 / height if height > 1 else height
                total += 1
        counts[frame] = total - begin
    return total
