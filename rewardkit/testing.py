# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: Apache-2.0
"""Conformance checks for scorers: what the host relies on, as tests that a plug-in can run.

In the test-suite of a package that offers a scorer:

```python
import pytest
from rewardkit.testing import CHECKS

@pytest.mark.parametrize("check", CHECKS)
def test_conforms(check):
    check(MyScorer())
```
"""

from __future__ import annotations

import gc
import inspect
import json
import math
import re
import weakref
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from rewardkit import audio
from rewardkit.batch import Batch
from rewardkit.clip import Clip
from rewardkit.features import Feature
from rewardkit.scorers import BatchScorer, Scorer, describe, identity, parameters


@dataclass(frozen=True)
class Loudness:
    """The smallest useful scorer, and the example in the README: RMS level.

    Args:
        floor: In dB re full scale; reported for digital silence.

    Example:
        >>> Loudness()(Clip(np.full(8000, 0.1, np.float32), 16_000))["rms"]
        -20.0
    """

    floor: float = -80.0

    name = "loudness"
    version = 1
    sample_rate = None
    features = (
        Feature("rms", "dB", "RMS level re full scale", low=-80, high=20, level_dependent=True),
    )

    def __call__(self, clip: Clip) -> Mapping[str, float]:
        """The level of the whole clip."""
        power = float(np.mean(np.square(clip.samples, dtype=np.float64)))
        level = 10 * math.log10(power) if power else self.floor
        return {"rms": round(max(level, self.floor), 4)}


def voice(
    duration: float = 2.0,
    sample_rate: int = 16_000,
    *,
    pitch: float = 120.0,
    syllables: float = 4.0,
    seed: int = 0,
) -> Clip:
    """Speech-like sound made from a formula: syllables of a buzz with moving formants, and breath.

    Args:
        duration: In seconds.
        sample_rate: In Hz.
        pitch: Mean fundamental frequency in Hz; it falls by two semitones and moves by syllable.
        syllables: Syllables per second; every fifth is left out, as a pause.
        seed: Of the vowels and the melody.

    Returns:
        A clip with a peak of 0.5, the same on every machine up to rounding.

    Example:
        >>> voice(0.5).duration
        0.5
    """
    random = np.random.default_rng(seed)
    t = np.arange(round(duration * sample_rate)) / sample_rate
    count = math.ceil(duration * syllables) + 1
    phase = t * syllables
    place = phase.astype(int)
    melody = np.interp(phase, np.arange(count), random.uniform(-2, 2, count))
    frequency = pitch * 2 ** ((melody - 2 * t / max(duration, 1e-9)) / 12)
    angle = 2 * np.pi * np.cumsum(frequency) / sample_rate
    formants = [
        np.interp(phase, np.arange(count), random.uniform(low, high, count))
        for low, high in ((300, 800), (900, 2200), (2300, 2900))
    ]
    sound = np.zeros_like(t)
    for harmonic in range(1, int(min(4000.0, sample_rate / 2.2) / pitch)):
        distance = [
            np.abs(harmonic * frequency - centre) / width
            for centre, width in zip(formants, (90, 110, 170), strict=True)
        ]
        gain = sum(1 / (1 + d**2) for d in distance) / harmonic**0.5
        sound += gain * np.sin(harmonic * angle)
    envelope = np.sin(np.pi * (phase - place)) ** 2 * (place % 5 != 4)
    sound = sound * envelope + 0.002 * random.standard_normal(len(t))
    return Clip((0.5 * sound / np.abs(sound).max()).astype(np.float32), sample_rate, "<voice>")


def _spoken(scorer: Scorer, clip: Clip) -> Clip:
    """The clip, with a text when the scorer wants one."""
    if not getattr(scorer, "uses_text", False):
        return clip
    return clip.with_text("Nothing is said here, but a voice can be heard. It pauses now and then.")


