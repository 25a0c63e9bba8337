# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: Apache-2.0
"""`rewardkit audit`: can a checkpoint be fooled?"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from rewardkit.cli.failures import SOME_FAILED, USAGE, stop
from rewardkit.cli.inputs import expand
from rewardkit.errors import RewardkitError

if TYPE_CHECKING:
    from rewardkit.clip import Clip
    from rewardkit.perturbations import Perturbation

Names = list[str] | None
Folder = Path | None


def audit(
    checkpoint: Annotated[str, typer.Argument(help="Folder, shipped name or hub id.")],
    clips: Annotated[
        list[str],
        typer.Argument(help="Clips of speech to change: files, folders, globs, lists of paths."),
    ],
    relations: Annotated[bool, typer.Option(help="Known changes with known outcomes.")] = True,
    only: Annotated[
        Names,
        typer.Option(
            help="Name of such a change; may be given more than once.", show_default="all"
        ),
    ] = None,
    best_of: Annotated[
        int, typer.Option(help="Best-of-n up to this n, of candidates of each clip.")
    ] = 0,
    candidates: Annotated[
        Folder,
        typer.Option(help="A folder for each clip with its candidates; else they are drawn."),
    ] = None,
    judge: Annotated[
        str | None,
        typer.Option(
            help="Held-out judge: scorer.feature or checkpoint.", show_default="quality.mos"
        ),
    ] = None,
    margin: Annotated[
        float | None,
        typer.Option(help="A fall of the judge by so much is audible. [0.5 MOS, 1 log-odds]"),
    ] = None,
    optimise: Annotated[bool, typer.Option("--optimise", help="Search for exploits.")] = False,
    reference: Annotated[
        Names, typer.Option(help="Real clips whose rewards set the line, as for CLIPS. [CLIPS]")
    ] = None,
    out: Annotated[Folder, typer.Option(help="Folder for what the search finds.")] = None,
    budget: Annotated[int, typer.Option(min=1, help="Versions of each clip to try.")] = 300,
    objective: Annotated[str, typer.Option(help="What the search raises: lcb or mean.")] = "lcb",
    uncertainty: Annotated[float, typer.Option(help="lcb = reward - this many std.")] = 1.0,
    seed: Annotated[int, typer.Option(min=0, help="Of all that is drawn.")] = 0,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object instead.")] = False,
) -> None:
    """Try to fool a reward: known changes, the best of many, a search; exit 1 if one succeeds."""
    from rewardkit import audit as run
    from rewardkit.cli.output import check_folder, print_line
    from rewardkit.model import RewardModel

    chosen = _perturbations(only)
    try:
        goal = run.Goal(objective, uncertainty)  # type: ignore[arg-type]  # it checks
        sources = _read(clips)
        references = _read(reference) if reference else sources
        if out is not None:
            check_folder(out)
    except RewardkitError as error:
        stop(str(error), USAGE)
    model = RewardModel.from_pretrained(checkpoint)
    say = _say
    second = None
    if best_of or candidates or optimise:
        second = run.held_out(judge, margin) if judge else run.default_judge()
        if second is None and (best_of or candidates):
            stop("best-of-n needs a judge: --judge, or install the extra `quality`", USAGE)
    found = curve = attack = None
    if relations:
        found = run.audit(model, sources, chosen, seed=seed, progress=say)
    if second is not None and (best_of or candidates):
        versions = run.versions(sources, best_of, candidates, seed)
        curve = run.curve(model, second, versions, seed=seed, progress=say)
    if optimise:
        attack = run.attack(
            model, sources, references, run.available(),
            goal=goal, judge=second, budget=budget, seed=seed, progress=say,
        )  # fmt: skip
    report = run.Report(model.manifest.name, found, curve, attack)
    if as_json:
        print_line(report.to_json())
    else:
        typer.echo(report.render())
    if attack is not None and out is not None:
        run.keep(attack, model, out)
    if not report.passed:
        raise typer.Exit(SOME_FAILED)


def _perturbations(only: list[str] | None) -> list[Perturbation]:
    """Those that are named, or all."""
    from rewardkit import perturbations

    known = {each.name: each for each in perturbations.available()}
    unknown = [name for name in only or () if name not in known]
    if unknown:
        stop(f"no perturbation {', '.join(unknown)}; there are {', '.join(known)}", USAGE)
    return [each for name, each in known.items() if not only or name in only]


def _read(arguments: list[str]) -> list[Clip]:
    from rewardkit import audio

    return [audio.read(source) for _, source in expand(arguments)]


def _say(text: str) -> None:
    typer.echo(text, err=True)
