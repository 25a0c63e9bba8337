# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from safetensors.numpy import load, save

from rewardkit.errors import CheckpointError, RewardkitError
from rewardkit.head import HeadOutput, LinearHead, _weigh
from rewardkit.normaliser import Normaliser

FEATURES = 13
DIMENSIONS = ("prosody", "emotion", "overall")


def make_head(seed: int = 0, members: int = 5) -> LinearHead:
    rng = np.random.default_rng(seed)
    normaliser = Normaliser.fit(rng.normal(3.0, 2.0, (40, FEATURES)))
    shape = (len(DIMENSIONS), FEATURES)
    mix = np.array([0.7, 0.2, 1.0])
    return LinearHead(
        DIMENSIONS,
        normaliser,
        rng.normal(size=shape),
        rng.normal(size=(members, *shape)),
        mix,
        np.abs(mix + 0.1 * rng.normal(size=(members, 3))),
    )


HEAD = make_head()
ROWS = arrays(
    np.float64,
    st.tuples(st.integers(1, 9), st.just(FEATURES)),
    elements=st.one_of(
        st.floats(-1e308, 1e308), st.floats(-10, 10), st.just(float("nan")), st.just(1e-310)
    ),
)


def same(one: HeadOutput, row: int, other: HeadOutput, other_row: int) -> bool:
    names = ("scalar", "dimensions", "std", "dimension_std", "least", "dimension_least")
    return all(
        getattr(one, name)[row].tobytes() == getattr(other, name)[other_row].tobytes()
        for name in names
    )


@settings(max_examples=150, deadline=None)
@given(ROWS, st.randoms(use_true_random=False), st.integers(0, 70))
def test_a_row_is_bit_identical_in_any_batch(values, random, others):
    order = list(range(len(values)))
    random.shuffle(order)
    rest = np.random.default_rng(others).normal(3, 5, (others, FEATURES))
    batch = HEAD(np.concatenate([rest, values[order]]))
    fortran = HEAD(np.asfortranarray(values))
    for place, row in enumerate(order):
        alone = HEAD(values[row : row + 1])
        assert same(alone, 0, batch, others + place)
        assert same(alone, 0, fortran, row)


@pytest.mark.parametrize("features", [1, 7, 8, 75, 300])
def test_a_row_is_bit_identical_before_it_is_rounded(features):
    rng = np.random.default_rng(features)
    z, weights = rng.normal(size=(67, features)), rng.normal(size=(3, features))
    batch = _weigh(z, weights)
    for row in range(len(z)):
        assert _weigh(z[row : row + 1], weights)[0].tobytes() == batch[row].tobytes()
        assert _weigh(z[row:], weights)[0].tobytes() == batch[row].tobytes()


@settings(max_examples=150, deadline=None)
@given(ROWS)
def test_every_number_is_finite_or_an_explicit_failure(values):
    with np.errstate(all="raise", under="ignore"):
        out = HEAD(values)
    for row, error in enumerate(out.errors):
        numbers = [out.scalar[row], out.std[row], *out.dimensions[row], *out.dimension_std[row]]
        if error is None:
            assert np.isfinite(numbers).all()
        else:
            assert error.code == "nonfinite_reward"
            assert np.isnan(numbers).all()
            assert np.isnan(values[row]).all()


def test_infinite_and_unmeasured_rows_fail_and_leave_the_others_alone():
    values = np.full((4, FEATURES), 2.5)
    values[1, 3] = np.inf
    values[2] = np.nan
    values[3, :-1] = np.nan
    out = HEAD(values)
    assert [error and error.code for error in out.errors] == [
        None,
        "nonfinite_reward",
        "nonfinite_reward",
        None,
    ]
    assert np.isfinite(out.scalar).tolist() == [True, False, False, True]
    assert np.isnan(HEAD.contributions(values)).any(axis=(1, 2)).tolist() == [0, 1, 1, 0]


@settings(max_examples=100, deadline=None)
@given(arrays(np.float64, (4, FEATURES), elements=st.floats(-20, 20)))
def test_contributions_sum_to_the_scalar_and_to_each_dimension(values):
    out = HEAD(values)
    parts = HEAD.contributions(values)
    np.testing.assert_allclose(parts.sum(axis=2), out.dimensions, rtol=1e-6, atol=1e-6)
    explained = (parts * HEAD.mix[:, None]).sum(axis=(1, 2))
    np.testing.assert_allclose(explained, out.scalar, rtol=1e-6, atol=1e-6)
    mixed = (out.dimensions.astype(np.float64) * HEAD.mix).sum(axis=1)
    np.testing.assert_allclose(mixed, out.scalar, rtol=1e-6, atol=1e-6)


