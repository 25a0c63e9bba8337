# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The example clips that ship are what their names say, and their preferences are sound."""

from __future__ import annotations

import itertools
import json
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import parselmouth
import pytest
import soundfile
from rewardkit_scorers.resynthesis import pitch_range

from checkpoints.recipes import structure
from checkpoints.recipes.loudness import loudness
from rewardkit.preferences import validate

EXAMPLES = Path(__file__).parents[2] / "examples"
RATE = 16_000
CLIPS = sorted((EXAMPLES / "clips").rglob("*.flac"))


def read(name: str) -> Any:
    samples, rate = soundfile.read(EXAMPLES / "clips" / f"{name}.flac", dtype="float32")
    assert rate == RATE
    assert samples.ndim == 1
    return samples


def f0_range(name: str) -> float:
    """10th to 90th percentile of F0, in semitones."""
    sound = parselmouth.Sound(read(name).astype(np.float64), RATE)
    hertz = sound.to_pitch(0.01, *pitch_range(sound)).selected_array["frequency"]
    low, high = np.percentile(hertz[hertz > 0], [10, 90])
    return float(12 * np.log2(high / low))


def pauses(name: str) -> float:
    """Seconds of pauses between the first and the last speech."""
    found = structure.spans(read(name), RATE)
    return sum(b[0] - a[1] for a, b in itertools.pairwise(found))


def test_the_melodies_differ_as_named() -> None:
    assert f0_range("monotone") < 0.3
    assert f0_range("plain") > 5
    assert f0_range("lively") == pytest.approx(1.4 * f0_range("plain"), rel=0.15)


def test_the_pauses_and_tempo_differ_as_named() -> None:
    assert pauses("badly_paused") > pauses("plain") + 0.5
    assert len(read("too_fast")) / len(read("plain")) == pytest.approx(0.6, abs=0.01)
    assert len(read("monotone")) == len(read("lively")) == len(read("plain"))


@pytest.mark.parametrize("path", CLIPS, ids=lambda path: path.stem)
def test_no_clip_is_louder_than_another(path: Path) -> None:
    samples, _ = soundfile.read(path, dtype="float32")
    assert loudness(samples, RATE) == pytest.approx(-27.0, abs=0.1)


def test_the_folder_is_small() -> None:
    assert len(CLIPS) == 43
    assert sum(path.stat().st_size for path in CLIPS) < 2_000_000


def test_the_preferences_can_be_trained_on() -> None:
    report = validate(EXAMPLES / "prefs.jsonl")
    assert not list(report.errors)
    assert not list(report.warnings)


def test_the_preferences_hold_two_dimensions_ties_votes_and_a_rater() -> None:
    lines = (EXAMPLES / "prefs.jsonl").read_text(encoding="utf-8").splitlines()
    rows = [json.loads(line) for line in lines]
    assert min(Counter(row["dimension"] for row in rows).values()) > 60
    assert {row["rater"] for row in rows} == {"known-order"}
    assert sum(row.get("votes_tie", 0) for row in rows) == 24
    sides = Counter(row["preference"] for row in rows if "preference" in row)
    assert abs(sides["a"] - sides["b"]) < 0.2 * len(rows)
