# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: Apache-2.0
"""`Settings`: how a study is run, and the questions that it asks."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from rewardkit.annotate.errors import StudyError

QUESTIONS: Final = {
    "overall": "Which one would you rather listen to?",
    "prosody": "Whose melody, stress, pace and pauses sound more like a person who means it?",
    "emotion": "Whose feeling is easier to recognise, and more authentic and fitting?",
    "quality": "Which one is clearer and freer of artefacts?",
    "coherence": "In which one do the turns belong together better?",
}
"""What is asked about the dimensions that rewardkit's own checkpoints know."""

INSTRUCTIONS: Final = (
    "You will hear two recordings at a time, A and B, and say which one is better. "
    "Trust your first impression: there are no right or wrong answers.\n"
    "Use headphones in a quiet place, and set a comfortable volume before you begin. "
    "You can stop at any time and come back later to where you left off.\n"
    "Kept are your answers, how long they took, what you listened to, and the name in your link; "
    "nothing else. By beginning you agree that your answers are used for research on speech."
)
"""The text of the first screen when the organiser gives none; a line is a paragraph."""


MOST_QUESTIONS: Final = 32
"""Asked of one pair."""

LONGEST_DIMENSION: Final = 256
"""Characters of a dimension's name."""


@dataclass(frozen=True)
class Settings:
    """How a study is run.

    Args:
        title: Shown to raters.
        instructions: The text of the first screen; lines are paragraphs.
        questions: What is asked of each pair, by dimension, in order.
        strength: Whether raters also say how clear their answer is.
        votes_per_pair: Raters whose answer is wanted for each pair.
        per_rater: Answers after which a rater is done; None for no limit.
        repeat: Share of the pairs shown that the same rater has judged before, sides swapped.
        golden: Share of the pairs shown whose answer is known, while there are any.
        heard: Share of each clip that must be heard before an answer, in 0 to 1.
        level: Loudness to which clips are brought, in LUFS (EBU R 128 asks for -23), where
            their peaks allow it.
        seed: Of which pair is shown when, and on which sides.

    Raises:
        StudyError: `bad_setting`.

    Example:
        >>> Settings(questions={"overall": "Which one?"}, heard=1.5)
        Traceback (most recent call last):
        ...
        rewardkit.annotate.errors.StudyError: bad_setting: heard is 1.5; it lies in 0 to 1
    """

    title: str = "Listening test"
    instructions: str = INSTRUCTIONS
    questions: Mapping[str, str] = dataclasses.field(
        default_factory=lambda: {"overall": QUESTIONS["overall"]}
    )
    strength: bool = True
    votes_per_pair: int = 1
    per_rater: int | None = None
    repeat: float = 0.05
    golden: float = 0.1
    heard: float = 0.8
    level: float = -23.0
    seed: int = 0

    def __post_init__(self) -> None:
        if not self.questions or not all(name and text for name, text in self.questions.items()):
            raise StudyError("bad_setting", "each dimension needs a name and a question")
        if (
            len(self.questions) > MOST_QUESTIONS
            or max(map(len, self.questions)) > LONGEST_DIMENSION
        ):
            most = f"at most {MOST_QUESTIONS} dimensions of {LONGEST_DIMENSION} characters"
            raise StudyError("bad_setting", most)
        try:
            self.to_json().encode()
        except UnicodeEncodeError as error:
            raise StudyError("bad_setting", f"a text is not UTF-8: {error}") from error
        for name in ("repeat", "golden", "heard"):
            if not 0.0 <= getattr(self, name) <= 1.0:
                value = getattr(self, name)
                raise StudyError("bad_setting", f"{name} is {value}; it lies in 0 to 1")
        if self.repeat + self.golden > 0.9:
            raise StudyError(
                "bad_setting", "repeat and golden leave less than a tenth of new pairs"
            )
        if self.votes_per_pair < 1 or (self.per_rater is not None and self.per_rater < 1):
            raise StudyError("bad_setting", "votes_per_pair and per_rater are at least 1")
        if not -60.0 <= self.level <= -10.0:
            raise StudyError("bad_setting", f"level is {self.level}; it lies in -60 to -10 LUFS")

    @property
    def dimensions(self) -> tuple[str, ...]:
        """What is asked about, in order."""
        return tuple(self.questions)

    def to_json(self) -> str:
        """As text, for the study file."""
        return json.dumps(dataclasses.asdict(self), ensure_ascii=False)

    @classmethod
    def from_json(cls, text: str) -> Settings:
        """The settings that `to_json` wrote."""
        return cls(**json.loads(text))


def question(dimension: str) -> str:
    """What to ask about a dimension for which no question was given.

    Example:
        >>> question("warmth")
        'Which one is better in warmth?'
    """
    return QUESTIONS.get(dimension, f"Which one is better in {dimension}?")
