# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: Apache-2.0
"""What a head will be like in use: both voices of a pair are new to it."""

from __future__ import annotations

import dataclasses
from typing import Final

from rewardkit.errors import RewardkitError
from rewardkit.pairs import Floats, Pairs
from rewardkit.resampling import Groups, units
from rewardkit.training.cross_validation import CrossValidation, cross_validate
from rewardkit.training.fit import resolve_l2
from rewardkit.training.options import TrainOptions

MOST: Final = 8
"""Groups, two of which are left out at a time: 36 heads."""


def as_shipped(
    values: Floats,
    pairs: Pairs,
    groups: Groups | None,
    options: TrainOptions,
    most: int | None = None,
) -> tuple[CrossValidation, bool]:
    """Tests by heads that know neither side of a pair, with the shipped head's weight decay.

    A temperature makes up for the scale of rewards, and so for the weight decay: it has to be
    that of the head which it is for, and not another in each fold.

    Args:
        values: `(clips, features)`.
        pairs: The preferences.
        groups: One label per clip, such as its speaker.
        options: As for the head.
        most: At most so many folds where one group is left out; see `cross_validate`.

    Returns:
        The tests, and whether they differ from those that leave one group out: they do not where
        no pair is between two groups, or there are too few to leave out two.

    Raises:
        RewardkitError: `too_few_groups`.
    """
    fixed = dataclasses.replace(
        options, l2=resolve_l2(values, options.prepare(pairs), groups, options)
    )
    unit = units(pairs, groups)
    if (unit[:, 0] != unit[:, 1]).any():
        try:
            strictly = cross_validate(
                values, pairs, groups=groups, options=fixed, most=MOST, strict=True
            )
        except RewardkitError as error:
            if error.code != "too_few_groups":
                raise
        else:
            return strictly, True
    return cross_validate(values, pairs, groups=groups, options=fixed, most=most), False
