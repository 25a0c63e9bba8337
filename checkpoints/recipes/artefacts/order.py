# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: Apache-2.0
"""Speech that is out of order, or has holes: lost packets, loops, cuts, pieces turned around."""

from __future__ import annotations

import itertools

import numpy as np
import soxr
from numpy.typing import NDArray

from checkpoints.recipes.artefacts.added import Samples, between


def _edges(
    n: int, rate: int, shortest: float, longest: float, rng: np.random.Generator
) -> NDArray[np.int64]:
    """Borders of pieces of random lengths, in samples, with both ends of the clip."""
    lengths = rng.uniform(shortest, longest, int(n / rate / shortest) + 2) * rate
    borders = np.cumsum(lengths).astype(np.int64)
    return np.concatenate([[0], borders[borders < n - shortest * rate / 2], [n]])


def _faded(piece: Samples, n: int) -> Samples:
    """The piece with ramps of `n` samples (half of it at most) at both ends."""
    n = min(n, len(piece) // 2)
    result = piece.copy()
    if n:
        ramp = (np.arange(n) / n).astype(np.float32)
        result[:n] *= ramp
        result[len(result) - n :] *= ramp[::-1]
    return result


def _fade(rate: int, rng: np.random.Generator) -> int:
    """Nothing, or up to 25 ms."""
    return 0 if rng.random() < 0.3 else round(rng.uniform(0.0005, 0.025) * rate)


def holes(samples: Samples, rate: int, amount: float, rng: np.random.Generator) -> Samples:
    """Stretches of 8 to 150 ms that are silent, 0.7 to 9 a second."""
    result = samples.copy()
    for _ in range(max(1, int(rng.poisson(between(amount, 0.7, 9.0) * len(samples) / rate)))):
        n = round(rng.uniform(0.008, between(amount, 0.05, 0.15)) * rate)
        start = int(rng.integers(0, max(1, len(samples) - n)))
        gap = 1 - _faded(np.ones(n, np.float32), round(rng.uniform(0, 0.004) * rate))
        result[start : start + n] *= gap[: len(result) - start]
    return result


def packets(samples: Samples, rate: int, amount: float, rng: np.random.Generator) -> Samples:
    """4 to 45 % of packets of 10 to 60 ms are lost, in bursts; the last one is said again."""
    size = round(rng.uniform(0.01, 0.06) * rate)
    share = between(amount, 0.04, 0.45)
    result = samples.copy()
    lost = False
    fade = np.float32(rng.uniform(0.4, 1.0))
    for start in range(size, len(samples) - size, size):
        lost = rng.random() < (0.5 if lost else share * 0.7)
        if lost:
            result[start : start + size] = fade * result[start - size : start]
    return result


def backwards(samples: Samples, _rate: int, _amount: float, _rng: np.random.Generator) -> Samples:
    """The whole clip from its end."""
    return np.ascontiguousarray(samples[::-1])


def turned(samples: Samples, rate: int, amount: float, rng: np.random.Generator) -> Samples:
    """Pieces of 0.08 to 0.7 s, each played from its end, in their places."""
    size = between(amount, 0.08, 0.45)
    edges = _edges(len(samples), rate, size, 1.6 * size, rng)
    fade = _fade(rate, rng)
    return np.concatenate([_faded(samples[a:b][::-1], fade) for a, b in itertools.pairwise(edges)])


def shuffled(samples: Samples, rate: int, amount: float, rng: np.random.Generator) -> Samples:
    """Pieces in another order: from two that change places to all, each 0.06 to 0.8 s long."""
    size = rng.uniform(0.06, 0.5)
    edges = _edges(len(samples), rate, size, 1.6 * size, rng)
    fade = _fade(rate, rng)
    pieces = [_faded(samples[a:b], fade) for a, b in itertools.pairwise(edges)]
    moved = rng.permutation(len(pieces))[: max(2, round(amount * len(pieces)))]
    order = np.arange(len(pieces))
    order[np.sort(moved)] = np.roll(moved, 1)
    return np.concatenate([pieces[place] for place in order])


def looped(samples: Samples, rate: int, amount: float, rng: np.random.Generator) -> Samples:
    """A stretch of 0.07 to 0.9 s is said two to seven times."""
    n = min(round(rng.uniform(0.07, 0.9) * rate), len(samples) // 3)
    power = np.convolve(samples.astype(np.float64) ** 2, np.ones(n), "valid")
    start = int(rng.choice(np.flatnonzero(power >= np.median(power))))
    times = 1 + round(between(amount, 1.0, 5.0))
    fade = _fade(rate, rng)
    piece = _faded(samples[start : start + n], min(fade, n // 8))
    return np.concatenate([samples[:start], np.tile(piece, times), samples[start + n :]])


def stuttered(samples: Samples, rate: int, amount: float, rng: np.random.Generator) -> Samples:
    """One to eight short pieces, 30 to 250 ms, each said two to four times."""
    count = round(between(amount, 1.0, 8.0))
    places = np.sort(rng.integers(0, max(1, len(samples) - rate // 4), count))
    pieces: list[Samples] = []
    at = 0
    for place in places:
        n = round(rng.uniform(0.03, 0.25) * rate)
        piece = samples[place : place + n]
        pieces += [samples[at:place], *[piece] * int(rng.integers(1, 4))]
        at = int(place)
    return np.concatenate([*pieces, samples[at:]])


def skips(samples: Samples, rate: int, amount: float, rng: np.random.Generator) -> Samples:
    """Pieces of 50 to 350 ms are missing, and what is left is joined."""
    count = round(between(amount, 1.0, 2.0 * len(samples) / rate))
    fade = _fade(rate, rng) // 3
    keep = np.ones(len(samples), bool)
    for _ in range(max(1, count)):
        n = round(rng.uniform(0.05, 0.35) * rate)
        start = int(rng.integers(0, max(1, len(samples) - n)))
        keep[start : start + n] = False
    if keep.mean() < 0.35:
        keep[: len(keep) // 2] = True
    borders = np.flatnonzero(np.diff(np.concatenate([[False], keep, [False]]).astype(np.int8)))
    return np.concatenate([_faded(samples[a:b], fade) for a, b in borders.reshape(-1, 2)])


def speed(samples: Samples, rate: int, amount: float, rng: np.random.Generator) -> Samples:
    """A tape at the wrong speed: pitch, formants and tempo all move, by 8 to 80 %."""
    factor = 1 + between(amount, 0.08, 0.8)
    factor = factor if rng.random() < 0.5 else 1 / factor
    return np.asarray(soxr.resample(samples, rate * factor, rate), np.float32)
