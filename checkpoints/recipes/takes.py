# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: Apache-2.0
"""Stretches of real speech that are damaged, or stand above synthesisers."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np

from checkpoints.recipes import corpora, structure
from checkpoints.recipes.folder import SAMPLE_RATE, Samples, chance, read
from checkpoints.recipes.loudness import equalise

LEAST_RANGE: Final = 30.0
"""dB from floor to loud frames under which a LibriSpeech clip is too noisy to be used."""


@dataclass(frozen=True)
class Take:
    """A stretch of real speech to be damaged or to stand above synthesisers."""

    name: str
    speaker: str
    samples: Samples


def librispeech_takes(
    data: Path, least: float = LEAST_RANGE, seconds: tuple[float, float] = (3.0, 8.0)
) -> Iterator[Take]:
    """Excerpts from clips of LibriSpeech, shuffled.

    Args:
        data: The folder that holds `librispeech_ccby`.
        least: See `LEAST_RANGE`.
        seconds: Between which lengths an excerpt's is drawn; it ends at a pause nearby.
    """
    clips = corpora.librispeech(data)
    for index in np.random.default_rng(0).permutation(len(clips)):
        clip = clips[index]
        samples = read(clip.path)
        if structure.dynamic_range(samples, SAMPLE_RATE) < least:
            continue
        wanted = float(chance(clip.path.stem, "length").uniform(*seconds))
        piece = structure.excerpt(samples, SAMPLE_RATE, wanted)
        if 1.5 <= len(piece) / SAMPLE_RATE <= 10.0:
            yield Take(clip.path.stem, clip.speaker, equalise(piece, SAMPLE_RATE))


def emodb_takes(data: Path) -> Iterator[Take]:
    """EmoDB's clips without the silence at the ends."""
    for clip in corpora.emodb(data):
        piece = structure.excerpt(read(clip.path), SAMPLE_RATE)
        yield Take(f"emodb-{clip.path.stem}", clip.speaker, equalise(piece, SAMPLE_RATE))


def humans(data: Path) -> Iterator[Callable[[float], Take]]:
    """Speakers of LibriSpeech who say something of a given length, the last of the order first."""
    clips = corpora.librispeech(data)
    for index in np.random.default_rng(0).permutation(len(clips))[::-1]:
        clip = clips[index]
        samples = read(clip.path)
        if structure.dynamic_range(samples, SAMPLE_RATE) < LEAST_RANGE:
            continue

        def say(seconds: float, clip: corpora.LibriSpeechClip = clip) -> Take:
            piece = structure.excerpt(read(clip.path), SAMPLE_RATE, seconds, margin=0.02)
            return Take(clip.path.stem, clip.speaker, equalise(piece, SAMPLE_RATE))

        # A clip without pauses can only be taken whole.
        if len(structure.spans(samples, SAMPLE_RATE)) >= 3:
            yield say
