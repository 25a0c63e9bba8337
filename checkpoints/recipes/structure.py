# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: Apache-2.0
"""Where the speech in a clip is: pauses, syllable nuclei, excerpts between pauses.

All from one level curve, so that it needs numpy and scipy only. The rules are simple on purpose:
they choose where to cut, they measure nothing that is reported.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.signal import find_peaks

HOP: Final = 0.010
"""Seconds between frames of the level curve; frame k is centred at `k * HOP`."""

WINDOW: Final = 0.032
"""Seconds of one frame (Hann)."""

FADE: Final = 0.010
"""Seconds of the fades at a cut."""

Span = tuple[float, float]


def level(samples: NDArray[np.float32], sample_rate: int) -> NDArray[np.float64]:
    """Level re full scale in dB, shape `(frames,)`, one frame each `HOP`; -120 dB at least.

    Example:
        >>> tone = np.sin(2 * np.pi * 200 * np.arange(16_000) / 16_000).astype(np.float32)
        >>> round(float(level(tone, 16_000)[50]), 1)
        -3.0
    """
    hop, half = round(HOP * sample_rate), round(WINDOW * sample_rate / 2)
    window = np.hanning(2 * half + 1)
    padded = np.pad(samples.astype(np.float64) ** 2, half)
    frames = np.lib.stride_tricks.sliding_window_view(padded, len(window))[::hop]
    power = frames @ window / window.sum()
    curve: NDArray[np.float64] = 10 * np.log10(np.maximum(power, 1e-12))
    return curve


def threshold(curve: NDArray[np.float64]) -> float:
    """The level in dB that parts speech from pauses.

    6 dB above the floor (5th percentile), but no less than 35 and no more than 16 dB under the
    loud frames (95th percentile): a clip without pauses has no floor to be seen. -90 dB at least.
    """
    low, high = np.percentile(curve, [5, 95])
    return max(-90.0, float(np.clip(low + 6, high - 35, high - 16)))


def dynamic_range(samples: NDArray[np.float32], sample_rate: int) -> float:
    """Loud frames (95th percentile) over the floor (5th) in dB: low where a clip is noisy."""
    low, high = np.percentile(level(samples, sample_rate), [5, 95])
    return float(high - low)


def spans(samples: NDArray[np.float32], sample_rate: int, min_pause: float = 0.15) -> list[Span]:
    """Stretches of speech as (start, end) in seconds, parted by pauses of `min_pause` or more.

    Stretches shorter than 0.05 s (clicks) are dropped.
    """
    curve = level(samples, sample_rate)
    loud = np.flatnonzero(curve > threshold(curve))
    if len(loud) == 0:
        return []
    breaks = np.flatnonzero(np.diff(loud) * HOP > min_pause)
    starts = loud[np.concatenate([[0], breaks + 1])] * HOP
    ends = np.minimum(
        (loud[np.concatenate([breaks, [len(loud) - 1]])] + 1) * HOP, len(samples) / sample_rate
    )
    return [(float(a), float(b)) for a, b in zip(starts, ends, strict=True) if b - a >= 0.05]


def nuclei(samples: NDArray[np.float32], sample_rate: int) -> NDArray[np.float64]:
    """Times in seconds of syllable nuclei: level peaks with dips of 2 dB on both sides.

    After de Jong and Wempe (2009), Behavior Research Methods 41, without their check of voicing.
    """
    curve = level(samples, sample_rate)
    kernel = np.hanning(7)
    smooth = np.convolve(np.pad(curve, 3, mode="edge"), kernel / kernel.sum(), mode="valid")
    floor = float(np.percentile(smooth, 95)) - 20
    peaks, _ = find_peaks(smooth, height=floor, prominence=2.0, distance=round(0.08 / HOP))
    times: NDArray[np.float64] = peaks * HOP
    return times


def cut(
    samples: NDArray[np.float32], sample_rate: int, start: float, end: float
) -> NDArray[np.float32]:
    """The samples from `start` to `end` (seconds), faded in and out over `FADE`."""
    piece = samples[max(0, round(start * sample_rate)) : round(end * sample_rate)].copy()
    n = min(round(FADE * sample_rate), len(piece) // 2)
    ramp = np.linspace(0, 1, n, endpoint=False, dtype=np.float32)
    piece[:n] *= ramp
    piece[len(piece) - n :] *= ramp[::-1]
    return piece


def excerpt(
    samples: NDArray[np.float32],
    sample_rate: int,
    seconds: float | None = None,
    margin: float = 0.05,
) -> NDArray[np.float32]:
    """The stretch between two pauses whose length is nearest to `seconds`.

    Args:
        samples: Mono, shape `(n,)`.
        sample_rate: In Hz.
        seconds: Wanted length; None takes all from the first speech to the last.
        margin: Seconds kept before the first and after the last speech.

    Raises:
        ValueError: When there is no speech.
    """
    found = spans(samples, sample_rate)
    if not found:
        raise ValueError("no speech to cut an excerpt from")
    if seconds is None:
        start, end = found[0][0], found[-1][1]
    else:
        whole = [(a, b) for i, (a, _) in enumerate(found) for _, b in found[i:]]
        start, end = min(whole, key=lambda span: abs(span[1] - span[0] - seconds))
    return cut(samples, sample_rate, start - margin, end + margin)
