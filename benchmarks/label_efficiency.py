# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: Apache-2.0
"""How many labels does the active rule save? Real clips, listeners' shares as truth, raters made.

    REWARDKIT_DATA=../shared/data python -m benchmarks.label_efficiency

EmoDB's clips, measured by `pitch`, `timing` and `voice` (cached), and the share p of 20 listeners
who found a clip natural, or recognised its feeling: that is the truth. A rater of reliability β
prefers a to b with the probability `σ(β (logit p_a - logit p_b))`; six raters, β 0.5 … 1.5, answer
in random order, without ties.

Each seed holds out two of the eight speakers, and a quarter of the others' clips. Any two of the
remaining clips, some 10,000 pairs, may be asked about, as in `rewardkit annotate`. `random` asks
about pairs drawn uniformly, `active` is `next_pairs` with its defaults, a fifth of it random. After
each batch the same head is fitted to either's labels, and judged on pairs that differ by 20 points
or more of three kinds: of new clips by the same speakers; with a new speaker; and of the clips that
were asked about, any two. Intervals: 95 %, seeds drawn anew.

Settings were chosen on seeds 0 … 19, of the same clips, among some forty; the default seeds, from
1000, were looked at only then.

`--bound` prints instead what the best design could save that knows the answer beforehand.
"""

from __future__ import annotations

import argparse
import csv
import os
import warnings
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from rewardkit import scorers
from rewardkit.active import ActiveOptions, Space, learn, next_pairs, pairs_among
from rewardkit.cache import FeatureCache, default_path
from rewardkit.extract import Extractor
from rewardkit.normaliser import Normaliser
from rewardkit.pairs import Pairs
from rewardkit.training import TrainOptions
from rewardkit.workers import measure_files

SCORERS: Final = ("pitch", "timing", "voice")
RELIABILITY: Final = (0.5, 0.75, 1.0, 1.0, 1.25, 1.5)
LISTENERS: Final = 20
APART: Final = 20.0  # points
TARGET: Final = 0.4
TRUTHS: Final = {"natural": "natural_pct", "recognised": "recognised_pct"}
TESTS: Final = ("new clips, same speakers", "new speakers", "the clips asked about")
OPTIONS: Final = ActiveOptions()
TRAIN: Final = TrainOptions(ties="half")
Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


class Clips:
    """EmoDB: features, who speaks, and what listeners made of each clip, in percent."""

    def __init__(self, folder: Path) -> None:
        with (folder / "listener_ratings.csv").open() as file:
            rows = {Path(row["file"]).stem: row for row in csv.DictReader(file)}
        files = sorted(folder.glob("*.flac"))
        about = [rows[path.stem] for path in files]
        extractor = Extractor(
            [scorers.load(name) for name in SCORERS], cache=FeatureCache(default_path())
        )
        features = measure_files(extractor, [str(path) for path in files])
        if any(features.errors):
            raise SystemExit(f"can't be measured: {[e for e in features.errors if e]}")
        self.values = features.values
        self.speaker = np.array([row["speaker"] for row in about])
        self.shares = {
            name: np.array([float(row[key]) for row in about]) for name, key in TRUTHS.items()
        }


