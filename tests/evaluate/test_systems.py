# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import choix
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import expit
from scipy.stats import kendalltau, spearmanr

from rewardkit.evaluate import evaluate
from rewardkit.evaluate.ranks import kendall, spearman
from rewardkit.evaluate.systems import SHRINKAGE, strengths
from rewardkit.pairs import Pairs

numbers = st.lists(st.integers(0, 5), min_size=3, max_size=12)


@settings(deadline=None)
@given(data=st.data())
def test_rank_correlations_are_those_of_scipy(data: st.DataObject):
    x = np.array(data.draw(numbers), float)
    same = st.lists(st.integers(0, 5), min_size=len(x), max_size=len(x))
    y = np.array(data.draw(same), float)
    if len(set(x)) == 1 or len(set(y)) == 1:
        assert np.isnan(spearman(x, y))
        assert np.isnan(kendall(x, y))
        return
    assert spearman(x, y) == pytest.approx(spearmanr(x, y).statistic, abs=1e-12)
    assert kendall(x, y) == pytest.approx(kendalltau(x, y).statistic, abs=1e-12)


@settings(deadline=None, max_examples=30)
@given(seed=st.integers(0, 1000), systems=st.integers(2, 8))
def test_strengths_are_those_of_choix(seed: int, systems: int):
    rng = np.random.default_rng(seed)
    games = rng.integers(0, systems, (60, 2))
    games = games[games[:, 0] != games[:, 1]]
    wins = np.zeros((1, systems, systems))
    np.add.at(wins[0], (games[:, 0], games[:, 1]), 1)
    expected = choix.opt_pairwise(systems, games.tolist(), alpha=SHRINKAGE / 2)
    np.testing.assert_allclose(strengths(wins)[0], expected - expected.mean(), atol=1e-4)


def judged(
    utilities: dict[str, float], reward: dict[str, float], count: int = 600, seed: int = 0
) -> tuple[Pairs, np.ndarray, list[tuple[str | None, ...]]]:
    """Disjoint pairs of clips of two systems; the margins are the rewards' differences."""
    rng = np.random.default_rng(seed)
    names = list(utilities)
    sides = np.array([rng.choice(len(names), 2, replace=False) for _ in range(count)])
    a, b = (np.array([utilities[names[k]] for k in side]) for side in sides.T)
    win = (rng.random(count) < expit(a - b)).astype(float)
    r = np.array([reward[name] for name in names])
    pairs = Pairs.of(np.arange(count), np.arange(count) + count, win)
    return pairs, r[sides[:, 0]] - r[sides[:, 1]], [(names[i], names[j]) for i, j in sides]


PLANTED = {"human": 2.0, "piper": 1.0, "hts": 0.0, "diphone": -1.0, "espeak": -2.0}


def test_planted_strengths_and_rewards_are_recovered():
    reward = {name: 3 * value + 7 for name, value in PLANTED.items()}
    pairs, margin, sides = judged(PLANTED, reward)
    result = evaluate(pairs, margin, by={"system": sides}, resamples=200)["overall"].systems
    assert result is not None
    assert [system.name for system in result.systems] == list(PLANTED)
    for system in result.systems:
        assert system.strength == pytest.approx(PLANTED[system.name], abs=0.6)
        assert system.reward == pytest.approx(3 * PLANTED[system.name], abs=1e-6)
    assert sum(system.judgements for system in result.systems) == 2 * len(pairs)
    assert (result.spearman.value, result.kendall.value) == (1.0, 1.0)
    assert result.spearman.low is not None
    assert result.spearman.low > 0.8


def test_a_reward_in_the_wrong_order_is_seen():
    wrong = dict(zip(PLANTED, [1.0, 2.0, 0.0, -2.0, -1.0], strict=True))
    pairs, margin, sides = judged(PLANTED, wrong)
    result = evaluate(pairs, margin, by={"system": sides}, resamples=100)["overall"].systems
    assert result is not None
    assert result.spearman.value == pytest.approx(0.8)
    assert result.kendall.value == pytest.approx(0.6)


def test_rewards_compare_like_with_like():
    # The first system only ever reads easy sentences, each worth 10: within a sentence it loses.
    a = ["x"] * 4 + ["y"] * 4
    b = ["y"] * 4 + ["z"] * 4
    margin = np.array([-1.0] * 4 + [1.0] * 4)
    pairs = Pairs.of(np.arange(8), np.arange(8) + 8, [0] * 4 + [1] * 4)
    sides = list(zip(a, b, strict=True))
    result = evaluate(pairs, margin, by={"system": sides}, resamples=0)["overall"].systems
    assert result is not None
    found = {system.name: system.reward for system in result.systems}
    assert found["y"] - found["x"] == pytest.approx(1.0, abs=1e-6)
    assert found["y"] - found["z"] == pytest.approx(1.0, abs=1e-6)


def test_too_few_systems_or_nothing_to_rank_by():
    pairs = Pairs.of([0, 1], [2, 3], [1, 0])
    two = evaluate(pairs, [1.0, -1.0], by={"system": [("x", "y"), ("y", "x")]})["overall"]
    assert two.systems is None
    three = {"system": [("x", "y"), ("y", "z")]}
    assert evaluate(pairs, [0.0, 0.0], by=three)["overall"].systems is None  # no order
    assert evaluate(pairs, [1.0, 1.0])["overall"].systems is None
    unknown = {"system": [("x", None), (None, None)]}
    assert evaluate(pairs, [1.0, 1.0], by=unknown)["overall"].systems is None


def test_only_systems_that_comparisons_connect_are_ranked():
    sides = [("x", "y"), ("y", "z"), ("p", "q"), ("x", "x")]
    pairs = Pairs.of([0, 1, 2, 3], [4, 5, 6, 7], [1, 1, 1, 1])
    result = evaluate(pairs, [1.0, 1.0, 5.0, 9.0], by={"system": sides}, resamples=0)
    systems = result["overall"].systems
    assert systems is not None
    assert [system.name for system in systems.systems] == ["x", "y", "z"]


def test_tables_of_many_systems_are_made_some_resamples_at_a_time(monkeypatch: pytest.MonkeyPatch):
    pairs, margin, systems = judged(PLANTED, PLANTED, 200)
    whole = evaluate(pairs, margin, by={"system": systems}, resamples=100)["overall"].systems
    monkeypatch.setattr("rewardkit.evaluate.systems._CELLS", 3 * len(PLANTED) ** 2)
    parts = evaluate(pairs, margin, by={"system": systems}, resamples=100)["overall"].systems
    assert whole is not None
    assert parts == whole
