# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: Apache-2.0
"""NeMo-RL: an environment that ends after one turn and rewards what was said in it.

NeMo-RL 0.6 calls `step(message_log_batch, metadata)` and wants an `EnvironmentReturn` whose
`rewards` is a tensor `(batch,)`, or a mapping of such tensors by name, whose sum it then takes as
the total and which GDPO standardises one by one (`nemo_rl/environments/interfaces.py`). NeMo-RL
runs it as an actor: `ray.remote(SpeechEnvironment).remote(judge, render)`. It can't skip a sample.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from rewardkit.adapters.judging import Judge, Render, fields, must_not_skip, render_all


class SpeechEnvironment:
    """One turn, one reward.

    Args:
        judge: With `on_failure` `"raise"` or a penalty.
        render: Called with the last message's content and by keyword with `messages` and the
            entries of the sample's metadata.
        separate: Give each dimension as a reward of its own, in place of the scalar.

    Raises:
        RewardkitError: `bad_option` for `on_failure="none"`.
    """

    def __init__(self, judge: Judge, render: Render, *, separate: bool = False) -> None:
        must_not_skip(judge, "NeMo-RL")
        self.judge = judge
        self.render = render
        self.separate = separate

    def step(
        self,
        message_log_batch: Sequence[Sequence[Mapping[str, Any]]],
        metadata: Sequence[Mapping[str, Any] | None],
    ) -> Any:
        """The `EnvironmentReturn` of a batch of conversations."""
        import torch
        from nemo_rl.environments.interfaces import EnvironmentReturn  # type: ignore[import-not-found]

        rows = [
            {**(known or {}), "messages": messages, "completion": messages[-1]["content"]}
            for messages, known in zip(message_log_batch, metadata, strict=True)
        ]
        numbers = fields(self.judge, self.judge.rewards(render_all(self.render, rows), rows))
        table = {
            name: torch.tensor([row[name] for row in numbers], dtype=torch.float32, device="cpu")
            for name in ("score", *self.judge.dimensions)
        }
        count = len(rows)
        return EnvironmentReturn(
            observations=[{"role": "environment", "content": ""}] * count,
            metadata=list(metadata),
            next_stop_strings=[None] * count,
            rewards={name: table[name] for name in self.judge.dimensions}
            if self.separate
            else table["score"],
            terminateds=torch.ones(count, dtype=torch.bool, device="cpu"),
            answers=[None] * count,
        )

    def global_post_process_and_metrics(self, batch: Any) -> tuple[Any, dict[str, float]]:
        """The batch as it is, and how many clips failed so far, by code."""
        failures: Mapping[str, int] = getattr(self.judge, "failures", {})
        return batch, {f"rewardkit/failed/{code}": float(n) for code, n in failures.items()}
