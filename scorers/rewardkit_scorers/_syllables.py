# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Syllables by a small learned detector: how many there are per second, at every moment.

Peaks of level miss what fast speech reduces. Here three layers of convolution read how the
spectrum moves over a third of a second and give the *density* of syllables; its integral over
time is their number, so there is no threshold to choose and no peak to pick. The recipe that
learned the weights, and what they were judged on, is `checkpoints/recipes/syllables.py`.
"""

from __future__ import annotations

import hashlib
import math
from functools import cache
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from rewardkit.features import Feature
from rewardkit_scorers._compiled import compiled
from rewardkit_scorers._pauses import STEP

Weights = tuple[NDArray[np.float32], ...]
"""Kernel `(taps, inputs, outputs)` and bias `(outputs,)` of each of three layers, in turn."""

FILE: Final = Path(__file__).with_name("syllables.safetensors")

STRIDE: Final = 2
"""Frames of the input per value of density."""

PART: Final = 0.5
"""Seconds of speech over which local rate is taken."""

FEATURES: Final = (
    Feature("syllable_rate", "1/s", "syllables per second, pauses left out", 0, 50),
    Feature("syllable_rate_cv", "%", "variation of that rate between half seconds", low=0),
)

FLOOR: Final = -60.0
"""dB re the clip's level; what is weaker counts as this."""


def _mel_bands(low: float, high: float, count: int) -> tuple[tuple[float, float], ...]:
    """Neighbouring bands of equal width in mel, as pairs of Hz."""
    first, last = (2595 * math.log10(1 + end / 700) for end in (low, high))
    edges = (700 * (10 ** (np.linspace(first, last, count + 1) / 2595) - 1)).round().tolist()
    return tuple(zip(edges[:-1], [edge - 0.5 for edge in edges[1:]], strict=True))


BANDS: Final = _mel_bands(100.0, 3800.0, 14)
"""Hz; there at every sample rate from 8 kHz on."""


@cache
def weights() -> Weights:
    """The weights that ship."""
    from safetensors.numpy import load_file

    tensors = load_file(FILE)
    names = [f"{layer}.{part}" for layer in range(3) for part in ("kernel", "bias")]
    return tuple(np.ascontiguousarray(tensors[name]) for name in names)


@cache
def digest() -> str:
    """SHA-256 (hex) of the weights' file."""
    return hashlib.sha256(FILE.read_bytes()).hexdigest()


@compiled
def inputs(levels: NDArray[np.float32], level: NDArray[np.float64]) -> NDArray[np.float32]:
    """What the detector reads: levels less their mean over loud frames, so no filter matters.

    Args:
        levels: In `BANDS`, in dB re the clip's own level, `(frames, bands)`.
        level: Of all bands together in dB re its own 99th percentile, `(frames,)`.

    Returns:
        `(frames, bands)`, roughly of unit spread, floored 37.5 dB below the band's mean.
    """
    frames, bands = levels.shape
    result = np.empty((frames, bands), np.float32)
    for b in range(bands):
        mean = 0.0
        loud = 0
        for t in range(frames):
            if level[t] > -25:
                mean += max(levels[t, b], FLOOR)
                loud += 1
        mean /= max(loud, 1)
        for t in range(frames):
            result[t, b] = max((max(levels[t, b], FLOOR) - mean) / 15, -2.5)
    return result


@compiled
def convolved(
    x: NDArray[np.float32], kernel: NDArray[np.float32], bias: NDArray[np.float32], stride: int
) -> NDArray[np.float32]:
    """Convolution over time with zeros beyond the ends; sums always run in the same order.

    Args:
        x: `(frames, inputs)`.
        kernel: `(taps, inputs, outputs)`, an odd number of taps.
        bias: `(outputs,)`.
        stride: Frames from one value to the next, the first at frame 0.

    Example:
        >>> x = np.float32([[1], [2], [3]])
        >>> convolved(x, np.ones((3, 1, 1), np.float32), np.zeros(1, np.float32), 2)[:, 0].tolist()
        [3.0, 5.0]
    """
    frames, width = x.shape
    taps, _, outputs = kernel.shape
    count = (frames + stride - 1) // stride
    # Every input's frames that meet one tap lie side by side, for many frames at a time.
    phases = np.zeros((width, stride, count + taps), np.float32)
    for t in range(frames):
        at = t + taps // 2
        for i in range(width):
            phases[i, at % stride, at // stride] = x[t, i]
    sums = np.empty((outputs, count), np.float32)
    for o in range(outputs):
        total = sums[o]
        total[:] = bias[o]
        for k in range(taps):
            for i in range(width):
                weight, values = kernel[k, i, o], phases[i, k % stride, k // stride :]
                for t in range(count):
                    total[t] += values[t] * weight
    return np.ascontiguousarray(sums.T)


@compiled
def density(
    x: NDArray[np.float32],
    kernel_0: NDArray[np.float32],
    bias_0: NDArray[np.float32],
    kernel_1: NDArray[np.float32],
    bias_1: NDArray[np.float32],
    kernel_2: NDArray[np.float32],
    bias_2: NDArray[np.float32],
) -> NDArray[np.float64]:
    """Syllables in each `STRIDE` frames: two rectified layers and a softplus.

    Args:
        x: See `inputs`.
        kernel_0: Of the first layer, see `Weights`.
        bias_0: Of the first layer.
        kernel_1: Of the second layer.
        bias_1: Of the second layer.
        kernel_2: Of the last layer, with one output.
        bias_2: Of the last layer.

    Returns:
        `(ceil(frames / STRIDE),)`; the sum over a stretch is the number of its syllables.
    """
    zero = np.float32(0)
    hidden = np.maximum(convolved(x, kernel_0, bias_0, STRIDE), zero)
    hidden = np.maximum(convolved(hidden, kernel_1, bias_1, 1), zero)
    last = convolved(hidden, kernel_2, bias_2, 1)
    result = np.empty(len(last))
    for t in range(len(last)):
        value = float(last[t, 0])
        result[t] = 0.2 * STRIDE * (max(value, 0.0) + np.log1p(np.exp(-abs(value))))
    return result


@compiled
def measure(
    found: NDArray[np.float64], inside: NDArray[np.bool_], edges: NDArray[np.float64]
) -> NDArray[np.float64]:
    """The values of `FEATURES`, in order; NaN for the variation of fewer than two half seconds.

    Args:
        found: See `density`.
        inside: Whether each frame lies between the pauses, `(frames,)`.
        edges: Start and end in seconds of each stretch of speech between pauses.

    Example:
        >>> values = measure(np.full(100, 0.1), np.ones(200, bool), np.array([[0.0, 2.0]]))
        >>> values.round(9).tolist()
        [5.0, 0.0]
    """
    values = np.full(2, np.nan)
    spoken = (edges[:, 1] - edges[:, 0]).sum()
    size = round(PART / STEP / STRIDE)
    parts = np.empty(len(found) // size + 1)
    count = filled = 0
    whole = total = 0.0
    for t in range(len(found)):
        if not inside[t * STRIDE]:
            continue
        whole += found[t]
        total += found[t]
        filled += 1
        if filled == size:
            parts[count] = total
            count += 1
            filled = 0
            total = 0.0
    values[0] = whole / spoken
    parts = parts[:count]
    if count > 1 and parts.mean() > 0:
        values[1] = 100 * np.sqrt(((parts - parts.mean()) ** 2).sum() / (count - 1)) / parts.mean()
    return values
