# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: Apache-2.0
"""What can go wrong in a study, and the HTTP status that says so."""

from __future__ import annotations

from typing import Final

from rewardkit.errors import RewardkitError

STUDY_CODES: Final = {
    "not_a_study": ("the file is not a study, or of a version that this rewardkit can't read", 500),
    "not_saved": ("the study file could not be written: a full disk, no permission, a lock", 507),
    "no_pairs": ("there are no two clips to compare", 500),
    "no_answers": ("nothing has been answered that could be exported", 409),
    "bad_golden": ("a golden pair whose question is not asked, or that has two answers", 500),
    "bad_address": ("where nothing can be served: a port in use, a URL that leads nowhere", 500),
    "changed_clip": ("a clip's sound is no longer what it was when the study began", 410),
    "missing_clip": ("a clip is no longer there, or can't be read", 410),
    "unusable_clip": ("clips that can't be read (they are listed)", 500),
    "changed_settings": ("what can't change once a study has begun", 500),
    "bad_setting": ("a setting outside its range", 500),
    "bad_rater": ("a rater's name that is empty, too long or taken", 422),
    "unknown_token": ("no token, or one that belongs to nobody", 401),
    "unknown_presentation": ("no pair was shown to this rater under this name", 404),
    "unknown_vote": ("no such vote of this rater", 404),
    "already_answered": ("this pair has been answered", 409),
    "already_undone": ("this vote has been undone", 409),
    "conflicting_id": ("another vote has this id", 409),
    "no_consent": ("the rater has not agreed to take part", 403),
    "not_heard": ("both clips must be heard before an answer", 422),
    "bad_answer": ("an answer that the questions don't allow", 422),
}
"""Every code of a study with its meaning and HTTP status."""


class StudyError(RewardkitError):
    """What can't be done in a study; see `STUDY_CODES`."""

    @property
    def status(self) -> int:
        """The HTTP status that goes with the code."""
        return STUDY_CODES[self.code][1]
