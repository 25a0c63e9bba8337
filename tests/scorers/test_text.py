# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The text scorer: made voices whose syllables and pauses are known, and a made recogniser."""

from __future__ import annotations

import csv
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from rewardkit_scorers import _orthography, _recogniser, text
from rewardkit_scorers._orthography import edits, read
from rewardkit_scorers.text import Text, spoken

from rewardkit import audio
from rewardkit.cache import FeatureCache
from rewardkit.clip import Clip
from rewardkit.errors import CheckpointError, RewardkitError
from rewardkit.extract import Extractor
from rewardkit.scorers import Scorer, identity
from rewardkit.testing import CHECKS

SENTENCE = "I never said that he took the money, only that it was gone."
STORY = "Once upon a time, a miller had three daughters, two goats, and one good shoe."
NAMES = [feature.name for feature in Text().features]


def saying(*runs: float, pause: float = 0.5, rate: float = 5.0) -> Clip:
    """Stretches of voice, so many syllables each, with pauses between and silence around."""
    silence = np.zeros(round(pause * 16_000), np.float32)
    parts = [silence]
    t = np.arange(16_000 * 20) / 16_000
    buzz = sum(np.cos(2 * np.pi * 120 * k * t + k) / k for k in range(1, 25))
    for count in runs:
        n = round(count / rate * 16_000)
        moving = 0.75 + 0.25 * np.cos(2 * np.pi * rate * t[:n])
        parts += [(0.1 * buzz[:n] * moving).astype(np.float32), silence]
    return Clip(np.concatenate(parts), 16_000, "<made>")


@pytest.fixture
def recognisers(monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """Installs a recogniser called `made`, that hears what is put into the answer."""
    said = {"text": ""}

    def recognise(samples: np.ndarray, sample_rate: int, language: str) -> str:
        assert sample_rate == 16_000
        assert samples.dtype == np.float32
        said["language"] = language
        return said["text"]

    module = ModuleType("made_recogniser")
    module.recognise = recognise  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "made_recogniser", module)
    point = _recogniser.EntryPoint("made", "made_recogniser:recognise", _recogniser.GROUP)
    monkeypatch.setattr(_recogniser, "entry_points", lambda group: [point])
    _recogniser.recogniser.cache_clear()
    return said


@pytest.mark.parametrize("check", CHECKS)
def test_conforms(check: Callable[[Scorer], None]) -> None:
    check(Text())


@pytest.mark.parametrize("check", CHECKS)
def test_conforms_with_a_recogniser(
    recognisers: dict[str, str], check: Callable[[Scorer], None]
) -> None:
    recognisers["text"] = "nothing is said but"
    check(Text(recogniser="made"))


# Rates and pauses


def test_rates_of_a_known_voice() -> None:
    clip = saying(8, 8, pause=0.5, rate=4.0)
    found = Text()(clip.with_text("One two three four five six eight nine, " * 2))
    assert found["articulation_rate"] == pytest.approx(4.0, rel=0.02)
    assert found["speech_rate"] == pytest.approx(16 / 4.5, rel=0.02)


@pytest.mark.parametrize(
    ("runs", "wanted"),
    [
        ((6, 14), (1.0, 0.0, 0.0)),  # one pause, at the comma
        ((14, 6), (0.0, 1.0, 1.0)),  # one pause, eight words behind it
        ((6, 8, 6), (1.0, 0.5, 0.5)),  # both
        ((20,), (0.0, np.nan, np.nan)),  # no pause
    ],
)
def test_pauses_at_and_off_a_comma(
    runs: tuple[float, ...], wanted: tuple[float, float, float]
) -> None:
    words = ["one"] * 5 + ["one,"] + ["one"] * 14
    found = Text()(saying(*runs).with_text(" ".join(words)))
    assert [found[name] for name in NAMES[2:]] == pytest.approx(wanted, abs=0.02, nan_ok=True)


def test_a_mark_has_one_pause() -> None:
    edges = np.array([[0.0, 1.0], [1.2, 1.4], [1.6, 3.0]])
    written = read("one one one one one, " + "one " * 8, "en")
    assert written is not None
    assert spoken(edges, written)[2:4] == (1.0, 0.5)


