# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The emotion scorer with the encoder that ships."""

from __future__ import annotations

import json
import math
import os
import pickle
import shutil
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
import soundfile
import torch
from hypothesis import given
from hypothesis import strategies as st
from rewardkit_scorers import _windows, emotion
from rewardkit_scorers._encoder import Reading, labels
from rewardkit_scorers.emotion import Emotion

from rewardkit.batch import Batch
from rewardkit.checkpoint import shipped
from rewardkit.clip import Clip
from rewardkit.errors import CheckpointError, RewardkitError
from rewardkit.scorers import Scorer, identity
from rewardkit.testing import CHECKS, voice
from tests.scorers import speechbrain_import

FOLDER = shipped()["emotion-emodb"]


def values(scorer: Emotion, clip: Clip) -> np.ndarray:
    measured = scorer(clip)
    return np.array([measured[feature.name] for feature in scorer.features])


def scaled(clip: Clip, gain: float) -> Clip:
    return Clip(clip.samples * np.float32(gain), clip.sample_rate)


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """A copy of the encoder that ships, to be spoilt."""
    return Path(shutil.copytree(FOLDER, tmp_path / "encoder"))


@pytest.fixture
def fresh() -> None:
    """The network is loaded anew in this test."""
    emotion._network.cache_clear()


@pytest.mark.parametrize("check", CHECKS)
def test_conforms(check: Callable[[Scorer], None]) -> None:
    check(Emotion())


# What is declared, and what it costs


def test_features_follow_the_configuration() -> None:
    classes = json.loads((FOLDER / "config.json").read_text())["classes"]
    names = [feature.name for feature in Emotion(embedding=False).features]
    assert names == [
        *(f"p_{name}" for name in classes),
        *(f"log_p_{name}" for name in classes),
        "arousal",
        "valence",
        "entropy",
    ]
    assert [f.name for f in Emotion().features][len(names) :][:2] == [
        "embedding_00",
        "embedding_01",
    ]


def test_strength_is_the_dimension_that_the_configuration_names(copy: Path) -> None:
    path = copy / "config.json"
    config = json.loads(path.read_text())
    assert "strength" not in [feature.name for feature in Emotion(str(copy)).features]
    path.write_text(json.dumps(config | {"strength": 5}))
    measured = Emotion(str(copy))(voice(1.0))
    assert measured["strength"] == measured["embedding_05"]
    path.write_text(json.dumps(config | {"strength": config["dimensions"]}))
    with pytest.raises(CheckpointError, match="strength is no dimension") as raised:
        _ = Emotion(str(copy)).features
    assert raised.value.code == "bad_encoder"


@pytest.mark.parametrize("wrong", ["False", "", 0, 1, 2.0, [False]])
def test_whether_there_is_an_embedding_is_no_text(wrong: object) -> None:
    with pytest.raises(RewardkitError, match="bad_parameter"):
        Emotion(embedding=wrong)  # type: ignore[arg-type]
    assert identity(Emotion(embedding=np.False_)) == identity(Emotion(embedding=False))  # type: ignore[arg-type]


def test_declaring_imports_no_torch() -> None:
    code = (
        "import sys; from rewardkit_scorers.emotion import Emotion\n"
        "scorer = Emotion(); scorer.features; scorer.digest\n"
        "print([m for m in ('torch', 'speechbrain', 'torchaudio', 'transformers', 'yaml') "
        "if m in sys.modules])"
    )
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert (answer.stdout, answer.returncode) == ("[]\n", 0), answer.stderr


def test_identity_is_the_contents_and_not_the_place(copy: Path) -> None:
    assert identity(Emotion(str(copy))) == identity(Emotion())
    assert identity(Emotion(embedding=False)) != identity(Emotion())
    path = copy / "classifier.safetensors"
    data = bytearray(path.read_bytes())
    data[-1] ^= 1
    path.write_bytes(data)
    assert identity(Emotion(str(copy))) != identity(Emotion())


def test_it_travels_to_another_process() -> None:
    scorer = Emotion()
    scorer(voice(0.5))
    again = pickle.loads(pickle.dumps(scorer))
    assert again == scorer
    assert np.array_equal(values(again, voice(1.0)), values(scorer, voice(1.0)))


# Numbers


@pytest.mark.parametrize("off", [-0.2, 0.02])
def test_direct_current_changes_nothing(off: float) -> None:
    """Nor does it hide that the ends are silent."""
    clip = Clip(np.pad(voice(1.5).samples, 8_000), 16_000)
    shifted = Clip(clip.samples + np.float32(off), 16_000)
    assert values(Emotion(), shifted) == pytest.approx(values(Emotion(), clip), abs=2e-3)


