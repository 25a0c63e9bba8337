# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: Apache-2.0
"""VCC 2020's single ratings as pairs: do systems rank as by mean opinion, are careless raters found?

    REWARDKIT_DATA=../shared/data python -m benchmarks.vcc2020

No audio: 112,220 ratings (1 … 5) by 594 listeners of 62 conditions, half of quality, half of
similarity. Each listener's ratings are read by `rewardkit convert --from ratings`, and become
pairs between the clips that this listener heard, so nothing hangs on how they use the scale.
Bradley-Terry strengths of conditions are fitted to the pairs; intervals are from listeners drawn
anew. Then two raters are planted who answered the pairs of a real one each: one at random, one
always a. What the report flags, of them and of the 594, is printed.
"""  # noqa: E501

from __future__ import annotations

import csv
import gzip
import os
import tempfile
from collections import defaultdict
from dataclasses import replace
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from rewardkit.evaluate.ranks import kendall, spearman
from rewardkit.evaluate.systems import strengths
from rewardkit.preferences import Preference
from rewardkit.preferences.importers import ImportOptions, convert
from rewardkit.raters import RaterOptions, Votes, report

RESAMPLES: Final = 500
CIRCLES: Final = 2
ENOUGH: Final = 10  # circles for the ranking: pairs in proportion to a listener's ratings
Floats = NDArray[np.float64]

Opinions = dict[str, dict[str, list[float]]]
"""Scores by listener and condition."""


def tables(folder: Path, into: Path) -> dict[str, tuple[Path, Opinions]]:
    """The ratings of each question as a table of its own, with the scores behind it."""
    found: dict[str, tuple[Path, Opinions]] = {}
    with gzip.open(folder / "ratings.csv.gz", "rt") as file:
        rows = list(csv.DictReader(file))
    for question in ("quality", "similarity"):
        scores: Opinions = defaultdict(lambda: defaultdict(list))
        path = into / f"{question}.csv"
        with path.open("w", newline="") as out:
            writer = csv.writer(out)
            writer.writerow(["clip", "rating", "rater", "system"])
            for number, row in enumerate(rows):
                if row["question"] != question:
                    continue
                system = f"{row['system']} {row['task']}".strip()
                # A listener hears some clips twice, against another reference: these stay apart.
                clip = f"{Path(row['file']).stem}-{number}.wav"
                writer.writerow([clip, row["score"], row["listener"], system])
                scores[row["listener"]][system].append(float(row["score"]))
        found[question] = path, scores
    return found


def rank(preferences: tuple[Preference, ...], scores: Opinions) -> None:
    """Print how strengths and mean opinions agree, over listeners drawn anew."""
    listeners, systems = list(scores), sorted({s for given in scores.values() for s in given})
    place = {name: number for number, name in enumerate(systems)}
    who = {name: number for number, name in enumerate(listeners)}
    wins = np.zeros((len(listeners), len(systems), len(systems)))
    for p in preferences:
        if p.system_a != p.system_b:
            a, b = place[str(p.system_a)], place[str(p.system_b)]
            wins[who[str(p.rater)], a, b] += p.win
            wins[who[str(p.rater)], b, a] += 1 - p.win
    total, count = (np.zeros((len(listeners), len(systems))) for _ in range(2))
    for name, given in scores.items():
        for system, values in given.items():
            total[who[name], place[system]] += sum(values)
            count[who[name], place[system]] += len(values)

    def both(often: Floats) -> tuple[Floats, Floats]:
        strength = strengths(np.tensordot(often, wins, 1)[None])[0]
        return strength, (often @ total) / (often @ count)

    strength, opinion = both(np.ones(len(listeners)))
    rng = np.random.default_rng(0)
    even = np.full(len(listeners), 1 / len(listeners))
    drawn, ranks = [], []
    for _ in range(RESAMPLES):
        s, o = both(rng.multinomial(len(listeners), even).astype(float))
        drawn.append((spearman(s, o), kendall(s, o), spearman(s, opinion)))
        ranks.append((-s).argsort().argsort() + 1)
    low, high = np.quantile(np.array(drawn), [0.025, 0.975], axis=0)
    print(f"  {len(preferences)} pairs, {np.mean([p.tie for p in preferences]):.0%} ties, "
          f"{len(systems)} conditions, {int(count.sum())} ratings")  # fmt: skip
    print(f"  Spearman of strength and mean opinion {spearman(strength, opinion):.4f} "
          f"[{low[0]:.4f}, {high[0]:.4f}], Kendall {kendall(strength, opinion):.4f} "
          f"[{low[1]:.4f}, {high[1]:.4f}]")  # fmt: skip
    print(f"  drawn strengths against all listeners' opinion: [{low[2]:.4f}, {high[2]:.4f}]")
    ends = np.quantile(np.array(ranks), [0.025, 0.975], axis=0).round().astype(int)
    for number in (-strength).argsort()[:5]:
        print(f"    {systems[number]:<14} strength {strength[number]:+.2f}, mean opinion "
              f"{opinion[number]:.2f}, rank {ends[0, number]}-{ends[1, number]}")  # fmt: skip


