# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: Apache-2.0
"""Gains of pairs: against determinants, under swaps, and over a batch."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rewardkit.active import Belief, Design, Space
from rewardkit.errors import RewardkitError
from rewardkit.pairs import Pairs
from rewardkit.training import TrainOptions


def made(seed: int, clips: int = 12, axes: int = 3) -> tuple[np.ndarray, np.ndarray, Belief]:
    """Points, all their pairs, and a belief that is neither flat nor round."""
    rng = np.random.default_rng(seed)
    points = rng.normal(size=(clips, axes)) * [3.0, 1.0, 0.3]
    pairs = np.stack(np.triu_indices(clips, 1), axis=1)
    root = rng.normal(size=(axes, axes))
    belief = Belief(rng.normal(size=axes), root @ root.T + np.eye(axes))
    return points, pairs, belief


@given(st.integers(0, 1000), st.sampled_from(["half", "davidson", "rao-kupper"]))
@settings(max_examples=40, deadline=None)
def test_a_gain_is_the_variance_that_one_judgement_takes(seed: int, ties: str) -> None:
    points, pairs, belief = made(seed)
    belief = dataclasses.replace(belief, ties=ties, tie=0.4)
    design = Design(points, pairs, [belief], wear=0.0)
    place = seed % len(pairs)
    differences = points[pairs[:, 0]] - points[pairs[:, 1]]
    known = belief.information(differences[[place]] @ belief.weights)[0]
    precision = np.linalg.inv(belief.covariance)
    d = differences[place]
    after = np.linalg.inv(precision + known * np.outer(d, d))

    def unsure(covariance: np.ndarray) -> float:
        return float(np.einsum("pk,kl,pl->p", differences, covariance, differences).mean())

    assert design.gains[place] == pytest.approx(unsure(belief.covariance) - unsure(after))
    # … and taking it, and then another, gives the gains that the new covariance gives.
    design.take(place)
    anew = Design(points, pairs, [dataclasses.replace(belief, covariance=after)], wear=0.0)
    np.testing.assert_allclose(design.gains, anew.gains, rtol=1e-6, atol=1e-9)
    for one in (design, anew):
        one.take((place + 7) % len(pairs))
    np.testing.assert_allclose(design.gains, anew.gains, rtol=1e-6, atol=1e-9)


@given(st.integers(0, 1000))
@settings(max_examples=30, deadline=None)
def test_gains_are_never_negative_and_blind_to_sides(seed: int) -> None:
    points, pairs, belief = made(seed)
    design, swapped = (Design(points, p, [belief]) for p in (pairs, pairs[:, ::-1]))
    for _ in range(5):
        np.testing.assert_allclose(design.gains, swapped.gains, rtol=1e-6, atol=1e-9)
        assert (design.gains >= 0).all()
        best = int(design.gains.argmax())
        before = design.gains[best]
        design.take(best)
        swapped.take(best)
        assert design.gains[best] < before  # a second judgement of it teaches less


def test_wear_counts_the_judgements_of_both_clips() -> None:
    points, pairs, belief = made(3)
    judged = np.arange(12)
    plain = Design(points, pairs, [belief], judged=judged, wear=0.0).gains
    worn = Design(points, pairs, [belief], judged=judged, wear=0.5)
    np.testing.assert_allclose(worn.gains, plain / (1 + 0.5 * judged[pairs].sum(axis=1)))
    assert judged.tolist() == list(range(12))
    # One that was taken counts as much as one that was judged.
    worn.take(4)
    judged[pairs[4]] += 1
    fresh = Design(points, pairs, [belief], judged=judged, wear=0.0)
    fresh.take(4)
    np.testing.assert_allclose(
        worn.gains, fresh.gains / (1 + 0.5 * judged[pairs].sum(axis=1)), rtol=1e-9
    )


def test_wear_spreads_pairs_over_clips() -> None:
    """One clip far out is in every pair that counts on features alone; wear lets others in."""
    points = np.random.default_rng(0).normal(size=(30, 4))
    points[0] *= 5
    pairs = np.stack(np.triu_indices(30, 1), axis=1)

    def most(wear: float) -> int:
        design = Design(points, pairs, [Belief.prior(4, 1.0)], wear=wear)
        left, heard = np.ones(len(pairs), bool), list[int]()
        for _ in range(20):
            place = int(np.where(left, design.gains, -1.0).argmax())
            design.take(place)
            left[place] = False
            heard += pairs[place].tolist()
        return int(np.bincount(heard).max())

    assert most(0.5) < most(0.0)


def test_a_batch_does_not_repeat_itself() -> None:
    # Two clusters of copies: one comparison between them says what all the others would.
    points = np.array([[0.0, 0], [0, 0], [0, 0], [5, 0], [5, 0], [0, 2]])
    pairs = np.stack(np.triu_indices(6, 1), axis=1)
    design = Design(points, pairs, [Belief.prior(2, 1.0)])
    first = int(design.gains.argmax())
    design.take(first)
    second = int(design.gains.argmax())
    one, two = (points[a] - points[b] for a, b in pairs[[first, second]])
    assert abs(one @ two) / np.linalg.norm(one) / np.linalg.norm(two) < 0.95


def test_certain_answers_teach_nothing_more() -> None:
    points = np.array([[0.0], [1.0], [50.0]])
    unsure = Design(points, [[0, 1], [0, 2]], [Belief(np.zeros(1), np.eye(1))]).gains
    sure = Design(points, [[0, 1], [0, 2]], [Belief(np.ones(1), np.eye(1))]).gains
    assert unsure.argmax() == 1
    assert sure.argmax() == 0
    assert sure[1] < 1e-9


def test_dimensions_add_up() -> None:
    points, pairs, belief = made(1)
    other = Belief.prior(3, 2.0)
    both = Design(points, pairs, [belief, other]).gains
    apart = [Design(points, pairs, [one]).gains for one in (belief, other)]
    np.testing.assert_allclose(both, apart[0] + apart[1])


def test_information_is_the_expected_curvature() -> None:
    """By Monte Carlo's exact cousin: numerical second derivatives of -log P, weighted by P."""
    belief = Belief(np.zeros(1), np.eye(1), "davidson", 0.3)

    def chances(m: float) -> np.ndarray:
        parts = np.exp([m / 2, -m / 2, 0.3])
        return parts / parts.sum()

    for m in (-2.0, 0.0, 0.7):
        h = 1e-4
        second = -(np.log(chances(m + h)) - 2 * np.log(chances(m)) + np.log(chances(m - h))) / h**2
        wanted = float(chances(m) @ second)
        assert belief.information(np.array([m]))[0] == pytest.approx(wanted, rel=1e-5)


