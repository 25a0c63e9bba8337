# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: Apache-2.0
"""Pauses, as knobs: those that are there made longer or shorter, and new ones put in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from rewardkit.audit.manipulation import Knob, with_samples
from rewardkit.clip import Clip
from rewardkit.perturbations import Samples

Ints = NDArray[np.int64]

FRAME: Final = 0.01
"""Seconds."""

DEPTH: Final = 30.0
"""dB below the 95th percentile of frame levels under which a frame is silent."""

SHORTEST: Final = 0.12
"""Seconds of silence that are a pause and not a stop consonant."""

PLACES: Final = 3
"""New pauses, spread over the clip."""

_SEARCH: Final = 0.2  # seconds to either side in which a new pause looks for a quiet place


@dataclass(frozen=True)
class Pauses:
    """Pauses cut or drawn out, and three new ones where the sound is quietest nearby.

    A pause is made longer by its own sound, forwards and backwards in turn, so its room stays. A
    new one has the level of the clip's quietest frames. Silence before and after the speech stays
    as it is.

    Example:
        >>> x = np.sin(np.arange(16_000)).astype(np.float32) / 2
        >>> x[8_000:12_000] = 0.0
        >>> clip = Clip(x, 16_000)
        >>> change = Pauses()
        >>> round(change(clip, {"pause_scale": 2.0, "new_pauses": 0.0}).duration, 2)
        1.25
        >>> round(change(clip, {"pause_scale": 1.0, "new_pauses": 0.6}).duration, 2)
        1.6
    """

    name = "pauses"
    knobs = (
        Knob("pause_scale", "1", "length of pauses as a multiple", 0.0, 1.0, 3.0),
        Knob("new_pauses", "s", "length of three new pauses together", 0.0, 0.0, 1.5),
    )

    def __call__(self, clip: Clip, values: Mapping[str, float]) -> Clip:
        """See `Manipulation`."""
        x, rate = clip.samples, clip.sample_rate
        level = _levels(x, rate)
        if not len(level):
            return clip
        frame = round(FRAME * rate)
        factor = values["pause_scale"]
        edits = [
            (start * frame, end * frame, _stretched(x[start * frame : end * frame], factor))
            for start, end in (_pauses(level) if factor != 1.0 else [])
        ]
        if values["new_pauses"] > 0:
            silence = _silence(level, round(values["new_pauses"] / PLACES * rate))
            half = frame // 2
            for place in _quiet_places(level):
                start, end = place * frame - half, place * frame + half
                if start >= 0 and not any(a < end and start < b for a, b, _ in edits):
                    edits.append((start, end, _between(x[start:end], silence)))
        return with_samples(clip, _edited(x, sorted(edits, key=lambda edit: edit[0])))


def _levels(x: Samples, rate: int) -> NDArray[np.float64]:
    """Level of each frame in dB."""
    frame = round(FRAME * rate)
    frames = x[: len(x) // frame * frame].reshape(-1, frame)
    level: NDArray[np.float64] = 10 * np.log10(
        np.square(frames, dtype=np.float64).mean(axis=1) + 1e-12
    )
    return level


def _pauses(level: NDArray[np.float64]) -> list[tuple[int, int]]:
    """First frame and the one after the last of each pause between speech."""
    silent = level < np.quantile(level, 0.95) - DEPTH
    edges = np.flatnonzero(np.diff(silent.astype(np.int8), prepend=0, append=0))
    runs = edges.reshape(-1, 2).tolist()
    least = round(SHORTEST / FRAME)
    return [(a, b) for a, b in runs if b - a >= least and a > 0 and b < len(level)]


def _quiet_places(level: NDArray[np.float64]) -> list[int]:
    """The quietest frame near each of the places that part the clip evenly."""
    reach = round(_SEARCH / FRAME)
    found = []
    for number in range(PLACES):
        centre = len(level) * (number + 1) // (PLACES + 1)
        low = max(centre - reach, 0)
        found.append(low + int(np.argmin(level[low : centre + reach + 1])))
    return found


def _stretched(piece: Samples, factor: float) -> Samples:
    """A pause of another length: its middle cut out, or mirrored copies after it."""
    n = round(len(piece) * factor)
    if n <= len(piece):
        head = n // 2
        return np.concatenate([piece[:head], piece[len(piece) - (n - head) :]])
    both = np.concatenate([piece, piece[::-1]])
    return np.resize(both, n)


def _silence(level: NDArray[np.float64], n: int) -> Samples:
    rms = min(10 ** (float(np.quantile(level, 0.05)) / 20), 0.003)
    return (rms * np.random.default_rng(0).standard_normal(n)).astype(np.float32)


def _between(piece: Samples, silence: Samples) -> Samples:
    """Silence put into the middle of a stretch that fades out before it and in after it."""
    half = len(piece) // 2
    out = np.linspace(1, 0, half, dtype=np.float32)
    into = np.linspace(0, 1, len(piece) - half, dtype=np.float32)
    return np.concatenate([piece[:half] * out, silence, piece[half:] * into])


def _edited(x: Samples, edits: list[tuple[int, int, Samples]]) -> Samples:
    """The sound with stretches replaced by others; they do not overlap, and come in order."""
    pieces: list[Samples] = []
    done = 0
    for start, end, fresh in edits:
        pieces += [x[done:start], fresh]
        done = end
    return np.concatenate([*pieces, x[done:]])
