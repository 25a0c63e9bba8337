# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: Apache-2.0
"""Files that a request names: inside one folder, and never through a link."""

from __future__ import annotations

import contextlib
import os
import stat
from pathlib import Path

from rewardkit.errors import AudioError


def read_under(root: Path, name: str, most: int) -> bytes:
    """The bytes of a regular file inside a folder.

    Each part of the path is opened in the folder before it, without following links: nothing
    outside can be reached, not even by a link that is put there while the file is opened.

    Args:
        root: The folder, which may itself be reached through links.
        name: The path from there, its parts separated by `/`.
        most: Bytes that the file may hold.

    Raises:
        AudioError: `not_a_file`, `unreadable` or `too_long`; the message does not hold the name.

    Example:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     _ = Path(folder, "a.wav").write_bytes(b"RIFF")
        ...     print(read_under(Path(folder), "a.wav", 100))
        ...     read_under(Path(folder), "../a.wav", 100)
        Traceback (most recent call last):
        ...
        rewardkit.errors.AudioError: not_a_file: a path has no empty part, no '.' and no '..'
    """
    parts = name.split("/")
    if "\0" in name or any(part in ("", ".", "..") for part in parts):
        raise AudioError("not_a_file", "a path has no empty part, no '.' and no '..'")
    if os.open not in os.supports_dir_fd:
        raise AudioError("not_a_file", "this system can't keep paths inside a folder")
    with contextlib.ExitStack() as opened:
        try:
            place = os.open(root, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
            opened.callback(os.close, place)
            for part in parts[:-1]:
                flags = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
                place = os.open(part, flags, dir_fd=place)
                opened.callback(os.close, place)
            flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC
            file = os.open(parts[-1], flags, dir_fd=place)
        except (OSError, UnicodeEncodeError) as error:
            raise AudioError("not_a_file", "there is no such file under the root") from error
        opened.callback(os.close, file)
        found = os.fstat(file)
        if not stat.S_ISREG(found.st_mode):
            raise AudioError("not_a_file", "a folder, a FIFO or a device")
        if found.st_size > most:
            raise AudioError("too_long", f"the file has more than {most} bytes")
        try:
            with os.fdopen(file, "rb", closefd=False) as stream:
                return stream.read(most)
        except OSError as error:
            raise AudioError("unreadable", "the file can't be read") from error