def test_computes_the_textbook_numbers():
    values = np.random.default_rng(1).normal(3, 2, (6, FEATURES))
    n = HEAD.normaliser
    z = np.clip((values - n.centre) / n.scale, n.low, n.high)
    rewards = np.einsum("nf,mdf->nmd", z, HEAD.members)
    scalars = (rewards * HEAD.mix_members).sum(axis=2)
    out = HEAD(values)
    np.testing.assert_allclose(out.dimensions, z @ HEAD.weights.T, rtol=1e-6)
    np.testing.assert_allclose(out.scalar, z @ HEAD.weights.T @ HEAD.mix, rtol=1e-5)
    np.testing.assert_allclose(out.std, scalars.std(axis=1, ddof=1), rtol=1e-6)
    np.testing.assert_allclose(out.dimension_std, rewards.std(axis=1, ddof=1), rtol=1e-6)
    np.testing.assert_allclose(out.least, scalars.min(axis=1), rtol=1e-6)
    np.testing.assert_allclose(out.dimension_least, rewards.min(axis=1), rtol=1e-6)
    assert out.scalar.dtype == out.std.dtype == np.float32


def test_the_average_training_clip_has_reward_zero():
    values = np.random.default_rng(2).gamma(2.0, size=(50, FEATURES))
    values[::3, 4] = np.nan
    base = make_head()
    head = LinearHead(
        DIMENSIONS,
        Normaliser.fit(values),
        base.weights,
        base.members,
        base.mix,
        base.mix_members,
    )
    assert abs(head(values).scalar.astype(np.float64).mean()) < 1e-6
    assert head(np.nanmean(values, axis=0)[None]).scalar[0] == pytest.approx(0, abs=1e-6)


def test_an_extreme_cannot_win():
    x = np.array([[0.0], [1.0], [2.0]])
    w = np.array([[3.0]])
    head = LinearHead(
        ("overall",), Normaliser.fit(x), w, np.array([w, w]), np.ones(1), np.ones((2, 1))
    )
    scalar = head(np.array([[2.0], [1e300], [-1e300], [0.0]])).scalar
    assert scalar[0] == scalar[1] > scalar[3] == scalar[2]


def test_normaliser_standardises_like_the_definition():
    x = np.array([[1.0, 5.0, np.nan, 0.3], [2.0, 5.0, np.nan, 0.1 + 0.2], [6.0, 5.0, np.nan, 0.3]])
    normaliser = Normaliser.fit(x)
    assert normaliser.used.tolist() == [True, False, False, False]
    assert normaliser.centre[:2].tolist() == [3.0, 5.0]
    assert normaliser.scale[0] == pytest.approx(np.sqrt(14 / 3))
    z = normaliser(np.array([[np.nan, 9.0, 9.0, 9.0]]))
    assert z.tolist() == [[0.0, 0.0, 0.0, 0.0]]
    measured = Normaliser.fit(np.array([[1.0], [np.nan], [3.0]]))
    assert (measured.centre[0], measured.scale[0]) == (2.0, 1.0)
    assert Normaliser.fit(np.array([[3.0, 1.0], [np.nan, 2.0]])).centre.tolist() == [3.0, 1.5]
    assert Normaliser.fit(np.array([[1e-12], [3e-12]])).used.all()  # small is not constant


@pytest.mark.parametrize("value", [np.inf, -np.inf, 1e200])
def test_normaliser_refuses_what_it_cannot_scale(value):
    with pytest.raises(RewardkitError, match="bad_features"):
        Normaliser.fit(np.array([[1.0, value], [2.0, -1.0]]))


@pytest.mark.parametrize(
    ("part", "numbers"),
    [
        ("centre", [np.nan, 0.0]),
        ("centre", [[0.0, 0.0]]),
        ("scale", [1.0, 0.0]),
        ("scale", [np.inf, 1.0]),
        ("low", [0.5, -1.0]),
        ("low", [-np.inf, -1.0]),
        ("low", [-1.0]),
        ("high", [-0.5, 1.0]),
        ("high", [np.inf, 1.0]),
        ("bend", [1.0]),
        ("bend", [[1.0, 1.0]]),
        ("bend", [1.0, -1.0]),
        ("bend", [1.0, np.inf]),
        ("bend", [1, 1]),
    ],
)
def test_a_normaliser_that_can_t_be_is_refused(part, numbers):
    parts = {
        "centre": np.zeros(2), "scale": np.ones(2), "low": np.zeros(2), "high": np.zeros(2),
        "bend": np.zeros(2),
    }  # fmt: skip
    Normaliser(**parts)
    with pytest.raises(RewardkitError, match="bad_head"):
        Normaliser(**parts | {part: np.array(numbers)})


def test_tensors_round_trip_through_safetensors_bit_for_bit():
    restored = LinearHead.from_tensors(load(save(HEAD.tensors())), DIMENSIONS)
    values = np.random.default_rng(3).normal(3, 2, (5, FEATURES))
    one, other = HEAD(values), restored(values)
    assert all(same(one, row, other, row) for row in range(5))


