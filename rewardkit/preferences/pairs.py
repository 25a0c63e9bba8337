# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: Apache-2.0
"""From ratings of single clips to preferences between two."""

from __future__ import annotations

import hashlib
import math
import random
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import combinations
from statistics import NormalDist, fmean
from typing import Final, Literal

from rewardkit.errors import PreferenceError
from rewardkit.preferences.issues import shown
from rewardkit.preferences.ratings import Rating
from rewardkit.preferences.record import Preference

WinModel = Literal["sign", "share", "normal"]
Field = Literal["text", "speaker", "system"]

_STANDARD: Final = NormalDist()
_ROUNDING: Final = 1e-12  # of two ratings, as a part of the larger: 0.3 - 0.1 is not quite 0.2


@dataclass
class _Rated:
    """All ratings of one clip."""

    clip: str
    first: Rating
    values: list[float] = field(default_factory=list)
    by_rater: defaultdict[str, list[float]] = field(default_factory=lambda: defaultdict(list))


def from_ratings(
    ratings: Iterable[Rating],
    *,
    dimension: str = "overall",
    same: Sequence[Field] = ("text",),
    each_rater: bool = False,
    minimum: float = 0.0,
    tie: float | None = None,
    win: WinModel = "sign",
    scale: tuple[float, float] = (0.0, 1.0),
    noise: float | None = None,
    per_clip: int | None = None,
    seed: int = 0,
) -> Iterator[Preference]:
    """Preferences between rated clips, one pair after another.

    The difference d of a pair is that of the clips' mean ratings or, with `each_rater`, of one
    rater's ratings of both. Pairs with `|d| <= tie` are ties, other pairs with `|d| < minimum` are
    left out, and the rest give `win` by one of these models:

    - `sign`: 1 or 0 (a tie where d = 0).
    - `share`: ratings are shares of listeners who approve, on `scale`; with p and q the shares of
      a and b, and a listener approving of each independently, a wins with p (1 - q), b with
      q (1 - p), and the rest are ties: `win = 1/2 + (p - q) / 2`,
      `tie = p q + (1 - p) (1 - q)`.
    - `normal`: each rating is the clip's value plus normal noise of standard deviation σ, so a
      listener rates a above b with probability `Φ(d / (σ √2))`. σ is `noise`, or the pooled
      standard deviation of the ratings within clips; as that holds the raters' differing habits
      too, `win` errs towards 1/2.

    Source: L. L. Thurstone (1927), "A Law of Comparative Judgment" (case V).

    Which clip becomes a is decided by a hash of both paths, so that sides say nothing.

    Args:
        ratings: Any number for each clip.
        dimension: Of the preferences.
        same: What both clips of a pair must have in common; () for any two clips.
        each_rater: Make one preference for each rater who rated both, instead of one per pair.
        minimum: Least difference that counts, in units of the ratings.
        tie: Greatest difference that is a tie, in units of the ratings; None for no ties.
        win: The model.
        scale: Of shares: the ratings that mean none and all of the listeners.
        noise: σ of the `normal` model, in units of the ratings.
        per_clip: How many partners to draw for each clip; None for all pairs. All pairs of n
            clips are n (n - 1) / 2.
        seed: Of the partners drawn.

    Raises:
        PreferenceError: `missing_column` when a rating lacks what must be the same, or a rater;
            `out_of_range` when a share is off its scale, or there is no noise to be estimated.

    Example:
        >>> ratings = [Rating("x", 90.0, text="t"), Rating("y", 50.0, text="t")]
        >>> pair = next(from_ratings(ratings, win="share", scale=(0, 100)))
        >>> round(pair.win if pair.a == "x" else 1 - pair.win, 3)
        0.7
    """
    if each_rater and win != "sign":
        raise ValueError("each_rater takes win='sign': a rater's own answer is no share")
    rated = _by_clip(ratings, needs_rater=each_rater)
    if win == "share":
        _check_shares(rated, scale)
    spread = 1.0 if win != "normal" else noise if noise is not None else _noise(rated)
    if not spread > 0.0:
        raise PreferenceError("out_of_range", f"noise is {spread}; it must be > 0")

    def answer(a: float, b: float) -> tuple[float, float] | None:
        """`win` and `tie` of two ratings."""
        difference, slack = _difference(a, b)
        if tie is not None and abs(difference) <= tie + slack:
            return 0.5, 1.0
        if abs(difference) < minimum - slack:
            return None
        if win == "share":
            p, q = ((rating - scale[0]) / (scale[1] - scale[0]) for rating in (a, b))
            return 0.5 + (p - q) / 2, p * q + (1 - p) * (1 - q)
        if win == "normal":
            return _STANDARD.cdf(difference / (spread * math.sqrt(2.0))), 0.0
        return 0.5 + (difference > 0) / 2 - (difference < 0) / 2, float(difference == 0)

    for group in _grouped(rated, same):
        for one, other in _pairs(group, per_clip, seed):
            a, b = (one, other) if _is_first(one.clip, other.clip) else (other, one)
            raters = sorted(a.by_rater.keys() & b.by_rater.keys()) if each_rater else [None]
            for rater in raters:
                result = answer(_mean(a, rater), _mean(b, rater))
                if result is not None:
                    yield _preference(a.first, b.first, *result, dimension, rater)


