# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: Apache-2.0
"""Likelihoods of wins and ties: probabilities, derivatives, and other people's maxima."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize

from rewardkit.pairs import Pairs
from rewardkit.training import TrainOptions, fit
from rewardkit.training.likelihood import LIKELIHOODS

pytestmark = pytest.mark.filterwarnings("ignore::rewardkit.training.TrainingWarning")

WITH_TIES = ("davidson", "rao-kupper")
margins = st.floats(-30, 30)


def tensor(*values: float) -> torch.Tensor:
    return torch.tensor(values, dtype=torch.float64)


def loss(name: str, margin: float, win: float, tie: float, parameter: float) -> float:
    return LIKELIHOODS[name](
        tensor(margin), tensor(win), tensor(tie), tensor(parameter)
    ).loss.item()


def probabilities(name: str, margin: float, parameter: float) -> tuple[float, float, float]:
    """Of a, b and a tie, as the papers write them."""
    a, b = math.exp(margin), 1.0
    if name == "davidson":
        tie = math.exp(parameter) * math.sqrt(a * b)
        total = a + b + tie
        return a / total, b / total, tie / total
    theta = math.exp(parameter)
    of_a, of_b = a / (a + theta * b), b / (theta * a + b)
    return of_a, of_b, (theta**2 - 1) * a * b / ((a + theta * b) * (theta * a + b))


@pytest.mark.parametrize("name", WITH_TIES)
@given(margin=margins, parameter=st.floats(0.05, 3))
def test_the_loss_is_minus_the_log_of_the_papers_probability(
    name: str, margin: float, parameter: float
) -> None:
    chances = probabilities(name, margin, parameter)
    assert sum(chances) == pytest.approx(1)
    for chance, win, tie in zip(chances, (1.0, 0.0, 0.5), (0.0, 0.0, 1.0), strict=True):
        assert loss(name, margin, win, tie, parameter) == pytest.approx(-math.log(chance), rel=1e-6)


@pytest.mark.parametrize("name", list(LIKELIHOODS))
@given(margin=margins, win=st.floats(0, 1), share=st.floats(0, 1), parameter=st.floats(0.05, 3))
def test_swapping_sides_is_changing_the_sign_of_the_margin(
    name: str, margin: float, win: float, share: float, parameter: float
) -> None:
    tie = 2 * min(win, 1 - win) * share
    one = loss(name, margin, win, tie, parameter)
    assert one == pytest.approx(loss(name, -margin, 1 - win, tie, parameter), abs=1e-12)


@pytest.mark.parametrize("name", list(LIKELIHOODS))
@given(
    margin=margins,
    votes=st.tuples(*[st.integers(0, 5)] * 3).filter(any),
    parameter=st.floats(0.05, 3),
)
def test_a_row_of_votes_costs_what_its_votes_cost(
    name: str, margin: float, votes: tuple[int, int, int], parameter: float
) -> None:
    single = [(1.0, 0.0)] * votes[0] + [(0.0, 0.0)] * votes[1] + [(0.5, 1.0)] * votes[2]
    apart = sum(loss(name, margin, *judged, parameter) for judged in single)
    total = sum(votes)
    share = (votes[0] + votes[2] / 2) / total, votes[2] / total
    assert total * loss(name, margin, *share, parameter) == pytest.approx(apart, rel=1e-12)


@pytest.mark.parametrize("name", list(LIKELIHOODS))
def test_derivatives_are_what_differentiation_gives(name: str) -> None:
    rng = np.random.default_rng(0)
    margin = torch.linspace(-40, 40, 161, dtype=torch.float64, requires_grad=True)
    win = torch.linspace(0, 1, 161, dtype=torch.float64)
    tie = 2 * torch.minimum(win, 1 - win) * torch.from_numpy(rng.random(161))
    parameter = torch.full((161,), 0.7, dtype=torch.float64, requires_grad=True)
    terms = LIKELIHOODS[name](margin, win, tie, parameter)
    (slope,) = torch.autograd.grad(terms.loss.sum(), margin, create_graph=True)
    torch.testing.assert_close(terms.slope, slope)
    (curvature,) = torch.autograd.grad(terms.slope.sum(), margin, retain_graph=True)
    torch.testing.assert_close(terms.curvature, curvature)
    assert (terms.curvature >= 0).all()
    if terms.tie_slope is None:
        assert not LIKELIHOODS[name].has_tie_parameter
        return
    (slope,) = torch.autograd.grad(terms.loss.sum(), parameter, create_graph=True)
    torch.testing.assert_close(terms.tie_slope, slope)
    cross, curvature = (
        torch.autograd.grad(s.sum(), parameter, retain_graph=True)[0]
        for s in (terms.slope, terms.tie_slope)
    )
    torch.testing.assert_close(terms.cross, cross)
    torch.testing.assert_close(terms.tie_curvature, curvature)
    # Jointly convex: the two-by-two Hessian has no negative eigenvalue.
    assert (terms.curvature * terms.tie_curvature - terms.cross**2 >= -1e-15).all()


@pytest.mark.parametrize("name", WITH_TIES)
@pytest.mark.parametrize("share", [0.01, 0.3, 0.9])
def test_the_start_gives_equal_clips_that_share_of_ties(name: str, share: float) -> None:
    start = LIKELIHOODS[name].start(tensor(share)).item()
    assert probabilities(name, 0.0, start)[2] == pytest.approx(share)


@settings(deadline=None)
@given(st.floats(-8, 8), st.floats(0, 1))
def test_without_ties_davidson_is_bradley_terry(margin: float, win: float) -> None:
    assert loss("davidson", margin, win, 0.0, -60.0) == pytest.approx(
        loss("half", margin, win, 0.0, 0.0), abs=1e-12
    )


def listeners_with_ties(
    name: str, parameter: float, seed: int, count: int = 800
) -> tuple[np.ndarray, Pairs, np.ndarray]:
    """Judgements of 80 clips drawn by a likelihood; standard features and their weights."""
    rng = np.random.default_rng(seed)
    values = rng.normal(size=(80, 3))
    values = (values - values.mean(axis=0)) / values.std(axis=0)
    planted = np.array([1.0, -0.5, 0.0])
    a = rng.integers(0, 80, count)
    b = (a + rng.integers(1, 80, count)) % 80
    chance = [probabilities(name, m, parameter) for m in (values[a] - values[b]) @ planted]
    answer = np.array([rng.choice(3, p=p) for p in chance])
    win, tie = np.array([1.0, 0.0, 0.5])[answer], (answer == 2).astype(float)
    return values, Pairs.of(a, b, win, tie=tie), planted


@pytest.mark.parametrize("name", WITH_TIES)
@pytest.mark.parametrize("l2", [0.1, 10.0])
def test_equals_a_maximum_found_by_scipy(name: str, l2: float) -> None:
    """Independently written: the papers' probabilities, numerical gradients, weights and votes."""
    values, pairs, _ = listeners_with_ties(name, 0.8, seed=1, count=200)
    weight = np.random.default_rng(2).integers(1, 4, len(pairs)).astype(float)
    options = TrainOptions(l2=l2, members=2, ties=name)
    weighted = Pairs.of(pairs.a, pairs.b, pairs.win, weight=weight, tie=pairs.tie)
    trained = fit(values, weighted, options=options)
    head = trained.head
    used = np.unique(np.concatenate([pairs.a, pairs.b]))
    z = (values - values[used].mean(axis=0)) / values[used].std(axis=0)

    def objective(theta: np.ndarray) -> float:
        value = l2 / 2 * float(theta[:3] @ theta[:3])
        margin = (z[pairs.a] - z[pairs.b]) @ theta[:3]
        for m, win, tie, w in zip(margin, pairs.win, pairs.tie, weight, strict=True):
            place = 2 if tie else 0 if win == 1 else 1
            value -= w * math.log(probabilities(name, m, theta[3])[place])
        # The one even judgement that keeps the tie parameter finite.
        a, b, tie = probabilities(name, 0.0, theta[3])
        return value - math.log(tie) / 2 - math.log(a) / 4 - math.log(b) / 4

    bounds = [(None, None)] * 3 + [(1e-6 if name == "rao-kupper" else None, None)]
    found = minimize(objective, np.array([0.0, 0.0, 0.0, 0.5]), method="L-BFGS-B", bounds=bounds,
                     options={"ftol": 1e-15, "gtol": 1e-9})  # fmt: skip
    np.testing.assert_allclose(head.weights[0], found.x[:3], atol=1e-4)
    assert trained.report.tie["overall"][0] == pytest.approx(found.x[3], abs=1e-4)
    assert trained.report.likelihood == {"overall": name}


