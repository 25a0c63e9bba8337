# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The sentences: those in `examples/clips`, or a folder of one's own."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final

from examples.ppo.engine import Sentence
from rewardkit import read

CLIPS: Final = Path(__file__).parent.parent / "clips"

TEXTS: Final = {
    "idea": "It was never my idea to leave.",
    "nobody": "Nobody knew where he had gone.",
    "fence": "The bird sat on the garden fence.",
    "tomorrow": "We will meet again tomorrow at noon.",
    "window": "Please close the window behind you.",
    "keys": "My sister found the keys at last.",
    "question": "Did you remember to lock the door behind you?",
    "plain": "I never said that he took the money, only that it was gone.",
    "story": "Once upon a time, a miller had three daughters, two goats, and one good shoe.",
}
"""What the clips of these names say, the shortest first."""

SUFFIXES: Final = (".flac", ".wav", ".ogg", ".mp3")


def shipped() -> tuple[list[Sentence], list[Sentence]]:
    """Six sentences to learn on, and three that are held out."""
    made = []
    for name, text in TEXTS.items():
        natural = CLIPS / "train" / f"{name}-natural.flac"
        file = natural if natural.is_file() else CLIPS / f"{name}.flac"
        made.append(Sentence(name, read(file), text))
    return dealt(made)


def folder(path: Path) -> tuple[list[Sentence], list[Sentence]]:
    """The clips of a folder and those below it, the shortest first, dealt as the shipped ones.

    What `NAME.flac` says is read from `NAME.txt` where there is one.

    Raises:
        ValueError: When there are fewer than three.
    """
    files = sorted(file for file in path.rglob("*") if file.suffix in SUFFIXES)
    if len(files) < 3:
        raise ValueError(f"{path}: {len(files)} clips; at least three are needed")
    made = []
    for file in files:
        words = file.with_suffix(".txt")
        text = words.read_text("utf-8").strip() if words.is_file() else None
        made.append(Sentence(file.stem, read(file), text))
    return dealt(sorted(made, key=lambda sentence: sentence.clip.duration))


def dealt(sentences: Sequence[Sentence]) -> tuple[list[Sentence], list[Sentence]]:
    """Two of three to learn on, and the middle one of each three held out."""
    held_out = list(sentences[1::3])
    return [sentence for sentence in sentences if sentence not in held_out], held_out
