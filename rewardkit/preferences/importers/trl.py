# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: Apache-2.0
"""TRL's preference format, standard or conversational: `chosen` and `rejected`, maybe `prompt`.

Each side is a path, or a list of messages `{"role", "content"}` whose last one by the assistant is
the clip: its content a path, or a list of parts of which one is `{"type": "audio", …}` with a
`path`, `audio` or `url`. `margin`, or the difference of `score_chosen` and `score_rejected`, is
kept.

Source: https://huggingface.co/docs/trl/dataset_formats (preference, implicit or explicit prompt).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from rewardkit.preferences.importers.source import Source, text_of
from rewardkit.preferences.issues import shown
from rewardkit.preferences.record import Preference


def read(source: Source) -> Iterator[Preference]:
    """A preference for each row, `chosen` as a; the sides as shown are not known."""
    for line, row in source.rows():
        chosen, rejected = (
            source.clip(_said(row.get(name)), line, name) for name in ("chosen", "rejected")
        )
        if chosen is None or rejected is None:
            continue
        numbers = [row.get(name) for name in ("margin", "score_chosen", "score_rejected")]
        if not all(n is None or isinstance(n, (int, float)) for n in numbers):
            source.bad(line, "wrong_type", f"margin and scores are {shown(numbers)}")
            continue
        try:
            margin, better, worse = (None if n is None else float(n) for n in numbers)
        except OverflowError:
            source.bad(line, "out_of_range", f"margin and scores are {shown(numbers)}")
            continue
        if margin is None and better is not None and worse is not None:
            margin = better - worse
        if margin is not None and not margin >= 0:
            source.bad(line, "out_of_range", f"the rejected clip is better by {shown(-margin)}")
            continue
        yield from source.make(
            line, chosen, rejected, 1.0, dimension=source.dimension("overall"), side_known=False,
            margin=margin, text=_prompt(row.get("prompt")),
        )  # fmt: skip


def _said(side: Any) -> Any:
    """The clip of one side: what it is, or what the last message holds."""
    if not isinstance(side, list):
        return side
    messages = [m for m in side if isinstance(m, dict) and m.get("role", "assistant") != "user"]
    return _part(messages[-1].get("content"), "audio") if messages else None


def _prompt(prompt: Any) -> str | None:
    """The text of the last message of a prompt."""
    if isinstance(prompt, list) and prompt and isinstance(prompt[-1], dict):
        prompt = _part(prompt[-1].get("content"), "text")
        prompt = prompt.get("text") if isinstance(prompt, dict) else prompt
    return text_of(prompt)


def _part(content: Any, kind: str) -> Any:
    """The last part of a kind, of a content that has parts."""
    if not isinstance(content, list):
        return content
    parts = [part for part in content if isinstance(part, dict) and part.get("type") == kind]
    return parts[-1] if parts else None
