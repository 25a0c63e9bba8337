# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rows of undamaged over damaged and of less over more damaged: known orders at scale.

Each take of real or synthetic speech is spoilt in a few ways, each mildly and severely, which
makes three pairs: undamaged over mild, over severe, and mild over severe. The name of a side's
system is `kind~level`, so that a kind can be left out.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable, Iterator
from typing import Final

import numpy as np

from checkpoints.recipes.artefacts import ARTEFACTS, Artefact
from checkpoints.recipes.corpora import Row
from checkpoints.recipes.damage import resynthesised, room_noise
from checkpoints.recipes.folder import SAMPLE_RATE, Folder, Samples, chance
from checkpoints.recipes.loudness import equalise
from checkpoints.recipes.melody import MELODIES, Melody
from checkpoints.recipes.takes import Take
from rewardkit.perturbations import NotApplicable

MILD: Final = (0.05, 0.4)
SEVERE: Final = (0.6, 1.0)

Make = Callable[[float, np.random.Generator], Samples]


def _copies(make: Make, take: Take, name: str, graded: bool) -> Iterator[tuple[str, Samples]]:
    """The mild and the severe copy: all is drawn alike for both but the amount.

    Copies are as loud as the take. Those with a peak over full scale are left out, and those that
    are no other than the take or the milder copy (a codec may change nothing the second time).
    """
    amounts = chance(take.name, name, "amount")
    known = [take.samples]
    for level, (low, high) in (("mild", MILD), ("severe", SEVERE)):
        amount = float(amounts.uniform(low, high))
        if not graded and level == "mild":
            continue
        copy = make(amount, chance(take.name, name))
        if len(copy) < SAMPLE_RATE // 2:
            continue
        copy = equalise(copy, SAMPLE_RATE)
        if np.abs(copy).max() <= 1.0 and not any(_alike(copy, one) for one in known):
            known.append(copy)
            yield level, copy


def _rows(
    take: Take,
    undamaged: tuple[str, str],
    copies: list[tuple[str, str]],
    dimensions: tuple[str, ...],
) -> list[Row]:
    """All pairs of undamaged (path and system) and the copies, which get worse in order."""
    order = [undamaged, *copies]
    return [
        {
            "audio_a": better[0],
            "audio_b": worse[0],
            "dimension": dimension,
            "preference": "a",
            "rater": "known-order",
            "speaker": take.speaker,
            "system_a": better[1],
            "system_b": worse[1],
            "text": take.name,
        }
        for i, better in enumerate(order)
        for worse in order[i + 1 :]
        for dimension in dimensions
    ]


def artefacts(takes: Iterable[tuple[Take, int]], folder: Folder) -> list[Row]:
    """Rows of artefacts, in `quality`; in `prosody` too, where a kind spoils the order of speech.

    Args:
        takes: Each with the number of kinds that it is spoilt by; kinds take turns.
        folder: Where the clips are written.
    """
    rows: list[Row] = []
    turn = 0
    for take, kinds in takes:
        original = folder.save(take.samples, f"graded/{take.name}-original"), "original"
        for _ in range(kinds):
            kind = ARTEFACTS[turn % len(ARTEFACTS)]
            turn += 1
            rows += _of_artefact(take, folder, original, kind)
    return rows


def _of_artefact(
    take: Take, folder: Folder, original: tuple[str, str], kind: Artefact
) -> list[Row]:
    def make(amount: float, rng: np.random.Generator) -> Samples:
        return kind.make(take.samples, SAMPLE_RATE, amount, rng)

    copies = []
    for level, copy in _copies(make, take, kind.name, kind.graded):
        path = folder.save(copy, f"graded/{take.name}-{kind.name}-{level}")
        copies.append((path, f"{kind.name}~{level}"))
    return _rows(take, original, copies, ("quality", "prosody") if kind.disorders else ("quality",))


def melodies(takes: Iterable[tuple[Take, int]], folder: Folder) -> list[Row]:
    """Rows of melody and timing, in `prosody`; the undamaged side is resynthesised too.

    Every second take only; the kinds take turns over all.
    """
    rows: list[Row] = []
    turn = 0
    lender: Take | None = None
    for number, (take, kinds) in enumerate(takes):
        if number % 2:
            turn += kinds
            lender = take
            continue
        try:
            control = resynthesised(take.samples, SAMPLE_RATE)
        except NotApplicable:
            continue
        path = folder.save(control, f"graded/{take.name}-resynthesised")
        for _ in range(kinds):
            kind = MELODIES[turn % len(MELODIES)]
            turn += 1
            with contextlib.suppress(NotApplicable):
                copies = _of_melody(take, folder, kind, lender or take)
                new = _rows(take, (path, "resynthesised"), copies, ("prosody",))
                rows += [{**row, "weight": kind.weight} for row in new]
        lender = take
    return rows


