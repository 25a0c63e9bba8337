# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What each scorer adds: accuracy on speakers that a head was not trained on.

    python -m checkpoints.recipes.pairs --data $REWARDKIT_DATA --out PAIRS
    python benchmarks/ablation.py --pairs PAIRS --encoders FOLDS --speech MODEL

A head is trained on each scorer alone, on all of them, and on all but one. Each speaker is left
out in turn; the weight decay, the normaliser and the components of the embedding come from the
others. `emodb (strict)` are the pairs of EmoDB judged by heads that know neither speaker.

Every head is tested on the same pairs, so two heads are compared pair by pair: the difference of
their accuracies, with an interval from resampling whole speakers (95 %, percentiles). It is shown
against all scorers together. With eight speakers of EmoDB such intervals are somewhat too narrow,
and a table of a dozen comparisons shows one beyond its interval by chance.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from checkpoints.recipes.heads import GRID
from checkpoints.recipes.material import Material, gather, weigh
from rewardkit.pairs import Indexed, index
from rewardkit.resampling import draws, units
from rewardkit.training.cross_validation import CrossValidation, cross_validate
from rewardkit.training.options import TrainOptions
from rewardkit.training.run import choose_blocks

Floats = NDArray[np.float64]

FILES = {"emodb": 1.0, "damaged": 0.5, "ladder": 0.25}
READERS = 8
RESAMPLES = 2000


@dataclass(frozen=True, eq=False)
class Right:
    """How often a head was right, test by test; two heads have the same tests in this order.

    Args:
        score: 1 right, 0 wrong, 0.5 undecided; NaN where listeners were.
        weight: Of each test.
        unit: The speakers of each test, `(tests, 2)`.
        set: Which file and dimension each is of.
    """

    score: Floats
    weight: Floats
    unit: NDArray[np.int64]
    set: NDArray[np.str_]


def tested(crossed: CrossValidation, files: Sequence[str], names: Sequence[str]) -> Right:
    """The outcome of every test of a cross-validation."""
    place = np.concatenate([fold.test for fold in crossed.folds])
    tests, margin = crossed.tested
    score = np.where(margin == 0, 0.5, (margin > 0) == (tests.win > 0.5)).astype(float)
    score[tests.win == 0.5] = np.nan
    sets = [f"{files[p]} {names[tests.dimension[i]]}" for i, p in enumerate(place)]
    return Right(score, tests.weight, units(tests, crossed.groups), np.array(sets))


def interval(score: Floats, weight: Floats, unit: NDArray[np.int64]) -> tuple[float, float, float]:
    """Weighted mean of the tests that are decided, with its 95 % interval."""
    used = ~np.isnan(score)
    score, weight, unit = score[used], weight[used], unit[used]
    numbered = np.unique(unit, return_inverse=True)[1].reshape(unit.shape)
    drawn = []
    for often in draws(numbered, RESAMPLES, np.random.default_rng(0)):
        share = often * weight
        with np.errstate(invalid="ignore"):
            drawn.append((share @ score) / share.sum(axis=1))
    low, high = np.nanquantile(np.concatenate(drawn), (0.025, 0.975))
    return float(np.average(score, weights=weight)), float(low), float(high)


def judge(
    material: Material, chosen: Sequence[str], components: int, strict: bool
) -> Mapping[str, Right]:
    """The outcomes of heads that may use some scorers only, by file and dimension."""
    indexed = index(material.wanted)
    names = material.extractor.schema.names
    columns = [i for i, name in enumerate(names) if name.split(".")[0] in chosen]
    table = np.stack([material.values[path] for path in indexed.paths])[:, columns]
    blocks = {"speech.*": components} if "speech" in chosen else {}
    reduce = choose_blocks([names[i] for i in columns], blocks)
    options = TrainOptions(grid=GRID, bend=True, reduce=reduce)
    groups = _groups(indexed)
    crossed = cross_validate(table, indexed.pairs, groups=groups, options=options)
    found = _by_set(crossed, material, indexed)
    if strict:
        actors = [who if who.startswith("emodb-") else "others" for who in groups]
        crossed = cross_validate(table, indexed.pairs, groups=actors, options=options, strict=True)
        found |= {
            name.replace("emodb", "emodb (strict)"): right
            for name, right in _by_set(crossed, material, indexed).items()
            if name.startswith("emodb")
        }
    return found


def _by_set(crossed: CrossValidation, material: Material, indexed: Indexed) -> dict[str, Right]:
    right = tested(crossed, material.files, indexed.pairs.dimensions)
    found = {}
    for name in sorted(set(right.set.tolist())):
        here = right.set == name
        found[name] = Right(
            right.score[here], right.weight[here], right.unit[here], right.set[here]
        )
    return found


def _groups(indexed: Indexed) -> list[str]:
    """Actors and voices by themselves, LibriSpeech's readers dealt into groups."""
    return [
        f"readers-{int(who.split('-')[1]) % READERS}" if who.startswith("librispeech-") else who
        for who in map(str, indexed.speakers)
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--pairs", type=Path, required=True, help="folder of recipes.pairs")
    parser.add_argument("--encoders", type=Path, help="emotion encoders by left-out speaker")
    parser.add_argument("--speech", help="model of the scorer speech; left out without")
    parser.add_argument("--components", type=int, default=20, help="of its embedding")
    parser.add_argument(
        "--scorers",
        nargs="+",
        default=["pitch", "timing", "voice", "artefacts", "emotion", "quality"],
    )
    parser.add_argument("--files", nargs="+", choices=sorted(FILES), default=list(FILES))
    parser.add_argument("--strict", action="store_true", help="EmoDB by heads that know neither")
    parser.add_argument("--workers", type=int, default=0)
    given = parser.parse_args()
    parameters: dict[str, dict[str, str]] = {name: {} for name in given.scorers}
    if given.speech:
        parameters["speech"] = {"model": given.speech, "pooling": "mean+sd"}
    shares = {"prosody": {name: FILES[name] for name in given.files}}
    if "emodb" in given.files:
        shares["emotion"] = {"emodb": 1.0}
    scorers = tuple(parameters.items())
    gathered = gather(given.files, scorers, given.pairs, given.encoders, given.workers)
    material = weigh(gathered, shares)
    everything = list(parameters)
    sets = {"all": everything}
    sets |= {f"{name} alone": [name] for name in everything}
    sets |= {f"all but {name}": [n for n in everything if n != name] for name in everything}
    start = time.perf_counter()
    whole: Mapping[str, Right] = {}
    for name, chosen in sets.items():
        found = judge(material, chosen, given.components, given.strict)
        whole = whole or found
        for which, right in found.items():
            value, low, high = interval(right.score, right.weight, right.unit)
            line = f"{name:<18} {which:<24} {value:.3f} [{low:.3f}, {high:.3f}]"
            if name != "all":
                away = right.score - whole[which].score
                value, low, high = interval(away, right.weight, right.unit)
                line += f"   less all {value:+.3f} [{low:+.3f}, {high:+.3f}]"
            print(line, flush=True)
    print(f"{time.perf_counter() - start:.0f} s of fitting")


if __name__ == "__main__":
    main()
