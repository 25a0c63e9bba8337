# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: Apache-2.0
"""Principal components of a block of features, and the head that they are folded into."""

from __future__ import annotations

import dataclasses
import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.decomposition import PCA

from rewardkit.errors import RewardkitError
from rewardkit.normaliser import Normaliser
from rewardkit.pairs import Pairs
from rewardkit.training.cross_validation import cross_validate
from rewardkit.training.estimate import estimate
from rewardkit.training.fit import TrainingWarning, fit
from rewardkit.training.options import TrainOptions
from rewardkit.training.reduction import Reduction


def table(clips: int = 60, columns: int = 40, seed: int = 0) -> np.ndarray:
    """Two measured features and an embedding of which three directions matter."""
    random = np.random.default_rng(seed)
    hidden = random.standard_normal((clips, 3)) * (3.0, 2.0, 1.0)
    embedding = hidden @ random.standard_normal((3, columns))
    embedding += 0.1 * random.standard_normal(embedding.shape)
    return np.concatenate([random.standard_normal((clips, 2)), embedding], axis=1)


def pairs(
    values: np.ndarray, count: int = 150, dimensions: tuple[str, ...] = ("overall",)
) -> Pairs:
    """Judged by the first feature and the mean of the embedding."""
    random = np.random.default_rng(1)
    truth = values[:, 0] + values[:, 2:].mean(axis=1)
    a, b = random.integers(0, len(values), (2, count))
    a, b = a[a != b], b[a != b]
    win = (truth[a] - truth[b] + random.logistic(size=len(a)) > 0).astype(float)
    return Pairs.of(a, b, win, dimension=np.arange(len(a)) % len(dimensions), dimensions=dimensions)


@pytest.mark.parametrize("clips", [20, 60])
def test_components_are_those_of_scikit_learn(clips: int) -> None:
    z = Normaliser.fit(table(clips))(table(clips))
    expected = PCA(5, whiten=True).fit_transform(z[:, 2:]) * np.sqrt(clips / (clips - 1))
    found = Reduction.fit(z, 42, [(tuple(range(2, 42)), 5)])(z)
    assert np.array_equal(found[:, :2], z[:, :2])
    np.testing.assert_allclose(np.abs(found[:, 2:]), np.abs(expected), atol=1e-6)
    np.testing.assert_allclose(found[:, 2:].std(axis=0), 1.0, atol=1e-9)


@settings(deadline=None)
@given(
    clips=st.integers(3, 30), columns=st.integers(2, 12), bend=st.booleans(),
    counts=st.tuples(st.integers(1, 14), st.integers(1, 14)), seed=st.integers(0, 99),
)  # fmt: skip
def test_folding_is_exact(
    clips: int, columns: int, bend: bool, counts: tuple[int, int], seed: int
) -> None:
    random = np.random.default_rng(seed)
    x = random.standard_normal((clips, 2 * columns + 1))
    z = Normaliser.fit(x, bend=bend)(x)
    blocks = [
        (tuple(range(1, 2 * columns, 2)), counts[0]),
        (tuple(range(2, 2 * columns + 1, 2)), counts[1]),
    ]
    reduction = Reduction.fit(z, x.shape[1], blocks)
    reduced = reduction(z)
    weights = random.standard_normal((3, reduced.shape[1]))
    folded = reduction.fold(weights)
    assert folded.shape == (3, z.shape[1])
    np.testing.assert_allclose(z @ folded.T, reduced @ weights.T, atol=1e-8)
    if bend:  # a component has no bend
        assert not folded[:, x.shape[1] + 1 :].any()


def test_without_blocks_nothing_changes() -> None:
    z = table()
    reduction = Reduction.fit(z, z.shape[1], [])
    assert reduction(z) is z
    assert reduction.fold(z) is z
    assert np.array_equal(reduction.only(z, [0, 3])[:, [0, 3]], z[:, [0, 3]])
    assert np.count_nonzero(reduction.only(z, [0, 3]).any(axis=0)) == 2


def test_rank_is_the_limit() -> None:
    z = np.zeros((6, 4))
    z[:, 1] = z[:, 2] = [1, -1, 1, -1, 1, -1]
    assert Reduction.fit(z, 4, [((0, 1, 2, 3), 4)])(z).shape == (6, 1)
    assert Reduction.fit(z, 4, [((0, 3), 2)])(z).shape == (6, 2)  # only the columns kept


REDUCED = TrainOptions(l2=1.0, members=3, reduce=((tuple(range(2, 42)), 3),))


def test_the_head_is_an_ordinary_one() -> None:
    values = table()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", TrainingWarning)
        head = fit(values, pairs(values), options=REDUCED).head
    contributions = head.contributions(values)
    assert contributions.shape == (60, 1, 42)
    out = head(values)
    np.testing.assert_allclose(contributions.sum(axis=2)[:, 0], out.scalar, atol=1e-5)
    assert np.linalg.matrix_rank(head.members[:, 0, 2:]) <= 3
    truth = values[:, 0] + values[:, 2:].mean(axis=1)
    assert np.corrcoef(out.scalar, truth)[0, 1] > 0.9


def test_only_training_clips_are_looked_at() -> None:
    values = table()
    chosen = pairs(values[:40])
    often, l2 = np.ones((1, len(chosen))), np.ones((1, 1))
    first = estimate(values, chosen, often, l2, REDUCED)
    others = values.copy()
    others[40:] = 1e6
    again = estimate(others, chosen, often, l2, REDUCED)
    assert np.array_equal(first.weights, again.weights)


def test_several_dimensions_share_the_components() -> None:
    values = table()
    judged = pairs(values, dimensions=("prosody", "emotion", "overall"))
    options = dataclasses.replace(REDUCED, columns={"prosody": (0, 1)})
    often, l2 = np.ones((2, len(judged))), np.ones((2, 3))
    found = estimate(values, judged, often, l2, options)
    assert not found.weights[:, 0, 2:].any()
    assert np.linalg.matrix_rank(found.weights[0, 1:, 2:]) == 2
    assert np.isfinite(found.margins(values, judged)).all()


def test_fewer_columns_help_where_clips_are_few() -> None:
    """One feature tells; two hundred columns of noise beside it drown it, five components less."""
    random = np.random.default_rng(5)
    values = random.standard_normal((48, 201))
    a, b = random.integers(0, 48, (2, 200))
    a, b = a[a != b], b[a != b]
    judged = Pairs.of(a, b, values[a, 0] > values[b, 0])
    groups = [f"speaker {i % 8}" for i in range(48)]

    def loss(*blocks: tuple[tuple[int, ...], int]) -> float:
        options = TrainOptions(l2=1.0, reduce=blocks)
        crossed = cross_validate(values, judged, groups=groups, options=options)
        return crossed.evaluate(resamples=0)["overall"].log_loss.value

    assert loss((tuple(range(1, 201)), 5)) < 0.9 * loss()


@pytest.mark.parametrize("blocks", [(((0, 1), 1), ((1, 2), 1)), (((99,), 1),), (((-1,), 1),)])
def test_blocks_that_do_not_fit(blocks: tuple[tuple[tuple[int, ...], int], ...]) -> None:
    with pytest.raises(RewardkitError, match="bad_option"):
        Reduction.fit(table(), 42, blocks)


def test_a_part_of_a_block_is_refused() -> None:
    reduction = Reduction.fit(table(), 42, [((2, 3), 1)])
    with pytest.raises(RewardkitError, match="together"):
        reduction.only(reduction(table()), [0, 2])
