# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: Apache-2.0
"""Models on preference files, from Python and from the command line."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import soundfile
from typer.testing import CliRunner

from rewardkit.cli import app
from rewardkit.errors import PreferenceError, RewardkitError
from rewardkit.head import LinearHead
from rewardkit.judge import judge, judge_both
from rewardkit.model import RewardModel
from rewardkit.population import Population
from tests.made import buzz, reward_model

PREFS = Path(__file__).parent.parent.parent / "examples" / "prefs.jsonl"
TRAIN = ["train", str(PREFS), "--no-cache", "--scorers", "timing", "--l2", "10", "--members", "2",
         "--workers", "0"]  # fmt: skip


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Six clips of 1 to 3.5 s, each pair judged: the longer one wins, the last pair is a tie."""
    seconds = [1.0, 1.5, 2.0, 2.5, 3.0, 3.5]
    levels = [-10.0, -30.0, -12.0, -25.0, -11.0, -22.0]
    for number, (duration, level) in enumerate(zip(seconds, levels, strict=True)):
        soundfile.write(tmp_path / f"{number}.wav", buzz(duration, level), 8_000, subtype="FLOAT")
    rows = [
        {
            "audio_a": f"{i}.wav", "audio_b": f"{j}.wav", "preference": "b", "dimension": "pace",
            "speaker_a": f"s{i % 3}", "speaker_b": f"s{j % 3}", "language": "de" if i else "fr",
            "system_a": f"t{i // 2}", "system_b": f"t{j // 2}", "margin": 0.5 * (j - i),
        }
        for i in range(6)
        for j in range(i + 1, 6)
    ]  # fmt: skip
    rows[-1]["preference"] = "tie"
    path = tmp_path / "prefs.jsonl"
    path.write_text("\n".join(map(json.dumps, rows)))
    return path


def with_weights(weights: list[list[float]]) -> RewardModel:
    """The made model with another head: weights of pace and level."""
    model = reward_model()
    w = np.array(weights)
    head = LinearHead(
        model.head.dimensions, model.head.normaliser, w, np.stack([w, w]),
        model.head.mix, model.head.mix_members,
    )  # fmt: skip
    return RewardModel(model.extractor, head, model.manifest)


def test_a_file_is_judged_by_all_its_columns(file: Path):
    result = judge(reward_model(), file)["pace"]
    assert (result.pairs, result.ties, result.units) == (15, 1, 3)
    assert result.accuracy is not None
    assert result.accuracy.value == 1.0
    rules = {rule.rule: (rule.choice, rule.accuracy.value) for rule in result.rules}
    assert rules["duration"] == ("longest", 1.0)
    assert rules["side"] == ("side b", 1.0)
    labels: dict[str, list[str]] = {}
    for one in result.slices:
        labels.setdefault(one.facet, []).append(one.label)
    assert set(labels) == {"margin", "speaker", "language", "system"}
    assert sorted(labels["language"]) == ["de", "fr"]
    assert sorted(labels["system"]) == ["t0", "t1", "t2"]
    assert result.systems is not None
    assert [system.name for system in result.systems.systems] == ["t2", "t1", "t0"]
    assert result.systems.spearman.value == 1.0
    assert {p.to for p in result.partials} == {"duration", "level", "answer"}


def test_a_feature_can_be_a_rule(file: Path):
    result = judge(reward_model(), file, rules=["plain.level"])["pace"]
    rules = {rule.rule: rule.choice for rule in result.rules}
    assert rules["plain.level"] in ("highest plain.level", "lowest plain.level")
    with pytest.raises(RewardkitError, match=r"bad_option.*did you mean 'plain\.level'"):
        judge(reward_model(), file, rules=["plain.levels"])


def test_two_models_on_the_same_pairs(file: Path):
    longer, shorter = reward_model(), with_weights([[-1.0, 0.0], [0.0, 1.0]])
    evaluation, found = judge_both(longer, shorter, file)
    assert evaluation == judge(longer, file)
    assert found is not None
    (pace,) = found.dimensions
    assert (pace.pairs, pace.first_only, pace.second_only) == (14, 14, 0)
    assert pace.difference.value == 1.0
    assert pace.p_value == pytest.approx(2 / 2**14)


def test_a_dimension_that_the_model_lacks_is_judged_by_the_scalar(file: Path):
    model = reward_model(dimensions=("speed", "level"))
    margins = judge(model, file)["pace"].log_loss.value
    scalar = [reward.scalar for reward in model.score_batch(
        [str(file.parent / f"{k}.wav") for k in range(6)]
    )]  # fmt: skip
    expected = [
        np.logaddexp(0, scalar[i] - scalar[j]) - (0.5 if i == 4 else 0) * (scalar[i] - scalar[j])
        for i in range(6)
        for j in range(i + 1, 6)
    ]
    assert margins == pytest.approx(np.mean(expected), abs=1e-6)


def test_a_clip_without_a_reward_stops_it_unless_skipped(file: Path):
    samples = buzz(2.0)
    samples[0] = 0.25  # on which the made scorer breaks
    soundfile.write(file.parent / "2.wav", samples, 8_000, subtype="FLOAT")
    with pytest.raises(PreferenceError, match="unusable_clips: 1 clips have no reward"):
        judge(reward_model(), file)
    assert judge(reward_model(), file, skip_errors=True)["pace"].pairs == 10


