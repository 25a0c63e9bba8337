# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: Apache-2.0
"""TRL: reward functions for `GRPOTrainer` and `RLOOTrainer`, one for each dimension.

TRL 1.16 calls `f(*, prompts, completions, completion_ids, trainer_state, log_extra, log_metric,
**dataset_columns)` and wants a list of exactly as many numbers, None where a sample can't be
scored (`_calculate_rewards` in `trl/trainer/grpo_trainer.py` and `rloo_trainer.py`). It logs each
function by its `__name__`, as `rewards/<name>/mean`; with `multi_objective_aggregation=
"normalize_then_sum"` it standardises each of them within a group before they are summed (GDPO).

```python
from rewardkit.adapters.trl import reward_functions

trainer = GRPOTrainer(
    model=policy,
    reward_funcs=reward_functions(model.reward_function(on_failure="none"), render),
    args=GRPOConfig(multi_objective_aggregation="normalize_then_sum", ...),
    train_dataset=dataset,
)
```
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from rewardkit.adapters.judging import Judge, Render, columns_by_row, render_all
from rewardkit.reward import Reward

SCALAR = "reward"
"""The name of the function that gives the scalar."""


def reward_functions(
    judge: Judge, render: Render, *, names: Sequence[str] | None = None
) -> list[Callable[..., list[float | None]]]:
    """Functions for `reward_funcs`.

    All of them share one scoring: a batch is rendered and judged when the first is called. The
    share of samples without a reward is logged as `rewardkit/failed`, by code as
    `rewardkit/failed/<code>`, and each sample's status stands in the table of completions. Of a
    judge with `numbers` (`rewardkit.monitor.Watched`) those are logged as
    `rewardkit/monitor/<name>`.

    Args:
        judge: With `on_failure="none"` TRL leaves failures out of the baseline and the gradient.
        render: Called with the completion as TRL has it (a string, or a list of messages) and
            by keyword with the sample's `prompt`, `completion_ids` and dataset columns.
        names: Which rewards, in order: of the judge's dimensions, or `"reward"`, the scalar. By
            default all dimensions.

    Raises:
        ValueError: For a name that is none of these.
    """
    known = (*judge.dimensions, SCALAR)
    chosen = tuple(judge.dimensions if names is None else names)
    unknown = [name for name in chosen if name not in known]
    if unknown:
        raise ValueError(f"no reward named {unknown[0]!r}; there are {', '.join(known)}")
    shared = _Shared(judge, render)
    return [_function(shared, name) for name in chosen]


class _Shared:
    """The rewards of the batch that was asked for last."""

    def __init__(self, judge: Judge, render: Render) -> None:
        self.judge = judge
        self.render = render
        self._completions: Any = None
        self._asked: set[str] = set()
        self._rewards: list[Reward] = []

    def rewards(
        self, name: str, completions: Sequence[Any], log_extra: Any, log_metric: Any, columns: Any
    ) -> list[Reward]:
        """Judged once while each function asks once for the same list."""
        if completions is not self._completions or name in self._asked:
            rows = columns_by_row(completions, columns)
            rewards = self.judge.rewards(render_all(self.render, rows), rows)
            self._completions, self._rewards, self._asked = completions, rewards, set()
            _log(rewards, log_extra, log_metric)
            if log_metric is not None:
                for number, value in getattr(self.judge, "numbers", {}).items():
                    log_metric(f"rewardkit/monitor/{number}", value)
        self._asked.add(name)
        self.judge.raise_for(self._rewards)
        return self._rewards


def _function(shared: _Shared, name: str) -> Callable[..., list[float | None]]:
    def function(
        *,
        prompts: Sequence[Any],
        completions: Sequence[Any],
        completion_ids: Sequence[Any] | None = None,
        trainer_state: Any = None,
        log_extra: Callable[[str, list[Any]], None] | None = None,
        log_metric: Callable[[str, float], None] | None = None,
        **columns: Any,
    ) -> list[float | None]:
        if trainer_state is not None and hasattr(shared.judge, "step"):
            shared.judge.step = int(trainer_state.global_step)  # schedules go by it
        columns |= {"prompt": prompts, "completion_ids": completion_ids}
        rewards = shared.rewards(name, completions, log_extra, log_metric, columns)
        return [_number(shared.judge, reward, name) for reward in rewards]

    function.__name__ = function.__qualname__ = name
    function.__doc__ = f"The {name} of each completion; None where there is none."
    return function


def _number(judge: Judge, reward: Reward, name: str) -> float | None:
    if reward.scalar is None:
        return None if judge.on_failure == "none" else float(judge.on_failure)
    return reward.dimensions[name] if name in judge.dimensions else reward.scalar


def _log(rewards: Sequence[Reward], log_extra: Any, log_metric: Any) -> None:
    codes = [None if reward.error is None else reward.error.code for reward in rewards]
    if log_extra is not None:
        log_extra("rewardkit_status", [code or "ok" for code in codes])
    if log_metric is not None and codes:
        log_metric("rewardkit/failed", sum(code is not None for code in codes) / len(codes))
        for code in sorted({code for code in codes if code is not None}):
            log_metric(f"rewardkit/failed/{code}", codes.count(code) / len(codes))
