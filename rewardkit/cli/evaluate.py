# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: Apache-2.0
"""`rewardkit evaluate`: how often a checkpoint chooses what listeners chose."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Optional

import typer


def evaluate(
    preferences: Annotated[
        list[Path], typer.Argument(help="Preference files: .jsonl, .csv or .parquet.")
    ],
    checkpoint: Annotated[
        Optional[str],  # noqa: UP045  # Typer reads this annotation
        typer.Option(help="Folder, shipped name or hub id. [$REWARDKIT_CHECKPOINT, or default]"),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a file.")] = False,
    skip_errors: Annotated[
        bool, typer.Option(help="Leave out rows with errors, and clips without a reward.")
    ] = False,
    workers: Annotated[
        int,
        typer.Option(min=0, help="Processes to measure with; 0: in this one, without a deadline."),
    ] = 1,
) -> None:
    """Accuracy of a checkpoint on preference files, trivial rules beside it."""
    from rewardkit.judge import judge
    from rewardkit.model import RewardModel

    model = RewardModel.from_pretrained(checkpoint)
    for path in preferences:
        result = judge(model, path, workers=workers, skip_errors=skip_errors)
        if as_json:
            row = {"path": str(path), "checkpoint": model.manifest.name, **result.to_json()}
            typer.echo(json.dumps(row, allow_nan=False))
        else:
            typer.echo(f"{model.manifest.name} on {path}: {result.render()}")
