# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: Apache-2.0
"""Raters' reliabilities without any feature: strengths of what was compared, fitted with them."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import NormalDist
from typing import Final, Literal

import numpy as np

from rewardkit.pairs import Pairs
from rewardkit.raters.votes import Vote

Items = Literal["clip", "system"]

MOST: Final = 2000
"""Items whose strengths are fitted at most: a step costs their number cubed."""

_PRIOR: Final = 1.0  # weight decay of strengths: they spread by about 1 in log-odds

Rated = tuple[float, float, float]
"""A rater's inverse temperature, and both ends of its interval."""


def reliabilities(
    votes: Sequence[Vote], items: Items, level: float
) -> tuple[dict[str, Rated], str | None]:
    """Each rater's inverse temperature β in `P(a) = σ(β (s_a - s_b))`, where the mean of β is 1.

    See `rewardkit.training.raters`; the strengths s have a normal prior of variance 1.

    Args:
        votes: On one dimension.
        items: What has a strength: each clip, or each system that made some.
        level: Of the intervals.

    Returns:
        By rater, and why there is none.

    Raises:
        RewardkitError: `not_converged`.
    """
    number: dict[str, int] = {}
    raters: dict[str, int] = {}
    rows: list[tuple[int, int, float, int]] = []
    for vote in votes:
        p = vote.preference
        a, b = (p.a, p.b) if items == "clip" else (p.system_a, p.system_b)
        if a is None or b is None or a == b:
            continue
        win = vote.answer if p.a <= p.b else 1.0 - vote.answer
        ends = [number.setdefault(name, len(number)) for name in (a, b)]
        rows.append((ends[0], ends[1], win, raters.setdefault(vote.rater, len(raters))))
    if len(raters) < 2:
        return {}, f"reliability needs two raters who compared {items}s"
    if len(number) > MOST:
        message = f"reliability is not fitted: {len(number)} {items}s, more than {MOST}"
        return {}, message + ("; try by system" if items == "clip" else "")
    from rewardkit.training.options import TrainOptions
    from rewardkit.training.solve import solve

    a_, b_, win_, rater_ = (np.array(column) for column in zip(*rows, strict=True))
    options = TrainOptions(raters=True)
    pairs = options.prepare(Pairs.of(a_, b_, win_, tie=win_ == 0.5, rater=rater_))
    found = solve(
        np.eye(len(number)), pairs, pairs.weight[None, :], np.array([_PRIOR]), options
    ).reliability
    if found is None:
        return {}, "reliability is not known"
    reach = NormalDist().inv_cdf((1 + level) / 2) * found.error
    table = np.stack([found.value[0], found.value[0] - reach, found.value[0] + reach], axis=1)
    names = list(raters)
    rated = zip(found.rater.tolist(), table.tolist(), strict=True)
    return {names[k]: (row[0], row[1], row[2]) for k, row in rated}, None
