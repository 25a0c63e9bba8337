# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: Apache-2.0
"""`ClipInfo`: what has to be known of a clip before anything is trained on it."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np

from rewardkit.clip import Clip
from rewardkit.errors import RewardkitError

FLOOR: Final = -120.0
"""dB; the level of digital silence."""


@dataclass(frozen=True, slots=True)
class ClipInfo:
    """What a clip is like, as far as preferences are concerned.

    Args:
        key: Hash of the decoded sound: equal keys are equal sounds.
        duration: In s.
        level: RMS level re full scale, in dB, not below `FLOOR`.
    """

    key: str
    duration: float
    level: float


Probe = Callable[[Path], ClipInfo]
"""Reads a clip through the audio gate; raises `RewardkitError` or `OSError` when it can't."""


def probe(path: Path) -> ClipInfo:
    """Read a file through the audio gate and describe it.

    Raises:
        AudioError: When it can't become a clip.
    """
    from rewardkit.audio import read  # late: reading needs libsndfile, the rest does not

    return describe(read(path))


def describe(clip: Clip) -> ClipInfo:
    """Key, duration and level of a clip.

    Example:
        >>> describe(Clip(np.full(16_000, 0.1, np.float32), 16_000)).level
        -20.0
    """
    power = float(np.mean(np.square(clip.samples, dtype=np.float64))) if len(clip.samples) else 0.0
    level = 10.0 * math.log10(power) if power > 0.0 else FLOOR
    return ClipInfo(clip.key, clip.duration, round(max(FLOOR, level), 6))


def problem(error: RewardkitError | OSError) -> tuple[str, str]:
    """The preference file's code and message for what a probe raised.

    Example:
        >>> problem(RewardkitError("too_short", "0.1 s"))
        ('unreadable_clip', 'too_short: 0.1 s')
    """
    if isinstance(error, FileNotFoundError) or (
        isinstance(error, RewardkitError) and error.code == "not_a_file"
    ):
        return "missing_clip", str(error)
    return "unreadable_clip", str(error)
