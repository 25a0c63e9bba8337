# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: Apache-2.0
"""Raters of planted reliability, and what their reliability may not change."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.optimize import minimize

from rewardkit.errors import RewardkitError
from rewardkit.pairs import Pairs
from rewardkit.training import TrainingWarning, TrainOptions, choose_l2, cross_validate, fit

pytestmark = pytest.mark.filterwarnings("ignore::rewardkit.training.TrainingWarning")

PLANTED = np.array([1.2, -0.8, 0.0])
OPTIONS = TrainOptions(l2=0.1, members=2, raters=True)


def judged(
    reliability: np.ndarray, count: int, seed: int = 0, clips: int = 120
) -> tuple[np.ndarray, Pairs]:
    """`count` judgements by each rater of some pairs of clips with planted utilities."""
    rng = np.random.default_rng(seed)
    values = rng.normal(size=(clips, len(PLANTED)))
    values = (values - values.mean(axis=0)) / values.std(axis=0)
    rater = np.repeat(np.arange(len(reliability)), count)
    a = rng.integers(0, clips, len(rater))
    b = (a + rng.integers(1, clips, len(rater))) % clips
    margin = (values[a] - values[b]) @ PLANTED
    chance = 1 / (1 + np.exp(-reliability[rater] * margin))
    return values, Pairs.of(a, b, rng.random(len(rater)) < chance, rater=rater)


def test_careless_raters_are_found() -> None:
    reliability = np.r_[np.full(8, 1.0), 0.0, 0.0]
    values, pairs = judged(reliability, 150)
    with pytest.warns(TrainingWarning, match="rater r9 hardly does better than chance"):
        report = fit(values, pairs, options=OPTIONS, raters=[f"r{k}" for k in range(10)]).report
    found = report.reliability["overall"]
    assert {name for name, row in found.items() if row[2] < 0.5} == {"r8", "r9"}
    # The mean over judgements is 1: eight share what two have not.
    assert np.average([row[0] for row in found.values()]) == pytest.approx(1.0)
    assert all(row[1] < row[0] < row[2] for row in found.values())
    assert {row[3] for row in found.values()} == {150.0}


def test_planted_reliabilities_lie_in_their_intervals() -> None:
    inside = []
    for seed in range(8):
        reliability = np.array([0.3, 0.6, 0.8, 1.0, 1.0, 1.1, 1.4, 1.8])
        values, pairs = judged(reliability, 400, seed)
        found = fit(values, pairs, options=OPTIONS).report.reliability["overall"]
        inside += [row[1] < b < row[2] for row, b in zip(found.values(), reliability, strict=True)]
    # 64 intervals of 95 %: fewer than 54 inside has a chance of 1e-4.
    assert sum(inside) >= 54


def test_equals_a_constrained_maximum_found_by_scipy() -> None:
    values, pairs = judged(np.array([0.2, 1.0, 1.8]), 60)
    trained = fit(values, pairs, options=TrainOptions(l2=1.0, members=2, raters=True))
    used = np.unique(np.concatenate([pairs.a, pairs.b]))
    z = (values - values[used].mean(axis=0)) / values[used].std(axis=0)
    difference = (z[pairs.a] - z[pairs.b]) * (2 * pairs.win - 1)[:, None]

    def objective(theta: np.ndarray) -> float:
        w, beta = theta[:3], theta[3:]
        loss = np.log1p(np.exp(-beta[pairs.rater] * (difference @ w))).sum()
        return float(loss + w @ w / 2 + 4 * ((beta - 1) ** 2).sum() / 2)

    found = minimize(
        objective, np.r_[0, 0, 0, 1, 1, 1], method="SLSQP",
        constraints={"type": "eq", "fun": lambda theta: theta[3:].mean() - 1},
        options={"ftol": 1e-14, "maxiter": 1000},
    )  # fmt: skip
    np.testing.assert_allclose(trained.head.weights[0], found.x[:3], atol=1e-4)
    beta = [row[0] for row in trained.report.reliability["overall"].values()]
    np.testing.assert_allclose(beta, found.x[3:], atol=1e-4)
    assert max(trained.report.gradient.values()) <= 1e-10


@pytest.mark.parametrize("seed", [1, 6, 18])
def test_few_judgements_of_many_features_converge(seed: int) -> None:
    """Taking turns alone did not, within 100 steps."""
    rng = np.random.default_rng(seed)
    raters, clips, count, features = int(rng.integers(2, 5)), 40, int(rng.integers(60, 200)), 30
    reliability = np.exp(rng.normal(size=raters) * 0.5)
    reliability[0] = rng.choice([0.0, 1.0])
    values = rng.normal(size=(clips, features))
    reward = values @ (rng.normal(size=features) * (rng.random(features) < 0.3))
    a = rng.integers(0, clips, count)
    b = (a + rng.integers(1, clips, count)) % clips
    rater = rng.integers(0, raters, count)
    chance = 1 / (1 + np.exp(-(reward[a] - reward[b]) * reliability[rater]))
    pairs = Pairs.of(a, b, rng.random(count) < chance, rater=rater)
    report = fit(values, pairs, options=TrainOptions(raters=True)).report
    assert report.steps["overall"] < 60
    assert report.gradient["overall"] <= 1e-10


def test_raters_who_are_not_known_or_not_asked_for_change_nothing() -> None:
    values, pairs = judged(np.array([0.0, 1.0, 1.0]), 60)
    plain = TrainOptions(l2=1.0, members=2)
    unnamed = Pairs.of(pairs.a, pairs.b, pairs.win)
    expected = fit(values, unnamed, options=plain)
    for found in (
        fit(values, pairs, options=plain),
        fit(values, unnamed, options=TrainOptions(l2=1.0, members=2, raters=True)),
    ):
        assert found.head.weights.tobytes() == expected.head.weights.tobytes()
        assert found.report.reliability == {}


def test_a_rater_who_answers_in_reverse_is_found_and_used() -> None:
    values, pairs = judged(np.array([1.0, 1.0, 1.0, -1.0]), 150)
    trained = fit(values, pairs, options=OPTIONS)
    assert trained.report.reliability["overall"]["3"][2] < 0
    straight = pairs.select(pairs.rater < 3)
    turned = Pairs.of(
        np.concatenate([straight.a, pairs.b[pairs.rater == 3]]),
        np.concatenate([straight.b, pairs.a[pairs.rater == 3]]),
        np.concatenate([straight.win, pairs.win[pairs.rater == 3]]),
    )
    expected = fit(values, turned, options=TrainOptions(l2=0.1, members=2)).head.weights[0]
    found = trained.head.weights[0]
    assert found @ expected / np.linalg.norm(found) / np.linalg.norm(expected) > 0.98


def test_one_rater_is_the_average_rater() -> None:
    values, pairs = judged(np.array([1.0]), 200)
    one = fit(values, pairs, options=OPTIONS)
    assert one.report.reliability["overall"]["0"][:3] == pytest.approx((1.0, 1.0, 1.0))
    plain = fit(values, pairs, options=TrainOptions(l2=0.1, members=2))
    np.testing.assert_allclose(one.head.weights, plain.head.weights, atol=1e-9)


def test_few_answers_are_shrunk_to_the_average() -> None:
    values, pairs = judged(np.array([1.0, 1.0, 0.0]), 200)
    few = pairs.select(np.r_[np.arange(400), np.arange(400, 404)])
    spread = {}
    for shrinkage in (0.5, 4.0, 1000.0):
        options = TrainOptions(l2=0.1, members=2, raters=True, rater_shrinkage=shrinkage)
        found = fit(values, few, options=options).report.reliability["overall"]
        spread[shrinkage] = abs(found["2"][0] - 1)
    assert spread[0.5] > spread[4.0] > spread[1000.0]
    assert spread[1000.0] < 0.01


def test_swapping_sides_and_order_change_no_bit() -> None:
    values, pairs = judged(np.array([0.2, 1.0, 1.5]), 80)
    order = np.random.default_rng(0).permutation(len(pairs))
    one, other = (fit(values, p, options=OPTIONS) for p in (pairs, pairs.swapped().select(order)))
    assert one.head.weights.tobytes() == other.head.weights.tobytes()
    assert one.head.members.tobytes() == other.head.members.tobytes()
    assert one.report == other.report


def test_weight_is_repetition() -> None:
    values, pairs = judged(np.array([0.2, 1.0, 1.5]), 60)
    weight = np.random.default_rng(0).integers(0, 4, len(pairs))
    weighted = Pairs.of(pairs.a, pairs.b, pairs.win, weight=weight, rater=pairs.rater)
    repeated = pairs.select(np.repeat(np.arange(len(pairs)), weight))
    options = TrainOptions(l2=1.0, members=3, raters=True)
    one, other = fit(values, weighted, options=options), fit(values, repeated, options=options)
    np.testing.assert_allclose(one.head.members, other.head.members, atol=1e-8)
    for rater, row in one.report.reliability["overall"].items():
        assert row == pytest.approx(other.report.reliability["overall"][rater], abs=1e-7)


def test_heeding_careless_raters_predicts_attentive_ones_better() -> None:
    """Half the raters answer whatever; the head is judged on fresh pairs by the true utilities."""
    reliability = np.r_[np.full(4, 1.6), np.full(4, 0.0)]
    error = {True: 0.0, False: 0.0}
    for seed in range(5):
        values, pairs = judged(reliability, 60, seed)
        for raters in error:
            options = TrainOptions(l2=1.0, members=2, raters=raters)
            w = fit(values, pairs, options=options).head.weights[0]
            cosine = float(w @ PLANTED / np.linalg.norm(w) / np.linalg.norm(PLANTED))
            error[raters] += 1 - cosine
    assert error[True] < 0.8 * error[False]


def test_l2_and_cross_validation_take_raters_and_ties_along() -> None:
    values, pairs = judged(np.array([0.2, 1.0, 1.5]), 100)
    tie = np.arange(len(pairs)) % 7 == 0
    win = np.where(tie, 0.5, pairs.win)
    pairs = Pairs.of(pairs.a, pairs.b, win, tie=tie, rater=pairs.rater)
    options = TrainOptions(members=2, raters=True, grid=(0.1, 10.0, 1000.0), folds=3)
    assert choose_l2(values, pairs, options=options)["overall"] < 1000
    crossed = cross_validate(values, pairs, options=options, most=3)
    accuracy = crossed.evaluate(resamples=0)["overall"].accuracy
    assert accuracy is not None
    assert accuracy.value > 0.6


@pytest.mark.parametrize("shrinkage", [0.0, -1.0, float("inf"), float("nan")])
def test_bad_shrinkage_is_refused(shrinkage: float) -> None:
    with pytest.raises(RewardkitError, match="bad_option"):
        TrainOptions(rater_shrinkage=shrinkage)
