# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: Apache-2.0
"""The stable codes of everything that can be wrong, or odd, in a preference file."""

from __future__ import annotations

from typing import Final

ERROR_CODES: Final = {
    "not_a_file": "the preference file is missing, not a regular file, or may not be read",
    "unknown_format": "the file's suffix is not .jsonl, .csv or .parquet",
    "invalid": "the file has errors (they are listed)",
    "empty": "the file holds no preference",
    "bad_encoding": "not UTF-8 text",
    "bad_json": "a line is not one JSON object",
    "bad_csv": "a record is not well-formed CSV, or has another number of cells than the header",
    "bad_parquet": "not a Parquet file that can be read",
    "bad_gzip": "a packed file that is damaged, cut off, or not packed by gzip",
    "line_too_long": "a line, or a value, is longer than any preference can be",
    "duplicate_key": "a name stands twice in one row or header",
    "unknown_column": "a column that means nothing here",
    "missing_column": "a column that is needed is absent or empty",
    "conflicting_columns": "columns that exclude each other are both filled",
    "wrong_type": "a value of another type than its column holds",
    "out_of_range": "a number or answer outside its scale",
    "bad_weight": "a weight that is negative or not finite",
    "bad_votes": "vote counts that are negative, not whole, or all zero",
    "unknown_dimension": "a dimension that was not among those asked for",
    "same_clip": "both sides are one clip: the same path, or the same decoded sound",
    "missing_clip": "a clip's file is not there, or is not a regular file",
    "unreadable_clip": "a clip's file is there but can't be used as sound",
    "conflicting_speakers": "one clip is said to be by two speakers",
    "leak": "a clip, or a group that was to stay together, is on both sides of a split",
    "unsplittable": "the preferences can't be parted without tearing a comparison apart",
}
"""Errors: nothing is trained on a file that has one, unless told to skip those rows."""

WARNING_CODES: Final = {
    "duplicate_votes": "one rater gave the same answer on the same pair again: added up as counts",
    "shortcut": "a trivial rule (longer, louder, side, system) predicts the answers",
    "disconnected": "the clips of a dimension fall into groups that are never compared",
    "few_pairs": "too few different pairs in a dimension to learn from",
}
"""Warnings: legal, but what is learned from the file may not be what was meant."""

PREFERENCE_CODES: Final = {**ERROR_CODES, **WARNING_CODES}
"""Every code that a preference file can give, with what it means."""
