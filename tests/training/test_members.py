# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: Apache-2.0
"""Ensembles whose members leave out groups of features."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from rewardkit.errors import RewardkitError
from rewardkit.pairs import Pairs
from rewardkit.training import TrainOptions, fit
from rewardkit.training.choose import choose_groups

OPTIONS = TrainOptions(l2=1.0, members=7)
GROUPS = ((0, 1), (2,), (3,))


def data(dimensions: tuple[str, ...] = ("overall",)) -> tuple[np.ndarray, Pairs]:
    rng = np.random.default_rng(0)
    values = rng.standard_normal((200, 4))
    a, b = rng.integers(0, 200, 3000), np.arange(3000) % 200
    rows = np.array([(x, y) for x, y in zip(a, b, strict=True) if x != y])
    reward = values @ [1.0, 0.5, -1.0, 0.3]
    chance = 1 / (1 + np.exp(reward[rows[:, 1]] - reward[rows[:, 0]]))
    win = (rng.uniform(size=len(rows)) < chance).astype(float)
    dimension = rng.integers(0, len(dimensions), len(rows))
    return values, Pairs.of(rows[:, 0], rows[:, 1], win, dimension, dimensions=dimensions)


@pytest.mark.filterwarnings("ignore")
def test_each_member_leaves_one_group_out_in_turn() -> None:
    values, pairs = data()
    whole = fit(values, pairs, options=OPTIONS).head
    varied = fit(values, pairs, options=dataclasses.replace(OPTIONS, drop=GROUPS)).head
    assert np.array_equal(varied.weights, whole.weights)
    for member, weights in enumerate(varied.members):
        out = np.isin(np.arange(4), GROUPS[member % 3])
        assert np.all(weights[0, out] == 0)
        assert np.all(weights[0, ~out] != 0)


@pytest.mark.filterwarnings("ignore")
def test_a_member_is_the_fit_without_the_group() -> None:
    values, pairs = data()
    varied = fit(values, pairs, options=dataclasses.replace(OPTIONS, drop=((2,),))).head
    only = dataclasses.replace(OPTIONS, columns={"overall": (0, 1, 3)})
    alone = fit(values, pairs, options=only).head
    np.testing.assert_allclose(varied.members, alone.members, atol=1e-9)


@pytest.mark.filterwarnings("ignore")
def test_std_grows_where_only_one_group_speaks() -> None:
    values, pairs = data()
    far = np.array([[0.0, 0.0, 3.0, 0.0]])  # all of its reward comes from one group
    whole = fit(values, pairs, options=OPTIONS).head(far).std[0]
    varied = fit(values, pairs, options=dataclasses.replace(OPTIONS, drop=GROUPS)).head(far).std[0]
    assert varied > 1.5 * whole


@pytest.mark.filterwarnings("ignore")
def test_a_dimension_without_other_features_keeps_its_group() -> None:
    values, pairs = data(("one", "two"))
    options = dataclasses.replace(OPTIONS, drop=GROUPS, columns={"one": (2,)})
    members = fit(values, pairs, options=options).head.members
    assert np.all(members[:, 0, 2] != 0)
    assert np.all(members[1::3, 1, 2] == 0)


def test_groups_are_scorers() -> None:
    assert choose_groups(["a.x", "a.y"]) == ()
    with pytest.raises(RewardkitError, match="bad_option"):
        TrainOptions(drop=((),))