def test_a_belief_is_the_trainers_fit_and_its_curvature() -> None:
    rng = np.random.default_rng(0)
    points = rng.normal(size=(30, 2))
    a, b = rng.integers(0, 30, 400), rng.integers(0, 29, 400)
    b = b + (b >= a)
    chance = 1 / (1 + np.exp(-(points[a] - points[b]) @ [1.0, -0.5]))
    votes = Pairs.of(a, b, rng.random(400) < chance)
    belief = Belief.fit(points, votes, 1.0, TrainOptions())
    d = points[a] - points[b]
    p = 1 / (1 + np.exp(-d @ belief.weights))
    gradient = d.T @ (p - votes.win) + belief.weights
    assert np.abs(gradient).max() < 1e-6
    precision = (d.T * (p * (1 - p))) @ d + np.eye(2)
    np.testing.assert_allclose(belief.covariance, np.linalg.inv(precision), rtol=1e-6)
    deviation = np.sqrt(belief.covariance.diagonal())
    assert (np.abs(belief.weights - [1.0, -0.5]) < 4 * deviation).all()


def test_votes_of_no_weight_leave_the_prior() -> None:
    belief = Belief.fit(np.eye(2), Pairs.of([0], [1], [1.0], weight=[0.0]), 2.0, TrainOptions())
    assert belief.weights.tolist() == [0, 0]
    assert belief.covariance.tolist() == [[0.5, 0], [0, 0.5]]


def test_the_space_keeps_distances_and_order() -> None:
    rng = np.random.default_rng(0)
    values = rng.normal(size=(20, 5)) * [1, 100, 0.01, 1, 1]
    values[3, 2] = np.nan
    space = Space.of(values)
    assert space.kept == pytest.approx(1.0)
    assert space.points.shape == (20, 5)
    few = Space.of(values, axes=2)
    np.testing.assert_allclose(few.points, space.points[:, :2])
    assert 0.3 < few.kept < 1
    # Weight decay: a random pair's margin has the spread that was asked for.
    l2 = space.decay(1.5)
    a, b = np.triu_indices(20, 1)
    squares = ((space.points[a] - space.points[b]) ** 2).sum(axis=1) / l2
    assert squares.mean() == pytest.approx(1.5**2)


@pytest.mark.parametrize("values", [[[1.0]], [[1.0], [1.0]], [[np.inf], [0.0]], [1.0, 2.0]])
def test_spaces_that_are_none(values: list[object]) -> None:
    with pytest.raises(RewardkitError) as error:
        Space.of(values)
    assert error.value.code == "bad_features"
