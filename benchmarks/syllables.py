# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: Apache-2.0
"""Syllable nuclei of the `timing` scorer against syllables marked by hand.

    REWARDKIT_DATA=../shared/data python benchmarks/syllables.py

265 clips of EmoDB come with hand-marked syllables. The threshold between two nuclei was
chosen on speakers 03, 08, 11 and 14; the other four speakers are the test.
"""

from __future__ import annotations

import csv
import os
from pathlib import Path

import numpy as np
import soundfile
from numpy.typing import NDArray
from rewardkit_scorers.timing import Timing

from rewardkit.clip import Clip

TUNED_ON = ("03", "08", "11", "14")


def measure(folder: Path) -> dict[str, NDArray[np.float64]]:
    """Counts, rates and spans, marked and measured, of each clip; and whether it was tuned on."""
    scorer = Timing()
    rows: dict[str, list[float]] = {}
    with (folder / "syllables.csv").open(newline="") as file:
        for line in csv.DictReader(file):
            path = (folder / line["file"]).with_suffix(".flac")
            samples, rate = soundfile.read(path, dtype="float32")
            clip = Clip(samples, rate)
            values = scorer(clip)
            marked_span = float(line["last_syl_end_s"]) - float(line["first_syl_s"])
            span = clip.duration - values["leading_silence"] - values["trailing_silence"]
            row = {
                "tuned": line["file"][:2] in TUNED_ON,
                "marked_count": float(line["n_syllables"]),
                "marked_span": marked_span,
                "marked_rate": float(line["n_syllables"]) / marked_span,
                "count": values["speech_rate"] * span,
                "span": span,
                "rate": values["speech_rate"],
            }
            for name, value in row.items():
                rows.setdefault(name, []).append(value)
    return {name: np.array(column) for name, column in rows.items()}


def main() -> None:
    folder = Path(os.environ["REWARDKIT_DATA"]) / "emodb_cc0"
    columns = measure(folder)
    tuned = columns["tuned"].astype(bool)
    print("measure  speakers     clips  pearson  mean_abs_error  mean_error  marked_mean")
    for name, unit in (("count", "syllables"), ("rate", "1/s"), ("span", "s")):
        for label, chosen in (("tuned on", tuned), ("test", ~tuned), ("all", tuned | ~tuned)):
            marked, got = columns[f"marked_{name}"][chosen], columns[name][chosen]
            error = got - marked
            print(
                f"{name:<8} {label:<11} {len(marked):>6} {np.corrcoef(marked, got)[0, 1]:>8.3f}"
                f" {np.abs(error).mean():>15.2f} {error.mean():>+11.2f} {marked.mean():>12.2f}"
                f"  {unit}"
            )


if __name__ == "__main__":
    main()
