# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: Apache-2.0
"""TRL: the call of the installed release, and real trainers that make steps by it."""

from __future__ import annotations

import inspect
import math
import types
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from rewardkit import torchaudio_cpu
from rewardkit.adapters.trl import reward_functions
from rewardkit.composite import Composite, Recipe
from rewardkit.errors import RewardkitError
from tests.adapters.made import MODEL, RATE, Renderer, judge
from tests.made import buzz

try:
    TRL: str | None = version("trl")
except PackageNotFoundError:
    TRL = None
needs_trl = pytest.mark.skipif(TRL is None, reason="needs the extra trl")


def call(function: Any, completions: list[Any], **more: Any) -> list[float | None]:
    """The call of `_calculate_rewards` in TRL 1.16, all of it by keyword."""
    arguments: dict[str, Any] = {
        "prompts": ["say"] * len(completions),
        "completions": completions,
        "completion_ids": [[1, 2]] * len(completions),
        "speaker": [f"s{i}" for i in range(len(completions))],
        "trainer_state": types.SimpleNamespace(global_step=3),
        "log_extra": lambda column, values: None,
        "log_metric": lambda name, value: None,
    }
    result: list[float | None] = function(**{**arguments, **more})
    return result


def test_one_real_function_for_each_dimension() -> None:
    functions = reward_functions(judge("none"), Renderer())
    assert [function.__name__ for function in functions] == ["pace", "level"]
    for function in functions:
        assert inspect.isfunction(function)
        assert not inspect.iscoroutinefunction(function)
        kinds = {p.kind for p in inspect.signature(function).parameters.values()}
        assert kinds == {inspect.Parameter.KEYWORD_ONLY, inspect.Parameter.VAR_KEYWORD}
    pace, level = functions
    completions = ["3", "mute", "1", "broken"]
    for function, values in ((pace, (1.0, -1.0)), (level, (0.0, 0.0))):
        good, mute, other, broken = call(function, completions)
        assert (mute, broken) == (None, None)
        assert (good, other) == pytest.approx(values, abs=1e-5)


def test_names_choose_and_the_scalar_is_one() -> None:
    reward, level = reward_functions(judge("none"), Renderer(), names=["reward", "level"])
    assert (reward.__name__, level.__name__) == ("reward", "level")
    assert call(reward, ["3"]) == [MODEL(buzz(3.0), sample_rate=RATE).scalar]
    with pytest.raises(ValueError, match="no reward named 'pitch'; there are pace, level, reward"):
        reward_functions(judge("none"), Renderer(), names=["pitch"])


def test_a_batch_is_rendered_and_judged_once_for_all_functions() -> None:
    render, own = Renderer(), judge("none")
    pace, level = reward_functions(own, render)
    completions = ["3", "1"]
    call(pace, completions)
    call(level, completions)
    assert len(render.columns) == own.clips == 2
    call(pace, completions)  # asked again: judged again
    assert len(render.columns) == 4
    call(pace, list(completions))  # another batch, if an equal one
    assert len(render.columns) == 6


def test_the_renderer_gets_each_sample_s_columns() -> None:
    render = Renderer()
    call(reward_functions(judge("none"), render)[0], ["3", "1"])
    assert render.columns[1] == {"prompt": "say", "completion_ids": [1, 2], "speaker": "s1"}


def test_failures_are_logged_once_by_code() -> None:
    metrics: list[tuple[str, float]] = []
    extra: list[tuple[str, list[Any]]] = []
    logs = {
        "log_metric": lambda name, value: metrics.append((name, value)),
        "log_extra": lambda column, values: extra.append((column, values)),
    }
    functions = reward_functions(judge("none"), Renderer())
    completions = ["3", "mute", "1", "broken"]
    for function in functions:
        call(function, completions, **logs)
    assert metrics == [
        ("rewardkit/failed", 0.5),
        ("rewardkit/failed/not_rendered", 0.25),
        ("rewardkit/failed/scorer_failed", 0.25),
    ]
    assert extra == [("rewardkit_status", ["ok", "not_rendered", "ok", "scorer_failed"])]


def test_penalty_and_raise() -> None:
    assert call(reward_functions(judge(-5.0), Renderer())[1], ["mute"]) == [-5.0]
    for function in reward_functions(judge("raise"), Renderer()):
        with pytest.raises(RewardkitError, match="not_rendered"):
            call(function, ["3", "mute"])


