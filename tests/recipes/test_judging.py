# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: Apache-2.0
"""Heads are judged on who they have not heard, with numbers that have not heard them either."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from checkpoints.recipes.judging import Judge, _changed
from rewardkit.pairs import index
from rewardkit.preferences import Preference
from rewardkit.training.options import TrainOptions

ACTORS = ("anna", "ben", "cleo", "dora")


@pytest.fixture
def judge() -> Judge:
    """Four takes of four actors; the first feature says which is better, the second is noise."""
    random = np.random.default_rng(2)
    wanted = [
        Preference(f"{actor}{a}", f"{actor}{b}", float(a > b), dimension, speaker=actor)
        for actor in ACTORS
        for dimension in ("emotion", "quality")
        for a in range(4)
        for b in range(4)
        if a != b
    ]  # fmt: skip
    indexed = index(wanted)
    take = np.array([int(path[-1]) for path in indexed.paths], dtype=float)
    table = np.stack([take, random.standard_normal(len(take))], axis=1)
    return Judge(
        wanted, np.array(["own"] * len(wanted)), table, indexed.pairs,
        [path[:-1] for path in indexed.paths], {},
        TrainOptions(l2={"emotion": 1.0, "quality": 1.0}), {}, {},
    )  # fmt: skip


def test_each_actor_is_left_out_of_training(judge: Judge) -> None:
    tests = judge.test(judge.one_speaker())
    assert [found.label for found in tests] == list(ACTORS)
    for found in tests:
        heard = {judge.groups[row] for row in judge.pairs.a[~found.out]}
        assert heard == set(ACTORS) - {found.label}
        assert (np.sign(found.margin[:, 0]) == np.sign(judge.pairs.win[found.test] - 0.5)).all()


def test_an_actor_has_a_table_of_their_own(judge: Judge) -> None:
    turned = judge.table * [-1.0, 1.0]  # the same head comes out with the other sign: no change
    noise = np.random.default_rng(4).standard_normal(judge.table.shape)
    plain = {found.label: found.margin for found in judge.test(judge.one_speaker())}
    other = dataclasses.replace(judge, unheard={"ben": turned, "cleo": noise})
    found = {test.label: test.margin for test in other.test(other.one_speaker())}
    np.testing.assert_array_equal(found["anna"], plain["anna"])
    np.testing.assert_allclose(found["ben"], plain["ben"], atol=1e-8)
    assert np.abs(found["cleo"] - plain["cleo"]).max() > 0.1


def test_the_scalar_is_the_declared_mix(judge: Judge) -> None:
    mixed = dataclasses.replace(judge, mix={"quality": 0.9, "emotion": 0.1})
    own = {test.label: test.mix.tolist() for test in mixed.test(mixed.one_speaker())}
    assert own["anna"] == [{"emotion": 0.1, "quality": 0.9}[d] for d in judge.pairs.dimensions]
    assert judge.test(judge.one_speaker())[0].mix.tolist() == [0.5, 0.5]


def test_a_column_is_replaced_where_there_are_other_numbers() -> None:
    table = np.arange(6.0).reshape(3, 2)
    changed = _changed(table, ["x", "y", "z"], 1, {"y": 30.0})
    assert changed.tolist() == [[0, 1], [2, 30], [4, 5]]
    assert table[1, 1] == 3
