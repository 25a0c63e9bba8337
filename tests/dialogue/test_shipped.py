# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: Apache-2.0
"""The checkpoint `coherence`."""

from __future__ import annotations

from pathlib import Path

import pytest

from rewardkit.dialogue import DialogueModel, Turn
from rewardkit.testing import voice


@pytest.fixture(scope="module")
def model() -> DialogueModel:
    return DialogueModel.from_pretrained()


def test_another_voice_is_named_and_turns_sum(model: DialogueModel) -> None:
    turns = [Turn("ab"[k % 2], voice(2.0, pitch=(110.0, 190.0)[k % 2], seed=k)) for k in range(8)]
    real = model.score_dialogue(turns).raise_for_status()
    turns[4] = Turn("a", voice(2.0, pitch=240.0, seed=4))
    broken = model.score_dialogue(turns).raise_for_status()
    assert real.scalar is not None
    assert broken.scalar is not None
    assert broken.scalar < real.scalar
    assert broken.worst is not None
    assert broken.worst.number == 5
    assert broken.scalar == pytest.approx(sum(t.contribution for t in broken.turns), abs=1e-6)


def test_no_difference_is_rewarded_and_entrainment_has_no_weight(model: DialogueModel) -> None:
    assert (model.head.weights <= 0).all()
    for place, comparison in enumerate(model.comparer.comparisons):
        if comparison.relation in ("partner", "convergence", "synchrony", "pause"):
            assert not model.head.reads[place]


def test_a_stranger_s_turn_in_a_corpus_that_it_does_not_know(
    model: DialogueModel, data_dir: Path
) -> None:
    def clip(actor: str, statement: str, take: str) -> str:
        name = f"03-01-01-01-{statement}-{take}-{actor}.flac"  # neutral
        return str(next((data_dir / "ravdess_ccbyncsa").rglob(name)))

    said = [(s, t) for s in ("01", "02") for t in ("01", "02")]
    turns = [Turn(who, clip(who, *each)) for each in said for who in ("01", "02")]
    real = model.score_dialogue(turns).raise_for_status()
    turns[2] = Turn("01", clip("05", *said[1]))  # another man
    broken = model.score_dialogue(turns).raise_for_status()
    assert (broken.scalar or 0) < (real.scalar or 0)
    assert broken.worst is not None
    assert broken.worst.number == 3
