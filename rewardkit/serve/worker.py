# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: Apache-2.0
"""A worker process that decodes and measures clips, seen from inside (`live`) and outside.

The host gives it a batch; it answers in parts, each of at most `batch_seconds` of sound as it was
really decoded, so that a deadline holds for a part and not for what a header promised. Processes
are spawned, never forked, and one thread each is enough: they are the parallelism.
"""

from __future__ import annotations

import collections
import importlib
import logging
import multiprocessing
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from multiprocessing.connection import Connection
from typing import Any, Final

import numpy as np

from rewardkit import audio
from rewardkit.clip import Clip
from rewardkit.errors import AudioError, RewardkitError, ScorerError
from rewardkit.extract import Extractor
from rewardkit.serve.jobs import Source
from rewardkit.startup import starting
from rewardkit.testing import voice
from rewardkit.waveforms import sound
from rewardkit.workers import Measured, Recipe, one_thread

RENDER_FAILED: Final = "render_failed"
"""Code of an exception in the operator's own renderer: a fault in it, not in the sample."""

_SPAWN: Final = multiprocessing.get_context("spawn")
_LOG: Final = logging.getLogger(__name__)


def canary() -> Clip:
    """The clip that every worker measures first, and must measure as the others did.

    Example:
        >>> canary().duration
        2.0
    """
    return voice(2.0)


@dataclass(frozen=True)
class Plan:
    """What a worker needs to know: plain values only.

    Args:
        recipe: What to measure.
        batch_seconds: Most seconds of sound to measure at a time, or one longer clip.
        render: `module:function`, as in `Options`.
    """

    recipe: Recipe
    batch_seconds: float
    render: str | None = None


@dataclass(frozen=True)
class Part:
    """Some of a batch, done.

    Args:
        measured: By place in the batch.
        seconds: Of sound that was measured.
        spent: Seconds that each scorer took, by name.
    """

    measured: dict[int, Measured]
    seconds: float
    spent: dict[str, float]


class Lost(Exception):  # noqa: N818
    """A worker that is of no use any more.

    Args:
        code: `timeout` or `worker_died`.
        message: For the clip that it was on.
        asked: Whether it took its batch; otherwise no clip of that is to blame.
    """

    def __init__(self, code: str, message: str, *, asked: bool = True) -> None:
        super().__init__(code, message)
        self.code, self.message, self.asked = code, message, asked


class Worker:
    """A worker process, from outside. `ready` and `ask` block; they are called in threads.

    Args:
        plan: What it is to do.
    """

    def __init__(self, plan: Plan) -> None:
        self._pipe, theirs = _SPAWN.Pipe()
        self._process = _SPAWN.Process(target=live, args=(plan, theirs), daemon=True)
        with one_thread():
            self._process.start()
        theirs.close()

    @property
    def pid(self) -> int | None:
        """Its process id."""
        return self._process.pid

    @property
    def alive(self) -> bool:
        """Whether its process is there."""
        return self._process.is_alive()

    def ready(self, timeout: float) -> Measured:
        """Wait until it can measure, and give what it measured of the canary.

        Raises:
            Lost: When it died, or did not come up in time.
            RewardkitError: When it can't make its scorers or its renderer.
        """
        try:
            answer = self._hear(timeout)
        except Lost as lost:
            if lost.code != "timeout":
                raise
            late = f"a worker was not ready within {timeout:g} s of its start"
            raise Lost("timeout", late) from lost
        if isinstance(answer, RewardkitError):
            raise answer
        measured: Measured = answer[0]
        return measured

    def ask(self, batch: Sequence[Source], timeout: float) -> Iterator[Part]:
        """Have clips measured.

        Args:
            batch: The clips.
            timeout: Seconds from one part to the next.

        Yields:
            Parts, until each clip was in one.

        Raises:
            Lost: When it died, or the time was over: it must then be killed.
        """
        if not self.alive:  # it died while it was idle
            raise self._died(asked=False)
        # A worker that is stopped does not even take its batch: that has a deadline of its own.
        stuck = threading.Timer(timeout, self._process.kill)
        stuck.daemon = True
        stuck.start()
        start = time.monotonic()
        try:
            self._pipe.send(list(batch))
        except OSError as error:
            late = time.monotonic() - start >= timeout
            raise (_late(timeout, asked=False) if late else self._died(asked=False)) from error
        finally:
            stuck.cancel()
        self._hear(timeout, asked=False)  # that it has the batch
        left = len(batch)
        while left:
            part = self._hear(timeout)
            if part is not None:  # None: a clip was rendered
                left -= len(part.measured)
                yield part

    def kill(self) -> None:
        """End it at once, whatever it does."""
        self._process.kill()
        self._process.join()
        self._pipe.close()

    def _hear(self, timeout: float, *, asked: bool = True) -> Any:
        try:
            if not self._pipe.poll(timeout):
                raise _late(timeout, asked=asked)
            return self._pipe.recv()
        except (EOFError, OSError) as error:
            raise self._died(asked=asked) from error

    def _died(self, *, asked: bool = True) -> Lost:
        self._process.join(1.0)
        said = f"the worker process died (exit code {self._process.exitcode})"
        return Lost("worker_died", said, asked=asked)


