# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: Apache-2.0
"""Floors: they stand in place of the terms, and never pay."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from rewardkit.clip import Clip
from rewardkit.composite import Composite, Recipe, read
from rewardkit.errors import RewardkitError
from tests.made import buzz, reward_model

RATE = 8_000
MODEL = reward_model()
PACE = {"kind": "preference", "dimension": "pace"}  # seconds - 2
LEVEL = {"kind": "preference", "dimension": "level"}  # (dB + 20) / 10
FLOOR = {"term": "length", "at_least": 1}


def clip(seconds: float, level: float = -20.0) -> Clip:
    return Clip(buzz(seconds, level), RATE)


def composite(terms: dict[str, Any], parts: dict[str, Any], **more: Any) -> Composite:
    recipe = Recipe.model_validate({"terms": terms, "sum": parts, **more})
    return Composite(recipe, MODEL.reward_function(), on_failure="none")


def test_a_floor_stands_in_place_of_the_terms() -> None:
    made = composite(
        {"pace": PACE, "length": {"kind": "duration", "low": 1, "high": 3}},
        {"pace": {}},
        floors=[FLOOR | {"value": -4}],
    )
    broken_and_long = Clip(np.full(4 * RATE, 0.25, np.float32), RATE)
    silent = RewardkitError("not_rendered", "no sound")
    rewards = made.rewards([clip(3), clip(3.5), clip(0.5), broken_and_long, silent])
    scalars = [reward.scalar for reward in rewards]
    assert scalars == [pytest.approx(1.0, abs=1e-5), -4.0, -4.0, -4.0, None]
    assert dict(rewards[1].dimensions) == {"pace": -2.0, "floor": -2.0}


def test_standardised_entry_by_entry_a_floored_sample_is_the_worst() -> None:
    """As GDPO does it: each entry within the group, then summed by weight."""
    made = composite(
        {"pace": PACE, "level": LEVEL, "length": {"kind": "duration", "low": 0.5, "high": 9}},
        {"pace": {}, "level": {"weight": 2}},
        floors=[FLOOR | {"value": -100}],
    )
    sounds = [clip(s, -40) for s in (0.6, 0.7, 0.8, 0.9, 1.0, 1.1, 1.2)] + [clip(0.3)]
    rewards = made.rewards(sounds)
    table = np.array([[r.dimensions[name] for name in made.dimensions] for r in rewards])
    standard = (table - table.mean(0)) / (table.std(0, ddof=1) + 1e-4)
    advantages = standard @ list(made.weights.values())
    assert advantages.argmin() == 7
    assert (standard[7] < 0).all()


def test_no_multiplier_makes_failing_a_floor_the_way_out() -> None:
    """The example's: words that are wrong, while their multiplier climbs."""
    given = read(Path(__file__).parents[2] / "examples" / "composite.yaml").model_dump()
    given["terms"]["prosody"]["dimension"] = "pace"
    made = Composite(
        Recipe.model_validate(given),
        MODEL.reward_function(),
        {"asr": lambda clips: ["x y z"] * len(clips)},
        on_failure="none",
    )
    row = {"completion": "<answer>a</answer>", "answer": "b", "natural": clip(3), "text": "a b c"}
    for _ in range(80):
        *wrong, short = made.rewards([*[clip(3)] * 7, clip(0.3)], [row] * 8)
        assert short.scalar is not None
        assert short.scalar < min(reward.scalar or 0.0 for reward in wrong)
    assert made.multipliers["errors"] > 4  # at 3.33, -3 alone was the better way


def test_a_floored_sample_s_constraint_must_be_measured() -> None:
    made = composite(
        {"pace": PACE, "length": {"kind": "duration", "low": 1, "high": 3}},
        {"length": {}},
        floors=[FLOOR | {"value": -4}],
        constraints=[{"term": "pace", "at_least": -3}],
    )
    broken_and_long = Clip(np.full(4 * RATE, 0.25, np.float32), RATE)
    measured, broken = made.rewards([clip(0.5), broken_and_long])
    assert measured.dimensions["limit_pace"] == pytest.approx(-1.5 + 3, abs=1e-5)
    assert broken.error is not None
    assert broken.error.code == "scorer_failed"
