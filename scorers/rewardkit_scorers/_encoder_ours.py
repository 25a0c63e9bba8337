# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The encoders that rewardkit ships: the first layers of Whisper's encoder, and linear maps.

A folder is in speechbrain's own layout (`hyperparams.yaml`, `label_encoder.txt`, weights), so
that its `EncoderClassifier` opens it; but the weights are safetensors and `config.json` holds
all that is needed to build the modules, so that no HyperPyYAML, which can call any function, is
read here.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final, Literal

import numpy as np
import pydantic
from numpy.typing import NDArray
from pydantic import Field, NonNegativeInt, PositiveFloat, PositiveInt

from rewardkit.errors import CheckpointError
from rewardkit_scorers._encoder import SHORTEST, Card, Network, Reading
from rewardkit_scorers._inference import construction, inference
from rewardkit_scorers._windows import level, trim, windows

if TYPE_CHECKING:
    from torch import Tensor

CONFIG: Final = "config.json"
TRUNK: Final = "trunk.safetensors"
EMBEDDING: Final = "embedding_model.safetensors"
CLASSIFIER: Final = "classifier.safetensors"

TOGETHER: Final = 64
"""Windows of equal length that a GPU reads at a time."""


class _Strict(pydantic.BaseModel):
    model_config = pydantic.ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class Trim(_Strict):
    """How silent ends are cut: lengths in samples, and dB below the loudest frame."""

    frame: PositiveInt
    hop: PositiveInt
    below_loudest_db: PositiveFloat


class Sizes(_Strict):
    """Arguments of `rewardkit_scorers._trunk.Trunk`."""

    bands: PositiveInt
    width: PositiveInt
    heads: PositiveInt
    layers: PositiveInt
    merge: PositiveInt
    longest: PositiveInt


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
        trunk: Sizes of the trunk.
        dimensions: Length of the embedding.
        strength: Which of them, from 0, says how strongly an emotion is shown; None for none.
    """

    format: Literal[2]
    corpus: str
    classes: Annotated[tuple[Annotated[str, Field(pattern="^[a-z]+$")], ...], Field(min_length=2)]
    circumplex_degrees: tuple[float | None, ...]
    sample_rate: Literal[16_000]
    trim: Trim
    rms: PositiveFloat
    window: Annotated[int, Field(ge=SHORTEST)]
    window_hop: PositiveInt
    trunk: Sizes
    dimensions: PositiveInt
    strength: NonNegativeInt | None = None

    @pydantic.model_validator(mode="after")
    def _consistent(self) -> Config:
        if len(set(self.classes)) != len(self.circumplex_degrees):
            raise ValueError("classes must differ and have one angle each")
        if self.window > self.trunk.longest * self.trunk.merge * 320:
            raise ValueError("window is longer than the trunk's positions reach")
        if self.strength is not None and self.strength >= self.dimensions:
            raise ValueError("strength is no dimension of the embedding")
        return self


@dataclass(frozen=True)
class OurCard(Card):
    """An encoder in the layout above; `config` is what its `config.json` says."""

    config: Config

    def load(self, device: str) -> Network:
        """Build the modules and fill in their weights; imports torch."""
        return TrunkNetwork(self, device)


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
    # Those of pydantic and of json are ValueErrors.
    except (OSError, ValueError, RecursionError) as error:
        raise CheckpointError("bad_encoder", f"{path}: {error}") from error
    return OurCard(
        classes=config.classes,
        degrees=config.circumplex_degrees,
        dimensions=config.dimensions,
        strength=config.strength,
        framewise=False,
        files=tuple((name, folder / name) for name in (CONFIG, TRUNK, EMBEDDING, CLASSIFIER)),
        config=config,
    )


class TrunkNetwork:
    """Trunk, statistics and linear map per window; mean over windows; classifier."""

    def __init__(self, card: OurCard, device: str) -> None:
        from torch import nn

        from rewardkit_scorers._trunk import Embedding, Trunk

        self.config = config = card.config
        self.device = device
        self.together = 1 if device.startswith("cpu") else TOGETHER
        paths = dict(card.files)
        with construction():
            trunk = Trunk(**config.trunk.model_dump())
            embedding = Embedding(config.trunk.width, config.dimensions)
            linear = nn.Linear(config.dimensions, len(config.classes))
            _fill(trunk, paths[TRUNK])
            _fill(embedding, paths[EMBEDDING])
            _fill(nn.Sequential(linear), paths[CLASSIFIER])
        self._trunk, self._embedding, self._linear = (
            module.eval().requires_grad_(False).to(device) for module in (trunk, embedding, linear)
        )

    def __call__(self, clips: Sequence[NDArray[np.float32]]) -> list[Reading | None]:
        """Read clips at 16 kHz; None where too little is left once silent ends are cut."""
        import torch

        embeddings: list[list[Tensor]] = [[] for _ in clips]
        with inference(self.device):
            for owners, stack in self._stacks(clips):
                x = torch.tensor(stack, device=self.device)
                for owner, row in zip(owners, self._embedding(self._trunk(x))[:, 0], strict=True):
                    embeddings[owner].append(row)
            return [self._classify(rows) if rows else None for rows in embeddings]

    def _classify(self, rows: list[Tensor]) -> Reading:
        import torch

        embedding = torch.stack(rows).mean(dim=0)
        logs = self._linear(embedding).double().log_softmax(dim=-1)
        return Reading(embedding.double().cpu().numpy(), logs.cpu().numpy())

    def _stacks(
        self, clips: Sequence[NDArray[np.float32]]
    ) -> Iterator[tuple[list[int], NDArray[np.float32]]]:
        """Windows of equal length, `(windows, samples)`, with the clips that they are of.

        On a CPU one at a time: it gains nothing from more, and the last bits of a product depend
        on how many rows there are. A clip's windows come in their order.
        """
        waiting: dict[int, list[tuple[int, NDArray[np.float32]]]] = defaultdict(list)
        for owner, samples in enumerate(clips):
            for window in self._windows(samples):
                queue = waiting[len(window)]
                queue.append((owner, window))
                if len(queue) == self.together:
                    yield _stack(queue)
                    queue.clear()
        for queue in waiting.values():
            if queue:
                yield _stack(queue)

    def _windows(self, samples: NDArray[np.float32]) -> list[NDArray[np.float32]]:
        from rewardkit_scorers._direct import centred  # numba, not needed to declare features

        config = self.config
        # Direct current would count as sound in silent ends, and in the level.
        cut = trim(
            centred(samples, config.sample_rate),
            frame=config.trim.frame,
            hop=config.trim.hop,
            below_loudest=config.trim.below_loudest_db,
        )
        ready = level(cut, config.rms)
        if ready is None or len(ready) < SHORTEST:
            return []
        return windows(ready, config.window, config.window_hop)


def _stack(
    queue: list[tuple[int, NDArray[np.float32]]],
) -> tuple[list[int], NDArray[np.float32]]:
    owners, parts = zip(*queue, strict=True)
    return list(owners), np.stack(parts)


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
