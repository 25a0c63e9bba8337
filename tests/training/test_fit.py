# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import os
import warnings

import numpy as np
import pytest
import torch

from rewardkit.errors import RewardkitError
from rewardkit.evaluate import evaluate
from rewardkit.pairs import Pairs
from rewardkit.training import TrainingWarning, TrainOptions, choose_l2, fit

pytestmark = pytest.mark.filterwarnings("ignore::rewardkit.training.TrainingWarning")

FAST = TrainOptions(l2=1.0, members=4)
WEIGHTS = {"prosody": np.array([2.0, 0.0, 0.0, 0.0]), "emotion": np.array([0.0, -1.5, 0.0, 0.0])}


def listeners(
    weights: np.ndarray, count: int, seed: int = 0, clips: int = 200
) -> tuple[np.ndarray, Pairs]:
    """Standard normal features, and judgements by Bradley-Terry with planted weights."""
    rng = np.random.default_rng(seed)
    values = rng.normal(size=(clips, len(weights)))
    values = (values - values.mean(axis=0)) / values.std(axis=0)
    a = rng.integers(0, clips, count)
    b = (a + rng.integers(1, clips, count)) % clips
    chance = 1 / (1 + np.exp((values[b] - values[a]) @ weights))
    return values, Pairs.of(a, b, rng.random(count) < chance)


def several(parts: dict[str, Pairs]) -> Pairs:
    """Pairs of several dimensions as one."""
    items = list(parts.values())
    return Pairs.of(
        np.concatenate([p.a for p in items]),
        np.concatenate([p.b for p in items]),
        np.concatenate([p.win for p in items]),
        np.repeat(np.arange(len(items)), [len(p) for p in items]),
        np.concatenate([p.weight for p in items]),
        dimensions=tuple(parts),
    )


def bits(trained) -> dict[str, bytes]:
    return {name: array.tobytes() for name, array in trained.head.tensors().items()}


def test_planted_weights_are_recovered_within_four_standard_errors():
    planted = np.array([1.0, -0.5, 0.0, 0.25])
    values, pairs = listeners(planted, 3000)
    trained = fit(values, pairs, options=TrainOptions(l2=0.01, members=2))
    difference = values[pairs.a] - values[pairs.b]
    share = 1 / (1 + np.exp(-difference @ planted))
    information = difference.T @ ((share * (1 - share))[:, None] * difference)
    error = np.sqrt(np.diag(np.linalg.inv(information)))
    assert np.all(np.abs(trained.head.weights[0] - planted) < 4 * error)
    assert np.all(error < 0.1)
    assert trained.report.mix == {"overall": 1.0}


def test_members_spread_as_the_standard_error_says():
    planted = np.array([1.0, -0.5, 0.0])
    values, pairs = listeners(planted, 1000, clips=2000)
    head = fit(values, pairs, options=TrainOptions(l2=0.01, members=200)).head
    difference = values[pairs.a] - values[pairs.b]
    share = 1 / (1 + np.exp(-difference @ planted))
    error = np.sqrt(
        np.diag(np.linalg.inv(difference.T @ ((share * (1 - share))[:, None] * difference)))
    )
    np.testing.assert_allclose(head.members[:, 0].std(axis=0, ddof=1), error, rtol=0.25)


def test_no_signal_is_chance_on_new_pairs():
    values, pairs = listeners(np.zeros(10), 400, seed=3)
    head = fit(values, pairs, options=FAST).head
    values, new = listeners(np.zeros(10), 2000, seed=4)
    reward = head(values).scalar.astype(float)
    accuracy = evaluate(new, reward[new.a] - reward[new.b], resamples=0)["overall"].accuracy
    assert accuracy is not None
    # The binomial 99.9 % interval of a coin.
    assert abs(accuracy.value - 0.5) < 3.29 * np.sqrt(0.25 / len(new))


