# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: Apache-2.0
"""A composite among threads and processes, and numbers that are too large for it."""

from __future__ import annotations

import pickle
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from rewardkit.clip import Clip
from rewardkit.composite import Composite, Recipe
from rewardkit.errors import RewardkitError
from rewardkit.monitor import Monitor, Watched
from tests.made import buzz, reward_model

SILENT = RewardkitError("not_rendered", "no sound")
FUNCTION = {"kind": "function", "name": "f"}


def given(clips: Sequence[Any], rows: Sequence[Any]) -> list[float]:
    return [row["v"] for row in rows]


def composite(terms: dict[str, Any], parts: dict[str, Any], **more: Any) -> Composite:
    recipe = Recipe.model_validate({"terms": terms, "sum": parts, **more})
    preference = reward_model().reward_function(on_failure="none")
    return Composite(recipe, preference, {"f": given}, on_failure="none")


def test_threads_may_share_one() -> None:
    made = composite(
        {"f": FUNCTION},
        {"f": {"normalise": True}},
        constraints=[{"term": "f", "at_most": 0, "multiplier": 0, "rate": 1, "greatest": 1e6}],
    )
    batches = [[{"v": float(i % 7)}] * 40 for i in range(400)]
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        with ThreadPoolExecutor(8) as pool:
            list(pool.map(lambda rows: made.rewards([SILENT] * len(rows), rows), batches))
    finally:
        sys.setswitchinterval(interval)
    running = made.state()["running"]["f"]
    numbers = [row["v"] for rows in batches for row in rows]
    assert running["count"] == made.clips == len(numbers)
    assert running["mean"] == pytest.approx(sum(numbers) / len(numbers))
    assert made.multipliers["f"] == pytest.approx(sum(rows[0]["v"] for rows in batches))


def test_a_composite_and_what_watches_it_can_be_sent_to_another_process() -> None:
    made = composite(
        {"f": FUNCTION, "pace": {"kind": "preference", "dimension": "pace"}},
        {"f": {"normalise": True}, "pace": {}},
    )
    watched = Watched(made, Monitor(reward_model()))
    sounds, rows = [Clip(buzz(3.0), 8_000), Clip(buzz(1.0), 8_000)], [{"v": 1.0}, {"v": 4.0}]
    watched.rewards(sounds, rows)
    again = pickle.loads(pickle.dumps(watched))
    assert again.judge.state() == made.state()
    expected = [reward.scalar for reward in watched.rewards(sounds, rows)]
    assert [reward.scalar for reward in again.rewards(sounds, rows)] == expected
    assert again.numbers == watched.numbers


def test_huge_numbers_are_failures_and_leave_nothing_behind() -> None:
    made = composite({"f": FUNCTION, "g": FUNCTION}, {"f": {"normalise": True}, "g": {}})
    for huge in (1e308, -1e308, sys.float_info.max, 10**400, 1e30):
        (reward,) = made.rewards([SILENT], [{"v": huge}])
        assert reward.error is not None
        assert reward.error.code == "nonfinite_reward"
    assert made.rewards([SILENT], [{"v": 2.0}])[0].scalar == 2.0
    assert made.state()["running"]["f"] == {"count": 1, "mean": 2.0, "squares": 0.0}


@pytest.mark.parametrize("multiplier", [-7.0, 3.5])
def test_a_state_whose_multiplier_can_t_be_is_refused(multiplier: float) -> None:
    limit = {"term": "f", "at_most": 0, "rate": 0.1, "greatest": 3}
    made = composite({"f": FUNCTION}, {"f": {}}, constraints=[limit])
    state = made.state()
    state["multipliers"]["f"] = multiplier
    with pytest.raises(RewardkitError, match="bad_state"):
        made.restore(state)
    assert made.multipliers == {"f": 1.0}
    for bound in (0.0, 3.0):
        state["multipliers"]["f"] = bound
        made.restore(state)
        assert made.multipliers == {"f": bound}
