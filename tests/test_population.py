# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: Apache-2.0
"""The population: places among training clips, and distance from them."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.covariance import LedoitWolf

from rewardkit.errors import RewardkitError
from rewardkit.population import POINTS, Population

RNG = np.random.default_rng(3)
MIXED = RNG.normal(size=(400, 4)) @ RNG.normal(size=(4, 4)) + RNG.normal(size=4)


def test_places_are_shares_of_training_clips_below() -> None:
    seen = Population.fit(np.arange(1001.0)[:, None])
    places = seen.place(np.array([[-5.0], [0.0], [250.0], [500.0], [1000.0], [9e9], [np.nan]]))
    assert places[:, 0].round(2).tolist()[:6] == [0.0, 0.0, 0.25, 0.5, 1.0, 1.0]
    assert np.isnan(places[6, 0])


def test_a_value_that_half_the_clips_share_is_in_the_middle_of_them() -> None:
    seen = Population.fit(np.array([[0.0]] * 50 + [[1.0]] * 50))
    assert seen.place(np.array([[0.0], [1.0]]))[:, 0].tolist() == pytest.approx(
        [0.25, 0.75], abs=0.01
    )


def test_distance_is_mahalanobis_with_scikit_learns_shrinkage() -> None:
    z = (MIXED - MIXED.mean(axis=0)) / MIXED.std(axis=0)
    oracle = LedoitWolf(assume_centered=True).fit(z)
    # On standard scores the mean variance is 1, so that both shrink towards the identity.
    expected = np.sqrt(oracle.mahalanobis(z) / 4)
    ours = Population.fit(MIXED).distance(MIXED)
    assert np.allclose(ours, expected, rtol=0.05)
    assert np.corrcoef(ours, expected)[0, 1] > 0.999


def test_a_usual_value_in_an_unusual_combination_is_far_out() -> None:
    x = RNG.normal(size=(500, 1))
    seen = Population.fit(np.hstack([x, x + 0.1 * RNG.normal(size=(500, 1))]))
    along, across = seen.distance(np.array([[1.5, 1.5], [1.5, -1.5]]))
    assert along < seen.distances[95]
    assert across > seen.distances[-1]


def test_left_out_distances_cover_new_clips_as_they_say() -> None:
    few = np.random.default_rng(5).normal(size=(80, 20))
    new = np.random.default_rng(6).normal(size=(4000, 20))
    seen = Population.fit(few)
    beyond = float(np.mean(seen.distance(new) > seen.distances[90]))
    naive = float(np.mean(seen.distance(new) > np.quantile(seen.distance(few), 0.9)))
    assert beyond == pytest.approx(0.1, abs=0.06)
    assert naive > beyond


def test_a_clip_is_refused_beyond_the_limit_only() -> None:
    seen = Population.fit(MIXED)
    assert seen.limit == 1.25 * seen.distances[-1]
    assert seen.refusal(seen.limit) is None
    refused = seen.refusal(np.nextafter(seen.limit, np.inf))
    assert refused is not None
    assert refused.code == "out_of_distribution"


def test_what_was_not_measured_or_constant_does_not_count() -> None:
    values = MIXED.copy()
    values[:, 1], values[:, 2] = 7.0, np.nan
    seen = Population.fit(values)
    clip = values[:1].copy()
    before = seen.distance(clip)[0]
    assert (seen.scale > 0).tolist() == [True, False, False, True]
    assert Population.fit(1e-12 * MIXED).scale.all()  # small is not constant
    clip[0, 1], clip[0, 2] = 1e9, 4.0
    assert seen.distance(clip)[0] == before
    assert np.isnan(seen.place(clip)[0, 2])


def test_groups_are_left_out_whole() -> None:
    shifts = np.repeat(np.array([0.0, 30.0, 60.0]), 40)[:, None]
    values = shifts + RNG.normal(size=(120, 1))
    with_groups = Population.fit(values, groups=["x"] * 40 + ["y"] * 40 + ["z"] * 40)
    without = Population.fit(values)
    assert with_groups.distances[-1] > 2 * without.distances[-1]


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(2, 40))
def test_a_clip_is_placed_the_same_in_any_batch(seed: int, clips: int) -> None:
    values = np.random.default_rng(seed).normal(size=(clips, 4)) * 10
    seen = Population.fit(MIXED)
    together = seen.distance(values)
    assert np.isfinite(together).all()
    assert [seen.distance(row[None])[0] for row in values] == together.tolist()


def test_rewards_are_kept_as_quantiles_without_rows_that_have_none() -> None:
    seen = Population.fit(MIXED)
    rewards = np.stack([np.arange(POINTS), 7.0 - np.arange(POINTS)], axis=1)
    spoilt = np.insert(rewards, 3, [[np.nan, 1e9]], axis=0)
    assert seen.with_rewards(spoilt).rewards == pytest.approx(np.sort(rewards, axis=0))
    assert seen.with_rewards(np.full((4, 2), np.nan)).rewards is None


def test_tensors_give_the_same_population() -> None:
    seen = Population.fit(MIXED)
    again = Population.from_tensors(seen.tensors())
    assert again.distance(MIXED).tolist() == seen.distance(MIXED).tolist()
    tensors = seen.tensors()
    del tensors["population.scale"]
    with pytest.raises(RewardkitError, match="bad_population"):
        Population.from_tensors(tensors)


def test_bad_populations_are_refused() -> None:
    with pytest.raises(RewardkitError, match="bad_features"):
        Population.fit(np.zeros((1, 3)))
    assert len(Population.fit(np.array([[0.0], [1.0]])).centre) == 1  # two clips are enough
    seen = Population.fit(MIXED)
    for rewards in (np.zeros(POINTS), np.zeros((POINTS - 1, 1)), np.full((POINTS, 1), np.nan)):
        with pytest.raises(RewardkitError, match="bad_population"):
            dataclasses.replace(seen, rewards=rewards)
    with pytest.raises(RewardkitError, match="a scale is negative"):
        dataclasses.replace(seen, scale=-seen.scale)
    with pytest.raises(RewardkitError, match="bad_population"):
        Population(seen.quantiles, seen.centre, seen.scale, seen.whitener[:, :2], seen.distances)
    for damage in ({"centre": np.array(0.0)}, {"whitener": np.full_like(seen.whitener, 1e300)}):
        with pytest.raises(RewardkitError, match="bad_population"):
            dataclasses.replace(seen, **damage)
    assert seen.quantiles.shape == (POINTS, 4)
