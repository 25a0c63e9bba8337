# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: Apache-2.0
"""Composite rewards: every form on cases worked out by hand, and what holds for all of them."""

from __future__ import annotations

import json
import logging
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rewardkit.clip import Clip
from rewardkit.composite import Composite, Recipe
from rewardkit.errors import RewardkitError
from rewardkit.reward import Reward
from tests.made import buzz, reward_model

RATE = 8_000
MODEL = reward_model()
PACE = {"kind": "preference", "dimension": "pace"}  # seconds - 2
SILENT = RewardkitError("not_rendered", "no sound")
BROKEN = Clip(np.full(RATE, 0.25, np.float32), RATE)


def clip(seconds: float, level: float = -20.0) -> Clip:
    return Clip(buzz(seconds, level), RATE)


def composite(
    terms: dict[str, Any], parts: dict[str, Any], functions: Any = None, **more: Any
) -> Composite:
    options = {key: more.pop(key) for key in ("on_failure",) if key in more}
    recipe = Recipe.model_validate({"terms": terms, "sum": parts, **more})
    return Composite(recipe, MODEL.reward_function(), functions, **options)


def scalars(rewards: list[Reward]) -> list[float | None]:
    return [reward.scalar for reward in rewards]


def added(reward: Reward) -> dict[str, float]:
    return dict(reward.dimensions)


def test_a_weighted_sum() -> None:
    terms = {"pace": PACE, "all": {"kind": "preference"}}
    made = composite(terms, {"pace": {"weight": 2}, "all": {"weight": -1}})
    # 3 s at -10 dB: pace 1, level 1, scalar 1.5; 2 x 1 - 1.5.
    (reward,) = made.rewards([clip(3, -10)])
    assert added(reward) == pytest.approx({"pace": 2.0, "all": -1.5}, abs=1e-5)
    assert reward.scalar == pytest.approx(0.5, abs=1e-5)
    assert made.weights == {"pace": 2.0, "all": 1.0}  # their sizes


def gate() -> Composite:
    """1 for the right answer, and as much again as listeners prefer it, if it is right."""
    return composite(
        {"right": {"kind": "exact_answer"}, "pace": PACE | {"form": "probability"}},
        {"right": {}, "pace": {"when": {"term": "right", "at_least": 1}}},
    )


def test_preference_counts_only_where_the_answer_is_right() -> None:
    rows = [
        {"completion": "Paris", "answer": "Paris"},
        {"completion": "  PARIS ", "answer": "paris"},
        {"completion": "Rome", "answer": "Paris"},
        {"completion": "Rome", "answer": "Paris"},
    ]
    # Pace 1 is a probability of 1/(1 + 1/e) = 0.731059; pace -1 of 0.268941.
    rewards = gate().rewards([clip(3), clip(1), clip(3), clip(1)], rows)
    assert scalars(rewards) == pytest.approx([1.731059, 1.268941, 0.0, 0.0], abs=1e-5)
    assert added(rewards[2]) == {"right": 0.0, "pace": 0.0}
    # However a right answer sounds, it is worth more than any wrong one.
    assert min(r.scalar or 0 for r in rewards[:2]) > max(r.scalar or 0 for r in rewards[2:])


def test_behind_a_closed_gate_nothing_need_be_measurable() -> None:
    rows = [{"completion": "Rome", "answer": "Paris"}, {"completion": "Paris", "answer": "Paris"}]
    made = gate()
    closed, opened = made.rewards([SILENT, SILENT], rows)
    assert closed.scalar == 0.0
    assert opened.scalar is None
    assert opened.error is SILENT
    assert made.failures == {"not_rendered": 1}


def test_otherwise_is_what_a_closed_gate_gives() -> None:
    made = composite(
        {"right": {"kind": "exact_answer"}, "pace": PACE},
        {"pace": {"weight": 3, "when": {"term": "right", "at_least": 1}, "otherwise": -7}},
    )
    rows = [{"completion": c, "answer": "yes"} for c in ("yes", "no")]
    assert scalars(made.rewards([clip(3), clip(3)], rows)) == pytest.approx([3.0, -7.0], abs=1e-5)


