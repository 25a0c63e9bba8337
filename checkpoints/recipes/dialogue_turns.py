# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: Apache-2.0
"""Turns to make dialogues of: who says what in which state, from three corpora.

A state is what has to stay the same through a coherent dialogue: an acted emotion, at one
intensity, or one reading. LibriSpeech's utterances are cut at pauses into consecutive turns.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import numpy as np
import soundfile
from numpy.typing import NDArray
from rewardkit_scorers import resynthesis

from checkpoints.recipes import structure
from checkpoints.recipes.corpora import emodb, librispeech, ravdess
from rewardkit.perturbations import NotApplicable

SHORTEST: Final = 1.5
"""Seconds of a turn at least; a turn ends at the first pause after that."""

LONGEST: Final = 6.0
"""Seconds of a turn at most; longer ones are dropped."""

PAUSE: Final = 0.12
"""Seconds of silence at which a reading may be cut."""

MARGIN: Final = 0.05
"""Seconds kept around a turn."""

COPIED: Final = 4
"""Turns of a reader, the first ones, of which changed copies are made."""

SEMITONES: Final = 4.0
TEMPO: Final = 1.35
DECIBELS: Final = 8.0
DRIFT: Final = 1.5
"""By how much copies are changed: F0; durations, times or over; level; F0, more by this each
turn. The signs are drawn for each reader."""

CHANGES: Final = ("unchanged", "pitch", "tempo", "level", "drift")
"""Copies of a turn. All but `level` have passed the same resynthesis; so real sides of pairs that
hold them take `unchanged` ones."""

Samples = NDArray[np.float32]

_EMODB_MEN: Final = ("emodb-03", "emodb-10", "emodb-11", "emodb-12")


@dataclass(frozen=True, eq=False)
class Pool:
    """The turns of one corpus.

    Args:
        name: Of the corpus.
        turns: Paths by speaker and state; of a reading, in the order in which they were read.
        sex: `F` or `M` by speaker.
        copies: By speaker and kind of change, changed copies of the first turns, in order.
        consecutive: Whether turns have to follow each other as they were said.
    """

    name: str
    turns: Mapping[str, Mapping[str, Sequence[str]]]
    sex: Mapping[str, str]
    copies: Mapping[str, Mapping[str, Sequence[str]]] = field(default_factory=dict)
    consecutive: bool = False

    @property
    def paths(self) -> list[str]:
        """All of them, once each."""
        found = [p for states in self.turns.values() for paths in states.values() for p in paths]
        found += [p for kinds in self.copies.values() for paths in kinds.values() for p in paths]
        return list(dict.fromkeys(found))

    def without(self, missing: set[str]) -> Pool:
        """The pool without the clips of these paths; a speaker's copies go all together."""
        turns = {
            who: {state: [p for p in paths if p not in missing] for state, paths in states.items()}
            for who, states in self.turns.items()
        }
        copies = {
            who: kinds
            for who, kinds in self.copies.items()
            if not missing & {p for paths in kinds.values() for p in paths}
        }
        return Pool(self.name, turns, self.sex, copies, self.consecutive)


def emodb_pool(data: Path) -> Pool:
    """EmoDB: the state is the emotion."""
    turns: dict[str, dict[str, list[str]]] = {}
    for clip in emodb(data):
        turns.setdefault(clip.speaker, {}).setdefault(clip.emotion, []).append(str(clip.path))
    return Pool("emodb", turns, {who: "M" if who in _EMODB_MEN else "F" for who in turns})


def ravdess_pool(data: Path) -> Pool:
    """RAVDESS: the state is the emotion at one intensity. For judging only."""
    turns: dict[str, dict[str, list[str]]] = {}
    for clip in ravdess(data):
        state = f"{clip.emotion}, {clip.intensity}"
        turns.setdefault(clip.actor, {}).setdefault(state, []).append(str(clip.path))
    return Pool("ravdess", turns, {who: "FM"[int(who[-2:]) % 2] for who in turns})


