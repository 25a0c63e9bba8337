# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: Apache-2.0
"""How a program of ours starts quickly."""

from __future__ import annotations

import contextlib
import gc
from collections.abc import Iterator


@contextlib.contextmanager
def starting() -> Iterator[None]:
    """Python's search for cycles of garbage rests inside, and later passes over what was made.

    Imports and compiled code make some hundred thousand objects that all stay; to go through them
    again and again takes a seventh of a start. For processes that are ours, not for a library
    call: how a host program collects its garbage is its own affair.

    Example:
        >>> with starting():
        ...     gc.isenabled()
        False
        >>> gc.isenabled()
        True
    """
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        if enabled:
            gc.enable()
