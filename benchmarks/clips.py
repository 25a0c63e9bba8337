# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: Apache-2.0
"""Real speech for the benchmarks: stretches of LibriSpeech of one length, as many as wanted."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import soundfile
from numpy.typing import NDArray

RATE = 16_000


def data() -> Path:
    """The folder of speech that `$REWARDKIT_DATA` names."""
    return Path(os.environ["REWARDKIT_DATA"])


def stretches(count: int, seconds: float) -> Iterator[NDArray[np.float32]]:
    """`count` stretches of read English at 16 kHz, evenly spread over the corpus.

    Utterances follow each other without a gap; stretches overlap when the corpus is shorter
    than what is wanted, and a stretch longer than the corpus repeats it.
    """
    files = sorted((data() / "librispeech_ccby").rglob("*.flac"))
    speech = np.concatenate([soundfile.read(file, dtype="float32")[0] for file in files])
    length = round(seconds * RATE)
    if length > len(speech):
        speech = np.tile(speech, -(-length // len(speech)))
    for start in np.linspace(0, len(speech) - length, count).astype(int):
        yield speech[start : start + length]


def write(folder: Path, count: int, seconds: float) -> list[str]:
    """The same as 16-bit WAV files; their paths."""
    paths = []
    for number, samples in enumerate(stretches(count, seconds)):
        paths.append(str(folder / f"{number:05}.wav"))
        soundfile.write(paths[-1], samples, RATE, subtype="PCM_16")
    return paths
