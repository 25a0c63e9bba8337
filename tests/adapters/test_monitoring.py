# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: Apache-2.0
"""A monitor in a trainer: its numbers are logged, its alarm ends the training."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
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


RANK = """
import sys
from torch import distributed
from transformers import TrainerControl, TrainerState, TrainingArguments
from rewardkit.adapters.monitoring import trl_callback
from rewardkit.monitor import Monitor

rank = int(sys.argv[1])
distributed.init_process_group("gloo", init_method="file://" + sys.argv[2], rank=rank, world_size=2)
monitor, control = Monitor(), TrainerControl()
callback = trl_callback(monitor)
for step in range(10):
    monitor.update([float(step)], judges={"mos": -float(step) if rank == 0 else 0.0})
    callback.on_step_end(TrainingArguments, TrainerState(), control)
    if control.should_training_stop:
        break
print(step, int(monitor.numbers["alarm"]))
"""


@pytest.mark.skipif(importlib.util.find_spec("transformers") is None, reason="needs the extra trl")
def test_an_alarm_in_one_process_stops_all_at_the_same_step(tmp_path: Path) -> None:
    ranks = [
        subprocess.Popen(
            [sys.executable, "-c", RANK, str(rank), str(tmp_path / "store")],
            stdout=subprocess.PIPE,
            text=True,
        )
        for rank in range(2)
    ]
    try:
        assert [rank.communicate(timeout=120)[0].split() for rank in ranks] == [
            ["7", "1"],
            ["7", "0"],
        ]
    finally:
        for rank in ranks:
            rank.kill()


@pytest.mark.parametrize("others", [False, True])
def test_lightning_stops_where_any_process_has_an_alarm(others: bool) -> None:
    """All must ask in every step, and do as the strategy says."""
    asked: list[bool] = []

    def reduce(alarm: bool, **options: bool) -> bool:
        assert options == {"all": False}
        asked.append(alarm)
        return alarm or others

    trainer = SimpleNamespace(
        strategy=SimpleNamespace(reduce_boolean_decision=reduce), should_stop=False
    )
    module = SimpleNamespace(log_dict=lambda numbers: None)
    lightning_callback(Monitor(), stop=True).on_train_batch_end(trainer, module)
    assert (asked, trainer.should_stop) == ([False], others)


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
