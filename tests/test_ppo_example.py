# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: Apache-2.0
"""The PPO example: its mathematics, its engine, and two steps of the real thing."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import parselmouth
import pytest
import torch

from examples.ppo import judges, loop, sentences, summary
from examples.ppo.__main__ import NATURAL, main
from examples.ppo.engine import CONTROLS, START, Sentence, controls, with_pause
from examples.ppo.learner import Learner, Options, surrogate
from rewardkit import Clip, RewardkitError, RewardModel
from rewardkit.testing import voice


@pytest.fixture(autouse=True, scope="module")
def one_thread() -> Iterator[None]:
    """These networks are so small that threads only wait for each other."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.fixture(scope="module")
def sentence() -> Sentence:
    return sentences.shipped()[0][1]


@pytest.mark.parametrize(
    ("ratio", "advantage", "objective", "gradient"),
    [
        (1.0, 2.0, 2.0, 2.0),
        (1.1, 2.0, 2.2, 2.0),
        (1.5, 2.0, 2.4, 0.0),  # gained enough: nothing more to gain
        (0.5, 2.0, 1.0, 2.0),  # lost: the way back is open
        (0.5, -2.0, -1.6, 0.0),
        (1.5, -2.0, -3.0, -2.0),
    ],
)
def test_the_clipped_objective_and_its_gradient(
    ratio: float, advantage: float, objective: float, gradient: float
) -> None:
    r = torch.tensor([ratio], dtype=torch.float64, requires_grad=True)
    found = surrogate(r, torch.tensor([advantage], dtype=torch.float64), 0.2)
    found.backward()
    assert found.item() == pytest.approx(objective)
    assert r.grad is not None
    assert r.grad.item() == pytest.approx(gradient)


STATES = torch.tensor([[-1.0], [1.0]])


