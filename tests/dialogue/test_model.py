# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: Apache-2.0
"""Scores of dialogues: additive over turns, by hand; failures; checkpoints."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rewardkit.clip import Clip
from rewardkit.dialogue import Dialogue, DialogueError, DialogueModel, Turn
from rewardkit.errors import CheckpointError, RewardkitError
from rewardkit.head import LinearHead
from rewardkit.model import RewardModel
from tests.dialogue.made import dialogue_model
from tests.made import Plain, buzz, reward_model

MODEL = dialogue_model(Plain())


def turn(speaker: str, level: float = -20.0, start: float | None = None, **more: Any) -> Turn:
    return Turn(speaker, Clip(buzz(0.5, level), 8_000, f"{speaker}.wav"), start=start, **more)


def steady(**levels: float) -> list[Turn]:
    """Six turns of ann and bob; `t3=-10` sets the level of the third."""
    return [turn("ab"[k % 2], levels.get(f"t{k + 1}", -20.0)) for k in range(6)]


def test_a_level_jump_is_named_and_costs_what_it_should() -> None:
    even, broken = MODEL.score_dialogue(steady()), MODEL.score_dialogue(steady(t3=-10.0))
    assert even.scalar == pytest.approx(0.0, abs=1e-6)
    # Itself 10 dB off; the two others of its speaker 5 dB off the median of what is left.
    assert [t.contribution for t in broken.turns] == pytest.approx(
        [-0.5 / 6, 0, -1 / 6, 0, -0.5 / 6, 0], abs=1e-5
    )
    assert broken.dimensions == {"coherence": broken.scalar}
    assert broken.worst is not None
    assert broken.worst.number == 3
    assert broken.worst.reasons[0].feature == "own.level"
    assert broken.worst.reasons[0].value == pytest.approx(10.0, abs=1e-4)
    assert broken.std == pytest.approx(math.sqrt(0.5) * abs(broken.scalar or 0))


def test_a_late_answer_is_named() -> None:
    turns = [turn("a", start=0.0), turn("b", start=0.5), turn("a", start=3.0), turn("b", start=3.5)]
    found = MODEL.score_dialogue(turns)
    assert found.worst is not None
    assert found.worst.number == 3
    assert found.worst.reasons[0].feature == "gap.length"
    assert found.scalar == pytest.approx(-2.0 / 4, abs=1e-6)


def test_no_number_decides_alone() -> None:
    far = MODEL.score_dialogue(steady(t3=-120.0))
    assert far.worst is not None
    assert far.worst.contribution == pytest.approx(-4 / 6)


@settings(max_examples=25, deadline=None)
@given(
    st.lists(
        st.tuples(st.sampled_from("abc"), st.floats(-60, 0), st.floats(0, 3)),
        min_size=2,
        max_size=12,
    )
)
def test_turns_sum_to_the_dialogue_and_parts_to_turns(said: list[Any]) -> None:
    starts = np.cumsum([gap for _, _, gap in said]).tolist()
    turns = [turn(who, level, start) for (who, level, _), start in zip(said, starts, strict=True)]
    found = MODEL.score_dialogue(turns)
    if found.status != "ok":
        assert found.error is not None
        assert found.error.code == "not_comparable"
        return
    assert found.scalar == pytest.approx(sum(t.contribution for t in found.turns), abs=1e-6)
    for each in found.turns:
        assert each.contribution == pytest.approx(sum(p.contribution for p in each.parts), abs=1e-9)
    counted = [each for each in found.turns if any(p.contribution for p in each.parts)]
    assert found.worst is min(counted, key=lambda each: each.contribution, default=None)


def test_a_turn_that_is_compared_with_nothing_is_not_to_blame() -> None:
    found = MODEL.score_dialogue([turn("ab"[k == 1], -20.0 - 2.0 * k) for k in range(4)])
    assert found.turns[1].contribution == 0
    assert found.worst is not None
    assert found.worst.number != 2


def test_a_feature_without_weight_is_measured() -> None:
    found = MODEL.score_dialogue(steady(t2=-30.0))
    parts = {p.feature: p for p in found.turns[1].parts}
    assert parts["partner.level"].value == pytest.approx(-10.0, abs=1e-4)
    assert parts["partner.level"].contribution == 0


def test_nothing_to_compare_is_no_reward() -> None:
    found = MODEL.score_dialogue([turn("a"), turn("b")])
    assert (found.status, found.scalar, found.turns) == ("error", None, ())
    with pytest.raises(RewardkitError, match="not_comparable"):
        found.raise_for_status()


def test_a_turn_that_fails_leaves_the_dialogue_without_reward(tmp_path: Path) -> None:
    missing = MODEL.score_dialogue([*steady(), Turn("a", str(tmp_path / "none.wav"))])
    assert missing.error is not None
    assert missing.error.code == "not_a_file"
    assert missing.error.message.startswith("turn 7 (a): ")
    broken = Clip(np.full(8000, 0.25, np.float32), 8_000)
    raised = MODEL.score_dialogue([*steady(), Turn("b", broken)])
    assert raised.error is not None
    assert raised.error.code == "scorer_failed"
    silent = dialogue_model(Plain(), require_speech=True).score_dialogue(steady())
    assert silent.status == "no_speech"


def test_one_turn_is_refused() -> None:
    with pytest.raises(DialogueError, match="too_few_turns"):
        MODEL.score_dialogue([turn("a")])


def test_the_same_dialogue_has_the_same_reward() -> None:
    turns = steady(t3=-14.0)
    first, second = MODEL.score_dialogue(turns), MODEL.score_dialogue(Dialogue(tuple(turns)))
    assert first == second


def test_checkpoint_round_trip(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    MODEL.save(tmp_path / "made", "# made\n")
    monkeypatch.setattr("rewardkit.scorers.load", lambda name, **_: Plain())
    loaded = DialogueModel.load(tmp_path / "made")
    turns = steady(t3=-14.0)
    assert loaded.score_dialogue(turns) == MODEL.score_dialogue(turns)


def test_each_kind_of_model_refuses_the_other_kind(tmp_path: Path) -> None:
    MODEL.save(tmp_path / "dialogues", "")
    reward_model().save(tmp_path / "clips", "")
    with pytest.raises(CheckpointError, match=r"wrong_kind.*--dialogue"):
        RewardModel.load(tmp_path / "dialogues")
    with pytest.raises(CheckpointError, match=r"wrong_kind.*RewardModel"):
        DialogueModel.load(tmp_path / "clips")


def test_a_head_that_does_not_fit_is_refused() -> None:
    small = reward_model().head
    with pytest.raises(CheckpointError, match="bad_head"):
        DialogueModel(MODEL.extractor, MODEL.comparer, small, MODEL.manifest)


def test_comparisons_of_a_manifest_are_checked(tmp_path: Path, monkeypatch: Any) -> None:
    monkeypatch.setattr("rewardkit.scorers.load", lambda name, **_: Plain())
    wrong = MODEL.manifest.comparisons[0].model_copy(update={"relation": "near"})
    manifest = MODEL.manifest.model_copy(update={"comparisons": (wrong,)})
    DialogueModel(MODEL.extractor, MODEL.comparer, MODEL.head, manifest).save(tmp_path, "")
    with pytest.raises(CheckpointError, match="bad_manifest"):
        DialogueModel.load(tmp_path)


def test_head_is_one_dimension() -> None:
    head = MODEL.head
    two = LinearHead(
        ("x", "y"), head.normaliser, np.tile(head.weights, (2, 1)),
        np.tile(head.members, (1, 2, 1)), np.ones(2), np.ones((2, 2)),
    )  # fmt: skip
    with pytest.raises(CheckpointError, match="bad_head"):
        DialogueModel(MODEL.extractor, MODEL.comparer, two, MODEL.manifest)
