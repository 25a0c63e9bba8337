# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: Apache-2.0
"""A training run's tests: what its heads say of speakers that were left out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from rewardkit.errors import RewardkitError
from rewardkit.evaluate import Evaluation, Interval, facets
from rewardkit.pairs import Floats, Indexed
from rewardkit.preferences import Preference
from rewardkit.resampling import Groups
from rewardkit.training.cross_validation import cross_validate
from rewardkit.training.options import TrainOptions
from rewardkit.training.shipped import as_shipped


@dataclass(frozen=True, eq=False)
class LeftOut:
    """How heads do on what they were not trained on.

    Args:
        evaluation: As in `rewardkit.training.run.Run`.
        strict: Likewise.
        temperature: That fits, by dimension; empty unless it was asked for.
        notes: What speaks against it.
    """

    evaluation: Evaluation | None = None
    strict: Evaluation | None = None
    temperature: Mapping[str, Interval] = field(default_factory=dict)
    notes: Sequence[str] = ()


def leave_out(
    values: Floats,
    wanted: Sequence[Preference],
    indexed: Indexed,
    groups: Groups | None,
    options: TrainOptions,
    calibrate: bool,
    trivial: Mapping[str, Floats],
) -> LeftOut:
    """Leave each group out in turn; where that can't be done, say so.

    Args:
        values: `(clips, features)`.
        wanted: The preferences, one for each of the pairs.
        indexed: The same by number.
        groups: One label per clip; None holds out connected clips.
        options: As for the head.
        calibrate: Whether temperatures are sought.
        trivial: Numbers per clip of the trivial rules.
    """
    strict: Evaluation | None = None
    temperature: Mapping[str, Interval] = {}
    most = None
    if groups is not None and None in groups:
        # Clips without a speaker share folds: one for each of them could be thousands.
        most = max(named(indexed), 10)
    try:
        crossed = cross_validate(values, indexed.pairs, groups=groups, options=options, most=most)
        if calibrate:
            shipped, is_strict = as_shipped(values, indexed.pairs, groups, options, most)
            if is_strict:
                strict = shipped.calibrated().evaluate(trivial=trivial)
            temperature = shipped.temperatures()
            crossed = crossed.calibrated()
        evaluation = crossed.evaluate(trivial=trivial, by=facets(wanted))
    except RewardkitError as error:
        if error.code != "too_few_groups":
            raise
        return LeftOut(notes=[f"not cross-validated: {error.message}"])
    return LeftOut(evaluation, strict, temperature, evaluation.warnings)


def named(indexed: Indexed) -> int:
    """How many speakers are named."""
    return len({speaker for speaker in indexed.speakers if speaker is not None})


def about_speakers(indexed: Indexed, groups: Groups | None) -> list[str]:
    """What is odd about who speaks."""
    known, unnamed = named(indexed), indexed.speakers.count(None)
    if groups is None and known:
        return [f"speakers are not left out in turn: only {known} are named, and 3 are needed"]
    if groups is not None and unnamed:
        return [f"{unnamed} clips have no speaker: each counts as one of its own"]
    return []
