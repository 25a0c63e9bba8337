# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Graded damage of melody and timing, by Praat's overlap-add resynthesis.

As `damage`, but with an amount from 0 to 1, other settings drawn at random, and another speaker's
melody to borrow. All copies pass once through the resynthesis, as does what they are compared with.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np
from rewardkit_scorers.resynthesis import Contour, Samples, with_contour, with_tempo

from checkpoints.recipes import structure
from checkpoints.recipes.artefacts.added import between
from checkpoints.recipes.damage import resynthesised
from rewardkit.perturbations import NotApplicable

RATE: Final = 0.01
"""Seconds between the points of a borrowed melody."""


@dataclass(frozen=True)
class Melody:
    """One kind of graded damage.

    Args:
        name: Lower case.
        family: Kinds that change the same thing.
        make: From samples, rate, amount, a generator of chance and another speaker's clip.
        weight: How much its pairs count. Tempo and height more than the others: any synthesiser
            can be asked to change them, so they are what a policy tries first.
    """

    name: str
    family: str
    make: Callable[[Samples, int, float, np.random.Generator, Samples], Samples]
    weight: float = 1.0


def _tempo(samples: Samples, sample_rate: int, factor: float) -> Samples:
    whole = np.array([0.0, len(samples) / sample_rate])
    return with_tempo(samples, sample_rate, whole, np.array([factor]), None)


def hurried(
    samples: Samples, sample_rate: int, amount: float, rng: np.random.Generator, _other: Samples
) -> Samples:
    """1.25 to 2.4 times as fast."""
    return _tempo(samples, sample_rate, 1 / (between(amount, 1.25, 2.3) * rng.uniform(1, 1.05)))


def dragged(
    samples: Samples, sample_rate: int, amount: float, rng: np.random.Generator, _other: Samples
) -> Samples:
    """1.25 to 2.5 times as slow."""
    return _tempo(samples, sample_rate, between(amount, 1.25, 2.4) * rng.uniform(1, 1.05))


def moved(
    samples: Samples, sample_rate: int, amount: float, rng: np.random.Generator, _other: Samples
) -> Samples:
    """The whole melody 2.5 to 12 semitones up or down; formants stay."""
    shift = between(amount, 2.5, 12.0) * rng.choice([-1.0, 1.0])
    return with_contour(samples, sample_rate, lambda _, st: st + shift, least=0.0)


def levelled(
    samples: Samples, sample_rate: int, amount: float, _rng: np.random.Generator, _other: Samples
) -> Samples:
    """F0 range times 0.65 down to 0.05."""
    return with_contour(samples, sample_rate, lambda _, st: between(amount, 0.65, 0.05) * st)


def exaggerated(
    samples: Samples, sample_rate: int, amount: float, _rng: np.random.Generator, _other: Samples
) -> Samples:
    """F0 range times 1.6 to 3.2."""
    return with_contour(
        samples, sample_rate, lambda _, st: between(amount, 1.6, 3.2) * st, least=1.5
    )


def trembling(
    samples: Samples, sample_rate: int, amount: float, rng: np.random.Generator, _other: Samples
) -> Samples:
    """F0 that swings 2.5 to 9 times a second by 0.6 to 4 semitones."""
    speed, depth = rng.uniform(2.5, 9), between(amount, 0.6, 4.0)
    return with_contour(
        samples, sample_rate, lambda t, st: st + depth * np.sin(2 * np.pi * speed * t), least=0.0
    )


def stepped(
    samples: Samples, sample_rate: int, amount: float, rng: np.random.Generator, _other: Samples
) -> Samples:
    """Each stretch of 0.2 to 1 s at another height, by 1 to 6 semitones."""
    duration = len(samples) / sample_rate
    borders = np.cumsum(rng.uniform(0.2, 1.0, int(duration / 0.2) + 2))
    heights = between(amount, 1.0, 6.0) * rng.choice([-1.0, 1.0], len(borders) + 1)
    return with_contour(
        samples, sample_rate, lambda t, st: st + heights[np.searchsorted(borders, t)], least=0.0
    )