def from_raters(
    ratings: Iterable[Rating],
    *,
    dimension: str = "overall",
    circles: int | None = None,
    same: Sequence[Field] = (),
    tie: float = 0.0,
    seed: int = 0,
) -> Iterator[Preference]:
    """Preferences of each rater between the clips that they rated, as if asked about both.

    Raters differ in how they use a scale; within one rater's ratings that falls away. Equal
    ratings are ties; the difference is kept as `margin`. Several ratings of one clip by one rater
    count as their mean. n ratings make n (n - 1) / 2 pairs that are not independent: intervals
    need to be drawn by rater.

    Args:
        ratings: With a rater each.
        dimension: Of the preferences.
        circles: Each rater's clips are put in a circle, so many times and at random, and
            neighbours are compared: two pairs a clip and circle. None for all pairs.
        same: What both clips of a pair must have in common; () for any two clips.
        tie: Greatest difference that is a tie, in units of the ratings.
        seed: Of the circles.

    Raises:
        PreferenceError: `missing_column` when a rating lacks a rater, or what must be the same.

    Example:
        >>> ratings = [Rating("x", 4.0, "anna"), Rating("y", 2.0, "anna"), Rating("y", 5.0, "bert")]
        >>> [(p.a, p.b, p.win, p.margin, p.rater) for p in from_raters(ratings)]
        [('x', 'y', 1.0, 2.0, 'anna')]
    """
    by_rater: defaultdict[str, list[Rating]] = defaultdict(list)
    for rating in ratings:
        if rating.rater is None:
            raise PreferenceError("missing_column", f"no rater of {shown(rating.clip)}")
        by_rater[rating.rater].append(rating)
    draw = random.Random(seed)  # noqa: S311 - not for secrets
    for rater, rated in by_rater.items():
        for group in _grouped(_by_clip(rated, needs_rater=False), same):
            for one, other in _neighbours(group, circles, draw):
                a, b = (one, other) if _is_first(one.clip, other.clip) else (other, one)
                difference, slack = _difference(_mean(a, None), _mean(b, None))
                even = abs(difference) <= tie + slack
                win = 0.5 if even else float(difference > 0)
                found = _preference(a.first, b.first, win, float(even), dimension, rater)
                yield found if even else replace(found, margin=abs(difference))


def _neighbours(
    group: Sequence[_Rated], circles: int | None, draw: random.Random
) -> Iterator[tuple[_Rated, _Rated]]:
    """All pairs, or those of neighbours in random circles, each pair once."""
    count = len(group)
    if circles is None or circles * 2 >= count - 1:
        yield from combinations(group, 2)
        return
    found: dict[tuple[int, int], None] = {}
    order = list(range(count))
    for _ in range(circles):
        draw.shuffle(order)
        for i, j in zip(order, order[1:] + order[:1], strict=True):
            found[min(i, j), max(i, j)] = None
    yield from ((group[i], group[j]) for i, j in sorted(found))


