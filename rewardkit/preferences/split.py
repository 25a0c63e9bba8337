# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: Apache-2.0
"""Splitting preferences so that what is held out was never heard in training."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from rewardkit.errors import PreferenceError
from rewardkit.preferences.columns import nearest
from rewardkit.preferences.groups import Groups
from rewardkit.preferences.issues import shown
from rewardkit.preferences.record import Preference

BY: Final = ("speaker", "text")
"""What is kept on one side of a split, besides clips, where it is given and can be."""

Node = tuple[str, str]  # ("clip", path or key), ("speaker", name), ("text", words)


@dataclass(frozen=True)
class Split:
    """Preferences to learn from and preferences to judge by.

    Args:
        train: To learn from.
        valid: To judge by; shares no clip with `train`, nor anything named in `respected`.
        dropped: In neither, because they compare a clip of one side with one of the other.
        respected: What is on one side only: `clip` always.
        relaxed: What was to be, but would have left no usable split.
        name: What is held out, in `folds`.
    """

    train: tuple[Preference, ...]
    valid: tuple[Preference, ...]
    dropped: tuple[Preference, ...] = ()
    respected: tuple[str, ...] = ("clip",)
    relaxed: tuple[str, ...] = ()
    name: str = ""


def split(
    preferences: Iterable[Preference],
    valid: float = 0.2,
    seed: int = 0,
    *,
    by: Sequence[str] = BY,
    keys: Mapping[str, str] | None = None,
    drop: bool = False,
) -> Split:
    """Split at random, whole groups at a time.

    A group is what comparisons connect: clips that were compared, directly or through others,
    and, where given, clips of the same speaker and of the same text. So nothing of a held-out
    preference was heard in training.

    When such groups are too large to hold out about `valid` of the preferences (between half and
    twice as much), the text is given up first, then the speaker (with the text kept), then both;
    clips never are. What was given up stands in `relaxed`. The split depends on the preferences
    and the seed, not on their order.

    Args:
        preferences: All of them.
        valid: The share to hold out, of the preferences (with `drop`: of the clips).
        seed: Of the order in which groups are held out.
        by: What to keep on one side besides clips, the most important first.
        keys: Hashes of the sounds by path: clips of the same sound are the same clip.
        drop: Let comparisons be torn apart: groups are then formed without them, and those
            between the sides are dropped. Needed where everything was compared with everything.

    Raises:
        PreferenceError: `unsplittable` when even clips alone make one group.

    Example:
        >>> pairs = [Preference(f"{i}a", f"{i}b", 1.0, speaker=f"s{i // 2}") for i in range(20)]
        >>> parts = split(pairs, valid=0.2)
        >>> len(parts.train), len(parts.valid), parts.respected
        (16, 4, ('clip', 'speaker'))
    """
    if not 0.0 < valid < 1.0:
        raise ValueError(f"valid is {valid}; it lies between 0 and 1")
    everything = list(preferences)
    given = [kind for kind in _known(by) if any(_values(p, kind) for p in everything)]
    choices: list[list[str]] = [given]
    choices += [given[:-1], given[1:], []] if len(given) == 2 else [[]] * bool(given)
    for kinds in choices:
        held_out = _choose(everything, kinds, keys or {}, valid, seed, drop, force=not kinds)
        if held_out is None:
            continue
        train, held, dropped = _part(everything, held_out, keys or {})
        if train and held:
            return Split(
                train,
                held,
                dropped,
                respected=("clip", *kinds),
                relaxed=tuple(kind for kind in given if kind not in kinds),
            )
    advice = "" if drop else "; drop=True parts it and leaves out the comparisons between the sides"
    raise PreferenceError(
        "unsplittable", f"{len(everything)} preferences connect all clips into one group{advice}"
    )


def folds(
    preferences: Iterable[Preference],
    by: str = "speaker",
    count: int | None = None,
    *,
    seed: int = 0,
    keys: Mapping[str, str] | None = None,
) -> Iterator[Split]:
    """Hold out each speaker (or text, or group of compared clips) once.

    Preferences between a held-out speaker and another are in neither part: they are `dropped`.

    Args:
        preferences: All of them.
        by: `speaker`, `text`, or `clip` for groups of clips that comparisons connect.
        count: How many folds; None for one per speaker, text or group.
        seed: Of the order in which they are put into `count` folds.
        keys: Hashes of the sounds by path: clips of the same sound are the same clip.

    Raises:
        PreferenceError: `missing_column` when a preference does not say its speaker or text,
            `leak` when a clip belongs to two folds, `unsplittable` when there is only one fold.

    Example:
        >>> pairs = [Preference(f"{i}a", f"{i}b", 1.0, speaker=f"s{i % 2}") for i in range(6)]
        >>> [(fold.name, len(fold.train), len(fold.valid)) for fold in folds(pairs)]
        [('s0', 3, 3), ('s1', 3, 3)]
    """
    everything = list(preferences)
    keys = keys or {}
    unit_of = _units(everything, by, keys)
    units = sorted(set(unit_of.values()))
    if count is not None and count < len(units):
        random.Random(seed).shuffle(units)  # noqa: S311
        parts = [sorted(units[index::count]) for index in range(count)]
    else:
        parts = [[unit] for unit in units]
    if len(parts) < 2:
        raise PreferenceError("unsplittable", f"one {by} only: nothing can be held out")
    respected = ("clip",) if by == "clip" else ("clip", by)
    for part in map(frozenset, parts):
        held_out = {clip for clip, unit in unit_of.items() if unit in part}
        train, valid, dropped = _part(everything, held_out, keys)
        yield Split(train, valid, dropped, respected, name=", ".join(sorted(part)))


def check_leak(
    train: Iterable[Preference],
    valid: Iterable[Preference],
    keys: Mapping[str, str] | None = None,
) -> None:
    """Refuse a split made by hand in which a clip is on both sides.

    Args:
        train: To learn from.
        valid: To judge by.
        keys: Hashes of the sounds by path: clips of the same sound are the same clip.

    Raises:
        PreferenceError: `leak`, naming the first clips that are shared.
    """
    keys = keys or {}
    heard = {keys.get(path, path): path for p in train for path in (p.a, p.b)}
    shared = {
        path: heard[keys.get(path, path)]
        for p in valid
        for path in (p.a, p.b)
        if keys.get(path, path) in heard
    }
    if shared:
        named = [
            shown(path) if path == other else f"{shown(path)} (the sound of {shown(other)})"
            for path, other in sorted(shared.items())[:5]
        ]
        more = f" and {len(shared) - 5} more" if len(shared) > 5 else ""
        raise PreferenceError(
            "leak", f"{len(shared)} clips are in both parts: {', '.join(named)}{more}"
        )


def _known(by: Sequence[str]) -> Sequence[str]:
    for kind in by:
        if kind not in BY:
            raise ValueError(f"can't split by {kind!r}; by: {', '.join(BY)}{nearest(kind, BY)}")
    return by


def _values(p: Preference, kind: str) -> tuple[str | None, str | None] | None:
    """What a preference says of its two clips: speakers or texts; None when nothing."""
    pair = p.speakers if kind == "speaker" else (p.text, p.text)
    return None if pair == (None, None) else pair


def _choose(
    preferences: Sequence[Preference],
    kinds: Sequence[str],
    keys: Mapping[str, str],
    share: float,
    seed: int,
    drop: bool,
    force: bool,
) -> set[str] | None:
    """The clips to hold out: whole groups, about the share wanted; None when that can't be."""
    groups: Groups[Node] = Groups()
    for p in preferences:
        a, b = (("clip", keys.get(path, path)) for path in (p.a, p.b))
        groups.find(a)
        groups.find(b)
        if not drop:
            groups.join(a, b)
        for kind in kinds:
            for clip, value in zip((a, b), _values(p, kind) or (None, None), strict=True):
                if value is not None:
                    groups.join(clip, (kind, value))
    members: defaultdict[Node, set[str]] = defaultdict(set)
    size: defaultdict[Node, int] = defaultdict(int)
    for p in preferences:
        names = [keys.get(path, path) for path in (p.a, p.b)]
        roots = [groups.find(("clip", name)) for name in names]
        for name, root in zip(names, roots, strict=True):
            size[root] += drop and name not in members[root]
            members[root].add(name)
        size[roots[0]] += not drop
    order = sorted(members, key=lambda root: min(members[root]))
    random.Random(seed).shuffle(order)  # noqa: S311 - not for secrets
    total = sum(size.values())
    wanted = share * total
    held: set[str] = set()
    count = 0
    for root in order:
        after = count + size[root]
        if after < total and abs(after - wanted) < abs(count - wanted):
            held |= members[root]
            count = after
    if force and not held and len(order) > 1:
        return members[min(order, key=lambda root: size[root])]
    return held if force or wanted / 2 <= count <= 2 * wanted else None


