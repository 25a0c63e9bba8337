# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: Apache-2.0
"""Timbre on sounds whose spectrum is known."""

from __future__ import annotations

import dataclasses
import math

import numpy as np
import pytest
from numpy.typing import NDArray
from rewardkit_scorers.timbre import BANDS, COEFFICIENTS, Timbre, centres

from rewardkit.clip import Clip
from rewardkit.testing import CHECKS, voice

RATE = 16_000
MEANS = [f"c{k:02}" for k in range(1, COEFFICIENTS + 1)]


@pytest.mark.parametrize("check", CHECKS)
def test_conforms(check: object) -> None:
    check(Timbre())  # type: ignore[operator]


def means(samples: NDArray[np.float64]) -> NDArray[np.float64]:
    measured = Timbre()(Clip(samples.astype(np.float32), RATE))
    return np.array([measured[name] for name in MEANS])


def noise(seconds: float = 4.0, seed: int = 0) -> NDArray[np.float64]:
    return np.random.default_rng(seed).normal(0, 0.05, round(seconds * RATE))


def filtered(samples: NDArray[np.float64], decibels: NDArray[np.float64]) -> NDArray[np.float64]:
    """Through a filter of this gain at each bin of the whole clip's spectrum."""
    return np.fft.irfft(np.fft.rfft(samples) * 10 ** (decibels / 20), len(samples))


def mel(hertz: NDArray[np.float64]) -> NDArray[np.float64]:
    return 2595 * np.log10(1 + hertz / 700)


@pytest.mark.parametrize("k", [1, 2, 4, 6])
def test_a_filter_adds_its_own_coefficient(k: int) -> None:
    """A gain of 6 dB times a cosine of k half periods over the mel scale is 6 in c_k alone.

    As long as a band is much narrower than a period: it smooths what is finer.
    """
    low, high = mel(np.array([100.0, 7600.0]))
    bins = np.fft.rfftfreq(4 * RATE, 1 / RATE)
    # Band b is at (b + 1) / (BANDS + 1) of the scale, its cosine at (b + 0.5) / BANDS.
    place = ((mel(bins) - low) / (high - low) * (BANDS + 1) - 0.5) / BANDS
    shape = 6 * np.cos(np.pi * k * np.clip(place, 0, 1))
    change = means(filtered(noise(), shape)) - means(noise())
    wanted = np.zeros(COEFFICIENTS)
    wanted[k - 1] = 6.0
    np.testing.assert_allclose(change, wanted, atol=0.35)


def test_gain_moves_the_level_and_nothing_else() -> None:
    clip = voice(2.0)
    soft = dataclasses.replace(clip, samples=clip.samples / 4)
    first, second = Timbre()(clip), Timbre()(soft)
    assert first["level"] - second["level"] == pytest.approx(20 * math.log10(4), abs=1e-4)
    for name in MEANS:
        assert first[name] == pytest.approx(second[name], abs=1e-4)


def test_pauses_do_not_count() -> None:
    loud = noise(2.0)
    with_pause = np.concatenate([loud, 1e-4 * noise(2.0, 1)])
    np.testing.assert_allclose(means(with_pause), means(loud), atol=0.2)


def test_what_is_steady_does_not_move_and_what_moves_does() -> None:
    t = np.arange(2 * RATE) / RATE
    buzz = sum(np.cos(2 * np.pi * 125 * k * t) / k for k in range(1, 50)) / 8
    steady = Timbre()(Clip(buzz.astype(np.float32), RATE))
    assert steady["c01_sd"] < 1
    assert Timbre()(voice(2.0))["c01_sd"] > 2


def test_bands_rise_and_stay_inside() -> None:
    found = centres()
    assert len(found) == BANDS
    assert (np.diff(found) > 0).all()
    assert 100 < found[0] < found[-1] < 7600


@pytest.mark.parametrize("samples", [np.zeros(RATE), np.zeros(50), noise(0.05)])
def test_too_little_is_not_a_number(samples: NDArray[np.float64]) -> None:
    measured = Timbre()(Clip(samples.astype(np.float32), RATE))
    assert all(math.isnan(value) for value in measured.values())
