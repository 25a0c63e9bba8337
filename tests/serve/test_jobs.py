# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: Apache-2.0
"""Batches: who waits for whom, who shares with whom."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from rewardkit.serve.jobs import Job, Jobs


def run(main: Callable[[], Awaitable[Any]]) -> Any:
    async def inner() -> Any:
        return await asyncio.wait_for(main(), 20)

    return asyncio.run(inner())


def jobs(arriving: Callable[[], int] = lambda: 0, **options: Any) -> Jobs:
    bounds = {"clips": 100, "seconds": 100.0, "batch_clips": 8, "batch_seconds": 10.0, "wait": 0.2}
    return Jobs(**{**bounds, **options}, arriving=arriving)


def job(seconds: float = 1.0, alone: bool = False) -> Job:
    source = ("sound", b"", None, None)
    return Job(source, seconds, asyncio.get_running_loop().create_future(), alone)


def test_an_idle_server_does_not_wait() -> None:
    async def main() -> None:
        queue = jobs(wait=60.0)
        queue.put([only := job()])
        assert await queue.take() == [only]

    run(main)


def test_what_is_being_read_is_waited_for_but_not_for_long() -> None:
    async def main() -> None:
        coming = 2
        queue = jobs(lambda: coming, wait=60.0)
        queue.put([first := job()])
        taken = asyncio.ensure_future(queue.take())
        await asyncio.sleep(0.02)
        assert not taken.done()
        queue.put([second := job()])
        coming = 0
        assert await taken == [first, second]
        slow = jobs(lambda: 1, wait=0.05)
        slow.put([job()])
        start = time.monotonic()
        assert len(await slow.take()) == 1
        assert time.monotonic() - start >= 0.05

    run(main)


def test_a_full_batch_waits_for_nobody() -> None:
    async def main() -> None:
        queue = jobs(lambda: 1, wait=60.0)
        queue.put([job(4.0), job(4.0), job(4.0)])
        assert [j.seconds for j in await queue.take()] == [4.0, 4.0]

    run(main)


def test_idle_workers_share() -> None:
    async def main() -> None:
        queue = jobs()
        takers = [asyncio.ensure_future(queue.take()) for _ in range(2)]
        await asyncio.sleep(0)
        queue.put([job() for _ in range(6)])
        assert [len(batch) for batch in await asyncio.gather(*takers)] == [3, 3]

    run(main)


def test_a_job_that_must_be_alone_is() -> None:
    async def main() -> None:
        queue = jobs()
        queue.put([job(), job()])
        queue.put_back([job(2.0, alone=True), job(3.0, alone=True)])
        taken = [[j.seconds for j in await queue.take()] for _ in range(3)]
        assert taken == [[2.0], [3.0], [1.0, 1.0]]

    run(main)


def test_one_that_nobody_waits_for_is_not_dealt() -> None:
    async def main() -> None:
        queue = jobs()
        a, b, c = job(), job(), job()
        queue.put([a, b, c])
        queue.drop(a)
        queue.drop(a)
        b.done.cancel()
        assert (len(queue), queue.seconds) == (2, 2.0)
        assert await queue.take() == [c]

    run(main)


@given(
    st.lists(st.floats(0, 30), min_size=1, max_size=40),
    st.integers(1, 9),
    st.floats(0.1, 40),
)
def test_all_are_dealt_once_in_order_and_within_bounds(
    lengths: list[float], batch_clips: int, batch_seconds: float
) -> None:
    async def main() -> None:
        queue = jobs(batch_clips=batch_clips, batch_seconds=batch_seconds)
        put = [job(seconds) for seconds in lengths]
        queue.put(put)
        taken: list[Job] = []
        while len(taken) < len(put):
            batch = await queue.take()
            assert len(batch) <= batch_clips
            assert len(batch) == 1 or sum(j.seconds for j in batch) <= batch_seconds + 1e-6
            taken += batch
        assert taken == put
        assert (len(queue), queue.seconds) == (0, 0.0)

    run(main)


def test_room_is_counted_in_clips_and_in_seconds() -> None:
    async def main() -> None:
        queue = jobs(clips=3, seconds=5.0)
        queue.put([job(2.0), job(2.0)])
        assert queue.has_room(1, 1.0)
        assert not queue.has_room(2, 0.5)
        assert not queue.has_room(1, 1.5)

    run(main)
