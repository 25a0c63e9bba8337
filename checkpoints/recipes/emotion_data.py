# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The two emotion corpora, read as the encoders hear them: silent ends cut, at one level."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import soundfile
from numpy.typing import NDArray
from rewardkit_scorers._windows import level, trim

SAMPLE_RATE: Final = 16_000
TRIM: Final[dict[str, Any]] = {"frame": 400, "hop": 160, "below_loudest": 40.0}
"""Arguments of `trim`: samples, and dB."""
RMS: Final = 0.1
"""Level that a trimmed clip is scaled to, re full scale."""
WINDOW: Final = 4 * SAMPLE_RATE
"""Length of a window, samples; windows do not overlap, but for the last."""

Samples = NDArray[np.float32]

CLASSES: Final = {
    "emodb": ("neutral", "anger", "happiness", "sadness"),
    "ravdess": (
        "neutral", "calm", "happiness", "sadness", "anger", "fear", "disgust", "surprise",
    ),
}  # fmt: skip
FOLDERS: Final = {"emodb": "emodb_cc0", "ravdess": "ravdess_ccbyncsa"}


@dataclass(frozen=True)
class Clip:
    """One recording.

    Attributes:
        name: File name without its ending.
        samples: Trimmed and levelled mono samples at 16 kHz.
        label: Index into the corpus's classes.
        speaker: Speaker's code in the file name.
        level_db: RMS level of the trimmed clip before levelling, dB re full scale.
    """

    name: str
    samples: Samples
    label: int
    speaker: str
    level_db: float


def _label(corpus: str, stem: str) -> tuple[int, str]:
    """Class index and speaker from a file name."""
    if corpus == "emodb":
        return "NWFT".index(stem[5]), stem[:2]
    fields = stem.split("-")
    return int(fields[2]) - 1, fields[6]


def read_corpus(corpus: str, data: Path) -> list[Clip]:
    """Read, trim and level all clips, by name; a second exact copy of a clip is left out.

    Args:
        corpus: `emodb` or `ravdess`.
        data: Folder with the corpora's folders.

    Raises:
        FileNotFoundError: When the corpus has no FLAC file there.
        ValueError: When a file is not at 16 kHz, or silent.
    """
    clips: list[Clip] = []
    seen: set[bytes] = set()
    for path in sorted((data / FOLDERS[corpus]).glob("*.flac")):
        samples, level_db = heard(path)
        if samples.tobytes() in seen:
            continue
        seen.add(samples.tobytes())
        label, speaker = _label(corpus, path.stem)
        clips.append(Clip(path.stem, samples, label, speaker, level_db))
    if not clips:
        raise FileNotFoundError(f"no FLAC file in {data / FOLDERS[corpus]}")
    return clips


def heard(path: Path) -> tuple[Samples, float]:
    """A recording as the encoders hear it, trimmed and levelled, and its level in dB before that.

    Raises:
        ValueError: When it is not at 16 kHz, or silent.
    """
    samples, rate = soundfile.read(path, dtype="float32", always_2d=True)
    if rate != SAMPLE_RATE:
        raise ValueError(f"{path.name}: {rate} Hz, not {SAMPLE_RATE}")
    cut = trim(samples.mean(axis=1), **TRIM)
    levelled = level(cut, RMS)
    if levelled is None:
        raise ValueError(f"{path.name}: silent")
    return levelled, 10 * math.log10(float(np.mean(np.square(cut, dtype=np.float64))))
