# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: Apache-2.0
"""`Chain`: several manipulations as one function of a vector, and those that are installed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from rewardkit.audit.artefacts import ARTEFACTS
from rewardkit.audit.manipulation import Floats, Knob, Manipulation
from rewardkit.audit.pauses import Pauses
from rewardkit.audit.spectrum import Level, Spectrum
from rewardkit.clip import Clip
from rewardkit.errors import RewardkitError
from rewardkit.perturbations import NotApplicable, offered

GROUP: Final = "rewardkit.manipulations"
"""The entry-point group in which other packages offer manipulations."""


@dataclass(frozen=True)
class Chain:
    """Manipulations one after the other, as one function of a vector.

    Args:
        manipulations: In the order in which they are applied.

    Raises:
        RewardkitError: `bad_manipulation` when two knobs share a name, or there is none.

    Example:
        >>> chain = Chain((Level(),))
        >>> chain.values([-1.0]), chain.moved({"gain": 0.0})
        ({'gain': -20.0}, {})
    """

    manipulations: tuple[Manipulation, ...]

    def __post_init__(self) -> None:
        names = [knob.name for knob in self.knobs]
        if not names or len(set(names)) < len(names):
            raise RewardkitError(
                "bad_manipulation", f"a chain has knobs of distinct names, not {names}"
            )

    @property
    def knobs(self) -> tuple[Knob, ...]:
        """All knobs, in order."""
        return tuple(knob for each in self.manipulations for knob in each.knobs)

    def values(self, place: Sequence[float] | Floats) -> dict[str, float]:
        """The value of each knob by its place in [-1, 1], `(knobs,)`; see `Knob.at`."""
        return {knob.name: knob.at(float(x)) for knob, x in zip(self.knobs, place, strict=True)}

    def moved(self, values: Mapping[str, float]) -> dict[str, float]:
        """Those values that are not neutral."""
        return {k.name: values[k.name] for k in self.knobs if values[k.name] != k.neutral}

    def broken(self, values: Mapping[str, float]) -> tuple[str, ...]:
        """The knobs that are beyond the level at which anyone hears damage."""
        return tuple(knob.name for knob in self.knobs if knob.breaks(values[knob.name]))

    def __call__(self, clip: Clip, values: Mapping[str, float]) -> Clip:
        """The changed clip; a manipulation that does not suit it is passed over."""
        changed = clip
        for each in self.manipulations:
            own = {knob.name: values[knob.name] for knob in each.knobs}
            if all(own[knob.name] == knob.neutral for knob in each.knobs):
                continue
            try:
                changed = each(changed, own)
            except NotApplicable:
                continue
        return changed


def available() -> Chain:
    """What installed packages offer, in name order, and then ours: artefacts come last.

    Raises:
        RewardkitError: `bad_manipulation` when two knobs share a name, or what a package offers
            can't be loaded or is none.
    """
    found: list[Manipulation] = offered(GROUP, "bad_manipulation", _fits)
    return Chain((*found, Pauses(), Spectrum(), *ARTEFACTS, Level()))


def _fits(item: Any) -> bool:
    """Whether it looks like a `Manipulation`; a class that was not called does not."""
    knobs = getattr(item, "knobs", None)
    return (
        callable(item)
        and not isinstance(item, type)
        and isinstance(getattr(item, "name", None), str)
        and isinstance(knobs, tuple)
        and all(isinstance(knob, Knob) for knob in knobs)
    )
