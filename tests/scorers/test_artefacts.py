# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The artefact scorer: what is planted is heard by the feature that is for it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
import pytest
import soundfile
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from numpy.typing import NDArray
from rewardkit_scorers import _impulses
from rewardkit_scorers.artefacts import FEATURES, Artefacts, energies
from scipy.signal import butter, fftconvolve, sosfilt

from rewardkit.clip import Clip
from rewardkit.testing import CHECKS, voice

RATE = 16_000
Samples = NDArray[np.float64]


@pytest.mark.parametrize("check", CHECKS)
def test_conforms(check: Callable[[Artefacts], None]) -> None:
    check(Artefacts())


def measured(samples: Samples) -> Mapping[str, float]:
    return Artefacts()(Clip(np.ascontiguousarray(samples, np.float32), RATE))


def speech() -> Samples:
    """Speech-like sound with noise to 8 kHz that comes and goes with it."""
    sound = voice(4.0).samples.astype(np.float64)
    level = np.sqrt(np.convolve(sound**2, np.full(320, 1 / 320), "same"))
    noise = np.random.default_rng(0).standard_normal(len(sound))
    return np.asarray(sound + 0.05 * level * noise)


def filtered(samples: Samples, edge: float, kind: str) -> Samples:
    return np.asarray(sosfilt(butter(8, edge, kind, fs=RATE, output="sos"), samples))


def tone(hertz: float, level: float) -> Samples:
    return np.asarray(level * np.sin(2 * np.pi * hertz * np.arange(4 * RATE) / RATE))


def clicks(per_second: int) -> Samples:
    result = np.zeros(4 * RATE)
    result[np.random.default_rng(1).integers(0, 4 * RATE, 4 * per_second)] = 0.4
    return result


