# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Timbre: the long-term spectral envelope of a voice, by which voices are told apart."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

from rewardkit.batch import Batch
from rewardkit.clip import Clip
from rewardkit.features import Feature
from rewardkit_scorers._compiled import compiled
from rewardkit_scorers._spectrum import spectrograms

SAMPLE_RATE: Final = 16_000
WINDOW: Final = 0.032
"""Seconds; the Hann window of a frame."""
STEP: Final = 0.016
"""Seconds between frames."""
LOW: Final = 100.0
"""Hz; hum and handling noise lie below."""
TOP: Final = 7600.0
"""Hz."""
BANDS: Final = 26
COEFFICIENTS: Final = 16
"""Cepstral coefficients: detail down to about a ninth of the mel range."""
QUIET: Final = 15.0
"""dB below the 95th percentile of level; quieter frames, pauses among them, are left out."""
DEPTH: Final = 60.0
"""dB below the clip's strongest band at which bands stop."""
FEWEST: Final = 10
"""Frames without which nothing is measured."""

_DIGITS: Final = range(1, COEFFICIENTS + 1)
FEATURES: Final = (
    Feature("level", "dB", "mean level of the loud frames", -200, 60, level_dependent=True),
    *(Feature(f"c{k:02}", "dB", f"long-term cepstral coefficient {k}") for k in _DIGITS),
    *(Feature(f"c{k:02}_sd", "dB", f"standard deviation of coefficient {k}", 0) for k in _DIGITS),
)
_NAMES: Final = tuple(feature.name for feature in FEATURES)


@dataclass(frozen=True)
class Timbre:
    """Mel cepstrum of the loud frames: its mean, and how far it moves.

    The vocal tract's length and shape, the habits of articulation and the phonation stay with a
    speaker while words change, so the mean over some seconds tells voices apart; it also follows
    microphone and room, as a listener's impression does. Coefficient k is the amplitude, in dB,
    of a cosine of k half periods over the mel scale, so a filter adds its own coefficients to
    those of every clip. Gain moves `level` only. Two seconds of speech are few: what was said
    still shows.

    Source:
        Davis & Mermelstein (1980), "Comparison of parametric representations for monosyllabic
        word recognition", IEEE Trans. ASSP 28(4). Long-term means as speaker features: Furui
        (1981), "Cepstral analysis technique for automatic speaker verification", IEEE Trans.
        ASSP 29(2); Kinnunen & Li (2010), Speech Communication 52(1), section 3.

    Example:
        >>> noise = np.random.default_rng(0).normal(0, 0.1, 16_000).astype(np.float32)
        >>> measured = Timbre()(Clip(noise, 16_000))
        >>> round(measured["level"], 1), abs(measured["c02"]) < 1
        (-20.6, True)
    """

    name = "timbre"
    version = 2
    sample_rate = SAMPLE_RATE
    features = FEATURES

    def __call__(self, clip: Clip) -> Mapping[str, float]:
        """Measure one clip at 16 kHz; NaN where it has too few frames, or no sound."""
        return dict(zip(_NAMES, self.score_batch([clip])[0].tolist(), strict=True))

    def score_batch(self, clips: Sequence[Clip]) -> NDArray[np.float64]:
        """Measure clips of any lengths: float64 of shape `(clips, features)`, in order."""
        batch = Batch.of(clips)
        spectra = batch.shared(spectrograms, WINDOW, STEP, TOP)
        first, weights = _filters(spectra.frequencies.tobytes())
        values = np.full((len(batch), len(FEATURES)), math.nan)
        for i in range(len(batch)):
            blocks = [_bands(block, first, weights) for block in spectra.blocks(i)]
            values[i] = _measure(np.concatenate(blocks))
        return values


def _measure(power: NDArray[np.float64]) -> NDArray[np.float64]:
    """The features of a clip from its frames' power in each band, `(frames, BANDS)`."""
    row = np.full(len(FEATURES), math.nan)
    total = power.sum(axis=1)
    if len(power) < FEWEST or not total.max() > 0:
        return row
    loud = total >= np.quantile(total, 0.95) * 10 ** (-QUIET / 10)
    if np.count_nonzero(loud) < FEWEST:
        return row
    chosen = np.ascontiguousarray(power[loud])
    decibels = 10 * np.log10(np.maximum(chosen, chosen.max() * 10 ** (-DEPTH / 10)))
    cepstra = _cosine_transform(decibels, _cosines())
    row[0] = 10 * math.log10(float(total[loud].mean()))
    row[1 : 1 + COEFFICIENTS] = cepstra.mean(axis=0)
    row[1 + COEFFICIENTS :] = cepstra.std(axis=0)
    return row


def _mel(hertz: NDArray[np.float64] | float) -> NDArray[np.float64]:
    """Mel of O'Shaughnessy (1987), "Speech Communication: Human and Machine"."""
    return np.asarray(2595 * np.log10(1 + np.asarray(hertz) / 700))


def centres() -> NDArray[np.float64]:
    """The bands' centre frequencies in Hz, `(BANDS,)`."""
    mel = np.linspace(float(_mel(LOW)), float(_mel(TOP)), BANDS + 2)[1:-1]
    return np.asarray(700 * (10 ** (mel / 2595) - 1))


@lru_cache(maxsize=4)
def _filters(frequencies: bytes) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Triangular bands, equal on the mel scale, each of area 1 over the bins it covers.

    Args:
        frequencies: Of the bins in Hz, float64.

    Returns:
        Each band's first bin `(BANDS,)`, and weights from there on, `(BANDS, widest)`.
    """
    mel = _mel(np.frombuffer(frequencies))
    edges = np.linspace(float(_mel(LOW)), float(_mel(TOP)), BANDS + 2)
    rows = []
    for low, centre, high in zip(edges, edges[1:], edges[2:], strict=False):
        rows.append(np.interp(mel, [low, centre, high], [0.0, 1.0, 0.0], left=0.0, right=0.0))
    table = np.array(rows)
    first = (table > 0).argmax(axis=1)
    widest = int((table > 0).sum(axis=1).max())
    padded = np.pad(table, ((0, 0), (0, widest)))
    weights = np.array([row[k : k + widest] for row, k in zip(padded, first, strict=True)])
    return np.asarray(first, np.int64), weights


@lru_cache(maxsize=1)
def _cosines() -> NDArray[np.float64]:
    """Row k - 1: a cosine of k half periods over the bands, scaled so that k has amplitude 1."""
    places = (np.arange(BANDS) + 0.5) / BANDS
    return np.asarray(np.cos(np.pi * np.outer(np.arange(1, COEFFICIENTS + 1), places)) * 2 / BANDS)


@compiled
def _bands(
    power: NDArray[np.float32], first: NDArray[np.int64], weights: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Power in each band, summed bin after bin: a frame's depends on that frame only."""
    result = np.zeros((len(power), len(first)))
    for frame in range(len(power)):
        for band in range(len(first)):
            last = min(weights.shape[1], power.shape[1] - first[band])
            total = 0.0
            for i in range(last):
                total += power[frame, first[band] + i] * weights[band, i]
            result[frame, band] = total
    return result


@compiled
def _cosine_transform(
    decibels: NDArray[np.float64], cosines: NDArray[np.float64]
) -> NDArray[np.float64]:
    """`decibels @ cosines.T`, in an order of summation that never changes."""
    result = np.zeros((len(decibels), len(cosines)))
    for frame in range(len(decibels)):
        for k in range(len(cosines)):
            total = 0.0
            for band in range(decibels.shape[1]):
                total += decibels[frame, band] * cosines[k, band]
            result[frame, k] = total
    return result
