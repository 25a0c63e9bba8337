# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: Apache-2.0
"""The whole way from preference files to a model."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from rewardkit.errors import PreferenceError, RewardkitError
from rewardkit.pairs import Pairs
from rewardkit.training import TrainOptions, fit
from rewardkit.training.run import RunOptions, choose_columns, train

FAST = RunOptions(train=TrainOptions(l2=10.0, members=2), scorers=(("timing", {}),))


def test_a_dimension_uses_only_its_columns_as_if_the_others_were_not_there() -> None:
    rng = np.random.default_rng(0)
    values = rng.normal(size=(40, 5))
    a, b = rng.integers(0, 20, 80), rng.integers(20, 40, 80)
    win = (values[a, 0] > values[b, 0]).astype(float)
    pairs = Pairs.of(a, b, win)
    some = TrainOptions(l2=1.0, members=2, columns={"overall": (1, 3)})
    head = fit(values, pairs, options=some).head
    alone = fit(values[:, [1, 3]], pairs, options=TrainOptions(l2=1.0, members=2)).head
    assert np.array_equal(np.flatnonzero(head.weights[0]), [1, 3])
    assert head.weights[0, [1, 3]] == pytest.approx(alone.weights[0], abs=1e-9)


def test_patterns_become_columns() -> None:
    names = ["pitch.sd", "pitch.slope", "timing.npvi"]
    use = {"*": ("timing.*",), "prosody": ("pitch.s*", "timing.npvi")}
    assert choose_columns(names, ["prosody", "quality"], use) == {
        "prosody": (0, 1, 2),
        "quality": (2,),
    }
    assert choose_columns(names, ["prosody"], {}) == {}
    with pytest.raises(RewardkitError, match="no feature matches"):
        choose_columns(names, ["prosody"], {"*": ("ptich.*",)})
    with pytest.raises(RewardkitError, match="no preference is about quality"):
        choose_columns(names, ["prosody"], {"quality": ("pitch.*",)})


@pytest.fixture
def file(tmp_path: Path, example_clips: list[Path]) -> Path:
    """A preference file in which one clip is silent."""
    import soundfile

    silence = tmp_path / "silence.flac"
    soundfile.write(silence, np.zeros(16_000), 16_000)
    clips = [*example_clips[:4], silence]
    rows = [
        {"audio_a": str(a), "audio_b": str(b), "preference": "a"}
        for i, a in enumerate(clips)
        for b in clips[i + 1 :]
    ]
    path = tmp_path / "prefs.jsonl"
    path.write_text("\n".join(map(json.dumps, rows)))
    return path


def test_a_clip_that_cannot_be_measured_stops_training_unless_skipped(file: Path) -> None:
    with pytest.raises(PreferenceError, match=r"unusable_clips.*1 of 5 clips"):
        train([file], FAST)
    import dataclasses

    run = train([file], dataclasses.replace(FAST, skip_errors=True))
    assert run.model.manifest.training["clips"] == 4
    assert run.skipped == (next(text for text in run.skipped if text.startswith("4 preferences")),)
    assert run.model.manifest.training["skipped"] == list(run.skipped)


def test_the_manifest_says_how_the_model_was_made(file: Path) -> None:
    import dataclasses

    run = train([file], dataclasses.replace(FAST, skip_errors=True, name="mine"))
    manifest = run.model.manifest
    assert manifest.name == "mine"
    assert manifest.dimensions == ("overall",)
    assert [s.name for s in manifest.scorers] == ["timing"]
    assert manifest.schema_digest == run.model.schema.digest
    assert manifest.training["pairs"] == {"overall": 6}


def test_the_trained_head_uses_only_the_features_it_may(file: Path) -> None:
    import dataclasses

    options = dataclasses.replace(FAST, skip_errors=True, use={"*": ("timing.*rate",)})
    model = train([file], options).model
    used = np.flatnonzero(np.abs(model.head.weights[0]))
    names = [model.schema.names[i] for i in used]
    assert names
    assert all(name.endswith("rate") for name in names)
