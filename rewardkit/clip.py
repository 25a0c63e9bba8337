# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: Apache-2.0
"""`Clip`: one piece of mono sound, ready to be scored."""

from __future__ import annotations

import dataclasses
import hashlib
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from rewardkit.errors import AudioError


@dataclass(frozen=True, eq=False)
class Clip:
    """Mono samples at one rate.

    `rewardkit.audio.read` makes clips from files, bytes, arrays and tensors, and guards against
    what is not sound; build one by hand only from samples that are known to be good.

    Args:
        samples: float32 of shape `(n,)`, full scale is ±1; copied only if not side by side.
        sample_rate: In Hz.
        source: Where the sound came from, for messages only: a path, or `"<array>"`.
        text: What is said, where that is known: for scorers that compare the sound with it.

    Raises:
        AudioError: `bad_format` when `samples` is not a one-dimensional float32 array.

    Example:
        >>> clip = Clip(np.zeros(8000, np.float32), 16_000)
        >>> clip.duration
        0.5
    """

    samples: NDArray[np.float32] = field(repr=False)
    sample_rate: int
    source: str = "<array>"
    text: str | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        if self.samples.ndim != 1 or self.samples.dtype != np.float32:
            raise AudioError(
                "bad_format",
                f"{self.source}: a clip holds float32 samples of shape (n,), "
                f"not {self.samples.dtype} of shape {self.samples.shape}",
            )
        object.__setattr__(self, "samples", np.ascontiguousarray(self.samples))

    def with_text(self, text: str | None) -> Clip:
        """The same sound with a transcript."""
        return dataclasses.replace(self, text=text)

    @property
    def duration(self) -> float:
        """Length in seconds."""
        return len(self.samples) / self.sample_rate

    @cached_property
    def key(self) -> str:
        """SHA-256 (hex) of the decoded sound and its rate, whatever its text."""
        digest = hashlib.sha256(f"{self.sample_rate}:{len(self.samples)}:".encode())
        digest.update(np.ascontiguousarray(self.samples, dtype="<f4").data)
        return digest.hexdigest()

    @cached_property
    def text_key(self) -> str:
        """The key of the sound with that of its text: what the numbers of both depend on.

        Example:
            >>> clip = Clip(np.zeros(4, np.float32), 16_000)
            >>> len({clip.key, clip.text_key, clip.with_text("").text_key})
            3
        """
        if self.text is None:
            return f"{self.key}+"
        text = self.text.encode(errors="surrogatepass")  # JSON may hold half of a pair
        return f"{self.key}+{hashlib.sha256(text).hexdigest()}"
