# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: Apache-2.0
"""How many labels does the active rule save? Real clips, listeners' shares as truth, raters made.

    REWARDKIT_DATA=../shared/data python -m benchmarks.label_efficiency

EmoDB's clips, measured by `pitch`, `timing` and `voice` (cached). The share p of 20 listeners who
found a clip natural is the truth: a rater of reliability β prefers a to b with the probability
`σ(β (logit p_a - logit p_b))`. Six raters, β 0.5 … 1.5, answer in random order. For each seed two
speakers are held out. `random` and `active` are both `next_pairs`, with `explore` 1 and its default
of 0.2, over the same pairs: takes of one sentence by the other six speakers. After each batch the
same head, of the same weight decay, is trained on the labels so far, and judged on all pairs of
takes of one sentence with a held-out speaker in them that differ by 20 points or more; none of
them was ever offered. Intervals: 95 %, seeds drawn anew.

What comes out: no saving that could be told from chance. Clips of one sentence differ in all
directions alike, so random pairs are near D-optimal already; what limits the head is how answers
carry over to new speakers.
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
from rewardkit.active import ActiveOptions, Space, next_pairs, pairs_among
from rewardkit.cache import FeatureCache, default_path
from rewardkit.extract import Extractor
from rewardkit.pairs import Pairs
from rewardkit.training import TrainOptions
from rewardkit.training.estimate import estimate
from rewardkit.workers import measure_files

SCORERS: Final = ("pitch", "timing", "voice")
RELIABILITY: Final = (0.5, 0.75, 1.0, 1.0, 1.25, 1.5)
LISTENERS: Final = 20
APART: Final = 20.0  # points
TARGET: Final = 0.4
SPREAD: Final = 1.5  # log-odds; sets the weight decay, for both rules
RULES: Final = {"random": ActiveOptions(explore=1.0), "active": ActiveOptions()}
Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


class Clips:
    """EmoDB: features, who speaks, what is said, and how many listeners found it natural."""

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
        self.text = np.array([row["text"] for row in about])
        self.natural = np.array([float(row["natural_pct"]) for row in about])
        share = (self.natural / 100 * LISTENERS + 0.5) / (LISTENERS + 1)
        self.reward: Floats = np.log(share / (1 - share))


class Study:
    """One seed: who is held out, which pairs may be offered, which are tests."""

    def __init__(self, clips: Clips, seed: int) -> None:
        self.clips, self.seed = clips, seed
        rng = np.random.default_rng((0, seed))
        held = np.isin(clips.speaker, rng.choice(np.unique(clips.speaker), 2, replace=False))
        self.known = np.flatnonzero(~held)
        self.candidates = pairs_among(clips.text[self.known].tolist())
        every = pairs_among(clips.text.tolist())
        apart = np.abs(np.diff(clips.natural[every], axis=1)[:, 0]) >= APART
        tests = every[held[every].any(axis=1) & apart]
        win = (clips.natural[tests[:, 0]] > clips.natural[tests[:, 1]]).astype(float)
        self.tests = Pairs.of(tests[:, 0], tests[:, 1], win)
        self.l2 = Space.of(clips.values[self.known]).decay(SPREAD)

    def curve(self, options: ActiveOptions, budget: int, batch: int) -> Floats:
        """Accuracy after each batch."""
        raters = np.random.default_rng((1, self.seed))
        values = self.clips.values[self.known]
        rows: list[tuple[int, int]] = []
        wins: list[float] = []
        found = []
        for number in range(budget // batch):
            votes = None
            if rows:
                a, b = np.array(rows).T
                votes = Pairs.of(a, b, wins)
            for one in next_pairs(
                values, self.candidates, votes, count=batch,
                seed=1000 * self.seed + number, options=options,
            ):  # fmt: skip
                a, b = self.known[one.a], self.known[one.b]
                margin = raters.choice(RELIABILITY) * (self.clips.reward[a] - self.clips.reward[b])
                rows.append((one.a, one.b))
                wins.append(float(raters.random() < 1 / (1 + np.exp(-margin))))
            a, b = self.known[np.array(rows)].T
            found.append(self.accuracy(Pairs.of(a, b, wins)))
        return np.array(found)

    def accuracy(self, votes: Pairs) -> float:
        """On the tests, of the trainer's head."""
        options = TrainOptions()
        merged = options.prepare(votes)
        often = np.ones((1, len(merged)))
        head = estimate(self.clips.values, merged, often, np.array([[self.l2]]), options)
        margin = head.margins(self.clips.values, self.tests)[0]
        return float((np.sign(margin) == np.sign(self.tests.win - 0.5)).mean())


def needed(active: Floats, level: float, steps: Ints) -> float:
    """Labels at which a curve has reached a level, between batches by a straight line."""
    above = np.flatnonzero(active >= level)
    if not len(above):
        return np.inf
    first = int(above[0])
    if not first:
        return float(steps[0])
    low, high = active[first - 1], active[first]
    part = (level - low) / (high - low)
    return float(steps[first - 1] + part * (steps[first] - steps[first - 1]))


def main() -> None:
    warnings.simplefilter("ignore")
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=24)
    parser.add_argument("--budget", type=int, default=400)
    parser.add_argument("--batch", type=int, default=20)
    given = parser.parse_args()
    clips = Clips(Path(os.environ["REWARDKIT_DATA"]) / "emodb_cc0")
    curves: dict[str, list[Floats]] = {name: [] for name in RULES}
    for seed in range(given.seeds):
        study = Study(clips, seed)
        for name, options in RULES.items():
            curves[name].append(study.curve(options, given.budget, given.batch))
    steps = np.arange(given.batch, given.budget + 1, given.batch)
    random, active = (np.array(curves[name]) for name in RULES)
    rng = np.random.default_rng(0)
    drawn = rng.integers(0, given.seeds, (2000, given.seeds))

    def ends(values: Floats) -> str:
        low, high = np.quantile(values[drawn].mean(axis=1), [0.025, 0.975])
        return f"{values.mean():.3f} [{low:.3f}, {high:.3f}]"

    print(f"{len(clips.values)} clips, {clips.values.shape[1]} features, {given.seeds} seeds")
    print("labels  random                active                active - random")
    for place, step in enumerate(steps):
        difference = active[:, place] - random[:, place]
        print(f"{step:>6}  {ends(random[:, place])}  {ends(active[:, place])}  {ends(difference)}")
    for budget in (given.budget // 2, given.budget):
        last = int(np.flatnonzero(steps <= budget)[-1])
        share = needed(active.mean(axis=0), random[:, last].mean(), steps) / steps[last]
        shares = [
            needed(active[d].mean(axis=0), random[d, last].mean(), steps) / steps[last]
            for d in drawn
        ]
        text = f"{share:.0%} of them" if np.isfinite(share) else "more than the budget"
        within = np.mean(np.array(shares) <= TARGET)
        print(f"active takes {text} to the accuracy of {steps[last]} random labels, "
              f"{random[:, last].mean():.3f}; at most {TARGET:.0%} in {within:.0%} of the draws of "
              "seeds")  # fmt: skip


if __name__ == "__main__":
    main()
