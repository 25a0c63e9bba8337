# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: Apache-2.0
"""Splits: nothing of what is held out was heard in training."""

from __future__ import annotations

import random
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rewardkit.errors import PreferenceError
from rewardkit.preferences import Preference, Split, check_leak, folds, read, split
from tests.preferences.made import FakeProbe, info, pair, put

optional = st.one_of(st.none(), st.sampled_from("uvwxyz"))


@st.composite
def many(draw: st.DrawFn) -> list[Preference]:
    count = draw(st.integers(2, 30))
    clips = draw(st.lists(st.tuples(*[st.integers(0, 40)] * 2), min_size=count, max_size=count))
    return [
        Preference(f"c{a}", f"c{b}", 1.0, text=draw(optional), speaker=draw(optional))
        for a, b in clips
        if a != b
    ]


def clips(preferences: Sequence[Preference]) -> set[str]:
    return {path for p in preferences for path in (p.a, p.b)}


def named(preferences: Sequence[Preference], kind: str) -> set[str]:
    pairs = [p.speakers if kind == "speaker" else (p.text,) for p in preferences]
    return {name for names in pairs for name in names if name is not None}


@settings(max_examples=300, deadline=None)
@given(many(), st.integers(0, 3), st.sampled_from([0.1, 0.3, 0.5, 0.9]), st.booleans())
def test_parts_share_nothing_that_is_respected(
    preferences: list[Preference], seed: int, valid: float, drop: bool
) -> None:
    try:
        parts = split(preferences, valid, seed, drop=drop)
    except PreferenceError as error:
        assert error.code == "unsplittable"
        return
    assert parts.train
    assert parts.valid
    assert not clips(parts.train) & clips(parts.valid)
    assert parts.respected[0] == "clip"
    for kind in parts.respected[1:]:
        assert not named(parts.train, kind) & named(parts.valid, kind)
    assert len(parts.train) + len(parts.valid) + len(parts.dropped) == len(preferences)
    assert drop or not parts.dropped
    given_kinds = {k for k in ("speaker", "text") if named(preferences, k)}
    assert set(parts.respected[1:]) | set(parts.relaxed) == given_kinds
    check_leak(parts.train, parts.valid)


def grid(speakers: int, texts: int, pairs: int = 4) -> list[Preference]:
    """Every speaker says every text; pairs within both."""
    return [
        Preference(f"{s}-{t}-{i}a", f"{s}-{t}-{i}b", 1.0, speaker=f"s{s}", text=f"t{t}")
        for s in range(speakers)
        for t in range(texts)
        for i in range(pairs)
    ]


def test_speakers_and_texts_are_respected_where_they_can_be() -> None:
    apart = [
        Preference(f"{i}a", f"{i}b", 1.0, speaker=f"s{i // 4}", text=f"t{i // 4}")
        for i in range(40)
    ]
    parts = split(apart, 0.2)
    assert (parts.respected, parts.relaxed) == (("clip", "speaker", "text"), ())
    assert len(parts.valid) == 8


def test_crossed_texts_are_given_up_before_speakers() -> None:
    parts = split(grid(10, 10), 0.2)
    assert (parts.respected, parts.relaxed) == (("clip", "speaker"), ("text",))
    assert len(named(parts.valid, "speaker")) == 2


def test_too_few_speakers_are_given_up_before_texts() -> None:
    parts = split(grid(2, 10), 0.2)
    assert (parts.respected, parts.relaxed) == (("clip", "text"), ("speaker",))


def test_both_are_given_up_last() -> None:
    parts = split(grid(1, 1, pairs=20), 0.2)
    assert (parts.respected, parts.relaxed) == (("clip",), ("speaker", "text"))
    assert len(parts.valid) == 4


def test_speakers_of_one_pair_stay_together() -> None:
    two = [
        Preference(f"{i}a", f"{i}b", 1.0, speaker_a=f"s{i % 8}", speaker_b=f"s{i % 8 ^ 1}")
        for i in range(80)
    ]
    parts = split(two, 0.25)
    assert parts.respected == ("clip", "speaker")
    assert len(named(parts.valid, "speaker")) == 2


def test_everything_compared_with_everything() -> None:
    everything = [Preference(f"{i}", f"{j}", 1.0) for i in range(10) for j in range(i)]
    with pytest.raises(PreferenceError, match=r"unsplittable: .*drop=True"):
        split(everything)
    parts = split(everything, 0.3, drop=True)
    assert len(clips(parts.valid)) == 3
    assert (len(parts.train), len(parts.valid), len(parts.dropped)) == (21, 3, 21)


def test_one_pair_can_not_be_split() -> None:
    for drop in (False, True):
        with pytest.raises(PreferenceError, match="unsplittable"):
            split([Preference("x", "y", 1.0)], drop=drop)