@pytest.mark.parametrize("name", WITH_TIES)
def test_planted_weights_and_tie_rate_are_recovered(name: str) -> None:
    values, pairs, planted = listeners_with_ties(name, 0.8, seed=3, count=4000)
    trained = fit(values, pairs, options=TrainOptions(l2=0.01, members=20, ties=name))
    spread = trained.head.members[:, 0].std(axis=0, ddof=1)
    assert np.all(np.abs(trained.head.weights[0] - planted) < 4 * spread)
    value, low, high = trained.report.tie["overall"]
    assert abs(value - 0.8) < 2 * (high - low)
    assert high - low < 0.4


@pytest.mark.parametrize("name", WITH_TIES)
def test_weight_is_repetition_with_ties(name: str) -> None:
    values, pairs, _ = listeners_with_ties(name, 0.8, seed=4, count=150)
    weight = np.random.default_rng(0).integers(0, 4, len(pairs))
    weighted = Pairs.of(pairs.a, pairs.b, pairs.win, weight=weight, tie=pairs.tie)
    repeated = pairs.select(np.repeat(np.arange(len(pairs)), weight))
    options = TrainOptions(l2=1.0, members=4, ties=name)
    one, other = fit(values, weighted, options=options), fit(values, repeated, options=options)
    np.testing.assert_allclose(one.head.members, other.head.members, atol=1e-9)
    assert one.report.tie["overall"] == pytest.approx(other.report.tie["overall"], abs=1e-8)


