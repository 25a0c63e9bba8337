# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The modules of the encoders that ship: Whisper's first layers, and statistics over time.

The trunk computes what the encoder of OpenAI's Whisper computes up to one of its layers: log-mel
energies, two convolutions, sinusoidal positions, Transformer layers normalised at their inputs
(Radford et al. 2023, "Robust Speech Recognition via Large-Scale Weak Supervision", ICML). Two
things differ. It reads a window of any length, not 30 s filled up with silence. And after the
convolutions `merge` neighbouring positions are averaged into one at the place of the first, so
that the layers, where nearly all the time goes, have that much less to do.

Kept apart from what needs no torch; importing this module imports it.
"""

from __future__ import annotations

from typing import Final

import torch
from torch import Tensor, nn
from torch.nn import functional

FFT_SIZE: Final = 400
HOP: Final = 160
"""Samples at 16 kHz from one frame of log-mel energies to the next."""

FLOOR: Final = 1e-10
"""Energy that counts as silence."""

RANGE: Final = 8.0
"""Floor of a window's log energies under its highest, bel."""


def positions(count: int, width: int, step: int) -> Tensor:
    """Sinusoidal positions 0, step, 2 step … (Vaswani et al. 2017): shape `(count, width)`.

    The first half of the columns are sines, the second cosines, as in Whisper.

    Example:
        >>> positions(2, 4, 1).round(decimals=2).tolist()
        [[0.0, 0.0, 1.0, 1.0], [0.8399999737739563, 0.0, 0.5400000214576721, 1.0]]
    """
    half = width // 2
    rates = torch.exp(-torch.arange(half, dtype=torch.float64) * (9.210340371976184 / (half - 1)))
    angles = torch.arange(0, count * step, step, dtype=torch.float64)[:, None] * rates
    return torch.cat([angles.sin(), angles.cos()], dim=1).float()


class Trunk(nn.Module):
    """Log-mel energies and the first layers of Whisper's encoder.

    Args:
        bands: Mel bands.
        width: Numbers per position.
        heads: Attention heads per layer.
        layers: Transformer layers.
        merge: Positions of 20 ms that are averaged into one before the layers.
        longest: Positions, after merging, that a window may have.
    """

    mel: Tensor
    window: Tensor
    places: Tensor

    def __init__(
        self, bands: int, width: int, heads: int, layers: int, merge: int, longest: int
    ) -> None:
        super().__init__()
        self.merge = merge
        self.register_buffer("mel", torch.zeros(bands, FFT_SIZE // 2 + 1))
        self.register_buffer("window", torch.hann_window(FFT_SIZE), persistent=False)
        self.register_buffer("places", positions(longest, width, merge), persistent=False)
        self.conv1 = nn.Conv1d(bands, width, 3, padding=1)
        self.conv2 = nn.Conv1d(width, width, 3, stride=2, padding=1)
        self.layers = nn.ModuleList(
            nn.TransformerEncoderLayer(
                width, heads, 4 * width, 0.0, "gelu", batch_first=True, norm_first=True
            )
            for _ in range(layers)
        )

    def energies(self, samples: Tensor) -> Tensor:
        """Whisper's log-mel energies, of shape `(windows, bands, frames)`.

        Args:
            samples: Shape `(windows, samples)`.
        """
        spectrum = torch.stft(
            samples, FFT_SIZE, HOP, window=self.window, center=True, return_complex=True
        )
        bels = (self.mel @ spectrum[..., :-1].abs().square()).clamp(min=FLOOR).log10()
        bels = bels.maximum(bels.amax(dim=(1, 2), keepdim=True) - RANGE)
        return bels / 4 + 1

    def forward(self, samples: Tensor) -> Tensor:
        """What the last layer gives: `(windows, positions, width)` of `(windows, samples)`."""
        x = functional.gelu(self.conv1(self.energies(samples)))
        x = functional.gelu(self.conv2(x))
        x = functional.avg_pool1d(x, self.merge, ceil_mode=True).transpose(1, 2)
        x = x + self.places[: x.shape[1]]
        for layer in self.layers:
            x = layer(x)
        return x


def statistics(sequence: Tensor) -> Tensor:
    """Mean and standard deviation over time.

    Args:
        sequence: Shape `(windows, positions, width)`, at least two positions.

    Returns:
        Shape `(windows, 2 width)`, means first.

    Example:
        >>> statistics(torch.tensor([[[1.0], [2.0], [3.0]]])).tolist()
        [[2.0, 1.0]]
    """
    return torch.cat([sequence.mean(dim=1), sequence.std(dim=1)], dim=1)


class Embedding(nn.Module):
    """Statistics over time and a linear map of them."""

    def __init__(self, width: int, dimensions: int) -> None:
        super().__init__()
        self.linear = nn.Linear(2 * width, dimensions)

    def forward(self, sequence: Tensor, lengths: Tensor | None = None) -> Tensor:  # noqa: ARG002
        """Shape `(windows, 1, dimensions)`, as speechbrain has it.

        Args:
            sequence: Shape `(windows, positions, width)`.
            lengths: Speechbrain's relative lengths; nothing is padded, so all are one.
        """
        embedding: Tensor = self.linear(statistics(sequence))
        return embedding[:, None]
