# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: Apache-2.0
"""The monitor's numbers, against rewards that are worked out by hand."""

from __future__ import annotations

import json
import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from rewardkit.clip import Clip
from rewardkit.composite import Composite, Recipe
from rewardkit.errors import RewardkitError
from rewardkit.model import RewardModel
from rewardkit.monitor import Monitor, Watched
from rewardkit.monitor.exposition import KINDS
from rewardkit.monitor.training import drift
from rewardkit.population import Population
from rewardkit.reward import Reward
from tests.made import buzz, reward_model

RNG = np.random.default_rng(0)


def known() -> RewardModel:
    """The made model with 400 training clips of 2 s and -20 dB, one deviation around."""
    model = reward_model()
    values = RNG.normal([2.0, -20.0], [1.0, 10.0], (400, 2)).clip([0, -40], [4, 0])
    out = model.head(values)
    rewards = np.column_stack([out.scalar, out.dimensions])
    model.population = Population.fit(values).with_rewards(rewards)
    return model


BROKEN = Clip(np.full(8_000, 0.25, np.float32), 8_000)
"""The made scorer raises for it."""


def clip(seconds: float, level: float = -20.0) -> Clip:
    return Clip(buzz(seconds, level), 8_000)


def test_means_and_quantiles_are_those_of_the_rewards() -> None:
    monitor = Monitor(window=8)
    for start in range(12):
        numbers = monitor.update([float(start), float(start + 1), None])
    assert numbers["mean/reward"] == 11.5
    pooled = [float(start + k) for start in range(4, 12) for k in (0, 1)]
    assert numbers["running_mean/reward"] == np.mean(pooled)
    assert numbers["sd"] == pytest.approx(np.std(pooled))
    for share in (0.05, 0.25, 0.5, 0.75, 0.95):
        assert numbers[f"quantile/{share:g}"] == np.quantile(pooled, share)
    assert numbers["failed"] == numbers["failure/unknown"] == pytest.approx(1 / 3)


def test_rewards_tell_dimensions_codes_and_how_far_out_they_are() -> None:
    model = known()
    clips = [clip(2.0), clip(3.0), clip(9.0), BROKEN]
    model.abstain = False
    rewards = model.score_batch(clips)
    numbers = Monitor(model).update(rewards, clips)
    assert numbers["mean/pace"] == pytest.approx((0 + 1 + 2) / 3, abs=1e-6)
    assert numbers["mean/level"] == pytest.approx(0, abs=1e-6)
    assert numbers["failure/scorer_failed"] == numbers["failed"] == 0.25
    assert numbers["bounded"] == pytest.approx(0.5 / 3)  # one of two features of one of three clips
    assert model.population is not None
    limit = model.population.limit
    far = [r.distance > limit for r in rewards if r.distance is not None]
    assert numbers["out_of_distribution"] == pytest.approx(sum(far) / 3)
    # The broken clip is not among the training clips; 9 s is far from them.
    assert numbers["inside"] == 0.5


def test_a_refused_clip_counts_as_out_of_distribution_and_as_failed() -> None:
    model = known()
    clips = [clip(2.0)] * 3 + [clip(60.0, -2.0)]
    numbers = Monitor(model).update(model.score_batch(clips), clips)
    assert numbers["failure/out_of_distribution"] == 0.25
    assert numbers["out_of_distribution"] == 0.25
    assert numbers["inside"] == 0.75


def test_training_clips_themselves_show_no_drift() -> None:
    model = known()
    values = RNG.normal([2.0, -20.0], [1.0, 10.0], (2000, 2)).clip([0, -40], [4, 0])
    numbers = Monitor(model).update(model.judge(values))
    for name in ("reward", "pace", "level"):
        assert abs(numbers[f"shift/{name}"]) < 0.15
        assert numbers[f"drift/{name}"] < 0.2
    assert numbers["inside"] == pytest.approx(0.95, abs=0.03)
    assert numbers["bounded"] < 0.01


