# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: Apache-2.0
"""Krippendorff's alpha against the worked examples of its author, and against its definition."""

from __future__ import annotations

from itertools import permutations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rewardkit.preferences import Agreement, NominalAlpha

# K. Krippendorff (2011), "Computing Krippendorff's Alpha-Reliability": section A (two observers,
# ten units) and section C (four observers, twelve units, gaps). The paper gives .095 and .743.
TWO = ["0100000010", "1110010000"]
FOUR = ["123321412...", "1233224125.3", ".3332342251.", "12332441251."]


def alpha(observers: list[str]) -> Agreement:
    values = sorted(set("".join(observers)) - {"."})
    result = NominalAlpha(len(values))
    for unit in zip(*observers, strict=True):
        result.add([unit.count(value) for value in values])
    return result.result()


def test_two_observers_of_the_paper() -> None:
    assert alpha(TWO).alpha == pytest.approx(0.095, abs=5e-4)


def test_four_observers_with_gaps_of_the_paper() -> None:
    result = alpha(FOUR)
    assert result.alpha == pytest.approx(0.743, abs=5e-4)
    assert (result.units, result.judgements) == (11, 40)  # unit 12 was judged once


counts = st.lists(st.tuples(*[st.integers(0, 6)] * 3), min_size=1, max_size=12)


@given(counts)
def test_definition(units: list[tuple[int, int, int]]) -> None:
    """The same by the coincidence matrix, element by element."""
    result = NominalAlpha(3)
    matrix = np.zeros((3, 3))
    for unit in units:
        result.add(unit)
        judgements = [value for value, count in enumerate(unit) for _ in range(count)]
        for one, other in permutations(judgements, 2):
            matrix[one, other] += 1 / (len(judgements) - 1)
    totals = matrix.sum(axis=1)
    total = totals.sum()
    expected = total**2 - (totals**2).sum()
    if expected < 1e-9:
        assert result.result().alpha is None
    else:
        observed = total - np.trace(matrix)
        assert result.result().alpha == pytest.approx(1 - (total - 1) * observed / expected)


@given(counts, st.integers(0, 2**12 - 1))
def test_exchangeable_values_ignore_which_comes_first(
    units: list[tuple[int, int, int]], turned: int
) -> None:
    one, other = NominalAlpha(3, exchangeable=True), NominalAlpha(3, exchangeable=True)
    for index, (a, b, tie) in enumerate(units):
        one.add((a, b, tie))
        other.add((b, a, tie) if turned >> index & 1 else (a, b, tie))
    assert one.result() == other.result()


def test_perfect_agreement_on_a_clip_that_always_comes_first() -> None:
    plain, exchangeable = NominalAlpha(3), NominalAlpha(3, exchangeable=True)
    for _ in range(10):
        plain.add((3, 0, 0))
        exchangeable.add((3, 0, 0))
    assert plain.result().alpha is None
    assert exchangeable.result().alpha == 1.0


def test_chance() -> None:
    random = np.random.default_rng(0)
    result = NominalAlpha(3, exchangeable=True)
    for unit in random.multinomial(5, [0.4, 0.4, 0.2], size=20_000):
        result.add(unit.tolist())
    assert result.result().alpha == pytest.approx(0.0, abs=0.01)


def test_nothing_judged_twice() -> None:
    result = NominalAlpha(2)
    result.add((1, 0))
    assert result.result() == Agreement(None, 0, 0)
