# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: Apache-2.0
"""The columns of a preference file, and what they mean."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from typing import Final

from rewardkit.preferences.issues import shown

CHOSEN: Final = ("chosen", "rejected")
"""The pair in TRL's form: paths of the better and of the worse clip."""

PAIR: Final = ("audio_a", "audio_b")
"""The pair in the form that keeps the sides on which the clips were presented."""

VOTES: Final = ("votes_a", "votes_b", "votes_tie")
"""The answer as counts of judgements; `votes_tie` may be left out."""

COLUMNS: Final = {
    "chosen": "path of the better clip",
    "rejected": "path of the worse clip",
    "prompt": "what is said, in TRL's name: the same as text",
    "margin": "by how much the better clip is better, on the data's own scale, ≥ 0",
    "audio_a": "path of the clip on side a",
    "audio_b": "path of the clip on side b",
    "preference": "the answer of one rater: a, b or tie",
    "votes_a": "how many raters chose a",
    "votes_b": "how many raters chose b",
    "votes_tie": "how many raters saw no difference; 0 where absent",
    "win": "the answer as a share of a in 0 … 1, ties counted half, where no counts are known",
    "tie": "the share of ties in 0 … 1 that win holds; 0 where absent",
    "strength": "how clear the answer is: 1 slightly, 2 clearly, …; > 0, multiplies the weight",
    "dimension": "what was judged; overall where absent",
    "rater": "who judged",
    "weight": "how many times each judgement of the row counts; finite, ≥ 0, 1 where absent",
    "speaker": "who speaks in both clips",
    "speaker_a": "who speaks in a (or in the chosen clip)",
    "speaker_b": "who speaks in b (or in the rejected clip)",
    "text": "what is said",
    "language": "what language is spoken in both clips, such as a BCP 47 tag: de, en-GB",
    "system_a": "what made a (or the chosen clip)",
    "system_b": "what made b (or the rejected clip)",
}
"""Every column by name. Paths are relative to the preference file's folder, or absolute."""

Problem = tuple[str, str]
"""A code and a message."""


def nearest(name: str, names: Iterable[str]) -> str:
    """The hint that ends a message about an unknown name: the closest known one, if any is close.

    Example:
        >>> nearest("chosn", COLUMNS)
        "; did you mean 'chosen'?"
        >>> nearest("qqq", COLUMNS)
        ''
    """
    close = difflib.get_close_matches(name[:64].lower(), list(names), n=1)
    return f"; did you mean {close[0]!r}?" if close else ""


def unknown(names: Iterable[str]) -> list[Problem]:
    """The problems of columns that mean nothing here.

    Columns whose names begin with an underscore are the user's own, and ignored.

    Example:
        >>> unknown(["audio_a", "_note", "ratr"])
        [('unknown_column', "unknown column 'ratr'; did you mean 'rater'?")]
    """
    return [
        ("unknown_column", f"unknown column {shown(name)}{nearest(name, COLUMNS)}")
        for name in names
        if name not in COLUMNS and not name.startswith("_")
    ]
