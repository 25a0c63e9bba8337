# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: Apache-2.0
"""The axis of strength: it is found, and nothing of who is judged reaches it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from checkpoints.recipes import emotion_axis
from checkpoints.recipes.emotion_axis import learn, orders
from checkpoints.recipes.emotion_model import DIMENSIONS, fit
from checkpoints.recipes.emotion_strength import Unheard, apart

ACTORS = [f"{number:02}" for number in range(1, 7)]
NAMES = [
    f"03-01-{emotion:02}-{intensity:02}-{sentence:02}-01-{actor}"
    for actor in ACTORS
    for emotion in range(2, 6)
    for intensity in (1, 2)
    for sentence in (1, 2)
]
SPEAKERS = [name[-2:] for name in NAMES]


@pytest.fixture(scope="module")
def table() -> np.ndarray:
    """Strong takes lie 2 further along the second of 80 numbers; feelings and actors elsewhere."""
    random = np.random.default_rng(5)
    fields = np.array([name.split("-") for name in NAMES]).astype(int)
    values = random.standard_normal((len(NAMES), 80))
    values[:, 1] += 2.0 * fields[:, 3]
    values[:, 10:20] += 3 * np.eye(10)[fields[:, 2]]
    values[:, 30:40] += 5 * np.eye(10)[fields[:, 6]]
    return values


def test_orders_are_strong_over_normal_of_the_same_take() -> None:
    names = [
        "03-01-05-02-01-01-01", "03-01-05-01-01-01-01", "03-01-05-01-02-01-01",
        "03-01-01-01-01-01-01", "03-01-05-02-01-02-01",
    ]  # fmt: skip
    strong, normal = orders(names)
    assert (strong.tolist(), normal.tolist()) == ([0], [1])
    assert [part.tolist() for part in orders([])] == [[], []]


def test_the_axis_is_found(table: np.ndarray) -> None:
    axis = learn(table, NAMES, SPEAKERS)
    found = axis.weight * table.std(axis=0)
    assert np.abs(found).argmax() == 1
    assert found[1] > 0
    assert np.mean(table @ axis.weight + axis.offset) == pytest.approx(0, abs=1e-9)
    assert axis.penalty in emotion_axis.GRID


def test_the_fit_is_the_penalised_likelihood_of_the_steps(table: np.ndarray) -> None:
    strong, normal = orders(NAMES)
    steps = table[strong] - table[normal]
    weight = emotion_axis._fit(steps, 0.01)
    gradient = weight - 0.01 * steps.T @ (1 / (1 + np.exp(steps @ weight)))
    assert np.abs(gradient).max() < 1e-4 * np.abs(weight).max()


def test_no_axis_hears_the_two_it_is_without(table: np.ndarray, tmp_path: Path) -> None:
    apart(table, NAMES, SPEAKERS, tmp_path / "before.npz")
    other = table.copy()
    theirs = np.isin(SPEAKERS, ["02", "05"])
    other[theirs] = np.random.default_rng(1).standard_normal((int(theirs.sum()), table.shape[1]))
    apart(other, NAMES, SPEAKERS, tmp_path / "after.npz")
    with np.load(tmp_path / "before.npz") as before, np.load(tmp_path / "after.npz") as after:
        assert before["actors"].tolist() == ACTORS
        same = np.all(before["weight"] == after["weight"], axis=2)
        assert same[1, 4]
        assert same[4, 1]
        assert same.sum() == 2
        assert (before["offset"] == before["offset"].T).all()


def test_each_clip_is_measured_without_its_actor_and_without_who_is_judged() -> None:
    actors = ("01", "02", "03")
    weight = np.array([[[100 * min(i, j) + 10.0 * max(i, j)] for j in range(3)] for i in range(3)])
    clips = Unheard(actors, weight, np.zeros((3, 3)), np.ones((4, 1)), np.array([0, 1, 2, -1]))
    assert clips.without("02").tolist() == [10.0, 110.0, 120.0, 110.0]
    assert clips.without("01").tolist() == [0.0, 10.0, 20.0, 0.0]


def test_the_encoder_s_dimension_is_the_axis(table: np.ndarray) -> None:
    labels = np.array([int(name.split("-")[2]) - 2 for name in NAMES])
    axis = learn(table, NAMES, SPEAKERS)
    plain, encoder = fit(table, labels, SPEAKERS), fit(table, labels, SPEAKERS, axis)
    assert encoder.strength == 3
    np.testing.assert_allclose(
        encoder.embed(table)[:, 3], table @ axis.weight + axis.offset, atol=1e-9
    )
    np.testing.assert_allclose(
        encoder.log_posteriors(table), plain.log_posteriors(table), atol=1e-6
    )
    assert encoder.embed(table).shape == (len(NAMES), DIMENSIONS)
    assert plain.strength is None
