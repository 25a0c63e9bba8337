# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: Apache-2.0
"""Terms: what is measured of each sample, as described in a recipe.

A term gives one number per sample, or an error that says why there is none. It reads the sound,
the completion and the columns of the data set that its description names.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import pydantic

from rewardkit.clip import Clip
from rewardkit.errors import RewardkitError

Measured: TypeAlias = "float | RewardkitError"


class Strict(pydantic.BaseModel):
    """A part of a recipe: unknown keys and numbers that are not finite are errors."""

    model_config = pydantic.ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


@dataclass(frozen=True)
class Samples:
    """The samples of one batch.

    Args:
        clips: Each one's sound, or why there is none.
        rows: What the loop knows of each: `completion` and the data set's columns.
        functions: What the user has plugged in, by name.
    """

    clips: Sequence[Clip | RewardkitError]
    rows: Sequence[Mapping[str, Any]]
    functions: Mapping[str, Callable[..., Any]]

    def column(self, name: str) -> list[Any]:
        """A column of the data set.

        Raises:
            RewardkitError: `missing_column`: no sample can be judged, so the run must not go on.
        """
        if any(name not in row for row in self.rows):
            known = sorted({key for row in self.rows for key in row})
            raise RewardkitError("missing_column", f"no column {name!r}; there are {known}")
        return [row[name] for row in self.rows]


class TermBase(Strict):
    """What all terms have; a term adds its fields, `words` and a way to measure."""

    @property
    def range(self) -> tuple[float, float]:
        """The least and the greatest value: 0 and 1 unless a term says otherwise."""
        return 0.0, 1.0

    @property
    def function(self) -> str | None:
        """The name of the user's function that it calls, if it calls one."""
        return None


def text_of(completion: Any) -> str:
    """The text of a completion: itself, or the content of the last of its messages.

    Raises:
        TypeError: When it is neither.

    Example:
        >>> text_of([{"role": "assistant", "content": "yes"}])
        'yes'
    """
    if isinstance(completion, list) and completion and isinstance(completion[-1], Mapping):
        completion = completion[-1].get("content")
    if isinstance(completion, str):
        return completion
    raise TypeError(f"a completion is text or a list of messages, not {completion!r}")


def called(function: Callable[..., Any], name: str, count: int, *args: Any) -> list[Any]:
    """What the user's function gives, one for each sample."""
    given = list(function(*args)) if count else []
    if len(given) != count:
        raise RewardkitError("bad_function", f"{name!r} gave {len(given)} results for {count}")
    return given


def or_error(function: Callable[..., float], *args: Any) -> Measured:
    """What a function gives, or the `RewardkitError` that it raises."""
    try:
        return function(*args)
    except RewardkitError as error:
        return error
