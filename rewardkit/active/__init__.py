# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: Apache-2.0
"""Which pairs to ask listeners about next, and when to stop asking."""

from rewardkit.active.belief import Belief
from rewardkit.active.candidates import pairs_among
from rewardkit.active.chooser import ActiveChooser
from rewardkit.active.design import Design
from rewardkit.active.pick import Pick, pick
from rewardkit.active.sequences import fixed_mean, running_mean
from rewardkit.active.space import Space
from rewardkit.active.stopping import Accuracy, Better, Verdict
from rewardkit.active.suggest import ActiveOptions, Suggestion, learn, next_pairs

__all__ = [
    "Accuracy",
    "ActiveChooser",
    "ActiveOptions",
    "Belief",
    "Better",
    "Design",
    "Pick",
    "Space",
    "Suggestion",
    "Verdict",
    "fixed_mean",
    "learn",
    "next_pairs",
    "pairs_among",
    "pick",
    "running_mean",
]
