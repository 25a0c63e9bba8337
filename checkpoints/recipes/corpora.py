# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: Apache-2.0
"""Readers of the corpora that the shipped checkpoints are trained on.

None of their audio is part of this project. Licences: EmoDB CC0, LibriSpeech CC BY 4.0, RAVDESS
CC BY-NC-SA 4.0 (what is trained on it is for non-commercial use only, and ships separately).

Sources: Burkhardt et al. (2005), *A database of German emotional speech*, Interspeech (EmoDB);
Livingstone and Russo (2018), PLOS ONE 13(5) (RAVDESS); Panayotov et al. (2015), ICASSP
(LibriSpeech).
"""

from __future__ import annotations

import csv
import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal

import numpy as np

Row = dict[str, Any]
"""One line of a preference file: `audio_a, audio_b, preference, dimension, ...`."""

SAME_SOUND: Final = {"03-01-03-01-02-02-07": "03-01-03-01-02-01-07"}
"""RAVDESS clips whose decoded samples equal those of another: {dropped: kept}."""

EMODB_EMOTIONS: Final[Mapping[str, str]] = {
    "W": "anger",
    "L": "boredom",
    "E": "disgust",
    "A": "fear",
    "F": "happiness",
    "T": "sadness",
    "N": "neutral",
}
"""The letters are German: Wut, Langeweile, Ekel, Angst, Freude, Trauer, neutral."""

RAVDESS_EMOTIONS: Final = (
    "neutral",
    "calm",
    "happy",
    "sad",
    "angry",
    "fearful",
    "disgust",
    "surprised",
)
"""In the order of the corpus's codes, 01 to 08."""


@dataclass(frozen=True)
class EmoDBClip:
    """One clip of EmoDB with what 20 listeners said of it.

    Attributes:
        path: The audio file.
        speaker: `emodb-03` and so on.
        text: The code of the sentence, `a01` to `b10`.
        emotion: The emotion that was acted; a value of `EMODB_EMOTIONS`.
        natural_pct: Share of the listeners who found it natural, 0 to 100.
        recognised_pct: Share of the listeners who named the emotion that was acted, 0 to 100.
    """

    path: Path
    speaker: str
    text: str
    emotion: str
    natural_pct: float
    recognised_pct: float


@dataclass(frozen=True)
class RavdessClip:
    """One clip of RAVDESS.

    Attributes:
        path: The audio file.
        actor: `ravdess-01` and so on; odd numbers are men.
        emotion: The emotion that was acted; one of `RAVDESS_EMOTIONS`.
        intensity: How it was acted; neutral has no strong.
        statement: 1 or 2: which sentence.
        repetition: 1 or 2: which take.
    """

    path: Path
    actor: str
    emotion: str
    intensity: Literal["normal", "strong"]
    statement: int
    repetition: int


@dataclass(frozen=True)
class LibriSpeechClip:
    """One read utterance of LibriSpeech.

    Attributes:
        path: The audio file.
        speaker: `librispeech-103` and so on.
    """

    path: Path
    speaker: str


def _files(folder: Path, pattern: str) -> list[Path]:
    """The files under `folder` that match, in name order.

    Raises:
        FileNotFoundError: When there are none.
    """
    found = sorted(folder.glob(pattern), key=lambda path: path.name)
    if not found:
        raise FileNotFoundError(f"no {pattern} in {folder}")
    return found


def emodb(data: Path) -> list[EmoDBClip]:
    """All clips of EmoDB that are there, in name order.

    Args:
        data: The folder that holds `emodb_cc0`.

    Raises:
        FileNotFoundError: When the folder or its listener table is missing.
        ValueError: When a clip has no row in the listener table.
    """
    folder = data / "emodb_cc0"
    with (folder / "listener_ratings.csv").open(newline="", encoding="utf-8") as file:
        ratings = {Path(row["file"]).stem: row for row in csv.DictReader(file)}
    clips = []
    for path in _files(folder, "*.flac"):
        row = ratings.get(path.stem)
        if row is None:
            raise ValueError(f"{path}: no row in {folder / 'listener_ratings.csv'}")
        clips.append(
            EmoDBClip(
                path,
                f"emodb-{row['speaker']}",
                row["text"],
                EMODB_EMOTIONS[row["emotion_code"]],
                float(row["natural_pct"]),
                float(row["recognised_pct"]),
            )
        )
    return clips