def _units(preferences: Sequence[Preference], by: str, keys: Mapping[str, str]) -> dict[str, str]:
    """What each clip belongs to: its speaker or text, or the first clip of its group."""
    unit_of: dict[str, str] = {}
    if by == "clip":
        groups: Groups[str] = Groups()
        for p in preferences:
            groups.join(keys.get(p.a, p.a), keys.get(p.b, p.b))
        first: dict[str, str] = {}
        clips = sorted({keys.get(path, path) for p in preferences for path in (p.a, p.b)})
        return {clip: first.setdefault(groups.find(clip), clip) for clip in clips}
    _known([by])
    for p in preferences:
        for path, value in zip((p.a, p.b), _values(p, by) or (None, None), strict=True):
            clip = keys.get(path, path)
            if value is None:
                raise PreferenceError("missing_column", f"line {p.line}: no {by} of {shown(path)}")
            if unit_of.setdefault(clip, value) != value:
                raise PreferenceError(
                    "leak",
                    f"line {p.line}: {shown(path)} has two values of {by}, "
                    f"{shown(unit_of[clip])} and {shown(value)}",
                )
    return unit_of


def _part(
    preferences: Iterable[Preference], held_out: set[str], keys: Mapping[str, str]
) -> tuple[tuple[Preference, ...], tuple[Preference, ...], tuple[Preference, ...]]:
    """Train, valid, and those that compare a clip of one with one of the other."""
    parts: tuple[list[Preference], ...] = ([], [], [])
    for p in preferences:
        sides = {keys.get(path, path) in held_out for path in (p.a, p.b)}
        parts[2 if len(sides) == 2 else int(True in sides)].append(p)
    train, valid, dropped = (tuple(part) for part in parts)
    return train, valid, dropped
