# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: Apache-2.0
"""`Preference`: one answer, or some votes, on which of two clips is better."""

from __future__ import annotations

import dataclasses
import math
from dataclasses import dataclass, field
from typing import Any, Final

from rewardkit.errors import PreferenceError

Votes = tuple[int, int, int]
"""How many judgements said a, b, and tie."""

_ROUNDING: Final = 1e-9  # by so much a share may be off


@dataclass(frozen=True, slots=True)
class Preference:
    """Which of two clips is better, in one dimension.

    The loss of a preference is `weight` times the cross-entropy of `win`, which is linear in
    `win`; so a row of votes weighs exactly as much as its single judgements would.

    Args:
        a: Path of one clip.
        b: Path of the other.
        win: 1 when a is better, 0 when b is, 0.5 for a tie; or the share of a, ties counted
            half: `(votes_a + votes_tie / 2) / (votes_a + votes_b + votes_tie)`. One vote for
            each side gives 0.5 too: what tells a tie from that is `tie`.
        dimension: What was judged. Names are data.
        rater: Who judged; None when unknown.
        weight: How many judgements this counts as: those of a row of votes times the weight of
            each. Finite, not negative.
        speaker: Who speaks in both clips.
        text: What is said.
        system_a: What made a: a synthesiser, a condition, `human`.
        system_b: What made b.
        margin: By how much the better clip is better, on the data's own scale; not negative.
        line: Where it stood in its file. Not part of equality.
        speaker_a: Who speaks in a, where the two differ.
        speaker_b: Who speaks in b.
        votes: The counts behind `win`, when it came from votes.
        side_known: Whether a and b are the sides on which the clips were presented. False for
            `chosen, rejected` rows, in which a is the better clip by construction.
        tie: The share of judgements that saw no difference, of which `win` holds one half: a was
            preferred by a share of `win - tie / 2`, b by `1 - win - tie / 2`.
        strength: How clear the answer is on a graded scale, such as 1 for "slightly" and 2 for
            "clearly better"; positive. In training and evaluation it multiplies the weight: one
            clear answer counts as two slight ones.
        language: What language is spoken in both clips.

    Raises:
        PreferenceError: With the code of what is wrong: `missing_column`, `same_clip`,
            `out_of_range`, `bad_weight`, `bad_votes`, `conflicting_columns`.

    Example:
        >>> Preference("x.wav", "y.wav", 1.0).swapped().win
        0.0
    """

    a: str
    b: str
    win: float
    dimension: str = "overall"
    rater: str | None = None
    weight: float = 1.0
    speaker: str | None = None
    text: str | None = None
    system_a: str | None = None
    system_b: str | None = None
    margin: float | None = None
    line: int | None = field(default=None, compare=False)
    speaker_a: str | None = None
    speaker_b: str | None = None
    votes: Votes | None = None
    side_known: bool = True
    tie: float = 0.0
    strength: float | None = None
    language: str | None = None

    def __post_init__(self) -> None:
        if not self.a or not self.b or not self.dimension:
            raise PreferenceError("missing_column", "a preference needs a, b and a dimension")
        if self.a == self.b:
            raise PreferenceError("same_clip", f"both sides are {self.a!r}")
        if not 0.0 <= self.win <= 1.0:
            raise PreferenceError("out_of_range", f"win is {self.win}; it lies in 0 … 1")
        if not 0.0 <= self.tie <= 1.0 or self.tie / 2 > min(self.win, 1 - self.win) + _ROUNDING:
            raise PreferenceError(
                "out_of_range",
                f"tie is {self.tie}; it lies in 0 … 1, and half of it at most in win, {self.win}, "
                "and in 1 - win",
            )
        if self.strength is not None and not 0.0 < self.strength < math.inf:
            raise PreferenceError("out_of_range", f"strength is {self.strength}; finite and > 0")
        if self.margin is not None and not 0.0 <= self.margin < math.inf:
            raise PreferenceError("out_of_range", f"margin is {self.margin}; finite and ≥ 0")
        if self.votes is not None and (min(self.votes) < 0 or not any(self.votes)):
            raise PreferenceError("bad_votes", f"votes are {self.votes}; none is negative, one > 0")
        if not 0.0 <= self.weight < math.inf:
            raise PreferenceError("bad_weight", f"weight is {self.weight}; it is finite and ≥ 0")
        if self.speaker is not None and (self.speaker_a or self.speaker_b):
            raise PreferenceError("conflicting_columns", "speaker excludes speaker_a and speaker_b")

    @classmethod
    def from_votes(
        cls, a: str, b: str, votes: Votes, weight: float = 1.0, **others: Any
    ) -> Preference:
        """The preference that stands for some votes on one pair.

        Args:
            a: Path of one clip.
            b: Path of the other.
            votes: How many said a, b, and tie.
            weight: Of each vote.
            **others: The other fields.

        Raises:
            PreferenceError: `bad_votes` when none was cast, or a count is negative.

        Example:
            >>> preference = Preference.from_votes("x.wav", "y.wav", (3, 1, 1))
            >>> preference.win, preference.tie, preference.weight
            (0.7, 0.2, 5.0)
        """
        total = sum(votes)
        win = share(votes) if total > 0 else 0.5  # the constructor refuses the latter
        tie = votes[2] / total if total > 0 and votes[2] > 0 else 0.0
        return cls(a, b, win, weight=weight * total, votes=votes, tie=tie, **others)

    @property
    def speakers(self) -> tuple[str | None, str | None]:
        """Who speaks in a and in b; None where unknown."""
        return self.speaker or self.speaker_a or None, self.speaker or self.speaker_b or None

    @property
    def counts(self) -> Votes | None:
        """The judgements as counts of a, b, tie; None for a share that came from no count."""
        if self.votes is not None:
            return self.votes
        if self.tie == 1.0:
            return (0, 0, 1)
        return {1.0: (1, 0, 0), 0.0: (0, 1, 0)}.get(self.win)

    def swapped(self) -> Preference:
        """The same preference with a and b exchanged."""
        return dataclasses.replace(
            self,
            a=self.b,
            b=self.a,
            win=1.0 - self.win,
            system_a=self.system_b,
            system_b=self.system_a,
            speaker_a=self.speaker_b,
            speaker_b=self.speaker_a,
            votes=None if self.votes is None else (self.votes[1], self.votes[0], self.votes[2]),
        )


def share(votes: Votes) -> float:
    """The share of a among votes for a, b, tie, ties counted half.

    Example:
        >>> share((1, 0, 1))
        0.75
    """
    return (votes[0] + 0.5 * votes[2]) / sum(votes)