def tilted(
    samples: Samples, sample_rate: int, amount: float, rng: np.random.Generator, _other: Samples
) -> Samples:
    """F0 that rises or falls steadily, by 4 to 16 semitones from start to end."""
    duration = len(samples) / sample_rate
    total = between(amount, 4.0, 16.0) * rng.choice([-0.7, 1.0])
    return with_contour(
        samples, sample_rate, lambda t, st: st + total * (t / duration - 0.5), least=0.0
    )


def borrowed(
    samples: Samples, sample_rate: int, amount: float, rng: np.random.Generator, other: Samples
) -> Samples:
    """Another speaker's melody, stretched to fit, half to wholly in place of the own one."""
    found: list[tuple[Contour, Contour]] = []

    def keep(times: Contour, semitones: Contour) -> Contour:
        found.append((times / (len(other) / sample_rate), semitones))
        return semitones

    with_contour(other, sample_rate, keep)
    places, melody = found[0]
    duration = len(samples) / sample_rate
    share, start = between(amount, 0.5, 1.0), rng.uniform(0, 0.3)

    def change(times: Contour, semitones: Contour) -> Contour:
        theirs = np.interp((times / duration + start) % 1.0, places, melody)
        result: Contour = (1 - share) * semitones + share * theirs
        return result

    return with_contour(samples, sample_rate, change)


def warped(
    samples: Samples, sample_rate: int, amount: float, rng: np.random.Generator, _other: Samples
) -> Samples:
    """Stretches of 0.15 to 0.7 s each at a tempo of their own, up to 1.3 or 2.6 times off."""
    duration = len(samples) / sample_rate
    if duration < 0.8:
        raise NotApplicable("shorter than 0.8 s")
    inner = np.cumsum(rng.uniform(0.15, 0.7, int(duration / 0.15) + 2))
    borders = np.concatenate([[0.0], inner[inner < duration - 0.1], [duration]])
    spread = np.log(between(amount, 1.3, 2.6))
    factors = np.exp(spread * rng.choice([-1.0, 1.0], len(borders) - 1))
    factors /= (np.diff(borders) * factors).sum() / duration
    return with_tempo(samples, sample_rate, borders, factors, len(samples))


def halting(
    samples: Samples, sample_rate: int, amount: float, rng: np.random.Generator, _other: Samples
) -> Samples:
    """One to six pauses of 0.1 to 0.9 s inside syllables: the clip's own quietest moment, held."""
    copy = resynthesised(samples, sample_rate)
    found = structure.nuclei(copy, sample_rate)
    if len(found) < 3:
        raise NotApplicable("fewer than three syllables")
    count = min(round(between(amount, 1, 6)), len(found) - 1)
    places = np.sort(rng.choice(found, count, replace=False))
    n = round(0.03 * sample_rate)
    power = np.convolve(copy.astype(np.float64) ** 2, np.ones(n), "valid")
    quiet = copy[int(np.argmin(power)) :][:n].astype(np.float64)
    level = float(np.sqrt(np.mean(quiet**2)))
    pieces: list[Samples] = []
    edges = [0.0, *places.tolist(), len(copy) / sample_rate]
    for start, end in itertools.pairwise(edges):
        pieces.append(structure.cut(copy, sample_rate, start, end))
        length = round(rng.uniform(0.1, between(amount, 0.3, 0.9)) * sample_rate)
        pieces.append((level * rng.standard_normal(length)).astype(np.float32))
    return np.concatenate(pieces[:-1])


MELODIES: Final = (
    Melody("hurried", "tempo", hurried, 6.0),
    Melody("dragged", "tempo", dragged, 3.0),
    Melody("warped", "rhythm", warped),
    Melody("halting", "rhythm", halting),
    Melody("moved", "height", moved, 4.0),
    Melody("stepped", "height", stepped),
    Melody("tilted", "height", tilted),
    Melody("levelled", "range", levelled),
    Melody("exaggerated", "range", exaggerated),
    Melody("trembling", "range", trembling),
    Melody("borrowed", "melody", borrowed),
)
"""All kinds, in a fixed order."""
