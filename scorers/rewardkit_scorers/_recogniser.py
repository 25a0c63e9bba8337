# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Speech recognisers that a user may name, to ask what can be understood of a clip."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from rewardkit.errors import CheckpointError
from rewardkit_scorers import _weights, _whisper

Samples = NDArray[np.float32]

GROUP: Final = "rewardkit.recognisers"
"""Entry points that name a recogniser: a function of samples `(n,)`, their rate in Hz and the
language's code, which gives the text. Only what is installed can be named, so that a checkpoint
from elsewhere can't have any function called."""

WHISPER: Final = "whisper:"
"""Before the folder of a Whisper model in CTranslate2's format."""

SAMPLE_RATE: Final = 16_000

_PART: Final = 29 * SAMPLE_RATE
_SEARCH: Final = 5 * SAMPLE_RATE
_FRAME: Final = SAMPLE_RATE // 10

Recogniser = Callable[[Samples, str], str]
"""Text of samples at 16 kHz in a language."""


def digest(name: str) -> str:
    """What stands for a recogniser in an identity.

    Raises:
        CheckpointError: `unknown_recogniser`, `bad_encoder`, `missing_file`.
    """
    if name.startswith(WHISPER):
        folder = Path(name.removeprefix(WHISPER))
        _whisper.dimensions(folder / _whisper.MODEL)
        return _weights.digest(_whisper.files(folder))
    point = _point(name)
    package = f"{point.dist.name} {point.dist.version}" if point.dist else ""
    return f"{package} {point.value}".strip()


@lru_cache(maxsize=2)
def recogniser(name: str, known: str, device: str) -> Recogniser:
    """The recogniser of a name, loaded once per process.

    Args:
        name: `whisper:FOLDER`, or an entry point of the group.
        known: Its digest.
        device: `"cpu"` or `"cuda"`.

    Raises:
        CheckpointError: `bad_encoder` when the model's files changed after the digest was taken.
    """
    if not name.startswith(WHISPER):
        function = _point(name).load()
        return lambda samples, language: str(function(samples, SAMPLE_RATE, language))
    folder = Path(name.removeprefix(WHISPER))
    model = _whisper.Whisper(folder, device)
    if digest(name) != known:
        raise CheckpointError("bad_encoder", f"{folder}: files changed while in use; start again")

    def transcribe(samples: Samples, language: str) -> str:
        parts = [model.transcribe(part, language) for part in pieces(samples)]
        return " ".join(part for part in parts if part)

    return transcribe


def pieces(samples: Samples) -> list[Samples]:
    """Stretches that Whisper can hear at once: cut in the quietest tenth of a second.

    Example:
        >>> sound = np.ones(40 * 16_000, np.float32)
        >>> sound[26 * 16_000 : 27 * 16_000] = 0
        >>> [len(piece) / 16_000 for piece in pieces(sound)]
        [26.0, 14.0]
    """
    found = []
    while len(samples) > _PART:
        tail = samples[_PART - _SEARCH : _PART]
        power = np.square(tail.reshape(-1, _FRAME), dtype=np.float64).mean(axis=1)
        cut = _PART - _SEARCH + int(power.argmin()) * _FRAME
        found.append(samples[:cut])
        samples = samples[cut:]
    return [*found, samples]


def _point(name: str) -> EntryPoint:
    points = {point.name: point for point in entry_points(group=GROUP)}
    if name not in points:
        raise CheckpointError(
            "unknown_recogniser",
            f"no recogniser {name!r}: give {WHISPER}FOLDER, or one of the installed entry points "
            f"{GROUP}: {', '.join(sorted(points)) or 'none'}",
        )
    return points[name]