def test_a_clip_without_a_speaker_and_a_copy_of_one_do_not_undo_the_grouping(file: Path):
    rows = [json.loads(line) for line in file.read_text().splitlines()]
    expected = judge(reward_model(), file)
    (file.parent / "copy.wav").write_bytes((file.parent / "3.wav").read_bytes())
    for row in rows[::2]:
        row |= {side: "copy.wav" for side in ("audio_a", "audio_b") if row[side] == "3.wav"}
    file.write_text("\n".join(map(json.dumps, rows)))
    assert judge(reward_model(), file) == expected
    for row in rows:
        for side in "ab":
            if row[f"audio_{side}"] == "0.wav":
                del row[f"speaker_{side}"]
    file.write_text("\n".join(map(json.dumps, rows)))
    assert judge(reward_model(), file)["pace"].units == 4  # three speakers, and one unknown


def test_of_one_speaker_the_clips_are_resampled(file: Path):
    rows = [json.loads(line) for line in file.read_text().splitlines()]
    for row in rows:
        row |= {"speaker_a": "ann", "speaker_b": "ann"}
    file.write_text("\n".join(map(json.dumps, rows)))
    result = judge(reward_model(), file)["pace"]
    assert result.units == 6
    assert result.log_loss.low is not None


def test_clips_too_far_out_are_counted_and_not_judged(file: Path):
    model = reward_model()
    values = np.random.default_rng(0).uniform([1.5, -32.0], [2.6, -8.0], (100, 2))
    narrow = RewardModel(model.extractor, model.head, model.manifest, Population.fit(values))
    far = [narrow(str(file.parent / f"{k}.wav")).status == "out_of_distribution" for k in range(6)]
    assert 0 < sum(far) < 5
    result = judge(narrow, file)
    left_out = sum(far[i] or far[j] for i in range(6) for j in range(i + 1, 6))
    assert result.abstained == left_out
    assert result["pace"].pairs == 15 - left_out
    assert result.to_json()["abstained"] == left_out
    assert f"abstained: {left_out} judgements" in result.render()
    twice = file.parent / "twice.jsonl"
    rows = [json.loads(line) | {"weight": 2} for line in file.read_text().splitlines()]
    twice.write_text("\n".join(map(json.dumps, rows)))
    assert judge(narrow, twice).abstained == 2 * left_out
    nowhere = RewardModel(
        model.extractor, model.head, model.manifest, Population.fit(values / 1000)
    )
    with pytest.raises(PreferenceError, match=r"no_pairs: .*6 clips are too far"):
        judge(nowhere, file)


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """A checkpoint trained on the example preferences, and what the command said."""
    out = tmp_path_factory.mktemp("trained") / "mine"
    command = [*TRAIN, "-o", str(out), "--decorrelate", "duration,level"]
    result = CliRunner().invoke(app, command)
    assert result.exit_code == 0, result.output
    return out, result.output


def test_the_command_compares_draws_and_writes_json(trained: tuple[Path, str], tmp_path: Path):
    figure, checkpoint = tmp_path / "reliability.png", str(trained[0])
    command = ["evaluate", str(PREFS), "--checkpoint", checkpoint, "--against", checkpoint]
    command += ["--workers", "0"]
    result = CliRunner().invoke(app, [*command, "--json", "--figure", str(figure)])
    assert result.exit_code == 0, result.output
    row = json.loads(result.stdout.splitlines()[0])
    assert row["against"] == "mine"
    assert {d["difference"]["value"] for d in row["comparison"]["dimensions"]} == {0.0}
    for dimension in row["dimensions"]:
        assert {rule["choice"] for rule in dimension["rules"]} & {"fastest", "slowest"}
        assert 0 <= dimension["calibration"]["error"] <= 1
    assert figure.read_bytes().startswith(b"\x89PNG")
    said = CliRunner().invoke(app, command).output
    assert "mine (first) against mine (second), the same pairs" in said


@pytest.mark.parametrize(
    ("more", "code", "says"),
    [
        (["--figure", "x.pdf"], 3, "ends in .png, .svg"),
        (["--rule", "timing.speech_rat"], 3, "did you mean 'timing.speech_rate'"),
        (["again.jsonl", "--figure", "x.png"], 2, "a figure is of one preference file"),
    ],
)
def test_what_the_command_refuses(more: list[str], code: int, says: str, trained: tuple[Path, str]):
    command = ["evaluate", str(PREFS), "--checkpoint", str(trained[0]), *more]
    result = CliRunner().invoke(app, command)
    assert result.exit_code == code
    assert says in result.output


def test_a_trained_model_says_its_temperature_and_what_it_does_not_go_with(
    trained: tuple[Path, str], tmp_path: Path
):
    out, said = trained
    assert "calibration: ECE" in said
    assert "prosody: rewards divided by the temperature" in said
    manifest = json.loads((out / "manifest.json").read_text())
    temperature = manifest["training"]["temperature"]
    assert set(temperature) == set(manifest["dimensions"])
    for value, low, high in temperature.values():
        assert 0.1 <= low <= value <= high <= 10
    assert manifest["training"]["decorrelate"] == ["duration", "level"]
    card = (out / "README.md").read_text()
    assert "Rewards were divided by the temperature that fits what was left out: `" in card
    assert "Its rewards do not go with duration, level." in card
    assert "| dimension | ECE | calibrated model |" in card
    assert "reward | duration | level, answer |" in card
    plain = tmp_path / "plain"
    command = [*TRAIN, "-o", str(plain), "--decorrelate", "duration,level", "--no-calibrate"]
    assert CliRunner().invoke(app, command).exit_code == 0
    warm, cold = RewardModel.load(plain), RewardModel.load(out)
    assert warm.manifest.training["temperature"] == {}
    assert "Rewards were not calibrated" in (plain / "README.md").read_text()
    for number, name in enumerate(warm.dimensions):
        np.testing.assert_allclose(
            cold.head.weights[number] * temperature[name][0], warm.head.weights[number]
        )
