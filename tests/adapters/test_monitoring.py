# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: Apache-2.0
"""A monitor in a trainer: its numbers are logged, its alarm ends the training."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Any

import pytest

from rewardkit.adapters.monitoring import lightning_callback, trl_callback
from rewardkit.adapters.trl import reward_functions
from rewardkit.clip import Clip
from rewardkit.monitor import Monitor, Watched
from tests.made import buzz, reward_model


def alarmed() -> Monitor:
    monitor = Monitor()
    for step in range(10):
        monitor.update([float(step)], judges={"mos": -float(step)})
    assert monitor.numbers["alarm"] == 1.0
    return monitor


@pytest.mark.skipif(importlib.util.find_spec("transformers") is None, reason="needs the extra trl")
def test_an_alarm_stops_a_trainer_of_transformers() -> None:
    from transformers import TrainerControl, TrainerState, TrainingArguments

    state: Any = TrainerState()
    arguments: Any = TrainingArguments
    for monitor, stops in ((alarmed(), True), (Monitor(), False)):
        control = TrainerControl()
        trl_callback(monitor).on_step_end(arguments, state, control, model=None)
        assert control.should_training_stop is stops


def test_trl_s_log_holds_the_numbers_of_a_watched_judge() -> None:
    watched = Watched(reward_model().reward_function(on_failure="none"), Monitor())
    logged: dict[str, float] = {}
    (pace,) = reward_functions(
        watched, lambda completion, **_: Clip(buzz(float(completion)), 8_000), names=["pace"]
    )
    rewards = pace(
        prompts=["", ""],
        completions=["2.5", "3"],
        log_metric=lambda name, x: logged.update({name: x}),
    )
    assert rewards == [0.5, 1.0]
    assert logged["rewardkit/monitor/mean/pace"] == pytest.approx(0.75)
    assert logged["rewardkit/failed"] == 0.0


@pytest.mark.parametrize("stop", [False, True])
def test_lightning_logs_the_numbers_and_stops_when_asked(tmp_path: Path, stop: bool) -> None:
    import torch
    from lightning import LightningModule, Trainer

    monitor = Monitor()

    class Loop(LightningModule):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__()
            self.weight = torch.nn.Parameter(torch.zeros(()))

        def training_step(self, batch: torch.Tensor, index: int) -> torch.Tensor:
            monitor.update([float(index)], judges={"mos": -float(index)})
            return self.weight.square()

        def configure_optimizers(self) -> Any:
            return torch.optim.SGD(self.parameters(), lr=0.1)

    trainer = Trainer(
        max_epochs=1, accelerator="cpu", logger=False, enable_checkpointing=False,
        enable_progress_bar=False, enable_model_summary=False, default_root_dir=tmp_path,
        callbacks=[lightning_callback(monitor, stop=stop)],
    )  # fmt: skip
    trainer.fit(Loop(), torch.utils.data.DataLoader(torch.zeros(12, 1)))
    assert trainer.logged_metrics["rewardkit/monitor/alarm"].item() == 1.0
    assert trainer.global_step == (8 if stop else 12)