def plant(preferences: tuple[Preference, ...]) -> tuple[Preference, ...]:
    """Two raters more, who answer two real raters' pairs without listening."""
    rng = np.random.default_rng(1)
    names = sorted({str(p.rater) for p in preferences})
    models = rng.choice(names, 2, replace=False).tolist()
    made = []
    for p in preferences:
        if p.rater == models[0]:
            made.append(replace(p, rater="(random)", win=float(rng.integers(2)), tie=0.0))
        elif p.rater == models[1]:
            made.append(replace(p, rater="(always a)", win=1.0, tie=0.0))
    # Sides as they may have been: in these data clips were rated one by one.
    return tuple(replace(p, side_known=True) for p in (*preferences, *made))


def by_system(preferences: tuple[Preference, ...]) -> tuple[Preference, ...]:
    """The same answers about conditions, which many listeners compared."""
    return tuple(
        replace(p, a=str(p.system_a), b=str(p.system_b))
        for p in preferences
        if p.system_a != p.system_b
    )


def main() -> None:
    folder = Path(os.environ["REWARDKIT_DATA"]) / "vcc2020_ratings_ccby"
    with tempfile.TemporaryDirectory() as scratch:
        read = tables(folder, Path(scratch))
        for question, (path, scores) in read.items():
            print(f"{question}: {ENOUGH} circles of pairs each")
            every = convert(path, "ratings", ImportOptions(Path("/vcc"), question, circles=ENOUGH))
            rank(every.preferences, scores)
            few = convert(path, "ratings", ImportOptions(Path("/vcc"), question, circles=CIRCLES))
            votes = by_system(plant(few.preferences))
            found = report(Votes.of((p, None) for p in votes), options=RaterOptions(items="system"))
            order = [one.rater for one in found.raters]
            print(f"  raters, with {CIRCLES} circles of pairs each: alpha "
                  f"{found.alpha[question]['nominal']} nominal, "
                  f"{found.alpha[question]['ordinal']} ordinal; mean agreement "
                  f"{found.agreement:.3f}")  # fmt: skip
            for name in ("(random)", "(always a)"):
                one = found.raters[order.index(name)]
                print(f"    {name}: {'flagged' if one.flags else 'NOT FOUND'}; weight "
                      f"{order.index(name) + 1} from below of {len(order)}")  # fmt: skip
                for reason in one.flags.values():
                    print(f"      {reason}")
            real = [one for one in found.raters if one.flags and not one.rater.startswith("(")]
            kinds = [kind for one in real for kind in one.flags]
            counted = ", ".join(f"{kinds.count(k)} {k}" for k in dict.fromkeys(kinds)) or "none"
            print(f"    of the {len(order) - 2} listeners {len(real)} are flagged: {counted}")


if __name__ == "__main__":
    main()