def test_weight_is_repetition():
    values, pairs = listeners(np.array([1.0, 0.5]), 120)
    weight = np.random.default_rng(0).integers(0, 4, len(pairs))
    weighted = Pairs.of(pairs.a, pairs.b, pairs.win, weight=weight)
    repeated = pairs.select(np.repeat(np.arange(len(pairs)), weight))
    one = fit(values, weighted, options=FAST).head
    other = fit(values, repeated, options=FAST).head
    np.testing.assert_allclose(one.weights, other.weights, atol=1e-9)
    np.testing.assert_allclose(one.members, other.members, atol=1e-9)


def test_votes_are_a_share_with_their_number_as_weight():
    values, _ = listeners(np.ones(2), 1)
    rows = fit(values, Pairs.of([3] * 5, [8] * 5, [1, 1, 1, 0, 0.5]), options=FAST).head
    share = fit(values, Pairs.of([3], [8], [0.7], weight=[5]), options=FAST).head
    np.testing.assert_allclose(rows.weights, share.weights, atol=1e-9)


def test_swapping_sides_changes_no_bit():
    rng = np.random.default_rng(1)
    values, pairs = listeners(np.array([1.0, -1.0, 0.0]), 150)
    pairs = Pairs.of(pairs.a, pairs.b, rng.random(150), weight=rng.random(150))
    flip = rng.random(150) < 0.5
    order = rng.permutation(150)
    swapped = pairs.swapped()
    other = Pairs.of(
        np.where(flip, swapped.a, pairs.a)[order],
        np.where(flip, swapped.b, pairs.b)[order],
        np.where(flip, swapped.win, pairs.win)[order],
        weight=pairs.weight[order],
    )
    options = TrainOptions(members=3, grid=(0.1, 10.0), folds=2)
    assert bits(fit(values, pairs, options=options)) == bits(fit(values, other, options=options))


def test_two_runs_give_the_same_bits_and_another_seed_other_members():
    values, pairs = listeners(np.array([1.0, -1.0, 0.0]), 150)
    one, two = (fit(values, pairs, options=FAST) for _ in range(2))
    assert bits(one) == bits(two)
    assert one.report == two.report
    other = fit(values, pairs, options=TrainOptions(l2=1.0, members=4, seed=1)).head
    np.testing.assert_array_equal(other.weights, one.head.weights)
    assert not np.allclose(other.members, one.head.members)


def test_a_dimension_learns_from_its_own_labels_only():
    parts = {name: listeners(w, 600)[1] for name, w in WEIGHTS.items()}  # of the same clips
    values = listeners(np.zeros(4), 600)[0]
    both = fit(values, several(parts), options=FAST)
    for number, name in enumerate(parts):
        alone = fit(values, parts[name], options=FAST).head
        np.testing.assert_allclose(both.head.weights[number], alone.weights[0], atol=1e-7)
        assert np.argmax(np.abs(both.head.weights[number])) == np.argmax(np.abs(WEIGHTS[name]))
    assert both.report.mix == {"prosody": 0.5, "emotion": 0.5}
    assert not both.report.mix_learned


def test_the_mix_is_learned_from_overall_pairs_and_never_negative():
    rng = np.random.default_rng(7)
    values = rng.normal(size=(300, 4))
    dimensions = {"prosody": np.array([2.0, 0, 0, 0]), "emotion": np.array([0, 2.0, 0, 0])}
    # What listeners want: prosody, the opposite of emotion, and a fourth thing.
    overall = 0.8 * dimensions["prosody"] - 0.4 * dimensions["emotion"] + np.array([0, 0, 0, 1.0])
    parts = {}
    for name, w in (dimensions | {"overall": overall}).items():
        a = rng.integers(0, 300, 2500)
        b = (a + rng.integers(1, 300, 2500)) % 300
        chance = 1 / (1 + np.exp((values[b] - values[a]) @ w))
        parts[name] = Pairs.of(a, b, rng.random(2500) < chance)
    trained = fit(values, several(parts), options=FAST)
    mix = trained.report.mix
    assert trained.report.mix_learned
    assert mix["overall"] == 1.0
    assert mix["prosody"] == pytest.approx(0.8, abs=0.2)
    assert mix["emotion"] == 0.0
    assert np.all(trained.head.mix_members >= 0)
    remainder = trained.head.weights[2]
    assert remainder[3] == pytest.approx(1.0, abs=0.2)
    assert remainder[1] == pytest.approx(-0.8, abs=0.2)  # the bound sends it here
    total = trained.head.mix @ trained.head.weights
    np.testing.assert_allclose(total / trained.head.normaliser.scale, overall, atol=0.25)