def pops() -> Samples:
    """A swing of 30 Hz, 60 ms long, twice a second."""
    one = np.sin(2 * np.pi * 30 * np.arange(960) / RATE) * np.hanning(960)
    result = np.zeros(4 * RATE)
    for start in range(4000, 4 * RATE - 1000, RATE // 2):
        result[start : start + 960] = 0.5 * one
    return result


def holes(samples: Samples) -> Samples:
    """Twelve milliseconds of silence eight times a second."""
    result = samples.copy()
    for start in range(1000, len(result), RATE // 8):
        result[start : start + 192] = 0.0
    return result


def ringing(samples: Samples) -> Samples:
    return np.asarray(sosfilt(butter(1, [2180, 2220], "bandpass", fs=RATE, output="sos"), samples))


def room(samples: Samples) -> Samples:
    tail = np.random.default_rng(2).standard_normal(RATE) * 10 ** (-3 * np.arange(RATE) / RATE)
    return np.asarray(fftconvolve(samples, 0.05 * tail)[: len(samples)] + samples)


PLANTED: dict[str, tuple[Callable[[Samples], Samples], str, int, float]] = {
    "low-pass": (lambda x: filtered(x, 2000, "lowpass"), "band_top", -1, 2.0),
    "a steep edge": (lambda x: filtered(x, 2000, "lowpass"), "edge", 1, 15.0),
    "high-pass": (lambda x: filtered(x, 600, "highpass"), "band_bottom", 1, 0.2),
    "no bass": (lambda x: filtered(x, 600, "highpass"), "bass", -1, 20.0),
    "no treble": (lambda x: filtered(x, 1500, "lowpass"), "presence", -1, 20.0),
    "no air": (lambda x: filtered(x, 3500, "lowpass"), "air", -1, 20.0),
    "noise, low": (lambda x: x + 0.01 * noise(), "range_low", -1, 5.0),
    "noise, middle": (lambda x: x + 0.01 * noise(), "range_mid", -1, 10.0),
    "noise, high": (lambda x: x + 0.01 * noise(), "range_high", -1, 10.0),
    "noise, amplitudes": (lambda x: x + 0.03 * noise(), "amplitude_spread", -1, 0.3),
    "hum": (lambda x: x + tone(60, 0.01), "line_low", 1, 10.0),
    "whine": (lambda x: x + tone(3000, 0.005), "line_high", 1, 10.0),
    "resonance": (lambda x: x + 40 * ringing(x), "resonance", 1, 5.0),
    "clicks, how many": (lambda x: x + clicks(6), "click_density", 1, 1.0),
    "clicks, how strong": (lambda x: x + clicks(6), "click_peak", 1, 8.0),
    "crackle": (lambda x: x + 0.3 * clicks(25), "click_density", 1, 1.0),
    "pops": (lambda x: x + pops(), "pops", 1, 15.0),
    "rumble": (lambda x: x + tone(25, 0.1), "rumble", 1, 15.0),
    "clipping": (lambda x: np.clip(x, -0.1, 0.1), "peak_spread", -1, 3.0),
    "clipping of one side": (lambda x: np.minimum(x, 0.05), "lopsidedness", 1, 5.0),
    "few steps": (lambda x: np.round(x * 12) / 12, "stillness", 1, 0.3),
    "holes": (holes, "notch_density", 1, 0.3),
    "holes, falls": (holes, "fastest_fall", 1, 10.0),
    "silence within": (lambda x: np.where(np.arange(len(x)) // 8000 % 2, x, 0.0), "empty_share",
                       1, 0.2),
    "a room": (room, "decay", -1, 3.0),
    "an echo": (lambda x: x + 0.7 * np.roll(x, 800), "echo", 1, 0.5),
    "said twice": (lambda x: np.concatenate([x, x]), "copy", 1, 1.0),
    "a late echo": (lambda x: x + 0.7 * np.roll(x, 4000), "copy", 1, 1.0),
}  # fmt: skip


def noise() -> Samples:
    return np.random.default_rng(3).standard_normal(4 * RATE)


@pytest.mark.parametrize("name", PLANTED)
def test_hears_what_is_planted(name: str) -> None:
    change, feature, sign, least = PLANTED[name]
    before, after = measured(speech()), measured(change(speech()))
    assert sign * (after[feature] - before[feature]) > least


def test_real_speech_that_drops_out_is_heard(data_dir: Path) -> None:
    """A quarter of it is lost in pieces of 40 ms; its mean, which is not 0, is no sound."""
    paths = sorted((data_dir / "librispeech_ccby").glob("*/*.flac"))[:40:8]
    assert len(paths) == 5
    for path in paths:
        samples, _ = soundfile.read(path, stop=6 * RATE)
        lost = np.where(np.arange(len(samples)) // 640 % 4, samples + 1e-3, 0.0)
        assert measured(samples)["empty_share"] < 0.02
        assert 0.15 < measured(lost)["empty_share"] < 0.25


def test_time_turned_around_turns_the_arrows() -> None:
    t = np.arange(4 * RATE) / RATE
    struck = np.exp(-20 * (t % 0.25)) * np.random.default_rng(4).standard_normal(len(t))
    forward, backward = measured(struck), measured(struck[::-1])
    for name in ("arrow_high", "arrow_full", "arrow_slow"):
        assert forward[name] > 0.05 > -0.05 > backward[name], name


def test_real_speech_runs_forward(data_dir: Path) -> None:
    """Each clip is told from itself reversed, and nearly every clip from any other reversed."""
    forward, backward = [], []
    for path in sorted((data_dir / "librispeech_ccby").glob("*/*.flac"))[:40:2]:
        samples, _ = soundfile.read(path, stop=6 * RATE)
        forward.append(measured(samples)["arrow_pulse"])
        backward.append(measured(samples[::-1])["arrow_pulse"])
    right = np.array(forward)[:, None] > np.array(backward)
    assert right.diagonal().all()
    assert right.mean() > 0.98


@pytest.mark.parametrize("off", [0.0, 0.05])
@pytest.mark.parametrize("seconds", [0.1, 0.5, 1.3])
def test_silence_at_the_ends_changes_nothing_or_little(seconds: float, off: float) -> None:
    sound = speech()
    quiet = np.zeros(round(seconds * RATE))
    plain, padded = measured(sound), measured(np.concatenate([quiet, sound + off, quiet]))
    for feature in FEATURES:
        spread = {"dB": 2.0, "kHz": 0.2, "log": 0.5, "1": 0.1}[feature.unit]
        if feature.name != "line_high":  # what is steady hangs on where the frames lie
            assert abs(plain[feature.name] - padded[feature.name]) < spread, feature.name


def test_direct_current_changes_little() -> None:
    """LibriSpeech has a clip that lies a quarter of full scale off."""
    plain, shifted = measured(speech()), measured(speech() - 0.25)
    for feature in FEATURES:
        tolerance = 0.1 * max(1.0, abs(plain[feature.name]))
        assert shifted[feature.name] == pytest.approx(plain[feature.name], abs=tolerance)


def test_too_short_or_silent_is_not_measured() -> None:
    for samples in (np.zeros(RATE), np.zeros(100), speech()[:3000]):
        assert all(np.isnan(value) for value in measured(samples).values())


@given(
    hnp.arrays(
        np.float64, st.integers(1, 60), elements=st.sampled_from([0.0, 1e-3, 0.5, 1.0, 7.0])
    ),
    st.sampled_from([0.0, 0.1]),
)
def test_prominences_are_what_they_say(bends: Samples, least: float) -> None:
    expected = np.zeros(len(bends))
    for k, here in enumerate(bends):
        if here > least:
            apart = np.abs(np.arange(len(bends)) - k)
            beside = bends[(apart >= _impulses.NEAR) & (apart <= _impulses.FAR)]
            most = max(least, beside.max(initial=0.0))
            if (bends[apart < _impulses.NEAR] > here).any():
                most = max(most, 1e3 * here)
            with np.errstate(divide="ignore"):
                expected[k] = here / np.float64(most)
    with np.errstate(divide="ignore"):
        assert np.array_equal(_impulses.prominences(bends, least), expected)


@pytest.mark.parametrize("size", [8, 16, 44])
def test_energies_are_those_of_samples_and_second_differences(size: int) -> None:
    samples = np.random.default_rng(size).standard_normal(40 * size + 3).astype(np.float32)
    full, bends, _ = energies(samples, size)
    exact = samples.astype(np.float64)
    curves = np.concatenate(([0.0, 0.0], np.diff(exact, 2)))
    # Compiled, `float` of a float32 is one: squares of samples are rounded, second differences not.
    for values, found, within in ((exact, full, 1e-7), (curves, bends, 1e-12)):
        mean = np.square(values[: 40 * size]).reshape(40, size).mean(axis=1)
        assert found == pytest.approx(mean, rel=within)
