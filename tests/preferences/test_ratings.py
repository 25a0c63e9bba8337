# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: Apache-2.0
"""From ratings to preferences."""

from __future__ import annotations

import gzip
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rewardkit.errors import PreferenceError
from rewardkit.preferences import Preference, Rating, from_raters, from_ratings, read_ratings


def win_of(preferences: list[Preference], better: str) -> float:
    (only,) = preferences
    return only.win if only.a == better else 1 - only.win


def two(x: float, y: float) -> list[Rating]:
    return [Rating("x", x), Rating("y", y)]


def pairs(ratings: list[Rating], **options: Any) -> list[Preference]:
    return list(from_ratings(ratings, **{"same": (), **options}))


# Tables


def table(folder: Path, text: str, name: str = "r.csv") -> Path:
    path = folder / name
    data = text.encode()
    path.write_bytes(gzip.compress(data) if name.endswith(".gz") else data)
    return path


@pytest.mark.parametrize("name", ["r.csv", "r.csv.gz"])
def test_long_table(tmp_path: Path, name: str) -> None:
    text = "clip,rating,rater,text,speaker,system\nx.wav,4,r,t,s,human\ny.wav,2,,t,,\n"
    assert read_ratings(table(tmp_path, text, name)) == [
        Rating(str(tmp_path / "x.wav"), 4.0, "r", "t", "s", "human"),
        Rating(str(tmp_path / "y.wav"), 2.0, None, "t"),
    ]


def test_named_columns_suffix_folder_and_where(tmp_path: Path) -> None:
    text = "file,score,n,question\nx.wav,3,4,quality\nx.wav,5,5,similarity\n"
    ratings = read_ratings(
        table(tmp_path, text),
        {"clip": "file", "rating": "score", "of": "n"},
        where=lambda row: row["question"] == "quality",
        folder="/clips",
        suffix=".flac",
    )
    assert ratings == [Rating("/clips/x.flac", 0.75)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("clip,rating\nx,6\n", "r.csv:2: out_of_range the rating is 6.0; it must be in 1 … 5"),
        ("clip,rating\nx,0.9\n", "r.csv:2: out_of_range"),
        ("clip,rating\nx,nan\n", "r.csv:2: out_of_range"),
        ("clip,rating\nx,good\n", "r.csv:2: wrong_type"),
        ("clip,rating,of\nx,1,0\n", "r.csv:2: out_of_range of is 0; it must be finite and > 0"),
        ("clip,rating,of\nx,1,-2\n", "r.csv:2: out_of_range of is -2; it must be finite and > 0"),
        ("clip,rating,of\nx,1,inf\n", "r.csv:2: out_of_range of is inf"),
        ("clip,rating,of\nx,1,\n", "r.csv:2: missing_column no of"),
        ("clip,rating,of\nx,1,two\n", "r.csv:2: wrong_type of: 'two' is not a number"),
        ("clip,rating\nx,1_0\n", "r.csv:2: wrong_type rating: '1_0' is not a number"),
        ("clip,rating\nx,\n", "r.csv:2: missing_column no rating"),
        ("clip,rating\nx\n", "r.csv:2: bad_csv"),
        ("clip,ratings\nx,1\n", "r.csv:1: missing_column no column 'rating' for the rating; did"),
        ("clip,rating\n", "r.csv: empty"),
        ("clip,rating,rating\nx,1,5\n", "r.csv:1: duplicate_key the column 'rating' stands twice"),
        ("", "r.csv:1: missing_column"),
    ],
)
def test_broken_tables(tmp_path: Path, text: str, expected: str) -> None:
    with pytest.raises(PreferenceError, match="invalid") as error:
        read_ratings(table(tmp_path, text), scale=(1, 5))
    assert expected in str(error.value)


def test_a_column_that_means_nothing_may_stand_twice(tmp_path: Path) -> None:
    assert len(read_ratings(table(tmp_path, "clip,rating,,\nx,1,5,6\n"))) == 1


