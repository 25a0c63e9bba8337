# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Pretrain the encoder on read speech: predict measured prosody from log-mel energies.

261 LibriSpeech speakers (CC BY 4.0, Panayotov et al. 2015, ICASSP) teach the network where pitch,
voice quality, dynamics and spectral shape are in a log-mel picture, before it sees the few actors
of an emotion corpus. Targets are of the same stretch of speech: Praat's pitch, harmonicity,
jitter, shimmer and intensity (Boersma and Weenink), and mean, spread and movement of the cepstrum.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import numpy as np
import parselmouth
import soundfile
import torch
from numpy.typing import NDArray
from parselmouth.praat import call
from safetensors.torch import save_file
from scipy.fft import dct
from torch import Tensor, nn

from checkpoints.recipes.emotion_data import (
    SAMPLE_RATE,
    Clip,
    Samples,
    level,
    log_mels,
    trim,
)
from checkpoints.recipes.emotion_model import Encoder, Settings, batches

EPOCHS: Final = 15
RATE: Final = 3e-3
BATCH: Final = 32
SHORTEST: Final = 18_000
"""Samples under which a trimmed stretch is left out."""
CEPSTRA: Final = 14
LIBRISPEECH: Final = "librispeech_ccby"

Floats = NDArray[np.float64]


def stretches(data: Path, seed: int) -> Iterator[Samples]:
    """Consecutive stretches of 1.4 to 2.6 s of all LibriSpeech utterances, trimmed, levelled."""
    generator = np.random.default_rng(seed)
    for path in sorted((data / LIBRISPEECH).rglob("*.flac")):
        samples = trim(soundfile.read(path, dtype="float32")[0])
        start = 0
        while start + 1.5 * SAMPLE_RATE <= len(samples):
            length = int(generator.uniform(1.4, 2.6) * SAMPLE_RATE)
            part = trim(samples[start : start + length])
            start += length
            if len(part) >= SHORTEST:
                yield level(part)[0]


def voice(samples: Samples) -> Floats:
    """23 measures of pitch, voice quality and dynamics; not a number counts as 0."""
    sound = parselmouth.Sound(samples.astype(np.float64), SAMPLE_RATE)
    track = sound.to_pitch_ac(0.02, 70, pitch_ceiling=600).selected_array["frequency"]
    voiced = track > 0
    octaves = np.log2(track[voiced]) if voiced.sum() > 4 else np.full(5, 7.5)
    moves = np.diff(octaves)
    quarter = max(1, len(octaves) // 4)
    harmonicity = sound.to_harmonicity_cc(0.02, 75).values[0]
    harmonicity = harmonicity[harmonicity > -100]  # Praat writes -200 where there is no voice
    if not harmonicity.size:
        harmonicity = np.zeros(1)
    points = call(sound, "To PointProcess (periodic, cc)", 75, 600)
    limits = (0, 0, 1e-4, 0.02, 1.3)
    loudness = sound.to_intensity(75, 0.01).values[0]
    loudness = loudness - loudness.max()
    values = [
        octaves.mean(),
        octaves.std(),
        *np.quantile(octaves, [0.05, 0.25, 0.5, 0.75, 0.95]),
        voiced.mean(),
        np.abs(moves).mean(),
        moves.mean(),
        octaves[-quarter:].mean() - octaves[:quarter].mean(),
        call(points, "Get jitter (local)", *limits),
        call([sound, points], "Get shimmer (local)", *limits, 1.6),
        harmonicity.mean(),
        harmonicity.std(),
        *np.quantile(loudness, [0.05, 0.1, 0.25, 0.5, 0.75, 0.9]),
        loudness.std(),
        np.abs(np.diff(loudness)).mean(),
    ]
    return np.nan_to_num(np.array(values, dtype=np.float64))


def cepstrum(energies: Tensor) -> Floats:
    """Mean, spread and mean movement of the first cepstra; share of loud frames."""
    bels = energies.double().numpy() / 10
    cepstra = dct(bels - bels.mean(), axis=1, norm="ortho")[:, :CEPSTRA]
    power = np.log10((10**bels).sum(axis=1))
    loud = power > np.quantile(power, 0.95) - 2
    moves = np.abs(np.diff(cepstra, axis=0)).mean(axis=0)
    joined: Floats = np.concatenate(
        [cepstra[loud].mean(axis=0), cepstra[loud].std(axis=0), moves, [loud.mean()]]
    )
    return joined


class _Regressor(nn.Module):
    """The encoder up to its pooled statistics, then one linear layer."""

    def __init__(self, settings: Settings, targets: int) -> None:
        super().__init__()
        self.encoder = Encoder(settings, 1)
        self.encoder.embedding_model.fc = nn.Identity()
        self.linear = nn.Linear(6 * settings.channels, targets)

    def forward(self, energies: Tensor) -> Tensor:
        predicted: Tensor = self.linear(self.encoder.embed(energies))
        return predicted


def write(data: Path, settings: Settings, seed: int, path: Path) -> None:
    """Train on LibriSpeech and write the weights below the embedding layer."""
    torch.manual_seed(seed)
    generator = torch.Generator().manual_seed(seed)
    clips = [Clip("", part, 0, "", 0.0) for part in stretches(data, seed)]
    mels = log_mels(clips)
    raw = np.stack(
        [
            np.concatenate([voice(clip.samples), cepstrum(mel)])
            for clip, mel in zip(clips, mels, strict=True)
        ]
    )
    scaled = ((raw - raw.mean(axis=0)) / (raw.std(axis=0) + 1e-6)).clip(-4, 4)
    targets = torch.from_numpy(scaled).float()
    model = _Regressor(settings, targets.shape[1])
    lengths = np.array([len(mel) for mel in mels], dtype=np.float32)
    optimiser = torch.optim.AdamW(model.parameters(), lr=RATE, weight_decay=0.02)
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimiser, RATE, total_steps=len(mels) // BATCH * EPOCHS, pct_start=0.2
    )
    for epoch in range(EPOCHS):
        total = 0.0
        for chosen in batches(lengths, BATCH, 0.1, generator):
            frames = int(lengths[chosen].min()) // 4 * 4
            parts = []
            for index in chosen:
                spare = len(mels[index]) - frames
                start = int(torch.randint(0, spare + 1, (1,), generator=generator))
                parts.append(mels[index][start : start + frames])
            loss: Any = nn.functional.smooth_l1_loss(model(torch.stack(parts)), targets[chosen])
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            schedule.step()
            total += loss.item()
        print(
            f"pretraining, epoch {epoch + 1}: loss {total / (len(mels) // BATCH):.4f}", flush=True
        )
    save_file(model.encoder.embedding_model.state_dict(), path)
