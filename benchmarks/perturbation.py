# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: Apache-2.0
"""Intensity, pulses, jitter and shimmer: agreement with Praat value by value, and speed beside it.

    REWARDKIT_DATA=../shared/data python -m benchmarks.perturbation

Agreement is over all clips of LibriSpeech, RAVDESS and EmoDB: once from Praat's pitch, which
shows these analyses by themselves, and once from our own pitch at the same settings, which is what
scorers use. Speed is CPU time on stretches of 8 s; both take turns on the same clip, so that a
busy machine slows both alike. Compiling is left out, and so is pitch.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import astuple, fields
from pathlib import Path
from typing import Any

import numpy as np
import parselmouth
import soundfile
from numpy.typing import NDArray
from parselmouth.praat import call
from rewardkit_scorers.praat.intensity import intensity
from rewardkit_scorers.praat.perturbation import Jitter, Shimmer, jitter, shimmer
from rewardkit_scorers.praat.pitch import pitch
from rewardkit_scorers.praat.pulses import pulses
from rewardkit_scorers.praat.settings import Settings
from rewardkit_scorers.praat.track import Track

from benchmarks import clips
from rewardkit.batch import Batch
from rewardkit.clip import Clip

CORPORA = ("librispeech_ccby", "ravdess_ccbyncsa", "emodb_cc0")
SETTINGS = Settings(75.0, 600.0, 0.01)
JITTERS = ("local", "local, absolute", "rap", "ppq5", "ddp")
SHIMMERS = ("local", "local_dB", "apq3", "apq5", "apq11", "dda")
LIMITS = (0, 0, 0.0001, 0.02, 1.3)
STRETCHES = 60
SECONDS = 8.0
CLOSE = 1e-6
"""Seconds within which a pulse is the same."""

Array = NDArray[np.float64]


def praat_pitch(sound: parselmouth.Sound) -> parselmouth.Pitch:
    return sound.to_pitch_ac(
        time_step=SETTINGS.step, pitch_floor=SETTINGS.floor, pitch_ceiling=SETTINGS.ceiling
    )


def praat_perturbation(sound: parselmouth.Sound, process: parselmouth.Data) -> Array:
    values = [call(process, f"Get jitter ({name})", *LIMITS) for name in JITTERS]
    values += [call([sound, process], f"Get shimmer ({name})", *LIMITS, 1.6) for name in SHIMMERS]
    return np.array(values)


def as_track(pitch: parselmouth.Pitch) -> Track:
    f0 = pitch.selected_array["frequency"]
    f0 = np.where((f0 > 0) & (f0 < pitch.ceiling), f0, np.nan)
    grid = np.asarray(pitch.xs(), np.float64)
    return Track(grid, f0, f0, pitch.dx, SETTINGS.floor, SETTINGS.ceiling)


def our_perturbation(samples: Array, sample_rate: int, train: Array) -> Array:
    return np.array([*astuple(jitter(train)), *astuple(shimmer(samples, sample_rate, train))])


def common(one: Array, other: Array) -> int:
    """How many of one's pulses are among the other's."""
    if not (len(one) and len(other)):
        return 0
    after = np.searchsorted(other, one).clip(1, len(other) - 1) if len(other) > 1 else 0
    nearest = np.minimum(np.abs(other[after] - one), np.abs(other[after - 1] - one))
    return int(np.count_nonzero(nearest < CLOSE))


def agreement(files: Sequence[Path]) -> None:
    theirs: list[Array] = []
    ours: dict[str, list[Array]] = {"Praat's": [], "our": []}
    found = dict.fromkeys(ours, 0)
    same = dict.fromkeys(ours, 0)
    count, frames, off_grid, decibels = 0, 0, 0, 0.0
    for file in files:
        read, sample_rate = soundfile.read(file, dtype="float32", always_2d=True)
        clip = Clip(np.ascontiguousarray(read.mean(axis=1)), sample_rate, str(file))
        samples = clip.samples.astype(np.float64)
        samples -= samples.mean()
        sound = parselmouth.Sound(samples, sampling_frequency=sample_rate)
        theirs_pitch = praat_pitch(sound)
        process = call([sound, theirs_pitch], "To PointProcess (cc)")
        some = call(process, "Get number of points") > 0
        train = call(process, "To Matrix").values[0] if some else np.zeros(0)
        theirs.append(praat_perturbation(sound, process) if len(train) > 2 else np.full(11, np.nan))
        count += len(train)
        tracks = {"Praat's": as_track(theirs_pitch), "our": pitch(Batch([clip]), SETTINGS)[0]}
        for name, track in tracks.items():
            mine = pulses(samples, sample_rate, track)
            found[name] += len(mine)
            same[name] += common(train, mine)
            ours[name].append(our_perturbation(samples, sample_rate, mine))
        contour, reference = intensity(samples, sample_rate), sound.to_intensity()
        off_grid += np.abs(contour.times - reference.xs()).max() > CLOSE
        frames += len(contour)
        decibels = max(decibels, float(np.abs(contour.level - reference.values[0]).max()))
    print(
        f"{len(files)} clips; intensity: {frames} frames, at most {decibels:.1e} dB off,"
        f" {off_grid} clips with other frame times"
    )
    for name in ours:
        print(
            f"pulses, {name} pitch: Praat {count}, ours {found[name]}; "
            f"{100 * same[name] / count:.4f} % of Praat's within 1 us"
        )
    reference = np.array(theirs)
    names = [f"jitter {field.name}" for field in fields(Jitter)]
    names += [f"shimmer {field.name}" for field in fields(Shimmer)]
    print(f"\n{'':<24}{'from Praat pitch':^40}{'from our pitch':^40}")
    print(f"{'':<24}" + 2 * f"{'correlation':>14}{'largest':>13}{'NaN':>13}")
    for i, name in enumerate(names):
        row = f"{name:<24}"
        for values in ours.values():
            a, b = reference[:, i], np.array(values)[:, i]
            both = np.isfinite(a) & np.isfinite(b)
            differs = np.count_nonzero(np.isfinite(a) != np.isfinite(b))
            largest = np.abs(b[both] / a[both] - 1).max()
            row += f"{np.corrcoef(a[both], b[both])[0, 1]:>14.9f}{largest:>13.1e}{differs:>13}"
        print(row)
    print("largest: relative difference; NaN: clips where only one of the two has a value")


def speed() -> None:
    cost: dict[str, list[float]] = {}

    def timed(name: str, work: Callable[..., Any], *args: Any) -> Any:
        begin = time.process_time()
        result = work(*args)
        cost.setdefault(name, []).append(time.process_time() - begin)
        return result

    for turn, stretch in enumerate(clips.stretches(STRETCHES + 1, SECONDS)):
        if turn == 1:  # the first was for compiling
            cost.clear()
        samples = stretch.astype(np.float64)
        samples -= samples.mean()
        sound = parselmouth.Sound(samples, sampling_frequency=clips.RATE)
        theirs = praat_pitch(sound)
        process = timed("pulses, Praat", call, [sound, theirs], "To PointProcess (cc)")
        train = timed("pulses, ours", pulses, samples, clips.RATE, as_track(theirs))
        timed("jitter + shimmer, Praat", praat_perturbation, sound, process)
        timed("jitter + shimmer, ours", our_perturbation, samples, clips.RATE, train)
        timed("intensity, Praat", sound.to_intensity, 100.0)
        timed("intensity, ours", intensity, samples, clips.RATE)
    print(f"\nms of one core per clip of {SECONDS:g} s    Praat     ours    ratio")
    for name in ("pulses", "jitter + shimmer", "intensity"):
        praat, ours = (1000 * np.mean(cost[f"{name}, {who}"]) for who in ("Praat", "ours"))
        print(f"{name:<30} {praat:>10.2f} {ours:>8.2f} {praat / ours:>8.1f}")


def main() -> None:
    agreement([file for name in CORPORA for file in sorted((clips.data() / name).rglob("*.flac"))])
    speed()


if __name__ == "__main__":
    main()
