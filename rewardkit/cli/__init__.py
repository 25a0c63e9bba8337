# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: Apache-2.0
"""The `rewardkit` command.

Exit codes: 0 all well, 1 some rows failed (or the answer is no), 2 wrong usage, 3 a model or
data file that can't be used, 130 interrupted.
"""

from __future__ import annotations

import io
import os
import sys
from typing import Annotated

import typer

from rewardkit.cli.annotate import annotate
from rewardkit.cli.audit import audit
from rewardkit.cli.convert import convert
from rewardkit.cli.doctor import doctor
from rewardkit.cli.evaluate import evaluate
from rewardkit.cli.explain import explain
from rewardkit.cli.failures import guarded
from rewardkit.cli.raters import raters
from rewardkit.cli.score import score
from rewardkit.cli.scorers import scorers
from rewardkit.cli.serve import serve
from rewardkit.cli.suggest import suggest
from rewardkit.cli.train import train
from rewardkit.cli.validate import validate
from rewardkit.version import VERSION

app = typer.Typer(
    name="rewardkit",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
for command in (
    *(score, explain, train, evaluate, audit, annotate, serve),
    *(suggest, raters, convert, validate, doctor),
):
    app.command()(guarded(command))
app.add_typer(scorers, name="scorers")


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"rewardkit {VERSION}")
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[  # its callback answers
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Say it and exit.")
    ] = False,
) -> None:
    """Reward models of speech: score clips by what listeners prefer."""


def main() -> None:
    """Run the command line; a stream that is closed takes all and gives nothing."""
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, mode, encoding="utf-8"))  # noqa: PTH123, SIM115
    if isinstance(sys.stdout, io.TextIOWrapper):  # a letter that the terminal lacks ends nothing
        sys.stdout.reconfigure(errors="replace")
    app()
