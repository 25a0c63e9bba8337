# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where frames lie and what each is made of: everything that follows from rate and settings."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property, lru_cache

import numpy as np
from numpy.typing import NDArray

from rewardkit.errors import RewardkitError
from rewardkit_scorers._fourier import good_size, irfft, rfft
from rewardkit_scorers.praat import sinc
from rewardkit_scorers.praat.settings import Settings
from rewardkit_scorers.praat.sums import total

PERIODS = 3
"""Periods of the floor in a window."""


@dataclass(frozen=True)
class Layout:
    """Sizes and windows of an analysis, in samples.

    Args:
        period: Of the floor.
        half: Half the window; also the greatest lag that interpolation may use.
        longest: Lag below which maxima are looked for.
        lags: Greatest lag that is computed: no more than interpolation below `longest` needs.
        size: Of the Fourier transform, even; the window and `lags` zeros fit into it, so that its
            circular autocorrelation is the linear one.
    """

    period: int
    half: int
    longest: int
    lags: int
    size: int

    @cached_property
    def window(self) -> NDArray[np.float64]:
        """Hanning window, without the zeros at its ends, of shape `(2 half,)`."""
        return hanning(2 * self.half)

    @cached_property
    def correction(self) -> NDArray[np.float64]:
        """1 / (the window's normalised autocorrelation), of shape `(lags + 1,)`."""
        padded = np.zeros(self.size)
        padded[: len(self.window)] = self.window
        power = np.abs(rfft(padded)) ** 2
        correlation = irfft(power + 0j, self.size)[: self.lags + 1]
        inverse: NDArray[np.float64] = correlation[0] / correlation
        return inverse


def hanning(length: int) -> NDArray[np.float64]:
    """The Hanning window of this many samples, of which none is 0.

    Example:
        >>> hanning(3).round(12).tolist()
        [0.5, 1.0, 0.5]
    """
    window: NDArray[np.float64] = 0.5 - 0.5 * np.cos(
        np.arange(1, length + 1) * (2 * np.pi / (length + 1))
    )
    return window


@lru_cache(maxsize=256)
def layout(sample_rate: int, floor: float) -> Layout:
    """The sizes for a sample rate and a pitch floor in Hz.

    Rounding is that of Praat 6.1.38, checked by comparing with it.

    Raises:
        RewardkitError: `bad_parameter` when three periods of the floor are less than six samples.

    Example:
        >>> plan = layout(16_000, 75.0)
        >>> plan.period, plan.half, plan.longest, plan.lags, plan.size
        (213, 319, 214, 284, 960)
    """
    spacing = 1 / sample_rate
    half = math.floor(PERIODS / floor / spacing) // 2 - 1
    if half < 2:
        raise RewardkitError(
            "bad_parameter",
            f"a pitch floor of {floor:g} Hz leaves no window at {sample_rate} Hz; use a lower one",
        )
    longest = min(math.floor(2 * half / PERIODS) + 2, 2 * half)
    lags = min(half, longest + sinc.DEPTH)
    size = good_size(2 * half + lags)
    while size % 2 or size % 1024 == 0:  # rows of a power of two share places in the cache
        size = good_size(size + 1)
    return Layout(math.floor(1 / spacing / floor), half, longest, lags, size)


def frame_times(samples: int, sample_rate: int, settings: Settings) -> NDArray[np.float64]:
    """Centres of the frames in seconds: as many as fit, centred in the clip.

    The arithmetic is in Praat's order; with `samples / sample_rate` for the duration some clips
    would lose a frame.

    Args:
        samples: Length of the clip.
        sample_rate: In Hz.
        settings: Of which floor and step matter.

    Returns:
        float64 of shape `(frames,)`; of shape `(0,)` when the clip is shorter than the window.

    Example:
        >>> frame_times(1600, 16_000, Settings(75.0, 500.0, 0.01)).round(3).tolist()
        [0.02, 0.03, 0.04, 0.05, 0.06, 0.07, 0.08]
    """
    duration = (1 / sample_rate) * samples
    window = PERIODS / settings.floor
    if window > duration:
        return np.zeros(0)
    count = math.floor((duration - window) / settings.step) + 1
    first = 0.5 * duration - 0.5 * (count * settings.step) + 0.5 * settings.step
    times: NDArray[np.float64] = first + np.arange(count, dtype=np.float64) * settings.step
    return times


def window_starts(times: NDArray[np.float64], sample_rate: int, half: int) -> NDArray[np.int64]:
    """First sample of the window around each time; in Praat's order of arithmetic."""
    spacing = 1 / sample_rate
    return np.floor((times - 0.5 * spacing) / spacing + 1).astype(np.int64) - half


def loudest_sample(samples: NDArray[np.float32]) -> float:
    """The greatest distance from the mean; exactly 0 where all samples are equal."""
    if not len(samples):
        return 0.0
    low, high = samples.min(), samples.max()
    mean = total(samples) / len(samples)
    return 0.0 if low == high else float(max(high - mean, mean - low))
