# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: Apache-2.0
"""What an audio file's own header says: its container, format and length, and what is missing.

libsndfile decodes a file that was cut off without a word: a WAV, AIFF, AU, Ogg or MP3 file simply
ends sooner. The sizes that a header states are therefore held against the file before decoding.
A container whose completeness can't be told (raw PCM, and rare ones) is not accepted.

Sources: Microsoft/IBM, Multimedia Programming Interface 1.0 (RIFF); EBU Tech 3306 (RF64); Apple,
AIFF-C; Sun, audio(5) (AU); RFC 9639 (FLAC); RFC 3533 (Ogg); `mpeg` for MP3.
"""

from __future__ import annotations

import math
import os
from dataclasses import dataclass
from typing import BinaryIO, Final, Literal

from rewardkit.audio import mpeg
from rewardkit.errors import AudioError

CONTAINERS: Final = ("WAV", "RF64", "AIFF", "AU", "FLAC", "Ogg", "MP3")
"""The containers that are accepted, whatever a file's name ends in."""

_STREAMED: Final = 0x7FFF_0000
# A writer that can't seek back (into a pipe) leaves a placeholder for the size: 0, 0xFFFFFFFF
# (ffmpeg), 0x7FFFF000 (SoX, espeak-ng). No such size is meant: 2 GiB last 18 h at 16 kHz.
_MOST_CHUNKS: Final = 10_000
_MOST_STREAMS: Final = 100
_LONGEST_PAGE: Final = 27 + 255 + 255 * 255  # of Ogg, in bytes


@dataclass(frozen=True)
class Header:
    """What a file's header says.

    Args:
        container: One of `CONTAINERS`.
        channels: The channel count, where it is stated before decoding.
        sample_rate: In Hz, where it is stated before decoding.
        frames: The number of frames counted in the file (MP3 only).
        missing: What shows that the file was cut off, or None.
        unsized: Where a WAV file states a size of 0 although sound follows, in bytes, or None.
    """

    container: str
    channels: int | None = None
    sample_rate: int | None = None
    frames: int | None = None
    missing: str | None = None
    unsized: int | None = None


def read(file: BinaryIO, source: str, max_duration: float = math.inf) -> Header:
    """Read an audio file's header.

    Args:
        file: Open for reading, seekable.
        source: For messages.
        max_duration: Where frames must be counted, stop soon after so many seconds.

    Raises:
        AudioError: `unreadable` when the content is of no accepted container.

    Example:
        >>> import io
        >>> read(io.BytesIO(b"hello"), "hello.wav")
        Traceback (most recent call last):
        ...
        rewardkit.errors.AudioError: unreadable: 'hello.wav' is not audio of a known container ...
    """
    size = file.seek(0, os.SEEK_END)
    magic = _at(file, 0, 12)
    if magic[:4] in (b"RIFF", b"RIFX", b"RF64") and magic[8:] == b"WAVE":
        return _riff(file, size)
    if magic[:4] == b"FORM" and magic[8:] in (b"AIFF", b"AIFC"):
        return _aiff(file, size)
    if magic[:4] in (b".snd", b"dns."):
        return _au(file, size)
    if magic[:4] == b"OggS":
        return Header("Ogg", missing=_ogg_missing(file, size))
    start = _after_id3(file)
    if _at(file, start, 4) == b"fLaC":
        return _flac(file, start)
    found = mpeg.walk(file, start, size, max_duration)
    if found is not None:
        return _mp3(found)
    raise AudioError(
        "unreadable",
        f"{source!r} is not audio of a known container ({', '.join(CONTAINERS)})"
        + (": the file is empty" if size == 0 else ""),
    )


def _at(file: BinaryIO, position: int, count: int) -> bytes:
    file.seek(position)
    return file.read(count)


def _after_id3(file: BinaryIO) -> int:
    """Where the content starts after an ID3v2 tag, in bytes."""
    tag = _at(file, 0, 10)
    if tag[:3] != b"ID3" or len(tag) < 10:
        return 0
    length = 0
    for byte in tag[6:]:  # seven bits each
        length = length << 7 | byte & 0x7F
    return 10 + length + (10 if tag[5] & 0x10 else 0)


def _cut(stated: int, present: int, what: str) -> str | None:
    return f"{what} holds {max(0, present)} of {stated} bytes" if present < stated else None


