# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""From the command to the reward, beside what an import of torch takes; and one clip in a process.

REWARDKIT_DATA=../shared/data python -m benchmarks.startup
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import parselmouth

from benchmarks import clips
from rewardkit.audio import read
from rewardkit.model import RewardModel

ROUNDS = 7


def commands(path: str) -> None:
    """Wall time of whole processes, in turns."""
    score = ["-m", "rewardkit", "score", path, "--checkpoint"]
    rows = {
        "rewardkit --help": ["-m", "rewardkit", "--help"],
        "score --checkpoint prosody": [*score, "prosody"],
        "score --checkpoint default": [*score, "default"],
        'python -c "import torch"': ["-c", "import torch"],
    }
    times: dict[str, list[float]] = {label: [] for label in rows}
    for _ in range(ROUNDS):
        for label, arguments in rows.items():
            start = time.perf_counter()
            subprocess.run([sys.executable, *arguments], capture_output=True, check=True)  # noqa: S603
            times[label].append(time.perf_counter() - start)
    print(f"seconds, median and fastest of {ROUNDS}")
    for label, seconds in times.items():
        print(f"  {label:28} {np.median(seconds):6.2f} {min(seconds):6.2f}")


def one_clip(path: str) -> None:
    """CPU time of one clip of 6 s in a process that runs already, beside Praat's pitch alone."""
    model = RewardModel.from_pretrained("prosody")
    clip = read(path)
    sound = parselmouth.Sound(clip.samples.astype(np.float64), clip.sample_rate)
    model(clip)
    praat = "Praat's pitch"
    times: dict[str, list[float]] = {"prosody": [], praat: []}
    for _ in range(20):
        start = time.process_time()
        model(clip)
        times["prosody"].append(time.process_time() - start)
        start = time.process_time()
        sound.to_pitch_ac(time_step=0.01, pitch_floor=60, pitch_ceiling=700)
        times[praat].append(time.process_time() - start)
    middle = {label: float(np.median(seconds)) for label, seconds in times.items()}
    print("one clip of 6 s, CPU milliseconds, median of 20")
    for label, seconds in middle.items():
        print(f"  {label:28} {1000 * seconds:6.2f}")
    print(f"  ratio {middle['prosody'] / middle[praat]:.2f}")


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = clips.write(Path(folder), 3, 6.0)[1]
        commands(path)
        one_clip(path)


if __name__ == "__main__":
    main()
