# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: Apache-2.0
"""Encoded sound, a regular file or bytes, to mono float32 blocks, guarded at every step."""

from __future__ import annotations

import errno
import io
import math
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, BinaryIO, Final, cast

import numpy as np
import soundfile
from numpy.typing import NDArray

from rewardkit.audio import header as container
from rewardkit.audio.limits import Limits
from rewardkit.errors import AudioError

_BLOCK: Final = 1 << 18
"""Frames decoded at a time, 16 s at 16 kHz; bounds what one wrong header can make us allocate."""
_UNKNOWN: Final = 1 << 62
"""libsndfile gives 2^63 - 1 frames for a header that leaves the length open."""
_NO_FILE: Final = {errno.ENOENT, errno.ENOTDIR, errno.EISDIR, errno.ELOOP, errno.ENXIO}
_MP3_SLACK: Final = 4
"""Frames of an MP3 file that hold encoder delay and padding, which decoders leave out."""


def open_regular(path: str | os.PathLike[str]) -> BinaryIO:
    """Open a regular file for reading, and nothing else.

    The opened descriptor is checked, not the path, and opening never blocks: a FIFO that nobody
    writes to, `/dev/zero` and a folder are refused at once.

    Raises:
        AudioError: `not_a_file`, or `unreadable` when the file can't be opened.
    """
    flags = os.O_RDONLY
    for name in ("O_NONBLOCK", "O_NOCTTY", "O_CLOEXEC", "O_BINARY"):  # not all on every system
        flags |= getattr(os, name, 0)
    source = os.fsdecode(path)
    try:
        descriptor = os.open(path, flags)
    except ValueError as error:
        raise AudioError("not_a_file", f"{source!r}: {error}") from error
    except OSError as error:
        code = "not_a_file" if error.errno in _NO_FILE else "unreadable"
        raise AudioError(code, f"{source!r} can't be opened: {error.strerror}") from error
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise AudioError(
            "not_a_file", f"{source!r} is a folder, a FIFO or a device; only regular files are read"
        )
    return os.fdopen(descriptor, "rb")


class _Straight(soundfile.SoundFile):  # type: ignore[misc]  # soundfile has no types
    """Reads straight on.

    soundfile seeks to where it is after every read. That makes libmpg123 decode anew from a frame
    whose bit reservoir is gone (other samples, warnings on stderr), and fails at the end of FLAC
    files whose header leaves the length open.
    """

    def seekable(self) -> bool:
        return False


class _Sized(io.RawIOBase):
    """A WAV file with the size of its data chunk, stated as 0, shown as "until the end"."""

    def __init__(self, file: BinaryIO, position: int) -> None:
        self._file, self._position = file, position

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        return self._file.seek(offset, whence)

    def tell(self) -> int:
        return self._file.tell()

    def readinto(self, buffer: Any) -> int:
        at = self._file.tell()
        data = bytearray(self._file.read(len(buffer)))
        for i in range(max(self._position, at), min(self._position + 4, at + len(data))):
            data[i - at] = 0xFF
        buffer[: len(data)] = data
        return len(data)


