# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: Apache-2.0
"""What a pair's two rewards are worth, given how the pair was judged."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from rewardkit.pairs import Floats, Ints, Pairs


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


def decided(pairs: Pairs) -> tuple[Floats, Floats]:
    """The judgements that chose a side: the share that chose a, and their weight.

    Of judgements that are ties a reward difference says nothing: with Davidson's likelihood it is
    the log-odds among the others.

    Returns:
        Two arrays `(pairs,)`; the share is ½ where the weight is 0.

    Example:
        >>> share, weight = decided(Pairs.of([0, 1], [2, 3], [0.7, 0.5], tie=[0.2, 1.0]))
        >>> share.round(3).tolist(), weight.tolist()
        ([0.75, 0.5], [0.8, 0.0])
    """
    chosen = 1.0 - pairs.tie
    with np.errstate(invalid="ignore", divide="ignore"):
        share = np.clip((pairs.win - pairs.tie / 2) / chosen, 0.0, 1.0)
    return np.where(chosen > 0, share, 0.5), pairs.weight * chosen


def compared(pairs: Pairs) -> Ints:
    """A number for each pair of clips, whichever is a: int64 `(pairs,)`, from 0 without gaps.

    Example:
        >>> compared(Pairs.of([0, 5, 1], [1, 6, 0], [1, 1, 1])).tolist()
        [0, 1, 0]
    """
    low, high = np.minimum(pairs.a, pairs.b), np.maximum(pairs.a, pairs.b)
    _, number = np.unique(low * (high.max(initial=0) + 1) + high, return_inverse=True)
    return np.asarray(number, np.int64).reshape(-1)
