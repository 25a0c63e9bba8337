# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A small ECAPA-TDNN with a linear classifier: training, inference, and its model folder.

The encoder is speechbrain's `ECAPA_TDNN` (Desplanques, Thienpondt and Demuynck 2020, "ECAPA-TDNN:
Emphasized Channel Attention, Propagation and Aggregation in TDNN Based Speaker Verification",
Interspeech), much narrower than for speakers. A clip is cut into windows of equal length, the
last one aligned to its end; the embeddings of the windows are averaged and classified once.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, cast

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from checkpoints.recipes import emotion_data
from checkpoints.recipes.emotion_data import MELS, SAMPLE_RATE, Clip

SHIFT_DB: Final = -10.0
SCALE_DB: Final = 20.0
"""Log-mel energies enter as (energy - SHIFT_DB) / SCALE_DB; the first layer takes both over when
the encoder is exported, so that a model folder's encoder reads dB."""

Floats = NDArray[np.float32]
_ema: Any = get_ema_multi_avg_fn


@dataclass(frozen=True)
class Settings:
    """Architecture and training.

    Lengths are in frames of 20 ms, rates and masks are shares.
    """

    channels: int = 64
    embedding: int = 48
    attention: int = 48
    squeeze: int = 32
    res2net_scale: int = 4
    dropout: float = 0.1
    embedding_dropout: float = 0.3
    window: int = 125
    epochs: int = 50
    average_from: float = 0.6
    average_decay: float = 0.98
    batch: int = 32
    rate: float = 2e-3
    weight_decay: float = 0.05
    smoothing: float = 0.1
    mixup: float = 0.3
    tempo: float = 0.05
    warp: float = 0.08
    colour_db: float = 1.5
    mask: float = 0.15
    shortest_crop: float = 0.85
    class_power: float = 0.5

    def ecapa(self) -> dict[str, Any]:
        """Arguments of `ECAPA_TDNN`."""
        width = self.channels
        return {
            "input_size": MELS,
            "channels": [width, width, width, width, 3 * width],
            "kernel_sizes": [5, 3, 3, 3, 1],
            "dilations": [1, 2, 3, 4, 1],
            "attention_channels": self.attention,
            "res2net_scale": self.res2net_scale,
            "se_channels": self.squeeze,
            "lin_neurons": self.embedding,
        }

    @property
    def window_samples(self) -> int:
        """Length of an inference window, samples."""
        return self.window * emotion_data.HOP_MS * SAMPLE_RATE // 1000


SETTINGS: Final = {"emodb": Settings(epochs=40), "ravdess": Settings(epochs=25)}
"""By corpus."""


class Encoder(nn.Module):
    """ECAPA-TDNN and a linear classifier on its embedding."""

    def __init__(self, settings: Settings, classes: int) -> None:
        super().__init__()
        self.settings = settings
        self.embedding_model = emotion_data.make_ecapa(**settings.ecapa(), dropout=settings.dropout)
        self.drop = nn.Dropout(settings.embedding_dropout)
        self.classifier = nn.Linear(settings.embedding, classes)

    def embed(self, energies: Tensor) -> Tensor:
        """Embeddings (batch, settings.embedding) of log-mels in dB (batch, frames, MELS)."""
        embedding: Tensor = self.embedding_model((energies - SHIFT_DB) / SCALE_DB)[:, 0]
        return embedding

    def forward(self, energies: Tensor) -> Tensor:
        """Class logits of log-mels in dB (batch, frames, MELS)."""
        logits: Tensor = self.classifier(self.drop(self.embed(energies)))
        return logits