def test_drift_is_in_training_deviations_and_by_dimension() -> None:
    model = known()
    values = RNG.normal([3.0, -20.0], [0.5, 10.0], (2000, 2)).clip([0, -40], [4, 0])
    numbers = Monitor(model).update(model.judge(values))
    assert numbers["shift/pace"] == pytest.approx(1.0, abs=0.15)
    assert numbers["drift/pace"] == pytest.approx(1.0, abs=0.15)
    assert numbers["shift/level"] == pytest.approx(0.0, abs=0.15)


@given(st.lists(st.floats(-50, 50), min_size=1, max_size=60), st.integers(0, 2**32 - 1))
def test_drift_is_scipy_s_wasserstein_distance(seen: list[float], seed: int) -> None:
    training = np.random.default_rng(seed).normal(size=4000)
    points = np.quantile(training, np.linspace(0, 1, 101))
    found = drift(seen, points)
    assert found is not None
    shift, distance = found
    assert distance >= abs(shift) - 1e-9
    # Scipy takes the sample as it is; ours takes quantiles between the numbers.
    spread = max(np.ptp(seen), 1.0)
    exact = stats.wasserstein_distance(seen, training) / training.std()
    assert distance == pytest.approx(exact, rel=0.05, abs=0.05 + 0.6 * spread / len(seen))


def test_correlation_with_duration_and_loudness() -> None:
    durations = RNG.uniform(1, 5, 200)
    levels = RNG.uniform(-40, -10, 200)
    rewards = np.exp(durations) + 0 * levels
    numbers = Monitor().update(rewards, durations=durations, levels=levels)
    assert numbers["correlation/duration"] == pytest.approx(1.0)
    expected = stats.spearmanr(rewards, levels).statistic
    assert numbers["correlation/level"] == pytest.approx(expected)


def test_clips_give_their_duration_and_level() -> None:
    clips = [clip(1 + k / 10, -20 - (k * 7) % 10) for k in range(10)]
    rewards = [c.duration for c in clips]
    by_clips = Monitor().update(rewards, clips)
    by_numbers = Monitor().update(
        rewards,
        durations=[c.duration for c in clips],
        levels=[-20.0 - (k * 7) % 10 for k in range(10)],
    )
    assert by_clips == by_numbers
    assert by_clips["correlation/duration"] == pytest.approx(1.0)


def test_what_can_not_be_known_is_left_out() -> None:
    numbers = Monitor().update([None, None], durations=[1.0, 2.0])
    assert set(numbers) == {"failed", "failure/unknown", "alarm"}
    rising = [float(k) for k in range(20)]
    for rewards, durations in (
        ([1.0] * 20, [1.0] * 20),
        ([1.0] * 20, rising),
        (rising, [1.0] * 20),
    ):
        assert "correlation/duration" not in Monitor().update(rewards, durations=durations)
    for known in (7, 8):  # eight clips are enough
        few = Monitor().update(rising[:known], durations=rising[:known])
        assert ("correlation/duration" in few) == (known == 8)
    assert set(Monitor().update([])) == {"alarm"}
    old = reward_model()
    old.population = Population.fit(RNG.normal(size=(50, 2)))  # without rewards
    assert not any(name.startswith(("drift", "shift")) for name in Monitor(old).update([1.0]))


def test_tensors_and_arrays_are_taken() -> None:
    import torch

    rewards = [0.5, 1.5]
    expected = Monitor().update(rewards)
    assert Monitor().update(torch.tensor(rewards)) == expected
    assert Monitor().update(np.array(rewards, np.float32)) == expected


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf, 1e308])
def test_what_is_not_finite_is_refused_and_changes_nothing(bad: float) -> None:
    monitor = Monitor()
    before = monitor.update([1.0])
    for wrong in (
        lambda: monitor.update([bad]),
        lambda: monitor.update([Reward(bad, {}, None)] * 8),
        lambda: monitor.update([1.0], durations=[bad * 10]),
        lambda: monitor.update([1.0], levels=[bad * 10]),
        lambda: monitor.update([1.0], judges={"mos": bad}),
    ):
        with pytest.raises(RewardkitError, match=r"nonfinite_reward|bad_batch"):
            wrong()
    assert monitor.numbers == before
    assert monitor.update([1.0]) == before | {"running_mean/reward": 1.0}


