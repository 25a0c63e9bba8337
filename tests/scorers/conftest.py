# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: Apache-2.0
"""Made voices of known pitch, timing and irregularity."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray

from rewardkit.clip import Clip

Array = NDArray[np.float64]


class Sounds:
    """Voices made from what is to be measured."""

    def clip(self, samples: Array, sample_rate: int = 16_000) -> Clip:
        return Clip(samples.astype(np.float32), sample_rate, source="<made>")

    def buzz(
        self,
        f0: Callable[[Array], Array] | float,
        duration: float = 2.0,
        sample_rate: int = 16_000,
        top: float = 3400.0,
    ) -> Array:
        """All harmonics of `f0(t)` Hz up to `top`, falling 6 dB per octave, peak near 0.5."""
        t = np.arange(round(duration * sample_rate)) / sample_rate
        frequency = f0(t) if callable(f0) else np.full_like(t, f0)
        phase = 2 * np.pi * np.cumsum(frequency) / sample_rate
        wave = np.zeros_like(t)
        for k in range(1, int(top / frequency.max()) + 1):
            wave += np.cos(k * phase) / k
        return 0.5 * wave / np.abs(wave).max()

    def pulses(self, periods: Array, heights: Array, sample_rate: int = 16_000) -> Array:
        """One smooth pulse (Gaussian, 0.25 ms) per period, of that height."""
        centres = 0.01 + np.cumsum(periods)
        t = np.arange(round((centres[-1] + 0.02) * sample_rate)) / sample_rate
        wave = np.zeros_like(t)
        for centre, height in zip(centres, heights, strict=True):
            near = slice(
                int((centre - 0.002) * sample_rate), int((centre + 0.002) * sample_rate) + 1
            )
            wave[near] += height * np.exp(-0.5 * ((t[near] - centre) / 0.00025) ** 2)
        return 0.5 * wave


@pytest.fixture(scope="session")
def sounds() -> Sounds:
    return Sounds()
