# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: Apache-2.0
"""Syllables of the `timing` scorer against syllables marked by hand, and against words.

    REWARDKIT_DATA=../shared/data python benchmarks/syllables.py [WORDS]

265 clips of EmoDB come with hand-marked syllables. The learned detector is trained here anew,
twice: with one half of the actors, to be judged on the other. So every figure is of actors that
were not heard, with an interval by resampling actors. "Within sentences" leaves out what the ten
sentences by themselves explain: the marks count each syllable of the text, spoken or swallowed.

WORDS, made by `checkpoints.recipes.syllable_words`, is needed for training, and holds the words of
LibriSpeech for the English check: there the detector has heard neither the speakers nor German.
Without it, only the peaks of level are judged.
"""

from __future__ import annotations

import csv
import os
import sys
from pathlib import Path

import numpy as np
import soundfile
import torch
from numpy.typing import NDArray
from rewardkit_scorers.timing import FEATURES, Timing

from checkpoints.recipes import syllables as recipe
from rewardkit.clip import Clip

Floats = NDArray[np.float64]
DRAWS = 2000


def span(values: dict[str, Floats], clips: list[Clip]) -> Floats:
    """Seconds from first to last speech."""
    duration = np.array([clip.duration for clip in clips])
    return duration - values["leading_silence"] - values["trailing_silence"]


def measured(clips: list[Clip]) -> dict[str, Floats]:
    """The timing scorer's values by feature."""
    names = [feature.name for feature in FEATURES]
    return dict(zip(names, Timing().score_batch(clips).T, strict=True))


def within(values: Floats, groups: NDArray[np.str_]) -> Floats:
    """Values less the mean of their group."""
    result = values.copy()
    for group in np.unique(groups):
        result[groups == group] -= values[groups == group].mean()
    return result


def interval(x: Floats, y: Floats, actors: NDArray[np.str_]) -> str:
    """Correlation, with 95 % by resampling actors."""
    random = np.random.default_rng(0)
    names = np.unique(actors)
    rows = {name: np.flatnonzero(actors == name) for name in names}
    draws = []
    for _ in range(DRAWS):
        chosen = np.concatenate([rows[name] for name in random.choice(names, len(names))])
        draws.append(np.corrcoef(x[chosen], y[chosen])[0, 1])
    low, high = np.quantile(draws, (0.025, 0.975))
    return f"{np.corrcoef(x, y)[0, 1]:.3f} ({low:.3f} to {high:.3f})"


def unheard(data: Path, words: Path) -> tuple[Floats, NDArray[np.bool_]]:
    """Counts of EmoDB's clips by detectors that have not heard the actor; which half each is in."""
    torch.set_num_threads(1)
    read, acted = list(recipe.librispeech(data, words)), list(recipe.emodb(data))
    plain = acted[:: len(recipe.VARIANTS)]
    first = np.array([example.speaker in recipe.HALF for example in plain])
    counts = np.empty(len(plain))
    for half in (first, ~first):
        judged = {example.speaker for example, inside in zip(plain, half, strict=True) if inside}
        kept = [example for example in acted if example.speaker not in judged]
        detector = recipe.train([*read, *kept * recipe.REPEATED])
        for i in np.flatnonzero(half).tolist():
            counts[i] = recipe.counted(detector, plain[i])
    english(read)
    return counts, first


def english(read: list[recipe.Example]) -> None:
    """Rates of read English by a detector that has heard other speakers of it, and no German."""
    step = len(recipe.VARIANTS)
    other = np.array([int(example.speaker) % 2 == 0 for example in read])
    detector = recipe.train([e for e, inside in zip(read, other, strict=True) if not inside])
    judged = [read[i] for i in np.flatnonzero(other).tolist() if i % step == 0]
    total = np.array([example.counts.sum() for example in judged])
    found = np.array([recipe.counted(detector, example) for example in judged])
    seconds = np.array([len(example.x) / 100 for example in judged])
    r = np.corrcoef(total / seconds, found / seconds)[0, 1]
    print(f"English, {len(judged)} clips: rate r {r:.3f}, found/words {np.mean(found / total):.3f}")


def main() -> None:
    """Print the table."""
    data = Path(os.environ["REWARDKIT_DATA"])
    with (data / "emodb_cc0" / "syllables.csv").open(newline="") as file:
        lines = list(csv.DictReader(file))
    clips = []
    for line in lines:
        path = (data / "emodb_cc0" / line["file"]).with_suffix(".flac")
        clips.append(Clip(*soundfile.read(path, dtype="float32")))
    actors = np.array([line["file"][:2] for line in lines])
    texts = np.array([line["file"][2:5] for line in lines])
    marked = np.array([float(line["n_syllables"]) for line in lines])
    length = np.array(
        [float(line["last_syl_end_s"]) - float(line["first_syl_s"]) for line in lines]
    )
    values = measured(clips)
    spans = span(values, clips)
    counts = {"level peaks": values["speech_rate"] * spans}
    first = np.isin(actors, ("03", "08", "11", "14"))
    if len(sys.argv) > 1:
        counts["learned"], first = unheard(data, Path(sys.argv[1]))
        counts["mean of both"] = (counts["learned"] + counts["level peaks"]) / 2
    print(f"span r {np.corrcoef(spans, length)[0, 1]:.3f}")
    rate = marked / length
    for label, chosen in (("all", first | ~first), ("first half", first), ("second half", ~first)):
        for name, count in counts.items():
            got = count / spans
            inner = within(rate[chosen], texts[chosen]), within(got[chosen], texts[chosen])
            error = count[chosen] - marked[chosen]
            who = actors[chosen]
            print(
                f"{label:<12} {name:<13} rate r {interval(rate[chosen], got[chosen], who)}, "
                f"within sentences {interval(*inner, who)}, "
                f"count r {np.corrcoef(marked[chosen], count[chosen])[0, 1]:.3f}, "
                f"error {np.abs(error).mean():.2f}, bias {error.mean():+.2f}"
            )


if __name__ == "__main__":
    main()
