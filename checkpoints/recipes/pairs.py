# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Write the preference files that the shipped heads are trained on, with their audio.

    python -m checkpoints.recipes.pairs --data $REWARDKIT_DATA --out FOLDER

| file | dimension | who is preferred | by whom |
|---|---|---|---|
| `emodb.jsonl` | `prosody`, `emotion` | the clip that more listeners found natural; whose emotion more named | 20 listeners each |
| `damaged.jsonl` | `prosody` | real speech over a prosody-damaged copy | known order |
| `ladder.jsonl` | `prosody` | human over Piper over HTS over diphone over espeak-ng | known order |
| `ravdess.jsonl` | `emotion` | strong over normal intensity | the actors' instruction |

`ravdess.jsonl` is for non-commercial use (CC BY-NC-SA 4.0). All audio is 16 kHz mono at one
BS.1770 loudness. The preferred clip is side a in half of the rows. Paths are relative to FOLDER.
The same arguments give the same files, but for Piper's takes on another machine.
"""  # noqa: E501 - a table

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import parselmouth
from rewardkit_scorers.resynthesis import STEP, pitch_range

from checkpoints.recipes import corpora, damage, ladder, structure
from checkpoints.recipes.corpora import Row
from checkpoints.recipes.folder import SAMPLE_RATE, Folder, Samples, chance, read
from checkpoints.recipes.loudness import equalise
from rewardkit.perturbations import NotApplicable

LEAST_RANGE: Final = 30.0
"""dB from floor to loud frames under which a LibriSpeech clip is too noisy to be used."""


def emodb(data: Path, folder: Folder) -> list[Row]:
    """Rows from the shares of EmoDB's listeners, in both dimensions."""
    clips = corpora.emodb(data)
    saved = {
        str(clip.path): folder.save(
            equalise(read(clip.path), SAMPLE_RATE), f"emodb/{clip.path.stem}"
        )
        for clip in clips
    }
    rows = [
        *corpora.emodb_pairs(clips, "natural_pct"),
        *corpora.emodb_pairs(clips, "recognised_pct"),
    ]
    return [_moved(row, saved) for row in rows]


def ravdess(data: Path, folder: Folder) -> list[Row]:
    """Rows from RAVDESS, strong over normal, equalised in loudness."""
    rows = corpora.ravdess_pairs(corpora.ravdess(data))
    paths = sorted({row[side] for row in rows for side in ("audio_a", "audio_b")})
    saved = {
        path: folder.save(equalise(read(Path(path)), SAMPLE_RATE), f"ravdess/{Path(path).stem}")
        for path in paths
    }
    return [_moved(row, saved) for row in rows]


def _moved(row: Row, saved: dict[str, str]) -> Row:
    """The row with the paths of the saved copies."""
    return {**row, "audio_a": saved[row["audio_a"]], "audio_b": saved[row["audio_b"]]}


@dataclass(frozen=True)
class Take:
    """A stretch of real speech to be damaged or to stand above synthesisers."""

    name: str
    speaker: str
    samples: Samples


def librispeech_takes(data: Path) -> Iterator[Take]:
    """Excerpts of about 3 to 8 s from clips of LibriSpeech that are not noisy, shuffled."""
    clips = corpora.librispeech(data)
    for index in np.random.default_rng(0).permutation(len(clips)):
        clip = clips[index]
        samples = read(clip.path)
        if structure.dynamic_range(samples, SAMPLE_RATE) < LEAST_RANGE:
            continue
        wanted = float(chance(clip.path.stem, "length").uniform(3, 8))
        piece = equalise(structure.excerpt(samples, SAMPLE_RATE, wanted), SAMPLE_RATE)
        if 1.5 <= len(piece) / SAMPLE_RATE <= 10.0:
            yield Take(clip.path.stem, clip.speaker, piece)


def emodb_takes(data: Path) -> Iterator[Take]:
    """EmoDB's clips without the silence at the ends."""
    for clip in corpora.emodb(data):
        piece = structure.excerpt(read(clip.path), SAMPLE_RATE)
        yield Take(f"emodb-{clip.path.stem}", clip.speaker, equalise(piece, SAMPLE_RATE))


def f0_spread(samples: Samples) -> float:
    """Standard deviation of F0 in semitones."""
    sound = parselmouth.Sound(samples.astype(np.float64), SAMPLE_RATE)
    pitch = sound.to_pitch(STEP, *pitch_range(sound))
    values = pitch.selected_array["frequency"]
    return float(np.std(12 * np.log2(values[values > 0])))


