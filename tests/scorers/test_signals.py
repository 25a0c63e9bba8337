# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What holds of all scorers of signals: gain, nothing to measure, declared ranges."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rewardkit_scorers.artefacts import Artefacts
from rewardkit_scorers.pitch import Pitch
from rewardkit_scorers.timing import Timing
from rewardkit_scorers.voice import Voice

from rewardkit.clip import Clip
from rewardkit.testing import voice

SCORERS = [Pitch(), Timing(), Voice(), Artefacts()]
NAMES = [scorer.name for scorer in SCORERS]


@pytest.mark.parametrize("gain", [-40.0, -6.0, 6.0])
@pytest.mark.parametrize("scorer", SCORERS, ids=NAMES)
def test_gain_changes_nothing(scorer, gain):
    clip = voice(4.0)
    scaled = Clip(clip.samples * np.float32(10 ** (gain / 20)), 16_000)
    assert scorer(scaled) == pytest.approx(scorer(clip), rel=1e-4, abs=1e-4, nan_ok=True)


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize(
    "samples",
    [
        np.zeros(16_000),
        np.full(16_000, 0.3),
        np.zeros(0),
        np.ones(1),
        np.sin(np.arange(1_500)),
        0.1 * np.random.default_rng(0).standard_normal(16_000),
    ],
    ids=["silence", "DC", "empty", "one sample", "too short", "noise"],
)
@pytest.mark.parametrize("scorer", SCORERS[:3], ids=NAMES[:3])
def test_where_nothing_is_voiced_nothing_is_measured(scorer, samples):
    values = scorer(Clip(samples.astype(np.float32), 16_000))
    assert list(values) == [feature.name for feature in scorer.features]
    assert all(math.isnan(value) for value in values.values())


@pytest.mark.parametrize("scorer", SCORERS, ids=NAMES)
@settings(max_examples=25, deadline=None)
@given(
    seed=st.integers(0, 2**31),
    duration=st.floats(0.0, 2.0),
    voices=st.integers(0, 3),
    level=st.floats(-60, 0),
)
def test_all_values_lie_in_their_declared_ranges(scorer, seed, duration, voices, level):
    rng = np.random.default_rng(seed)
    t = np.arange(int(duration * 16_000)) / 16_000
    wave = 10 ** (level / 20) * rng.standard_normal(len(t)) * rng.random()
    for _ in range(voices):
        f0 = rng.uniform(50, 700) * np.exp(rng.uniform(-1, 1) * t)
        gate = np.sin(2 * np.pi * rng.uniform(0, 12) * t + rng.uniform(0, 6)) > rng.uniform(-1, 1)
        wave += rng.random() * gate * np.sign(np.sin(2 * np.pi * np.cumsum(f0) / 16_000))
    values = scorer(Clip(wave.astype(np.float32), 16_000))
    for feature in scorer.features:
        value = values[feature.name]
        assert math.isnan(value) or feature.low <= value <= feature.high, feature.name
