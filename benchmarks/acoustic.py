# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Pitch, intensity, jitter, shimmer and harmonicity: ours, Praat's, and openSMILE's eGeMAPSv02.

    pip install opensmile
    REWARDKIT_DATA=../shared/data python -m benchmarks.acoustic

openSMILE's licence is for research, so it is no dependency; without it its row is left out. All
take turns on the same stretches of 8 s; CPU time, so threads do not help; compiling is left out.
Praat and we measure the same: pitch at 75 to 600 Hz and 10 ms, intensity, pulses, five jitters,
six shimmers, harmonics-to-noise ratio by cross-correlation. Both agree value by value below.
eGeMAPSv02's 88 functionals are other numbers of the same kind.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

import numpy as np
import parselmouth
from numpy.typing import NDArray
from parselmouth.praat import call
from rewardkit_scorers.praat.harmonicity import harmonicities
from rewardkit_scorers.praat.intensity import intensities
from rewardkit_scorers.praat.perturbation import jitters, shimmers
from rewardkit_scorers.praat.pitch import pitch
from rewardkit_scorers.praat.settings import Settings
from rewardkit_scorers.praat.track import Track

from benchmarks import clips
from rewardkit.batch import Batch
from rewardkit.clip import Clip

STRETCHES, TOGETHER, SECONDS = 64, 16, 8.0
SETTINGS = Settings(75.0, 600.0, 0.01)
LIMITS = (0, 0, 0.0001, 0.02, 1.3)
NAMES = (
    "F0 median",
    "intensity mean",
    *(f"jitter {name}" for name in ("local", "local, absolute", "rap", "ppq5", "ddp")),
    *(f"shimmer {name}" for name in ("local", "local_dB", "apq3", "apq5", "apq11", "dda")),
    "HNR (cc) mean",
)

Array = NDArray[np.float64]


def tracked(batch: Batch) -> tuple[Track, ...]:
    return pitch(batch, SETTINGS)


def ours(group: Sequence[Clip]) -> Array:
    batch = Batch(group)
    rows = zip(
        batch.shared(tracked),
        intensities(batch, 100.0, None),
        jitters(batch, tracked),
        shimmers(batch, tracked),
        harmonicities(batch),
        strict=True,
    )
    return np.array(
        [
            [
                np.nanmedian(track.f0),
                level.level.mean(),
                *(j.local, j.local_absolute, j.rap, j.ppq5, j.ddp),
                *(s.local, s.local_level, s.apq3, s.apq5, s.apq11, s.dda),
                ratio.mean,
            ]
            for track, level, j, s, ratio in rows
        ]
    )


def praat(group: Sequence[Clip]) -> Array:
    rows = []
    for clip in group:
        samples = clip.samples.astype(np.float64)
        sound = parselmouth.Sound(samples - samples.mean(), clip.sample_rate)  # as our scorers do
        track = sound.to_pitch_ac(
            time_step=SETTINGS.step, pitch_floor=SETTINGS.floor, pitch_ceiling=SETTINGS.ceiling
        )
        f0 = track.selected_array["frequency"]
        pulses = call([sound, track], "To PointProcess (cc)")
        row = [np.median(f0[f0 > 0]), sound.to_intensity(100.0).values.mean()]
        row += [
            call(pulses, f"Get jitter ({name.removeprefix('jitter ')})", *LIMITS)
            for name in NAMES[2:7]
        ]
        row += [
            call([sound, pulses], f"Get shimmer ({name.removeprefix('shimmer ')})", *LIMITS, 1.6)
            for name in NAMES[7:13]
        ]
        ratio = sound.to_harmonicity_cc().values
        rows.append([*row, ratio[ratio > -199].mean()])
    return np.array(rows)


def opensmile() -> Callable[[Sequence[Clip]], Array] | None:
    try:
        import opensmile as smile
    except ImportError:
        return None
    extractor = smile.Smile(
        feature_set=smile.FeatureSet.eGeMAPSv02, feature_level=smile.FeatureLevel.Functionals
    )

    def measure(group: Sequence[Clip]) -> Array:
        return np.array(
            [extractor.process_signal(c.samples, c.sample_rate).to_numpy()[0] for c in group]
        )

    return measure


def main() -> None:
    made = [Clip(samples, clips.RATE) for samples in clips.stretches(STRETCHES, SECONDS)]
    groups = [made[start : start + TOGETHER] for start in range(0, STRETCHES, TOGETHER)]
    methods = {"rewardkit": ours, "Praat (parselmouth)": praat}
    other = opensmile()
    if other is not None:
        methods["openSMILE eGeMAPSv02"] = other
    spent = dict.fromkeys(methods, 0.0)
    values: dict[str, list[Array]] = {name: [] for name in methods}
    for method in methods.values():
        method(groups[0][:2])
    for group in groups:
        for name, method in methods.items():
            start = time.process_time()
            values[name].append(method(group))
            spent[name] += time.process_time() - start
    print(f"{STRETCHES} stretches of {SECONDS:g} s, {TOGETHER} a call, CPU time of one core")
    print(f"{'':24}ms per clip  x real time  rewardkit is faster by")
    for name, seconds in spent.items():
        print(
            f"{name:24}{1000 * seconds / STRETCHES:11.2f}  {STRETCHES * SECONDS / seconds:11.0f}"
            f"  {seconds / spent['rewardkit']:22.1f}"
        )
    print(f"\n{'against Praat':24}correlation over clips  largest difference")
    mine, theirs = (
        np.concatenate(values["rewardkit"]),
        np.concatenate(values["Praat (parselmouth)"]),
    )
    for column, name in enumerate(NAMES):
        a, b = mine[:, column], theirs[:, column]
        print(f"{name:24}{np.corrcoef(a, b)[0, 1]:22.7f}  {np.abs(a - b).max():.2g}")


if __name__ == "__main__":
    main()
