# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Files that decide a network's numbers: their digest, and the packages that read them."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from functools import lru_cache
from importlib import import_module
from pathlib import Path
from typing import Any

from rewardkit.errors import CheckpointError


def digest(files: Sequence[tuple[str, Path]]) -> str:
    """SHA-256 (hex) over the names and contents of some files, in order.

    A file's content is hashed again only when its size or its time of change differs.

    Args:
        files: Pairs of a name, which stands for the file wherever it lies, and its path.

    Raises:
        CheckpointError: `missing_file`.

    Example:
        >>> digest([])[:8]
        'e3b0c442'
    """
    whole = hashlib.sha256()
    for name, path in files:
        try:
            stat = path.stat()
            content = _content(path, stat.st_size, stat.st_mtime_ns)
        except OSError as error:
            raise CheckpointError("missing_file", f"{path}: {error.strerror}") from error
        whole.update(f"{name} {content}\n".encode())
    return whole.hexdigest()


@lru_cache(maxsize=256)
def _content(path: Path, size: int, modified: int) -> str:  # noqa: ARG001 - the cache's key
    found = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(1 << 20):
            found.update(block)
    return found.hexdigest()


def optional(module: str, extra: str, purpose: str) -> Any:
    """Import a package that comes with an extra.

    Args:
        module: Its import name.
        extra: The extra of this distribution that brings it.
        purpose: What needs it, for the message.

    Raises:
        CheckpointError: `missing_extra` when it is not installed.

    Example:
        >>> optional("nowhere", "quality", "DistillMOS")
        Traceback (most recent call last):
        ...
        rewardkit.errors.CheckpointError: missing_extra: DistillMOS needs nowhere: pip install ...
    """
    try:
        return import_module(module)
    except ImportError as error:
        raise CheckpointError(
            "missing_extra",
            f"{purpose} needs {module}: pip install 'speech-rewardkit[{extra}]'",
        ) from error
