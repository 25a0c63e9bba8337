# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: Apache-2.0
"""`rewardkit validate`: what is wrong with preference files, before anything is trained."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from rewardkit.cli.failures import SOME_FAILED


def validate(
    preferences: Annotated[
        list[Path], typer.Argument(help="Preference files: .jsonl, .csv or .parquet.")
    ],
    clips: Annotated[bool, typer.Option(help="Open every clip.")] = True,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a file.")] = False,
    workers: Annotated[int, typer.Option(min=1, help="Threads that read clips.")] = 2,
) -> None:
    """Check preference files: every error and warning, as file:line: code message."""
    from rewardkit.preferences import probe
    from rewardkit.preferences import validate as check

    ok = True
    for path in preferences:
        report = check(path, probe=probe if clips else None, workers=workers)
        ok = ok and report.ok
        typer.echo(report.to_json() if as_json else report.text())
    if not ok:
        raise typer.Exit(SOME_FAILED)
