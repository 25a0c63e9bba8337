# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: Apache-2.0
"""`rewardkit explain`: why a clip has the reward it has."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from rewardkit.cli.failures import SOME_FAILED


def explain(
    clip: Annotated[Path, typer.Argument(help="An audio file.")],
    checkpoint: Annotated[
        str | None,
        typer.Option(help="Folder, shipped name or hub id. [$REWARDKIT_CHECKPOINT, or default]"),
    ] = None,
    figure: Annotated[
        Path | None,
        typer.Option("-o", "--figure", help="Also draw it: a .png, .svg or .html file."),
    ] = None,
    most: Annotated[int, typer.Option(min=1, help="How many features are named.")] = 12,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object instead.")] = False,
) -> None:
    """Take a clip's reward apart: each feature's value, its place, and what it adds."""
    from rewardkit.cli.output import print_line
    from rewardkit.explain import explain as take_apart
    from rewardkit.figure import check_ending, save
    from rewardkit.model import RewardModel

    if figure is not None:
        check_ending(figure)
    explanation = take_apart(RewardModel.from_pretrained(checkpoint), clip)
    if as_json:
        print_line(explanation.to_json())
    else:
        typer.echo(explanation.render(most))
    if figure is not None and explanation.parts:
        save(explanation, figure)
        typer.echo(f"figure: {figure}", err=True)
    if explanation.reward.scalar is None:
        raise typer.Exit(SOME_FAILED)
