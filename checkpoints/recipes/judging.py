# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: Apache-2.0
"""How a recipe's head does on speakers, kinds of damage and synthesisers that it has not heard."""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from checkpoints.recipes import unseen
from checkpoints.recipes.emotion_strength import FEATURE
from checkpoints.recipes.material import Material, group
from rewardkit import baselines
from rewardkit.evaluate import Evaluation, Interval
from rewardkit.pairs import Floats, Pairs, index
from rewardkit.preferences import Preference
from rewardkit.training.cross_validation import CrossValidation, Fold
from rewardkit.training.estimate import estimate
from rewardkit.training.options import TrainOptions
from rewardkit.training.regularisation import choose_l2
from rewardkit.training.run import choose_columns

PARTS: Final = 8
"""Into which people are dealt."""

QUARTERS: Final = 4
"""Into which people are dealt where something else is left out with them."""

Mask = NDArray[np.bool_]
Split = tuple[str, Mask, Mask]
"""What is left out, which pairs that takes from training, and which of them are tested."""


@dataclass(frozen=True, eq=False)
class Margins:
    """Tests of one split.

    Args:
        label: What was left out.
        out: Which pairs were left out of training.
        test: Which pairs were tested.
        train: How many pairs were trained on.
        margin: Reward of a less reward of b in each dimension, `(tested, dimensions)`.
        mix: How the dimensions make up the scalar.
    """

    label: str
    out: Mask
    test: NDArray[np.int64]
    train: int
    margin: Floats
    mix: Floats


