# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: Apache-2.0
"""Callbacks that show a monitor's numbers to a trainer, and let its alarm end the training.

The monitor itself is fed by a `rewardkit.monitor.Watched` judge, or by the training step. TRL
logs a watched judge's numbers without any callback; what it needs one for is to stop.
"""

from __future__ import annotations

from typing import Any, Final

from rewardkit.monitor import Monitor

PREFIX: Final = "rewardkit/monitor/"
"""Before the numbers' names in a trainer's log."""


def _anywhere(alarm: bool) -> bool:
    """Whether an alarm is on in any process of the run: all of them must end at the same step."""
    from torch import distributed

    if not (distributed.is_available() and distributed.is_initialized()):
        return alarm
    alarms: list[Any] = [None] * distributed.get_world_size()
    distributed.all_gather_object(alarms, alarm)
    return any(alarms)


def trl_callback(monitor: Monitor) -> Any:
    """A callback for `GRPOTrainer(callbacks=[...])` that stops the training at an alarm.

    In a run of several processes each has a monitor of its own samples; an alarm in any of them
    ends the training of all.

    Args:
        monitor: Fed by the reward functions' judge.
    """
    from transformers import TrainerCallback

    class Stop(TrainerCallback):  # type: ignore[misc]
        """Ends the training after the step with an alarm."""

        def on_step_end(self, args: Any, state: Any, control: Any, **_: Any) -> Any:  # noqa: ARG002
            """After each optimiser step."""
            if _anywhere(bool(monitor.numbers.get("alarm"))):
                control.should_training_stop = True
            return control

    return Stop()


def lightning_callback(monitor: Monitor, *, stop: bool = False) -> Any:
    """A callback for `lightning.Trainer(callbacks=[...])` that logs the monitor's numbers.

    Args:
        monitor: Fed by the training step.
        stop: Whether an alarm, in any process, ends the training of all.
    """
    from lightning import Callback

    class Log(Callback):  # type: ignore[misc]
        """Logs after each batch."""

        def on_train_batch_end(self, trainer: Any, pl_module: Any, *_: Any) -> None:
            """After each batch of the training step."""
            pl_module.log_dict({PREFIX + name: x for name, x in monitor.numbers.items()})
            alarm = bool(monitor.numbers.get("alarm"))
            if stop and trainer.strategy.reduce_boolean_decision(alarm, all=False):
                trainer.should_stop = True

    return Log()
