# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: Apache-2.0
"""`rewardkit annotate`: a listening test in the browser, and its answers as a preference file."""

from __future__ import annotations

import dataclasses
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from rewardkit.cli.failures import UNREADABLE, USAGE, stop
from rewardkit.cli.inputs import expand
from rewardkit.errors import RewardkitError

if TYPE_CHECKING:
    from rewardkit.annotate import Study
    from rewardkit.annotate.run import Address
    from rewardkit.preferences import Preference

_INSTALL = "pip install 'speech-rewardkit[annotate]'"


def annotate(
    clips: Annotated[
        list[str] | None,
        typer.Argument(
            help="Clips to compare all with all (files, folders, globs, lists), or a file of pairs "
            "(audio_a, audio_b). None: go on with the study."
        ),
    ] = None,
    study: Annotated[
        Path, typer.Option(help="The study: one SQLite file, made when absent.")
    ] = Path("study.sqlite"),
    export: Annotated[
        Path | None,
        typer.Option(help="Write the answers to this .jsonl file, and do not serve."),
    ] = None,
    everything: Annotated[
        bool,
        typer.Option(
            "--everything", help="Export golden and repeated pairs and flagged raters too."
        ),
    ] = False,
    raters: Annotated[
        str, typer.Option(help="Names, by comma: each gets a link of their own.")
    ] = "",
    exclude: Annotated[
        list[str],
        typer.Option(help="NAME=REASON: flag a rater, who is then left out of exports."),
    ] = [],  # noqa: B006  # Typer copies it
    dimensions: Annotated[
        str | None,
        typer.Option(help="What is asked of each pair, by comma.", show_default="overall"),
    ] = None,
    question: Annotated[
        list[str], typer.Option(help="DIMENSION=TEXT: how it is asked; may be repeated.")
    ] = [],  # noqa: B006
    title: Annotated[str | None, typer.Option(help="Shown to raters.")] = None,
    instructions: Annotated[
        Path | None,
        typer.Option(help="Text file for the first screen; lines are paragraphs."),
    ] = None,
    strength: Annotated[
        bool | None,
        typer.Option(help="Ask whether it is slight or clear.", show_default="ask"),
    ] = None,
    votes_per_pair: Annotated[
        int | None,
        typer.Option(min=1, help="Raters for each pair. [1]"),
    ] = None,
    per_rater: Annotated[
        int | None,
        typer.Option(min=1, help="Answers after which a rater is done.", show_default="no limit"),
    ] = None,
    golden: Annotated[
        Path | None,
        typer.Option(help="Preference file of pairs whose answer is known, mixed in unseen."),
    ] = None,
    golden_share: Annotated[
        float | None,
        typer.Option(min=0, max=0.5, help="Share of golden pairs, while there are any. [0.1]"),
    ] = None,
    repeat: Annotated[
        float | None,
        typer.Option(min=0, max=0.4, help="Share of pairs shown again, sides swapped. [0.05]"),
    ] = None,
    heard: Annotated[
        float | None,
        typer.Option(min=0, max=1, help="Share of each clip to be heard before a vote. [0.8]"),
    ] = None,
    level: Annotated[
        float | None,
        typer.Option(help="Loudness that clips are played at, in LUFS. [-23]"),
    ] = None,
    choose: Annotated[
        str, typer.Option(help="Which pair is next: the one that teaches most (active), or random.")
    ] = "active",
    scorers: Annotated[
        str, typer.Option(help="What active choice measures clips with, by comma; as in train.")
    ] = "pitch,timing",
    stop_at: Annotated[
        float | None,
        typer.Option(
            help="With active choice: end when the head's agreement with raters on random pairs "
            "is known to plus or minus this, such as 0.1. [go on to the last pair]"
        ),
    ] = None,
    cache: Annotated[bool, typer.Option(help="Keep features in $REWARDKIT_CACHE.")] = True,
    pairs: Annotated[
        int, typer.Option(min=1, help="Most pairs to make of clips that are not paired.")
    ] = 2000,
    seed: Annotated[
        int | None,
        typer.Option(help="Of the order of pairs and sides. [0]"),
    ] = None,
    host: Annotated[
        str, typer.Option(help="Address to listen on; other than loopback, raters need links.")
    ] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=1, max=65_535)] = 8377,
    url: Annotated[
        str | None,
        typer.Option(help="Address that raters use, when it is another: behind a proxy, say."),
    ] = None,
) -> None:
    """Run a listening test: two clips, blind, which is better; and export the answers."""
    try:
        import fastapi
        import pyloudnorm
        import uvicorn
    except ImportError as error:
        stop(f"annotate needs {error.name}: {_INSTALL}", USAGE)
    del fastapi, pyloudnorm, uvicorn
    from rewardkit.annotate.run import ALONE, Address, check_free

    given = {
        "title": title,
        "strength": strength,
        "votes_per_pair": votes_per_pair,
        "per_rater": per_rater,
        "golden": golden_share,
        "repeat": repeat,
        "heard": heard,
        "level": level,
        "seed": seed,
        "instructions": None if instructions is None else _text(instructions),
    }
    changes = {name: value for name, value in given.items() if value is not None}
    address = Address(host, port, url)
    if choose not in ("active", "random"):
        stop(f"--choose is active or random, not {choose!r}", USAGE)
    if stop_at is not None and (choose != "active" or not 0 < stop_at < 0.5):
        stop("--stop-at lies between 0 and 0.5, and goes with --choose active", USAGE)
    names = [name for name in (part.strip() for part in raters.split(",")) if name]
    if ALONE in names:
        stop(f"{ALONE!r} is the rater who needs no link; take another name", USAGE)
    # Whatever can be wrong with the files is found before a study is made of them.
    asked = _pairs(clips, pairs, seed or 0) if clips else []
    known = _golden(golden) if golden is not None else []
    is_new = not study.exists()
    wording = _questions(dimensions, question)
    serves = export is None and not exclude
    if serves:
        check_free(address)  # else a server that is running would get what is added
    opened = _opened(study, changes, wording, bool(asked))
    try:
        try:
            _add(opened, asked)
            _add(opened, known, golden=True)
        except BaseException:
            if is_new:
                opened.remove()
            raise
        for name in names:
            opened.add_rater(name)
        for text in exclude:
            _exclude(opened, text)
        if export is not None:
            _export(opened, export, everything)
        elif serves:
            _serve(opened, address, scorers if choose == "active" else None, cache, stop_at)
    finally:
        opened.close()