def test_a_closed_gate_closes_its_own_entry_only() -> None:
    made = composite(
        {
            "right": {"kind": "exact_answer"},
            "pace": PACE,
            "length": {"kind": "duration", "high": 9},
        },
        {"pace": {"when": {"term": "right", "at_least": 1}, "otherwise": -7}, "length": {}},
    )
    (reward,) = made.rewards([clip(3)], [{"completion": "no", "answer": "yes"}])
    assert added(reward) == {"pace": -7.0, "length": 1.0}


def test_error_rates_with_a_recogniser_that_is_plugged_in() -> None:
    heard = {1.0: "the cat sat", 2.0: "the bat sat", 3.0: ""}
    calls: list[int] = []

    def asr(clips: list[Clip]) -> list[str]:
        calls.append(len(clips))
        return [heard[each.duration] for each in clips]

    made = composite(
        {
            "words": {"kind": "word_error_rate", "text": "sentence"},
            "letters": {"kind": "character_error_rate", "text": "sentence"},
        },
        {"words": {"weight": -1}, "letters": {"weight": -2}},
        {"asr": asr},
    )
    rows = [{"sentence": "The cat sat."}] * 4
    rewards = made.rewards([clip(1.0), SILENT, clip(2.0), clip(3.0)], rows)
    # "bat" for "cat": one word of three, one letter of nine.
    assert [r.error and r.error.code for r in rewards] == [None, "not_rendered", None, None]
    assert [rewards[i].scalar for i in (0, 2, 3)] == pytest.approx([0.0, -1 / 3 - 2 / 9, -3.0])
    assert calls == [3, 3]
    assert made.rewards([clip(1.0)], [{"sentence": "?"}])[0].error is not None
    assert made.rewards([clip(1.0)], [{"sentence": None}])[0].error is not None


def test_answers_and_formats_are_read_from_completions() -> None:
    made = composite(
        {
            "right": {"kind": "exact_answer", "pattern": "<answer>(.*?)</answer>"},
            "form": {"kind": "format", "pattern": "<think>.*</think><answer>.*</answer>"},
        },
        {"right": {"weight": 1}, "form": {"weight": 0.5}},
    )
    said = [
        "<think>a\nb</think><answer>4</answer>",
        "<answer>3</answer><answer> 4</answer>",  # the last one counts
        "4",
        [{"role": "assistant", "content": "<answer>4</answer>"}],
    ]
    rows = [{"completion": text, "answer": 4} for text in said]
    assert scalars(made.rewards([SILENT] * 4, rows)) == [1.5, 1.0, 0.0, 1.0]
    (unknown,) = composite({"right": {"kind": "exact_answer"}}, {"right": {}}).rewards(
        [SILENT], [{"completion": "None", "answer": None}]
    )
    assert unknown.error is not None
    assert unknown.error.code == "no_text"
    with pytest.raises(TypeError, match="text or a list of messages"):
        made.rewards([SILENT], [{"completion": 4, "answer": 4}])


def test_a_fixed_multiplier() -> None:
    made = composite(
        {"pace": PACE, "level": {"kind": "preference", "dimension": "level"}},
        {"pace": {}},
        constraints=[{"term": "level", "at_least": 0.5, "multiplier": 2}],
    )
    # 3 s at -20 dB: pace 1, level 0, which is 0.5 short: 1 - 2 x 0.5. At -10 dB, 0.5 to spare.
    rewards = made.rewards([clip(3, -20), clip(3, -10)])
    assert scalars(rewards) == pytest.approx([0.0, 2.0], abs=1e-5)
    assert added(rewards[0]) == pytest.approx({"pace": 1.0, "limit_level": -1.0}, abs=1e-5)
    assert made.multipliers == {"level": 2.0}


