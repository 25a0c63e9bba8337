# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: Apache-2.0
"""A Lightning Trainer that leaves nothing behind: no files, no messages, no global settings."""

from __future__ import annotations

import logging
import os
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

import lightning.pytorch as pl
import torch
from lightning.pytorch.plugins.environments import LightningEnvironment
from lightning.pytorch.utilities.exceptions import MisconfigurationException

from rewardkit.errors import RewardkitError
from rewardkit.training.options import TrainOptions

_LOGGERS: Final = ("lightning.pytorch", "lightning.fabric", "lightning.pytorch.utilities.rank_zero")
_CUBLAS: Final = "CUBLAS_WORKSPACE_CONFIG"  # set by Lightning when deterministic


def run(module: Any, options: TrainOptions) -> None:
    """Train a module that stops by itself, for at most `max_steps` epochs of one batch.

    Args:
        module: A LightningModule.
        options: Steps, device, quiet.

    Raises:
        RewardkitError: `bad_option` for an accelerator that is unknown or not here.
    """
    accelerator = options.accelerator
    if accelerator == "auto" and torch.backends.mps.is_available():
        accelerator = "cpu"  # MPS has no float64
    with _restored(), _silence(options.quiet):
        try:
            trainer = pl.Trainer(
                accelerator=accelerator,
                devices=1,
                precision="64-true",
                deterministic=True,
                max_epochs=options.max_steps + 1,  # the last one only finds that it has converged
                barebones=True,
                plugins=[LightningEnvironment()],  # under torchrun too: see `shards`
            )
        except (MisconfigurationException, ValueError, ImportError) as error:
            raise RewardkitError("bad_option", f"accelerator {accelerator!r}: {error}") from error
        trainer.fit(module)


@contextmanager
def _restored() -> Iterator[None]:
    """Put back what `deterministic=True` sets for the whole process."""
    on = torch.are_deterministic_algorithms_enabled()
    warn_only = torch.is_deterministic_algorithms_warn_only_enabled()
    workspace = os.environ.get(_CUBLAS)
    try:
        yield
    finally:
        torch.use_deterministic_algorithms(on, warn_only=warn_only)
        if workspace is None:
            os.environ.pop(_CUBLAS, None)
        else:
            os.environ[_CUBLAS] = workspace


@contextmanager
def _silence(quiet: bool) -> Iterator[None]:
    """Hold back Lightning's messages; errors still come through."""
    if not quiet:
        yield
        return
    loggers = [logging.getLogger(name) for name in _LOGGERS]
    levels = [logger.level for logger in loggers]
    try:
        for logger in loggers:
            logger.setLevel(logging.ERROR)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        for logger, level in zip(loggers, levels, strict=True):
            logger.setLevel(level)
