# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: Apache-2.0
"""Listening tests: pairs of clips judged in a browser, kept in one file, exported for `train`."""

from rewardkit.annotate.chooser import (
    Balanced,
    Choice,
    Chooser,
    Judgement,
    StudyPair,
    StudyState,
)
from rewardkit.annotate.errors import STUDY_CODES, StudyError
from rewardkit.annotate.export import Exported, export
from rewardkit.annotate.judgements import judgements
from rewardkit.annotate.settings import Settings
from rewardkit.annotate.study import Rater, Study
from rewardkit.annotate.summary import summary

__all__ = [
    "STUDY_CODES",
    "Balanced",
    "Choice",
    "Chooser",
    "Exported",
    "Judgement",
    "Rater",
    "Settings",
    "Study",
    "StudyError",
    "StudyPair",
    "StudyState",
    "export",
    "judgements",
    "summary",
]
