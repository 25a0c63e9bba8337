# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: Apache-2.0
"""The corpus readers and the pairs made from them."""

from __future__ import annotations

import hashlib
from collections import Counter
from pathlib import Path

import pytest
import soundfile

from checkpoints.recipes import corpora
from checkpoints.recipes.corpora import EmoDBClip, RavdessClip


def emodb_clip(
    name: str, natural: float, recognised: float = 100.0, text: str = "a01"
) -> EmoDBClip:
    return EmoDBClip(Path(name), f"emodb-{name[:2]}", text, "anger", natural, recognised)


def test_the_clip_that_more_listeners_found_natural_wins() -> None:
    clips = [emodb_clip("03x", 60.0), emodb_clip("08y", 85.0)]
    (row,) = corpora.emodb_pairs(clips, "natural_pct")
    assert (row["audio_a"], row["audio_b"], row["preference"]) == ("08y", "03x", "a")
    assert (row["speaker_a"], row["speaker_b"]) == ("emodb-08", "emodb-03")
    assert row["margin"] == 0.25
    assert row["dimension"] == "prosody"


@pytest.mark.parametrize(("other", "count"), [(79.0, 1), (79.1, 0), (99.0, 0), (100.0, 0)])
def test_the_least_difference_is_kept(other: float, count: int) -> None:
    clips = [emodb_clip("03x", 99.0), emodb_clip("08y", other)]
    assert len(corpora.emodb_pairs(clips, "natural_pct", minimum=20)) == count


def test_other_sentences_are_not_compared() -> None:
    clips = [emodb_clip("03x", 50.0), emodb_clip("08y", 100.0, text="a02")]
    assert corpora.emodb_pairs(clips, "natural_pct") == []


def test_strong_stands_over_normal_of_the_same_take_only() -> None:
    def clip(name: str, intensity: str, repetition: int, emotion: str = "sad") -> RavdessClip:
        strength = "strong" if intensity == "strong" else "normal"
        return RavdessClip(Path(name), "ravdess-01", emotion, strength, 1, repetition)  # type: ignore[arg-type]

    clips = [
        clip("n1", "normal", 1),
        clip("s1", "strong", 1),
        clip("s2", "strong", 2),
        clip("neutral", "normal", 1, "neutral"),
    ]
    rows = corpora.ravdess_pairs(clips)
    assert [(row["audio_a"], row["audio_b"]) for row in rows] == [("s1", "n1")]


def test_sides_are_balanced_and_everything_sided_moves_along() -> None:
    row = {
        "audio_a": "x",
        "audio_b": "y",
        "preference": "a",
        "speaker_a": "s",
        "speaker_b": "t",
        "votes_a": 3,
        "votes_b": 1,
        "votes_tie": 2,
        "text": "a01",
    }
    rows = corpora.balance_sides([row] * 10)
    assert Counter(r["preference"] for r in rows) == {"a": 5, "b": 5}
    swapped = next(r for r in rows if r["preference"] == "b")
    assert swapped == {
        "audio_a": "y",
        "audio_b": "x",
        "preference": "b",
        "speaker_a": "t",
        "speaker_b": "s",
        "votes_a": 1,
        "votes_b": 3,
        "votes_tie": 2,
        "text": "a01",
    }
    assert rows == corpora.balance_sides([row] * 10)


def test_a_missing_corpus_is_named(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="ravdess_ccbyncsa"):
        corpora.ravdess(tmp_path)


def test_the_corpora_are_read_whole(data_dir: Path) -> None:
    emodb, ravdess = corpora.emodb(data_dir), corpora.ravdess(data_dir)
    assert (len(emodb), len(ravdess), len(corpora.librispeech(data_dir))) == (266, 1079, 351)
    assert len({clip.speaker for clip in emodb}) == 8
    assert {clip.emotion for clip in emodb} == {"anger", "neutral", "happiness", "sadness"}
    assert Counter(clip.intensity for clip in ravdess)["strong"] == 504
    assert not any(c.emotion == "neutral" and c.intensity == "strong" for c in ravdess)
    assert len(corpora.emodb_pairs(emodb, "natural_pct")) == 1142
    assert len(corpora.emodb_pairs(emodb, "recognised_pct")) == 196
    assert len(corpora.ravdess_pairs(ravdess)) == 503


def test_the_dropped_clip_sounds_exactly_as_the_kept_one(data_dir: Path) -> None:
    def decoded(stem: str) -> str:
        samples, _ = soundfile.read(data_dir / "ravdess_ccbyncsa" / f"{stem}.flac", dtype="int16")
        return hashlib.sha256(samples.tobytes()).hexdigest()

    for dropped, kept in corpora.SAME_SOUND.items():
        assert decoded(dropped) == decoded(kept)