def test_overall_without_pairs_leaves_the_declared_mix():
    values, pairs = listeners(WEIGHTS["prosody"], 100)
    pairs = Pairs.of(pairs.a, pairs.b, pairs.win, dimensions=("prosody", "overall"))
    with pytest.warns(TrainingWarning, match="overall: no pairs"):
        trained = fit(values, pairs, options=FAST)
    assert trained.report.mix == {"prosody": 1.0, "overall": 1.0}
    assert not trained.report.mix_learned
    assert not trained.head.weights[1].any()


def test_stopping_before_convergence_is_an_error():
    values, pairs = listeners(np.array([1.0, -1.0, 0.0]), 150)
    with pytest.raises(RewardkitError, match="not_converged: training stopped after 2 steps"):
        fit(values, pairs, options=TrainOptions(l2=0.01, members=2, max_steps=2))


def test_separable_pairs_converge_to_a_finite_head():
    values = np.arange(20.0)[:, None]
    a, b = np.triu_indices(20, 1)
    trained = fit(values, Pairs.of(b, a, np.ones(len(a))), options=TrainOptions(l2=1e-3, members=2))
    assert np.isfinite(trained.head.weights).all()
    assert trained.report.accuracy == {"overall": 1.0}
    assert max(trained.report.gradient.values()) <= 1e-10


def test_l2_is_chosen_large_for_noise_and_small_for_signal():
    options = TrainOptions(grid=(0.1, 1.0, 10.0, 100.0, 1000.0, 10_000.0))
    values, signal = listeners(np.array([2.0] + [0.0] * 5), 500)
    assert choose_l2(values, signal, options=options)["overall"] <= 10
    values, noise = listeners(np.zeros(6), 500)
    assert choose_l2(values, noise, options=options)["overall"] >= 1000
    report = fit(values, noise, options=TrainOptions(members=2, grid=options.grid)).report
    assert report.l2_chosen
    assert report.l2["overall"] >= 1000


def messages(values, pairs, **more) -> str:
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", TrainingWarning)
        report = fit(values, pairs, options=FAST, names=["steady", "rare", "pace"], **more).report
    texts = [str(w.message) for w in caught if w.category is TrainingWarning]
    assert tuple(texts) == report.warnings
    return "\n".join(texts)


def test_warns_of_what_makes_a_head_worth_less():
    values, pairs = listeners(np.array([0.0, 0.0, 2.0]), 200)
    values[:, 0] = 3.0
    values[:150, 1] = np.nan
    text = messages(values, pairs, trivial={"duration": values[:, 2]})
    assert "constant in training and not used: steady" in text
    assert "not measurable in more than half of the clips: rare" in text
    assert "the trivial rule 'longest' reaches" in text
    assert "only" not in text
    assert "only 20 pairs" in messages(values, pairs.select(np.arange(20)))


def test_good_data_are_not_warned_of():
    values, pairs = listeners(np.array([1.0, 1.0, 2.0]), 200)
    assert messages(values, pairs, trivial={"level": values[:, 0]}) == ""


