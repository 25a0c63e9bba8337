# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: Apache-2.0
"""Planted truth: is what made the judgements found again, within the intervals that are stated?

    python benchmarks/planted.py --seeds 20

Listeners are simulated: clips with known utilities, answers drawn by the likelihood. Each row is a
quantity, its planted value, the mean estimate, the mean 95 % interval, and in how many of the
seeds (times quantities of that kind) the interval holds the planted value. The command fails when
an interval covers much less often than it says.
"""

from __future__ import annotations

import argparse
import math
import sys
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rewardkit.pairs import Pairs
from rewardkit.training import TrainingWarning, TrainOptions, cross_validate, fit
from rewardkit.training.fit import Trained

UTILITIES = np.array([1.0, -0.6, 0.3, 0.0])
NORMAL = 1.96
ENOUGH = 0.88  # coverage below which the command fails: 20 x 4 intervals of 95 % fall short at 1 %

Found = tuple[str, float, float, float, float]
"""A quantity: its name, planted value, estimate and the ends of its interval."""


@dataclass(frozen=True)
class World:
    """Clips and who judges them.

    Args:
        values: Standardised features `(clips, features)`.
        pairs: What was judged.
    """

    values: NDArray[np.float64]
    pairs: Pairs


def world(
    seed: int,
    utilities: NDArray[np.float64],
    *,
    clips: int = 300,
    judgements: int = 3000,
    tie: Callable[[float], tuple[float, float, float]] | None = None,
    reliability: NDArray[np.float64] | None = None,
) -> World:
    """Draw clips, pairs and answers.

    Args:
        seed: Of everything.
        utilities: Log-odds per standard deviation of each feature.
        clips: How many.
        judgements: How many.
        tie: From a margin to the probabilities of a, b and a tie; none by default.
        reliability: Of each rater; one attentive one by default.
    """
    rng = np.random.default_rng(seed)
    values = rng.normal(size=(clips, len(utilities)))
    values = (values - values.mean(axis=0)) / values.std(axis=0)
    a = rng.integers(0, clips, judgements)
    b = (a + rng.integers(1, clips, judgements)) % clips
    margin = (values[a] - values[b]) @ utilities
    rater = np.zeros(judgements, np.int64)
    if reliability is not None:
        rater = rng.integers(0, len(reliability), judgements)
        margin = margin * reliability[rater]
    chance = tie or (lambda m: (1 / (1 + math.exp(-m)), 1 / (1 + math.exp(m)), 0.0))
    answer = np.array([rng.choice(3, p=chance(m)) for m in margin])
    win = np.array([1.0, 0.0, 0.5])[answer]
    return World(values, Pairs.of(a, b, win, tie=(answer == 2).astype(float), rater=rater))


def train(made: World, **options: object) -> Trained:
    """A head with hardly any weight decay: an estimate that is shrunk misses on purpose."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", TrainingWarning)
        given = {"l2": 0.01, "members": 100, **options}
        return fit(made.values, made.pairs, options=TrainOptions(**given))  # type: ignore[arg-type]


def weights(trained: Trained, utilities: NDArray[np.float64]) -> Iterator[Found]:
    """Each feature's weight, its interval by the bootstrap over clips."""
    spread = NORMAL * trained.head.members[:, 0].std(axis=0, ddof=1)
    for k, (value, planted) in enumerate(zip(trained.head.weights[0], utilities, strict=True)):
        yield f"utility of feature {k}", planted, value, value - spread[k], value + spread[k]


def utilities(seed: int) -> Iterator[Found]:
    """Utilities, answers without ties."""
    yield from weights(train(world(seed, UTILITIES)), UTILITIES)


def davidson(seed: int) -> Iterator[Found]:
    """Utilities and ν, with ties after Davidson."""
    nu = 0.8

    def chance(m: float) -> tuple[float, float, float]:
        total = math.exp(m / 2) + math.exp(-m / 2) + nu
        return math.exp(m / 2) / total, math.exp(-m / 2) / total, nu / total

    trained = train(world(seed, UTILITIES, tie=chance), ties="davidson")
    value, low, high = trained.report.tie["overall"]
    yield "log ν", math.log(nu), value, low, high
    yield from weights(trained, UTILITIES)