def test_a_multiplier_climbs_while_its_constraint_is_broken_and_falls_to_zero_after() -> None:
    made = composite(
        {"length": {"kind": "function", "name": "seconds"}, "pace": PACE},
        {"pace": {}},
        {"seconds": lambda clips, rows: [c.duration for c in clips]},
        constraints=[
            {"term": "length", "at_most": 2, "multiplier": 1, "rate": 0.5, "greatest": 1.6}
        ],
    )
    # Mean excess over 2 s: (1 + 0) / 2 = 0.5, so 1 + 0.5 x 0.5.
    rewards = made.rewards([clip(3), clip(2)])
    assert rewards[0].dimensions["limit_length"] == -1.0  # judged before the multiplier moves
    assert made.multipliers["length"] == pytest.approx(1.25)
    made.learning = False
    made.rewards([clip(3)])
    assert made.multipliers["length"] == pytest.approx(1.25)
    made.learning = True
    made.rewards([clip(3)])
    assert made.multipliers["length"] == pytest.approx(1.6)  # its greatest
    for _ in range(3):
        made.rewards([clip(0.5)])
    assert made.multipliers["length"] == 0.0


def test_a_batch_without_a_measured_sample_moves_no_multiplier() -> None:
    made = composite(
        {"pace": PACE}, {"pace": {}}, constraints=[{"term": "pace", "at_least": 3, "rate": 1}]
    )
    assert scalars(made.rewards([SILENT, BROKEN])) == [None, None]
    assert made.multipliers == {"pace": 1.0}


def test_schedules_follow_the_step() -> None:
    made = composite({"pace": PACE}, {"pace": {"weight": [[0, 0], [100, 4]]}})
    assert made.step == 0
    values = []
    for made.step in (0, 25, 100, 500):
        values += scalars(made.rewards([clip(3)]))
    assert values == pytest.approx([0.0, 1.0, 4.0, 4.0], abs=1e-5)
    assert made.weights == {"pace": 4.0}


def test_standard_scores_over_the_run() -> None:
    made = composite(
        {"seconds": {"kind": "function", "name": "seconds"}},
        {"seconds": {"weight": 10, "normalise": True}},
        {"seconds": lambda clips, rows: [c.duration for c in clips]},
    )
    # 1, 2, 3: mean 2, deviation 1.
    first = made.rewards([clip(1), clip(2), clip(3)])
    assert scalars(first) == pytest.approx([-10, 0, 10])
    # And then 4: mean 2.5, deviation sqrt(5/3).
    (second,) = made.rewards([clip(4)])
    assert second.scalar == pytest.approx(10 * 1.5 / math.sqrt(5 / 3))
    made.learning = False
    again = made.rewards([clip(1), clip(3)])
    assert scalars(again) == pytest.approx(
        [10 * -1.5 / math.sqrt(5 / 3), 10 * 0.5 / math.sqrt(5 / 3)]
    )


def test_two_samples_are_enough_for_a_deviation() -> None:
    made = composite(
        {"length": {"kind": "function", "name": "f"}},
        {"length": {"normalise": True}},
        {"f": lambda clips, rows: [1.0, 4.0]},
    )
    assert scalars(made.rewards([clip(1)] * 2)) == pytest.approx([-math.sqrt(0.5), math.sqrt(0.5)])


def test_a_constant_term_is_centred_and_never_divides_by_zero() -> None:
    made = composite({"length": {"kind": "duration", "high": 9}}, {"length": {"normalise": True}})
    assert scalars(made.rewards([clip(1), clip(2)])) == [0.0, 0.0]


def test_only_what_counts_is_learned_from() -> None:
    made = composite(
        {"right": {"kind": "exact_answer"}, "pace": PACE},
        {
            "pace": {
                "normalise": True,
                "when": {"term": "right", "at_least": 1},
                "otherwise": -3,
            }
        },
    )
    rows = [{"completion": c, "answer": "yes"} for c in ("yes", "yes", "no", "yes")]
    made.rewards([clip(1), clip(3), clip(3.9), BROKEN], rows)
    running = made.state()["running"]["pace"]
    assert running["count"] == 2
    assert running["mean"] == pytest.approx(0.0, abs=1e-5)


