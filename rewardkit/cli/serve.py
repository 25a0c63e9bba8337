# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: Apache-2.0
"""`rewardkit serve`: rewards over HTTP."""

from __future__ import annotations

import importlib.util
import ipaddress
import math
import os
import re
import sys
from pathlib import Path
from typing import Annotated, Final

import typer

from rewardkit.cli.failures import UNREADABLE, USAGE, stop

TOKEN: Final = "REWARDKIT_TOKEN"  # noqa: S105  # the variable's name
_NEEDED: Final = ("fastapi", "uvicorn", "python_multipart", "prometheus_client")


def serve(
    checkpoint: Annotated[
        str | None,
        typer.Option(help="Folder, shipped name or hub id. [$REWARDKIT_CHECKPOINT, or default]"),
    ] = None,
    host: Annotated[
        str, typer.Option(help="Address to bind; any but loopback needs a token.")
    ] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="0 takes a free one.")] = 8000,
    workers: Annotated[
        int | None,
        typer.Option(
            min=1, help="Processes that measure.", show_default="one for each core; 1 on a GPU"
        ),
    ] = None,
    device: Annotated[str, typer.Option(help="cpu, cuda, or auto.")] = "cpu",
    token_file: Annotated[
        Path | None,
        typer.Option(help="File with the token that clients must show. [$REWARDKIT_TOKEN]"),
    ] = None,
    audio_root: Annotated[
        Path | None,
        typer.Option(help="Folder whose files requests may name."),
    ] = None,
    render: Annotated[
        str | None,
        typer.Option(help="module:function that speaks what OpenRLHF's policy wrote."),
    ] = None,
    mode: Annotated[
        str, typer.Option(help="mean, lcb or min: of the answers in training loops' protocols.")
    ] = "mean",
    uncertainty: Annotated[
        float, typer.Option(min=0.0, help="Standard deviations that lcb subtracts.")
    ] = 1.0,
    penalty: Annotated[
        float | None,
        typer.Option(
            help="Their answer for a clip without a reward.", show_default="an HTTP error"
        ),
    ] = None,
    timeout: Annotated[
        float, typer.Option(min=0.01, help="Seconds that a clip may take to measure.")
    ] = 30.0,
    max_duration: Annotated[float, typer.Option(min=0.2, help="Longest clip, in seconds.")] = 120.0,
    max_clips: Annotated[int, typer.Option(min=1, help="Most clips in a request.")] = 64,
    max_seconds: Annotated[
        float | None,
        typer.Option(min=0.2, help="Most seconds of sound in a request. [600, or a clip's]"),
    ] = None,
    max_body: Annotated[
        float, typer.Option(min=0.001, help="Most megabytes (2^20) in a request.")
    ] = 64.0,
    queue_clips: Annotated[
        int | None,
        typer.Option(min=1, help="Most clips that wait. [256, or a request's]"),
    ] = None,
    queue_seconds: Annotated[
        float | None,
        typer.Option(min=0.2, help="Most seconds of sound that wait. [1200, or a request's]"),
    ] = None,
    batch_clips: Annotated[int, typer.Option(min=1, help="Most clips in a batch.")] = 32,
    batch_seconds: Annotated[
        float, typer.Option(min=0.2, help="Most seconds of sound in a batch.")
    ] = 32.0,
    wait: Annotated[
        float, typer.Option(min=0.0, help="Seconds a batch waits for requests being read.")
    ] = 0.004,
    grace: Annotated[
        float, typer.Option(min=0.0, help="Seconds that accepted requests have after SIGTERM.")
    ] = 30.0,
    access_log: Annotated[bool, typer.Option(help="Log each request.")] = False,
) -> None:
    """Serve rewards over HTTP: verl-omni's protocol, OpenRLHF's, and our own; see docs/serve.md."""
    missing = [name for name in _NEEDED if importlib.util.find_spec(name) is None]
    if missing:
        stop(
            f"serving needs {', '.join(missing)}: pip install 'speech-rewardkit[serve]'",
            UNREADABLE,
        )
    token = _token(token_file)
    local = _is_loopback(host)
    if token is None and not local:
        stop(
            f"{host} can be reached from elsewhere: put a token into ${TOKEN} or --token-file",
            USAGE,
        )

    from rewardkit.audio import Limits
    from rewardkit.errors import RewardkitError
    from rewardkit.model import RewardModel
    from rewardkit.serve.options import Options
    from rewardkit.serve.run import serve as run
    from rewardkit.serve.service import Service

    if re.fullmatch(r"auto|(cpu|cuda|mps|xpu)(:\d+)?", device) is None:
        stop(f"--device {device!r}; it is cpu, cuda or auto", USAGE)
    body = max_body * (1 << 20)
    if not math.isfinite(body):
        stop(f"--max-body {max_body}; it is finite", USAGE)
    # Bounds that were not asked for make way for those that were.
    if max_seconds is None:
        max_seconds = max(600.0, max_duration)
    if render is not None:
        sys.path.insert(0, str(Path.cwd()))  # as for `python -m`; workers inherit it
    try:
        options = Options(
            workers=workers or (_cores() if device == "cpu" else 1),
            timeout=timeout,
            limits=Limits(max_duration=max_duration),
            request_clips=max_clips,
            request_seconds=max_seconds,
            body=round(body),
            bodies=max(512 << 20, round(body)),
            queue_clips=max(256, max_clips) if queue_clips is None else queue_clips,
            queue_seconds=max(1200.0, max_seconds) if queue_seconds is None else queue_seconds,
            batch_clips=batch_clips,
            batch_seconds=batch_seconds,
            wait=wait,
            grace=grace,
            mode=mode,  # type: ignore[arg-type]  # checked by RewardFunction
            uncertainty=uncertainty,
            on_failure="raise" if penalty is None else penalty,
            audio_root=None if audio_root is None else audio_root.resolve(),
            render=render,
            token=token,
            hosts=("localhost", "127.0.0.1", "::1", host) if token is None else None,
        )
        service = Service(RewardModel.from_pretrained(checkpoint, device=device), options)
        up = run(service, host, port, access_log=access_log)
    except RewardkitError as error:
        stop(str(error), USAGE if error.code == "bad_option" else UNREADABLE)
    if not up:
        raise typer.Exit(UNREADABLE)


def _token(file: Path | None) -> str | None:
    """The token from a file or the environment: never from the command line, which others see."""
    if file is not None:
        try:
            token = file.read_text(encoding="ascii").strip()
        except (OSError, ValueError) as error:
            stop(f"the token file can't be read: {error}", USAGE)
    elif TOKEN in os.environ:
        token = os.environ[TOKEN].strip()
    else:
        return None
    if not (token.isascii() and token.isprintable() and len(token) >= 8 and " " not in token):
        stop("a token is 8 or more printable ASCII characters without spaces", USAGE)
    return token


def _is_loopback(host: str) -> bool:
    """Whether an address can only be reached from this machine."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _cores() -> int:
    """How many cores this process may use."""
    try:
        return len(os.sched_getaffinity(0))
    except AttributeError:  # not on every system
        return os.cpu_count() or 1