def rao_kupper(seed: int) -> Iterator[Found]:
    """Utilities and δ, with ties after Rao and Kupper."""
    delta = 0.6

    def chance(m: float) -> tuple[float, float, float]:
        a, b = 1 / (1 + math.exp(delta - m)), 1 / (1 + math.exp(delta + m))
        return a, b, 1 - a - b

    trained = train(world(seed, UTILITIES, tie=chance), ties="rao-kupper")
    value, low, high = trained.report.tie["overall"]
    yield "δ", delta, value, low, high
    yield from weights(trained, UTILITIES)


def raters(seed: int) -> Iterator[Found]:
    """Utilities and reliabilities of twelve raters, two of whom answer almost by chance.

    The mean over judgements is fixed at 1 in the fit, so in what is planted too.
    """
    planted = np.array([0.1, 0.1, 0.6, 0.8, 1.0, 1.0, 1.0, 1.2, 1.3, 1.5, 1.6, 1.8])
    made = world(seed, UTILITIES, reliability=planted, judgements=4800)
    mean = planted[made.pairs.rater].mean()
    trained = train(made, raters=True, members=100)
    for rater, (value, low, high, _) in trained.report.reliability["overall"].items():
        yield f"reliability of rater {rater}", planted[int(rater)] / mean, value, low, high
    yield from weights(trained, UTILITIES * mean)


def shortcut(seed: int) -> Iterator[Found]:
    """Listeners who also like long clips: the part of length is told from the part of quality.

    Length goes with the first feature, with a correlation of about .6.
    """
    liking = np.append(UTILITIES, 0.7)
    rng = np.random.default_rng([seed, 1])
    base = world(seed, UTILITIES)
    length = 0.6 * base.values[:, 0] + 0.8 * rng.normal(size=len(base.values))
    values = np.column_stack([base.values, (length - length.mean()) / length.std()])
    a, b = base.pairs.a, base.pairs.b
    win = rng.random(len(a)) < 1 / (1 + np.exp((values[b] - values[a]) @ liking))
    made = World(values, Pairs.of(a, b, win))
    *others, (_, *numbers) = weights(train(made), liking)
    yield ("utility of length", *numbers)
    yield from others


EXPERIMENTS = (utilities, davidson, rao_kupper, raters, shortcut)


def no_signal(seeds: int) -> tuple[int, list[float]]:
    """Answers by coin: in how many seeds training says so, and the held-out accuracies."""
    said, accuracies = 0, []
    for seed in range(seeds):
        made = world(seed, np.zeros(6), clips=120, judgements=600)
        options = TrainOptions(members=2, grid=(1.0, 100.0, 10_000.0), folds=4)
        found = cross_validate(made.values, made.pairs, options=options, most=5).evaluate()
        accuracy = found["overall"].accuracy
        assert accuracy is not None  # noqa: S101
        accuracies.append(accuracy.value)
        said += any("no_signal" in text for text in found.warnings)
    return said, accuracies


def main() -> None:
    """Run all, print the table, fail when intervals do not hold what they promise."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=20)
    seeds = parser.parse_args().seeds
    failed = False
    for experiment in EXPERIMENTS:
        print(f"\n{experiment.__name__}: {(experiment.__doc__ or '').splitlines()[0]}")
        print(f"  {'':<24} planted  found   95 % interval     held in")
        rows: dict[str, list[Found]] = {}
        for seed in range(seeds):
            for found in experiment(seed):
                rows.setdefault(found[0], []).append(found)
        held = []
        for name, found_rows in rows.items():
            numbers = np.array([row[1:] for row in found_rows])
            inside = (numbers[:, 2] <= numbers[:, 0]) & (numbers[:, 0] <= numbers[:, 3])
            held += inside.tolist()
            planted, value, low, high = numbers.mean(axis=0)
            print(
                f"  {name:<24} {planted:>7.3f} {value:>7.3f}  [{low:>6.3f}, {high:>6.3f}]  "
                f"{int(inside.sum())}/{seeds}"
            )
        failed |= float(np.mean(held)) < ENOUGH
        print(f"  intervals that hold the planted value: {np.mean(held):.1%} of {len(held)}")
    said, accuracies = no_signal(seeds)
    print("\nno_signal: answers by coin")
    print(
        f"  held-out accuracy {np.mean(accuracies):.3f} (from {min(accuracies):.3f} to "
        f"{max(accuracies):.3f}); training says so in {said}/{seeds}"
    )
    failed |= said < 0.85 * seeds or abs(float(np.mean(accuracies)) - 0.5) > 0.03
    sys.exit(int(failed))


if __name__ == "__main__":
    main()
