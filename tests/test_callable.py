# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: Apache-2.0
"""The callable: kinds and devices, padding, failures, conservative modes, and nothing global."""

from __future__ import annotations

import logging
import math
import pickle
import random
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from rewardkit.callable import RewardFunction
from rewardkit.clip import Clip
from rewardkit.errors import AudioError, RewardkitError, ScorerError
from tests.made import buzz, reward_model

MODEL = reward_model()
RATE = 8_000
WAVES = [buzz(1.0), buzz(3.0, -10.0), buzz(2.5, -30.0)]
SCALARS = [-1.0, 1.5, 0.0]
TABLE = [[-1.0, 0.0], [1.0, 1.0], [0.5, -1.0]]
BROKEN = np.full(RATE, 0.25, np.float32)
SHORT = buzz(0.1)


def function(**options: Any) -> RewardFunction:
    return MODEL.reward_function(**options)


def padded() -> np.ndarray[Any, Any]:
    batch = np.zeros((3, 3 * RATE), np.float32)
    for row, wave in zip(batch, WAVES, strict=True):
        row[: len(wave)] = wave
    return batch


LENGTHS = [len(wave) for wave in WAVES]


def test_a_list_of_unequal_lengths() -> None:
    rewards = function()(WAVES, RATE)
    assert rewards.dtype == np.float32
    assert rewards == pytest.approx(SCALARS, abs=1e-5)
    table = function()(WAVES, RATE, dimensions=True)
    assert table.shape == (3, 2)
    assert table == pytest.approx(np.array(TABLE), abs=1e-5)
    assert function().dimensions == ("pace", "level")


def test_the_model_s_own_method_gives_the_same() -> None:
    assert np.array_equal(MODEL.reward(WAVES, RATE), function()(WAVES, RATE))
    alone = [MODEL(wave, sample_rate=RATE).scalar for wave in WAVES]
    assert MODEL.reward(WAVES, RATE).tolist() == alone


@pytest.mark.parametrize(
    "kind",
    [lambda x: x, torch.from_numpy, lambda x: x[:, None], lambda x: torch.tensor(x)[:, None]],
)
def test_padding_is_left_out_where_lengths_are_given(kind: Callable[..., Any]) -> None:
    batch = kind(padded())
    rewards = function()(batch, RATE, lengths=LENGTHS)
    assert type(rewards) is type(batch)
    assert rewards.tolist() == function()(WAVES, RATE).tolist()
    # And without lengths, padding is sound like any other.
    assert function()(batch, RATE).tolist() != rewards.tolist()


def test_lengths_may_be_a_tensor() -> None:
    rewards = function()(torch.from_numpy(padded()), RATE, lengths=torch.tensor(LENGTHS))
    assert rewards.tolist() == function()(WAVES, RATE).tolist()


def test_torch_in_torch_out() -> None:
    waves = [torch.from_numpy(wave).requires_grad_() for wave in WAVES]
    rewards = function()(waves, RATE)
    assert isinstance(rewards, torch.Tensor)
    assert rewards.dtype == torch.float32
    assert rewards.device.type == "cpu"
    assert not rewards.requires_grad
    assert rewards.shape == (3,)
    assert function()(waves, RATE, dimensions=True).shape == (3, 2)
    assert function()([w.double() for w in waves], RATE).tolist() == rewards.tolist()


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
def test_a_gpu_s_tensors_get_rewards_on_it() -> None:
    batch = torch.from_numpy(padded()).cuda()
    rewards = function()(batch, RATE, lengths=LENGTHS)
    assert rewards.device == batch.device
    assert rewards.tolist() == pytest.approx(SCALARS, abs=1e-4)


@pytest.mark.parametrize("empty", [[], np.empty((0, 100)), torch.empty(0, 100)])
def test_an_empty_batch(empty: Any) -> None:
    rewards = function()(empty, RATE)
    assert tuple(rewards.shape) == (0,)
    assert isinstance(rewards, torch.Tensor) == isinstance(empty, torch.Tensor)
    assert tuple(function()(empty, RATE, dimensions=True).shape) == (0, 2)
    assert function(on_failure="none")(empty, RATE) == []


def test_a_rate_for_each_and_sources_that_know_theirs(example_clips: list[Path]) -> None:
    waves = [buzz(2.5, sample_rate=8_000), buzz(2.5, sample_rate=16_000)]
    assert function()(waves, [8_000, 16_000]) == pytest.approx([0.5, 0.5], abs=1e-5)
    assert function()([Clip(waves[0], 8_000)]) == pytest.approx([0.5], abs=1e-5)
    path = example_clips[0]
    assert function()([path, str(path)]).tolist() == [MODEL(path).scalar] * 2


