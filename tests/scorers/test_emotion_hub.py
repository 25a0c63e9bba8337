# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Speechbrain's published emotion models, as tiny random ones in the published layout."""

from __future__ import annotations

import io
import os
import pickle
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from rewardkit_scorers import _encoder, _hub_network, _hub_yaml, emotion
from rewardkit_scorers.emotion import Emotion

from rewardkit.clip import Clip
from rewardkit.errors import CheckpointError
from rewardkit.scorers import Scorer
from rewardkit.testing import CHECKS, voice
from tests.scorers import speechbrain_import

transformers = pytest.importorskip("transformers")

COMMIT = "0" * 40
DIMENSIONS = 16

RECOGNITION = """\
HPARAMS_NEEDED: ["encoder_dim", "out_n_neurons", "label_encoder", "softmax"]
__set_seed: !apply:torch.manual_seed [1234]
wav2vec2_hub: tiny/wav2vec2
encoder_dim: 16
out_n_neurons: 4
wav2vec2: !new:speechbrain.lobes.models.huggingface_wav2vec.HuggingFaceWav2Vec2
    source: !ref <wav2vec2_hub>
    output_norm: True
    freeze: True
    save_path: wav2vec2_checkpoints
avg_pool: !new:speechbrain.nnet.pooling.StatisticsPooling
    return_std: False
output_mlp: !new:speechbrain.nnet.linear.Linear
    input_size: !ref <encoder_dim>
    n_neurons: !ref <out_n_neurons>
    bias: False
model: !new:torch.nn.ModuleList
    - [!ref <output_mlp>]
softmax: !new:speechbrain.nnet.activations.Softmax
"""

DIARIZATION = """\
wav2vec2_hub: "tiny/wavlm"
window_length: 2
stride: 1
input_norm: !new:speechbrain.processing.features.InputNormalization
    norm_type: sentence
    std_norm: False
wav2vec2: !new:speechbrain.integrations.huggingface.wavlm.WavLM
    source: !ref <wav2vec2_hub>
    output_norm: True
    freeze: True
    save_path: wav2vec2_checkpoints
avg_pool: !new:speechbrain.nnet.pooling.Pooling1d
    pool_type: "avg"
    kernel_size: !ref <window_length>
    stride: !ref <stride>
    ceil_mode: True
"""

SIZES = {
    "hidden_size": DIMENSIONS,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "intermediate_size": 24,
    "conv_dim": (8,) * 7,
    "num_conv_pos_embeddings": 16,
    "num_conv_pos_embedding_groups": 2,
}


@dataclass
class Model:
    """A made model: its folder, and speechbrain's own modules with the same weights."""

    folder: Path
    wrapper: Any
    linear: Any


def snapshot(cache: Path, repository: str) -> Path:
    """An empty snapshot in a hub cache: models--owner--name, refs, snapshots."""
    top = cache / f"models--{repository.replace('/', '--')}"
    (top / "refs").mkdir(parents=True)
    (top / "refs" / "main").write_text(COMMIT)
    folder = top / "snapshots" / COMMIT
    folder.mkdir(parents=True)
    return folder


