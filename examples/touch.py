# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: Apache-2.0
"""A reward of another modality: which of two strokes over the skin is the more pleasant?

    python -m examples.touch

Run from the project's top folder. A stroke is what a strip of pressure sensors saw, and no sound.
A scorer names its numbers, preferences train a head, and the head gives rewards. What had to
change in the core, and what stood in the way, is in `docs/another_modality.md`.

The preferences are planted: stroking pleases most at about 3 cm/s and less when slower or faster
(Löken, Wessberg, Morrison, McGlone and Olausson 2009, "Coding of pleasant touch by unmyelinated
afferents in humans", Nature Neuroscience 12, 547-548), and a heavy or an unsteady hand is worse.
"""

from __future__ import annotations

import hashlib
import math
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Final, cast

import numpy as np
from numpy.typing import NDArray

from rewardkit import Clip, Extractor, Feature, Preference
from rewardkit.preferences import ClipInfo
from rewardkit.training import TrainOptions
from rewardkit.training.run import Run, RunOptions, fit_model

PITCH: Final = 0.4
"""Distance between neighbouring sensors in cm."""

SENSORS: Final = 16
SAMPLE_RATE: Final = 100
"""Frames per second."""

BEST: Final = 3.0
"""The most pleasant speed in cm/s."""


@dataclass(frozen=True, eq=False)
class Touch:
    """One stroke, as a strip of sensors saw it.

    Args:
        frames: Pressure as a part of full scale, `(frames, sensors)`.
        sample_rate: Frames per second.
        source: For messages.
    """

    frames: NDArray[np.float32] = field(repr=False)
    sample_rate: int = SAMPLE_RATE
    source: str = "<touch>"

    @property
    def duration(self) -> float:
        """In s."""
        return len(self.frames) / self.sample_rate

    @cached_property
    def key(self) -> str:
        """What the numbers are cached by."""
        shape = f"{self.sample_rate}:{self.frames.shape}:".encode()
        return hashlib.sha256(shape + np.ascontiguousarray(self.frames).tobytes()).hexdigest()


@dataclass(frozen=True)
class Stroke:
    """How fast, how firm and how steady a stroke is.

    Args:
        contact: Pressure, summed over the strip, from which on it is touched.
    """

    contact: float = 0.05

    name = "stroke"
    version = 1
    sample_rate = None
    features = (
        Feature("speed", "log", "logarithm of the speed over the skin in cm/s", -10, 10),
        Feature("pressure", "1", "mean pressure in contact, summed over the strip", 0, SENSORS),
        Feature("unsteadiness", "%", "deviation of that pressure from its trend", 0),
        Feature("contact", "s", "time in contact", 0),
    )

    def __call__(self, touch: Any) -> Mapping[str, float]:
        """Measure one `Touch`; NaN where the strip is not touched for a tenth of a second."""
        pressure = touch.frames.astype(np.float64).sum(axis=1)
        touched = np.flatnonzero(pressure > self.contact)
        time = len(touched) / touch.sample_rate
        if time < 0.1:
            return dict.fromkeys((f.name for f in self.features[:3]), math.nan) | {"contact": time}
        places = PITCH * np.arange(touch.frames.shape[1])
        centre = touch.frames[touched].astype(np.float64) @ places / pressure[touched]
        seconds = touched / touch.sample_rate
        speed = abs(np.polyfit(seconds, centre, 1)[0])
        held = pressure[touched]
        rest = held - np.polyval(np.polyfit(seconds, held, 2), seconds)
        return {
            "speed": math.log(min(max(speed, 1e-3), 1e3)),
            "pressure": float(held.mean()),
            "unsteadiness": float(100 * rest.std() / held.mean()),
            "contact": time,
        }


