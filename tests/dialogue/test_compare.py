# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: Apache-2.0
"""Turn-to-turn features: each relation on numbers worked out by hand."""

from __future__ import annotations

import math
import tracemalloc
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from rewardkit.dialogue import Comparer, Comparison
from rewardkit.errors import RewardkitError
from rewardkit.features import Feature, Schema

SCHEMA = Schema(
    ("s.f0", "s.rate", "s.level"),
    (Feature("f0", "Hz", "F0"), Feature("rate", "1/s", "rate"), Feature("level", "dB", "level")),
    (),
)
AB = ["a", "b"] * 4
NAN = np.nan


def table(level: list[float], f0: float = 100.0, rate: float = 4.0) -> np.ndarray[Any, Any]:
    return np.array([[f0, rate, value] for value in level])


def of(comparison: Comparison, who: list[str], values: Any, *times: Any) -> list[float]:
    found = Comparer([comparison], SCHEMA)(who, np.asarray(values, np.float64), *times)
    assert found.shape == (len(who), 1)
    return found[:, 0].tolist()


LEVEL = ("s.level",)


def test_own_is_from_the_median_of_the_other_turns_earlier_and_later() -> None:
    found = of(Comparison("own", "level", LEVEL), AB, table([0, 50, 1, 50, 9, 50, 2, 50]))
    assert found[::2] == [-2.0, -1.0, 8.0, 1.0]
    assert found[1::2] == [0.0] * 4


def test_a_jump_is_seen_in_the_turn_that_jumps() -> None:
    values = table([-20.0] * 8)
    values[4, 0] = 200.0  # an octave
    values[5, 1] = 8.0  # twice as fast
    f0 = of(Comparison("own", "f0", ("s.f0",), "semitone"), AB, values)
    rate = of(Comparison("own", "rate", ("s.rate",), "log"), AB, values)
    assert f0 == pytest.approx([0, 0, 0, 0, 12, 0, 0, 0])
    assert rate == pytest.approx([0, 0, 0, 0, 0, np.log(2), 0, 0])


def test_a_single_turn_of_a_speaker_has_nothing_to_compare_with() -> None:
    found = of(Comparison("own", "level", LEVEL), ["a", "b", "a"], table([1, 2, 3]))
    np.testing.assert_array_equal(found, [-2.0, NAN, 2.0])


def test_what_is_not_measurable_counts_neither_as_turn_nor_as_reference() -> None:
    found = of(Comparison("own", "level", LEVEL), ["a"] * 4, table([1, NAN, 3, 8]))
    np.testing.assert_array_equal(found, [-4.5, NAN, -1.5, 6.0])


def test_a_logarithm_of_nothing_is_not_measurable() -> None:
    values = table([0, 0, 0])
    values[:, 1] = [0.0, 4.0, 8.0]
    found = of(Comparison("own", "rate", ("s.rate",), "log"), ["a"] * 3, values)
    np.testing.assert_allclose(found, [NAN, -np.log(2), np.log(2)])


def test_distance_is_the_root_mean_square_over_its_features() -> None:
    schema = Schema(("s.c1", "s.c2"), (Feature("c1", "dB", "1"), Feature("c2", "dB", "2")), ())
    compare = Comparer([Comparison("distance", "both", schema.names)], schema)
    found = compare(["a"] * 3, np.array([[0, 0], [0, 0], [3, 4]], np.float64))
    assert found[2, 0] == pytest.approx(np.sqrt((9 + 16) / 2))


def test_drift_sums_to_the_absolute_slope_of_each_speaker() -> None:
    falling = [30.0, 0.0, 28.0, 0.0, 26.0, 0.0, 24.0, 0.0]
    found = of(Comparison("drift", "level", LEVEL), AB, table(falling))
    assert np.mean(found[::2]) == pytest.approx(2.0)
    assert found[0] == found[6] == max(found)
    assert found[1::2] == pytest.approx([0.0] * 4)
    rising = of(Comparison("drift", "level", LEVEL), AB, -table(falling))
    assert rising == pytest.approx(found)


def test_drift_needs_three_turns() -> None:
    assert np.isnan(of(Comparison("drift", "level", LEVEL), ["a", "a"], table([1, 2]))).all()


