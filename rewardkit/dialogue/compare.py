# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: Apache-2.0
"""Turn-to-turn features: how each turn stands to its speaker's others and to the partner's.

Any scorer's named numbers can be compared. Each comparison gives every turn one number, or NaN
where there is nothing to compare with, such as a speaker's only turn.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from rewardkit.errors import RewardkitError
from rewardkit.features import Feature, Schema

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

Relation = Literal[
    "own", "distance", "drift", "partner", "convergence", "synchrony", "gap", "overlap", "pause"
]
Scale = Literal["linear", "semitone", "log"]

ABOUT: Final[dict[Relation, str]] = {
    "own": "less the median of the speaker's other turns",
    "distance": "root mean square distance to the medians of the speaker's other turns",
    "drift": "the turn's part in the absolute slope over the speaker's turns, per turn",
    "partner": "less the turn before, by another speaker: proximity",
    "convergence": "the turn's part in how the distance to the partner shrinks, per exchange",
    "synchrony": "the turn's part in the correlation with the partner's turns before",
    "gap": "silence before the turn, after another speaker's",
    "overlap": "how long the turn begins before another speaker's ends",
    "pause": "silence before the turn, after one of the same speaker",
}
"""What each relation gives a turn."""

TIMED: Final = ("gap", "overlap", "pause")
"""The relations between times; the others are between measured numbers."""


@dataclass(frozen=True)
class Comparison:
    """One turn-to-turn feature.

    Args:
        relation: What is compared; see `ABOUT`.
        name: Lower case; the feature is `relation.name`.
        of: Full names of the scorers' features that are compared: one, or for `distance` some, of
            one unit if the scale is linear; none for the relations between times.
        scale: `semitone` compares twelve times the binary logarithms (F0), `log` the natural ones
            (rates, durations).

    Raises:
        RewardkitError: `bad_comparison`.

    Example:
        >>> Comparison("own", "f0", ("pitch.f0_median",), "semitone").full_name
        'own.f0'

    Source:
        Proximity, convergence and synchrony: Levitan & Hirschberg (2011), "Measuring
        acoustic-prosodic entrainment with respect to multiple levels and dimensions",
        Interspeech. Gaps, overlaps, pauses: Heldner & Edlund (2010), "Pauses, gaps and overlaps
        in conversations", J. Phonetics 38(4).
    """

    relation: Relation
    name: str
    of: tuple[str, ...] = ()
    scale: Scale = "linear"
    beyond: float = 0.0

    def __post_init__(self) -> None:
        timed = self.relation in TIMED
        if self.relation not in get_args(Relation) or self.scale not in get_args(Scale):
            raise RewardkitError(
                "bad_comparison",
                f"{self.relation!r} on the scale {self.scale!r}: relations are "
                f"{', '.join(get_args(Relation))}; scales {', '.join(get_args(Scale))}",
            )
        if not 0.0 <= self.beyond < np.inf or (self.beyond and not timed):
            raise RewardkitError(
                "bad_comparison", f"{self.full_name}: beyond is {self.beyond}; seconds, of times"
            )
        least, most = (0, 0) if timed else (1, None if self.relation == "distance" else 1)
        if len(self.of) < least or (most is not None and len(self.of) > most):
            raise RewardkitError(
                "bad_comparison", f"{self.full_name} compares {len(self.of)} features"
            )

    @property
    def full_name(self) -> str:
        """Of the feature: `relation.name`."""
        return f"{self.relation}.{self.name}"

    def declare(self, schema: Schema) -> Feature:
        """The feature that it gives, with its unit.

        Raises:
            RewardkitError: `unknown_feature` when the scorers do not measure what is compared,
                `bad_comparison` when it has more than one unit.
        """
        missing = [name for name in self.of if name not in schema.names]
        if missing:
            raise RewardkitError(
                "unknown_feature", f"{self.full_name} compares {', '.join(missing)}: not measured"
            )
        features = [schema.features[schema.index(name)] for name in self.of]
        units = {feature.unit for feature in features}
        if len(units) > 1 and self.scale == "linear":
            raise RewardkitError(
                "bad_comparison", f"{self.full_name} adds up {' and '.join(sorted(units))}"
            )
        about = ABOUT[self.relation]
        if self.relation in TIMED:
            return Feature(
                self.name, "s", about + f", beyond {self.beyond:g} s" * bool(self.beyond), 0
            )
        compared = features[0]
        unit = {"linear": compared.unit, "semitone": "semitone", "log": "log"}[self.scale]
        if self.relation == "synchrony":
            unit = "1"
        what = compared.about if self.relation != "distance" else self.name
        low = 0 if self.relation == "distance" else -np.inf
        return Feature(self.name, unit, f"{what}: {about}", low)


class Comparer:
    """Makes the turn-to-turn features of dialogues.

    Args:
        comparisons: In column order; their full names differ.
        schema: Of the scorers' numbers.

    Raises:
        RewardkitError: `bad_comparison`, `unknown_feature`.

    Example:
        >>> schema = Schema(("pitch.f0",), (Feature("f0", "Hz", "median F0"),), ())
        >>> compare = Comparer([Comparison("own", "f0", ("pitch.f0",), "semitone")], schema)
        >>> f0 = np.array([[100.0], [210.0], [100.0], [210.0], [200.0]])
        >>> compare(["ann", "bob", "ann", "bob", "ann"], f0).ravel().round(6).tolist()
        [-6.0, 0.0, -6.0, 0.0, 12.0]
    """

    def __init__(self, comparisons: Sequence[Comparison], schema: Schema) -> None:
        self.comparisons = tuple(comparisons)
        self.names = tuple(comparison.full_name for comparison in self.comparisons)
        if not self.names or len(set(self.names)) < len(self.names):
            raise RewardkitError("bad_comparison", "comparisons have names that differ")
        self.features = tuple(comparison.declare(schema) for comparison in self.comparisons)
        self._pairs = [(c, [schema.index(name) for name in c.of]) for c in self.comparisons]

    def __call__(
        self,
        speakers: Sequence[str],
        values: Floats,
        starts: Sequence[float | None] | None = None,
        ends: Sequence[float | None] | None = None,
    ) -> Floats:
        """The features of one dialogue's turns.

        Args:
            speakers: Who speaks in each turn.
            values: The scorers' numbers, `(turns, features)`; NaN where not measurable.
            starts: In seconds, or None where unknown.
            ends: Likewise.

        Returns:
            float64 `(turns, comparisons)`, NaN where there is nothing to compare with.
        """
        turns = len(speakers)
        number = {speaker: place for place, speaker in enumerate(dict.fromkeys(speakers))}
        who = np.array([number[speaker] for speaker in speakers], np.int64)
        changed = np.concatenate([[False], who[1:] != who[:-1]])
        silence, early = _offsets(starts, ends, who)
        scaled = [_scaled(values[:, of], c.scale) for c, of in self._pairs]
        y = np.concatenate([np.empty((turns, 0)), *scaled], axis=1)
        own = _own(y, who)
        result = np.full((turns, len(self.comparisons)), np.nan)
        begun = 0
        for column, (item, of) in enumerate(self._pairs):
            block = slice(begun, begun + len(of))
            begun = block.stop
            if item.relation in TIMED:
                length = early if item.relation == "overlap" else silence
                result[:, column] = _timed(item, length, changed)
            elif item.relation in ("own", "distance"):
                squares = np.square(own[:, block]).mean(axis=1)
                result[:, column] = (
                    own[:, begun - 1] if item.relation == "own" else np.sqrt(squares)
                )
            else:
                result[:, column] = _RELATIONS[item.relation](y[:, begun - 1], who, changed)
        return result


def _scaled(y: Floats, scale: Scale) -> Floats:
    """Linear, or a logarithm; what has none is not comparable."""
    if scale == "linear":
        return y
    with np.errstate(divide="ignore", invalid="ignore"):
        positive = np.where(y > 0, y, np.nan)
        return np.asarray(12 * np.log2(positive) if scale == "semitone" else np.log(positive))


def _own(y: Floats, who: Ints) -> Floats:
    """Each turn less the median of the same speaker's other turns, earlier and later.

    Args:
        y: `(turns, columns)`.
        who: Speakers by number, `(turns,)`.
    """
    result = np.full(y.shape, np.nan)
    gaps = np.isnan(y)
    for speaker in range(int(who.max()) + 1):
        here = who == speaker
        whole = ~gaps[here].any(axis=0)
        result[np.ix_(here, whole)] = _less_others(y[np.ix_(here, whole)])
        for column in np.flatnonzero(~whole):
            rows = here & ~gaps[:, column]
            result[rows, column] = _less_others(y[rows, column : column + 1])[:, 0]
    return result


def _less_others(y: Floats) -> Floats:
    """Each row less the median of the other rows; NaN for a single row."""
    count = len(y)
    if count < 2:
        return np.full(y.shape, np.nan)
    order = np.argsort(y, axis=0, kind="stable")
    rank = np.argsort(order, axis=0, kind="stable")
    inorder = np.take_along_axis(y, order, axis=0)

    def other(place: int) -> Floats:
        """The value at that place among the sorted others of each row."""
        return np.take_along_axis(inorder, np.where(place < rank, place, place + 1), axis=0)

    return np.asarray(y - (other((count - 2) // 2) + other((count - 1) // 2)) / 2)


def _drift(y: Floats, who: Ints) -> Floats:
    """Each turn's part in |slope|: their mean over a speaker's turns is the absolute slope."""
    result = np.full(len(y), np.nan)
    for speaker in range(int(who.max()) + 1):
        places = np.flatnonzero((who == speaker) & ~np.isnan(y))
        if len(places) > 2:
            part = _slope_parts(y[places])
            result[places] = part * np.sign(part.sum())
    return result


def _slope_parts(y: Floats) -> Floats:
    """What each value adds to the slope of `y` over its places, times the number of values."""
    away = np.arange(len(y)) - (len(y) - 1) / 2
    return np.asarray(len(y) * away * (y - y.mean()) / np.square(away).sum())


def _partner(y: Floats, changed: NDArray[np.bool_]) -> Floats:
    """Each turn less the one before, where the speaker changed."""
    step = np.concatenate([[np.nan], np.diff(y)])
    return np.where(changed, step, np.nan)


def _convergence(y: Floats, changed: NDArray[np.bool_]) -> Floats:
    """Each exchange's part in the fall of the distance; their mean is less the slope."""
    distance = np.abs(_partner(y, changed))
    result = np.full(len(y), np.nan)
    places = np.flatnonzero(~np.isnan(distance))
    if len(places) > 2:
        result[places] = -_slope_parts(distance[places])
    return result


