# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: Apache-2.0
"""Krippendorff's alpha against his own worked examples, and against the nominal one of the core."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rewardkit.errors import RewardkitError
from rewardkit.preferences import NominalAlpha
from rewardkit.raters import krippendorff

# K. Krippendorff (2011), "Computing Krippendorff's Alpha-Reliability", University of
# Pennsylvania, sections A (binary, two observers), B (nominal, two observers) and C (any number
# of observers, missing values; the other metrics of the same data in D).
MEG, OWEN = "0100000010", "1110010000"
BEN, GERRY = "aabbdcccedda", "babbbccceddd"


def counts(one: str, other: str) -> np.ndarray:
    """Two observers' values as counts by unit."""
    values = sorted({*one, *other})
    both = zip(one, other, strict=True)
    return np.array([[pair.count(value) for value in values] for pair in both])


def units() -> np.ndarray:
    """Four observers, twelve units, each as its four values; "." is missing."""
    table = [
        "11.1", "2232", "3333", "3333", "2222", "1234", "4444", "1121", "2222", ".555", "..11",
        "..3.",
    ]  # fmt: skip
    return np.array([[unit.count(value) for value in "12345"] for unit in table])


@pytest.mark.parametrize(
    ("table", "metric", "published"),
    [
        (counts(MEG, OWEN), "nominal", 0.095),
        (counts(BEN, GERRY), "nominal", 0.692),
        (units(), "nominal", 0.743),
        (units(), "ordinal", 0.815),
        (units(), "interval", 0.849),
    ],
)
def test_worked_examples(table: np.ndarray, metric: str, published: float) -> None:
    found = krippendorff(table, metric, resamples=0)  # type: ignore[arg-type]
    assert found.value == pytest.approx(published, abs=0.0006)


def test_units_judged_once_do_not_count() -> None:
    found = krippendorff(units(), resamples=0)
    assert (found.units, found.judgements) == (11, 40)


tables = st.lists(st.lists(st.integers(0, 4), min_size=3, max_size=3), min_size=1, max_size=12)


@given(tables, st.booleans())
def test_nominal_is_that_of_the_core(rows: list[list[int]], reversible: bool) -> None:
    core = NominalAlpha(3, exchangeable=reversible)
    for b, tie, a in rows:
        core.add((a, b, tie))
    wanted = core.result()
    found = krippendorff(rows, reversible=reversible, resamples=0)
    assert (found.units, found.judgements) == (wanted.units, wanted.judgements)
    if wanted.alpha is None or found.value is None:
        assert wanted.alpha is None
        assert found.value is None
    else:
        assert found.value == pytest.approx(wanted.alpha, abs=1e-9)


@given(tables, st.sampled_from(["nominal", "ordinal", "interval"]), st.data())
def test_which_clip_is_a_does_not_matter(rows, metric, data) -> None:
    turned = [row[::-1] if data.draw(st.booleans()) else row for row in rows]
    one, other = (krippendorff(t, metric, reversible=True, resamples=0) for t in (rows, turned))
    assert (one.value is None) == (other.value is None)
    if one.value is not None:
        assert one.value == pytest.approx(other.value, abs=1e-9)


def test_the_interval_holds_the_value_and_chance_is_zero() -> None:
    rng = np.random.default_rng(0)
    table = rng.multinomial(4, [0.4, 0.2, 0.4], size=300)
    found = krippendorff(table, "ordinal", seed=1)
    assert found.low < 0 < found.high  # type: ignore[operator]
    assert found.low <= found.value <= found.high  # type: ignore[operator]
    assert krippendorff([[2, 0], [0, 3]], resamples=0).value == 1.0
    assert krippendorff([[2, 0], [3, 0]]).value is None
    assert krippendorff([[1, 0]]).units == 0


@pytest.mark.parametrize("table", [[[-1, 3]], [[np.nan, 2]], [1, 2]])
def test_counts_that_are_none(table: list[object]) -> None:
    with pytest.raises(RewardkitError, match="bad_votes"):
        krippendorff(table)
