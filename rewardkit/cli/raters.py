# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: Apache-2.0
"""`rewardkit raters`: how far each rater can be relied on, and weights for their votes."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, cast

import typer

from rewardkit.cli.failures import USAGE, stop
from rewardkit.cli.output import print_line

if TYPE_CHECKING:
    from rewardkit.raters.reliability import Items


def raters(
    votes: Annotated[list[Path], typer.Argument(help="Preference files with named raters.")],
    golden: Annotated[
        Path | None,
        typer.Option(help="Preference file of pairs whose answer is known."),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(
            "-o", "--output", help="Write all votes again, weighed by their rater's reliability."
        ),
    ] = None,
    items: Annotated[
        str, typer.Option(help="What has a strength: each clip, or each system.")
    ] = "clip",
    level: Annotated[
        float, typer.Option(help="Confidence of intervals, and of what is flagged.")
    ] = 0.99,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object.")] = False,
) -> None:
    """Report on raters: reliability, agreement, consistency, golden pairs, sides, times."""
    from rewardkit.preferences import read
    from rewardkit.raters import RaterOptions, read_votes, render, report, weighted, weights
    from rewardkit.raters.again import write_again
    from rewardkit.raters.render import to_json

    if items not in ("clip", "system"):
        stop(f"--items is clip or system, not {items!r}", USAGE)
    if not 0 < level < 1:
        stop("--level lies between 0 and 1", USAGE)
    known = () if golden is None else read(golden, probe=None).preferences
    given = read_votes(votes)
    found = report(
        given, golden=known, options=RaterOptions(level=level, items=cast("Items", items))
    )
    if as_json:
        print_line(to_json(found))
    else:
        typer.echo(render(found))
    if out is not None:
        dropped = write_again(weighted(given.preferences, weights(found)), given.own, out)
        if dropped:
            typer.echo(f"only .jsonl keeps {', '.join(dropped)}", err=True)
        typer.echo(f"wrote {out}: {len(given.preferences)} preferences, weighed", err=True)
