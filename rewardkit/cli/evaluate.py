# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: Apache-2.0
"""`rewardkit evaluate`: how often a checkpoint chooses what listeners chose."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from rewardkit.cli.failures import USAGE, stop


def evaluate(
    preferences: Annotated[
        list[Path], typer.Argument(help="Preference files: .jsonl, .csv or .parquet.")
    ],
    checkpoint: Annotated[
        str | None,
        typer.Option(help="Folder, shipped name or hub id. [$REWARDKIT_CHECKPOINT, or default]"),
    ] = None,
    against: Annotated[
        str | None,
        typer.Option(help="Another checkpoint, compared with the first on the same pairs."),
    ] = None,
    rule: Annotated[
        list[str],
        typer.Option(
            "--rule",
            help="A feature whose highest or lowest value is a trivial rule, such as "
            "timing.speech_rate; may be repeated.",
        ),
    ] = [],  # noqa: B006  # Typer copies it
    figure: Annotated[
        Path | None,
        typer.Option(help="Draw the reliability diagram: a .png or .svg file."),
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
    """How a checkpoint agrees with preference files, and how honest it is.

    Accuracy beside trivial rules, calibration, partial correlations with length and level, results
    by margin, speaker, language and system, and ranks of systems; all with intervals.
    """
    from rewardkit.evaluate.figure import check_ending, save
    from rewardkit.judge import judge_both
    from rewardkit.model import RewardModel

    if figure is not None:
        check_ending(figure)
        if len(preferences) > 1:
            stop("a figure is of one preference file", USAGE)
    model = RewardModel.from_pretrained(checkpoint)
    other = None if against is None else RewardModel.from_pretrained(against)
    for path in preferences:
        result, compared = judge_both(
            model, other, path, workers=workers, skip_errors=skip_errors, rules=rule
        )
        name = model.manifest.name
        if as_json:
            row: dict[str, Any] = {"path": str(path), "checkpoint": name, **result.to_json()}
            if compared is not None and other is not None:
                row |= {"against": other.manifest.name, "comparison": compared.to_json()}
            typer.echo(json.dumps(row, allow_nan=False))
        else:
            typer.echo(f"{name} on {path}: {result.render()}")
            if compared is not None and other is not None:
                typer.echo(compared.render(*_apart(name, other.manifest.name)))
        if figure is not None:
            save(result, figure)
            typer.echo(f"figure: {figure}", err=True)


def _apart(one: str, other: str) -> tuple[str, str]:
    """Two names that can be told apart."""
    return (one, other) if one != other else (f"{one} (first)", f"{other} (second)")
