# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import numpy as np
import pytest

from rewardkit.pairs import Pairs
from rewardkit.resampling import draws, folds, units


def chain(count: int) -> Pairs:
    """Disjoint pairs."""
    return Pairs.of(np.arange(count) * 2, np.arange(count) * 2 + 1, np.ones(count))


def test_units_are_groups_components_or_clips():
    pairs = Pairs.of([0, 1, 2], [1, 2, 3], [1, 1, 1])
    assert units(pairs, ["u", "v", "v", "u"]).tolist() == [[0, 1], [1, 1], [1, 0]]
    assert units(pairs, [None, "v", "v", None])[:, 0].tolist() == [0, 1, 1]
    assert units(pairs).tolist() == [[0, 1], [1, 2], [2, 3]]  # one component: clips
    many = chain(9)
    joined = Pairs.of([*many.a, 0], [*many.b, 2], np.ones(10))
    assert len(np.unique(units(joined))) == 8  # components
    assert units(joined)[0, 0] == units(joined)[9, 0]


def test_a_component_that_holds_most_pairs_is_no_unit():
    # Drawn at random from 200 clips, two thirds of the pairs hang together.
    rng = np.random.default_rng(0)
    a = rng.integers(0, 200, 150)
    pairs = Pairs.of(a, (a + rng.integers(1, 200, 150)) % 200, np.ones(150))
    found = units(pairs)
    assert (found[:, 0] != found[:, 1]).all()  # clips
    assert max(held.mean() for _, held in folds(found, 8)) < 0.4


def test_draws_average_to_one_and_multiply_across_units():
    unit = np.array([[0, 0], [0, 1], [2, 2]])
    often = np.concatenate(list(draws(unit, 20_000, np.random.default_rng(0))))
    assert often.shape == (20_000, 3)
    assert often[:, [0, 2]].mean() == pytest.approx(1, abs=0.02)
    # Multinomial counts of 3 units: E[c0 c1] = 3 * 2 / 9.
    assert often[:, 1].mean() == pytest.approx(2 / 3, abs=0.02)
    assert np.all(often[often[:, 0] == 0, 1] == 0)


def test_draws_come_in_blocks_and_are_reproducible():
    unit = units(chain(3000))
    blocks = list(draws(unit, 2000, np.random.default_rng(3)))
    assert len(blocks) > 1
    assert sum(len(block) for block in blocks) == 2000
    again = np.concatenate(list(draws(unit, 2000, np.random.default_rng(3))))
    np.testing.assert_array_equal(np.concatenate(blocks), again)
    assert [b.shape for b in draws(np.zeros((0, 2), int), 4, np.random.default_rng(0))] == [(4, 0)]


@pytest.mark.parametrize("most", [2, 3, 100])
def test_no_unit_is_on_both_sides_of_a_fold(most):
    rng = np.random.default_rng(0)
    a = rng.integers(0, 30, 200)
    pairs = Pairs.of(a, (a + rng.integers(1, 30, 200)) % 30, np.ones(200))
    unit = units(pairs, [f"speaker {clip % 7}" for clip in range(30)])
    split = folds(unit, most)
    assert len(split) == min(most, 7)
    assert sorted(np.concatenate([held for held, _ in split]).tolist()) == list(range(7))
    tests = np.sum([mask for _, mask in split], axis=0)
    assert set(tests.tolist()) <= {1, 2}
    for held, mask in split:
        assert not np.isin(unit[~mask], held).any()
        assert np.isin(unit[mask], held).any(axis=1).all()


def test_one_unit_cannot_be_held_out():
    assert folds(units(chain(4), ["ann"] * 8), 8) == []


def test_no_fold_trains_on_a_clip_of_its_units_but_it_may_on_the_other_side_of_a_pair():
    rng = np.random.default_rng(0)
    a = rng.integers(0, 12, 60)
    pairs = Pairs.of(a, (a + rng.integers(1, 12, 60)) % 12, rng.integers(0, 2, 60))
    found = folds(units(pairs), 5)
    assert len(found) == 5
    for clips, held in found:
        trained = pairs.select(~held)
        known = {*trained.a.tolist(), *trained.b.tolist()}
        assert not set(clips.tolist()) & known
        tested = pairs.select(held)
        assert {*tested.a.tolist(), *tested.b.tolist()} & known
