# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: Apache-2.0
"""`rewardkit suggest`: which pairs of clips to ask listeners about next, as a file."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from rewardkit.cli.failures import SOME_FAILED, USAGE, stop
from rewardkit.errors import PreferenceError

if TYPE_CHECKING:
    from rewardkit.pairs import Indexed


def suggest(
    clips: Annotated[
        list[str], typer.Argument(help="Audio files, folders, globs, or lists (.txt, .jsonl).")
    ],
    out: Annotated[
        Path, typer.Option("-o", "--output", help="The pairs, a .jsonl file; each lacks an answer.")
    ],
    count: Annotated[int, typer.Option(min=1, help="How many pairs.")] = 20,
    votes: Annotated[
        list[Path], typer.Option(help="Preference files with what was answered; may be repeated.")
    ] = [],  # noqa: B006  # Typer copies it
    scorers: Annotated[
        str, typer.Option(help="Installed scorers to measure with, by comma; as in train.")
    ] = "pitch,timing",
    same: Annotated[
        str | None,
        typer.Option(
            help="Regular expression: only clips are compared in whose paths it finds the same "
            "first group, such as '([^/]*)-[^/]*$' for what comes before the last hyphen."
        ),
    ] = None,
    explore: Annotated[
        float, typer.Option(min=0, max=1, help="Share of the pairs that are drawn at random.")
    ] = 0.2,
    target: Annotated[
        float | None,
        typer.Option(help="Agreement with listeners that is enough; says when it is reached."),
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="Of the random pairs, and of the sides.")] = 0,
    cache: Annotated[bool, typer.Option(help="Keep features in $REWARDKIT_CACHE.")] = True,
    workers: Annotated[int, typer.Option(min=0, help="Processes to measure with.")] = 1,
) -> None:
    """Suggest the pairs from which most is to be learned, and some at random."""
    from rewardkit import preferences
    from rewardkit.active import ActiveOptions, next_pairs, pairs_among
    from rewardkit.cli.inputs import expand
    from rewardkit.files import replace
    from rewardkit.pairs import index

    if out.suffix != ".jsonl" or not out.parent.is_dir():
        stop(f"{out}: pairs are written to a .jsonl file in a folder that exists", USAGE)
    if any(out.resolve() == path.resolve() for path in votes):
        stop(f"{out} holds answers; write the pairs to another file", USAGE)
    if target is not None and not 0 < target < 1:
        stop(f"--target is {target:g}; it lies between 0 and 1", USAGE)
    options = ActiveOptions(explore=explore)
    named = list(expand(clips))
    if any(source != name for name, source in named):
        stop("clips must be files: the pairs keep their paths", USAGE)
    paths = [str(Path(name).absolute()) for name, _ in named]
    _check_names(paths)
    read = [preferences.read(path, probe=None) for path in votes]
    indexed = index(preference for file in read for preference in file)
    every = list(dict.fromkeys([*paths, *indexed.paths]))
    values, failed = _measure(every, scorers, cache, workers)
    known = [path for path in every if path not in failed]
    row = {path: place for place, path in enumerate(known)}
    groups = [_group(path, same) if path in set(paths) else None for path in known]
    offered = [place for place, group in enumerate(groups) if group is not None]
    among = pairs_among([groups[place] for place in offered], seed=seed)
    if not len(among):
        stop("no two clips may be compared", USAGE)
    candidates = [(offered[a], offered[b]) for a, b in among.tolist()]
    found = next_pairs(
        [values[path] for path in known], candidates, _votes(indexed, row),
        count=count, seed=seed, options=options,
    )  # fmt: skip
    folder = out.parent.absolute()
    rows = [
        {
            "audio_a": _relative(known[pair.a], folder),
            "audio_b": _relative(known[pair.b], folder),
            "_reason": pair.reason,
            "_propensity": pair.propensity,
            "_gain": pair.gain,
            "_margin": pair.margin,
            **({"_dimension": pair.dimension} if pair.dimension else {}),
        }
        for pair in found
    ]
    replace(out, "".join(json.dumps(r, ensure_ascii=False) + "\n" for r in rows).encode())
    at_random = sum(pair.reason == "random" for pair in found)
    typer.echo(f"wrote {out}: {len(found)} pairs, {at_random} of them at random")
    _say(votes, target, indexed.pairs.dimensions)
    for path, reason in failed.items():
        typer.echo(f"left out: {path}: {reason}", err=True)
    if failed:
        raise typer.Exit(SOME_FAILED)


def _check_names(paths: list[str]) -> None:
    """Refuse what can't be written to the file of pairs, before it is measured."""
    for path in paths:
        try:
            path.encode()
        except UnicodeEncodeError as error:
            message = f"{path!r} can't be written as UTF-8"
            raise PreferenceError("bad_encoding", message) from error


