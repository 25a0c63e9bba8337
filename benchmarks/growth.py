# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: Apache-2.0
"""How cost grows with the number of clips and with their length, and how much memory it takes.

    REWARDKIT_DATA=../shared/data python -m benchmarks.growth

Each line is a process of its own, so that its peak of memory is its own. The slope is that of
log time over log size: 1 is linear.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from benchmarks import clips
from rewardkit.audio import Limits
from rewardkit.model import RewardModel

COUNTS = (10, 100, 1000, 10_000)
DURATIONS = (1.0, 10.0, 60.0, 600.0, 3600.0)


def measure(paths: list[str], repeat: int) -> dict[str, float]:
    """Seconds and peak memory in MB of scoring the files, each as often as said, in one process."""
    model = RewardModel.from_pretrained("prosody", abstain=False)
    model.score_batch(paths[:1])
    base = peak_memory()
    start = time.process_time()
    limits = Limits(max_duration=7200.0)
    for reward in model.score_iter((p for _ in range(repeat) for p in paths), limits=limits):
        assert reward.status in ("ok", "no_speech"), reward  # noqa: S101
    spent = time.process_time() - start
    return {"seconds": spent, "base": base, "peak": peak_memory()}


def peak_memory() -> float:
    """Of this process, in MB; what `getrusage` gives counts the parent before exec."""
    status = Path("/proc/self/status")
    if status.exists():
        line = next(line for line in status.read_text().splitlines() if line.startswith("VmHWM"))
        return float(line.split()[1]) / 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def line(paths: list[str], repeat: int) -> dict[str, float]:
    """`measure` in a process of its own."""
    job = json.dumps({"paths": paths, "repeat": repeat})
    command = [sys.executable, "-m", "benchmarks.growth", "--job", "-"]
    done = subprocess.run(command, input=job, capture_output=True, text=True, check=True)  # noqa: S603
    found: dict[str, float] = json.loads(done.stdout)
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--job", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.job:
        job = json.loads(sys.stdin.read())
        print(json.dumps(measure(job["paths"], job["repeat"])))
        return
    with tempfile.TemporaryDirectory() as folder:
        for what, sizes in (("clips of 2 s", COUNTS), ("seconds in one clip", DURATIONS)):
            print(f"{what:>20}  CPU seconds  per unit (ms)  peak memory (MB), after a first clip")
            spent = []
            for size in sizes:
                if what.startswith("clips"):
                    each = min(int(size), 1000)
                    paths = clips.write(Path(folder), each, 2.0)
                    found = line(paths, int(size) // each)
                else:
                    found = line(clips.write(Path(folder), 1, size), 1)
                spent.append(found["seconds"])
                each_one = 1000 * found["seconds"] / size
                print(
                    f"{size:>20g}  {found['seconds']:>11.3f}  {each_one:>13.3f}"
                    f"  {found['peak']:>16.0f} {found['base']:>21.0f}"
                )
            slope = np.polyfit(np.log(sizes), np.log(spent), 1)[0]
            top = np.log(spent[-1] / spent[-2]) / np.log(sizes[-1] / sizes[-2])
            print(f"{'slope':>20}  {slope:.3f} over all, {top:.3f} over the last step")


if __name__ == "__main__":
    main()