def test_without_marks_or_text() -> None:
    clip = saying(10, 10)
    found = Text()(clip.with_text("one " * 20))
    assert np.isnan(found["marks_paused"])
    assert found["pauses_unmarked"] == found["unmarked_time"] == 1.0
    for unread in (None, "", "?!", "at 7 and 8", "７"):
        assert np.isnan(list(Text()(clip.with_text(unread)).values())).all()


def test_a_long_text_beside_little_sound_has_rates_in_range() -> None:
    found = Text()(saying(5).with_text("one " * 500))
    assert found["articulation_rate"] == pytest.approx(500, rel=0.05)
    for feature in Text().features:
        assert not found[feature.name] > feature.high


def test_silence_has_no_rate() -> None:
    silence = Clip(np.zeros(16_000, np.float32), 16_000)
    assert np.isnan(list(Text()(silence.with_text("one two")).values())).all()


@pytest.mark.parametrize(
    ("name", "said", "paused", "unmarked"),
    [
        ("story", STORY, 1.0, 0.25),  # and at most one stop that closes for long
        ("plain", SENTENCE, 1.0, 0.0),
        ("monotone", SENTENCE, 1.0, 0.0),
        ("badly_paused", SENTENCE, 1.0, 2 / 3),
    ],
)
def test_example_clips(
    example_clips: list[Path], name: str, said: str, paused: float, unmarked: float
) -> None:
    """Their README says which pauses they have: at the commas, and two put inside syllables."""
    (path,) = (path for path in example_clips if path.stem == name)
    clip = audio.resample(audio.read(path), 16_000)
    found = Text()(clip.with_text(said))
    assert found["marks_paused"] == paused
    assert found["pauses_unmarked"] <= unmarked + 1e-9
    assert (found["pauses_unmarked"] > 0.5) == (name == "badly_paused")
    assert 4 < found["speech_rate"] < found["articulation_rate"] < 8


@given(
    st.lists(st.tuples(st.floats(0.1, 3), st.floats(0.2, 2)), min_size=1, max_size=6),
    st.lists(st.sampled_from(["one", "seven,", "tomorrow.", "strength"]), min_size=1, max_size=30),
)
def test_shares_are_shares(stretches: list[tuple[float, float]], words: list[str]) -> None:
    times = np.cumsum([seconds for pair in stretches for seconds in pair])
    edges = np.concatenate([[0.0], times[:-1]]).reshape(-1, 2)
    written = read(" ".join(words), "en")
    assert written is not None
    rate, articulation, *shares = spoken(edges, written)
    assert 0 < rate <= articulation * (1 + 1e-12)
    assert all(np.isnan(share) or 0 <= share <= 1 for share in shares)
    spread = np.array([rate, articulation])
    np.testing.assert_allclose(np.array(spoken(2 * edges, written)[:2]) * 2, spread)


# The text


def test_marks_are_inside() -> None:
    written = read("“Yes”, she said - and left; twenty-one o'clock… Well-known?", "en")
    assert written is not None
    assert written.words[:3] == ("yes", "she", "said")
    assert written.marks == (1, 3, 5, 7)
    assert read("one, two.", "en").marks == (1,)  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("sentence", "found"),
    [
        ("राम का घर।", ("राम", "का", "घर")),
        ("كَتَبَ، الوَلَدُ", ("كَتَبَ", "الوَلَدُ")),
        ("สวัสดีครับ", ("สวัสดีครับ",)),
        ("Ẹ̀kọ́ İstanbul", ("ẹ̀kọ́", "istanbul")),
        ("mi\u00adnute می\u200cروم", ("minute", "میروم")),
    ],
)
def test_letters_keep_their_marks(sentence: str, found: tuple[str, ...]) -> None:
    assert _orthography.words(sentence) == found


@pytest.mark.parametrize("sentence", ["我有一个苹果", "三百人", "二〇二六年"])
def test_numerals_that_are_words(sentence: str) -> None:
    assert read(sentence, "zh") == _orthography.Text((sentence,), (), ())


