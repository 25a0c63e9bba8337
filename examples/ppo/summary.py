# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The runs of an experiment as a table: what rose, what fell, and how sure that is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

import numpy as np

Rows: TypeAlias = "Sequence[Mapping[str, Any]]"
"""What `examples.ppo.loop.run` gives."""


def change(runs: Sequence[Rows], name: str) -> dict[str, float | None]:
    """From the first look to the last, over runs that differ in their seed.

    Args:
        runs: At least one.
        name: Of a number in their rows.

    Returns:
        Means over runs of `first`, `last` and `change`, and `low` and `high`, the 95% interval
        of the mean change by Student's t; None with one run.

    Example:
        >>> runs = [[{"reward": 0.0}, {"reward": end}] for end in (1.0, 2.0, 3.0)]
        >>> {key: round(number, 2) for key, number in change(runs, "reward").items()}
        {'first': 0.0, 'last': 2.0, 'change': 2.0, 'low': -0.48, 'high': 4.48}
    """
    from scipy import stats

    first = np.array([rows[0][name] for rows in runs], np.float64)
    last = np.array([rows[-1][name] for rows in runs], np.float64)
    away = last - first
    low = high = None
    if len(runs) > 1:
        reach = stats.t.ppf(0.975, len(runs) - 1) * away.std(ddof=1) / np.sqrt(len(runs))
        low, high = float(away.mean() - reach), float(away.mean() + reach)
    return {
        "first": float(first.mean()),
        "last": float(last.mean()),
        "change": float(away.mean()),
        "low": low,
        "high": high,
    }


def summarise(
    runs: Mapping[str, Sequence[Rows]], names: Sequence[str]
) -> dict[str, dict[str, dict[str, float | None]]]:
    """`change` of each number by variant."""
    return {
        variant: {name: change(seeds, name) for name in names} for variant, seeds in runs.items()
    }


def render(summary: Mapping[str, Mapping[str, Mapping[str, float | None]]]) -> str:
    """The summary as lines of text."""
    lines = [f"{'guards':8}{'held out':18}{'first':>8}{'last':>8}{'change':>9}  95% interval"]
    for variant, numbers in summary.items():
        for name, found in numbers.items():
            shown = "".join(f"{found[key]:+8.2f}" for key in ("first", "last"))
            interval = "one seed"
            if found["low"] is not None:
                interval = f"{found['low']:+.2f} to {found['high']:+.2f}"
            lines.append(f"{variant:8}{name:18}{shown}{found['change']:+9.2f}  {interval}")
    return "\n".join(lines)
