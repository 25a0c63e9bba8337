# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: Apache-2.0
"""Everything that can be wrong with a dialogue, by code."""

from __future__ import annotations

from typing import Final

from rewardkit.errors import RewardkitError

DIALOGUE_CODES: Final = {
    "not_a_file": "the dialogue file is missing, a folder, or not a regular file",
    "unknown_format": "the file's suffix is not .jsonl or .ndjson",
    "invalid": "the file has errors (they are listed)",
    "empty": "the file holds no turn",
    "bad_encoding": "not UTF-8 text",
    "bad_json": "a line is not one JSON object",
    "line_too_long": "a line is longer than any turn can be",
    "duplicate_key": "a name stands twice in one line",
    "unknown_column": "a name that means nothing here",
    "missing_column": "a value that is needed is absent or empty",
    "wrong_type": "a value of another type than its name asks for",
    "bad_time": "a time that is not finite, or an end that is not after its start",
    "missing_clip": "a clip's file is not there, or is not a regular file",
    "bad_turn": "a turn without a speaker, or with impossible times",
    "too_few_turns": "a dialogue of fewer than two turns",
    "unordered": "turns that do not stand in the order in which they begin",
    "not_comparable": "no turn has another one to be compared with",
}
"""Codes of `DialogueError`. Clips that can't be read or measured keep the codes of theirs."""


class DialogueError(RewardkitError):
    """A dialogue, or a file of dialogues, that can't be used; see `DIALOGUE_CODES`."""
