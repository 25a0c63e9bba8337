# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: Apache-2.0
"""What all adapters are made of: completions are rendered, sounds judged, failures named."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol, TypeAlias

from rewardkit.batch_function import OnFailure, first_failure
from rewardkit.errors import RewardkitError
from rewardkit.reward import Reward
from rewardkit.waveforms import Sound, sound

Render: TypeAlias = "Callable[..., Any]"
"""`render(completion, **columns)`: the sound of what a policy generated.

It gives a path, a `Clip`, encoded bytes, or `(waveform, sample_rate)`; None when the completion
can't be spoken, which makes it `not_rendered`. A `RewardkitError` that it raises is that sample's
failure. Any other exception is a fault in the function and ends the run: a renderer that is
broken must not look like a policy that is silent.
"""


class Judge(Protocol):
    """What an adapter needs: `RewardFunction` and `Composite` are both such."""

    on_failure: OnFailure

    @property
    def dimensions(self) -> tuple[str, ...]:
        """The names of the rewards beside the scalar."""
        ...

    def rewards(
        self, sounds: Sequence[Sound], rows: Sequence[Mapping[str, Any]] | None = None
    ) -> list[Reward]:
        """One reward per sound; `rows` is what the loop knows of each sample."""
        ...

    def raise_for(self, rewards: Sequence[Reward]) -> None:
        """Raise the first failure, if failures are to be raised."""
        ...


def render_all(render: Render, rows: Sequence[Mapping[str, Any]]) -> list[Sound]:
    """The sound of each row's `completion`, or why there is none."""
    sounds: list[Sound] = []
    for row in rows:
        columns = {name: value for name, value in row.items() if name != "completion"}
        try:
            sounds.append(sound(render(row["completion"], **columns)))
        except RewardkitError as error:
            sounds.append(error)
    return sounds


def must_not_skip(judge: Judge, loop: str) -> None:
    """Refuse a judge that gives no number for a failure, for a loop that can't skip a sample.

    Raises:
        RewardkitError: `bad_option`.
    """
    if judge.on_failure == "none":
        raise RewardkitError(
            "bad_option",
            f"{loop} can't skip a sample: choose on_failure='raise' or a penalty",
        )


def fields(judge: Judge, rewards: Sequence[Reward]) -> list[dict[str, float]]:
    """Flat finite numbers per sample: `score`, each dimension by name, and `failed`.

    The keys are the same for all samples: loops take them from the first. Where there is no
    reward, `failed` is 1 and all others are the judge's penalty.

    Raises:
        RewardkitError: The first failure, unless failures have a penalty; `bad_option` when a
            dimension is itself called `score` or `failed`.
    """
    taken = {"score", "failed"} & set(judge.dimensions)
    if taken:
        raise RewardkitError("bad_option", f"a dimension may not be called {taken.pop()!r} here")
    if isinstance(judge.on_failure, str):
        first_failure(rewards)
    rows = []
    for reward in rewards:
        if reward.scalar is None:
            penalty = float(judge.on_failure)
            row = {"score": penalty, **dict.fromkeys(judge.dimensions, penalty), "failed": 1.0}
        else:
            row = {"score": reward.scalar, **reward.dimensions, "failed": 0.0}
        rows.append(row)
    return rows


def columns_by_row(completions: Sequence[Any], columns: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Columns as trainers give them, one mapping per completion.

    A column is a list with one entry per completion; anything else (a trainer's state, a
    function) is left out.
    """
    per_sample = {
        name: values
        for name, values in columns.items()
        if isinstance(values, (list, tuple)) and len(values) == len(completions)
    }
    return [
        {**{name: values[row] for name, values in per_sample.items()}, "completion": completion}
        for row, completion in enumerate(completions)
    ]
