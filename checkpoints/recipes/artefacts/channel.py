# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: Apache-2.0
"""What recording and transmission do to speech: clipping, bands, codecs, rooms, gates."""

from __future__ import annotations

import io
from typing import Final

import numpy as np
import soundfile
import soxr
from numpy.typing import NDArray
from scipy.signal import butter, fftconvolve, sosfilt

from checkpoints.recipes.artefacts.added import Samples, between

_TELEPHONE: Final = 8000


def clipping(samples: Samples, _rate: int, amount: float, rng: np.random.Generator) -> Samples:
    """Peaks cut off at a quantile of magnitude: flat, rounded, or on one side only."""
    limit = float(np.quantile(np.abs(samples), between(amount, 0.995, 0.6)))
    kind = int(rng.integers(3))
    if kind == 0:
        return np.asarray(np.clip(samples, -limit, limit), np.float32)
    if kind == 1:
        return np.asarray(limit * np.tanh(samples / limit), np.float32)
    return np.asarray(np.minimum(samples, 0.7 * limit), np.float32)


def overflow(samples: Samples, _rate: int, amount: float, rng: np.random.Generator) -> Samples:
    """Peaks that wrap around to the other sign, as integers do."""
    share = between(amount, 0.9995, 0.95)
    limit = float(np.quantile(np.abs(samples), share)) * rng.uniform(0.95, 1.05)
    return ((samples + limit) % (2 * limit) - limit).astype(np.float32)


def coarse(samples: Samples, _rate: int, amount: float, rng: np.random.Generator) -> Samples:
    """Few steps of amplitude: 7 to 3 bits, straight or companded by mu-law."""
    steps = 2 ** between(amount, 7.0, 3.0)
    peak = float(np.abs(samples).max())
    x = samples.astype(np.float64) / peak
    if rng.random() < 0.5:
        return np.asarray(peak * np.round(x * steps / 2) / (steps / 2), np.float32)
    mu = 255.0
    bent = np.sign(x) * np.log1p(mu * np.abs(x)) / np.log1p(mu)
    bent = np.round(bent * steps / 2) / (steps / 2)
    wide = np.sign(bent) * np.expm1(np.abs(bent) * np.log1p(mu)) / mu
    return np.asarray(peak * wide, np.float32)


def _filtered(samples: Samples, rate: int, order: int, edges: object, kind: str) -> Samples:
    sections = butter(order, edges, kind, fs=rate, output="sos")
    return np.asarray(sosfilt(sections, samples.astype(np.float64)), np.float32)


def dull(samples: Samples, rate: int, amount: float, rng: np.random.Generator) -> Samples:
    """Low-pass at 5000 down to 600 Hz, 12 to 60 dB an octave."""
    edge = 5000 * (600 / 5000) ** amount
    return _filtered(samples, rate, int(rng.integers(2, 11)), edge, "lowpass")


def thin(samples: Samples, rate: int, amount: float, rng: np.random.Generator) -> Samples:
    """High-pass at 250 up to 2000 Hz."""
    edge = 250 * (2000 / 250) ** amount
    return _filtered(samples, rate, int(rng.integers(2, 9)), edge, "highpass")


def telephone(samples: Samples, rate: int, amount: float, rng: np.random.Generator) -> Samples:
    """One band only, from 200 to 3800 Hz down to 700 to 1600 Hz."""
    low = between(amount, 200, 700) * rng.uniform(0.8, 1.2)
    high = between(amount, 3800, 1600) * rng.uniform(0.8, 1.2)
    return _filtered(samples, rate, int(rng.integers(2, 7)), [low, high], "bandpass")


def boxy(samples: Samples, rate: int, amount: float, rng: np.random.Generator) -> Samples:
    """One to three resonances that ring, 12 to 30 dB strong."""
    result = samples.astype(np.float64)
    for _ in range(int(rng.integers(1, 4))):
        centre = np.exp(rng.uniform(np.log(250), np.log(5000)))
        width = centre * rng.uniform(0.03, 0.15)
        ringing = _filtered(samples, rate, 1, [centre - width / 2, centre + width / 2], "bandpass")
        result += ringing * 10 ** (between(amount, 12.0, 30.0) / 20)
    return result.astype(np.float32)


def _through(samples: Samples, rate: int, **how: object) -> Samples:
    """Encoded to a file in memory and decoded, back at the length and rate it had."""
    peak = float(np.abs(samples).max())
    buffer = io.BytesIO()
    soundfile.write(buffer, samples * np.float32(0.8 / peak), rate, **how)
    buffer.seek(0)
    decoded, _ = soundfile.read(buffer, dtype="float32")
    decoded = np.pad(decoded[: len(samples)], (0, max(0, len(samples) - len(decoded))))
    return np.asarray(decoded * np.float32(peak / 0.8), np.float32)


def _at(samples: Samples, rate: int, other: int, **how: object) -> Samples:
    down = soxr.resample(samples, rate, other)
    up = soxr.resample(_through(down, other, **how), other, rate)
    return np.pad(up[: len(samples)], (0, max(0, len(samples) - len(up))))


