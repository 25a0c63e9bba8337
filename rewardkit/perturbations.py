# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: Apache-2.0
"""Changes to a clip of which we know beforehand what a good reward makes of them.

Each is a plain function of samples, their rate and a generator of chance. Other packages offer
more in the entry-point group `rewardkit.perturbations` (ours: tempo and melody, by Praat's
resynthesis), each entry a list of `Perturbation`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import entry_points
from typing import Any, Final, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from rewardkit.clip import Clip
from rewardkit.errors import RewardkitError

GROUP: Final = "rewardkit.perturbations"
"""The entry-point group in which other packages offer perturbations."""

Samples = NDArray[np.float32]
Relation = Literal["same", "no_better", "worse", "refused"]
"""What must hold of the changed clip's reward: the same as before, not above it, below it, or no
reward at all. A clip that gets no reward is never above or below, and is no failure there."""


class NotApplicable(ValueError):  # noqa: N818 - not a fault: the change does not suit the clip
    """The clip lacks what would be changed: no melody, no pauses."""


@dataclass(frozen=True)
class Perturbation:
    """One change, and what must become of the reward.

    Args:
        name: Lower case with underscores.
        about: What is done, in one line.
        relation: See `Relation`.
        make: From samples `(n,)`, the rate in Hz and a generator, the changed samples. It may
            raise `NotApplicable`.

    Raises:
        RewardkitError: `bad_perturbation` for another relation.

    Example:
        >>> twice = Perturbation("gain", "twice as loud", "same", lambda x, rate, rng: 2 * x)
        >>> twice(Clip(np.full(3, 0.25, np.float32), 16_000)).samples.tolist()
        [0.5, 0.5, 0.5]
    """

    name: str
    about: str
    relation: Relation
    make: Callable[[Samples, int, np.random.Generator], Samples]

    def __post_init__(self) -> None:
        if self.relation not in get_args(Relation):
            raise RewardkitError(
                "bad_perturbation",
                f"perturbation {self.name!r}: relation {self.relation!r}; "
                f"it is {', '.join(get_args(Relation))}",
            )

    def __call__(self, clip: Clip, seed: int = 0) -> Clip:
        """The changed clip; the same seed gives the same one.

        Raises:
            NotApplicable: When the clip lacks what would be changed.
        """
        rng = np.random.default_rng([seed, *self.name.encode()])
        samples = self.make(clip.samples, clip.sample_rate, rng)
        return Clip(
            np.ascontiguousarray(samples, np.float32),
            clip.sample_rate,
            f"{clip.source}+{self.name}",
        )


def available() -> tuple[Perturbation, ...]:
    """Ours, and those that installed packages offer, in a fixed order.

    Raises:
        RewardkitError: `duplicate_perturbation` when two share a name, `bad_perturbation` when
            what a package offers can't be loaded or is none.
    """
    found = [*OWN, *offered(GROUP, "bad_perturbation", lambda x: isinstance(x, Perturbation))]
    names = [each.name for each in found]
    double = {name for name in names if names.count(name) > 1}
    if double:
        raise RewardkitError("duplicate_perturbation", f"offered twice: {', '.join(double)}")
    return tuple(found)


def offered(group: str, code: str, fits: Callable[[Any], bool]) -> list[Any]:
    """What installed packages list in an entry-point group, by the names of their entries.

    Args:
        group: The group; each entry is a list or a tuple.
        code: Of the error.
        fits: Whether one item is what it should be.

    Raises:
        RewardkitError: With `code`, when an entry can't be loaded, is no list or holds what does
            not fit.
    """
    found: list[Any] = []
    for point in sorted(entry_points(group=group), key=lambda p: (p.name, p.value)):
        try:
            items = point.load()
        except (Exception, SystemExit) as error:
            raise RewardkitError(
                code,
                f"{point.value}, offered in {group}, could not be loaded: "
                f"{type(error).__name__}: {error}",
            ) from error
        if not isinstance(items, list | tuple) or not all(map(fits, items)):
            kind = group.removeprefix("rewardkit.")
            raise RewardkitError(
                code, f"{point.value}, offered in {group}, is no list of {kind}: {items!r}"
            )
        found += items
    return found


def _rms(samples: Samples) -> float:
    return float(np.sqrt(np.mean(np.square(samples, dtype=np.float64)))) or 1e-9


def _decibels(amount: float) -> float:
    return float(10 ** (amount / 20))


def _bounded(samples: NDArray[np.float64]) -> Samples:
    """Within full scale: scaled down as a whole, never clipped."""
    peak = float(np.abs(samples).max(initial=0.0))
    return (samples / max(peak, 1.0)).astype(np.float32)


def quieter(samples: Samples, _rate: int, _rng: np.random.Generator) -> Samples:
    """6 dB down."""
    return samples * np.float32(_decibels(-6.0))


def louder(samples: Samples, _rate: int, _rng: np.random.Generator) -> Samples:
    """6 dB up; samples may pass full scale, as floats do, and nothing is clipped."""
    return samples * np.float32(_decibels(6.0))


def _padding(samples: Samples, rate: int, rng: np.random.Generator) -> Samples:
    """Half a second as quiet as the clip's own quietest tenth."""
    frames = samples[: len(samples) // 160 * 160].reshape(-1, 160)
    floor = float(np.quantile(np.sqrt(np.square(frames).mean(axis=1)), 0.1)) if len(frames) else 0.0
    return (min(floor, 0.003) * rng.standard_normal(rate // 2)).astype(np.float32)


def leading(samples: Samples, rate: int, rng: np.random.Generator) -> Samples:
    """Half a second of room noise before."""
    return np.concatenate([_padding(samples, rate, rng), samples])


def trailing(samples: Samples, rate: int, rng: np.random.Generator) -> Samples:
    """Half a second of room noise after."""
    return np.concatenate([samples, _padding(samples, rate, rng)])


def repeated(samples: Samples, _rate: int, _rng: np.random.Generator) -> Samples:
    """The whole clip twice: longer, and nothing is said that was not said before."""
    return np.concatenate([samples, samples])


def looped(samples: Samples, rate: int, rng: np.random.Generator) -> Samples:
    """A quarter of a second from the loudest half of the clip, four times in a row."""
    length = rate // 4
    if len(samples) < 4 * length:
        raise NotApplicable("shorter than a second")
    starts = np.arange(length, len(samples) - 2 * length, length // 2)
    power = np.array([_rms(samples[start : start + length]) for start in starts])
    loud = starts[power >= np.median(power)]
    start = int(rng.choice(loud))
    piece = samples[start : start + length]
    return np.concatenate([samples[: start + length], np.tile(piece, 3), samples[start + length :]])


def clipped(samples: Samples, _rate: int, _rng: np.random.Generator) -> Samples:
    """Clipped at the 90th percentile of magnitude, then as loud as before."""
    limit = float(np.quantile(np.abs(samples), 0.90))
    cut = np.clip(samples, -limit, limit)
    return _bounded(cut.astype(np.float64) * _rms(samples) / _rms(cut))


def _noisy(samples: Samples, noise: NDArray[np.float64], ratio: float) -> Samples:
    """With noise at a signal-to-noise ratio in dB."""
    scale = _rms(samples) * _decibels(-ratio) / float(np.sqrt(np.mean(noise**2)) or 1.0)
    return _bounded(samples + scale * noise)


def hum(samples: Samples, rate: int, rng: np.random.Generator) -> Samples:
    """Mains hum, 50 Hz and its odd harmonics, 15 dB below the speech."""
    t = np.arange(len(samples)) / rate
    partials = [np.sin(2 * np.pi * 50 * k * t + rng.uniform(0, 6.28)) / k for k in (1, 3, 5, 7, 9)]
    return _noisy(samples, np.sum(partials, axis=0), 15.0)


def noise(samples: Samples, _rate: int, rng: np.random.Generator) -> Samples:
    """White noise 15 dB below the speech."""
    return _noisy(samples, rng.standard_normal(len(samples)), 15.0)


def clicks(samples: Samples, rate: int, rng: np.random.Generator) -> Samples:
    """Six mouth clicks a second, as loud as the loudest speech."""
    changed = samples.astype(np.float64)
    shape = np.exp(-np.arange(rate // 250) / (rate / 2000)) * rng.standard_normal(rate // 250)
    for start in rng.integers(0, max(1, len(samples) - len(shape)), round(6 * len(samples) / rate)):
        changed[start : start + len(shape)] += (
            np.abs(samples).max() * shape[: len(samples) - start] / np.abs(shape).max()
        )
    return _bounded(changed)


def plosives(samples: Samples, rate: int, rng: np.random.Generator) -> Samples:
    """Four bursts of breath on the microphone a second: 40 ms of low, loud noise."""
    changed = samples.astype(np.float64)
    length = rate // 25
    for start in rng.integers(0, max(1, len(samples) - length), round(4 * len(samples) / rate)):
        burst = np.cumsum(rng.standard_normal(length)) * np.hanning(length)
        changed[start : start + length] += (
            np.abs(samples).max() * burst / max(float(np.abs(burst).max()), 1e-9)
        )[: len(samples) - start]
    return _bounded(changed)


def muffled(samples: Samples, rate: int, _rng: np.random.Generator) -> Samples:
    """Nothing above 1 kHz."""
    spectrum = np.fft.rfft(samples.astype(np.float64))
    frequency = np.fft.rfftfreq(len(samples), 1 / rate)
    spectrum *= 1 / (1 + (frequency / 1000) ** 12)
    return _bounded(np.fft.irfft(spectrum, len(samples)))


def backwards(samples: Samples, _rate: int, _rng: np.random.Generator) -> Samples:
    """Played from the end."""
    return samples[::-1]


def shuffled(samples: Samples, rate: int, rng: np.random.Generator) -> Samples:
    """Pieces of about a word, 0.3 s, in another order, with 10 ms fades."""
    length, fade = round(0.3 * rate), rate // 100
    if len(samples) < 4 * length:
        raise NotApplicable("shorter than four pieces of 0.3 s")
    pieces = [
        samples[start : start + length].copy()
        for start in range(0, len(samples) - length + 1, length)
    ]
    ramp = np.linspace(0, 1, fade, dtype=np.float32)
    for piece in pieces:
        piece[:fade] *= ramp
        piece[-fade:] *= ramp[::-1]
    order = rng.permutation(len(pieces))
    while np.count_nonzero(np.diff(order) == 1) > len(order) // 4:
        order = rng.permutation(len(pieces))
    return np.concatenate([pieces[place] for place in order])


def tone(samples: Samples, rate: int, _rng: np.random.Generator) -> Samples:
    """A tone of 200 Hz, as long and as loud."""
    t = np.arange(len(samples)) / rate
    return _bounded(np.sqrt(2) * _rms(samples) * np.sin(2 * np.pi * 200 * t))


def hiss(samples: Samples, _rate: int, rng: np.random.Generator) -> Samples:
    """White noise alone, as long and as loud."""
    return _bounded(_rms(samples) * rng.standard_normal(len(samples)))


def silence(samples: Samples, _rate: int, _rng: np.random.Generator) -> Samples:
    """Digital silence, as long."""
    return np.zeros_like(samples)


def babble(samples: Samples, rate: int, rng: np.random.Generator) -> Samples:
    """A minute of twelve copies of the voice over each other, from random places."""
    total = np.zeros(60 * rate)
    for _ in range(12):
        start = int(rng.integers(len(samples)))
        voice = np.resize(np.roll(samples, -start), len(total))
        total += voice
    return _bounded(_rms(samples) * total / float(np.sqrt(np.mean(total**2)) or 1.0))


OWN: Final = (
    Perturbation("quieter", "6 dB down", "same", quieter),
    Perturbation("louder", "6 dB up", "same", louder),
    Perturbation("leading", "0.5 s of room noise before", "same", leading),
    Perturbation("trailing", "0.5 s of room noise after", "same", trailing),
    Perturbation("repeated", "the whole clip twice", "no_better", repeated),
    Perturbation("looped", "a quarter of a second four times", "worse", looped),
    Perturbation("clipped", "clipped at the 90th percentile", "worse", clipped),
    Perturbation("hum", "mains hum 15 dB below", "worse", hum),
    Perturbation("noise", "white noise 15 dB below", "worse", noise),
    Perturbation("clicks", "six mouth clicks a second", "worse", clicks),
    Perturbation("plosives", "four plosive bursts a second", "worse", plosives),
    Perturbation("muffled", "low-pass at 1 kHz", "worse", muffled),
    Perturbation("backwards", "played from the end", "worse", backwards),
    Perturbation("shuffled", "pieces of 0.3 s in another order", "worse", shuffled),
    Perturbation("tone", "a tone of 200 Hz instead", "refused", tone),
    Perturbation("hiss", "white noise instead", "refused", hiss),
    Perturbation("silence", "digital silence instead", "refused", silence),
    Perturbation("babble", "a minute of twelve copies at once", "worse", babble),
)
"""Those of the core: numpy only."""
