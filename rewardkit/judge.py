# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: Apache-2.0
"""A reward model against a preference file: does it choose what listeners chose?"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from rewardkit import preferences
from rewardkit.errors import PreferenceError
from rewardkit.evaluate import Evaluation, evaluate
from rewardkit.model import RewardModel
from rewardkit.pairs import OVERALL, index


def judge(
    model: RewardModel, file: str | Path, *, workers: int = 0, skip_errors: bool = False
) -> Evaluation:
    """Compare a model's rewards with the preferences of a file.

    A pair is judged by the reward of its own dimension; one of a dimension that the model lacks,
    and one of `overall`, by the scalar.

    Args:
        model: The reward model.
        file: `.jsonl`, `.csv` or `.parquet`.
        workers: Processes to measure with; 0 measures in this one.
        skip_errors: Leave out rows with errors, and pairs whose clips have no reward.

    Raises:
        PreferenceError: `invalid` for a file with errors, `unusable_clips` for clips without a
            reward, unless errors are skipped; `no_pairs` when nothing is left.
    """
    read = preferences.read(file, skip_errors=skip_errors)
    paths = list(dict.fromkeys(path for p in read for path in (p.a, p.b)))
    rewards = dict(zip(paths, model.score_batch(paths, workers=workers), strict=True))
    bad = [str(reward.error) for reward in rewards.values() if reward.error is not None]
    if bad and not skip_errors:
        listed = "\n".join(f"  {text}" for text in bad[:20])
        raise PreferenceError("unusable_clips", f"{len(bad)} clips have no reward:\n{listed}")
    kept = [p for p in read if rewards[p.a].error is None and rewards[p.b].error is None]
    if not kept:
        raise PreferenceError("no_pairs", "no preference is left to judge by")
    indexed = index(kept)
    pairs = indexed.pairs
    table = np.array(
        [
            [_reward(rewards[path].scalar, rewards[path].dimensions, name)
             for name in pairs.dimensions]
            for path in indexed.paths
        ]
    )  # fmt: skip
    margin = table[pairs.a, pairs.dimension] - table[pairs.b, pairs.dimension]
    return evaluate(
        pairs,
        margin,
        groups=None if None in indexed.speakers else indexed.speakers,
        trivial={
            "duration": [read.clips[path].duration for path in indexed.paths],
            "level": [read.clips[path].level for path in indexed.paths],
        },
    )


def _reward(scalar: float | None, dimensions: Mapping[str, float], name: str) -> float:
    assert scalar is not None  # noqa: S101  # clips without a reward were left out
    return scalar if name == OVERALL or name not in dimensions else dimensions[name]
