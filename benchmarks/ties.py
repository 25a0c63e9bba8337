# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: Apache-2.0
"""Which likelihood of ties predicts held-out answers best; and do strengths and raters help?

    REWARDKIT_DATA=../shared/data python benchmarks/ties.py

No audio: what is scored is the system (VCC 2020), the actor (CREMA-D), or actor and emotion
(EmoDB). Each figure is the mean negative log-likelihood in nat of a held-out judgement, over all
three answers ("answer") and over the decided ones, given that they are decided ("winner"). `half`
has no probability of a tie; it is given the training part's share of ties for every pair.
VCC holds out listeners, CREMA-D and EmoDB sentences. VCC's ties are equal scores by one listener;
the others' are inferred from shares (`from_ratings(win="share")`).
"""

from __future__ import annotations

import csv
import dataclasses
import gzip
import itertools
import os
import warnings
from collections import defaultdict
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray

from rewardkit.pairs import Pairs, index
from rewardkit.preferences import from_ratings, read_ratings
from rewardkit.training import TrainOptions
from rewardkit.training.estimate import estimate
from rewardkit.training.likelihood import Likelihood

FOLDS: Final = 10
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Data:
    """Judgements to hold out by unit.

    Args:
        name: Where from.
        values: One-hot properties `(clips, features)`.
        pairs: The judgements.
        unit: What each belongs to, `(pairs,)`.
    """

    name: str
    values: Floats
    pairs: Pairs
    unit: Sequence[Hashable]


def vcc(folder: Path) -> Data:
    """Two systems' scores by one listener, in the order of the test, as one judgement."""
    by_listener: dict[str, list[tuple[str, int]]] = defaultdict(list)
    with gzip.open(folder / "ratings.csv.gz", "rt") as file:
        for row in csv.DictReader(file):
            if row["question"] == "quality":
                by_listener[row["listener"]].append((row["system"], int(row["score"])))
    systems = sorted({system for rows in by_listener.values() for system, _ in rows})
    rows = []
    for number, scores in enumerate(by_listener.values()):
        for (one, x), (other, y) in itertools.pairwise(scores):
            if one != other:
                rows.append((systems.index(one), systems.index(other), x - y, number))
    a, b, difference, rater = np.array(rows).T
    win = 0.5 + np.sign(difference) / 2
    pairs = Pairs.of(a, b, win, tie=difference == 0, rater=rater, margin=difference)
    return Data("VCC 2020", np.eye(len(systems)), pairs, rater.tolist())


def crema(folder: Path) -> Data:
    """Whose anger, disgust, … more listeners named, of two actors' takes of one sentence."""
    ratings = []
    for letter, word in zip("ADFHNS", ("ANG", "DIS", "FEA", "HAP", "NEU", "SAD"), strict=True):
        of_voice = _named(word)
        for rating in read_ratings(
            folder / "tabulatedVotes.csv",
            {"clip": "fileName", "rating": letter, "of": "numResponses"},
            where=of_voice,
        ):
            actor, *what = Path(rating.clip).name.split("_")
            ratings.append(dataclasses.replace(rating, text="_".join(what), speaker=actor))
    found = index(from_ratings(ratings, win="share", per_clip=4))
    actors = sorted({str(who) for who in found.speakers})
    values = np.eye(len(actors))[[actors.index(str(who)) for who in found.speakers]]
    texts = [Path(found.paths[row]).name.split("_")[1] for row in found.pairs.a]
    return Data("CREMA-D", values, found.pairs, texts)


def _named(word: str) -> Callable[[Mapping[str, str]], bool]:
    return lambda row: row[""].startswith("1") and f"_{word}_" in row["fileName"]


def emodb(folder: Path) -> Data:
    """Which of two takes of one sentence more listeners found natural."""
    ratings = read_ratings(
        folder / "listener_ratings.csv", {"clip": "file", "rating": "natural_pct"}, scale=(0, 100)
    )
    found = index(from_ratings(ratings, win="share", scale=(0, 100)))
    names = [Path(path).stem for path in found.paths]
    properties = [f"actor {name[:2]}" for name in names], [f"emotion {name[5]}" for name in names]
    labels = sorted({label for column in properties for label in column})
    values = sum(np.eye(len(labels))[[labels.index(x) for x in column]] for column in properties)
    return Data(
        "EmoDB", np.asarray(values), found.pairs, [names[row][2:5] for row in found.pairs.a]
    )