@pytest.mark.parametrize(
    ("arguments", "options"),
    [
        ((buzz(1.0), RATE), {}),
        ((torch.zeros(1, 2, 3, 4), RATE), {}),
        (("clip.wav",), {}),
        ((iter(WAVES), RATE), {}),
        ((WAVES, [RATE]), {}),
        ((WAVES,), {}),
        ((WAVES, 8000.0), {}),
        ((WAVES, "8000"), {}),
        ((WAVES, [RATE, RATE, None]), {}),
        ((WAVES, RATE), {"lengths": [1, 2]}),
        ((WAVES, RATE), {"lengths": [10**9] * 3}),
        ((WAVES, RATE), {"lengths": [-1] * 3}),
        ((WAVES, RATE), {"lengths": [1.0, 0.5, 1.0]}),  # shares, as SpeechBrain has them
        ((WAVES, RATE), {"lengths": np.ones(3, bool)}),
        ((WAVES, [RATE, RATE, np.ones(2)]), {}),
        ((torch.zeros(2, RATE, device="meta"), RATE), {}),
        ((torch.zeros(2, RATE).to_sparse(), RATE), {}),
        (([torch.zeros(RATE, device="meta")], RATE), {}),
        ((WAVES, RATE), {"texts": "all of them"}),
        (([WAVES[0], torch.zeros(RATE)], RATE), {}),
        ((["a.wav"],), {"lengths": [3]}),
    ],
)
def test_what_is_no_batch_is_refused(arguments: Any, options: Any) -> None:
    with pytest.raises(RewardkitError, match="bad_batch"):
        function(on_failure=-9.0)(*arguments, **options)


def test_failures_raise_with_their_place_and_are_counted() -> None:
    reward = function()
    with pytest.raises(AudioError, match=r"too_short: clip 1 of 3: .*2 of them") as caught:
        reward([WAVES[0], SHORT, BROKEN], RATE)
    assert caught.value.code == "too_short"
    with pytest.raises(ScorerError, match="scorer_failed: clip 0"):
        reward([BROKEN], RATE)
    assert reward.failures == {"too_short": 1, "scorer_failed": 2}
    assert reward.clips == 4


def test_failures_become_none() -> None:
    reward = function(on_failure="none")
    bad = np.array([np.nan] * RATE, np.float32)
    rewards = reward([WAVES[0], SHORT, bad, WAVES[1]], RATE)
    assert rewards[1:3] == [None, None]
    assert [rewards[0], rewards[3]] == pytest.approx([-1.0, 1.5], abs=1e-5)
    table = reward([SHORT, WAVES[1]], RATE, dimensions=True)
    assert table[0] is None
    assert table[1] == pytest.approx((1.0, 1.0), abs=1e-5)
    assert reward.failures == {"too_short": 2, "nonfinite": 1}


@pytest.mark.parametrize("penalty", [-9, np.float32(-9), np.int64(-9)])
def test_a_penalty_is_given_counted_and_logged(
    penalty: float, caplog: pytest.LogCaptureFixture
) -> None:
    reward = function(on_failure=penalty)
    with caplog.at_level(logging.WARNING):
        rewards = reward(torch.tensor(np.stack([BROKEN, buzz(1.0)])), RATE)
    assert rewards.tolist() == pytest.approx([-9.0, -1.0], abs=1e-5)
    assert "1 of 2 clips have no reward (scorer_failed 1)" in caplog.text
    assert reward([SHORT], RATE, dimensions=True).tolist() == [[-9.0, -9.0]]
    assert reward.failures == {"scorer_failed": 1, "too_short": 1}
    caplog.clear()
    reward(WAVES, RATE)
    assert not caplog.text


@pytest.mark.parametrize(
    "option",
    [
        {"on_failure": math.nan},
        {"on_failure": math.inf},
        {"on_failure": 1e39},  # infinite in float32
        {"on_failure": "zero"},
        {"on_failure": True},
        {"on_failure": None},
        {"mode": "max"},
        {"uncertainty": -1.0},
        {"uncertainty": math.nan},
        {"uncertainty": 1e39},
        {"workers": -1},
        {"timeout": 0.0},
    ],
)
def test_options_that_are_none(option: dict[str, Any]) -> None:
    with pytest.raises(RewardkitError, match="bad_option"):
        function(**option)


def test_the_lower_bound_takes_deviations_away() -> None:
    # Members at 0.5 and 1.5 times a reward: its deviation is sqrt(0.5) times its size.
    spread = math.sqrt(0.5)
    expected = [s - 2 * spread * abs(s) for s in SCALARS]
    assert function(mode="lcb", uncertainty=2.0)(WAVES, RATE) == pytest.approx(expected, abs=1e-5)
    table = function(mode="lcb", uncertainty=2.0)(WAVES, RATE, dimensions=True)
    wanted = np.array(TABLE) - 2 * spread * np.abs(TABLE)
    assert table == pytest.approx(wanted, abs=1e-5)
    plain = function(mode="lcb", uncertainty=0.0)(WAVES, RATE)
    assert np.array_equal(plain, function()(WAVES, RATE))


