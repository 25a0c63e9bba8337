# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The two emotion corpora, and the front end that the encoders are trained and used with.

Front end: silence at both ends is cut relative to the clip's own level (`trim`), the clip is
scaled to one RMS (`level`), and log-mel energies in dB are taken by speechbrain's `Fbank` with
a floor `TOP_DB` under the loudest bin. So a constant gain leaves the result as it is.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import soundfile
import torch
from numpy.typing import NDArray
from rewardkit_scorers._speechbrain import prepare
from torch import Tensor

prepare()
from speechbrain.lobes.features import Fbank  # noqa: E402 - after the guard
from speechbrain.lobes.models.ECAPA_TDNN import ECAPA_TDNN  # noqa: E402

SAMPLE_RATE: Final = 16_000
HOP_MS: Final = 20
WINDOW_MS: Final = 32
FFT_SIZE: Final = 512
MELS: Final = 64
TOP_DB: Final = 60.0
"""Floor of a log-mel energy under the loudest of its window, dB."""
TRIM_DB: Final = 40.0
"""A frame this far under the clip's loudest frame, dB, is silence when at an end."""
TRIM_FRAME: Final = 400
TRIM_HOP: Final = 160
RMS: Final = 0.1
"""Level that a trimmed clip is scaled to, re full scale."""

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


def trim(samples: Samples) -> Samples:
    """Cut both ends where 25 ms frames, every 10 ms, are `TRIM_DB` under the loudest frame.

    A clip shorter than a frame is given back whole.
    """
    if len(samples) < TRIM_FRAME:
        return samples
    frames = np.lib.stride_tricks.sliding_window_view(samples, TRIM_FRAME)[::TRIM_HOP]
    power = np.mean(np.square(frames, dtype=np.float64), axis=1)
    loud = np.flatnonzero(power > power.max() * 10 ** (-TRIM_DB / 10))
    if not loud.size:  # digital silence
        return samples
    return samples[int(loud[0]) * TRIM_HOP : int(loud[-1]) * TRIM_HOP + TRIM_FRAME]


def level(samples: Samples) -> tuple[Samples, float]:
    """Scale to `RMS`; gives also the level there was, dB re full scale."""
    rms = math.sqrt(float(np.mean(np.square(samples, dtype=np.float64))))
    if rms == 0.0:
        return samples, -math.inf
    return (samples * (RMS / rms)).astype(np.float32), 20 * math.log10(rms)


def make_fbank() -> Any:
    """Speechbrain's log-mel module with this module's constants."""
    fbank = Fbank(
        sample_rate=SAMPLE_RATE,
        n_fft=FFT_SIZE,
        n_mels=MELS,
        win_length=WINDOW_MS,
        hop_length=HOP_MS,
    )
    fbank.compute_fbanks.top_db = TOP_DB
    return fbank


def make_ecapa(**arguments: Any) -> Any:
    """An `ECAPA_TDNN` of speechbrain's."""
    return ECAPA_TDNN(**arguments)


def log_mels(clips: Sequence[Clip]) -> list[Tensor]:
    """Log-mel energies of whole clips, dB, each of shape (frames, MELS)."""
    fbank = make_fbank()
    with torch.no_grad():
        return [fbank(torch.from_numpy(clip.samples)[None])[0] for clip in clips]


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
        ValueError: When a file is not at 16 kHz.
    """
    clips: list[Clip] = []
    seen: set[bytes] = set()
    for path in sorted((data / FOLDERS[corpus]).glob("*.flac")):
        samples, rate = soundfile.read(path, dtype="float32", always_2d=True)
        if rate != SAMPLE_RATE:
            raise ValueError(f"{path.name}: {rate} Hz, not {SAMPLE_RATE}")
        mono = samples.mean(axis=1)
        if mono.tobytes() in seen:
            continue
        seen.add(mono.tobytes())
        levelled, level_db = level(trim(mono))
        label, speaker = _label(corpus, path.stem)
        clips.append(Clip(path.stem, levelled, label, speaker, level_db))
    if not clips:
        raise FileNotFoundError(f"no FLAC file in {data / FOLDERS[corpus]}")
    return clips