def windows(samples: Tensor, length: int) -> Tensor:
    """Windows of equal length, half a window apart, the last aligned to the end.

    Args:
        samples: Shape (samples,).
        length: Window length; a clip not longer than this is one window of its own length.

    Returns:
        Shape (windows, length) or (1, samples).
    """
    total = len(samples)
    if total <= length:
        return samples[None]
    starts = [*range(0, total - length, length // 2), total - length]
    return torch.stack([samples[start : start + length] for start in starts])


@torch.no_grad()
def infer(model: Encoder, clips: Sequence[Clip]) -> tuple[Floats, Floats]:
    """Embeddings (clips, embedding) and log posteriors (clips, classes)."""
    model.eval()
    fbank = emotion_data.make_fbank()
    length = model.settings.window_samples
    embeddings = torch.stack(
        [
            model.embed(fbank(windows(torch.from_numpy(clip.samples), length))).mean(dim=0)
            for clip in clips
        ]
    )
    posteriors = model.classifier(embeddings).log_softmax(dim=-1)
    return embeddings.numpy(), posteriors.numpy()


class _Augment:
    """Random crops, tempo, vocal tract length, colour and masks on log-mel energies."""

    def __init__(self, settings: Settings, generator: torch.Generator) -> None:
        self.settings = settings
        self.generator = generator

    def uniform(self, *shape: int) -> Tensor:
        """Random numbers from 0 to 1."""
        return torch.rand(*shape, generator=self.generator)

    def crop(self, energies: Tensor, frames: int) -> Tensor:
        """A random stretch, read at a random tempo and on a warped mel axis."""
        tempo = 1 + self.settings.tempo * (2 * self.uniform(1).item() - 1)
        warp = 1 + self.settings.warp * (2 * self.uniform(1).item() - 1)
        wanted = min(len(energies), max(8, round(frames * tempo)))
        start = int(self.uniform(1).item() * (len(energies) - wanted + 1))
        part = energies[start : start + wanted]
        times = torch.linspace(-1, 1, frames)
        bands = (torch.arange(MELS) * warp).clamp(0, MELS - 1) / (MELS - 1) * 2 - 1
        grid = torch.stack([bands.expand(frames, MELS), times[:, None].expand(frames, MELS)], -1)
        return functional.grid_sample(
            part[None, None], grid[None], align_corners=True, padding_mode="border"
        )[0, 0]

    def colour_and_mask(self, batch: Tensor) -> Tensor:
        """A smooth random spectral colour, then one masked band and one masked time span."""
        count, frames, bands = batch.shape
        waves = torch.cos(torch.arange(1, 5)[:, None] * torch.arange(bands) * (math.pi / bands))
        amounts = torch.randn(count, 4, generator=self.generator) * self.settings.colour_db
        batch = batch + (amounts @ waves)[:, None, :]
        masked = self._span(count, bands)[:, None, :] | self._span(count, frames)[:, :, None]
        return torch.where(masked, batch.mean(dim=(1, 2), keepdim=True), batch)

    def _span(self, count: int, size: int) -> Tensor:
        start = (self.uniform(count, 1) * size).long()
        width = (self.uniform(count, 1) * size * self.settings.mask).long()
        index = torch.arange(size)[None]
        return (index >= start) & (index < start + width)


def batches(
    lengths: Floats, size: int, jitter: float, generator: torch.Generator
) -> list[NDArray[np.int64]]:
    """Batches of clips of similar length, in random order; the remainder is left out.

    Lengths are multiplied by log-normal numbers of spread `jitter` before they are sorted.
    """
    noise = torch.randn(len(lengths), generator=generator).numpy()
    order = np.argsort(lengths * np.exp(jitter * noise))
    count = len(lengths) // size
    skip = int(torch.randint(0, len(lengths) - count * size + 1, (1,), generator=generator))
    order = order[skip : skip + count * size].reshape(count, size)
    return [order[index] for index in torch.randperm(count, generator=generator).tolist()]


def train(
    mels: Sequence[Tensor],
    labels: NDArray[np.int64],
    classes: int,
    settings: Settings,
    seed: int,
    start: dict[str, Tensor] | None = None,
) -> Encoder:
    """Train for a fixed number of epochs; gives the running average of the late weights.

    AdamW on a one-cycle schedule, label smoothing (Szegedy et al. 2016), mixup (Zhang et al.
    2018), masks as in SpecAugment (Park et al. 2019). Nothing is selected on held-out clips.

    Args:
        mels: Log-mel energies of the training clips, from `emotion_data.log_mels`.
        labels: Their classes.
        classes: Number of classes.
        settings: Architecture and schedule.
        seed: Of weights, order and augmentation.
        start: Pretrained weights of the layers below the embedding.
    """
    torch.manual_seed(seed)
    generator = torch.Generator().manual_seed(seed)
    mixes = np.random.default_rng(seed)
    model = Encoder(settings, classes)
    if start is not None:
        model.embedding_model.load_state_dict(start, strict=False)
    augment = _Augment(settings, generator)
    lengths = np.array([len(mel) for mel in mels], dtype=np.float32)
    counts = np.bincount(labels, minlength=classes)
    weights = torch.from_numpy((len(labels) / classes / counts) ** settings.class_power).float()
    targets = torch.from_numpy(labels)
    optimiser = torch.optim.AdamW(
        model.parameters(), lr=settings.rate, weight_decay=settings.weight_decay
    )
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimiser,
        settings.rate,
        total_steps=len(labels) // settings.batch * settings.epochs,
        pct_start=0.2,
    )
    average = AveragedModel(model, multi_avg_fn=_ema(settings.average_decay), use_buffers=True)
    for epoch in range(settings.epochs):
        model.train()
        for chosen in batches(lengths, settings.batch, 0.3, generator):
            shortest = settings.shortest_crop
            share = shortest + (1 - shortest) * augment.uniform(1).item()
            longest = min(settings.window, float(np.quantile(lengths[chosen], 0.3)))
            frames = int(longest * share) // 8 * 8  # few shapes: torch plans kernels per shape
            batch = torch.stack([augment.crop(mels[index], frames) for index in chosen])
            batch = augment.colour_and_mask(batch)
            target = functional.one_hot(targets[chosen], classes).float()
            target = target * (1 - settings.smoothing) + settings.smoothing / classes
            target = target * weights[targets[chosen]][:, None]
            mix = float(mixes.beta(settings.mixup, settings.mixup))
            partner = torch.randperm(len(chosen), generator=generator)
            batch = mix * batch + (1 - mix) * batch[partner]
            target = mix * target + (1 - mix) * target[partner]
            loss = -(target * model(batch).log_softmax(dim=-1)).sum(dim=-1).mean()
            optimiser.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(model.parameters(), 5.0)
            optimiser.step()
            schedule.step()
            if epoch >= settings.average_from * settings.epochs:
                average.update_parameters(model)
    return cast(Encoder, average.module)
