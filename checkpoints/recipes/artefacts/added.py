# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: Apache-2.0
"""Sounds that do not belong to the speech: noise, hum, whine, clicks, pops, other voices."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

Samples = NDArray[np.float32]
Floats = NDArray[np.float64]

_COLOURS: Final = {"white": 0.0, "pink": 0.5, "brown": 1.0}  # exponents of 1/f in amplitude


def between(amount: float, mild: float, severe: float) -> float:
    """The value that far from mild (amount 0) to severe (amount 1), on a straight line.

    Example:
        >>> between(0.25, 40.0, 0.0)
        30.0
    """
    return mild + amount * (severe - mild)


def ratio(samples: Samples, other: Floats, decibels: float) -> Samples:
    """The sum of speech and something else, `decibels` below the speech in mean power."""
    speech = float(np.mean(samples.astype(np.float64) ** 2))
    power = float(np.mean(other**2))
    gain = np.sqrt(speech / max(power, 1e-30)) * 10 ** (-decibels / 20)
    return np.asarray(samples + gain * other, np.float32)


def coloured(n: int, exponent: float, rng: np.random.Generator) -> Floats:
    """Gaussian noise whose amplitude spectrum falls as 1 / f ** exponent, flat under 30 Hz."""
    spectrum = np.fft.rfft(rng.standard_normal(n))
    place = np.maximum(np.arange(len(spectrum)), max(1.0, 30.0 * n / 16_000))
    return np.asarray(np.fft.irfft(spectrum / place**exponent, n), np.float64)


def noise(samples: Samples, _rate: int, amount: float, rng: np.random.Generator) -> Samples:
    """White, pink or brown noise, 32 to 2 dB below the speech."""
    colour = str(rng.choice(list(_COLOURS)))
    added = coloured(len(samples), _COLOURS[colour], rng)
    return ratio(samples, added, between(amount, 32.0, 2.0))


def fan(samples: Samples, rate: int, amount: float, rng: np.random.Generator) -> Samples:
    """Noise of one band, an octave or two wide, that swells and ebbs slowly."""
    n = len(samples)
    spectrum = np.fft.rfft(rng.standard_normal(n))
    frequency = np.fft.rfftfreq(n, 1 / rate)
    low = rng.uniform(100, 2500)
    spectrum[(frequency < low) | (frequency > low * rng.uniform(2, 4))] = 0
    swell = 1 + 0.7 * np.sin(2 * np.pi * rng.uniform(0.2, 2) * np.arange(n) / rate)
    return ratio(samples, swell * np.fft.irfft(spectrum, n), between(amount, 30.0, 2.0))


def babble(samples: Samples, _rate: int, amount: float, rng: np.random.Generator) -> Samples:
    """Three to nine other voices at once: the clip itself, from other places, at other pitches."""
    total = np.zeros(len(samples))
    for _ in range(int(rng.integers(3, 10))):
        speed = rng.uniform(0.75, 1.35)
        places = np.arange(int(len(samples) / speed)) * speed
        voice = np.interp(places, np.arange(len(samples)), samples)
        start = int(rng.integers(len(voice)))
        total += np.resize(np.roll(voice, -start), len(samples))
    return ratio(samples, total, between(amount, 22.0, 0.0))


def hum(samples: Samples, rate: int, amount: float, rng: np.random.Generator) -> Samples:
    """Mains hum: 49 to 61 Hz with 3 to 14 harmonics, whose strength falls at a random rate."""
    t = np.arange(len(samples)) / rate
    mains = rng.choice([50.0, 60.0]) + rng.normal(0, 0.3)
    fall = rng.uniform(0.2, 1.5)
    odd = int(rng.integers(1, 3))
    orders = np.arange(1, int(rng.integers(3, 15)) * odd, odd)
    parts = [
        rng.uniform(0.3, 1) * k**-fall * np.sin(2 * np.pi * mains * k * t + rng.uniform(0, 6.3))
        for k in orders
    ]
    return ratio(samples, np.sum(parts, axis=0), between(amount, 32.0, 2.0))


def whine(samples: Samples, rate: int, amount: float, rng: np.random.Generator) -> Samples:
    """One or two steady tones between 400 Hz and 7 kHz, as faulty electronics make them."""
    t = np.arange(len(samples)) / rate
    tones = [
        np.sin(2 * np.pi * np.exp(rng.uniform(np.log(400), np.log(7000))) * t)
        for _ in range(int(rng.integers(1, 3)))
    ]
    return ratio(samples, np.sum(tones, axis=0), between(amount, 38.0, 8.0))


def _strewn(
    samples: Samples,
    rate: int,
    per_second: float,
    shape: Floats | None,
    level: float,
    rng: np.random.Generator,
    seconds: tuple[float, float] = (0.0005, 0.006),
) -> Samples:
    """Short sounds at random places, each `level` dB re the clip's peak, with a spread of 4 dB.

    Args:
        samples: Mono.
        rate: In Hz.
        per_second: How many on average; one at least.
        shape: The sound, or None for one of a random kind each: a step of one sample, noise that
            dies away, a damped oscillation above 800 Hz.
        level: Of a sound's peak, dB re the clip's.
        rng: The source of chance.
        seconds: Shortest and longest, where the kind is random.
    """
    result = samples.astype(np.float64)
    peak = float(np.abs(result).max())
    for _ in range(max(1, int(rng.poisson(per_second * len(samples) / rate)))):
        sound = shape if shape is not None else _click(rate, seconds, rng)
        start = int(rng.integers(0, max(1, len(samples) - len(sound))))
        gain = peak * 10 ** ((level + rng.normal(0, 4)) / 20) / float(np.abs(sound).max())
        result[start : start + len(sound)] += gain * sound[: len(samples) - start]
    return result.astype(np.float32)


def _click(rate: int, seconds: tuple[float, float], rng: np.random.Generator) -> Floats:
    kind = int(rng.integers(3))
    if kind == 0:
        return np.full(int(rng.integers(1, 4)), rng.choice([-1.0, 1.0]))
    n = max(4, round(rng.uniform(*seconds) * rate))
    decay = np.exp(-np.arange(n) * rng.uniform(2, 6) / n)
    if kind == 1:
        return np.asarray(decay * rng.standard_normal(n))
    angle = 2 * np.pi * rng.uniform(800, 6000) * np.arange(n) / rate
    return np.asarray(decay * np.cos(angle))


def clicks(samples: Samples, rate: int, amount: float, rng: np.random.Generator) -> Samples:
    """Clicks of varied shapes, 0.8 to 20 a second, 24 to 0 dB below the clip's peak."""
    per_second = between(amount, 0.8, 20.0) * rng.uniform(0.6, 1.4)
    return _strewn(samples, rate, per_second, None, between(amount, -24.0, 0.0), rng)


