# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""How the emotion encoders are made: the weights that are taken, the fit, figures, folder, card."""

from __future__ import annotations

import json
import struct
from pathlib import Path

import numpy as np
import pytest
import torch
from rewardkit_scorers.emotion import Emotion
from safetensors.torch import save_file
from sklearn.linear_model import LogisticRegression

from checkpoints.recipes import emotion_card, emotion_figures, emotion_folder, emotion_trunk
from checkpoints.recipes.emotion_model import DIMENSIONS, Encoder, fit
from rewardkit.checkpoint import shipped
from rewardkit.testing import voice


def blob(tensors: dict[str, np.ndarray], version: int = 6) -> bytes:
    """A file as CTranslate2 writes it, with one alias."""

    def text(value: str) -> bytes:
        return struct.pack("<H", len(value) + 1) + value.encode() + b"\0"

    kinds = {"float32": 0, "int8": 1, "int16": 2, "int32": 3, "float16": 4}
    parts = [struct.pack("<I", version), text("WhisperSpec"), struct.pack("<II", 3, len(tensors))]
    for name, tensor in tensors.items():
        parts += [text(name), struct.pack("<B", tensor.ndim)]
        parts += [struct.pack("<I", size) for size in tensor.shape]
        parts += [struct.pack("<BI", kinds[tensor.dtype.name], tensor.nbytes), tensor.tobytes()]
    parts += [struct.pack("<I", 1), text("alias"), text(next(iter(tensors)))]
    return b"".join(parts)


def test_ctranslate2_files_are_read(tmp_path: Path) -> None:
    tensors = {
        "a/weight": np.arange(6, dtype=np.float16).reshape(2, 3),
        "b": np.array(8, np.int16),
        "c": np.array([1.5, -2.0], np.float32),
    }
    path = tmp_path / "model.bin"
    path.write_bytes(blob(tensors))
    found = emotion_trunk.read_ctranslate2(path)
    assert set(found) == {*tensors, "alias"}
    for name, tensor in tensors.items():
        np.testing.assert_array_equal(found[name], tensor, strict=True)
    np.testing.assert_array_equal(found["alias"], tensors["a/weight"])
    path.write_bytes(blob(tensors) + b"x")
    with pytest.raises(ValueError, match="1 bytes too many"):
        emotion_trunk.read_ctranslate2(path)
    path.write_bytes(blob(tensors, version=5))
    with pytest.raises(ValueError, match="version 5"):
        emotion_trunk.read_ctranslate2(path)


def layouts(layers: int) -> tuple[dict[str, torch.Tensor], dict[str, np.ndarray]]:
    """The same small encoder in the layouts of Hugging Face and of CTranslate2."""
    random = np.random.default_rng(0)

    def draw(*shape: int) -> np.ndarray:
        return random.standard_normal(shape).astype(np.float16)

    theirs: dict[str, np.ndarray] = {}
    ct2: dict[str, np.ndarray] = {}
    for conv in ("conv1", "conv2"):
        for kind, shape in (("weight", (4, 4, 3)), ("bias", (4,))):
            theirs[f"{conv}.{kind}"] = ct2[f"{conv}/{kind}"] = draw(*shape)
    for i in range(layers):
        query, key, value = (draw(4, 4) for _ in range(3))
        query_bias, value_bias = draw(4), draw(4)
        attention = f"layers.{i}.self_attn"
        theirs |= {
            f"{attention}.q_proj.weight": query, f"{attention}.q_proj.bias": query_bias,
            f"{attention}.k_proj.weight": key,
            f"{attention}.v_proj.weight": value, f"{attention}.v_proj.bias": value_bias,
        }  # fmt: skip
        ct2[f"layer_{i}/self_attention/linear_0/weight"] = np.concatenate([query, key, value])
        ct2[f"layer_{i}/self_attention/linear_0/bias"] = np.concatenate(
            [query_bias, np.zeros(4, np.float16), value_bias]
        )
        for one, other in (
            ("self_attn.out_proj", "self_attention/linear_1"),
            ("fc1", "ffn/linear_0"),
            ("fc2", "ffn/linear_1"),
        ):
            for kind, shape in (("weight", (4, 4)), ("bias", (4,))):
                theirs[f"layers.{i}.{one}.{kind}"] = draw(*shape)
                ct2[f"layer_{i}/{other}/{kind}"] = theirs[f"layers.{i}.{one}.{kind}"]
        for one, other in (("self_attn_layer_norm", "self_attention"), ("final_layer_norm", "ffn")):
            for kind, name in (("weight", "gamma"), ("bias", "beta")):
                theirs[f"layers.{i}.{one}.{kind}"] = draw(4)
                ct2[f"layer_{i}/{other}/layer_norm/{name}"] = theirs[f"layers.{i}.{one}.{kind}"]
    return (
        {f"model.encoder.{name}": torch.tensor(array) for name, array in theirs.items()},
        {f"encoder/{name}": array for name, array in ct2.items()},
    )


