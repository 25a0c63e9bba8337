# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Write the preference files that the shipped heads are trained on, with their audio.

    python -m checkpoints.recipes.pairs --data $REWARDKIT_DATA --out FOLDER

| file | dimension | who is preferred | by whom |
|---|---|---|---|
| `emodb.jsonl` | `prosody`, `emotion` | the clip that more listeners found natural; whose emotion more named | 20 listeners each |
| `damaged.jsonl` | `prosody` | real speech over a prosody-damaged copy | known order |
| `ladder.jsonl` | `prosody` | human over Piper over HTS over diphone over espeak-ng | known order |
| `artefacts.jsonl` | `quality`, `prosody` | clean over mildly over severely spoilt | known order |
| `stacked.jsonl` | `quality` | damaged over twice damaged | known order |
| `laundered.jsonl` | `quality` | an artefact over the same, resynthesised with another melody | known order |
| `padded.jsonl` | all three | nobody: a clip and itself with silence at its ends | known order |
| `melody.jsonl` | `prosody` | natural over mildly over severely changed melody or timing | known order |
| `ravdess.jsonl` | `emotion` | strong over normal intensity | the actors' instruction |

`ravdess.jsonl` is for non-commercial use (CC BY-NC-SA 4.0). All audio is 16 kHz mono at one
BS.1770 loudness. The preferred clip is side a in half of the rows. Paths are relative to FOLDER.
The same arguments give the same files, but for Piper's takes on another machine.
"""  # noqa: E501 - a table

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import Final

import numpy as np
import parselmouth
from rewardkit_scorers.resynthesis import STEP, pitch_range

from checkpoints.recipes import corpora, damage, graded, ladder, ladder_rows
from checkpoints.recipes.corpora import Row
from checkpoints.recipes.folder import SAMPLE_RATE, Folder, Samples, chance, read
from checkpoints.recipes.loudness import equalise
from checkpoints.recipes.takes import Take, emodb_takes, librispeech_takes
from rewardkit.perturbations import NotApplicable

FILES: Final = (
    "emodb",
    "damaged",
    "ladder",
    "artefacts",
    "melody",
    "padded",
    "stacked",
    "laundered",
    "ravdess",
)
"""All files, in the order in which they are made."""


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


def graded_takes(data: Path, folder: Folder) -> list[tuple[Take, int]]:
    """What is spoilt by degrees, with how many kinds each: readers, actors, synthesisers.

    One excerpt for each reader of LibriSpeech. The synthesisers' clips are those of the ladder,
    which must be there; a reward has to hear artefacts on synthetic voices too.
    """
    readers: dict[str, Take] = {}
    for take in librispeech_takes(data, least=20.0, seconds=(2.5, 6.0)):
        readers.setdefault(take.speaker, take)
    result = [(take, 4) for take in readers.values()]
    result += [(take, 2) for take in emodb_takes(data)]
    for number in range(1, len(ladder.sentences()) + 1):
        for name, kinds in (("piper-joe", 5), ("hts-slt", 1), ("clustergen-rms", 1)):
            path = folder.path / f"audio/ladder/{number:02d}-{name}.flac"
            result.append((Take(f"{name}-{number:02d}", name, read(path)), kinds))
    return result


def main() -> None:
    """Write the files that are asked for."""
    parser = argparse.ArgumentParser(description="Write the preference files of the recipes.")
    parser.add_argument("--data", type=Path, required=True, help="folder that holds the corpora")
    parser.add_argument("--out", type=Path, required=True, help="folder to write to")
    parser.add_argument("--clips", type=int, default=150, help="LibriSpeech clips to damage")
    parser.add_argument("--only", nargs="*", default=FILES)
    given = parser.parse_args()
    makers: dict[str, Callable[[Path, Folder], list[Row]]] = {
        "emodb": emodb,
        "damaged": lambda data, folder: damaged(data, folder, given.clips),
        "ladder": lambda data, folder: (
            ladder_rows.english(data, folder) + ladder_rows.german(data, folder)
        ),
        "artefacts": lambda data, folder: graded.artefacts(graded_takes(data, folder), folder),
        "stacked": lambda data, folder: graded.stacked(graded_takes(data, folder), folder),
        "laundered": lambda data, folder: graded.laundered(graded_takes(data, folder), folder),
        "padded": lambda data, folder: graded.padded(graded_takes(data, folder), folder),
        "melody": lambda data, folder: graded.melodies(
            [(take, 1 if kinds == 1 else 2) for take, kinds in graded_takes(data, folder)], folder
        ),
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
