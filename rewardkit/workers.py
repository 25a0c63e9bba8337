# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: Apache-2.0
"""A pool of processes that measure clips, each clip with a deadline.

Praat holds Python's lock while it works, and on rare sounds never returns (praat#1926), so
clips are measured in processes that can be killed. Processes are spawned, never forked: a fork
of a process that runs BLAS or torch threads may hang.

Clips go to a worker a few at a time, and the next few before it has finished, so that it never
waits. When it dies or takes too long, each of the clips that it was measuring is tried again
alone: then the culprit is known, and the others have their numbers.
"""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import signal
import threading
import time
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from multiprocessing.reduction import ForkingPickler
from typing import Final

import numpy as np

from rewardkit import audio
from rewardkit.audio.gate import plain
from rewardkit.errors import AudioError, RewardkitError, ScorerError
from rewardkit.extract import Extractor
from rewardkit.features import Features
from rewardkit.measuring import Job, Measured, Recipe, measure, measure_all
from rewardkit.order import GROUP, Order
from rewardkit.startup import starting
from rewardkit.testing import voice

__all__ = [
    "Job",
    "Measured",
    "Pool",
    "Recipe",
    "measure",
    "measure_all",
    "measure_files",
    "one_thread",
]

_SPAWN = multiprocessing.get_context("spawn")
_THREADS = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMBA_NUM_THREADS")
_ENVIRONMENT: Final = {
    **dict.fromkeys(_THREADS, "1"),
    # glibc gives freed memory back to the system and asks for it again, clip after clip: up to
    # a third of the time of a clip. So much of it is kept instead, in bytes.
    "MALLOC_MMAP_THRESHOLD_": str(1 << 25),
    "MALLOC_TRIM_THRESHOLD_": str(1 << 28),
}
_STARTING: Final = threading.Lock()
_SMALL: Final = 1 << 15
"""Bytes that surely fit into a pipe that nobody reads from, so that sending never blocks."""


