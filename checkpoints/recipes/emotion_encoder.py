# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Train and judge the speech-emotion encoders.

    python -m checkpoints.recipes.emotion_encoder --corpus emodb --data $REWARDKIT_DATA --out FOLDER

Writes the model folder (speechbrain's layout, weights as safetensors). With `--folds`, also every
clip's outputs under encoders that never heard one speaker, and `results.json` with:

* unweighted average recall (UAR) over the out-of-fold posteriors, one speaker left out, with a
  95 % interval from resampling speakers, recall by class and the confusion matrix;
* the same for a rule that knows only the clip's level;
* both for the shipped encoder on the other corpus's clips of the four shared emotions.

`out_of_fold.npz` holds names, labels and speakers of the clips (N), `folds` (S speakers),
`embeddings` (S, N, D) and `log_posteriors` (S, N, K): row s is the encoder trained without
speaker `folds[s]`, for the honest training of anything stacked on top. `folds/SPEAKER` is that
encoder's model folder.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors.torch import load_file

from checkpoints.recipes import emotion_folder, emotion_pretrain
from checkpoints.recipes.emotion_data import CLASSES, Clip, log_mels, read_corpus
from checkpoints.recipes.emotion_model import SETTINGS, Encoder, Floats, Settings, infer, train

SHARED: Final = ("neutral", "anger", "happiness", "sadness")
RESAMPLES: Final = 2000

Labels = NDArray[np.int64]


def uar(labels: Labels, guesses: Labels) -> float:
    """Unweighted average recall over the classes that `labels` holds."""
    return float(np.mean([np.mean(guesses[labels == one] == one) for one in np.unique(labels)]))


def interval(labels: Labels, guesses: Labels, speakers: Sequence[str], seed: int) -> list[float]:
    """95 % percentile interval of UAR when speakers are resampled with all their clips."""
    generator = np.random.default_rng(seed)
    groups = [np.flatnonzero(np.asarray(speakers) == one) for one in sorted(set(speakers))]
    values = []
    for _ in range(RESAMPLES):
        drawn = generator.integers(len(groups), size=len(groups))
        index = np.concatenate([groups[one] for one in drawn])
        values.append(uar(labels[index], guesses[index]))
    return [round(float(value), 4) for value in np.quantile(values, [0.025, 0.975])]


def figures(labels: Labels, guesses: Labels, speakers: Sequence[str]) -> dict[str, Any]:
    """UAR with its interval, its mean over speakers, and the number of clips and speakers."""
    names = np.asarray(speakers)
    folds = [uar(labels[names == one], guesses[names == one]) for one in sorted(set(speakers))]
    return {
        "uar": round(uar(labels, guesses), 4),
        "interval_95": interval(labels, guesses, speakers, seed=0),
        "mean_over_speakers": round(float(np.mean(folds)), 4),
        "clips": len(labels),
        "speakers": len(folds),
    }


def level_rule(levels: Floats, labels: Labels, chosen: NDArray[np.bool_]) -> Labels:
    """Guesses from level alone: one normal density a class, equal priors, fitted on `chosen`."""
    scores = []
    for one in np.unique(labels):
        heard = levels[chosen & (labels == one)]
        scores.append(-(((levels - heard.mean()) / heard.std()) ** 2) / 2 - np.log(heard.std()))
    guesses: Labels = np.argmax(scores, axis=0)
    return guesses


def shared_guesses(corpus: str, log_posteriors: Floats) -> Labels:
    """Best of the shared emotions as an index into `SHARED`; the others are left out."""
    columns = [CLASSES[corpus].index(name) for name in SHARED]
    guesses: Labels = log_posteriors[:, columns].argmax(axis=1)
    return guesses


@dataclass(frozen=True)
class Task:
    """What one run trains on and where it writes."""

    corpus: str
    data: Path
    start: Path | None
    settings: Settings
    seed: int
    out: Path

    def clips(self) -> list[Clip]:
        """The corpus's clips."""
        return read_corpus(self.corpus, self.data)

    def fit(self, clips: Sequence[Clip]) -> Encoder:
        """Train on these clips from the pretrained weights."""
        return train(
            log_mels(clips),
            np.array([clip.label for clip in clips], dtype=np.int64),
            len(CLASSES[self.corpus]),
            self.settings,
            self.seed,
            load_file(self.start) if self.start else None,
        )


def _fold(task: Task, speaker: str) -> Path:
    """Train without one speaker and write the outputs for all clips, unless they are there."""
    path = task.out / "folds" / f"{speaker}.npz"
    if not path.exists():
        torch.set_num_threads(1)
        torch.set_flush_denormal(True)
        clips = task.clips()
        model = task.fit([clip for clip in clips if clip.speaker != speaker])
        embeddings, log_posteriors = infer(model, clips)
        folder = path.with_suffix("")  # the encoder itself, for what is stacked on top
        folder.mkdir(parents=True, exist_ok=True)
        emotion_folder.write(model, task.corpus, folder)
        np.savez(path, embeddings=embeddings, log_posteriors=log_posteriors)
    return path


def shared(corpus: str, clips: Sequence[Clip]) -> tuple[list[Clip], Labels]:
    """The clips of the shared emotions, and their labels as indices into `SHARED`."""
    kept = [clip for clip in clips if CLASSES[corpus][clip.label] in SHARED]
    return kept, np.array([SHARED.index(CLASSES[corpus][clip.label]) for clip in kept])


def cross(task: Task, model: Encoder) -> dict[str, Any]:
    """Figures of an encoder on the other corpus's neutral, angry, happy and sad clips."""
    name = "ravdess" if task.corpus == "emodb" else "emodb"
    clips, labels = shared(name, read_corpus(name, task.data))
    known, known_labels = shared(task.corpus, task.clips())
    levels = np.array([clip.level_db for clip in [*known, *clips]], dtype=np.float32)
    by_level = level_rule(
        levels, np.concatenate([known_labels, labels]), np.arange(len(levels)) < len(known)
    )[len(known) :]
    speakers = [clip.speaker for clip in clips]
    guesses = shared_guesses(task.corpus, infer(model, clips)[1])
    return {
        "corpus": name,
        **figures(labels, guesses, speakers),
        "level_only": figures(labels, by_level, speakers),
    }


def evaluate(task: Task, workers: int) -> dict[str, Any]:
    """Leave one speaker out; writes `out_of_fold.npz` and gives the figures.

    Folds that `out/folds` already holds, from a run that was stopped, are not trained again.
    """
    clips, corpus = task.clips(), task.corpus
    labels = np.array([clip.label for clip in clips], dtype=np.int64)
    speakers = [clip.speaker for clip in clips]
    folds = sorted(set(speakers))
    outputs: list[tuple[Floats, Floats]] = []
    with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
        for speaker, path in zip(folds, pool.map(partial(_fold, task), folds), strict=True):
            with np.load(path) as fold:
                outputs.append((fold["embeddings"], fold["log_posteriors"]))
            own = np.asarray(speakers) == speaker
            recall = uar(labels[own], outputs[-1][1][own].argmax(axis=1))
            print(f"without {speaker}: UAR {recall:.3f}", flush=True)
    np.savez_compressed(
        task.out / "out_of_fold.npz",
        names=np.array([clip.name for clip in clips]),
        labels=labels,
        speakers=np.array(speakers),
        folds=np.array(folds),
        classes=np.array(CLASSES[corpus]),
        embeddings=np.stack([output[0] for output in outputs]),
        log_posteriors=np.stack([output[1] for output in outputs]),
    )
    levels = np.array([clip.level_db for clip in clips], dtype=np.float32)
    guesses, by_level = np.zeros_like(labels), np.zeros_like(labels)
    for speaker, (_, posteriors) in zip(folds, outputs, strict=True):
        own = np.asarray(speakers) == speaker
        guesses[own] = posteriors[own].argmax(axis=1)
        by_level[own] = level_rule(levels, labels, ~own)[own]
    classes = range(len(CLASSES[corpus]))
    confusion = [[int(np.sum(guesses[labels == a] == b)) for b in classes] for a in classes]
    return {
        "corpus": corpus,
        "classes": list(CLASSES[corpus]),
        "leave_one_speaker_out": figures(labels, guesses, speakers),
        "level_only": figures(labels, by_level, speakers),
        "recall": [round(row[index] / sum(row), 4) for index, row in enumerate(confusion)],
        "confusion_rows_are_truth": confusion,
    }


def main() -> None:
    """Read the arguments, train, export, and judge when asked to."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--corpus", choices=sorted(CLASSES), required=True)
    parser.add_argument("--data", type=Path, required=True, help="folder with the corpora")
    parser.add_argument("--out", type=Path, required=True, help="folder to write to")
    parser.add_argument("--pretrained", type=Path, help="LibriSpeech weights; made when missing")
    parser.add_argument("--folds", action="store_true", help="also leave every speaker out in turn")
    parser.add_argument("--workers", type=int, default=1, help="processes for the folds")
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    torch.set_flush_denormal(True)
    arguments.out.mkdir(parents=True, exist_ok=True)
    began = time.perf_counter()
    task = Task(
        arguments.corpus,
        arguments.data,
        arguments.pretrained,
        SETTINGS[arguments.corpus],
        arguments.seed,
        arguments.out,
    )
    if task.start and not task.start.exists():
        emotion_pretrain.write(task.data, task.settings, task.seed, task.start)
    model = task.fit(task.clips())
    emotion_folder.write(model, task.corpus, task.out)
    results: dict[str, Any] = {"settings": asdict(task.settings), "seed": task.seed}
    results["cross_corpus"] = cross(task, model)
    print(json.dumps(results["cross_corpus"]), flush=True)
    if arguments.folds:
        results |= evaluate(task, arguments.workers)
    results["seconds"] = round(time.perf_counter() - began)
    (task.out / "results.json").write_text(json.dumps(results, indent=1) + "\n", "utf-8")
    print(json.dumps({key: results[key] for key in results if key != "settings"}))


if __name__ == "__main__":
    main()
