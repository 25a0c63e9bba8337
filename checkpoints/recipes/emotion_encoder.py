# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Train, judge and write the speech-emotion encoders.

    python -m checkpoints.recipes.emotion_encoder --corpus emodb --data $REWARDKIT_DATA \
        --whisper FOLDER --out checkpoints/emotion-emodb --folds FOLDS

`--whisper` is a folder with the weights of whisper-base: what faster-whisper downloads
(`Systran/faster-whisper-base`), or `openai/whisper-base` of Hugging Face. Writes the model folder
(speechbrain's layout, weights as safetensors), its card, and `results.json`:

* unweighted average recall (UAR) over the out-of-fold posteriors, one speaker left out, with a
  95 % interval from resampling speakers, recall by class and the confusion matrix;
* the same for a rule that knows only the clip's level;
* both for the shipped encoder on the other corpus's clips of the four shared emotions.

With `--folds`, `FOLDS/SPEAKER` is the model folder of the encoder that never heard that speaker,
for the honest training of what is stacked on top, and `out_of_fold.npz` beside them holds the
names, labels and speakers of the clips and their out-of-fold `log_posteriors` (clips, classes).
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from rewardkit_scorers._inference import construction
from rewardkit_scorers._trunk import Trunk

from checkpoints.recipes import (
    emotion_axis,
    emotion_card,
    emotion_folder,
    emotion_strength,
    emotion_trunk,
)  # fmt: skip
from checkpoints.recipes.emotion_data import CLASSES, Clip, read_corpus
from checkpoints.recipes.emotion_figures import (
    confusion,
    figures,
    level_rule,
    order_figures,
    uar,
)  # fmt: skip
from checkpoints.recipes.emotion_model import Encoder, Floats, Labels, fit, measure

SHARED: Final = ("neutral", "anger", "happiness", "sadness")
INTENSITIES: Final = ("ravdess",)
"""Corpora in which the same words are acted at two intensities."""


@dataclass(frozen=True, eq=False)
class Corpus:
    """A corpus and what the trunk gives for it.

    Attributes:
        name: `emodb` or `ravdess`.
        clips: Its clips.
        table: Their statistics, `(clips, statistics)`.
    """

    name: str
    clips: Sequence[Clip]
    table: Floats

    @property
    def labels(self) -> Labels:
        """Class of each clip."""
        return np.array([clip.label for clip in self.clips], dtype=np.int64)

    @property
    def speakers(self) -> list[str]:
        """Speaker of each clip."""
        return [clip.speaker for clip in self.clips]

    @property
    def levels(self) -> Floats:
        """Level of each clip, dB re full scale."""
        return np.array([clip.level_db for clip in self.clips])

    def fit(self, chosen: np.ndarray[Any, Any]) -> Encoder:
        """Train on the chosen clips."""
        table = self.table[chosen]
        clips = [clip for clip, wanted in zip(self.clips, chosen, strict=True) if wanted]
        speakers = [clip.speaker for clip in clips]
        axis = None
        if self.name in INTENSITIES:
            axis = emotion_axis.learn(table, [clip.name for clip in clips], speakers)
        return fit(table, self.labels[chosen], speakers, axis)

    def apart(self, path: Path) -> None:
        """Write the axes of strength without each two speakers, if the corpus has intensities."""
        if self.name in INTENSITIES:
            names = [clip.name for clip in self.clips]
            emotion_strength.apart(self.table, names, self.speakers, path)

    def shared(self) -> tuple[np.ndarray[Any, Any], Labels]:
        """Which clips are of a shared emotion, and their labels as indices into `SHARED`."""
        names = [CLASSES[self.name][clip.label] for clip in self.clips]
        kept = np.array([name in SHARED for name in names])
        return kept, np.array([SHARED.index(name) for name in names if name in SHARED])


def leave_one_out(corpus: Corpus, trunk: Path, folds: Path | None) -> dict[str, Any]:
    """Leave out one speaker at a time; writes the folds if asked to, and gives the figures."""
    labels, classes = corpus.labels, CLASSES[corpus.name]
    logs = np.zeros((len(labels), len(classes)))
    by_level = np.zeros_like(labels)
    strength = np.zeros(len(labels))
    penalties = {}
    for speaker in sorted(set(corpus.speakers)):
        own = np.array(corpus.speakers) == speaker
        encoder = corpus.fit(~own)
        logs[own] = encoder.log_posteriors(corpus.table[own])
        if encoder.strength is not None:
            strength[own] = encoder.embed(corpus.table[own])[:, encoder.strength]
        by_level[own] = level_rule(corpus.levels, labels, ~own)[own]
        penalties[speaker] = encoder.penalty
        print(f"without {speaker}: UAR {uar(labels[own], logs[own].argmax(axis=1)):.3f}")
        if folds:
            emotion_folder.write(encoder, corpus.name, trunk, folds / speaker)
    if folds:
        names = [clip.name for clip in corpus.clips]
        np.savez(
            folds / "out_of_fold.npz",
            names=names, labels=labels, speakers=corpus.speakers, log_posteriors=logs,
        )  # fmt: skip
        corpus.apart(folds / emotion_strength.FILE)
    guesses = logs.argmax(axis=1)
    table = confusion(labels, guesses, len(classes))
    return {
        "leave_one_speaker_out": figures(labels, guesses, corpus.speakers),
        "level_only": figures(labels, by_level, corpus.speakers),
        "recall": [round(row[index] / sum(row), 4) for index, row in enumerate(table)],
        "confusion_rows_are_truth": table,
        "penalties": penalties,
        **strength_figures(corpus, strength),
    }


def strength_figures(corpus: Corpus, strength: Floats) -> dict[str, Any]:
    """How often the strong take lies above the normal one, if the corpus has intensities.

    Args:
        corpus: The corpus.
        strength: Of each clip, as an encoder has it that did not hear the speaker.
    """
    if corpus.name not in INTENSITIES:
        return {}
    strong, normal = emotion_axis.orders([clip.name for clip in corpus.clips])
    speakers = [corpus.speakers[row] for row in strong]
    return {"strength": order_figures(strength[strong] - strength[normal], speakers)}


def across(encoder: Encoder, home: Corpus, other: Corpus) -> dict[str, Any]:
    """Figures of an encoder on the other corpus's neutral, angry, happy and sad clips.

    Posteriors of emotions that are not shared are left out.
    """
    kept, labels = other.shared()
    known, known_labels = home.shared()
    columns = [CLASSES[home.name].index(name) for name in SHARED]
    guesses = encoder.log_posteriors(other.table[kept])[:, columns].argmax(axis=1)
    levels = np.concatenate([home.levels[known], other.levels[kept]])
    both = np.concatenate([known_labels, labels])
    by_level = level_rule(levels, both, np.arange(len(levels)) < len(known_labels))
    speakers = [clip.speaker for clip, wanted in zip(other.clips, kept, strict=True) if wanted]
    return {
        "corpus": other.name,
        **figures(labels, guesses, speakers),
        "level_only": figures(labels, by_level[len(known_labels) :], speakers),
    }


def main(arguments: Sequence[str] | None = None) -> None:
    """Read the arguments, train, judge and write."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--corpus", choices=sorted(CLASSES), required=True)
    parser.add_argument("--data", type=Path, required=True, help="folder with the corpora")
    parser.add_argument("--whisper", type=Path, required=True, help="folder with whisper-base")
    parser.add_argument("--out", type=Path, required=True, help="folder to write to")
    parser.add_argument("--folds", type=Path, help="where the encoders of all folds go")
    given = parser.parse_args(arguments)
    began = time.perf_counter()
    state = emotion_trunk.take(given.whisper)
    with construction():
        trunk = Trunk(**emotion_trunk.SIZES)
        trunk.load_state_dict(state)
    trunk.eval().requires_grad_(False)
    corpora = {}
    for name in CLASSES:
        clips = read_corpus(name, given.data)
        corpora[name] = Corpus(name, clips, measure(trunk, clips))
    home = corpora.pop(given.corpus)
    (other,) = corpora.values()
    given.out.mkdir(parents=True, exist_ok=True)
    weights = emotion_folder.write_trunk(state, given.out)
    encoder = home.fit(np.ones(len(home.clips), dtype=bool))
    emotion_folder.write(encoder, home.name, weights, given.out)
    results = {
        "corpus": home.name,
        "classes": list(CLASSES[home.name]),
        "penalty": encoder.penalty,
        "cross_corpus": across(encoder, home, other),
        **leave_one_out(home, weights, given.folds),
    }
    (given.out / "results.json").write_text(json.dumps(results, indent=1) + "\n", "utf-8")
    (given.out / "README.md").write_text(emotion_card.write(results), "utf-8")
    print(json.dumps(results))
    print(f"{time.perf_counter() - began:.0f} s")


if __name__ == "__main__":
    main()
