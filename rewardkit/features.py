# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: Apache-2.0
"""`Feature`, `Schema`, `Features`: named numbers with units, declared and never inferred."""

from __future__ import annotations

import hashlib
import json
import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np
from numpy.typing import NDArray

from rewardkit.errors import RewardkitError

UNITS: Final = frozenset(
    {"1", "%", "count", "s", "1/s", "Hz", "kHz", "dB", "dB/s", "semitone", "semitone/s", "cent"}
    | {"log", "nat"}
)
"""The closed set of units; `"1"` is a plain ratio or index, `"log"` a natural logarithm."""

_NAME = re.compile(r"[a-z][a-z0-9_]*")


@dataclass(frozen=True)
class Feature:
    """One number that a scorer gives for a clip.

    Args:
        name: Lower case with underscores; units are never part of it.
        unit: One of `UNITS`.
        about: What the number means, in one line.
        low: The least value it can take.
        high: The greatest value it can take.
        level_dependent: True when scaling the clip's samples changes it.

    Raises:
        RewardkitError: `bad_feature` for a malformed name, an unknown unit or an empty range.

    Example:
        >>> Feature("rms", "dB", "RMS level re full scale", low=-80, high=3).unit
        'dB'
    """

    name: str
    unit: str
    about: str
    low: float = -math.inf
    high: float = math.inf
    level_dependent: bool = False

    def __post_init__(self) -> None:
        if not _NAME.fullmatch(self.name):
            raise RewardkitError(
                "bad_feature", f"feature name {self.name!r}: use lower case, digits and underscores"
            )
        if self.unit not in UNITS:
            known = ", ".join(sorted(UNITS))
            raise RewardkitError(
                "bad_feature", f"feature {self.name}: unknown unit {self.unit!r}; known: {known}"
            )
        if not self.low < self.high:
            raise RewardkitError(
                "bad_feature", f"feature {self.name}: low {self.low} is not below high {self.high}"
            )


@dataclass(frozen=True)
class Schema:
    """The ordered full names of some features, with what each one is.

    Args:
        names: Full names, `scorer.feature`, in column order.
        features: The declarations, in the same order.
        scorers: One identity digest per scorer, `{name: digest}` as sorted pairs.

    Example:
        >>> schema = Schema(("loudness.rms",), (Feature("rms", "dB", "RMS level"),), ())
        >>> len(schema), schema.index("loudness.rms")
        (1, 0)
    """

    names: tuple[str, ...]
    features: tuple[Feature, ...]
    scorers: tuple[tuple[str, str], ...]

    def __len__(self) -> int:
        return len(self.names)

    def index(self, name: str) -> int:
        """The column of the feature with this full name (ValueError when there is none)."""
        return self.names.index(name)

    @cached_property
    def digest(self) -> str:
        """SHA-256 (hex) of names, units, ranges and scorer identities."""
        rows = [
            [name, f.unit, f.low, f.high, f.level_dependent]
            for name, f in zip(self.names, self.features, strict=True)
        ]
        text = json.dumps([rows, self.scorers], separators=(",", ":"))
        return hashlib.sha256(text.encode()).hexdigest()


@dataclass(frozen=True, eq=False)
class Features:
    """Values of a schema's features for some clips, in order.

    Args:
        schema: What the columns are.
        values: float64 of shape `(clips, features)`; NaN where a number could not be measured.
        errors: One entry per clip: None, or why that clip could not be measured (its row is NaN).
    """

    schema: Schema
    values: NDArray[np.float64]
    errors: Sequence[RewardkitError | None]

    def __len__(self) -> int:
        return len(self.values)
