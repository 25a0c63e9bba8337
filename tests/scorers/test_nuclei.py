# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The parts of the timing scorer: edges of pauses, nuclei, learned syllables, loops."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rewardkit_scorers import _modulation, _nuclei, _pauses, _repeats, _syllables
from rewardkit_scorers._levels import ALL, relative


@settings(deadline=None)
@given(seed=st.integers(0, 2**31), place=st.integers(10, 90), ratio=st.floats(100, 1e6))
def test_a_change_of_power_is_found_where_it_is(seed, place, ratio):
    """Chi-squared power of ten degrees of freedom, 20 dB or more apart."""
    power = np.random.default_rng(seed).chisquare(10, 100) / 10
    power[place:] *= ratio
    assert abs(_pauses.changepoint(power, 0.0) - place) <= 2


def test_edges_are_put_where_the_sound_changes():
    """Frames that hear speech 30 ms too early and too late, and power that knows better."""
    power = np.full(2_000, 1e-6)
    power[503:1207] = 1.0
    speech = np.zeros(200, bool)
    speech[47:124] = True
    assert _pauses.stretches(speech, power, 1e-5, 0.2).tolist() == [[0.503, 1.207]]


def test_silences_shorter_than_a_pause_are_speech():
    power = np.ones(3_000)
    power[1000:1190] = power[2000:2210] = 0.0
    speech = np.ones(300, bool)
    speech[101:118] = speech[201:220] = False
    found = _pauses.stretches(speech, power, 1e-3, 0.2)
    assert found.tolist() == [[0.0, 2.0], [2.21, 3.0]]


def test_feature_groups_have_their_values():
    """A value for each declared feature, in every group."""
    edges = np.array([[0.1, 0.9]])
    level = -np.abs(np.sin(np.arange(100.0) / 4)) * 20
    around = _nuclei.nuclei(level, level < 1, level < 1, 1.0, 25.0)
    bands = np.zeros((100, 14), np.float32)
    for module, values in (
        (_pauses, _pauses.measure(edges, 1.0)),
        (_nuclei, _nuclei.measure(level, around, edges)),
        (_modulation, _modulation.measure(level)),
        (_repeats, _repeats.measure(bands, level < 1)),
        (_syllables, _syllables.measure(np.ones(50), level < 1, edges)),
    ):
        assert len(values) == len(module.FEATURES)


def test_levels_are_relative_to_the_clip():
    power = np.random.default_rng(0).random((50, len(ALL)))
    level, bands, reference = relative(power)
    louder = relative(1e-4 * power)
    assert louder[0] == pytest.approx(level)
    assert louder[1] == pytest.approx(bands, abs=1e-5)
    assert louder[2] == pytest.approx(1e-4 * reference)


def test_convolution_is_numpys():
    random = np.random.default_rng(0)
    x, kernel = random.random((40, 3)), random.random((5, 3, 2))
    ours = _syllables.convolved(
        x.astype(np.float32), kernel.astype(np.float32), np.float32([1, 2]), 2
    )
    for o in range(2):
        full = sum(np.convolve(x[:, i], kernel[::-1, i, o], mode="same") for i in range(3))
        assert ours[:, o] == pytest.approx(full[::2] + 1 + o, rel=1e-5)


def test_the_detector_is_the_network_that_was_trained():
    """Weights that ship, run by torch as the recipe runs them, and by the scorer."""
    import torch

    recipe = pytest.importorskip("checkpoints.recipes.syllables")
    detector = recipe.Detector()
    state = {}
    for i in range(3):
        kernel, bias = _syllables.weights()[2 * i : 2 * i + 2]
        state[f"layers.{i}.weight"] = torch.from_numpy(kernel.transpose(2, 1, 0).copy())
        state[f"layers.{i}.bias"] = torch.from_numpy(bias.copy())
    detector.load_state_dict(state)
    x = np.random.default_rng(0).standard_normal((301, 14)).astype(np.float32)
    with torch.no_grad():
        expected = detector(torch.from_numpy(x.T[None]))[0].numpy()
    assert _syllables.density(x, *_syllables.weights()) == pytest.approx(expected, abs=1e-5)


def test_density_is_not_negative_and_silence_has_none():
    silent = np.full((200, 14), -2.5, np.float32)
    density = _syllables.density(silent, *_syllables.weights())
    assert (density >= 0).all()
    assert density.sum() < 0.5


@pytest.mark.parametrize("copies", [0, 1, 2, 5])
@pytest.mark.parametrize("lag", [15, 40, 90])
def test_copies_are_counted(copies, lag):
    random = np.random.default_rng(lag)
    random_bands = random.normal(-20, 10, (120 + lag, 14)).astype(np.float32)
    bands = np.concatenate([random_bands, *[random_bands[-lag:]] * copies, random_bands[:50]])
    values = _repeats.measure(bands, np.ones(len(bands), bool))
    assert values[0] == copies


def test_copies_in_silence_and_steady_sound_do_not_count():
    bands = np.random.default_rng(0).normal(-20, 10, (40, 14)).astype(np.float32)
    looped = np.tile(bands, (3, 1))
    assert _repeats.measure(looped, np.zeros(120, bool)).tolist() == [0, 0]
    steady = np.random.default_rng(0).normal(-20, 1, (120, 14)).astype(np.float32)
    assert _repeats.measure(steady, np.ones(120, bool)).tolist() == [0, 0]
