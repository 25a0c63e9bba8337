# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: Apache-2.0
"""HelpSteer3's records, with rows that are wrong in the middle."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

from rewardkit.preferences.importers import convert
from tests.preferences.importers.made import HELPSTEER, lines, short


def test_helpsteer3(tmp_path: Path) -> None:
    path = tmp_path / "train.jsonl.gz"
    rows = [
        HELPSTEER,
        {**HELPSTEER, "individual_preference": []},
        {**HELPSTEER, "individual_preference": [{"score": 4}, {"score": None}]},
        {**HELPSTEER, "response2": "one.wav"},
        {**HELPSTEER, "response1": None},
    ]
    path.write_bytes(gzip.compress("".join(json.dumps(r) + "\n" for r in rows).encode()))
    found = convert(path, "helpsteer3", skip_errors=True)
    assert [(*short(p), p.strength) for p in found.preferences] == [
        ("one.wav", "two.wav", 1.0, 2.0),
        ("one.wav", "two.wav", 0.5, None),
        ("one.wav", "two.wav", 0.0, 1.0),
        ("one.wav", "two.wav", 1.0, 1.0),
    ]
    assert lines(found) == [
        (3, "out_of_range"), (3, "wrong_type"), (4, "same_clip"), (4, "same_clip"),
        (4, "same_clip"), (5, "missing_column"),
    ]  # fmt: skip
