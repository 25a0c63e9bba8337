# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: Apache-2.0
"""A study's answers as they stand, one by one."""

from __future__ import annotations

from typing import Final

from rewardkit.annotate.chooser import Judgement
from rewardkit.annotate.study import Study

_QUERY: Final = """
SELECT p.pair, answer.dimension, answer.choice, answer.strength, p.swapped, p.kind, p.propensity,
       rater.name AS rater, standing.seconds, golden.win AS expected
FROM standing
JOIN answer ON answer.vote = standing.number
JOIN presentation AS p ON p.number = standing.presentation
JOIN rater ON rater.id = p.rater
LEFT JOIN golden ON golden.pair = p.pair AND golden.dimension = answer.dimension
                 AND p.kind = 'golden'
WHERE standing.action = 'answer'
ORDER BY standing.number, answer.dimension
"""


def judgements(study: Study) -> list[Judgement]:
    """All answers that stand, in the order in which they were given."""
    return [
        Judgement(
            row["pair"],
            row["dimension"],
            win(row["choice"], bool(row["swapped"])),
            row["rater"],
            row["strength"],
            row["kind"],
            row["propensity"],
            row["seconds"],
            row["expected"],
        )
        for row in study.db.read(_QUERY)
    ]


def win(choice: str, swapped: bool) -> float:
    """A choice of side as the win of the pair's a.

    Example:
        >>> win("a", swapped=True), win("tie", swapped=True)
        (0.0, 0.5)
    """
    if choice == "tie":
        return 0.5
    return float((choice == "a") != swapped)
