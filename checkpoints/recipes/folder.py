# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: Apache-2.0
"""Folders of clips and preference files, and what trivial rules would reach on them."""

from __future__ import annotations

import json
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import soundfile
from numpy.typing import NDArray

from checkpoints.recipes.corpora import Row, balance_sides
from checkpoints.recipes.loudness import loudness

SAMPLE_RATE: Final = 16_000
"""Of all clips of the recipes, in Hz."""

Samples = NDArray[np.float32]


@dataclass(frozen=True)
class Folder:
    """Where clips and preference files are written."""

    path: Path

    def save(self, samples: Samples, name: str) -> str:
        """Write `audio/NAME.flac` (16 bit); gives the path as it stands in the rows.

        Raises:
            ValueError: When a sample is outside full scale.
        """
        peak = float(np.abs(samples).max())
        if peak > 1.0:
            raise ValueError(f"{name}: peak {peak:.2f} is over full scale")
        relative = Path("audio", f"{name}.flac")
        target = self.path / relative
        target.parent.mkdir(parents=True, exist_ok=True)
        soundfile.write(target, samples, SAMPLE_RATE, subtype="PCM_16")
        return relative.as_posix()

    def write(self, rows: Sequence[Row], name: str) -> None:
        """Write `NAME.jsonl` with sides balanced, and say what trivial rules would reach on it."""
        balanced = balance_sides(rows)
        with (self.path / f"{name}.jsonl").open("w", encoding="utf-8") as file:
            for row in balanced:
                file.write(json.dumps(row, ensure_ascii=False, sort_keys=True) + "\n")
        print(f"{name}.jsonl: {len(rows)} rows; {self.shortcuts(balanced)}")

    def shortcuts(self, rows: Sequence[Row]) -> str:
        """How often the longer, the louder, and the a side is preferred (ties left out)."""
        cache: dict[str, tuple[float, float]] = {}

        def measure(path: str) -> tuple[float, float]:
            if path not in cache:
                samples = read(self.path / path)
                cache[path] = len(samples) / SAMPLE_RATE, loudness(samples, SAMPLE_RATE)
            return cache[path]

        decided = [row for row in rows if row["preference"] != "tie"]
        if not decided:
            return "ties only"
        better = np.array([measure(row[f"audio_{row['preference']}"]) for row in decided])
        worse = np.array(
            [measure(row["audio_b" if row["preference"] == "a" else "audio_a"]) for row in decided]
        )
        longer = better[:, 0] - worse[:, 0]
        wins = np.where(np.abs(longer) < 1e-3, 0.5, longer > 0).mean()
        side = np.mean([row["preference"] == "a" for row in decided])
        gap = np.abs(better[:, 1] - worse[:, 1]).max()
        return (
            f"longer wins {wins:.2f} (median {np.median(better[:, 0]):.2f} s over "
            f"{np.median(worse[:, 0]):.2f} s), loudness differs by {gap:.2f} LU at most, "
            f"side a wins {side:.2f}"
        )


def read(path: Path) -> Samples:
    """The samples of a 16 kHz mono file.

    Raises:
        ValueError: When it is not 16 kHz mono.
    """
    samples, sample_rate = soundfile.read(path, dtype="float32")
    if sample_rate != SAMPLE_RATE or samples.ndim != 1:
        raise ValueError(f"{path}: {sample_rate} Hz, shape {samples.shape}; 16 kHz mono is needed")
    return np.asarray(samples, dtype=np.float32)


def chance(*key: str) -> np.random.Generator:
    """A generator seeded by names: what a clip gets does not hang on the others."""
    return np.random.default_rng(zlib.crc32("/".join(key).encode()))
