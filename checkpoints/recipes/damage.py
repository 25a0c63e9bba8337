# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Prosody-damaged copies of real speech: the same words and voice, worse melody or timing.

**Every** damaged copy passes once through Praat's overlap-add resynthesis, and so does
`resynthesised`, the undamaged copy that it is compared with. Else a reward would learn to hear
the resynthesis instead of the prosody. Copies are brought to the BS.1770 loudness of the
original, so that nothing follows level.

That people prefer the undamaged copy is a known order, not a vote. It is sure for most of these
damages and less sure for some; those have a smaller `weight`.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np
from rewardkit_scorers.resynthesis import Contour, Samples, unchanged, with_contour, with_tempo

from checkpoints.recipes import structure
from checkpoints.recipes.loudness import equalise, loudness
from rewardkit.perturbations import NotApplicable


@dataclass(frozen=True)
class Damage:
    """One way to spoil prosody.

    Args:
        name: Lower case.
        about: What is done, in one line.
        keeps_duration: Whether the copy is as long as the original.
        weight: How much a pair made with it counts: 1 where the order is sure.
        make: The damage itself, from samples, their rate and a generator of chance.
    """

    name: str
    about: str
    keeps_duration: bool
    weight: float
    make: Callable[[Samples, int, np.random.Generator], Samples]

    def __call__(self, samples: Samples, sample_rate: int, rng: np.random.Generator) -> Samples:
        """A damaged copy, as loud as the original.

        Args:
            samples: Mono, shape `(n,)`, 0.4 s or more.
            sample_rate: In Hz.
            rng: The only source of chance: the same state gives the same copy.

        Returns:
            float32 of shape `(n,)` where `keeps_duration`, else of another length.

        Raises:
            NotApplicable: When the clip has not what this damage changes.
        """
        copy = self.make(samples, sample_rate, rng)
        return equalise(copy, sample_rate, loudness(samples, sample_rate))


def resynthesised(samples: Samples, sample_rate: int) -> Samples:
    """The undamaged copy: through the same resynthesis with nothing changed, as loud as before.

    Raises:
        NotApplicable: When nothing in the clip is voiced.
    """
    copy = unchanged(samples, sample_rate)
    return equalise(copy, sample_rate, loudness(samples, sample_rate))


def scale_f0(samples: Samples, sample_rate: int, factor: float, least: float = 1.0) -> Samples:
    """The F0 range in semitones times `factor`, around the median.

    Args:
        samples: Mono, shape `(n,)`.
        sample_rate: In Hz.
        factor: 1 changes nothing, 0 is a monotone.
        least: Standard deviation of F0 in semitones under which there is no melody to change.

    Raises:
        NotApplicable: When there is no such melody.
    """
    return with_contour(samples, sample_rate, lambda _, st: factor * st, least)


def flat(samples: Samples, sample_rate: int, _rng: np.random.Generator) -> Samples:
    """F0 constant at its median."""
    return scale_f0(samples, sample_rate, 0.0)


def narrow(samples: Samples, sample_rate: int, _rng: np.random.Generator) -> Samples:
    """F0 range in semitones times 0.3 around the median."""
    return scale_f0(samples, sample_rate, 0.3)


def wide(samples: Samples, sample_rate: int, _rng: np.random.Generator) -> Samples:
    """F0 range in semitones times 2; only where F0 is lively already, so that it gets too much."""
    return scale_f0(samples, sample_rate, 2.0, least=2.0)


def inverted(samples: Samples, sample_rate: int, _rng: np.random.Generator) -> Samples:
    """F0 upside down around the median: rises fall, falls rise."""
    return with_contour(samples, sample_rate, lambda _, st: -st)


def displaced(samples: Samples, sample_rate: int, rng: np.random.Generator) -> Samples:
    """The F0 contour rotated in time by 30 to 70 %: other words are stressed."""
    share = rng.uniform(0.3, 0.7)
    return with_contour(samples, sample_rate, lambda _, st: np.roll(st, round(share * len(st))))


