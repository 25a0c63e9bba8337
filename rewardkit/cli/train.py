# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: Apache-2.0
"""`rewardkit train`: preference files in, a checkpoint out."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, cast

import typer

from rewardkit.cli.failures import USAGE, stop
from rewardkit.cli.output import check_folder
from rewardkit.errors import RewardkitError

if TYPE_CHECKING:
    from rewardkit.training.options import Ties


def train(
    preferences: Annotated[
        list[Path], typer.Argument(help="Preference files: .jsonl, .csv or .parquet.")
    ],
    out: Annotated[
        Path, typer.Option("-o", "--output", help="Folder of the checkpoint; made when absent.")
    ],
    scorers: Annotated[
        str,
        typer.Option(
            help="Installed scorers to measure with, by comma; with parameters as in "
            "'pitch,emotion:source=FOLDER'."
        ),
    ] = "pitch,timing",
    features: Annotated[
        list[str],
        typer.Option(
            "--features",
            help="Which features a dimension may use, such as 'prosody=pitch.*,timing.*', or all "
            "dimensions, such as 'pitch.*'; '!pitch.jitter*' takes out again, of all if it comes "
            "first. May be repeated: patterns of one dimension add up.",
        ),
    ] = [],  # noqa: B006  # Typer copies it
    name: Annotated[
        str | None,
        typer.Option(help="Name of the checkpoint.", show_default="name of the folder"),
    ] = None,
    l2: Annotated[
        float | None,
        typer.Option(help="Weight decay.", show_default="chosen by cross-validation"),
    ] = None,
    ties: Annotated[
        str,
        typer.Option(
            help="What a tie is: half a win for each side (half), or an answer with a probability "
            "of its own (davidson, rao-kupper)."
        ),
    ] = "davidson",
    raters: Annotated[
        bool, typer.Option("--raters", help="Fit how reliable each named rater is.")
    ] = False,
    smoothing: Annotated[
        float, typer.Option(help="Share of the answers taken to be reversed, below 0.5.")
    ] = 0.0,
    margin: Annotated[
        float, typer.Option(help="Log-odds that a unit of the data's margin asks for.")
    ] = 0.0,
    center: Annotated[
        float, typer.Option(help="Penalty on the squared sum of a pair's two rewards.")
    ] = 0.0,
    decorrelate: Annotated[
        str,
        typer.Option(
            help="What the reward must not go with, by comma: duration, level, or features."
        ),
    ] = "",
    bend: Annotated[
        bool,
        typer.Option(help="One slope below each feature's mean, another above it."),
    ] = False,
    members: Annotated[int, typer.Option(min=2, help="Bootstrap members behind std.")] = 20,
    seed: Annotated[int, typer.Option(min=0, help="Of the bootstrap.")] = 0,
    accelerator: Annotated[str, typer.Option(help="As for Lightning: auto, cpu, gpu.")] = "auto",
    resume: Annotated[
        bool,
        typer.Option(
            "--resume", help="Keep each step in OUTPUT/.steps; go on from there if killed before."
        ),
    ] = False,
    cross_validate: Annotated[
        bool, typer.Option(help="Report accuracy on speakers or clips that were left out.")
    ] = True,
    calibrate: Annotated[
        bool,
        typer.Option(help="Divide rewards by the temperature that fits what was left out."),
    ] = True,
    speech: Annotated[
        bool, typer.Option(help="Whether the model refuses clips without speech.")
    ] = True,
    skip_errors: Annotated[
        bool, typer.Option(help="Leave out preferences with errors, and count them.")
    ] = False,
    cache: Annotated[bool, typer.Option(help="Keep features in $REWARDKIT_CACHE.")] = True,
    workers: Annotated[
        int,
        typer.Option(min=0, help="Processes to measure with; 0: in this one, without a deadline."),
    ] = 1,
    license_: Annotated[
        str, typer.Option("--license", help="SPDX expression for the weights.")
    ] = "LicenseRef-unknown",
) -> None:
    """Train a reward model on preference files and write its checkpoint."""
    from rewardkit.cache import default_path
    from rewardkit.checkpoint import CARD, MANIFEST
    from rewardkit.training.options import TrainOptions
    from rewardkit.training.run import RunOptions
    from rewardkit.training.run import train as run

    try:
        check_folder(out)
    except RewardkitError as error:
        stop(str(error), USAGE)
    if (out / CARD).exists() and not (out / MANIFEST).exists():
        stop(f"{out} has a {CARD} that is not a checkpoint's; choose another folder", USAGE)
    use: dict[str, tuple[str, ...]] = {}
    for text in features:
        dimension, patterns = _use(text)
        use[dimension] = use.get(dimension, ()) + patterns
    result = run(
        preferences,
        RunOptions(
            name=name or out.resolve().name,
            scorers=tuple(map(scorer_of, scorers.split(","))),
            use=use,
            train=TrainOptions(
                l2=l2,
                ties=cast("Ties", ties),
                raters=raters,
                smoothing=smoothing,
                margin=margin,
                center=center,
                bend=bend,
                members=members,
                seed=seed,
                accelerator=accelerator,
                journal=str(out / ".steps") if resume else None,
            ),
            decorrelate=tuple(filter(None, decorrelate.split(","))),
            cross_validate=cross_validate,
            calibrate=calibrate,
            require_speech=speech,
            skip_errors=skip_errors,
            license=license_,
            cache=str(default_path()) if cache else None,
            workers=workers,
        ),
        progress=lambda text: typer.echo(f"{text} …", err=True),
    )
    result.model.save(out)
    if resume:
        shutil.rmtree(out / ".steps", ignore_errors=True)
    for text in result.skipped:
        typer.echo(f"skipped: {text}", err=True)
    for text in result.warnings:
        typer.echo(f"warning: {text}", err=True)
    if result.evaluation is not None:
        typer.echo(result.evaluation.render())
    if result.strict is not None:
        typer.echo(f"by heads that know neither side of a pair: {result.strict.render()}")
    for dimension, (value, *_) in result.model.manifest.training["temperature"].items():
        typer.echo(f"{dimension}: rewards divided by the temperature {value:.3f}")
    typer.echo(f"wrote {out}: dimensions {', '.join(result.model.dimensions)}")


def scorer_of(text: str) -> tuple[str, dict[str, Any]]:
    """`emotion:source=FOLDER:device=cuda` as a name and parameters; values are JSON, or text."""
    name, *given = text.strip().split(":")
    values: dict[str, Any] = {}
    for part in given:
        key, equals, value = part.partition("=")
        if not equals:
            stop(f"scorer {name}: {part!r} is no parameter; write {name}:KEY=VALUE", USAGE)
        try:
            values[key] = json.loads(value)
        except ValueError:
            values[key] = value
    return name, values


def _use(text: str) -> tuple[str, tuple[str, ...]]:
    """`prosody=pitch.*,timing.*` as a dimension and its patterns; without one, for all (`*`)."""
    dimension, equals, patterns = text.rpartition("=")
    return (dimension if equals else "*", tuple(part.strip() for part in patterns.split(",")))
