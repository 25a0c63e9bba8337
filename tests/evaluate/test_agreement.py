# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import json

import numpy as np
import pytest
from scipy.special import expit
from scipy.stats import binomtest
from sklearn.metrics import accuracy_score, log_loss

from rewardkit.baselines import choices, level, wording
from rewardkit.clip import Clip
from rewardkit.errors import RewardkitError
from rewardkit.evaluate import evaluate
from rewardkit.pairs import Pairs


def random_pairs(count: int, seed: int = 0) -> tuple[Pairs, np.ndarray]:
    """Disjoint pairs whose labels follow margins of unit variance."""
    rng = np.random.default_rng(seed)
    margin = rng.normal(size=count)
    win = (rng.random(count) < expit(margin)).astype(float)
    return Pairs.of(np.arange(count), np.arange(count) + count, win), margin


def test_accuracy_and_log_loss_equal_scikit_learn():
    pairs, margin = random_pairs(300)
    result = evaluate(pairs, margin)["overall"]
    assert result.accuracy is not None
    assert result.accuracy.value == pytest.approx(accuracy_score(pairs.win, margin > 0))
    assert result.log_loss.value == pytest.approx(log_loss(pairs.win, expit(margin)))


def test_ties_majorities_and_weights():
    pairs = Pairs.of(
        [0, 1, 2, 3, 4], [5, 6, 7, 8, 9], [1.0, 0.3, 0.5, 0.9, 0.0], weight=[1, 2, 7, 4, 3]
    )
    # right (1), right by majority (2), a tie in the label, a tied prediction (4), wrong (3)
    result = evaluate(pairs, [1.0, -1.0, 9.0, 0.0, 1.0])["overall"]
    assert result.accuracy is not None
    assert result.accuracy.value == pytest.approx((1 + 2 + 4 / 2) / 10)
    assert (result.pairs, result.ties, result.judgements) == (5, 1, 17.0)
    loss = np.logaddexp(0, [1, -1, 9, 0, 1]) - pairs.win * [1, -1, 9, 0, 1]
    assert result.log_loss.value == pytest.approx(np.average(loss, weights=pairs.weight))


def test_only_ties_have_no_accuracy_but_a_log_loss():
    result = evaluate(Pairs.of([0, 1], [2, 3], [0.5, 0.5]), [0.0, 0.0])["overall"]
    assert result.accuracy is None
    assert result.log_loss.value == pytest.approx(np.log(2))


def test_interval_is_near_the_binomial_one_for_independent_pairs():
    pairs, margin = random_pairs(400)
    accuracy = evaluate(pairs, margin, resamples=4000)["overall"].accuracy
    assert accuracy is not None
    assert accuracy.low is not None
    assert accuracy.high is not None
    half = 1.96 * np.sqrt(accuracy.value * (1 - accuracy.value) / 400)
    assert accuracy.value - accuracy.low == pytest.approx(half, rel=0.15)
    assert accuracy.high - accuracy.value == pytest.approx(half, rel=0.15)


def test_an_accuracy_that_may_be_a_coins_is_said_to_hold_no_signal():
    rng = np.random.default_rng(0)
    win = rng.random(200) < 0.5
    pairs = Pairs.of(np.arange(200), np.arange(200) + 200, win, side_known=np.zeros(200))
    coin = evaluate(pairs, rng.normal(size=200))
    text, other = coin.warnings
    assert text.startswith("overall: no_signal: the accuracy, 0.5")
    assert other.startswith("overall: miscalibrated: the log-odds are too sure")
    assert coin.to_json()["dimensions"][0]["warnings"] == [text, other]
    assert evaluate(pairs, pairs.win - 0.5).warnings == ()
    assert evaluate(pairs, 0.5 - pairs.win).warnings != ()  # worse than a coin is no signal
    assert evaluate(pairs, rng.normal(size=200), resamples=0).warnings == ()  # no interval


