# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: Apache-2.0
"""What `rewardkit score` was given, as a list of clips: files, folders, globs, lists, `-`."""

from __future__ import annotations

import glob
import json
import re
import stat
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from rewardkit.errors import RewardkitError

AUDIO_ENDINGS: Final = frozenset(
    ".wav .wave .rf64 .flac .ogg .oga .opus .mp3 .aiff .aif .au".split()
)
"""Files with these endings are taken from a folder; a file named outright may have any."""

_LIST_ENDINGS: Final = frozenset({".txt", ".lst", ".jsonl"})
_SOUND_MAGIC: Final = (b"RIFF", b"RIFX", b"RF64", b"fLaC", b"OggS", b"ID3", b"FORM", b".snd",
                       b"\xff\xfb", b"\xff\xfa", b"\xff\xf3", b"\xff\xf2", b"\xff\xe3",
                       b"\xff\xe2")  # fmt: skip

Input = tuple[str, "str | bytes"]
"""A name to print, and what to read: a path or encoded sound."""


def expand(arguments: list[str]) -> Iterator[Input]:
    """Clips in the order given; a folder's or a glob's in name order.

    Args:
        arguments: Files; folders (searched to any depth); globs; lists of paths (`.txt`, one a
            line, or `.jsonl` with `path` or `audio`), relative to the list's folder; or `-`,
            which is one encoded clip or a list of paths on standard input.

    Raises:
        RewardkitError: `no_clips` for a folder without audio files and for an empty list,
            `bad_list` for a list that can't be read.
    """
    for argument in arguments:
        path = Path(argument)
        kind = _kind(path)
        if argument == "-":
            yield from _standard_input()
        elif kind == stat.S_IFDIR:
            yield from _folder(path)
        elif path.suffix.lower() in _LIST_ENDINGS and kind == stat.S_IFREG:
            yield from _list(path.read_bytes(), path.parent, argument)
        elif kind is None and glob.has_magic(argument):
            matches = sorted(glob.glob(argument, recursive=True))  # noqa: PTH207  # any root
            if not matches:
                raise RewardkitError("no_clips", f"nothing matches {argument!r}")
            yield from expand(["./-" if m == "-" else m for m in matches])
        else:
            yield argument, argument


def _kind(path: Path) -> int | None:
    """A file, a folder or something else, as in `stat`; None for what can't be looked at."""
    try:
        return stat.S_IFMT(path.stat().st_mode)
    except OSError:  # not there, too long a name, a folder that others may not enter
        return None


def _folder(folder: Path) -> Iterator[Input]:
    found = sorted(
        path
        for path in folder.rglob("*")
        if path.suffix.lower() in AUDIO_ENDINGS and _kind(path) != stat.S_IFDIR
    )
    if not found:
        raise RewardkitError("no_clips", f"no audio files in {folder}")
    for path in found:
        yield str(path), str(path)


def _standard_input() -> Iterator[Input]:
    data = sys.stdin.buffer.read()
    if data.startswith(_SOUND_MAGIC):
        yield "-", data
    else:
        yield from _list(data, Path(), "standard input")


def _list(data: bytes, folder: Path, name: str) -> Iterator[Input]:
    """Paths, one a line or separated by NUL; lines that begin with `{` are JSON objects."""
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise RewardkitError("bad_list", f"{name}: neither sound nor a list in UTF-8") from error
    if not text.strip("\0 \t\r\n"):
        raise RewardkitError("no_clips", f"{name} is empty: it has neither sound nor a path")
    # To `splitlines`, a U+2028 in a name would be the end of a line too.
    lines = text.split("\0") if "\0" in text else re.split("\r\n|\r|\n", text)
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        entry = line
        if line.lstrip().startswith("{"):
            try:
                row = json.loads(line)
                entry = row["path"] if "path" in row else row["audio"]
            except (ValueError, KeyError, RecursionError) as error:
                raise RewardkitError(
                    "bad_list", f"{name}:{number}: want a JSON object with `path` or `audio`"
                ) from error
            if not isinstance(entry, str):
                raise RewardkitError("bad_list", f"{name}:{number}: the path is not a string")
        path = str(folder / entry)
        yield path, path