def _opened(
    path: Path, changes: dict[str, Any], wording: tuple[list[str], dict[str, str]], has_pairs: bool
) -> Study:
    """The study, as it is or new, with the settings that were given."""
    from rewardkit.annotate import Settings, Study, StudyError

    if path.exists():
        study = Study.open(path)
        changes = changes | _asked(*wording, study.settings.questions)
        if changes:
            study.change(dataclasses.replace(study.settings, **changes))
        return study
    if not has_pairs:
        raise StudyError("not_a_study", f"there is no study {path}; name its clips to make one")
    return Study.create(path, Settings(**changes, **_asked(*wording, {})))


def _questions(dimensions: str | None, asked: list[str]) -> tuple[list[str], dict[str, str]]:
    """The dimensions that were named, and the questions by dimension that were worded."""
    named = {}
    for text in asked:
        name, equals, words = text.partition("=")
        if not equals or not name.strip() or not words.strip():
            stop(f"{text!r} is no question; write DIMENSION=TEXT", USAGE)
        named[name.strip()] = words.strip()
    names = [part.strip() for part in (dimensions or "").split(",") if part.strip()]
    if names and not set(named) <= set(names):
        stop(f"--question is about {', '.join(named)}, --dimensions are {dimensions}", USAGE)
    return names, named


def _asked(names: list[str], named: dict[str, str], known: Mapping[str, str]) -> dict[str, Any]:
    """The setting `questions`, if anything was said about it; what is not said stays as known."""
    from rewardkit.annotate.settings import question

    if not names and not named:
        return {}
    every = names or list(dict.fromkeys([*known, *named]))
    worded = {**known, **named}
    return {"questions": {name: worded.get(name, question(name)) for name in every}}