def test_intervals_widen_when_pairs_of_a_speaker_go_together():
    speakers, each = 10, 40
    right = np.repeat(np.arange(speakers) % 2 == 0, each)  # a speaker is all right or all wrong
    count = speakers * each
    pairs = Pairs.of(np.arange(count), np.arange(count) + count, np.ones(count))
    margin = np.where(right, 1.0, -1.0)
    groups = np.tile(np.repeat(np.arange(speakers), each), 2).tolist()
    alone = evaluate(pairs, margin)["overall"]
    clustered = evaluate(pairs, margin, groups=groups)["overall"]
    assert (alone.units, clustered.units) == (count, speakers)
    assert alone.accuracy is not None
    assert clustered.accuracy is not None
    assert alone.accuracy.low == pytest.approx(0.5 - 1.96 * np.sqrt(0.25 / count), abs=0.01)
    assert clustered.accuracy.low == pytest.approx(0.2, abs=0.05)  # binomial: 2 of 10


def test_one_group_has_no_interval():
    pairs, margin = random_pairs(5)
    result = evaluate(pairs, margin, groups=["ann"] * 10)["overall"]
    assert result.accuracy is not None
    assert (result.accuracy.low, result.log_loss.high) == (None, None)
    assert "no interval" in str(result.accuracy)


def test_intervals_of_few_speakers_are_warned_of():
    pairs, margin = random_pairs(200)
    for speakers, warned in ((2, True), (5, True), (6, False)):
        groups = [row % speakers for row in range(400)]
        found = evaluate(pairs, margin, groups=groups, resamples=200).warnings
        assert any("few_units" in text for text in found) is warned
    few = evaluate(pairs, margin, groups=["ann", "ben"] * 200, resamples=0)
    assert not any("few_units" in text for text in few.warnings)  # there is no interval


def test_trivial_rules_stand_beside_in_their_better_direction():
    count = 40
    pairs = Pairs.of(np.arange(count), np.arange(count) + count, np.arange(count) < 10)
    duration = np.where(np.arange(2 * count) < count, 2.0, 1.0)  # a is longer, and mostly loses
    loudness = np.zeros(2 * count)
    result = evaluate(
        pairs,
        np.where(pairs.win > 0.5, 1.0, -1.0),
        trivial={"duration": duration, "level": loudness},
    )["overall"]
    found = {rule.rule: (rule.choice, rule.accuracy.value) for rule in result.rules}
    assert found == {
        "duration": ("shortest", 0.75),
        "level": ("loudest", 0.5),
        "side": ("side b", 0.75),
    }
    assert result.warnings == ()


def test_a_trivial_rule_that_does_as_well_is_warned_of():
    pairs = Pairs.of(np.arange(40), np.arange(40) + 40, np.ones(40))
    result = evaluate(pairs, np.ones(40))
    assert result.warnings == (
        "overall: the trivial rule 'side a' reaches 1.000, the reward 1.000",
    )
    few = evaluate(Pairs.of([0], [1], [1.0], side_known=[False]), [1.0])
    assert few.warnings == (
        "overall: only 1 pairs; at least 30 are needed",
        "overall: no_signal: the accuracy, 1.000 [0.207, 1.000], is not surely above a coin's",
    )


def test_rules_do_not_choose_what_they_do_not_know():
    pairs = Pairs.of([0, 1], [2, 3], [1, 1], side_known=[False, True])
    chosen = choices(pairs, {"duration": [np.nan, 1.0, 1.0, 2.0], "level": [-np.inf] * 4})
    assert {name: choice.tolist() for name, choice in chosen.items()} == {
        "duration": [0, -1],
        "level": [0, 0],
        "side": [0, 1],
    }
    unknown = Pairs.of([0], [1], [1], side_known=[False])
    assert choices(unknown, {}) == {}
    with pytest.raises(RewardkitError, match="bad_trivial: level"):
        choices(pairs, {"level": [1.0]})
    assert wording("pace", reverse=False) == "highest pace"