def learned(
    kl: float, steps: int, seed: int = 0
) -> tuple[torch.Tensor, torch.Tensor, dict[str, float]]:
    """A contextual bandit: the reward of action a in state s is -|a - (s, -s)|².

    Returns:
        Mean actions in both states, deviations, and what `learn` says, over the second half.
    """
    learner = Learner(1, torch.zeros(2), Options(kl=kl, entropy=0.0, learning_rate=0.005), seed)
    means, deviations, facts = [], [], []
    for _ in range(steps):
        here = STATES[torch.arange(64) % 2]
        actions, probability = learner.act(here)
        rewards = -(actions - torch.cat([here, -here], 1)).square().sum(1)
        facts.append(learner.learn(here, actions, probability, rewards))
        means.append(learner.best(STATES))
        deviations.append(learner.policy.log_deviation.detach().exp())
    late = slice(steps // 2, None)
    mean = {name: float(np.mean([f[name] for f in facts[late]])) for name in facts[0]}
    return torch.stack(means[late]).mean(0), torch.stack(deviations[late]).mean(0), mean


def test_a_bandit_with_a_known_optimum_is_solved() -> None:
    actions, deviation, facts = learned(0.0, 110)
    assert torch.allclose(actions, torch.cat([STATES, -STATES], 1), atol=0.15)
    assert (deviation < 0.35).all()  # of 0.5: drawing elsewhere costs
    assert facts["value_error"] < 0.1


def test_the_penalty_stops_where_reward_and_divergence_balance() -> None:
    """With reward -(a - s)² and reference N(0, 0.5²), the best policy is Gaussian as well.

    It is proportional to the reference times exp(reward / kl), whose precision is 1/0.25 + 2/kl
    and whose mean is s (2/kl) / precision.
    """
    kl = 1.0
    actions, deviation, facts = learned(kl, 110)
    precision = 1 / 0.25 + 2 / kl
    mean = (2 / kl) / precision
    assert torch.allclose(actions, torch.cat([STATES, -STATES], 1) * mean, atol=0.1)
    np.testing.assert_allclose(deviation.numpy(), precision**-0.5, atol=0.06)
    variance = 1 / precision / 0.25
    exact = 2 * 0.5 * (variance - 1 - math.log(variance) + mean**2 / 0.25)
    assert facts["kl"] == pytest.approx(exact, abs=0.25)


def test_a_learner_repeats_itself_and_touches_no_global_chance() -> None:
    before = torch.random.get_rng_state()
    first, _, _ = learned(0.1, 2, seed=3)
    second, _, _ = learned(0.1, 2, seed=3)
    other, _, _ = learned(0.1, 2, seed=4)
    assert torch.equal(torch.random.get_rng_state(), before)
    assert torch.equal(first, second)
    assert not torch.equal(first, other)


def test_log_probabilities_are_those_of_the_normal_density() -> None:
    learner = Learner(1, torch.tensor([0.5, -1.0]), seed=1)
    states = torch.zeros(4, 1)
    actions, found = learner.act(states)
    mean = learner.best(states)
    z = (actions - mean) / 0.5
    expected = (-z.square() / 2 - math.log(0.5 * math.sqrt(2 * math.pi))).sum(1)
    assert torch.allclose(found, expected, atol=1e-5)


def median(clip: Clip) -> tuple[float, float]:
    """Median F0 in Hz, and its standard deviation in semitones."""
    sound = parselmouth.Sound(clip.samples.astype(np.float64), clip.sample_rate)
    hertz = sound.to_pitch_ac(pitch_floor=60, pitch_ceiling=500).selected_array["frequency"]
    hertz = hertz[hertz > 0]
    return float(np.median(hertz)), float((12 * np.log2(hertz)).std())


def test_the_engine_does_what_the_controls_say(sentence: Sentence) -> None:
    natural = sentence.say(NATURAL)
    pitch, spread = median(natural)
    higher, _ = median(sentence.say([4.0, 1.0, 0.0, 0.0, 0.5]))
    assert 12 * math.log2(higher / pitch) == pytest.approx(4.0, abs=0.5)
    _, flat = median(sentence.say([0.0, 0.0, 0.0, 0.0, 0.5]))
    _, wide = median(sentence.say([0.0, 2.0, 0.0, 0.0, 0.5]))
    assert flat < 0.2 * spread
    assert wide > 1.5 * spread
    fast = sentence.say([0.0, 1.0, 1.0, 0.0, 0.5])
    assert fast.duration == pytest.approx(natural.duration / 2, rel=0.02)
    paused = sentence.say([0.0, 1.0, 0.0, 0.4, 0.5])
    assert paused.duration == pytest.approx(natural.duration + 0.4, abs=0.001)
    assert natural.duration == pytest.approx(sentence.clip.duration, abs=0.01)


def test_the_engine_repeats_itself_whatever_was_said_before(sentence: Sentence) -> None:
    setting = [1.0, 0.5, 0.5, 0.3, 0.2]
    first = sentence.say(setting)
    sentence.say([-8.0, 2.5, -1.0, 1.0, 1.0])
    assert np.array_equal(first.samples, sentence.say(setting).samples)


@pytest.mark.parametrize("at", [0, 10, 8_000, 15_990, 16_000])
def test_a_pause_is_quiet_wherever_it_is_put(at: int) -> None:
    sound = np.sin(np.arange(16_000) / 3) * np.repeat([0.01, 1.0], [2_000, 14_000])
    paused = with_pause(sound, at, 3_200, 16_000)
    assert len(paused) == 19_200
    assert np.sqrt((paused[at : at + 3_200] ** 2).mean()) < 0.02
    assert np.array_equal(with_pause(sound, at, 0, 16_000), sound)


def test_controls_stay_within_their_ranges() -> None:
    low, high = (np.array([getattr(c, side) for c in CONTROLS]) for side in ("low", "high"))
    drawn = controls(np.random.default_rng(0).normal(0, 5, (1000, len(CONTROLS))))
    assert (drawn >= low).all()
    assert (drawn <= high).all()
    assert np.allclose(controls(START), [c.start for c in CONTROLS])
    assert np.allclose(controls(np.zeros(len(CONTROLS))), (low + high) / 2)


def test_held_out_sentences_are_not_among_those_learned() -> None:
    learned_on, held_out = sentences.shipped()
    assert [s.name for s in held_out] == ["nobody", "window", "plain"]
    assert len(learned_on) == 6
    assert not {s.clip.key for s in learned_on} & {s.clip.key for s in held_out}


def test_a_folder_of_clips_with_texts(tmp_path: Path) -> None:
    import soundfile

    for name, seconds in (("c", 1.0), ("a", 1.5), ("b", 2.0)):
        made = voice(seconds, seed=3)
        soundfile.write(tmp_path / f"{name}.wav", made.samples, made.sample_rate)
    (tmp_path / "a.txt").write_text("Say it.\n")
    learned_on, held_out = sentences.folder(tmp_path)
    assert ([s.name for s in learned_on], [s.name for s in held_out]) == (["c", "b"], ["a"])
    assert held_out[0].say(NATURAL).text == "Say it."
    (tmp_path / "c.wav").unlink()
    with pytest.raises(ValueError, match="at least three"):
        sentences.folder(tmp_path)


def test_a_judge_leaves_no_clip_out(monkeypatch: pytest.MonkeyPatch) -> None:
    from tests.made import Plain

    monkeypatch.setattr("rewardkit.scorers.load", lambda name, **options: Plain())
    monkeypatch.setattr("importlib.util.find_spec", lambda name: object())
    good = Clip(np.full(8_000, 0.1, np.float32), 8_000)
    broken = Clip(np.full(8_000, 0.25, np.float32), 8_000)
    extractor = judges.Extractor([Plain()], require_speech=False)
    assert judges._mean(extractor, [good, good], "plain.level") == -20.0
    with pytest.raises(RewardkitError, match="broken on purpose"):
        judges._mean(extractor, [good, broken], "plain.level")


def test_an_interval_over_seeds_is_student_s() -> None:
    """Changes 1, 2, 3: mean 2, standard error 1/√3, t of two degrees 4.3027."""
    runs = [[{"mos": 4.0}, {"mos": 4.0 + change}] for change in (1.0, 2.0, 3.0)]
    found = summary.change(runs, "mos")
    assert found["low"] == pytest.approx(2 - 4.3027 / math.sqrt(3), abs=1e-4)
    assert found["high"] == pytest.approx(2 + 4.3027 / math.sqrt(3), abs=1e-4)
    assert summary.change(runs[:1], "mos")["low"] is None


def test_two_steps_of_the_real_thing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    counts = "--steps 2 --batch 6 --every 1 --seeds 2"
    main([*counts.split(), "--variants", "both", "--no-judges", "--out", str(tmp_path)])
    result = json.loads((tmp_path / "ppo.json").read_text())
    assert (tmp_path / "ppo.png").stat().st_size > 10_000
    first, second = result["runs"]["both"]
    assert [row["step"] for row in first] == [row["step"] for row in second] == [0, 1, 2]
    assert all(row["failed"] == 0 for row in first + second)
    assert first[2]["reward"] != first[0]["reward"]
    assert first[2]["reward"] != second[2]["reward"]
    assert first[2]["kl"] > 0
    assert "both    reward" in capsys.readouterr().out
    lines = (tmp_path / "monitor-both-1.jsonl").read_text().splitlines()
    assert [json.loads(line)["step"] for line in lines] == [1, 2]


@pytest.mark.slow
def test_the_reward_of_held_out_sentences_rises() -> None:
    model = RewardModel.from_pretrained("prosody")
    rows = loop.run(model, sentences.shipped(), loop.VARIANTS["both"], steps=25, every=25)
    assert rows[-1]["reward"] > rows[0]["reward"] + 0.5
    assert rows[-1]["controls"]["range"] > rows[0]["controls"]["range"] + 0.2


def test_a_wrong_variant_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["--variants", "nun", "--out", str(tmp_path)])
    assert "no variant 'nun'" in capsys.readouterr().err
