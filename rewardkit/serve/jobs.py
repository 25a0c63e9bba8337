# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: Apache-2.0
"""`Jobs`: the clips that wait to be measured, bounded, and dealt out in batches."""

from __future__ import annotations

import asyncio
import collections
import contextlib
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from rewardkit.errors import RewardkitError
from rewardkit.workers import Measured

Source: TypeAlias = "tuple[str, Any, int | None, str | None]"
"""What a worker is given for one clip, plain values only: `("sound", bytes or samples,
sample_rate or None, text)` or `("render", row, None, text)`."""

Given: TypeAlias = "tuple[Source, float] | RewardkitError"
"""A clip of a request, with its seconds of sound as far as they are known; or why there is none."""


@dataclass(eq=False)
class Job:
    """One clip that waits.

    Args:
        source: What the worker gets.
        seconds: Of sound: exact for samples, an estimate for encoded files.
        done: Resolves to what was measured.
        alone: Whether it must not share a batch: a worker was lost over it and others.
        since: When it was accepted, on the monotonic clock.
    """

    source: Source
    seconds: float
    done: asyncio.Future[Measured]
    alone: bool = False
    since: float = field(default_factory=time.monotonic)


class Jobs:
    """A first-in, first-out queue of jobs, bounded in clips and in seconds of sound.

    A batch is what has gathered while the workers were busy: nobody waits for company, except
    for requests that are already being read, and for those `wait` seconds at most. Several idle
    workers share what there is.

    Args:
        clips: Most that wait.
        seconds: Most seconds of sound that wait.
        batch_clips: Most in a batch.
        batch_seconds: Most seconds of sound in a batch, or one longer clip.
        wait: Seconds to wait for requests that are being read.
        arriving: How many requests are being read.
    """

    def __init__(
        self,
        clips: int,
        seconds: float,
        batch_clips: int,
        batch_seconds: float,
        wait: float,
        arriving: Callable[[], int],
    ) -> None:
        self.most_clips, self.most_seconds = clips, seconds
        self._batch_clips, self._batch_seconds = batch_clips, batch_seconds
        self._wait, self._arriving = wait, arriving
        self._jobs: collections.deque[Job] = collections.deque()
        self._filled = asyncio.Event()
        self._takers = 0
        self.seconds = 0.0

    def __len__(self) -> int:
        return len(self._jobs)

    def has_room(self, clips: int, seconds: float) -> bool:
        """Whether so much may still be put in."""
        return (
            len(self._jobs) + clips <= self.most_clips
            and self.seconds + seconds <= self.most_seconds
        )

    def put(self, jobs: Iterable[Job]) -> None:
        """Add jobs at the end; ask `has_room` first."""
        for job in jobs:
            self._jobs.append(job)
            self.seconds += job.seconds
            self._filled.set()  # of no jobs at all nobody is told: a taker would spin

    def put_back(self, jobs: Iterable[Job]) -> None:
        """Put jobs in front that were accepted long ago; there is always room for them."""
        for job in reversed(list(jobs)):
            self._jobs.appendleft(job)
            self.seconds += job.seconds
            self._filled.set()

    def drop(self, job: Job) -> None:
        """Take out a job that nobody waits for any more, if it is still here."""
        with contextlib.suppress(ValueError):
            self._jobs.remove(job)
            self._left(job)

    def refuse(self, error: Exception) -> None:
        """Answer all that wait with an error."""
        while self._jobs:
            job = self._jobs.popleft()
            self._left(job)
            if not job.done.done():
                job.done.set_exception(error)

    async def take(self) -> list[Job]:
        """The next batch: one job or more, in order."""
        self._takers += 1
        try:
            while True:
                await self._filled.wait()
                await self._gather()
                batch = self._deal()
                if batch:
                    return batch
        finally:
            self._takers -= 1

    async def _gather(self) -> None:
        """Wait a little for requests that are being read, unless there is enough already."""
        until = time.monotonic() + self._wait
        while (
            self._arriving()
            and self.seconds < self._batch_seconds
            and len(self._jobs) < self._batch_clips
            and (left := until - time.monotonic()) > 0
        ):
            await asyncio.sleep(min(left, 0.001))

    def _deal(self) -> list[Job]:
        """This worker's share of what waits."""
        share = min(self._batch_seconds, self.seconds / max(self._takers, 1))
        most = min(self._batch_clips, -(-len(self._jobs) // max(self._takers, 1)))
        batch: list[Job] = []
        taken = 0.0
        while self._jobs and len(batch) < most:
            job = self._jobs[0]
            if batch and (job.alone or batch[0].alone or taken + job.seconds > share + 1e-9):
                break
            self._jobs.popleft()
            self._left(job)
            if not job.done.done():
                batch.append(job)
                taken += job.seconds
        return batch

    def _left(self, job: Job) -> None:
        self.seconds -= job.seconds
        if not self._jobs:
            self.seconds = 0.0  # no rounding is left over
            self._filled.clear()
