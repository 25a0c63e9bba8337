# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: Apache-2.0
"""Calibration: does a log-odds of 1 mean that 73 of 100 listeners agree?

The side with the higher reward is preferred with the probability `σ(|m|)`, m the difference of
the rewards: the confidence, from ½ to 1. It does not depend on which clip is called a. Against it
stands how often that side was preferred, among the judgements that chose a side.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import numpy as np

from rewardkit.evaluate.bootstrap import Bootstrap, Interval
from rewardkit.evaluate.scores import compared, decided
from rewardkit.pairs import Floats, Ints, Pairs

MOST_BINS: Final = 10
"""Bins of equal mass, as in most of the literature; fewer where pairs are few."""

LEAST_PAIRS: Final = 30
"""Compared pairs in a bin, at least, on average."""

_SIMULATIONS: Final = 200
_DRAWS: Final = 20_000_000  # at most so many answers in all simulations; at least 20 simulations
_STEPS: Final = 60
_ENOUGH: Final = 1e-10
_STEEPEST: Final = 1e3  # a slope beyond this is one of data that nothing contradicts
_FEW_PAIRS: Final = 3000
_GRID: Final = 65
_REACHES: Final = (6.0, 24.0, 96.0)  # deviations to either side that grids cover
_FARTHEST: Final = 20.0  # a resample's slope beyond this multiple is one that nothing contradicts


@dataclass(frozen=True)
class Bin:
    """Pairs of about one confidence.

    Args:
        confidence: Their mean.
        agreement: How often the side with the higher reward was preferred.
        judgements: Their summed weight.
    """

    confidence: float
    agreement: Interval
    judgements: float


@dataclass(frozen=True)
class Calibration:
    """How far confidence is from how often it is right.

    Args:
        error: Expected calibration error (ECE): the mean over `bins`, by weight, of the distance
            of agreement from confidence.
        floor: The ECE to be expected, with the same confidences and as many pairs, of a model
            that is perfectly calibrated. ECE is a mean of absolute values, so chance alone makes
            it positive: about `sqrt(2 p (1 - p) / (π n))` in a bin of n pairs, some 0.04 for
            1,000 pairs in 10 bins.
        debiased: The ECE less its bootstrap bias, mean of the resamples less the estimate; None
            without resamples. It removes nearly all of the bias where the distances are as large
            as their noise, and two fifths of it where they are 0: what is left errs on the side
            of too large an error.
        slope: What all rewards would have to be multiplied by for the largest likelihood: below 1
            they are too sure, above too timid. The inverse of the temperature. None when nothing
            contradicts the rewards, or nothing was decided.
        bins: From the least to the most confident.

    Source:
        ECE: Naeini, Cooper and Hauskrecht (2015), "Obtaining well calibrated probabilities using
        Bayesian binning", AAAI. Its bias: Kumar, Liang and Ma (2019), "Verified uncertainty
        calibration", NeurIPS. Slope: Cox (1958), "Two further applications of a model for binary
        regression", Biometrika 45. Bootstrap bias: Efron and Tibshirani (1993), chapter 10.
    """

    error: float
    floor: float
    debiased: Interval | None
    slope: Interval | None
    bins: tuple[Bin, ...]


def calibration(pairs: Pairs, margin: Floats, bootstrap: Bootstrap) -> Calibration | None:
    """The calibration of some pairs; None when no judgement chose a side.

    Args:
        pairs: The judgements.
        margin: Reward of a less reward of b, `(pairs,)`.
        bootstrap: Of these pairs.

    Example:
        >>> pairs = Pairs.of([0, 1, 2, 3], [4, 5, 6, 7], [1, 1, 1, 0])  # three of four
        >>> bootstrap = Bootstrap(np.stack([np.arange(4)] * 2, axis=1), 0, 0.95, (0,))
        >>> found = calibration(pairs, np.full(4, np.log(3.0)), bootstrap)
        >>> abs(round(found.error, 6)), round(found.slope.value, 6)
        (0.0, 1.0)
    """
    share, weight = decided(pairs)
    if not weight.sum() > 0:
        return None
    confidence = _sigmoid(np.abs(margin))
    right = np.where(margin >= 0, share, 1.0 - share)
    right[margin == 0] = 0.5
    clips = compared(pairs)
    count = len(np.unique(clips[weight > 0]))
    place = equal_mass(np.abs(margin), weight, min(MOST_BINS, max(1, count // LEAST_PAIRS)))
    inside = (place == np.arange(place.max() + 1)[:, None]) * weight
    whole, drawn = bootstrap.sums(np.concatenate([inside, inside * right, inside * confidence]))
    mass, agreed, sure = np.split(whole, 3)
    masses, agreeds, sures = np.split(drawn, 3, axis=1)
    with np.errstate(invalid="ignore", divide="ignore"):
        rates = agreeds / masses
        errors = np.abs(agreeds - sures).sum(axis=1) / masses.sum(axis=1)
    error = float(np.abs(agreed - sure).sum() / mass.sum())
    turned = margin * np.where(pairs.a < pairs.b, 1, -1)
    chance = _by_chance(clips, turned, weight, place, bootstrap.seed)
    return Calibration(
        error,
        float(chance.mean()),
        bootstrap.debiased(error, errors, chance) if len(errors) else None,
        slope_interval(share, margin, weight, bootstrap),
        tuple(
            Bin(
                float(sure[k] / mass[k]),
                bootstrap.share(bootstrap.interval(agreed[k] / mass[k], rates[:, k])),
                float(mass[k]),
            )
            for k in range(len(mass))
        ),
    )


def equal_mass(size: Floats, weight: Floats, bins: int) -> Ints:
    """Which bin each pair lies in, from 0 without gaps: bins of equal weight, by size.

    Pairs of one size lie in one bin. Pairs without weight lie in some bin.

    Example:
        >>> equal_mass(np.array([3.0, 1.0, 2.0, 2.0]), np.ones(4), 2).tolist()
        [1, 0, 0, 0]
    """
    order = np.argsort(size, kind="stable")
    before = np.cumsum(weight[order]) - weight[order]
    ordered = size[order]
    first = np.searchsorted(ordered, ordered, "left")  # those of one size go with their first
    raw = np.floor(bins * before[first] / weight.sum() * (1 + 1e-12)).astype(np.int64)
    place = np.empty(len(size), np.int64)
    place[order] = np.clip(raw, 0, bins - 1)
    occupied = np.unique(place[weight > 0])
    return np.clip(np.searchsorted(occupied, place, "right") - 1, 0, None)


def slope(share: Floats, margin: Floats, weight: Floats, *, even: float = 0.0) -> float | None:
    """What the margins have to be multiplied by for the largest likelihood.

    The root of `Σ weight (σ(s m) - share) m`, which increases in s, by Newton's method from 0,
    steps kept inside a bracket.

    Args:
        share: Of the judgements, how many chose a.
        margin: Reward of a less reward of b.
        weight: Of each pair.
        even: Judgements, half for either side, that are added at the root-mean-square margin.

    Returns:
        The slope, which may be negative; None when it is not finite.

    Example:
        >>> s = slope(np.array([0.75]), np.array([1.0]), np.ones(1))
        >>> round(s, 6) == round(math.log(3), 6)
        True
    """
    total = float(weight.sum())
    scale = math.sqrt(float(weight @ margin**2) / total) if total > 0 else 0.0
    if scale == 0.0:
        return None
    m = np.append(margin / scale, 1.0)
    y, w = np.append(share, 0.5), np.append(weight, even)
    at, low, high = 0.0, -_STEEPEST, _STEEPEST
    for _ in range(_STEPS):
        chance = _sigmoid(at * m)
        gradient = float(w @ ((chance - y) * m))
        low, high = (low, at) if gradient > 0 else (at, high)
        curvature = float(w @ (chance * (1 - chance) * m**2))
        if abs(gradient) <= _ENOUGH * total:
            break
        after = at - gradient / curvature if curvature > 0 else math.nan
        at = after if low < after < high else (low + high) / 2
    return None if abs(at) > 0.9 * _STEEPEST or curvature < 1e-9 * total else at / scale


def slope_interval(
    share: Floats, margin: Floats, weight: Floats, bootstrap: Bootstrap, *, even: float = 0.0
) -> Interval | None:
    """The slope with its interval.

    Each resample's slope is found from that of the pairs as they are by Newton's method; where
    pairs are many, between the points of a grid, to about a thousandth.

    Args:
        share: As for `slope`.
        margin: Likewise.
        weight: Likewise.
        bootstrap: Of these pairs.
        even: As for `slope`.
    """
    value = slope(share, margin, weight, even=even)
    if value is None:
        return None
    # The added judgements are one more row, in every resample.
    scale = math.sqrt(float(weight @ margin**2) / float(weight.sum()))
    m, y = np.append(margin, scale), np.append(share, 0.5)
    if len(margin) <= _FEW_PAIRS:
        each = [
            _slopes(value, m, y, np.column_stack([often * weight, np.full(len(often), even)]))
            for often in bootstrap
        ]
        return bootstrap.interval(value, np.concatenate(each or [np.empty(0)]))
    if bootstrap.units < 2 or not bootstrap.count:
        return bootstrap.interval(value, np.empty(0))
    chance = _sigmoid(value * m[:-1])
    curvature = float(weight @ (chance * (1 - chance) * margin**2))
    spread = _gradients(np.array([value]), m, y, weight, even, bootstrap).std()
    drawn: Floats = np.full(bootstrap.count, np.nan)
    for reach in _REACHES:
        missing = np.isnan(drawn)
        if not missing.any() or not 0 < curvature * spread < math.inf:
            break
        grid = value + np.linspace(-reach, reach, _GRID) * spread / curvature
        roots = _roots(grid, _gradients(grid, m, y, weight, even, bootstrap))
        drawn[missing] = roots[missing]
    return bootstrap.interval(value, drawn)


def _gradients(
    slopes: Floats, m: Floats, y: Floats, weight: Floats, even: float, bootstrap: Bootstrap
) -> Floats:
    """The slope of each resample's loss at some slopes, `(resamples, slopes)`.

    Args:
        slopes: Where.
        m: Margins, and that of the added judgements last.
        y: Shares, likewise.
        weight: Of each pair.
        even: Of the added judgements.
        bootstrap: Of the pairs.
    """
    _, sums = bootstrap.sums(weight * ((_sigmoid(s * m) - y) * m)[:-1] for s in slopes)
    return np.asarray(sums + even * (_sigmoid(slopes * m[-1]) - y[-1]) * m[-1])


def _roots(grid: Floats, rising: Floats) -> Floats:
    """Where each row, which rises along the grid, is 0; NaN where that is not within it.

    Example:
        >>> _roots(np.array([0.0, 1.0, 2.0]), np.array([[-3.0, -1.0, 1.0], [1.0, 2.0, 3.0]]))
        array([1.5, nan])
    """
    each, after = np.arange(len(rising)), np.clip((rising < 0).sum(axis=1), 1, len(grid) - 1)
    below, above = rising[each, after - 1], rising[each, after]
    share = np.divide(above, above - below, out=np.zeros(len(rising)), where=above > below)
    found = grid[after] - share * (grid[after] - grid[after - 1])
    return np.where((rising[:, 0] <= 0) & (rising[:, -1] >= 0), found, np.nan)


def _slopes(start: float, margin: Floats, share: Floats, weight: Floats) -> Floats:
    """The slope of each resample, `(resamples,)`; NaN where it is not finite.

    Args:
        start: Where to begin.
        margin: `(rows,)`.
        share: `(rows,)`.
        weight: `(resamples, rows)`.
    """
    at = np.full(len(weight), start)
    farthest = max(abs(start), 1.0 / float(np.abs(margin).max()))
    for _ in range(_STEPS):
        chance = _sigmoid(at[:, None] * margin)
        gradient = (weight * (chance - share)) @ margin
        curvature = (weight * chance * (1 - chance)) @ margin**2
        with np.errstate(invalid="ignore", divide="ignore"):
            step = np.clip(-gradient / curvature, -farthest, farthest)
        at = at + step
        if not np.any(np.abs(step) > 1e-4 * farthest):
            break
    return np.where(np.abs(at) < _FARTHEST * farthest, at, np.nan)


def _by_chance(
    clips: Ints, margin: Floats, weight: Floats, place: Ints, seed: tuple[int, ...]
) -> Floats:
    """The ECE of answers that are drawn by the model's own probabilities, `(simulations,)`.

    Rows of one pair of clips share their answers: as many as their weight says, at least one.

    Args:
        clips: The pair of clips of each row.
        margin: Reward of the clip of the lower number less that of the other, `(rows,)`.
        weight: Of each row.
        place: Its bin.
        seed: Of the answers.
    """
    mass = np.bincount(clips, weight)
    mean = np.bincount(clips, weight * margin) / np.where(mass > 0, mass, 1.0)
    chance, votes = _sigmoid(mean), np.maximum(np.rint(mass), 1).astype(np.int64)
    rng = np.random.default_rng((*seed, 1))
    confidence = _sigmoid(np.abs(margin))
    errors = []
    for _ in range(max(20, min(_SIMULATIONS, _DRAWS // len(votes)))):
        share = (rng.binomial(votes, chance) / votes)[clips]
        right = np.where(margin >= 0, share, 1.0 - share)
        right[margin == 0] = 0.5
        errors.append(np.abs(np.bincount(place, weight * (right - confidence))).sum())
    return np.asarray(np.array(errors) / weight.sum())


def _sigmoid(x: Floats) -> Floats:
    sigmoid: Floats = 0.5 * (1.0 + np.tanh(x / 2.0))
    return sigmoid
