# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: Apache-2.0
"""OpenRLHF: a `reward_func` for `--reward.remote_url file.py`, and its remote protocol.

OpenRLHF 0.11 calls `reward_func(queries, prompts, labels)` with lists of strings, a query being
prompt and response, and wants `rewards` (for the advantages), `scores` (for dynamic filtering,
in [0, 1]) and `extra_logs`, each with one number per sample. Over HTTP it posts
`{"query", "prompts", "labels"}` and reads the same three as lists. It can't skip a sample.

```python
# my_reward.py
from rewardkit import RewardModel
from rewardkit.adapters import openrlhf

model = RewardModel.from_pretrained()
reward_func = openrlhf.reward_func(model.reward_function(on_failure=-10.0), render)
```
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from rewardkit.adapters.judging import Judge, Render, fields, must_not_skip, render_all
from rewardkit.errors import RewardkitError
from rewardkit.reward import Reward


def reward_func(judge: Judge, render: Render) -> Callable[..., dict[str, Any]]:
    """The function that OpenRLHF calls.

    Args:
        judge: With `on_failure` `"raise"` or a penalty.
        render: Called with the response (the query without its prompt) and by keyword with
            `query`, `prompt` and `label`.

    Returns:
        A function that gives `rewards` and `scores` as float32 tensors `(batch,)`, and
        `extra_logs` of such tensors.

    Raises:
        RewardkitError: `bad_option` for `on_failure="none"`.
    """
    must_not_skip(judge, "OpenRLHF")

    def reward_func(
        queries: Sequence[str],
        prompts: Sequence[str],
        labels: Sequence[Any],
        **kwargs: Any,  # noqa: ARG001  # OpenRLHF may add more columns
    ) -> dict[str, Any]:
        import torch

        rows = rows_of(queries, prompts, labels)
        answer = response(judge, judge.rewards(render_all(render, rows), rows))
        tensors = {
            key: torch.tensor(values, dtype=torch.float32, device="cpu")
            for key, values in answer["extra_logs"].items()
        }
        return {
            "rewards": torch.tensor(answer["rewards"], dtype=torch.float32, device="cpu"),
            "scores": torch.tensor(answer["scores"], dtype=torch.float32, device="cpu"),
            "extra_logs": tensors,
        }

    return reward_func


def rows_of(
    queries: Sequence[str], prompts: Sequence[str], labels: Sequence[Any]
) -> list[dict[str, Any]]:
    """What is known of each sample, with the response as `completion`.

    Example:
        >>> rows_of(["Say it: [low]"], ["Say it: "], [None])[0]["completion"]
        '[low]'
    """
    return [
        {"query": query, "prompt": prompt, "label": label, "completion": query.removeprefix(prompt)}
        for query, prompt, label in zip(queries, prompts, labels, strict=True)
    ]


def decode(payload: Any) -> list[dict[str, Any]]:
    """The samples of a JSON object that OpenRLHF posted, as `rows_of` gives them.

    Args:
        payload: `query`, and one prompt and one label for each where they are sent.

    Raises:
        RewardkitError: `bad_request` when the lists are missing or do not fit together.
    """
    if not isinstance(payload, Mapping):
        raise RewardkitError("bad_request", "the request is no JSON object")
    queries = payload.get("query")
    if not isinstance(queries, list) or not all(isinstance(query, str) for query in queries):
        raise RewardkitError("bad_request", "query is a list of strings")
    prompts = payload.get("prompts") or [""] * len(queries)
    labels = payload.get("labels") or [None] * len(queries)
    if not isinstance(prompts, list) or not all(isinstance(prompt, str) for prompt in prompts):
        raise RewardkitError("bad_request", "prompts is a list of strings")
    if not isinstance(labels, list) or not len(prompts) == len(labels) == len(queries):
        raise RewardkitError("bad_request", "query, prompts and labels are lists of one length")
    return rows_of(queries, prompts, labels)


def response(judge: Judge, rewards: Sequence[Reward]) -> dict[str, Any]:
    """The JSON object that answers a batch, one number per sample in each list.

    `scores` are the logistic function of the rewards: for a reward in log-odds, the probability
    that the clip is preferred to the average one that the model was trained on.

    Raises:
        RewardkitError: The first failure, unless failures have a penalty.
    """
    rows = fields(judge, rewards)
    scalars = [row["score"] for row in rows]
    return {
        "rewards": scalars,
        "scores": [0.5 * (1 + math.tanh(scalar / 2)) for scalar in scalars],
        "extra_logs": {name: [row[name] for row in rows] for name in (*judge.dimensions, "failed")},
    }
