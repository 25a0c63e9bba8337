# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: Apache-2.0
"""Artefacts: what spoils a recording or a synthesis, whatever is said and how.

Each kind has an amount from 0 (just heard) to 1 (very bad), and draws all else at random, so
that no head can learn one setting. Nothing here is taken from `rewardkit.perturbations`: the
audit must stay a judge of what was learned.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np

from checkpoints.recipes.artefacts import added, channel, order, vocoders
from checkpoints.recipes.artefacts.added import Samples


@dataclass(frozen=True)
class Artefact:
    """One kind of artefact.

    Args:
        name: Lower case.
        family: Kinds that sound alike; what is left out together in the hardest test.
        make: From samples `(n,)`, the rate in Hz, the amount 0 … 1 and a generator of chance.
        graded: Whether more of it is worse; otherwise the amount means nothing.
        disorders: Whether timing is spoilt too, so that `prosody` is worse with it.
    """

    name: str
    family: str
    make: Callable[[Samples, int, float, np.random.Generator], Samples]
    graded: bool = True
    disorders: bool = False


ARTEFACTS: Final = (
    Artefact("noise", "noise", added.noise),
    Artefact("fan", "noise", added.fan),
    Artefact("babble", "noise", added.babble),
    Artefact("hum", "tones", added.hum),
    Artefact("whine", "tones", added.whine),
    Artefact("clicks", "impulses", added.clicks),
    Artefact("crackle", "impulses", added.crackle),
    Artefact("pops", "impulses", added.pops),
    Artefact("clipping", "distortion", channel.clipping),
    Artefact("overflow", "distortion", channel.overflow),
    Artefact("coarse", "distortion", channel.coarse),
    Artefact("dull", "bands", channel.dull),
    Artefact("thin", "bands", channel.thin),
    Artefact("telephone", "bands", channel.telephone),
    Artefact("boxy", "bands", channel.boxy),
    Artefact("speech_codec", "codecs", channel.speech_codec),
    Artefact("music_codec", "codecs", channel.music_codec),
    Artefact("musical", "codecs", channel.musical),
    Artefact("room", "rooms", channel.room),
    Artefact("echo", "rooms", channel.echo),
    Artefact("gate", "level", channel.gate),
    Artefact("pumping", "level", channel.pumping),
    Artefact("flutter", "level", channel.flutter),
    Artefact("holes", "losses", order.holes),
    Artefact("packets", "losses", order.packets),
    Artefact("skips", "losses", order.skips, disorders=True),
    Artefact("backwards", "order", order.backwards, graded=False, disorders=True),
    Artefact("turned", "order", order.turned, graded=False, disorders=True),
    Artefact("shuffled", "order", order.shuffled, disorders=True),
    Artefact("looped", "copies", order.looped, disorders=True),
    Artefact("stuttered", "copies", order.stuttered, disorders=True),
    Artefact("speed", "speed", order.speed, disorders=True),
    Artefact("channels", "vocoders", vocoders.channels, disorders=True),
    Artefact("robot", "vocoders", vocoders.robot),
    Artefact("mel", "vocoders", vocoders.mel),
    Artefact("buzz", "vocoders", vocoders.buzz, disorders=True),
)
"""All kinds, in a fixed order."""
