# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: Apache-2.0
"""`--stop-at`: raters are given no more pairs once the head's agreement with them is known."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from rewardkit.active import Accuracy, ActiveChooser, ActiveOptions
from rewardkit.annotate import learning
from rewardkit.annotate.listening import Listening
from rewardkit.cli import app
from rewardkit.features import Feature, Features, Schema
from tests.annotate import made


def features(clips: int) -> Features:
    declared = (Feature("height", "dB", "made", low=-99, high=99),)
    schema = Schema(("made.height",), declared, (("made", "1"),))
    return Features(schema, np.arange(clips, dtype=float)[:, None], (None,) * clips)


def test_the_study_ends_with_the_rule_and_says_so_once(tmp_path: Path) -> None:
    study = made.study(tmp_path, clips=14, repeat=0.0)
    rule = Accuracy(width=0.5)
    options = ActiveOptions(explore=1.0)  # every pair is random, so every answer counts
    said: list[str] = []
    chooser = learning.Announced(ActiveChooser(options, stop=rule, background=False), said.append)
    listening, anna = Listening(study, chooser, features(14)), made.rater(study)
    answered = 0
    while (shown := listening.next(anna)) is not None:
        assert not said
        made.answer(study, anna, shown, "a" if shown.left > shown.right else "b")
        answered += 1
    assert 10 < answered < 14 * 13 // 2  # the rule, not the last pair, ended it
    assert listening.next(anna) is None
    assert len(said) == 1
    assert said[0].startswith("no more pairs are given: agreement is known to 0.5: 1.000 [")


def test_the_width_reaches_the_chooser(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(learning, "_measured", lambda *_: features(5))
    study = made.study(tmp_path)
    for stop_at, rule in ((0.1, Accuracy(width=0.2)), (None, None)):
        chooser = learning.active(study, [], lambda _: None, stop_at=stop_at).chooser
        assert isinstance(chooser, learning.Announced)
        assert chooser.chooser.stop == rule


@pytest.mark.parametrize("given", [["0"], ["0.5"], ["0.1", "--choose", "random"]])
def test_ends_that_mean_nothing(tmp_path: Path, given: list[str]) -> None:
    name = str(tmp_path / "study.sqlite")
    result = CliRunner().invoke(app, ["annotate", "--study", name, "--stop-at", *given])
    assert result.exit_code == 2
    assert "--stop-at lies between 0 and 0.5" in result.output