def _of_melody(take: Take, folder: Folder, kind: Melody, lender: Take) -> list[tuple[str, str]]:
    def make(amount: float, rng: np.random.Generator) -> Samples:
        return kind.make(take.samples, SAMPLE_RATE, amount, rng, lender.samples)

    return [
        (folder.save(copy, f"graded/{take.name}-{kind.name}-{level}"), f"{kind.name}~{level}")
        for level, copy in _copies(make, take, kind.name, graded=True)
    ]


def padded(takes: Iterable[tuple[Take, int]], folder: Folder) -> list[Row]:
    """Ties of a take and itself with silence at its ends: what is not said is no virtue.

    0.05 to 1.2 s before, after or both: digital silence, faint noise, or noise like the take's
    own where it is quietest.
    """
    rows: list[Row] = []
    for take, _ in takes:
        rng = chance(take.name, "padded")
        kind, where = int(rng.integers(3)), int(rng.integers(1, 4))
        sides = []
        for bit in (1, 2):
            n = round(rng.uniform(0.05, 1.2) * SAMPLE_RATE) if where & bit else 0
            quiet = np.zeros(n, np.float32)
            if kind == 1:
                quiet = (10 ** rng.uniform(-5, -3.5) * rng.standard_normal(n)).astype(np.float32)
            elif kind == 2 and n:
                quiet = room_noise(take.samples, SAMPLE_RATE, n, rng)
            sides.append(quiet)
        copy = np.concatenate([sides[0], take.samples, sides[1]])
        original = folder.save(take.samples, f"graded/{take.name}-original"), "original"
        path = folder.save(copy, f"graded/{take.name}-padded")
        pairs = _rows(take, original, [(path, "padded")], ("prosody", "emotion", "quality"))
        rows += [{**pair, "preference": "tie"} for pair in pairs]
    return rows


def stacked(takes: Iterable[tuple[Take, int]], folder: Folder) -> list[Row]:
    """Rows of damaged over twice damaged, in `quality`: what is bad already gets worse, too.

    The first damage is an artefact or a change of melody or timing at any amount, the second one
    is of another kind and severe. Every second take, synthetic voices all.
    """
    kinds: list[Artefact | Melody] = [*ARTEFACTS, *MELODIES, *MELODIES]
    rows: list[Row] = []
    for number, (take, count) in enumerate(takes):
        if number % 2 and not take.speaker.startswith("piper"):
            continue
        for turn in range(max(1, count - 1)):
            rng = chance(take.name, f"stacked {turn}")
            one, other = (kinds[i] for i in rng.choice(len(kinds), 2, replace=False))
            if one.name == other.name:
                continue
            try:
                base = equalise(_made(one, take.samples, rng.uniform(0.1, 0.9), rng), SAMPLE_RATE)
                worse = equalise(_made(other, base, rng.uniform(0.4, 1.0), rng), SAMPLE_RATE)
            except (NotApplicable, ValueError):
                continue
            if max(np.abs(base).max(), np.abs(worse).max()) > 1.0 or _alike(base, worse):
                continue
            stem = f"stacked/{take.name}-{turn}"
            undamaged = folder.save(base, f"{stem}-{one.name}"), one.name
            path = folder.save(worse, f"{stem}-{one.name}-{other.name}")
            rows += _rows(take, undamaged, [(path, other.name)], ("quality",))
    return rows


def laundered(takes: Iterable[tuple[Take, int]], folder: Folder) -> list[Row]:
    """Rows of an artefact over the same with another melody or tempo, in `quality`.

    Resynthesis makes flat tops round and steps smooth, and what it does to the melody is no gain.
    Two of every three takes.
    """
    rows: list[Row] = []
    for number, (take, _) in enumerate(takes):
        if number % 3 == 2:
            continue
        rng = chance(take.name, "laundered")
        one = ARTEFACTS[int(rng.integers(len(ARTEFACTS)))]
        other = MELODIES[number % len(MELODIES)]
        try:
            base = equalise(_made(one, take.samples, rng.uniform(0.2, 1.0), rng), SAMPLE_RATE)
            worse = equalise(_made(other, base, rng.uniform(0.0, 1.0), rng), SAMPLE_RATE)
        except (NotApplicable, ValueError):
            continue
        if max(np.abs(base).max(), np.abs(worse).max()) > 1.0 or _alike(base, worse):
            continue
        stem = f"laundered/{take.name}"
        spoilt = folder.save(base, f"{stem}-{one.name}"), one.name
        path = folder.save(worse, f"{stem}-{one.name}-{other.name}")
        rows += _rows(take, spoilt, [(path, other.name)], ("quality",))
    return rows


def _made(
    kind: Artefact | Melody, samples: Samples, amount: float, rng: np.random.Generator
) -> Samples:
    """The damage; a borrowed melody is the clip's own, turned around."""
    if isinstance(kind, Artefact):
        return kind.make(samples, SAMPLE_RATE, amount, rng)
    return kind.make(samples, SAMPLE_RATE, amount, rng, np.ascontiguousarray(samples[::-1]))


def _alike(one: Samples, other: Samples) -> bool:
    """Whether two clips are the same when stored with 16 bits."""
    return np.array_equal(np.round(one * 32768.0), np.round(other * 32768.0))
