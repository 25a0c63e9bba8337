# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Intensity over time, as Praat's "Sound: To Intensity..." computes it.

The square of the sound is smoothed by a Kaiser window that is 6.4 periods of the pitch floor long,
of which about 3.2 count: so long that the contour does not ripple at F0.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from rewardkit.batch import Batch
from rewardkit.errors import RewardkitError
from rewardkit_scorers._compiled import compiled

REFERENCE = 2e-5
"""Pa; the hearing threshold at 1 kHz, 0 dB. Samples at full scale count as 1 Pa."""

PERIODS = 6.4
"""Periods of the floor in a window."""

SHAPE = 2 * math.pi**2 + 0.5
"""Of the Kaiser window, whose sidelobes are then below -190 dB."""

SILENCE = -300.0
"""dB; where the intensity is less, it counts as this much."""

BLOCK = 64
"""Samples that are summed side by side."""

_LOW = (0.0045813, 0.0360768, 0.2659732, 1.2067492, 3.0899424, 3.5156229, 1.0)
_HIGH = (
    *(0.00392377, -0.01647633, 0.02635537, -0.02057706, 0.00916281),
    *(-0.00157565, 0.00225319, 0.01328592, 0.39894228),
)


@dataclass(frozen=True, eq=False)
class Intensity:
    """Intensity over time, on an even grid of frames.

    A clip that is shorter than the analysis window has no frames.

    Args:
        times: Frame centres in seconds, float64 of shape `(frames,)`, `step` apart.
        level: In dB re 20 µPa when a sample of 1 is 1 Pa, float64 of shape `(frames,)`; digital
            silence is -300 dB. A full-scale sine is 91 dB.
        step: Between frames, in seconds.
    """

    times: NDArray[np.float64]
    level: NDArray[np.float64]
    step: float

    def __len__(self) -> int:
        return len(self.times)


def intensity(
    samples: NDArray[np.float64] | NDArray[np.float32],
    sample_rate: int,
    floor: float = 100.0,
    step: float | None = None,
) -> Intensity:
    """Intensity of one clip; the mean of each window is subtracted.

    Args:
        samples: Of shape `(n,)`, finite.
        sample_rate: In Hz.
        floor: Lowest pitch in Hz whose periods shall not show in the contour.
        step: Between frames, in seconds; 0.8 periods of the floor when it is not given.

    Raises:
        RewardkitError: `bad_parameter` when floor or step is not finite or not above 0.

    Example:
        >>> tone = np.sin(2 * np.pi * 500 * np.arange(8000) / 16_000)
        >>> contour = intensity(tone, 16_000)
        >>> len(contour), float(contour.level[20].round(2))
        (55, 90.97)

    Source:
        Praat manual, "Sound: To Intensity...".
    """
    step = 0.8 / floor if step is None else step
    if not (math.isfinite(floor) and math.isfinite(step) and min(floor, step) > 0):
        raise RewardkitError(
            "bad_parameter", f"floor {floor} Hz and step {step} s must be finite and above 0"
        )
    times = _frame_times(len(samples), sample_rate, PERIODS / floor, step)
    power = np.empty(len(times))
    # Sample i lies at (i + 0.5) spacings. Many centres are midway between two samples, so that
    # rounding errors decide: the arithmetic is in Praat's order.
    spacing = 1 / sample_rate
    centres = np.floor((times - 0.5 * spacing) / spacing + 1.5).astype(np.int64) - 1
    _smooth(np.ascontiguousarray(samples, np.float64), centres, _window(sample_rate, floor), power)
    relative = power / REFERENCE**2
    heard = relative >= 1e-30
    level = np.where(heard, 10 * np.log10(np.where(heard, relative, 1.0)), SILENCE)
    return Intensity(times, level, step)


def intensities(
    batch: Batch, floor: float = 100.0, step: float | None = None
) -> tuple[Intensity, ...]:
    """The intensity of every clip, to be used as `batch.shared(intensities, floor, step)`.

    Args:
        batch: Clips of one sample rate.
        floor: See `intensity`.
        step: See `intensity`.
    """
    return tuple(intensity(clip.samples, batch.sample_rate, floor, step) for clip in batch)


def _frame_times(samples: int, sample_rate: int, window: float, step: float) -> NDArray[np.float64]:
    """Centres of the frames in seconds: as many as fit, centred in the clip."""
    duration = (1 / sample_rate) * samples
    if window > duration:
        return np.zeros(0)
    count = math.floor((duration - window) / step) + 1
    first = 0.5 * duration - 0.5 * (count * step) + 0.5 * step
    return np.asarray(first + np.arange(count) * step)


@lru_cache(maxsize=64)
def _window(sample_rate: int, floor: float) -> NDArray[np.float64]:
    """The Kaiser window, of an odd number of samples."""
    half_duration = 0.5 * PERIODS / floor
    half = math.floor(half_duration / (1 / sample_rate))
    x = np.arange(-half, half + 1) * (1 / sample_rate) / half_duration
    return _bessel(SHAPE * np.sqrt(np.maximum(1 - x * x, 0)))


def _bessel(x: NDArray[np.float64]) -> NDArray[np.float64]:
    """Modified Bessel function I0 of x >= 0, to 2e-7, as Praat has it.

    The exact function would change intensities by up to 5e-7 dB.

    Source:
        Abramowitz & Stegun (1964), "Handbook of mathematical functions", 9.8.1 and 9.8.2.
    """
    low = np.polyval(_LOW, (x / 3.75) ** 2)
    above = np.maximum(x, 3.75)
    high = np.exp(above) / np.sqrt(above) * np.polyval(_HIGH, 3.75 / above)
    return np.where(x < 3.75, low, high)


@compiled
def _smooth(
    samples: NDArray[np.float64],
    centres: NDArray[np.int64],
    window: NDArray[np.float64],
    power: NDArray[np.float64],
) -> None:
    """Weighted mean square of the samples around each centre, less their plain mean."""
    half = len(window) // 2
    # Sums are made of so many partial ones, which the processor can do side by side.
    sums = np.empty(BLOCK)
    whole = window.sum()
    for frame in range(len(centres)):
        low = max(centres[frame] - half, 0)
        high = min(centres[frame] + half + 1, len(samples))
        part = samples[low:high]
        weights = window[low - centres[frame] + half :]
        # Taken from the first sample on, so that a constant has no power at all.
        base = part[0]
        sums[:] = 0
        for start in range(0, len(part), BLOCK):
            block = part[start : start + BLOCK]
            for k in range(len(block)):
                sums[k] += block[k] - base
        total = 0.0
        for k in range(BLOCK):
            total += sums[k]
        mean = base + total / len(part)
        sums[:] = 0
        for start in range(0, len(part), BLOCK):
            block = part[start : start + BLOCK]
            weight = weights[start : start + BLOCK]
            for k in range(len(block)):
                sums[k] += weight[k] * (block[k] - mean) ** 2
        total = 0.0
        for k in range(BLOCK):
            total += sums[k]
        norm = whole
        if len(part) < len(window):
            norm = weights[: len(part)].sum()
        power[frame] = total / norm
