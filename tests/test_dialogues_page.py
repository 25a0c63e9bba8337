# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: Apache-2.0
"""docs/dialogues.md: its code runs, its file can be read, and it names every relation."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, get_args

import pytest
import soundfile

from rewardkit.clip import Clip
from rewardkit.dialogue import DialogueModel, read
from rewardkit.dialogue.compare import Relation
from rewardkit.testing import voice
from rewardkit.training.fit import TrainingWarning
from tests.dialogue.made import dialogue_model
from tests.made import Plain, buzz

ROOT = Path(__file__).parent.parent
PAGE = (ROOT / "docs" / "dialogues.md").read_text("utf-8")


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", PAGE, re.DOTALL)


def test_the_file_can_be_read_and_scored(tmp_path: Path) -> None:
    (tmp_path / "d.jsonl").write_text(blocks("json")[0])
    for k in range(1, 5):
        soundfile.write(tmp_path / f"{k}.wav", buzz(1.0), 8_000)
    (dialogue,) = read(tmp_path / "d.jsonl")
    assert dialogue_model(Plain()).score_dialogue(dialogue).status == "ok"


def test_the_code_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    model = dialogue_model(Plain())
    monkeypatch.setattr(DialogueModel, "from_pretrained", classmethod(lambda cls: model))
    clips = [Clip(buzz(1.0, -20.0 - k), 8_000) for k in range(4)]
    use, train = blocks("python")
    exec(use, {"said": list(zip("abab", clips, strict=True))})
    low, high, wrong = (voice(2.0, pitch=pitch) for pitch in (110.0, 200.0, 160.0))
    good, bad = [low, high, low, high], [low, high, wrong, high]
    talks = [(list("abab"), turns) for turns in (good, bad, good[::-1], bad[::-1])]
    names: dict[str, Any] = {"dialogues": talks}
    with pytest.warns(TrainingWarning):  # two pairs are few
        exec(train, names)
    assert names["head"].dimensions == ("overall",)


def test_every_relation_is_named() -> None:
    table = PAGE.partition("| relation |")[2].partition("\n\n")[0]
    assert set(re.findall(r"`(\w+)`", "".join(re.findall(r"^\|([^|]*)\|", table, re.M)))) == set(
        get_args(Relation)
    )
