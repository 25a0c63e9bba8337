# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: Apache-2.0
"""The doctor names what is wrong."""

from __future__ import annotations

import sys
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


def test_a_scorer_whose_extra_is_not_installed_is_not_said_to_work(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "distillmos", None)
    [quality] = [f for f in doctor._scorers() if f.what == "scorer quality"]
    assert "speech-rewardkit[quality]" in quality.found
    assert quality.ok


def test_a_scorer_whose_weights_cannot_be_read_does_not_hide_the_others(
    plugins: Callable[..., None],
) -> None:
    plugins("from rewardkit.testing import Loudness\n"
            "class Broken(Loudness):\n    name = 'broken'\n"
            "    @property\n    def digest(self): raise OSError('disk')\n",
            "broken = strangers:Broken")  # fmt: skip
    found = {f.what: f for f in doctor._scorers()}
    assert (found["scorer broken"].found, found["scorer broken"].ok) == ("OSError: disk", False)
    assert found["scorer timing"].ok


def test_the_malware_releases_of_lightning_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    real = doctor.version
    monkeypatch.setattr(doctor, "version", lambda n: "2.6.3" if n == "lightning" else real(n))
    assert "malware" in "".join(problems("lightning"))


def test_a_cache_that_cannot_be_written_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REWARDKIT_CACHE", "/proc/nowhere/features.sqlite")
    monkeypatch.setattr("os.access", lambda *args: False)
    assert "REWARDKIT_CACHE" in "".join(problems("feature cache"))
