# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: Apache-2.0
"""TRL's preference format, with rows that are wrong in the middle."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from rewardkit.preferences.importers import convert
from tests.preferences.importers.made import jsonl, lines, short


def said(path: str) -> list[dict[str, Any]]:
    return [
        {"role": "user", "content": "Read this."},
        {"role": "assistant", "content": [{"type": "text", "text": "here"},
                                          {"type": "audio", "audio": path}]},
    ]  # fmt: skip


def test_trl(tmp_path: Path) -> None:
    path = jsonl(
        tmp_path,
        {"prompt": "Hello.", "chosen": "g.wav", "rejected": "b.wav"},
        {"chosen": said("g.wav"), "rejected": said("b.wav"), "margin": 1.5},
        {"prompt": [{"role": "user", "content": "Hi."}], "chosen": said("g.wav"),
         "rejected": said("b.wav"), "score_chosen": 7.5, "score_rejected": 5},
        {"chosen": "g.wav", "rejected": "b.wav", "score_chosen": 1, "score_rejected": 5},
        {"chosen": "g.wav"},
        {"chosen": [{"role": "user", "content": "x"}], "rejected": "b.wav"},
        {"chosen": "g.wav", "rejected": 3},
    )  # fmt: skip
    found = convert(path, "trl", skip_errors=True)
    assert [(*short(p), p.margin, p.text, p.side_known) for p in found.preferences] == [
        ("g.wav", "b.wav", 1.0, None, "Hello.", False),
        ("g.wav", "b.wav", 1.0, 1.5, None, False),
        ("g.wav", "b.wav", 1.0, 2.5, "Hi.", False),
    ]
    assert lines(found) == [
        (4, "out_of_range"), (5, "missing_column"), (6, "missing_column"), (7, "wrong_type"),
    ]  # fmt: skip
