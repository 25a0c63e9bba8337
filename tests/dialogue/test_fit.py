# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: Apache-2.0
"""Training a head of dialogues on planted breaks."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from rewardkit.dialogue import Comparison
from rewardkit.dialogue.fit import BOUND, fit, turn_normaliser
from rewardkit.errors import RewardkitError
from rewardkit.pairs import Pairs
from rewardkit.training.options import TrainOptions

pytestmark = pytest.mark.filterwarnings("ignore::rewardkit.training.fit.TrainingWarning")
COMPARISONS = (
    Comparison("own", "f0", ("s.f0",), "semitone"),
    Comparison("own", "noise", ("s.noise",)),
    Comparison("gap", "length"),
)
OPTIONS = TrainOptions(l2=1.0, members=3, ties="half")


def planted(column: int, size: float, count: int = 200) -> tuple[list[Any], Pairs]:
    """Dialogues of six turns; in the odd ones, the turn `row % 6` is off by `size`."""
    rng = np.random.default_rng(column)
    tables = []
    for row in range(count):
        real = rng.normal(size=(6, 3))
        real[:, 2] = np.abs(real[:, 2])
        broken = real.copy()
        broken[row % 6, column] += size
        tables += [real, broken]
    real_rows = 2 * np.arange(count)
    return tables, Pairs.of(real_rows, real_rows + 1, np.ones(count), dimensions=("coherence",))


@pytest.mark.parametrize(("column", "size"), [(0, 5.0), (0, -5.0), (2, 5.0)])
def test_a_planted_break_is_learned_and_named(column: int, size: float) -> None:
    tables, pairs = planted(column, size)
    head = fit(tables, pairs, COMPARISONS, options=OPTIONS).head
    scores = [head(table).scalar for table in tables]
    wins = [a.mean() > b.mean() for a, b in zip(scores[::2], scores[1::2], strict=True)]
    named = [b.argmin() == row % 6 for row, b in enumerate(scores[1::2])]
    assert np.mean(wins) > 0.95
    assert np.mean(named) > 0.8


def test_the_mean_over_turns_is_what_was_trained() -> None:
    tables, pairs = planted(0, 3.0)
    found = fit(tables, pairs, COMPARISONS, options=OPTIONS)
    wins = np.mean(
        [
            found.head(a).scalar.mean() > found.head(b).scalar.mean()
            for a, b in zip(tables[::2], tables[1::2], strict=True)
        ]
    )
    assert wins == pytest.approx(found.report.accuracy["coherence"])


def test_no_difference_is_rewarded() -> None:
    tables, pairs = planted(0, 5.0)
    head = fit(tables, pairs.swapped(), (*COMPARISONS[:2], COMPARISONS[2]), options=OPTIONS).head
    assert (head.weights <= 0).all()
    rng = np.random.default_rng(0)
    x = np.abs(rng.normal(size=(200, 3)))
    assert (head(x * 1.5).scalar <= head(x).scalar + 1e-6).all()


def test_what_may_be_used() -> None:
    tables, pairs = planted(0, 5.0)
    head = fit(tables, pairs, COMPARISONS, use=["own.f0"], options=OPTIONS).head
    assert head.reads.tolist() == [True, False, False]
    with pytest.raises(RewardkitError, match="bad_option"):
        fit(tables, pairs, COMPARISONS, use=["nothing.*"], options=OPTIONS)


def test_zero_stays_zero_and_extremes_are_bounded() -> None:
    tables, _ = planted(0, 5.0)
    normaliser = turn_normaliser(tables, COMPARISONS)
    assert normaliser.centre[:2].tolist() == [0.0, 0.0]
    z = normaliser(np.array([[1e9, -1e9, 1e9], [np.nan] * 3]))
    assert np.abs(z[0, :3]).max() <= BOUND
    assert z[1].tolist() == [0.0] * 6


def test_one_dimension_only() -> None:
    tables, pairs = planted(0, 5.0, 4)
    two = Pairs.of(pairs.a, pairs.b, pairs.win, [0, 0, 1, 1], dimensions=("x", "y"))
    with pytest.raises(RewardkitError, match="bad_option"):
        fit(tables, two, COMPARISONS, options=OPTIONS)
