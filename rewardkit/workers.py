# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: Apache-2.0
"""A pool of processes that measure clips, each clip with a deadline.

Praat holds Python's lock while it works, and on rare sounds never returns (praat#1926), so
clips are measured in processes that can be killed. Processes are spawned, never forked: a fork
of a process that runs BLAS or torch threads may hang.
"""

from __future__ import annotations

import collections
import contextlib
import multiprocessing
import os
import signal
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rewardkit import audio, scorers
from rewardkit.cache import FeatureCache
from rewardkit.errors import RewardkitError, ScorerError
from rewardkit.extract import Extractor
from rewardkit.features import Features
from rewardkit.testing import voice

Measured = NDArray[np.float64] | RewardkitError
"""A clip's row of features, or why there is none."""

_SPAWN = multiprocessing.get_context("spawn")
_THREADS = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMBA_NUM_THREADS")


@dataclass(frozen=True)
class Recipe:
    """What a worker needs to make the same extractor as its host: plain values only.

    Args:
        scorers: Name and parameters of each scorer, in column order.
        require_speech: As in `Extractor`.
        cache: Path of the feature cache, or None.
        limits: As in `audio.read`.
        device: As in `Extractor`.
    """

    scorers: tuple[tuple[str, dict[str, Any]], ...]
    require_speech: bool = True
    cache: str | None = None
    limits: audio.Limits = field(default_factory=lambda: audio.Limits())
    device: str = "cpu"

    @classmethod
    def of(cls, extractor: Extractor, limits: audio.Limits) -> Recipe:
        """The recipe of an extractor whose scorers are all installed."""
        return cls(
            tuple((s.name, scorers.parameters(s)) for s in extractor.scorers),
            extractor.require_speech,
            extractor.cache.path if extractor.cache else None,
            limits,
            extractor.device,
        )

    def make(self) -> Extractor:
        """The extractor."""
        return Extractor(
            [scorers.load(name, **values) for name, values in self.scorers],
            cache=FeatureCache(self.cache) if self.cache else None,
            require_speech=self.require_speech,
            device=self.device,
        )


def measure(
    extractor: Extractor,
    source: audio.Source,
    *,
    sample_rate: int | None = None,
    limits: audio.Limits,
) -> Measured:
    """Read one source and measure it."""
    try:
        clip = audio.read(source, sample_rate=sample_rate, limits=limits)
    except RewardkitError as error:
        return error
    features = extractor([clip])
    error_or_none = features.errors[0]
    return features.values[0] if error_or_none is None else error_or_none


def _serve(recipe: Recipe, pipe: Connection) -> None:
    """A worker's life: say what went wrong at the start or None, then answer until told to end."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the host decides when to stop
    try:
        extractor = recipe.make()
        # What is compiled or loaded at a first call must not count against a clip's deadline.
        Extractor(extractor.scorers, device=extractor.device)([voice(1.0)])
    except RewardkitError as error:
        pipe.send(error)
        return
    pipe.send(None)
    while True:
        try:
            job = pipe.recv()
        except EOFError:
            return
        if job is None:
            return
        source, sample_rate = job
        measured = measure(extractor, source, sample_rate=sample_rate, limits=recipe.limits)
        if isinstance(measured, RewardkitError):
            measured.__cause__ = measured.__context__ = None  # a cause may not be picklable
        pipe.send(measured)


@dataclass
class _Worker:
    process: BaseProcess
    pipe: Connection
    ready: bool = False
    job: int | None = None
    deadline: float = float("inf")

    def stop(self) -> None:
        self.process.kill()
        self.process.join()
        self.pipe.close()


@contextlib.contextmanager
def _one_thread() -> Iterator[None]:
    """Processes started inside use one thread each: the pool is the parallelism."""
    before = {name: os.environ.get(name) for name in _THREADS}
    os.environ.update(dict.fromkeys(_THREADS, "1"))
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

    Args:
        recipe: What to measure.
        workers: How many processes.
        timeout: Seconds that a clip may take, reading included; then its worker is killed and
            replaced, and the clip is a `timeout`.
    """

    def __init__(self, recipe: Recipe, workers: int, timeout: float = 120.0) -> None:
        self.recipe = recipe
        self.timeout = timeout
        self._workers = [self._start() for _ in range(workers)]

    def _start(self) -> _Worker:
        ours, theirs = _SPAWN.Pipe()
        process = _SPAWN.Process(target=_serve, args=(self.recipe, theirs), daemon=True)
        with _one_thread():
            process.start()
        theirs.close()
        return _Worker(process, ours)

    def map(self, sources: Iterable[tuple[audio.Source, int | None]]) -> Iterator[Measured]:
        """Measure sources, in order, holding only a few in memory.

        Args:
            sources: Pairs of a source and its sample rate (None unless it is an array).

        Yields:
            Each source's row of features, or its error.

        Raises:
            RewardkitError: When a worker can't make its scorers.
        """
        todo = enumerate(sources)
        ahead = 4 * len(self._workers)
        waiting: collections.deque[tuple[int, tuple[audio.Source, int | None]]]
        waiting = collections.deque()
        done: dict[int, Measured] = {}
        given, yielded = 0, 0
        exhausted = False
        while True:
            while not exhausted and given - yielded < ahead:
                job = next(todo, None)
                exhausted = job is None
                if job is not None:
                    waiting.append(job)
                    given += 1
            if exhausted and yielded == given:
                return
            self._step(waiting, done)
            while yielded in done:
                yield done.pop(yielded)
                yielded += 1

    def _step(
        self,
        waiting: collections.deque[tuple[int, tuple[audio.Source, int | None]]],
        done: dict[int, Measured],
    ) -> None:
        """Hand out work, wait for one event, deal with answers, deaths and deadlines."""
        for worker in self._workers:
            if worker.ready and worker.job is None and waiting:
                worker.job, job = waiting.popleft()
                worker.deadline = time.monotonic() + self.timeout
                with contextlib.suppress(OSError):  # it died meanwhile: seen as end of file
                    worker.pipe.send(job)
        patience = min(w.deadline for w in self._workers) - time.monotonic()
        pipes = {worker.pipe: place for place, worker in enumerate(self._workers)}
        seconds = None if patience == float("inf") else max(patience, 0.0)
        for pipe in wait(list(pipes), seconds):
            self._hear(pipes[pipe], done)  # type: ignore[index]
        for place, worker in enumerate(self._workers):
            if worker.job is not None and time.monotonic() >= worker.deadline:
                done[worker.job] = ScorerError(
                    "timeout", f"not measured within {self.timeout:g} s; its worker was killed"
                )
                worker.stop()
                self._workers[place] = self._start()

    def _hear(self, place: int, done: dict[int, Measured]) -> None:
        worker = self._workers[place]
        try:
            answer = worker.pipe.recv()
        except (EOFError, OSError):
            worker.stop()
            if worker.job is None:
                raise RewardkitError(
                    "worker_died", "a worker process ended while it started; see its output above"
                ) from None
            done[worker.job] = ScorerError(
                "worker_died", f"the worker process died (exit code {worker.process.exitcode})"
            )
            self._workers[place] = self._start()
            return
        if not worker.ready:
            if answer is not None:
                raise answer
            worker.ready = True
        elif worker.job is not None:
            done[worker.job] = answer
            worker.job, worker.deadline = None, float("inf")

    def close(self) -> None:
        """Kill all workers."""
        for worker in self._workers:
            worker.stop()

    def __enter__(self) -> Pool:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()


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