def test_partner_is_the_turn_before_of_somebody_else() -> None:
    found = of(Comparison("partner", "level", LEVEL), ["a", "b", "b", "c"], table([1, 4, 5, 3]))
    np.testing.assert_array_equal(found, [NAN, 3.0, NAN, -2.0])


def test_convergence_is_positive_when_partners_come_closer() -> None:
    closer = [0.0, 8.0, 1.0, 7.0, 2.0, 6.0, 3.0, 5.0]
    found = np.array(of(Comparison("convergence", "level", LEVEL), AB, table(closer)))
    assert np.nanmean(found) == pytest.approx(1.0)  # from 8 to 2 dB in six steps
    apart = of(Comparison("convergence", "level", LEVEL), AB, table(closer[::-1]))
    assert np.nanmean(apart) == pytest.approx(-1.0)


def test_synchrony_is_a_correlation() -> None:
    together = of(Comparison("synchrony", "level", LEVEL), AB, table([1, 51, 3, 53, 5, 55, 7, 57]))
    against = of(Comparison("synchrony", "level", LEVEL), AB, table([1, 57, 3, 55, 5, 53, 7, 51]))
    assert np.nanmean(together) > 0.5
    assert np.nanmean(against) < -0.5
    assert np.isnan(of(Comparison("synchrony", "level", LEVEL), AB, table([3.0] * 8))).all()


def test_gaps_overlaps_and_pauses() -> None:
    who = ["a", "b", "a", "a", "b"]
    starts = [0.0, 1.5, 2.0, 4.0, None]
    ends = [1.0, 2.5, 3.0, 5.0, None]
    times = (table([0.0] * 5), starts, ends)
    np.testing.assert_array_equal(of(Comparison("gap", "x"), who, *times), [NAN, 0.5, 0, NAN, NAN])
    np.testing.assert_array_equal(
        of(Comparison("overlap", "x"), who, *times), [NAN, 0, 0.5, NAN, NAN]
    )
    np.testing.assert_array_equal(of(Comparison("pause", "x"), who, *times), [NAN] * 3 + [1, NAN])
    assert np.isnan(of(Comparison("gap", "x"), who, table([0.0] * 5))).all()


def test_what_people_do_does_not_count() -> None:
    who, starts, ends = ["a", "b", "a"], [0.0, 3.5, 4.0], [1.0, 4.2, 5.0]
    times = (table([0.0] * 3), starts, ends)
    np.testing.assert_allclose(of(Comparison("gap", "x", beyond=1.0), who, *times), [NAN, 1.5, 0])
    np.testing.assert_allclose(
        of(Comparison("overlap", "x", beyond=0.1), who, *times), [NAN, 0, 0.1]
    )


def test_features_have_units() -> None:
    comparer = Comparer(
        [
            Comparison("own", "f0", ("s.f0",), "semitone"),
            Comparison("own", "rate", ("s.rate",), "log"),
            Comparison("partner", "level", LEVEL),
            Comparison("synchrony", "level", LEVEL),
            Comparison("gap", "length"),
        ],
        SCHEMA,
    )
    assert [f.unit for f in comparer.features] == ["semitone", "log", "dB", "1", "s"]
    assert comparer.names[0] == "own.f0"


@pytest.mark.parametrize(
    ("make", "code"),
    [
        (lambda: Comparison("with", "x", LEVEL), "bad_comparison"),  # type: ignore[arg-type]
        (lambda: Comparison("own", "x", LEVEL, "mel"), "bad_comparison"),  # type: ignore[arg-type]
        (lambda: Comparison("own", "x"), "bad_comparison"),
        (lambda: Comparison("own", "x", LEVEL, beyond=1.0), "bad_comparison"),
        (lambda: Comparison("gap", "x", beyond=-1.0), "bad_comparison"),
        (lambda: Comparison("gap", "x", beyond=math.nan), "bad_comparison"),
        (lambda: Comparison("own", "x", ("s.f0", "s.rate")), "bad_comparison"),
        (lambda: Comparison("gap", "x", LEVEL), "bad_comparison"),
        (lambda: Comparer([Comparison("own", "x", ("s.pitch",))], SCHEMA), "unknown_feature"),
        (lambda: Comparer([], SCHEMA), "bad_comparison"),
        (
            lambda: Comparer([Comparison("distance", "x", ("s.rate", "s.level"))], SCHEMA),
            "bad_comparison",
        ),
        (lambda: Comparer([Comparison("own", "x", LEVEL)] * 2, SCHEMA), "bad_comparison"),
    ],
)
def test_what_can_not_be_compared(make: Any, code: str) -> None:
    with pytest.raises(RewardkitError) as caught:
        make()
    assert caught.value.code == code


