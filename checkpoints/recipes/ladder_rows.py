# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rows of human speech over synthesisers, and of better over worse synthesisers."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final

import numpy as np

from checkpoints.recipes import corpora, ladder
from checkpoints.recipes.corpora import Row
from checkpoints.recipes.damage import room_noise
from checkpoints.recipes.folder import SAMPLE_RATE, Folder, Samples, chance, read
from checkpoints.recipes.ladder import Voice
from checkpoints.recipes.loudness import equalise
from checkpoints.recipes.structure import excerpt
from checkpoints.recipes.takes import Take, humans

SENTENCES: Final = {
    "a01": "Der Lappen liegt auf dem Eisschrank.",
    "a02": "Das will sie am Mittwoch abgeben.",
    "a04": "Heute Abend könnte ich es ihm sagen.",
    "a05": "Das schwarze Stück Papier befindet sich da oben neben dem Holzstück.",
    "a07": "In sieben Stunden wird es soweit sein.",
}
"""Of EmoDB: Burkhardt et al. 2005, "A database of German emotional speech", Interspeech."""

COMMON: Final[Row] = {"dimension": "prosody", "preference": "a", "rater": "known-order"}

Side = tuple[str, str, str]
"""Path, speaker, system."""


def row(better: Side, worse: Side, **more: object) -> Row:
    """One preference."""
    sides = zip(("audio", "speaker", "system"), better, worse, strict=True)
    named = {f"{key}_{side}": v for key, *both in sides for side, v in zip("ab", both, strict=True)}
    return {**COMMON, **named, **more}


def in_room(samples: Samples, human: Samples, rng: np.random.Generator) -> Samples:
    """The synthesiser with the noise of the human's room.

    Synthesisers are silent between words and readers are not; a head must not go by that.
    """
    noise = room_noise(human, SAMPLE_RATE, len(samples), rng)
    return equalise((samples + noise).astype(np.float32), SAMPLE_RATE)


def english(data: Path, folder: Folder) -> list[Row]:
    """Each sentence by each voice, under three humans, as it is and in the first human's room.

    The humans say something else: excerpts of LibriSpeech about as long as the voices' clips.
    """
    speakers = humans(data)
    recent: list[Take] = []
    rows: list[Row] = []
    for number, text in enumerate(ladder.sentences(), start=1):
        said = dict(ladder.render(text))
        seconds = float(np.median([len(samples) for samples in said.values()])) / SAMPLE_RATE
        recent = [next(speakers)(seconds), *recent][:3]
        rows += _sentence(said, recent, folder, f"{number:02d}")
    return rows


def german(data: Path, folder: Folder) -> list[Row]:
    """EmoDB's actors over synthesisers that say the same sentence."""
    clips = corpora.emodb(data)
    rows: list[Row] = []
    for code, text in SENTENCES.items():
        said = dict(ladder.render(text, ladder.GERMAN))
        actors = [clip for clip in clips if clip.text == code]
        for clip in [actors[i] for i in chance(code).permutation(len(actors))[:9]]:
            samples = equalise(excerpt(read(clip.path), SAMPLE_RATE, margin=0.02), SAMPLE_RATE)
            take = Take(f"emodb-{clip.path.stem}", clip.speaker, samples)
            rows += _sentence(said, [take], folder, code)
    return rows


def _sentence(
    said: dict[Voice, Samples], recent: Sequence[Take], folder: Folder, name: str
) -> list[Row]:
    """Rows of one sentence."""
    tops: list[Side] = [
        (folder.save(human.samples, f"ladder/{human.name}"), human.speaker, "human")
        for human in recent
    ]
    rows: list[Row] = []
    plain: dict[Voice, Side] = {}
    for voice, samples in said.items():
        path = folder.save(samples, f"ladder/{name}-{voice.name}")
        plain[voice] = path, voice.name, voice.name
        noisy = in_room(samples, recent[0].samples, chance(name, voice.name))
        path = folder.save(noisy, f"ladder/{name}-{voice.name}-{recent[0].name}")
        rows += [row(top, plain[voice]) for top in tops]
        rows += [row(top, (path, voice.name, voice.name)) for top in tops]
    for better, worse in ladder.ordered(list(said)):
        rows.append(row(plain[better], plain[worse], text=f"ladder-{name}"))
    return rows
