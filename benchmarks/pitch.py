# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: Apache-2.0
"""Pitch: agreement with Praat frame by frame, and speed beside Praat and librosa's pYIN.

    REWARDKIT_DATA=../shared/data python benchmarks/pitch.py

Agreement is over all clips of LibriSpeech and RAVDESS at four settings. Speed is CPU time, not
elapsed time, because Praat starts threads; the methods take turns on the same clips, group by
group, so that a busy machine slows all of them alike. Compiling is left out.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "1")

import librosa
import numpy as np
import parselmouth
import soundfile
from numpy.typing import NDArray
from rewardkit_scorers._track import tracks
from rewardkit_scorers.praat.pitch import pitch
from rewardkit_scorers.praat.settings import Settings

from rewardkit.batch import Batch
from rewardkit.clip import Clip

CORPORA = ("librispeech_ccby", "ravdess_ccbyncsa")
SETTINGS = (
    Settings(75.0, 500.0, 0.01),
    Settings(60.0, 700.0, 0.01),
    Settings(100.0, 400.0, 0.015),
    Settings(50.0, 300.0, 0.005),
)
GROUP = 8
PYIN_GROUPS = 2
GROSS = 1200 * np.log2(1.2)


def clips_of(folder: Path) -> list[Clip]:
    clips = []
    for path in sorted(folder.rglob("*.flac")):
        samples, rate = soundfile.read(path, dtype="float32", always_2d=True)
        clips.append(Clip(np.ascontiguousarray(samples.mean(axis=1)), rate, str(path)))
    return clips


def praat(clip: Clip, settings: Settings) -> parselmouth.Pitch:
    sound = parselmouth.Sound(clip.samples.astype(np.float64), clip.sample_rate)
    return sound.to_pitch_ac(
        time_step=settings.step, pitch_floor=settings.floor, pitch_ceiling=settings.ceiling
    )


def agreement(clips: Sequence[Clip], settings: Settings) -> str:
    frames = differs = off_grid = 0
    cents: list[NDArray[np.float64]] = []
    for begin in range(0, len(clips), GROUP):
        group = Batch(clips[begin : begin + GROUP])
        for clip, ours in zip(group, pitch(group, settings), strict=True):
            theirs = praat(clip, settings)
            f0 = theirs.selected_array["frequency"]
            off_grid += not np.array_equal(theirs.xs(), ours.times)
            frames += len(f0)
            differs += np.count_nonzero((f0 > 0) != ours.voiced)
            both = (f0 > 0) & ours.voiced
            cents.append(1200 * np.abs(np.log2(ours.f0[both] / f0[both])))
    error = np.concatenate(cents)
    return (
        f"{len(clips):>6} {frames:>8} {off_grid:>9} {100 * differs / frames:>8.4f}"
        f" {100 * np.mean(error > GROSS):>8.4f} {np.median(error):>9.5f}"
        f" {np.quantile(error, 0.99):>8.4f} {error.max():>8.1f}"
    )


def seconds(function: Callable[..., Any], *args: Any) -> float:
    """CPU time of one call, of all threads."""
    begin = time.process_time()
    function(*args)
    return time.process_time() - begin


def speed(clips: Sequence[Clip]) -> None:
    settings = SETTINGS[0]
    groups = [clips[begin : begin + GROUP] for begin in range(0, len(clips) - GROUP + 1, GROUP)]
    ours, two_pass = (
        (lambda group: pitch(Batch(group), settings)),
        (lambda group: tracks(Batch(group), 60.0, 700.0)),
    )
    methods: dict[str, Callable[[Sequence[Clip]], Any]] = {
        "ours": ours,
        "ours, one clip a call": lambda group: [ours([clip]) for clip in group],
        "ours, two-pass 60-700 Hz": two_pass,
        "parselmouth": lambda group: [praat(clip, settings) for clip in group],
        "librosa.pyin": lambda group: [
            librosa.pyin(clip.samples, fmin=75, fmax=500, sr=clip.sample_rate, hop_length=160)
            for clip in group
        ],
    }
    for method in methods.values():
        method(groups[0][:1])
    cost: dict[str, list[float]] = {name: [] for name in methods}
    audio: dict[str, list[float]] = {name: [] for name in methods}
    for i, group in enumerate(groups):
        for name, method in methods.items():
            if name != "librosa.pyin" or i < PYIN_GROUPS:
                cost[name].append(seconds(method, group))
                audio[name].append(sum(clip.duration for clip in group))
    print("\nmethod                       x real time, one core    ours is faster by")
    for name in methods:
        count = len(cost[name])
        ratio = sum(cost[name]) / sum(cost["ours"][:count])
        rate = sum(audio[name]) / sum(cost[name])
        print(f"{name:<28} {rate:>23.0f} {ratio:>20.1f}")


def main() -> None:
    data = Path(os.environ["REWARDKIT_DATA"])
    corpora = {name: clips_of(data / name) for name in CORPORA}
    print("floor-ceiling/step       corpus            clips   frames  off grid  voicing"
          "    gross    median      p99      max")  # fmt: skip
    print(" " * 59 + "clips        %        %     cents    cents    cents")
    for settings in SETTINGS:
        label = f"{settings.floor:g}-{settings.ceiling:g} Hz / {1000 * settings.step:g} ms"
        for name, clips in corpora.items():
            print(f"{label:<24} {name:<16} {agreement(clips, settings)}", flush=True)
    speed(corpora[CORPORA[0]][:: max(len(corpora[CORPORA[0]]) // 80, 1)])


if __name__ == "__main__":
    main()
