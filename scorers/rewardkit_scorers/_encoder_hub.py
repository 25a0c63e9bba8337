# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Speechbrain's published emotion models: what their folders say, read as data.

Two are supported. `speechbrain/emotion-recognition-wav2vec2-IEMOCAP` classifies a clip (Wang,
Boumadane and Heba 2021, arXiv:2111.02735), `speechbrain/emotion-diarization-wavlm-large`
classifies frames (Wang, Ravanelli, Nfissi and Yacoubi 2023, arXiv:2306.12991). A folder holds
`hyperparams.yaml`, `label_encoder.txt`, `wav2vec2.ckpt` (the fine-tuned encoder) and `model.ckpt`
(one linear layer); the encoder's sizes lie in the `config.json` of the hub repository that it was
tuned from. Nothing of this is executed: see `_hub_yaml` and `_hub_network`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from rewardkit.errors import CheckpointError
from rewardkit_scorers import _transformers
from rewardkit_scorers._encoder import HUB_ID, SAMPLE_RATE, Card, Network, fetch, labels
from rewardkit_scorers._hub_network import Computation, HubNetwork
from rewardkit_scorers._hub_yaml import module, read

HYPERPARAMETERS: Final = "hyperparams.yaml"
LABELS: Final = "label_encoder.txt"
ENCODER: Final = "wav2vec2.ckpt"
CLASSIFIER: Final = "model.ckpt"

NAMES: Final = {
    "n": "neutral", "neu": "neutral", "h": "happiness", "hap": "happiness",
    "a": "anger", "ang": "anger", "s": "sadness", "sad": "sadness",
}  # fmt: skip
"""What the labels of the published models stand for."""

ANGLES: Final = {"neutral": None, "happiness": 45.0, "anger": 135.0, "sadness": 225.0}
"""Degrees on the circumplex of affect, as for the encoders that ship."""


@dataclass(frozen=True)
class HubCard(Card):
    """An encoder in the layout above.

    Args:
        does: What it computes.
    """

    does: Computation

    def load(self, device: str) -> Network:
        """Build the encoder and fill in its weights; imports torch and transformers."""
        return HubNetwork(self.does, self.classes, device)


def read_card(folder: Path) -> HubCard | None:
    """The card of an encoder in this layout, or None if the folder is not in this layout.

    Raises:
        CheckpointError: `bad_encoder` when a file does not hold what it must, or describes
            another computation than those of the two published models; `unknown_encoder` when
            the encoder's sizes are not to be had.
    """
    path = folder / HYPERPARAMETERS
    if not ((folder / ENCODER).is_file() and path.is_file()):
        return None
    values = read(path)
    _, encoder = _expect(path, values, "wav2vec2")
    hub_id, output_norm = encoder.get("source"), encoder.get("output_norm")
    if not (isinstance(hub_id, str) and HUB_ID.fullmatch(hub_id)):
        raise _bad(path, "source of wav2vec2")
    if not isinstance(output_norm, bool) or encoder.get("output_all_hiddens", False):
        raise _bad(path, "output of wav2vec2")
    settings = (_transformers.CONFIG, _transformers.INPUT)
    base = fetch(hub_id, None, settings)
    sizes, front = (_settings(base / name) for name in settings)
    dimensions = sizes.get("hidden_size")
    if not isinstance(dimensions, int) or dimensions < 1:
        raise _bad(base / _transformers.CONFIG, "hidden_size")
    if front.get("sampling_rate", SAMPLE_RATE) != SAMPLE_RATE:
        raise _bad(base / _transformers.INPUT, "sampling_rate")
    pooling = _pooling(path, values)
    classes = labels(folder / LABELS)
    ours = tuple(NAMES.get(label, _plain(label)) for label in classes)
    if len(set(ours)) < len(ours):
        raise _bad(folder / LABELS, "a list of labels that differ")
    known = all(name in ANGLES for name in ours)
    return HubCard(
        classes=ours,
        degrees=tuple(ANGLES[name] for name in ours) if known else None,
        dimensions=dimensions,
        strength=None,
        framewise=pooling is not None,
        files=(
            *((name, folder / name) for name in (HYPERPARAMETERS, LABELS, ENCODER, CLASSIFIER)),
            *((f"encoder/{name}", base / name) for name in settings),
        ),
        does=Computation(
            sizes=base,
            encoder=folder / ENCODER,
            classifier=folder / CLASSIFIER,
            centred=_centred(path, values),
            normalised=bool(front.get("do_normalize", True)),
            output_norm=output_norm,
            pooling=pooling,
        ),
    )


def _pooling(path: Path, values: dict[str, Any]) -> tuple[int, int] | None:
    kind, arguments = _expect(path, values, "avg_pool")
    if kind == "StatisticsPooling" and arguments.get("return_std") is False:
        return None
    size = arguments.get("kernel_size")
    step = arguments.get("stride", size)
    if (
        kind == "Pooling1d"
        and arguments.get("pool_type") == "avg"
        and isinstance(size, int)
        and isinstance(step, int)
        and min(size, step) > 0
    ):
        return size, step
    raise _bad(path, "avg_pool")


def _centred(path: Path, values: dict[str, Any]) -> bool:
    if "input_norm" not in values:
        return False
    kind, arguments = _expect(path, values, "input_norm")
    mean_only = arguments.get("norm_type") == "sentence" and arguments.get("std_norm") is False
    if kind != "InputNormalization" or not mean_only:
        raise _bad(path, "input_norm")
    return True


def _expect(path: Path, values: dict[str, Any], name: str) -> tuple[str, dict[str, Any]]:
    found = module(values, name)
    if found is None:
        raise _bad(path, name)
    return found


def _bad(path: Path, name: str) -> CheckpointError:
    return CheckpointError(
        "bad_encoder",
        f"{path}: {name} is missing, or not as in the published models that are supported: "
        "emotion-recognition-wav2vec2-IEMOCAP and emotion-diarization-wavlm-large",
    )


def _settings(path: Path) -> dict[str, Any]:
    if not path.is_file():
        raise CheckpointError("bad_encoder", f"{path}: not there")
    return _transformers.settings(path)


def _plain(label: str) -> str:
    """A label as part of a feature's name."""
    return re.sub(r"\W+", "_", label.lower(), flags=re.ASCII).strip("_") or "unnamed"
