# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: Apache-2.0
"""The doctor names what is wrong."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from rewardkit import doctor


def problems(part: str) -> list[str]:
    return [f"{f.what}: {f.found}" for f in doctor.examine() if not f.ok and part in f.what]


def test_another_distribution_with_our_name_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    info = tmp_path / "harbor_rewardkit-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: harbor-rewardkit\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[console_scripts]\nrewardkit = harbor:main\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    assert "harbor-rewardkit" in "".join(problems("namesake"))


def test_a_scorer_that_cannot_be_made_is_named(plugins: Callable[..., None]) -> None:
    plugins("class Broken:\n    def __init__(self): raise OSError('no model')\n",
            "broken = strangers:Broken")  # fmt: skip
    assert "no model" in "".join(problems("scorer broken"))


def test_the_malware_releases_of_lightning_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    real = doctor.version
    monkeypatch.setattr(doctor, "version", lambda n: "2.6.3" if n == "lightning" else real(n))
    assert "malware" in "".join(problems("lightning"))


def test_a_cache_that_cannot_be_written_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REWARDKIT_CACHE", "/proc/nowhere/features.sqlite")
    monkeypatch.setattr("os.access", lambda *args: False)
    assert "REWARDKIT_CACHE" in "".join(problems("feature cache"))