@pytest.mark.parametrize("name", WITH_TIES)
def test_swapping_sides_changes_no_bit_with_ties(name: str) -> None:
    values, pairs, _ = listeners_with_ties(name, 0.8, seed=5, count=150)
    options = TrainOptions(l2=1.0, members=3, ties=name)
    one, other = (fit(values, p, options=options) for p in (pairs, pairs.swapped()))
    assert one.head.weights.tobytes() == other.head.weights.tobytes()
    assert one.head.members.tobytes() == other.head.members.tobytes()
    assert one.report == other.report


@pytest.mark.parametrize("name", WITH_TIES)
@pytest.mark.parametrize("tie", [[1.0, 1.0, 1.0], [1.0, 0.0, 0.0]])
def test_nothing_but_ties_or_hardly_any_is_finite(name: str, tie: list[float]) -> None:
    win = [0.5 if t else 1.0 for t in tie]
    pairs = Pairs.of([0, 1, 2], [1, 2, 3], win, tie=tie)
    trained = fit(np.arange(4.0)[:, None], pairs, options=TrainOptions(l2=1.0, ties=name))
    assert np.isfinite(trained.head.members).all()
    assert np.isfinite(trained.report.tie["overall"]).all()


def test_half_a_vote_each_is_no_tie() -> None:
    values, pairs, _ = listeners_with_ties("davidson", 0.8, seed=6, count=100)
    shares = Pairs.of(pairs.a, pairs.b, pairs.win)
    report = fit(values, shares, options=TrainOptions(l2=1.0, members=2)).report
    assert (report.tie, report.likelihood) == ({}, {"overall": "half"})
