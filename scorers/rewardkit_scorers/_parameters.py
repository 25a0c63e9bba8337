# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Scorers' parameters, looked at when a scorer is made: what is wrong fails there, by name."""

from __future__ import annotations

import math
from typing import Any, Final

import numpy as np

from rewardkit.errors import RewardkitError

_LOWEST: Final = 10.0  # Hz; far below any voice: windows and lags grow with its period
_HIGHEST: Final = 8000.0  # Hz; half the sample rate


def plain(scorer: Any, name: str) -> Any:
    """A parameter's value; numpy's scalars, which JSON can't hold, are made Python's."""
    value = getattr(scorer, name)
    if isinstance(value, np.generic):
        value = value.item()
        object.__setattr__(scorer, name, value)  # scorers are frozen
    return value


def is_number(value: Any) -> bool:
    """Whether it is a finite int or float, and no bool.

    Example:
        >>> [is_number(value) for value in (60, 0.5, True, "60", float("nan"))]
        [True, True, False, False, False]
    """
    return isinstance(value, int | float) and type(value) is not bool and abs(value) < math.inf


def positive(scorer: Any, *names: str) -> None:
    """Refuse parameters that are not numbers above 0.

    Raises:
        RewardkitError: `bad_parameter`.
    """
    for name in names:
        value = plain(scorer, name)
        if not (is_number(value) and value > 0):
            raise RewardkitError(
                "bad_parameter", f"{scorer.name}: {name} {value!r} must be a number above 0"
            )


def pitch_range(scorer: Any) -> None:
    """Refuse a `floor` and `ceiling` between which no pitch can be looked for.

    Raises:
        RewardkitError: `bad_parameter`.
    """
    positive(scorer, "floor", "ceiling")
    if not _LOWEST <= scorer.floor < scorer.ceiling <= min(100 * scorer.floor, _HIGHEST):
        raise RewardkitError(
            "bad_parameter",
            f"{scorer.name}: floor {scorer.floor} and ceiling {scorer.ceiling} must satisfy "
            f"{_LOWEST:g} <= floor < ceiling <= 100 floor, and ceiling <= {_HIGHEST:g}",
        )