def test_apostrophes_and_hyphens_are_alike() -> None:
    assert _orthography.words("пʼять п’ять") == ("п'ять", "п'ять")
    assert _orthography.words("well\u2010known well\u2011known") == ("well-known", "well-known")


def test_the_greek_point_above_is_a_mark() -> None:
    assert read("Ναι\u0387 τι κάνεις", "el").marks == (1,)  # type: ignore[union-attr]
    assert read("col·lecció", "ca").marks == ()  # type: ignore[union-attr]


def test_a_text_to_be_read_keeps_them_too() -> None:
    written = read("Ẹ̀kọ́, İstanbul", "tr")
    assert written is not None
    assert (written.words, written.marks) == (("ẹ̀kọ́", "istanbul"), (1,))


@pytest.mark.parametrize(
    ("language", "word", "count"),
    [
        ("en", "people's", 2), ("en", "apples", 2), ("en", "makes", 1), ("en", "wanted", 2),
        ("en", "being", 2), ("en", "question", 2), ("en", "café", 2), ("en", "well-known", 2),
        ("de", "bauer", 2), ("de", "häuser", 2), ("de", "ferien", 3), ("de", "see", 1),
        ("it", "bello", 2), ("pl", "wstyd", 1), ("en", "xyz", 1), ("en", "psst", 1),
        ("tr", "kızım", 2), ("tr", "ışık", 2), ("de", "café", 2), ("de", "citroën", 3),
        ("ru", "молоко", 3), ("ru", "большой", 2), ("ru", "в", 1), ("ru", "объект", 2),
        ("bg", "път", 1), ("uk", "її", 2), ("en", "молоко", 3),
        ("el", "καλημέρα", 4), ("el", "ουρανός", 3), ("el", "μαΐου", 3), ("el", "τσάι", 2),
        ("zh", "牛奶", None), ("ja", "カタカナ", None), ("ar", "حليب", None), ("en", "a牛", None),
    ],
)  # fmt: skip
def test_syllables(language: str, word: str, count: int | None) -> None:
    assert _orthography.syllables(word, language) == count


def test_no_rates_where_syllables_are_not_known(recognisers: dict[str, str]) -> None:
    recognisers["text"] = "今天 天气"
    found = Text(language="zh", recogniser="made")(saying(6, 6).with_text("今天，天气 好"))
    assert np.isnan([found[name] for name in NAMES]).all()
    assert found["word_error_rate"] == pytest.approx(1 / 3)


@pytest.mark.parametrize("least", [-1, 0.0, float("nan"), "0.2", True])
def test_a_least_pause_that_is_none_is_refused(least: object) -> None:
    with pytest.raises(RewardkitError, match="bad_parameter"):
        Text(least_pause=least)  # type: ignore[arg-type]


SENTENCES = {
    "a01": "Der Lappen liegt auf dem Eisschrank.",
    "a02": "Das will sie am Mittwoch abgeben.",
    "a04": "Heute Abend könnte ich es ihm sagen.",
    "a05": "Das schwarze Stück Papier befindet sich da oben neben dem Holzstück.",
    "a07": "In sieben Stunden wird es soweit sein.",
}
"""Of EmoDB: Burkhardt et al. 2005, "A database of German emotional speech", Interspeech."""


def test_syllables_against_hand_marks(data_dir: Path) -> None:
    """Actors may swallow a syllable or two."""
    counts: dict[str, list[float]] = {}
    with (data_dir / "emodb_cc0" / "syllables.csv").open(newline="") as file:
        for line in csv.DictReader(file):
            counts.setdefault(line["file"][2:5], []).append(float(line["n_syllables"]))
    for code, sentence in SENTENCES.items():
        written = read(sentence, "de")
        assert written is not None
        assert np.median(counts[code]) <= sum(written.syllables) <= max(counts[code]) + 1, code


def slow_edits(a: str, b: str) -> int:
    if not a or not b:
        return len(a) + len(b)
    same = slow_edits(a[1:], b[1:])
    if a[0] == b[0]:
        return same
    return 1 + min(same, slow_edits(a[1:], b), slow_edits(a, b[1:]))


