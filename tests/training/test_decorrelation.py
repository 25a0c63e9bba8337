# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: Apache-2.0
"""Heads that must not go with length or level."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import expit

from rewardkit.errors import RewardkitError
from rewardkit.evaluate import evaluate
from rewardkit.normaliser import Normaliser
from rewardkit.pairs import Pairs
from rewardkit.training import TrainOptions, cross_validate, fit
from rewardkit.training.choose import choose_nuisances
from rewardkit.training.decorrelation import free_directions

pytestmark = pytest.mark.filterwarnings("ignore::rewardkit.training.TrainingWarning")


def liking_length(seed: int = 0, count: int = 600) -> tuple[np.ndarray, Pairs, np.ndarray]:
    """Listeners who like length as much as quality.

    The features: quality with noise, length with noise, and an unrelated one.
    """
    rng = np.random.default_rng(seed)
    quality, length, other = rng.normal(size=(3, 200))
    values = np.stack(
        [quality + 0.3 * rng.normal(size=200), length + 0.1 * rng.normal(size=200), other], axis=1
    )
    a = rng.integers(0, 200, count)
    b = (a + rng.integers(1, 200, count)) % 200
    utility = quality + 2.0 * length
    win = (rng.random(count) < expit(utility[a] - utility[b])).astype(float)
    return values, Pairs.of(a, b, win), np.stack([quality, length])


PLAIN = TrainOptions(l2=1.0, members=4)


def without(length: np.ndarray, options: TrainOptions = PLAIN) -> TrainOptions:
    return dataclasses.replace(options, decorrelate={"duration": tuple(length.tolist())})


def test_the_shortcuts_weight_goes_and_quality_stays():
    values, pairs, (_, length) = liking_length()
    plain = fit(values, pairs, options=PLAIN).head
    free = fit(values, pairs, options=without(length)).head
    assert abs(plain.weights[0, 1]) > 1.5
    assert abs(free.weights[0, 1]) < 0.1 * plain.weights[0, 1]
    assert free.weights[0, 0] > 0.4 * plain.weights[0, 0]
    # On new pairs whose answers follow quality alone:
    new, judged, (truth, _) = liking_length(seed=1)
    win = (truth[judged.a] > truth[judged.b]).astype(float)
    honest = Pairs.of(judged.a, judged.b, win)
    accuracy = []
    for head in (plain, free):
        reward = head(new).scalar.astype(float)
        found = evaluate(honest, reward[honest.a] - reward[honest.b], resamples=0)["overall"]
        assert found.accuracy is not None
        accuracy.append(found.accuracy.value)
    assert accuracy[1] > 0.85
    assert accuracy[1] > accuracy[0] + 0.15


@settings(deadline=None, max_examples=10)
@given(seed=st.integers(0, 100), bend=st.booleans(), nuisances=st.integers(1, 2))
def test_margins_of_head_and_members_are_uncorrelated_in_training(
    seed: int, bend: bool, nuisances: int
):
    values, pairs, hidden = liking_length(seed, count=150)
    rng = np.random.default_rng(seed)
    weight = rng.random(150) + 0.1
    dimension = np.arange(150) % 2
    pairs = Pairs.of(
        pairs.a, pairs.b, pairs.win, weight=weight, dimension=dimension,
        dimensions=("prosody", "overall"),
    )  # fmt: skip
    numbers = {str(k): tuple(hidden[1 - k].tolist()) for k in range(nuisances)}
    options = TrainOptions(l2=1.0, members=3, bend=bend, decorrelate=numbers)
    head = fit(values, pairs, options=options).head
    z = head.normaliser(values)
    heads = [head.weights, *head.members]
    scalars = [np.einsum("d,df->f", m, w) for m, w in zip([head.mix, *head.mix_members], heads,
                                                         strict=True)]  # fmt: skip
    for w in [*(row for one in heads for row in one), *scalars]:
        margin = (z[pairs.a] - z[pairs.b]) @ w
        for number in numbers.values():
            difference = np.array(number)[pairs.a] - np.array(number)[pairs.b]
            size = np.sqrt((weight @ margin**2) * (weight @ difference**2))
            assert abs(weight * margin @ difference) <= 1e-7 * max(size, 1e-9)


def test_the_constrained_head_is_the_best_of_those_that_obey():
    values, pairs, (_, length) = liking_length(count=200)
    head = fit(values, pairs, options=without(length)).head
    z = Normaliser.fit(values[np.unique([pairs.a, pairs.b])])(values)
    basis = free_directions(z, pairs, {"duration": length})

    def objective(v: np.ndarray) -> float:
        w = basis @ v
        m = (z[pairs.a] - z[pairs.b]) @ w
        return float(np.sum(np.logaddexp(0, m) - pairs.win * m) + 0.5 * w @ w)

    at = basis.T @ head.weights[0]
    np.testing.assert_allclose(basis @ at, head.weights[0], atol=1e-9)
    rng = np.random.default_rng(0)
    for _ in range(20):
        assert objective(at + 0.01 * rng.normal(size=len(at))) > objective(at)


def test_in_cross_validation_the_constraint_comes_from_the_training_pairs():
    values, pairs, (_, length) = liking_length()
    groups = [f"s{k % 5}" for k in range(200)]
    crossed = cross_validate(values, pairs, groups=groups, options=without(length))
    plain = cross_validate(values, pairs, groups=groups, options=PLAIN)
    trivial = {"duration": length}
    for result, least, most in ((plain, 0.5, 1.0), (crossed, -0.2, 0.2)):
        tests, margin = result.tested
        difference = length[tests.a] - length[tests.b]
        assert least < np.corrcoef(margin, difference)[0, 1] < most
    # the answers still go with length, and the report says that the reward no longer does
    found = crossed.evaluate(trivial=trivial, resamples=0)["overall"].partials
    of = {(p.of, p.to): p.value.value for p in found}
    assert of["answer", "duration"] > 0.4


def test_columns_that_a_dimension_may_not_use_stay_at_zero():
    values, pairs, (_, length) = liking_length()
    options = dataclasses.replace(without(length), columns={"overall": (0, 2)})
    head = fit(values, pairs, options=options).head
    assert head.weights[0, 1] == 0.0
    assert np.all(head.members[:, 0, 1] == 0.0)


def test_what_leaves_nothing_or_is_not_there_is_refused():
    values, pairs, (_, length) = liking_length()
    with pytest.raises(RewardkitError, match="nothing is left that does not go with duration"):
        fit(values[:, :1], pairs, options=without(length))
    with pytest.raises(RewardkitError, match=r"no feature 'pitch\.sd'"):
        choose_nuisances(["pitch.sd"], {"duration": [1.0]}, ["timing.rate"], np.ones((1, 1)))
    with pytest.raises(RewardkitError, match=r"bad_option.*duration.*one number for each"):
        fit(values, pairs, options=without(length[:5]))


def test_a_nuisance_that_does_not_vary_or_is_not_known_asks_for_nothing():
    values, pairs, _ = liking_length(count=100)
    plain = fit(values, pairs, options=PLAIN).head
    for numbers in (np.ones(200), np.full(200, -np.inf), np.full(200, np.nan)):
        head = fit(values, pairs, options=without(numbers)).head
        np.testing.assert_allclose(head.weights, plain.weights, atol=1e-7)


def test_the_report_names_what_was_taken_out():
    values, pairs, (_, length) = liking_length(count=100)
    report = fit(values, pairs, options=without(length)).report
    assert report.decorrelate == ("duration",)
    assert report.to_json()["decorrelate"] == ["duration"]
