# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Strength of emotion as axes measure it that have not heard some actor.

A head that is trained on pairs of strong and normal takes must not be judged on an actor whom its
axis has heard, not even by way of another actor's clips. `apart` learns one axis without each two
actors; `Unheard.without` gives all clips as they are to an axis that knows neither their actor nor
the one who is judged.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from rewardkit_scorers._encoder_ours import TRUNK
from rewardkit_scorers._inference import construction
from rewardkit_scorers._trunk import Trunk
from safetensors.torch import load_file

from checkpoints.recipes.emotion_axis import Rows, learn
from checkpoints.recipes.emotion_data import heard
from checkpoints.recipes.emotion_model import Floats, statistics_of
from checkpoints.recipes.emotion_trunk import SIZES
from rewardkit.preferences import Preference

FILE: Final = "strength.npz"
"""In the folder of encoders by left-out speaker: what `apart` wrote."""

FEATURE: Final = "emotion.strength"
"""What is measured."""


def apart(table: Floats, names: Sequence[str], speakers: Sequence[str], path: Path) -> None:
    """Learn an axis without each two actors, or without one, and write them all.

    Args:
        table: Statistics of all clips, `(clips, statistics)`.
        names: See `orders`.
        speakers: Who speaks.
        path: Becomes a file of numpy's: `actors`, `weight` of shape `(actors, actors,
            statistics)` and `offset`, entry `[i, j]` learned without actors i and j.
    """
    actors = sorted(set(speakers))
    weight = np.zeros((len(actors), len(actors), table.shape[1]))
    offset = np.zeros((len(actors), len(actors)))
    for i, j in itertools.combinations_with_replacement(range(len(actors)), 2):
        kept = np.flatnonzero(~np.isin(speakers, (actors[i], actors[j]))).tolist()
        axis = learn(table[kept], [names[k] for k in kept], [speakers[k] for k in kept])
        weight[i, j] = weight[j, i] = axis.weight
        offset[i, j] = offset[j, i] = axis.offset
    np.savez(path, actors=actors, weight=weight, offset=offset)


@dataclass(frozen=True, eq=False)
class Unheard:
    """Clips, to be measured by axes that have not heard some actor.

    Attributes:
        actors: Codes of the actors that there are axes without.
        weight: As `apart` wrote it.
        offset: As `apart` wrote it.
        table: Statistics of the clips, `(clips, statistics)`.
        actor: Of each clip its actor's place in `actors`; -1 for another speaker.
    """

    actors: tuple[str, ...]
    weight: Floats
    offset: Floats
    table: Floats
    actor: Rows

    @classmethod
    def of(cls, encoders: Path, clips: Sequence[tuple[Path, str | None]]) -> Unheard:
        """Read the axes, and run the trunk over the clips.

        Args:
            encoders: Folder of encoders by left-out actor, with `FILE` beside them.
            clips: Path and actor's code of each; None for who is no actor of this corpus.
        """
        with np.load(encoders / FILE) as file:
            actors, weight, offset = (file[name] for name in ("actors", "weight", "offset"))
        with construction():
            trunk = Trunk(**SIZES)
            trunk.load_state_dict(load_file(encoders / actors[0] / TRUNK))
        trunk.eval().requires_grad_(False)
        table = np.stack([statistics_of(trunk, heard(path)[0]) for path, _ in clips])
        places = {code: place for place, code in enumerate(actors.tolist())}
        actor = np.array([places.get(code or "", -1) for _, code in clips])
        return cls(tuple(places), weight, offset, table, actor)

    def without(self, actor: str) -> Floats:
        """Each clip's strength, nat, by an axis that heard neither its actor nor this one."""
        out = self.actors.index(actor)
        other = np.where(self.actor < 0, out, self.actor)
        strength: Floats = (
            np.sum(self.table * self.weight[out, other], axis=1) + self.offset[out, other]
        )
        return strength


def unheard(
    encoders: Path | None, preferences: Iterable[Preference]
) -> dict[str, dict[str, float]]:
    """Strengths of the clips of preferences in `emotion`, for judging each actor.

    Args:
        encoders: As in `Unheard.of`; without `FILE` in it nothing is given.
        preferences: Those of other dimensions are passed over.

    Returns:
        By actor and path, as `Unheard.without` has it.
    """
    if encoders is None or not (encoders / FILE).is_file():
        return {}
    clips = {
        path: (who or "").removeprefix("ravdess-")
        for p in preferences
        if p.dimension == "emotion"
        for path, who in zip((p.a, p.b), p.speakers, strict=True)
    }
    found = Unheard.of(encoders, [(Path(path), who) for path, who in clips.items()])
    return {
        f"ravdess-{actor}": dict(zip(clips, found.without(actor).tolist(), strict=True))
        for actor in found.actors
    }