def test_order_does_not_matter_and_the_seed_does() -> None:
    preferences = grid(10, 3)
    shuffled = list(preferences)
    random.Random(3).shuffle(shuffled)
    one, other = split(preferences, seed=1), split(shuffled, seed=1)
    assert clips(one.valid) == clips(other.valid)
    assert len({frozenset(clips(split(preferences, seed=seed).valid)) for seed in range(5)}) > 1


def test_copies_of_a_sound_stay_together() -> None:
    preferences = [Preference(f"{i}a", f"{i}b", 1.0) for i in range(20)]
    keys = {f"{i}a": f"key{i // 10}" for i in range(20)}
    parts = split(preferences, 0.5, keys=keys)
    assert {len(parts.train), len(parts.valid)} == {10}
    check_leak(parts.train, parts.valid, keys)


def test_a_share_that_is_none() -> None:
    for share in (0.0, 1.0, -1.0):
        with pytest.raises(ValueError, match="between 0 and 1"):
            split(grid(2, 2), share)


def test_unknown_kind() -> None:
    with pytest.raises(ValueError, match="did you mean 'speaker'"):
        split(grid(2, 2), by=["speakr"])


# Leaks


def test_a_split_by_hand_that_shares_a_path() -> None:
    train, valid = [Preference("x", "y", 1.0)], [Preference("z", "y", 1.0)]
    with pytest.raises(PreferenceError) as error:
        check_leak(train, valid)
    assert error.value.code == "leak"
    assert "1 clips are in both parts: 'y'" in error.value.message
    check_leak(train, [Preference("z", "w", 1.0)])


def test_a_split_by_hand_that_shares_a_sound(tmp_path: Path) -> None:
    sounds = FakeProbe({"x.wav": info("same"), "copy.wav": info("same")})
    train = read(put(tmp_path, pair()), probe=sounds)
    valid = read(put(tmp_path, pair("z.wav", "copy.wav"), name="valid.jsonl"), probe=sounds)
    with pytest.raises(PreferenceError, match=r"leak: .*copy\.wav' \(the sound of '.*x\.wav'\)"):
        check_leak(train, valid, {**train.keys, **valid.keys})


def test_long_leaks_are_summed_up() -> None:
    everything = [Preference(f"{i}", f"{i + 1}", 1.0) for i in range(20)]
    with pytest.raises(PreferenceError, match=r"21 clips are in both parts: .* and 16 more"):
        check_leak(everything, everything)


# Folds


def held(parts: Sequence[Split], kind: str) -> list[set[str]]:
    return [named(part.valid, kind) for part in parts]


def test_one_fold_for_each_speaker() -> None:
    parts = list(folds(grid(4, 3)))
    assert held(parts, "speaker") == [{"s0"}, {"s1"}, {"s2"}, {"s3"}]
    assert [part.name for part in parts] == ["s0", "s1", "s2", "s3"]
    assert all(len(part.train) == 36 and not part.dropped for part in parts)


def test_comparisons_between_speakers_are_dropped() -> None:
    between = Preference("0-0-0a", "1-0-0a", 1.0, speaker_a="s0", speaker_b="s1")
    parts = list(folds([*grid(3, 1), between]))
    assert [len(part.dropped) for part in parts] == [1, 1, 0]
    for part in parts:
        check_leak(part.train, part.valid)


@settings(max_examples=50, deadline=None)
@given(st.integers(2, 9), st.integers(2, 12), st.integers(0, 5))
def test_folds_part_the_speakers(speakers: int, count: int, seed: int) -> None:
    parts = list(folds(grid(speakers, 2), count=count, seed=seed))
    assert len(parts) == min(count, speakers)
    assert sorted(name for names in held(parts, "speaker") for name in names) == sorted(
        f"s{i}" for i in range(speakers)
    )


def test_folds_by_text_and_clip() -> None:
    assert held(list(folds(grid(2, 3), "text")), "text") == [{"t0"}, {"t1"}, {"t2"}]
    by_clip = list(folds(grid(2, 1, pairs=3), "clip", count=3))
    assert [len(part.valid) for part in by_clip] == [2, 2, 2]
    assert all(not clips(part.train) & clips(part.valid) for part in by_clip)


@pytest.mark.parametrize(
    ("preferences", "by", "code"),
    [
        ([Preference("x", "y", 1.0, line=3)], "speaker", "missing_column"),
        ([Preference("x", "y", 1.0, speaker="s")], "text", "missing_column"),
        ([Preference("x", "y", 1.0, speaker="s")], "speaker", "unsplittable"),
        ([Preference("x", "y", 1.0)], "clip", "unsplittable"),
        (
            [Preference("x", "y", 1.0, text="t"), Preference("x", "z", 1.0, text="u")],
            "text",
            "leak",
        ),
    ],
)
def test_folds_that_can_not_be(preferences: list[Preference], by: str, code: str) -> None:
    with pytest.raises(PreferenceError) as error:
        list(folds(preferences, by))
    assert error.value.code == code