def test_arguments_that_do_not_fit_are_refused() -> None:
    monitor = Monitor()
    with pytest.raises(RewardkitError, match="bad_batch"):
        monitor.update([1.0, 2.0], durations=[1.0])
    with pytest.raises(RewardkitError, match="bad_batch"):
        monitor.update([1.0], [clip(1.0)], durations=[1.0])
    monitor.update([1.0], step=5)
    with pytest.raises(RewardkitError, match="step 5 after step 5"):
        monitor.update([1.0], step=5)
    for options in ({"window": 7}, {"false_alarms": 0.0}, {"false_alarms": 1.0}):
        with pytest.raises(RewardkitError, match="bad_option"):
            Monitor(**options)


def test_the_log_is_one_json_object_for_each_update(tmp_path: Path) -> None:
    log = tmp_path / "run.jsonl"
    monitor = Monitor(window=8, log=log)
    for step in range(10):
        monitor.update([float(step), None], judges={"mos": -float(step)}, step=10 * step)
    rows = [json.loads(line) for line in log.read_text().splitlines()]
    assert [row["step"] for row in rows] == [10 * step for step in range(10)]
    assert rows[-1]["mean/reward"] == 9.0
    assert [len(row.get("alarms", [])) for row in rows] == [0] * 7 + [1, 0, 0]
    assert rows[-1]["alarm"] == 1.0


def test_prometheus_reads_the_page() -> None:
    parser = pytest.importorskip("prometheus_client.parser")
    model = known()
    monitor = Monitor(model)
    assert "rewardkit_monitor_step -1" in monitor.metrics()
    clips = [clip(1 + k / 10) for k in range(10)] + [BROKEN]
    name = 'mos "v2"\\\n'
    numbers = monitor.update(model.score_batch(clips), clips, judges={name: 3.25})
    families = {f.name: f for f in parser.text_string_to_metric_families(monitor.metrics())}
    read = {
        (sample.name, *sample.labels.values()): sample.value
        for family in families.values()
        for sample in family.samples
    }
    assert read["rewardkit_monitor_judge", name] == 3.25
    assert read["rewardkit_monitor_failure", "scorer_failed"] == pytest.approx(1 / 11)
    assert read["rewardkit_monitor_drift", "pace"] == numbers["drift/pace"]
    assert len(read) == len(numbers) + 2  # the step, and the alarms


def test_every_number_has_a_kind_that_is_described() -> None:
    model = known()
    clips = [clip(1 + k / 10, -20 - k) for k in range(10)]
    numbers = Monitor(model).update(model.score_batch(clips), clips, judges={"mos": 3.0})
    assert {name.partition("/")[0] for name in numbers} == set(KINDS) - {"failure"}


def test_memory_does_not_grow() -> None:
    monitor = Monitor(window=8)
    for step in range(2000):
        monitor.update([1.0, 2.0], judges={"mos": 1.0} if step == 0 else None)
    assert len(monitor._clips) == 8
    assert len(monitor._rewards) == 800


def test_a_watched_judge_gives_the_judge_s_own_rewards() -> None:
    reward = reward_model().reward_function(on_failure="none")
    watched = Watched(reward, Monitor())
    clips = [clip(2.5), BROKEN]
    rewards = watched.rewards(clips)
    assert [r.scalar for r in rewards] == [r.scalar for r in reward.rewards(clips)]
    assert watched.monitor.numbers["failure/scorer_failed"] == 0.5
    assert (watched.on_failure, watched.dimensions) == ("none", ("pace", "level"))
    assert not hasattr(watched, "step")
    watched.raise_for(rewards)


