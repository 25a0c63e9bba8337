# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: Apache-2.0
"""The pool: order, deadlines, deaths."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Mapping

import numpy as np
import pytest

from rewardkit.audio import Limits
from rewardkit.clip import Clip
from rewardkit.errors import RewardkitError
from rewardkit.extract import Extractor
from rewardkit.order import GROUP, Order
from rewardkit.testing import voice
from rewardkit.workers import Pool, Recipe, measure, one_thread

SOURCE = """
import os, time
from dataclasses import dataclass
from rewardkit.features import Feature

@dataclass(frozen=True)
class Odd:
    name = "odd"
    version = 1
    sample_rate = None
    features = (Feature("seconds", "s", "duration", low=0),)

    def __call__(self, clip):
        if clip.source == "hangs":
            time.sleep(600)
        if clip.source == "dies":
            os._exit(11)
        if clip.source == "raises":
            raise RuntimeError("no")
        return {"seconds": clip.duration}

class Broken:
    def __init__(self):
        raise OSError("its model is not there")
"""
NAMES = ["a", "hangs", "b", "dies", "c", "raises", "d", "e"]


@pytest.fixture
def odd(plugins: Callable[..., None]) -> Recipe:
    plugins(SOURCE, "odd = strangers:Odd", "broken = strangers:Broken")
    return Recipe((("odd", {}),), require_speech=False)


def sources() -> list[tuple[Clip, None]]:
    made = [voice(0.5 + 0.25 * i) for i in range(len(NAMES))]
    return [(Clip(c.samples, 16_000, name), None) for c, name in zip(made, NAMES, strict=True)]


def test_hung_dead_and_failing_clips_are_named_and_the_others_go_on(odd: Recipe) -> None:
    with Pool(odd, workers=2, timeout=3.0) as pool:
        found = list(pool.map(sources()))
    codes = [m.code if isinstance(m, RewardkitError) else "ok" for m in found]
    assert codes == ["ok", "timeout", "ok", "worker_died", "ok", "scorer_failed", "ok", "ok"]
    for index in (0, 2, 4, 6, 7):
        assert np.array_equal(found[index], [0.5 + 0.25 * index])


def test_workers_give_the_same_as_no_workers(odd: Recipe) -> None:
    good = [pair for pair in sources() if len(pair[0].source) == 1]
    extractor = odd.make()
    alone = [measure(extractor, source, limits=Limits()) for source, _ in good]
    with Pool(odd, workers=2) as pool:
        assert np.array_equal(list(pool.map(good)), alone)


def test_nothing_in_nothing_out(odd: Recipe) -> None:
    with Pool(odd, workers=1) as pool:
        assert list(pool.map([])) == []


def test_a_scorer_that_cannot_be_made_is_said_at_once(odd: Recipe) -> None:
    with (
        Pool(Recipe((("broken", {}),)), workers=1) as pool,
        pytest.raises(RewardkitError, match=r"bad_scorer.*its model is not there"),
    ):
        list(pool.map(sources()))


def test_workers_measure_with_the_hosts_scorers_or_not_at_all(odd: Recipe) -> None:
    class Odd:
        name, version, sample_rate, features = "odd", 2, None, odd.make().scorers[0].features

        def __call__(self, clip: Clip) -> Mapping[str, float]:
            return {"seconds": -clip.duration}

    with (
        Pool(Recipe.of(Extractor([Odd()]), Limits()), workers=1) as pool,
        pytest.raises(RewardkitError, match="scorer_mismatch"),
    ):
        list(pool.map(sources()[:1]))


def test_inputs_are_drawn_only_as_needed(odd: Recipe) -> None:
    drawn = []

    def endless():
        while True:
            drawn.append(1)
            yield voice(0.3), None

    with Pool(odd, workers=1) as pool:
        results = pool.map(endless())
        for _ in range(3):
            next(results)
    assert len(drawn) <= 3 + 3 * GROUP


def test_a_pool_stays_for_the_next_batch(odd: Recipe) -> None:
    with Pool(odd, workers=2) as pool:
        first = list(pool.map(sources()[:1]))
        pids = [worker.process.pid for worker in pool._workers]
        second = list(pool.map(sources()[2:3]))
        assert [worker.process.pid for worker in pool._workers] == pids
    assert np.array_equal([first, second], [[[0.5]], [[1.0]]])


def test_threads_that_start_processes_leave_the_environment_as_it_was(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    inside, leave = threading.Event(), threading.Event()

    def other() -> None:
        with one_thread():
            inside.set()
            leave.wait()

    thread = threading.Thread(target=other)
    with one_thread():
        thread.start()
        inside.wait(0.1)  # it gets in only when nothing keeps it out
    leave.set()
    thread.join()
    assert "OMP_NUM_THREADS" not in os.environ


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork on this system")
def test_a_fork_leaves_the_workers_to_the_process_that_made_them(odd: Recipe) -> None:
    with Pool(odd, workers=1) as pool:
        child = os.fork()
        if child == 0:
            closed = pool.closed
            pool.close()
            os._exit(0 if closed else 1)
        assert os.waitpid(child, 0)[1] == 0
        worker = pool._workers[0]
        assert np.array_equal(list(pool.map(sources()[:1])), [[0.5]])
        assert pool._workers[0] is worker


def test_what_a_batch_left_undone_does_not_answer_the_next(odd: Recipe) -> None:
    with Pool(odd, workers=1) as pool:
        begun = pool.map(sources()[2:3] * 20)
        next(begun)
        begun.close()
        assert np.array_equal(list(pool.map(sources()[:1])), [[0.5]])


def test_a_batch_that_is_not_done_is_in_nobody_s_way_and_says_so(odd: Recipe) -> None:
    with Pool(odd, workers=1) as pool:
        begun = pool.map(sources()[2:3] * 20)
        first = next(begun)
        with pytest.raises(RewardkitError, match="bad_option: this pool is at work"):
            list(pool.map(sources()[:1]))
        assert np.array_equal([first, *begun], [[1.0]] * 20)
        assert np.array_equal(list(pool.map(sources()[:1])), [[0.5]])


def test_a_worker_that_dies_between_batches_takes_no_clip_with_it(odd: Recipe) -> None:
    with Pool(odd, workers=1) as pool:
        list(pool.map(sources()[:1]))
        pool._workers[0].process.kill()
        pool._workers[0].process.join()
        assert np.array_equal(list(pool.map(sources()[2:3])), [[1.0]])


def test_a_worker_that_dies_while_idle_takes_no_clip_with_it(odd: Recipe) -> None:
    with Pool(odd, workers=2, timeout=3.0) as pool:
        while not all(worker.ready for worker in pool._workers):
            list(pool.map(sources()[:1]))
        idle = pool._workers[1]
        hear = pool._hear

        def hear_it_die(order: Order) -> None:
            if idle.process.is_alive():
                assert not idle.groups
                idle.process.kill()
                idle.process.join()
            hear(order)

        pool._hear = hear_it_die  # type: ignore[method-assign]
        assert np.array_equal(list(pool.map(sources()[2:3])), [[1.0]])
        assert not pool.closed
        assert pool._workers[1] is not idle


def test_what_cannot_be_sent_to_a_worker_is_that_clip_s_error(odd: Recipe) -> None:
    import threading

    import torch

    tone = torch.sin(torch.arange(16_000) / 10)
    jobs = [
        (threading.Lock(), None),
        (tone * torch.ones(1, requires_grad=True), 16_000),
        (lambda: tone, None),
        (tone.to_sparse(), 16_000),
        (memoryview(b"RIFF"), None),
        (tone.numpy(), 16_000),
    ]
    expected = ["bad_format", "ok", "bad_format", "bad_format", "unreadable", "ok"]
    extractor = odd.make()
    with Pool(odd, workers=1) as pool:
        for part in (jobs, jobs[:1]):
            alone = [measure(extractor, s, sample_rate=r, limits=Limits()) for s, r in part]
            for found in (list(pool.map(part)), alone):
                codes = [m.code if isinstance(m, RewardkitError) else "ok" for m in found]
                assert codes == expected[: len(part)]


def test_a_closed_pool_says_so(odd: Recipe) -> None:
    with Pool(odd, workers=1) as pool:
        pass
    with pytest.raises(RewardkitError, match="bad_option: this pool was closed"):
        list(pool.map(sources()))


def test_a_pool_that_could_not_start_is_closed(odd: Recipe) -> None:
    pool = Pool(Recipe((("broken", {}),), require_speech=False), workers=2)
    with pytest.raises(RewardkitError, match="its model is not there"):
        list(pool.map(sources()))
    assert pool.closed


@pytest.mark.parametrize(("workers", "timeout"), [(0, 1.0), (-1, 1.0), (1, 0.0), (1, float("nan"))])
def test_a_pool_has_workers_and_time(odd: Recipe, workers: int, timeout: float) -> None:
    with pytest.raises(RewardkitError, match="bad_option"):
        Pool(odd, workers, timeout)
