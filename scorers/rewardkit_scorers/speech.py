# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Speech: what a self-supervised or speech recognition encoder makes of a clip, as numbers.

Such embeddings hold much of what a listener hears and no list of hand-made features names, at the
price that no single number of theirs means anything. Train on them with
`rewardkit.training.TrainOptions(reduce=...)`, which fits a projection inside each fold.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from rewardkit.batch import Batch
from rewardkit.clip import Clip
from rewardkit.errors import CheckpointError
from rewardkit.features import Feature
from rewardkit_scorers import _transformers, _weights, _whisper
from rewardkit_scorers._encoder import HUB_ID, SHORTEST, fetch
from rewardkit_scorers._inference import inference
from rewardkit_scorers._parameters import plain
from rewardkit_scorers._runs import Samples, runs, together
from rewardkit_scorers._windows import level, windows

SAMPLE_RATE: Final = 16_000

WINDOW: Final = 10 * SAMPLE_RATE
"""Samples; a longer clip is read in windows of this length, half a window apart."""

RMS: Final = 0.1
"""Level that a clip is scaled to, re full scale."""

POOLING: Final = ("mean", "mean+sd")


@dataclass(frozen=True)
class Speech:
    """An encoder's outputs, pooled over time: the mean of each, and how much it moves.

    The clip is scaled to one level and read as it is, or in windows of 10 s, half a window apart,
    the last aligned to the end; frames of all windows are pooled. Nothing is padded, so numbers
    do not depend on other clips.

    Args:
        model: A folder or a Hugging Face hub id `owner/name`: wav2vec 2.0, HuBERT or WavLM with
            weights as safetensors (extra `hub`), or Whisper in CTranslate2's format (extra
            `whisper`). Nothing that is downloaded is executed.
        revision: Commit or tag at the hub.
        layer: Which transformer layer's output: 1 the first, -1 the last, 0 what goes into the
            first. None for the mean over all of them; CTranslate2 gives only the last, which is
            then taken for None as well.
        pooling: `"mean"`, or `"mean+sd"` for standard deviations over time beside the means.

    Raises:
        CheckpointError: When features, digest or numbers are asked for: `no_model` without a
            model, `unknown_encoder`, `bad_encoder`, `bad_option`, `missing_file`, `bad_tensors`,
            `unsafe_weights`, `missing_extra`.

    Example:
        >>> Speech().features
        Traceback (most recent call last):
        ...
        rewardkit.errors.CheckpointError: no_model: the scorer speech needs a model: ...
    """

    model: str = field(default="", metadata={"location": True})
    revision: str | None = field(default=None, metadata={"location": True})
    layer: int | None = None
    pooling: str = "mean"

    name = "speech"
    version = 1
    sample_rate = SAMPLE_RATE

    def __post_init__(self) -> None:
        plain(self, "layer")

    @cached_property
    def card(self) -> Card:
        """What the model's files say, read without torch."""
        card = read(locate(self.model, self.revision))
        if self.pooling not in POOLING:
            raise CheckpointError("bad_option", f"pooling is one of {', '.join(POOLING)}")
        if self.layer is not None and type(self.layer) is not int:
            raise CheckpointError("bad_option", f"layer {self.layer!r} is no whole number")
        if self.layer is not None and not -card.layers - 1 <= self.layer <= card.layers:
            raise CheckpointError("bad_option", f"layer {self.layer} of {card.layers}")
        if card.whisper and self.layer not in (None, -1):
            raise CheckpointError("bad_option", "CTranslate2 gives the last layer only: -1")
        return card

    @cached_property
    def digest(self) -> str:
        """SHA-256 (hex) over the model's weights and configuration."""
        return _weights.digest(self.card.files)

    @cached_property
    def features(self) -> tuple[Feature, ...]:
        """As many as the model's embedding has dimensions, or twice that."""
        count = self.card.dimensions
        digits = max(3, len(str(count - 1)))
        declared = [
            Feature(f"embedding_{i:0{digits}}", "1", f"dimension {i}, mean over time")
            for i in range(count)
        ]
        if self.pooling == "mean+sd":
            declared += [
                Feature(f"spread_{i:0{digits}}", "1", f"dimension {i}, standard deviation", low=0)
                for i in range(count)
            ]
        return tuple(declared)

    def __call__(self, clip: Clip) -> Mapping[str, float]:
        """Measure one clip at 16 kHz; the first call in a process loads the network."""
        row = self.score_batch([clip])[0].tolist()
        return dict(zip((feature.name for feature in self.features), row, strict=True))

    def score_batch(self, clips: Sequence[Clip]) -> NDArray[np.float64]:
        """Measure clips at 16 kHz: float64 `(clips, features)`."""
        device = Batch.of(clips).device
        network = _network(self.card, self.digest, device)
        pooled: list[list[NDArray[np.float64]]] = [[] for _ in clips]
        with inference(device):
            for owners, group in runs(_windows(clips), together(device)):
                for owner, layers in zip(owners, network.encode(group), strict=True):
                    pooled[owner].append(_moments(self._chosen(layers)))
        table = np.full((len(clips), len(self.features)), np.nan)
        for row, moments in enumerate(pooled):
            if moments:
                mean, square = np.mean(moments, axis=0)
                spread = np.sqrt(np.maximum(square - mean**2, 0.0))
                table[row] = mean if self.pooling == "mean" else np.concatenate([mean, spread])
        return table

    def _chosen(self, layers: NDArray[np.float32]) -> NDArray[np.float64]:
        """The wanted layer, `(frames, dimensions)`, of all or of the only one."""
        exact = layers.astype(np.float64)
        if exact.ndim == 3:
            exact = exact[1:].mean(axis=0) if self.layer is None else exact[self.layer]
        return exact


