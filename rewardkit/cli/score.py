# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: Apache-2.0
"""`rewardkit score`: a reward for each clip."""

from __future__ import annotations

import itertools
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from rewardkit.cli import output
from rewardkit.cli.failures import SOME_FAILED, UNREADABLE, USAGE, stop
from rewardkit.cli.inputs import Input, expand
from rewardkit.errors import RewardkitError
from rewardkit.startup import starting

if TYPE_CHECKING:
    from rewardkit.audio import Limits
    from rewardkit.model import RewardModel


def score(
    clips: Annotated[
        list[str] | None,
        typer.Argument(
            help="Files, folders, globs, lists of paths (.txt, .jsonl), or - for standard input.",
        ),
    ] = None,
    dialogue: Annotated[
        Path | None,
        typer.Option(
            help="In place of clips: a .jsonl file of turns, one a line, with speaker and audio; "
            "each dialogue gets a reward, and its worst turn is named."
        ),
    ] = None,
    checkpoint: Annotated[
        str | None,
        typer.Option(
            help="Folder, shipped name or hub id. [$REWARDKIT_CHECKPOINT, or default; of "
            "dialogues coherence]"
        ),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="JSON lines even on a terminal.")] = False,
    out: Annotated[
        Path | None,
        typer.Option("-o", "--output", help="Write rows to a .jsonl, .csv or .parquet file."),
    ] = None,
    explain: Annotated[
        bool, typer.Option(help="Also give what each feature adds to the reward.")
    ] = False,
    workers: Annotated[
        int | None,
        typer.Option(
            min=0,
            help="Processes to measure with; 0: in this one, without a deadline. "
            "[1, or 0 for a single clip]",
        ),
    ] = None,
    device: Annotated[
        str, typer.Option(help="cpu, cuda, or auto; other than cpu, without worker processes.")
    ] = "cpu",
    timeout: Annotated[
        float | None,
        typer.Option(min=0.01, help="Seconds a clip may take in a worker process. [120]"),
    ] = None,
    max_duration: Annotated[
        float, typer.Option(min=0.2, help="Longest clip that is accepted, in seconds.")
    ] = 3600.0,
    window: Annotated[
        float | None,
        typer.Option(min=1.0, help="Score files of any length in windows of so many seconds."),
    ] = None,
    allow_truncated: Annotated[
        bool, typer.Option(help="Accept files that end before their header says.")
    ] = False,
) -> None:
    """Score clips: a table on a terminal, JSON lines when piped; one row per clip, in order."""
    from rewardkit.audio import Limits
    from rewardkit.model import RewardModel

    if (dialogue is None) == (not clips):
        stop("give clips, or a file of turns with --dialogue", USAGE)
    if out is not None:
        try:
            output.check_ending(out)
        except RewardkitError as error:
            stop(str(error), USAGE)
    limits = Limits(max_duration=max_duration, allow_truncated=allow_truncated)
    if dialogue is not None:
        from rewardkit.cli.dialogue import score_dialogues

        if window is not None or workers or timeout is not None:
            stop("--window, --workers and --timeout are for clips, not for --dialogue", USAGE)
        score_dialogues(
            dialogue, checkpoint, limits=limits, device=device, as_json=as_json, out=out,
            explain=explain,
        )  # fmt: skip
        return
    if window is not None and (workers or timeout is not None):
        stop("--window measures in this process: leave out --workers and --timeout", USAGE)
    try:
        inputs = list(expand(clips or []))
    except RewardkitError as error:
        stop(str(error), USAGE)
    with starting():
        model = RewardModel.from_pretrained(checkpoint, device=device)
        rows: Iterator[output.Row]
        if window is not None:
            rows = _windows(model, inputs, window, limits, explain)
        else:
            rewards = model.score_iter(
                (source for _, source in inputs),
                workers=_workers(workers, len(inputs), model.extractor.device),
                timeout=120.0 if timeout is None else timeout,
                limits=limits,
                explain=explain,
            )
            rows = (r.row(name) for (name, _), r in zip(inputs, rewards, strict=True))
        first = list(itertools.islice(rows, 1))
    to_table = out is None and not as_json and sys.stdout.isatty()
    to_lines = out is None and not to_table
    kept: list[output.Row] = []
    failed = 0
    for row in _progress(itertools.chain(first, rows), len(inputs)):
        failed += row["status"] != "ok"
        if to_lines:
            output.print_line(row)
        else:
            kept.append(row)
    if out is not None:
        try:
            output.write(out, kept)
        except OSError as error:
            stop(f"{out} could not be written: {error}", UNREADABLE)
    elif to_table:
        output.print_table(kept)
    if failed:
        raise typer.Exit(SOME_FAILED)


def _workers(given: int | None, clips: int, device: str) -> int:
    """As asked; or one process, with its deadline, but for a single clip or on a GPU."""
    if given is not None:
        return given
    return int(clips > 1 and device == "cpu")


def _windows(
    model: RewardModel, inputs: list[Input], seconds: float, limits: Limits, explain: bool
) -> Iterator[output.Row]:
    """Rows of equal windows of each file, with `start`; a file that can't be read is one row."""
    from rewardkit.audio import read_windows
    from rewardkit.reward import Reward

    for name, source in inputs:
        try:
            for start, clip in read_windows(source, seconds, limits):
                yield {**model(clip, limits=limits, explain=explain).row(name), "start": start}
        except RewardkitError as error:
            yield {**Reward.failed(error).row(name), "start": None}


def _progress(rows: Iterator[output.Row], total: int) -> Iterator[output.Row]:
    """The same rows, counted on standard error when that is a terminal."""
    if not sys.stderr.isatty():
        yield from rows
        return
    from rich.console import Console
    from rich.progress import track

    yield from track(
        rows, total=total, description="scoring", console=Console(stderr=True), transient=True
    )
