# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: Apache-2.0
"""The alarm rings for a planted fall, and on noise no more often than it says."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from rewardkit.errors import RewardkitError
from rewardkit.monitor import Monitor, trend
from rewardkit.monitor.alarm import alarm


def test_the_p_value_is_the_share_of_orders_that_fall_as_far() -> None:
    """By counting all orders of six numbers."""
    numbers = [3.0, 1.0, 2.5, 0.5, 0.7, 0.1]

    def rises(order: tuple[float, ...]) -> int:
        return sum(b > a for a, b in itertools.combinations(order, 2))

    orders = list(itertools.permutations(numbers))
    lower = sum(rises(order) <= rises(tuple(numbers)) for order in orders) / len(orders)
    higher = sum(rises(order) >= rises(tuple(numbers)) for order in orders) / len(orders)
    found = trend(range(6), numbers)
    assert found.falling == pytest.approx(lower)
    assert found.rising == pytest.approx(higher)


def test_one_outlier_does_not_bend_the_slope() -> None:
    numbers = [0.5 * step for step in range(11)]
    numbers[3] = 1000.0
    assert trend(range(11), numbers).slope == pytest.approx(0.5, abs=0.05)


def test_a_constant_neither_rises_nor_falls() -> None:
    found = trend(range(9), [1.0] * 9)
    assert (found.slope, found.rising, found.falling) == (0.0, 1.0, 1.0)
    assert trend([1, 3], [1.0, 2.0]).slope == 0.5
    for steps, numbers in (([1], [1.0]), ([1, 2], [1.0]), ([1, 2], [1.0, 2.0, 3.0])):
        with pytest.raises(RewardkitError, match="bad_option"):
            trend(steps, numbers)


def test_both_must_go_apart() -> None:
    up = [(step, step / 10) for step in range(20)]
    flat = [(step, float(step % 2)) for step in range(20)]
    down = [(step, -step / 10) for step in range(20)]
    assert alarm("judge", up, down, 0.001) is not None
    assert alarm("judge", flat, down, 0.001) is None, "the reward does not rise"
    assert alarm("judge", down, down, 0.001) is None, "the reward falls too"
    assert alarm("judge", up, up, 0.001) is None, "the judge rises too"
    assert alarm("judge", up, flat, 0.001) is None, "the judge does not fall"
    assert alarm("judge", up, down[:7], 0.001) is None, "too few to tell"
    assert alarm("judge", up[::3], down, 0.001) is None, "too few rewards to tell"


def test_the_reward_counts_over_the_time_of_the_judge_only() -> None:
    """It rose for long, and has fallen since the judge has: no alarm."""
    rewards = [(step, float(step)) for step in range(50)] + [(50 + k, 50.0 - k) for k in range(30)]
    judged = [(50 + 3 * k, 4.0 - k) for k in range(10)]
    assert alarm("judge", rewards, judged, 0.001) is None
    assert alarm("judge", rewards[:50], [(5 * k, 4.0 - k) for k in range(10)], 0.001) is not None


def test_both_are_looked_at_from_when_both_are_known() -> None:
    """Of a judge that spoke since step 0, and rewards that are kept since step 1000."""
    rewards = [(step, step / 10) for step in range(1000, 2001)]
    judged = [(100 * k, -float(k)) for k in range(21)]
    found = alarm("judge", rewards, judged, 0.001)
    assert found is not None
    assert found.since == 1000
    assert alarm("judge", rewards[400:], judged, 0.001) is None, "too few since then"
    assert alarm("judge", [], judged, 0.001) is None


def test_a_seldom_judge_s_alarm_says_what_the_reward_did_since() -> None:
    """The reward falls to -20 until step 2000, then rises to -18: it never was above its start."""
    monitor = Monitor(window=20)
    rewards = [-step / 100 if step <= 2000 else -20 + (step - 2000) / 1000 for step in range(4201)]
    for step, reward in enumerate(rewards):
        judges = {"mos": 4 - step / 4000} if step % 200 == 0 else None
        monitor.update([reward], judges=judges)
    (rung,) = monitor.alarms
    steps = range(rung.since, rung.step + 1)
    assert rung.reward.rising < 0.05
    assert trend(steps, [rewards[step] for step in steps]) == rung.reward


def test_an_alarm_ends_when_its_judge_falls_silent_for_longer_than_it_spoke() -> None:
    monitor = Monitor()
    for step in range(12):
        assert monitor.update([float(step)], judges={"mos": -float(step)})["alarm"] == (step >= 7)
    on = [monitor.update([0.0])["alarm"] for _ in range(20)]
    assert on == [1.0] * 11 + [0.0] * 9
    for step in range(24):
        monitor.update([float(step)], judges={"mos": -float(step)} if step % 3 == 0 else None)
    assert len(monitor.alarms) == 2, "it may ring again"


@pytest.mark.parametrize("kind", ["normal", "share", "heavy"])
def test_noise_beside_a_rising_reward_rings_no_more_often_than_stated(kind: str) -> None:
    """The worst case of the null: the reward rises for sure, and nothing else changes."""
    rng = np.random.default_rng(1)
    updates, rate = 3000, 0.006
    noise = {
        "normal": rng.normal(size=updates),
        "share": rng.binomial(32, 0.95, updates) / 32,
        "heavy": rng.standard_cauchy(updates),
    }[kind]
    monitor = Monitor(window=12, false_alarms=rate)
    on = 0.0
    for step in range(updates):
        on += monitor.update([float(step)], judges={"other": float(noise[step])})["alarm"]
    # Binomial with the windows taken as independent would have a deviation of 4; they overlap.
    assert on / updates < 2.5 * rate
    assert len(monitor.alarms) < 2 * rate * updates


def test_stationary_noise_all_round_hardly_ever_rings() -> None:
    rng = np.random.default_rng(2)
    monitor = Monitor(false_alarms=0.01)
    for rewards, judge in zip(rng.normal(size=(1000, 4)), rng.normal(size=1000), strict=True):
        monitor.update(rewards, judges={"other": float(judge)})
    # 0.01 x 0.05 for each update, were the two tests alone.
    assert len(monitor.alarms) <= 2


def test_a_judge_that_turns_is_noticed_within_a_window() -> None:
    """It rises with the reward for 40 updates, then falls: noise a fifth of a window's fall."""
    rng = np.random.default_rng(3)
    late = []
    for _ in range(10):
        monitor = Monitor(window=20)
        for step in range(80):
            judge = 4 + 0.01 * (step if step < 40 else 80 - step) + 0.04 * rng.normal()
            monitor.update(0.1 * step + rng.normal(size=8), judges={"mos": judge})
        assert monitor.alarms, "never rang"
        late.append(monitor.alarms[0].step - 40)
    assert min(late) >= 0
    assert np.median(late) <= 20


def test_an_alarm_is_kept_once_for_each_time_it_begins() -> None:
    monitor = Monitor(window=8)
    for step in range(16):
        numbers = monitor.update([float(step)], judges={"mos": -float(step)})
        assert numbers["alarm"] == float(step >= 7)
    for step in range(16, 24):
        numbers = monitor.update([float(step)], judges={"mos": float(step)})
    assert numbers["alarm"] == 0.0
    assert [each.step for each in monitor.alarms] == [7]
    assert "judge/mos falls by -1" in str(monitor.alarms[0])
