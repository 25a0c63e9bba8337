# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: Apache-2.0
"""Damage, as knobs: clipping, low-pass, noise, clicks. Nothing here ever helps a listener.

Each knob states from which level on the clip is audibly broken. These levels are set well on the
safe side, near those of the metamorphic suite (`rewardkit.perturbations`), where anybody prefers
the original; below them the held-out judge decides.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np

from rewardkit.audit.manipulation import Floats, Knob, Manipulation, with_samples
from rewardkit.clip import Clip

QUIET: Final = 60.0
"""dB below the speech at which noise is left out altogether."""


@dataclass(frozen=True)
class Clipping:
    """The loudest samples cut off, then as loud as before.

    Example:
        >>> clip = Clip(np.linspace(-0.5, 0.5, 101, dtype=np.float32), 8_000)
        >>> cut = Clipping()(clip, {"clipping": 20.0}).samples
        >>> int(np.sum(cut == cut.max()))
        11
    """

    name = "clipping"
    knobs = (Knob("clipping", "%", "share of samples cut off", 0.0, 0.0, 30.0, broken=5.0),)

    def __call__(self, clip: Clip, values: Mapping[str, float]) -> Clip:
        """See `Manipulation`."""
        x = clip.samples.astype(np.float64)
        limit = float(np.quantile(np.abs(x), 1 - values["clipping"] / 100))
        cut = np.clip(x, -limit, limit)
        return with_samples(clip, cut * (_rms(x) / _rms(cut)))


@dataclass(frozen=True)
class LowPass:
    """Nothing above a frequency."""

    name = "low_pass"
    knobs = (Knob("low_pass", "kHz", "cut-off", 0.5, 8.0, 8.0, broken=2.0),)

    def __call__(self, clip: Clip, values: Mapping[str, float]) -> Clip:
        """See `Manipulation`."""
        n = len(clip.samples)
        frequency = np.fft.rfftfreq(n, 1 / clip.sample_rate)
        kept = 1 / (1 + (frequency / (1000 * values["low_pass"])) ** 12)
        return with_samples(clip, np.fft.irfft(np.fft.rfft(clip.samples, n) * kept, n))


@dataclass(frozen=True)
class Noise:
    """White noise, always the same."""

    name = "noise"
    knobs = (Knob("noise", "dB", "speech above white noise", 0.0, QUIET, QUIET, broken=20.0),)

    def __call__(self, clip: Clip, values: Mapping[str, float]) -> Clip:
        """See `Manipulation`."""
        hiss = np.random.default_rng(0).standard_normal(len(clip.samples))
        level = _rms(clip.samples) / _rms(hiss) * 10 ** (-values["noise"] / 20)
        return with_samples(clip, clip.samples + level * hiss)


@dataclass(frozen=True)
class Clicks:
    """Mouth clicks of 4 ms, as loud as the loudest speech, in even steps with some chance."""

    name = "clicks"
    knobs = (Knob("clicks", "1/s", "clicks a second", 0.0, 0.0, 10.0, broken=1.0),)

    def __call__(self, clip: Clip, values: Mapping[str, float]) -> Clip:
        """See `Manipulation`."""
        x = clip.samples.astype(np.float64)
        rng = np.random.default_rng(0)
        length = max(clip.sample_rate // 250, 1)
        shape = np.exp(-np.arange(length) / (length / 8)) * rng.standard_normal(length)
        shape *= np.abs(x).max() / np.abs(shape).max()
        period = clip.sample_rate / values["clicks"]
        for number in range(int(len(x) / period)):
            start = int((number + rng.uniform(0.25, 0.75)) * period)
            piece = x[start : start + length]
            piece += shape[: len(piece)]
        return with_samples(clip, x)


def _rms(x: Floats | np.ndarray[tuple[int], np.dtype[np.float32]]) -> float:
    return float(np.sqrt(np.mean(np.square(x, dtype=np.float64)))) or 1e-9


ARTEFACTS: Final[tuple[Manipulation, ...]] = (Clipping(), LowPass(), Noise(), Clicks())
"""In the order in which they are applied."""
