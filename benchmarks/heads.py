# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Forms of the head, on speakers that none was trained on: additive, free network, gated.

    python -m checkpoints.recipes.pairs --data $REWARDKIT_DATA --out PAIRS
    python -m benchmarks.heads --pairs PAIRS --encoders FOLDS [--strict 4]

Nested cross-validation: each actor of EmoDB is left out in turn, and the readers and voices in
groups; weight decay and normaliser come from the others, by an inner cross-validation over their
speakers. All forms are tested on the same pairs, so each is compared with the shipped form pair by
pair, with intervals from resampling whole speakers (95 %). The features are cached.

Then the members of an ensemble: how often the head is right on speakers left out, by terciles of
`std` of the margin, for members that read all features and for members that each leave the
features of one scorer out.
"""

from __future__ import annotations

import argparse
import dataclasses
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from benchmarks.ablation import Right, interval
from benchmarks.head_forms import FORMS, fit_form
from checkpoints.recipes.heads import GRID, RECIPES
from checkpoints.recipes.material import Material, gather, weigh
from rewardkit.normaliser import Floats
from rewardkit.pairs import Indexed, Pairs, index
from rewardkit.resampling import Groups, draws, folds, units
from rewardkit.training.choose import choose_columns, choose_groups
from rewardkit.training.members import estimate_members
from rewardkit.training.options import TrainOptions
from rewardkit.training.regularisation import choose_l2

DEALT = 4
"""Groups into which readers and voices are dealt."""

MEMBERS = 10
ENSEMBLES = ("same features", "a scorer left out each")


@dataclasses.dataclass(frozen=True, eq=False)
class Fold:
    """What is known of one left-out group.

    Args:
        place: Which pairs were tested, `(tests,)`.
        margin: By form of the head, `(tests,)`.
        members: By kind of ensemble, the margins of its members, `(members, tests)`.
    """

    place: np.ndarray
    margin: Mapping[str, Floats]
    members: Mapping[str, Floats]


Part = tuple[np.ndarray, np.ndarray]
"""Which pairs are left out of training, and which of them are tested, `(pairs,)` each."""


def apart(pairs: Pairs, groups: Groups, strict: int) -> list[Part]:
    """Each group left out; or, strictly, each actor with others, and only pairs of the two tested.

    Most pairs of EmoDB are between two actors. Of such a pair a head that knows one actor may
    have learned that clip by heart, which a free form does best.
    """
    if not strict:
        return [(held, held) for _, held in folds(units(pairs, groups), 10_000)]
    label = np.array([[groups[row] for row in side] for side in (pairs.a, pairs.b)])
    actors = sorted({str(name) for name in groups if str(name).startswith("emodb-")})
    two = {
        tuple(sorted((who, actors[(place + step) % len(actors)])))
        for step in range(1, strict + 1)
        for place, who in enumerate(actors)
    }
    inside = [np.isin(label, pair) for pair in sorted(two)]
    return [(known.any(axis=0), known.all(axis=0)) for known in inside]


def leave_out(
    values: Floats, pairs: Pairs, groups: Groups, options: TrainOptions, names: Sequence[str],
    forms: Sequence[str], parts: Sequence[Part], ensembles: bool,
) -> list[Fold]:  # fmt: skip
    """Fit all forms to what each part leaves, and test them on what it tests."""
    result = []
    for number, (held, tested) in enumerate(parts, 1):
        train = options.prepare(pairs.select(~held))
        place = np.flatnonzero(tested)
        tests = pairs.select(place)
        margin, members = {}, {}
        for name, bend in (("additive", True), ("additive, straight", False)):
            how = dataclasses.replace(options, bend=bend)
            l2 = choose_l2(values, train, groups=groups, options=how)
            resampled = draws(units(train, groups), how.members, np.random.default_rng(how.seed))
            often = np.concatenate([np.ones((1, len(train))), *resampled])
            row = np.tile([l2[dimension] for dimension in pairs.dimensions], (len(often), 1))
            kinds = dict(zip(ENSEMBLES, ((), choose_groups(names)), strict=True))
            for kind, drop in (kinds if bend and ensembles else {}).items():
                fitted = estimate_members(
                    values, train, often, row, dataclasses.replace(how, drop=drop)
                )
                found = fitted.margins(values, tests)
                margin[name], members[kind] = found[0], found[1:]
            if name not in margin:
                fitted = estimate_members(values, train, often[:1], row[:1], how)
                margin[name] = fitted.margins(values, tests)[0]
        for form in forms:
            margin[form] = fit_form(form, values, train, tests, groups, options, names)
        result.append(Fold(place, margin, members))
        print(f"fold {number}: {len(train)} pairs to train on, {len(place)} to test", flush=True)
    return result


def report(found: Sequence[Fold], material: Material, indexed: Indexed, groups: Groups) -> None:
    """Print accuracies, differences, and terciles of std."""
    place = np.concatenate([fold.place for fold in found])
    tests = indexed.pairs.select(place)
    weight = tests.weight / np.bincount(place)[place]
    unit = units(tests, groups)
    names = indexed.pairs.dimensions
    sets = np.array([f"{material.files[p]} {names[indexed.pairs.dimension[p]]}" for p in place])

    def right(margin: Floats, here: np.ndarray) -> Right:
        score = np.where(margin == 0, 0.5, (margin > 0) == (tests.win > 0.5)).astype(float)
        score[tests.win == 0.5] = np.nan
        return Right(score[here], weight[here], unit[here], sets[here])

    forms = list(found[0].margin)
    every = {form: np.concatenate([fold.margin[form] for fold in found]) for form in forms}
    print(f"\n{'form':<20} {'pairs':<22} {'accuracy':<22} less additive")
    for which in sorted(set(sets.tolist())):
        here = sets == which
        base = right(every["additive"], here)
        for form in forms:
            own = right(every[form], here)
            value, low, high = interval(own.score, own.weight, own.unit)
            line = f"{form:<20} {which:<22} {value:.3f} [{low:.3f}, {high:.3f}]"
            if form != "additive":
                value, low, high = interval(own.score - base.score, own.weight, own.unit)
                line += f"   {value:+.3f} [{low:+.3f}, {high:+.3f}]"
            print(line, flush=True)
    if not found[0].members:
        return
    print(f"\naccuracy by terciles, least first\n{'ensemble':<24} {'pairs':<20} by")
    for kind in ENSEMBLES:
        members = np.concatenate([fold.members[kind] for fold in found], axis=1)
        spread = members.std(axis=0, ddof=1)
        for which in sorted(set(sets.tolist())):
            here = np.flatnonzero((sets == which) & (tests.win != 0.5))
            for what, number in {
                "std": spread, "|margin| / std": np.abs(every["additive"]) / spread
            }.items():  # fmt: skip
                parts = np.array_split(here[np.argsort(number[here], kind="stable")], 3)
                cells = []
                for part in parts:
                    own = right(every["additive"], part)
                    value, low, high = interval(own.score, own.weight, own.unit)
                    cells.append(f"{value:.3f} [{low:.3f}, {high:.3f}]")
                print(f"{kind:<24} {which:<20} {what:<15} {'  '.join(cells)}", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--pairs", type=Path, required=True, help="folder of recipes.pairs")
    parser.add_argument("--encoders", type=Path, help="emotion encoders by left-out speaker")
    parser.add_argument("--recipe", choices=sorted(RECIPES), default="default")
    parser.add_argument("--forms", nargs="*", choices=sorted(FORMS), default=sorted(FORMS))
    parser.add_argument(
        "--strict", type=int, default=0, help="EmoDB by heads that know neither: each actor with "
        "the next so many others, 4 for all"
    )  # fmt: skip
    parser.add_argument("--workers", type=int, default=0)
    given = parser.parse_args()
    recipe = RECIPES[given.recipe]
    gathered = gather(recipe.files, recipe.scorers, given.pairs, given.encoders, given.workers)
    material = weigh(gathered, recipe.shares)
    start = time.perf_counter()
    indexed = index(material.wanted)
    names = material.extractor.schema.names
    values = np.stack([material.values[path] for path in indexed.paths])
    columns = choose_columns(names, indexed.pairs.dimensions, recipe.use)
    options = TrainOptions(grid=GRID, folds=4, columns=columns, members=MEMBERS)
    speakers = list(dict.fromkeys(map(str, indexed.speakers)))
    group = {who: who if who.startswith("emodb-") else f"others-{place % DEALT}"
             for place, who in enumerate(sorted(speakers))}  # fmt: skip
    groups = [group[str(who)] for who in indexed.speakers]
    found = leave_out(
        values, indexed.pairs, groups, options, names, given.forms,
        apart(indexed.pairs, groups, given.strict), not given.strict,
    )  # fmt: skip
    report(found, material, indexed, groups)
    print(f"{time.perf_counter() - start:.0f} s of fitting")


if __name__ == "__main__":
    main()