def _synchrony(y: Floats, who: Ints, changed: NDArray[np.bool_]) -> Floats:
    """Each exchange's part in the correlation of deviations from the speakers' own means."""
    away = np.full(len(y), np.nan)
    for speaker in range(int(who.max()) + 1):
        places = (who == speaker) & ~np.isnan(y)
        if places.any():
            away[places] = y[places] - y[places].mean()
    before = np.concatenate([[np.nan], away[:-1]])
    places = np.flatnonzero(changed & ~np.isnan(away) & ~np.isnan(before))
    result = np.full(len(y), np.nan)
    if len(places) > 2:
        scale = np.sqrt(np.square(away[places]).mean() * np.square(before[places]).mean())
        if scale > 0:
            result[places] = away[places] * before[places] / scale
    return result


_RELATIONS: Final[dict[str, Callable[[Floats, Ints, NDArray[np.bool_]], Floats]]] = {
    "drift": lambda y, who, _: _drift(y, who),
    "partner": lambda y, _, changed: _partner(y, changed),
    "convergence": lambda y, _, changed: _convergence(y, changed),
    "synchrony": _synchrony,
}


def _offsets(
    starts: Sequence[float | None] | None, ends: Sequence[float | None] | None, who: Ints
) -> tuple[Floats, Floats]:
    """Of each turn, in s: the silence before it, and how early it begins before others' ends.

    Against the latest end of all turns before, not only of the last: a short answer within a long
    turn does not end that. NaN where the start, or the end of the turn before, is unknown.
    """
    turns = len(who)
    start, end = (
        np.array([np.nan if t is None else t for t in ([None] * turns if ts is None else ts)])
        for ts in (starts, ends)
    )
    silence, early = np.full(turns, np.nan), np.full(turns, np.nan)
    latest = np.full(int(who.max()) + 1, -np.inf)  # by speaker
    for turn in range(1, turns):
        before = end[turn - 1]
        latest[who[turn - 1]] = np.fmax(latest[who[turn - 1]], before)
        if not np.isnan(before):
            silence[turn] = start[turn] - latest.max()
            early[turn] = np.delete(latest, who[turn]).max(initial=-np.inf) - start[turn]
    return silence, early


def _timed(item: Comparison, length: Floats, changed: NDArray[np.bool_]) -> Floats:
    """Gap, overlap or pause, 0 at least, where the speaker changed or not."""
    positive = np.maximum(length - item.beyond, 0.0)
    return np.where(changed == (item.relation != "pause"), positive, np.nan)
