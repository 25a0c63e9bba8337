# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: Apache-2.0
"""Terms that can be verified: error rates, answers, formats, durations, functions of the user's."""

from __future__ import annotations

import math
import re
import unicodedata
from typing import Any, Literal

import pydantic

from rewardkit.batch_function import LARGEST
from rewardkit.clip import Clip
from rewardkit.composite.distance import character_error_rate, word_error_rate
from rewardkit.composite.terms import Measured, Samples, TermBase, called, or_error, text_of
from rewardkit.errors import RewardkitError


class ErrorRate(TermBase):
    """Errors of a recogniser against the text that was to be spoken; less is better.

    Args:
        kind: By words or by characters.
        asr: Name of the function `asr(clips) -> transcripts` that the user plugs in.
        text: Column with the text.
    """

    kind: Literal["word_error_rate", "character_error_rate"]
    asr: str = "asr"
    text: str = "text"

    @property
    def range(self) -> tuple[float, float]:
        """The least and the greatest value."""
        return 0.0, math.inf

    @property
    def function(self) -> str | None:
        """The name of the user's function that it calls."""
        return self.asr

    def words(self) -> str:
        """What it measures."""
        unit = "word" if self.kind == "word_error_rate" else "character"
        return f"{unit} error rate of {self.asr!r} against the column {self.text!r}"

    def measure(self, samples: Samples) -> list[Measured]:
        """One rate per sample."""
        rate = word_error_rate if self.kind == "word_error_rate" else character_error_rate

        def compare(heard: Any, text: Any) -> float:
            if not isinstance(heard, str):
                raise TypeError(f"{self.asr!r} gives strings, not {type(heard).__name__}")
            if not isinstance(text, str):
                raise RewardkitError("no_text", f"column {self.text!r} holds no text: {text!r}")
            return rate(heard, text)

        texts = samples.column(self.text)
        sounds = [clip for clip in samples.clips if isinstance(clip, Clip)]
        heard = iter(called(samples.functions[self.asr], self.asr, len(sounds), sounds))
        return [
            clip if isinstance(clip, RewardkitError) else or_error(compare, next(heard), text)
            for clip, text in zip(samples.clips, texts, strict=True)
        ]


class ExactAnswer(TermBase):
    """1 when the completion's answer is the right one, else 0.

    Both are compared without regard to case, Unicode form and spaces.

    Args:
        kind: Its name in a recipe.
        answer: Column with the right answer.
        pattern: Regular expression whose first group is the answer in the completion (its last
            match counts); without it, the whole completion is.
    """

    kind: Literal["exact_answer"]
    answer: str = "answer"
    pattern: str | None = None

    @pydantic.field_validator("pattern")
    @classmethod
    def _has_a_group(cls, pattern: str | None) -> str | None:
        if pattern is not None and _compiled(pattern).groups < 1:
            raise ValueError("the pattern needs a group that holds the answer")
        return pattern

    def words(self) -> str:
        """What it measures."""
        where = "" if self.pattern is None else f" (found by {self.pattern})"
        return (
            f"1 when the answer in the completion{where} is that of the column {self.answer!r}, "
            "else 0"
        )

    def measure(self, samples: Samples) -> list[Measured]:
        """1 or 0 per sample."""
        return [
            or_error(self._right, completion, answer)
            for completion, answer in zip(
                map(text_of, samples.column("completion")),
                samples.column(self.answer),
                strict=True,
            )
        ]

    def _right(self, completion: str, answer: Any) -> float:
        if answer is None:
            raise RewardkitError("no_text", f"column {self.answer!r} holds no answer")
        given = completion
        if self.pattern is not None:
            found = list(re.finditer(self.pattern, completion, re.DOTALL))
            if not found:
                return 0.0
            given = found[-1].group(1) or ""
        return float(_plain(given) == _plain(str(answer)))


class Format(TermBase):
    """1 when the whole completion matches a regular expression, else 0.

    Args:
        kind: Its name in a recipe.
        pattern: As Python's `re.fullmatch` takes it; a dot also matches a new line.
    """

    kind: Literal["format"]
    pattern: str

    @pydantic.field_validator("pattern")
    @classmethod
    def _compiles(cls, pattern: str) -> str:
        _compiled(pattern)
        return pattern

    def words(self) -> str:
        """What it measures."""
        return f"1 when the completion has the form {self.pattern}, else 0"

    def measure(self, samples: Samples) -> list[Measured]:
        """1 or 0 per sample."""
        return [
            float(re.fullmatch(self.pattern, text_of(completion), re.DOTALL) is not None)
            for completion in samples.column("completion")
        ]


class Duration(TermBase):
    """1 for a sound of a length within limits, else 0.

    Args:
        kind: Its name in a recipe.
        low: In s.
        high: In s.
    """

    kind: Literal["duration"]
    low: float = pydantic.Field(0.0, ge=0)
    high: float

    @pydantic.model_validator(mode="after")
    def _ordered(self) -> Duration:
        if not self.low < self.high:
            raise ValueError(f"low {self.low} is not below high {self.high}")
        return self

    def words(self) -> str:
        """What it measures."""
        return f"1 for a sound of {self.low:g} to {self.high:g} s, else 0"

    def measure(self, samples: Samples) -> list[Measured]:
        """1 or 0 per sample."""
        return [
            clip
            if isinstance(clip, RewardkitError)
            else float(self.low <= clip.duration <= self.high)
            for clip in samples.clips
        ]


class Custom(TermBase):
    """What a function of the user's gives.

    Args:
        kind: Its name in a recipe.
        name: Of the function `f(clips, rows) -> numbers` that the user plugs in. Clips may be
            errors; a `RewardkitError` or None among the numbers says that there is none.
        low: The least value that it gives, if there is one.
        high: The greatest.
    """

    kind: Literal["function"]
    name: str
    low: float | None = None
    high: float | None = None

    @property
    def range(self) -> tuple[float, float]:
        """The least and the greatest value."""
        return (
            -math.inf if self.low is None else self.low,
            math.inf if self.high is None else self.high,
        )

    @property
    def function(self) -> str | None:
        """The name of the user's function that it calls."""
        return self.name

    def words(self) -> str:
        """What it measures."""
        return f"what {self.name!r} gives"

    def measure(self, samples: Samples) -> list[Measured]:
        """One number per sample."""
        given = called(
            samples.functions[self.name], self.name, len(samples.rows), samples.clips, samples.rows
        )
        return [or_error(self._checked, number) for number in given]

    def _checked(self, number: Any) -> float:
        if isinstance(number, RewardkitError):
            raise number
        if number is None:
            raise RewardkitError("not_measured", f"{self.name!r} gave nothing for this sample")
        try:
            value = float(number)
        except OverflowError:  # an integer that no float holds
            value = math.inf
        low, high = self.range
        if not (abs(value) < LARGEST and low <= value <= high):
            raise RewardkitError(
                "nonfinite_reward",
                f"{self.name!r} gave {value}; it is in [{low}, {high}], and less than {LARGEST:g} "
                "in size",
            )
        return value


def _plain(text: str) -> str:
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split())


def _compiled(pattern: str) -> re.Pattern[str]:
    try:
        return re.compile(pattern, re.DOTALL)
    except re.error as error:
        raise ValueError(f"not a regular expression: {error}") from error
