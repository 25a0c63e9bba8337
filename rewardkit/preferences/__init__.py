# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: Apache-2.0
"""Preference files: reading, checking, making, splitting and writing them."""

from rewardkit.preferences.agreement import Agreement, NominalAlpha
from rewardkit.preferences.codes import PREFERENCE_CODES
from rewardkit.preferences.columns import COLUMNS
from rewardkit.preferences.issues import Issue, Issues
from rewardkit.preferences.merge import merge
from rewardkit.preferences.pairs import from_raters, from_ratings
from rewardkit.preferences.probe import ClipInfo, Probe, describe, probe
from rewardkit.preferences.ratings import Rating, read_ratings
from rewardkit.preferences.read import PreferenceFile, read, stream
from rewardkit.preferences.record import Preference, Votes
from rewardkit.preferences.report import DimensionSummary, Report
from rewardkit.preferences.shortcuts import Rule
from rewardkit.preferences.split import Split, check_leak, folds, split
from rewardkit.preferences.validate import validate
from rewardkit.preferences.write import write

__all__ = [
    "COLUMNS",
    "PREFERENCE_CODES",
    "Agreement",
    "ClipInfo",
    "DimensionSummary",
    "Issue",
    "Issues",
    "NominalAlpha",
    "Preference",
    "PreferenceFile",
    "Probe",
    "Rating",
    "Report",
    "Rule",
    "Split",
    "Votes",
    "check_leak",
    "describe",
    "folds",
    "from_raters",
    "from_ratings",
    "merge",
    "probe",
    "read",
    "read_ratings",
    "split",
    "stream",
    "validate",
    "write",
]