def _serve(recipe: Recipe, pipe: Connection) -> None:
    """A worker's life: say what went wrong at the start or None, then answer until told to end."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the host decides when to stop
    try:
        with starting():
            extractor = recipe.make()
            # What is compiled or loaded at a first call must not count against a clip's deadline.
            Extractor(extractor.scorers, device=extractor.device)([voice(1.0)])
    except RewardkitError as error:
        pipe.send(error)
        return
    pipe.send(None)
    while True:
        try:
            jobs = pipe.recv()
        except EOFError:
            return
        if jobs is None:
            return
        measured = measure_all(extractor, jobs, limits=recipe.limits)
        for found in measured:
            if isinstance(found, RewardkitError):
                found.__cause__ = found.__context__ = None  # a cause may not be picklable
        pipe.send(measured)


@dataclass
class _Worker:
    process: BaseProcess
    pipe: Connection
    ready: bool = False
    groups: deque[list[tuple[int, Job]]] = field(default_factory=deque)
    deadline: float = float("inf")

    def give(self, group: list[tuple[int, Job]], data: memoryview, timeout: float) -> None:
        """Let it measure some clips after those that it has."""
        if not self.groups:
            self.deadline = time.monotonic() + timeout
        self.groups.append(group)
        with contextlib.suppress(OSError):  # it died meanwhile: seen as end of file
            self.pipe.send_bytes(data)

    def stop(self) -> None:
        self.process.kill()
        self.process.join()
        self.pipe.close()


@contextlib.contextmanager
def one_thread() -> Iterator[None]:
    """Processes started inside use one thread each: the pool is the parallelism.

    They also keep the memory that they have. One thread at a time is inside: the environment is the
    process's, and what another has changed would be taken for what it was before.
    """
    with _STARTING:
        before = {name: os.environ.get(name) for name in _ENVIRONMENT}
        os.environ.update(_ENVIRONMENT)
        try:
            yield
        finally:
            for name, value in before.items():
                if value is None:
                    os.environ.pop(name, None)
                else:
                    os.environ[name] = value


class Pool:
    """Worker processes that all follow one recipe; use it in a `with` statement.

    They stay for one batch after the other, each of which is asked for when the last is done.

    Args:
        recipe: What to measure.
        workers: How many processes.
        timeout: Seconds that a clip may take, reading included; then its worker is killed and
            replaced, and the clip is a `timeout`. Clips that are measured together and take
            longer in all are measured again one by one.

    Raises:
        RewardkitError: `bad_option` for less than one process or no time.
    """

    def __init__(self, recipe: Recipe, workers: int, timeout: float = 120.0) -> None:
        if workers < 1 or not timeout > 0:
            raise RewardkitError(
                "bad_option", f"{workers} workers and a timeout of {timeout} s; both are above 0"
            )
        self.recipe = recipe
        self.timeout = timeout
        self._closed = False
        self._owner = os.getpid()
        self._at_work = threading.Lock()
        self._workers = [self._start() for _ in range(workers)]

    @property
    def closed(self) -> bool:
        """Whether it is over: by `close`, because a worker could not start, or in a fork.

        The workers belong to the process that made the pool. A fork of it would take their answers.
        """
        return self._closed or os.getpid() != self._owner

    def _start(self) -> _Worker:
        ours, theirs = _SPAWN.Pipe()
        process = _SPAWN.Process(target=_serve, args=(self.recipe, theirs), daemon=True)
        with one_thread():
            process.start()
        theirs.close()
        return _Worker(process, ours)

    def map(self, sources: Iterable[Job]) -> Iterator[Measured]:
        """Measure sources, in order, holding only a few in memory.

        Args:
            sources: Pairs of a source and its sample rate (None unless it is an array).

        Yields:
            Each source's row of features, or its error.

        Raises:
            RewardkitError: When a worker can't make its scorers; `bad_option` when the pool was
                closed, or when another batch was begun and is not done.
        """
        for part in self.parts(sources):
            yield from part

    def parts(self, sources: Iterable[Job]) -> Iterator[list[Measured]]:
        """The same as `map`, as many at a time as are there."""
        if self.closed:
            raise RewardkitError("bad_option", "this pool was closed, or is another process's")
        if not self._at_work.acquire(blocking=False):  # answers would go to the wrong batch
            raise RewardkitError("bad_option", "this pool is at work on another batch")
        try:
            yield from self._parts(sources)
        finally:
            self._at_work.release()

    def _parts(self, sources: Iterable[Job]) -> Iterator[list[Measured]]:
        for place, worker in enumerate(self._workers):
            if worker.ready and not worker.process.is_alive():  # since the last clips
                self._renew(place)
        order: Order[Job, Measured] = Order(sources, held=3 * GROUP * len(self._workers))
        try:
            while True:
                order.draw()
                if order.finished:
                    return
                self._hand_out(order)
                if any(worker.groups or not worker.ready for worker in self._workers):
                    self._hear(order)
                found = order.results()
                if found:
                    yield found
        finally:  # clips that nobody waits for any more would be answered to who comes next
            for place, worker in enumerate(self._workers):
                if worker.groups and not self.closed:
                    self._renew(place)

    def _hand_out(self, order: Order[Job, Measured]) -> None:
        """Give idle workers something to do, and busy ones what they will do next."""
        shares = len(self._workers)
        for worker in self._workers:
            if worker.ready and not worker.groups and order.waiting:
                group, data = _sendable(order, order.next(shares))
                if group:
                    worker.give(group, data, self.timeout)
        for worker in self._workers:
            # One that is busy does not read; what is sent must fit into the pipe.
            if len(worker.groups) == 1 and order.waiting > shares:
                group, data = _sendable(order, order.next(shares))
                if len(data) > _SMALL:
                    order.put_back(group)
                    break
                if group:
                    worker.give(group, data, self.timeout)

    def _hear(self, order: Order[Job, Measured]) -> None:
        """Wait for one event; deal with answers, deaths and deadlines."""
        patience = min(w.deadline for w in self._workers) - time.monotonic()
        pipes = {worker.pipe: place for place, worker in enumerate(self._workers)}
        seconds = None if patience == float("inf") else max(patience, 0.0)
        for pipe in wait(list(pipes), seconds):
            self._answer(pipes[pipe], order)  # type: ignore[index]  # only pipes are waited for
        for place, worker in enumerate(self._workers):
            if worker.groups and time.monotonic() >= worker.deadline:
                late = f"not measured within {self.timeout:g} s; its worker was killed"
                self._replace(place, order, ScorerError("timeout", late))

    def _answer(self, place: int, order: Order[Job, Measured]) -> None:
        worker = self._workers[place]
        try:
            answer = worker.pipe.recv()
        except (EOFError, OSError):
            worker.stop()
            if worker.ready and not worker.groups:  # it had nothing to do
                self._renew(place)
                return
            if not worker.groups:
                self.close()
                raise RewardkitError(
                    "worker_died", "a worker process ended while it started; see its output above"
                ) from None
            died = f"the worker process died (exit code {worker.process.exitcode})"
            self._replace(place, order, ScorerError("worker_died", died))
            return
        if not worker.ready:
            if answer is not None:
                self.close()
                raise answer
            worker.ready = True
        else:
            order.enter(worker.groups.popleft(), answer)
            worker.deadline = time.monotonic() + self.timeout if worker.groups else float("inf")

    def _replace(self, place: int, order: Order[Job, Measured], reason: ScorerError) -> None:
        """A worker failed on its first group: that is known of a clip only if it was alone."""
        worker = self._workers[place]
        first, *others = worker.groups
        for group in reversed(others):
            order.put_back(group)
        if len(first) == 1:
            order.enter(first, [reason])
        else:
            order.suspect(first)
        self._renew(place)

    def _renew(self, place: int) -> None:
        """A new worker in the place of one."""
        self._workers[place].stop()
        self._workers[place] = self._start()

    def close(self) -> None:
        """Kill all workers; the pool can't be used any more."""
        self._closed = True
        if os.getpid() == self._owner:
            for worker in self._workers:
                worker.stop()

    def __enter__(self) -> Pool:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()


