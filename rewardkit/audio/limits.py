# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: Apache-2.0
"""`Limits`: what a sound must satisfy before it becomes a `Clip`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from rewardkit.errors import AudioError


@dataclass(frozen=True)
class Limits:
    """Bounds on the sounds that are accepted; each is checked as early as it can be known.

    Args:
        min_duration: In s. Praat's pitch analysis alone needs 40 ms at a floor of 75 Hz; 0.2 s is
            about one syllable.
        max_duration: In s, from the header and again while decoding.
        max_bytes: Of the decoded mono float32 samples: what is held in memory, whatever the size
            of the file (an hour of silence is 180 kB of FLAC).
        max_channels: Channels are averaged into one.
        min_sample_rate: In Hz.
        max_sample_rate: In Hz.
        max_sample: Greatest magnitude of a sample, full scale being 1. The default, 8, is 18 dB
            over full scale: decoders overshoot by a few dB, and beyond it a wrong scale is likely.
        allow_truncated: Accept a file that ends before its header says.

    Example:
        >>> Limits(max_duration=30.0).max_duration
        30.0
    """

    min_duration: float = 0.2
    max_duration: float = 3600.0
    max_bytes: int = 1 << 30
    max_channels: int = 8
    min_sample_rate: int = 8_000
    max_sample_rate: int = 192_000
    max_sample: float = 8.0
    allow_truncated: bool = False

    def check_format(self, sample_rate: int, channels: int, source: str) -> None:
        """Raise `bad_format` for a rate or a channel count out of bounds."""
        if not self.min_sample_rate <= sample_rate <= self.max_sample_rate:
            raise AudioError(
                "bad_format",
                f"{source!r} has a sample rate of {sample_rate} Hz; "
                f"{self.min_sample_rate} to {self.max_sample_rate} Hz is supported",
            )
        if not 1 <= channels <= self.max_channels:
            raise AudioError(
                "bad_format",
                f"{source!r} has {channels} channels; 1 to {self.max_channels} are supported",
            )

    def check_at_most(self, frames: int, sample_rate: int, source: str) -> None:
        """Raise `too_long` when so many frames exceed the duration or the decoded bytes."""
        duration = frames / sample_rate
        if duration > self.max_duration:
            raise AudioError(
                "too_long",
                f"{source!r} lasts {duration:.1f} s or more; at most {self.max_duration:g} s is "
                "accepted (read_windows takes longer files in windows)",
            )
        if 4 * frames > self.max_bytes:
            raise AudioError(
                "too_long",
                f"{source!r} decodes to {4 * frames} bytes or more; at most {self.max_bytes} is "
                "accepted (read_windows takes longer files in windows)",
            )

    def check_at_least(self, frames: int, sample_rate: int, source: str) -> None:
        """Raise `too_short` when so few frames are less than the least duration."""
        if frames == 0 or frames / sample_rate < self.min_duration:
            raise AudioError(
                "too_short",
                f"{source!r} lasts {frames / sample_rate:.4g} s ({frames} samples); "
                f"at least {self.min_duration:g} s is needed",
            )

    def check_samples(self, samples: NDArray[np.floating[Any]], source: str) -> None:
        """Raise `nonfinite` or `out_of_range` when a sample is no sound; any shape."""
        if samples.size == 0:
            return
        # NaN propagates through max and min, so two passes find every kind of bad sample.
        high, low = float(samples.max()), float(samples.min())
        if not (np.isfinite(high) and np.isfinite(low)):
            raise AudioError("nonfinite", f"{source!r} holds a NaN or an infinity")
        peak = max(high, -low)
        if peak > self.max_sample:
            raise AudioError(
                "out_of_range",
                f"{source!r} holds a sample of magnitude {peak:g}; full scale is 1 and at most "
                f"{self.max_sample:g} is accepted (integers are scaled only in integer arrays)",
            )


DEFAULT: Final = Limits()
"""The limits that hold where none are given."""
