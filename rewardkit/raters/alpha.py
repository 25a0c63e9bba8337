# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: Apache-2.0
"""Krippendorff's alpha for values of any metric, with an interval."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike

from rewardkit.errors import RewardkitError
from rewardkit.pairs import Floats

Metric = Literal["nominal", "ordinal", "interval"]


@dataclass(frozen=True)
class Alpha:
    """How far raters agree beyond chance.

    Args:
        value: 1 = always, 0 = as by chance; None where it is not defined: nothing was judged
            twice, or all judgements are alike.
        low: Lower end of the bootstrap interval over units; None where there is none.
        high: Upper end.
        units: Things judged at least twice.
        judgements: Judgements of those.
    """

    value: float | None
    low: float | None
    high: float | None
    units: int
    judgements: int

    def __str__(self) -> str:
        if self.value is None:
            return f"undefined ({self.units} units judged twice)"
        ends = "" if self.low is None else f" [{self.low:.3f}, {self.high:.3f}]"
        return f"{self.value:.3f}{ends}"


def krippendorff(
    counts: ArrayLike,
    metric: Metric = "nominal",
    *,
    reversible: bool = False,
    resamples: int = 1000,
    level: float = 0.95,
    seed: int = 0,
) -> Alpha:
    """Alpha of some units: 1 less the observed disagreement over that expected by chance.

    `α = 1 - Σ_ck o_ck δ²_ck / Σ_ck e_ck δ²_ck`, with the coincidences `o_ck` of values c and k
    within units (each unit of m judgements weighs m) and `e_ck = n_c n_k / (n - 1)`. δ² is 1 for
    different nominal values, the squared difference of places for interval values, and for
    ordinal ones the square of `n_c / 2 + … + n_k / 2`, the judgements in between and half of those
    at the ends. The interval is that of units drawn anew, percentiles.

    Sources: K. Krippendorff (2011), "Computing Krippendorff's Alpha-Reliability"; (2019) "Content
    Analysis", 4th edition, chapter 12.

    Args:
        counts: How many judgements gave each value, `(units, values)`, values in their order.
        metric: What a difference of values means.
        reversible: Whether the order of the values may be turned round from unit to unit, as for
            preferences, where it is arbitrary which clip is a. Values then enter as often as
            their mirror images: see `rewardkit.preferences.NominalAlpha`.
        resamples: Of the bootstrap; 0 for no interval.
        level: Of the interval.
        seed: Of the bootstrap.

    Raises:
        RewardkitError: `bad_votes` for counts that are none.

    Example:
        >>> str(krippendorff([[2, 0], [0, 2], [1, 1]], resamples=0))
        '0.444'
    """
    table = np.asarray(counts, np.float64)
    if table.ndim != 2 or not np.isfinite(table).all() or (table < 0).any():
        raise RewardkitError("bad_votes", "counts are not negative, of shape (units, values)")
    table = table[table.sum(axis=1) >= 2]
    units, judgements = len(table), int(table.sum())
    if not units:
        return Alpha(None, None, None, 0, 0)
    size = table.sum(axis=1)[:, None, None]
    within = table[:, :, None] * table[:, None, :]
    within -= table[:, :, None] * np.eye(table.shape[1])
    coincidences: Floats = within / (size - 1)
    if reversible:
        coincidences = (coincidences + coincidences[:, ::-1, ::-1]) / 2
    value = _alpha(coincidences.sum(axis=0), metric)
    if value is None or units < 2 or not resamples:
        return Alpha(value, None, None, units, judgements)
    rng = np.random.default_rng(seed)
    often = rng.multinomial(units, np.full(units, 1 / units), size=resamples).astype(np.float64)
    sums = np.einsum("ru,uck->rck", often, coincidences, optimize=True)
    drawn = [found for found in (_alpha(one, metric) for one in sums) if found is not None]
    low, high = np.quantile(drawn, [(1 - level) / 2, (1 + level) / 2]).tolist()
    return Alpha(value, low, high, units, judgements)


def _alpha(coincidences: Floats, metric: Metric) -> float | None:
    frequency = coincidences.sum(axis=1)
    total = float(frequency.sum())
    place = np.arange(len(frequency), dtype=np.float64)
    if metric == "nominal":
        distance = 1.0 - np.eye(len(frequency))
    elif metric == "interval":
        distance = (place[:, None] - place) ** 2
    else:
        middle = np.cumsum(frequency) - frequency / 2  # judgements below, half of the value's own
        distance = (middle[:, None] - middle) ** 2
    expected = float(frequency @ distance @ frequency) / (total - 1)
    return 1.0 - float((coincidences * distance).sum()) / expected if expected > 0 else None
