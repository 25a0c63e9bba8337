# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: Apache-2.0
"""The term that listeners' preferences give, plain or against a reference."""

from __future__ import annotations

import math
from typing import Annotated, Literal

import pydantic

from rewardkit.composite.terms import TermBase


class Preference(TermBase):
    """What the reward model says of the sound.

    Args:
        kind: Its name in a recipe.
        dimension: One of the model's; by default the scalar.
        form: `"log_odds"` as the model gives it; `"probability"`, the logistic function of it;
            or `"ordinal"`, how clearly the sound wins against its reference: the share of
            `steps` that the probability of winning reaches, negative when it loses.
        reference: Column with the sound to compare with (as a renderer gives it). The term is
            then a form of r(y) - r(y_ref), whose logistic function is the probability that
            listeners prefer y to its reference. Step-Audio-R1.5 (arXiv 2604.25719) rewards a
            response relative to a reference in this way; our `steps` are our own choice.
        steps: Probabilities above 0.5, rising.
    """

    kind: Literal["preference"]
    dimension: str | None = None
    form: Literal["log_odds", "probability", "ordinal"] = "log_odds"
    reference: str | None = None
    steps: tuple[Annotated[float, pydantic.Field(gt=0.5, lt=1)], ...] = (0.6, 0.8)

    @pydantic.model_validator(mode="after")
    def _consistent(self) -> Preference:
        if not self.steps or list(self.steps) != sorted(set(self.steps)):
            raise ValueError("steps are one or more rising probabilities")
        if self.form == "ordinal" and self.reference is None:
            raise ValueError("an ordinal form needs a reference to win or lose against")
        return self

    @property
    def range(self) -> tuple[float, float]:
        """The least and the greatest value."""
        if self.form == "log_odds":
            return -math.inf, math.inf
        return (0.0, 1.0) if self.form == "probability" else (-1.0, 1.0)

    def words(self) -> str:
        """What it measures."""
        name = "the reward" if self.dimension is None else f"the reward for {self.dimension}"
        if self.reference is not None:
            name += f" less that of the sound in the column {self.reference!r}"
        if self.form == "ordinal":
            steps = ", ".join(f"{step:g}" for step in self.steps)
            return f"{name}, as steps of the probability of winning: {steps}"
        return f"{name}, " + ("as a probability" if self.form == "probability" else "in log-odds")

    def value(self, log_odds: float) -> float:
        """The form of a reward, or of the difference of two.

        Example:
            >>> term = Preference(kind="preference", form="ordinal", reference="natural")
            >>> [term.value(d) for d in (-2.0, -0.5, 0.1, 0.5, 2.0)]
            [-1.0, -0.5, 0.0, 0.5, 1.0]
        """
        if self.form == "log_odds":
            return log_odds
        if self.form == "probability":
            return 0.5 * (1 + math.tanh(log_odds / 2))
        wins = 0.5 * (1 + math.tanh(abs(log_odds) / 2))
        share = sum(wins >= step for step in self.steps) / len(self.steps)
        return math.copysign(share, log_odds) if share else 0.0
