# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: Apache-2.0
"""`fit`: preferences and features in, a reward head out."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import ArrayLike

from rewardkit.errors import RewardkitError
from rewardkit.evaluate import evaluate
from rewardkit.head import LinearHead
from rewardkit.normaliser import Normaliser
from rewardkit.pairs import OVERALL, Floats, Pairs
from rewardkit.resampling import Groups, draws, units
from rewardkit.training.members import estimate_members
from rewardkit.training.options import TrainOptions
from rewardkit.training.regularisation import choose_l2
from rewardkit.training.report import TrainReport
from rewardkit.training.solve import Solution

CARELESS: Final = 0.5
"""A rater whose reliability is surely below this is warned of."""

_NORMAL: Final = 1.959964  # 97.5th percentile


class TrainingWarning(UserWarning):
    """Something about the data that makes a trained head worth less than it looks."""


@dataclass(frozen=True, eq=False)
class Trained:
    """A trained head and how it came about.

    Args:
        head: Applies without torch.
        report: What to record beside it.
    """

    head: LinearHead
    report: TrainReport


def fit(
    values: ArrayLike,
    pairs: Pairs,
    *,
    groups: Groups | None = None,
    options: TrainOptions | None = None,
    names: Sequence[str] | None = None,
    trivial: Mapping[str, ArrayLike] | None = None,
    raters: Sequence[str] | None = None,
) -> Trained:
    """Train a reward head on preferences.

    The result depends neither on the order of the pairs nor, bit for bit, on which clip of a
    pair is called a. On a CPU the same call gives the same bits.

    Args:
        values: Features `(clips, features)`; NaN where not measurable.
        pairs: Preferences between rows of `values`.
        groups: One label per clip, such as its speaker: what the bootstrap draws and what is
            held out when l2 is chosen. See `rewardkit.resampling.units`.
        options: See `TrainOptions`.
        names: Of the features, for messages.
        trivial: `{"duration": seconds, "level": dB}`, one number per clip: warned of when going
            by one of them alone agrees with the training pairs as often as the head.
        raters: The names behind `pairs.rater`, for the report.

    Raises:
        RewardkitError: `bad_features`, `no_pairs`, `not_converged`.

    Warns:
        TrainingWarning: For constant features, features that are rarely measurable, fewer than
            30 pairs in a dimension, a trivial rule that does as well, raters who hardly do
            better than chance.

    Example:
        >>> import warnings
        >>> values = np.array([[0.0], [1.0], [2.0]])
        >>> pairs = Pairs.of([1, 2, 2], [0, 1, 0], [1, 1, 1])
        >>> with warnings.catch_warnings():
        ...     warnings.simplefilter("ignore", TrainingWarning)  # three pairs are few
        ...     head = fit(values, pairs, options=TrainOptions(l2=1.0)).head
        >>> bool(np.all(np.diff(head(values).scalar) > 0))
        True
    """
    options = options or TrainOptions()
    table = check(values, pairs)
    merged = options.prepare(pairs)
    if not len(merged):
        raise RewardkitError("no_pairs", "there is no pair of positive weight to train on")
    l2 = resolve_l2(table, merged, groups, options)
    unit = units(merged, groups)
    resampled = draws(unit, options.members, np.random.default_rng(options.seed))
    often = np.concatenate([np.ones((1, len(merged))), *resampled])
    penalties = np.tile([l2[name] for name in pairs.dimensions], (len(often), 1))
    fitted = estimate_members(table, merged, often, penalties, options)
    head = LinearHead(
        pairs.dimensions,
        fitted.normaliser,
        fitted.weights[0],
        fitted.weights[1:],
        fitted.mix[0],
        fitted.mix[1:],
    )
    labels = tuple(names) if names is not None else tuple(map(str, range(table.shape[1])))
    clips = np.unique(np.concatenate([merged.a, merged.b]))
    margin = fitted.margins(table, pairs)[0]
    in_sample = evaluate(pairs, margin, trivial=trivial, resamples=0, brief=True)
    counts = np.bincount(pairs.merged().dimension, minlength=len(pairs.dimensions)).tolist()
    reliability = _about_raters(fitted.solutions, raters)
    every = range(table.shape[1])
    found = _about_features(table[clips], fitted.normaliser, labels)
    found += [
        f"{name}: no pairs; its reward is 0 for every clip"
        for name, count in zip(pairs.dimensions, counts, strict=True)
        if not count
    ]
    found += [
        f"{name}: no feature that it may use varies; they say nothing about its pairs"
        for name, count in zip(pairs.dimensions, counts, strict=True)
        if count and not fitted.normaliser.used[list(options.columns.get(name, every))].any()
    ]
    found += _about_l2(l2, options)
    found += [f"on the training pairs, {text}" for text in in_sample.warnings]
    found += [
        f"{name}: rater {rater} hardly does better than chance: reliability {value:.2f} "
        f"[{low:.2f}, {high:.2f}] where the average is 1"
        for name, judged in reliability.items()
        for rater, (value, low, high, _) in judged.items()
        if high < CARELESS
    ]
    for text in found:
        warnings.warn(text, TrainingWarning, stacklevel=2)
    report = TrainReport(
        clips=len(clips),
        pairs=dict(zip(pairs.dimensions, counts, strict=True)),
        l2=l2,
        l2_chosen=options.l2 is None,
        mix=dict(zip(pairs.dimensions, head.mix.tolist(), strict=True)),
        mix_learned=OVERALL in pairs.dimensions and counts[pairs.dimensions.index(OVERALL)] > 0,
        likelihood={name: found.likelihood.name for name, found in fitted.solutions.items()},
        tie={
            name: _interval(found.tie[0], found.tie[1:].std(ddof=1))
            for name, found in fitted.solutions.items()
            if found.likelihood.has_tie_parameter
        },
        reliability=reliability,
        smoothing=options.smoothing,
        margin=options.margin,
        center=options.center,
        decorrelate=tuple(options.decorrelate),
        bend=options.bend,
        members=options.members,
        units=int(unit.max()) + 1,
        seed=options.seed,
        steps=fitted.steps,
        gradient=fitted.gradient,
        accuracy={
            result.dimension: None if result.accuracy is None else result.accuracy.value
            for result in in_sample.dimensions
        },
        unused=tuple(np.array(labels)[~fitted.normaliser.used].tolist()),
        warnings=tuple(found),
    )
    return Trained(head, report)


def _interval(value: float, error: float) -> tuple[float, float, float]:
    return float(value), float(value - _NORMAL * error), float(value + _NORMAL * error)


Rated = tuple[float, float, float, float]
"""A rater's reliability, both ends of its interval, and the number of judgements."""