def test_damaged_gzip(tmp_path: Path) -> None:
    text = "clip,rating\n" + "".join(f"c{n}.wav,{n % 5}\n" for n in range(5000))
    path = table(tmp_path, text, "r.csv.gz")
    whole = path.read_bytes()
    damaged = bytearray(whole)
    damaged[200] ^= 0xFF
    for data in (whole[: len(whole) // 2], bytes(damaged), whole[:-8] + b"12345678", text.encode()):
        path.write_bytes(data)
        with pytest.raises(
            PreferenceError, match=r"invalid: 1 errors\n.*: bad_gzip can't be unpacked"
        ):
            read_ratings(path)


@pytest.mark.parametrize("rating", ["nan", "inf", "-inf"])
def test_ratings_are_finite_on_any_scale(tmp_path: Path, rating: str) -> None:
    with pytest.raises(PreferenceError, match=r"r\.csv:2: out_of_range"):
        read_ratings(table(tmp_path, f"clip,rating\nx,{rating}\n"))


def test_all_errors_of_a_table_are_listed(tmp_path: Path) -> None:
    with pytest.raises(PreferenceError, match="3 errors") as error:
        read_ratings(table(tmp_path, "clip,rating\nx,6\ny,3\nz,nan\n,1\n"), scale=(1, 5))
    assert [f"r.csv:{n}:" in str(error.value) for n in (2, 3, 4, 5)] == [True, False, True, True]


def test_unknown_role_and_column(tmp_path: Path) -> None:
    path = table(tmp_path, "clip,rating\nx,1\n")
    with pytest.raises(ValueError, match="did you mean 'rater'"):
        read_ratings(path, {"raters": "x"})
    with pytest.raises(PreferenceError, match="no column 'who' for the rater"):
        read_ratings(path, {"rater": "who"})


# Models of the answer


@pytest.mark.parametrize(
    ("difference", "options", "win"),
    [
        (1.0, {}, 1.0),
        (-1.0, {}, 0.0),
        (0.0, {}, 0.5),
        (0.5, {"tie": 0.5}, 0.5),
        (0.51, {"tie": 0.5}, 1.0),
        (0.5, {"minimum": 0.6}, None),
        (-0.6, {"minimum": 0.5}, 0.0),
        (0.2, {"minimum": 0.6, "tie": 0.3}, 0.5),
        (0.4, {"minimum": 0.6, "tie": 0.3}, None),
        (0.0, {"minimum": 0.6}, None),
    ],
)
def test_difference(difference: float, options: dict[str, Any], win: float | None) -> None:
    found = pairs(two(difference, 0.0), **options)
    assert (win_of(found, "x") if found else None) == win
    assert [p.tie for p in found] == [float(win == 0.5)] * len(found)


def test_rounding_decides_nothing() -> None:
    """0.3 - 0.1 and the mean of 0.1, 0.2 and 0.3 are a little off."""
    assert [p.win for p in pairs(two(0.3, 0.1), minimum=0.2)] in ([1.0], [0.0])
    assert [p.tie for p in pairs(two(0.4, 0.3), tie=0.1)] == [1.0]
    equal = [Rating("x", value, "r") for value in (0.1, 0.2, 0.3)] + [Rating("y", 0.2, "r")]
    for found in (pairs(equal), list(from_raters(equal))):
        assert [(p.win, p.tie, p.margin) for p in found] == [(0.5, 1.0, None)]


@given(st.integers(0, 20), st.integers(0, 20))
def test_shares_are_what_independent_listeners_would_answer(p: int, q: int) -> None:
    """Each of 20 listeners of x meets each of 20 of y; approving of one alone is an answer."""
    answers = [
        1.0 if i < p and j >= q else 0.0 if i >= p and j < q else 0.5
        for i in range(20)
        for j in range(20)
    ]
    found = pairs(two(5.0 * p, 5.0 * q), win="share", scale=(0, 100))
    assert win_of(found, "x") == pytest.approx(np.mean(answers))
    assert found[0].tie == pytest.approx(np.mean(np.array(answers) == 0.5))


def test_normal_model_is_what_noisy_listeners_would_answer() -> None:
    random = np.random.default_rng(0)
    x, y = (mean + 0.8 * random.standard_normal(400_000) for mean in (3.6, 3.0))
    found = pairs(two(3.6, 3.0), win="normal", noise=0.8)
    assert win_of(found, "x") == pytest.approx(np.mean(x > y), abs=3e-3)


def test_noise_is_pooled_within_clips() -> None:
    # Squares within clips: 2 of (1, 3), 8 of (4, 8); 2 degrees of freedom; sigma² = 5.
    ratings = [Rating("x", v) for v in (1, 3)] + [Rating("y", v) for v in (4, 8)]
    expected = 0.5 * (1 + math.erf(4 / math.sqrt(2 * 5) / math.sqrt(2)))
    assert win_of(pairs(ratings, win="normal"), "y") == pytest.approx(expected)


def test_noise_that_can_not_be_known() -> None:
    for options in ({}, {"noise": 0.0}, {"noise": math.nan}):
        with pytest.raises(PreferenceError, match="noise"):
            pairs(two(1, 2), win="normal", **options)


def test_share_off_its_scale() -> None:
    with pytest.raises(PreferenceError, match="out_of_range"):
        pairs(two(101, 50), win="share", scale=(0, 100))


def test_each_rater_answers_for_himself() -> None:
    ratings = [
        *[Rating("x", 5, "r"), Rating("y", 3, "r")],
        *[Rating("x", 1, "s"), Rating("y", 3, "s")],
        *[Rating("x", 2, "t"), Rating("y", 2, "t")],
        *[Rating("x", 5, "u"), Rating("z", 5, "v")],
    ]
    found = {p.rater: win_of([p], "x") for p in pairs(ratings, each_rater=True)}
    assert found == {"r": 1.0, "s": 0.0, "t": 0.5}
    with pytest.raises(PreferenceError, match="missing_column"):
        pairs([Rating("x", 1)], each_rater=True)
    with pytest.raises(ValueError, match="each_rater"):
        pairs(ratings, each_rater=True, win="share")


def test_each_rater_s_clips_are_compared_with_ties_and_in_circles() -> None:
    ratings = [Rating(f"c{k}", float(value), "r") for k, value in enumerate((1, 1, 2, 4, 6, 9))]
    values = {rating.clip: rating.value for rating in ratings}
    found = list(from_raters(ratings, tie=1))
    assert len(found) == 15
    for p in found:
        difference = values[p.a] - values[p.b]
        if abs(difference) <= 1:
            assert (p.win, p.tie, p.margin) == (0.5, 1.0, None)
        else:
            assert (p.win, p.tie, p.margin) == (float(difference > 0), 0.0, abs(difference))
    around = [frozenset((p.a, p.b)) for p in from_raters(ratings, circles=1)]
    assert len(set(around)) == len(around) == 6
    assert all(sum(clip in pair for pair in around) == 2 for clip in values)
    other = {frozenset((p.a, p.b)) for p in from_raters(ratings, circles=1, seed=1)}
    assert other != set(around)


# Pairs


def test_only_clips_with_the_same_text_are_paired() -> None:
    ratings = [
        Rating(f"{t}{s}", i, text=t, speaker=f"s{s}", system="human")
        for i, (t, s) in enumerate([("t", 1), ("t", 2), ("u", 1), ("u", 1.5)])
    ]
    found = pairs(ratings, same=("text",))
    assert {frozenset((p.a, p.b)) for p in found} == {
        frozenset(("t1", "t2")),
        frozenset(("u1", "u1.5")),
    }
    assert {p.text for p in found} == {"t", "u"}
    assert all({p.speaker_a, p.speaker_b} in ({"s1", "s2"}, {"s1", "s1.5"}) for p in found)
    assert not pairs(ratings, same=("text", "speaker"))
    with pytest.raises(PreferenceError, match="missing_column"):
        pairs([Rating("x", 1)], same=("text",))


def test_sides_say_nothing() -> None:
    ratings = [Rating(f"{i:03}", i) for i in range(100)]
    found = pairs(ratings)
    assert len(found) == 4950
    assert np.mean([p.win for p in found]) == pytest.approx(0.5, abs=0.03)
    backwards = pairs(ratings[::-1])
    assert found == backwards


@given(st.integers(2, 30), st.integers(1, 40), st.integers(0, 5))
def test_partners_per_clip(clips: int, per_clip: int, seed: int) -> None:
    ratings = [Rating(f"{i}", i) for i in range(clips)]
    found = pairs(ratings, per_clip=per_clip, seed=seed)
    distinct = {frozenset((p.a, p.b)) for p in found}
    assert len(distinct) == len(found) <= clips * per_clip
    degree = [sum(f"{i}" in pair for pair in distinct) for i in range(clips)]
    assert min(degree) >= min(per_clip, clips - 1)


# Real tables


def test_emodb_shares(data_dir: Path) -> None:
    folder = data_dir / "emodb_cc0"
    ratings = read_ratings(
        folder / "listener_ratings.csv",
        {"clip": "file", "rating": "natural_pct"},
        scale=(0, 100),
        suffix=".flac",
        where=lambda row: (folder / row["file"]).with_suffix(".flac").is_file(),
    )
    assert {rating.clip for rating in ratings} == {str(path) for path in folder.glob("*.flac")}
    found = pairs(ratings, same=("text",), minimum=20, dimension="prosody")
    means = {rating.clip: rating.value for rating in ratings}
    assert len(found) > 100
    assert all((means[p.a] - means[p.b]) * (p.win - 0.5) >= 10 for p in found)


def test_vcc_ratings(data_dir: Path) -> None:
    ratings = read_ratings(
        data_dir / "vcc2020_ratings_ccby" / "ratings.csv.gz",
        {"clip": "file", "rating": "score", "rater": "listener"},
        scale=(1, 5),
        where=lambda row: row["question"] == "quality",
    )
    assert len(ratings) > 40_000
    assert len({rating.system for rating in ratings}) > 30
    found = pairs(ratings, win="normal", per_clip=1)
    assert len(found) > 1_000
    assert all(0.0 < p.win < 1.0 for p in found)


def test_crema_votes(data_dir: Path) -> None:
    ratings = read_ratings(
        data_dir / "crema_d_ratings_odbl" / "tabulatedVotes.csv",
        {"clip": "fileName", "rating": "A", "of": "numResponses"},
        scale=(0, 1),
        where=lambda row: row[""].startswith("1"),  # the voice alone
        suffix=".wav",
    )
    assert len(ratings) == len({rating.clip for rating in ratings}) > 7000