def _late(timeout: float, *, asked: bool = True) -> Lost:
    said = f"not measured within {timeout:g} s; its worker was killed"
    return Lost("timeout", said, asked=asked)


class _Timed(Extractor):
    """An extractor that knows how long each of its scorers took."""

    def __init__(self, made: Extractor) -> None:
        super().__init__(
            made.scorers, cache=made.cache, require_speech=made.require_speech, device=made.device
        )
        self.spent: collections.Counter[str] = collections.Counter()

    def _measure(self, scorer: Any, *rest: Any) -> Any:
        start = time.perf_counter()
        try:
            return super()._measure(scorer, *rest)
        finally:
            self.spent[scorer.name] += time.perf_counter() - start  # type: ignore[assignment]  # seconds, not whole numbers


def live(plan: Plan, pipe: Connection) -> None:
    """A worker's life: measure the canary, then answer until told to end."""
    for number in (signal.SIGINT, signal.SIGTERM):  # the host decides when to stop
        signal.signal(number, signal.SIG_IGN)
    threading.Thread(target=_outlive_nobody, daemon=True).start()
    try:
        with starting():
            render = None if plan.render is None else renderer(plan.render)
            extractor = _Timed(plan.recipe.make())
            # Twice: what a first call compiles or loads must not count against a clip's deadline.
            for _ in range(2):
                measured = _measured(extractor, [canary()])
    except RewardkitError as error:
        pipe.send(_plain(error))
        return
    pipe.send((measured[0],))
    while True:
        try:
            batch = pipe.recv()
        except EOFError:
            return
        pipe.send(None)  # it is asked: what becomes of it from here on may be a clip's fault
        for part in _answers(plan, extractor, render, batch, lambda: pipe.send(None)):
            pipe.send(part)


def renderer(name: str) -> Callable[..., Any]:
    """The function that `module:function` names.

    Raises:
        RewardkitError: `bad_option` when there is none.

    Example:
        >>> renderer("math:sqrt")(4)
        2.0
    """
    module, _, attribute = name.partition(":")
    try:
        found = getattr(importlib.import_module(module), attribute)
    except (ImportError, AttributeError, ValueError) as error:
        raise RewardkitError("bad_option", f"render {name!r}: {error}") from error
    if not callable(found):
        raise RewardkitError("bad_option", f"render {name!r} is no function")
    render: Callable[..., Any] = found
    return render


def _outlive_nobody() -> None:
    """End with the host, even if that was killed while a clip is being measured here."""
    host = multiprocessing.parent_process()
    if host is not None:
        host.join()
        os._exit(1)


def _answers(
    plan: Plan,
    extractor: _Timed,
    render: Callable[..., Any] | None,
    batch: Sequence[Source],
    rendered: Callable[[], None],
) -> Iterator[Part]:
    """Read and measure a batch, part by part."""
    clips: dict[int, Clip] = {}
    failed: dict[int, Measured] = {}
    seconds = 0.0
    for place, source in enumerate(batch):
        found = _clip(source, render, plan.recipe.limits)
        if source[0] == "render":
            rendered()
        if isinstance(found, RewardkitError):
            failed[place] = _plain(found)
            continue
        if clips and seconds + found.duration > plan.batch_seconds:
            yield _part(extractor, clips, failed, seconds)
            clips, failed, seconds = {}, {}, 0.0
        clips[place] = found
        seconds += found.duration
    yield _part(extractor, clips, failed, seconds)


def _clip(
    source: Source, render: Callable[..., Any] | None, limits: audio.Limits
) -> Clip | RewardkitError:
    """The clip that a source holds, or why it holds none."""
    kind, given, sample_rate, text = source
    try:
        if kind == "render":
            if render is None:
                raise RewardkitError("not_rendered", "this server was started without --render")
            columns = {name: value for name, value in given.items() if name != "completion"}
            given = sound(render(given["completion"], **columns))
            if isinstance(given, RewardkitError):
                return given
        clip = audio.read(given, sample_rate=sample_rate, limits=limits)
    except RewardkitError as error:
        return error
    except Exception as error:
        if kind != "render":
            raise
        _LOG.exception("the renderer raised")
        return RewardkitError(RENDER_FAILED, f"the renderer raised {type(error).__name__}")
    return clip if text is None else clip.with_text(text)


def _part(
    extractor: _Timed, clips: dict[int, Clip], failed: dict[int, Measured], seconds: float
) -> Part:
    extractor.spent.clear()
    measured = dict(zip(clips, _measured(extractor, list(clips.values())), strict=True))
    return Part(failed | measured, seconds, dict(extractor.spent))


def _measured(extractor: Extractor, clips: Sequence[Clip]) -> list[Measured]:
    features = extractor(clips)
    return [
        _plain(error) if error is not None else np.ascontiguousarray(values)
        for values, error in zip(features.values, features.errors, strict=True)
    ]


def _plain(error: RewardkitError) -> RewardkitError:
    """The error as it can be pickled: without its cause, and of a class of ours."""
    if type(error) not in (RewardkitError, AudioError, ScorerError):
        return RewardkitError(error.code, error.message)
    error.__cause__ = error.__context__ = None
    return error
