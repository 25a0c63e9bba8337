# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: Apache-2.0
"""Memory while validating grows with the clips, not with the lines."""

from __future__ import annotations

import tracemalloc
from pathlib import Path

import pytest

from rewardkit.preferences import validate
from tests.preferences.made import FakeProbe, pair, put


def peak(path: Path) -> int:
    """Most bytes that Python held at once."""
    tracemalloc.start()
    try:
        report = validate(path, probe=lambda path: FakeProbe()(path), keep=100)
        assert report.rows > 0
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("kind", ["votes", "errors", "one pair"])
def test_four_times_the_lines_in_the_same_memory(tmp_path: Path, kind: str) -> None:
    def rows(count: int) -> list[dict[str, object]]:
        if kind == "errors":
            return [pair(preference="c", b=f"{i}.wav") for i in range(count)]
        if kind == "one pair":
            return [pair(rater=f"{i}") for i in range(count)]
        return [pair(f"{i % 97}", f"{100 + i % 89}", rater=f"r{i}") for i in range(count)]

    small = peak(put(tmp_path, *rows(4_000)))
    large = peak(put(tmp_path, *rows(16_000)))
    # Holding one object of 50 bytes for each of the lines between would be 600 kB.
    assert large - small < 300_000


def test_one_huge_line_is_never_held(tmp_path: Path) -> None:
    path = put(tmp_path, pair(), b"x" * 50_000_000)
    assert peak(path) < 10_000_000
