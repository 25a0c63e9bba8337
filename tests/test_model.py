# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: Apache-2.0
"""The reward model: what goes in, what comes out, and that nothing else decides it."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from collections.abc import Callable
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
import torch

from rewardkit.audio import Limits, read
from rewardkit.callable import RewardFunction
from rewardkit.checkpoint import load, save, shipped
from rewardkit.errors import AudioError, CheckpointError, RewardkitError
from rewardkit.head import LinearHead
from rewardkit.model import RewardModel
from rewardkit.normaliser import Normaliser
from rewardkit.population import Population
from rewardkit.reward import Reward
from rewardkit.testing import voice
from rewardkit.workers import Pool, Recipe
from tests.made import reward_model

HEADS = [
    name
    for name, folder in shipped().items()
    if (folder / "manifest.json").is_file() and load(folder)[0].kind == "clip"
]


@pytest.fixture(scope="module")
def model() -> RewardModel:
    return RewardModel.from_pretrained("prosody")


def numbers(reward: Reward) -> list[float | None]:
    return [reward.scalar, reward.std, *reward.dimensions.values()]


@pytest.mark.parametrize("name", HEADS)
def test_a_shipped_checkpoint_judges_the_example_clips(
    name: str, example_clips: list[Path]
) -> None:
    model = RewardModel.from_pretrained(name)
    rewards = model.score_batch(example_clips, explain=True)
    assert [reward.status for reward in rewards] == ["ok"] * len(example_clips)
    for reward in rewards:
        assert all(isinstance(n, float) and np.isfinite(n) for n in numbers(reward))
        weighed = sum(reward.weights[d] * value for d, value in reward.dimensions.items())
        assert weighed == pytest.approx(reward.scalar, abs=1e-6)
        assert reward.contributions is not None
        assert sum(reward.contributions.values()) == pytest.approx(reward.scalar, abs=1e-6)


def test_every_kind_of_source_gives_the_same(model: RewardModel, example_clips: list[Path]) -> None:
    path = example_clips[0]
    samples, rate = soundfile.read(path, dtype="float32")
    sixteen = (samples * 32768).astype(np.int16)
    wanted = numbers(model(path))
    assert numbers(model(str(path))) == wanted
    assert numbers(model(path.read_bytes())) == wanted
    assert numbers(model(samples, sample_rate=rate)) == wanted
    assert numbers(model(samples.astype(np.float64), sample_rate=rate)) == wanted
    assert numbers(model(sixteen, sample_rate=rate)) == wanted
    assert numbers(model(torch.from_numpy(samples), sample_rate=rate)) == wanted
    assert numbers(model(torch.from_numpy(samples)[None], sample_rate=rate)) == wanted
    assert numbers(model(read(path))) == wanted
    wav = io.BytesIO()
    soundfile.write(wav, samples, rate, format="WAV", subtype="FLOAT")
    assert numbers(model(wav.getvalue())) == wanted


@pytest.mark.parametrize("name", HEADS)
def test_alone_in_a_batch_shuffled_and_in_workers_is_bit_equal(
    name: str, example_clips: list[Path]
) -> None:
    model = RewardModel.from_pretrained(name)
    alone = {path: numbers(model(path)) for path in example_clips}
    order = list(np.random.default_rng(0).permutation(len(example_clips)))
    shuffled = [example_clips[i] for i in order]
    for workers in (0, 2):
        rewards = model.score_batch(shuffled, workers=workers)
        assert {p: numbers(r) for p, r in zip(shuffled, rewards, strict=True)} == alone


def test_a_pool_serves_one_batch_after_the_other(
    model: RewardModel, example_clips: list[Path]
) -> None:
    here = model.score_batch(example_clips)
    with model.pool(2) as pool:
        for _ in range(2):
            there = model.score_batch(example_clips, workers=pool)
            assert [numbers(r) for r in there] == [numbers(r) for r in here]
        assert not pool.closed


def test_a_pool_of_another_model_is_refused(model: RewardModel) -> None:
    with (
        RewardModel.from_pretrained("prosody").pool(1) as same,
        Pool(Recipe((("pitch", {}),)), 1) as other,
    ):
        silence = np.zeros(16_000, np.float32)
        assert (
            model.score_batch([silence], sample_rate=16_000, workers=same)[0].status == "no_speech"
        )
        with pytest.raises(RewardkitError, match="bad_option: workers"):
            model.score_batch([silence], sample_rate=16_000, workers=other)


def processes(reward: RewardFunction) -> list[BaseProcess]:
    assert reward._pool is not None
    return [worker.process for worker in reward._pool._workers]


def test_a_reward_function_keeps_its_workers(model: RewardModel, example_clips: list[Path]) -> None:
    clips = [*example_clips[:3], "absent.wav"]
    alone = model.reward_function(on_failure="none")
    reward = model.reward_function(on_failure="none", workers=2)
    assert reward(clips) == alone(clips)
    kept = processes(reward)
    assert reward(clips) == alone(clips)
    assert processes(reward) == kept
    assert reward.failures == {"not_a_file": 2}
    reward.close()
    assert not any(process.is_alive() for process in kept)
    assert reward(clips[:1]) == alone(clips[:1])
    reward.close()


@pytest.mark.parametrize("name", HEADS)
@pytest.mark.parametrize("gain", [10 ** (-6 / 20), 10 ** (6 / 20)])
def test_six_decibels_change_no_reward(name: str, gain: float, example_clips: list[Path]) -> None:
    """No shipped checkpoint gives weight to a feature that is declared level-dependent."""
    model = RewardModel.from_pretrained(name)
    count = len(model.schema)  # a bent head has two columns per feature
    used = np.abs(model.head.weights).reshape(-1, count).sum(axis=0) > 0
    assert not any(
        feature.level_dependent
        for feature, used_here in zip(model.schema.features, used, strict=True)
        if used_here
    )
    for path in example_clips[:3]:
        clip = read(path)
        scaled = model(clip.samples * np.float32(gain), sample_rate=clip.sample_rate)
        assert numbers(scaled) == pytest.approx(numbers(model(clip)), abs=2e-3)


def test_failures_are_statuses_with_codes_and_never_numbers(
    model: RewardModel, example_clips: list[Path], tmp_path: Path
) -> None:
    noise = np.random.default_rng(0).normal(0, 0.1, 16_000).astype(np.float32)
    text = tmp_path / "text.wav"
    text.write_text("no sound")
    bad = noise.copy()
    bad[100] = np.nan
    rewards = model.score_batch(
        [np.zeros(16_000, np.float32), noise, noise[:100], bad, text, "missing.wav",
         example_clips[0]],
        sample_rate=16_000,
    )  # fmt: skip
    codes = [reward.error.code if reward.error else "ok" for reward in rewards]
    assert codes == [
        "no_speech",
        "no_speech",
        "too_short",
        "nonfinite",
        "unreadable",
        "not_a_file",
        "ok",
    ]
    for reward in rewards[:-1]:
        assert reward.scalar is None
        assert reward.std is None
        assert reward.dimensions == {}
        json.dumps(reward.row("x"), allow_nan=False)
    assert numbers(rewards[-1]) == numbers(model(example_clips[0]))
    with pytest.raises(AudioError, match="too_short"):
        rewards[2].raise_for_status()


def test_limits_are_the_callers(model: RewardModel, example_clips: list[Path]) -> None:
    reward = model(example_clips[0], limits=Limits(max_duration=0.5))
    assert reward.error is not None
    assert reward.error.code == "too_long"


def test_save_and_load_give_the_same_model(
    model: RewardModel, example_clips: list[Path], tmp_path: Path
) -> None:
    model.save(tmp_path / "copy")
    again = RewardModel.load(tmp_path / "copy")
    assert numbers(again(example_clips[0])) == numbers(model(example_clips[0]))
    card = (tmp_path / "copy" / "README.md").read_text()
    assert card.startswith("# prosody")


def test_a_card_can_be_written_of_what_says_nothing_of_its_training(tmp_path: Path) -> None:
    reward_model().save(tmp_path)
    assert "Nothing is said of its training." in (tmp_path / "README.md").read_text()


def test_the_environment_names_the_default(
    monkeypatch: pytest.MonkeyPatch, model: RewardModel, tmp_path: Path
) -> None:
    model.save(tmp_path / "mine")
    monkeypatch.setenv("REWARDKIT_CHECKPOINT", str(tmp_path / "mine"))
    assert RewardModel.from_pretrained().dimensions == model.dimensions


def test_another_scorer_than_the_one_trained_with_is_refused_with_a_diff(
    model: RewardModel, tmp_path: Path
) -> None:
    model.save(tmp_path)
    path = tmp_path / "manifest.json"
    manifest = json.loads(path.read_text())
    manifest["scorers"][0] |= {"version": 99, "identity": "0" * 64}
    path.write_text(json.dumps(manifest))
    with pytest.raises(CheckpointError, match=r"version: trained with 99, installed \d"):
        RewardModel.load(tmp_path)


def test_other_features_than_those_trained_with_are_refused(
    model: RewardModel, tmp_path: Path
) -> None:
    model.save(tmp_path)
    path = tmp_path / "manifest.json"
    manifest = json.loads(path.read_text())
    manifest["schema_digest"] = "0" * 64
    path.write_text(json.dumps(manifest))
    with pytest.raises(CheckpointError, match="scorer_mismatch"):
        RewardModel.load(tmp_path)


def run(code: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {k: v for k, v in os.environ.items() if k != "REWARDKIT_CHECKPOINT"}
    return subprocess.run(
        [sys.executable, "-c", code, *arguments],
        capture_output=True,
        text=True,
        env=environment,
        check=False,
    )


HEAVY = [
    "torch", "torchaudio", "speechbrain", "lightning", "librosa", "sklearn", "matplotlib",
]  # fmt: skip


def test_help_imports_nothing_heavy() -> None:
    result = run(
        "import sys; sys.argv = ['rewardkit', '--help']\n"
        "from rewardkit.cli import main\n"
        "try: main()\n"
        "except SystemExit: pass\n"
        f"print([m for m in {[*HEAVY, 'numpy', 'pydantic']} if m in sys.modules])"
    )
    assert result.stdout.splitlines()[-1] == "[]", result.stderr


def test_the_prosody_checkpoint_scores_without_torch(example_clips: list[Path]) -> None:
    result = run(
        "import sys\n"
        "from rewardkit import RewardModel\n"
        "reward = RewardModel.from_pretrained('prosody')(sys.argv[1])\n"
        f"print(reward.status, [m for m in {HEAVY} if m in sys.modules])",
        str(example_clips[0]),
    )
    assert result.stdout.strip() == "ok []", result.stderr


def test_voice_like_sound_is_judged(model: RewardModel) -> None:
    clip = voice(3.0)
    assert model(clip).status == "ok"


@pytest.mark.slow
def test_all_of_emodb_is_judged_the_same_however_it_is_asked(data_dir: Path) -> None:
    clips = sorted((data_dir / "emodb_cc0").glob("*.flac"))
    model = RewardModel.from_pretrained()
    batch = [numbers(r) for r in model.score_batch(clips)]
    assert len(batch) == 266
    assert [numbers(model(path)) for path in clips] == batch
    assert [numbers(r) for r in model.score_batch(clips, workers=2)] == batch
    order = np.random.default_rng(0).permutation(len(clips))
    shuffled = model.score_batch([clips[i] for i in order])
    assert [numbers(shuffled[i]) for i in np.argsort(order)] == batch


def test_tensors_of_another_number_of_features_are_refused() -> None:
    made = reward_model()
    three = Normaliser.fit(np.array([[1.0, 2.0, 3.0], [2.0, 3.0, 5.0]]))
    weights = np.ones((1, 3))
    head = LinearHead(
        ("overall",), three, weights, np.stack([weights, weights]), np.ones(1), np.ones((2, 1))
    )
    with pytest.raises(CheckpointError, match="bad_head"):
        RewardModel(made.extractor, head, made.manifest)
    far = Population.fit(np.random.default_rng(0).normal(size=(9, 3)))
    with pytest.raises(CheckpointError, match="bad_head"):
        RewardModel(made.extractor, made.head, made.manifest, far)


@pytest.mark.parametrize(
    ("name", "damage"),
    [
        ("population.scale", np.negative),
        ("population.centre", lambda x: x[:-1]),
        ("centre", lambda x: x.astype(np.int64)),
    ],
)
def test_a_damaged_tensor_is_a_damaged_checkpoint(
    tmp_path: Path, name: str, damage: Callable[[Any], Any]
) -> None:
    manifest, tensors = load(shipped()["prosody"])
    save(tmp_path, manifest, tensors | {name: damage(tensors[name])}, "# damaged\n")
    with pytest.raises(CheckpointError, match="bad_"):
        RewardModel.load(tmp_path)


@pytest.mark.parametrize(
    "device", ["nonesuch", "meta:x"] + ["cuda"] * (not torch.cuda.is_available())
)
def test_a_device_that_is_not_here_is_refused_when_loading(device: str) -> None:
    with pytest.raises(RewardkitError, match=f"bad_option: device '{device}'"):
        RewardModel.from_pretrained("prosody", device=device)
