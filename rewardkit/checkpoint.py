# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: Apache-2.0
"""Checkpoint folders: a JSON manifest, safetensors named by their hash, a model card.

The manifest is replaced last and names the tensor file by its SHA-256, so a reader finds either
the old checkpoint or the new one, whenever a writer is killed. Nothing in a checkpoint is code
and nothing is unpickled.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, Literal

import numpy as np
import pydantic
from numpy.typing import NDArray

from rewardkit.errors import CheckpointError
from rewardkit.files import replace

MANIFEST: Final = "manifest.json"
CARD: Final = "README.md"
_HUB_FILES: Final = [MANIFEST, "*.safetensors", CARD]
_HERE: Final = Path(__file__).parent
_SHELVES: Final = (_HERE / "_checkpoints", _HERE.parent / "checkpoints")  # wheel, source tree


class _Strict(pydantic.BaseModel):
    model_config = pydantic.ConfigDict(extra="forbid", frozen=True)


class ScorerEntry(_Strict):
    """A scorer that the features came from: how to make it, and what it must be."""

    name: str
    version: int
    parameters: dict[str, Any]
    digest: str
    identity: str


class FeatureEntry(_Strict):
    """A column of the head."""

    name: str
    unit: str


class ComparisonEntry(_Strict):
    """A turn-to-turn feature; see `rewardkit.dialogue.Comparison`."""

    relation: str
    name: str
    of: tuple[str, ...]
    scale: str
    beyond: float = 0.0


Kind = Literal["clip", "dialogue"]


class Manifest(_Strict):
    """What a reward checkpoint says of itself.

    Args:
        format: Version of this layout.
        kind: What gets the reward: a clip, or a dialogue.
        name: The checkpoint's name.
        rewardkit: The version that wrote it.
        license: SPDX expression for the weights.
        dimensions: In the head's order.
        scorers: In column order.
        features: The columns, in order.
        comparisons: Of a model of dialogues: what the columns compare, in the same order.
        schema_digest: `Schema.digest` of what the scorers measure.
        requires_speech: Whether clips without speech are refused.
        training: How it was trained: options and data, by name.
        evaluation: What was measured, as `rewardkit.evaluate` reports it.
        files: SHA-256 (hex) of each tensor file by its name.
    """

    format: Literal[1] = 1
    kind: Kind = "clip"
    name: str
    rewardkit: str
    license: str
    dimensions: tuple[str, ...]
    scorers: tuple[ScorerEntry, ...]
    features: tuple[FeatureEntry, ...]
    comparisons: tuple[ComparisonEntry, ...] = ()
    schema_digest: str
    requires_speech: bool
    training: dict[str, Any]
    evaluation: dict[str, Any]
    files: dict[str, str] = {}


def shipped() -> dict[str, Path]:
    """The folders of the models that ship with rewardkit, by name: reward heads and encoders."""
    found: dict[str, Path] = {}
    for shelf in _SHELVES:
        if shelf.is_dir():
            for folder in sorted(shelf.iterdir()):
                if (folder / CARD).is_file() and any(folder.glob("*.safetensors")):
                    found.setdefault(folder.name, folder)
    return found


def locate(name: str | Path, *, revision: str | None = None) -> Path:
    """The folder of a checkpoint.

    Args:
        name: A folder, the name of a shipped checkpoint, or a Hugging Face hub id `owner/name`
            (downloaded once; only the manifest, safetensors and the card).
        revision: Commit or tag at the hub.

    Raises:
        CheckpointError: `unknown_checkpoint` when nothing is found there.
    """
    text = str(name)
    if "://" in text:
        raise CheckpointError(
            "unknown_checkpoint", f"{text}: give a folder, a shipped name or a hub id, not a URL"
        )
    known = shipped()
    try:
        if (Path(text) / MANIFEST).is_file():
            return Path(text)
        if text in known:
            return known[text]
        if Path(text).exists():
            raise CheckpointError("unknown_checkpoint", f"{text}: a checkpoint holds a {MANIFEST}")
    except OSError as error:  # a name that no file can have
        raise CheckpointError("unknown_checkpoint", f"{text}: {error.strerror}") from error
    if text.count("/") == 1 and not text.startswith((".", "/", "~")):
        from huggingface_hub import snapshot_download
        from huggingface_hub.errors import HfHubHTTPError, LocalEntryNotFoundError

        try:
            return Path(snapshot_download(text, revision=revision, allow_patterns=_HUB_FILES))
        except (HfHubHTTPError, LocalEntryNotFoundError, OSError, ValueError) as error:
            raise CheckpointError(
                "unknown_checkpoint", f"{text}: not a folder here, and the hub says: {error}"
            ) from error
    heads = [key for key, folder in known.items() if (folder / MANIFEST).is_file()]
    raise CheckpointError(
        "unknown_checkpoint",
        f"no checkpoint {text!r}: give a folder with a {MANIFEST}, a hub id, or one that ships: "
        f"{', '.join(heads) or 'none'}",
    )


def save(
    folder: str | Path, manifest: Manifest, tensors: Mapping[str, NDArray[Any]], card: str
) -> None:
    """Write a checkpoint; a reader at any moment finds the old one or the new one whole.

    Args:
        folder: Made when absent.
        manifest: Its `files` are filled in here.
        tensors: What the head is made of.
        card: The model card, Markdown.
    """
    from safetensors.numpy import save as to_bytes

    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    try:
        before = {name for name in _manifest(folder).files if name.startswith("head-")}
    except CheckpointError:
        before = set()  # none, or not one of ours
    data = to_bytes({key: np.ascontiguousarray(value) for key, value in tensors.items()})
    digest = hashlib.sha256(data).hexdigest()
    file = f"head-{digest[:12]}.safetensors"
    replace(folder / file, data)
    replace(folder / CARD, card.encode())
    complete = manifest.model_copy(update={"files": {file: digest}})
    replace(folder / MANIFEST, (complete.model_dump_json(indent=2) + "\n").encode())
    for old in before - {file}:  # no others: they may be somebody else's
        (folder / old).unlink(missing_ok=True)


_LOADERS: Final[dict[Kind, str]] = {
    "clip": "it gives rewards to clips: load it with RewardModel, or `rewardkit score CLIPS`",
    "dialogue": "it gives rewards to dialogues: load it with DialogueModel, or "
    "`rewardkit score --dialogue FILE`",
}


def load(folder: Path, kind: Kind | None = None) -> tuple[Manifest, dict[str, NDArray[Any]]]:
    """Read a checkpoint and check every file against its hash.

    Args:
        folder: Where it lies.
        kind: What the model must give rewards to; None for any.

    Raises:
        CheckpointError: `bad_manifest`, `wrong_kind`, `missing_file`, `hash_mismatch` or
            `bad_tensors`.
    """
    try:
        manifest, tensors = _load(folder)
    except CheckpointError as error:
        if error.code != "missing_file":
            raise
        manifest, tensors = _load(folder)  # a writer may have been between manifest and tensors
    if kind is not None and manifest.kind != kind:
        raise CheckpointError("wrong_kind", f"{folder}: {_LOADERS[manifest.kind]}")
    return manifest, tensors


def _load(folder: Path) -> tuple[Manifest, dict[str, NDArray[Any]]]:
    from safetensors import SafetensorError
    from safetensors.numpy import load as from_bytes

    manifest = _manifest(folder)
    tensors: dict[str, NDArray[Any]] = {}
    for name, digest in manifest.files.items():
        try:
            data = (folder / name).read_bytes()
        except OSError as error:
            raise CheckpointError("missing_file", f"{folder / name}: {error.strerror}") from error
        if hashlib.sha256(data).hexdigest() != digest:
            raise CheckpointError(
                "hash_mismatch", f"{folder / name} is not the file that {MANIFEST} names"
            )
        try:
            tensors.update(from_bytes(data))
        except (SafetensorError, KeyError) as error:  # KeyError: a type that numpy lacks
            raise CheckpointError("bad_tensors", f"{folder / name}: {error}") from error
    return manifest, tensors


def _manifest(folder: Path) -> Manifest:
    path = folder / MANIFEST
    try:
        manifest = Manifest.model_validate(json.loads(path.read_text("utf-8")))
    except (OSError, ValueError, RecursionError) as error:  # pydantic's, json's: ValueErrors
        raise CheckpointError("bad_manifest", f"{path}: {error}") from error
    for name in manifest.files:
        if not name or Path(name).name != name or "\0" in name:
            raise CheckpointError("bad_manifest", f"{path}: {name!r} is not a plain file name")
    return manifest
