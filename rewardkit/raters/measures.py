# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: Apache-2.0
"""What is measured of each rater, and what is held against one, with the reason.

Nobody is excluded here and no vote is deleted: flags are for the organiser to look at, weights
for `train` to use.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise
from statistics import fmean, median
from typing import Final

import numpy as np

from rewardkit.preferences.record import Preference
from rewardkit.raters.alpha import Alpha, krippendorff
from rewardkit.raters.reliability import Items, Rated, reliabilities
from rewardkit.raters.share import Share, share
from rewardkit.raters.votes import Unit, Vote, Votes

CARELESS: Final = 0.5
"""A reliability that is surely below this is flagged; the average rater has 1."""

GOLDEN: Final = 0.8
"""A share of right answers to golden pairs that is surely below this is flagged."""

FAST: Final = 1 / 3
"""A median response time below this part of the raters' median is flagged."""

SAME: Final = 0.9
"""A share of one and the same answer that is surely above this is flagged."""

_VALUES: Final = (0.0, 0.5, 1.0)


@dataclass(frozen=True)
class RaterOptions:
    """How raters are judged.

    Args:
        level: Confidence with which something must be known to be flagged, and of all intervals.
            Of 100 raters without fault about one is flagged by chance for each two measures.
        items: What has a strength when reliabilities are fitted: each `clip`, or each `system`.
        seed: Of bootstraps.
    """

    level: float = 0.99
    items: Items = "clip"
    seed: int = 0


@dataclass(frozen=True)
class Measured:
    """One rater.

    Args:
        rater: Who.
        votes: How many.
        reliability: Inverse temperature by dimension, with its interval: 1 is the average, 0 an
            answer whatever the clips are, below 0 answers in reverse.
        agreement: With the others' votes on the same pair (their own left out): 1 for the same
            answer, ½ for a tie of either; ½ on average for one who tosses a coin.
        consistency: The same, with their own earlier vote on the same pair; rows of counts, which
            have no order, are left out.
        golden: Right answers to pairs whose answer is known.
        side: Share of side a among the answers that chose a side.
        ties: Share of ties.
        same: Share of the answer that was given most often, sides as they were shown.
        seconds: Median response time in s.
        weight: What each vote should weigh; see `rewardkit.raters.weights`.
        flags: What is held against them: reason by measure.
    """

    rater: str
    votes: int
    reliability: dict[str, Rated]
    agreement: Share | None
    consistency: Share | None
    golden: Share | None
    side: Share | None
    ties: Share | None
    same: Share | None
    seconds: float | None
    weight: float
    flags: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class RaterReport:
    """All raters of some votes.

    Args:
        raters: By weight, the lightest first.
        alpha: Krippendorff's alpha by dimension and metric.
        agreement: The raters' mean agreement with each other, against which each one's stands.
        votes: How many single votes there are.
        left_out: Preferences that are no votes of a named rater, by reason.
        notes: What could not be measured, and why.
    """

    raters: tuple[Measured, ...]
    alpha: dict[str, dict[str, Alpha]]
    agreement: float | None
    votes: int
    left_out: dict[str, int]
    notes: tuple[str, ...]

    @property
    def flagged(self) -> tuple[str, ...]:
        """Names of the raters against whom something is held."""
        return tuple(one.rater for one in self.raters if one.flags)


def report(
    votes: Votes, *, golden: Iterable[Preference] = (), options: RaterOptions | None = None
) -> RaterReport:
    """Measure all raters.

    Args:
        votes: See `read_votes`.
        golden: Pairs whose answer is known; a side each.
        options: See `RaterOptions`.

    Raises:
        RewardkitError: `not_converged`.

    Example:
        >>> pairs = [("x", "y"), ("x", "z"), ("y", "z")]
        >>> rows = [(Preference(a, b, 1.0, rater=r), None) for a, b in pairs for r in "mn"]
        >>> found = report(Votes.of(rows))
        >>> found.agreement, [one.rater for one in found.raters], found.flagged
        (1.0, ['m', 'n'], ())
    """
    options = options or RaterOptions()
    by_rater: defaultdict[str, list[Vote]] = defaultdict(list)
    by_unit: defaultdict[Unit, list[Vote]] = defaultdict(list)
    for vote in votes.votes:
        by_rater[vote.rater].append(vote)
        by_unit[vote.unit].append(vote)
    known = {vote.unit: vote.answer for vote in _known(golden)}
    dimensions = list(dict.fromkeys(unit[0] for unit in by_unit))
    reliability: defaultdict[str, dict[str, Rated]] = defaultdict(dict)
    notes = []
    for name in dimensions:
        here = [vote for vote in votes.votes if vote.unit[0] == name]
        rated, missing = reliabilities(here, options.items, options.level)
        notes += [f"{name}: {missing}"] * (missing is not None)
        for rater, values in rated.items():
            reliability[rater][name] = values
    found = [
        _measure(rater, given, by_unit, known, reliability[rater], options)
        for rater, given in sorted(by_rater.items())
    ]
    shares = [one.agreement for one in found if one.agreement is not None]
    typical = median(one.value for one in shares) if shares else None
    steady = [one.consistency.value for one in found if one.consistency is not None]
    usual = median(steady) if steady else None
    times = [one.seconds for one in found if one.seconds is not None]
    pace = median(times) if times else None
    found = [replace(one, flags=_flags(one, typical, usual, pace)) for one in found]
    alpha = {
        name: {
            metric: _alpha([v for u, v in by_unit.items() if u[0] == name], metric, options)
            for metric in ("nominal", "ordinal")
        }
        for name in dimensions
    }
    return RaterReport(
        tuple(sorted(found, key=lambda one: (one.weight, one.rater))),
        alpha,
        fmean(one.value for one in shares) if shares else None,
        len(votes.votes),
        votes.left_out,
        tuple(notes),
    )


