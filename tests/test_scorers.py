# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: Apache-2.0
"""Installed scorers: one that can't be used is an error of its own, and the others are there."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner

from rewardkit import doctor
from rewardkit.cli import app
from rewardkit.errors import RewardkitError
from rewardkit.scorers import load

SOURCE = """
import sys
from rewardkit.features import Feature

class Plain:
    name, version, sample_rate = "plain", 1, None
    features = (Feature("seconds", "s", "duration", low=0),)

    def __call__(self, clip):
        return {"seconds": clip.duration}

class Other(Plain):
    name = "other"

class Exits(Plain):
    name = "exits"
    def __init__(self):
        sys.exit(3)

class Nothing(Plain):
    name, features = "nothing", None

class Names(Plain):
    name, features = "names", ("seconds",)

class Raises(Plain):
    name = "raises"
    @property
    def features(self):
        raise OSError("its model is not there")

class Texts(Plain):
    name, sample_rate = "texts", "16000"

class Zero(Plain):
    name, sample_rate = "zero", 0

class Versions(Plain):
    name, version = "versions", "1.0"
"""
BAD = {
    "leaves": "SystemExit: 4",
    "exits": "SystemExit: 3",
    "nothing": "features None",
    "names": r"features \('seconds',\)",
    "raises": "OSError: its model is not there",
    "texts": "sample_rate '16000'",
    "zero": "sample_rate 0",
    "versions": "version '1.0'",
    "misnamed": "offered as 'misnamed', but its name is 'other'",
}


@pytest.fixture
def strangers(plugins: Callable[..., None], tmp_path: Path) -> None:
    """A good scorer, and one for each way to be bad."""
    named = [f"{name} = strangers:{name.title()}" for name in BAD if name.title() in SOURCE]
    plugins(SOURCE, "plain = strangers:Plain", *named,
            "misnamed = strangers:Other", "leaves = leaves:Leaves")  # fmt: skip
    (tmp_path / "site" / "leaves.py").write_text("import sys\nsys.exit(4)\n")


@pytest.mark.usefixtures("strangers")
@pytest.mark.parametrize("name", BAD)
def test_what_the_host_cannot_use_is_a_bad_scorer(name: str) -> None:
    with pytest.raises(RewardkitError, match=f"^bad_scorer: .*{BAD[name]}"):
        load(name)
    assert load("plain").name == "plain"


@pytest.mark.usefixtures("strangers")
def test_bad_scorers_do_not_hide_the_others() -> None:
    listed = CliRunner().invoke(app, ["scorers", "list", "--features"])
    assert listed.exit_code == 1
    assert "plain 1: 1 features, any rate (strangers)" in listed.output
    assert listed.output.count("bad_scorer") == len(BAD)
    found = {finding.what: finding.ok for finding in doctor.examine()}
    assert found["scorer plain"]
    assert [found[f"scorer {name}"] for name in BAD] == [False] * len(BAD)
    assert "feature cache" in found  # and it went on


def test_a_check_that_exits_has_failed(plugins: Callable[..., None]) -> None:
    plugins(
        SOURCE + "    def __call__(self, clip): sys.exit(0)\n    version = 1\n",
        "versions = strangers:Versions",
    )
    checked = CliRunner().invoke(app, ["scorers", "check", "versions"])
    assert checked.exit_code == 1
    assert "FAILED  check_numbers: SystemExit" in checked.output
