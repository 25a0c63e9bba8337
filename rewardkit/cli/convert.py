# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: Apache-2.0
"""`rewardkit convert`: another tool's file in, a preference file out."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from rewardkit.cli.failures import SOME_FAILED, USAGE, stop


def convert(
    source: Annotated[Path, typer.Argument(help="The other tool's file.")],
    out: Annotated[
        Path, typer.Option("-o", "--output", help="Preference file: .jsonl, .csv or .parquet.")
    ],
    from_: Annotated[
        str,
        typer.Option(
            "--from",
            help="speechjudge, p808, bvcc, somos, ratings, helpsteer3, trl, argilla or "
            "label-studio.",
        ),
    ],
    clips: Annotated[
        Path | None,
        typer.Option(help="Folder of the clips.", show_default="the file's folder"),
    ] = None,
    dimension: Annotated[
        str | None,
        typer.Option(help="What was judged.", show_default="what the format stands for"),
    ] = None,
    column: Annotated[
        list[str],
        typer.Option(help="For ratings: ROLE=COLUMN, such as clip=file; may be repeated."),
    ] = [],  # noqa: B006  # Typer copies it
    circles: Annotated[
        int,
        typer.Option(
            min=0, help="For ratings: pairs a clip and rater, times two; 0 for all pairs."
        ),
    ] = 2,
    references: Annotated[
        Path | None,
        typer.Option(help="For P.808's CCR: the test's rating_clips file."),
    ] = None,
    sides: Annotated[
        str, typer.Option(help="For Label Studio: data keys of the left and right clip, by comma.")
    ] = "",
    seed: Annotated[int, typer.Option(help="Of pairs drawn at random.")] = 0,
    skip_errors: Annotated[
        bool, typer.Option(help="Leave out what is wrong, and list it, instead of giving up.")
    ] = False,
) -> None:
    """Convert ratings or preferences of another tool to a preference file."""
    from rewardkit.preferences import write
    from rewardkit.preferences.importers import ImportOptions
    from rewardkit.preferences.importers import convert as read

    keys = tuple(filter(None, sides.split(",")))
    if keys and len(keys) != 2:
        stop("--sides takes two keys, such as audio1,audio2", USAGE)
    pairs = [text.partition("=") for text in column]
    if not all(equals for _, equals, _ in pairs):
        stop("--column is written ROLE=COLUMN", USAGE)
    options = ImportOptions(
        clips=clips,
        dimension=dimension,
        columns={role: name for role, _, name in pairs},
        circles=circles or None,
        references=references,
        sides=(keys[0], keys[1]) if keys else None,
        seed=seed,
    )
    found = read(source, from_, options, skip_errors=skip_errors)
    write(found.preferences, out)
    for issue in found.errors:
        typer.echo(str(issue), err=True)
    left = [f"{count} {reason}" for reason, count in sorted(found.left_out.items())]
    bad = [f"{len(found.errors)} errors"] * bool(len(found.errors))
    note = f"; left out: {', '.join(left + bad)}" if left or bad else ""
    typer.echo(f"wrote {out}: {len(found.preferences)} preferences{note}")
    if len(found.errors):
        raise typer.Exit(SOME_FAILED)
