# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Changes of melody and tempo for audits, by Praat's resynthesis.

Offered in the entry-point group `rewardkit.perturbations`. What is changed too far must lose; a
moderate change of tempo or of the whole pitch may be to a listener's liking or not, so all that
is asked there is that it does not win. Resynthesis alone costs a little quality, and so nothing
that went through it must gain.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import numpy as np

from rewardkit.perturbations import Perturbation, Samples
from rewardkit_scorers.resynthesis import unchanged, with_contour, with_tempo

Change = Callable[[Samples, int, np.random.Generator], Samples]


def _tempo(factor: float) -> Change:
    """All durations divided by `factor`."""

    def make(samples: Samples, sample_rate: int, _rng: np.random.Generator) -> Samples:
        whole = np.array([0.0, len(samples) / sample_rate])
        return with_tempo(samples, sample_rate, whole, np.array([1 / factor]), None)

    return make


def _shift(semitones: float) -> Change:
    """The whole melody moved; formants stay, so the voice does."""

    def make(samples: Samples, sample_rate: int, _rng: np.random.Generator) -> Samples:
        return with_contour(samples, sample_rate, lambda _, st: st + semitones, least=0.0)

    return make


def _flat(samples: Samples, sample_rate: int, _rng: np.random.Generator) -> Samples:
    return with_contour(samples, sample_rate, lambda _, st: 0.0 * st)


def _resynthesised(samples: Samples, sample_rate: int, _rng: np.random.Generator) -> Samples:
    return unchanged(samples, sample_rate)


PERTURBATIONS: Final = (
    Perturbation("resynthesised", "overlap-add, nothing changed", "no_better", _resynthesised),
    Perturbation("flat", "F0 constant at its median", "worse", _flat),
    Perturbation("fast", "1.5 times as fast", "no_better", _tempo(1.5)),
    Perturbation("slow", "0.7 times as fast", "no_better", _tempo(0.7)),
    Perturbation("higher", "melody 6 semitones up", "no_better", _shift(6.0)),
    Perturbation("lower", "melody 6 semitones down", "no_better", _shift(-6.0)),
)
"""What this package offers."""
