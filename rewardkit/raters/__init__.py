# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: Apache-2.0
"""Raters: how far each can be relied on, and what their votes should weigh."""

from rewardkit.raters.alpha import Alpha, krippendorff
from rewardkit.raters.measures import Measured, RaterOptions, RaterReport, report
from rewardkit.raters.render import render
from rewardkit.raters.votes import Vote, Votes, read_votes
from rewardkit.raters.weights import weighted, weights

__all__ = [
    "Alpha",
    "Measured",
    "RaterOptions",
    "RaterReport",
    "Vote",
    "Votes",
    "krippendorff",
    "read_votes",
    "render",
    "report",
    "weighted",
    "weights",
]
