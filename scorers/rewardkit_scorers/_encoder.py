# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What emotion encoders have in common: where one lies, what it says of itself, what it gives."""

from __future__ import annotations

import abc
import ast
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from rewardkit.checkpoint import shipped
from rewardkit.errors import CheckpointError
from rewardkit_scorers import _weights

SAMPLE_RATE: Final = 16_000
"""Hz; of every encoder that is known here."""

SHORTEST: Final = SAMPLE_RATE // 5
"""Samples; from less sound than this, silent ends cut off, no emotion is read."""

HUB_ID: Final = re.compile(r"[A-Za-z0-9][\w.-]*/[A-Za-z0-9][\w.-]*", re.ASCII)
"""`owner/name` at the Hugging Face hub."""


@dataclass(frozen=True)
class Reading:
    """What an encoder gives for a clip.

    Args:
        embedding: float64 of shape `(dimensions,)`.
        log_posteriors: float64 of shape `(classes,)`, nat.
        emotional_share: Share of frames whose most probable class is not neutral; None unless
            the encoder classifies frames.
    """

    embedding: NDArray[np.float64]
    log_posteriors: NDArray[np.float64]
    emotional_share: float | None = None


Network = Callable[[Sequence[NDArray[np.float32]]], "list[Reading | None]"]
"""Takes the samples of clips; None for a clip with too little sound to read from."""


@dataclass(frozen=True)
class Card(abc.ABC):
    """What an encoder says of itself, read without its weights and without torch.

    Args:
        classes: Names of the emotions, in the order of the classifier's outputs.
        degrees: Their angles on the circumplex of affect (None: its centre), or None if unknown.
        dimensions: Length of the embedding.
        strength: Which of them says how strongly an emotion is shown, or None.
        framewise: Whether frames are classified, rather than the clip as a whole.
        files: What decides its numbers, as pairs of a name and a path.
    """

    classes: tuple[str, ...]
    degrees: tuple[float | None, ...] | None
    dimensions: int
    strength: int | None
    framewise: bool
    files: tuple[tuple[str, Path], ...]

    @abc.abstractmethod
    def load(self, device: str) -> Network:
        """Build the network and fill in its weights.

        Raises:
            CheckpointError: `bad_tensors`, `unsafe_weights` or `missing_extra`.
        """

    def digest(self) -> str:
        """SHA-256 (hex) of the names and contents of `files`."""
        return _weights.digest(self.files)


def locate(source: str, revision: str | None) -> Path:
    """The folder of an encoder.

    Args:
        source: The name of one that ships, a folder, or a Hugging Face hub id `owner/name`.
        revision: Commit or tag at the hub.

    Raises:
        CheckpointError: `unknown_encoder` when nothing is found there.
    """
    if source in (known := shipped()):
        return known[source]
    if Path(source).is_dir():
        return Path(source).resolve()
    if HUB_ID.fullmatch(source):
        wanted = ("config.json", "hyperparams.yaml", "label_encoder.txt")
        return fetch(source, revision, (*wanted, "*.safetensors", "*.ckpt"))
    encoders = [name for name, folder in known.items() if (folder / "config.json").is_file()]
    raise CheckpointError(
        "unknown_encoder",
        f"no emotion encoder {source!r}: give a folder, a hub id owner/name, or one that ships: "
        f"{', '.join(encoders) or 'none'}",
    )


@lru_cache(maxsize=32)
def fetch(repository: str, revision: str | None, patterns: tuple[str, ...]) -> Path:
    """The folder in the hub's cache with a repository's files, downloaded if need be.

    Only files that match the patterns are downloaded, and none of them is ever executed.

    Raises:
        CheckpointError: `unknown_encoder` when the hub has it not, or can't be reached.
    """
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HfHubHTTPError, LocalEntryNotFoundError

    try:
        return Path(snapshot_download(repository, revision=revision, allow_patterns=list(patterns)))
    except (HfHubHTTPError, LocalEntryNotFoundError, OSError, ValueError) as error:
        raise CheckpointError(
            "unknown_encoder", f"{repository}: not a folder here, and the hub says: {error}"
        ) from error


def labels(path: Path) -> tuple[str, ...]:
    """The labels in a file of speechbrain's `CategoricalEncoder`, by index.

    A line is `literal => index`; a line of equals signs ends the labels. Literals are parsed,
    never evaluated.

    Raises:
        CheckpointError: `bad_encoder` when the file is not such a list of two labels or more.
    """
    found: dict[int, Any] = {}
    try:
        for line in path.read_text("utf-8").splitlines():
            if line.startswith("===="):
                break
            literal, _, index = line.rpartition(" => ")
            found[int(index)] = ast.literal_eval(literal)
    except (OSError, ValueError, SyntaxError, RecursionError, MemoryError) as error:
        raise CheckpointError("bad_encoder", f"{path}: {error}") from error
    names = [found.get(index) for index in range(len(found))]
    if len(names) < 2 or not all(isinstance(name, str) for name in names):
        raise CheckpointError("bad_encoder", f"{path}: labels must be names, numbered from 0")
    return tuple(str(name) for name in names)