@dataclass(frozen=True, eq=False)
class Judge:
    """What judging a recipe needs.

    Args:
        wanted: The preferences that are trained on.
        files: Which file each came from, the one with judgements first.
        table: Features, `(clips, features)`.
        pairs: The preferences by row.
        groups: Of each clip: its actor or voice, or the readers that it is dealt to.
        trivial: What trivial rules go by, one number per clip.
        options: With the weight decay of each dimension, chosen by leaving groups out.
        unheard: By actor, the table for judging that actor, where it differs from `table`.
        mix: What each dimension counts in the scalar; empty for what the fit gives.
    """

    wanted: Sequence[Preference]
    files: NDArray[np.str_]
    table: Floats
    pairs: Pairs
    groups: list[str]
    trivial: dict[str, Floats]
    options: TrainOptions
    unheard: Mapping[str, Floats]
    mix: Mapping[str, float]

    @classmethod
    def of(
        cls,
        material: Material,
        use: Mapping[str, Sequence[str]],
        options: TrainOptions,
        unheard: Mapping[str, Mapping[str, float]],
        mix: Mapping[str, float],
    ) -> Judge:
        """Index the preferences, and choose the weight decays.

        Args:
            material: The preferences and features.
            use: As in `RunOptions`.
            options: How to train.
            unheard: See `emotion_strength.unheard`.
            mix: As above.
        """
        indexed = index(material.wanted)
        groups = [group(who) for who in indexed.speakers]
        table = np.stack([material.values[path] for path in indexed.paths])
        names = material.extractor.schema.names
        info = [material.info[path] for path in indexed.paths]
        columns = choose_columns(names, indexed.pairs.dimensions, use)
        how = dataclasses.replace(options, columns=columns)
        l2 = choose_l2(table, indexed.pairs, groups=groups, options=how)
        print(f"weight decay: {l2}", flush=True)
        return cls(
            material.wanted, np.array(material.files), table, indexed.pairs, groups,
            baselines.numbers(info, names, table), dataclasses.replace(how, l2=l2),
            {actor: _changed(table, indexed.paths, names.index(FEATURE), column)
             for actor, column in unheard.items()},
            mix,
        )  # fmt: skip

    @property
    def l2(self) -> dict[str, float]:
        """The weight decays, by dimension."""
        assert isinstance(self.options.l2, Mapping)  # noqa: S101
        return dict(self.options.l2)

    def test(self, splits: Iterable[Split], *dimensions: str) -> tuple[Margins, ...]:
        """Train without what each split leaves out, and test.

        Args:
            splits: See `Split`.
            dimensions: Which are trained; all by default.
        """
        row = np.array([[self.l2[name] for name in self.pairs.dimensions]])
        chosen = [dimensions == () or name in dimensions for name in self.pairs.dimensions]
        kept = np.array(chosen)[self.pairs.dimension]
        result = []
        for label, out, tested in splits:
            train = self.options.prepare(self.pairs.select(np.flatnonzero(~out & kept)))
            table = self.unheard.get(label, self.table)
            fitted = estimate(table, train, np.ones((1, len(train))), row, self.options)
            rewards = fitted.normaliser(table) @ fitted.weights[0].T
            test = np.flatnonzero(tested)
            margin = rewards[self.pairs.a[test]] - rewards[self.pairs.b[test]]
            mix = fitted.mix[0]
            if self.mix:
                mix = np.array([self.mix[name] for name in self.pairs.dimensions])
            result.append(Margins(label, out, test, len(train), margin, mix))
        return tuple(result)

    def crossed(
        self, tests: Sequence[Margins], temperature: Mapping[str, float] | None = None
    ) -> CrossValidation:
        """Tests as a cross-validation: each pair by its own dimension, or by the scalar.

        Args:
            tests: What `test` gave.
            temperature: By dimension; given, the margins are those of the scalar.
        """
        folds = []
        for found in tests:
            if temperature is None:
                number = self.pairs.dimension[found.test]
                margin = found.margin[np.arange(len(number)), number]
            else:
                cool = np.array([1 / temperature[name] for name in self.pairs.dimensions])
                margin = found.margin @ (found.mix * cool)
            out = np.flatnonzero(found.out)
            folds.append(Fold((found.label,), found.train, found.test, margin, self.l2, out))
        return CrossValidation(self.pairs, self.groups, tuple(folds))

    @property
    def actors(self) -> list[str]:
        """Who is heard in the file with the judgements."""
        human = self.files == self.files[0]
        rows = np.unique(np.concatenate([self.pairs.a[human], self.pairs.b[human]]))
        return sorted({self.groups[row] for row in rows})

    def _has(self, *who: str) -> Mask:
        """Which pairs have a clip of any of these groups."""
        theirs = np.isin(self.groups, who)
        return np.asarray(theirs[self.pairs.a] | theirs[self.pairs.b])

    def one_speaker(self) -> Iterator[Split]:
        """Each actor left out; the pairs of judgements with a clip of that actor are tested."""
        for actor in self.actors:
            out = self._has(actor)
            yield actor, out, out & (self.files == self.files[0])

    def two_speakers(self) -> Iterator[Split]:
        """Each two actors, or one, left out; the judgements between them are tested."""
        human = self.files == self.files[0]
        for one, other in itertools.combinations_with_replacement(self.actors, 2):
            out = self._has(one, other)
            both = np.isin(self.groups, (one, other))
            tested = human & both[self.pairs.a] & both[self.pairs.b]
            if one != other:
                tested &= self._has(one) & self._has(other)
            if tested.any():
                yield one if one == other else f"{one}, {other}", out, tested

    def all_speakers(self) -> Iterator[Split]:
        """All people left out in eight parts; the known orders with a clip of them are tested."""
        orders = self.files != self.files[0]
        for number in range(PARTS):
            out = self._has(*self.people[number::PARTS])
            yield f"part {number}", out, out & orders

    @property
    def people(self) -> list[str]:
        """All groups but the synthetic voices."""
        return sorted({g for g in self.groups if g not in unseen.ENGINES})

    def without(
        self, labels: Sequence[tuple[str, ...]], tested: Mask, *, all_parts: bool = False
    ) -> Iterator[Split]:
        """Each label left out, with a quarter of the people; their pairs of that label are tested.

        Args:
            labels: Of each pair.
            tested: Which pairs are tested, where their label is left out.
            all_parts: Whether every quarter is left out with every label; if not, they take turns.
        """
        for number, label in enumerate(sorted(set(itertools.chain.from_iterable(labels)))):
            about = np.array([label in found for found in labels])
            for part in range(QUARTERS) if all_parts else [number % QUARTERS]:
                theirs = self._has(*self.people[part::QUARTERS])
                if (about & theirs & tested).any():
                    yield label, about | theirs, about & theirs & tested

    def kinds(self) -> Iterator[Split]:
        """Kinds of damage."""
        return self.without([unseen.kinds(p) for p in self.wanted], self._graded)

    def families(self) -> Iterator[Split]:
        """Families of kinds."""
        return self.without([unseen.families(p) for p in self.wanted], self._graded)

    def engines(self) -> Iterator[Split]:
        """Engines, under humans."""
        labels = [unseen.engines(p) for p in self.wanted]
        human = np.array([len(found) == 1 for found in labels])
        return self.without(labels, human & (self.files == "ladder"), all_parts=True)

    @property
    def _graded(self) -> Mask:
        """Undamaged over damaged and less over more: artefacts in `quality`, melodies in both."""
        names = np.array(self.pairs.dimensions)[self.pairs.dimension]
        quality = (names == "quality") & np.isin(self.files, ("artefacts", "melody"))
        prosody = (names == "prosody") & np.isin(self.files, ("damaged", "melody"))
        return np.asarray((quality | prosody) & (self.pairs.tie == 0))

    def evaluate(self, crossed: CrossValidation, facet: str | None = None) -> Evaluation:
        """Accuracy with intervals and trivial rules; by label of the splits, if named."""
        by = None
        if facet is not None:
            labels: list[tuple[str | None, ...]] = [(None,)] * len(self.pairs)
            for fold in crossed.folds:
                for place in fold.test.tolist():
                    labels[place] = (str(fold.held[0]),)
            by = {facet: labels}
        return crossed.evaluate(trivial=self.trivial, by=by)


