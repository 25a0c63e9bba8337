# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: Apache-2.0
"""Loops that can't be installed here, called as their recorded sources call.

Each recorded call says which source it was read from; it is written anew here, shortened to what
reaches a reward.
"""

from __future__ import annotations

import asyncio
import inspect
import math
import pickle
import sys
import types
from typing import Any, NamedTuple

import pytest
import torch

from rewardkit.adapters import nemo_rl, openrlhf, slime, swift, verl, verl_omni
from rewardkit.errors import RewardkitError
from rewardkit.monitor import Monitor, Watched
from tests.adapters.made import RATE, Renderer, judge
from tests.made import buzz, reward_model

PENALTY = -8.0


@pytest.mark.parametrize(
    "make",
    [
        lambda j: verl.compute_score(j, Renderer()),
        verl_omni.compute_score,
        lambda j: openrlhf.reward_func(j, Renderer()),
        lambda j: swift.register(j, Renderer()),
        lambda j: slime.custom_rm(j, Renderer()),
        lambda j: nemo_rl.SpeechEnvironment(j, Renderer()),
    ],
)
def test_loops_that_can_t_skip_a_sample_say_so_at_once(make: Any) -> None:
    with pytest.raises(RewardkitError, match=r"bad_option: .* can't skip a sample"):
        make(judge("none"))


def test_a_dimension_can_t_take_the_place_of_the_score() -> None:
    model = reward_model(dimensions=("pace", "score"))
    compute_score = verl.compute_score(model.reward_function(on_failure=PENALTY), Renderer())
    with pytest.raises(RewardkitError, match="may not be called 'score'"):
        verl_runs(compute_score, "3")


# verl 0.9, verl/experimental/reward_loop/reward_manager/naive.py, commit 247f1ac2.


def verl_runs(compute_score: Any, response: str) -> dict[str, Any]:
    """NaiveRewardManager.run_single."""
    arguments = {
        "data_source": "tts",
        "solution_str": response,
        "ground_truth": "Good evening.",
        "extra_info": {"num_turns": None, "rollout_reward_scores": {}, "speaker": "s1"},
        "reward_router_address": "10.0.0.1:80",
        "reward_model_tokenizer": None,
    }
    assert not inspect.iscoroutinefunction(compute_score)
    result = compute_score(**arguments)
    return {"reward_score": result["score"], "reward_extra_info": dict(result)}


def test_verl() -> None:
    render = Renderer()
    compute_score = verl.compute_score(judge(PENALTY), render)
    good, bad = verl_runs(compute_score, "3"), verl_runs(compute_score, "mute")
    assert good["reward_score"] == pytest.approx(1.0, abs=1e-5)
    assert good["reward_extra_info"]["pace"] == pytest.approx(1.0, abs=1e-5)
    assert good["reward_extra_info"]["failed"] == 0.0
    assert set(bad["reward_extra_info"].values()) == {PENALTY, 1.0}
    assert list(good["reward_extra_info"]) == list(bad["reward_extra_info"])
    assert render.columns[0]["ground_truth"] == "Good evening."
    assert render.columns[0]["speaker"] == "s1"
    with pytest.raises(RewardkitError, match="not_rendered"):
        verl_runs(verl.compute_score(judge("raise"), Renderer()), "mute")
    assert compute_score("tts", "3", "text")["score"] == good["reward_score"]


# verl-omni 2026-09, verl_omni audio reward manager: `result = self.compute_score(...)`; every entry
# beside the score must be a finite scalar.


