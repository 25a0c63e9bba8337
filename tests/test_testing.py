# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: Apache-2.0
"""The conformance checks: they pass what keeps the contract and catch what does not."""

from __future__ import annotations

import math
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np
import pytest
from numpy.typing import NDArray

from rewardkit import testing
from rewardkit.batch import Batch
from rewardkit.clip import Clip
from rewardkit.features import Feature
from rewardkit.scorers import Scorer, load
from rewardkit.speech import has_speech
from rewardkit.testing import CHECKS, Loudness, voice

OURS = ["pitch", "timing", "voice", "emotion"]


@pytest.mark.parametrize("check", CHECKS)
@pytest.mark.parametrize("name", OURS)
def test_our_scorers_conform(check: Callable[[Scorer], None], name: str) -> None:
    check(load(name))


@pytest.mark.parametrize("check", CHECKS)
def test_the_example_conforms(check: Callable[[Scorer], None]) -> None:
    check(Loudness())


@dataclass(frozen=True)
class Good:
    """Share of samples above zero; the classes below break it one way each."""

    name = "good"
    version = 1
    sample_rate = None
    features = (Feature("share", "1", "share above zero", low=0, high=1),)

    def __call__(self, clip: Clip) -> Mapping[str, float]:
        return {"share": float((clip.samples > 0).mean())}


class NoVersion(Good):
    version = 0


class TwoOfAName(Good):
    features = (*Good.features, *Good.features)


class OddName(Good):
    name = "My Scorer:v2,é"


class NumberAsName(Good):
    name = 5  # type: ignore[assignment]


class TruthAsVersion(Good):
    version = True


class TextAsRate(Good):
    sample_rate = "16000"  # type: ignore[assignment]


class NoRate(Good):
    sample_rate = 0  # type: ignore[assignment]


class ListOfFeatures(Good):
    features: ClassVar = list(Good.features)


class HiddenParameter:
    """A plain class: all that are made of it have one identity, whatever the factor."""

    name, version, sample_rate, features = "hidden", 1, None, Good.features

    def __init__(self, factor: float = 1.0) -> None:
        self.factor = factor

    def __call__(self, clip: Clip) -> Mapping[str, float]:
        return {"share": self.factor * float((clip.samples > 0).mean())}


class Keywords(HiddenParameter):
    """The same, where its signature does not name them."""

    def __init__(self, **given: float) -> None:
        super().__init__(given.get("factor", 0.5))


def _halved() -> Keywords:
    return Keywords(factor=0.25)


@dataclass(frozen=True)
class NumbersAsKeys(Good):
    """Its identity is the same when a checkpoint has kept the keys as text, but not its numbers."""

    weights: dict[int, float] = field(default_factory=lambda: {1: 0.5})

    def __call__(self, clip: Clip) -> Mapping[str, float]:
        return {"share": self.weights.get(1, 1.0) * float((clip.samples > 0).mean())}


@dataclass(frozen=True)
class Unbounded(Good):
    """JSON has no infinity."""

    most: float = math.inf


class Forgetful(Good):
    """Made again from its parameters it has other weights."""

    @property
    def digest(self) -> str:
        return str(id(self))


class Missing(Good):
    def __call__(self, clip: Clip) -> Mapping[str, float]:
        return {}


class OutOfRange(Good):
    def __call__(self, clip: Clip) -> Mapping[str, float]:
        return {"share": 1.5}


class Infinite(Good):
    def __call__(self, clip: Clip) -> Mapping[str, float]:
        return {"share": math.inf}


class Anything(Good):
    features = (Feature("share", "1", "of any size"),)


class AnyInfinite(Anything):
    def __call__(self, clip: Clip) -> Mapping[str, float]:
        return {"share": math.inf}


class TooLarge(Anything):
    def __call__(self, clip: Clip) -> Mapping[str, float]:
        return {"share": 1e300}


class Fragile(Good):
    def __call__(self, clip: Clip) -> Mapping[str, float]:
        return {"share": float(1 / np.abs(clip.samples).max().item())}


class Mute(Good):
    def __call__(self, clip: Clip) -> Mapping[str, float]:
        return {"share": math.nan}


class Moody(Good):
    def __call__(self, clip: Clip) -> Mapping[str, float]:
        return {"share": float(np.random.default_rng().uniform())}


class Vandal(Good):
    def __call__(self, clip: Clip) -> Mapping[str, float]:
        clip.samples[:] = 0
        return {"share": 0.5}


