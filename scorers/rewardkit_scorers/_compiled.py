# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Loops compiled by numba, kept on disk so that only the first run on a machine compiles."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

import numba

Function = TypeVar("Function", bound=Callable[..., Any])

_ROOT = Path(__file__).parent
_IMPORT = re.compile(rf"^ *from {_ROOT.name}(\S*) import (\([^)]*\)|.*)$", re.MULTILINE)


def compiled(function: Function) -> Function:
    """Compile on first call, release Python's lock while running, and keep the machine code.

    Without fast-math: sums are done in the order written, so a clip's numbers never depend on
    where the compiler found it convenient to regroup them.

    Machine code holds that of the compiled functions it calls, and the constants it uses. numba
    by itself keeps it until the function's own file changes; here it is made anew when any file
    of this package changes that the function's file imports, directly or not.

    Example:
        >>> @compiled
        ... def twice(x: float) -> float:
        ...     return 2 * x
        >>> twice(1.5)
        3.0
    """
    options: dict[str, Any] = {"nogil": True, "error_model": "numpy"}
    try:
        made: Any = numba.njit(cache=True, **options)(function)
        kept = getattr(made, "_cache", None)  # none when numba is told not to compile
        if kept is not None:
            kept._cache_file._source_stamp = digest(Path(function.__code__.co_filename))
    except (RuntimeError, AttributeError, OSError):
        # Nowhere to keep it (no file, or neither its folder nor home is writable), or a numba that
        # keeps it in another way.
        made = numba.njit(**options)(function)
    result: Function = made
    return result


@cache
def digest(file: Path) -> str:
    """SHA-256 (hex) of a source file and of all in this package that it imports."""
    found: set[Path] = set()
    waiting = [file]
    while waiting:
        path = waiting.pop()
        if path in found:
            continue
        found.add(path)
        waiting += _imported(path)
    contents = (_read(path) for path in sorted(found))
    return hashlib.sha256("\0".join(contents).encode()).hexdigest()


def _imported(file: Path) -> list[Path]:
    """The modules of this package that a source file imports."""
    files = []
    for dotted, names in _IMPORT.findall(_read(file)):
        base = _ROOT.joinpath(*dotted.split("."))
        files += [base.with_suffix(".py")]
        files += [base / f"{name}.py" for name in re.findall(r"\w+", names)]
    return [path for path in files if path.is_file()]


@cache
def _read(file: Path) -> str:
    """A file's text."""
    return file.read_text(encoding="utf-8")