ALL = Comparer(
    [
        *(Comparison(r, "f0", ("s.f0",), "semitone") for r in ("own", "drift", "partner")),
        *(Comparison(r, "level", LEVEL) for r in ("convergence", "synchrony")),
        Comparison("distance", "all", ("s.rate", "s.level"), "log"),
    ],
    SCHEMA,
)
NUMBERS = st.one_of(st.just(NAN), st.floats(1.0, 1e3))


@given(arrays(np.float64, (7, 3), elements=NUMBERS), st.lists(st.sampled_from("abc"), min_size=7, max_size=7))  # fmt: skip  # noqa: E501
def test_names_of_speakers_do_not_matter(values: Any, who: list[str]) -> None:
    other = {"a": "zoe", "b": "bob", "c": "amy"}
    first, second = ALL(who, values), ALL([other[name] for name in who], values)
    np.testing.assert_array_equal(first, second)
    assert not np.isinf(first).any()


@given(arrays(np.float64, (6, 3), elements=st.floats(1.0, 100.0)), st.floats(0.5, 2.0))
def test_transposing_the_whole_dialogue_changes_nothing(values: Any, factor: float) -> None:
    higher = values * [factor, 1.0, 1.0]
    who = ["a", "b"] * 3
    np.testing.assert_allclose(ALL(who, values), ALL(who, higher), atol=1e-9)


def test_a_short_answer_within_a_long_turn_does_not_end_it() -> None:
    who, starts, ends = ["a", "b", "a", "b"], [0.0, 2.0, 10.2, 15.2], [10.0, 2.5, 15.0, 18.0]
    values = table([0.0] * 4)
    gap = of(Comparison("gap", "length"), who, values, starts, ends)
    np.testing.assert_allclose(gap, [NAN, 0.0, 0.2, 0.2], atol=1e-9)
    overlap = of(Comparison("overlap", "length"), who, values, starts, ends)
    np.testing.assert_allclose(overlap, [NAN, 8.0, 0.0, 0.0], atol=1e-9)


def test_overlap_is_with_whoever_speaks_longest() -> None:
    # c begins while a, who began two turns before, still speaks.
    found = of(
        Comparison("overlap", "length"), ["a", "b", "c"], table([0.0] * 3), [0.0, 1.0, 3.0],
        [5.0, 2.0, 6.0],
    )  # fmt: skip
    assert found[2] == pytest.approx(2.0)


def test_a_pause_is_not_within_anothers_turn() -> None:
    found = of(
        Comparison("pause", "length"), ["a", "b", "b"], table([0.0] * 3), [0.0, 1.0, 4.0],
        [9.0, 2.0, 5.0],
    )  # fmt: skip
    np.testing.assert_array_equal(found, [NAN, NAN, 0.0])


def test_names_that_look_alike_are_two_speakers() -> None:
    found = of(Comparison("own", "level", LEVEL), ["x", "x\0", "x", "x\0"], table([1, 5, 2, 7]))
    assert found == [-1.0, -2.0, 1.0, 2.0]


@given(arrays(np.float64, st.tuples(st.integers(2, 8), st.just(2)), elements=st.integers(-3, 3)))
def test_own_is_from_the_median_whatever_the_order(values: Any) -> None:
    levels = np.column_stack([np.full(len(values), 100.0), values])
    found = of(Comparison("own", "level", LEVEL), ["a"] * len(values), levels)
    others = [np.median(np.delete(values[:, 1], k)) for k in range(len(values))]
    np.testing.assert_array_equal(found, values[:, 1] - others)


def test_a_long_reading_takes_little_memory() -> None:
    turns = 5000  # (turns, turns, columns) would be 600 MB
    values = np.random.default_rng(0).normal(size=(turns, 3))
    compare = Comparer([Comparison("own", name, (f"s.{name}",)) for name in ("f0", "rate")], SCHEMA)
    tracemalloc.start()
    compare(["a"] * turns, values)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 20e6
