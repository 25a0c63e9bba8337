# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: Apache-2.0
"""docs/rl.md: its code runs, its recipe is the example's, and it says what is printed."""

from __future__ import annotations

import re
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

import rewardkit
from rewardkit.composite import read
from tests.adapters.made import Renderer
from tests.made import buzz, reward_model

ROOT = Path(__file__).parent.parent
PAGE = (ROOT / "docs" / "rl.md").read_text("utf-8")


class Evaluating:
    """Says whether a judge learns while it evaluates."""

    def evaluate(self, judge: Any) -> bool:
        return bool(judge.learning)


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", PAGE, re.DOTALL)


def test_the_code_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    model = reward_model(dimensions=("prosody", "emotion"))
    monkeypatch.setattr(
        rewardkit.RewardModel, "from_pretrained", classmethod(lambda cls, *a, **k: model)
    )
    monkeypatch.chdir(ROOT)
    names: dict[str, Any] = {
        "waveforms": [buzz(1.0), buzz(2.0)],
        "render": Renderer(),
        "transcribe": lambda clips: [""] * len(clips),
        "GRPOTrainer": Evaluating,
        "judge": SimpleNamespace(learning=True),
    }
    code = blocks("python")
    assert len(code) == 4
    for block in code:
        exec(block, names)
    assert names["Trainer"]().evaluate(names["judge"]) is False
    assert names["judge"].learning is True
    assert [function.__name__ for function in names["functions"]] == [
        "right",
        "prosody",
        "floor",
        "limit_errors",
    ]


def test_the_recipe_is_the_example_s_and_its_words_are_these() -> None:
    path = ROOT / "examples" / "composite.yaml"
    assert blocks("yaml") == [re.sub("^# SPDX.*\\n", "", path.read_text("utf-8"), flags=re.M)]
    assert blocks("text") == [read(path).words() + "\n"]


def test_every_adapter_is_named() -> None:
    modules = {path.stem for path in (ROOT / "rewardkit" / "adapters").glob("[a-z]*.py")}
    listed = set(re.findall(r"^\| [^|]+ \| `(\w+)` \|", PAGE, re.MULTILINE))
    assert modules - {"judging", "monitoring"} == listed
