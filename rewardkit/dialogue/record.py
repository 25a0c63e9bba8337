# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: Apache-2.0
"""`Turn` and `Dialogue`: who says what after whom, and when."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from rewardkit.clip import Clip
from rewardkit.dialogue.errors import DialogueError


@dataclass(frozen=True)
class Turn:
    """One stretch of speech by one speaker.

    Args:
        speaker: Who should be speaking: any name, the same for all turns of one voice.
        clip: The sound: a path, or a `Clip` that was read before.
        text: What is said, where that is known.
        start: When it begins in the dialogue, in seconds; None when times are not known.
        end: When it ends; None takes the start and the clip's duration.

    Raises:
        DialogueError: `bad_turn` for an empty name, a time that is not finite, an end that is not
            after the start, or an end without a start.

    Example:
        >>> Turn("ann", "hello.wav", start=0.5, end=1.7).speaker
        'ann'
    """

    speaker: str
    clip: str | Path | Clip
    text: str | None = None
    start: float | None = None
    end: float | None = None

    def __post_init__(self) -> None:
        if not self.speaker:
            raise DialogueError("bad_turn", "a turn names its speaker")
        if any(time is not None and not math.isfinite(time) for time in (self.start, self.end)):
            raise DialogueError("bad_turn", f"times are {self.start} and {self.end}; finite, in s")
        if self.end is not None and (self.start is None or self.end <= self.start):
            raise DialogueError(
                "bad_turn", f"start is {self.start}, end {self.end}; an end comes after a start"
            )

    @property
    def source(self) -> str:
        """Where the sound came from, for messages."""
        return self.clip.source if isinstance(self.clip, Clip) else str(self.clip)


def first_early(turns: Sequence[Turn]) -> int | None:
    """The place of the first turn that begins before one that stands earlier, if any.

    Example:
        >>> first_early([Turn("ann", "a.wav", start=0.0), Turn("bob", "b.wav", start=-1.0)])
        1
    """
    last = -math.inf
    for place, turn in enumerate(turns):
        if turn.start is not None:
            if turn.start < last:
                return place
            last = turn.start
    return None


@dataclass(frozen=True)
class Dialogue:
    """Turns in the order in which they begin.

    Turns may overlap in time. A speaker may have several turns in a row, and there may be any
    number of speakers: one too, for a long reading.

    Args:
        turns: At least two.
        name: For messages and tables.

    Raises:
        DialogueError: `too_few_turns`; `unordered` when a turn begins before one that stands
            earlier.

    Example:
        >>> Dialogue.of([Turn("ann", "a.wav"), Turn("bob", "b.wav")]).speakers
        ('ann', 'bob')
    """

    turns: tuple[Turn, ...]
    name: str = ""

    def __post_init__(self) -> None:
        where = f"dialogue {self.name}: " if self.name else ""
        if len(self.turns) < 2:
            raise DialogueError(
                "too_few_turns",
                f"{where}{len(self.turns)} turns; coherence is between turns, so at least 2",
            )
        early = first_early(self.turns)
        if early is not None:
            raise DialogueError(
                "unordered",
                f"{where}turn {early + 1} begins at {self.turns[early].start} s, before one that "
                "stands earlier; turns come in the order in which they begin",
            )

    @classmethod
    def of(cls, turns: Dialogue | Iterable[Turn], name: str = "") -> Dialogue:
        """The turns as a dialogue: itself when it is one."""
        return turns if isinstance(turns, Dialogue) else cls(tuple(turns), name)

    @property
    def speakers(self) -> tuple[str, ...]:
        """Who speaks, in order of first turn."""
        return tuple(dict.fromkeys(turn.speaker for turn in self.turns))

    def __len__(self) -> int:
        return len(self.turns)