def test_axes_are_those_of_the_circumplex() -> None:
    scorer = Emotion(embedding=False)
    assert scorer.card.classes == ("neutral", "anger", "happiness", "sadness")

    def measure(*posteriors: float) -> dict[str, float]:
        with np.errstate(divide="ignore"):
            logs = np.log(np.array(posteriors))
        numbers = scorer._numbers(Reading(np.zeros(scorer.card.dimensions), logs))
        return dict(zip([f.name for f in scorer.features], numbers, strict=True))

    diagonal = math.sqrt(0.5)
    anger = measure(0, 1, 0, 0)
    assert anger["arousal"] == pytest.approx(diagonal)
    assert anger["valence"] == pytest.approx(-diagonal)
    assert anger["entropy"] == 0
    assert (anger["p_anger"], anger["log_p_anger"], anger["log_p_neutral"]) == (1, 0, -12)
    neutral = measure(1, 0, 0, 0)
    assert (neutral["arousal"], neutral["valence"]) == (0, 0)
    mixed = measure(0, 0, 0.5, 0.5)  # happiness and sadness are opposite each other
    assert mixed["arousal"] == pytest.approx(0, abs=1e-12)
    assert mixed["valence"] == pytest.approx(0, abs=1e-12)
    assert mixed["entropy"] == pytest.approx(math.log(2))
    assert measure(0.25, 0.25, 0.25, 0.25)["entropy"] == pytest.approx(math.log(4))


def test_posteriors_belong_together() -> None:
    measured = Emotion()(voice(2.0))
    posteriors = {k[2:]: v for k, v in measured.items() if k.startswith("p_")}
    assert math.fsum(posteriors.values()) == pytest.approx(1, abs=1e-12)
    for name, posterior in posteriors.items():
        assert measured[f"log_p_{name}"] == pytest.approx(max(math.log(posterior), -12))


@pytest.fixture(scope="module")
def speechbrain_classifier(tmp_path_factory: pytest.TempPathFactory) -> object:
    """The shipped folder, opened by speechbrain itself."""
    speechbrain_import.prepare()
    from speechbrain.inference.classifiers import EncoderClassifier

    return EncoderClassifier.from_hparams(
        source=str(FOLDER),
        savedir=str(tmp_path_factory.mktemp("speechbrain")),
        overrides={"pretrained_path": str(FOLDER)},
    )


def prepared(clip: Clip) -> np.ndarray:
    centred = clip.samples - clip.samples.mean(dtype=np.float64).astype(np.float32)
    cut = _windows.trim(centred, frame=400, hop=160, below_loudest=40.0)
    levelled = _windows.level(cut, 0.1)
    assert levelled is not None
    return levelled


def test_one_window_equals_speechbrain(speechbrain_classifier: object) -> None:
    """Speechbrain's own interface, running the folder's HyperPyYAML, gives the same numbers."""
    clip = voice(2.0, seed=3)
    wave = torch.tensor(prepared(clip))[None]
    log_posteriors, _, _, label = speechbrain_classifier.classify_batch(wave)
    embedding = speechbrain_classifier.encode_batch(wave)[0, 0]
    measured = Emotion()(clip)
    mine = [v for k, v in measured.items() if k.startswith("log_p_")]
    np.testing.assert_allclose(mine, log_posteriors.flatten().clip(-12), atol=1e-4)
    mine = [v for k, v in measured.items() if k.startswith("embedding_")]
    np.testing.assert_allclose(mine, embedding, atol=1e-4)
    best = max((v, k) for k, v in measured.items() if k.startswith("p_"))[1]
    assert best == f"p_{label[0]}"


def test_a_long_clip_is_the_mean_of_its_windows(speechbrain_classifier: object) -> None:
    clip = voice(14.7, seed=4)
    wave = prepared(clip)
    config = json.loads((FOLDER / "config.json").read_text())
    length, hop = config["window"], config["window_hop"]
    starts = [*range(0, len(wave) - length, hop), len(wave) - length]
    assert len(starts) >= 4
    expected = torch.stack(
        [
            speechbrain_classifier.encode_batch(torch.tensor(wave[s : s + length])[None])[0, 0]
            for s in starts
        ]
    ).mean(dim=0)
    measured = Emotion()(clip)
    mine = [v for k, v in measured.items() if k.startswith("embedding_")]
    np.testing.assert_allclose(mine, expected, atol=1e-4)


