# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: Apache-2.0
"""Trivial rules: what a reward model must beat before its accuracy says anything.

Listeners' choices often go with length or loudness, and files often list the better clip first.
"""

from __future__ import annotations

import difflib
import math
from collections.abc import Mapping, Sequence
from typing import Final, Protocol

import numpy as np
from numpy.typing import ArrayLike

from rewardkit.clip import Clip
from rewardkit.errors import RewardkitError
from rewardkit.pairs import Floats, Pairs

SIDE: Final = "side"

RATES: Final = {"timing.speech_rate": ("fastest", "slowest")}
"""Features that are a rule of their own wherever they are measured, and what it chooses."""

_WORDS: Final = {
    "duration": ("longest", "shortest"),
    "level": ("loudest", "quietest"),
    SIDE: ("side a", "side b"),
    **RATES,
}


def level(clip: Clip) -> float:
    """RMS level in dB re full scale: a full-scale sine has -3.01; digital silence has -inf.

    Example:
        >>> level(Clip(np.full(4, 0.1, np.float32), 16_000))
        -20.0
    """
    power = float(np.mean(clip.samples.astype(np.float64) ** 2)) if len(clip.samples) else 0.0
    return round(10 * math.log10(power), 6) if power > 0 else -math.inf


class Probed(Protocol):
    """A clip's length and level, as `rewardkit.preferences.ClipInfo` has them."""

    @property
    def duration(self) -> float:
        """In s."""

    @property
    def level(self) -> float:
        """In dB re full scale."""


def numbers(
    clips: Sequence[Probed], names: Sequence[str], values: Floats, rules: Sequence[str] = ()
) -> dict[str, Floats]:
    """What trivial rules go by, one number per clip: duration, level, and some features.

    Args:
        clips: Each clip's duration and level.
        names: Of the features that were measured.
        values: `(clips, features)`.
        rules: Features that are wanted; those of `RATES` are taken where they were measured.

    Raises:
        RewardkitError: `bad_option` for a feature that was not measured.
    """
    missing = [name for name in rules if name not in names]
    if missing:
        near = difflib.get_close_matches(missing[0], list(names), n=1)
        hint = f"; did you mean {near[0]!r}?" if near else ""
        raise RewardkitError("bad_option", f"the model measures no {missing[0]!r}{hint}")
    chosen = dict.fromkeys([*(name for name in RATES if name in names), *rules])
    found = {name: np.asarray(values[:, list(names).index(name)], np.float64) for name in chosen}
    return {
        "duration": np.array([clip.duration for clip in clips], np.float64),
        "level": np.array([clip.level for clip in clips], np.float64),
        **found,
    }


def choices(pairs: Pairs, trivial: Mapping[str, ArrayLike]) -> dict[str, Floats]:
    """What each trivial rule chooses: 1 for a, -1 for b, 0 for neither.

    Args:
        pairs: The preferences.
        trivial: One number per clip (row) by name: `duration` in s, `level` in dB, or others.

    Returns:
        `{name: (pairs,)}` with `side` (always a) among them where any side is known. NaN on
        either clip is no choice; nor is a side that is not known.

    Raises:
        RewardkitError: `bad_trivial` when there are fewer numbers than clips.
    """
    rules: dict[str, Floats] = {}
    most = int(max(pairs.a.max(), pairs.b.max())) + 1 if len(pairs) else 0
    for name, values in trivial.items():
        number = np.asarray(values, np.float64)
        if number.ndim != 1 or len(number) < most:
            raise RewardkitError("bad_trivial", f"{name}: one number per clip is needed")
        a, b = number[pairs.a], number[pairs.b]
        rules[name] = (a > b).astype(np.float64) - (a < b)
    if pairs.side_known.any():
        rules[SIDE] = pairs.side_known.astype(np.float64)
    return rules


def wording(name: str, *, reverse: bool) -> str:
    """The rule in words: what it chooses, with its direction.

    Example:
        >>> wording("duration", reverse=True)
        'shortest'
    """
    most, least = _WORDS.get(name, (f"highest {name}", f"lowest {name}"))
    return least if reverse else most
