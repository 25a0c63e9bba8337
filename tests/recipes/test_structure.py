# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: Apache-2.0
"""Loudness, pauses, nuclei and excerpts on sounds whose structure is known."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from checkpoints.recipes import structure
from checkpoints.recipes.loudness import equalise, loudness

RATE = 16_000


def bursts(
    spans: list[tuple[float, float]], duration: float, noise: float = 1e-4
) -> NDArray[np.float32]:
    """A 200 Hz tone in the given spans of seconds, on faint noise."""
    t = np.arange(round(duration * RATE)) / RATE
    on = np.zeros(len(t), dtype=bool)
    for start, end in spans:
        on |= (t >= start) & (t < end)
    tone = 0.3 * np.sin(2 * np.pi * 200 * t) * on
    return (tone + noise * np.random.default_rng(0).standard_normal(len(t))).astype(np.float32)


SPANS = [(0.5, 1.2), (1.6, 2.4), (3.0, 3.5)]


@pytest.mark.parametrize("noise", [1e-5, 1e-4, 1e-3, 1e-2])
def test_spans_are_found_in_any_noise(noise: float) -> None:
    found = structure.spans(bursts(SPANS, 4.0, noise), RATE)
    assert np.ravel(found) == pytest.approx(np.ravel(SPANS), abs=0.03)


def test_a_short_gap_is_no_pause() -> None:
    assert len(structure.spans(bursts([(0.2, 0.6), (0.7, 1.2)], 1.5), RATE)) == 1
    assert len(structure.spans(bursts([(0.2, 0.6), (0.9, 1.2)], 1.5), RATE)) == 2


def test_silence_has_no_spans() -> None:
    assert structure.spans(np.zeros(RATE, np.float32), RATE) == []
    with pytest.raises(ValueError, match="no speech"):
        structure.excerpt(np.zeros(RATE, np.float32), RATE)


def test_nuclei_are_the_peaks_of_level() -> None:
    t = np.arange(2 * RATE) / RATE
    wave = np.sin(2 * np.pi * 150 * t) * 10 ** (-(1 + np.cos(2 * np.pi * 4 * t)) / 2) * 0.5
    expected = np.arange(8) / 4 + 0.125
    assert structure.nuclei(wave.astype(np.float32), RATE) == pytest.approx(expected, abs=0.015)


@pytest.mark.parametrize(
    ("seconds", "expected"), [(None, 3.0), (0.5, 0.5), (0.8, 0.8), (1.9, 1.9), (9.0, 3.0)]
)
def test_an_excerpt_lies_between_pauses(seconds: float | None, expected: float) -> None:
    piece = structure.excerpt(bursts(SPANS, 4.0), RATE, seconds, margin=0.0)
    assert len(piece) / RATE == pytest.approx(expected, abs=0.05)
    assert piece[0] == 0.0  # faded


def test_equal_loudness_whatever_the_level_was() -> None:
    clip = bursts(SPANS, 4.0)
    for gain in (1e-3, 1.0, 3.0):
        assert loudness(equalise(clip * np.float32(gain), RATE), RATE) == pytest.approx(
            -30, abs=0.02
        )


def test_silence_and_scraps_have_no_loudness() -> None:
    with pytest.raises(ValueError, match="silence"):
        equalise(np.zeros(RATE, np.float32), RATE)
    with pytest.raises(ValueError, match="quiet"):
        loudness(np.full(RATE, 1e-6, np.float32), RATE)
    with pytest.raises(ValueError, match="length"):
        loudness(np.ones(100, np.float32), RATE)