def crackle(samples: Samples, rate: int, amount: float, rng: np.random.Generator) -> Samples:
    """Many faint clicks, 15 to 150 a second, as of a worn record or a loose contact."""
    per_second = between(amount, 15.0, 150.0)
    level = between(amount, -36.0, -14.0)
    return _strewn(samples, rate, per_second, None, level, rng, (0.0003, 0.002))


def pops(samples: Samples, rate: int, amount: float, rng: np.random.Generator) -> Samples:
    """Breath or wind on the microphone: swings of 20 to 130 Hz that last 20 to 200 ms."""
    result = samples.astype(np.float64)
    peak = float(np.abs(result).max())
    per_second = between(amount, 0.4, 6.0)
    for _ in range(max(1, int(rng.poisson(per_second * len(samples) / rate)))):
        n = round(rng.uniform(0.02, 0.2) * rate)
        angle = 2 * np.pi * rng.uniform(20, 130) * np.arange(n) / rate + rng.uniform(0, 6.3)
        sound = np.sin(angle) * np.sin(np.pi * (np.arange(n) / n) ** rng.uniform(0.3, 1.0))
        sound *= 1 + 0.5 * np.interp(np.arange(n), np.linspace(0, n, 9), rng.standard_normal(9))
        start = int(rng.integers(0, max(1, len(samples) - n)))
        gain = peak * 10 ** ((between(amount, -16.0, 3.0) + rng.normal(0, 3)) / 20)
        result[start : start + n] += (gain * sound / np.abs(sound).max())[: len(samples) - start]
    return result.astype(np.float32)
