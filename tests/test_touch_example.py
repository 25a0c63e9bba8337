# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: Apache-2.0
"""Another modality: a scorer, preferences, a head and a reward, and no sound anywhere."""

from __future__ import annotations

import importlib.metadata
import math
from pathlib import Path

import numpy as np
import pytest

from examples import touch
from examples.touch import PITCH, SAMPLE_RATE, SENSORS, Stroke, Touch, material, stroke
from rewardkit import RewardModel
from rewardkit.monitor import Monitor
from rewardkit.training.run import Run

SPEEDS = [0.7, 1.5, 3.0, 6.0, 15.0]


@pytest.fixture(scope="module")
def run() -> Run:
    return touch.train(*material(strokes=70, pairs=500))


def made(speed: float = 3.0, pressure: float = 0.3, tremor: float = 0.02, seed: int = 5) -> Touch:
    return stroke(speed, pressure, tremor, np.random.default_rng(seed))


@pytest.mark.parametrize("speed", SPEEDS)
@pytest.mark.parametrize("backwards", [False, True])
def test_the_speed_is_the_one_of_the_stroke(speed: float, backwards: bool) -> None:
    """A pressure of one sensor's width that moves from sensor to sensor, worked out by hand."""
    count = round(PITCH * (SENSORS - 1) / speed * SAMPLE_RATE)
    at = speed * np.arange(count) / SAMPLE_RATE / PITCH
    frames = np.maximum(0.0, 1 - np.abs(at[:, None] - np.arange(SENSORS))).astype(np.float32)
    found = Stroke()(Touch(frames[:, ::-1] if backwards else frames))
    assert math.exp(found["speed"]) == pytest.approx(speed, rel=0.01)
    assert found["pressure"] == pytest.approx(1.0, rel=1e-3)
    assert found["unsteadiness"] == pytest.approx(0.0, abs=0.1)
    assert found["contact"] == pytest.approx(count / SAMPLE_RATE)


def test_an_unsteady_hand_is_measured() -> None:
    found = Stroke()(made(tremor=0.2))
    # A sine of 20% has a deviation of 20/√2 %.
    assert found["unsteadiness"] == pytest.approx(100 * 0.2 / math.sqrt(2), rel=0.15)


def test_what_is_not_touched_has_no_reward(run: Run) -> None:
    nothing = Touch(np.zeros((50, SENSORS), np.float32))
    found = Stroke()(nothing)
    assert found["contact"] == 0
    assert math.isnan(found["speed"])
    rewards = touch.reward_of(run)([made(), nothing])
    assert rewards[0] is not None


def test_the_head_finds_the_planted_truth(run: Run) -> None:
    assert run.evaluation is not None
    found = run.evaluation.dimensions[0]
    assert found.dimension == "pleasantness"
    assert found.accuracy.value > 0.75
    reward = touch.reward_of(run)
    slow, good, fast, heavy, unsteady = reward(
        [made(0.6), made(3.0), made(18.0), made(pressure=0.9), made(tremor=0.25)]
    )
    assert None not in (slow, good, fast, heavy, unsteady)
    assert good > max(slow, fast, heavy, unsteady) + 1.0  # type: ignore[type-var, operator]


def test_a_stroke_s_reward_does_not_depend_on_the_others(run: Run) -> None:
    strokes = [made(speed) for speed in SPEEDS]
    reward = touch.reward_of(run)
    assert reward(strokes) == [reward([each])[0] for each in strokes]
    assert reward(strokes[::-1]) == reward(strokes)[::-1]


def test_contributions_name_what_was_wrong(run: Run) -> None:
    fast, unsteady = run.model.judge(touch.measure([made(18.0), made(tremor=0.25)]), explain=True)
    assert fast.contributions is not None
    assert unsteady.contributions is not None
    assert min(fast.contributions, key=fast.contributions.__getitem__) == "stroke.speed"
    worst = min(unsteady.contributions, key=unsteady.contributions.__getitem__)
    assert worst == "stroke.unsteadiness"
    assert fast.scalar == pytest.approx(sum(fast.contributions.values()), abs=1e-5)


def test_a_stroke_unlike_all_others_is_refused(run: Run) -> None:
    frames = np.full((40 * SAMPLE_RATE, SENSORS), 0.9, np.float32)
    (found,) = run.model.judge(touch.measure([Touch(frames)]))
    assert found.status == "out_of_distribution"


def test_it_is_saved_and_loaded_as_any_other(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    point = importlib.metadata.EntryPoint("stroke", "examples.touch:Stroke", "rewardkit.scorers")
    monkeypatch.setattr("rewardkit.scorers.entry_points", lambda group: [point])
    run.model.save(tmp_path / "touch")
    again = RewardModel.load(tmp_path / "touch")
    values = touch.measure([made(speed) for speed in SPEEDS])
    assert again.judge(values) == run.model.judge(values)
    card = (tmp_path / "touch" / "README.md").read_text()
    assert "pleasantness" in card


def test_the_monitor_watches_it(run: Run) -> None:
    strokes, _ = material(strokes=70)
    numbers = Monitor(run.model).update(run.model.judge(touch.measure(strokes)))
    assert numbers["shift/pleasantness"] == pytest.approx(0.0, abs=0.05)
    assert numbers["bounded"] == 0.0


def test_the_command_prints_planted_and_found(
    run: Run, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(touch, "train", lambda *material: run)
    touch.main()
    assert "at 3 cm/s" in capsys.readouterr().out
