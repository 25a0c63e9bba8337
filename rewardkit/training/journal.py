# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: Apache-2.0
"""A training run that can be killed: the last step of each problem on disk, by what defines it.

Newton's method has no memory: parameters and the number of steps are its whole state. Each state
is kept under the hash of everything that it follows from (features, pairs, weights, options), so
what is found there is never of another problem, and going on from it gives, bit for bit, what
would have come without the interruption.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from safetensors import SafetensorError
from safetensors.torch import load, save
from torch import Tensor

from rewardkit.files import replace
from rewardkit.version import VERSION

_PAUSE: Final = 0.5  # s between two states on disk of one problem


class Journal:
    """The states of one problem in a folder.

    Args:
        folder: Made when absent.
        tensors: What defines the problem.
        settings: Likewise, as text.
    """

    def __init__(self, folder: str | Path, tensors: Mapping[str, Tensor], settings: str) -> None:
        digest = hashlib.blake2b(f"{VERSION}\n{settings}\n".encode(), digest_size=16)
        for name, tensor in tensors.items():
            array = tensor.detach().cpu().contiguous().numpy()
            digest.update(f"{name} {array.dtype} {array.shape}\n".encode())
            digest.update(array.tobytes())
        self.path = Path(folder) / f"{digest.hexdigest()}.safetensors"
        self._saved = time.monotonic()

    def read(self) -> dict[str, Tensor] | None:
        """The last state; None when there is none, or it can't be read."""
        try:
            return load(self.path.read_bytes())
        except (OSError, SafetensorError):
            return None

    def write(self, state: Mapping[str, Tensor], *, last: bool = False) -> None:
        """Replace the state on disk, unless that was done just now; the last one always."""
        if not last and time.monotonic() - self._saved < _PAUSE:
            return
        self.path.parent.mkdir(parents=True, exist_ok=True)
        replace(self.path, save({name: tensor.contiguous() for name, tensor in state.items()}))
        self._saved = time.monotonic()