def test_verl_omni_in_process() -> None:
    compute_score = verl_omni.compute_score(judge(PENALTY))
    call = {"data_source": "tts", "ground_truth": "hello", "extra_info": {"id": "1"}}
    good = compute_score(solution_audio=(buzz(3.0), RATE), reward_router_address="x", **call)
    bad = compute_score(solution_audio=(buzz(0.1), RATE), model_name="m", **call)
    assert good["score"] == pytest.approx(1.0, abs=1e-5)
    assert bad["score"] == PENALTY
    assert list(good) == list(bad) == ["score", "pace", "level", "failed"]
    for answer in (good, bad):
        assert all(type(v) is float and math.isfinite(v) for v in answer.values())
    tensor = compute_score(solution_audio=(torch.from_numpy(buzz(3.0)), RATE), **call)
    assert tensor == good
    for wrong in (None, buzz(3.0), (buzz(3.0), float(RATE))):
        with pytest.raises(TypeError, match="waveform"):
            compute_score(solution_audio=wrong, **call)


# slime, slime/rollout/rm_hub/__init__.py, commit 0b420f1e.


def sample(response: str) -> types.SimpleNamespace:
    return types.SimpleNamespace(
        prompt="say", response=response, label="hello", metadata={"speaker": "s1"}
    )


def test_slime() -> None:
    render = Renderer()
    custom_rm = slime.custom_rm(judge(PENALTY), render)
    assert inspect.iscoroutinefunction(custom_rm)

    async def async_rm(args: Any, one: Any, **kwargs: Any) -> Any:
        return await custom_rm(args, one, **kwargs)

    async def batched_async_rm(args: Any, samples: list[Any], **kwargs: Any) -> Any:
        return await custom_rm(args, samples, **kwargs)

    single = asyncio.run(async_rm(types.SimpleNamespace(), sample("3"), evaluation=True))
    assert type(single) is float
    assert single == pytest.approx(1.0, abs=1e-5)
    batch = [sample("3"), sample("mute")]
    assert asyncio.run(batched_async_rm(None, batch)) == [single, PENALTY]
    assert render.columns[0] == {"speaker": "s1", "prompt": "say", "label": "hello"}
    assert slime.decode({"prompt": "say", "response": "3", "label": None})["completion"] == "3"
    for bad in (None, [], {}, {"response": 3}):
        with pytest.raises(RewardkitError, match="bad_request"):
            slime.decode(bad)


# OpenRLHF 0.11, docs of --reward.remote_url and openrlhf/utils/remote_rm_utils.py.


def test_openrlhf_file() -> None:
    render = Renderer()
    reward_func = openrlhf.reward_func(judge(PENALTY), render)
    result = reward_func(["Say: 3", "Say: mute"], ["Say: ", "Say: "], ["hello", None])
    assert set(result) == {"rewards", "scores", "extra_logs"}
    assert result["rewards"].tolist() == pytest.approx([1.0, PENALTY], abs=1e-5)
    assert result["scores"].tolist() == pytest.approx(
        [1 / (1 + math.exp(-1.0)), 1 / (1 + math.exp(8.0))], abs=1e-5
    )
    assert result["extra_logs"]["failed"].tolist() == [0.0, 1.0]
    for tensor in (result["rewards"], result["scores"], *result["extra_logs"].values()):
        assert tensor.shape == (2,)
        assert tensor.dtype == torch.float32
    assert render.columns[0] == {"query": "Say: 3", "prompt": "Say: ", "label": "hello"}


def test_openrlhf_remote() -> None:
    rows = openrlhf.decode({"query": ["Say: 3"], "prompts": ["Say: "], "labels": ["hello"]})
    assert rows[0]["completion"] == "3"
    assert openrlhf.decode({"query": ["3"]})[0] == {
        "query": "3",
        "prompt": "",
        "label": None,
        "completion": "3",
    }
    own = judge(PENALTY)
    answer = openrlhf.response(own, own.rewards([RewardkitError("not_rendered", "")]))
    assert answer["rewards"] == [PENALTY]
    assert answer["extra_logs"] == {"pace": [PENALTY], "level": [PENALTY], "failed": [1.0]}
    for bad in (
        None,
        {},
        {"query": "3"},
        {"query": [3]},
        {"query": ["3"], "prompts": ["a", "b"]},
        {"query": ["3"], "prompts": [1]},
        {"query": ["3"], "labels": "x"},
    ):
        with pytest.raises(RewardkitError, match="bad_request"):
            openrlhf.decode(bad)


