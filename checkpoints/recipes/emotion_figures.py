# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""How well emotions are told apart: unweighted average recall, and what level alone reaches."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import numpy as np

from checkpoints.recipes.emotion_model import Floats, Labels

RESAMPLES: Final = 2000


def uar(labels: Labels, guesses: Labels) -> float:
    """Unweighted average recall over the classes that `labels` holds.

    Example:
        >>> uar(np.array([0, 0, 0, 1]), np.array([0, 0, 0, 0]))
        0.5
    """
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


def order_figures(margins: Floats, speakers: Sequence[str]) -> dict[str, Any]:
    """Accuracy of pairs whose first clip should lie higher, with its interval.

    Args:
        margins: By how much it does.
        speakers: Who speaks in each pair.
    """
    right = np.zeros(len(margins), dtype=np.int64)
    found = figures(right, (margins <= 0).astype(np.int64), speakers)  # one class: its recall
    return {
        "accuracy": found["uar"],
        "interval_95": found["interval_95"],
        "pairs": found["clips"],
        "speakers": found["speakers"],
    }


def level_rule(levels: Floats, labels: Labels, chosen: np.ndarray[Any, Any]) -> Labels:
    """Guesses from level alone: one normal density a class, equal priors, fitted on `chosen`.

    Args:
        levels: dB re full scale, of all clips.
        labels: Classes of all clips; those not chosen are not looked at.
        chosen: Which clips to fit on.
    """
    scores = []
    for one in np.unique(labels):
        heard = levels[chosen & (labels == one)]
        scores.append(-(((levels - heard.mean()) / heard.std()) ** 2) / 2 - np.log(heard.std()))
    guesses: Labels = np.argmax(scores, axis=0)
    return guesses


def confusion(labels: Labels, guesses: Labels, classes: int) -> list[list[int]]:
    """Counts; rows are the truth, columns the guess."""
    return [
        [int(np.sum(guesses[labels == a] == b)) for b in range(classes)] for a in range(classes)
    ]
