# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: Apache-2.0
"""Merging duplicate votes: the same answer on the same pair becomes one preference with counts."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping

from rewardkit.errors import PreferenceError
from rewardkit.preferences.record import Preference, Votes, share


def merge(
    preferences: Iterable[Preference], keys: Mapping[str, str] | None = None
) -> tuple[list[Preference], int]:
    """Add up preferences of the same pair, dimension, rater and answer.

    Weights and votes add up, so the loss stays what it was. Answers that contradict each other
    stay apart. The side on which a clip stands does not matter; the first row's is kept, as is
    all else it says.

    Args:
        preferences: In any order.
        keys: Hashes of the sounds by path: clips of the same sound are the same clip.

    Returns:
        The preferences in order of first occurrence, and how many were merged into others.

    Example:
        >>> one, other = Preference("x", "y", 1.0), Preference("y", "x", 0.0)
        >>> merged, count = merge([one, other])
        >>> merged[0].votes, merged[0].weight, count
        ((2, 0, 0), 2.0, 1)
    """
    keys = keys or {}
    first: dict[tuple[object, ...], int] = {}
    merged: list[Preference] = []
    count = 0
    for preference in preferences:
        a, b = (keys.get(path, path) for path in (preference.a, preference.b))
        # Rounded, because 1 - 1/3 is not quite 2/3.
        win = round(preference.win if a <= b else 1.0 - preference.win, 12)
        answer = (min(a, b), max(a, b), win, round(preference.tie, 12), preference.strength)
        identity = (answer, preference.dimension, preference.rater, preference.margin)
        place = first.setdefault(identity, len(merged))
        if place == len(merged):
            merged.append(preference)
            continue
        same_side = keys.get(merged[place].a, merged[place].a) == a
        merged[place] = _sum(merged[place], preference if same_side else preference.swapped())
        count += 1
    return merged, count


def by_sound(preferences: Iterable[Preference], keys: Mapping[str, str]) -> list[Preference]:
    """The same preferences, each sound under the first of its paths.

    A preference is left out when both its sides are one sound.

    Args:
        preferences: In any order.
        keys: Hashes of the sounds by path; a path that has none stays as it is.

    Raises:
        PreferenceError: `conflicting_speakers` when one sound is said to be by two speakers.

    Example:
        >>> keys = {"x": "1", "copy of x": "1", "y": "2"}
        >>> pairs = [Preference("x", "y", 1.0), Preference("y", "copy of x", 0.0)]
        >>> [(p.a, p.b) for p in by_sound(pairs, keys)]
        [('x', 'y'), ('y', 'x')]
    """
    first: dict[str, str] = {}
    said: dict[str, tuple[str, str]] = {}

    def one(path: str, speaker: str | None) -> str:
        key = keys.get(path)
        if key is None:
            return path
        if speaker is not None:
            other, by = said.setdefault(key, (path, speaker))
            if by != speaker and other != path:  # `index` refuses two speakers of one path
                message = f"{other} and {path} hold one sound, said to be by {by!r} and {speaker!r}"
                raise PreferenceError("conflicting_speakers", message)
        return first.setdefault(key, path)

    named = [(one(p.a, p.speakers[0]), one(p.b, p.speakers[1]), p) for p in preferences]
    return [dataclasses.replace(p, a=a, b=b) for a, b, p in named if a != b]


def _sum(one: Preference, other: Preference) -> Preference:
    """One preference for two with the same answer and sides."""
    votes: Votes | None = None
    if one.counts is not None and other.counts is not None:
        (a, b, tie), (more_a, more_b, more_tie) = one.counts, other.counts
        votes = (a + more_a, b + more_b, tie + more_tie)
    return dataclasses.replace(
        one,
        win=one.win if votes is None else share(votes),
        weight=one.weight + other.weight,
        votes=votes,
    )