def librispeech_pool(data: Path, out: Path, copied: int, seed: int = 0) -> Pool:
    """LibriSpeech: the state is the reading.

    Args:
        data: The folder that holds `librispeech_ccby`.
        out: Where turns and copies are written.
        copied: Of so many readers, those with three turns or more, changed copies are made.
        seed: Of the signs of the changes.
    """
    turns: dict[str, dict[str, list[str]]] = {}
    out.mkdir(parents=True, exist_ok=True)
    for clip in librispeech(data):
        samples, rate = soundfile.read(clip.path, dtype="float32")
        for place, (start, end) in enumerate(_cuts(structure.spans(samples, rate, PAUSE))):
            path = out / f"{clip.path.stem}-{place}.flac"
            soundfile.write(path, structure.cut(samples, rate, start - MARGIN, end + MARGIN), rate)
            turns.setdefault(clip.speaker, {}).setdefault("read", []).append(str(path))
    sex = _readers(data)
    rng = np.random.default_rng(seed)
    copies: dict[str, dict[str, list[str]]] = {}
    for who in sorted(turns):
        paths = turns[who]["read"][:COPIED]
        if len(copies) < copied and len(paths) >= 3:
            made = _copies(paths, out, rng)
            if made:
                copies[who] = made
    return Pool("librispeech", turns, {who: sex[who] for who in turns}, copies, consecutive=True)


def _cuts(spans: Sequence[structure.Span]) -> list[structure.Span]:
    """Stretches of speech joined into turns of `SHORTEST` to `LONGEST` seconds."""
    found: list[structure.Span] = []
    start: float | None = None
    for low, high in spans:
        start = low if start is None else start
        if high - start >= SHORTEST:
            found.append((start, high))
            start = None
    return [(low, high) for low, high in found if high - low <= LONGEST]


def _readers(data: Path) -> dict[str, str]:
    """`F` or `M` by reader, from the corpus's table."""
    table = (data / "librispeech_ccby" / "SPEAKERS.TXT").read_text("utf-8")
    rows = [line.split("|") for line in table.splitlines() if not line.startswith(";")]
    return {f"librispeech-{row[0].strip()}": row[1].strip() for row in rows if len(row) > 2}


def _copies(
    paths: Sequence[str], out: Path, rng: np.random.Generator
) -> dict[str, list[str]] | None:
    """Changed copies of a reader's turns; None where one can't be resynthesised."""
    sign = dict(zip(CHANGES, rng.choice([-1.0, 1.0], len(CHANGES)).tolist(), strict=True))
    made: dict[str, list[str]] = {change: [] for change in CHANGES}
    for place, path in enumerate(paths):
        samples, rate = soundfile.read(path, dtype="float32")
        try:
            plain = resynthesis.unchanged(samples, rate)
            versions = {
                "unchanged": plain,
                "pitch": _shifted(samples, rate, sign["pitch"] * SEMITONES),
                "tempo": _stretched(samples, rate, TEMPO ** sign["tempo"]),
                "level": _louder(plain, sign["level"] * DECIBELS),
                "drift": _shifted(samples, rate, sign["drift"] * DRIFT * place),
            }
        except NotApplicable:
            return None
        for change, version in versions.items():
            target = out / f"{Path(path).stem}-{change}.flac"
            soundfile.write(target, np.clip(version, -1, 1), rate)
            made[change].append(str(target))
    return made


def _shifted(samples: Samples, rate: int, semitones: float) -> Samples:
    change: Callable[..., NDArray[np.float64]] = lambda _, melody: melody + semitones  # noqa: E731
    return resynthesis.with_contour(samples, rate, change, least=0.0)


def _stretched(samples: Samples, rate: int, factor: float) -> Samples:
    borders = np.array([0.0, len(samples) / rate])
    return resynthesis.with_tempo(samples, rate, borders, np.array([factor]), None)


def _louder(samples: Samples, decibels: float) -> Samples:
    """At another level; softer where louder would leave full scale."""
    if np.abs(samples).max() * 10 ** (decibels / 20) > 1:
        decibels = -decibels
    return np.asarray(samples * np.float32(10 ** (decibels / 20)))
