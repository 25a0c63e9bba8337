# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The trunk against another implementation of Whisper, and what was changed in it."""

from __future__ import annotations

import math

import pytest
import torch
from rewardkit_scorers._trunk import Embedding, Trunk, positions, statistics

from checkpoints.recipes import emotion_trunk
from rewardkit import torchaudio_cpu

WIDTH, HEADS, LAYERS, LONGEST = 64, 4, 2, 100


def trunk(merge: int) -> Trunk:
    torch.manual_seed(0)
    made = Trunk(80, WIDTH, HEADS, LAYERS, merge, LONGEST).eval().requires_grad_(False)
    made.mel.copy_(emotion_trunk.mel_filters())
    return made


def test_it_is_whisper(monkeypatch: pytest.MonkeyPatch) -> None:
    """Transformers' encoder and feature extractor, random weights, 2 s; nothing merged."""
    torchaudio_cpu.prepare()  # transformers imports torchaudio
    transformers = pytest.importorskip("transformers")
    torch.manual_seed(1)
    config = transformers.WhisperConfig(
        d_model=WIDTH, encoder_layers=LAYERS + 1, encoder_ffn_dim=4 * WIDTH, num_mel_bins=80,
        encoder_attention_heads=HEADS, decoder_attention_heads=HEADS, max_source_positions=LONGEST,
    )  # fmt: skip
    theirs = transformers.WhisperModel(config).eval()
    monkeypatch.setitem(emotion_trunk.SIZES, "layers", LAYERS)
    tensors = {f"model.{name}": tensor for name, tensor in theirs.state_dict().items()}
    ours = trunk(merge=1)
    ours.load_state_dict(emotion_trunk._from_hugging_face(tensors.__getitem__) | {"mel": ours.mel})
    samples = torch.randn(2 * 16_000) * 0.1
    extractor = transformers.WhisperFeatureExtractor(chunk_length=2)
    energies = extractor(samples.numpy(), sampling_rate=16_000, return_tensors="pt")
    torch.testing.assert_close(
        ours.energies(samples[None]), energies.input_features, atol=1e-4, rtol=0
    )
    with torch.inference_mode():
        hidden = theirs.encoder(energies.input_features, output_hidden_states=True).hidden_states
        torch.testing.assert_close(ours(samples[None]), hidden[LAYERS], atol=2e-4, rtol=0)


def test_gain_lifts_energies_by_its_level() -> None:
    """A factor of ten in amplitude is two bels, and energies are given in fours of bels."""
    samples = torch.randn(1, 8000) * 0.01
    energies = trunk(2).energies
    torch.testing.assert_close(energies(10 * samples), energies(samples) + 2 / 4)


def test_a_tone_is_loudest_in_its_band() -> None:
    made = trunk(2)
    tone = torch.sin(2 * math.pi * 1000 * torch.arange(8000) / 16_000)[None]
    centres = (made.mel * torch.arange(201) * 40).sum(dim=1) / made.mel.sum(dim=1)
    band = int(made.energies(tone)[0, :, 25].argmax())
    assert centres[band] == pytest.approx(1000, abs=40)


@pytest.mark.parametrize("samples", [3200, 3333, 64_000])
@pytest.mark.parametrize("merge", [1, 2, 3])
def test_positions_are_merged(samples: int, merge: int) -> None:
    made = Trunk(80, WIDTH, HEADS, LAYERS, merge, 200).eval()
    frames = samples // 160
    expected = math.ceil(math.ceil(frames / 2) / merge)
    with torch.inference_mode():
        assert made(torch.randn(2, samples)).shape == (2, expected, WIDTH)


def test_merged_positions_lie_where_the_first_of_them_was() -> None:
    torch.testing.assert_close(positions(5, 8, 2), positions(10, 8, 1)[::2])


def test_statistics_of_a_known_sequence() -> None:
    sequence = torch.stack([torch.tensor([1.0, 2.0, 3.0]), torch.full((3,), 5.0)], dim=1)[None]
    assert statistics(sequence).tolist() == [[2.0, 5.0, 1.0, 0.0]]
    made = Embedding(2, 3)
    torch.testing.assert_close(
        made(sequence)[:, 0], statistics(sequence) @ made.linear.weight.T + made.linear.bias
    )