def speech_codec(samples: Samples, rate: int, amount: float, rng: np.random.Generator) -> Samples:
    """A codec of telephony at 8 kHz, once to three times over: GSM, G.721, IMA or MS ADPCM."""
    subtype = str(rng.choice(["GSM610", "IMA_ADPCM", "MS_ADPCM", "G721_32"]))
    form = "AU" if subtype == "G721_32" else "WAV"
    result = samples
    for _ in range(1 + round(2 * amount)):
        result = _at(result, rate, _TELEPHONE, format=form, subtype=subtype)
    return result


def music_codec(samples: Samples, rate: int, amount: float, rng: np.random.Generator) -> Samples:
    """MP3, Vorbis or Opus near the lowest quality that they have, once to four times over."""
    form, subtype = [("MP3", "MPEG_LAYER_III"), ("OGG", "VORBIS"), ("OGG", "OPUS")][
        int(rng.integers(3))
    ]
    result = samples
    for _ in range(1 + round(3 * amount)):
        level = between(amount, 0.85, 1.0) * (0.99 if subtype == "MPEG_LAYER_III" else 1.0)
        result = _through(result, rate, format=form, subtype=subtype, compression_level=level)
    return result


def room(samples: Samples, rate: int, amount: float, rng: np.random.Generator) -> Samples:
    """Reverberation of 0.25 to 2.2 s (to -60 dB), the direct sound from clear to drowned."""
    seconds = between(amount, 0.25, 2.2)
    t = np.arange(round(seconds * rate)) / rate
    tail = rng.standard_normal(len(t)) * 10 ** (-3 * t / seconds)
    tail[: round(rng.uniform(0.002, 0.03) * rate)] = 0.0
    tail *= 10 ** (between(amount, -6.0, 8.0) / 20) / np.sqrt((tail**2).sum())
    tail[0] = 1.0
    wet = fftconvolve(samples.astype(np.float64), tail)
    return np.asarray(wet[: len(samples)], np.float32)


def echo(samples: Samples, rate: int, amount: float, rng: np.random.Generator) -> Samples:
    """One to three copies, 70 to 400 ms late, 14 to 1 dB weaker."""
    result = samples.astype(np.float64)
    delay = round(rng.uniform(0.07, 0.4) * rate)
    gain = 10 ** (between(amount, -14.0, -1.0) / 20)
    for turn in range(1, int(rng.integers(2, 5))):
        late = samples[: max(0, len(samples) - turn * delay)]
        result[turn * delay :] += gain**turn * late
    return result.astype(np.float32)


def _envelope(samples: Samples, rate: int, seconds: float) -> NDArray[np.float64]:
    n = max(1, round(seconds * rate))
    power = np.convolve(samples.astype(np.float64) ** 2, np.full(n, 1 / n), "same")
    return np.asarray(np.sqrt(power + 1e-12))


def gate(samples: Samples, rate: int, amount: float, rng: np.random.Generator) -> Samples:
    """Everything that is weaker than a threshold is silenced at once: word ends go missing."""
    level = _envelope(samples, rate, rng.uniform(0.004, 0.02))
    open_ = level > np.quantile(level, 0.98) * 10 ** (between(amount, -24.0, -7.0) / 20)
    return np.where(open_, samples, np.float32(0.0)).astype(np.float32)


def pumping(samples: Samples, rate: int, amount: float, rng: np.random.Generator) -> Samples:
    """Automatic gain that makes all stretches alike: noise swells up between the words."""
    level = _envelope(samples, rate, rng.uniform(0.03, 0.2))
    depth = between(amount, 0.35, 0.95)
    gain = (level + level.max() * 10 ** (-between(amount, 30, 55) / 20)) ** -depth
    return np.asarray(samples * gain / gain.min() * 0.1, np.float32)


def flutter(samples: Samples, rate: int, amount: float, rng: np.random.Generator) -> Samples:
    """Level or speed that trembles 3 to 40 times a second."""
    t = np.arange(len(samples)) / rate
    swing = np.sin(2 * np.pi * rng.uniform(3, 40) * t + rng.uniform(0, 6.3))
    if rng.random() < 0.5:
        return (samples * (1 + between(amount, 0.25, 0.95) * swing)).astype(np.float32)
    places = np.arange(len(samples)) + np.cumsum(between(amount, 0.02, 0.15) * swing)
    return np.interp(places, np.arange(len(samples)), samples).astype(np.float32)


def musical(samples: Samples, _rate: int, amount: float, rng: np.random.Generator) -> Samples:
    """Spectral holes that come and go: what careless noise suppression leaves behind."""
    size, hop = 512, 128
    window = np.hanning(size + 1)[:-1]
    padded = np.pad(samples.astype(np.float64), size)
    starts = np.arange(0, len(padded) - size, hop)
    spectra = np.fft.rfft(padded[starts[:, None] + np.arange(size)] * window)
    level = np.abs(spectra)
    floor = np.quantile(level, 0.98) * 10 ** (-between(amount, 38.0, 14.0) / 20)
    chance = level / floor * np.exp(rng.normal(0, 0.5, level.shape))
    spectra[chance < 1.0] *= rng.choice([0.0, 0.02])
    result = np.zeros(len(padded))
    for start, frame in zip(starts, np.fft.irfft(spectra, size) * window, strict=True):
        result[start : start + size] += frame / 1.5
    return result[size : size + len(samples)].astype(np.float32)
