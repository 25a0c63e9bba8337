# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: Apache-2.0
"""`Pairs`: preferences as arrays of row numbers, what training and evaluation work on."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rewardkit.errors import PreferenceError

if TYPE_CHECKING:
    from rewardkit.preferences.record import Preference

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

OVERALL = "overall"
"""The dimension whose pairs say which clip is better over all: the label of the scalar."""


@dataclass(frozen=True, eq=False)
class Pairs:
    """Which of two clips is better, for many pairs; clips are rows of a feature table.

    Build one with `Pairs.of`, which fills in defaults and checks.

    Args:
        a: int64 `(pairs,)`: the row of one clip.
        b: int64 `(pairs,)`: the row of the other.
        win: float64 `(pairs,)` in [0, 1]: 1 when a is better, 0.5 a tie, or the share of votes.
        dimension: int64 `(pairs,)`: which of `dimensions` was judged.
        weight: float64 `(pairs,)`, finite and not negative: how many judgements it counts as.
        side_known: bool `(pairs,)`: whether a and b are the sides as they were presented.
        dimensions: The names.
    """

    a: Ints
    b: Ints
    win: Floats
    dimension: Ints
    weight: Floats
    side_known: NDArray[np.bool_]
    dimensions: tuple[str, ...]

    @classmethod
    def of(
        cls,
        a: ArrayLike,
        b: ArrayLike,
        win: ArrayLike,
        dimension: ArrayLike | None = None,
        weight: ArrayLike | None = None,
        side_known: ArrayLike | None = None,
        dimensions: Sequence[str] = (OVERALL,),
    ) -> Pairs:
        """Pairs from anything array-like; by default all `overall`, of weight 1.

        Raises:
            PreferenceError: `bad_pairs` for arrays that do not fit together, a clip against
                itself, or a win, weight, row or dimension out of its range.

        Example:
            >>> Pairs.of([0, 1], [1, 2], [1.0, 0.5]).weight.tolist()
            [1.0, 1.0]
        """
        rows_a, rows_b = np.asarray(a, np.int64), np.asarray(b, np.int64)
        count = rows_a.shape
        pairs = cls(
            rows_a,
            rows_b,
            np.asarray(win, np.float64),
            np.zeros(count, np.int64) if dimension is None else np.asarray(dimension, np.int64),
            np.ones(count) if weight is None else np.asarray(weight, np.float64),
            np.ones(count, bool) if side_known is None else np.asarray(side_known, bool),
            tuple(dimensions),
        )
        arrays = (pairs.a, pairs.b, pairs.win, pairs.dimension, pairs.weight, pairs.side_known)
        checks = {
            "one-dimensional arrays of one length": all(
                array.ndim == 1 and array.shape == count for array in arrays
            ),
            "distinct names of dimensions": 0 < len(set(pairs.dimensions)) == len(pairs.dimensions),
        }
        if all(checks.values()):
            weights_fit = np.isfinite(pairs.weight) & (pairs.weight >= 0)
            checks |= {
                "two different clips in each pair": bool(np.all(pairs.a != pairs.b)),
                "rows from 0": bool(np.all(pairs.a >= 0) and np.all(pairs.b >= 0)),
                "win in 0 … 1": bool(np.all((pairs.win >= 0) & (pairs.win <= 1))),
                "finite weights, not negative": bool(np.all(weights_fit)),
                "known dimensions": bool(
                    np.all((pairs.dimension >= 0) & (pairs.dimension < len(pairs.dimensions)))
                ),
            }
        failed = [what for what, holds in checks.items() if not holds]
        if failed:
            raise PreferenceError("bad_pairs", f"pairs need {'; '.join(failed)}")
        return pairs

    def __len__(self) -> int:
        return len(self.a)

    def select(self, which: NDArray[np.bool_] | Ints) -> Pairs:
        """Some of the pairs, by a mask or by their places."""
        return Pairs(
            self.a[which],
            self.b[which],
            self.win[which],
            self.dimension[which],
            self.weight[which],
            self.side_known[which],
            self.dimensions,
        )

    def of_dimension(self, name: str) -> Pairs:
        """The pairs of one dimension."""
        return self.select(self.dimension == self.dimensions.index(name))

    def swapped(self) -> Pairs:
        """The same preferences with a and b exchanged."""
        return Pairs(
            self.b,
            self.a,
            1.0 - self.win,
            self.dimension,
            self.weight,
            self.side_known,
            self.dimensions,
        )

    def merged(self) -> Pairs:
        """The same preferences, once per compared pair, in an order that is always the same.

        The loss of a pair is linear in `win`, so judgements of one pair are worth exactly their
        summed weight at their mean win. Each pair is turned so that `a < b`, and the order
        depends on nothing but the pairs: training on what this gives is blind to the order of
        the preferences and, bit for bit, to which clip was called a. Pairs of no weight go.

        Example:
            >>> pairs = Pairs.of([3, 1, 3], [1, 3, 1], [1.0, 0.0, 0.0])
            >>> merged = pairs.merged()
            >>> merged.a.tolist(), merged.b.tolist(), merged.weight.tolist()
            ([1], [3], [3.0])
        """
        kept = self.select(self.weight > 0)
        turned = kept.a > kept.b
        a, b = np.minimum(kept.a, kept.b), np.maximum(kept.a, kept.b)
        # 1 - (1 - win) is a fixed point of swapping: 1 - x is exact from there on (Sterbenz).
        win = np.where(turned, 1.0 - kept.win, 1.0 - (1.0 - kept.win))
        order = np.lexsort((kept.weight, win, b, a, kept.dimension))
        a, b, win = a[order], b[order], win[order]
        dimension, weight = kept.dimension[order], kept.weight[order]
        if not len(a):
            return kept
        first = np.ones(len(a), bool)
        first[1:] = (a[1:] != a[:-1]) | (b[1:] != b[:-1]) | (dimension[1:] != dimension[:-1])
        starts = np.flatnonzero(first)
        total = np.add.reduceat(weight, starts)
        mean = np.clip(np.add.reduceat(weight * win, starts) / total, 0.0, 1.0)
        unknown = np.zeros(len(starts), bool)  # turned by row number: no longer as presented
        return Pairs(a[starts], b[starts], mean, dimension[starts], total, unknown, self.dimensions)


@dataclass(frozen=True, eq=False)
class Indexed:
    """Preferences as `Pairs`, and what their rows stand for.

    Args:
        pairs: The preferences.
        paths: The clip of each row, in order of first appearance.
        speakers: Who speaks in each; None where the preferences do not say.
    """

    pairs: Pairs
    paths: tuple[str, ...]
    speakers: tuple[str | None, ...]


def index(preferences: Iterable[Preference]) -> Indexed:
    """Number the clips of some preferences. Dimensions come in order of first appearance.

    Raises:
        PreferenceError: `conflicting_speakers` when one clip is said to be by two speakers.
    """
    rows: dict[str, int] = {}
    names: dict[str, int] = {}
    speakers: list[str | None] = []
    columns: list[tuple[int, int, float, int, float, bool]] = []

    def row(path: str, speaker: str | None) -> int:
        place = rows.setdefault(path, len(rows))
        if place == len(speakers):
            speakers.append(speaker)
        known = speakers[place]
        if known is not None and speaker is not None and known != speaker:
            raise PreferenceError(
                "conflicting_speakers", f"{path}: said to be by {known!r} and by {speaker!r}"
            )
        speakers[place] = known if known is not None else speaker
        return place

    for item in preferences:
        by_a, by_b = item.speakers
        dimension = names.setdefault(item.dimension, len(names))
        pair = row(item.a, by_a), row(item.b, by_b)
        columns.append((*pair, item.win, dimension, item.weight, item.side_known))
    a, b, win, dimension_index, weight, side_known = (
        zip(*columns, strict=True) if columns else [()] * 6
    )
    pairs = Pairs.of(a, b, win, dimension_index, weight, side_known, tuple(names) or (OVERALL,))
    return Indexed(pairs, tuple(rows), tuple(speakers))
