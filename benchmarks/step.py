# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A step of reinforcement learning: 1,024 clips of 8 s, beside the same with Praat, clip by clip.

    REWARDKIT_DATA=../shared/data python -m benchmarks.step

The Praat loop measures, through parselmouth and in as many processes, what is beneath the
`prosody` checkpoint: pitch in two passes, pulses, two measures each of jitter and shimmer,
harmonics-to-noise ratio by cross-correlation, intensity. (Its cepstral peak prominence, 1.4 s a
clip, is left out.) It goes over every eighth clip, and its time is scaled. The two take turns, five
times, and what is compared are medians.

Workers, ours and Praat's, are started before and stay, as they do for a loop's next step; what
their start takes is printed. Seconds are of the clock; and of the processor, over all processes,
less what a run over one clip per process takes. The latter depend less on what else a machine does.
"""

from __future__ import annotations

import argparse
import multiprocessing
import resource
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from benchmarks import clips
from rewardkit.audio import read
from rewardkit.extract import Extractor
from rewardkit.model import RewardModel


def praat(path: str) -> float:
    """What a loop over files with parselmouth does for one clip."""
    import parselmouth
    import soundfile
    from parselmouth.praat import call

    samples, rate = soundfile.read(path)
    sound = parselmouth.Sound(samples, rate)
    wide = sound.to_pitch_ac(time_step=0.01, pitch_floor=60, pitch_ceiling=700)
    f0 = wide.selected_array["frequency"]
    low, high = np.quantile(f0[f0 > 0], (0.25, 0.75))
    pitch = sound.to_pitch_ac(
        time_step=0.01, pitch_floor=max(60.0, 0.75 * low), pitch_ceiling=min(700.0, 2.5 * high)
    )
    pulses = call([sound, pitch], "To PointProcess (cc)")
    period = (0, 0, 0.0001, 0.02, 1.3)
    for kind in ("local", "ppq5"):
        call(pulses, f"Get jitter ({kind})", *period)
    for kind in ("local_dB", "apq5"):
        call([sound, pulses], f"Get shimmer ({kind})", *period, 1.6)
    sound.to_intensity(minimum_pitch=75, time_step=0.01)
    return float(call(sound.to_harmonicity_cc(), "Get mean", 0, 0))


def loop(paths: list[str], workers: int) -> float:
    """Seconds that processes take for these files, their start left out."""
    with multiprocessing.get_context("spawn").Pool(workers) as pool:
        pool.map(praat, paths[:workers], chunksize=1)
        start = time.perf_counter()
        pool.map(praat, paths, chunksize=4)
        return time.perf_counter() - start


def ours(model: RewardModel, paths: list[str], workers: int) -> float:
    """Seconds that the checkpoint takes for these files, the start of its workers left out."""
    with model.pool(workers) as pool:
        model.score_batch(paths[:workers], workers=pool)
        start = time.perf_counter()
        rewards = model.score_batch(paths, workers=pool)
        seconds = time.perf_counter() - start
    assert all(reward.status == "ok" for reward in rewards)  # noqa: S101
    return seconds


def processor() -> float:
    """Seconds of the processor that this process and its ended children have used."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in used)


def timed(run: Callable[[list[str]], float], paths: list[str], workers: int) -> tuple[float, float]:
    """Seconds of the clock, and of the processor without the start of the workers."""
    begun = processor()
    run(paths[:workers])
    started = processor()
    seconds = run(paths)
    return seconds, processor() - started - (started - begun)


def shares(name: str, paths: list[str]) -> None:
    """CPU time of each scorer of a checkpoint, in one process, after a first clip."""
    model = RewardModel.from_pretrained(name)
    read_clips = [read(path) for path in paths]
    model.extractor(read_clips[:1])
    spent = {}
    for scorers in ([], *([s] for s in model.extractor.scorers), model.extractor.scorers):
        extractor = Extractor(scorers, require_speech=not scorers)
        start = time.process_time()
        extractor(read_clips)
        label = "speech gate" if not scorers else scorers[0].name if len(scorers) == 1 else "all"
        spent[label] = (time.process_time() - start) / len(paths)
    start = time.process_time()
    for path in paths:
        read(path)
    spent["reading"] = (time.process_time() - start) / len(paths)
    print(f"{name}: CPU time per clip of 8 s, one process; pitch is tracked once for all in `all`")
    for label, seconds in spent.items():
        print(f"  {label:12} {1000 * seconds:8.2f} ms")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--clips", type=int, default=1024)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--checkpoints", nargs="*", default=["prosody", "default"])
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        paths = clips.write(Path(folder), given.clips, 8.0)
        some = paths[::8]
        model = RewardModel.from_pretrained("prosody")
        ours(model, paths[:8], 1)  # compiled code is on disk from here on
        counts = (1, given.workers)

        def praats() -> tuple[float, float]:
            return timed(lambda part: loop(part, given.workers), some, given.workers)

        def models(count: int) -> tuple[float, float]:
            return timed(lambda part: ours(model, part, count), paths, count)

        reference = [praats()]
        times: dict[int, list[tuple[float, float]]] = {count: [] for count in counts}
        for _ in range(given.repeats):
            for count in counts:
                times[count].append(models(count))
            reference.append(praats())
        scale = len(paths) / len(some)
        started = time.perf_counter()
        model.score_batch(paths[: given.workers], workers=given.workers)
        started = time.perf_counter() - started
        rows = {
            f"Praat loop, {given.workers} processes": [(scale * a, scale * b) for a, b in reference]
        }
        for count in reversed(counts):
            rows[f"prosody, {count} process(es)"] = times[count]
        print(
            f"{len(paths)} clips of 8 s; seconds of the clock, of the processor: medians and runs"
        )
        medians = []
        for label, runs in rows.items():
            medians.append(np.median(runs, axis=0))
            listed = "  ".join(f"{clock:.2f} {cpu:.2f}" for clock, cpu in runs)
            print(f"  {label:28} {medians[-1][0]:8.2f} {medians[-1][1]:8.2f}   ({listed})")
        praat_loop, two, one = medians
        clock, cpu = praat_loop / two
        print(f"  prosody over the Praat loop: clock {clock:.1f} x, processor {cpu:.1f} x")
        print(f"  1 -> {given.workers} processes, by the clock: {one[0] / two[0]:.2f} x")
        print(f"  start of {given.workers} processes, with a clip each: {started:.2f} s")
        for name in given.checkpoints:
            shares(name, paths[: min(64, len(paths))])


if __name__ == "__main__":
    main()