def ravdess(data: Path) -> list[RavdessClip]:
    """All clips of RAVDESS that are there, in name order, without those in `SAME_SOUND`.

    The file name is the label: modality, channel, emotion, intensity, statement, repetition,
    actor. Very quiet clips are kept.

    Args:
        data: The folder that holds `ravdess_ccbyncsa`.

    Raises:
        FileNotFoundError: When the folder is missing.
    """
    clips = []
    for path in _files(data / "ravdess_ccbyncsa", "*.flac"):
        if path.stem in SAME_SOUND:
            continue
        _, _, emotion, intensity, statement, repetition, actor = path.stem.split("-")
        clips.append(
            RavdessClip(
                path,
                f"ravdess-{actor}",
                RAVDESS_EMOTIONS[int(emotion) - 1],
                "strong" if intensity == "02" else "normal",
                int(statement),
                int(repetition),
            )
        )
    return clips


def librispeech(data: Path) -> list[LibriSpeechClip]:
    """All utterances of LibriSpeech that are there, in name order.

    Args:
        data: The folder that holds `librispeech_ccby`.

    Raises:
        FileNotFoundError: When the folder is missing.
    """
    return [
        LibriSpeechClip(path, f"librispeech-{path.parent.name}")
        for path in _files(data / "librispeech_ccby", "*/*.flac")
    ]


def balance_sides(rows: Sequence[Row], seed: int = 0) -> list[Row]:
    """The rows with the sides of exactly half of them (rounded down) exchanged.

    Readers give the preferred clip as side a; after this, the side says nothing.

    Example:
        >>> row = {"audio_a": "x", "audio_b": "y", "preference": "a"}
        >>> sorted(r["preference"] for r in balance_sides([row] * 4))
        ['a', 'a', 'b', 'b']
    """
    swap = np.random.default_rng(seed).permutation(len(rows)) % 2 == 1
    return [_exchange(row) if s else dict(row) for row, s in zip(rows, swap, strict=True)]


def _exchange(row: Row) -> Row:
    """The same row seen from the other side."""
    other = {"a": "b", "b": "a"}
    result: Row = {}
    for key, value in row.items():
        stem, _, side = key.rpartition("_")
        if key == "preference":
            result[key] = other.get(value, value)
        elif stem and side in other:
            result[f"{stem}_{other[side]}"] = value
        else:
            result[key] = value
    return dict(sorted(result.items()))


def emodb_pairs(
    clips: Sequence[EmoDBClip],
    column: Literal["natural_pct", "recognised_pct"],
    minimum: float = 20.0,
) -> list[Row]:
    """Pairs of clips of the same sentence whose shares of listeners differ by `minimum` or more.

    Each clip was judged by 20 listeners, one clip at a time: nobody compared two. The clip with
    the larger share is taken as preferred (a hard win: at 20 points, the least difference kept,
    the two shares are 1.3 standard errors apart or more), and the difference of the shares
    (0 to 1) is recorded as `margin`. Pairs cross speakers and emotions.

    Args:
        clips: What `emodb` gives.
        column: `natural_pct` makes pairs of dimension `prosody`, `recognised_pct` of `emotion`.
        minimum: Least difference in points of per cent.

    Returns:
        Rows with the preferred clip as side a; `audio_a` and `audio_b` are the clips' paths.
    """
    dimension = {"natural_pct": "prosody", "recognised_pct": "emotion"}[column]
    rows = []
    for first, second in itertools.combinations(clips, 2):
        difference = getattr(first, column) - getattr(second, column)
        if first.text != second.text or abs(difference) < minimum:
            continue
        best, other = (first, second) if difference > 0 else (second, first)
        rows.append(
            {
                "audio_a": str(best.path),
                "audio_b": str(other.path),
                "dimension": dimension,
                "margin": round(abs(difference) / 100, 4),
                "preference": "a",
                "rater": "emodb-listeners",
                "speaker_a": best.speaker,
                "speaker_b": other.speaker,
                "text": f"emodb-{best.text}",
            }
        )
    return rows


def ravdess_pairs(clips: Sequence[RavdessClip]) -> list[Row]:
    """Strong over normal intensity: same actor, emotion, sentence and take.

    The order is the actors' instruction, not a listener's vote. Neutral has no strong.

    Args:
        clips: What `ravdess` gives.

    Returns:
        Rows of dimension `emotion` with the strong clip as side a.
    """
    normal = {
        (c.actor, c.emotion, c.statement, c.repetition): c for c in clips if c.intensity == "normal"
    }
    rows = []
    for strong in clips:
        other = normal.get((strong.actor, strong.emotion, strong.statement, strong.repetition))
        if strong.intensity != "strong" or other is None:
            continue
        rows.append(
            {
                "audio_a": str(strong.path),
                "audio_b": str(other.path),
                "dimension": "emotion",
                "preference": "a",
                "rater": "known-order",
                "speaker": strong.actor,
                "text": f"ravdess-{strong.statement}",
            }
        )
    return rows
