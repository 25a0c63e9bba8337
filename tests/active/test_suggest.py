# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: Apache-2.0
"""`next_pairs`: propensities, coverage, exploration, what is left out."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rewardkit.active import ActiveOptions, Space, next_pairs, pairs_among, pick
from rewardkit.active.pick import probabilities
from rewardkit.errors import RewardkitError
from rewardkit.pairs import Pairs


def key(a: int, b: int) -> tuple[int, int]:
    return min(a, b), max(a, b)


@given(
    st.lists(st.floats(0, 10), min_size=1, max_size=20),
    st.floats(0, 1),
    st.randoms(use_true_random=False),
)
def test_propensities_sum_to_one(gains: list[float], explore: float, draw) -> None:
    eligible = np.array(sorted(draw.sample(range(len(gains)), draw.randint(1, len(gains)))))
    chances = probabilities(np.array(gains), eligible, explore)
    assert chances.sum() == pytest.approx(1.0)
    assert (chances >= 0).all()


def test_propensities_are_the_frequencies() -> None:
    rng = np.random.default_rng(0)
    gains, eligible = np.array([0.1, 0.9, 0.4, 0.2]), np.array([0, 2, 3])
    chances = probabilities(gains, eligible, 0.3)
    picks = [pick(gains, eligible, 0.3, *rng.random(2)) for _ in range(20_000)]
    counted = Counter(one.place for one in picks)
    for place, chance in zip(eligible.tolist(), chances.tolist(), strict=True):
        error = np.sqrt(chance * (1 - chance) / len(picks))
        assert abs(counted[place] / len(picks) - chance) < 4 * error
        assert {one.propensity for one in picks if one.place == place} == {chance}
    assert counted[1] == 0
    share = np.mean([one.reason == "random" for one in picks])
    assert abs(share - 0.3) < 4 * np.sqrt(0.21 / len(picks))


def test_first_suggestions_come_as_often_as_they_say() -> None:
    """Through the whole of `next_pairs`, and inverse propensities count the candidates."""
    rng = np.random.default_rng(0)
    values = rng.normal(size=(5, 2))
    pairs = pairs_among([0] * 5)
    options = ActiveOptions(explore=0.5)
    firsts = [next_pairs(values, pairs, count=1, seed=s, options=options)[0] for s in range(1500)]
    counted = Counter(key(one.a, one.b) for one in firsts)
    said = {key(one.a, one.b): one.propensity for one in firsts}
    assert sum(said.values()) == pytest.approx(1.0)
    for pair, chance in said.items():
        error = np.sqrt(chance * (1 - chance) / len(firsts))
        assert abs(counted[pair] / len(firsts) - chance) < 4 * error
    weights = np.array([1 / one.propensity for one in firsts])
    assert abs(weights.mean() - len(pairs)) < 4 * weights.std() / np.sqrt(len(weights))
    sides = np.mean([one.a < one.b for one in firsts])
    assert abs(sides - 0.5) < 4 * 0.5 / np.sqrt(len(firsts))


@given(st.integers(0, 10_000), st.sampled_from([0.0, 0.2, 0.35, 1.0]), st.integers(1, 30))
@settings(max_examples=25, deadline=None)
def test_at_least_the_asked_share_is_random_and_nothing_comes_twice(
    seed: int, explore: float, count: int
) -> None:
    values = np.random.default_rng(seed).normal(size=(12, 3))
    options = ActiveOptions(explore=explore)
    found = next_pairs(values, pairs_among([0] * 12), count=count, seed=seed, options=options)
    assert len(found) == count
    assert len({key(one.a, one.b) for one in found}) == count
    assert sum(one.reason == "random" for one in found) >= int(explore * count + 1e-9)
    assert all(0 < one.propensity <= 1 and one.gain >= 0 for one in found)
    again = next_pairs(values, pairs_among([0] * 12), count=count, seed=seed, options=options)
    assert again == found


def test_the_asked_share_is_random_of_as_many_as_are_left() -> None:
    values = np.random.default_rng(0).normal(size=(4, 3))
    options = ActiveOptions(explore=0.5)
    for seed in range(20):
        found = next_pairs(values, pairs_among([0] * 4), count=100, seed=seed, options=options)
        assert len(found) == 6
        assert sum(one.reason == "random" for one in found) >= 3


def test_a_cold_start_covers_the_space() -> None:
    """Without a vote, the chosen pairs leave less unknown than any random batch of as many."""
    rng = np.random.default_rng(0)
    values = rng.normal(size=(60, 6))
    values[:50] *= 0.1  # a crowd in the middle, a few far out
    pairs = pairs_among([0] * 60)
    space = Space.of(values)
    prior = space.decay(1.0) * np.eye(6)
    every = space.points[pairs[:, 0]] - space.points[pairs[:, 1]]

    def unsure(rows: np.ndarray) -> float:
        d = space.points[rows[:, 0]] - space.points[rows[:, 1]]
        covariance = np.linalg.inv(prior + d.T @ d / 4)
        return float(np.einsum("pk,kl,pl->p", every, covariance, every).mean())

    options = ActiveOptions(explore=0.0, wear=0.0)
    chosen = next_pairs(values, pairs, count=12, seed=0, options=options)
    ours = unsure(np.array([(one.a, one.b) for one in chosen]))
    others = [unsure(pairs[rng.choice(len(pairs), 12, replace=False)]) for _ in range(200)]
    assert ours < min(others)
    # What each was expected to teach adds up to what all of them teach.
    nothing = unsure(np.zeros((0, 2), np.int64))
    assert sum(one.gain for one in chosen) == pytest.approx(nothing - ours)


def test_judged_pairs_are_left_out_unless_wanted() -> None:
    values = np.random.default_rng(0).normal(size=(4, 2))
    pairs = pairs_among([0] * 4)
    votes = Pairs.of([1, 3], [0, 2], [1.0, 0.0])
    found = next_pairs(values, pairs, votes, count=10, seed=0)
    assert {key(one.a, one.b) for one in found} == {(0, 2), (0, 3), (1, 2), (1, 3)}
    options = ActiveOptions(repeats=True)
    assert len(next_pairs(values, pairs, votes, count=10, seed=0, options=options)) == 6
    with pytest.raises(RewardkitError, match="judged already"):
        next_pairs(values, [[0, 1]], votes, count=1, seed=0)


def test_votes_on_a_clip_lessen_what_another_is_worth() -> None:
    values = np.random.default_rng(0).normal(size=(8, 3))
    values[0] *= 10
    votes = Pairs.of([0, 0, 0], [1, 2, 3], [1.0, 0.0, 0.5])
    for wear, has_first in ((0.0, True), (100.0, False)):
        options = ActiveOptions(explore=0.0, wear=wear)
        (then,) = next_pairs(values, pairs_among([0] * 8), votes, count=1, seed=0, options=options)
        assert (0 in (then.a, then.b)) is has_first


def test_votes_move_the_choice_to_what_is_open() -> None:
    points = np.array([[0.0, 0.0], [3.0, 0.0], [0.0, 2.0], [3.0, 2.1]])
    options = ActiveOptions(explore=0.0, repeats=True)
    for judged, open_ in ((1, 2), (2, 1)):
        votes = Pairs.of([judged] * 100, [0] * 100, [1.0] * 60 + [0.0] * 40)
        candidates = [[0, 1], [0, 2]]
        (then,) = next_pairs(points, candidates, votes, count=1, seed=0, options=options)
        assert key(then.a, then.b) == (0, open_)


def test_ties_and_several_dimensions() -> None:
    rng = np.random.default_rng(0)
    values = rng.normal(size=(10, 3))
    a = rng.integers(0, 10, 40)
    b = (a + rng.integers(1, 10, 40)) % 10
    tie = rng.random(40) < 0.3
    win = np.where(tie, 0.5, rng.integers(0, 2, 40))
    dimension = rng.integers(0, 2, 40)
    votes = Pairs.of(a, b, win, dimension, dimensions=("prosody", "overall"), tie=tie)
    found = next_pairs(
        values, pairs_among([0] * 10), votes, count=5, seed=0, options=ActiveOptions(repeats=True)
    )
    assert len(found) == 5


def test_a_margin_is_that_of_a_over_b() -> None:
    values = np.arange(6.0)[:, None]
    a, b = np.array(pairs_among([0] * 6)).T
    votes = Pairs.of(a, b, (a > b).astype(float))
    found = next_pairs(
        values, pairs_among([0] * 6), votes, count=15, seed=0, options=ActiveOptions(repeats=True)
    )
    assert {one.a > one.b for one in found} == {True, False}
    slopes = [one.margin / (one.a - one.b) for one in found]
    assert slopes == pytest.approx([slopes[0]] * 15)
    assert slopes[0] > 0


@pytest.mark.parametrize(
    "candidates",
    [
        [[0, 1], [2, 2]],
        [[0, 1], [0, 9]],
        [[0, 1], [-1, 1]],
        [[0, 1], [1, 0]],
        [[0.5, 1]],
        [0, 1],
    ],
)
def test_candidates_that_are_none(candidates: list[object]) -> None:
    with pytest.raises(RewardkitError) as error:
        next_pairs(np.eye(3), candidates, count=1, seed=0)
    assert error.value.code == "bad_candidates"


def test_other_refusals() -> None:
    with pytest.raises(RewardkitError, match="without features"):
        next_pairs(np.eye(3), [[0, 1]], Pairs.of([7], [0], [1.0]), count=1, seed=0)
    for bad in ({"explore": 1.5}, {"spread": 0.0}, {"axes": 0}, {"wear": -0.1}):
        with pytest.raises(RewardkitError, match="bad_option"):
            ActiveOptions(**bad)


@given(st.lists(st.integers(0, 3), max_size=30))
def test_pairs_among_are_all_pairs_of_a_group(groups: list[int]) -> None:
    found = {tuple(pair) for pair in pairs_among(groups).tolist()}
    wanted = {
        (i, j)
        for j in range(len(groups))
        for i in range(j)
        if groups[i] == groups[j]
    }  # fmt: skip
    assert found == wanted


def test_pairs_among_many_are_a_uniform_sample() -> None:
    groups = [number % 3 for number in range(30)]
    every = [tuple(pair) for pair in pairs_among(groups).tolist()]
    counted: Counter[tuple[int, ...]] = Counter()
    for seed in range(400):
        sample = pairs_among(groups, most=20, seed=seed).tolist()
        assert len(sample) == 20
        counted.update(map(tuple, sample))
    assert set(counted) <= set(every)
    wanted = 400 * 20 / len(every)
    assert all(abs(counted[pair] - wanted) < 5 * np.sqrt(wanted) for pair in every)


def test_pairs_among_huge_groups() -> None:
    found = pairs_among([0] * 200_000, most=1000, seed=1)
    assert (found[:, 0] < found[:, 1]).all()
    assert found.min() >= 0
    assert found.max() < 200_000
    assert found.max() > 150_000
