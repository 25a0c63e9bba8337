# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: Apache-2.0
"""slime: a coroutine function for `--custom-rm-path module.custom_rm`.

slime awaits `custom_rm(args, sample, **kwargs)` for a float, or with a list of samples for a list
of floats (`async_rm` and `batched_async_rm` in `slime/rollout/rm_hub/__init__.py`); its remote
form posts `{"prompt", "response", "label"}` and reads a number. It can't skip a sample.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from rewardkit.adapters.judging import Judge, Render, fields, must_not_skip, render_all
from rewardkit.errors import RewardkitError


def custom_rm(judge: Judge, render: Render) -> Callable[..., Awaitable[float | list[float]]]:
    """The coroutine function that slime awaits; it scores in a thread.

    Args:
        judge: With `on_failure` `"raise"` or a penalty.
        render: Called with the sample's response and by keyword with `prompt`, `label` and the
            entries of its `metadata`.

    Raises:
        RewardkitError: `bad_option` for `on_failure="none"`.
    """
    must_not_skip(judge, "slime")

    def score(samples: list[Any]) -> list[float]:
        rows = [_row(sample) for sample in samples]
        return [
            row["score"] for row in fields(judge, judge.rewards(render_all(render, rows), rows))
        ]

    async def custom_rm(
        args: Any,  # noqa: ARG001  # slime's own options
        sample: Any,
        **kwargs: Any,  # noqa: ARG001
    ) -> float | list[float]:
        if isinstance(sample, list):
            return await asyncio.to_thread(score, sample)
        return (await asyncio.to_thread(score, [sample]))[0]

    return custom_rm


def decode(payload: Any) -> dict[str, Any]:
    """The sample of a JSON object that slime posted: `prompt`, `label` and `completion`.

    Raises:
        RewardkitError: `bad_request` for anything else.
    """
    if not isinstance(payload, Mapping) or not isinstance(payload.get("response"), str):
        raise RewardkitError("bad_request", "the request is an object whose response is a string")
    return {
        "prompt": payload.get("prompt"),
        "label": payload.get("label"),
        "completion": payload["response"],
    }


def _row(sample: Any) -> dict[str, Any]:
    metadata = getattr(sample, "metadata", None)
    return {
        **(metadata if isinstance(metadata, Mapping) else {}),
        "prompt": sample.prompt,
        "label": sample.label,
        "completion": sample.response,
    }