def test_level_of_known_sounds():
    t = np.arange(16_000) / 16_000
    sine = np.sin(2 * np.pi * 100 * t).astype(np.float32)
    assert level(Clip(sine, 16_000)) == pytest.approx(-3.0103, abs=1e-3)
    assert level(Clip(sine / 2, 16_000)) == pytest.approx(-9.0309, abs=1e-3)
    assert level(Clip(np.zeros(16, np.float32), 16_000)) == -np.inf


def test_dimensions_apart_and_results_as_json_and_text():
    pairs = Pairs.of(
        [0, 1, 2], [3, 4, 5], [1, 0, 1], dimension=[0, 1, 1], dimensions=("prosody", "emotion", "x")
    )
    result = evaluate(pairs, [1.0, 1.0, 1.0], resamples=200)
    assert [r.dimension for r in result.dimensions] == ["prosody", "emotion"]
    emotion = result["emotion"].accuracy
    assert emotion is not None
    assert emotion.value == 0.5
    restored = json.loads(json.dumps(result.to_json(), allow_nan=False))
    assert restored["dimensions"][0]["accuracy"]["value"] == 1.0
    assert restored["dimensions"][1]["warnings"]
    text = result.render()
    assert "prosody: 1 pairs" in text
    assert "side a" in text
    with pytest.raises(KeyError):
        result["x"]


def test_the_same_seed_gives_the_same_intervals():
    pairs, margin = random_pairs(50)
    one, other = evaluate(pairs, margin, seed=4), evaluate(pairs, margin, seed=4)
    assert one == other
    assert one != evaluate(pairs, margin, seed=5)


@pytest.mark.parametrize("margin", [[1.0], [1.0, np.nan], [1.0, np.inf]])
def test_margins_that_are_no_numbers_are_refused(margin):
    with pytest.raises(RewardkitError, match="bad_margin"):
        evaluate(Pairs.of([0, 1], [2, 3], [1, 0]), margin)


def test_right_on_all_of_a_few_pairs_is_not_certain():
    pairs = Pairs.of(np.arange(7), np.arange(7) + 7, np.ones(7))
    right = evaluate(pairs, np.ones(7))["overall"].accuracy
    wrong = evaluate(pairs, -np.ones(7))["overall"].accuracy
    assert right is not None
    assert wrong is not None
    low, high = proportion_confint(7, 7)
    assert (right.low, right.high) == (pytest.approx(low), pytest.approx(high))
    assert (wrong.low, wrong.high) == (pytest.approx(1 - high), pytest.approx(1 - low))


def proportion_confint(right: int, total: int) -> tuple[float, float]:
    """Wilson's interval, from scipy."""
    found = binomtest(right, total).proportion_ci(method="wilson")
    return found.low, found.high


def test_a_pair_of_which_a_judgement_chose_a_side_is_no_tie():
    # Two of three raters chose a, for 40 pairs; one more pair has ties only.
    a = np.repeat(np.arange(41), 3)
    win = np.append(np.tile([1.0, 1.0, 0.5], 40), [0.5] * 3)
    result = evaluate(Pairs.of(a, a + 41, win), np.ones(len(a)))["overall"]
    assert (result.pairs, result.ties) == (41, 1)
    assert result.accuracy is not None
    assert result.accuracy.value == 1.0


@pytest.mark.parametrize(
    ("options", "code"),
    [
        ({"groups": ["ann"]}, "bad_groups"),
        ({"level": 95}, "bad_option"),
        ({"resamples": -1}, "bad_option"),
    ],
)
def test_options_that_do_not_fit_are_refused(options, code):
    with pytest.raises(RewardkitError) as caught:
        evaluate(Pairs.of([0, 1], [2, 3], [1.0, 0.0]), [1.0, 1.0], **options)
    assert caught.value.code == code
