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

import json
import pickle
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from rewardkit.errors import CheckpointError
from rewardkit_scorers._encoder import SAMPLE_RATE, SHORTEST, Reading
from rewardkit_scorers._encoder_hub import CLASSIFIER, ENCODER, HubCard
from rewardkit_scorers._inference import construction, inference
from rewardkit_scorers._windows import level, windows

if TYPE_CHECKING:
    from torch import Tensor

WINDOW: Final = 10 * SAMPLE_RATE
"""Samples; most utterances that the models were trained on are shorter. Half a window apart."""

RMS: Final = 0.1
"""Level that a clip is scaled to, re full scale."""

_ARCHITECTURES: Final = {
    "wav2vec2": ("Wav2Vec2Config", "Wav2Vec2Model"),
    "wavlm": ("WavLMConfig", "WavLMModel"),
    "hubert": ("HubertConfig", "HubertModel"),
}
"""Classes of transformers by the `model_type` in an encoder's `config.json`."""


class HubNetwork:
    """An encoder of speech, a mean over frames, and a linear classifier before or after it."""

    def __init__(self, card: HubCard, device: str) -> None:
        paths = dict(card.files)
        self.card = card
        self.device = device
        self._neutral = card.classes.index("neutral") if "neutral" in card.classes else None
        with construction():
            encoder = _build(card.sizes)
            weights = _tensors(paths[ENCODER])
            _fill(encoder, weights, "model.", paths[ENCODER])
            linear = _linear(paths[CLASSIFIER], card)
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
            if self.card.pooling is None:
                log_posteriors = self._linear(embedding).double().log_softmax(dim=-1)
                share = None
            else:
                log_posteriors, share = self._over_frames(frames)
        return Reading(embedding.double().cpu().numpy(), log_posteriors.cpu().numpy(), share)

    def _frames(self, wave: Tensor) -> Tensor:
        """The encoder's output `(frames, dimensions)` for a wave `(1, samples)`."""
        from torch.nn.functional import layer_norm

        if self.card.centred:
            wave = wave - wave.mean()
        if self.card.normalised:
            wave = layer_norm(wave, wave.shape[1:])
        out: Tensor = self._encoder(wave).last_hidden_state
        if self.card.output_norm:
            out = layer_norm(out, out.shape[1:])
        return out[0]

    def _over_frames(self, frames: list[Tensor]) -> tuple[Tensor, float | None]:
        """Log of the mean posteriors over all frames, and the share that is not neutral."""
        import torch
        from torch.nn.functional import avg_pool1d

        assert self.card.pooling is not None  # noqa: S101 - for the type checker
        size, step = self.card.pooling
        pooled = [avg_pool1d(part.T[None], size, step, ceil_mode=True)[0].T for part in frames]
        posteriors = self._linear(torch.cat(pooled)).double().softmax(dim=-1)
        share = None
        if self._neutral is not None:
            share = float((posteriors.argmax(dim=-1) != self._neutral).double().mean())
        return posteriors.mean(dim=0).log(), share


def _build(sizes: Path) -> Any:
    """The encoder that a `config.json` describes, weights not yet filled in.

    The class is one of three of transformers' own: `auto_map`, which names code to download, is
    never looked at.
    """
    try:
        import transformers
    except ImportError as error:
        raise CheckpointError(
            "missing_extra",
            "the published wav2vec2 and WavLM models need transformers: "
            "pip install 'speech-rewardkit[hub]'",
        ) from error
    values = json.loads(sizes.read_text("utf-8"))
    kind = values.get("model_type")
    if kind not in _ARCHITECTURES:
        raise CheckpointError(
            "bad_encoder",
            f"{sizes}: model_type is {kind!r}; supported: {', '.join(_ARCHITECTURES)}",
        )
    config_name, model_name = _ARCHITECTURES[kind]
    values.pop("auto_map", None)
    try:
        config = getattr(transformers, config_name).from_dict(values)
        return getattr(transformers, model_name)(config).float()
    except (TypeError, ValueError, RuntimeError) as error:
        raise CheckpointError("bad_encoder", f"{sizes}: {error}") from error


def _linear(path: Path, card: HubCard) -> Any:
    """The classifier: the first module of a list, whose linear layer is called `w`."""
    from torch import nn

    tensors = _tensors(path)
    linear = nn.Linear(card.dimensions, len(card.classes), bias="0.w.bias" in tensors)
    _fill(linear, tensors, "0.w.", path)
    return linear


def _tensors(path: Path) -> dict[str, Tensor]:
    """A state dict from a pickle, read by the loader that makes tensors and nothing else.

    Raises:
        CheckpointError: `unsafe_weights` when the pickle wants to make anything else.
    """
    import torch

    try:
        found = torch.load(path, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as error:
        raise CheckpointError(
            "unsafe_weights",
            f"{path} is not loaded: it holds more than tensors and could run code; {error}",
        ) from error
    except (OSError, EOFError, RuntimeError, ValueError, KeyError) as error:
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
    missing = [name for name in missing if name != "masked_spec_embed"]  # only used in training
    if missing:
        raise CheckpointError("bad_tensors", f"{path}: no tensor for {', '.join(missing[:3])}")
