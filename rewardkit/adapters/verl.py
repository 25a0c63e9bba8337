# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: Apache-2.0
"""verl: a `compute_score` for `custom_reward_function.path` and `.name`.

verl 0.9 calls it by keyword for one sample at a time (`NaiveRewardManager.run_single` in
`verl/experimental/reward_loop/reward_manager/naive.py`), in a thread unless it is a coroutine
function. It gives a number, or a mapping whose `score` is the reward and whose other entries are
logged; the keys of the first sample must be those of all. verl can't skip a sample.

```python
# my_reward.py:  custom_reward_function.path=my_reward.py custom_reward_function.name=compute_score
from rewardkit import RewardModel
from rewardkit.adapters import verl

model = RewardModel.from_pretrained()
compute_score = verl.compute_score(model.reward_function(on_failure=-10.0), render)
```
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from rewardkit.adapters.judging import Judge, Render, fields, must_not_skip, render_all


def compute_score(judge: Judge, render: Render) -> Callable[..., dict[str, float]]:
    """The function that verl calls.

    Args:
        judge: With `on_failure` `"raise"` or a penalty.
        render: Called with the decoded response and by keyword with `data_source`,
            `ground_truth` and the entries of `extra_info`.

    Returns:
        A function that gives `score`, each dimension, and `failed` (0 or 1), all finite.

    Raises:
        RewardkitError: `bad_option` for `on_failure="none"`.
    """
    must_not_skip(judge, "verl")

    def compute_score(
        data_source: str,
        solution_str: str,
        ground_truth: Any,
        extra_info: Mapping[str, Any] | None = None,
        **kwargs: Any,  # noqa: ARG001  # verl adds its router's address and tokenizer
    ) -> dict[str, float]:
        row = {
            **(extra_info or {}),
            "data_source": data_source,
            "ground_truth": ground_truth,
            "completion": solution_str,
        }
        return fields(judge, judge.rewards(render_all(render, [row]), [row]))[0]

    return compute_score
