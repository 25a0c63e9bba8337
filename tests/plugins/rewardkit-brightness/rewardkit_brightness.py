# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: Apache-2.0
"""Brightness: where the middle of the spectrum lies. Written as a stranger would write it."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from rewardkit.clip import Clip
from rewardkit.features import Feature


@dataclass(frozen=True)
class Brightness:
    """Spectral centroid of the whole clip."""

    top: float = 8000.0  # Hz, what lies above is left out

    name = "brightness"
    version = 1
    sample_rate = 16_000
    features = (Feature("centroid", "Hz", "power-weighted mean frequency", low=0, high=8000),)

    def __call__(self, clip: Clip) -> Mapping[str, float]:
        """Measure one clip; silence has no centroid."""
        power = np.abs(np.fft.rfft(clip.samples.astype(np.float64))) ** 2
        frequency = np.fft.rfftfreq(len(clip.samples), 1 / clip.sample_rate)
        power = power[frequency <= self.top]
        total = power.sum()
        if total == 0:
            return {"centroid": float("nan")}
        return {"centroid": float(power @ frequency[: len(power)] / total)}
