# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: Apache-2.0
"""Fixtures for all tests. Sounds are made here, never read from somewhere."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from rewardkit.clip import Clip

ROOT = Path(__file__).parent.parent
"""The project's top folder."""


@pytest.fixture(scope="session")
def data_dir() -> Path:
    """The folder of speech data that `$REWARDKIT_DATA` names; the test is skipped without it."""
    folder = os.environ.get("REWARDKIT_DATA")
    if not folder:
        pytest.skip("needs speech data: set REWARDKIT_DATA to its folder")
    return Path(folder)


@pytest.fixture(scope="session")
def example_clips() -> list[Path]:
    """The example clips that ship with the project, in name order."""
    return sorted((ROOT / "examples" / "clips").glob("*.flac"))


def make_clip(
    wave: Callable[[NDArray[np.float64]], NDArray[np.float64]],
    duration: float = 1.0,
    sample_rate: int = 16_000,
) -> Clip:
    """A clip of `wave(t)`, `t` in seconds."""
    t = np.arange(round(duration * sample_rate)) / sample_rate
    return Clip(wave(t).astype(np.float32), sample_rate, source="<made>")


@pytest.fixture
def plugins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str, str], None]:
    """Installs a module of scorers, as pip would: `plugins(source, "name = module:Class")`.

    The module is called `strangers`.
    """

    def install(source: str, *points: str) -> None:
        folder = tmp_path / "site"
        info = folder / "strangers-1.0.dist-info"
        info.mkdir(parents=True)
        (folder / "strangers.py").write_text(source)
        (info / "METADATA").write_text("Metadata-Version: 2.1\nName: strangers\nVersion: 1.0\n")
        lines = "\n".join(points)
        (info / "entry_points.txt").write_text(f"[rewardkit.scorers]\n{lines}\n")
        monkeypatch.syspath_prepend(str(folder))
        monkeypatch.setenv("PYTHONPATH", str(folder))
        monkeypatch.delitem(sys.modules, "strangers", raising=False)

    return install