class Study:
    """One seed: which clips may be asked about, in which space, and the tests."""

    def __init__(self, clips: Clips, truth: str, seed: int) -> None:
        self.seed, share = seed, clips.shares[truth]
        rng = np.random.default_rng((0, seed))
        stranger = np.isin(clips.speaker, rng.choice(np.unique(clips.speaker), 2, replace=False))
        known = rng.permutation(np.flatnonzero(~stranger))
        cut = len(known) // 4
        new, asked = np.sort(known[:cut]), np.sort(known[cut:])
        self.values = clips.values[asked]
        self.space = Space.of(self.values, OPTIONS.axes)
        # The space is made of the clips asked about; the others are placed in it.
        normaliser = Normaliser.fit(self.values)
        z = normaliser(clips.values) - normaliser(self.values).mean(axis=0)
        axes = np.linalg.lstsq(z[asked], self.space.points, rcond=None)[0]
        self.points: Floats = z @ axes
        self.candidates = pairs_among([0] * len(asked))
        logit = _logit(share[asked])
        self.margin = logit[self.candidates[:, 0]] - logit[self.candidates[:, 1]]
        self.place = {(a, b): n for n, (a, b) in enumerate(self.candidates.tolist())}
        every = pairs_among([0] * len(share))
        every = every[np.abs(np.diff(share[every], axis=1)[:, 0]) >= APART]
        self.tests = [
            every[np.isin(every, new).all(axis=1)],
            every[stranger[every].any(axis=1)],
            every[np.isin(every, asked).all(axis=1)],
        ]
        self.signs = [np.sign(share[t[:, 0]] - share[t[:, 1]]) for t in self.tests]

    def curve(self, active: bool, budget: int, batch: int) -> Floats:
        """Accuracy after each batch on each of the tests, `(batches, tests)`."""
        draw, raters = (np.random.default_rng((n, self.seed)) for n in (1, 2))
        order = draw.permutation(len(self.candidates))
        places: list[int] = []
        wins: list[float] = []
        votes: Pairs | None = None
        found = []
        for number in range(budget // batch):
            if active:
                suggested = next_pairs(
                    self.values, self.candidates, votes, count=batch,
                    seed=1000 * self.seed + number, options=OPTIONS, train=TRAIN,
                )  # fmt: skip
                new = [self.place[min(s.a, s.b), max(s.a, s.b)] for s in suggested]
            else:
                new = order[number * batch : (number + 1) * batch].tolist()
            reliability = raters.choice(RELIABILITY, batch)
            chance = 1 / (1 + np.exp(-reliability * self.margin[new]))
            places += new
            wins += (raters.random(batch) < chance).astype(float).tolist()
            a, b = self.candidates[places].T
            votes = Pairs.of(a, b, wins)
            (belief,) = learn(self.space, votes, OPTIONS, TRAIN).values()
            rewards = self.points @ belief.weights
            found.append(
                [
                    float((np.sign(rewards[t[:, 0]] - rewards[t[:, 1]]) == sign).mean())
                    for t, sign in zip(self.tests, self.signs, strict=True)
                ]
            )
        return np.array(found)


def bound(study: Study, budget: int, explore: float, steps: int = 150) -> float:
    """The least share of random labels that pairs chosen in the best way need to teach as much.

    As much: the mean variance of the candidates' margins is the same. The best way: the continuous
    I-optimal design, which knows the weights that fit the true margins best, and so what every
    answer will tell of them. It counts on nothing but the features; a rule that has to learn the
    weights can't do better by this measure.

    Args:
        study: Whose candidates are asked about.
        budget: Random labels.
        explore: Share of the chosen pairs that are random too.
        steps: Of the algorithm; more of them change the share by a hundredth at most.

    Returns:
        The share, to a hundredth.

    Source:
        Silvey, Titterington and Torsney (1978), "An algorithm for optimal designs on a finite
        design space", Communications in Statistics A7(14), 1379-1389; with the square root, Yu
        (2010), "Monotonic convergence of a general algorithm for computing optimal designs",
        Annals of Statistics 38(3), 1593-1606.
    """
    points = study.space.points
    apart = points[study.candidates[:, 0]] - points[study.candidates[:, 1]]
    decay = study.space.decay(OPTIONS.spread) * np.eye(points.shape[1])
    weights = np.linalg.lstsq(apart, study.margin, rcond=None)[0]
    known = np.mean(np.square(RELIABILITY)) / 4 / np.cosh(apart @ weights / 2) ** 2
    asked = apart.T @ apart / len(apart)
    at_random = (apart.T * known) @ apart / len(apart)

    def left(information: Floats) -> float:
        return float(np.trace(np.linalg.inv(information + decay) @ asked))

    def best(labels: int) -> float:
        chances = np.full(len(apart), 1 / len(apart))
        for _ in range(steps):
            chosen = (apart.T * (known * chances)) @ apart
            mixed = explore * at_random + (1 - explore) * chosen
            toward = apart @ np.linalg.inv(labels * mixed + decay)
            chances *= np.sqrt(known * ((toward @ asked) * toward).sum(axis=1))
            chances /= chances.sum()
        chosen = (apart.T * (known * chances)) @ apart
        return left(labels * (explore * at_random + (1 - explore) * chosen))

    few, many = 0, budget
    while many - few > budget // 100:
        middle = (few + many) // 2
        few, many = (few, middle) if best(middle) <= left(budget * at_random) else (middle, many)
    return many / budget


def _logit(percent: Floats) -> Floats:
    share = (percent / 100 * LISTENERS + 0.5) / (LISTENERS + 1)
    return np.asarray(np.log(share / (1 - share)))


def needed(curve: Floats, level: float, steps: Ints) -> float:
    """From how many labels on a curve stays at or above a level; infinite if it never does."""
    below = np.flatnonzero(curve < level)
    first = 0 if not len(below) else int(below[-1]) + 1
    return float(steps[first]) if first < len(steps) else np.inf


def main() -> None:
    warnings.simplefilter("ignore")
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--first", type=int, default=1000, help="The first seed.")
    parser.add_argument("--seeds", type=int, default=96)
    parser.add_argument("--budget", type=int, default=600)
    parser.add_argument("--batch", type=int, default=20)
    parser.add_argument("--bound", action="store_true", help="See above.")
    given = parser.parse_args()
    clips = Clips(Path(os.environ["REWARDKIT_DATA"]) / "emodb_cc0")
    steps = np.arange(given.batch, given.budget + 1, given.batch)
    print(f"{len(clips.values)} clips, {given.seeds} seeds from {given.first}, {OPTIONS}")
    for truth in TRUTHS:
        seeds = range(given.first, given.first + given.seeds)
        studies = [Study(clips, truth, seed) for seed in seeds]
        if given.bound:
            for explore in (0.0, OPTIONS.explore):
                shares = [bound(study, given.budget, explore) for study in studies]
                print(
                    f"{truth}, {explore:.0%} of them random: at least {np.mean(shares):.0%} of "
                    f"{given.budget} labels ({min(shares):.0%} to {max(shares):.0%})"
                )
            continue
        random, active = (
            np.array([study.curve(rule, given.budget, given.batch) for study in studies])
            for rule in (False, True)
        )
        for test, name in enumerate(TESTS):
            has = np.array([len(study.tests[test]) > 0 for study in studies])
            print(f"\n{truth}: {name}, {has.sum()} seeds with such pairs")
            report(random[has, :, test], active[has, :, test], steps)


def report(random: Floats, active: Floats, steps: Ints) -> None:
    """Print curves `(seeds, batches)` side by side, and what active choice saves."""
    drawn = np.random.default_rng(0).integers(0, len(random), (2000, len(random)))

    def ends(values: Floats, sign: str = "") -> str:
        low, high = np.quantile(values[drawn].mean(axis=1), [0.025, 0.975])
        return f"{values.mean():{sign}.3f} [{low:{sign}.3f}, {high:{sign}.3f}]"

    print("labels  random                active")
    for place in range(1, len(steps), 2):
        print(f"{steps[place]:>6}  {ends(random[:, place])}  {ends(active[:, place])}")
    early = int(np.flatnonzero(steps <= TARGET * steps[-1])[-1])
    after = active[:, early] - random[:, -1]
    level = float(random[:, -1].mean())
    share = needed(active.mean(axis=0), level, steps) / steps[-1]
    stays = f"from {share:.0%} of them on" if np.isfinite(share) else "not within the budget"
    print(
        f"active less random at {steps[early]}: {ends(active[:, early] - random[:, early], '+')}\n"
        f"active at {steps[early]} less random at {steps[-1]}: {ends(after, '+')}, "
        f"not below in {(after[drawn].mean(axis=1) >= 0).mean():.0%} of the draws\n"
        f"active stays at what {steps[-1]} random labels reach {stays}"
    )


if __name__ == "__main__":
    main()
