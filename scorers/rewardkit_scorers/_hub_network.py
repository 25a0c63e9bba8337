# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Running speechbrain's published emotion models: transformers' encoders, tensors-only weights.

The computation is that of speechbrain's `Wav2Vec2` and `WavLM` wrappers and of the interfaces
`CustomEncoderWav2vec2Classifier` and `Speech_Emotion_Diarization`, but for three things. A clip
is scaled to one level first; all but the epsilons of the normalisations undo that, so that gain
changes nothing. Speechbrain's `StatisticsPooling` adds random noise of up to 9e-5 to the mean;
here it is left out, so that the same clip has the same numbers. And a clip longer than a window
is read in windows: embeddings, or posteriors of frames, are averaged over them.
"""

from __future__ import annotations

import pickle
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from rewardkit.errors import CheckpointError
from rewardkit_scorers import _transformers
from rewardkit_scorers._encoder import SAMPLE_RATE, SHORTEST, Reading
from rewardkit_scorers._inference import construction, inference
from rewardkit_scorers._windows import level, windows

if TYPE_CHECKING:
    from torch import Tensor

WINDOW: Final = 10 * SAMPLE_RATE
"""Samples; most utterances that the models were trained on are shorter. Half a window apart."""

RMS: Final = 0.1
"""Level that a clip is scaled to, re full scale."""


@dataclass(frozen=True)
class Computation:
    """What a published model does, as its files say.

    Args:
        sizes: Folder with the encoder's `config.json`.
        encoder: File with the encoder's weights.
        classifier: File with the linear layer's weights.
        centred: Whether the mean of the input is taken off.
        normalised: Whether the input is scaled to zero mean and unit variance.
        output_norm: Whether the encoder's output is normalised over time and dimensions.
        pooling: Frames averaged before the classifier and step between them; None for all.
    """

    sizes: Path
    encoder: Path
    classifier: Path
    centred: bool
    normalised: bool
    output_norm: bool
    pooling: tuple[int, int] | None


class HubNetwork:
    """An encoder of speech, a mean over frames, and a linear classifier before or after it.

    Args:
        does: What is computed, from which files.
        classes: Names of the classifier's outputs, in order.
        device: Of torch.
    """

    def __init__(self, does: Computation, classes: Sequence[str], device: str) -> None:
        self._does = does
        self.device = device
        self._neutral = classes.index("neutral") if "neutral" in classes else None
        with construction():
            encoder = _build(does.sizes)
            _fill(encoder, _tensors(does.encoder), "model.", does.encoder)
            linear = _linear(does.classifier, encoder.config.hidden_size, len(classes))
        self._encoder, self._linear = (part.eval().to(device) for part in (encoder, linear))

    def __call__(self, clips: Sequence[NDArray[np.float32]]) -> list[Reading | None]:
        """Read clips at 16 kHz, one after the other."""
        return [self._read(samples) for samples in clips]

    def _read(self, samples: NDArray[np.float32]) -> Reading | None:
        """Read one clip at 16 kHz; None when it is too short, or silent."""
        import torch

        ready = level(samples, RMS)
        if ready is None or len(ready) < SHORTEST:
            return None
        parts = windows(ready, WINDOW, WINDOW // 2)
        with inference(self.device):
            frames = [self._frames(torch.tensor(part[None], device=self.device)) for part in parts]
            embedding = torch.stack([part.mean(dim=0) for part in frames]).mean(dim=0)
            if self._does.pooling is None:
                log_posteriors = self._linear(embedding).double().log_softmax(dim=-1)
                share = None
            else:
                log_posteriors, share = self._over_frames(frames)
        return Reading(embedding.double().cpu().numpy(), log_posteriors.cpu().numpy(), share)

    def _frames(self, wave: Tensor) -> Tensor:
        """The encoder's output `(frames, dimensions)` for a wave `(1, samples)`."""
        from torch.nn.functional import layer_norm

        if self._does.centred:
            wave = wave - wave.mean()
        if self._does.normalised:
            wave = layer_norm(wave, wave.shape[1:])
        out: Tensor = self._encoder(wave).last_hidden_state
        if self._does.output_norm:
            out = layer_norm(out, out.shape[1:])
        return out[0]

    def _over_frames(self, frames: list[Tensor]) -> tuple[Tensor, float | None]:
        """Log of the mean posteriors over all frames, and the share that is not neutral."""
        import torch
        from torch.nn.functional import avg_pool1d

        assert self._does.pooling is not None  # noqa: S101 - for the type checker
        size, step = self._does.pooling
        pooled = [avg_pool1d(part.T[None], size, step, ceil_mode=True)[0].T for part in frames]
        posteriors = self._linear(torch.cat(pooled)).double().softmax(dim=-1)
        share = None
        if self._neutral is not None:
            share = float((posteriors.argmax(dim=-1) != self._neutral).double().mean())
        return posteriors.mean(dim=0).log(), share


def _build(folder: Path) -> Any:
    """The encoder that a folder's `config.json` describes, weights not yet filled in."""
    config, model_class = _transformers.architecture(folder)
    try:
        return model_class(config).float()
    except (TypeError, ValueError, RuntimeError) as error:
        raise CheckpointError("bad_encoder", f"{folder}: {error}") from error


def _linear(path: Path, dimensions: int, classes: int) -> Any:
    """The classifier: the first module of a list, whose linear layer is called `w`."""
    from torch import nn

    tensors = _tensors(path)
    linear = nn.Linear(dimensions, classes, bias="0.w.bias" in tensors)
    _fill(linear, tensors, "0.w.", path)
    return linear


def _tensors(path: Path) -> dict[str, Tensor]:
    """A state dict from a pickle, read by the loader that makes tensors and nothing else.

    Raises:
        CheckpointError: `unsafe_weights` when the pickle wants to make anything else, `bad_tensors`
            when it is damaged.
    """
    import torch

    try:
        found = torch.load(path, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as error:
        raise CheckpointError(
            "unsafe_weights",
            f"{path} is not loaded: it holds more than tensors and could run code; {error}",
        ) from error
    except Exception as error:  # of many kinds, by where the file is damaged
        raise CheckpointError("bad_tensors", f"{path}: {error}") from error
    if not isinstance(found, dict) or not all(
        isinstance(key, str) and isinstance(value, torch.Tensor) for key, value in found.items()
    ):
        raise CheckpointError("bad_tensors", f"{path}: holds no tensors by name")
    return found


def _fill(module: Any, tensors: dict[str, Tensor], prefix: str, path: Path) -> None:
    """Load a module's weights, all of them; those of parts that it has not are left.

    Raises:
        CheckpointError: `bad_tensors` when one is missing or does not fit.
    """
    own = {key.removeprefix(prefix): t for key, t in tensors.items() if key.startswith(prefix)}
    try:
        missing = module.load_state_dict(own, strict=False).missing_keys
    except RuntimeError as error:
        raise CheckpointError("bad_tensors", f"{path}: {error}") from error
    missing = [name for name in missing if name not in _transformers.UNUSED]
    if missing:
        raise CheckpointError("bad_tensors", f"{path}: no tensor for {', '.join(missing[:3])}")
