# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: Apache-2.0
"""`rewardkit scorers`: what is installed, and whether it keeps the contract."""

from __future__ import annotations

from typing import Annotated

import typer

from rewardkit.cli.failures import SOME_FAILED, guarded

scorers = typer.Typer(help="List installed scorers, or check one.", no_args_is_help=True)


@scorers.command("list")
@guarded
def list_scorers(
    features: Annotated[bool, typer.Option(help="Also list each feature.")] = False,
) -> None:
    """The installed scorers, their versions and what they measure."""
    from rewardkit.errors import RewardkitError
    from rewardkit.scorers import NO_MODEL, installed, load

    failed = False
    for name, point in installed().items():
        try:
            scorer = load(name)
        except RewardkitError as error:
            wants = error.code == NO_MODEL  # nothing is wrong: it has no default
            typer.echo(f"{name}: {error.message if wants else error}", err=not wants)
            failed |= not wants
            continue
        package = point.dist.name if point.dist else "?"
        rate = f"{scorer.sample_rate} Hz" if scorer.sample_rate else "any rate"
        typer.echo(f"{name} {scorer.version}: {len(scorer.features)} features, {rate} ({package})")
        if features:
            for f in scorer.features:
                level = ", follows level" if f.level_dependent else ""
                typer.echo(
                    f"  {name}.{f.name} [{f.unit}, {f.low:g} to {f.high:g}{level}]: {f.about}"
                )
    if failed:
        raise typer.Exit(SOME_FAILED)


@scorers.command("check")
@guarded
def check_scorer(name: Annotated[str, typer.Argument(help="Name of an installed scorer.")]) -> None:
    """Run the conformance checks on one scorer."""
    from rewardkit.scorers import load
    from rewardkit.testing import CHECKS

    scorer = load(name)
    failed = 0
    for check in CHECKS:
        try:
            check(scorer)
            typer.echo(f"ok      {check.__name__}")
        except (Exception, SystemExit) as error:  # whatever it raises, it does not conform
            failed += 1
            typer.echo(f"FAILED  {check.__name__}: {type(error).__name__}: {error}")
    if failed:
        raise typer.Exit(SOME_FAILED)