@pytest.mark.parametrize("gain", [1e-3, 0.1, 1.9])
def test_gain_changes_nothing(gain: float) -> None:
    clip = voice(3.0)
    plain = values(Emotion(), clip)
    np.testing.assert_allclose(values(Emotion(), scaled(clip, gain)), plain, atol=1e-3)


def test_silence_around_changes_little() -> None:
    clip = voice(2.0)
    silence = np.zeros(32_000, np.float32)
    around = Clip(np.concatenate([silence, clip.samples, silence]), 16_000)
    posteriors = [values(Emotion(), sound)[:4] for sound in (around, clip)]
    np.testing.assert_allclose(*posteriors, atol=0.1)


@pytest.mark.parametrize(
    "samples",
    [
        np.zeros(16_000),
        np.full(16_000, 0.3),
        np.eye(1, 16_000, 8000)[0],  # a click: 25 ms are left when its silence is cut off
        np.sin(np.arange(3000)),
        np.zeros(0),
        np.ones(1),
    ],
    ids=["silence", "constant", "click", "short", "empty", "one sample"],
)
def test_nothing_to_read_is_no_number(samples: np.ndarray) -> None:
    assert np.isnan(values(Emotion(), Clip(samples.astype(np.float32), 16_000))).all()


def test_emotions_are_recognised(data_dir: Path) -> None:
    """On clips that it was trained on: a mistaken order of labels or bands would show."""
    codes = {"N": "neutral", "W": "anger", "F": "happiness", "T": "sadness"}
    paths = sorted((data_dir / "emodb_cc0").glob("*.flac"))[::9]
    right = 0
    for path in paths:
        samples, rate = soundfile.read(path, dtype="float32")
        measured = Emotion()(Clip(samples, rate))
        right += max(codes.values(), key=lambda name: measured[f"p_{name}"]) == codes[path.stem[5]]
    assert right / len(paths) > 0.85


def test_modules_can_be_looked_at() -> None:
    """Code that looks at all modules does not run into speechbrain's lazy ones."""
    Emotion()(voice(0.5))
    for module in list(sys.modules.values()):
        getattr(module, "__file__", None)
        getattr(module, "__warningregistry__", None)


# The same bits, whatever goes on around


def test_bits_do_not_depend_on_threads() -> None:
    clip = voice(6.0)
    before = torch.get_num_threads()
    found = []
    try:
        for threads in (1, 2, 3):
            torch.set_num_threads(threads)
            found.append(values(Emotion(), clip))
            assert torch.get_num_threads() == threads
        with ThreadPoolExecutor(4) as pool:
            found.extend(pool.map(lambda _: values(Emotion(), clip), range(4)))
        assert torch.get_num_threads() == 3
    finally:
        torch.set_num_threads(before)
    for other in found[1:]:
        assert np.array_equal(other, found[0])


def test_bits_do_not_depend_on_the_host_program(fresh: None) -> None:
    """Autocast and default dtype of a training run; its random state is not touched."""
    clip = voice(2.0)
    state = torch.random.get_rng_state()
    plain = values(Emotion(), clip)
    assert torch.equal(torch.random.get_rng_state(), state)
    emotion._network.cache_clear()
    torch.set_default_dtype(torch.float64)
    try:
        with torch.autocast("cpu", dtype=torch.bfloat16), torch.enable_grad():
            assert np.array_equal(values(Emotion(), clip), plain)
            assert torch.is_grad_enabled()
        assert torch.get_default_dtype() == torch.float64
    finally:
        torch.set_default_dtype(torch.float32)


def test_products_are_float32_whatever_the_host_allows() -> None:
    """With "medium" precision PyTorch multiplies in bfloat16 on CPUs that can."""
    plain = values(Emotion(), voice(2.0))
    torch.set_float32_matmul_precision("medium")
    try:
        assert np.array_equal(values(Emotion(), voice(2.0)), plain)
        assert torch.get_float32_matmul_precision() == "medium"
    finally:
        torch.set_float32_matmul_precision("highest")


def test_bits_do_not_depend_on_the_batch() -> None:
    clips = [voice(d, seed=i) for i, d in enumerate((1.0, 9.0, 4.0, 0.1, 2.0, 1.0, 13.0))]
    scorer = Emotion()
    alone = np.concatenate([scorer.score_batch([clip]) for clip in clips])
    assert np.isnan(alone[3]).all()
    assert np.isfinite(np.delete(alone, 3, axis=0)).all()
    order = [6, 0, 3, 5, 1, 4, 2]
    assert np.array_equal(scorer.score_batch(Batch(clips)), alone, equal_nan=True)
    shuffled = scorer.score_batch([clips[i] for i in order])
    assert np.array_equal(shuffled, alone[order], equal_nan=True)
    assert np.array_equal(values(scorer, clips[1]), alone[1])