def test_both_layouts_give_the_same_trunk_and_no_other_is_taken(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    theirs, ct2 = layouts(emotion_trunk.SIZES["layers"])
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    save_file({k: v.float() for k, v in theirs.items()}, tmp_path / "a" / "model.safetensors")
    (tmp_path / "b" / "model.bin").write_bytes(blob(ct2))
    for folder in ("a", "b"):
        with pytest.raises(ValueError, match="not the weights of whisper-base"):
            emotion_trunk.take(tmp_path / folder)
    with pytest.raises(FileNotFoundError):
        emotion_trunk.take(tmp_path)
    (digest,) = {
        emotion_trunk.digest({name: tensor.half().contiguous() for name, tensor in state.items()})
        for state in (
            emotion_trunk._from_hugging_face(theirs.__getitem__),
            emotion_trunk._from_ctranslate2(ct2),
        )
    }
    monkeypatch.setattr(emotion_trunk, "DIGEST", digest)
    one, other = (emotion_trunk.take(tmp_path / folder) for folder in ("a", "b"))
    assert one.keys() == other.keys()
    assert all(torch.equal(one[name], other[name]) for name in one)


@pytest.mark.parametrize("name", ["emotion-emodb", "emotion-ravdess-nc"])
def test_the_trunk_that_ships_is_whispers(name: str) -> None:
    from safetensors.torch import load_file

    folder = shipped().get(name)
    if folder is None:
        pytest.skip(f"{name} does not ship with this installation")
    state = load_file(folder / "trunk.safetensors")
    torch.testing.assert_close(state.pop("mel"), emotion_trunk.mel_filters())
    assert emotion_trunk.digest(state) == emotion_trunk.DIGEST
    assert "2022 OpenAI" in (folder / "trunk.safetensors.license").read_text()


@pytest.fixture(scope="module")
def material() -> tuple[np.ndarray, np.ndarray, list[str]]:
    """Four speakers, three classes apart along known directions, speakers along others."""
    random = np.random.default_rng(3)
    labels = np.tile(np.arange(3), 60)
    speaker = np.repeat(np.arange(4), 45)
    table = random.standard_normal((180, 100)) * random.uniform(0.1, 10, 100)
    table[:, :3] += 30 * np.eye(3)[labels] + 5
    table[:, 3:7] += 30 * np.eye(4)[speaker]
    return table, labels, [f"s{one}" for one in speaker]


@pytest.fixture(scope="module")
def encoder(material: tuple[np.ndarray, np.ndarray, list[str]]) -> Encoder:
    return fit(*material)


def test_two_linear_maps_are_the_regression(
    encoder: Encoder, material: tuple[np.ndarray, np.ndarray, list[str]]
) -> None:
    table, labels, _ = material
    standard = (table - table.mean(axis=0)) / table.std(axis=0)
    oracle = LogisticRegression(C=encoder.penalty, class_weight="balanced", max_iter=500)
    expected = oracle.fit(standard, labels).predict_log_proba(standard)
    np.testing.assert_allclose(encoder.log_posteriors(table), expected, atol=1e-6)
    assert (expected.argmax(axis=1) == labels).mean() > 0.9


def test_embedding_is_what_the_classifier_reads_and_then_the_rest(
    encoder: Encoder, material: tuple[np.ndarray, np.ndarray, list[str]]
) -> None:
    embedding = encoder.embed(material[0])
    assert embedding.shape == (180, DIMENSIONS)
    np.testing.assert_allclose(embedding.mean(axis=0), 0, atol=1e-9)
    np.testing.assert_allclose(embedding.std(axis=0), 1)
    np.testing.assert_allclose(encoder.weight[:, 2:], 0, atol=1e-9)
    assert np.abs(encoder.weight[:, :2]).max() > 0.1


def test_figures() -> None:
    labels = np.array([0, 0, 0, 1, 1, 2])
    guesses = np.array([0, 0, 1, 1, 1, 0])
    assert emotion_figures.uar(labels, guesses) == pytest.approx((2 / 3 + 1 + 0) / 3)
    assert emotion_figures.confusion(labels, guesses, 3) == [[2, 1, 0], [0, 2, 0], [1, 0, 0]]
    found = emotion_figures.figures(labels, guesses, list("aaabbb"))
    assert (found["clips"], found["speakers"]) == (6, 2)
    assert found["mean_over_speakers"] == pytest.approx((2 / 3 + 0.5) / 2, abs=1e-4)
    low, high = found["interval_95"]
    assert low <= found["uar"] <= high


def test_level_rule_looks_at_the_chosen_only() -> None:
    levels = np.array([-30.0, -31, -29, -10, -11, -9, -30, -10])
    labels = np.array([0, 0, 0, 1, 1, 1, 1, 0])
    chosen = np.arange(8) < 6
    assert emotion_figures.level_rule(levels, labels, chosen).tolist() == [0, 0, 0, 1, 1, 1, 0, 1]


def test_a_folder_is_written_that_the_scorer_opens(tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    size = 2 * emotion_trunk.SIZES["width"]
    made = Encoder(
        random.standard_normal((DIMENSIONS, size)) / size, np.zeros(DIMENSIONS),
        random.standard_normal((4, DIMENSIONS)), np.zeros(4), 0.1,
    )  # fmt: skip
    trunk = shipped()["emotion-emodb"] / "trunk.safetensors"
    (tmp_path / "trunk.safetensors").write_bytes(trunk.read_bytes())
    emotion_folder.write(made, "emodb", tmp_path / "trunk.safetensors", tmp_path / "folds" / "03")
    link = tmp_path / "folds" / "03" / "trunk.safetensors"
    assert link.samefile(tmp_path / "trunk.safetensors")
    measured = Emotion(str(link.parent))(voice(1.0))
    assert sum(v for k, v in measured.items() if k.startswith("p_")) == pytest.approx(1)


@pytest.mark.parametrize("name", ["emotion-emodb", "emotion-ravdess-nc"])
def test_cards_are_those_of_the_results(name: str) -> None:
    folder = shipped().get(name)
    if folder is None:
        pytest.skip(f"{name} does not ship with this installation")
    results = json.loads((folder / "results.json").read_text())
    assert emotion_card.write(results) == (folder / "README.md").read_text()
    config = json.loads((folder / "config.json").read_text())
    strength = len(config["classes"]) - 1 if "strength" in results else None
    assert config == emotion_folder.configuration(results["corpus"], strength)
