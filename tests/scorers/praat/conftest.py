# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Praat itself, as the oracle, and the sounds on which ours are held against it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import parselmouth
import pytest
import soundfile
from numpy.typing import NDArray
from parselmouth.praat import call
from rewardkit_scorers.praat.track import Track

Array = NDArray[np.float64]

JITTERS = ("local", "local, absolute", "rap", "ppq5", "ddp")
SHIMMERS = ("local", "local_dB", "apq3", "apq5", "apq11", "dda")


class Praat:
    """Praat's analyses of one sound, by its own code."""

    def sound(self, samples: Array, sample_rate: int) -> parselmouth.Sound:
        return parselmouth.Sound(np.asarray(samples, np.float64), sampling_frequency=sample_rate)

    def pitch(self, sound: parselmouth.Sound, **options: float) -> parselmouth.Pitch:
        usual = {"time_step": 0.01, "pitch_floor": 75.0, "pitch_ceiling": 600.0}
        return sound.to_pitch_ac(**(usual | options))

    def track(self, pitch: parselmouth.Pitch) -> Track:
        """Praat's pitch in our form."""
        frames = pitch.selected_array
        voiced = (frames["frequency"] > 0) & (frames["frequency"] < pitch.ceiling)
        return Track(
            times=np.asarray(pitch.xs(), np.float64),
            f0=np.where(voiced, frames["frequency"], np.nan),
            strength=np.where(voiced, frames["strength"], np.nan),
            step=pitch.dx,
            floor=75.0,
            ceiling=pitch.ceiling,
        )

    def pulses(self, sound: parselmouth.Sound, pitch: parselmouth.Pitch) -> parselmouth.Data:
        return call([sound, pitch], "To PointProcess (cc)")

    def times(self, process: parselmouth.Data) -> Array:
        count = int(call(process, "Get number of points"))
        return np.array([call(process, "Get time from index", i + 1) for i in range(count)])

    def process(self, times: Array, end: float) -> parselmouth.Data:
        """Praat's object of pulses that are given."""
        made = call("Create empty PointProcess", "made", 0, end)
        for time in times:
            call(made, "Add point", float(time))
        return made

    def jitter(self, process: parselmouth.Data) -> Array:
        limits = (0, 0, 0.0001, 0.02, 1.3)
        return np.array([call(process, f"Get jitter ({name})", *limits) for name in JITTERS])

    def shimmer(self, sound: parselmouth.Sound, process: parselmouth.Data) -> Array:
        limits = (0, 0, 0.0001, 0.02, 1.3, 1.6)
        return np.array(
            [call([sound, process], f"Get shimmer ({name})", *limits) for name in SHIMMERS]
        )


@pytest.fixture(scope="session")
def praat() -> Praat:
    return Praat()


@pytest.fixture(scope="session")
def speech(data_dir: Path) -> list[tuple[Array, int]]:
    """Real voices without DC, 12 clips from each corpus, with their sample rates."""
    clips = []
    for corpus in ("librispeech_ccby", "ravdess_ccbyncsa", "emodb_cc0"):
        files = sorted((data_dir / corpus).rglob("*.flac"))
        for file in files[:: len(files) // 12][:12]:
            samples, sample_rate = soundfile.read(file, always_2d=True)
            mono = samples.mean(axis=1)
            clips.append((mono - mono.mean(), sample_rate))
    return clips


@pytest.fixture(scope="session")
def voices() -> list[tuple[Array, int]]:
    """Made voices at 8 to 48 kHz: gliding, hoarse, broken by noise and silence, on the edges."""
    clips = []
    for seed, sample_rate in enumerate((8_000, 11_025, 16_000, 22_050, 32_000, 44_100, 48_000)):
        rng = np.random.default_rng(seed)
        t = np.arange(round(1.5 * sample_rate)) / sample_rate
        f0 = rng.uniform(80, 350) * 2 ** (0.5 * np.sin(2 * np.pi * rng.uniform(0.5, 2) * t))
        phase = 2 * np.pi * np.cumsum(f0) / sample_rate + 0.1 * np.cumsum(
            rng.standard_normal(len(t))
        ) / np.sqrt(sample_rate)
        wave = sum(np.cos(k * phase + k * k) / k for k in range(1, 9))
        wave *= 1 + 0.1 * np.sin(0.5 * phase)
        wave += 0.05 * rng.standard_normal(len(t))
        fifth = len(t) // 5
        wave[fifth : fifth + len(t) // 15] = 0
        wave[3 * fifth : 3 * fifth + len(t) // 15] = rng.standard_normal(len(t) // 15)
        wave *= 0.2 * np.linspace(1, 0.02, len(t)) if seed % 2 else 0.2
        clips.append((wave - wave.mean(), sample_rate))
    return clips
