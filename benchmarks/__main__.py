# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: Apache-2.0
"""All benchmarks of speed, one after the other, into one page.

    pip install -e ".[test]" opensmile
    REWARDKIT_DATA=../shared/data python -m benchmarks

writes `benchmarks/RESULTS.md`, with the machine described. Machines differ and are noisy: only
ratios taken in one run count. `python -m benchmarks NAME …` runs some of them and prints only.
"""

from __future__ import annotations

import argparse
import datetime
import importlib
import importlib.metadata
import os
import platform
import subprocess
import sys
from pathlib import Path

PAGE = Path(__file__).with_name("RESULTS.md")
ALL = ("pitch", "perturbation", "voice", "acoustic", "networks", "step", "growth", "startup")
VERSIONS = (
    "numpy",
    "scipy",
    "ducc0",
    "numba",
    "torch",
    "praat-parselmouth",
    "librosa",
    "speechbrain",
)


def machine() -> str:
    """What ran this."""
    model = platform.processor() or platform.machine()
    info = Path("/proc/cpuinfo")
    if info.exists():
        names = [
            line.split(":", 1)[1] for line in info.read_text().splitlines() if "model name" in line
        ]
        model = names[0].strip() if names else model
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    versions = ", ".join(f"{name} {importlib.metadata.version(name)}" for name in VERSIONS)
    return (
        f"{model}, {os.cpu_count()} cores, {memory:.0f} GiB, {platform.system()}, "
        f"Python {platform.python_version()}; {versions}"
    )


def run(name: str) -> str:
    """A benchmark's output."""
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    command = [sys.executable, "-m", f"benchmarks.{name}"]
    done = subprocess.run(command, capture_output=True, text=True, env=environment)  # noqa: S603
    if done.returncode:
        raise SystemExit(f"{name} failed:\n{done.stdout}{done.stderr}")
    return done.stdout.rstrip()


def about(name: str) -> str:
    """The first line of its documentation."""
    text = importlib.import_module(f"benchmarks.{name}").__doc__ or ""
    return text.strip().splitlines()[0]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*", choices=[[], *ALL], default=[])
    names = parser.parse_args().names
    parts = [
        "# Speed and agreement, measured\n",
        "Made by `python -m benchmarks`. Only the ratios within a part count.\n",
        f"{datetime.date.today().isoformat()}; {machine()}.\n",
    ]
    for name in names or ALL:
        print(f"{name} …", file=sys.stderr, flush=True)
        output = run(name)
        parts.append(
            f"## {about(name)}\n\n`python -m benchmarks.{name}`\n\n```text\n{output}\n```\n"
        )
        if names:
            print(parts[-1])
        else:
            PAGE.write_text("\n".join(parts))


if __name__ == "__main__":
    main()
