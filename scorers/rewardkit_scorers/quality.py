# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Quality: the mean opinion score that listeners would give, predicted by DistillMOS.

Stahl and Gamper 2025, "Distillation and Pruning for Scalable Self-Supervised
Representation-Based Speech Quality Assessment", arXiv:2502.05356. The package `distillmos` (MIT)
holds the network and its weights; it comes with the extra `quality`.
"""

from __future__ import annotations

import importlib.util
import math
import pickle
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from rewardkit import torchaudio_cpu
from rewardkit.batch import Batch
from rewardkit.clip import Clip
from rewardkit.errors import CheckpointError
from rewardkit.features import Feature
from rewardkit_scorers import _weights
from rewardkit_scorers._inference import construction, inference
from rewardkit_scorers._parameters import is_number, plain
from rewardkit_scorers._runs import Samples, runs, together

SAMPLE_RATE: Final = 16_000

WINDOW: Final = 122_880
"""Samples, 7.68 s: what the network reads. A shorter clip is repeated until it is as long."""

SHORTEST: Final = SAMPLE_RATE // 5
"""Samples; of a shorter clip no quality is judged."""

QUIET: Final = 30.0
"""dB; a window this far below the loudest one of its clip holds no speech, and is left out."""


@dataclass(frozen=True)
class Quality:
    """Predicted mean opinion scores (ITU-T P.800: 1 bad, 5 excellent), over all and at worst.

    The network reads 7.68 s. A longer clip is read in windows of that length, evenly spread from
    start to end and at most `hop` apart; with the default hop, `mos` is then what the package
    `distillmos` gives. A shorter clip is repeated until it is as long, where the package appends
    silence, which costs a clip of 3 s about one point. Of 14 clips of LibriSpeech, cut to 3 s, the
    score correlated with that of 7.68 s by .84 when repeated, and by -.3 with silence appended.

    Numbers do not depend on gain or on other clips. The network was trained on English and on
    what telephony, noise suppression, coding and text-to-speech do to it. It hears artefacts
    well, and prosody hardly.

    Args:
        hop: The largest step between windows, s.

    Raises:
        CheckpointError: When the digest or numbers are asked for: `missing_extra`,
            `missing_file`, `bad_tensors`, `unsafe_weights`.

    Example:
        >>> [feature.name for feature in Quality().features]
        ['mos', 'mos_min', 'mos_sd']
    """

    hop: float = 1.0

    name = "quality"
    version = 1
    sample_rate = SAMPLE_RATE
    features = (
        Feature("mos", "1", "predicted mean opinion score, mean over windows", 1, 5),
        Feature("mos_min", "1", "predicted mean opinion score of the worst window", 1, 5),
        Feature("mos_sd", "1", "standard deviation over windows; NaN if there is one", 0, 2),
    )

    def __post_init__(self) -> None:
        hop = plain(self, "hop")
        if not (is_number(hop) and hop > 0):
            raise CheckpointError("bad_option", f"hop is a positive time in s, not {hop!r}")

    @cached_property
    def digest(self) -> str:
        """SHA-256 (hex) over the network's weights."""
        return _weights.digest([("distillmos", _weights_path())])

    def __call__(self, clip: Clip) -> Mapping[str, float]:
        """Measure one clip at 16 kHz; the first call in a process loads the network."""
        row = self.score_batch([clip])[0].tolist()
        return dict(zip((feature.name for feature in self.features), row, strict=True))

    def score_batch(self, clips: Sequence[Clip]) -> NDArray[np.float64]:
        """Measure clips at 16 kHz: float64 `(clips, features)`."""
        device = Batch.of(clips).device
        network = _network(_weights_path(), self.digest, device)
        table = np.full((len(clips), len(self.features)), np.nan)
        ratings: list[list[float]] = [[] for _ in clips]
        with inference(device):
            for owners, group in runs(_windows(clips, self.hop), together(device)):
                for owner, rating in zip(owners, network(group), strict=True):
                    ratings[owner].append(rating)
        for row, rated in enumerate(ratings):
            if rated:
                spread = float(np.std(rated)) if len(rated) > 1 else math.nan
                table[row] = np.mean(rated), min(rated), spread
        return table


def _windows(clips: Sequence[Clip], hop: float) -> Iterator[tuple[int, Samples]]:
    """The windows of all clips, with the clip's place."""
    for owner, clip in enumerate(clips):
        for window in segments(clip.samples, hop):
            yield owner, window


def segments(samples: Samples, hop: float) -> list[Samples]:
    """The windows of a clip that hold sound, each of `WINDOW` samples.

    Example:
        >>> [len(window) for window in segments(np.ones(4 * 16_000, np.float32), 1.0)]
        []
        >>> sound = np.sin(np.arange(9 * 16_000, dtype=np.float32))
        >>> len(segments(sound, 1.0)), len(segments(sound, 0.5))
        (3, 4)
    """
    if len(samples) < SHORTEST:
        return []
    over = max(0, len(samples) - WINDOW)
    count = math.ceil(over / (hop * SAMPLE_RATE)) + 1
    starts = [int(place * over) for place in np.linspace(0, 1, count)]
    found = [samples[start : start + WINDOW] for start in starts]
    power = np.array([np.var(window, dtype=np.float64) for window in found])
    loud = power > max(power.max() * 10 ** (-QUIET / 10), 0.0)
    return [
        window if len(window) == WINDOW else np.resize(window, WINDOW)  # repeats it
        for window, kept in zip(found, loud, strict=True)
        if kept
    ]


def _weights_path() -> Path:
    """Where the installed package keeps the weights; found without importing it."""
    package = importlib.util.find_spec("distillmos")
    if package is None or package.origin is None:
        _weights.optional("distillmos", "quality", "the scorer quality")
        raise CheckpointError("missing_file", "distillmos has no folder to find its weights in")
    return Path(package.origin).parent / "weights" / "distill_mos_v7.pt"


@lru_cache(maxsize=2)
def _network(path: Path, digest: str, device: str) -> Network:
    """The network, once per process, weights and device."""
    network = Network(path, device)
    if _weights.digest([("distillmos", path)]) != digest:
        raise CheckpointError("bad_tensors", f"{path} changed while in use; start again")
    return network


class Network:
    """DistillMOS on windows of one length."""

    def __init__(self, path: Path, device: str) -> None:
        torchaudio_cpu.prepare()
        package = _weights.optional("distillmos", "quality", "the scorer quality")
        with construction():
            model: Any = package.ConvTransformerSQAModel(
                load_weights=False, segmenting_in_forward=False
            )
            _fill(model, path)
        self._model = model.eval().to(device)
        self._device = device

    def __call__(self, group: Samples) -> list[float]:
        """Scores in 1..5 of windows `(windows, WINDOW)`."""
        import torch

        scores = self._model(torch.tensor(group, device=self._device))
        return [float(score) for score in scores.double().flatten().cpu()]


def _fill(model: Any, path: Path) -> None:
    """Load the weights as tensors, and nothing else, from the package's file."""
    import torch

    try:
        model.load_state_dict(torch.load(path, map_location="cpu", weights_only=True)["model"])
    except pickle.UnpicklingError as error:
        raise CheckpointError("unsafe_weights", f"{path}: holds more than tensors") from error
    except Exception as error:  # of many kinds, by where the file is damaged
        raise CheckpointError("bad_tensors", f"{path}: {error}") from error
