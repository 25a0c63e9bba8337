# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: Apache-2.0
"""A study's clips as sound: how loud they are, and the bytes that a browser is sent.

Clips are served as 16-bit mono WAV at one sample rate, decoded as a scorer hears them: whatever
file a system left, a rater's browser gets the same container, and its size says no more than how
long the clip is. Gain is applied in the browser, so that a rater can turn it off.
"""

from __future__ import annotations

import io
import math
import struct
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from rewardkit.annotate.errors import StudyError
from rewardkit.audio import read, resample
from rewardkit.clip import Clip
from rewardkit.errors import AudioError

HEADROOM: Final = 1.0
"""dB below full scale that no sample exceeds after matching: resampling may raise peaks."""

_BLOCK: Final = 0.4  # s, the gating block of BS.1770
_GATE: Final = -70.0  # LUFS, its absolute gate


@dataclass(frozen=True)
class Sound:
    """What is kept of a clip.

    Args:
        key: Hash of the decoded sound, as `Clip.key`.
        duration: In s.
        sample_rate: In Hz.
        loudness: Integrated loudness in LUFS; None below the gate of -70 LUFS.
        peak: Greatest absolute sample.
    """

    key: str
    duration: float
    sample_rate: int
    loudness: float | None
    peak: float


def measure(path: str) -> Sound:
    """Read a clip and measure it.

    Raises:
        AudioError: When it can't be read.
    """
    clip = read(path)
    peak = float(np.abs(clip.samples).max())
    return Sound(clip.key, clip.duration, clip.sample_rate, loudness(clip), peak)


def loudness(clip: Clip) -> float | None:
    """Integrated loudness in LUFS, or None for a clip that never passes the gate of -70 LUFS.

    Source: ITU-R BS.1770-4, by pyloudnorm. A clip shorter than one gating block (0.4 s) is one
    block of its own length.

    Example:
        >>> t = np.arange(48_000) / 48_000
        >>> tone = np.sin(2 * np.pi * 997 * t).astype(np.float32)  # 0 dBFS in one channel
        >>> abs(loudness(Clip(tone, 48_000)) + 3.01) < 0.1
        True
    """
    import pyloudnorm

    block = min(_BLOCK, clip.duration)
    while block * clip.sample_rate > len(clip.samples):  # the product may be rounded up
        block = math.nextafter(block, 0.0)
    meter = pyloudnorm.Meter(clip.sample_rate, block_size=block)
    with np.errstate(divide="ignore"):
        value = float(meter.integrated_loudness(clip.samples.astype(np.float64)))
    return value if math.isfinite(value) and value > _GATE else None


def matched(
    a: tuple[float | None, float], b: tuple[float | None, float], level: float
) -> tuple[float, float]:
    """Gains that bring two clips to one loudness and keep both below full scale.

    Both come to `level`, or as near to it as the one with less headroom allows.

    Args:
        a: Loudness (LUFS; None for silence) and peak of one clip.
        b: Those of the other.
        level: The loudness wanted, in LUFS.

    Returns:
        Factors for the samples of each; 1 for silence.

    Example:
        >>> quiet, loud = (-33.0, 0.1), (-13.0, 1.0)
        >>> [round(gain, 3) for gain in matched(quiet, loud, -23.0)]
        [3.162, 0.316]
        >>> peaky = (-33.0, 0.9)  # may rise by -1 - 20 lg 0.9 = -0.085 dB
        >>> [round(20 * math.log10(gain), 3) for gain in matched(peaky, loud, -23.0)]
        [-0.085, -20.085]
    """
    for value, peak in (a, b):
        if value is not None and peak > 0.0:
            level = min(level, value - 20.0 * math.log10(peak) - HEADROOM)
    gains = [1.0 if value is None else 10 ** ((level - value) / 20.0) for value, _ in (a, b)]
    return gains[0], gains[1]


def wav(path: str, key: str, sample_rate: int) -> tuple[bytes, float]:
    """A clip as 16-bit mono WAV, and what its samples were divided by to fit.

    Args:
        path: Its file.
        key: What its sound's hash was when the study began.
        sample_rate: To serve it at, in Hz.

    Returns:
        The file, and its peak if that is above full scale, as in files of floats and after
        resampling; else 1. Gains are multiplied by it.

    Raises:
        StudyError: `missing_clip` when it can't be read, `changed_clip` when it is another sound.
    """
    try:
        clip = read(path)
    except AudioError as error:
        raise StudyError("missing_clip", f"a clip can't be read: {error.code}") from error
    if clip.key != key:
        raise StudyError("changed_clip", "a clip has changed since the study began")
    if clip.sample_rate != sample_rate:
        clip = resample(clip, sample_rate)
    scale = max(1.0, float(np.abs(clip.samples).max()))
    return encode(clip.samples if scale == 1.0 else clip.samples / scale, sample_rate), scale


def encode(samples: NDArray[np.float32], sample_rate: int) -> bytes:
    """Samples as a 16-bit mono WAV file; 16-bit sources come through bit for bit.

    Example:
        >>> len(encode(np.zeros(8, np.float32), 16_000))
        60
    """
    data = np.clip(np.round(samples.astype(np.float64) * 32768.0), -32768, 32767)
    body = data.astype("<i2").tobytes()
    file = io.BytesIO()
    file.write(b"RIFF" + struct.pack("<I", 36 + len(body)) + b"WAVE")
    file.write(b"fmt " + struct.pack("<IHHIIHH", 16, 1, 1, sample_rate, 2 * sample_rate, 2, 16))
    file.write(b"data" + struct.pack("<I", len(body)) + body)
    return file.getvalue()