# ms-swift 4.6, swift/rewards/orm.py, commit 0431a5d5.


class ORM:
    def __init__(self, args: Any = None, **kwargs: Any) -> None:
        self.args = args

    def __call__(self, **kwargs: Any) -> list[float]:
        raise NotImplementedError


def test_ms_swift(monkeypatch: pytest.MonkeyPatch) -> None:
    orms: dict[str, Any] = {"accuracy": ORM}
    rewards = types.ModuleType("swift.rewards")
    rewards.ORM, rewards.orms = ORM, orms  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "swift", types.ModuleType("swift"))
    monkeypatch.setitem(sys.modules, "swift.rewards", rewards)
    render = Renderer()
    assert swift.register(judge(PENALTY), render) == ["pace", "level"]
    assert set(orms) == {"accuracy", "pace", "level"}
    assert issubclass(orms["pace"], ORM)
    made = orms["pace"](args=types.SimpleNamespace(seed=1))
    completions = ["3", "mute"]
    columns = {"solution": ["a", "b"], "trainer_state": object(), "messages": [[], []]}
    assert made(completions, **columns) == pytest.approx([1.0, PENALTY], abs=1e-5)
    assert orms["level"]()(completions, **columns) == pytest.approx([0.0, PENALTY], abs=1e-5)
    assert render.columns[0]["solution"] == "a"
    assert made.args.seed == 1


# NeMo-RL 0.6, nemo_rl/environments/interfaces.py, commit 0b8a793a.


class EnvironmentReturn(NamedTuple):
    observations: Any
    metadata: Any
    next_stop_strings: Any
    rewards: Any
    terminateds: Any
    answers: Any = None


def test_nemo_rl(monkeypatch: pytest.MonkeyPatch) -> None:
    interfaces = types.ModuleType("nemo_rl.environments.interfaces")
    interfaces.EnvironmentReturn = EnvironmentReturn  # type: ignore[attr-defined]
    for name in ("nemo_rl", "nemo_rl.environments"):
        monkeypatch.setitem(sys.modules, name, types.ModuleType(name))
    monkeypatch.setitem(sys.modules, interfaces.__name__, interfaces)
    render, own = Renderer(), judge(PENALTY)
    logs = [
        [{"role": "user", "content": "say"}, {"role": "assistant", "content": said}]
        for said in ("3", "mute")
    ]
    metadata = [{"speaker": "s1"}, None]
    found = nemo_rl.SpeechEnvironment(own, render).step(logs, metadata)
    assert isinstance(found, EnvironmentReturn)
    assert found.rewards.tolist() == pytest.approx([1.0, PENALTY], abs=1e-5)
    assert found.terminateds.tolist() == [True, True]
    assert found.metadata == metadata
    assert [m["role"] for m in found.observations] == ["environment"] * 2
    assert len(found.next_stop_strings) == len(found.answers) == 2
    assert render.columns[0]["speaker"] == "s1"
    environment = nemo_rl.SpeechEnvironment(own, render, separate=True)
    parts = environment.step(logs, metadata).rewards
    assert {name: tensor.shape for name, tensor in parts.items()} == {"pace": (2,), "level": (2,)}
    batch, metrics = environment.global_post_process_and_metrics({"a": 1})
    assert batch == {"a": 1}
    assert metrics == {"rewardkit/failed/not_rendered": 2.0}
    watched = nemo_rl.SpeechEnvironment(Watched(own, Monitor()), render)
    assert watched.global_post_process_and_metrics({})[1] == metrics
    sent = pickle.loads(pickle.dumps(watched))  # as Ray does
    assert sent.step(logs, metadata).rewards.tolist() == found.rewards.tolist()
