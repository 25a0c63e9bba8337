# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: Apache-2.0
"""Level and spectral shape, as knobs: gain, tilt, three bands."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np

from rewardkit.audit.manipulation import Floats, Knob, with_samples
from rewardkit.clip import Clip

PIVOT: Final = 1000.0
"""Hz at which a tilt changes nothing."""

BANDS: Final = {"bass": (0.0, 300.0), "middle": (300.0, 3000.0), "treble": (3000.0, np.inf)}
"""Hz; the telephone band lies in the middle."""


@dataclass(frozen=True)
class Level:
    """The level of the whole clip.

    It comes last in a chain, and is bounded by full scale like all else: a clip that has been
    made as loud as it can be gets no louder.

    Example:
        >>> clip = Clip(np.full(3, 0.2, np.float32), 8_000)
        >>> Level()(clip, {"gain": -20.0}).samples.round(4).tolist()
        [0.019999999552965164, 0.019999999552965164, 0.019999999552965164]
    """

    name = "level"
    knobs = (Knob("gain", "dB", "level", -20.0, 0.0, 20.0),)

    def __call__(self, clip: Clip, values: Mapping[str, float]) -> Clip:
        """See `Manipulation`."""
        return with_samples(clip, clip.samples * np.float64(10 ** (values["gain"] / 20)))


@dataclass(frozen=True)
class Spectrum:
    """A filter of linear phase, without delay, that keeps the level.

    Example:
        >>> clip = Clip(np.sin(np.arange(800.0)).astype(np.float32) / 2, 8_000)
        >>> flat = {"tilt": 0.0, "bass": 0.0, "middle": 0.0, "treble": 0.0}
        >>> bool(np.allclose(Spectrum()(clip, flat).samples, clip.samples, atol=1e-6))
        True
    """

    name = "spectrum"
    knobs = (
        Knob("tilt", "dB", "gain per octave above 1 kHz", -6.0, 0.0, 6.0),
        *(
            Knob(name, "dB", f"gain from {low:g} to {high:g} Hz", -12.0, 0.0, 12.0)
            for name, (low, high) in BANDS.items()
        ),
    )

    def __call__(self, clip: Clip, values: Mapping[str, float]) -> Clip:
        """See `Manipulation`."""
        n = len(clip.samples)
        frequency = np.fft.rfftfreq(n, 1 / clip.sample_rate)
        octaves = np.log2(np.maximum(frequency, 50.0) / PIVOT)
        gain = values["tilt"] * octaves
        for name, (low, high) in BANDS.items():
            gain += values[name] * _within(octaves, low, high)
        changed = np.fft.irfft(np.fft.rfft(clip.samples, n) * 10 ** (gain / 20), n)
        before, after = (float(np.sqrt(np.mean(x**2))) for x in (clip.samples, changed))
        return with_samples(clip, changed * (before / after if after > 0 else 1.0))


def _within(octaves: Floats, low: float, high: float) -> Floats:
    """1 inside a band and 0 outside, with flanks a third of an octave wide."""
    edges = [np.log2(max(edge, 1e-3) / PIVOT) for edge in (low, high)]
    rising = np.clip((octaves - edges[0]) * 3 + 0.5, 0.0, 1.0)
    falling = np.clip((edges[1] - octaves) * 3 + 0.5, 0.0, 1.0)
    band: Floats = rising * falling
    return band
