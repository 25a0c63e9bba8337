# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The speech scorer on tiny random encoders, saved in the layouts of the hub."""

from __future__ import annotations

import json
import os
import pickle
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from rewardkit_scorers import _encoder, _recogniser, _transformers, _whisper, speech
from rewardkit_scorers._inference import inference
from rewardkit_scorers._windows import level
from rewardkit_scorers.speech import WINDOW, Speech
from rewardkit_scorers.text import Text

from rewardkit import torchaudio_cpu
from rewardkit.batch import Batch
from rewardkit.clip import Clip
from rewardkit.errors import CheckpointError
from rewardkit.scorers import Scorer, identity
from rewardkit.testing import CHECKS, voice

torchaudio_cpu.prepare()
transformers = pytest.importorskip("transformers")
ctranslate2 = pytest.importorskip("ctranslate2")

DIMENSIONS = 16
SIZES = {
    "hidden_size": DIMENSIONS,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "intermediate_size": 24,
    "conv_dim": (8,) * 7,
    "num_conv_pos_embeddings": 16,
    "num_conv_pos_embedding_groups": 2,
}
CLASSES = {"wav2vec2": "Wav2Vec2", "wavlm": "WavLM", "hubert": "Hubert"}
WORDS = ("<|endoftext|>", "<|startoftranscript|>", "<|notimestamps|>", "one", "two", "three")


def save_hub(folder: Path, kind: str, **options: Any) -> Any:
    """A tiny encoder as transformers saves it; gives the network that was saved."""
    torch.manual_seed(3)
    config = getattr(transformers, f"{CLASSES[kind]}Config")(**SIZES)
    network = getattr(transformers, f"{CLASSES[kind]}Model")(config).eval()
    network.save_pretrained(folder, **options)
    front = {"do_normalize": True, "sampling_rate": 16_000}
    (folder / "preprocessor_config.json").write_text(json.dumps(front))
    return network


def whisper_network(frames: int) -> Any:
    """A tiny Whisper that takes so many frames of encodings; weights as for any other number."""
    torch.manual_seed(4)
    config = transformers.WhisperConfig(
        vocab_size=len(WORDS), d_model=DIMENSIONS, encoder_layers=2, decoder_layers=1,
        encoder_attention_heads=2, decoder_attention_heads=2, encoder_ffn_dim=24,
        decoder_ffn_dim=24, max_source_positions=1500, max_target_positions=20,
        bos_token_id=0, eos_token_id=0, pad_token_id=0, decoder_start_token_id=1,
    )  # fmt: skip
    network = transformers.WhisperForConditionalGeneration(config).eval()
    with torch.no_grad():
        for parameter in network.model.encoder.layers.parameters():
            parameter.add_(0.2 * torch.randn_like(parameter))
    encoder = network.model.encoder
    positions = encoder.embed_positions
    positions.weight = torch.nn.Parameter(positions.weight[:frames], requires_grad=False)
    positions.num_embeddings = frames
    encoder.config.max_source_positions = encoder.max_source_positions = frames
    return network


def save_whisper(folder: Path) -> None:
    """The same in CTranslate2's format."""
    from ctranslate2.converters.transformers import WhisperLoader

    folder.mkdir()
    network = whisper_network(1500)
    loader = WhisperLoader()
    spec = loader.get_model_spec(network)
    loader.set_vocabulary(spec, list(WORDS))
    for name, value in (("suppress_ids", []), ("suppress_ids_begin", []), ("lang_ids", [])):
        setattr(spec.config, name, value)
    spec.config.alignment_heads = [(0, 0)]
    spec.validate()
    spec.optimize()
    spec.save(str(folder))


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """One folder of each kind."""
    top = tmp_path_factory.mktemp("models")
    for kind in CLASSES:
        save_hub(top / kind, kind)
    save_whisper(top / "whisper")
    return {kind: top / kind for kind in (*CLASSES, "whisper")}


def scorer(folder: Path, **parameters: Any) -> Speech:
    return Speech(str(folder), **parameters)


def values(measured: Speech, clip: Clip) -> np.ndarray:
    return measured.score_batch([clip])[0]


@pytest.mark.parametrize("check", CHECKS)
@pytest.mark.parametrize("kind", ["wav2vec2", "whisper"])
def test_conforms(folders: dict[str, Path], kind: str, check: Callable[[Scorer], None]) -> None:
    check(scorer(folders[kind], pooling="mean+sd"))


# What is declared


