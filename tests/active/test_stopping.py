# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: Apache-2.0
"""Confidence sequences miss at any time as rarely as they say; rules read them rightly."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rewardkit.active import Accuracy, Better, fixed_mean, running_mean
from rewardkit.active.stopping import agreement
from rewardkit.errors import RewardkitError

STUDIES, LENGTH = 200, 150


def allowed(alpha: float) -> float:
    """The greatest share of misses that chance explains (3 standard errors above alpha)."""
    return alpha + 3 * math.sqrt(alpha * (1 - alpha) / STUDIES)


@pytest.mark.parametrize(("chance", "alpha"), [(0.5, 0.05), (0.8, 0.2)])
def test_a_fixed_mean_is_missed_at_any_time_at_most_so_often(chance: float, alpha: float) -> None:
    rng = np.random.default_rng(0)
    missed, ordinary = 0, 0
    for _ in range(STUDIES):
        x = (rng.random(LENGTH) < chance).astype(float)
        low, high = fixed_mean(x, alpha=alpha).T
        missed += bool(((low > chance) | (high < chance)).any())
        count = np.arange(1, LENGTH + 1)
        mean = x.cumsum() / count
        radius = 1.96 * np.sqrt(mean * (1 - mean) / count)
        ordinary += bool((np.abs(mean - chance) > radius)[20:].any())
    assert missed / STUDIES <= allowed(alpha)
    assert ordinary / STUDIES > 0.15  # what looking again and again does to Wald's interval


@pytest.mark.parametrize("alpha", [0.05, 0.2])
def test_a_moving_mean_is_missed_at_most_so_often(alpha: float) -> None:
    """The expectation rises, and depends on the answers before: as for a head that learns."""
    rng = np.random.default_rng(1)
    missed = 0
    for _ in range(STUDIES):
        x, expected = np.zeros(LENGTH), np.zeros(LENGTH)
        for t in range(LENGTH):
            before = x[:t].mean() if t else 0.5
            expected[t] = 0.5 + 0.3 * t / LENGTH + 0.1 * (before > 0.6)
            x[t] = rng.random() < expected[t]
        truth = expected.cumsum() / np.arange(1, LENGTH + 1)
        low, high = running_mean(x, alpha=alpha).T
        missed += bool(((low > truth) | (high < truth)).any())
    assert missed / STUDIES <= allowed(alpha)


@given(st.lists(st.floats(0, 1), min_size=1, max_size=60))
def test_intervals_lie_in_the_unit_and_swap_with_the_answers(values: list[float]) -> None:
    x = np.array(values)
    for sequence, slack in ((running_mean, 1e-9), (fixed_mean, 2e-3)):
        found, turned = sequence(x), sequence(1 - x)
        assert ((found >= 0) & (found <= 1)).all()
        assert (found[:, 0] < found[:, 1]).all()
        np.testing.assert_allclose(found, 1 - turned[:, ::-1], atol=slack)


def test_intervals_narrow() -> None:
    x = np.tile([1.0, 1.0, 0.0, 1.0], 100)
    for sequence in (running_mean, fixed_mean):
        low, high = sequence(x).T
        assert high[399] - low[399] < 0.6 * (high[99] - low[99])
        assert low[399] < 0.75 < high[399]
    assert (np.diff(fixed_mean(x)[:, 0]) >= 0).all()


@pytest.mark.parametrize("values", [[1.5], [-0.1], [math.nan], [[0.5]]])
def test_what_is_no_answer(values: list[object]) -> None:
    for sequence in (running_mean, fixed_mean):
        with pytest.raises(RewardkitError, match="out_of_range"):
            sequence(values)


def test_rules() -> None:
    assert not Accuracy().verdict([]).stop
    assert not Accuracy(target=0.8).verdict([1.0, 0.0] * 10).stop
    assert Accuracy(target=0.8).verdict([1.0] * 200).stop
    assert Accuracy(width=0.1).verdict([1.0, 0.0] * 600).stop
    assert not Better().verdict([]).stop
    assert "first" in Better().verdict([1.0] * 30).reason
    assert "second" in Better().verdict([0.0] * 30).reason
    assert "first" in Better().verdict([1.0, 1.0, 1.0, 0.0, 0.0] * 200).reason
    assert "second" in Better().verdict([0.0, 0.0, 0.0, 1.0, 1.0] * 200).reason
    assert not Better().verdict([1.0, 0.0] * 20).stop
    assert "no difference" in Better(same=0.1).verdict([1.0, 0.0] * 1000).reason
    for bad in (
        {"alpha": 0.0}, {"alpha": 1.0}, {"width": 0.0}, {"width": 1.0}, {"target": 1.0},
    ):  # fmt: skip
        with pytest.raises(RewardkitError, match="bad_option"):
            Accuracy(**bad)


@given(st.floats(-5, 5), st.sampled_from([0.0, 0.5, 1.0]))
def test_agreement_is_blind_to_sides(margin: float, win: float) -> None:
    assert agreement([margin], [win])[0] == agreement([-margin], [1 - win])[0]
