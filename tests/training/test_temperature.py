# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: Apache-2.0
"""Temperature: log-odds on speakers that were left out are what they are said to be."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import expit

from rewardkit.errors import RewardkitError
from rewardkit.head import LinearHead
from rewardkit.normaliser import Normaliser
from rewardkit.pairs import Pairs
from rewardkit.training import TrainOptions, cross_validate
from rewardkit.training.temperature import MOST, cool, temperatures


def answered(count: int, temperature: float, seed: int = 0) -> tuple[Pairs, np.ndarray]:
    """Disjoint pairs of two dimensions; margins are `temperature` times the log-odds."""
    rng = np.random.default_rng(seed)
    odds = 1.5 * rng.normal(size=count)
    win = (rng.random(count) < expit(odds)).astype(float)
    dimension = np.arange(count) % 2
    pairs = Pairs.of(
        np.arange(count), np.arange(count) + count, win, dimension=dimension, dimensions=("p", "e")
    )
    return pairs, np.where(dimension == 0, temperature, 1.0) * odds


def test_a_planted_temperature_is_recovered():
    pairs, margin = answered(4000, 2.5)
    found = temperatures(pairs, margin)
    for name, planted in (("p", 2.5), ("e", 1.0)):
        interval = found[name]
        assert interval.low is not None
        assert interval.high is not None
        assert interval.low < planted < interval.high
        assert interval.high - interval.low < 0.3 * planted


@settings(deadline=None, max_examples=20)
@given(factor=st.floats(0.3, 3.0))
def test_it_is_proportional_to_the_margins(factor: float):
    pairs, margin = answered(400, 1.5)
    one = temperatures(pairs, margin, resamples=0)["p"].value
    other = temperatures(pairs, factor * margin, resamples=0)["p"].value
    assert other == pytest.approx(factor * one, rel=1e-6)


def test_it_stays_within_bounds_and_says_nothing_without_a_choice():
    pairs = Pairs.of(np.arange(20), np.arange(20) + 20, np.ones(20))
    assert temperatures(pairs, np.full(20, -1.0))["overall"].value == MOST  # always wrong
    sure = temperatures(pairs, np.full(20, 1.0))["overall"]
    assert 0.1 < sure.value < 1  # always right, but twenty times only
    small = temperatures(pairs, np.full(20, 1e-6))["overall"]
    assert small.value == 1 / MOST
    ties = Pairs.of([0], [1], [0.5], tie=[1.0])
    assert temperatures(ties, np.ones(1)) == {}
    assert temperatures(pairs, np.zeros(20)) == {}


def head(dimensions: tuple[str, ...]) -> LinearHead:
    rng = np.random.default_rng(0)
    d = len(dimensions)
    normaliser = Normaliser.fit(rng.normal(size=(20, 3)))
    weights, members = rng.normal(size=(d, 3)), rng.normal(size=(4, d, 3))
    mix, mix_members = rng.random(d), rng.random((4, d))
    if "overall" in dimensions:
        mix[dimensions.index("overall")] = 1.0
        mix_members[:, dimensions.index("overall")] = 1.0
    return LinearHead(dimensions, normaliser, weights, members, mix, mix_members)


def test_each_reward_and_the_learned_scalar_have_their_own_temperature():
    values = np.random.default_rng(1).normal(size=(9, 3))
    warm = head(("prosody", "overall", "emotion"))
    cold = cool(warm, {"prosody": 2.0, "overall": 4.0})
    before, after = warm(values), cold(values)
    np.testing.assert_allclose(after.scalar, before.scalar / 4, rtol=1e-5)
    np.testing.assert_allclose(after.std, before.std / 4, rtol=1e-5)
    np.testing.assert_allclose(after.dimensions, before.dimensions / [2, 4, 1], rtol=1e-5)
    np.testing.assert_allclose(after.dimension_std, before.dimension_std / [2, 4, 1], rtol=1e-5)
    assert cold.mix[1] == 1.0
    parts = cold.contributions(values)
    np.testing.assert_allclose(
        np.einsum("d,cdf->c", cold.mix, parts), after.scalar.astype(float), atol=1e-5
    )


def test_a_declared_scalar_is_the_mean_of_the_calibrated_dimensions():
    warm = head(("prosody", "emotion"))
    cold = cool(warm, {"prosody": 2.0})
    np.testing.assert_array_equal(cold.mix, warm.mix)
    values = np.random.default_rng(1).normal(size=(5, 3))
    expected = cold(values).dimensions.astype(float) @ warm.mix
    np.testing.assert_allclose(cold(values).scalar, expected, rtol=1e-5)


def test_what_is_no_temperature_is_refused():
    for wrong in ({"prosody": 0.0}, {"prosody": np.inf}, {"quality": 1.0}):
        with pytest.raises(RewardkitError, match="bad_option"):
            cool(head(("prosody",)), wrong)


def speakers(count: int, seed: int = 0) -> tuple[np.ndarray, Pairs, list[str]]:
    """Twelve noise features beside one that counts: a head with little decay is too sure."""
    rng = np.random.default_rng(seed)
    values = rng.normal(size=(160, 13))
    names = [f"s{k % 8}" for k in range(160)]
    a = rng.integers(0, 160, count)
    b = (a + rng.integers(1, 160, count)) % 160
    win = (rng.random(count) < expit(values[a, 0] - values[b, 0])).astype(float)
    return values, Pairs.of(a, b, win), names


def test_left_out_log_odds_become_honest():
    values, pairs, names = speakers(150)
    options = TrainOptions(l2=0.1, members=2)
    raw = cross_validate(values, pairs, groups=names, options=options)
    temperature = raw.temperatures()["overall"]
    assert temperature.low is not None
    assert temperature.low > 1.0  # it was too sure
    after = raw.calibrated()
    before_loss = raw.evaluate(resamples=0)["overall"].log_loss.value
    result = after.evaluate(resamples=100)["overall"]
    assert result.log_loss.value < before_loss
    assert result.calibration is not None
    assert result.calibration.slope is not None
    assert result.calibration.slope.value == pytest.approx(1.0, abs=0.1)
    for fold, was in zip(after.folds, raw.folds, strict=True):
        np.testing.assert_allclose(fold.margin * fold.temperature["overall"], was.margin)
        assert fold.temperature["overall"] == pytest.approx(temperature.value, rel=0.5)


def test_a_folds_temperature_knows_none_of_its_tests():
    values, pairs, names = speakers(300)
    options = TrainOptions(l2=1.0, members=2)
    raw = cross_validate(values, pairs, groups=names, options=options)
    fold = raw.folds[2]
    sides = [{names[a], names[b]} for a, b in zip(pairs.a, pairs.b, strict=True)]
    left_out = [k for k, both in enumerate(sides) if fold.held[0] in both]
    assert fold.out.tolist() == left_out == fold.test.tolist()
    win = pairs.win.copy()
    win[fold.test] = 1 - win[fold.test]
    turned = dataclasses.replace(raw, pairs=dataclasses.replace(pairs, win=win))
    assert turned.calibrated().folds[2].temperature == raw.calibrated().folds[2].temperature
    assert turned.calibrated().folds[3].temperature != raw.calibrated().folds[3].temperature


def test_two_unknown_speakers_ask_for_more_than_one():
    # Speakers differ by an offset that a head learns from one speaker's other pairs, and that
    # says nothing of new ones: what is too sure of two of them is less so of one.
    rng = np.random.default_rng(0)
    offset = np.repeat(rng.normal(size=8), 20)
    own = np.repeat(rng.normal(size=(8, 6)), 20, axis=0)
    values = np.column_stack([rng.normal(size=160), own + 0.1 * rng.normal(size=(160, 6))])
    utility = 1.5 * values[:, 0] + offset
    a = rng.integers(0, 160, 600)
    b = (a + rng.integers(20, 140, 600)) % 160
    win = (utility[a] - utility[b] + rng.logistic(size=600) > 0).astype(float)
    pairs, names = Pairs.of(a, b, win), [f"s{k // 20}" for k in range(160)]
    options = TrainOptions(l2=1.0, members=2)
    loose = cross_validate(values, pairs, groups=names, options=options)
    strict = cross_validate(values, pairs, groups=names, options=options, strict=True)
    one = loose.temperatures(resamples=0)["overall"].value
    other = strict.temperatures(resamples=0)["overall"].value
    assert other > 1.2 * one > 1.2


def test_strict_folds_leave_out_both_speakers_pairs():
    values, pairs, names = speakers(300)
    options = TrainOptions(l2=1.0, members=2)
    raw = cross_validate(values, pairs, groups=names, options=options, most=4, strict=True)
    folds = raw.calibrated().folds
    assert len(folds) == 10  # one or two of four groups left out
    for fold in folds:
        assert set(fold.test.tolist()) <= set(fold.out.tolist())
        assert fold.temperature["overall"] > 0
