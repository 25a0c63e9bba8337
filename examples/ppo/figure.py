# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The figure: the reward that is optimised, and beside it what is not."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from examples.ppo.summary import Rows

STYLES = {"none": "-", "kl": "--", "lcb": "-.", "both": ":"}


def draw(
    runs: Mapping[str, Sequence[Rows]], natural: Mapping[str, float], judges: Sequence[str]
) -> Any:
    """A matplotlib figure: one panel for the reward, each judge, two controls and the KL.

    Args:
        runs: By variant, one for each seed; all looked at the same steps.
        natural: The numbers of the held-out sentences as they were recorded: the dotted line.
        judges: Their names.
    """
    from matplotlib.figure import Figure

    panels = {
        "reward": "reward, held out (log-odds)",
        **{name: f"{name}, held out" for name in judges},
        "range": "F0 range, times natural",
        "inside": "share among training clips",
        "kl": "KL to the reference (nat)",
    }
    figure = Figure(figsize=(2.9 * len(panels), 3.0), layout="constrained")
    for axis, (name, title) in zip(figure.subplots(1, len(panels)), panels.items(), strict=True):
        for variant, seeds in runs.items():
            steps = [row["step"] for row in seeds[0]]
            lines = np.array([[_number(row, name) for row in rows] for rows in seeds])
            (drawn,) = axis.plot(steps, lines.mean(axis=0), STYLES[variant], label=variant)
            if len(lines) > 1:
                axis.fill_between(
                    steps, lines.min(0), lines.max(0), color=drawn.get_color(), alpha=0.15, lw=0
                )
        if name in natural:
            axis.axhline(natural[name], color="black", lw=0.8, ls=(0, (1, 2)))
        axis.set(title=title, xlabel="step")
        axis.title.set_fontsize(9)
    figure.axes[0].legend(fontsize=8, title="guards", title_fontsize=8)
    return figure


def _number(row: Mapping[str, Any], name: str) -> float:
    """The number of a panel, NaN (not drawn) where there is none."""
    for numbers in (row, row["controls"], row["numbers"]):
        if name in numbers:
            return float(numbers[name])
    return float("nan")
