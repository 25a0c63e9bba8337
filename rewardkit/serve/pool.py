# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: Apache-2.0
"""`Pool`: keeps worker processes busy, and replaces those that die or hang.

A worker that is lost takes no clip with it that was only in its company: what it had not answered
yet is measured again, each clip alone. A clip over which a worker is lost while it is alone is
that clip's failure, `worker_died` or `timeout`.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import signal
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final, Protocol

import numpy as np

from rewardkit.errors import RewardkitError, ScorerError
from rewardkit.serve.jobs import Job, Jobs, Source
from rewardkit.serve.metrics import Metrics
from rewardkit.serve.problems import Refused
from rewardkit.serve.worker import Lost, Part
from rewardkit.workers import Measured

STARTING: Final = 300.0
"""Seconds that a worker may take to start: networks are loaded, and code compiled."""

_SLOWEST_RETRY: Final = 30.0  # s between attempts to start a worker
_LOOK: Final = 1.0  # s from one look at an idle worker to the next
_LOG: Final = logging.getLogger(__name__)


class Asked(Protocol):
    """What is needed of a worker; see `worker.Worker`."""

    @property
    def pid(self) -> int | None:
        """Its process id."""
        ...

    @property
    def alive(self) -> bool:
        """Whether its process is there."""
        ...

    def ready(self, timeout: float) -> Measured:
        """Wait until it can measure; what it measured of the canary."""
        ...

    def ask(self, batch: Sequence[Source], timeout: float) -> Iterator[Part]:
        """Have clips measured."""
        ...

    def kill(self) -> None:
        """End it."""
        ...


class Pool:
    """Workers that take batches of jobs.

    Args:
        start: Starts a worker.
        workers: How many.
        timeout: Seconds that a clip may take.
        jobs: Where the work comes from.
        metrics: Where it is counted.

    Attributes:
        canary: What the first worker measured of the canary clip; all others must agree.
        down: Whether there is no worker and the last attempt to start one failed.
    """

    def __init__(
        self,
        start: Callable[[], Asked],
        workers: int,
        timeout: float,
        jobs: Jobs,
        metrics: Metrics,
    ) -> None:
        self._start, self._timeout, self._jobs, self._metrics = start, timeout, jobs, metrics
        self._count = workers
        self._threads = ThreadPoolExecutor(2 * workers, "rewardkit-worker")
        self._up: dict[int, Asked] = {}
        self._tasks: list[asyncio.Task[None]] = []
        self.canary: Measured | None = None
        self.down = False
        self._starting: set[Asked] = set()
        self._given_up = False
        self._busy = 0

    @property
    def pids(self) -> list[int]:
        """The process ids of the workers that are ready."""
        return [worker.pid for worker in self._up.values() if worker.pid is not None]

    @property
    def ready(self) -> int:
        """How many workers are ready."""
        return len(self._up)

    @property
    def idle(self) -> int:
        """How many of them have nothing to do."""
        return len(self._up) - self._busy

    async def open(self) -> None:
        """Start the workers, unless they are started; return when the first is ready.

        Raises:
            RewardkitError: When it can't be started.
        """
        if self._tasks:
            return
        try:
            first = await self._started()
        except Lost as lost:
            self._threads.shutdown(wait=False)
            raise RewardkitError(lost.code, lost.message) from lost
        except OSError as error:
            self._threads.shutdown(wait=False)
            raise RewardkitError("worker_died", f"no worker can be started: {error}") from error
        except BaseException:
            self._threads.shutdown(wait=False)
            raise
        given: list[Asked | None] = [first, *[None] * (self._count - 1)]
        self._tasks = [
            asyncio.create_task(self._tend(place, worker)) for place, worker in enumerate(given)
        ]

    async def close(self) -> None:
        """Kill all workers."""
        for task in self._tasks:
            task.cancel()
        for worker in self._up.values():
            worker.kill()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._up.clear()
        self._threads.shutdown(wait=False)

    async def _tend(self, place: int, worker: Asked | None) -> None:
        """One worker's place, for ever: fill it, give its worker work until that is lost."""
        while True:
            if worker is None:
                worker = await self._replaced()
            self._up[place] = worker
            self.down = False
            self._metrics.ready.set(self.ready)
            try:
                while True:
                    await self._work(worker, await self._batch_for(worker))
            except Lost as lost:
                _LOG.warning("a worker was lost: %s: %s", lost.code, lost.message)
                self._metrics.restarts.labels(lost.code).inc()
            finally:
                self._up.pop(place, None)
                self._metrics.ready.set(self.ready)
                worker.kill()
            worker = None

    async def _batch_for(self, worker: Asked) -> list[Job]:
        """The next batch.

        Raises:
            Lost: When the worker dies before there is one.
        """
        taken = asyncio.ensure_future(self._jobs.take())
        try:
            while not taken.done():
                await asyncio.wait({taken}, timeout=_LOOK)
                if not taken.done() and not worker.alive:
                    raise Lost("worker_died", "it died while it was idle", asked=False)
            return taken.result()
        except asyncio.CancelledError:
            if taken.done() and not taken.cancelled():
                for job in taken.result():
                    job.done.cancel()
            raise
        finally:
            taken.cancel()

    async def _replaced(self) -> Asked:
        """A new worker, however many attempts it takes."""
        pause = 1.0
        while True:
            try:
                return await self._started()
            except Exception as error:  # OSError too: no process or no file is to be had just now
                _LOG.error("a worker did not start: %s", error)
                self._metrics.restarts.labels("not_started").inc()
                if not self._up:
                    self.down = True
                    self._jobs.refuse(Refused("not_ready"))
            await asyncio.sleep(pause)
            pause = min(2 * pause, _SLOWEST_RETRY)

    async def _started(self) -> Asked:
        """A worker that measures the canary as the others do.

        Raises:
            Lost: When it died, or did not come up in time.
            RewardkitError: When it can't measure, or measures something else.
        """
        worker = self._start()  # some ms; in a thread it could be lost when this is cancelled
        self._starting.add(worker)
        try:
            if self._given_up:
                raise Lost("worker_died", "it was not waited for")
            measured = await self._blocking(worker.ready, STARTING)
            if self.canary is None:
                self.canary = measured
            elif not same(measured, self.canary):
                raise RewardkitError("canary", "a worker does not measure what others measured")
        except BaseException:
            worker.kill()
            raise
        finally:
            self._starting.discard(worker)
        return worker

    def give_up(self) -> None:
        """Wait for no worker to start any more: if none is there yet, `open` raises."""
        self._given_up = True
        for worker in list(self._starting):
            if worker.pid is not None:
                os.kill(worker.pid, signal.SIGKILL)

    async def _work(self, worker: Asked, batch: list[Job]) -> None:
        """Have a batch measured.

        Raises:
            Lost: When the worker was; its jobs are taken care of.
        """
        loop = asyncio.get_running_loop()
        self._metrics.batch(batch)
        self._busy += 1
        start = loop.time()
        limit = self._timeout * (len(batch) + 1)  # a worker that does not even take its batch
        answered = asyncio.ensure_future(self._blocking(self._ask, worker, batch, loop))
        answered.add_done_callback(lambda done: done.cancelled() or done.exception())  # seen
        try:
            # Not wait_for, which before Python 3.12 may forget that it was cancelled.
            if not (await asyncio.wait({answered}, timeout=limit))[0]:
                raise Lost("timeout", f"no answer within {limit:g} s")
            answered.result()
            self._metrics.batch_seconds.observe(loop.time() - start)
        except Lost as lost:
            self._again(batch, lost)
            raise
        except asyncio.CancelledError:
            for job in batch:
                job.done.cancel()
            raise
        except Exception as error:  # what it sent can't be read, or it could not be asked
            _LOG.exception("a worker could not be asked, or its answer not be read")
            said = f"the worker's answer can't be read ({type(error).__name__})"
            broken = Lost("worker_died", said)
            self._again(batch, broken)
            raise broken from error
        finally:
            self._busy -= 1

    def _ask(self, worker: Asked, batch: list[Job], loop: asyncio.AbstractEventLoop) -> None:
        """In a thread: hand parts to the event loop as they come."""
        for part in worker.ask([job.source for job in batch], self._timeout):
            loop.call_soon_threadsafe(self._deliver, batch, part)

    def _deliver(self, batch: list[Job], part: Part) -> None:
        self._metrics.part(part)
        for place, measured in part.measured.items():
            job = batch[place]
            if isinstance(measured, RewardkitError) and measured.code == "scorer_failed":
                _LOG.error("%s", measured)  # what a scorer raised is for the log, not for clients
                measured = ScorerError(
                    "scorer_failed", "a scorer raised; the server's log has what"
                )
            if not job.done.done():
                job.done.set_result(measured)

    def _again(self, batch: list[Job], lost: Lost) -> None:
        """What a lost worker had not answered is measured again, unless it was alone and taken."""
        left = [job for job in batch if not job.done.done()]
        late = lost.code == "timeout"
        if len(batch) == 1 and (lost.asked or (late and batch[0].alone)):
            for job in left:
                job.done.set_result(ScorerError(lost.code, lost.message))
            return
        if lost.asked or late:  # one that did not take its batch in time is not waited for twice
            for job in left:
                job.alone = True
        self._jobs.put_back(left)

    async def _blocking(self, function: Callable[..., Any], *arguments: Any) -> Any:
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._threads, function, *arguments)


def same(measured: Measured, kept: Measured) -> bool:
    """Whether two measurements of one clip are equal bit for bit, or the same failure.

    Example:
        >>> same(np.array([1.0, np.nan]), np.array([1.0, np.nan]))
        True
        >>> same(np.array([1.0]), RewardkitError("no_speech", "it is silent"))
        False
    """
    if isinstance(measured, RewardkitError) or isinstance(kept, RewardkitError):
        both = isinstance(measured, RewardkitError) and isinstance(kept, RewardkitError)
        return both and measured.code == kept.code  # type: ignore[union-attr]  # both are errors
    with contextlib.suppress(ValueError):
        return bool(np.array_equal(measured, kept, equal_nan=True))
    return False
