# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: Apache-2.0
"""`rewardkit audit`: does a checkpoint do what any listener would?"""

from __future__ import annotations

from typing import Annotated, Optional

import typer

from rewardkit.cli.failures import SOME_FAILED, USAGE, stop
from rewardkit.cli.inputs import expand
from rewardkit.errors import RewardkitError


def audit(
    checkpoint: Annotated[str, typer.Argument(help="Folder, shipped name or hub id.")],
    clips: Annotated[
        list[str],
        typer.Argument(help="Clips of speech to change: files, folders, globs, lists of paths."),
    ],
    only: Annotated[
        Optional[list[str]],  # noqa: UP045  # Typer reads this annotation
        typer.Option(help="Name of a perturbation; may be given more than once. [all]"),
    ] = None,
    seed: Annotated[int, typer.Option(help="Of what the perturbations draw.")] = 0,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object instead.")] = False,
) -> None:
    """Change clips in known ways and see what becomes of their rewards; exit 1 if any fails."""
    from rewardkit import audio, perturbations
    from rewardkit.audit import audit as run
    from rewardkit.cli.output import json_line
    from rewardkit.model import RewardModel

    known = {each.name: each for each in perturbations.available()}
    unknown = [name for name in only or () if name not in known]
    if unknown:
        stop(f"no perturbation {', '.join(unknown)}; there are {', '.join(known)}", USAGE)
    try:
        sources = [audio.read(source) for _, source in expand(clips)]
    except RewardkitError as error:
        stop(str(error), USAGE)
    chosen = [each for name, each in known.items() if not only or name in only]
    result = run(
        RewardModel.from_pretrained(checkpoint),
        sources,
        chosen,
        seed=seed,
        progress=lambda name: typer.echo(name, err=True),
    )
    typer.echo(json_line(result.to_json()) if as_json else result.render())
    if not result.passed:
        raise typer.Exit(SOME_FAILED)
