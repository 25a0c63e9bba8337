# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: Apache-2.0
"""`rewardkit doctor`: what is installed, what works, what to do about the rest."""

from __future__ import annotations

from typing import Annotated

import typer

from rewardkit.cli.failures import SOME_FAILED


def doctor(
    as_json: Annotated[bool, typer.Option("--json", help="JSON instead of text.")] = False,
) -> None:
    """Check the installation: versions, scorers, checkpoints, cache, device."""
    import json

    from rewardkit.doctor import examine

    findings = examine()
    if as_json:
        typer.echo(json.dumps([vars(finding) for finding in findings]))
    else:
        for finding in findings:
            typer.echo(f"{'ok     ' if finding.ok else 'PROBLEM'} {finding.what}: {finding.found}")
    if not all(finding.ok for finding in findings):
        raise typer.Exit(SOME_FAILED)