class Reader(Good):
    def __call__(self, clip: Clip) -> Mapping[str, float]:
        return {"share": 1 / len((clip.text or "one").split())}


class SourceReader(Good):
    def __call__(self, clip: Clip) -> Mapping[str, float]:
        return {"share": 1 / (1 + len(clip.source))}


class BatchReader(Good):
    def score_batch(self, clips: Sequence[Clip]) -> NDArray[np.float64]:
        return np.array([[self(c)["share"] / len((c.text or "one").split())] for c in clips])


class BatchVandal(Good):
    def score_batch(self, clips: Sequence[Clip]) -> NDArray[np.float64]:
        for clip in clips:
            clip.samples[:] *= 2  # leaves the numbers as they are
        return np.array([[self(clip)["share"]] for clip in clips])


class BufferVandal(Good):
    def score_batch(self, clips: Sequence[Clip]) -> NDArray[np.float64]:
        Batch.of(clips).samples[:] = 0
        return np.array([[self(clip)["share"]] for clip in clips])


class OtherBatch(Good):
    def score_batch(self, clips: Sequence[Clip]) -> NDArray[np.float64]:
        return np.full((len(clips), 1), 0.25)


def _holder(batch: Batch) -> list[Batch]:
    return [batch]


class Holding(Good):
    def score_batch(self, clips: Sequence[Clip]) -> NDArray[np.float64]:
        held = Batch.of(clips).shared(_holder)[0]
        return np.array([[self(clip)["share"]] for clip in held])


class Loud(Good):
    def __call__(self, clip: Clip) -> Mapping[str, float]:
        return {"share": min(float(np.abs(clip.samples).max()), 1.0)}


class OneRate(Good):
    def __call__(self, clip: Clip) -> Mapping[str, float]:
        if clip.sample_rate != 16_000:
            raise ValueError("16 kHz only")
        return super().__call__(clip)


@pytest.mark.parametrize(
    ("broken", "check"),
    [
        (NoVersion, testing.check_declaration),
        (TwoOfAName, testing.check_declaration),
        (OddName, testing.check_declaration),
        (NumberAsName, testing.check_declaration),
        (TruthAsVersion, testing.check_declaration),
        (TextAsRate, testing.check_declaration),
        (NoRate, testing.check_declaration),
        (ListOfFeatures, testing.check_declaration),
        (HiddenParameter, testing.check_identity),
        (_halved, testing.check_identity),
        (NumbersAsKeys, testing.check_identity),
        (Unbounded, testing.check_identity),
        (Forgetful, testing.check_identity),
        (Missing, testing.check_numbers),
        (OutOfRange, testing.check_numbers),
        (Infinite, testing.check_numbers),
        (AnyInfinite, testing.check_numbers),
        (TooLarge, testing.check_numbers),
        (Fragile, testing.check_numbers),
        (Mute, testing.check_measures),
        (Moody, testing.check_pure),
        (Vandal, testing.check_pure),
        (Reader, testing.check_text),
        (SourceReader, testing.check_text),
        (BatchReader, testing.check_text),
        (BatchVandal, testing.check_batch),
        (BufferVandal, testing.check_batch),
        (OtherBatch, testing.check_batch),
        (Holding, testing.check_release),
        (Loud, testing.check_level),
        (OneRate, testing.check_rates),
    ],
)
def test_each_breach_is_caught_by_its_check(
    broken: Callable[[], Scorer], check: Callable[[Scorer], None]
) -> None:
    for every in CHECKS:
        every(Good())
    with pytest.raises((AssertionError, ValueError, ZeroDivisionError)):
        check(broken())


def test_what_is_read_may_be_declared() -> None:
    class Declared(Reader):
        uses_text = True

    for check in CHECKS:
        check(Declared())


def test_the_checks_fail_in_optimised_python_too() -> None:
    code = (
        "from rewardkit.testing import CHECKS, Loudness\n"
        "class Broken(Loudness):\n"
        "    version = 0\n"
        "assert False\n"  # is left out: Python is optimised
        "CHECKS[0](Broken())\n"
    )
    found = subprocess.run(
        [sys.executable, "-O", "-c", code], capture_output=True, text=True, timeout=60, check=False
    )
    assert "AssertionError: version 0: a whole number from 1" in found.stderr


def test_the_made_voice_passes_as_speech_at_every_rate() -> None:
    for rate in (8_000, 16_000, 48_000):
        assert has_speech(voice(2.0, rate))
