# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: Apache-2.0
"""Composite rewards: what can be verified and what listeners prefer, as one explicit sum.

Example:
    >>> recipe = Recipe.model_validate(
    ...     {
    ...         "terms": {
    ...             "right": {"kind": "exact_answer"},
    ...             "length": {"kind": "duration", "low": 0.5, "high": 12.0},
    ...         },
    ...         "sum": {
    ...             "right": {},
    ...             "length": {"weight": 0.5, "when": {"term": "right", "at_least": 1}},
    ...         },
    ...     }
    ... )
    >>> print(recipe.words())
    reward = right + length
      right: 1 x right [1 when the answer in the completion is that of the column 'answer', else 0]
      length: 0.5 x length [1 for a sound of 0.5 to 12 s, else 0]; only when right is at least 1, \
else 0
"""

from __future__ import annotations

from rewardkit.composite.composite import Composite
from rewardkit.composite.distance import character_error_rate, word_error_rate
from rewardkit.composite.recipe import Recipe, read

__all__ = ["Composite", "Recipe", "character_error_rate", "read", "word_error_rate"]
