# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The `voice` scorer against Praat: harmonicity frame by frame, CPP beside CPPS, and speed.

    REWARDKIT_DATA=../shared/data python -m benchmarks.voice [clips]

Times are CPU times of one thread, of Praat and ours by turns, after one call to compile. CPPS is
taken by Praat's least-squares line every 10 ms; its robust line takes minutes.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from typing import TypeVar

import numpy as np
import parselmouth
from numpy.typing import NDArray
from parselmouth.praat import call
from rewardkit_scorers._track import tracks
from rewardkit_scorers.praat.harmonicity import harmonicity
from rewardkit_scorers.voice import Voice

from benchmarks.clips import RATE, stretches
from rewardkit.batch import Batch
from rewardkit.clip import Clip

SECONDS = 8.0
Result = TypeVar("Result")


def timed(work: Callable[[], Result], spent: list[float]) -> Result:
    start = time.process_time()
    result = work()
    spent.append(time.process_time() - start)
    return result


def cpps(sound: parselmouth.Sound) -> float:
    cepstra = call(sound, "To PowerCepstrogram", 60, 0.01, 5000, 50)
    tail = (60, 330, 0.05, "Parabolic", 0.001, 0.05, "Straight", "Least squares")
    return float(call(cepstra, "Get CPPS", True, 0.02, 0.0005, *tail))


def sound_of(samples: NDArray[np.float32]) -> parselmouth.Sound:
    return parselmouth.Sound(samples.astype(np.float64), RATE)


def main() -> None:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 24
    scorer = Voice()
    clips = [Clip(samples, RATE) for samples in stretches(count, SECONDS)]
    scorer.score_batch(clips[:1])
    names = [feature.name for feature in scorer.features]
    times: dict[str, list[float]] = {name: [] for name in ("praat", "ours", "cpps", "voice")}
    silence, distance, rows = [], [], []
    for clip in clips:
        sound = sound_of(clip.samples)
        theirs = timed(lambda s=sound: s.to_harmonicity_cc(0.01, 75, 0.1, 1.0), times["praat"])
        ours = timed(lambda c=clip: harmonicity(c.samples, RATE), times["ours"])
        smooth = timed(lambda s=sound: cpps(s), times["cpps"])
        batch = Batch([clip])
        batch.shared(tracks, scorer.floor, scorer.ceiling)
        values = timed(lambda b=batch: scorer.score_batch(b)[0], times["voice"])
        ratio = theirs.values[0]
        heard = ratio > -200
        silence.append(heard != np.isfinite(ours.ratio))
        distance.append(np.abs(ratio - ours.ratio)[heard & np.isfinite(ours.ratio)])
        cpp = values[names.index("cpp")]
        rows.append([ratio[heard].mean(), ours.mean, smooth, cpp])
    apart = np.concatenate(distance)
    correlation = np.corrcoef(np.array(rows).T)
    print(f"{count} clips of {SECONDS:g} s, LibriSpeech")
    print(f"harmonicity (cc): {len(apart)} frames with a ratio in both")
    print(f"  silence differs        {np.concatenate(silence).mean():.4%} of frames")
    print(f"  median, p99 difference {np.median(apart):.1e}, {np.quantile(apart, 0.99):.1e} dB")
    print(f"  more than 0.1 dB off   {np.mean(apart > 0.1):.3%}")
    print(f"  means of clips: r      {correlation[0, 1]:.7f}")
    print(f"cpp with Praat's CPPS: r {correlation[2, 3]:.3f}, another quantity")
    spent = {name: float(np.median(each)) for name, each in times.items()}
    for name, label in (("ours", "harmonicity"), ("voice", "whole scorer, given the pitch track")):
        print(f"{label}: {spent[name] * 1e3:.2f} ms, {SECONDS / spent[name]:.0f} x real time")
    print(f"Praat's harmonicity: {SECONDS / spent['praat']:.0f} x real time")
    print(f"ratio: {spent['praat'] / spent['ours']:.1f}")
    print(f"Praat's CPPS (10 ms, least squares): {SECONDS / spent['cpps']:.0f} x real time")


if __name__ == "__main__":
    main()
