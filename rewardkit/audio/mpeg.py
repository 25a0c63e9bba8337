# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: Apache-2.0
"""MPEG audio (MP3): how long a file is, and whether it is all there, from its frame headers.

An MPEG audio file is a run of frames, each with its own four-byte header, and no overall length.
Encoders put a first frame without sound in front (Xing or Info), which gives the number of frames.
A decoder says nothing when frames are missing, so they are counted here.

Sources: ISO/IEC 11172-3 and 13818-3 (header fields, tables); the Xing VBR header as LAME writes it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import BinaryIO, Final

_VERSION_1, _VERSION_2, _VERSION_2_5 = 3, 2, 0
_RATES: Final = {
    _VERSION_1: (44_100, 48_000, 32_000),
    _VERSION_2: (22_050, 24_000, 16_000),
    _VERSION_2_5: (11_025, 12_000, 8_000),
}
_LAYER_I, _LAYER_II, _LAYER_III = 3, 2, 1

# kbit/s by index; 0 ("free format") and 15 (forbidden) are not here.
_BIT_RATES: Final = {
    (True, _LAYER_I): range(32, 449, 32),
    (True, _LAYER_II): (32, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384),
    (True, _LAYER_III): (32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320),
    (False, _LAYER_I): (32, 48, 56, 64, 80, 96, 112, 128, 144, 160, 176, 192, 224, 256),
    (False, _LAYER_II): (8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
    (False, _LAYER_III): (8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
}


@dataclass(frozen=True)
class Frame:
    """What a frame's header says.

    Args:
        size: Of the whole frame, in bytes.
        samples: Per channel.
        sample_rate: In Hz.
        channels: 1 or 2.
        side: Offset of the Xing tag within a Layer III frame that has one, in bytes.
    """

    size: int
    samples: int
    sample_rate: int
    channels: int
    side: int


def parse(header: bytes) -> Frame | None:
    """Read a frame header.

    Args:
        header: Four bytes.

    Returns:
        What they say, or None when they are no header of a frame whose size can be known.

    Example:
        >>> parse(bytes.fromhex("fffb9064"))
        Frame(size=417, samples=1152, sample_rate=44100, channels=2, side=36)
    """
    if len(header) < 4:
        return None
    word = int.from_bytes(header, "big")
    version, layer = word >> 19 & 3, word >> 17 & 3
    bit_rate, rate, padding, mode = word >> 12 & 15, word >> 10 & 3, word >> 9 & 1, word >> 6 & 3
    if word >> 21 != 0x7FF or version == 1 or layer == 0 or bit_rate in (0, 15) or rate == 3:
        return None
    first = version == _VERSION_1
    bits = 1000 * _BIT_RATES[first, layer][bit_rate - 1]
    sample_rate = _RATES[version][rate]
    channels = 1 if mode == 3 else 2
    samples = {_LAYER_I: 384, _LAYER_II: 1152, _LAYER_III: 1152 if first else 576}[layer]
    if layer == _LAYER_I:  # counted in slots of four bytes
        size = (12 * bits // sample_rate + padding) * 4
    else:
        size = samples // 8 * bits // sample_rate + padding
    side = 4 + ({1: 17, 2: 32} if first else {1: 9, 2: 17})[channels]
    return Frame(size, samples, sample_rate, channels, side)


@dataclass(frozen=True)
class Walk:
    """What a file's frames amount to.

    Args:
        first: The first frame.
        frames: Whole frames with sound.
        declared: The number of frames that the Xing or Info header gives, if there is one.
        cut: True when the last frame goes on beyond the end of the file.
    """

    first: Frame
    frames: int
    declared: int | None
    cut: bool

    @property
    def samples(self) -> int:
        """Per channel, encoder delay and padding included."""
        return self.frames * self.first.samples


def walk(file: BinaryIO, start: int, end: int, max_duration: float = math.inf) -> Walk | None:
    """Count the frames of a file.

    Args:
        file: Open for reading, seekable.
        start: Where the first frame is, in bytes.
        end: The size of the file, in bytes.
        max_duration: Stop counting soon after so many seconds.

    Returns:
        What was found, or None when no whole frame starts there.
    """
    file.seek(start)
    head = file.read(256)
    first = parse(head[:4])
    if first is None or start + first.size > end:
        return None
    most = max_duration * first.sample_rate + 16 * first.samples
    declared = _declared(head, first)
    position = start if declared is None else start + first.size
    frames = 0
    while position < end:
        file.seek(position)
        header = file.read(4)
        frame = parse(header)
        if frame is None:  # a header cut in two, or tags, padding, damage: none of it is counted
            return Walk(first, frames, declared, cut=len(header) < 4 and header[:1] == b"\xff")
        if position + frame.size > end:
            return Walk(first, frames, declared, cut=True)
        frames += 1
        position += frame.size
        if frames * first.samples > most:
            return Walk(first, frames, None, cut=False)
    return Walk(first, frames, declared, cut=position > end)


def _declared(head: bytes, first: Frame) -> int | None:
    """The number of frames in the Xing or Info header at the start of a file."""
    tag = first.side
    has_count = int.from_bytes(head[tag + 4 : tag + 8], "big") & 1
    if head[tag : tag + 4] not in (b"Xing", b"Info") or not has_count:
        return None
    return int.from_bytes(head[tag + 8 : tag + 12], "big")
