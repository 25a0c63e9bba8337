# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: Apache-2.0
"""The whole way from preference files to a model."""

from __future__ import annotations

import itertools
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
    taken = {"*": ("!pitch.s*",), "prosody": ("!timing.*", "!pitch.sd", "timing.*")}
    assert choose_columns(names, ["prosody", "quality"], taken) == {
        "prosody": (1, 2),
        "quality": (2,),
    }
    with pytest.raises(RewardkitError, match=r"bad_option: .* leaves prosody without any feature"):
        choose_columns(names, ["prosody"], {"*": ("timing.*", "!timing.npvi")})
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
    import dataclasses

    import soundfile

    other = file.with_name("other.flac")
    soundfile.write(other, np.zeros(20_000), 16_000)
    first = file.read_text().splitlines()[0]
    row = {**json.loads(first), "audio_b": str(other)}
    file.write_text(f"{file.read_text()}\n{json.dumps(row)}")
    with pytest.raises(PreferenceError, match=r"unusable_clips.*2 of 6 clips"):
        train([file], FAST)

    run = train([file], dataclasses.replace(FAST, skip_errors=True))
    assert run.model.manifest.training["clips"] == 4
    (skipped,) = run.skipped
    assert skipped.startswith("5 preferences: no_speech")
    assert skipped.endswith("; and 1 more clips that can't be measured")
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


def test_ties_and_raters_stand_in_the_manifest_and_on_the_card(
    tmp_path: Path, example_clips: list[Path]
) -> None:
    rows = [
        {"audio_a": str(a), "audio_b": str(b), "preference": answer, "rater": rater, "margin": 1}
        for a, b in itertools.pairwise(example_clips)
        for answer, rater in (("a", "ann"), ("b", "bob"), ("tie", "ann"), ("a", "bob"))
    ]
    path = tmp_path / "prefs.jsonl"
    path.write_text("\n".join(map(json.dumps, rows)))
    how = TrainOptions(
        l2=10.0, members=2, raters=True, ties="rao-kupper", smoothing=0.1, margin=0.5
    )
    model = train([path], RunOptions(train=how, scorers=(("timing", {}),))).model
    model.save(tmp_path / "model")
    training = json.loads((tmp_path / "model" / "manifest.json").read_text())["training"]
    assert training["likelihood"] == {"overall": "rao-kupper"}
    value, low, high = training["tie"]["overall"]
    assert low < value < high
    assert set(training["reliability"]["overall"]) == {"ann", "bob"}
    assert training["pairs"] == {"overall": len(example_clips) - 1}
    card = (tmp_path / "model" / "README.md").read_text()
    assert "Ties in `overall` have the likelihood `rao-kupper`" in card
    assert "2 raters of `overall` have a reliability of their own" in card
    assert "Trained with smoothing 0.1." in card
    assert "no_signal" in card  # six clips of arbitrary preference


def test_the_command_takes_what_can_be_chosen_and_cleans_up(
    tmp_path: Path, example_clips: list[Path]
) -> None:
    from typer.testing import CliRunner

    from rewardkit.cli import app

    path = tmp_path / "prefs.jsonl"
    path.write_text(
        "\n".join(
            json.dumps({"audio_a": str(a), "audio_b": str(b), "preference": answer, "rater": "r"})
            for a, b in itertools.pairwise(example_clips)
            for answer in ("a", "tie")
        )
    )
    command = ["train", str(path), "-o", str(tmp_path / "mine"), "--l2", "10", "--no-cache"]
    command += ["--scorers", "timing", "--no-cross-validate", "--raters", "--resume"]
    command += ["--smoothing", "0.1", "--center", "0.01", "--margin", "1"]
    result = CliRunner().invoke(app, [*command, "--ties", "rao-kupper"])
    assert result.exit_code == 0, result.output
    training = json.loads((tmp_path / "mine" / "manifest.json").read_text())["training"]
    chosen = [training[name] for name in ("smoothing", "center", "margin", "likelihood")]
    assert chosen == [0.1, 0.01, 1.0, {"overall": "rao-kupper"}]
    assert list(training["reliability"]["overall"]) == ["r"]
    assert not (tmp_path / "mine" / ".steps").exists()
    wrong = CliRunner().invoke(app, [*command, "--ties", "thirds"])
    assert wrong.exit_code == 3
    assert "ties is one of half, davidson, rao-kupper" in wrong.output


def test_the_mix_is_learned_where_the_scalar_may_not_use_a_dimensions_features() -> None:
    rng = np.random.default_rng(0)
    values = rng.normal(size=(80, 3))
    a, b = rng.integers(0, 40, 600), rng.integers(40, 80, 600)
    dimension = np.arange(600) % 3
    liked = np.array([0, 1, 0])[dimension]  # over all, listeners like what has good prosody
    odds = 2 * (values[a, liked] - values[b, liked])
    win = (odds + rng.logistic(size=600) > 0).astype(float)
    names = ("prosody", "emotion", "overall")
    pairs = Pairs.of(a, b, win, dimension=dimension, dimensions=names)
    columns = {"prosody": (0,), "emotion": (1,), "overall": (2,)}
    head = fit(values, pairs, options=TrainOptions(l2=1.0, members=2, columns=columns)).head
    assert head.weights[2, :2].tolist() == [0.0, 0.0]
    assert head.mix[0] > 0.8
    assert head.mix[1] < 0.2


def test_the_temperature_is_that_of_two_unknown_speakers(
    tmp_path: Path, example_clips: list[Path]
) -> None:
    clips = example_clips[:8] if len(example_clips) >= 8 else example_clips
    rows = [
        {"audio_a": str(a), "audio_b": str(b), "preference": "ab"[(i + j) % 2],
         "speaker_a": f"s{i % 5}", "speaker_b": f"s{j % 5}"}
        for i, a in enumerate(clips)
        for j, b in enumerate(clips[i + 1 :], start=i + 1)
    ]  # fmt: skip
    path = tmp_path / "prefs.jsonl"
    path.write_text("\n".join(map(json.dumps, rows)))
    run = train([path], FAST)
    assert run.evaluation is not None
    assert run.strict is not None
    manifest = run.model.manifest
    assert manifest.evaluation["others"]["strict"] == run.strict.to_json()
    assert set(manifest.training["temperature"]) == {"overall"}
    run.model.save(tmp_path / "model")
    card = (tmp_path / "model" / "README.md").read_text()
    assert "## How good it is on two voices it does not know" in card
    import dataclasses

    known = train([path], dataclasses.replace(FAST, temperature={"overall": 2.0})).model
    warm = train([path], dataclasses.replace(FAST, calibrate=False))
    assert warm.strict is None
    assert known.head.weights == pytest.approx(warm.model.head.weights / 2)