class Decoder:
    """An open source of sound.

    Args:
        file: Encoded sound, open for reading, seekable.
        source: For messages.
        limits: What the sound must satisfy.
        whole: Whether the limits on duration and decoded bytes hold for the whole source.

    Raises:
        AudioError: `unreadable`, `truncated`, `bad_format`, `too_long`, from the header alone.
    """

    def __init__(self, file: BinaryIO, source: str, limits: Limits, *, whole: bool) -> None:
        self._source, self._limits, self._whole = source, limits, whole
        header = container.read(file, source, limits.max_duration if whole else math.inf)
        if header.channels is not None and header.sample_rate is not None:
            limits.check_format(header.sample_rate, header.channels, source)
        if header.missing is not None and not limits.allow_truncated:
            raise AudioError(
                "truncated",
                f"{source!r} was cut off: {header.missing}; "
                "allow it with Limits(allow_truncated=True)",
            )
        file.seek(0)
        shown = file if header.unsized is None else cast(BinaryIO, _Sized(file, header.unsized))
        try:
            self._sound = _Straight(shown)
        except soundfile.LibsndfileError as error:
            raise AudioError(
                "unreadable", f"{source!r} can't be decoded: {error.error_string}"
            ) from error
        self.sample_rate: int = self._sound.samplerate
        limits.check_format(self.sample_rate, self._sound.channels, source)
        # An MP3 file without a Xing header has no stated length: libsndfile's is a guess.
        self._counted = header.frames
        stated = self._sound.frames if header.frames is None else header.frames
        self._stated: int | None = stated if stated < _UNKNOWN else None
        if whole and self._stated is not None:
            slack = 0 if header.frames is None else _MP3_SLACK * 1152
            limits.check_at_most(max(0, self._stated - slack), self.sample_rate, source)

    def close(self) -> None:
        """Free the decoder."""
        self._sound.close()

    def blocks(self) -> Iterator[NDArray[np.float32]]:
        """Decode to the end: the mean of the channels, in float32 blocks of shape `(n,)`.

        Raises:
            AudioError: `unreadable`, `too_long`, `nonfinite`, `out_of_range`, `truncated`.
        """
        # Doubles out of float32's range would become infinities before they are looked at; 16 bits
        # are read as they are, which takes libsndfile a third of the time.
        dtype = {"DOUBLE": "float64", "PCM_16": "int16"}.get(self._sound.subtype, "float32")
        total = 0
        while True:
            try:
                block = self._sound.read(_BLOCK, dtype=dtype, always_2d=True)
            except soundfile.LibsndfileError as error:
                raise AudioError(
                    "unreadable",
                    f"{self._source!r} can't be decoded after {total / self.sample_rate:.2f} s: "
                    f"{error.error_string or 'the data is damaged or cut off'}",
                ) from error
            if len(block) == 0:
                break
            if dtype == "int16":
                block = np.multiply(block, np.float32(2**-15), dtype=np.float32)
            total += len(block)
            if self._whole:
                self._limits.check_at_most(total, self.sample_rate, self._source)
            self._limits.check_samples(block, self._source)
            yield downmix(block, axis=1)
        self._check_end(total)

    def _check_end(self, total: int) -> None:
        if self._stated is None or self._limits.allow_truncated:
            return
        if self._counted is not None:
            if total < self._counted - _MP3_SLACK * 1152:
                raise AudioError(
                    "unreadable",
                    f"{self._source!r} decodes to {total} of {self._counted} samples: it is "
                    "damaged, or its bit rate varies and no Xing header says so; encode it again",
                )
        elif total < self._stated:
            raise AudioError(
                "truncated",
                f"{self._source!r} decodes to {total} of the {self._stated} frames in its header",
            )


def downmix(samples: NDArray[np.floating[Any]], axis: int) -> NDArray[np.float32]:
    """The mean of the channels, float32 of shape `(n,)`.

    Example:
        >>> downmix(np.array([[1.0, 0.5], [0.0, 0.5]]), axis=0)
        array([0.5, 0.5], dtype=float32)
    """
    if samples.shape[axis] == 1:
        return np.ascontiguousarray(samples.squeeze(axis), dtype=np.float32)
    return np.ascontiguousarray(samples.mean(axis=axis, dtype=samples.dtype), dtype=np.float32)


def named(source: str | os.PathLike[str] | bytes) -> str:
    """What a source is called in messages."""
    return "<bytes>" if isinstance(source, bytes) else os.fsdecode(source)


@contextmanager
def decoding(
    source: str | os.PathLike[str] | bytes, limits: Limits, *, whole: bool
) -> Iterator[Decoder]:
    """Open a path or bytes for decoding, and close it afterwards; see `Decoder`."""
    name = named(source)
    file = io.BytesIO(source) if isinstance(source, bytes) else open_regular(source)
    with file:
        decoder = Decoder(file, name, limits, whole=whole)
        try:
            yield decoder
        finally:
            decoder.close()
