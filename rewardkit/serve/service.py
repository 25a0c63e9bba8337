# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: Apache-2.0
"""`Service`: what a server knows while it runs, and the way of a clip through it."""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import Callable, Sequence
from typing import Any, Final

from rewardkit.callable import RewardFunction
from rewardkit.errors import RewardkitError
from rewardkit.model import RewardModel
from rewardkit.reward import Reward
from rewardkit.serve import worker
from rewardkit.serve.jobs import Given, Job, Jobs, Source
from rewardkit.serve.metrics import Metrics
from rewardkit.serve.options import Options
from rewardkit.serve.pool import Asked, Pool, same
from rewardkit.serve.problems import Refused
from rewardkit.workers import Measured, Recipe

_FRESH: Final = 10.0  # s for which a canary's answer is believed
_PATIENCE: Final = 5.0  # s that a probe waits for the canary


class Ticket:
    """A request that was let in, from its head to its answer."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._arriving = True
        self.bytes = 0
        service.arriving += 1
        service.open_requests += 1

    def hold(self, count: int) -> None:
        """So many more bytes of its body are in memory.

        Raises:
            Refused: `too_large`, or `overloaded` when all requests together hold too much.
        """
        options = self._service.options
        self.bytes += count
        self._service.bytes += count
        if self.bytes > options.body:
            raise Refused("too_large", f"a request holds at most {options.body} bytes")
        if self._service.bytes > options.bodies:
            raise Refused("overloaded", retry_after=self._service.retry_after())

    def arrived(self) -> None:
        """It was read; from now on it waits in the queue or is answered."""
        if self._arriving:
            self._arriving = False
            self._service.arriving -= 1

    def answered(self) -> None:
        """It is over."""
        self.arrived()
        self._service.open_requests -= 1
        self._service.bytes -= self.bytes


class Service:
    """A model behind a queue and a pool of workers.

    Args:
        model: Judges what the workers measure; they make its scorers again for themselves.
        options: How to serve.
        start: Starts a worker; without, a process.

    Attributes:
        judge: The rewards that training loops' own protocols are answered with.
        arriving: Requests that are being read.
        open_requests: Requests that were let in and are not answered.
        bytes: Of all their bodies.
        stopping: Whether no more are let in.
        over: Whether the grace of those that were let in is over, too.
        uploads: What waits for more of a request's body.
    """

    def __init__(
        self, model: RewardModel, options: Options, start: Callable[[], Asked] | None = None
    ) -> None:
        self.model, self.options = model, options
        self.metrics = Metrics()
        self.arriving = self.open_requests = self.bytes = 0
        self.stopping = self.over = False
        self.uploads: set[asyncio.Future[Any]] = set()
        self.judge = self.judge_of(options.mode, options.uncertainty)
        self.jobs = Jobs(
            options.queue_clips,
            options.queue_seconds,
            options.batch_clips,
            options.batch_seconds,
            options.wait,
            lambda: self.arriving,
        )
        self.metrics.watch(self.jobs)
        self.pool = Pool(
            start or self._worker, options.workers, options.timeout, self.jobs, self.metrics
        )
        self._waiting: set[Job] = set()
        self._checked = -math.inf
        self._check: asyncio.Future[None] | None = None
        self._pace = 0.01  # s for a second of sound, all workers together; learned

    def judge_of(self, mode: str, uncertainty: float) -> RewardFunction:
        """The model's rewards in some mode.

        Raises:
            RewardkitError: `bad_option`.
        """
        return RewardFunction(
            self.model,
            mode=mode,  # type: ignore[arg-type]  # checked there
            uncertainty=uncertainty,
            on_failure=self.options.on_failure,
            limits=self.options.limits,
        )

    def _worker(self) -> Asked:
        recipe = Recipe.of(self.model.extractor, self.options.limits)
        return worker.Worker(worker.Plan(recipe, self.options.batch_seconds, self.options.render))

    def admit(self) -> Ticket:
        """Let a request in, before anything but its head is read.

        Raises:
            Refused: `stopping`, `not_ready`, or `overloaded`.
        """
        if self.stopping:
            raise Refused("stopping", retry_after=math.ceil(self.options.grace))
        if not self.pool.ready and (self.pool.down or self.pool.canary is None):
            raise Refused("not_ready")
        if len(self.jobs) + self.arriving >= self.options.queue_clips or not self.jobs.has_room(
            1, 0.0
        ):
            raise Refused("overloaded", retry_after=self.retry_after())
        return Ticket(self)

    def retry_after(self) -> int:
        """In how many seconds there should be room again."""
        return max(1, min(60, math.ceil(self.jobs.seconds * self._pace)))

    async def measure(self, clips: Sequence[Given], ticket: Ticket | None = None) -> list[Measured]:
        """What workers measure of some clips, in order.

        Cancel it when the client has gone: clips that still wait are dropped.

        Args:
            clips: Of one request.
            ticket: Of the request that they came in.

        Raises:
            Refused: `too_large` for more than one request may hold, `overloaded` when there is
                no room, `stopping` when the grace is over.
        """
        if self.over:
            raise Refused("stopping")
        options = self.options
        loop = asyncio.get_running_loop()
        jobs = [
            clip if isinstance(clip, RewardkitError) else Job(*clip, loop.create_future())
            for clip in clips
        ]
        todo = [job for job in jobs if isinstance(job, Job)]
        seconds = math.fsum(job.seconds for job in todo)
        if len(clips) > options.request_clips:
            raise Refused("too_large", f"a request holds at most {options.request_clips} clips")
        if seconds > options.request_seconds:
            raise Refused(
                "too_large", f"a request holds at most {options.request_seconds:g} s of sound"
            )
        if not self.jobs.has_room(len(todo), seconds):
            raise Refused("overloaded", retry_after=self.retry_after())
        self.jobs.put(todo)
        self._waiting.update(todo)
        if ticket is not None:
            ticket.arrived()
        start, ahead = time.monotonic(), self.jobs.seconds
        try:
            await asyncio.gather(*(job.done for job in todo))
        except asyncio.CancelledError:
            for job in todo:
                self.jobs.drop(job)
                job.done.cancel()
            raise
        finally:
            self._waiting.difference_update(todo)
        if ahead > 1.0:  # s of sound; less says nothing of the pace under load
            self._pace += 0.1 * ((time.monotonic() - start) / ahead - self._pace)
        return [job.done.result() if isinstance(job, Job) else job for job in jobs]

    def abandon(self) -> None:
        """Answer all that wait with `stopping`: the grace is over."""
        self.over = True
        for job in self._waiting:
            if not job.done.done():
                job.done.set_exception(Refused("stopping"))
        for upload in self.uploads:
            upload.cancel()

    def judged(self, judge: RewardFunction, measured: Sequence[Measured]) -> list[Reward]:
        """The rewards of measured clips, counted."""
        rewards = judge.judge(measured)
        self.metrics.rewards(rewards)
        return rewards

    async def canary(self) -> Reward:
        """The canary's reward, measured anew every few seconds.

        Raises:
            Refused: `not_ready`, when no worker is ready, when it took too long, and when it is
                not what it was at the start.
        """
        kept = self.pool.canary
        if kept is None or not self.pool.ready:
            raise Refused("not_ready")
        # A server whose workers all have work shows every moment that it measures.
        idle = self.pool.idle and not len(self.jobs)
        if self._check is None and idle and time.monotonic() - self._checked > _FRESH:
            self._check = asyncio.ensure_future(self._measure_canary(kept))
            self._check.add_done_callback(self._measured_canary)
        if self._check is not None:  # it is one for however many ask: probes need no token
            await asyncio.shield(self._check)
        return self.judge_of("mean", 1.0).judge([kept])[0]

    async def _measure_canary(self, kept: Measured) -> None:
        clip = worker.canary()
        source: Source = ("sound", clip.samples, clip.sample_rate, None)
        try:
            found = await asyncio.wait_for(self.measure([(source, clip.duration)]), _PATIENCE)
        except asyncio.TimeoutError:
            raise Refused("not_ready", "the canary was not measured in time") from None
        if not same(found[0], kept):
            raise Refused("not_ready", "the canary has not the reward that it had at the start")
        self._checked = time.monotonic()

    def _measured_canary(self, check: asyncio.Future[None]) -> None:
        self._check = None
        if not check.cancelled():
            check.exception()  # it is seen, even if nobody waits for it any more


def failure(rewards: Sequence[Reward]) -> RewardkitError | None:
    """The first clip's failure among some rewards, if any."""
    return next((reward.error for reward in rewards if reward.error is not None), None)
