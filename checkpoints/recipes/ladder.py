# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: Apache-2.0
"""A ladder of synthesisers, from the most to the least natural, saying the same sentences.

The order of the rungs is known from the kinds of synthesis, not from listeners of these clips:
human speech > neural (Piper) > statistical (HTS, clustergen) > diphones (Festival, Flite) >
formants by rule (espeak-ng). Two voices on one rung are not compared.

What could decide without listening is taken away: rate (16 kHz), loudness (BS.1770), silence at
the ends, and men's against women's voices (rungs hold both where there are both). What remains
besides prosody is the sound of the voice itself; the order is one of naturalness as a whole.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final

import numpy as np
import soxr
from numpy.typing import NDArray

from checkpoints.recipes import voices
from checkpoints.recipes.folder import SAMPLE_RATE
from checkpoints.recipes.loudness import equalise
from checkpoints.recipes.structure import excerpt
from checkpoints.recipes.voices import Speech


@dataclass(frozen=True)
class Voice:
    """One synthesiser on the ladder.

    Args:
        name: As in `system_a`, `system_b` of the preference file.
        engine: What voices share that are made alike; left out as one.
        rung: 1 is the most natural; 0 is human speech.
        speak: Says a text.
    """

    name: str
    engine: str
    rung: int
    speak: Callable[[str], Speech]


VOICES: Final = (
    Voice("piper-joe", "piper", 1, voices.piper),
    Voice("hts-slt", "hts", 2, lambda text: voices.festival(text, "cmu_us_slt_arctic_hts")),
    Voice("clustergen-slt", "clustergen", 2, lambda text: voices.flite(text, "slt")),
    Voice("clustergen-rms", "clustergen", 2, lambda text: voices.flite(text, "rms")),
    Voice("clustergen-awb", "clustergen", 2, lambda text: voices.flite(text, "awb")),
    Voice("diphone-kal", "diphone", 3, lambda text: voices.festival(text, "kal_diphone")),
    Voice("diphone-ked", "diphone", 3, lambda text: voices.festival(text, "ked_diphone")),
    Voice("espeak-m", "espeak", 4, lambda text: voices.espeak(text, "en-us")),
    Voice("espeak-f", "espeak", 4, lambda text: voices.espeak(text, "en-us+f3")),
    Voice("espeak-klatt", "espeak", 4, lambda text: voices.espeak(text, "en-us+klatt2")),
)
"""The ladder, top first."""

GERMAN: Final = tuple(
    Voice(f"espeak-de{variant}", "espeak", 4, partial(voices.espeak, voice=f"de{variant}"))
    for variant in ("", "+f3", "+klatt2")
)
"""What says EmoDB's sentences."""


def sentences() -> list[str]:
    """The sentences that are said, in order."""
    lines = Path(__file__).with_name("sentences.txt").read_text(encoding="utf-8").splitlines()
    return [line for line in lines if line and not line.startswith("#")]


def prepare(samples: NDArray[np.float32], sample_rate: int) -> NDArray[np.float32]:
    """At 16 kHz, without silence at the ends (0.02 s is kept), as loud as every other clip.

    Raises:
        ValueError: When there is no speech in it.
    """
    at_rate = soxr.resample(samples, sample_rate, SAMPLE_RATE, quality="VHQ")
    return equalise(excerpt(at_rate, SAMPLE_RATE, margin=0.02), SAMPLE_RATE)


def render(
    text: str, said_by: Sequence[Voice] = VOICES
) -> Iterator[tuple[Voice, NDArray[np.float32]]]:
    """The text as each voice says it, prepared.

    Raises:
        VoiceError: When a synthesiser is missing or fails.
    """
    for voice in said_by:
        yield voice, prepare(*voice.speak(text))


def ordered(items: Sequence[Voice]) -> Iterator[tuple[Voice, Voice]]:
    """All pairs from different rungs, the more natural first.

    Example:
        >>> [(a.name, b.name) for a, b in ordered([VOICES[7], VOICES[1], VOICES[2]])]
        [('hts-slt', 'espeak-m'), ('clustergen-slt', 'espeak-m')]
    """
    for first, second in itertools.combinations(sorted(items, key=lambda voice: voice.rung), 2):
        if first.rung < second.rung:
            yield first, second