@given(st.text("abc", max_size=5), st.text("abc", max_size=5))
def test_edits_equal_the_definition(a: str, b: str) -> None:
    assert edits(a, b) == slow_edits(a, b)


def test_edits_of_long_texts() -> None:
    """One letter in a hundred lost, and one changed; and a few letters found in many."""
    said = np.random.default_rng(0).integers(97, 123, 50_000).astype(np.uint8)
    heard = np.delete(said, np.arange(50, 50_000, 100))
    heard[::99] = ord("!")
    assert edits(said[:5_000].tobytes().decode(), heard[:4_950].tobytes().decode()) == 100
    assert edits(said.tobytes().decode()[:100], heard.tobytes().decode()) == 49_500 - 100


# Recognisers


def test_error_rates(recognisers: dict[str, str]) -> None:
    recognisers["text"] = "Zwei, DREI vier"
    clip = saying(10).with_text("Eins zwei drei vier.")
    found = Text(language="de", recogniser="made")(clip)
    assert found["word_error_rate"] == 0.25
    assert found["character_error_rate"] == pytest.approx(4 / 16)
    assert recognisers["language"] == "de"
    recognisers["text"] = ""
    assert Text(recogniser="made")(clip)["word_error_rate"] == 1.0


def test_a_checkpoint_cannot_name_any_function() -> None:
    for name in ("os:system", "builtins:print", "../evil", ""):
        with pytest.raises(CheckpointError, match="unknown_recogniser"):
            _ = Text(recogniser=name).digest
    with pytest.raises(CheckpointError, match="bad_encoder"):
        _ = Text(recogniser="whisper:/nowhere").digest


def test_identity_follows_the_recogniser(recognisers: dict[str, str]) -> None:
    assert identity(Text(recogniser="made")) != identity(Text())


def test_identity_is_that_of_the_model_wherever_it_lies(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_recogniser._whisper, "dimensions", lambda path: 16)
    identities = []
    for name, content in (("here", b"1"), ("there", b"1"), ("other", b"2")):
        (tmp_path / name).mkdir()
        (tmp_path / name / "model.bin").write_bytes(content)
        identities.append(identity(Text(recogniser=f"whisper:{tmp_path / name}")))
    assert identities[0] == identities[1] != identities[2]


@given(st.integers(1, 100))
def test_pieces_are_the_sound(seconds: int) -> None:
    samples = np.arange(seconds * 16_000, dtype=np.float32)
    found = _recogniser.pieces(samples)
    assert np.array_equal(np.concatenate(found), samples)
    assert all(0 < len(piece) <= 30 * 16_000 for piece in found)


# The host


def test_the_cache_tells_texts_apart(tmp_path: Path) -> None:
    clip = saying(10, 10)
    with FeatureCache(tmp_path / "features.sqlite") as cache:
        extractor = Extractor([Text()], cache=cache, require_speech=False)
        texts = ["one " * 20, "one " * 10, None]
        first = extractor([clip.with_text(words) for words in texts]).values
        again = extractor([clip.with_text(words) for words in reversed(texts)]).values[::-1]
    assert np.array_equal(first, again, equal_nan=True)
    assert first[0, 0] == pytest.approx(2 * first[1, 0])
    assert np.isnan(first[2]).all()


def test_text_survives_resampling() -> None:
    clip = audio.resample(saying(10), 44_100).with_text("one " * 10)
    assert audio.resample(clip, 16_000).text == clip.text
    values = Extractor([Text()], require_speech=False)([clip]).values
    assert values[0, 1] == pytest.approx(5.0, rel=0.05)


def test_modules_are_those_of_timing() -> None:
    """Pauses here are the pauses there: at the same threshold, of the same shared track."""
    from rewardkit_scorers.timing import Timing

    clip = saying(6, 8, 6)
    there = Timing()(clip)
    edges = Text()._stretches(text.Batch([clip]), 0)
    assert len(edges) - 1 == there["pause_count"]
    assert edges[0, 0] == pytest.approx(there["leading_silence"], abs=1e-9)
