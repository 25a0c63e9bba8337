# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: Apache-2.0
"""`Pairs`: preferences as arrays of row numbers, what training and evaluation work on."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rewardkit.errors import PreferenceError

if TYPE_CHECKING:
    from rewardkit.preferences.record import Preference

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

OVERALL = "overall"
"""The dimension whose pairs say which clip is better over all: the label of the scalar."""

_MOST: Final = 1e300  # what all pairs may weigh: sums stay finite


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
        tie: float64 `(pairs,)` in [0, 1]: the share of ties, half of which is in `win`.
        margin: float64 `(pairs,)`, finite: by how much a is better on the data's own scale,
            negative when b is; 0 where the data do not say.
        rater: int64 `(pairs,)`: who judged, numbered from 0; -1 where unknown.
    """

    a: Ints
    b: Ints
    win: Floats
    dimension: Ints
    weight: Floats
    side_known: NDArray[np.bool_]
    dimensions: tuple[str, ...]
    tie: Floats
    margin: Floats
    rater: Ints

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
        *,
        tie: ArrayLike | None = None,
        margin: ArrayLike | None = None,
        rater: ArrayLike | None = None,
    ) -> Pairs:
        """Pairs from anything array-like; by default all `overall`, of weight 1, without ties.

        Raises:
            PreferenceError: `bad_pairs` for arrays that do not fit together, a clip against
                itself, or a win, weight, row or dimension out of its range or not whole.

        Example:
            >>> Pairs.of([0, 1], [1, 2], [1.0, 0.5]).weight.tolist()
            [1.0, 1.0]
        """
        rows_a, rows_b = _whole(a, "rows"), _whole(b, "rows")
        count = rows_a.shape
        pairs = cls(
            rows_a,
            rows_b,
            np.asarray(win, np.float64),
            np.zeros(count, np.int64) if dimension is None else _whole(dimension, "dimensions"),
            np.ones(count) if weight is None else np.asarray(weight, np.float64),
            np.ones(count, bool) if side_known is None else np.asarray(side_known, bool),
            tuple(dimensions),
            np.zeros(count) if tie is None else np.asarray(tie, np.float64),
            np.zeros(count) if margin is None else np.asarray(margin, np.float64),
            np.full(count, -1) if rater is None else _whole(rater, "raters"),
        )
        checks = {
            "one-dimensional arrays of one length": all(
                array.ndim == 1 and array.shape == count for array in pairs.columns.values()
            ),
            "distinct names of dimensions": 0 < len(set(pairs.dimensions)) == len(pairs.dimensions),
        }
        if all(checks.values()):
            weights_fit = np.isfinite(pairs.weight) & (pairs.weight >= 0)
            checks |= {
                "two different clips in each pair": bool(np.all(pairs.a != pairs.b)),
                "rows from 0": bool(np.all(pairs.a >= 0) and np.all(pairs.b >= 0)),
                "win in 0 … 1": bool(np.all((pairs.win >= 0) & (pairs.win <= 1))),
                "tie in 0 … 1, half of it within win and 1 - win": bool(
                    np.all((pairs.tie >= 0) & (pairs.tie <= 1))
                    and np.all(pairs.tie / 2 <= np.minimum(pairs.win, 1 - pairs.win) + 1e-9)
                ),
                "finite margins": bool(np.isfinite(pairs.margin).all()),
                "raters from 0, or -1": bool(np.all(pairs.rater >= -1)),
                "finite weights, not negative": bool(np.all(weights_fit)),
                "weights of at most 1e300 in all": bool(
                    np.all(pairs.weight <= _MOST / max(len(pairs), 1))
                ),
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

    @property
    def columns(self) -> dict[str, NDArray[Any]]:
        """The arrays by name, each `(pairs,)`."""
        return {
            field.name: getattr(self, field.name)
            for field in dataclasses.fields(self)
            if field.name != "dimensions"
        }

    def select(self, which: NDArray[np.bool_] | Ints) -> Pairs:
        """Some of the pairs, by a mask or by their places."""
        columns: dict[str, Any] = {name: column[which] for name, column in self.columns.items()}
        return dataclasses.replace(self, **columns)

    def of_dimension(self, name: str) -> Pairs:
        """The pairs of one dimension."""
        return self.select(self.dimension == self.dimensions.index(name))

    def swapped(self) -> Pairs:
        """The same preferences with a and b exchanged."""
        return dataclasses.replace(
            self, a=self.b, b=self.a, win=1.0 - self.win, margin=0.0 - self.margin
        )

    def merged(self, *, margins: bool = False, raters: bool = False) -> Pairs:
        """The same preferences, once per compared pair, in an order that is always the same.

        The loss of a pair is linear in `win` and `tie`, so judgements of one pair are worth
        exactly their summed weight at their mean win and tie. Where the loss also depends on the
        margin or the rater, those with different ones stay apart; else both are dropped (0, -1).
        Each pair is turned so that `a < b`, and the order
        depends on nothing but the pairs: training on what this gives is blind to the order of
        the preferences and, bit for bit, to which clip was called a. Pairs of no weight go.

        Example:
            >>> pairs = Pairs.of([3, 1, 3], [1, 3, 1], [1.0, 0.0, 0.0])
            >>> merged = pairs.merged()
            >>> merged.a.tolist(), merged.b.tolist(), merged.weight.tolist()
            ([1], [3], [3.0])
        """
        kept = self.select(self.weight > 0)
        if not len(kept):
            return kept
        turned = kept.a > kept.b
        # 1 - (1 - win) is a fixed point of swapping: 1 - x is exact from there on (Sterbenz).
        win = np.where(turned, 1.0 - kept.win, 1.0 - (1.0 - kept.win))
        margin = np.where(turned, 0.0 - kept.margin, kept.margin) if margins else 0.0 * kept.margin
        kept = dataclasses.replace(
            kept,
            a=np.minimum(kept.a, kept.b),
            b=np.maximum(kept.a, kept.b),
            win=win,
            margin=margin + 0.0,  # no -0
            rater=kept.rater if raters else np.full(len(kept), -1),
            side_known=np.zeros(len(kept), bool),  # turned by row number: no longer as presented
        )
        keys = (kept.margin, kept.rater, kept.b, kept.a, kept.dimension)
        kept = kept.select(np.lexsort((kept.weight, kept.tie, kept.win, *keys)))
        keys = (kept.margin, kept.rater, kept.b, kept.a, kept.dimension)
        first = np.ones(len(kept), bool)
        first[1:] = np.logical_or.reduce([key[1:] != key[:-1] for key in keys])
        starts = np.flatnonzero(first)
        total = np.add.reduceat(kept.weight, starts)
        win, tie = (
            np.clip(np.add.reduceat(kept.weight * share, starts) / total, 0.0, 1.0)
            for share in (kept.win, kept.tie)
        )
        return dataclasses.replace(kept.select(starts), win=win, tie=tie, weight=total)


def _whole(given: ArrayLike, what: str) -> Ints:
    array = np.asarray(given)
    with np.errstate(invalid="ignore"):  # of NaN, which is no whole number either
        whole = np.asarray(array, np.int64)
    if not np.array_equal(array, whole):
        raise PreferenceError("bad_pairs", f"pairs need {what} that are whole numbers")
    return whole


@dataclass(frozen=True, eq=False)
class Indexed:
    """Preferences as `Pairs`, and what their rows stand for.

    Args:
        pairs: The preferences.
        paths: The clip of each row, in order of first appearance.
        speakers: Who speaks in each; None where the preferences do not say.
        raters: The names behind `pairs.rater`, in order of first appearance.
    """

    pairs: Pairs
    paths: tuple[str, ...]
    speakers: tuple[str | None, ...]
    raters: tuple[str, ...] = ()


def index(preferences: Iterable[Preference]) -> Indexed:
    """Number the clips of some preferences. Dimensions come in order of first appearance.

    A preference with a `strength` weighs `strength` times its `weight`.

    Raises:
        PreferenceError: `conflicting_speakers` when one clip is said to be by two speakers.
    """
    rows: dict[str, int] = {}
    names: dict[str, int] = {}
    speakers: list[str | None] = []
    raters: dict[str | None, int] = {None: -1}
    columns: list[tuple[int, int, float, int, float, bool, float, float, int]] = []

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
        weight = item.weight * (1.0 if item.strength is None else item.strength)
        margin = (item.margin or 0.0) * ((item.win > 0.5) - (item.win < 0.5))
        rater = raters.setdefault(item.rater, len(raters) - 1)
        columns.append(
            (*pair, item.win, dimension, weight, item.side_known, item.tie, margin, rater)
        )
    a, b, win, dimension_index, weights, side_known, tie, margins, judges = (
        zip(*columns, strict=True) if columns else [()] * 9
    )
    pairs = Pairs.of(
        a, b, win, dimension_index, weights, side_known, tuple(names) or (OVERALL,),
        tie=tie, margin=margins, rater=judges,
    )  # fmt: skip
    known = tuple(name for name in raters if name is not None)
    return Indexed(pairs, tuple(rows), tuple(speakers), known)
