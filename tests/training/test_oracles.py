# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: Apache-2.0
"""The head against other implementations of the same estimate."""

from __future__ import annotations

import choix
import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from rewardkit.normaliser import Normaliser
from rewardkit.pairs import Pairs
from rewardkit.training import TrainOptions, fit

pytestmark = pytest.mark.filterwarnings("ignore::rewardkit.training.TrainingWarning")

CLIPS, FEATURES = 60, 8


def problem(seed: int, count: int = 300) -> tuple[np.ndarray, Pairs]:
    """Correlated features of odd scales with some NaN, and soft, weighted votes."""
    rng = np.random.default_rng(seed)
    values = rng.normal(size=(CLIPS, FEATURES)) @ rng.normal(size=(FEATURES, FEATURES))
    utility = values @ rng.normal(size=FEATURES)
    values = values * 10.0 ** rng.integers(-3, 4, FEATURES) + 100 * rng.normal(size=FEATURES)
    values[rng.random(values.shape) < 0.05] = np.nan
    a = rng.integers(0, CLIPS, count)
    b = (a + rng.integers(1, CLIPS, count)) % CLIPS
    votes = rng.integers(1, 6, count)
    win = rng.binomial(votes, 1 / (1 + np.exp(utility[b] - utility[a]))) / votes
    return values, Pairs.of(a, b, win, weight=votes.astype(float))


@pytest.mark.parametrize("l2", [0.05, 1.0, 50.0])
@pytest.mark.parametrize("hard", [True, False])
def test_equals_logistic_regression_on_differences(l2, hard):
    values, pairs = problem(seed=int(l2) + hard)
    if hard:
        pairs = Pairs.of(pairs.a, pairs.b, np.round(pairs.win))
    z = Normaliser.fit(values[np.unique([pairs.a, pairs.b])])(values)
    difference = z[pairs.a] - z[pairs.b]
    oracle = LogisticRegression(
        C=1 / l2, fit_intercept=False, solver="newton-cholesky", tol=1e-12, max_iter=1000
    )
    # A share of votes is a row of each label, weighted by the votes for it.
    oracle.fit(
        np.concatenate([difference, difference]),
        np.repeat([1, 0], len(pairs)),
        np.concatenate([pairs.win * pairs.weight, (1 - pairs.win) * pairs.weight]),
    )
    head = fit(values, pairs, options=TrainOptions(l2=l2, members=2)).head
    np.testing.assert_allclose(head.weights[0], oracle.coef_[0], atol=1e-3)
    np.testing.assert_allclose(head.weights[0], oracle.coef_[0], rtol=1e-5, atol=1e-7)


@pytest.mark.parametrize("alpha", [1e-4, 0.5])
def test_one_hot_items_are_classic_bradley_terry(alpha):
    items = 7
    rng = np.random.default_rng(5)
    strength = rng.normal(size=items)
    a = rng.integers(0, items, 400)
    b = (a + rng.integers(1, items, 400)) % items
    win = rng.random(400) < 1 / (1 + np.exp(strength[b] - strength[a]))
    data = [(x, y) if won else (y, x) for x, y, won in zip(a, b, win, strict=True)]
    oracle = choix.opt_pairwise(items, data, alpha=alpha, method="Newton-CG", tol=1e-12)
    # Standardised by s, an item's strength is w / s; choix penalises alpha |strength|².
    spread = np.sqrt(1 / items * (1 - 1 / items))
    options = TrainOptions(l2=2 * alpha / spread**2, members=2)
    head = fit(np.eye(items), Pairs.of(a, b, win), options=options).head
    reward = head(np.eye(items)).scalar
    np.testing.assert_allclose(reward - reward.mean(), oracle - oracle.mean(), atol=1e-3)


def test_the_mix_and_remainder_solve_their_own_logistic_regression():
    """With a mix inside its bound, the scalar is a regression on dimensions and features."""
    values, pairs = problem(seed=3)
    rng = np.random.default_rng(0)
    dimension = rng.integers(0, 3, len(pairs))
    pairs = Pairs.of(
        pairs.a,
        pairs.b,
        pairs.win,
        dimension,
        pairs.weight,
        dimensions=("prosody", "emotion", "overall"),
    )
    head = fit(values, pairs, options=TrainOptions(l2=2.0, members=2)).head
    assert np.all(head.mix > 0)
    overall = pairs.of_dimension("overall")
    z = head.normaliser(values)
    inputs = np.concatenate([z @ head.weights[:2].T, z], axis=1)
    theta = np.concatenate([head.mix[:2], head.weights[2]])
    difference = inputs[overall.a] - inputs[overall.b]
    residual = 1 / (1 + np.exp(-difference @ theta)) - overall.win
    prior = np.r_[0.5, 0.5, np.zeros(FEATURES)]
    gradient = difference.T @ (overall.weight * residual) + 2.0 * (theta - prior)
    np.testing.assert_allclose(gradient, 0, atol=1e-6)
