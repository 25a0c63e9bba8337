# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binomtest

from rewardkit.evaluate import compare, evaluate
from rewardkit.evaluate.compare import mcnemar
from rewardkit.pairs import Pairs


@settings(deadline=None)
@given(one=st.integers(0, 3000), other=st.integers(0, 3000))
def test_mcnemar_is_the_exact_binomial_test(one: int, other: int):
    expected = binomtest(one, one + other).pvalue if one + other else 1.0
    assert mcnemar(one, other) == pytest.approx(expected, rel=1e-9, abs=1e-250)


def test_two_models_by_hand():
    pairs = Pairs.of(np.arange(6), np.arange(6) + 6, [1, 1, 1, 1, 1, 0.5])
    first, second = [1, 1, 1, -1, 1, 1], [1, -1, -1, 1, 0, 1]
    (found,) = compare(pairs, first, second, resamples=0).dimensions
    assert (found.pairs, found.first_only, found.second_only) == (5, 3, 1)  # half right is less
    assert found.p_value == pytest.approx(binomtest(3, 4).pvalue)
    assert (found.first.value, found.second.value) == (0.8, 0.5)
    assert found.difference.value == pytest.approx(0.3)
    loss = [evaluate(pairs, m, resamples=0)["overall"].log_loss.value for m in (first, second)]
    assert found.log_loss.value == pytest.approx(loss[0] - loss[1])


def test_several_judgements_of_a_pair_are_one_pair_of_mcnemars():
    pairs = Pairs.of([0, 1, 0, 2], [1, 0, 1, 3], [1.0, 0.0, 0.0, 1.0])
    (found,) = compare(pairs, [1, -1, 1, 1], [-1, 1, -1, 1], resamples=0).dimensions
    assert (found.pairs, found.first_only, found.second_only) == (2, 1, 0)


def test_exchanging_models_turns_every_sign():
    rng = np.random.default_rng(0)
    pairs = Pairs.of(np.arange(80), np.arange(80) + 80, rng.random(80) < 0.5)
    first, second = rng.normal(size=(2, 80))
    (one,) = compare(pairs, first, second).dimensions
    (other,) = compare(pairs, second, first).dimensions
    assert other.difference.value == -one.difference.value
    assert one.difference.low is not None
    assert other.difference.high == pytest.approx(-one.difference.low)
    assert (other.first_only, other.p_value) == (one.second_only, one.p_value)


def test_a_better_model_is_told_from_the_same_one():
    rng = np.random.default_rng(1)
    count = 400
    truth = 2 * rng.normal(size=count)
    win = (truth + rng.logistic(size=count) > 0).astype(float)
    pairs = Pairs.of(np.arange(count), np.arange(count) + count, win)
    result = compare(pairs, truth, rng.normal(size=count))
    (found,) = result.dimensions
    assert found.difference.low is not None
    assert found.difference.low > 0
    assert found.p_value < 0.001
    (same,) = compare(pairs, truth, 2 * truth).dimensions
    assert (same.difference.value, same.difference.low, same.p_value) == (0.0, 0.0, 1.0)
    assert json.loads(json.dumps(result.to_json()))["dimensions"][0]["pairs"] == count
    assert "mine: accuracy" in result.render("mine", "theirs")


def test_paired_intervals_are_those_of_the_differences():
    # Both models are wrong on the same pairs but for ten: the paired interval is narrow.
    count = 500
    right = np.arange(count) % 2 == 0
    pairs = Pairs.of(np.arange(count), np.arange(count) + count, np.ones(count))
    first = np.where(right, 1.0, -1.0)
    second = np.where(np.arange(count) < 20, -1.0, first)  # ten right ones lost
    (found,) = compare(pairs, first, second).dimensions
    assert found.difference.value == pytest.approx(0.02)
    assert found.difference.low is not None
    assert found.difference.high is not None
    width = found.difference.high - found.difference.low
    assert width == pytest.approx(2 * 1.96 * np.sqrt(0.02 * 0.98 / count), rel=0.2)


def test_only_ties_cannot_be_compared():
    assert compare(Pairs.of([0], [1], [0.5]), [1.0], [1.0]).dimensions == ()