def _windows(clips: Sequence[Clip]) -> Iterator[tuple[int, Samples]]:
    """The windows of all clips, with the clip's place; none of a silent or very short clip."""
    for owner, clip in enumerate(clips):
        ready = level(clip.samples, RMS)
        if ready is not None and len(ready) >= SHORTEST:
            for window in windows(ready, WINDOW, WINDOW // 2):
                yield owner, window


def _moments(frames: NDArray[np.float64]) -> NDArray[np.float64]:
    """Mean and mean square over time, `(2, dimensions)`."""
    return np.stack([frames.mean(axis=0), np.square(frames).mean(axis=0)])


@dataclass(frozen=True)
class Card:
    """What a model's files say of it.

    Args:
        folder: Where they lie.
        whisper: Whether it is Whisper in CTranslate2's format.
        dimensions: Length of an embedding.
        layers: Transformer layers that are to be had.
        files: What decides the numbers, as pairs of a name and a path.
    """

    folder: Path
    whisper: bool
    dimensions: int
    layers: int
    files: tuple[tuple[str, Path], ...]


def read(folder: Path) -> Card:
    """The card of the model in a folder.

    Raises:
        CheckpointError: `bad_encoder` when there is none that is known, `unsafe_weights`.
    """
    path = folder / _whisper.MODEL
    if path.is_file():
        return Card(folder, True, _whisper.dimensions(path), 1, _whisper.files(folder))
    dimensions, layers = _transformers.sizes(folder)
    return Card(folder, False, dimensions, layers, _transformers.files(folder))


def locate(model: str, revision: str | None) -> Path:
    """The folder of a model, downloaded from the hub if need be.

    Raises:
        CheckpointError: `no_model` when none is named, `unknown_encoder` when it is not found.
    """
    if not model:
        raise CheckpointError(
            "no_model", "the scorer speech needs a model: a folder, or a hub id owner/name"
        )
    if Path(model).is_dir():
        return Path(model).resolve()
    if HUB_ID.fullmatch(model):
        whisper = (*_whisper.FILES, _whisper.VOCABULARY)
        other = (_transformers.INPUT, _transformers.WEIGHTS, _transformers.INDEX)
        return fetch(model, revision, (*whisper, *other))
    raise CheckpointError(
        "unknown_encoder", f"no encoder {model!r}: give a folder, or a hub id owner/name"
    )


@lru_cache(maxsize=2)
def _network(card: Card, digest: str, device: str) -> Any:
    """The network, once per process, weights and device."""
    network = (_whisper.Whisper if card.whisper else _transformers.Encoder)(card.folder, device)
    if _weights.digest(card.files) != digest:
        raise CheckpointError("bad_encoder", f"{card.folder}: files changed while in use")
    return network
