# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rewardkit.errors import PreferenceError
from rewardkit.pairs import Pairs, index
from rewardkit.preferences.record import Preference


@st.composite
def some_pairs(draw):
    count = draw(st.integers(1, 20))
    rows = [
        draw(st.lists(st.integers(0, 5), min_size=2, max_size=2, unique=True)) for _ in range(count)
    ]
    a, b = zip(*rows, strict=True)
    share = st.floats(0, 1)
    win = draw(st.lists(share, min_size=count, max_size=count))
    tie = [2 * min(w, 1 - w) * draw(share) for w in win]
    return Pairs.of(
        a,
        b,
        win,
        draw(st.lists(st.integers(0, 1), min_size=count, max_size=count)),
        draw(st.lists(st.floats(0, 5), min_size=count, max_size=count)),
        dimensions=("prosody", "overall"),
        tie=tie,
        margin=draw(st.lists(st.sampled_from([-1.0, 0.0, 2.0]), min_size=count, max_size=count)),
        rater=draw(st.lists(st.integers(-1, 1), min_size=count, max_size=count)),
    )


def as_bytes(pairs: Pairs) -> list[bytes]:
    return [column.tobytes() for column in pairs.columns.values()]


@settings(deadline=None)
@given(some_pairs(), st.randoms(use_true_random=False), st.booleans(), st.booleans())
def test_merging_is_blind_to_sides_and_order_bit_for_bit(pairs, random, margins, raters):
    order = list(range(len(pairs)))
    random.shuffle(order)
    flip = np.array([random.random() < 0.5 for _ in order])
    swapped = pairs.swapped()
    mixed = Pairs.of(
        np.where(flip, swapped.a, pairs.a)[order],
        np.where(flip, swapped.b, pairs.b)[order],
        np.where(flip, swapped.win, pairs.win)[order],
        pairs.dimension[order],
        pairs.weight[order],
        dimensions=pairs.dimensions,
        tie=pairs.tie[order],
        margin=np.where(flip, swapped.margin, pairs.margin)[order],
        rater=pairs.rater[order],
    )
    one, other = (p.merged(margins=margins, raters=raters) for p in (mixed, pairs))
    assert as_bytes(one) == as_bytes(other)


@settings(deadline=None)
@given(some_pairs())
def test_merging_keeps_weight_and_wins(pairs):
    merged = pairs.merged()
    assert merged.weight.sum() == pytest.approx(pairs.weight.sum())
    keys = list(zip(merged.dimension, merged.a, merged.b, strict=True))
    assert len(set(keys)) == len(keys)
    assert np.all(merged.a < merged.b)
    for row, (dimension, a, b) in enumerate(keys):
        forward = (pairs.a == a) & (pairs.b == b) & (pairs.dimension == dimension)
        backward = (pairs.a == b) & (pairs.b == a) & (pairs.dimension == dimension)
        wins = (pairs.weight * pairs.win)[forward].sum()
        wins += (pairs.weight * (1 - pairs.win))[backward].sum()
        assert merged.win[row] * merged.weight[row] == pytest.approx(wins, abs=1e-9)
        ties = (pairs.weight * pairs.tie)[forward | backward].sum()
        assert merged.tie[row] * merged.weight[row] == pytest.approx(ties, abs=1e-9)


@settings(deadline=None)
@given(some_pairs())
def test_merging_keeps_apart_what_the_loss_tells_apart(pairs):
    merged = pairs.merged(margins=True, raters=True)
    for name in ("margin", "rater"):
        sums = [
            (getattr(p, name) * np.where(p.a < p.b, 1, (-1 if name == "margin" else 1)) * p.weight)
            for p in (pairs, merged)
        ]
        assert sums[0].sum() == pytest.approx(sums[1].sum(), abs=1e-9)
    assert np.all(pairs.merged().margin == 0)
    assert np.all(pairs.merged().rater == -1)


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ({"b": [0]}, "two different clips"),
        ({"win": [1.1]}, "win in"),
        ({"win": [float("nan")]}, "win in"),
        ({"weight": [-1.0]}, "weights"),
        ({"weight": [float("inf")]}, "weights"),
        ({"weight": [1e307]}, "weights of at most 1e300"),
        ({"a": [0.9]}, "rows that are whole numbers"),
        ({"b": [float("nan")]}, "rows that are whole numbers"),
        ({"dimension": [0.5]}, "dimensions that are whole numbers"),
        ({"rater": [0.5]}, "raters that are whole numbers"),
        ({"dimension": [1]}, "known dimensions"),
        ({"a": [-1]}, "rows from 0"),
        ({"win": [1.0, 0.0]}, "one length"),
        ({"tie": [0.1]}, "half of it within win"),
        ({"win": [0.5], "tie": [1.1]}, "half of it within win"),
        ({"margin": [float("inf")]}, "finite margins"),
        ({"rater": [-2]}, "raters from 0"),
        ({"rater": [0, 1]}, "one length"),
        ({"dimensions": ("x", "x")}, "distinct names"),
    ],
)
def test_bad_pairs_are_refused(columns, message):
    with pytest.raises(PreferenceError, match=message):
        Pairs.of(**{"a": [0], "b": [1], "win": [1.0]} | columns)


def test_index_numbers_clips_dimensions_and_speakers():
    indexed = index(
        [
            Preference("x", "y", 1.0, "prosody", speaker="ann"),
            Preference("z", "x", 0.25, weight=4.0, side_known=False, rater="r", margin=2.0),
            Preference("z", "y", 0.5, tie=1.0, rater="s", margin=2.0, strength=3.0, weight=2.0),
        ]
    )
    assert indexed.paths == ("x", "y", "z")
    assert indexed.speakers == ("ann", "ann", None)
    assert indexed.pairs.dimensions == ("prosody", "overall")
    assert indexed.pairs.b.tolist() == [1, 0, 1]
    assert indexed.pairs.weight.tolist() == [1.0, 4.0, 6.0]
    assert indexed.pairs.side_known.tolist() == [True, False, True]
    assert indexed.pairs.tie.tolist() == [0.0, 0.0, 1.0]
    assert indexed.pairs.margin.tolist() == [0.0, -2.0, 0.0]
    assert indexed.pairs.rater.tolist() == [-1, 0, 1]
    assert indexed.raters == ("r", "s")
    assert len(index([]).pairs) == 0


def test_a_clip_by_two_speakers_is_refused():
    rows = [Preference("x", "y", 1.0, speaker="ann"), Preference("x", "z", 1.0, speaker="bob")]
    with pytest.raises(PreferenceError, match="conflicting_speakers: x"):
        index(rows)