def _by_clip(ratings: Iterable[Rating], *, needs_rater: bool) -> list[_Rated]:
    rated: dict[str, _Rated] = {}
    for rating in ratings:
        entry = rated.setdefault(rating.clip, _Rated(rating.clip, rating))
        entry.values.append(rating.value)
        if rating.rater is not None:
            entry.by_rater[rating.rater].append(rating.value)
        elif needs_rater:
            raise PreferenceError("missing_column", f"no rater of {shown(rating.clip)}")
    return [rated[clip] for clip in sorted(rated)]


def _mean(rated: _Rated, rater: str | None) -> float:
    return fmean(rated.values if rater is None else rated.by_rater[rater])


def _difference(a: float, b: float) -> tuple[float, float]:
    """The difference of two ratings, 0 where it is rounding, and how large rounding may be."""
    slack = _ROUNDING * max(abs(a), abs(b))
    return (0.0 if abs(a - b) <= slack else a - b), slack


def _check_shares(rated: Iterable[_Rated], scale: tuple[float, float]) -> None:
    low, high = scale
    for entry in rated:
        for value in entry.values:
            if not low <= value <= high:
                raise PreferenceError(
                    "out_of_range",
                    f"{shown(entry.clip)} has the share {value:g}; the scale is {low:g} … {high:g}",
                )


def _noise(rated: Iterable[_Rated]) -> float:
    """Pooled standard deviation of the ratings within clips."""
    squares, freedom = 0.0, 0
    for entry in rated:
        mean = fmean(entry.values)
        squares += math.fsum((value - mean) ** 2 for value in entry.values)
        freedom += len(entry.values) - 1
    return math.sqrt(squares / freedom) if freedom else 0.0


def _grouped(rated: Iterable[_Rated], same: Sequence[Field]) -> Iterator[list[_Rated]]:
    groups: defaultdict[tuple[str, ...], list[_Rated]] = defaultdict(list)
    for entry in rated:
        values = tuple(getattr(entry.first, name) for name in same)
        if None in values:
            missing = same[values.index(None)]
            raise PreferenceError("missing_column", f"no {missing} of {shown(entry.clip)}")
        groups[values].append(entry)
    yield from groups.values()


def _pairs(
    group: Sequence[_Rated], per_clip: int | None, seed: int
) -> Iterator[tuple[_Rated, _Rated]]:
    """All pairs, or each clip with some partners drawn at random."""
    if per_clip is None or per_clip >= len(group) - 1:
        yield from combinations(group, 2)
        return
    draw = random.Random(seed)  # noqa: S311 - not for secrets
    drawn: set[tuple[int, int]] = set()
    for index in range(len(group)):
        for partner in draw.sample(range(len(group) - 1), per_clip):
            other = partner + (partner >= index)  # never the clip itself
            drawn.add((min(index, other), max(index, other)))
    for index, other in sorted(drawn):
        yield group[index], group[other]


def _is_first(one: str, other: str) -> bool:
    """A coin that always falls the same way for the same two clips."""
    low, high = sorted((one, other))
    digest = hashlib.blake2b(f"{low}\0{high}".encode(errors="surrogatepass"), digest_size=1)
    return (one == low) == bool(digest.digest()[0] & 1)


def _preference(
    a: Rating, b: Rating, win: float, tie: float, dimension: str, rater: str | None
) -> Preference:
    one_speaker = a.speaker == b.speaker
    return Preference(
        a.clip,
        b.clip,
        min(1.0, max(0.0, win)),
        dimension=dimension,
        rater=rater,
        text=a.text if a.text == b.text else None,
        speaker=a.speaker if one_speaker else None,
        speaker_a=None if one_speaker else a.speaker,
        speaker_b=None if one_speaker else b.speaker,
        system_a=a.system,
        system_b=b.system,
        side_known=False,
        tie=min(1.0, max(0.0, tie)),
    )