def results(judge: Judge) -> tuple[dict[str, Evaluation], dict[str, Interval]]:
    """All that is judged, by name, and the temperatures by dimension.

    Temperatures are those of heads that know neither speaker: of the judgements where a dimension
    has some, of known orders otherwise. What is reported of left-out speakers is each fold's at a
    temperature that fits the other folds; see `CrossValidation.calibrated`.
    """
    first = str(judge.files[0])
    judged = {judge.pairs.dimensions[d] for d in judge.pairs.dimension[judge.files == first]}
    one = judge.crossed(judge.test(judge.one_speaker(), *judged))
    two = judge.crossed(judge.test(judge.two_speakers(), *judged))
    found = {first: judge.evaluate(one.calibrated())}
    if len(two.folds) > len(one.folds):
        found[f"{first} (strict)"] = judge.evaluate(two.calibrated())
    orders = judge.test(judge.all_speakers())
    temperature = judge.crossed(orders).temperatures() | two.temperatures()
    values = {name: t.value for name, t in temperature.items()}
    for file in dict.fromkeys(judge.files.tolist()):
        if file != first:
            found[file] = judge.evaluate(_only(judge, judge.crossed(orders).calibrated(), file))
    for name, splits in (
        ("unseen kinds", judge.kinds),
        ("unseen families", judge.families),
        ("unseen engines", judge.engines),
    ):
        tests = judge.test(splits())
        if tests:
            facet = name.removeprefix("unseen ")
            found[name] = judge.evaluate(judge.crossed(tests), facet)
            found[f"{name} (scalar)"] = judge.evaluate(judge.crossed(tests, values), facet)
    return found, temperature


def _changed(
    table: Floats, paths: Sequence[str], place: int, column: Mapping[str, float]
) -> Floats:
    """The table with one feature's numbers replaced, where `column` has others, by path."""
    changed = table.copy()
    changed[:, place] = [column.get(p, own) for p, own in zip(paths, table[:, place], strict=True)]
    return changed


def _only(judge: Judge, crossed: CrossValidation, file: str) -> CrossValidation:
    """The tests of one file's pairs."""
    folds = []
    for fold in crossed.folds:
        mine = judge.files[fold.test] == file
        folds.append(dataclasses.replace(fold, test=fold.test[mine], margin=fold.margin[mine]))
    return dataclasses.replace(crossed, folds=tuple(folds))
