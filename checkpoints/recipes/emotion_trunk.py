# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Take the first layers of Whisper's encoder from a folder on this machine.

Two layouts are read: that of CTranslate2 (`model.bin`, as faster-whisper downloads it from
`Systran/faster-whisper-base`) and that of Hugging Face (`model.safetensors` of
`openai/whisper-base`). Nothing is executed, and whichever it was, the weights must be the ones
whose digest is written here. Whisper: Radford et al. 2023; weights MIT, © 2022 OpenAI.
"""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch
from numpy.typing import NDArray
from rewardkit_scorers._trunk import FFT_SIZE
from safetensors import safe_open
from torch import Tensor

from checkpoints.recipes.emotion_data import SAMPLE_RATE
from rewardkit import torchaudio_cpu

SIZES: Final = {
    "bands": 80, "width": 512, "heads": 8, "layers": 2, "merge": 2, "longest": 750,
}  # fmt: skip
"""Arguments of `rewardkit_scorers._trunk.Trunk`; the first three are those of whisper-base."""

DIGEST: Final = "ddbaa70775eb5fb364533d0600ee3c1d4e9065fce2471be90e1b17d7e94a1a7f"
"""SHA-256 over names and float16 values of the tensors that are taken, by name."""

CT2_TYPES: Final = {0: "<f4", 1: "i1", 2: "<i2", 3: "<i4", 4: "<f2"}
"""Types of values in CTranslate2's files, by their number (`types.h`)."""

Lookup = Callable[[str], Tensor]


def take(folder: Path) -> dict[str, Tensor]:
    """The state of a `Trunk` with whisper-base's weights: float16, mel filters float32.

    Args:
        folder: Holds `model.bin` or `model.safetensors`.

    Raises:
        FileNotFoundError: When it holds neither.
        ValueError: When the weights are not those of whisper-base.
    """
    if (path := folder / "model.bin").is_file():
        state = _from_ctranslate2(read_ctranslate2(path))
    elif (path := folder / "model.safetensors").is_file():
        with safe_open(path, "pt") as file:
            state = _from_hugging_face(file.get_tensor)
    else:
        raise FileNotFoundError(f"{folder}: neither model.bin nor model.safetensors")
    state = {name: state[name].half().contiguous() for name in sorted(state)}
    if (found := digest(state)) != DIGEST:
        raise ValueError(f"{path}: not the weights of whisper-base: {found}, not {DIGEST}")
    return state | {"mel": mel_filters()}


def digest(state: dict[str, Tensor]) -> str:
    """SHA-256 (hex) of the tensors' names and bytes."""
    whole = hashlib.sha256()
    for name, tensor in sorted(state.items()):
        whole.update(name.encode() + b"\0" + tensor.numpy().tobytes())
    return whole.hexdigest()


def mel_filters() -> Tensor:
    """Whisper's mel filters, Slaney's scale and norm (`librosa.filters.mel`): `(bands, bins)`."""
    torchaudio_cpu.prepare()
    from torchaudio.functional import melscale_fbanks

    bins = FFT_SIZE // 2 + 1
    filters: Tensor = melscale_fbanks(
        bins, 0.0, SAMPLE_RATE / 2, SIZES["bands"], SAMPLE_RATE, norm="slaney", mel_scale="slaney"
    )
    return filters.T.contiguous()


def read_ctranslate2(path: Path) -> dict[str, NDArray[Any]]:
    """All tensors in a file of CTranslate2, binary version 6, by name.

    The file (`model_spec.py`, `Model.save`): version; name of the specification; its revision;
    number of variables, and for each its name, rank, dimensions, type, length in bytes, bytes;
    number of aliases, and for each two names. All numbers are little-endian; a string is its
    length with the ending zero, then the characters.

    Raises:
        ValueError: When the file is of another version, or does not end where it should.
    """
    data = memoryview(path.read_bytes())
    place = 0

    def number(kind: str) -> int:
        nonlocal place
        (value,) = struct.unpack_from("<" + kind, data, place)
        place += struct.calcsize("<" + kind)
        return int(value)

    def block(length: int) -> memoryview:
        nonlocal place
        place += length
        return data[place - length : place]

    def text() -> str:
        return bytes(block(number("H"))).rstrip(b"\0").decode()

    if (version := number("I")) != 6:
        raise ValueError(f"{path}: binary version {version}, not 6")
    text(), number("I")
    found: dict[str, NDArray[Any]] = {}
    for _ in range(number("I")):
        name = text()
        shape = [number("I") for _ in range(number("B"))]
        kind = CT2_TYPES[number("B")]
        found[name] = np.frombuffer(block(number("I")), kind).reshape(shape)
    for _ in range(number("I")):
        alias = text()
        found[alias] = found[text()]
    if place != len(data):
        raise ValueError(f"{path}: {len(data) - place} bytes too many")
    return found


def _from_ctranslate2(tensors: dict[str, NDArray[Any]]) -> dict[str, Tensor]:
    def get(name: str) -> Tensor:
        return torch.tensor(tensors[f"encoder/{name}"])

    state = {f"{conv}.{kind}": get(f"{conv}/{kind}") for conv in CONVS for kind in KINDS}
    for i in range(SIZES["layers"]):
        attention, ffn = f"layer_{i}/self_attention", f"layer_{i}/ffn"
        for kind in KINDS:
            norm = {"weight": "gamma", "bias": "beta"}[kind]
            state |= {
                f"layers.{i}.self_attn.in_proj_{kind}": get(f"{attention}/linear_0/{kind}"),
                f"layers.{i}.self_attn.out_proj.{kind}": get(f"{attention}/linear_1/{kind}"),
                f"layers.{i}.linear1.{kind}": get(f"{ffn}/linear_0/{kind}"),
                f"layers.{i}.linear2.{kind}": get(f"{ffn}/linear_1/{kind}"),
                f"layers.{i}.norm1.{kind}": get(f"{attention}/layer_norm/{norm}"),
                f"layers.{i}.norm2.{kind}": get(f"{ffn}/layer_norm/{norm}"),
            }
    return state


def _from_hugging_face(tensor: Lookup) -> dict[str, Tensor]:
    def get(name: str) -> Tensor:
        return tensor(f"model.encoder.{name}")

    state = {f"{conv}.{kind}": get(f"{conv}.{kind}") for conv in CONVS for kind in KINDS}
    for i in range(SIZES["layers"]):
        layer, attention = f"layers.{i}", f"layers.{i}.self_attn"
        for kind in KINDS:
            query, value = (get(f"{attention}.{name}_proj.{kind}") for name in "qv")
            # Keys have no bias in Whisper: it would change no attention weight.
            key = get(f"{attention}.k_proj.weight") if kind == "weight" else torch.zeros(len(query))
            state |= {
                f"{attention}.in_proj_{kind}": torch.cat([query, key, value]),
                f"{attention}.out_proj.{kind}": get(f"{attention}.out_proj.{kind}"),
                f"{layer}.linear1.{kind}": get(f"{layer}.fc1.{kind}"),
                f"{layer}.linear2.{kind}": get(f"{layer}.fc2.{kind}"),
                f"{layer}.norm1.{kind}": get(f"{layer}.self_attn_layer_norm.{kind}"),
                f"{layer}.norm2.{kind}": get(f"{layer}.final_layer_norm.{kind}"),
            }
    return state


CONVS: Final = ("conv1", "conv2")
KINDS: Final = ("weight", "bias")
