# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: Apache-2.0
"""Error rates against counts by hand, and the laws that a distance keeps."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rewardkit.composite.distance import character_error_rate, edits, word_error_rate, words
from rewardkit.errors import RewardkitError

LETTERS = st.text("abc", max_size=8)


@pytest.mark.parametrize(
    ("found", "wanted", "count"),
    [
        ("", "", 0),
        ("", "abc", 3),
        ("abc", "", 3),
        ("kitten", "sitting", 3),
        ("intention", "execution", 5),
        ("flaw", "lawn", 2),
        ("abc", "abc", 0),
    ],
)
def test_edits_of_known_pairs(found: str, wanted: str, count: int) -> None:
    assert edits(found, wanted) == count


@given(LETTERS, LETTERS, LETTERS)
def test_edits_are_a_distance(a: str, b: str, c: str) -> None:
    assert (edits(a, b) == 0) == (a == b)
    assert edits(a, b) == edits(b, a)
    assert edits(a, c) <= edits(a, b) + edits(b, c)
    assert abs(len(a) - len(b)) <= edits(a, b) <= max(len(a), len(b))


@pytest.mark.parametrize(
    ("heard", "text", "rate"),
    [
        ("the cat sat", "The cat, sat!", 0.0),
        ("the cat", "the cat sat", 1 / 3),  # a deletion
        ("the big cat sat", "the cat sat", 1 / 3),  # an insertion
        ("the cut sat", "the cat sat", 1 / 3),  # a substitution
        ("", "one two", 1.0),
        ("a b c d e f", "x y", 3.0),  # more than 1
        ("HE’D STOP", "he'd stop", 0.0),
        ("ﬁne straße", "fine strasse", 0.0),  # NFKC, case folded
    ],
)
def test_word_error_rates_by_hand(heard: str, text: str, rate: float) -> None:
    assert word_error_rate(heard, text) == pytest.approx(rate)


def test_character_error_rates_by_hand() -> None:
    assert character_error_rate("the cat", "thecat") == 0.0
    assert character_error_rate("the bat", "The cat.") == pytest.approx(1 / 6)


def test_words_of_other_scripts() -> None:
    assert words("Привет, мир! 你好") == ["привет", "мир", "你好"]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("राम का घर।", ["राम", "का", "घर"]),
        ("สวัสดีครับ", ["สวัสดีครับ"]),
        ("كَتَبَ الوَلَدُ", ["كَتَبَ", "الوَلَدُ"]),
        ("Ẹ̀kọ́ Yorùbá", ["ẹ̀kọ́", "yorùbá"]),
        ("İstanbul", ["istanbul"]),
        ("mi\u00adnute می\u200cروم a\u200bb", ["minute", "میروم", "a", "b"]),
        ("❤\ufe0fcat \u0301 x", ["cat", "x"]),  # marks of no letter are no word
    ],
)
def test_letters_keep_their_marks(text: str, found: list[str]) -> None:
    assert words(text) == found


def test_a_wrong_vowel_sign_is_an_error() -> None:
    assert word_error_rate("राम की घर", "राम का घर") == pytest.approx(1 / 3)
    assert character_error_rate("राम की घर", "राम का घर") == pytest.approx(1 / 7)


@pytest.mark.parametrize("rate", [word_error_rate, character_error_rate])
def test_a_text_without_words_is_an_error(rate: object) -> None:
    with pytest.raises(RewardkitError, match="no_text"):
        rate("anything", " ?! ")  # type: ignore[operator]
