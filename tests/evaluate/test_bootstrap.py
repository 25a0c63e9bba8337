# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: Apache-2.0
"""Resamples against sums over the pairs as drawn, and intervals against their definitions."""

from __future__ import annotations

import numpy as np
import pytest

from rewardkit.evaluate.bootstrap import Bootstrap, Interval

UNIT = np.array([[0, 0], [0, 1], [1, 2], [2, 2], [0, 1]])


def resamples(level: float = 0.8, count: int = 50) -> Bootstrap:
    return Bootstrap(UNIT, count, level, (3,))


def test_sums_of_cells_are_sums_of_pairs() -> None:
    rows = np.random.default_rng(0).normal(size=(3, len(UNIT)))
    often = np.concatenate(list(resamples()))
    assert often.shape == (50, len(UNIT))
    assert len(np.unique(often, axis=0)) > 5
    whole, drawn = resamples().sums(rows)
    np.testing.assert_allclose(whole, rows.sum(axis=1))
    np.testing.assert_allclose(drawn, often @ rows.T)


def test_an_interval_is_of_the_quantiles_and_leaves_out_what_is_not_there() -> None:
    drawn = np.append(np.arange(11.0), [np.nan, np.nan])
    found = resamples().interval(5.0, drawn)
    assert (found.value, found.low, found.high) == pytest.approx((5.0, 1.0, 9.0))
    assert resamples().interval(5.0, np.full(3, np.nan)) == Interval(5.0, None, None)
    assert resamples().interval(5.0, np.empty(0)) == Interval(5.0, None, None)


def test_what_is_too_large_by_chance_is_less_its_bias() -> None:
    drawn = np.append(0.3 + np.arange(11.0) / 100, np.nan)  # of mean .35, 80 % of it in .31 to .39
    null = np.linspace(0.0, 0.2, 101)
    found = resamples().debiased(0.3, drawn, null)
    assert (found.value, found.low, found.high) == pytest.approx((0.25, 0.21, 0.39))
    assert resamples().debiased(0.15, drawn, null).low == 0.0  # as chance alone gives
    at_its_edge = resamples().debiased(0.2, 0.5 * drawn, np.append(null[:-1], [0.2] * 60))
    assert at_its_edge.low == 0.0
    alone = resamples().debiased(0.3, np.full(2, 0.3), np.full(20, 0.29))
    assert (alone.value, alone.low, alone.high) == pytest.approx((0.3, 0.3, 0.3))
    assert resamples().debiased(0.1, np.full(2, 0.3), null).value == 0.0  # never negative


def test_a_share_that_never_varies_has_wilsons_interval() -> None:
    z2 = 1.2815515655446004**2  # of 80 %
    always = resamples().share(Interval(1.0, 1.0, 1.0))
    assert (always.value, always.high) == (1.0, 1.0)
    assert always.low == pytest.approx(3 / (3 + z2))  # three units
    never = resamples().share(Interval(0.0, 0.0, 0.0))
    assert (never.low, never.high) == (0.0, pytest.approx(z2 / (3 + z2)))
    for other in (Interval(1.0, 0.9, 1.0), Interval(0.5, 0.5, 0.5), Interval(1.0, None, None)):
        assert resamples().share(other) == other


def test_means_leave_out_what_is_not_there() -> None:
    scores = np.array([[1.0, np.nan, 0.0, 1.0, np.nan], [np.nan] * 5])
    weight = np.array([3.0, 5.0, 1.0, 2.0, 1.0])
    mean, nothing = resamples().means(scores, weight)
    assert nothing is None
    assert mean is not None
    assert mean.value == pytest.approx(5 / 6)
    often = np.concatenate(list(resamples()))
    with np.errstate(invalid="ignore"):
        drawn = often @ [3.0, 0.0, 0.0, 2.0, 0.0] / (often @ [3.0, 0.0, 1.0, 2.0, 0.0])
    assert (mean.low, mean.high) == pytest.approx(tuple(np.nanquantile(drawn, [0.1, 0.9])))
