# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: Apache-2.0
"""The search for exploits: planted ones are found and fail, honest rewards pass."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
import soundfile
from typer.testing import CliRunner

from rewardkit.audit import (
    Audit,
    Chain,
    Goal,
    HeldOut,
    Report,
    attack,
    held_out,
    keep,
    search,
)
from rewardkit.audit.artefacts import Clicks, Noise
from rewardkit.audit.spectrum import Level
from rewardkit.cli import app
from rewardkit.clip import Clip
from rewardkit.errors import RewardkitError
from rewardkit.extract import Extractor
from rewardkit.features import Feature
from rewardkit.head import LinearHead
from rewardkit.model import RewardModel
from rewardkit.normaliser import Normaliser
from rewardkit.testing import voice
from tests.made import around, buzz, reward_model

CHAIN = Chain((Noise(), Clicks(), Level()))


@dataclass(frozen=True)
class Roughness:
    """Level of differences re level: noise and clicks raise it."""

    name = "rough"
    version = 1
    sample_rate = None
    features = (Feature("roughness", "dB", "level of differences re level"),)

    def __call__(self, clip: Clip) -> Mapping[str, float]:
        x = clip.samples.astype(np.float64)
        ratio = (np.mean(np.diff(x) ** 2) + 1e-12) / (np.mean(x**2) + 1e-12)
        return {"roughness": 10 * math.log10(ratio)}


def clips(count: int, first: int = 0) -> list[Clip]:
    return [voice(1.0, pitch=100 + 5 * i, seed=i) for i in range(first, first + count)]


REFERENCES = clips(30)


def model(slope: float, spread: float = 0.1) -> RewardModel:
    """The reward is `slope` times the roughness, in standard deviations of 30 voices.

    What training showed reaches to five standard deviations.
    """
    values = np.array([[Roughness()(clip)["roughness"]] for clip in REFERENCES])
    centre, scale = values.mean(axis=0), values.std(axis=0)
    normaliser = Normaliser(centre, scale, np.array([-5.0]), np.array([5.0]))
    w = np.array([[slope]])
    members = np.stack([(1 - spread) * w, (1 + spread) * w])
    head = LinearHead(("overall",), normaliser, w, members, np.ones(1), np.ones((2, 1)))
    return around(Extractor([Roughness()], require_speech=False), head)


def smooth() -> HeldOut:
    """A judge that hears roughness as a flaw."""
    return HeldOut("smoothness", lambda cs: [-Roughness()(c)["roughness"] for c in cs], 1.0)


def test_a_planted_exploit_is_found_and_fails() -> None:
    found = attack(
        model(1.0), clips(2, 40), REFERENCES, CHAIN, judge=smooth(), budget=60
    )  # roughness is rewarded: noise and clicks win
    assert not found.passed
    for exploit in found.exploits:
        assert exploit.after > found.line > exploit.before - 3
        assert exploit.after == pytest.approx(0.9 * 5 + 0.0, abs=0.4)  # bounded by training
        assert exploit.places[1] == 1.0
        assert exploit.fell
        assert {"noise", "clicks"} & set(exploit.broken)
        assert not exploit.passed
    assert found.render().count("FAIL") == 2


def test_an_honest_reward_passes_whatever_the_search_does() -> None:
    found = attack(model(-1.0), clips(2, 40), REFERENCES, CHAIN, judge=smooth(), budget=60)
    assert found.passed
    assert "FAIL" not in found.render()
    for exploit in found.exploits:
        assert exploit.after >= exploit.before
        assert exploit.broken == ()
        assert not exploit.fell


def test_without_a_judge_the_knobs_alone_tell() -> None:
    found = attack(model(1.0), clips(1, 40), REFERENCES, CHAIN, budget=60)
    assert not found.passed
    assert found.exploits[0].judged == (None, None)
    assert not found.exploits[0].fell
    quiet = attack(model(1.0), clips(1, 40), REFERENCES, Chain((Level(),)), budget=24)
    assert quiet.passed  # gain does nothing to it


def test_the_start_is_kept_when_nothing_beats_it() -> None:
    clip = clips(1, 40)[0]
    found = search(model(-1.0), clip, Chain((Clicks(),)), budget=20)
    assert found.clip is clip
    assert found.values == {"clicks": 0.0}
    assert found.reward.scalar == found.before.scalar


def test_the_search_is_the_same_each_time_and_leaves_chance_alone() -> None:
    clip = clips(1, 40)[0]
    np.random.seed(5)  # noqa: NPY002
    expected = np.random.RandomState(5).rand()
    one = search(model(1.0), clip, CHAIN, budget=30, seed=2)
    assert np.random.rand() == expected  # noqa: NPY002
    two = search(model(1.0), clip, CHAIN, budget=30, seed=2)
    assert one.values == two.values
    assert one.evaluations <= 30
    assert one.values != search(model(1.0), clip, CHAIN, budget=30, seed=3).values


def test_a_version_without_a_reward_never_wins() -> None:
    @dataclass(frozen=True)
    class Shy(Roughness):
        """Raises for what is rough: the head would have loved it."""

        def __call__(self, clip: Clip) -> Mapping[str, float]:
            found = super().__call__(clip)
            if found["roughness"] > limit:
                raise RuntimeError("too rough")
            return found

    limit = max(Roughness()(clip)["roughness"] for clip in REFERENCES) + 1
    honest = model(1.0)
    shy = around(Extractor([Shy()], require_speech=False), honest.head)
    found = search(shy, clips(1, 40)[0], CHAIN, budget=60)
    assert found.refused > 0
    assert found.reward.scalar is not None
    assert Roughness()(found.clip)["roughness"] <= limit


def test_the_objectives() -> None:
    clip = clips(1, 40)[0]
    unsure = model(1.0, spread=2.0)  # std is 2 √2 times the reward: what is rough is unsure
    mean = search(unsure, clip, CHAIN, goal=Goal("mean"), budget=60)
    lcb = search(unsure, clip, CHAIN, goal=Goal("lcb", 1.0), budget=60)
    assert mean.reward.scalar is not None
    assert lcb.reward.scalar is not None
    assert mean.reward.scalar > 3 > lcb.reward.scalar
    for bad in ({"objective": "max"}, {"uncertainty": -1.0}, {"uncertainty": math.nan}):
        with pytest.raises(RewardkitError, match="bad_option"):
            Goal(**bad)
    with pytest.raises(RewardkitError, match="bad_option"):
        search(unsure, clip, CHAIN, budget=0)


def test_too_few_clips_are_an_error() -> None:
    with pytest.raises(RewardkitError, match="too_few_clips"):
        attack(model(1.0), clips(1), REFERENCES[:19], CHAIN)
    shy = model(1.0)
    shy.extractor.require_speech = True
    silence = Clip(np.zeros(16_000, np.float32), 16_000)
    with pytest.raises(RewardkitError):
        attack(shy, [silence], REFERENCES, CHAIN)


def test_what_was_found_is_kept_with_the_very_reward(tmp_path: Path) -> None:
    rough = model(1.0)
    found = attack(rough, clips(2, 40), REFERENCES, CHAIN, judge=smooth(), budget=24)
    written = keep(found, rough, tmp_path / "out")
    assert len(written) == 2
    assert len(list((tmp_path / "out").iterdir())) == 6
    for path, exploit in zip(written, found.exploits, strict=True):
        samples, _ = soundfile.read(path, dtype="float32")
        assert np.array_equal(samples, exploit.found.clip.samples)
        assert rough(path).scalar == exploit.found.reward.scalar
        about = json.loads(path.with_name(path.name.replace(".after.wav", ".json")).read_text())
        parts = about["explanation"]["after"]["parts"]
        assert math.fsum(p["contribution"] for p in parts) == pytest.approx(
            exploit.found.reward.scalar, abs=1e-5
        )
        assert about["values"] == exploit.found.values


def test_the_report_fails_when_a_part_does() -> None:
    found = attack(model(1.0), clips(1, 40), REFERENCES, CHAIN, budget=24)
    relations = Audit("made", 5, 1.0, ())
    report = Report("made", relations, None, found)
    assert not report.passed
    row = json.loads(json.dumps(report.to_json(), allow_nan=False))
    assert row["passed"] is False
    assert row["optimiser"]["clips"][0]["passed"] is False
    assert Report("made", relations).passed
    assert set(Report("made", relations).to_json()) == set(relations.to_json())


def test_judges_by_name() -> None:
    made = held_out("pitch.f0_median", 2.0)
    assert made.margin == 2.0
    (value,) = made.score([voice(1.0, pitch=150)])
    assert value == pytest.approx(150, rel=0.2)
    assert made.shares(model(1.0)) == ()
    with pytest.raises(RewardkitError, match="state a margin"):
        held_out("pitch.f0_median")
    with pytest.raises(RewardkitError, match="no feature"):
        held_out("pitch.nothing", 1.0)
    with pytest.raises(RewardkitError, match="bad_option"):
        HeldOut("x", lambda cs: [], 0.0)


def test_a_checkpoint_is_a_judge(tmp_path: Path) -> None:
    judge = held_out("prosody")
    assert judge.scorers >= {"pitch", "timing"}
    assert judge.score([Clip(np.zeros(16_000, np.float32), 16_000)]) == [None]
    assert judge.shares(reward_model()) == ()


def test_the_command_says_what_it_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(RewardModel, "from_pretrained", lambda *_, **__: model(1.0))
    monkeypatch.setattr("rewardkit.audit.available", lambda: CHAIN)
    monkeypatch.setattr("rewardkit.audit.default_judge", smooth)
    for place, clip in enumerate(REFERENCES):
        soundfile.write(tmp_path / f"{place:02d}.wav", clip.samples, clip.sample_rate)
    out = tmp_path / "found"
    arguments = ["audit", "made", str(tmp_path / "00.wav"), str(tmp_path / "01.wav")]
    arguments += ["--no-relations", "--optimise", "--reference", str(tmp_path), "--budget", "30"]
    done = CliRunner().invoke(app, [*arguments, "--out", str(out), "--json"])
    assert done.exit_code == 1, done.output
    row = json.loads(done.stdout)
    assert row["optimiser"]["references"] == 30
    assert len(list(out.glob("*.after.wav"))) == 2
    bad = CliRunner().invoke(app, [*arguments, "--objective", "most"])
    assert bad.exit_code == 2
    nowhere = CliRunner().invoke(app, [*arguments, "--out", str(tmp_path / "00.wav" / "x")])
    assert nowhere.exit_code == 2
    assert "no_folder" in nowhere.output

    def full(*args: object) -> None:
        raise OSError("No space left on device")

    monkeypatch.setattr("rewardkit.audit.keep", full)
    unkept = CliRunner().invoke(app, [*arguments, "--out", str(out), "--json"])
    assert unkept.exit_code == 3, unkept.output
    assert json.loads(unkept.stdout)["optimiser"]["budget"] == 30  # what was found is not lost


def test_the_command_draws_a_curve(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(RewardModel, "from_pretrained", lambda *_, **__: reward_model())
    monkeypatch.setattr(
        "rewardkit.audit.default_judge",
        lambda: HeldOut("seconds", lambda cs: [c.duration for c in cs], 1.0),
    )
    for name in ("a", "b", "c"):
        (tmp_path / name).mkdir()
        for number in range(4):
            samples = buzz(1.0 + 0.5 * number)
            soundfile.write(tmp_path / name / f"{number}.wav", samples, 8_000)
    arguments = ["audit", "made", str(tmp_path / "a" / "0.wav"), "--no-relations", "--best-of", "4"]
    done = CliRunner().invoke(app, [*arguments, "--candidates", str(tmp_path)])
    assert done.exit_code == 0, done.output
    assert "seconds gains with the reward" in done.stdout
    monkeypatch.setattr("rewardkit.audit.default_judge", lambda: None)
    monkeypatch.setattr("rewardkit.audit.audit", lambda *_, **__: pytest.fail("for nothing"))
    assert CliRunner().invoke(app, [a for a in arguments if a != "--no-relations"]).exit_code == 2