def damaged(name: str, change) -> dict:
    tensors = {key: value.copy() for key, value in HEAD.tensors().items()}
    tensors[name] = change(tensors[name])
    return tensors


@pytest.mark.parametrize(
    "tensors",
    [
        damaged("weights", lambda x: x[:, 1:]),
        damaged("weights", lambda x: x * np.nan),
        damaged("weights", lambda x: x.astype(np.float32)),
        damaged("weights", lambda x: np.full_like(x, 1e40)),
        damaged("members", lambda x: np.full_like(x, 1e40)),
        HEAD.tensors()
        | {name: np.full_like(HEAD.tensors()[name], 1e20) for name in ("weights", "mix")},
        damaged("members", lambda x: x[:1]),
        damaged("members", lambda x: np.float64(x[0, 0, 0])),
        damaged("mix", lambda x: x[:-1]),
        damaged("mix_members", lambda x: x[:-1]),
        damaged("scale", lambda x: x * 0),
        damaged("low", lambda x: x * -1 + 1),
        {key: value for key, value in HEAD.tensors().items() if key != "mix"},
        HEAD.tensors() | {"more": np.zeros(1)},
    ],
)
def test_damaged_tensors_are_refused(tensors):
    with pytest.raises(CheckpointError, match="bad_head"):
        LinearHead.from_tensors(tensors, DIMENSIONS)


def test_names_that_repeat_no_dimension_and_one_member_are_refused():
    w = np.ones((2, FEATURES))
    ones = np.ones((2, 2))
    LinearHead(("a", "b"), HEAD.normaliser, w, np.stack([w, w]), ones[0], ones)
    for names, rows, members in ((("a", "a"), 2, 2), ((), 0, 2), (("a", "b"), 2, 1)):
        with pytest.raises(RewardkitError, match="distinct dimensions and at least two members"):
            LinearHead(
                names, HEAD.normaliser, w[:rows], np.stack([w[:rows]] * members), ones[0, :rows],
                ones[:members, :rows],
            )  # fmt: skip


@pytest.mark.parametrize("shape", [(FEATURES,), (2, FEATURES + 1), (2, 1, FEATURES)])
def test_wrong_shapes_are_refused(shape):
    with pytest.raises(RewardkitError, match="bad_features"):
        HEAD(np.zeros(shape))


def test_no_clips_give_no_rewards():
    out = HEAD(np.empty((0, FEATURES)))
    assert len(out) == 0
    assert out.dimensions.shape == (0, 3)


def test_applies_without_torch_scipy_or_sklearn():
    code = (
        "import sys, rewardkit.head, rewardkit.evaluate\n"
        "bad = {'torch', 'scipy', 'sklearn', 'lightning'} & set(sys.modules)\n"
        "sys.exit(str(bad) if bad else 0)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_a_bent_head_has_two_slopes_is_additive_and_survives_saving() -> None:
    rng = np.random.default_rng(3)
    values = rng.normal(size=(50, 3))
    values[4, 1] = np.nan
    normaliser = Normaliser.fit(values, bend=True)
    assert normaliser.columns == 6
    z = normaliser(values)
    assert z[:, 3:].mean(axis=0) == pytest.approx(np.zeros(3), abs=1e-12)  # NaN counts as 0
    assert (z[4, 1], z[4, 4]) == (0.0, 0.0)
    assert (np.abs(z) <= normaliser.reach + 1e-12).all()
    weights = rng.normal(size=(1, 6))
    head = LinearHead(
        ("overall",), normaliser, weights, np.stack([weights, weights]), np.ones(1), np.ones((2, 1))
    )
    parts = head.contributions(values)
    assert parts.shape == (50, 1, 3)
    assert parts.sum(axis=2)[:, 0] == pytest.approx(head(values).scalar, abs=1e-6)
    one = np.tile(normaliser.centre, (5, 1))
    one[:, 0] += normaliser.scale[0] * np.array([-1.0, -0.5, 0.0, 0.5, 1.0])
    slopes = np.diff(head(one).scalar.astype(float)) / 0.5
    assert slopes == pytest.approx(
        np.repeat([weights[0, 0] - weights[0, 3], weights[0, 0] + weights[0, 3]], 2), abs=1e-5
    )
    again = LinearHead.from_tensors(head.tensors(), ("overall",))
    assert np.array_equal(again(values).scalar, head(values).scalar)


def test_what_has_no_weight_makes_no_reward():
    weights = np.array([[1.0, 0.0]])
    normaliser = Normaliser.fit(np.array([[1.0, 2.0], [3.0, 4.0]]))
    head = LinearHead(
        ("overall",), normaliser, weights, np.stack([weights, weights]), np.ones(1), np.ones((2, 1))
    )
    assert head.reads.tolist() == [True, False]
    found = head(np.array([[np.nan, 3.0], [2.0, np.nan]]))
    assert [error and error.code for error in found.errors] == ["nonfinite_reward", None]
    assert np.isnan(found.scalar[0])
