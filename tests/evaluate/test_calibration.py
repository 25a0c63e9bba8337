# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import brentq
from scipy.special import expit
from sklearn.calibration import calibration_curve
from sklearn.linear_model import LogisticRegression

from rewardkit.evaluate import Calibration, evaluate
from rewardkit.evaluate.calibration import equal_mass, slope
from rewardkit.pairs import Pairs


def answered(
    count: int, multiple: float = 1.0, seed: int = 0, size: float = 1.5
) -> tuple[Pairs, np.ndarray]:
    """Disjoint pairs whose answers follow `multiple` times the margins."""
    rng = np.random.default_rng(seed)
    margin = size * rng.normal(size=count)
    win = (rng.random(count) < expit(multiple * margin)).astype(float)
    return Pairs.of(np.arange(count), np.arange(count) + count, win), margin


def found(pairs: Pairs, margin: np.ndarray, **options: int) -> Calibration:
    result = evaluate(pairs, margin, **options)["overall"].calibration
    assert result is not None
    return result


def test_bins_are_those_of_scikit_learn():
    pairs, margin = answered(1000)
    right = np.where(margin > 0, pairs.win, 1 - pairs.win)
    share, confidence = calibration_curve(
        right, expit(np.abs(margin)), n_bins=10, strategy="quantile"
    )
    bins = found(pairs, margin, resamples=50).bins
    assert [row.judgements for row in bins] == [100.0] * 10
    np.testing.assert_allclose([row.agreement.value for row in bins], share, atol=1e-12)
    np.testing.assert_allclose([row.confidence for row in bins], confidence, atol=1e-12)
    for row in bins:
        assert row.agreement.low is not None
        assert row.agreement.high is not None
        assert row.agreement.low <= row.agreement.value <= row.agreement.high


def test_the_error_is_the_bins_mean_distance():
    pairs, margin = answered(400, 0.4)
    result = found(pairs, margin, resamples=0)
    distances = [abs(row.agreement.value - row.confidence) for row in result.bins]
    assert result.error == pytest.approx(np.mean(distances), abs=1e-12)
    assert result.debiased is None


def test_the_slope_is_that_of_a_logistic_regression():
    pairs, margin = answered(500, 0.6)
    oracle = LogisticRegression(C=1e12, fit_intercept=False, tol=1e-10)
    oracle.fit(margin[:, None], pairs.win)
    result = found(pairs, margin)
    assert result.slope is not None
    assert result.slope.value == pytest.approx(oracle.coef_[0, 0], rel=1e-4)
    information = np.sum(margin**2 * expit(margin * 0.6) * expit(-margin * 0.6))
    assert result.slope.low is not None
    assert result.slope.high is not None
    width = result.slope.high - result.slope.low
    assert width == pytest.approx(2 * 1.96 / np.sqrt(information), rel=0.15)


@settings(deadline=None)
@given(seed=st.integers(0, 1000), multiple=st.floats(-2, 3), even=st.sampled_from([0.0, 1.0]))
def test_the_slope_is_the_root_of_the_gradient(seed: int, multiple: float, even: float):
    pairs, margin = answered(60, multiple, seed)
    weight = np.random.default_rng(seed).random(60) + 0.1
    at = slope(pairs.win, margin, weight, even=even)
    rms = np.sqrt(weight @ margin**2 / weight.sum())

    def gradient(s: float) -> float:
        added = even * rms * (expit(s * rms) - 0.5)
        return float(weight @ ((expit(s * margin) - pairs.win) * margin) + added)

    if gradient(-80) > 0 or gradient(80) < 0:
        return  # nothing contradicts the margins: the root is at infinity
    assert at is not None
    assert at == pytest.approx(brentq(gradient, -80, 80, xtol=1e-12), rel=1e-6, abs=1e-8)


def test_margins_that_nothing_contradicts_have_no_slope_unless_one_is_added():
    share, margin = np.ones(20), np.linspace(0.5, 2, 20)
    assert slope(share, margin, np.ones(20)) is None
    assert slope(share, np.zeros(20), np.ones(20)) is None
    assert slope(share, margin, np.zeros(20)) is None
    at = slope(share, margin, np.ones(20), even=1.0)
    assert at is not None
    assert 1 < at < 10


def test_a_calibrated_model_is_told_from_one_that_is_too_sure():
    pairs, margin = answered(2000)
    honest = evaluate(pairs, margin)
    sure = evaluate(pairs, 2 * margin)
    timid = evaluate(pairs, margin / 2)
    assert not any("miscalibrated" in text for text in honest.warnings)
    assert any("too sure" in text for text in sure.warnings)
    assert any("too timid" in text for text in timid.warnings)
    one, other = honest["overall"].calibration, sure["overall"].calibration
    assert one is not None
    assert other is not None
    assert one.slope is not None
    assert other.slope is not None
    assert other.slope.value == pytest.approx(one.slope.value / 2)
    assert one.debiased is not None
    assert one.debiased.low == 0.0
    assert other.debiased is not None
    assert other.debiased.low is not None
    assert other.debiased.low > 0.05


def test_the_floor_is_what_a_calibrated_model_has_on_average():
    errors, floors = [], []
    for seed in range(30):
        result = found(*answered(300, seed=seed), resamples=0)
        errors.append(result.error)
        floors.append(result.floor)
    # 30 draws of the error spread by about a quarter of it
    assert np.mean(errors) == pytest.approx(np.mean(floors), rel=0.15)