@pytest.mark.parametrize("kind", [*CLASSES, "whisper"])
def test_features_follow_the_model(folders: dict[str, Path], kind: str) -> None:
    names = [feature.name for feature in scorer(folders[kind]).features]
    assert names == [f"embedding_{i:03}" for i in range(DIMENSIONS)]
    both = [feature.name for feature in scorer(folders[kind], pooling="mean+sd").features]
    assert both == names + [f"spread_{i:03}" for i in range(DIMENSIONS)]


def test_declaring_imports_no_torch(folders: dict[str, Path]) -> None:
    code = (
        "import sys; from rewardkit_scorers.speech import Speech\n"
        "for folder in sys.argv[1:]: Speech(folder).features, Speech(folder).digest\n"
        "print([m for m in ('torch', 'transformers', 'ctranslate2', 'librosa') "
        "if m in sys.modules])"
    )
    paths = [str(path) for path in folders.values()]
    answer = subprocess.run([sys.executable, "-c", code, *paths], capture_output=True, text=True)
    assert (answer.stdout, answer.returncode) == ("[]\n", 0), answer.stderr


def test_identity_is_the_contents_and_the_parameters(
    folders: dict[str, Path], tmp_path: Path
) -> None:
    save_hub(tmp_path / "again", "wavlm")
    plain = identity(scorer(folders["wavlm"]))
    assert identity(Speech(str(tmp_path / "again"))) == plain
    others = [
        identity(scorer(folders["wavlm"], **changed))
        for changed in ({"layer": 1}, {"layer": -1}, {"pooling": "mean+sd"})
    ]
    assert len({plain, identity(scorer(folders["hubert"])), *others}) == 5


def test_it_travels_to_another_process(folders: dict[str, Path]) -> None:
    mine = scorer(folders["wavlm"])
    assert np.array_equal(
        values(pickle.loads(pickle.dumps(mine)), voice(1.0)), values(mine, voice(1.0))
    )


# Numbers


def hidden_states(kind: str, folder: Path, samples: np.ndarray) -> list[np.ndarray]:
    """All layers `(frames, dimensions)`, by transformers' own front end and network."""
    network = getattr(transformers, f"{CLASSES[kind]}Model").from_pretrained(folder).eval()
    front = transformers.Wav2Vec2FeatureExtractor(do_normalize=True)
    ready = front(samples, sampling_rate=16_000, return_tensors="pt")
    with torch.no_grad():
        out = network(ready.input_values, output_hidden_states=True)
    return [layer[0].numpy() for layer in out.hidden_states]


@pytest.mark.parametrize("kind", list(CLASSES))
@pytest.mark.parametrize("layer", [0, 1, -1, None])
def test_equals_transformers(folders: dict[str, Path], kind: str, layer: int | None) -> None:
    clip = voice(2.0, seed=5)
    layers = hidden_states(kind, folders[kind], clip.samples)
    wanted = np.mean(layers[1:], axis=0) if layer is None else layers[layer]
    found = values(scorer(folders[kind], layer=layer, pooling="mean+sd"), clip)
    expected = np.concatenate([wanted.mean(axis=0), wanted.std(axis=0)])
    np.testing.assert_allclose(found, expected, atol=2e-4)