@pytest.mark.parametrize("together", [2, 64])
def test_windows_read_together_give_the_same_numbers(
    together: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As on a GPU, where windows of equal length are read side by side."""
    clips = [voice(d, seed=i).samples for i, d in enumerate((9.0, 1.0, 6.0, 0.1, 9.0, 1.0))]
    network = Emotion().card.load("cpu")
    alone = network(clips)
    monkeypatch.setattr(network, "together", together)
    for one, other in zip(network(clips), alone, strict=True):
        assert (one is None) == (other is None)
        if one is not None and other is not None:
            np.testing.assert_allclose(one.embedding, other.embedding, atol=1e-4)
            np.testing.assert_allclose(one.log_posteriors, other.log_posteriors, atol=1e-4)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no GPU")
def test_a_gpu_gives_the_same_within_tolerance() -> None:
    clips = [voice(d, seed=i) for i, d in enumerate((1.0, 9.0, 4.0, 2.0))]
    np.testing.assert_allclose(
        Emotion().score_batch(Batch(clips, "cuda")), Emotion().score_batch(clips), atol=1e-4
    )


# Windows


@given(total=st.integers(1, 400), length=st.integers(1, 60), hop=st.integers(1, 60))
def test_windows_are_equal_and_reach_the_end(total: int, length: int, hop: int) -> None:
    hop = min(hop, length)
    samples = np.arange(total, dtype=np.float32)
    found = _windows.windows(samples, length, hop)
    assert {len(window) for window in found} == {min(length, total)}
    assert set(np.concatenate(found).tolist()) == set(samples.tolist())
    assert found[-1][-1] == total - 1
    starts = [window[0] for window in found]
    assert starts == sorted(set(starts))


def test_trim_keeps_what_is_within_the_range() -> None:
    loud = np.ones(1600, np.float32)
    for level, kept in ((-39.0, 4800), (-41.0, 1600)):
        tail = np.full(1600, 10 ** (level / 20), np.float32)
        sound = np.concatenate([tail, loud, tail])
        assert len(_windows.trim(sound, frame=400, hop=400, below_loudest=40.0)) == kept


# Encoders that are no good


def fails(source: Path | str) -> str:
    with pytest.raises(CheckpointError) as caught:
        Emotion(str(source))(voice(0.5))
    return caught.value.code


def test_unknown_source() -> None:
    assert fails("emotion-emodbb") == "unknown_encoder"
    assert fails("https://example.org/encoder") == "unknown_encoder"


def test_spoilt_folders(copy: Path, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    assert fails(tmp_path / "empty") == "bad_encoder"
    config = json.loads((copy / "config.json").read_text())
    for change in (
        {"format": 1},
        {"classes": ["neutral", "anger"]},
        {"circumplex_degrees": [None]},
        {"sample_rate": 8000},
        {"window": 0},
        {"window": 750 * 640 + 1},
        {"surprise": 1},
        {"rms": float("inf")},
        {"circumplex_degrees": [float("nan")] * len(config["classes"])},
    ):
        (copy / "config.json").write_text(json.dumps(config | change))
        assert fails(copy) == "bad_encoder", change
    (copy / "config.json").write_text("[" * 100_000)
    assert fails(copy) == "bad_encoder"
    wide = {"dimensions": config["dimensions"] + 1}
    (copy / "config.json").write_text(json.dumps(config | wide))
    assert fails(copy) == "bad_tensors"
    (copy / "config.json").write_text(json.dumps(config))
    weights = copy / "embedding_model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-100])
    assert fails(copy) == "bad_tensors"
    (copy / "classifier.safetensors").unlink()
    assert fails(copy) == "missing_file"


def test_weights_that_change_under_way_are_noticed(copy: Path) -> None:
    scorer = Emotion(str(copy))
    assert scorer.digest
    (copy / "config.json").write_text((copy / "config.json").read_text() + "\n")
    with pytest.raises(CheckpointError, match="changed"):
        scorer(voice(0.5))


def test_labels_are_literals(tmp_path: Path) -> None:
    path = tmp_path / "label_encoder.txt"
    path.write_text("'b' => 1\n'a' => 0\n================\n'starting_index' => 0\n")
    assert labels(path) == ("a", "b")
    marker = tmp_path / "executed"
    for text in (f"open({os.fspath(marker)!r}, 'w') => 0\n'a' => 1", "'a' => 1", "'a' => 0", "x"):
        path.write_text(text)
        with pytest.raises(CheckpointError, match="bad_encoder"):
            labels(path)
    assert not marker.exists()