def _sounds(scorer: Scorer) -> Iterator[Clip]:
    """Clips that a scorer must survive, at the rate that it asks for."""
    random = np.random.default_rng(1)
    rate = scorer.sample_rate or 16_000
    t = np.arange(rate) / rate
    made: dict[str, NDArray[np.float64]] = {
        "silence": np.zeros(rate),
        "noise": 0.1 * random.standard_normal(rate),
        "tone": 0.3 * np.sin(2 * np.pi * 220 * t),
        "click": np.where(t == 0.5, 0.9, 0.0),
        "direct current": np.full(rate, 0.2),
        "short": 0.3 * np.sin(2 * np.pi * 220 * t[: rate // 5]),
    }
    for name, samples in made.items():
        yield _spoken(scorer, Clip(samples.astype(np.float32), rate, f"<{name}>"))
    for seed, pitch in enumerate((90.0, 130.0, 220.0)):
        yield _spoken(scorer, voice(1.5 + seed, rate, pitch=pitch, seed=seed))


def _numbers(scorer: Scorer, clip: Clip) -> NDArray[np.float64]:
    measured = scorer(clip)
    return np.array([float(measured[feature.name]) for feature in scorer.features])


def _require(condition: object, message: str) -> None:
    """What `assert` does, in optimised Python too."""
    if not condition:
        raise AssertionError(message)


def check_declaration(scorer: Scorer) -> None:
    """Name, version, rate and features are declared as the host wants them; names differ."""
    _require(isinstance(scorer, Scorer), "not a scorer: see rewardkit.scorers.Scorer")
    name, version, rate = scorer.name, scorer.version, scorer.sample_rate
    _require(
        isinstance(name, str) and re.fullmatch(r"[a-z][a-z0-9_]*", name),
        f"name {name!r}: use lower case, digits and underscores",
    )
    _require(type(version) is int and version >= 1, f"version {version!r}: a whole number from 1")
    _require(
        rate is None or (type(rate) is int and rate > 0),
        f"sample_rate {rate!r}: a whole number of Hz, or None",
    )
    features = scorer.features
    _require(
        isinstance(features, tuple) and all(isinstance(f, Feature) for f in features),
        f"features: a tuple of `Feature`, not {features!r}",
    )
    _require(features, "features: declare at least one")
    names = [feature.name for feature in features]
    _require(len(set(names)) == len(names), f"feature names must differ: {names}")


def check_identity(scorer: Scorer) -> None:
    """All that a scorer is made with is in its identity, is JSON, and makes the same again."""
    json.dumps(describe(scorer))
    known = parameters(scorer)
    hidden = [
        name
        for name, given in inspect.signature(type(scorer)).parameters.items()
        if name not in known and given.kind not in (given.VAR_POSITIONAL, given.VAR_KEYWORD)
    ]
    _require(not hidden, f"parameters that are no fields of a dataclass: {', '.join(hidden)}")
    again = type(scorer)(**json.loads(json.dumps(known, allow_nan=False)))  # as checkpoints do
    _require(identity(again) == identity(scorer), "parameters do not make the same scorer again")
    clip = _spoken(scorer, voice(1.5, scorer.sample_rate or 16_000))
    _require(
        np.array_equal(_numbers(again, clip), _numbers(scorer, clip), equal_nan=True),
        "made again from its parameters it gives other numbers",
    )


def check_numbers(scorer: Scorer) -> None:
    """Every sound gives exactly the declared numbers: NaN, or inside the declared range."""
    names = {feature.name for feature in scorer.features}
    for clip in _sounds(scorer):
        measured = scorer(clip)
        _require(set(measured) == names, f"{clip.source}: gave {list(measured)}")
        for feature in scorer.features:
            value = float(measured[feature.name])
            if math.isnan(value):
                continue
            _require(
                feature.low <= value <= feature.high,
                f"{clip.source}: {feature.name} = {value} outside [{feature.low}, {feature.high}]",
            )
            _require(
                abs(value) <= float(np.finfo(np.float32).max),
                f"{clip.source}: {feature.name} = {value} is infinite in float32",
            )


def check_measures(scorer: Scorer) -> None:
    """Of speech, something can be measured."""
    clip = _spoken(scorer, voice(3.0, scorer.sample_rate or 16_000))
    _require(not np.isnan(_numbers(scorer, clip)).all(), "all numbers are NaN on speech")


def check_pure(scorer: Scorer) -> None:
    """The same clip gives the same bits, in any order, and its samples are left alone."""
    clips = list(_sounds(scorer))
    before = [clip.samples.copy() for clip in clips]
    first = [_numbers(scorer, clip) for clip in clips]
    second = [_numbers(scorer, clip) for clip in reversed(clips)][::-1]
    for clip, kept, a, b in zip(clips, before, first, second, strict=True):
        _require(np.array_equal(clip.samples, kept), f"{clip.source}: the samples were changed")
        _require(np.array_equal(a, b, equal_nan=True), f"{clip.source}: {a} and then {b}")


def check_text(scorer: Scorer) -> None:
    """Numbers depend on `Clip.text` only where `uses_text` says so, and never on `Clip.source`.

    The cache keeps numbers by what they are said to depend on.
    """
    clip = _spoken(scorer, voice(1.5, scorer.sample_rate or 16_000))
    text = clip.text or "Some words."
    other = Clip(clip.samples, clip.sample_rate, "elsewhere.wav", text)
    same = np.array_equal(_numbers(scorer, clip), _numbers(scorer, other), equal_nan=True)
    if isinstance(scorer, BatchScorer):
        a, b = (np.asarray(scorer.score_batch([one]), np.float64) for one in (clip, other))
        same = same and np.array_equal(a, b, equal_nan=True)
    _require(same, "numbers depend on the text (then say uses_text = True) or on the source")


def check_batch(scorer: Scorer) -> None:
    """A batch call, if there is one, gives the same bits as single calls and changes no samples."""
    if not isinstance(scorer, BatchScorer):
        return
    clips = list(_sounds(scorer))
    before = [clip.samples.copy() for clip in clips]
    single = np.stack([_numbers(scorer, clip) for clip in clips]).astype(np.float32)
    for order in (np.arange(len(clips)), np.arange(len(clips))[::-1], np.array([3])):
        made = Batch([clips[i] for i in order])
        batch = np.asarray(scorer.score_batch(made), np.float32)
        whole = np.concatenate([before[i] for i in order])
        for now in (np.concatenate([clip.samples for clip in made]), made.samples):
            _require(np.array_equal(now, whole), "a batch changes samples")
        _require(np.array_equal(batch, single[order], equal_nan=True), "a batch changes numbers")


def check_release(scorer: Scorer) -> None:
    """What is kept with a batch goes with it, and does not wait for cycles to be looked for.

    A cycle (something shared that holds its batch) keeps the memory of batch after batch.
    """
    if not isinstance(scorer, BatchScorer):
        return
    clip = _spoken(scorer, voice(1.5, scorer.sample_rate or 16_000))
    scorer.score_batch(Batch([clip]))  # what a first call loads or compiles may hold anything
    made = Batch([clip])
    kept = weakref.ref(made)
    collecting = gc.isenabled()
    gc.disable()
    try:
        scorer.score_batch(made)
        del made
        _require(kept() is None, "the batch is still there: something it shares holds it")
    finally:
        if collecting:
            gc.enable()


def check_level(scorer: Scorer) -> None:
    """Scaling a clip by 6 dB either way changes only features declared `level_dependent`."""
    rate = scorer.sample_rate or 16_000
    clip = _spoken(scorer, voice(3.0, rate))
    plain = _numbers(scorer, clip)
    for gain in (0.5, 2.0):
        louder = Clip(clip.samples * np.float32(gain), rate, f"<voice x{gain}>", clip.text)
        scaled = _numbers(scorer, louder)
        for feature, a, b in zip(scorer.features, plain, scaled, strict=True):
            same = math.isclose(a, b, rel_tol=1e-3, abs_tol=1e-3) or (
                math.isnan(a) and math.isnan(b)
            )
            _require(
                same or feature.level_dependent,
                f"{feature.name}: {a} becomes {b} at gain {gain}: declare it level_dependent",
            )


def check_rates(scorer: Scorer) -> None:
    """Usual sample rates are accepted, through the host's resampling where a rate is asked for."""
    for rate in (8_000, 22_050, 48_000):
        clip = voice(1.0, rate)
        if scorer.sample_rate is not None:
            clip = audio.resample(clip, scorer.sample_rate)
        _numbers(scorer, clip)


CHECKS: Final[tuple[Callable[[Scorer], None], ...]] = (
    check_declaration,
    check_identity,
    check_numbers,
    check_measures,
    check_pure,
    check_text,
    check_batch,
    check_release,
    check_level,
    check_rates,
)
"""All checks; each takes a scorer and raises AssertionError with what is wrong."""