def make(cache: Path, kind: str) -> Model:
    """Write the encoder's repository and the model's; gives what speechbrain computes with."""
    speechbrain_import.prepare()
    from speechbrain.integrations.huggingface.wav2vec2 import Wav2Vec2
    from speechbrain.integrations.huggingface.wavlm import WavLM
    from speechbrain.nnet.linear import Linear

    torch.manual_seed(7)
    base = snapshot(cache, f"tiny/{kind}")
    if kind == "wav2vec2":
        network = transformers.Wav2Vec2Model(transformers.Wav2Vec2Config(**SIZES))
        repository, yaml, labels = "speechbrain/recognition", RECOGNITION, ("neu", "ang", "hap")
    else:
        network = transformers.WavLMModel(transformers.WavLMConfig(**SIZES))
        repository, yaml, labels = "speechbrain/diarization", DIARIZATION, ("n", "h", "s")
    network.save_pretrained(base)
    transformers.Wav2Vec2FeatureExtractor(do_normalize=True).save_pretrained(base)
    wrapper = (Wav2Vec2 if kind == "wav2vec2" else WavLM)(
        str(base), save_path=str(cache / "saved"), output_norm=True, freeze=True
    )
    # Fine-tuned: not the weights of the encoder's own repository.
    with torch.no_grad():
        for parameter in wrapper.parameters():
            parameter.add_(0.05 * torch.randn_like(parameter))
    linear = Linear(n_neurons=4, input_size=DIMENSIONS, bias=False)
    torch.nn.init.normal_(linear.w.weight)
    folder = snapshot(cache, repository)
    (folder / "hyperparams.yaml").write_text(yaml)
    rows = "\n".join(f"'{label}' => {i}" for i, label in enumerate((*labels, "a")))
    if kind == "wav2vec2":
        rows = rows.replace("'a'", "'sad'")
    (folder / "label_encoder.txt").write_text(f"{rows}\n====\n'starting_index' => 0\n")
    state = wrapper.state_dict()
    if kind == "wav2vec2":  # as PyTorch before 2.1 named the two parts of weight normalisation
        state = {
            key.replace("parametrizations.weight.original0", "weight_g").replace(
                "parametrizations.weight.original1", "weight_v"
            ): tensor
            for key, tensor in state.items()
        }
        assert any(key.endswith("weight_g") for key in state)
    torch.save(state, folder / "wav2vec2.ckpt")
    torch.save(torch.nn.ModuleList([linear]).state_dict(), folder / "model.ckpt")
    return Model(folder, wrapper.eval(), linear.eval())


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("hub")


@pytest.fixture(scope="module")
def recognition(cache: Path) -> Model:
    return make(cache, "wav2vec2")


@pytest.fixture(scope="module")
def diarization(cache: Path) -> Model:
    return make(cache, "wavlm")


@pytest.fixture(autouse=True)
def offline(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The hub is the folder `cache`."""
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(cache))
    _encoder.fetch.cache_clear()
    emotion._network.cache_clear()


def level(clip: Clip) -> torch.Tensor:
    samples = clip.samples / np.sqrt(np.mean(np.square(clip.samples, dtype=np.float64))) * 0.1
    return torch.tensor(samples.astype(np.float32))[None]


@pytest.mark.parametrize("check", CHECKS)
def test_conforms(check: Callable[[Scorer], None], diarization: Model) -> None:
    check(Emotion("speechbrain/diarization"))


def test_recognition_equals_speechbrain(recognition: Model) -> None:
    """As `CustomEncoderWav2vec2Classifier` does it, noise of the pooling left out."""
    clip = voice(2.0, seed=5)
    with torch.no_grad():
        pooled = recognition.wrapper(level(clip))[0].mean(dim=0)
        posteriors = recognition.linear(pooled).softmax(dim=-1)
    measured = Emotion("speechbrain/recognition")(clip)
    names = ["p_neutral", "p_anger", "p_happiness", "p_sadness"]
    np.testing.assert_allclose([measured[n] for n in names], posteriors, atol=1e-5)
    embedding = [value for key, value in measured.items() if key.startswith("embedding_")]
    np.testing.assert_allclose(embedding, pooled, atol=1e-4)
    assert np.ptp(posteriors.numpy()) > 0.05  # or the comparison would say nothing


def test_diarization_equals_speechbrain(diarization: Model) -> None:
    """As `Speech_Emotion_Diarization` does it, averaged over the frames."""
    from speechbrain.nnet.pooling import Pooling1d
    from speechbrain.processing.features import InputNormalization

    clip = voice(2.0, seed=6)
    clip = Clip(clip.samples + np.float32(0.02), 16_000)
    with torch.no_grad():
        wave = InputNormalization(norm_type="sentence", std_norm=False)(
            level(clip), torch.tensor([1.0])
        )
        pool = Pooling1d("avg", kernel_size=2, stride=1, ceil_mode=True)
        frames = diarization.linear(pool(diarization.wrapper(wave)))[0].softmax(dim=-1)
    measured = Emotion("speechbrain/diarization")(clip)
    names = ["p_neutral", "p_happiness", "p_sadness", "p_anger"]
    np.testing.assert_allclose([measured[n] for n in names], frames.mean(dim=0), atol=1e-5)
    share = (frames.argmax(dim=-1) != 0).double().mean()
    assert measured["emotional_share"] == pytest.approx(float(share), abs=0.02)


def test_a_folder_is_as_good_as_the_hub(recognition: Model) -> None:
    clip = voice(1.0)
    near, far = Emotion(str(recognition.folder)), Emotion("speechbrain/recognition")
    assert near.digest == far.digest
    assert near(clip) == far(clip)
    assert "emotional_share" not in near(clip)


def test_embedding_on_request(recognition: Model) -> None:
    def names(**parameters: Any) -> list[str]:
        return [feature.name for feature in Emotion(str(recognition.folder), **parameters).features]

    assert names() == names(embedding=True)
    assert not any(name.startswith("embedding") for name in names(embedding=False))
    assert len(names()) - len(names(embedding=False)) == DIMENSIONS


def test_long_clips_are_read_in_windows(
    recognition: Model, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Windows of equal length, never padded, however long the clip."""
    lengths = []
    original = _hub_network.HubNetwork._frames

    def spy(self: Any, wave: torch.Tensor) -> torch.Tensor:
        lengths.append(wave.shape)
        return original(self, wave)

    monkeypatch.setattr(_hub_network.HubNetwork, "_frames", spy)
    Emotion(str(recognition.folder))(voice(22.0))
    assert lengths == [(1, 160_000)] * 4  # from 0, 5, 10 and 12 s


def test_declaring_imports_no_torch(recognition: Model, cache: Path) -> None:
    code = (
        "import sys; from rewardkit_scorers.emotion import Emotion\n"
        "scorer = Emotion('speechbrain/recognition'); scorer.features; scorer.digest\n"
        "print([m for m in ('torch', 'speechbrain', 'transformers') if m in sys.modules])"
    )
    answer = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        env={**os.environ, "HF_HUB_CACHE": str(cache), "HF_HUB_OFFLINE": "1"},
    )
    assert (answer.stdout, answer.returncode) == ("[]\n", 0), answer.stderr


