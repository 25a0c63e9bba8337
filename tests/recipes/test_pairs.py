# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The command that writes preference files."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from checkpoints.recipes import damage, pairs
from checkpoints.recipes.folder import SAMPLE_RATE, Folder, chance, read
from checkpoints.recipes.loudness import loudness
from rewardkit.preferences import validate


def test_a_peak_over_full_scale_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="over full scale"):
        Folder(tmp_path).save(np.full(100, 1.5, np.float32), "loud")


def test_chance_hangs_on_names_only() -> None:
    one, again, other = (chance(*key).random() for key in (("a", "b"), ("a", "b"), ("a", "c")))
    assert one == again != other


def test_noise_gives_no_rows(tmp_path: Path) -> None:
    noise = 0.1 * np.random.default_rng(0).standard_normal(32_000).astype(np.float32)
    take = pairs.Take("noise", "nobody", noise)
    assert pairs.damaged_rows(take, Folder(tmp_path), kinds=3, offset=0) == []


def test_one_real_clip_gives_a_tie_and_as_many_damages_as_asked(
    data_dir: Path, tmp_path: Path
) -> None:
    folder = Folder(tmp_path)
    take = next(pairs.emodb_takes(data_dir))
    rows = pairs.damaged_rows(take, folder, kinds=6, offset=3)
    assert [row["preference"] for row in rows] == ["tie"] + ["a"] * 6
    assert rows[0]["system_a"] == "resynthesised"
    names = [row["system_b"].removeprefix("damaged-") for row in rows[1:]]
    assert len(set(names)) == 6
    assert set(names) <= {kind.name for kind in damage.DAMAGES}
    assert {row["system_a"] for row in rows[1:]} <= {"resynthesised", "original"}
    for row in rows:
        heard = [read(tmp_path / row[side]) for side in ("audio_a", "audio_b")]
        levels = [loudness(samples, SAMPLE_RATE) for samples in heard]
        assert levels == pytest.approx([-30.0, -30.0], abs=0.05)
    folder.write(rows, "damaged")
    report = validate(tmp_path / "damaged.jsonl")
    assert not list(report.errors)


@pytest.mark.slow
def test_the_emodb_file_is_whole_and_blind_to_side_and_loudness(
    data_dir: Path, tmp_path: Path
) -> None:
    folder = Folder(tmp_path)
    rows = pairs.emodb(data_dir, folder)
    assert Counter(row["dimension"] for row in rows) == {"prosody": 1142, "emotion": 196}
    folder.write(rows, "emodb")
    report = validate(tmp_path / "emodb.jsonl")
    assert not list(report.errors)
    assert {issue.code for issue in report.warnings} == {"disconnected"}
