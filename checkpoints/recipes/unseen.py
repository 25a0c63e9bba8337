# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: Apache-2.0
"""Of what kind a pair's damage is, and which engine made it: what is left out to be unseen.

A head that hears only what it was taught to hear is of little use against a policy that finds
something new. So each kind of damage, each family of kinds and each engine is left out in turn.
"""

from __future__ import annotations

from typing import Final

from checkpoints.recipes.artefacts import ARTEFACTS
from checkpoints.recipes.ladder import GERMAN, VOICES
from checkpoints.recipes.melody import MELODIES
from rewardkit.preferences import Preference

FIXED: Final = {
    "flat": "levelled",
    "narrow": "levelled",
    "wide": "exaggerated",
    "jumps": "stepped",
    "pauses": "halting",
    "uneven": "warped",
    "fast": "hurried",
    "slow": "dragged",
    "stutter": "stuttered",
}
"""Kinds of `damage` that are another's at a fixed amount, and so are left out with it."""

FAMILIES: Final = {
    **{kind.name: kind.family for kind in ARTEFACTS},
    **{kind.name: kind.family for kind in MELODIES},
    "inverted": "melody",
    "displaced": "melody",
    "rushed": "rhythm",
    "level": "level",
}
"""Kinds of one family sound alike, and may teach each other."""

ENGINES: Final = {voice.name: voice.engine for voice in (*VOICES, *GERMAN)}
"""By voice, how it is made."""


def kinds(p: Preference) -> tuple[str, ...]:
    """The kinds of damage that a pair is about."""
    found = []
    for system in (p.system_a, p.system_b):
        name = (system or "").removeprefix("damaged-").split("~")[0]
        found.append(FIXED.get(name, name))
    return tuple(dict.fromkeys(name for name in found if name in FAMILIES))


def families(p: Preference) -> tuple[str, ...]:
    """Their families."""
    return tuple(dict.fromkeys(FAMILIES[name] for name in kinds(p)))


def engines(p: Preference) -> tuple[str, ...]:
    """The engines that made a pair's synthetic sides, whatever was done to them after."""
    return tuple(ENGINES[who] for who in p.speakers if who in ENGINES)