# Files of strangers


@pytest.fixture
def copy(recognition: Model, tmp_path: Path) -> Path:
    """A copy of the model, to be spoilt."""
    folder = tmp_path / "model"
    folder.mkdir()
    for path in recognition.folder.iterdir():
        (folder / path.name).write_bytes(path.read_bytes())
    return folder


def fails(folder: Path | str) -> str:
    with pytest.raises(CheckpointError) as caught:
        Emotion(str(folder))(voice(0.5))
    return caught.value.code


class Bomb:
    """Unpickling this makes a file."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> Any:
        return os.system, (f"touch {self.path}",)


def test_commands_in_the_yaml_are_not_run(copy: Path, tmp_path: Path) -> None:
    """HyperPyYAML would run this one, and so would speechbrain."""
    marker = tmp_path / "executed"
    path = copy / "hyperparams.yaml"
    before = Emotion(str(copy))(voice(1.0))
    path.write_text(path.read_text() + f"seed: !apply:os.system ['touch {marker}']\n")
    assert Emotion(str(copy))(voice(1.0)) == before
    assert not marker.exists()

    from hyperpyyaml import load_hyperpyyaml

    load_hyperpyyaml(f"seed: !apply:os.system ['touch {marker}']\n")
    assert marker.exists()  # or this test would show nothing


@pytest.mark.parametrize(
    "line",
    [
        "wav2vec2: !apply:os.system ['touch {}']",
        "avg_pool: !apply:os.system ['touch {}']",
        "avg_pool: !new:os.system {{command: 'touch {}'}}",
        "input_norm: !name:os.system ['touch {}']",
        "other: !!python/object/apply:os.system ['touch {}']",
    ],
)
def test_a_yaml_with_commands_for_modules_is_refused(copy: Path, tmp_path: Path, line: str) -> None:
    marker = tmp_path / "executed"
    path = copy / "hyperparams.yaml"
    path.write_text(path.read_text() + line.format(marker) + "\n")
    assert fails(copy) == "bad_encoder"
    assert not marker.exists()


@pytest.mark.parametrize("name", ["wav2vec2.ckpt", "model.ckpt"])
@pytest.mark.parametrize("form", ["torch", "plain pickle"])
def test_pickles_that_run_code_are_refused(
    copy: Path, tmp_path: Path, name: str, form: str
) -> None:
    marker = tmp_path / "executed"
    bomb = {"model.weight": Bomb(marker)}
    if form == "torch":
        torch.save(bomb, copy / name)
    else:
        (copy / name).write_bytes(pickle.dumps(bomb))
    assert fails(copy) == "unsafe_weights"
    assert not marker.exists()
    if form == "torch":
        torch.load(copy / name, weights_only=False)
        assert marker.exists()  # or this test would show nothing


def test_code_beside_the_model_is_not_run(copy: Path, tmp_path: Path) -> None:
    marker = tmp_path / "executed"
    for name in ("custom_interface.py", "custom.py", "configuration.py", "__init__.py"):
        (copy / name).write_text(f"open({str(marker)!r}, 'w')")
    assert Emotion(str(copy))(voice(0.5))
    assert not marker.exists()


def test_spoilt_files(copy: Path) -> None:
    kept = {path.name: path.read_bytes() for path in copy.iterdir()}

    def spoilt(name: str, data: bytes) -> str:
        (copy / name).write_bytes(data)
        code = fails(copy)
        (copy / name).write_bytes(kept[name])
        return code

    yaml = kept["hyperparams.yaml"]
    assert spoilt("hyperparams.yaml", b"a: [") == "bad_encoder"
    assert spoilt("hyperparams.yaml", b"- 1") == "bad_encoder"
    assert spoilt("hyperparams.yaml", b"#" * (1 << 21)) == "bad_encoder"
    assert spoilt("hyperparams.yaml", yaml.replace(b"return_std: False", b"")) == "bad_encoder"
    assert spoilt("hyperparams.yaml", yaml.replace(b"output_norm: True", b"")) == "bad_encoder"
    nowhere = yaml.replace(b"tiny/wav2vec2", b"tiny/nowhere")
    assert spoilt("hyperparams.yaml", nowhere) == "unknown_encoder"
    outside = yaml.replace(b"tiny/wav2vec2", b"../../etc")
    assert spoilt("hyperparams.yaml", outside) == "bad_encoder"
    assert spoilt("label_encoder.txt", b"'neu' => 0\n'n' => 1\n") == "bad_encoder"
    three = b"'neu' => 0\n'ang' => 1\n'hap' => 2\n"
    assert spoilt("label_encoder.txt", three) == "bad_tensors"
    assert spoilt("model.ckpt", kept["wav2vec2.ckpt"]) == "bad_tensors"
    assert spoilt("wav2vec2.ckpt", kept["model.ckpt"]) == "bad_tensors"
    assert spoilt("wav2vec2.ckpt", kept["wav2vec2.ckpt"][:500]) in {"bad_tensors", "unsafe_weights"}
    assert spoilt("model.ckpt", b"") in {"bad_tensors", "unsafe_weights"}
    (copy / "model.ckpt").unlink()
    assert fails(copy) == "missing_file"


def test_a_pickle_cut_off_anywhere_is_no_tensors(tmp_path: Path) -> None:
    """In the older format, where torch fails in the most ways."""
    path, file = tmp_path / "model.ckpt", io.BytesIO()
    tensors = {"0.w.weight": torch.zeros(4, 8), "0.w.bias": torch.zeros(4)}
    torch.save(tensors, file, _use_new_zipfile_serialization=False)
    for length in range(0, len(file.getvalue()), 5):
        path.write_bytes(file.getvalue()[:length])
        with pytest.raises(CheckpointError, match=r"bad_tensors|unsafe_weights"):
            _hub_network._tensors(path)


def test_labels_that_are_not_known_have_no_axes(copy: Path) -> None:
    (copy / "label_encoder.txt").write_text("'Joy!' => 0\n'b c' => 1\n'neu' => 2\n'x' => 3\n")
    names = [feature.name for feature in Emotion(str(copy), embedding=False).features]
    assert names[:4] == ["p_joy", "p_b_c", "p_neutral", "p_x"]
    assert "arousal" not in names
    assert set(Emotion(str(copy), embedding=False)(voice(0.5))) == set(names)


def test_a_repository_that_is_not_there() -> None:
    assert fails("speechbrain/nothing") == "unknown_encoder"


def test_references_in_a_circle_end(tmp_path: Path) -> None:
    path = tmp_path / "hyperparams.yaml"
    path.write_text("a: !ref <b>\nb: !ref <a>\n")
    values = _hub_yaml.read(path)
    assert _hub_yaml.resolve(values, values["a"]) is None
