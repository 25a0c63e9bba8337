# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: Apache-2.0
"""Word and character error rates: Levenshtein distance over the length of the reference.

Levenshtein 1966, "Binary codes capable of correcting deletions, insertions, and reversals". Both
texts are normalised first: Unicode NFKC, case folded, punctuation dropped except apostrophes
inside words. A letter keeps its marks, such as the vowel signs of Devanagari and Arabic. Numbers
are not spelt out: "7" and "seven" differ. Words are what spaces and punctuation part: for a script
that writes none between words (Thai, Chinese), take the character error rate.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Hashable, Sequence
from typing import Final

from rewardkit.errors import RewardkitError

_WORD: Final = re.compile("a[am]*(?:'a[am]*)*")
"""A word, in the kinds of its characters: letters and digits, marks, apostrophes."""


def words(text: str) -> list[str]:
    """The words of a text, normalised.

    Example:
        >>> words("He'd said: “STOP!”")
        ["he'd", 'said', 'stop']
    """
    folded = unicodedata.normalize("NFKC", text).casefold().replace("’", "'")
    plain = unicodedata.normalize("NFKC", folded).replace("i\u0307", "i")  # folded from "İ"
    plain = plain.replace("\u200b", " ")  # a space, if of no width; other format characters go
    plain = "".join(c for c in plain if unicodedata.category(c) != "Cf")
    return [plain[slice(*match.span())] for match in _WORD.finditer("".join(map(_kind, plain)))]


def _kind(character: str) -> str:
    if character.isalnum():
        return "a"
    if character == "'":
        return "'"
    return "m" if unicodedata.category(character).startswith("M") else " "


def edits(found: Sequence[Hashable], wanted: Sequence[Hashable]) -> int:
    """The least number of insertions, deletions and substitutions that make one of the other.

    Example:
        >>> edits("kitten", "sitting")
        3
    """
    row = list(range(len(wanted) + 1))
    for i, item in enumerate(found, 1):
        diagonal, row[0] = row[0], i
        for j, other in enumerate(wanted, 1):
            diagonal, row[j] = (
                row[j],
                min(row[j] + 1, row[j - 1] + 1, diagonal + (item != other)),
            )
    return row[-1]


def word_error_rate(heard: str, text: str) -> float:
    """Word errors per word of the text: 0 is perfect, and more than 1 is possible.

    Raises:
        RewardkitError: `no_text` when the text has no words.

    Example:
        >>> word_error_rate("the cat sat on a mat", "The cat sat on the mat.")
        0.16666666666666666
    """
    return _rate(words(heard), words(text))


def character_error_rate(heard: str, text: str) -> float:
    """Errors per character of the text, spaces and punctuation left out.

    Raises:
        RewardkitError: `no_text` when the text has no words.

    Example:
        >>> character_error_rate("see you", "see your")
        0.14285714285714285
    """
    return _rate("".join(words(heard)), "".join(words(text)))


def _rate(heard: Sequence[str], wanted: Sequence[str]) -> float:
    if not wanted:
        raise RewardkitError("no_text", "an error rate needs a text with at least one word")
    return edits(heard, wanted) / len(wanted)
