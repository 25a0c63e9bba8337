# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: Apache-2.0
"""Completions such as `3` are spoken as 3 s of sound; the reward for pace is then 1."""

from __future__ import annotations

from typing import Any

import numpy as np

from rewardkit.callable import RewardFunction
from tests.made import buzz, reward_model

RATE = 8_000
MODEL = reward_model()


def judge(on_failure: Any) -> RewardFunction:
    return MODEL.reward_function(on_failure=on_failure)


class Renderer:
    """Speaks a number of seconds; `mute` gives nothing, `broken` a sound that can't be scored."""

    def __init__(self) -> None:
        self.columns: list[dict[str, Any]] = []

    def __call__(self, completion: str, **columns: Any) -> tuple[Any, int] | None:
        self.columns.append(columns)
        if completion == "mute":
            return None
        if completion == "broken":
            return np.full(RATE, 0.25, np.float32), RATE
        return buzz(float(completion)), RATE
