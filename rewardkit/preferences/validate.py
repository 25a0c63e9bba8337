# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: Apache-2.0
"""`validate`: everything that can be wrong or odd in a preference file, in one report.

The file is streamed: its rows go to a temporary database on disk, and memory grows only with the
number of different clips and dimensions.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from typing import Final

from rewardkit.preferences.agreement import NominalAlpha
from rewardkit.preferences.clips import Clips, same_sound
from rewardkit.preferences.groups import Groups
from rewardkit.preferences.issues import Issues
from rewardkit.preferences.probe import Probe, probe
from rewardkit.preferences.read import stream
from rewardkit.preferences.report import DimensionSummary, Report
from rewardkit.preferences.shortcuts import Rule, SystemTally, Tally
from rewardkit.preferences.store import NO_WINNER, Answer, Store

FEWEST_PAIRS: Final = 30
"""With fewer different pairs, a dimension is reported as not identifiable."""

_SAME_DURATION: Final = 1e-3  # s; closer clips are neither the longer nor the shorter
_SAME_LEVEL: Final = 0.1  # dB


def validate(
    path: str | Path,
    *,
    probe: Probe | None = probe,
    dimensions: Collection[str] | None = None,
    workers: int = 1,
    keep: int = 10_000,
) -> Report:
    """Check a preference file and describe what it holds.

    Args:
        path: A `.jsonl`, `.csv` or `.parquet` file.
        probe: Reads a clip; None leaves the clips unopened, and what needs them unchecked.
        dimensions: The dimensions that may occur; None for any.
        workers: Threads that probe clips.
        keep: How many errors the report holds; beyond that they are only counted.

    Raises:
        PreferenceError: `not_a_file` or `unknown_format` when there is nothing to check.
    """
    errors, warnings = Issues(str(path), keep), Issues(str(path))
    clips = Clips()
    rows = 0
    with Store() as store:
        for _, preference in stream(path, errors, dimensions=dimensions):
            rows += 1
            numbers = None if preference is None else clips.add(preference, errors)
            if preference is not None and numbers is not None:
                store.add(preference, *numbers)
        if probe is not None:
            clips.probe(probe, errors, workers=workers)
        paths = list(clips.ids)
        for line, one, other in store.unite(clips):
            errors.add(line, *same_sound(paths[one], paths[other]))
        summaries, rules = _describe(store, clips, warnings)
        used, raters = store.rows(), store.raters()
    for rule in rules:
        if rule.is_shortcut:
            warnings.add(
                None,
                "shortcut",
                f"{rule.dimension}: always choosing {rule.name} is right in {rule.accuracy:.1%} "
                f"of {rule.pairs} pairs; a model may learn just that",
            )
    return Report(
        str(path),
        errors,
        warnings,
        rows=rows,
        skipped=rows - used,
        clips=len(clips),
        raters=raters,
        probed=probe is not None,
        dimensions=summaries,
        rules=rules,
    )


@dataclass
class _Dimension:
    """What is counted while the answers of one dimension go by."""

    name: str
    pairs: int = 0
    judgements: int = 0
    ties: int = 0
    contradicted: int = 0
    repeated_by_rater: int = 0
    repeated_unnamed: int = 0
    groups: Groups[int] = field(default_factory=Groups)
    alpha: NominalAlpha = field(default_factory=lambda: NominalAlpha(3, exchangeable=True))
    longer: Tally = field(default_factory=lambda: Tally("the longer clip", "the shorter clip"))
    louder: Tally = field(default_factory=lambda: Tally("the louder clip", "the quieter clip"))
    side: Tally = field(default_factory=lambda: Tally("side a", "side b"))
    system: SystemTally = field(default_factory=SystemTally)

    def add(self, answers: Iterator[Answer], clips: Clips) -> None:
        """Count the answers on one pair."""
        self.pairs += 1
        counts = [0, 0, 0]
        balance = 0.0
        for answer in answers:
            balance += answer.weight * (answer.win - 0.5)
            self._repeats(answer)
            if answer.first is None or answer.second is None or answer.tie is None:
                self.judgements += answer.rows
                continue
            given = (answer.first, answer.second, answer.tie)
            self.judgements += answer.rows * sum(given)
            self.ties += answer.rows * given[2]
            # A rater who repeats an answer does not agree with anyone by that.
            times = answer.rows if answer.rater is None else 1
            counts = [count + times * new for count, new in zip(counts, given, strict=True)]
        self.groups.join(answer.lo, answer.hi)
        self.alpha.add(counts)
        self.contradicted += sum(count > 0 for count in counts) > 1
        if abs(balance) > NO_WINNER:
            self._rules(answer, balance > 0.0, clips)

    def _repeats(self, answer: Answer) -> None:
        if answer.rater is None:
            self.repeated_unnamed += answer.rows - 1
        else:
            self.repeated_by_rater += answer.rows - 1

    def _rules(self, pair: Answer, lo_wins: bool, clips: Clips) -> None:
        lo, hi = pair.lo, pair.hi
        longer = clips.durations[lo] - clips.durations[hi]
        if abs(longer) > _SAME_DURATION:  # not so for the NaN of a clip that was not probed
            self.longer.add((longer > 0) == lo_wins)
        louder = clips.levels[lo] - clips.levels[hi]
        if abs(louder) > _SAME_LEVEL:
            self.louder.add((louder > 0) == lo_wins)
        one, other = pair.lo_system, pair.hi_system
        if one is not None and other is not None and one != other:
            self.system.add(*((one, other) if lo_wins else (other, one)))

    def rules(self) -> list[Rule]:
        """The trivial rules that apply at all."""
        tallies = (self.longer, self.louder, self.side, self.system)
        rules = (tally.rule(self.name) for tally in tallies)
        return [rule for rule in rules if rule is not None]

    def summary(self) -> DimensionSummary:
        """The counts."""
        sizes = self.groups.sizes()
        return DimensionSummary(
            self.name,
            pairs=self.pairs,
            clips=sum(sizes),
            judgements=self.judgements,
            ties=self.ties,
            contradicted=self.contradicted,
            components=len(sizes),
            agreement=self.alpha.result(),
        )

    def warn(self, warnings: Issues) -> None:
        """Note what is odd."""
        if self.repeated_by_rater or self.repeated_unnamed:
            warnings.add(
                None,
                "duplicate_votes",
                f"{self.name}: {self.repeated_by_rater} rows repeat a named rater's answer, "
                f"{self.repeated_unnamed} an answer without a rater; they are added up as counts",
            )
        sizes = self.groups.sizes()
        if len(sizes) > 1:
            warnings.add(
                None,
                "disconnected",
                f"{self.name}: {len(sizes)} groups of clips (the largest has {sizes[0]}) are never "
                "compared with each other; not identifiable: only features relate them",
            )
        if self.pairs < FEWEST_PAIRS:
            warnings.add(
                None,
                "few_pairs",
                f"{self.name}: {self.pairs} different pairs; not identifiable with fewer than "
                f"{FEWEST_PAIRS}",
            )


def _describe(
    store: Store, clips: Clips, warnings: Issues
) -> tuple[list[DimensionSummary], list[Rule]]:
    """Go through all answers once, dimension by dimension and pair by pair."""
    sides = store.sides()
    summaries: list[DimensionSummary] = []
    rules: list[Rule] = []
    for name, in_dimension in groupby(store.answers(), key=itemgetter(0)):
        dimension = _Dimension(name)
        for _, answers in groupby(in_dimension, key=itemgetter(1, 2)):
            dimension.add(answers, clips)
        if name in sides:
            dimension.side.right, dimension.side.pairs = sides[name]
        dimension.warn(warnings)
        summaries.append(dimension.summary())
        rules += dimension.rules()
    return summaries, rules