def _message(group: Sequence[tuple[int, Job]]) -> memoryview:
    """What a worker is sent: the sources alone."""
    return ForkingPickler.dumps([(plain(source), rate) for _, (source, rate) in group])


def _sendable(
    order: Order[Job, Measured], group: list[tuple[int, Job]]
) -> tuple[list[tuple[int, Job]], memoryview]:
    """What of a group can be sent to a worker, as a message; what can't be has its error."""
    try:
        return group, _message(group)
    except Exception:  # pickling calls strangers' code
        good = []
    for numbered in group:
        try:
            _message([numbered])
            good.append(numbered)
        except Exception as error:
            kind = type(numbered[1][0]).__name__
            message = f"a {kind} can't be sent to a worker process: {error}"
            order.enter([numbered], [AudioError("bad_format", message)])
    return good, _message(good)


def measure_files(
    extractor: Extractor,
    paths: Sequence[str],
    *,
    limits: audio.Limits | None = None,
    workers: int = 0,
    timeout: float = 120.0,
) -> Features:
    """Measure files; a clip that fails has a row of NaN and its error.

    Args:
        extractor: What to measure.
        paths: The files.
        limits: What is accepted as a clip.
        workers: Processes; 0 measures in this one.
        timeout: Seconds that a clip may take in a worker.
    """
    limits = limits or audio.Limits()
    if workers:
        with Pool(Recipe.of(extractor, limits), workers, timeout) as pool:
            measured = list(pool.map((path, None) for path in paths))
    else:
        measured = [measure(extractor, path, limits=limits) for path in paths]
    values = np.full((len(paths), len(extractor.schema)), np.nan)
    errors: list[RewardkitError | None] = [None] * len(paths)
    for row, found in enumerate(measured):
        if isinstance(found, RewardkitError):
            errors[row] = found
        else:
            values[row] = found
    return Features(extractor.schema, values, tuple(errors))
