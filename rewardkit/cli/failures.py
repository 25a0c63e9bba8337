# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: Apache-2.0
"""What a command does when it can't go on: one line on standard error, and an exit code."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Final, NoReturn, ParamSpec, TypeVar

import typer

from rewardkit.errors import RewardkitError

SOME_FAILED: Final = 1
USAGE: Final = 2
UNREADABLE: Final = 3
INTERRUPTED: Final = 130

P = ParamSpec("P")
R = TypeVar("R")


def stop(message: str, code: int) -> NoReturn:
    """Say why and leave."""
    typer.echo(f"rewardkit: {message}", err=True)
    raise typer.Exit(code)


def guarded(command: Callable[P, R]) -> Callable[P, R]:
    """The command; its errors, the system's and interruptions turned into exit codes."""

    @functools.wraps(command)
    def run(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return command(*args, **kwargs)
        except RewardkitError as error:
            stop(str(error), UNREADABLE)
        except KeyboardInterrupt:
            stop("interrupted", INTERRUPTED)
        except BrokenPipeError:  # whoever read our output has gone
            raise typer.Exit(SOME_FAILED) from None
        except OSError as error:  # a full disk, a folder that is gone or may not be written
            stop(str(error), UNREADABLE)

    return run
