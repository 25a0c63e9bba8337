# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""`Track`: the pitch of one clip over time."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, eq=False)
class Track:
    """Fundamental frequency over time, on an even grid of frames.

    A clip that is shorter than the analysis window has a track of no frames.

    Args:
        times: Frame centres in seconds, float64 of shape `(frames,)`, `step` apart.
        f0: In Hz, float64 of shape `(frames,)`; NaN where the frame is unvoiced.
        strength: Periodicity of each frame, the height of the normalised autocorrelation peak, in
            (0, 1]; NaN where the frame is unvoiced.
        step: Between frames, in seconds.
        floor: Lowest pitch that was looked for, in Hz.
        ceiling: Highest pitch that was looked for, in Hz.

    Example:
        >>> nan = float("nan")
        >>> f0 = np.array([nan, 200.0, 202.0])
        >>> track = Track(np.array([0.02, 0.03, 0.04]), f0, f0 / 250, 0.01, 75.0, 500.0)
        >>> track.voiced.tolist()
        [False, True, True]
        >>> track.resampled(5, 0.01).tolist()
        [nan, nan, nan, 200.0, 202.0]
    """

    times: NDArray[np.float64]
    f0: NDArray[np.float64]
    strength: NDArray[np.float64]
    step: float
    floor: float
    ceiling: float

    def __len__(self) -> int:
        return len(self.times)

    @property
    def voiced(self) -> NDArray[np.bool_]:
        """Which frames are voiced, of shape `(frames,)`."""
        return np.isfinite(self.f0)

    def resampled(self, count: int, step: float) -> NDArray[np.float64]:
        """F0 of the frame nearest to 0, `step`, 2 `step`, …; NaN where there is none.

        Args:
            count: How many values to give.
            step: Seconds between them.
        """
        if not len(self.times):
            return np.full(count, np.nan)
        nearest = np.rint((np.arange(count) * step - self.times[0]) / self.step).astype(np.int64)
        inside = (nearest >= 0) & (nearest < len(self.times))
        return np.where(inside, self.f0[np.clip(nearest, 0, len(self.times) - 1)], np.nan)
