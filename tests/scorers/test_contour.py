# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the scorers share: contours, spectra, and how light they are to import."""

from __future__ import annotations

import subprocess
import sys
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from rewardkit_scorers._contour import (
    MOST_POINTS,
    finite,
    median_of_five,
    quantile,
    robust_slope,
    runs,
    smooth,
    turning_points,
)
from scipy.stats import theilslopes

contours = hnp.arrays(
    np.float64, st.integers(1, 60), elements=st.floats(-10, 10, allow_nan=False, width=32)
)


@settings(deadline=None)  # the first call may compile
@given(contours, st.floats(0.5, 5))
def test_turning_points_alternate_and_lie_far_enough_apart(values, least):
    points = turning_points(values, least)
    moves = np.diff(values[points])
    assert np.all(np.diff(points) > 0)
    assert np.all(np.abs(moves) >= least)
    assert np.all(moves[1:] * moves[:-1] < 0)
    assert (len(points) == 0) == (np.ptp(values) < least)


@settings(deadline=None)  # the first call may compile
@given(contours, st.floats(0.5, 5))
def test_between_turning_points_the_contour_never_goes_back_by_the_threshold(values, least):
    points = turning_points(values, least)
    for first, last in pairwise(points):
        piece = values[first : last + 1] * np.sign(values[last] - values[first])
        assert np.max(np.maximum.accumulate(piece) - piece) < least
        assert piece[0] == piece.min()
        assert piece[-1] == piece.max()


@settings(deadline=None)  # the first call may compile
@given(contours.filter(lambda values: len(values) >= 3))
def test_robust_slope_is_scipys(values):
    x = np.cumsum(1 + np.abs(np.sin(np.arange(len(values)))))
    assert robust_slope(x, values) == pytest.approx(theilslopes(values, x)[0], abs=1e-12)


def test_robust_slope_of_a_long_contour_and_of_too_short_a_one():
    x = np.arange(5_000) * 0.01
    assert robust_slope(x, 3 * x) == pytest.approx(3)
    assert np.isnan(robust_slope(x[:2], x[:2]))


def test_thinning_loses_little_of_a_slope():
    """Of 600 frames of a moving contour: far less than what chance does to the slope itself."""
    rng = np.random.default_rng(0)
    x = np.arange(600) * 0.01
    all_points, thinned = [], []
    for _ in range(60):
        y = smooth(rng.standard_normal(600), 8.0) * 12 - 2 * x
        all_points.append(theilslopes(y, x)[0])
        thinned.append(robust_slope(x, y))
    assert len(x) > 4 * MOST_POINTS
    lost = np.array(thinned) - np.array(all_points)
    assert np.std(lost) < 0.15 * np.std(all_points)
    assert np.mean(thinned) == pytest.approx(-2, abs=3 * np.std(all_points) / np.sqrt(60))


@settings(deadline=None)  # the first call may compile
@given(contours, st.sampled_from([0.0, 0.05, 0.5, 0.75, 0.95, 1.0]))
def test_quantile_is_numpys(values, share):
    before = values.copy()
    assert quantile(values, share) == pytest.approx(np.quantile(values, share), abs=1e-12)
    assert np.array_equal(values, before)


@pytest.mark.parametrize("count", [1, 2, 999, 8_128])
def test_quantile_of_sorted_equal_and_many_values(count):
    rng = np.random.default_rng(count)
    for values in (np.arange(count) * 1.0, np.arange(count)[::-1] * 1.0, np.ones(count),
                   rng.integers(0, 3, count) * 1.0, rng.standard_normal(count)):  # fmt: skip
        for share in (0.0, 0.05, 0.5, 0.95, 1.0):
            assert quantile(values, share) == pytest.approx(np.quantile(values, share), abs=1e-9)


def test_finite_gives_places():
    assert finite(np.array([np.nan, 1.0, np.inf, 0.0, -np.inf])).tolist() == [1, 3]


@settings(deadline=None)  # the first call may compile
@given(contours)
def test_median_of_five_is_numpys(values):
    windows = np.lib.stride_tricks.sliding_window_view(np.pad(values, 2, mode="edge"), 5)
    assert np.array_equal(median_of_five(values), np.median(windows, axis=1))


@settings(deadline=None)  # the first call may compile
@given(contours, st.floats(0.0, 4.0))
def test_smoothing_is_a_convolution(values, sigma):
    half = int(np.ceil(4 * sigma))
    kernel = np.exp(-0.5 * (np.arange(-half, half + 1) / max(sigma, 1e-9)) ** 2)
    padded = np.pad(values, half, mode="edge")
    expected = np.convolve(padded, kernel / kernel.sum(), mode="valid")
    assert smooth(values, sigma) == pytest.approx(expected, abs=1e-9)


@settings(deadline=None)  # the first call may compile
@given(hnp.arrays(np.bool_, st.integers(0, 40)))
def test_runs_are_the_true_stretches(flags):
    again = np.zeros_like(flags)
    for start, stop in runs(flags):
        assert start < stop
        again[start:stop] = True
    assert np.array_equal(again, flags)
    assert len(runs(flags)) == np.count_nonzero(np.diff(np.concatenate(([0], flags))) == 1)


def test_smoothing_keeps_lines_and_shrinks_noise():
    line = np.linspace(0, 5, 100)
    assert smooth(line, 2.0)[10:-10] == pytest.approx(line[10:-10])
    noise = np.random.default_rng(0).standard_normal(2_000)
    assert smooth(noise, 2.0).std() == pytest.approx(1 / np.sqrt(2 * np.sqrt(np.pi) * 2), rel=0.1)


@pytest.mark.parametrize("module", ["pitch", "timing", "voice"])
def test_importing_a_scorer_brings_nothing_heavy(module):
    code = (
        f"import sys, rewardkit_scorers.{module}\n"
        "heavy = ('torch', 'scipy.signal', 'scipy.stats', 'sklearn', 'librosa')\n"
        "print([m for m in heavy if m in sys.modules])"
    )
    found = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    ).stdout
    assert found.strip() == "[]"


@pytest.mark.parametrize(
    "pattern",
    [
        lambda n: np.arange(n),
        lambda n: -np.arange(n),
        lambda n: np.minimum(np.arange(n), np.arange(n)[::-1]),
        lambda n: np.maximum(np.arange(n), np.arange(n)[::-1]),
        lambda n: np.arange(n) % 2,
        lambda n: np.arange(n) % 1000,
        np.zeros,
    ],
)
@pytest.mark.parametrize("share", [0.0, 0.05, 0.5, 0.77, 1.0])
def test_quantiles_of_a_million_in_any_pattern(pattern, share):
    """Were its time to grow with the square of their number, this test would take an hour."""
    values = pattern(1_000_000).astype(float)
    assert quantile(values, share) == pytest.approx(np.quantile(values, share), rel=1e-12)


@pytest.mark.parametrize("count", [1, 2, 3, 10])
def test_the_quantile_of_nothing_known_is_not_known(count):
    assert np.isnan(quantile(np.full(count, np.nan), 0.5))
    quantile(np.r_[np.full(count, np.nan), np.arange(3.0), np.full(count, np.nan)], 0.5)  # it ends
