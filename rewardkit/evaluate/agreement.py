# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: Apache-2.0
"""How often a reward agrees with listeners, with intervals and trivial rules beside. numpy only."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping

import numpy as np
from numpy.typing import ArrayLike

from rewardkit.baselines import choices, wording
from rewardkit.errors import RewardkitError
from rewardkit.evaluate.bootstrap import Bootstrap
from rewardkit.evaluate.calibration import calibration
from rewardkit.evaluate.evaluation import Evaluation
from rewardkit.evaluate.partial import partials
from rewardkit.evaluate.result import DimensionResult, RuleResult
from rewardkit.evaluate.scores import compared, correctness, cross_entropy
from rewardkit.evaluate.slices import Facets, slices
from rewardkit.evaluate.systems import rank_systems
from rewardkit.pairs import Floats, Pairs
from rewardkit.resampling import Groups, units


def evaluate(
    pairs: Pairs,
    margin: ArrayLike,
    *,
    groups: Groups | None = None,
    trivial: Mapping[str, ArrayLike] | None = None,
    by: Facets | None = None,
    resamples: int = 2000,
    level: float = 0.95,
    seed: int = 0,
    brief: bool = False,
) -> Evaluation:
    """Compare rewards with judgements.

    Args:
        pairs: The judgements.
        margin: Reward of a less reward of b, `(pairs,)`, each in its own pair's dimension.
        groups: One label per clip, such as its speaker: what the bootstrap resamples. See
            `rewardkit.resampling.units` for what is resampled without.
        trivial: `{"duration": seconds, "level": dB}`, one number per clip: rules to stand beside,
            and nuisances for the partial correlations. "Always side a" is added where sides are
            known.
        by: By facet (`speaker`, `language`, `system`), what each pair belongs to; see
            `rewardkit.evaluate.facets`. Where pairs have margins, they are sliced by those too.
        resamples: Of the bootstrap.
        level: Coverage of the intervals. They are percentile intervals: with few groups too
            narrow. Those of 95 % hold the truth in some 88 % with eight speakers of independent
            pairs, and in half with two; fewer than six are warned of.
        seed: Of the bootstrap.
        brief: Only accuracy, log-loss and trivial rules.

    Raises:
        RewardkitError: `bad_margin` when a margin is not finite or their number does not fit,
            `bad_facet` when a facet does not have a row for each pair, `bad_groups` when a clip
            has no label, `bad_option` for a level or a number of resamples that is none.

    Example:
        >>> pairs = Pairs.of([0, 1, 2], [3, 4, 5], [1.0, 1.0, 0.2])
        >>> evaluate(pairs, [2.0, -1.0, -0.5])["overall"].accuracy.value.__round__(3)
        0.667
    """
    margins = check_margin(pairs, margin)
    facets = by or {}
    for name, rows in facets.items():
        if len(rows) != len(pairs):
            raise RewardkitError("bad_facet", f"{name}: one row of labels per pair is needed")
    rules = choices(pairs, trivial or {})
    results = []
    for number, name in enumerate(pairs.dimensions):
        here = np.flatnonzero((pairs.dimension == number) & (pairs.weight > 0))
        if not len(here):
            continue
        own = pairs.select(here)
        bootstrap = Bootstrap(units(own, groups), resamples, level, (seed, number))
        labels = {facet: [rows[i] for i in here.tolist()] for facet, rows in facets.items()}
        results.append(
            _dimension(
                name,
                own,
                margins[here],
                {rule: choice[here] for rule, choice in rules.items()},
                trivial or {},
                labels,
                groups,
                bootstrap,
                brief=brief,
            )
        )
    return Evaluation(tuple(results), level, resamples)


def check_margin(pairs: Pairs, margin: ArrayLike) -> Floats:
    """Margins as float64 `(pairs,)`.

    Raises:
        RewardkitError: `bad_margin` when one is not finite or their number does not fit.
    """
    margins = np.asarray(margin, np.float64)
    if margins.shape != pairs.win.shape or not np.isfinite(margins).all():
        raise RewardkitError("bad_margin", "one finite margin per pair is needed")
    return margins


def _dimension(
    name: str,
    pairs: Pairs,
    margin: Floats,
    rules: Mapping[str, Floats],
    trivial: Mapping[str, ArrayLike],
    labels: Mapping[str, list[tuple[str | None, ...]]],
    groups: Groups | None,
    bootstrap: Bootstrap,
    *,
    brief: bool,
) -> DimensionResult:
    scores = [cross_entropy(margin, pairs.win), correctness(margin, pairs.win)]
    words = []
    for rule, choice in rules.items():
        right = correctness(choice, pairs.win)
        if rule == "side":
            right = np.where(pairs.side_known, right, np.nan)
        known = ~np.isnan(right)
        if not known.any():
            continue
        reverse = bool(np.average(right[known], weights=pairs.weight[known]) < 0.5)
        words.append((rule, wording(rule, reverse=reverse)))
        scores.append(1.0 - right if reverse else right)
    log_loss, accuracy, *others = bootstrap.means(np.array(scores), pairs.weight)
    assert log_loss is not None  # noqa: S101 - no pair's log-loss is NaN
    clips = compared(pairs)
    result = DimensionResult(
        name,
        int(clips.max()) + 1,
        float(pairs.weight.sum()),
        int(clips.max()) + 1 - len(np.unique(clips[pairs.win != 0.5])),
        bootstrap.units,
        None if accuracy is None else bootstrap.share(accuracy),
        log_loss,
        tuple(
            RuleResult(rule, choice, bootstrap.share(interval))
            for (rule, choice), interval in zip(words, others, strict=True)
            if interval is not None
        ),
    )
    if brief:
        return result
    systems = labels.get("system")
    sliced = bool(labels) or bool(pairs.margin.any())
    return dataclasses.replace(
        result,
        calibration=calibration(pairs, margin, bootstrap),
        partials=partials(pairs, margin, trivial, bootstrap),
        slices=slices(pairs, margin, labels, groups, bootstrap) if sliced else (),
        systems=None if systems is None else rank_systems(pairs, margin, systems, bootstrap),
    )
