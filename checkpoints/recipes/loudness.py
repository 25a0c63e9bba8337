# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: Apache-2.0
"""Loudness by ITU-R BS.1770: so that no preference can follow how loud a clip is.

Source: ITU-R BS.1770-4, *Algorithms to measure audio programme loudness* (K weighting, blocks of
0.4 s, gates at -70 LUFS and 10 LU under the mean), as pyloudnorm computes it.
"""

from __future__ import annotations

import math
from typing import Final

import numpy as np
import pyloudnorm
from numpy.typing import NDArray

TARGET: Final = -30.0
"""LUFS to which all clips of the recipes are brought; low enough that no peak is cut."""


def loudness(samples: NDArray[np.float32], sample_rate: int) -> float:
    """Gated loudness of mono samples of shape `(n,)`, in LUFS.

    Raises:
        ValueError: When the clip is shorter than one block of 0.4 s, or too quiet for the gate.

    Example:
        >>> t = np.arange(48_000) / 48_000  # BS.1770: a 997 Hz sine at 0 dBFS reads -3.01 LUFS
        >>> tone = np.sin(2 * np.pi * 997 * t).astype(np.float32)
        >>> abs(loudness(tone, 48_000) - -3.01) < 0.1
        True
    """
    value = float(pyloudnorm.Meter(sample_rate).integrated_loudness(samples.astype(np.float64)))
    if not math.isfinite(value):
        raise ValueError("the clip is too quiet: nothing in it passes the gate of -70 LUFS")
    return value


def equalise(
    samples: NDArray[np.float32], sample_rate: int, target: float = TARGET
) -> NDArray[np.float32]:
    """The samples at a loudness of `target` LUFS.

    A clip that is under the absolute gate (-70 LUFS) is first raised to a peak of 1.

    Raises:
        ValueError: As `loudness`; also for digital silence.

    Example:
        >>> t = np.arange(16_000) / 16_000
        >>> tone = (0.2 * np.sin(2 * np.pi * 500 * t)).astype(np.float32)
        >>> round(loudness(equalise(tone, 16_000, -30.0), 16_000), 2)
        -30.0
    """
    peak = float(np.abs(samples).max())
    if peak == 0.0:
        raise ValueError("digital silence has no loudness")
    result = samples / np.float32(peak)
    for _ in range(3):  # the gate at -70 LUFS is absolute: what passes changes with the level
        gain = 10 ** ((target - loudness(result, sample_rate)) / 20)
        result = (result * np.float32(gain)).astype(np.float32)
    return result
