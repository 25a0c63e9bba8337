# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: Apache-2.0
"""What a vote of each rater should weigh, as the column `weight` that `train` reads.

A rater of inverse temperature β says a with the probability `σ(β m) ≈ ½ + β m / 4`: a signal in
proportion to β in noise that is the same for all. Of all weighted sums of votes the one that says
most about m weighs each vote by its signal: by β, and not at all below 0. (With β fitted inside
the likelihood, as by `train --raters`, nothing is approximated; weights serve where that is not to
be had, and wherever the file goes next.)
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator, Mapping

from rewardkit.preferences.record import Preference
from rewardkit.raters.measures import RaterReport


def weights(report: RaterReport) -> dict[str, float]:
    """Weight by rater, of mean 1 over all votes; 1 for all when no reliability is known.

    Args:
        report: See `rewardkit.raters.report`.
    """
    total = sum(one.weight * one.votes for one in report.raters)
    votes = sum(one.votes for one in report.raters)
    if not total > 0:
        return {one.rater: 1.0 for one in report.raters}
    return {one.rater: one.weight * votes / total for one in report.raters}


def weighted(
    preferences: Iterable[Preference], by_rater: Mapping[str, float]
) -> Iterator[Preference]:
    """The same preferences, each weight times that of its rater; all are kept.

    Example:
        >>> one = Preference("x", "y", 1.0, rater="anna", weight=2.0)
        >>> [p.weight for p in weighted([one], {"anna": 0.5})]
        [1.0]
    """
    for preference in preferences:
        factor = 1.0 if preference.rater is None else by_rater.get(preference.rater, 1.0)
        yield dataclasses.replace(preference, weight=preference.weight * factor)