def test_the_minimum_is_the_worst_member_s() -> None:
    worst = [min(0.5 * s, 1.5 * s) for s in SCALARS]
    assert function(mode="min")(WAVES, RATE) == pytest.approx(worst, abs=1e-5)
    table = function(mode="min")(WAVES, RATE, dimensions=True)
    assert table == pytest.approx(
        np.minimum(0.5 * np.array(TABLE), 1.5 * np.array(TABLE)), abs=1e-5
    )


def test_conservative_rewards_keep_failures_and_claim_no_weights() -> None:
    kept, failed = function(mode="min").rewards([Clip(WAVES[1], RATE), Clip(BROKEN, RATE)])
    assert kept.weights == {}
    assert failed.scalar is None
    assert failed.error is not None
    (plain,) = function().rewards([Clip(WAVES[1], RATE)])
    assert plain == MODEL(WAVES[1], sample_rate=RATE)


@settings(max_examples=40, deadline=None)
@given(st.permutations(range(6)), st.sampled_from(["mean", "lcb", "min"]))
def test_a_clip_s_reward_does_not_depend_on_its_batch(order: list[int], mode: Any) -> None:
    waves = [*WAVES, SHORT, BROKEN, buzz(0.7, -3.0)]
    reward = function(mode=mode, on_failure="none")
    alone = [reward([wave], RATE)[0] for wave in waves]
    assert reward([waves[i] for i in order], RATE) == [alone[i] for i in order]


def test_errors_are_handed_on_and_counted() -> None:
    reward = function(on_failure="none")
    error = RewardkitError("not_rendered", "no sound")
    rewards = reward.rewards([error, Clip(WAVES[0], RATE)])
    assert rewards[0].error is error
    assert rewards[1].scalar == pytest.approx(-1.0, abs=1e-5)
    assert reward.failures == {"not_rendered": 1}


def test_texts_reach_the_clips(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[str | None] = []
    call = type(MODEL.extractor).__call__

    def spy(self: Any, clips: Any, **options: Any) -> Any:
        seen.extend(clip.text for clip in clips)
        return call(self, clips, **options)

    monkeypatch.setattr(type(MODEL.extractor), "__call__", spy)
    function()(WAVES, RATE, texts=["one", None, "three"])
    function().rewards([Clip(WAVES[0], RATE)], [{"text": "four"}])
    function().rewards([Clip(WAVES[0], RATE, text="own")], [{"text": "five"}])
    function().rewards([Clip(WAVES[0], RATE)], [{"text": 6}])
    assert seen == ["one", None, "three", "four", "own", None]


def test_no_global_state_is_touched_and_samples_are_left_alone() -> None:
    def state() -> Any:
        kind, keys, place, *_ = np.random.get_state()  # noqa: NPY002  # the global one is the point
        return (
            random.getstate(),
            (kind, keys.tobytes(), place),
            torch.get_rng_state().numpy().tobytes(),
            torch.get_default_dtype(),
            torch.get_default_device(),
            torch.get_num_threads(),
            torch.get_num_interop_threads(),
            torch.is_grad_enabled(),
            torch.are_deterministic_algorithms_enabled(),
            np.geterr(),
        )

    before, waves = state(), [torch.from_numpy(wave.copy()) for wave in WAVES]
    for mode in ("mean", "lcb", "min"):
        function(mode=mode, on_failure=-9.0)([*waves, torch.from_numpy(SHORT)], RATE)
    assert state() == before
    assert all(np.array_equal(w.numpy(), own) for w, own in zip(waves, WAVES, strict=True))


def test_threads_may_share_one() -> None:
    reward = function(on_failure="none")
    batches = [[buzz(0.5 + i / 10), SHORT, BROKEN] for i in range(24)]
    expected = [function(on_failure="none")(batch, RATE) for batch in batches]
    with ThreadPoolExecutor(6) as pool:
        assert list(pool.map(lambda batch: reward(batch, RATE), batches)) == expected
    assert reward.clips == 72
    assert reward.failures == {"too_short": 24, "scorer_failed": 24}


def test_it_can_be_sent_to_another_process() -> None:
    with_workers = function(workers=2, on_failure="none")
    again = pickle.loads(pickle.dumps(with_workers))
    again.workers = 0
    assert again(WAVES, RATE) == function(on_failure="none")(WAVES, RATE)
    assert (again.clips, with_workers.clips) == (3, 0)


def test_another_default_dtype_or_device_changes_nothing() -> None:
    waves = [torch.from_numpy(wave) for wave in WAVES]
    plain = function()(waves, RATE)
    torch.set_default_dtype(torch.float64)
    try:
        with torch.device("meta"), torch.inference_mode():
            rewards = function()(waves, RATE)
    finally:
        torch.set_default_dtype(torch.float32)
    assert rewards.dtype == torch.float32
    assert rewards.device.type == "cpu"
    assert rewards.tolist() == plain.tolist()
