# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: Apache-2.0
"""What an evaluation found, and what speaks against it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from rewardkit.evaluate.bootstrap import Interval
from rewardkit.evaluate.calibration import Calibration
from rewardkit.evaluate.partial import Partial, beyond
from rewardkit.evaluate.slices import Slice
from rewardkit.evaluate.systems import SystemResult

_COIN: Final = 0.5
_FEW: Final = 30  # pairs in a dimension; with fewer nothing can be told apart
_FEW_UNITS: Final = 6  # with 5, intervals of 95 % hold the truth in 82 %; with 2, in half
_SHORTCUT: Final = 0.2  # partial correlation with a nuisance that is worth a word


@dataclass(frozen=True)
class RuleResult:
    """A trivial rule, in the direction that serves it better on these pairs.

    Args:
        rule: What it goes by: `duration`, `level`, `side`, or a feature.
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
        ties: Compared pairs left out of accuracy: every judgement is a tie.
        units: What was resampled: groups, connected components or clips.
        accuracy: Share of judgements that chose a side, or whose majority did, in which that side
            has the higher reward, an equal reward counting one half; None when all are ties.
        log_loss: Mean cross-entropy of `win` in nat, ties included; a coin has 0.693.
        rules: Trivial rules on the same pairs.
        calibration: None when every judgement is a tie.
        partials: Partial correlations with duration and level, where those are known.
        slices: By margin, speaker, language and system, where those are known.
        systems: Rank correlations over systems, where at least three are named.
    """

    dimension: str
    pairs: int
    judgements: float
    ties: int
    units: int
    accuracy: Interval | None
    log_loss: Interval
    rules: tuple[RuleResult, ...]
    calibration: Calibration | None = None
    partials: tuple[Partial, ...] = ()
    slices: tuple[Slice, ...] = ()
    systems: SystemResult | None = None

    @property
    def warnings(self) -> tuple[str, ...]:
        """What speaks against taking the accuracy or the log-odds at their word."""
        found = []
        if self.pairs < _FEW:
            found.append(f"{self.dimension}: only {self.pairs} pairs; at least {_FEW} are needed")
        elif self.units < _FEW_UNITS and self.log_loss.low is not None:
            found.append(
                f"{self.dimension}: few_units: {self.units} speakers or clips were resampled; "
                "with so few, intervals are far too narrow"
            )
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
        return (*found, *self._about_calibration(), *self._about_nuisances())

    def _about_calibration(self) -> list[str]:
        slope = None if self.calibration is None else self.calibration.slope
        if slope is None or self.pairs < _FEW or slope.low is None or slope.high is None:
            return []
        if slope.low <= 1.0 <= slope.high:
            return []
        sure = "sure" if slope.high < 1.0 else "timid"
        text = f"the log-odds are too {sure}; those that fit the judgements are {slope} times them"
        return [f"{self.dimension}: miscalibrated: {text}"]

    def _about_nuisances(self) -> list[str]:
        return [
            f"{self.dimension}: shortcut: the reward goes with {name} beyond what the answers "
            f"explain: partial correlation {found.value}"
            for name, found in beyond(self.partials).items()
            if min(abs(found.value.low or 0.0), abs(found.value.high or 0.0)) > _SHORTCUT
            and (found.value.low or 0.0) * (found.value.high or 0.0) > 0
        ]