def test_the_interval_holds_the_planted_error():
    sorted_margins = np.sort(np.abs(1.5 * np.random.default_rng(0).normal(size=100_000)))
    bins = sorted_margins.reshape(10, -1)
    for multiple in (1.0, 0.7):
        gap = (expit(multiple * bins) - expit(bins)).mean(axis=1)
        truth = float(np.abs(gap).mean())
        held = 0
        for seed in range(20):
            error = found(*answered(1000, multiple, seed=seed), resamples=200).debiased
            assert error is not None
            assert error.low is not None
            assert error.high is not None
            assert error.low <= error.value <= error.high
            held += error.low <= truth <= error.high
        assert held >= 16  # of 20, where 19 are promised: less than 1 in 400 by chance


def test_which_clip_is_called_a_does_not_matter():
    pairs, margin = answered(200, 0.7)
    flip = np.random.default_rng(0).random(200) < 0.5
    turned = pairs.swapped()
    other = Pairs.of(
        np.where(flip, turned.a, pairs.a),
        np.where(flip, turned.b, pairs.b),
        np.where(flip, turned.win, pairs.win),
    )
    one = found(pairs, margin, resamples=0)
    two = found(other, np.where(flip, -margin, margin), resamples=0)
    assert two.error == pytest.approx(one.error, abs=1e-12)
    assert one.slope is not None
    assert two.slope is not None
    assert two.slope.value == pytest.approx(one.slope.value, abs=1e-9)


def test_ties_do_not_count_but_split_votes_do():
    pairs, margin = answered(200)
    ties = Pairs.of(
        [*pairs.a, 1000], [*pairs.b, 1001], [*pairs.win, 0.5], tie=[*np.zeros(200), 1.0]
    )
    with_tie = found(ties, np.append(margin, 3.0), resamples=0)
    without = found(pairs, margin, resamples=0)
    assert with_tie.error == pytest.approx(without.error)
    split = Pairs.of([*pairs.a, 1000], [*pairs.b, 1001], [*pairs.win, 0.5])
    assert found(split, np.append(margin, 3.0), resamples=0).error != without.error
    only = Pairs.of([0], [1], [0.5], tie=[1.0])
    assert evaluate(only, [1.0])["overall"].calibration is None


def test_equal_rewards_are_a_coin():
    pairs, _ = answered(120)
    result = found(pairs, np.zeros(120), resamples=0)
    assert (result.error, result.floor, result.slope) == (0.0, 0.0, None)
    assert [(row.confidence, row.agreement.value) for row in result.bins] == [(0.5, 0.5)]


@settings(deadline=None)
@given(
    size=st.lists(st.sampled_from([0.0, 0.5, 1.0, 2.0, 5.0]), min_size=1, max_size=40),
    bins=st.integers(1, 10),
)
def test_bins_are_in_order_without_gaps_and_keep_equals_together(size: list[float], bins: int):
    sizes = np.array(size)
    place = equal_mass(sizes, np.ones(len(sizes)), bins)
    assert sorted(set(place.tolist())) == list(range(place.max() + 1))
    assert place.max() < bins
    order = np.argsort(sizes, kind="stable")
    assert np.all(np.diff(place[order]) >= 0)
    for value in set(size):
        assert len(set(place[sizes == value].tolist())) == 1


def test_the_interval_of_many_pairs_is_that_of_few():
    pairs, margin = answered(2500, 0.8)
    one = found(pairs, margin).slope
    twice = Pairs.of(
        np.tile(pairs.a, 2), np.tile(pairs.b, 2), np.tile(pairs.win, 2), weight=np.full(5000, 0.5)
    )
    other = found(twice, np.tile(margin, 2)).slope  # beyond the number that is solved to its end
    assert one is not None
    assert other is not None
    assert one.low is not None
    assert one.high is not None
    assert other.value == pytest.approx(one.value, abs=1e-9)
    assert (other.low, other.high) == (
        pytest.approx(one.low, abs=0.01),
        pytest.approx(one.high, abs=0.01),
    )


@pytest.mark.parametrize("seed", range(3))
def test_intervals_of_slopes_do_not_depend_on_the_way_they_are_found(
    seed: int, monkeypatch: pytest.MonkeyPatch
):
    # Few speakers, each with a slope of their own: how far it moves does not shrink with pairs.
    rng = np.random.default_rng(seed)
    count, speakers = 1500, 8
    who = rng.integers(0, speakers, count)
    margin = 2 * rng.normal(size=count)
    win = (rng.random(count) < expit(rng.uniform(0.2, 1.4, speakers)[who] * margin)).astype(float)
    pairs = Pairs.of(np.arange(count), np.arange(count) + count, win)
    groups = [*who, *who]

    def interval() -> tuple[float, float]:
        result = evaluate(pairs, margin, groups=groups, resamples=300)["overall"].calibration
        assert result is not None
        assert result.slope is not None
        assert result.slope.low is not None
        assert result.slope.high is not None
        return result.slope.low, result.slope.high

    by_newton = interval()
    monkeypatch.setattr(sys.modules[slope.__module__], "_FEW_PAIRS", 0)
    assert interval() == pytest.approx(by_newton, abs=2e-3)


@pytest.mark.filterwarnings("error")
def test_many_pairs_that_can_not_be_resampled_have_a_slope_without_interval():
    pairs, margin = answered(3200)
    for options in ({"groups": ["one"] * 6400}, {"resamples": 0}):
        result = evaluate(pairs, margin, **options)["overall"].calibration
        assert result is not None
        assert result.slope is not None
        assert result.slope.low is None
