# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: Apache-2.0
"""A monitor's numbers in Prometheus' text format, version 0.0.4.

https://prometheus.io/docs/instrumenting/exposition_formats/
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

KINDS: Final = {
    "mean": ("of", "mean reward of the update"),
    "running_mean": ("of", "mean reward of the window"),
    "sd": (None, "standard deviation of the reward in the window"),
    "quantile": ("quantile", "quantiles of the reward in the window"),
    "failed": (None, "share of clips without a reward"),
    "failure": ("code", "share of clips without a reward, by code"),
    "bounded": (None, "mean share of features outside the range of the training clips"),
    "inside": (None, "share of clips among the training clips"),
    "out_of_distribution": (None, "share of measured clips too far from the training clips"),
    "correlation": ("with", "rank correlation of the reward"),
    "shift": ("of", "mean reward less that of the training clips, in their deviations"),
    "drift": ("of", "Wasserstein distance to the training clips' rewards, in their deviations"),
    "judge": ("judge", "what a held-out judge says"),
    "alarm": (None, "1 while the reward rises and a watched number falls"),
}
"""By the first part of a number's name: the label that its second part is, and what it means."""

PREFIX: Final = "rewardkit_monitor_"


def text(numbers: Mapping[str, float], step: int, alarms: int) -> str:
    r"""The page that Prometheus reads.

    Args:
        numbers: Of an update, by name.
        step: Of that update.
        alarms: How many there were so far.

    Example:
        >>> print(text({"mean/reward": 0.5, "judge/mos": 3.25}, 7, 0))
        # HELP rewardkit_monitor_mean mean reward of the update
        # TYPE rewardkit_monitor_mean gauge
        rewardkit_monitor_mean{of="reward"} 0.5
        # HELP rewardkit_monitor_judge what a held-out judge says
        # TYPE rewardkit_monitor_judge gauge
        rewardkit_monitor_judge{judge="mos"} 3.25
        # HELP rewardkit_monitor_step the latest update
        # TYPE rewardkit_monitor_step gauge
        rewardkit_monitor_step 7
        # HELP rewardkit_monitor_alarms_total alarms so far
        # TYPE rewardkit_monitor_alarms_total counter
        rewardkit_monitor_alarms_total 0
        <BLANKLINE>
    """
    lines: list[str] = []
    for kind, (label, about) in KINDS.items():
        found = {
            name.partition("/")[2]: number
            for name, number in numbers.items()
            if name.partition("/")[0] == kind
        }
        if found:
            lines += _head(kind, "gauge", about)
            lines += [
                f"{PREFIX}{kind}{_label(label, value)} {number!r}"
                for value, number in found.items()
            ]
    lines += [*_head("step", "gauge", "the latest update"), f"{PREFIX}step {step}"]
    lines += [*_head("alarms_total", "counter", "alarms so far"), f"{PREFIX}alarms_total {alarms}"]
    return "\n".join(lines) + "\n"


def _head(kind: str, form: str, about: str) -> list[str]:
    return [f"# HELP {PREFIX}{kind} {about}", f"# TYPE {PREFIX}{kind} {form}"]


def _label(name: str | None, value: str) -> str:
    if name is None:
        return ""
    escaped = value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'{{{name}="{escaped}"}}'
