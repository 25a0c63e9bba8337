# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: Apache-2.0
"""Dialogues of known truth: two speakers, each in one state, against copies broken in one way.

Nobody listened to these, and no two of their speakers ever met: what is known is which of two
dialogues has the break, and in which turn.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np

from checkpoints.recipes.dialogue_turns import Pool
from rewardkit.dialogue import Dialogue, Turn

FEWEST: Final = 3
MOST: Final = 5
"""Turns of each speaker."""

OFFSET: Final = (0.2, 0.4)
"""Mean and standard deviation in s of when a turn begins after the last one's end: about what ten
languages have (Stivers et al. 2009, "Universals and cultural variation in turn-taking in
conversation", PNAS 106(26), mean 0.21 s), within -0.8 to 1.2 s."""

GAP: Final = (2.5, 8.0)
"""Seconds of silence of a gap that breaks a dialogue."""

OVERLAP: Final = (1.0, 0.6)
"""Of an overlap that breaks it: seconds at least, and share of the turn before at most."""

_TRIES: Final = 40


@dataclass(frozen=True, eq=False)
class Pair:
    """A dialogue and its broken copy.

    Args:
        kind: How it was broken; a key of `KINDS`.
        speaker: Whose turn was broken.
        real: As it was.
        broken: With the break.
        turn: The place of the broken turn, from 0; None where several were.
    """

    kind: str
    speaker: str
    real: Dialogue
    broken: Dialogue
    turn: int | None


@dataclass(frozen=True, eq=False)
class _Scene:
    """What a break has to work with: two speakers in a state each, and who of them is broken."""

    pool: Pool
    speakers: tuple[str, ...]
    rng: np.random.Generator
    cast: tuple[str, str]
    states: tuple[str, str]
    clips: tuple[str, ...]
    turn: int

    @property
    def victim(self) -> str:
        return self.cast[self.turn % 2]

    @property
    def state(self) -> str:
        return self.states[self.turn % 2]

    def replaced(self, path: str) -> tuple[str, ...]:
        return (*self.clips[: self.turn], path, *self.clips[self.turn + 1 :])

    def pick(self, paths: Collection[str]) -> str | None:
        """One of the paths that is not in the scene already."""
        free = sorted(set(paths) - set(self.clips))
        return str(self.rng.choice(free)) if free else None


_Clips = tuple[tuple[str, ...], tuple[str, ...]]
"""The clips of the real dialogue and of the broken one."""


def _swap(same: bool) -> Callable[[_Scene], _Clips | None]:
    """One turn by somebody else, in the same state, of the same sex or of the other."""

    def swap(scene: _Scene) -> _Clips | None:
        sex = scene.pool.sex
        others = [
            path
            for who in scene.speakers
            if who not in scene.cast and (sex[who] == sex[scene.victim]) == same
            for path in scene.pool.turns[who].get(scene.state, ())
        ]
        new = scene.pick(others)
        return None if new is None else (scene.clips, scene.replaced(new))

    return swap


def _partner(scene: _Scene) -> _Clips | None:
    """One turn in the partner's voice, in the same state; the two are of one sex."""
    other = scene.cast[1 - scene.turn % 2]
    if scene.pool.sex[other] != scene.pool.sex[scene.victim]:
        return None
    new = scene.pick(scene.pool.turns[other].get(scene.state, ()))
    return None if new is None else (scene.clips, scene.replaced(new))


def _jump(scene: _Scene) -> _Clips | None:
    """One turn by the same speaker in another state."""
    own = scene.pool.turns[scene.victim]
    emotion = scene.state.split(",")[0]
    others = [p for state, paths in own.items() if state.split(",")[0] != emotion for p in paths]
    new = scene.pick(others)
    return None if new is None else (scene.clips, scene.replaced(new))


def _shuffle(scene: _Scene) -> _Clips | None:
    """Every turn of one speaker in a state drawn anew."""
    own = scene.pool.turns[scene.victim]
    free = [paths for paths in own.values() if paths]
    if len(free) < 2:
        return None
    clips = list(scene.clips)
    for place in range(scene.turn % 2, len(clips), 2):
        clips[place] = str(scene.rng.choice(list(free[int(scene.rng.integers(len(free)))])))
    return scene.clips, tuple(clips)


def _changed(change: str) -> Callable[[_Scene], _Clips | None]:
    """One turn of a reader changed; for `drift` all of them, each more than the last."""

    def swap(scene: _Scene) -> _Clips | None:
        copies = scene.pool.copies.get(scene.victim)
        count = len(scene.clips) // 2
        if copies is None or len(copies["unchanged"]) < count:
            return None
        real, broken = list(scene.clips), list(scene.clips)
        for own, place in enumerate(range(scene.turn % 2, len(real), 2)):
            real[place] = broken[place] = copies["unchanged"][own]
            if change == "drift" or place == scene.turn:
                broken[place] = copies[change][own]
        return tuple(real), tuple(broken)

    return swap


def _same(scene: _Scene) -> _Clips | None:
    """Nothing: what is broken is the time."""
    return (scene.clips, scene.clips) if scene.turn else None


KINDS: Final[Mapping[str, Callable[[_Scene], _Clips | None]]] = {
    "another speaker, same sex": _swap(same=True),
    "another speaker, other sex": _swap(same=False),
    "the partner's voice, same sex": _partner,
    "another emotion": _jump,
    "shuffled emotions": _shuffle,
    "pitch jump": _changed("pitch"),
    "tempo jump": _changed("tempo"),
    "level jump": _changed("level"),
    "pitch drift": _changed("drift"),
    "long gap": _same,
    "long overlap": _same,
}
"""How dialogues are broken."""

NOWHERE: Final = ("shuffled emotions", "pitch drift")
"""Kinds that break several turns: there is no one turn to name."""


def pairs(
    pool: Pool,
    speakers: Collection[str],
    kind: str,
    count: int,
    durations: Mapping[str, float],
    rng: np.random.Generator,
) -> list[Pair]:
    """Dialogues and their broken copies.

    Args:
        pool: The turns.
        speakers: Who may take part, as one of the two or as the intruder.
        kind: A key of `KINDS`.
        count: How many; fewer where the corpus does not have them (none: it can't be broken so).
        durations: Of the clips, in s, by path.
        rng: Where choices come from.
    """
    found: list[Pair] = []
    names = tuple(sorted(speakers))
    for _ in range(_TRIES * count):
        if len(found) == count:
            break
        scene = _scene(pool, names, rng)
        clips = None if scene is None else KINDS[kind](scene)
        if scene is None or clips is None:
            continue
        real = _timed(scene, clips[0], durations)
        broken = dataclasses.replace(real, turns=_with_clips(real, clips[1], durations))
        if clips[0] is clips[1]:
            late = _later(real, scene.turn, kind, rng)
            if late is None:
                continue
            broken = late
        found.append(
            Pair(kind, scene.victim, real, broken, None if kind in NOWHERE else scene.turn)
        )
    return found


def _scene(pool: Pool, speakers: tuple[str, ...], rng: np.random.Generator) -> _Scene | None:
    """Two speakers who take turns, each in one state; half of the time both in the same."""
    one, two = (str(who) for who in rng.choice(speakers, 2, replace=False))
    states = [
        [state for state, paths in pool.turns[who].items() if len(paths) >= FEWEST]
        for who in (one, two)
    ]
    if not all(states):
        return None
    first, second = (str(rng.choice(known)) for known in states)
    if first in states[1] and rng.random() < 0.5:
        second = first
    own = [pool.turns[one][first], pool.turns[two][second]]
    count = min(int(rng.integers(FEWEST, MOST + 1)), *map(len, own))
    said = []
    for paths in own:
        start = int(rng.integers(len(paths) - count + 1))
        order = range(start, start + count) if pool.consecutive else rng.permutation(len(paths))
        said.append([paths[int(k)] for k in list(order)[:count]])
    clips = tuple(path for both in zip(*said, strict=True) for path in both)
    turn = int(rng.integers(len(clips)))
    return _Scene(pool, speakers, rng, (one, two), (first, second), clips, turn)


def _timed(scene: _Scene, clips: tuple[str, ...], durations: Mapping[str, float]) -> Dialogue:
    """The clips as a dialogue with ordinary offsets between turns."""
    turns, end, begun = [], 0.0, 0.0
    for place, path in enumerate(clips):
        offset = float(np.clip(scene.rng.normal(*OFFSET), -0.8, 1.2))
        begun = max(end + offset, begun + 0.1) if place else 0.0
        end = begun + durations[path]
        turns.append(Turn(scene.cast[place % 2], path, start=begun, end=end))
    return Dialogue(tuple(turns))


def _with_clips(
    real: Dialogue, clips: tuple[str, ...], durations: Mapping[str, float]
) -> tuple[Turn, ...]:
    """Other clips with the same offsets between turns."""
    turns: list[Turn] = []
    for place, (turn, path) in enumerate(zip(real.turns, clips, strict=True)):
        start = 0.0
        if place:
            before = real.turns[place - 1]
            offset = (turn.start or 0.0) - (before.end or 0.0)
            start = max((turns[-1].end or 0.0) + offset, (turns[-1].start or 0.0) + 0.1)
        turns.append(dataclasses.replace(turn, clip=path, start=start, end=start + durations[path]))
    return tuple(turns)


def _later(real: Dialogue, turn: int, kind: str, rng: np.random.Generator) -> Dialogue | None:
    """The turn and all after it moved, so that a long gap or overlap comes before it."""
    before, here = real.turns[turn - 1], real.turns[turn]
    end = before.end or 0.0
    if kind == "long gap":
        wanted = end + rng.uniform(*GAP)
    else:
        most = OVERLAP[1] * (end - (before.start or 0.0))
        if most <= OVERLAP[0]:
            return None
        wanted = end - rng.uniform(OVERLAP[0], most)
    shift = wanted - (here.start or 0.0)
    moved = tuple(
        dataclasses.replace(t, start=(t.start or 0.0) + shift, end=(t.end or 0.0) + shift)
        for t in real.turns[turn:]
    )
    return Dialogue((*real.turns[:turn], *moved))