def _about_raters(
    solutions: Mapping[str, Solution], names: Sequence[str] | None
) -> dict[str, dict[str, Rated]]:
    """By dimension and rater."""
    result: dict[str, dict[str, Rated]] = {}
    for dimension, solution in solutions.items():
        found = solution.reliability
        if found is None:
            continue
        value = found.value[0]
        spread = _NORMAL * found.error
        table = np.stack([value, value - spread, value + spread, found.judgements])
        labels = [names[k] if names is not None else str(k) for k in found.rater.tolist()]
        result[dimension] = dict(zip(labels, zip(*table.tolist(), strict=True), strict=True))
    return result


def check(values: ArrayLike, pairs: Pairs) -> Floats:
    """The feature table as float64.

    Raises:
        RewardkitError: `bad_features` when it is not a table, or pairs name rows it lacks.
    """
    table = np.asarray(values, np.float64)
    rows = int(max(pairs.a.max(), pairs.b.max())) + 1 if len(pairs) else 0
    if table.ndim != 2 or not table.shape[1] or len(table) < rows:
        raise RewardkitError(
            "bad_features",
            f"features of shape (at least {rows} clips, features) are needed, not {table.shape}",
        )
    return table


def resolve_l2(
    values: Floats, pairs: Pairs, groups: Groups | None, options: TrainOptions
) -> dict[str, float]:
    """The l2 of each dimension: as given, or chosen by cross-validation.

    Raises:
        RewardkitError: `bad_option` when it is given by dimension and one is missing.
    """
    if options.l2 is None:
        return choose_l2(values, pairs, groups=groups, options=options)
    if not isinstance(options.l2, Mapping):
        return dict.fromkeys(pairs.dimensions, float(options.l2))
    missing = [name for name in pairs.dimensions if name not in options.l2]
    if missing:
        raise RewardkitError("bad_option", f"l2 is missing for {', '.join(missing)}")
    return {name: float(options.l2[name]) for name in pairs.dimensions}


def _about_features(values: Floats, normaliser: Normaliser, names: Sequence[str]) -> list[str]:
    constant = [names[i] for i in np.flatnonzero(~normaliser.used).tolist()]
    rare = [names[i] for i in np.flatnonzero(np.isnan(values).mean(axis=0) > 0.5).tolist()]
    found = []
    if constant:
        found.append(f"constant in training and not used: {', '.join(constant)}")
    if rare:
        found.append(f"not measurable in more than half of the clips: {', '.join(rare)}")
    return found


def _about_l2(l2: Mapping[str, float], options: TrainOptions) -> list[str]:
    if options.l2 is not None:
        return []
    ends = {options.grid[0]: "least", options.grid[-1]: "largest"}
    return [
        f"{name}: the best l2, {value:g}, is the {ends[value]} of the grid"
        for name, value in l2.items()
        if len(options.grid) > 1 and value in ends
    ]
