# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Self-supervised encoders of speech in Hugging Face's format: wav2vec 2.0, HuBERT, WavLM.

Baevski et al. 2020 (arXiv:2006.11477), Hsu et al. 2021 (arXiv:2106.07447), Chen et al. 2022
(arXiv:2110.13900). A folder holds `config.json`, `preprocessor_config.json` and weights as
safetensors. Nothing in it is executed: the class is one of three of transformers' own, and what a
configuration says of code to fetch is dropped before it is used.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from rewardkit import torchaudio_cpu
from rewardkit.errors import CheckpointError
from rewardkit_scorers import _weights
from rewardkit_scorers._inference import construction

Samples = NDArray[np.float32]

CONFIG: Final = "config.json"
INPUT: Final = "preprocessor_config.json"
WEIGHTS: Final = "*.safetensors"
INDEX: Final = "*.safetensors.index.json"
"""Where weights of several files lie; without it they are not found."""

SAMPLE_RATE: Final = 16_000

ARCHITECTURES: Final = {
    "wav2vec2": ("Wav2Vec2Config", "Wav2Vec2Model"),
    "wavlm": ("WavLMConfig", "WavLMModel"),
    "hubert": ("HubertConfig", "HubertModel"),
}
"""Classes of transformers by the `model_type` in `config.json`."""

_DROPPED: Final = frozenset(
    {"auto_map", "quantization_config", "attn_implementation", "_attn_implementation"}
    | {"_attn_implementation_internal", "use_kernels", "compression_config"}
)
"""Settings that may name code to be fetched, or another way to hold the weights."""

UNUSED: Final = frozenset({"masked_spec_embed"})
"""Weights that are only used in training, and may be missing."""


def files(folder: Path) -> tuple[tuple[str, Path], ...]:
    """The files of a folder that decide the numbers.

    Raises:
        CheckpointError: `unsafe_weights` when it holds no safetensors.
    """
    weights = sorted(folder.glob(WEIGHTS))
    if not weights:
        raise CheckpointError(
            "unsafe_weights",
            f"{folder}: no weights as safetensors, and pickles are not opened; many repositories "
            "at the hub have a converted revision (refs/pr/…), or convert them yourself",
        )
    there = [folder / name for name in (CONFIG, INPUT) if (folder / name).is_file()]
    return tuple((path.name, path) for path in (*there, *weights))


def settings(path: Path) -> dict[str, Any]:
    """What a JSON file says, or nothing when there is no such file.

    Raises:
        CheckpointError: `bad_encoder` when it holds no JSON object.
    """
    if not path.is_file():
        return {}
    try:
        values = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise CheckpointError("bad_encoder", f"{path}: {error}") from error
    if not isinstance(values, dict):
        raise CheckpointError("bad_encoder", f"{path}: holds no JSON object")
    return values


def sizes(folder: Path) -> tuple[int, int]:
    """Length of an embedding and number of transformer layers, read without the weights.

    Raises:
        CheckpointError: `bad_encoder` for another kind of model, or another sample rate.
    """
    config, front = settings(folder / CONFIG), settings(folder / INPUT)
    kind = config.get("model_type")
    if kind not in ARCHITECTURES:
        raise CheckpointError(
            "bad_encoder",
            f"{folder}: model_type is {kind!r}; supported: {', '.join(ARCHITECTURES)}, and "
            "Whisper in CTranslate2's format",
        )
    found = (config.get("hidden_size", 768), config.get("num_hidden_layers", 12))
    if not all(isinstance(size, int) and size > 0 for size in found):
        raise CheckpointError("bad_encoder", f"{folder / CONFIG}: sizes {found}")
    if front.get("sampling_rate", SAMPLE_RATE) != SAMPLE_RATE:
        raise CheckpointError("bad_encoder", f"{folder}: wants another rate than 16 kHz")
    return found


def architecture(folder: Path) -> tuple[Any, Any]:
    """The configuration in a folder's `config.json`, and the class of transformers it is for.

    Raises:
        CheckpointError: `missing_extra`; `bad_encoder` for another kind of model, or settings
            that the class does not take.
    """
    package = _weights.optional("transformers", "hub", "an encoder of the hub")
    values = settings(folder / CONFIG)
    kind = values.get("model_type")
    if kind not in ARCHITECTURES:
        raise CheckpointError(
            "bad_encoder",
            f"{folder / CONFIG}: model_type is {kind!r}; supported: {', '.join(ARCHITECTURES)}",
        )
    config_name, model_name = ARCHITECTURES[kind]
    values = {key: value for key, value in values.items() if key not in _DROPPED}
    try:
        config = getattr(package, config_name).from_dict(values)
    except (TypeError, ValueError, RuntimeError) as error:
        raise CheckpointError("bad_encoder", f"{folder / CONFIG}: {error}") from error
    return config, getattr(package, model_name)


class Encoder:
    """One of these encoders, weights loaded.

    Args:
        folder: Of the model.
        device: Of torch.

    Raises:
        CheckpointError: `missing_extra`; `bad_encoder` or `bad_tensors` when files do not fit.
    """

    def __init__(self, folder: Path, device: str) -> None:
        torchaudio_cpu.prepare()
        config, model_class = architecture(folder)
        try:
            with construction():
                model, loaded = model_class.from_pretrained(
                    str(folder),
                    config=config,
                    use_safetensors=True,
                    local_files_only=True,
                    attn_implementation="eager",
                    dtype="float32",
                    output_loading_info=True,
                )
        except Exception as error:  # of many kinds, safetensors' own among them
            raise CheckpointError("bad_tensors", f"{folder}: {error}") from error
        missing = [
            key for key in loaded["missing_keys"] if key.rpartition(".")[2] not in UNUSED
        ] + [str(key) for key in loaded.get("mismatched_keys", ())]
        if missing:
            raise CheckpointError("bad_tensors", f"{folder}: no tensor for {missing[:3]}")
        self._model = model.eval().to(device)
        self._device = device
        self._normalised = bool(settings(folder / INPUT).get("do_normalize", True))

    def encode(self, windows: Samples) -> NDArray[np.float32]:
        """Outputs of all layers on windows of equal length, `(windows, layers + 1, frames, d)`.

        The first is what goes into the first transformer layer.
        """
        import torch
        from torch.nn.functional import layer_norm

        wave = torch.tensor(windows, device=self._device)
        if self._normalised:
            wave = layer_norm(wave, wave.shape[1:])
        found = self._model(wave, output_hidden_states=True).hidden_states
        layers: NDArray[np.float32] = torch.stack(found, dim=1).float().cpu().numpy()
        return layers
