# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Phrases: the compiled contour and lines against the same in plain numpy."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rewardkit_scorers import _phrases
from rewardkit_scorers._frames import STEP
from rewardkit_scorers._phrases import FEATURES, PHRASE_GAP, SHORTEST_PHRASE, contour, likeness


@st.composite
def melodies(draw):
    """Stretches of random F0 with gaps between them, NaN."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    pieces = []
    for length, gap in draw(
        st.lists(st.tuples(st.integers(1, 90), st.integers(1, 60)), min_size=1, max_size=8)
    ):
        pieces += [np.cumsum(rng.normal(0, 0.5, length)), np.full(gap, np.nan)]
    return np.concatenate(pieces)


def plain(semitones):
    """The contour, by numpy."""
    index = np.flatnonzero(np.isfinite(semitones))
    line = np.full(len(semitones), np.nan)
    phrases = []
    for part in np.split(index, np.flatnonzero(np.diff(index) > PHRASE_GAP) + 1):
        if part[-1] + 1 - part[0] < SHORTEST_PHRASE:
            continue
        padded = np.pad(semitones[part], 2, mode="edge")
        kept = np.median(np.lib.stride_tricks.sliding_window_view(padded, 5), axis=1)
        bridged = np.interp(np.arange(part[0], part[-1] + 1), part, kept)
        kernel = np.exp(-0.5 * (np.arange(-8, 9) / 2) ** 2)
        smoothed = np.convolve(np.pad(bridged, 8, mode="edge"), kernel / kernel.sum(), "valid")
        line[part[0] : part[-1] + 1] = smoothed
        phrases.append([part[0], part[-1] + 1])
    return line, phrases


@settings(deadline=None)  # the first call may compile
@given(melodies())
def test_the_contour_is_numpys(semitones):
    line, phrases = contour(semitones)
    expected, parts = plain(semitones)
    assert phrases.tolist() == parts
    assert line == pytest.approx(expected, abs=1e-9, nan_ok=True)


@settings(deadline=None)  # the first call may compile
@given(melodies())
def test_measures_are_numpys(semitones):
    line, phrases = contour(semitones)
    row = _phrases.measure(semitones, line, phrases, 1.5)
    values = dict(zip((f.name for f in FEATURES), row, strict=True))
    if not len(phrases):
        assert np.isnan(row).all()
        return
    parts = [line[start:stop] for start, stop in phrases]
    seconds = sum(map(len, parts)) * STEP
    assert values["movement"] == pytest.approx(
        sum(np.abs(np.diff(part)).sum() for part in parts) / seconds
    )
    assert values["microprosody"] == pytest.approx(100 * np.nanmedian(np.abs(semitones - line)))
    assert values["final_rise"] == pytest.approx(parts[-1][-1] - parts[-1][-40:].min())
    assert values["final_fall"] == pytest.approx(parts[-1][-40:].max() - parts[-1][-1])
    if len(parts) > 1:
        alike = [likeness(a, b) for a, b in pairwise(parts)]
        assert values["contour_repetition"] == pytest.approx(np.mean(alike))
    for feature, value in zip(FEATURES, row, strict=True):
        assert np.isnan(value) or feature.low <= value <= feature.high


@settings(deadline=None)  # the first call may compile
@given(melodies(), st.floats(-20, 20))
def test_key_changes_nothing(semitones, key):
    """A melody that is sung higher has the same intervals."""
    one = _phrases.measure(semitones, *contour(semitones), 1.5)
    line, phrases = contour(semitones + key)
    two = _phrases.measure(semitones + key, line, phrases, 1.5)
    names = [f.name for f in FEATURES]
    for name in ("declination", "reset", "phrase_shift", "movement", "contour_repetition"):
        i = names.index(name)
        assert two[i] == pytest.approx(one[i], abs=1e-6, nan_ok=True)


@settings(deadline=None)  # the first call may compile
@given(melodies())
def test_likeness_is_symmetric_and_one_for_copies(semitones):
    _, phrases = contour(semitones)
    line, _ = contour(semitones)
    parts = [line[start:stop] for start, stop in phrases]
    for a in parts:
        assert likeness(a, a) == 1
        for b in parts:
            assert likeness(a, b) == pytest.approx(likeness(b, a))
            assert -1 <= likeness(a, b) <= 1
