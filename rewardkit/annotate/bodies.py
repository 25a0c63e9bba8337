# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: Apache-2.0
"""What a rater's browser may send."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from rewardkit.annotate import votes
from rewardkit.annotate.settings import LONGEST_DIMENSION, MOST_QUESTIONS

Id = Annotated[str, Field(min_length=16, max_length=64, pattern=r"^[A-Za-z0-9_-]+$")]
"""A random name, made by the browser or given to it."""

Share = Annotated[float, Field(ge=0.0, le=1.0, allow_inf_nan=False)]


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class NextBody(_Body):
    """Asks for the pair to judge."""

    session: Id | None = None


class AnswerBody(_Body):
    """An answer to one question."""

    dimension: Annotated[str, Field(max_length=LONGEST_DIMENSION)]
    choice: Literal["a", "b", "tie"]
    strength: Literal[1, 2] | None = None


class VoteBody(_Body):
    """What was done with a pair."""

    id: Id
    presentation: Id
    action: Literal["answer", "skip", "broken"]
    answers: Annotated[tuple[AnswerBody, ...], Field(max_length=MOST_QUESTIONS)] = ()
    seconds: Annotated[float, Field(ge=0.0, le=1e7, allow_inf_nan=False)] | None = None
    heard: tuple[Share, Share] = (0.0, 0.0)
    session: Id | None = None

    def vote(self) -> votes.Vote:
        """As the study keeps it."""
        answers = tuple(votes.Answer(a.dimension, a.choice, a.strength) for a in self.answers)
        return votes.Vote(
            self.id, self.presentation, self.action, answers, self.seconds, self.heard
        )


class UndoBody(_Body):
    """Takes a vote back."""

    id: Id
    undoes: Id
    session: Id | None = None