def damaged_rows(take: Take, folder: Folder, kinds: int, offset: int) -> list[Row]:
    """One tie (resynthesis against original) and `kinds` pairs of real over damaged.

    The real side is the undamaged copy that went through the same resynthesis in three pairs of
    four, the original in the fourth. A take whose F0 the resynthesis itself spoils (by 0.5
    semitones or more in spread) gives none.

    Args:
        take: Real speech.
        folder: Where the clips are written.
        kinds: How many damages.
        offset: The first damage tried; the others follow in order, those that don't suit are
            passed over.
    """
    try:
        control = damage.resynthesised(take.samples, SAMPLE_RATE)
        if abs(f0_spread(control) - f0_spread(take.samples)) > 0.5:
            return []
    except NotApplicable:
        return []
    stem = f"damaged/{take.name}"
    original = folder.save(take.samples, f"{stem}-original")
    undamaged = folder.save(control, f"{stem}-resynthesised")
    common = {
        "dimension": "prosody",
        "rater": "known-order",
        "speaker": take.speaker,
        "text": take.name,
    }
    tie = {"audio_a": undamaged, "audio_b": original, "preference": "tie"}
    systems = {"system_a": "resynthesised", "system_b": "original"}
    rows: list[Row] = [{**common, **tie, **systems}]
    for index in range(len(damage.DAMAGES)):
        kind = damage.DAMAGES[(offset + index) % len(damage.DAMAGES)]
        if len(rows) > kinds:
            break
        rng = chance(take.name, kind.name)
        try:
            copy = kind(take.samples, SAMPLE_RATE, rng)
        except NotApplicable:
            continue
        first = rng.random() < 0.75
        rows.append(
            {
                **common,
                "audio_a": undamaged if first else original,
                "audio_b": folder.save(copy, f"{stem}-{kind.name}"),
                "preference": "a",
                "system_a": "resynthesised" if first else "original",
                "system_b": f"damaged-{kind.name}",
                "weight": kind.weight,
            }
        )
    return rows


def damaged(data: Path, folder: Folder, count: int) -> list[Row]:
    """Rows of real over damaged speech: five damages a LibriSpeech excerpt, two an EmoDB clip."""
    rows: list[Row] = []
    used = 0
    for take in librispeech_takes(data):
        if used == count:
            break
        new = damaged_rows(take, folder, kinds=5, offset=5 * used)
        used += bool(new)
        rows += new
    for index, take in enumerate(emodb_takes(data)):
        rows += damaged_rows(take, folder, kinds=2, offset=2 * index)
    return rows


def ladder_rows(data: Path, folder: Folder) -> list[Row]:
    """Rows from the ladder: per sentence all pairs of rungs, and one human over every voice.

    The human says something else: an excerpt of LibriSpeech about as long as the voices' clips.
    """
    humans = _humans(data)
    rows: list[Row] = []
    for number, text in enumerate(ladder.sentences(), start=1):
        said = dict(ladder.render(text))
        seconds = float(np.median([len(samples) for samples in said.values()])) / SAMPLE_RATE
        human = next(humans)(seconds)
        name = f"ladder-{number:02d}"
        top = folder.save(human.samples, f"ladder/{number:02d}-human")
        saved = {
            voice: folder.save(samples, f"ladder/{number:02d}-{voice.name}")
            for voice, samples in said.items()
        }
        common = {"dimension": "prosody", "preference": "a", "rater": "known-order"}
        rows += [
            {
                **common,
                "audio_a": top,
                "audio_b": saved[voice],
                "speaker_a": human.speaker,
                "speaker_b": voice.name,
                "system_a": "human",
                "system_b": voice.name,
            }
            for voice in said
        ]
        rows += [
            {
                **common,
                "audio_a": saved[better],
                "audio_b": saved[worse],
                "speaker_a": better.name,
                "speaker_b": worse.name,
                "system_a": better.name,
                "system_b": worse.name,
                "text": name,
            }
            for better, worse in ladder.ordered(list(said))
        ]
    return rows


def _humans(data: Path) -> Iterator[Callable[[float], Take]]:
    """Speakers of LibriSpeech who say something of a given length, the last of the order first."""
    clips = corpora.librispeech(data)
    for index in np.random.default_rng(0).permutation(len(clips))[::-1]:
        clip = clips[index]
        samples = read(clip.path)
        if structure.dynamic_range(samples, SAMPLE_RATE) < LEAST_RANGE:
            continue

        def say(seconds: float, clip: corpora.LibriSpeechClip = clip) -> Take:
            piece = structure.excerpt(read(clip.path), SAMPLE_RATE, seconds, margin=0.02)
            return Take(clip.path.stem, clip.speaker, equalise(piece, SAMPLE_RATE))

        # A clip without pauses can only be taken whole.
        if len(structure.spans(samples, SAMPLE_RATE)) >= 3:
            yield say


def main() -> None:
    """Write the files that are asked for."""
    parser = argparse.ArgumentParser(description="Write the preference files of the recipes.")
    parser.add_argument("--data", type=Path, required=True, help="folder that holds the corpora")
    parser.add_argument("--out", type=Path, required=True, help="folder to write to")
    parser.add_argument("--clips", type=int, default=150, help="LibriSpeech clips to damage")
    parser.add_argument("--only", nargs="*", default=["emodb", "damaged", "ladder", "ravdess"])
    given = parser.parse_args()
    makers: dict[str, Callable[[Path, Folder], list[Row]]] = {
        "emodb": emodb,
        "damaged": lambda data, folder: damaged(data, folder, given.clips),
        "ladder": ladder_rows,
        "ravdess": ravdess,
    }
    unknown = set(given.only) - set(makers)
    if unknown:
        parser.error(f"unknown: {', '.join(sorted(unknown))}; known: {', '.join(makers)}")
    given.out.mkdir(parents=True, exist_ok=True)
    folder = Folder(given.out)
    for name in given.only:
        folder.write(makers[name](given.data, folder), name)


if __name__ == "__main__":
    main()
