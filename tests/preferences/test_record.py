# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: Apache-2.0
"""`Preference`: what it means, and what it refuses."""

from __future__ import annotations

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rewardkit.errors import PreferenceError
from rewardkit.preferences import Preference, Votes, merge

votes = st.tuples(*[st.integers(0, 50)] * 3).filter(any)


def loss(preferences: list[Preference], log_odds: float) -> float:
    """Weighted cross-entropy when a is preferred with these log-odds."""
    p = 1 / (1 + math.exp(-log_odds))
    return math.fsum(
        -w.weight * (w.win * math.log(p) + (1 - w.win) * math.log(1 - p)) for w in preferences
    )


def single(counts: Votes, weight: float = 1.0) -> list[Preference]:
    answers = [(1.0, 0.0)] * counts[0] + [(0.0, 0.0)] * counts[1] + [(0.5, 1.0)] * counts[2]
    return [Preference("x", "y", win, weight=weight, tie=tie) for win, tie in answers]


@given(votes, st.floats(-5, 5), st.floats(0.1, 10))
def test_votes_weigh_as_much_as_their_judgements(
    counts: Votes, log_odds: float, weight: float
) -> None:
    together = Preference.from_votes("x", "y", counts, weight)
    assert loss([together], log_odds) == pytest.approx(loss(single(counts, weight), log_odds))


@given(votes, st.floats(-5, 5))
def test_merging_keeps_the_loss(counts: Votes, log_odds: float) -> None:
    rows = single(counts)
    merged, count = merge(rows)
    assert len(merged) + count == len(rows)
    assert len(merged) == sum(n > 0 for n in counts)
    assert loss(merged, log_odds) == pytest.approx(loss(rows, log_odds))
    assert sum(sum(p.counts or ()) for p in merged) == sum(counts)


@given(votes, st.floats(0, 10))
def test_swapping(counts: Votes, weight: float) -> None:
    who: dict[str, Any] = {"speaker_a": "s", "speaker_b": "u", "system_a": "h", "system_b": "t"}
    preference = Preference.from_votes("x", "y", counts, weight, rater="r", **who)
    swapped = preference.swapped()
    assert swapped.win == 1.0 - preference.win
    assert swapped.tie == preference.tie == counts[2] / sum(counts)
    assert swapped.votes == (counts[1], counts[0], counts[2])
    assert (swapped.a, swapped.speakers, swapped.system_a) == ("y", ("u", "s"), "t")
    assert (swapped.weight, swapped.rater) == (preference.weight, "r")


@given(votes)
def test_duplicates_are_found_on_either_side(counts: Votes) -> None:
    preference = Preference.from_votes("x", "y", counts)
    other = Preference.from_votes("y", "x", (counts[1], counts[0], counts[2]))
    merged, count = merge([preference, other])
    assert count == 1
    assert merged[0].votes == (2 * counts[0], 2 * counts[1], 2 * counts[2])
    assert merged[0].win == pytest.approx(preference.win)


def test_what_is_no_duplicate() -> None:
    one = Preference("x", "y", 1.0, rater="r")
    others = [
        Preference("x", "y", 0.0, rater="r"),
        Preference("x", "y", 1.0, rater="s"),
        Preference("x", "y", 1.0),
        Preference("x", "y", 1.0, rater="r", dimension="emotion"),
        Preference("x", "z", 1.0, rater="r"),
        Preference("x", "y", 1.0, rater="r", margin=1.0),
    ]
    assert merge([one, *others]) == ([one, *others], 0)


def test_a_tie_is_not_one_vote_for_each() -> None:
    tie, split = (
        Preference.from_votes("x", "y", (0, 0, 2)),
        Preference.from_votes("x", "y", (1, 1, 0)),
    )
    assert (tie.win, split.win) == (0.5, 0.5)
    assert (tie.tie, split.tie) == (1.0, 0.0)
    assert merge([tie, split]) == ([tie, split], 0)


def test_answers_of_different_strength_stay_apart() -> None:
    slight, clear = (Preference("x", "y", 1.0, strength=s) for s in (1.0, 2.0))
    assert merge([slight, clear]) == ([slight, clear], 0)


def test_shares_are_merged_without_counts() -> None:
    merged, _ = merge([Preference("x", "y", 0.8, weight=2.0), Preference("x", "y", 0.8)])
    assert merged == [Preference("x", "y", 0.8, weight=3.0)]


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"a": ""}, "missing_column"),
        ({"dimension": ""}, "missing_column"),
        ({"b": "x"}, "same_clip"),
        ({"win": 1.1}, "out_of_range"),
        ({"win": math.nan}, "out_of_range"),
        ({"tie": 1.1, "win": 0.5}, "out_of_range"),
        ({"tie": -0.1}, "out_of_range"),
        ({"tie": math.nan}, "out_of_range"),
        ({"tie": 0.5, "win": 0.8}, "out_of_range"),
        ({"strength": 0.0}, "out_of_range"),
        ({"strength": math.nan}, "out_of_range"),
        ({"strength": math.inf}, "out_of_range"),
        ({"weight": -1.0}, "bad_weight"),
        ({"weight": math.nan}, "bad_weight"),
        ({"weight": math.inf}, "bad_weight"),
        ({"margin": math.nan}, "out_of_range"),
        ({"votes": (0, 0, 0)}, "bad_votes"),
        ({"votes": (2, -1, 0)}, "bad_votes"),
        ({"speaker": "s", "speaker_b": "s"}, "conflicting_columns"),
    ],
)
def test_what_it_refuses(fields: dict[str, Any], code: str) -> None:
    with pytest.raises(PreferenceError) as error:
        Preference(**{"a": "x", "b": "y", "win": 1.0, **fields})
    assert error.value.code == code


@pytest.mark.parametrize("none", [(0, 0, 0), (1, -1, 0), (1, -2, 0)])
def test_votes_that_are_none(none: Votes) -> None:
    with pytest.raises(PreferenceError, match="bad_votes"):
        Preference.from_votes("x", "y", none)


def test_an_empty_name_is_no_speaker() -> None:
    assert Preference("x", "y", 1.0, speaker="").speakers == (None, None)
    assert Preference("x", "y", 1.0, speaker_a="s", speaker_b="").speakers == ("s", None)