def test_leaves_nothing_behind(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    values, pairs = listeners(np.array([1.0, 1.0]), 50)
    monkeypatch.delenv("CUBLAS_WORKSPACE_CONFIG", raising=False)
    torch.use_deterministic_algorithms(False)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        warnings.simplefilter("ignore", TrainingWarning)
        fit(values, pairs, options=FAST)
    assert list(tmp_path.iterdir()) == []
    assert capsys.readouterr() == ("", "")
    assert not torch.are_deterministic_algorithms_enabled()
    assert torch.get_default_dtype() == torch.float32
    assert "CUBLAS_WORKSPACE_CONFIG" not in os.environ


@pytest.mark.parametrize(
    "options",
    [
        {"l2": 0.0},
        {"l2": -1.0},
        {"l2": float("nan")},
        {"l2": {"overall": float("inf")}},
        {"grid": ()},
        {"grid": (2.0, 1.0)},
        {"members": 1},
        {"folds": 1},
        {"tolerance": 0.0},
    ],
)
def test_bad_options_are_refused(options):
    with pytest.raises(RewardkitError, match="bad_option"):
        TrainOptions(**options)


def test_bad_data_are_refused():
    values, pairs = listeners(np.array([1.0, 1.0]), 50)
    with pytest.raises(RewardkitError, match="bad_features: features of shape"):
        fit(values[:5], pairs, options=FAST)
    infinite = values.copy()
    infinite[pairs.a[0], 0] = np.inf
    with pytest.raises(RewardkitError, match=r"bad_features: columns \[0\]"):
        fit(infinite, pairs, options=FAST)
    with pytest.raises(RewardkitError, match="no_pairs"):
        fit(values, Pairs.of([0], [1], [1.0], weight=[0.0]), options=FAST)
    with pytest.raises(RewardkitError, match="l2 is missing for overall"):
        fit(values, pairs, options=TrainOptions(l2={"prosody": 1.0}))


@pytest.mark.parametrize("ties", ["half", "davidson"])
@pytest.mark.parametrize("raters", [False, True])
def test_a_dimension_without_a_feature_that_varies_learns_nothing_and_says_so(
    ties: str, raters: bool
) -> None:
    values, pairs = listeners(np.array([1.0, 0.0]), 100)
    values[:, 1] = 3.0
    tie = np.arange(100) % 5 == 0
    win = np.where(tie, 0.5, pairs.win)
    pairs = Pairs.of(pairs.a, pairs.b, win, tie=tie, rater=np.arange(100) % 3)
    options = TrainOptions(l2=1.0, members=2, ties=ties, raters=raters, columns={"overall": ()})
    alone = TrainOptions(l2=1.0, members=2, columns={"overall": (1,)})
    for how in (options, alone):
        with pytest.warns(TrainingWarning, match="overall: no feature that it may use varies"):
            trained = fit(values, pairs, options=how)
        assert not trained.head.weights.any()
    with warnings.catch_warnings():
        warnings.simplefilter("error", TrainingWarning)
        fit(values[:, :1], pairs, options=FAST)


def test_weight_decay_that_leaves_the_weights_undecided_does_not_converge() -> None:
    values, pairs = listeners(np.array([1.0, 0.0]), 50)
    with pytest.raises(RewardkitError, match=r"not_converged: .*raise it"):
        fit(np.c_[values, values], pairs, options=TrainOptions(l2=1e-20, members=2))


def test_bending_learns_that_the_middle_is_best_where_a_line_cannot() -> None:
    rng = np.random.default_rng(0)
    values = rng.normal(size=(80, 2))
    a = rng.integers(0, 80, 400)
    b = (a + rng.integers(1, 80, 400)) % 80
    pairs = Pairs.of(a, b, (np.abs(values[a, 0]) < np.abs(values[b, 0])).astype(float))
    accuracy = {}
    for bend in (False, True):
        options = TrainOptions(l2=1.0, members=2, bend=bend)
        head = fit(values, pairs, options=options).head
        margin = head(values).scalar[a] - head(values).scalar[b]
        accuracy[bend] = float(np.mean((margin > 0) == (pairs.win > 0.5)))
    assert accuracy[False] < 0.65
    assert accuracy[True] > 0.95
