# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import numpy as np
import pytest

from rewardkit.errors import RewardkitError
from rewardkit.pairs import Pairs
from rewardkit.training import TrainOptions, cross_validate, fit

pytestmark = pytest.mark.filterwarnings("ignore::rewardkit.training.TrainingWarning")

SPEAKERS, EACH = 4, 30
GROUPS = [f"s{clip // EACH}" for clip in range(SPEAKERS * EACH)]
OPTIONS = TrainOptions(members=2, grid=(1.0, 100.0))


def judged(weights: np.ndarray, across: bool, seed: int = 0) -> tuple[np.ndarray, Pairs]:
    """Judgements within speakers, or also across them."""
    rng = np.random.default_rng(seed)
    clips = SPEAKERS * EACH
    values = rng.normal(size=(clips, len(weights)))
    a = rng.integers(0, clips, 300)
    within = a // EACH * EACH + (a + rng.integers(1, EACH, 300)) % EACH
    b = (a + rng.integers(1, clips, 300)) % clips if across else within
    chance = 1 / (1 + np.exp((values[b] - values[a]) @ weights))
    return values, Pairs.of(a, b, rng.random(300) < chance)


def test_margins_are_those_of_a_head_that_never_saw_the_group():
    values, pairs = judged(np.array([1.5, 0.0, 0.0]), across=False)
    result = cross_validate(values, pairs, groups=GROUPS, options=OPTIONS)
    assert sorted(fold.held for fold in result.folds) == [(f"s{i}",) for i in range(SPEAKERS)]
    for fold in result.folds:
        own = np.array([GROUPS[clip] == fold.held[0] for clip in pairs.a])
        np.testing.assert_array_equal(fold.test, np.flatnonzero(own))
        options = TrainOptions(l2=fold.l2, members=2)
        head = fit(values, pairs.select(~own), groups=GROUPS, options=options).head
        reward = head(values).scalar.astype(float)
        tested = pairs.select(fold.test)
        expected = reward[tested.a] - reward[tested.b]
        np.testing.assert_allclose(fold.margin, expected, atol=1e-5)
        np.testing.assert_allclose(result.margin[fold.test], fold.margin)
    evaluation = result.evaluate(resamples=200)["overall"]
    assert evaluation.accuracy is not None
    assert evaluation.accuracy.value > 0.65
    assert evaluation.units == SPEAKERS


def test_the_held_out_labels_cannot_matter():
    values, pairs = judged(np.array([1.5, 0.0, 0.0]), across=True)
    result = cross_validate(values, pairs, groups=GROUPS, options=OPTIONS)
    fold = result.folds[2]
    win = pairs.win.copy()
    win[fold.test] = 1 - win[fold.test]
    changed = values.copy()
    mine = np.array([group in fold.held for group in GROUPS])
    changed[mine] += 1000.0  # nor what its clips measure, through the normaliser
    other = cross_validate(
        changed, Pairs.of(pairs.a, pairs.b, win), groups=GROUPS, options=OPTIONS
    ).folds[2]
    assert (other.held, other.l2, other.train) == (fold.held, fold.l2, fold.train)
    inside = mine[pairs.a[fold.test]] == mine[pairs.b[fold.test]]
    assert np.all(other.margin[inside] == 0)  # both clips are clipped to the range of training
    back = cross_validate(
        values, Pairs.of(pairs.a, pairs.b, win), groups=GROUPS, options=OPTIONS
    ).folds[2]
    np.testing.assert_array_equal(back.margin, fold.margin)


def test_a_pair_of_two_groups_is_tested_twice_and_counted_once():
    values, pairs = judged(np.array([1.5, 0.0]), across=True)
    result = cross_validate(values, pairs, groups=GROUPS, options=OPTIONS)
    times = np.bincount(np.concatenate([fold.test for fold in result.folds]))
    across = np.array([GROUPS[a] != GROUPS[b] for a, b in zip(pairs.a, pairs.b, strict=True)])
    np.testing.assert_array_equal(times, 1 + across)
    tests, margin = result.tested
    assert len(tests) == len(margin) == times.sum()
    assert tests.weight.sum() == pytest.approx(len(pairs))
    found = result.evaluate(resamples=100)["overall"]
    compared = {(min(a, b), max(a, b)) for a, b in zip(pairs.a, pairs.b, strict=True)}
    assert found.pairs == len(compared)


def test_noise_is_chance_out_of_fold():
    values, pairs = judged(np.zeros(8), across=False, seed=1)
    options = TrainOptions(l2=1.0, members=2)
    result = cross_validate(values, pairs, groups=GROUPS, options=options)
    accuracy = result.evaluate(resamples=0)["overall"].accuracy
    assert accuracy is not None
    assert abs(accuracy.value - 0.5) < 3.29 * np.sqrt(0.25 / len(pairs))
    assert fit(values, pairs, options=options).report.accuracy["overall"] > accuracy.value


def test_without_groups_compared_clips_are_held_out_together():
    rng = np.random.default_rng(0)
    values = rng.normal(size=(80, 2))
    a = np.arange(40)
    win = values[a, 0] > values[a + 40, 0]
    result = cross_validate(
        values, Pairs.of(a, a + 40, win), options=TrainOptions(l2=1.0, members=2), most=4
    )
    assert [len(fold.test) for fold in result.folds] == [10] * 4
    assert {fold.held for fold in result.folds} == {()}
    accuracy = result.evaluate(resamples=0)["overall"].accuracy
    assert accuracy is not None
    assert accuracy.value > 0.8


def test_what_cannot_be_held_out_is_refused():
    values, pairs = judged(np.zeros(2), across=False)
    with pytest.raises(RewardkitError, match="too_few_groups: at least two"):
        cross_validate(values, pairs, groups=["ann"] * len(GROUPS), options=OPTIONS)
    star = Pairs.of([0, 0, 0], [1, 2, 3], [1, 0, 1])
    with pytest.raises(RewardkitError, match=r"too_few_groups: holding out \('ann',\)"):
        cross_validate(values, star, groups=["ann", "bob", "cem", "dan"], options=OPTIONS)


def test_strict_tests_each_pair_once_by_a_head_that_knows_neither_speaker():
    rng = np.random.default_rng(0)
    values = rng.normal(size=(60, 3))
    speakers = [f"s{i % 6}" for i in range(60)]
    a = rng.integers(0, 60, 200)
    b = (a + rng.integers(1, 60, 200)) % 60
    pairs = Pairs.of(a, b, (values[a, 0] > values[b, 0]).astype(float))
    crossed = cross_validate(
        values, pairs, groups=speakers, options=TrainOptions(l2=1.0, members=2), strict=True
    )
    place = np.concatenate([fold.test for fold in crossed.folds])
    assert sorted(place.tolist()) == list(range(200))
    for fold in crossed.folds:
        for row in fold.test:
            sides = {speakers[a[row]], speakers[b[row]]}
            assert sides <= set(fold.held)
        kept = [i for i in range(200) if not {speakers[a[i]], speakers[b[i]]} & set(fold.held)]
        assert fold.train == len(pairs.select(np.array(kept)).merged())
    assert crossed.evaluate(resamples=0)["overall"].accuracy.value > 0.9