def folds(unit: Sequence[Hashable]) -> list[NDArray[np.bool_]]:
    """Masks of what each fold holds out: whole units, dealt out in order."""
    numbers = {label: place for place, label in enumerate(sorted(set(unit), key=str))}
    part = np.array([numbers[label] for label in unit]) % min(FOLDS, len(numbers))
    return [part == k for k in range(int(part.max()) + 1)]


def judge(values: Floats, train: Pairs, test: Pairs, options: TrainOptions) -> tuple[float, float]:
    """Mean loss of held-out answers, and of held-out winners."""
    fitted = estimate(values, train, np.ones((1, len(train))), np.array([[1.0]]), options)
    margin = fitted.margins(values, test)[0]
    losses = fitted.losses(values, test)[0]
    if options.ties == "half":
        share = float(np.average(train.tie, weights=train.weight)) or np.nan  # none: no answer
        decided = 1 - test.tie
        winner = np.logaddexp(0, margin) * decided - (test.win - test.tie / 2) * margin
        losses = winner - test.tie * np.log(share) - decided * np.log(1 - share)
    solution = fitted.solutions["overall"]
    if solution.reliability is not None:
        margin = solution.reliability.of(test.rater)[0] * margin
    chance = _winner(solution.likelihood, margin, float(solution.tie[0]))
    p, q = test.win - test.tie / 2, 1 - test.win - test.tie / 2
    winner = -(p * np.log(chance) + q * np.log(1 - chance))
    decided_weight = float(((p + q) * test.weight).sum())
    return (
        float(losses @ test.weight / test.weight.sum()),
        float(winner @ test.weight) / decided_weight,
    )


def _winner(likelihood: Likelihood, margin: Floats, tie: float) -> Floats:
    """P(a) of a decided judgement."""
    m = torch.from_numpy(margin)
    one, none = torch.ones_like(m), torch.zeros_like(m)
    a, b = (
        torch.exp(-likelihood(m, win, none, torch.full_like(m, tie)).loss) for win in (one, none)
    )
    return np.asarray((a / (a + b)).numpy())


def compare(data: Data, variants: Mapping[str, tuple[TrainOptions, Pairs]]) -> None:
    """Print each variant's losses and its difference from the first, with its standard error."""
    found: dict[str, list[tuple[float, float]]] = {name: [] for name in variants}
    for held in folds(data.unit):
        for name, (options, pairs) in variants.items():
            train = options.prepare(pairs.select(~held))
            test = data.pairs.select(held)
            found[name].append(judge(data.values, train, test, options))
    ties = np.average(data.pairs.tie, weights=data.pairs.weight)
    print(f"\n{data.name}: {len(data.pairs)} judgements, {ties:.1%} ties")
    first = np.array(next(iter(found.values())))
    for name, numbers in found.items():
        table = np.array(numbers)
        answer, winner = table.mean(axis=0)
        difference = table - first
        error = difference.std(axis=0, ddof=1) / np.sqrt(len(table))
        print(
            f"  {name:<22} answer {answer:.4f} ({difference[:, 0].mean():+.4f} ± {error[0]:.4f})"
            f"  winner {winner:.4f} ({difference[:, 1].mean():+.4f} ± {error[1]:.4f})"
        )


def main() -> None:
    """Compare on all three."""
    warnings.simplefilter("ignore")
    root = Path(os.environ["REWARDKIT_DATA"])
    listeners = vcc(root / "vcc2020_ratings_ccby")
    for data in (
        listeners, crema(root / "crema_d_ratings_odbl"), emodb(root / "emodb_cc0"),
    ):  # fmt: skip
        drop = dataclasses.replace(data.pairs, weight=data.pairs.weight * (data.pairs.tie < 1))
        order = ("davidson", "rao-kupper", "half")
        variants = {name: (TrainOptions(ties=name), data.pairs) for name in order}  # type: ignore[arg-type]
        if data is listeners:
            variants["half, ties left out"] = (TrainOptions(ties="half"), drop)
        compare(data, variants)
    # Strengths as weights: the listener's difference of scores; judged without.
    pairs = listeners.pairs
    stronger = dataclasses.replace(pairs, weight=np.maximum(np.abs(pairs.margin), 1.0))
    rows = np.random.default_rng(0).integers(0, FOLDS, len(pairs)).tolist()
    compare(
        dataclasses.replace(listeners, name="VCC 2020, judgements held out", unit=rows),
        {
            "davidson": (TrainOptions(), pairs),
            "strengths as weights": (TrainOptions(), stronger),
            "raters": (TrainOptions(raters=True), pairs),
        },
    )


if __name__ == "__main__":
    main()