def learned() -> Composite:
    return composite(
        {"pace": PACE, "length": {"kind": "duration", "high": 2}},
        {"pace": {"normalise": True}},
        constraints=[{"term": "length", "at_least": 1, "rate": 0.3}],
    )


def test_the_state_goes_on_where_it_was_saved(tmp_path: Path) -> None:
    whole, first, second = learned(), learned(), learned()
    batches = [[clip(1), clip(3)], [clip(2.2), clip(0.7), clip(3.1)]]
    whole.rewards(batches[0])
    expected = whole.rewards(batches[1])
    first.rewards(batches[0])
    first.step = 7
    first.save(tmp_path / "state.json")
    second.load(tmp_path / "state.json")
    assert second.step == 7
    assert second.state() == first.state()
    assert scalars(second.rewards(batches[1])) == scalars(expected)
    json.dumps(first.state(), allow_nan=False)


def test_a_state_of_another_recipe_or_a_damaged_one_is_refused(tmp_path: Path) -> None:
    state = learned().state()
    made = composite({"pace": PACE}, {"pace": {}})
    with pytest.raises(RewardkitError, match="bad_state: it belongs to recipe"):
        made.restore(state)
    for damaged in (
        state | {"step": "soon"},
        state | {"running": {}},
        state | {"multipliers": {}},
        state | {"multipliers": {"length": math.nan}},
        {},
    ):
        with pytest.raises(RewardkitError, match="bad_state"):
            learned().restore(damaged)
    (tmp_path / "state.json").write_text("{")
    with pytest.raises(RewardkitError, match="bad_state"):
        learned().load(tmp_path / "state.json")
    with pytest.raises(RewardkitError, match="bad_state"):
        learned().load(tmp_path / "absent.json")


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.sampled_from([0.3, 1.0, 2.0, 2.7, 3.9]),
            st.sampled_from([-35.0, -20.0, -3.0]),
            st.booleans(),
        ),
        min_size=1,
        max_size=6,
    ),
    st.floats(-3, 3),
    st.integers(0, 50),
)
def test_the_sum_explains_the_total_exactly(
    samples: list[tuple[float, float, bool]], weight: float, step: int
) -> None:
    made = composite(
        {
            "right": {"kind": "exact_answer"},
            "pace": PACE,
            "level": {"kind": "preference", "dimension": "level", "form": "probability"},
            "length": {"kind": "duration", "low": 0.5, "high": 3},
        },
        {
            "right": {"weight": [[0, 1], [40, 0.3]]},
            "pace": {"weight": weight, "normalise": True},
            "level": {"weight": 0.7, "when": {"term": "right", "at_least": 1}},
        },
        floors=[{"term": "length", "at_least": 1, "value": -1.1}],
        constraints=[{"term": "level", "at_least": 0.5, "rate": 0.1}],
    )
    made.step = step
    rows = [{"completion": "y" if right else "n", "answer": "y"} for _, _, right in samples]
    for reward in made.rewards([clip(s, level) for s, level, _ in samples], rows):
        assert reward.scalar is not None
        assert reward.scalar == math.fsum(reward.dimensions.values())
        assert reward.weights == dict.fromkeys(made.dimensions, 1.0)
        assert tuple(reward.dimensions) == made.dimensions
        assert tuple(made.weights) == made.dimensions