def test_a_watched_judge_passes_on_the_step_of_schedules() -> None:
    class Scheduled:
        on_failure = "none"
        dimensions = ()
        step = 0

        def rewards(self, sounds: list[Clip], rows: object = None) -> list[Reward]:
            return []

        def raise_for(self, rewards: list[Reward]) -> None: ...

    judge = Scheduled()
    watched = Watched(judge, Monitor())  # type: ignore[arg-type]
    watched.step = 7
    assert (judge.step, watched.step) == (7, 7)


def test_under_a_composite_drift_is_of_the_model_s_own_rewards() -> None:
    """Its entries have the model's names and are ten times as large."""
    model = known()
    clips = [clip(1.5 + k / 10) for k in range(10)] + [clip(3.9, -2.0), BROKEN]
    judge = model.reward_function(on_failure="none")
    recipe = Recipe.model_validate(
        {
            "terms": {name: {"kind": "preference", "dimension": name} for name in model.dimensions},
            "sum": {name: {"weight": 10} for name in model.dimensions},
        }
    )
    expected = Monitor(model).update(judge.rewards(clips), clips)
    watched = Watched(Composite(recipe, judge, on_failure="none"), Monitor(model))
    watched.rewards(clips)
    kinds = ("shift", "drift", "inside", "out_of_distribution", "bounded")
    wanted = {name: x for name, x in expected.items() if name.partition("/")[0] in kinds}
    assert len(wanted) == 2 * 3 + 3
    assert {name: watched.numbers[name] for name in wanted} == wanted
    assert watched.numbers["mean/pace"] == pytest.approx(10 * expected["mean/pace"])


def test_a_composite_without_a_model_s_rewards_shows_no_drift() -> None:
    recipe = Recipe.model_validate(
        {"terms": {"pace": {"kind": "duration", "high": 2}}, "sum": {"pace": {}}}
    )
    watched = Watched(Composite(recipe, on_failure="none"), Monitor(known()))
    watched.rewards([clip(1.0), clip(3.0)])
    assert watched.numbers["mean/pace"] == 0.5
    names = {name.partition("/")[0] for name in watched.numbers}
    assert not names & {"shift", "drift", "inside", "out_of_distribution", "bounded"}


def test_held_out_samples_are_judged_without_being_watched() -> None:
    recipe = Recipe.model_validate(
        {"terms": {"pace": {"kind": "preference"}}, "sum": {"pace": {"normalise": True}}}
    )
    judge = Composite(recipe, reward_model().reward_function(), on_failure="none")
    watched = Watched(judge, Monitor())
    watched.rewards([clip(1.0)])
    before = (judge.state(), watched.numbers)
    watched.learning = False
    assert watched.rewards([clip(3.0)])[0].scalar is not None
    assert (judge.state(), watched.numbers) == before
    watched.learning = True
    watched.rewards([clip(3.0)])
    assert judge.state()["running"]["pace"]["count"] == 2
    assert (watched.clips, watched.failures) == (3, {})


def test_training_rewards_are_kept_in_a_checkpoint(tmp_path: Path) -> None:
    population = known().population
    assert population is not None
    again = Population.from_tensors(population.tensors())
    assert again.rewards is not None
    assert np.array_equal(again.rewards, population.rewards)  # type: ignore[arg-type]
    assert (
        Population.from_tensors(Population.fit(RNG.normal(size=(9, 2))).tensors()).rewards is None
    )
    broken = population.tensors() | {"population.rewards": np.zeros((3, 3))}
    with pytest.raises(RewardkitError, match="bad_population"):
        Population.from_tensors(broken)


def test_a_clip_without_a_reward_does_not_enter_the_training_rewards() -> None:
    values = RNG.normal(size=(50, 2))
    rewards = RNG.normal(size=(50, 3))
    spoilt = np.vstack([rewards, [[1.0, np.nan, 0.0]]])
    plain = Population.fit(values).with_rewards(rewards).rewards
    assert np.array_equal(plain, Population.fit(values).with_rewards(spoilt).rewards)
