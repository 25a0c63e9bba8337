# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: Apache-2.0
"""Reward models against a preference file: do they choose what listeners chose?"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from rewardkit import baselines, preferences
from rewardkit.errors import PreferenceError, RewardkitError
from rewardkit.evaluate import Comparison, Evaluation, compare, evaluate, facets
from rewardkit.model import RewardModel
from rewardkit.pairs import OVERALL, Floats, Indexed, index
from rewardkit.preferences import Preference, PreferenceFile
from rewardkit.preferences.merge import by_sound
from rewardkit.resampling import Groups
from rewardkit.reward import Reward
from rewardkit.workers import measure_files


def judge(
    model: RewardModel,
    file: str | Path,
    *,
    workers: int = 0,
    skip_errors: bool = False,
    rules: Sequence[str] = (),
) -> Evaluation:
    """Compare a model's rewards with the preferences of a file.

    A pair is judged by the reward of its own dimension; one of a dimension that the model lacks,
    and one of `overall`, by the scalar. Pairs with a clip of which the model says that it is
    `out_of_distribution` are left out, and counted: see `Evaluation.abstained`.

    Args:
        model: The reward model.
        file: `.jsonl`, `.csv` or `.parquet`.
        workers: Processes to measure with; 0 measures in this one.
        skip_errors: Leave out rows with errors, and pairs whose clips have no reward.
        rules: Features of the model to stand beside it as trivial rules; see
            `rewardkit.baselines.numbers` for those that always do.

    Raises:
        PreferenceError: `invalid` for a file with errors, `unusable_clips` for clips without a
            reward, unless errors are skipped; `no_pairs` when nothing is left.
        RewardkitError: `bad_option` for a rule by a feature that the model does not measure.
    """
    return judge_both(model, None, file, workers=workers, skip_errors=skip_errors, rules=rules)[0]


def judge_both(
    model: RewardModel,
    other: RewardModel | None,
    file: str | Path,
    *,
    workers: int = 0,
    skip_errors: bool = False,
    rules: Sequence[str] = (),
) -> tuple[Evaluation, Comparison | None]:
    """Compare a model with the preferences of a file, and with another model on the same pairs.

    Args:
        model: The reward model.
        other: Another; None leaves it at the one.
        file: As for `judge`.
        workers: As for `judge`.
        skip_errors: As for `judge`; a pair stays when both models have its rewards.
        rules: As for `judge`.

    Raises:
        PreferenceError: As for `judge`.
        RewardkitError: As for `judge`.
    """
    missing = [name for name in rules if name not in model.schema.names]
    if missing:
        baselines.numbers([], model.schema.names, np.empty((0, len(model.schema))), missing)
    read = preferences.read(file, skip_errors=skip_errors)
    paths = list(dict.fromkeys(path for p in read for path in (p.a, p.b)))
    measured = [_measure(m, paths, workers) for m in ([model] if other is None else [model, other])]
    kept, abstained = _kept(read, measured, skip_errors)
    kept = by_sound(kept, read.keys)
    indexed = index(kept)
    # Of one speaker, known or not, there is nothing to resample but the clips.
    groups: Groups | None = indexed.speakers if len(set(indexed.speakers)) > 1 else None
    margins = [found.margin(indexed) for found in measured]
    evaluation = evaluate(
        indexed.pairs,
        margins[0],
        groups=groups,
        trivial=baselines.numbers(
            [read.clips[path] for path in indexed.paths],
            model.schema.names,
            np.stack([measured[0].values[path] for path in indexed.paths]),
            rules,
        ),
        by=facets(kept),
    )
    evaluation = dataclasses.replace(evaluation, abstained=abstained)
    compared = None if other is None else compare(indexed.pairs, *margins, groups=groups)
    return evaluation, compared


@dataclass(frozen=True, eq=False)
class _Measured:
    """What a model made of each clip, by path."""

    values: Mapping[str, Floats]
    rewards: Mapping[str, Reward]

    def margin(self, indexed: Indexed) -> Floats:
        """Reward of a less reward of b, `(pairs,)`, each in its pair's dimension."""
        pairs = indexed.pairs
        table = np.array(
            [[_reward(self.rewards[path], name) for name in pairs.dimensions]
             for path in indexed.paths]
        )  # fmt: skip
        margin: Floats = table[pairs.a, pairs.dimension] - table[pairs.b, pairs.dimension]
        return margin


def _measure(model: RewardModel, paths: Sequence[str], workers: int) -> _Measured:
    found = measure_files(model.extractor, paths, workers=workers)
    sound = [row for row, error in enumerate(found.errors) if error is None]
    judged = dict(zip(sound, model.judge(found.values[sound]), strict=True))
    rewards: dict[str, Reward] = {}
    for row, (path, error) in enumerate(zip(paths, found.errors, strict=True)):
        rewards[path] = judged[row] if error is None else Reward.failed(error)
    return _Measured(dict(zip(paths, found.values, strict=True)), rewards)


def _kept(
    read: PreferenceFile, measured: Sequence[_Measured], skip_errors: bool
) -> tuple[list[Preference], int]:
    """The preferences whose clips all models have rewards of; how many judgements are too far."""
    bad: dict[str, RewardkitError] = {}
    far: set[str] = set()
    for found in measured:
        for path, reward in found.rewards.items():
            if reward.status == "out_of_distribution":
                far.add(path)
            elif reward.error is not None:
                bad[path] = reward.error
    if bad and not skip_errors:
        listed = "\n".join(f"  {error}" for error in list(bad.values())[:20])
        raise PreferenceError("unusable_clips", f"{len(bad)} clips have no reward:\n{listed}")
    sound = [p for p in read if p.a not in bad and p.b not in bad]
    kept = [p for p in sound if p.a not in far and p.b not in far]
    if not kept:
        raise PreferenceError(
            "no_pairs",
            f"no preference is left to judge by; {len(far)} clips are too far from the training "
            "clips for a reward",
        )
    return kept, round(sum(p.weight for p in sound if p.a in far or p.b in far))


def _reward(reward: Reward, name: str) -> float:
    assert reward.scalar is not None  # noqa: S101  # clips without a reward were left out
    known = name != OVERALL and name in reward.dimensions
    return reward.dimensions[name] if known else reward.scalar
