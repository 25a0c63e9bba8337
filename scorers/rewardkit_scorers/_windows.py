# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""From a clip of any length and level to windows of equal length at one level.

A network that is fed padding, or clips of unequal length side by side, gives a clip numbers that
depend on its neighbours. So nothing is padded here: a long clip becomes windows of one length,
the last of them aligned to the clip's end, and a clip no longer than a window stays as it is.
"""

from __future__ import annotations

import math
from typing import Final

import numpy as np
from numpy.typing import NDArray

Samples = NDArray[np.float32]

_BLOCK: Final = 4096
"""Frames whose power is computed at a time, so that an hour of sound needs no gigabyte."""


def trim(samples: Samples, *, frame: int, hop: int, below_loudest: float) -> Samples:
    """Cut off both ends as far as they are silent relative to the loudest frame.

    Args:
        samples: Shape `(n,)`.
        frame: Length of a frame, samples.
        hop: From one frame to the next, samples.
        below_loudest: A frame this far below the loudest, in dB of power, is silent.

    Returns:
        From the start of the first frame that is not silent to the end of the last; a view.
        Samples shorter than a frame, and digital silence, as they are.

    Example:
        >>> sound = np.zeros(1600, np.float32)
        >>> sound[800:1200] = 0.5
        >>> len(trim(sound, frame=400, hop=400, below_loudest=40.0))
        400
    """
    if len(samples) < frame:
        return samples
    frames = np.lib.stride_tricks.sliding_window_view(samples, frame)[::hop]
    power = np.concatenate(
        [
            np.mean(np.square(frames[start : start + _BLOCK], dtype=np.float64), axis=1)
            for start in range(0, len(frames), _BLOCK)
        ]
    )
    loud = np.flatnonzero(power > power.max() * 10 ** (-below_loudest / 10))
    if not loud.size:
        return samples
    return samples[int(loud[0]) * hop : int(loud[-1]) * hop + frame]


def level(samples: Samples, rms: float) -> Samples | None:
    """Scale to a root mean square of `rms`; None for samples that are all the same.

    Example:
        >>> level(np.array([0.5, -0.5], np.float32), 0.1).tolist()
        [0.10000000149011612, -0.10000000149011612]
        >>> level(np.zeros(100, np.float32), 0.1) is None
        True
    """
    if not samples.size or samples.min() == samples.max():
        return None
    now = math.sqrt(float(np.mean(np.square(samples, dtype=np.float64))))
    return (samples * (rms / now)).astype(np.float32)


def windows(samples: Samples, length: int, hop: int) -> list[Samples]:
    """Windows of equal length, `hop` apart, the last aligned to the end; views.

    Args:
        samples: Shape `(n,)`.
        length: Of a window, samples; if there are no more samples than that, they are the window.
        hop: From one window to the next, samples; the last step may be shorter.

    Example:
        >>> [w.tolist() for w in windows(np.arange(7, dtype=np.float32), 4, 2)]
        [[0.0, 1.0, 2.0, 3.0], [2.0, 3.0, 4.0, 5.0], [3.0, 4.0, 5.0, 6.0]]
    """
    last = len(samples) - length
    if last <= 0:
        return [samples]
    return [samples[start : start + length] for start in (*range(0, last, hop), last)]