def jumps(samples: Samples, sample_rate: int, rng: np.random.Generator) -> Samples:
    """F0 jumps up or down by 3 to 7 semitones at the borders of syllables."""
    borders = _borders(samples, sample_rate)
    if len(borders) < 2:
        raise NotApplicable("fewer than three syllables")
    offsets = rng.uniform(3, 7, len(borders) + 1) * rng.choice([-1, 0, 1], len(borders) + 1)
    offsets[rng.permutation(len(offsets))[:2]] = [-5.0, 5.0]

    def change(times: Contour, semitones: Contour) -> Contour:
        result: Contour = semitones + offsets[np.searchsorted(borders, times)]
        return result

    return with_contour(samples, sample_rate, change, least=0.0)


def _borders(samples: Samples, sample_rate: int) -> Contour:
    """Times between neighbouring syllable nuclei where the level is lowest."""
    curve = structure.level(samples, sample_rate)
    frames = np.round(structure.nuclei(samples, sample_rate) / structure.HOP).astype(int)
    lows = [a + int(np.argmin(curve[a:b])) for a, b in itertools.pairwise(frames)]
    return np.array(lows, dtype=np.float64) * structure.HOP


def _uniform(samples: Samples, sample_rate: int, factor: float) -> Samples:
    whole = np.array([0.0, len(samples) / sample_rate])
    return with_tempo(samples, sample_rate, whole, np.array([factor]), None)


def fast(samples: Samples, sample_rate: int, _rng: np.random.Generator) -> Samples:
    """All durations times 0.6."""
    return _uniform(samples, sample_rate, 0.6)


def slow(samples: Samples, sample_rate: int, _rng: np.random.Generator) -> Samples:
    """All durations times 1.6."""
    return _uniform(samples, sample_rate, 1.6)


def uneven(samples: Samples, sample_rate: int, rng: np.random.Generator) -> Samples:
    """Stretches of 0.2 to 0.5 s in turn rushed (x 0.5) and dragged (x 1.8); same length."""
    duration = len(samples) / sample_rate
    if duration < 0.8:
        raise NotApplicable("shorter than 0.8 s")
    inner = np.cumsum(rng.uniform(0.2, 0.5, int(duration / 0.2) + 2))
    borders = np.concatenate([[0.0], inner[inner < duration - 0.1], [duration]])
    first = int(rng.integers(2))
    factors = np.where((np.arange(len(borders) - 1) + first) % 2 == 0, 0.5, 1.8)
    factors /= (np.diff(borders) * factors).sum() / duration
    return with_tempo(samples, sample_rate, borders, factors, len(samples))


