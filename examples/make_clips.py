# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Make the example clips and the example preferences again.

    pip install 'speech-rewardkit[recipes]'
    python -m examples.make_clips

Run from the project's top folder. Everything is said by Piper with the voice en_US-joe-medium;
`examples/clips/README.md` says what each clip is, and what its licence is. The synthesiser draws
chance: another version of onnxruntime may give other takes.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import numpy as np
import soundfile
from numpy.typing import NDArray

from checkpoints.recipes import damage, ladder, voices
from checkpoints.recipes.corpora import balance_sides
from checkpoints.recipes.folder import SAMPLE_RATE
from checkpoints.recipes.loudness import equalise

HERE: Final = Path(__file__).parent
LOUDNESS: Final = -27.0
"""LUFS of the example clips."""

SENTENCE: Final = "I never said that he took the money, only that it was gone."
QUESTION: Final = "Did you remember to lock the door behind you?"
STORY: Final = "Once upon a time, a miller had three daughters, two goats, and one good shoe."

TRAINING: Final = {
    "fence": "The bird sat on the garden fence.",
    "tomorrow": "We will meet again tomorrow at noon.",
    "nobody": "Nobody knew where he had gone.",
    "window": "Please close the window behind you.",
    "keys": "My sister found the keys at last.",
    "idea": "It was never my idea to leave.",
}
"""Sentences of the clips to train on, by name."""

GOOD_PROSODY: Final = ("natural", "noisy", "clipped")
BAD_PROSODY: Final = ("monotone", "badly_paused", "too_fast")
GOOD_QUALITY: Final = ("natural", *BAD_PROSODY)
BAD_QUALITY: Final = ("noisy", "clipped")

Samples = NDArray[np.float32]


def say(text: str, seed: int = 0) -> Samples:
    """One take, at 16 kHz, without silence at the ends."""
    return ladder.prepare(*voices.piper(text, seed))


def spoil(samples: Samples, name: str) -> Samples:
    """A copy with one of the `damage.DAMAGES`; clips of other lengths get other pauses."""
    kind = next(kind for kind in damage.DAMAGES if kind.name == name)
    return kind(samples, SAMPLE_RATE, np.random.default_rng(len(samples)))


def noisy(samples: Samples) -> Samples:
    """White noise added, 15 dB under the speech."""
    noise = np.random.default_rng(0).standard_normal(len(samples))
    level = float(np.sqrt((samples**2).mean())) * 10 ** (-15 / 20)
    return (samples + level * noise).astype(np.float32)


def clipped(samples: Samples) -> Samples:
    """Cut off at a tenth of the peak."""
    limit = 0.1 * float(np.abs(samples).max())
    return np.clip(samples, -limit, limit)


def clips() -> Iterator[tuple[str, Samples]]:
    """The example clips by name: five of one sentence, two of others."""
    plain = say(SENTENCE)
    yield "plain", plain
    yield "lively", damage.scale_f0(plain, SAMPLE_RATE, 1.4)
    yield "monotone", spoil(plain, "flat")
    yield "badly_paused", spoil(plain, "pauses")
    yield "too_fast", spoil(plain, "fast")
    yield "question", say(QUESTION)
    yield "story", say(STORY)


def variants(text: str) -> Iterator[tuple[str, Samples]]:
    """The clips to train on that say one sentence; all come from one resynthesised take."""
    natural = damage.resynthesised(say(text), SAMPLE_RATE)
    yield "natural", natural
    yield "monotone", spoil(natural, "flat")
    yield "badly_paused", spoil(natural, "pauses")
    yield "too_fast", spoil(natural, "fast")
    yield "noisy", noisy(natural)
    yield "clipped", clipped(natural)


def preferences() -> list[dict[str, Any]]:
    """The known orders among the example clips, the better clip as side a."""
    rows = [
        _row("clips/plain.flac", f"clips/{worse}.flac", "prosody", text=SENTENCE)
        for worse in ("monotone", "badly_paused", "too_fast")
    ]
    rows += [
        _row("clips/lively.flac", f"clips/{worse}.flac", "prosody", text=SENTENCE)
        for worse in ("monotone", "badly_paused", "too_fast")
    ]
    names = list(TRAINING)
    rows.append(_row("clips/plain.flac", _train(names[0], BAD_PROSODY[0]), "prosody"))
    for name, following in zip(names, names[1:] + names[:1], strict=True):
        text = TRAINING[name]
        for good, bad, dimension in (
            (GOOD_PROSODY, BAD_PROSODY, "prosody"),
            (GOOD_QUALITY, BAD_QUALITY, "quality"),
        ):
            rows += [
                _row(_train(name, better), _train(name, worse), dimension, text=text)
                for better in good
                for worse in bad
            ]
            # Alike in this dimension: a tie, as votes.
            rows += [
                _row(_train(name, good[0]), _train(name, other), dimension, text=text, tie=True)
                for other in good[1:3]
            ]
            # Across sentences, so that all clips can be compared with all.
            rows.append(_row(_train(name, good[0]), _train(following, bad[0]), dimension))
    return rows


def _train(name: str, variant: str) -> str:
    return f"clips/train/{name}-{variant}.flac"


def _row(
    better: str, worse: str, dimension: str, text: str | None = None, tie: bool = False
) -> dict[str, Any]:
    """One line of the preference file."""
    answer: dict[str, Any] = {"preference": "a"}
    if tie:
        answer = {"votes_a": 0, "votes_b": 0, "votes_tie": 1}
    said = {} if text is None else {"text": text}
    return {
        "audio_a": better,
        "audio_b": worse,
        **answer,
        "dimension": dimension,
        "rater": "known-order",
        "speaker": "piper-joe",
        **said,
    }


def save(samples: Samples, path: Path) -> None:
    """Write 16 kHz mono FLAC of 16 bits at `LOUDNESS`.

    Raises:
        ValueError: When the peak is over full scale.
    """
    loud = equalise(samples, SAMPLE_RATE, LOUDNESS)
    peak = float(np.abs(loud).max())
    if peak > 1.0:
        raise ValueError(f"{path.name}: peak {peak:.2f} is over full scale")
    path.parent.mkdir(parents=True, exist_ok=True)
    soundfile.write(path, loud, SAMPLE_RATE, subtype="PCM_16")


def main() -> None:
    """Write `examples/clips/` and `examples/prefs.jsonl`."""
    for name, samples in clips():
        save(samples, HERE / "clips" / f"{name}.flac")
    for name, text in TRAINING.items():
        for variant, samples in variants(text):
            save(samples, HERE / _train(name, variant))
    with (HERE / "prefs.jsonl").open("w", encoding="utf-8") as file:
        for row in balance_sides(preferences()):
            file.write(json.dumps(row) + "\n")


if __name__ == "__main__":
    main()