@pytest.mark.parametrize("seconds", [2.0, 10.0])
def test_whisper_equals_transformers(folders: dict[str, Path], seconds: float) -> None:
    clip = voice(seconds, seed=5)
    samples = level(clip.samples, speech.RMS)
    assert samples is not None
    mel = torch.tensor(_whisper.log_mel(samples)[None])
    with torch.no_grad():
        frames = whisper_network(mel.shape[2] // 2).model.encoder(mel).last_hidden_state[0].numpy()
    found = values(scorer(folders["whisper"], pooling="mean+sd"), clip)
    expected = np.concatenate([frames.mean(axis=0), frames.std(axis=0)])
    np.testing.assert_allclose(found, expected, atol=2e-4)


def test_log_mel_equals_transformers() -> None:
    samples = np.resize(voice(3.0).samples, 30 * 16_000)
    front = transformers.WhisperFeatureExtractor(feature_size=80)
    expected = front(samples, sampling_rate=16_000, return_tensors="np")["input_features"][0]
    np.testing.assert_allclose(_whisper.log_mel(samples), expected, atol=2e-3)


def test_log_mel_of_a_tone() -> None:
    """A tone of 1 kHz: Slaney's scale is linear below, 200 / 3 Hz a mel; 80 bands to 8 kHz."""
    tone = np.sin(2 * np.pi * 1000 * np.arange(16_000) / 16_000).astype(np.float32)
    found = _whisper.log_mel(tone)
    top = 15 + np.log(8000 / 1000) / (np.log(6.4) / 27)  # mel at 8 kHz
    assert found.shape == (80, 100)
    assert np.all(np.abs(found[:, 2:-2].argmax(axis=0) - (15 / top * 81 - 1)) <= 1)


@pytest.mark.parametrize("kind", ["wavlm", "whisper"])
def test_a_long_clip_is_pooled_over_its_windows(folders: dict[str, Path], kind: str) -> None:
    clip = voice(17.0, seed=6)
    ready = level(clip.samples, speech.RMS)
    assert ready is not None
    starts = [0, WINDOW // 2, len(ready) - WINDOW]
    mine = scorer(folders[kind], pooling="mean+sd")
    network = speech._network(mine.card, mine.digest, "cpu")
    with inference("cpu"):
        frames = [
            mine._chosen(layers)
            for start in starts
            for layers in network.encode(ready[None, start : start + WINDOW])
        ]
    together = np.concatenate(frames).astype(np.float64)
    expected = np.concatenate([together.mean(axis=0), together.std(axis=0)])
    np.testing.assert_allclose(values(mine, clip), expected, atol=1e-5)


@pytest.mark.parametrize("kind", ["wav2vec2", "whisper"])
def test_a_batch_is_its_clips(folders: dict[str, Path], kind: str) -> None:
    clips = [voice(1.0), voice(12.0, seed=1), voice(3.0, seed=2), voice(3.0, seed=3)]
    mine = scorer(folders[kind])
    rows = np.stack([values(mine, one) for one in clips])
    assert np.array_equal(mine.score_batch(Batch(clips)), rows)
    assert np.array_equal(mine.score_batch(clips[::-1]), rows[::-1])


@pytest.mark.parametrize("kind", ["wav2vec2", "whisper"])
@pytest.mark.parametrize("samples", [np.zeros(16_000), np.full(16_000, 0.3), np.sin(np.arange(99))])
def test_nothing_to_read_is_no_number(
    folders: dict[str, Path], kind: str, samples: np.ndarray
) -> None:
    clip = Clip(samples.astype(np.float32), 16_000)
    assert np.isnan(values(scorer(folders[kind]), clip)).all()


# Models that are no good


def fails(model: str | Path, **parameters: Any) -> str:
    with pytest.raises(CheckpointError) as caught:
        Speech(str(model), **parameters)(voice(0.5))
    return caught.value.code


def test_unknown_models(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    assert fails("") == "no_model"
    assert fails("https://example.org/encoder") == "unknown_encoder"
    assert fails(tmp_path) == "bad_encoder"


def test_from_the_hub(
    folders: dict[str, Path], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    asked = []

    def fetch(repository: str, revision: str | None, patterns: tuple[str, ...]) -> Path:
        asked.append((repository, revision, patterns))
        return folders["wavlm"]

    monkeypatch.setattr(speech, "fetch", fetch)
    monkeypatch.chdir(tmp_path)
    mine = Speech("owner/model", revision="0" * 40)
    assert np.array_equal(values(mine, voice(1.0)), values(scorer(folders["wavlm"]), voice(1.0)))
    (repository, revision, patterns), *_ = asked
    assert (repository, revision) == ("owner/model", "0" * 40)
    assert not any("pytorch" in p or p in ("*", "*.bin", "*.py") for p in patterns)
    assert _encoder.HUB_ID.fullmatch("owner/model")


@pytest.mark.parametrize("kind", ["wavlm", "whisper"])
def test_what_is_fetched_is_enough(
    folders: dict[str, Path], monkeypatch: pytest.MonkeyPatch, tmp_path: Path, kind: str
) -> None:
    """Of a repository with weights in several files, too: only what the patterns name is there."""
    whole, there = tmp_path / "whole", tmp_path / "fetched"
    if kind == "whisper":
        shutil.copytree(folders[kind], whole)
    else:
        save_hub(whole, kind, max_shard_size="20KB")
        assert len(list(whole.glob("*.safetensors"))) == 2
    (whole / "README.md").touch()

    def fetch(_repository: str, _revision: str | None, patterns: tuple[str, ...]) -> Path:
        there.mkdir(exist_ok=True)
        for path in (path for pattern in patterns for path in whole.glob(pattern)):
            shutil.copy(path, there)
        return there

    monkeypatch.setattr(speech, "fetch", fetch)
    found = values(Speech("owner/model"), voice(1.0))
    assert not (there / "README.md").exists()
    assert np.array_equal(found, values(scorer(folders[kind]), voice(1.0)))


def test_options_that_do_not_fit(folders: dict[str, Path]) -> None:
    assert fails(folders["wavlm"], layer=3) == "bad_option"
    assert fails(folders["wavlm"], layer=-4) == "bad_option"
    assert fails(folders["wavlm"], layer="1") == "bad_option"
    assert fails(folders["wavlm"], pooling="max") == "bad_option"
    assert fails(folders["whisper"], layer=1) == "bad_option"


def test_pickles_are_not_opened(folders: dict[str, Path], tmp_path: Path) -> None:
    marker = tmp_path / "executed"

    class Evil:
        def __reduce__(self) -> tuple[Callable[..., Any], tuple[Any, ...]]:
            return open, (os.fspath(marker), "w")

    network = save_hub(tmp_path / "model", "wav2vec2")
    weights = tmp_path / "model" / "model.safetensors"
    weights.unlink()
    torch.save({"x": Evil()}, tmp_path / "model" / "pytorch_model.bin")
    assert fails(tmp_path / "model") == "unsafe_weights"
    network.save_pretrained(tmp_path / "model")
    assert not np.isnan(values(scorer(tmp_path / "model"), voice(0.5))).any()
    assert not marker.exists()


def test_code_in_the_configuration_is_not_run(folders: dict[str, Path], tmp_path: Path) -> None:
    save_hub(tmp_path / "model", "wav2vec2")
    path = tmp_path / "model" / "config.json"
    marker = tmp_path / "executed"
    (tmp_path / "model" / "evil.py").write_text(f"open({os.fspath(marker)!r}, 'w')")
    config = json.loads(path.read_text()) | {
        "auto_map": {"AutoConfig": "evil.Config", "AutoModel": "evil.Model"},
        "attn_implementation": "owner/kernel",
        "quantization_config": {"quant_method": "evil"},
    }
    path.write_text(json.dumps(config))
    found = values(scorer(tmp_path / "model"), voice(1.0))
    assert np.array_equal(found, values(scorer(folders["wav2vec2"]), voice(1.0)))
    assert not marker.exists()


def test_spoilt_folders(folders: dict[str, Path], tmp_path: Path) -> None:
    folder = tmp_path / "model"
    save_hub(folder, "hubert")
    config = json.loads((folder / "config.json").read_text())
    for changed, code in (
        ({"model_type": "bert"}, "bad_encoder"),
        ({"hidden_size": 0}, "bad_encoder"),
        ({"hidden_size": 20}, "bad_tensors"),
        ({"num_hidden_layers": 3}, "bad_tensors"),
    ):
        (folder / "config.json").write_text(json.dumps(config | changed))
        assert fails(folder) == code, changed
    (folder / "config.json").write_text("{")
    assert fails(folder) == "bad_encoder"
    (folder / "config.json").write_text(json.dumps(config))
    weights = folder / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-100])
    assert fails(folder) == "bad_tensors"


def test_a_recogniser_whose_files_change_under_way(
    folders: dict[str, Path], tmp_path: Path
) -> None:
    """What it heard would be kept under the name of another."""
    folder = tmp_path / "whisper"
    shutil.copytree(folders["whisper"], folder)
    scorer = Text(recogniser=f"whisper:{folder}")
    assert _recogniser.recogniser(f"whisper:{folder}", scorer.digest, "cpu")
    _recogniser.recogniser.cache_clear()
    (folder / "config.json").write_text((folder / "config.json").read_text() + "\n")
    with pytest.raises(CheckpointError, match="changed while in use"):
        scorer(voice(1.0).with_text("one two three"))


def test_spoilt_whisper(folders: dict[str, Path], tmp_path: Path) -> None:
    content = (folders["whisper"] / "model.bin").read_bytes()
    for spoilt in (b"", content[:10], b"\7" + content[1:], content.replace(b"Whisper", b"Wispher")):
        (tmp_path / "model.bin").write_bytes(spoilt)
        assert fails(tmp_path) == "bad_encoder"


def test_weights_that_change_under_way_are_noticed(tmp_path: Path) -> None:
    save_hub(tmp_path / "model", "wav2vec2")
    mine = scorer(tmp_path / "model")
    assert mine.digest
    path = tmp_path / "model" / "config.json"
    path.write_text(path.read_text() + "\n")
    with pytest.raises(CheckpointError, match="changed"):
        mine(voice(0.5))


def test_supported_architectures_exist() -> None:
    for names in _transformers.ARCHITECTURES.values():
        assert all(hasattr(transformers, name) for name in names)