def _measure(
    paths: list[str], scorers: str, cache: bool, workers: int
) -> tuple[dict[str, Any], dict[str, str]]:
    """Features by path, and why a clip has none."""
    from rewardkit import scorers as installed
    from rewardkit.cache import FeatureCache, default_path
    from rewardkit.cli.train import scorer_of
    from rewardkit.extract import Extractor
    from rewardkit.workers import measure_files

    chosen = [installed.load(name, **given) for name, given in map(scorer_of, scorers.split(","))]
    extractor = Extractor(chosen, cache=FeatureCache(default_path()) if cache else None)
    features = measure_files(extractor, paths, workers=workers)
    both = list(zip(paths, features.errors, strict=True))
    values = dict(zip(paths, features.values, strict=True))
    return values, {path: str(error) for path, error in both if error is not None}


def _group(path: str, same: str | None) -> str:
    """What clips must have in common; a clip in whose path nothing is found is on its own."""
    if same is None:
        return ""
    try:
        match = re.search(same, path)
        return path if match is None else match.group(1)
    except (re.error, IndexError) as error:
        stop(f"--same {same!r}: {error}; a regular expression with a group is needed", USAGE)


def _votes(indexed: Indexed, row: dict[str, int]) -> Any:
    """The votes between clips that could be measured, by their rows in the table."""
    import dataclasses

    import numpy as np

    if not len(indexed.pairs):
        return None
    places = np.array([row.get(path, -1) for path in indexed.paths])
    pairs = indexed.pairs
    kept = (places[pairs.a] >= 0) & (places[pairs.b] >= 0)
    pairs = dataclasses.replace(pairs, a=places[pairs.a], b=places[pairs.b])
    return pairs.select(kept)


def _say(votes: Sequence[Path], target: float | None, dimensions: Sequence[str]) -> None:
    """What answers to random pairs of earlier suggestions say of the head.

    A margin is the head's opinion in one dimension, and says nothing of answers in another. What
    several listeners say of one pair is one draw from the pairs: their mean counts once.
    """
    from statistics import fmean

    from rewardkit.active import Accuracy
    from rewardkit.active.stopping import agreement
    from rewardkit.preferences.issues import Issues
    from rewardkit.preferences.parse import Parser
    from rewardkit.preferences.read import FORMATS

    agreed: dict[frozenset[str], list[float]] = {}  # by pair, in order
    only = dimensions[0] if len(dimensions) == 1 else None  # older files do not name it
    for path in votes:
        parse = Parser("/", as_text=path.suffix.lower() == ".csv")
        for line, cells in FORMATS[path.suffix.lower()](path, Issues(str(path))):
            if cells is None or cells.get("_reason") != "random":
                continue
            preference, _ = parse(cells, line)
            try:
                opinion = float(cells.get("_margin") or 0.0)
            except (TypeError, ValueError):
                opinion = 0.0
            if preference is None or not abs(opinion) > 0:  # before any vote there was no opinion
                continue
            if (cells.get("_dimension") or only) == preference.dimension:
                (agrees,) = agreement([opinion], [preference.win]).tolist()
                agreed.setdefault(frozenset((preference.a, preference.b)), []).append(agrees)
    if agreed:
        verdict = Accuracy(target=target).verdict([fmean(answers) for answers in agreed.values()])
        typer.echo(f"{'stop' if verdict.stop else 'go on'}: {verdict.reason}")
    elif target is not None:
        typer.echo("go on: no answer to a random pair that the head had an opinion of")


def _relative(path: str, folder: Path) -> str:
    clip = Path(path)
    return str(clip.relative_to(folder)) if clip.is_relative_to(folder) else path
