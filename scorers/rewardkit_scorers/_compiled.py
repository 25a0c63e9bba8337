# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Loops compiled by numba, kept on disk so that only the first run on a machine compiles."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import numba

Function = TypeVar("Function", bound=Callable[..., Any])


def compiled(function: Function) -> Function:
    """Compile on first call, release Python's lock while running, and keep the machine code.

    Without fast-math: sums are done in the order written, so a clip's numbers never depend on
    where the compiler found it convenient to regroup them.

    Example:
        >>> @compiled
        ... def twice(x: float) -> float:
        ...     return 2 * x
        >>> twice(1.5)
        3.0
    """
    options: dict[str, Any] = {"nogil": True, "error_model": "numpy"}
    try:
        made: Function = numba.njit(cache=True, **options)(function)
    except RuntimeError:  # nowhere to keep it: no file, or neither its folder nor home is writable
        made = numba.njit(**options)(function)
    return made
