# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: Apache-2.0
"""Names of files may hold anything; what is shown of them to people may not."""

from __future__ import annotations


def printable(text: str) -> str:
    """The text, but for what would act on a terminal or has no sign: that is `U+FFFD`.

    Example:
        >>> printable(f"a{chr(27)}[31m.wav") == f"a{chr(0xFFFD)}[31m.wav"
        True
    """
    return "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in text)