def _pairs(arguments: list[str], most: int, seed: int) -> list[Preference]:
    """The pairs of files that list pairs, and all pairs among the clips that are named."""
    from rewardkit.annotate import StudyError
    from rewardkit.annotate.pairing import among, lists_pairs, read_pairs

    listed: list[Preference] = []
    loose: list[str] = []
    for argument in arguments:
        if lists_pairs(Path(argument)):
            listed += read_pairs(Path(argument))
        else:
            loose.append(argument)
    try:
        sources = [source for _, source in expand(loose)]
    except RewardkitError as error:
        stop(str(error), USAGE)
    paths = [source for source in sources if isinstance(source, str)]
    if len(paths) < len(sources):
        stop("clips must be files: a study keeps their paths", USAGE)
    count = len(set(paths))
    possible = count * (count - 1) // 2
    if possible > most:
        typer.echo(f"{most} of {possible} pairs are kept; --pairs says how many", err=True)
    found = listed + among(paths, most, seed)
    if not found:
        raise StudyError("no_pairs", "there are no two clips to compare")
    return found


def _golden(path: Path) -> list[Preference]:
    from rewardkit.annotate.pairing import read_golden

    return read_golden(path)


def _add(study: Study, pairs: list[Preference], golden: bool = False) -> None:
    def progress(done: int, total: int) -> None:
        if sys.stderr.isatty() and (done % 20 == 0 or done == total):
            typer.echo(f"\rreading clips: {done} of {total}", nl=done == total, err=True)

    before = len(study.db.read("SELECT id FROM pair"))
    same = study.add(pairs, golden=golden, progress=progress)
    more = len(study.db.read("SELECT id FROM pair")) - before
    if before and more and not golden:
        typer.echo(f"{more} pairs are added to the {before} of the study", err=True)
    if same:
        typer.echo(f"{same} pairs left out: both sides hold the same sound", err=True)


def _exclude(study: Study, text: str) -> None:
    name, equals, reason = text.partition("=")
    found = [rater for rater in study.raters() if rater.name == name.strip()]
    if not equals or not reason.strip():
        stop(f"{text!r}: write NAME=REASON", USAGE)
    if not found:
        stop(f"no rater {name!r}; known: {', '.join(r.name for r in study.raters())}", USAGE)
    study.flag("rater", found[0].id, reason.strip())


def _export(study: Study, path: Path, everything: bool) -> None:
    from rewardkit.annotate import export

    if path.suffix != ".jsonl":
        stop(f"{path}: the export is a .jsonl file", USAGE)
    try:
        result = export(study, path, everything=everything)
    except OSError as error:
        stop(f"{path} could not be written: {error}", UNREADABLE)
    typer.echo(f"wrote {path}: {result.rows} answers")
    for why, count in sorted(result.left_out.items()):
        typer.echo(f"left out: {count} {why}")


def _serve(
    study: Study, address: Address, scorers: str | None, cache: bool, stop_at: float | None
) -> None:
    """Print the links and serve; with `scorers`, pairs are chosen by what they teach."""
    from rewardkit.annotate.listening import Listening
    from rewardkit.annotate.run import ALONE, links, serve

    if not address.is_loopback and all(rater.name == ALONE for rater in study.raters()):
        stop("on an address that others reach, name the raters: --raters anna,ben", USAGE)
    for name, link in links(study, address):
        typer.echo(f"{name}: {link}")
    if scorers is None:
        listening = Listening(study)
    else:
        from rewardkit.annotate.learning import active
        from rewardkit.cli.train import scorer_of

        named = [scorer_of(part) for part in scorers.split(",")]

        def say(text: str) -> None:
            typer.echo(text, err=True)

        listening = active(study, named, say, cache=cache, stop_at=stop_at)
    serve(listening, address)


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        stop(f"{path} can't be read: {error}", USAGE)
