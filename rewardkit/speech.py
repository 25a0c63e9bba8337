# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: Apache-2.0
"""Placeholder until the speech gate is in place."""

from __future__ import annotations

import numpy as np

from rewardkit.clip import Clip


def has_speech(clip: Clip) -> bool:
    """Whether the clip's level moves."""
    n = len(clip.samples) // 400 * 400
    if not n:
        return False
    frames = clip.samples[:n].reshape(-1, 400).astype(np.float64)
    level = 10 * np.log10((frames**2).mean(axis=1) + 1e-12)
    return bool(np.ptp(level) > 8)
