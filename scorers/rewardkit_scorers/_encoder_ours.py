# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The encoders that rewardkit ships: a small ECAPA-TDNN and a linear classifier.

A folder is in speechbrain's own layout (`hyperparams.yaml`, `label_encoder.txt`, weights), so
that its `EncoderClassifier` opens it; but the weights are safetensors and `config.json` holds
all that is needed to build the modules, so that no HyperPyYAML, which can call any function, is
read here.

ECAPA-TDNN: Desplanques, Thienpondt and Demuynck 2020, "ECAPA-TDNN: Emphasized Channel Attention,
Propagation and Aggregation in TDNN Based Speaker Verification", Interspeech.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Final, Literal

import numpy as np
import pydantic
from numpy.typing import NDArray
from pydantic import Field, PositiveFloat, PositiveInt

from rewardkit.errors import CheckpointError
from rewardkit_scorers import _speechbrain
from rewardkit_scorers._encoder import SHORTEST, Card, Network, Reading
from rewardkit_scorers._inference import construction, inference
from rewardkit_scorers._windows import level, trim, windows

CONFIG: Final = "config.json"
EMBEDDING: Final = "embedding_model.safetensors"
CLASSIFIER: Final = "classifier.safetensors"


class _Strict(pydantic.BaseModel):
    model_config = pydantic.ConfigDict(extra="forbid", frozen=True)


class Trim(_Strict):
    """How silent ends are cut: lengths in samples, and dB below the loudest frame."""

    frame: PositiveInt
    hop: PositiveInt
    below_loudest_db: PositiveFloat


class Fbank(_Strict):
    """Arguments of speechbrain's `Fbank`: Hz, and milliseconds for window and hop."""

    sample_rate: Literal[16_000]
    n_fft: PositiveInt
    n_mels: PositiveInt
    win_length: PositiveFloat
    hop_length: PositiveFloat


class Ecapa(_Strict):
    """Arguments of speechbrain's `ECAPA_TDNN`."""

    input_size: PositiveInt
    channels: tuple[PositiveInt, ...]
    kernel_sizes: tuple[PositiveInt, ...]
    dilations: tuple[PositiveInt, ...]
    attention_channels: PositiveInt
    res2net_scale: PositiveInt
    se_channels: PositiveInt
    lin_neurons: PositiveInt


class Config(_Strict):
    """What `config.json` holds; lengths in samples unless said otherwise.

    Args:
        format: Version of this layout.
        corpus: What the encoder was trained on.
        classes: Names of the emotions, in the order of the classifier's outputs.
        circumplex_degrees: Their angles on the circumplex of affect; None is its centre.
        sample_rate: Hz.
        trim: How silent ends are cut.
        rms: Level that a trimmed clip is scaled to, re full scale.
        window: Length of a window.
        window_hop: From one window to the next.
        fbank: Front end.
        top_db: Floor of a log-mel energy below the loudest of its window, dB.
        ecapa: Architecture.
    """

    format: Literal[1]
    corpus: str
    classes: Annotated[tuple[Annotated[str, Field(pattern="^[a-z]+$")], ...], Field(min_length=2)]
    circumplex_degrees: tuple[float | None, ...]
    sample_rate: Literal[16_000]
    trim: Trim
    rms: PositiveFloat
    window: Annotated[int, Field(ge=SHORTEST)]
    window_hop: PositiveInt
    fbank: Fbank
    top_db: PositiveFloat
    ecapa: Ecapa

    @pydantic.model_validator(mode="after")
    def _one_angle_each(self) -> Config:
        if len(set(self.classes)) != len(self.circumplex_degrees):
            raise ValueError("classes must differ and have one angle each")
        return self


@dataclass(frozen=True)
class OurCard(Card):
    """An encoder in the layout above; `config` is what its `config.json` says."""

    config: Config

    def load(self, device: str) -> Network:
        """Build the modules and fill in their weights; imports torch and speechbrain."""
        return EcapaNetwork(self, device)


def read(folder: Path) -> OurCard | None:
    """The card of an encoder in this layout, or None if the folder is not in this layout.

    Raises:
        CheckpointError: `bad_encoder` when `config.json` does not hold what it must.
    """
    if not (folder / EMBEDDING).is_file():
        return None
    path = folder / CONFIG
    try:
        config = Config.model_validate(json.loads(path.read_text("utf-8")))
    except (OSError, ValueError) as error:  # pydantic's and json's errors are ValueErrors
        raise CheckpointError("bad_encoder", f"{path}: {error}") from error
    return OurCard(
        classes=config.classes,
        degrees=config.circumplex_degrees,
        dimensions=config.ecapa.lin_neurons,
        framewise=False,
        files=tuple((name, folder / name) for name in (CONFIG, EMBEDDING, CLASSIFIER)),
        config=config,
    )


class EcapaNetwork:
    """Log-mel energies, ECAPA-TDNN, mean over windows, classifier."""

    def __init__(self, card: OurCard, device: str) -> None:
        _speechbrain.prepare()
        from speechbrain.lobes.features import Fbank as FbankModule
        from speechbrain.lobes.models.ECAPA_TDNN import ECAPA_TDNN
        from torch import nn

        self.config = config = card.config
        self.device = device
        paths = dict(card.files)
        with construction():
            fbank = FbankModule(**config.fbank.model_dump())
            fbank.compute_fbanks.top_db = config.top_db
            ecapa = ECAPA_TDNN(**config.ecapa.model_dump(mode="json"))
            linear = nn.Linear(card.dimensions, len(card.classes))
            _fill(ecapa, paths[EMBEDDING])
            _fill(nn.Sequential(linear), paths[CLASSIFIER])
        self._fbank, self._ecapa, self._linear = (
            module.eval().to(device) for module in (fbank, ecapa, linear)
        )

    def __call__(self, samples: NDArray[np.float32]) -> Reading | None:
        """Read one clip at 16 kHz; None when too little is left once silent ends are cut."""
        import torch

        config = self.config
        cut = trim(
            samples,
            frame=config.trim.frame,
            hop=config.trim.hop,
            below_loudest=config.trim.below_loudest_db,
        )
        ready = level(cut, config.rms)
        if ready is None or len(ready) < SHORTEST:
            return None
        embeddings = []
        with inference(self.device):
            for window in windows(ready, config.window, config.window_hop):
                energies = self._fbank(torch.tensor(window[None], device=self.device))
                embeddings.append(self._ecapa(energies)[0, 0])
            embedding = torch.stack(embeddings).mean(dim=0)
            log_posteriors = self._linear(embedding).double().log_softmax(dim=-1)
        return Reading(embedding.double().cpu().numpy(), log_posteriors.cpu().numpy())


def _fill(module: Any, path: Path) -> None:
    """Load a module's weights, all of them and no others.

    Raises:
        CheckpointError: `bad_tensors` when the file is damaged or its tensors do not fit.
    """
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    try:
        module.load_state_dict(load_file(path))
    except (OSError, RuntimeError, SafetensorError) as error:
        raise CheckpointError("bad_tensors", f"{path}: {error}") from error
