# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: Apache-2.0
"""Evaluation: how often a reward agrees with listeners, with intervals and trivial rules beside.

numpy only.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rewardkit.baselines import choices, wording
from rewardkit.errors import RewardkitError
from rewardkit.pairs import Floats, Pairs
from rewardkit.resampling import Groups, draws, units

_COIN: Final = 0.5
_FEW: Final = 30  # pairs in a dimension; with fewer nothing can be told apart


@dataclass(frozen=True)
class Interval:
    """An estimate with its percentile bootstrap interval; None where it can't be resampled.

    Args:
        value: The estimate.
        low: Lower end, or None with fewer than two units.
        high: Upper end, or None.
    """

    value: float
    low: float | None
    high: float | None

    def __str__(self) -> str:
        if self.low is None or self.high is None:
            return f"{self.value:.3f} [no interval]"
        return f"{self.value:.3f} [{self.low:.3f}, {self.high:.3f}]"


@dataclass(frozen=True)
class RuleResult:
    """A trivial rule, in the direction that serves it better on these pairs.

    Args:
        rule: What it goes by: `duration`, `level`, `side`.
        choice: What it chooses: `longest`, `quietest`, `side a`.
        accuracy: As for the reward.
    """

    rule: str
    choice: str
    accuracy: Interval


@dataclass(frozen=True)
class DimensionResult:
    """How a reward does on the pairs of one dimension.

    Args:
        dimension: Its name.
        pairs: Compared pairs of clips.
        judgements: Their summed weight.
        ties: Compared pairs left out of accuracy: no side has the majority.
        units: What was resampled: groups, connected components or clips.
        accuracy: Share of judgements whose majority side has the higher reward, an equal reward
            counting one half; None when every label is a tie.
        log_loss: Mean cross-entropy of `win` in nat, ties included; a coin has 0.693.
        rules: Trivial rules on the same pairs.
    """

    dimension: str
    pairs: int
    judgements: float
    ties: int
    units: int
    accuracy: Interval | None
    log_loss: Interval
    rules: tuple[RuleResult, ...]

    @property
    def warnings(self) -> tuple[str, ...]:
        """What speaks against taking the accuracy at its word."""
        found = []
        if self.pairs < _FEW:
            found.append(f"{self.dimension}: only {self.pairs} pairs; at least {_FEW} are needed")
        if self.accuracy is not None:
            low = self.accuracy.low
            if low is not None and low <= _COIN:
                found.append(
                    f"{self.dimension}: no_signal: the accuracy, {self.accuracy}, is not surely "
                    "above a coin's"
                )
            found += [
                f"{self.dimension}: the trivial rule {rule.choice!r} reaches "
                f"{rule.accuracy.value:.3f}, the reward {self.accuracy.value:.3f}"
                for rule in self.rules
                if rule.accuracy.value >= self.accuracy.value
            ]
        return tuple(found)


@dataclass(frozen=True)
class Evaluation:
    """Results by dimension.

    Args:
        dimensions: One result per dimension that has pairs.
        level: Coverage of the intervals.
        resamples: Bootstrap resamples behind them.
    """

    dimensions: tuple[DimensionResult, ...]
    level: float
    resamples: int

    def __getitem__(self, name: str) -> DimensionResult:
        """The result of one dimension (KeyError when it has no pairs)."""
        for result in self.dimensions:
            if result.dimension == name:
                return result
        raise KeyError(name)

    @property
    def warnings(self) -> tuple[str, ...]:
        """Of all dimensions."""
        return tuple(text for result in self.dimensions for text in result.warnings)

    def to_json(self) -> dict[str, Any]:
        """The same as JSON values, warnings included."""
        results = [
            dataclasses.asdict(result) | {"warnings": list(result.warnings)}
            for result in self.dimensions
        ]
        for result in results:
            result["rules"] = list(result["rules"])
        return {"level": self.level, "resamples": self.resamples, "dimensions": results}

    def render(self) -> str:
        """The same as plain text, for a terminal."""
        lines = [f"{self.level:.0%} intervals by bootstrap ({self.resamples} resamples)"]
        for result in self.dimensions:
            lines.append(
                f"{result.dimension}: {result.pairs} pairs ({result.ties} ties), "
                f"{result.judgements:g} judgements, {result.units} units resampled"
            )
            lines.append(f"  accuracy   {result.accuracy or 'none: every label is a tie'}")
            lines.append(f"  log-loss   {result.log_loss} nat")
            lines += [f"  {rule.choice:<10} {rule.accuracy}" for rule in result.rules]
        return "\n".join(lines + [f"warning: {text}" for text in self.warnings])


def correctness(margin: ArrayLike, win: Floats) -> Floats:
    """Whether each pair's majority side has the higher reward: 1, 0, or ½ for equal rewards.

    Args:
        margin: Reward of a less reward of b, `(pairs,)`.
        win: As in `Pairs`; a pair with win = 0.5 has no majority and gives NaN.

    Example:
        >>> correctness([2.0, 0.0, -1.0, 3.0], np.array([1.0, 0.7, 1.0, 0.5])).tolist()
        [1.0, 0.5, 0.0, nan]
    """
    agreement = np.sign(np.asarray(margin, np.float64)) * np.sign(win - 0.5)
    return np.where(win == 0.5, np.nan, (1.0 + agreement) / 2.0)


def cross_entropy(margin: ArrayLike, win: Floats) -> Floats:
    """Bradley-Terry cross-entropy of each pair in nat: `-win log σ(m) - (1 - win) log σ(-m)`.

    Example:
        >>> cross_entropy([0.0], np.array([1.0])).round(4).tolist()
        [0.6931]
    """
    m = np.asarray(margin, np.float64)
    return np.logaddexp(0.0, m) - win * m


def evaluate(
    pairs: Pairs,
    margin: ArrayLike,
    *,
    groups: Groups | None = None,
    trivial: Mapping[str, ArrayLike] | None = None,
    resamples: int = 2000,
    level: float = 0.95,
    seed: int = 0,
) -> Evaluation:
    """Compare rewards with judgements.

    Args:
        pairs: The judgements.
        margin: Reward of a less reward of b, `(pairs,)`, each in its own pair's dimension.
        groups: One label per clip, such as its speaker: what the bootstrap resamples. See
            `rewardkit.resampling.units` for what is resampled without.
        trivial: `{"duration": seconds, "level": dB}`, one number per clip: rules to stand beside.
            "Always side a" is added where sides are known.
        resamples: Of the bootstrap.
        level: Coverage of the intervals. They are percentile intervals: with few groups, such as
            eight speakers, somewhat too narrow.
        seed: Of the bootstrap.

    Raises:
        RewardkitError: `bad_margin` when a margin is not finite or their number does not fit.

    Example:
        >>> pairs = Pairs.of([0, 1, 2], [3, 4, 5], [1.0, 1.0, 0.2])
        >>> evaluate(pairs, [2.0, -1.0, -0.5])["overall"].accuracy.value.__round__(3)
        0.667
    """
    margins = np.asarray(margin, np.float64)
    if margins.shape != pairs.win.shape or not np.isfinite(margins).all():
        raise RewardkitError("bad_margin", "one finite margin per pair is needed")
    rules = choices(pairs, trivial or {})
    results = []
    for number, name in enumerate(pairs.dimensions):
        here = np.flatnonzero((pairs.dimension == number) & (pairs.weight > 0))
        if len(here):
            own = {rule: choice[here] for rule, choice in rules.items()}
            rng = np.random.default_rng([seed, number])
            results.append(
                _dimension(
                    name, pairs.select(here), margins[here], own, groups, resamples, level, rng
                )
            )
    return Evaluation(tuple(results), level, resamples)


def _dimension(
    name: str,
    pairs: Pairs,
    margin: Floats,
    rules: Mapping[str, Floats],
    groups: Groups | None,
    resamples: int,
    level: float,
    rng: np.random.Generator,
) -> DimensionResult:
    losses = [cross_entropy(margin, pairs.win), correctness(margin, pairs.win)]
    choice_words = []
    for rule, choice in rules.items():
        right = correctness(choice, pairs.win)
        if rule == "side":
            right = np.where(pairs.side_known, right, np.nan)
        known = ~np.isnan(right)
        if not known.any():
            continue
        reverse = bool(np.average(right[known], weights=pairs.weight[known]) < 0.5)
        choice_words.append((rule, wording(rule, reverse=reverse)))
        losses.append(1.0 - right if reverse else right)
    unit = units(pairs, groups)
    log_loss, accuracy, *others = _intervals(
        np.array(losses), pairs.weight, unit, resamples, level, rng
    )
    assert log_loss is not None  # noqa: S101 - no pair's log-loss is NaN
    compared = np.stack([np.minimum(pairs.a, pairs.b), np.maximum(pairs.a, pairs.b)], axis=1)
    return DimensionResult(
        name,
        len(np.unique(compared, axis=0)),
        float(pairs.weight.sum()),
        len(np.unique(compared[pairs.win == 0.5], axis=0)),
        int(unit.max()) + 1,
        accuracy,
        log_loss,
        tuple(
            RuleResult(rule, words, interval)
            for (rule, words), interval in zip(choice_words, others, strict=True)
            if interval is not None
        ),
    )


def _intervals(
    scores: Floats,
    weight: Floats,
    unit: NDArray[np.int64],
    resamples: int,
    level: float,
    rng: np.random.Generator,
) -> list[Interval | None]:
    """Weighted means of the rows of `scores` `(scores, pairs)`, NaN left out, with intervals."""
    present = ~np.isnan(scores) * weight
    filled = np.where(np.isnan(scores), 0.0, scores)
    tops, bottoms = filled * present, present
    total = bottoms.sum(axis=1)
    several = len(unit) > 0 and int(unit.max()) > 0
    ratios = []
    for often in draws(unit, resamples, rng) if several else ():
        with np.errstate(invalid="ignore"):
            ratios.append((often @ tops.T) / (often @ bottoms.T))
    drawn = np.concatenate(ratios) if ratios else np.empty((0, len(scores)))
    tails = [(1 - level) / 2, (1 + level) / 2]
    result: list[Interval | None] = []
    for row in range(len(scores)):
        if total[row] == 0:
            result.append(None)
            continue
        value = float(tops[row].sum() / total[row])
        usable = drawn[~np.isnan(drawn[:, row]), row]
        low, high = np.quantile(usable, tails).tolist() if len(usable) else (None, None)
        result.append(Interval(value, low, high))
    return result
