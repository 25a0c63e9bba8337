# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: Apache-2.0
"""Preferences against a reference, on cases worked out by hand."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

from rewardkit.clip import Clip
from rewardkit.composite import Composite, Recipe
from rewardkit.errors import RewardkitError
from rewardkit.extract import Extractor
from rewardkit.features import Feature
from rewardkit.head import LinearHead
from rewardkit.monitor import Monitor, Watched
from rewardkit.normaliser import Normaliser
from rewardkit.reward import Reward
from tests.made import around, buzz, reward_model

RATE = 8_000
MODEL = reward_model()
PACE = {"kind": "preference", "dimension": "pace"}  # seconds - 2
BROKEN = Clip(np.full(RATE, 0.25, np.float32), RATE)


def clip(seconds: float) -> Clip:
    return Clip(buzz(seconds), RATE)


def scalars(rewards: list[Reward]) -> list[float | None]:
    return [reward.scalar for reward in rewards]


def relative(form: str, **more: Any) -> Composite:
    term = PACE | {"form": form, "reference": "natural"} | more
    recipe = Recipe.model_validate({"terms": {"pace": term}, "sum": {"pace": {}}})
    return Composite(recipe, MODEL.reward_function())


@pytest.mark.parametrize("mode", ["lcb", "min"])
def test_a_reference_needs_the_mean_reward(mode: Any) -> None:
    """2 s against 0.5 s: the mean difference is 1.5, that of lower bounds was 2.56."""
    recipe = relative("log_odds").recipe
    with pytest.raises(RewardkitError, match=f"bad_recipe: pace compares .* mode '{mode}'"):
        Composite(recipe, MODEL.reward_function(mode=mode))
    watched = Watched(MODEL.reward_function(mode=mode), Monitor())
    with pytest.raises(RewardkitError, match="bad_recipe: pace compares"):
        Composite(recipe, watched)  # type: ignore[arg-type]
    plain = Recipe.model_validate({"terms": {"pace": PACE}, "sum": {"pace": {}}})
    Composite(plain, MODEL.reward_function(mode=mode))


@pytest.mark.parametrize(
    ("seconds", "step"),
    # Against 2 s, the log-odds of winning are seconds - 2: 0.4 is a probability of .599, 0.42 of
    # .603; 1.38 of .799, 1.4 of .802.
    [(2.0, 0), (2.4, 0), (2.42, 0.5), (3.38, 0.5), (3.4, 1), (1.6, 0), (1.58, -0.5), (0.6, -1)],
)
def test_an_ordinal_reward_relative_to_a_reference(seconds: float, step: float) -> None:
    (reward,) = relative("ordinal").rewards([clip(seconds)], [{"natural": clip(2.0)}])
    assert reward.scalar == step


def test_the_reference_form_by_hand_and_with_other_steps() -> None:
    rows = [{"natural": clip(2.5)}, {"natural": (buzz(1.0), RATE)}]
    sounds = [clip(3.0), clip(3.0)]
    plain = relative("log_odds").rewards(sounds, rows)
    assert scalars(plain) == pytest.approx([0.5, 2.0], abs=1e-5)
    wins = relative("probability").rewards(sounds, rows)
    assert scalars(wins) == pytest.approx([0.622459, 0.880797], abs=1e-5)
    steps = relative("ordinal", steps=[0.55, 0.65, 0.85, 0.9]).rewards(sounds, rows)
    assert scalars(steps) == [0.25, 0.75]


def test_a_reference_that_can_t_be_judged_is_that_sample_s_failure() -> None:
    rows = [{"natural": BROKEN}, {"natural": None}, {"natural": clip(2.0)}]
    rewards = relative("log_odds").rewards([clip(3.0)] * 3, rows)
    codes = [reward.error and reward.error.code for reward in rewards]
    assert codes == ["scorer_failed", "not_rendered", None]


def test_a_shared_reference_is_judged_once() -> None:
    made = relative("log_odds")
    made.rewards([clip(s) for s in (1, 2, 3, 3.5)], [{"natural": clip(2.0)}] * 4)
    assert made.preference is not None
    assert made.preference.clips == 5


@dataclass(frozen=True)
class Fit:
    """1 for a clip that should say "good", 0 for another; not measurable without a text."""

    name = "fit"
    version = 1
    sample_rate = None
    uses_text = True
    features = (Feature("fit", "1", "whether the text is good"),)

    def __call__(self, clip: Clip) -> dict[str, float]:
        return {"fit": math.nan if clip.text is None else float(clip.text == "good")}


def test_a_reference_is_judged_with_its_text_and_says_the_row_s_without_one() -> None:
    normaliser = Normaliser(np.zeros(1), np.ones(1), np.array([-2.0]), np.array([2.0]))
    one = np.eye(1)
    members = np.stack([one, one])
    head = LinearHead(("fit",), normaliser, one, members, np.ones(1), np.ones((2, 1)))
    model = around(Extractor([Fit()], require_speech=False), head)
    term = {"kind": "preference", "reference": "natural"}
    recipe = Recipe.model_validate({"terms": {"fit": term}, "sum": {"fit": {}}})
    made = Composite(recipe, model.reward_function(on_failure="none"), on_failure="none")
    sound = clip(2.0)
    rows = [
        {"text": "good", "natural": sound.with_text("good")},
        {"text": "good", "natural": sound.with_text("bad")},
        {"text": "good", "natural": sound},
        {"text": "bad", "natural": sound},
    ]
    assert scalars(made.rewards([sound] * 4, rows)) == [0.0, 1.0, 0.0, 0.0]


def test_terms_that_share_a_column_share_its_judging() -> None:
    against = {"kind": "preference", "reference": "natural"}
    terms = {name: against | {"dimension": name} for name in ("pace", "level")}
    reward = MODEL.reward_function()
    recipe = Recipe.model_validate({"terms": terms, "sum": {name: {} for name in terms}})
    rows = [{"natural": clip(1.0)}, {"natural": clip(2.5)}]
    found = Composite(recipe, reward).rewards([clip(3.0), clip(2.0)], rows)
    assert [r.dimensions for r in found] == [
        {"pace": 2.0, "level": 0.0},
        {"pace": -0.5, "level": 0.0},
    ]
    assert reward.clips == 4


def test_a_monitor_does_not_see_references() -> None:
    monitor = Monitor()
    recipe = relative("log_odds").recipe
    with pytest.raises(RewardkitError, match="watch the composite"):
        Composite(recipe, Watched(MODEL.reward_function(), monitor))  # type: ignore[arg-type]
    watched = Watched(Composite(recipe, MODEL.reward_function()), monitor)
    watched.rewards([clip(3.0)], [{"natural": clip(1.0)}])
    assert monitor.numbers["mean/reward"] == 2.0
    watched.rewards([clip(4.0)], [{"natural": clip(1.0)}])
    assert monitor.numbers["running_mean/reward"] == 2.5