def _riff(file: BinaryIO, size: int) -> Header:
    magic = _at(file, 0, 4)
    container = "RF64" if magic == b"RF64" else "WAV"
    order: Literal["big", "little"] = "big" if magic == b"RIFX" else "little"
    riff_end = 8 + int.from_bytes(_at(file, 4, 4), order)
    channels = sample_rate = size64 = None
    position = 12
    for _ in range(_MOST_CHUNKS):
        chunk = _at(file, position, 8)
        if len(chunk) < 8:
            break
        name, length = chunk[:4], int.from_bytes(chunk[4:], order)
        body = position + 8
        if name == b"ds64":
            size64 = int.from_bytes(_at(file, body + 8, 8), order)
        elif name == b"fmt ":
            fields = _at(file, body + 2, 6)
            channels = int.from_bytes(fields[:2], order)
            sample_rate = int.from_bytes(fields[2:], order)
        elif name == b"data":
            if container == "RF64" and length == 0xFFFF_FFFF and size64 is not None:
                length = size64
            elif length == 0 and body < size and (riff_end <= body or riff_end > size):
                return Header(container, channels, sample_rate, unsized=position + 4)
            elif length >= _STREAMED:
                return Header(container, channels, sample_rate)
            missing = _cut(length, size - body, "its data chunk")
            return Header(container, channels, sample_rate, missing=missing)
        position = body + length + length % 2
    return Header(container, channels, sample_rate, missing="there is no data chunk")


def _aiff(file: BinaryIO, size: int) -> Header:
    position = 12
    for _ in range(_MOST_CHUNKS):
        chunk = _at(file, position, 8)
        if len(chunk) < 8:
            break
        length = int.from_bytes(chunk[4:], "big")
        if chunk[:4] == b"SSND":
            streamed = length >= _STREAMED
            missing = None if streamed else _cut(length, size - position - 8, "its SSND chunk")
            return Header("AIFF", missing=missing)
        position += 8 + length + length % 2
    return Header("AIFF", missing="there is no SSND chunk")


def _au(file: BinaryIO, size: int) -> Header:
    fields = _at(file, 0, 24)
    order: Literal["big", "little"] = "big" if fields[:4] == b".snd" else "little"
    offset, length, _, sample_rate, channels = (
        int.from_bytes(fields[i : i + 4], order) for i in range(4, 24, 4)
    )
    streamed = length >= _STREAMED
    missing = None if streamed else _cut(length, size - offset, "its data")
    return Header("AU", channels, sample_rate, missing=missing)


def _flac(file: BinaryIO, start: int) -> Header:
    # STREAMINFO comes first: 20 bits of rate, 3 of channels - 1, from the tenth byte of its body.
    fields = int.from_bytes(_at(file, start + 18, 8), "big")
    return Header("FLAC", (fields >> 41 & 7) + 1, fields >> 44)


def _ogg_missing(file: BinaryIO, size: int) -> str | None:
    """What shows that an Ogg file lacks its end: the last page carries the end-of-stream flag."""
    base = max(0, size - _LONGEST_PAGE)
    tail = _at(file, base, _LONGEST_PAGE)
    page = tail.rfind(b"OggS")
    while page >= 0 and tail[page + 4 : page + 5] > b"\0":  # the letters by chance: version is 0
        page = tail.rfind(b"OggS", 0, page)
    header = tail[page : page + 27]
    if page < 0 or len(header) < 27:
        return "its last page is cut"
    segments = tail[page + 27 : page + 27 + header[26]]
    if len(segments) < header[26] or page + 27 + header[26] + sum(segments) > len(tail):
        return "its last page is cut"
    if header[14:18] not in _ogg_streams(file):
        return "other streams follow the first, which alone is decoded"
    return None if header[5] & 4 else "its last page is not marked as the end of the stream"


def _ogg_streams(file: BinaryIO) -> set[bytes]:
    """The serial numbers of the streams that an Ogg file begins with: side by side, not in turn."""
    found: set[bytes] = set()
    position = 0
    for _ in range(_MOST_STREAMS):
        header = _at(file, position, 27)
        if len(header) < 27 or header[:4] != b"OggS" or not header[5] & 2:
            break
        found.add(header[14:18])
        segments = _at(file, position + 27, header[26])
        position += 27 + len(segments) + sum(segments)
    return found


def _mp3(found: mpeg.Walk) -> Header:
    missing = None
    if found.cut:
        missing = "its last frame is cut"
    elif found.declared is not None and found.frames < found.declared - 1:
        # Some encoders count the Xing frame itself: one frame less is no sign.
        missing = f"it holds {found.frames} of {found.declared} frames"
    first = found.first
    return Header("MP3", first.channels, first.sample_rate, found.samples, missing)
