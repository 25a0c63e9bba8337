# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: Apache-2.0
"""Time and memory to validate a large preference file.

    python benchmarks/preferences.py --rows 5000000 --clips 200000

The file is made first, by another process, so that the memory shown is that of `validate`. Its
clips exist in name only: the time to decode them is left out.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import random
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from rewardkit.preferences import ClipInfo, validate


def make(path: Path, rows: int, clips: int) -> None:
    """Random pairs judged by a thousand raters, each row some 100 bytes."""
    draw = random.Random(0)  # noqa: S311
    with path.open("w") as file:
        for _ in range(rows):
            a = draw.randrange(clips)
            row = {
                "audio_a": f"clips/{a:07}.flac",
                "audio_b": f"clips/{(a + 1 + draw.randrange(clips - 1)) % clips:07}.flac",
                "preference": draw.choice(("a", "b", "tie")),
                "rater": f"r{draw.randrange(1000)}",
            }
            file.write(json.dumps(row) + "\n")


def imagine(path: Path) -> ClipInfo:
    """A clip whose properties follow from its name."""
    key = hashlib.sha256(path.name.encode()).hexdigest()
    return ClipInfo(key, 1.0 + int(key[:4], 16) / 65536, -30.0 + int(key[4:8], 16) / 65536)


def peak() -> float:
    """Largest resident memory of this process so far, in MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def main() -> None:
    """Make a file, validate it, print what it took."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=5_000_000)
    parser.add_argument("--clips", type=int, default=200_000)
    parser.add_argument("--make", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.make:
        make(options.make, options.rows, options.clips)
        return
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "preferences.jsonl")
        subprocess.run([sys.executable, __file__, *sys.argv[1:], "--make", path], check=True)  # noqa: S603
        size = path.stat().st_size / 1e6
        before = peak()
        start, start_cpu = time.perf_counter(), time.process_time()
        report = validate(path, probe=imagine)
        seconds, cpu = time.perf_counter() - start, time.process_time() - start_cpu
    (summary,) = report.dimensions
    print(f"{report.rows} rows, {size:.0f} MB, {report.clips} clips, {summary.pairs} pairs")
    print(f"{seconds:.0f} s; {cpu:.0f} s of processor time, {report.rows / cpu:.0f} rows in each")
    print(f"peak memory {peak():.0f} MB, of which {before:.0f} MB before validating")


if __name__ == "__main__":
    main()