def room_noise(samples: Samples, sample_rate: int, n: int, rng: np.random.Generator) -> Samples:
    """`n` samples of noise as loud and coloured as the quietest tenth of the clip.

    A pause of digital silence would give itself away; a repeated piece would hum.
    """
    size = round(structure.WINDOW * sample_rate)
    frames = samples[: len(samples) // size * size].reshape(-1, size).astype(np.float64)
    power = (frames**2).mean(axis=1)
    quiet = frames[power <= np.percentile(power, 10)]
    spectrum = np.sqrt((np.abs(np.fft.rfft(quiet, axis=1)) ** 2).mean(axis=0))
    bins = n // 2 + 1
    colour = np.interp(np.linspace(0, 1, bins), np.linspace(0, 1, len(spectrum)), spectrum)
    noise = np.fft.irfft(colour * np.exp(2j * np.pi * rng.random(bins)), n)
    level = np.sqrt((quiet**2).mean()) / max(float(np.sqrt((noise**2).mean())), 1e-12)
    result: Samples = (noise * level).astype(np.float32)
    return result


def pauses(samples: Samples, sample_rate: int, rng: np.random.Generator) -> Samples:
    """Two to four pauses of 0.3 to 0.7 s put into the middle of syllables."""
    copy = resynthesised(samples, sample_rate)
    found = structure.nuclei(copy, sample_rate)
    if len(found) < 3:
        raise NotApplicable("fewer than three syllables")
    count = min(int(rng.integers(2, 5)), len(found) - 1)
    places = np.sort(rng.choice(found, count, replace=False))
    pieces: list[Samples] = []
    edges = [0.0, *places.tolist(), len(copy) / sample_rate]
    for start, end in itertools.pairwise(edges):
        pieces.append(structure.cut(copy, sample_rate, start, end))
        pieces.append(
            room_noise(copy, sample_rate, round(rng.uniform(0.3, 0.7) * sample_rate), rng)
        )
    return np.concatenate(pieces[:-1])


def rushed(samples: Samples, sample_rate: int, _rng: np.random.Generator) -> Samples:
    """All pauses of 0.15 s or more taken out, where they are two or more and last 0.5 s in all."""
    copy = resynthesised(samples, sample_rate)
    found = structure.spans(copy, sample_rate)
    gaps = [b[0] - a[1] for a, b in itertools.pairwise(found)]
    if len(gaps) < 2 or sum(gaps) < 0.5:
        raise NotApplicable("too few pauses to take out")
    pieces = [structure.cut(copy, sample_rate, a - 0.01, b + 0.01) for a, b in found]
    return np.concatenate(pieces)


def stutter(samples: Samples, sample_rate: int, rng: np.random.Generator) -> Samples:
    """Two syllables (three in clips of 12 or more) said three times each."""
    copy = resynthesised(samples, sample_rate)
    borders = _borders(copy, sample_rate)
    if len(borders) < 3:
        raise NotApplicable("fewer than four syllables")
    count = 3 if len(borders) > 11 else 2
    chosen = rng.choice(len(borders) - 1, min(count, len(borders) - 1), replace=False)
    pieces: list[Samples] = []
    at = 0.0
    for index in sorted(chosen.tolist()):
        start, end = float(borders[index]), float(borders[index + 1])
        before = structure.cut(copy, sample_rate, at, start)
        pieces += [before, *[structure.cut(copy, sample_rate, start, end)] * 2]
        at = start
    return np.concatenate([*pieces, structure.cut(copy, sample_rate, at, len(copy) / sample_rate)])


def level(samples: Samples, sample_rate: int, _rng: np.random.Generator) -> Samples:
    """The same level in all of the speech: no syllable is louder than another."""
    copy = resynthesised(samples, sample_rate)
    curve = structure.level(copy, sample_rate)
    threshold = structure.threshold(curve)
    gain = np.clip(np.percentile(curve, 80) - np.maximum(curve, threshold), -20, 15)
    gain = np.where(curve > threshold, gain, np.minimum(gain, 0.0))
    times = np.arange(len(copy)) / sample_rate
    smooth = np.interp(times, np.arange(len(gain)) * structure.HOP, gain)
    result: Samples = (copy * 10 ** (smooth / 20)).astype(np.float32)
    return result


DAMAGES: Final = (
    Damage("flat", "F0 constant at its median", True, 1.0, flat),
    Damage("narrow", "F0 range x 0.3", True, 1.0, narrow),
    Damage("wide", "F0 range x 2, where it was 2 semitones or more", True, 0.5, wide),
    Damage("inverted", "F0 upside down", True, 1.0, inverted),
    Damage("displaced", "F0 contour moved to other words", True, 1.0, displaced),
    Damage("jumps", "F0 jumps of 3 to 7 semitones at syllables", True, 1.0, jumps),
    Damage("pauses", "pauses inside syllables", False, 1.0, pauses),
    Damage("rushed", "all pauses taken out", False, 0.5, rushed),
    Damage("uneven", "rushed and dragged in turn", True, 1.0, uneven),
    Damage("fast", "durations x 0.6", False, 1.0, fast),
    Damage("slow", "durations x 1.6", False, 1.0, slow),
    Damage("stutter", "syllables said three times", False, 1.0, stutter),
    Damage("level", "level the same everywhere", True, 0.5, level),
)
"""All damages, in a fixed order."""
