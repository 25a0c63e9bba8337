# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: Apache-2.0
"""`rewardkit score --dialogue`: a reward for each dialogue of a file, and what each turn adds."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from rewardkit.cli import output
from rewardkit.cli.failures import SOME_FAILED, UNREADABLE, stop

if TYPE_CHECKING:
    from rewardkit.audio import Limits
    from rewardkit.dialogue import DialogueReward


def score_dialogues(
    file: Path,
    checkpoint: str | None,
    *,
    limits: Limits,
    device: str,
    as_json: bool,
    out: Path | None,
    explain: bool,
) -> None:
    """Score the dialogues of a file: a table on a terminal, JSON lines when piped."""
    from rewardkit.dialogue import DialogueModel, read

    dialogues = read(file)
    model = DialogueModel.from_pretrained(checkpoint, device=device)
    to_table = out is None and not as_json and sys.stdout.isatty()
    kept: list[DialogueReward] = []
    failed = 0
    for dialogue in dialogues:
        reward = model.score_dialogue(dialogue, limits=limits)
        failed += reward.status != "ok"
        if out is not None:
            kept.append(reward)
        elif to_table:
            print_table(reward, explain=explain)
        else:
            output.print_line(reward.row(explain=explain))
    if out is not None:
        try:
            output.write(out, _rows(kept, by_turn=out.suffix != ".jsonl", explain=explain))
        except OSError as error:
            stop(f"{out} could not be written: {error}", UNREADABLE)
    if failed:
        raise typer.Exit(SOME_FAILED)


def _rows(
    rewards: Sequence[DialogueReward], *, by_turn: bool, explain: bool
) -> list[dict[str, Any]]:
    """One row a dialogue; in files that are flat, one a turn, and one for a dialogue without."""
    if not by_turn:
        return [reward.row(explain=explain) for reward in rewards]
    rows = []
    for reward in rewards:
        row = reward.row(explain=explain)
        turns = row.pop("turns") or [dict.fromkeys(("turn", "speaker", "path", "contribution"))]
        row.pop("because")
        rows += [{"dialogue": row["dialogue"], **_by_feature(turn), **row} for turn in turns]
    return rows


def _by_feature(turn: dict[str, Any]) -> dict[str, Any]:
    """A turn's parts, if it has them, as two objects whose keys are features."""
    parts = turn.pop("parts", ())
    return turn | {
        name: {part["feature"]: part[key] for part in parts}
        for name, key in (("values", "value"), ("contributions", "contribution"))
        if parts
    }


def print_table(reward: DialogueReward, *, explain: bool = False) -> None:
    """One dialogue for people, on standard output: its turns, the worst marked with reasons."""
    from rich.console import Console
    from rich.table import Table

    console = Console()
    name = output.plain(reward.name)
    if reward.scalar is None:
        console.print(f"[bold]{name}[/]: no reward: {output.plain(str(reward.error))}")
        return
    judged = ", ".join(reward.dimensions)
    console.print(f"[bold]{name}[/]: {judged} {reward.scalar:+.2f} ± {reward.std or 0:.2f}")
    table = Table(box=None, pad_edge=False)
    table.add_column("turn", justify="right")
    table.add_column("speaker")
    table.add_column("clip", overflow="fold")
    table.add_column("adds", justify="right")
    table.add_column("why")
    worst = reward.worst
    for turn in reward.turns:
        is_worst = worst is not None and turn.number == worst.number
        style = "bold red" if is_worst else None
        shown = turn.reasons if is_worst or explain else ()
        table.add_row(
            str(turn.number),
            output.plain(turn.speaker),
            output.plain(turn.source),
            f"{turn.contribution:+.2f}",
            "; ".join(f"{p.feature} {_number(p.value)} {p.unit}".rstrip() for p in shown),
            style=style,
        )
    console.print(table)


def _number(value: float | None) -> str:
    return "–" if value is None else f"{value:+.2f}"
