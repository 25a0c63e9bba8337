# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import numpy as np
import pytest

from rewardkit.errors import RewardkitError
from rewardkit.evaluate import evaluate, facets, label_sides
from rewardkit.evaluate.slices import MOST, by_margin
from rewardkit.pairs import Pairs
from rewardkit.preferences import Preference


def test_facets_are_the_columns_that_some_preference_fills():
    rows = [
        Preference("x", "y", 1.0, speaker="ann", language="de", system_a="s"),
        Preference("x", "z", 0.0, speaker_a="ann", speaker_b="bob"),
    ]
    assert facets(rows) == {
        "speaker": [("ann", "ann"), ("ann", "bob")],
        "language": [("de",), (None,)],
        "system": [("s", None), (None, None)],
    }
    assert facets([Preference("x", "y", 1.0)]) == {}


def test_a_pair_of_two_speakers_is_in_both_slices():
    pairs = Pairs.of([0, 1, 2], [3, 4, 5], [1, 1, 0])
    speakers = ["ann", "ann", "bob", "ann", "bob", None]
    by = {"speaker": label_sides(speakers, pairs), "language": [("de",), ("de",), ("fr",)]}
    result = evaluate(pairs, [1.0, -1.0, -1.0], by=by, resamples=100)["overall"]
    table = {(s.facet, s.label): (s.pairs, s.accuracy.value) for s in result.slices if s.accuracy}
    assert table == {
        ("speaker", "ann"): (2, 0.5),
        ("speaker", "bob"): (2, 0.5),
        ("language", "de"): (2, 0.5),
        ("language", "fr"): (1, 1.0),
    }
    text = evaluate(pairs, [1.0, -1.0, -1.0], by=by, resamples=100).render()
    assert "by language" in text
    assert "fr  1.000 [no interval]  (1 pairs)" in text


def test_inside_one_speaker_the_clips_are_resampled():
    rng = np.random.default_rng(0)
    count = 200
    pairs = Pairs.of(np.arange(count), np.arange(count) + count, np.ones(count))
    margin = np.where(rng.random(count) < 0.7, 1.0, -1.0)
    speakers = ["ann" if k % count < 100 else "bob" for k in range(2 * count)]
    result = evaluate(pairs, margin, groups=speakers, by={"speaker": label_sides(speakers, pairs)})[
        "overall"
    ]
    assert [one.pairs for one in result.slices] == [100, 100]
    for one in result.slices:
        assert one.accuracy is not None
        assert one.accuracy.low is not None
        assert one.accuracy.high is not None
        width = one.accuracy.high - one.accuracy.low  # binomial, of 100 pairs
        p = one.accuracy.value
        assert width == pytest.approx(2 * 1.96 * np.sqrt(p * (1 - p) / 100), rel=0.2)


def test_slices_by_the_datas_margin_ascend():
    margins = [0.0, 2.0, -2.0, 1.0, 3.0]
    pairs = Pairs.of(np.arange(5), np.arange(5) + 5, [0.5, 1, 0, 1, 1], margin=margins)
    assert by_margin(pairs) == [(None,), ("2",), ("2",), ("1",), ("3",)]
    result = evaluate(pairs, [0.0, 1.0, 1.0, 1.0, -1.0], resamples=0)["overall"]
    rows = [(s.facet, s.label, s.pairs, s.accuracy.value) for s in result.slices if s.accuracy]
    assert rows == [("margin", "1", 1, 1.0), ("margin", "2", 2, 0.5), ("margin", "3", 1, 0.0)]


def test_many_margins_are_in_quarters():
    pairs = Pairs.of(
        np.arange(100), np.arange(100) + 100, np.ones(100), margin=np.arange(1, 101) / 100
    )
    result = evaluate(pairs, np.ones(100), resamples=0)["overall"]
    assert [(s.label, s.pairs) for s in result.slices] == [
        ("0.01 … 0.25", 25),
        ("0.26 … 0.5", 25),
        ("0.51 … 0.75", 25),
        ("0.76 … 1", 25),
    ]
    assert [s.facet for s in result.slices] == ["margin"] * 4


def test_of_many_labels_the_largest_are_listed():
    count = 2 * MOST
    pairs = Pairs.of(
        np.arange(count), np.arange(count) + count, np.ones(count), weight=np.arange(count) + 1
    )
    by = {"language": [(f"l{k}",) for k in range(count)]}
    result = evaluate(pairs, np.ones(count), by=by, resamples=0)["overall"]
    assert [s.label for s in result.slices] == [f"l{k}" for k in reversed(range(MOST, count))]


def test_a_facet_that_does_not_fit_is_refused():
    with pytest.raises(RewardkitError, match="bad_facet: language"):
        evaluate(Pairs.of([0], [1], [1]), [1.0], by={"language": []})
