# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: Apache-2.0
"""`rewardkit.speech`: synthesised and recorded speech passes, other sounds do not."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from rewardkit.audio import read, resample
from rewardkit.clip import Clip
from rewardkit.speech import (
    MIN_MODULATION,
    MIN_MOVEMENT,
    MIN_VOICED,
    Evidence,
    evidence,
    has_speech,
    missing,
)

Wave = NDArray[np.float64]
RATE = 16_000

# Formants in Hz of some vowels of men: Peterson and Barney 1952, JASA 24:175-184, table II.
VOWELS = {
    "i": (270, 2290, 3010),
    "e": (530, 1840, 2480),
    "a": (730, 1090, 2440),
    "o": (570, 840, 2410),
    "u": (300, 870, 2240),
}


def clip_of(wave: Wave, sample_rate: int = RATE) -> Clip:
    return Clip(np.asarray(wave, np.float32), sample_rate)


def time(duration: float = 3.0, sample_rate: int = RATE) -> Wave:
    return np.arange(round(duration * sample_rate)) / sample_rate


def noise(colour: float, duration: float = 3.0, seed: int = 0) -> Wave:
    """Noise whose power falls as `f ** -colour`, rms 0.1."""
    rng = np.random.default_rng(seed)
    spectrum = np.fft.rfft(rng.standard_normal(round(duration * RATE)))
    spectrum[1:] *= np.arange(1, len(spectrum)) ** (-colour / 2)
    spectrum[0] = 0
    wave = np.fft.irfft(spectrum)
    return 0.1 * wave / wave.std()


def with_noise(wave: Wave, snr: float, colour: float = 0.0) -> Wave:
    return wave + 10 * noise(colour, len(wave) / RATE, 7) * wave.std() * 10 ** (-snr / 20)


def partials(f0: float, tilt: float, top: float = 7_000) -> Wave:
    """A harmonic complex whose amplitudes fall as `k ** -tilt`."""
    t = time()
    return sum(
        0.05 * np.sin(2 * np.pi * k * f0 * t + k * k) * k**-tilt
        for k in range(1, int(top / f0) + 1)
    )


def bursts(rate: float, duty: float = 0.5, ramp: float = 0.005) -> Wave:
    """A gate that opens `rate` times a second, with ramps of so many seconds."""
    gate = ((time() * rate) % 1 < duty).astype(float)
    count = max(1, round(ramp * RATE))
    return np.convolve(gate, np.ones(count) / count, "same")


def sweep(start: float, stop: float, duration: float = 3.0) -> Wave:
    """The phase of an exponential sweep between two frequencies."""
    ratio = stop / start
    return 2 * np.pi * start * duration / np.log(ratio) * (ratio ** (time(duration) / duration) - 1)


def syllables(
    vowels: str, f0: float = 120.0, glide: float = -0.2, length: float = 0.22, scale: float = 1.0
) -> Wave:
    """Vowels in a row: a pulse train through three resonances that move from one to the next.

    Args:
        vowels: Keys of `VOWELS`; a level dip stands between two of them, as at a consonant.
        f0: In Hz, at the start.
        glide: Change of F0 over the utterance, in octaves.
        length: Of a syllable, in s.
        scale: Of the formants: 1 for a man's vocal tract, 1.2 for a woman's, 1.4 for a child's.
    """
    n = round(len(vowels) * length * RATE)
    t = np.arange(n) / RATE
    phase = np.cumsum(f0 * 2 ** (glide * t / t[-1])) / RATE
    source = np.diff(np.floor(phase), prepend=0.0)
    middles = (np.arange(len(vowels)) + 0.5) * length
    wave = source
    for formant, bandwidth in zip(range(3), (80, 100, 140), strict=True):
        track = np.interp(t, middles, [scale * VOWELS[v][formant] for v in vowels])
        radius = np.exp(-np.pi * bandwidth / RATE)
        a1, a2 = 2 * radius * np.cos(2 * np.pi * track / RATE), -(radius**2)
        out = np.zeros(n)
        before = last = 0.0
        for i in range(n):
            before, last = last, wave[i] + a1[i] * last + a2 * before
            out[i] = last
        wave = out
    wave = wave * (0.55 - 0.45 * np.cos(2 * np.pi * t / length))
    return 0.3 * wave / np.abs(wave).max()


SPEECH = {
    "man": syllables("aieou"),
    "woman": syllables("aieou", f0=210, scale=1.2),
    "child": syllables("aieou", f0=320, scale=1.4),
    "creaky": syllables("eaoiu", f0=80),
    "monotone": syllables("aiaeuo", glide=0.0),
    "rising": syllables("uoaei", glide=0.8),
    "slow": syllables("aiueo", length=0.4),
    "fast": syllables("aiueoaie", length=0.14),
    "two syllables": syllables("ai"),
}


def others() -> Iterator[tuple[str, Wave]]:
    """Sounds that are no speech, by name."""
    t = time()
    yield "silence", np.zeros(RATE)
    yield "dither", np.random.default_rng(0).integers(-1, 2, RATE) * 2.0**-16
    yield "DC", np.full(RATE, 0.3)
    yield "DC and dither", 0.3 + np.random.default_rng(0).integers(-1, 2, RATE) * 2.0**-16
    yield "step", np.where(t < 1.5, 0.0, 0.3)
    yield "impulse", np.eye(1, RATE)[0]
    for seed in range(3):
        for colour, name in enumerate(("white", "pink", "brown")):
            yield f"{name} noise {seed}", noise(colour, seed=seed)
            for rate in (2, 4, 8):
                swell = (1 + np.sin(2 * np.pi * rate * t)) / 2
                yield f"{name} noise {seed} at {rate} Hz", noise(colour, seed=seed) * swell
    for f0 in (50, 60):
        yield f"hum {f0}", partials(f0, 1, 2_000)
        yield f"hum {f0} in noise", with_noise(partials(f0, 1, 2_000), 20)
    for frequency in (50, 100, 220, 440, 1_000, 3_000):
        tone = np.sin(2 * np.pi * frequency * t)
        yield f"tone {frequency}", 0.3 * tone
        yield f"tone {frequency} in noise", with_noise(0.3 * tone, 20)
        for rate in (1, 2, 4, 8):
            for ramp in (0.0, 0.02):
                beep = 0.3 * tone * bursts(rate, ramp=ramp)
                yield f"beep {frequency} {rate} {ramp}", beep
                yield f"beep {frequency} {rate} {ramp} in noise", with_noise(beep, 20)
    for f0 in (80, 150, 220, 440):
        for tilt in (0, 1, 2):
            yield f"complex {f0} {tilt}", partials(f0, tilt)
            yield f"complex {f0} {tilt} in noise", with_noise(partials(f0, tilt), 20)
            yield f"buzzer {f0} {tilt}", partials(f0, tilt) * bursts(3)
            swell = (1 + np.sin(2 * np.pi * 4 * t)) / 2
            yield f"swelling complex {f0} {tilt}", partials(f0, tilt) * swell
    for chord in ((261.6, 329.6, 392.0), (220.0, 277.2, 329.6, 440.0)):
        pure = sum(0.1 * np.sin(2 * np.pi * f * t) for f in chord)
        rich = sum(partials(f, 1) for f in chord)
        yield f"chord {chord[0]}", pure
        yield f"rich chord {chord[0]}", rich
        yield f"struck chord {chord[0]}", rich * bursts(2)
    row, column = (697, 770, 852, 941), (1_209, 1_336, 1_477)
    keys = np.random.default_rng(1).integers(0, (4, 3), (15, 2))
    low, high = (np.repeat([f[k] for k in keys[:, i]], 3_200) for i, f in enumerate((row, column)))
    dialling = 0.2 * (np.sin(2 * np.pi * low * t) + np.sin(2 * np.pi * high * t))
    yield "dialling", dialling * bursts(5, 0.6)
    for seed in range(4):
        for rate in (2, 3, 5):
            notes = np.random.default_rng(seed).uniform(300, 2_500, 3 * rate)
            steps = np.repeat(notes, RATE // rate + 1)[: len(t)]
            melody = 0.3 * np.sin(2 * np.pi * np.cumsum(steps) / RATE) * bursts(rate, 0.7)
            yield f"melody {rate} {seed}", melody
            for snr in (10, 20, 30):
                yield f"melody {rate} {seed} over noise {snr}", with_noise(melody, snr)
    for start, stop in ((100, 1_000), (200, 4_000), (50, 7_000), (1_000, 200), (300, 600)):
        chirp = 0.3 * np.sin(sweep(start, stop))
        yield f"chirp {start} {stop}", chirp
        yield f"chirp {start} {stop} in noise", with_noise(chirp, 20)
        yield f"chirp {start} {stop} in more noise", with_noise(chirp, 10)
        yield f"chirp {start} {stop} in bursts", chirp * bursts(3)
    for start, stop in ((100, 200), (400, 150)):
        siren = sum(0.05 * np.sin(k * sweep(start, stop)) / k for k in range(1, 18))
        yield f"siren {start} {stop}", siren
    for rate in (1, 2, 5, 10, 50, 100, 200):
        clicks = np.zeros(len(t))
        clicks[:: RATE // rate] = 0.8
        yield f"clicks {rate}", clicks
        yield f"clicks {rate} in noise", clicks + 0.02 * noise(0)
    random = np.zeros(len(t))
    random[np.random.default_rng(0).integers(0, len(t), 90)] = 0.8
    yield "clicks at random", random


OTHERS = dict(others())


@pytest.mark.parametrize("name", OTHERS)
def test_other_sounds_are_no_speech(name: str) -> None:
    assert not has_speech(clip_of(OTHERS[name])), evidence(clip_of(OTHERS[name]))


@pytest.mark.parametrize("name", SPEECH)
def test_synthesised_speech_is_speech(name: str) -> None:
    assert has_speech(clip_of(SPEECH[name])), evidence(clip_of(SPEECH[name]))


@pytest.mark.parametrize("name", SPEECH)
@pytest.mark.parametrize("gain", [-40, -20, 20])
def test_level_does_not_matter(name: str, gain: float) -> None:
    plain = evidence(clip_of(SPEECH[name]))
    scaled = evidence(clip_of(SPEECH[name] * 10 ** (gain / 20)))
    assert replace(scaled, peak=plain.peak).missing is None
    assert scaled.voiced == plain.voiced
    assert scaled.movement == pytest.approx(plain.movement, abs=0.01)
    assert scaled.modulation == pytest.approx(plain.modulation, abs=0.01)


@pytest.mark.parametrize("rate", [8_000, 11_025, 22_050, 44_100, 48_000])
@pytest.mark.parametrize("name", ["man", "woman"])
def test_rate_does_not_matter(name: str, rate: int) -> None:
    assert has_speech(resample(clip_of(SPEECH[name]), rate))


def test_a_rate_below_that_of_a_telephone_is_no_fault() -> None:
    assert has_speech(resample(clip_of(SPEECH["man"]), 4_000))
    assert not has_speech(resample(clip_of(OTHERS["tone 440"]), 4_000))
    assert not has_speech(clip_of(np.ones(3), 1))


@pytest.mark.parametrize("rate", [8_000, 44_100])
@pytest.mark.parametrize("name", ["tone 440", "complex 150 1", "chord 220.0", "white noise 0"])
def test_other_sounds_at_other_rates(name: str, rate: int) -> None:
    assert not has_speech(resample(clip_of(OTHERS[name]), rate))


@pytest.mark.parametrize("colour", [0, 1])
@pytest.mark.parametrize("name", ["man", "woman", "fast", "slow"])
def test_speech_in_noise_is_speech(name: str, colour: float) -> None:
    assert has_speech(clip_of(with_noise(SPEECH[name], 10, colour)))


def test_speech_over_a_telephone_is_speech() -> None:
    wave = SPEECH["man"]
    spectrum = np.fft.rfft(wave)
    frequency = np.fft.rfftfreq(len(wave), 1 / RATE)
    spectrum[(frequency < 300) | (frequency > 3_400)] = 0
    assert has_speech(resample(clip_of(np.fft.irfft(spectrum, len(wave))), 8_000))


def test_a_little_speech_in_long_silence_is_speech() -> None:
    wave = np.concatenate([np.zeros(30 * RATE), SPEECH["man"], np.zeros(30 * RATE)])
    assert has_speech(clip_of(wave))


def test_offset_does_not_matter() -> None:
    plain, shifted = evidence(clip_of(SPEECH["man"])), evidence(clip_of(SPEECH["man"] + 0.5))
    assert shifted.voiced == plain.voiced
    assert shifted.movement == pytest.approx(plain.movement, abs=0.01)


def test_each_trait_is_asked_for() -> None:
    """Speech that lacks one trait: whispered, with a frozen vocal tract, with a flat level."""
    speech = evidence(clip_of(SPEECH["man"]))
    assert speech.missing is None
    for lacking in (
        replace(speech, voiced=0.9 * MIN_VOICED),
        replace(speech, movement=0.9 * MIN_MOVEMENT),
        replace(speech, modulation=0.9 * MIN_MODULATION),
        replace(speech, peak=1e-5),
    ):
        assert lacking.missing is not None
    frozen = evidence(clip_of(syllables("aaaaa")))
    assert frozen.voiced > MIN_VOICED
    assert frozen.modulation > MIN_MODULATION
    assert frozen.movement < MIN_MOVEMENT
    swelling = evidence(clip_of(noise(0) * (1 + np.sin(2 * np.pi * 4 * time()))))
    assert swelling.modulation > MIN_MODULATION
    steady = evidence(clip_of(partials(150, 1)))
    assert steady.voiced > 2.5
    assert steady.modulation < MIN_MODULATION


def test_modulation_of_a_known_swell() -> None:
    """A level that swings by ±6 dB four times a second has a standard deviation of 6 / sqrt(2)."""
    wave = partials(150, 1) * 10 ** (6 * np.sin(2 * np.pi * 4 * time()) / 20)
    # The 48 ms average takes 6 % off, the 40 ms window 2 %.
    assert evidence(clip_of(wave)).modulation == pytest.approx(6 / np.sqrt(2), rel=0.12)


@given(
    duration=st.floats(0.01, 1.0),
    seed=st.integers(0, 2**32 - 1),
    rate=st.sampled_from([8_000, 11_025, 16_000, 48_000, 192_000]),
)
@settings(max_examples=40, deadline=None)
def test_any_length_gives_finite_numbers(duration: float, seed: int, rate: int) -> None:
    wave = np.random.default_rng(seed).uniform(-1, 1, max(1, round(duration * rate)))
    found = evidence(clip_of(wave, rate))
    assert np.isfinite([found.peak, found.voiced, found.movement, found.modulation]).all()
    assert found == evidence(clip_of(wave, rate))
    assert not has_speech(clip_of(wave, rate))


@given(frequency=st.floats(60, 7_000), level=st.floats(-60, 0), duration=st.floats(0.3, 2.0))
@settings(max_examples=40, deadline=None)
def test_no_tone_is_speech(frequency: float, level: float, duration: float) -> None:
    wave = 10 ** (level / 20) * np.sin(2 * np.pi * frequency * time(duration))
    assert not has_speech(clip_of(wave))


@pytest.mark.parametrize("wave", [np.zeros(0), np.zeros(RATE), np.full(RATE, 0.25)])
def test_silence_is_measured_as_nothing(wave: Wave) -> None:
    assert evidence(clip_of(wave)) == Evidence(0.0, 0.0, 0.0, 0.0)
    assert evidence(clip_of(wave)).missing == "it is silent"


def test_what_is_far_below_a_louder_sound_does_not_count() -> None:
    tone = 0.5 * np.sin(2 * np.pi * 440 * time(1.0))
    for level, heard in ((0, True), (-10, True), (-60, False)):
        wave = np.concatenate([tone, SPEECH["man"] * 10 ** (level / 20)])
        assert has_speech(clip_of(wave)) == heard


def test_chunks_do_not_show(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = evidence(clip_of(SPEECH["man"]))
    monkeypatch.setattr("rewardkit.speech._CHUNK", 7)
    assert evidence(clip_of(SPEECH["man"])) == whole


@pytest.mark.parametrize(
    ("corpus", "pattern", "step"),
    [
        ("emodb_cc0", "*.flac", 13),
        ("ravdess_ccbyncsa", "*.flac", 54),
        ("librispeech_ccby", "**/*.flac", 18),
    ],
)
def test_recorded_speech_is_speech(corpus: str, pattern: str, step: int, data_dir: Path) -> None:
    paths = sorted((data_dir / corpus).glob(pattern))[::step]
    assert len(paths) >= 18
    for path in paths:
        assert has_speech(read(path)), (path.name, evidence(read(path)))


def test_speech_at_the_start_is_enough_and_speech_at_the_end_is_found() -> None:
    tone = 0.1 * np.sin(2 * np.pi * 220 * time(6.0))
    spoken = next(iter(SPEECH.values()))
    for wave in (np.concatenate([spoken, tone]), np.concatenate([tone, spoken])):
        assert missing(clip_of(wave)) is None
    assert missing(clip_of(tone)) == evidence(clip_of(tone)).missing
    assert missing(clip_of(tone)) is not None
