# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: Apache-2.0
"""What an installation has, and whether it works."""

from __future__ import annotations

import os
import platform
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, distributions, version
from pathlib import Path

from rewardkit import cache, checkpoint, scorers, torchaudio_cpu
from rewardkit.errors import RewardkitError

DISTRIBUTION = "speech-rewardkit"
_PACKAGES = (
    "numpy soundfile soxr praat-parselmouth numba ducc0 torch torchaudio speechbrain lightning "
    "librosa scikit-learn safetensors huggingface_hub pyarrow"
).split()
_MALWARE = {"2.6.2", "2.6.3"}  # releases of lightning that must not be installed


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at.

    Args:
        what: What it is.
        found: What was found there, and what to do if that is a problem.
        ok: False for a problem.
    """

    what: str
    found: str
    ok: bool = True


def examine() -> list[Finding]:
    """Look at versions, native libraries, scorers, checkpoints, the cache and the device."""
    findings = [Finding("python", platform.python_version())]
    for part in (_versions, _namesake, _torch, _scorers, _checkpoints, _cache):
        findings.extend(_safely(part))
    return findings


def _safely(part: Callable[[], Iterator[Finding]]) -> list[Finding]:
    try:
        return list(part())
    except Exception as error:  # a doctor reports what breaks, and goes on
        return [Finding(part.__name__.strip("_"), f"{type(error).__name__}: {error}", ok=False)]


def _versions() -> Iterator[Finding]:
    for name in (DISTRIBUTION, *_PACKAGES):
        try:
            found = version(name)
        except PackageNotFoundError:
            yield Finding(name, "not installed: pip install speech-rewardkit", ok=False)
            continue
        bad = name == "lightning" and found in _MALWARE
        yield Finding(name, f"{found} is malware: remove it now" if bad else found, ok=not bad)


def _namesake() -> Iterator[Finding]:
    """Another distribution that installs a module or a command named rewardkit."""
    for other in distributions():
        name = other.name
        if name == DISTRIBUTION or name is None:
            continue
        commands = any(
            e.group == "console_scripts" and e.name == "rewardkit" for e in other.entry_points
        )
        files = any(str(f).startswith("rewardkit/") for f in other.files or ())
        if commands or files:
            yield Finding(
                "namesake",
                f"{name} installs a `rewardkit` too and the two overwrite each other: "
                "use separate environments",
                ok=False,
            )


def _torch() -> Iterator[Finding]:
    import torch

    devices = [torch.cuda.get_device_name(i) for i in range(torch.cuda.device_count())]
    if not devices and torch.backends.mps.is_available():
        devices = ["Apple MPS"]
    yield Finding("device", ", ".join(devices) or f"CPU, {os.cpu_count()} cores")
    native = torchaudio_cpu.native()
    yield Finding(
        "torchaudio native library",
        "loaded" if native else "not loaded, as expected beside this torch; nothing here needs it",
    )


def _scorers() -> Iterator[Finding]:
    for name in scorers.installed():
        try:
            scorer = scorers.load(name)
            scorers.describe(scorer)  # opens its weights
            yield Finding(f"scorer {name}", f"version {scorer.version}")
        except RewardkitError as error:  # a model or an extra is the user's choice
            wants = error.code in (scorers.NO_MODEL, scorers.MISSING_EXTRA)
            yield Finding(f"scorer {name}", error.message if wants else str(error), ok=wants)
        except Exception as error:  # the others are still looked at
            yield Finding(f"scorer {name}", f"{type(error).__name__}: {error}", ok=False)


def _checkpoints() -> Iterator[Finding]:
    from rewardkit.dialogue import DialogueModel
    from rewardkit.model import RewardModel

    loaders: dict[str, type[RewardModel] | type[DialogueModel]]
    loaders = {"clip": RewardModel, "dialogue": DialogueModel}
    for name, folder in checkpoint.shipped().items():
        if not (folder / checkpoint.MANIFEST).is_file():
            continue
        try:
            model = loaders[checkpoint.load(folder)[0].kind].load(folder)
            yield Finding(f"checkpoint {name}", f"dimensions {', '.join(model.dimensions)}")
        except RewardkitError as error:
            yield Finding(f"checkpoint {name}", str(error), ok=False)


def _cache() -> Iterator[Finding]:
    path = cache.default_path()
    size = path.stat().st_size / 1e6 if path.exists() else 0.0
    folder: Path = path.parent
    while not folder.exists():
        folder = folder.parent
    writable = os.access(folder, os.W_OK)
    yield Finding(
        "feature cache",
        f"{path}, {size:.1f} MB" if writable else f"{path} can't be written: set REWARDKIT_CACHE",
        ok=writable,
    )
