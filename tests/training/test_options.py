# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: Apache-2.0
"""Smoothing, margins, centring, strengths: each against its own definition."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.optimize import minimize
from scipy.special import log_expit

from rewardkit.errors import RewardkitError
from rewardkit.pairs import Pairs, index
from rewardkit.preferences import Preference
from rewardkit.training import TrainOptions, fit

pytestmark = pytest.mark.filterwarnings("ignore::rewardkit.training.TrainingWarning")

CLIPS, L2 = 30, 0.5


def problem(seed: int = 0, count: int = 150) -> tuple[np.ndarray, Pairs]:
    """Standard features, answers of chance, margins that go with them; every clip is compared."""
    rng = np.random.default_rng(seed)
    values = rng.normal(size=(CLIPS, 3)) @ rng.normal(size=(3, 3))
    values = (values - values.mean(axis=0)) / values.std(axis=0)
    a = np.r_[np.arange(CLIPS), rng.integers(0, CLIPS, count)]
    b = (a + rng.integers(1, CLIPS, len(a))) % CLIPS
    margin = (values[a] - values[b]) @ [1.0, -0.5, 0.2]
    win = rng.random(len(a)) < 1 / (1 + np.exp(-margin))
    size = rng.choice([0.0, 0.5, 2.0], len(a)) * np.where(win, 1, -1)
    return values, Pairs.of(a, b, win, margin=size, weight=rng.random(len(a)) + 0.5)


def minimum(loss) -> np.ndarray:
    found = minimize(lambda w: loss(w) + L2 / 2 * float(w @ w), np.zeros(3), method="BFGS",
                     options={"gtol": 1e-9})  # fmt: skip
    return found.x


def fitted(values: np.ndarray, pairs: Pairs, **options) -> np.ndarray:
    return fit(values, pairs, options=TrainOptions(l2=L2, members=2, **options)).head.weights[0]


def test_an_accelerator_that_is_not_here_is_a_bad_option() -> None:
    with pytest.raises(RewardkitError, match="bad_option: accelerator 'nonesuch'"):
        fitted(*problem(), accelerator="nonesuch")


def test_margin_is_llama_2s_loss() -> None:
    values, pairs = problem()
    chosen = np.where(pairs.win == 1, pairs.a, pairs.b)
    rejected = np.where(pairs.win == 1, pairs.b, pairs.a)
    difference = values[chosen] - values[rejected]

    def loss(w: np.ndarray) -> float:
        return float(-pairs.weight @ log_expit(difference @ w - 0.7 * np.abs(pairs.margin)))

    np.testing.assert_allclose(fitted(values, pairs, margin=0.7), minimum(loss), atol=1e-5)
    plain = Pairs.of(pairs.a, pairs.b, pairs.win, weight=pairs.weight)
    np.testing.assert_array_equal(fitted(values, pairs), fitted(values, plain))


def test_smoothing_is_that_share_of_reversed_answers() -> None:
    values, pairs = problem()
    difference = (values[pairs.a] - values[pairs.b]) * (2 * pairs.win - 1)[:, None]

    def loss(w: np.ndarray) -> float:
        right, wrong = log_expit(difference @ w), log_expit(-difference @ w)
        return float(-pairs.weight @ (0.9 * right + 0.1 * wrong))

    np.testing.assert_allclose(fitted(values, pairs, smoothing=0.1), minimum(loss), atol=1e-5)


def test_smoothing_bounds_the_odds_of_what_is_always_right() -> None:
    values = np.array([[0.0], [1.0]])
    pairs = Pairs.of([1], [0], [1.0], weight=[1e6])
    head = fit(values, pairs, options=TrainOptions(l2=1e-3, smoothing=0.05, members=2)).head
    margin = float(np.diff(head(values).scalar)[0])
    assert margin == pytest.approx(np.log(0.95 / 0.05), abs=1e-3)


def test_centring_is_trls_penalty() -> None:
    values, pairs = problem()
    difference = (values[pairs.a] - values[pairs.b]) * (2 * pairs.win - 1)[:, None]
    level = values[pairs.a] + values[pairs.b]

    def loss(w: np.ndarray) -> float:
        return float(
            -pairs.weight @ log_expit(difference @ w) + 0.3 * pairs.weight @ (level @ w) ** 2
        )

    np.testing.assert_allclose(fitted(values, pairs, center=0.3), minimum(loss), atol=1e-5)


def test_centring_shrinks_what_the_clips_of_a_pair_share() -> None:
    """Pairs of alike clips: their common feature goes, the one that tells them apart stays."""
    rng = np.random.default_rng(0)
    text = np.repeat(rng.normal(size=50), 2)
    values = np.stack([text + 0.1 * rng.normal(size=100), rng.normal(size=100)], axis=1)
    a, b = np.arange(0, 100, 2), np.arange(1, 100, 2)
    win = (values[a] - values[b]).sum(axis=1) > 0
    plain, centred = (
        fit(values, Pairs.of(a, b, win), options=TrainOptions(l2=0.01, center=c, members=2)).head
        for c in (0.0, 0.01)
    )
    kept = centred.weights[0] / plain.weights[0]
    assert kept[0] < kept[1]
    for head in (plain, centred):  # features have mean 0 over the clips, so rewards do
        assert head(values).scalar.mean() == pytest.approx(0.0, abs=1e-5)


@pytest.mark.parametrize("options", [{"margin": 0.7}, {"smoothing": 0.1}, {"center": 0.3}])
def test_swapping_sides_and_repeating_rows(options: dict[str, float]) -> None:
    values, pairs = problem()
    one, other = fitted(values, pairs, **options), fitted(values, pairs.swapped(), **options)
    assert one.tobytes() == other.tobytes()
    often = np.random.default_rng(0).integers(0, 4, len(pairs))
    weighted = Pairs.of(pairs.a, pairs.b, pairs.win, weight=often, margin=pairs.margin)
    single = Pairs.of(pairs.a, pairs.b, pairs.win, margin=pairs.margin)
    repeated = single.select(np.repeat(np.arange(len(pairs)), often))
    np.testing.assert_allclose(
        fitted(values, weighted, **options), fitted(values, repeated, **options), atol=1e-9
    )


def test_a_clear_preference_counts_as_two_slight_ones() -> None:
    slight, clear, other = (
        Preference("x", "y", 1.0, strength=1.0), Preference("x", "y", 1.0, strength=2.0),
        Preference("y", "x", 1.0),
    )  # fmt: skip
    values = np.array([[0.0, 1.0], [2.0, 3.0]])
    one, two = (
        fitted(values, index(rows).pairs) for rows in ([clear, other], [slight, slight, other])
    )
    np.testing.assert_allclose(one, two, atol=1e-12)


@pytest.mark.parametrize(
    "options",
    [
        {"ties": "bradley"},
        {"smoothing": 0.5},
        {"smoothing": -0.1},
        {"smoothing": float("nan")},
        {"margin": -1.0},
        {"margin": float("inf")},
        {"center": -1.0},
        {"center": float("nan")},
        {"seed": -1},
    ],
)
def test_bad_options_are_refused(options) -> None:
    with pytest.raises(RewardkitError, match="bad_option"):
        TrainOptions(**options)