def test_a_renderer_s_own_fault_ends_the_run() -> None:
    def broken(completion: str, **columns: Any) -> Any:
        raise KeyError("voice")

    def bare(completion: str, **columns: Any) -> Any:
        return buzz(3.0)  # a waveform without its rate

    async def late(completion: str, **columns: Any) -> Any:
        return buzz(3.0), RATE

    with pytest.raises(KeyError):
        call(reward_functions(judge("none"), broken)[0], ["3"])
    with pytest.raises(TypeError, match="not coroutine"):
        call(reward_functions(judge("none"), late)[0], ["3"])
    wave = buzz(3.0)
    for wrong in (
        (wave, float(RATE)),
        (wave, True),
        (wave, None),
        (RATE, wave),  # as scipy.io.wavfile.read gives it
        (wave.tolist(), RATE),
        [wave, RATE],
        {"array": wave, "sampling_rate": RATE},
        (torch.zeros(9000, device="meta"), RATE),
        (torch.zeros(9000).to_sparse(), RATE),
        False,
        7,
    ):
        with pytest.raises(TypeError, match=r"a sound is|a waveform is"):
            call(reward_functions(judge("none"), lambda c, **_: wrong)[0], ["3"])  # noqa: B023
    for right in ((wave, np.int64(RATE)), (torch.from_numpy(wave), torch.tensor(RATE))):
        assert call(reward_functions(judge("none"), lambda c, **_: right)[0], ["3"])[0]  # noqa: B023
    with pytest.raises(TypeError, match="sample rate"):
        call(reward_functions(judge("none"), bare)[0], ["3"])


def test_a_composite_is_a_judge_and_its_schedules_follow_the_trainer() -> None:
    recipe = Recipe.model_validate(
        {
            "terms": {
                "short": {"kind": "format", "pattern": ".{,3}"},
                "pace": {"kind": "preference", "dimension": "pace"},
            },
            "sum": {"short": {}, "pace": {"weight": [[0, 0], [4, 4]]}},
        }
    )
    composite = Composite(recipe, MODEL.reward_function(), on_failure="none")
    short, pace, total = reward_functions(composite, Renderer(), names=["short", "pace", "reward"])
    completions = ["3", "1.00", "mute"]
    assert call(short, completions) == [1.0, 0.0, None]
    assert call(pace, completions)[:2] == pytest.approx([3.0, -3.0], abs=1e-5)  # step 3
    assert call(total, completions)[:2] == pytest.approx([4.0, -3.0], abs=1e-5)


@needs_trl
@pytest.mark.parametrize("trainer", ["GRPOTrainer", "RLOOTrainer"])
def test_the_installed_release_still_makes_this_call(trainer: str) -> None:
    torchaudio_cpu.prepare()
    import trl

    source = inspect.getsource(getattr(trl, trainer)._calculate_rewards)
    assert "prompts=prompts, completions=completions, completion_ids=completion_ids_list" in source
    for name in ("trainer_state", "log_extra", "log_metric"):
        assert f'reward_kwargs["{name}"]' in source


@needs_trl
def test_a_real_trainer_makes_steps_and_logs_each_dimension(tmp_path: Path) -> None:
    from examples.grpo_trl import train

    reward = judge("none")
    trainer = train(reward, steps=3, folder=tmp_path)
    assert trainer.state.global_step == 3
    rows = [row for row in trainer.state.log_history if "reward" in row]
    assert len(rows) == 3
    for row in rows:
        for name in ("rewards/pace/mean", "rewards/level/mean", "reward", "loss", "grad_norm"):
            assert math.isfinite(row[name]), (name, row)
    assert reward.clips == 3 * 8
    failed = sum(row["rewardkit/failed"] for row in rows) * 8
    assert failed == pytest.approx(sum(reward.failures.values()))
    assert len({row["rewards/level/mean"] for row in rows}) == 3


@needs_trl
def test_samples_without_a_reward_do_not_spoil_the_others(tmp_path: Path, monkeypatch: Any) -> None:
    """What went wrong elsewhere: one None made every advantage NaN, and the run 'succeeded'."""
    from examples import grpo_trl

    render, count = grpo_trl.render, iter(range(10**6))
    monkeypatch.setattr(
        grpo_trl, "render", lambda c, **more: None if next(count) % 3 == 0 else render(c, **more)
    )
    reward = judge("none")
    trainer = grpo_trl.train(reward, steps=2, folder=tmp_path)
    rows = [row for row in trainer.state.log_history if "reward" in row]
    assert reward.failures["not_rendered"] >= 5
    for row in rows:
        assert row["grad_norm"] > 0
        assert math.isfinite(row["grad_norm"])
        assert row["rewardkit/failed"] > 0
    assert all(bool(p.isfinite().all()) for p in trainer.model.parameters())