def stroke(
    speed: float, pressure: float, tremor: float, chance: np.random.Generator, name: str = "<touch>"
) -> Touch:
    """A fingertip that moves along the strip.

    Args:
        speed: In cm/s.
        pressure: Summed over the strip, as a part of one sensor's full scale.
        tremor: Part by which the pressure varies.
        chance: Of the tremor and of the sensors' noise.
        name: For messages.
    """
    seconds = PITCH * (SENSORS - 1) / speed
    time = np.arange(round(min(seconds, 4.0) * SAMPLE_RATE)) / SAMPLE_RATE
    places = PITCH * np.arange(SENSORS)
    shape = np.exp(-0.5 * ((places - speed * time[:, None]) / 0.6) ** 2)
    shake = 1 + tremor * np.sin(2 * np.pi * 8 * time + chance.uniform(0, 6.28))
    frames = pressure * shape / shape.sum(axis=1, keepdims=True) * shake[:, None]
    frames = frames + 0.001 * chance.standard_normal(frames.shape)
    return Touch(frames.clip(0, 1).astype(np.float32), source=name)


def pleasure(speed: float, pressure: float, tremor: float) -> float:
    """The planted truth, in log-odds: an inverted U over the logarithm of speed, and two slopes."""
    return -3.0 * abs(math.log(speed / BEST)) - 4.0 * pressure - 8.0 * tremor


def material(
    strokes: int = 160, pairs: int = 1200, seed: int = 0
) -> tuple[list[Touch], list[Preference]]:
    """Strokes, and who would be preferred, answered by chance as Bradley and Terry have it."""
    chance = np.random.default_rng(seed)
    made, worth = [], []
    for number in range(strokes):
        how = (
            float(np.exp(chance.uniform(np.log(0.5), np.log(20)))),
            float(chance.uniform(0.2, 1.0)),
            float(chance.uniform(0.0, 0.3)),
        )
        made.append(stroke(*how, chance, f"stroke-{number}"))
        worth.append(pleasure(*how))
    answers = []
    for _ in range(pairs):
        a, b = chance.choice(strokes, 2, replace=False).tolist()
        win = float(chance.random() < 1 / (1 + math.exp(worth[b] - worth[a])))
        answers.append(Preference(made[a].source, made[b].source, win, "pleasantness"))
    return made, answers


def extractor() -> Extractor:
    """Measures strokes. No speech is asked for: there is none."""
    scorer: Any = Stroke()
    return Extractor([scorer], require_speech=False)


def measure(touches: Sequence[Touch]) -> NDArray[np.float64]:
    """The numbers of some strokes, `(strokes, features)`.

    The extractor's types say `Clip`; of a clip it asks no more than a `Touch` has.

    Raises:
        RewardkitError: The first stroke's failure, if any.
    """
    features = extractor()(cast("Sequence[Clip]", touches))
    for error in features.errors:
        if error is not None:
            raise error
    return features.values


def train(touches: Sequence[Touch], answers: Sequence[Preference]) -> Run:
    """A head over the named numbers, evaluated on strokes left out."""
    values = dict(zip((touch.source for touch in touches), measure(touches), strict=True))
    info = {
        touch.source: ClipInfo(touch.key, touch.duration, 20 * math.log10(touch.frames.mean()))
        for touch in touches
    }
    options = RunOptions(
        name="touch",
        require_speech=False,
        license="CC0-1.0",
        train=TrainOptions(bend=True, grid=(0.1, 1.0, 10.0)),
    )
    return fit_model(extractor(), values, info, answers, options)


def reward_of(run: Run) -> Callable[[Sequence[Touch]], list[float | None]]:
    """What a policy-optimisation loop calls: strokes in, rewards out, None for what has none."""

    def reward(touches: Sequence[Touch]) -> list[float | None]:
        return [each.scalar for each in run.model.judge(measure(touches))]

    return reward


def main() -> None:
    """Train, and say what the head makes of slow, good, fast, heavy and unsteady strokes."""
    run = train(*material())
    if run.evaluation is not None:
        sys.stdout.write(run.evaluation.render() + "\n")
    reward = reward_of(run)
    chance = np.random.default_rng(1)
    for name, how in {
        "slow, 0.6 cm/s": (0.6, 0.3, 0.02),
        "at 3 cm/s": (3.0, 0.3, 0.02),
        "fast, 18 cm/s": (18.0, 0.3, 0.02),
        "heavy": (3.0, 0.9, 0.02),
        "unsteady": (3.0, 0.3, 0.25),
    }.items():
        (found,) = reward([stroke(*how, chance)])
        said = "no reward" if found is None else f"{found:+.2f}"
        sys.stdout.write(f"{name:16} {said}  (planted {pleasure(*how):+.2f})\n")


if __name__ == "__main__":
    main()