def test_what_the_recipe_needs_must_be_given() -> None:
    terms = {"clear": {"kind": "word_error_rate", "asr": "whisper"}, "pace": PACE}
    recipe = Recipe.model_validate({"terms": terms, "sum": {"pace": {}}})
    with pytest.raises(RewardkitError, match="clear calls 'whisper'"):
        Composite(recipe, MODEL.reward_function())
    with pytest.raises(RewardkitError, match="pace needs a reward model"):
        Composite(recipe, functions={"whisper": list})
    wrong = Recipe.model_validate(
        {"terms": {"pace": PACE | {"dimension": "pitch"}}, "sum": {"pace": {}}}
    )
    with pytest.raises(RewardkitError, match="no dimension 'pitch'; there are pace, level"):
        Composite(wrong, MODEL.reward_function())


@pytest.mark.parametrize("rows", [[], [{"completion": "a"}] * 2])
def test_there_is_one_row_for_each_sound(rows: list[Any]) -> None:
    made = composite({"form": {"kind": "format", "pattern": "a"}}, {"form": {}})
    with pytest.raises(RewardkitError, match=f"bad_batch: {len(rows)} rows for 1 sounds"):
        made.rewards([SILENT], rows)


def test_a_missing_column_or_a_function_that_miscounts_ends_the_run() -> None:
    made = composite({"right": {"kind": "exact_answer"}}, {"right": {}})
    with pytest.raises(RewardkitError, match="missing_column: no column 'answer'"):
        made.rewards([SILENT], [{"completion": "x", "reply": "x"}])
    with pytest.raises(RewardkitError, match="missing_column: no column 'answer'"):
        made.rewards([SILENT] * 2, [{"completion": "x", "answer": "x"}, {"completion": "x"}])
    short = composite(
        {"f": {"kind": "function", "name": "f"}}, {"f": {}}, {"f": lambda clips, rows: [1.0]}
    )
    with pytest.raises(RewardkitError, match="bad_function: 'f' gave 1 results for 2"):
        short.rewards([clip(1), clip(1)])


def test_a_function_s_failures_are_failures() -> None:
    error = RewardkitError("no_text", "nothing to read")
    given = [0.5, None, math.nan, math.inf, 2.0, error, True]
    made = composite(
        {"f": {"kind": "function", "name": "f", "low": 0, "high": 1}},
        {"f": {}},
        {"f": lambda clips, rows: given},
    )
    rewards = made.rewards([clip(1)] * 7)
    assert scalars(rewards) == [0.5, None, None, None, None, None, 1.0]
    assert made.failures == {"not_measured": 1, "nonfinite_reward": 3, "no_text": 1}


def test_a_sum_that_overflows_is_no_reward() -> None:
    made = composite(
        {"f": {"kind": "function", "name": "f"}},
        {"f": {"weight": 1e20}},
        {"f": lambda clips, rows: [1e20, 1e300, 1.0]},
    )
    rewards = made.rewards([clip(1)] * 3)  # 1e40 is infinite in float32
    assert scalars(rewards) == [None, None, 1e20]
    assert made.failures == {"nonfinite_reward": 2}
    # Entries that are too large are none, though their sum be small.
    both = composite(
        {"f": {"kind": "function", "name": "f"}, "g": {"kind": "function", "name": "f"}},
        {"f": {"weight": 1e20}, "g": {"weight": -1e20}},
        {"f": lambda clips, rows: [1e20]},
    )
    assert scalars(both.rewards([clip(1)])) == [None]


def test_the_description_is_logged_with_its_hash(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, "rewardkit.composite.composite"):
        made = gate()
    assert made.recipe.digest in caplog.text
    assert made.recipe.words() in caplog.text


def test_the_option_for_failures_is_checked_and_kept() -> None:
    with pytest.raises(RewardkitError, match="bad_option"):
        composite({"pace": PACE}, {"pace": {}}, on_failure=math.nan)
    made = composite({"pace": PACE}, {"pace": {}})
    with pytest.raises(RewardkitError, match="not_rendered: clip 1 of 2"):
        made.raise_for(made.rewards([clip(1), SILENT]))
    lenient = composite({"pace": PACE}, {"pace": {}}, on_failure="none")
    lenient.raise_for(lenient.rewards([SILENT]))