def _known(golden: Iterable[Preference]) -> Iterable[Vote]:
    """Golden pairs as votes of one who knows."""
    return Votes.of((replace(pair, rater="known"), None) for pair in golden).votes


def _agree(one: float, other: float) -> float:
    """1 for the same answer, ½ when one of them is a tie, 0 for opposite ones."""
    return 1.0 - abs(one - other)


def _measure(
    rater: str,
    given: Sequence[Vote],
    by_unit: dict[Unit, list[Vote]],
    known: dict[Unit, float],
    reliability: dict[str, Rated],
    options: RaterOptions,
) -> Measured:
    level = options.level
    agreements, repeats = [], []
    own: defaultdict[Unit, list[float]] = defaultdict(list)
    single: defaultdict[Unit, list[float]] = defaultdict(list)
    for vote in given:
        own[vote.unit].append(vote.answer)
        if sum(vote.preference.counts or ()) == 1:
            single[vote.unit].append(vote.answer)
    for answers in single.values():
        repeats += [_agree(x, y) for x, y in pairwise(answers)]
    for unit, answers in own.items():
        others = [vote.answer for vote in by_unit[unit] if vote.rater != rater]
        if others:
            agreements.append(fmean(_agree(x, y) for x in answers for y in others))
    shown = [vote.shown for vote in given if vote.shown is not None]
    common = Counter(shown).most_common(1)
    sided = [float(answer == "a") for answer in shown if answer != "tie"]
    right = [_agree(vote.answer, known[vote.unit]) for vote in given if vote.unit in known]
    times = [vote.seconds for vote in given if vote.seconds is not None]
    weight = fmean(max(0.0, value) for value, _, _ in reliability.values()) if reliability else 1.0
    return Measured(
        rater,
        len(given),
        reliability,
        share(agreements, level),
        share(repeats, level),
        share(right, level),
        share(sided, level),
        share([float(vote.answer == 0.5) for vote in given], level),
        share([float(answer == common[0][0]) for answer in shown], level) if common else None,
        median(times) if times else None,
        weight,
    )


def _flags(
    one: Measured, typical: float | None, usual: float | None, pace: float | None
) -> dict[str, str]:
    """Reasons by measure."""
    flags: dict[str, str] = {}
    for name, (value, low, high) in one.reliability.items():
        if high < CARELESS:
            text = f"{name}: reliability {value:.2f} [{low:.2f}, {high:.2f}] where 1 is average"
            flags[f"reliability {name}"] = text
    for measure, found, middle in (
        ("agreement", one.agreement, typical),
        ("consistency", one.consistency, usual),
    ):
        if found is not None and middle is not None and found.low <= 0.5 and found.high < middle:
            text = "the others" if measure == "agreement" else "their own earlier answers"
            flags[measure] = f"agrees with {text} as a coin would: {found}; usual {middle:.2f}"
    if one.golden is not None and one.golden.high < GOLDEN:
        flags["golden"] = f"right answers to golden pairs: {one.golden}"
    if one.side is not None and not one.side.low <= 0.5 <= one.side.high:
        text = "a" if one.side.value > 0.5 else "b"
        flags["side"] = f"prefers side {text}; share of a: {one.side}"
    if one.same is not None and one.same.low > SAME:
        flags["same"] = f"gives the same answer: {one.same}"
    if one.seconds is not None and pace is not None and one.seconds < FAST * pace:
        flags["fast"] = f"median response time {one.seconds:.1f} s; the raters' is {pace:.1f} s"
    return flags


def _alpha(units: Sequence[Sequence[Vote]], metric: str, options: RaterOptions) -> Alpha:
    """Alpha of one dimension, each rater's repeated votes on a pair counting once."""
    counts = np.zeros((len(units), len(_VALUES)))
    for row, votes in enumerate(units):
        for answer in {vote.rater: vote.answer for vote in votes}.values():
            counts[row, _VALUES.index(answer)] += 1
    return krippendorff(
        counts, "ordinal" if metric == "ordinal" else "nominal", reversible=True,
        level=options.level, seed=options.seed,
    )  # fmt: skip
