# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: Apache-2.0
"""Workers that die or hang, in this process and as real processes; the canary; the metrics."""

from __future__ import annotations

import multiprocessing
import os
import pickle
import re
import signal
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest

from rewardkit.batch_function import first_failure
from rewardkit.errors import RewardkitError
from rewardkit.extract import Extractor
from rewardkit.reward import Reward
from rewardkit.scorers import load
from rewardkit.serve.metrics import Metrics
from rewardkit.serve.options import Options
from rewardkit.serve.service import Service
from rewardkit.serve.worker import Lost, Worker, _plain
from rewardkit.testing import voice
from tests.made import around, buzz, reward_model
from tests.serve.made import DIES, HANGS, Local, Made, client, first, waveform
from tests.serve.test_door import CLIP, until


def codes(answer: Any) -> list[Any]:
    return [row["error"] and row["error"]["code"] for row in answer.json()["rewards"]]


@pytest.mark.parametrize(("sample", "code"), [(DIES, "worker_died"), (HANGS, "timeout")])
def test_a_lost_worker_costs_the_clip_it_was_on_and_no_other(sample: float, code: str) -> None:
    service = Made()
    sounds = [buzz(1.0), first(sample), buzz(2.0), buzz(3.0)]
    with client(service) as served:
        answer = served.post("/v1/score", json={"clips": [waveform(x) for x in sounds]})
        assert codes(answer) == [None, code, None, None]
        assert [row["reward"] for row in answer.json()["rewards"]] == [-1.0, None, 0.0, 1.0]
        until(lambda: len(service.made) == 3 and service.pool.ready == 1)
        assert [worker.killed.is_set() for worker in service.made] == [True, True, False]
        # All together, then each alone: the culprit takes a second worker with it.
        assert [worker.batches for worker in service.made] == [[4], [1, 1], [1, 1]]
        page = served.get("/metrics").text
    assert f'rewardkit_worker_restarts_total{{reason="{code}"}} 2.0' in page
    assert f'rewardkit_failures_total{{code="{code}"}} 1.0' in page


def test_a_worker_that_measures_something_else_is_not_used() -> None:
    class Wrong(Local):
        def ready(self, timeout: float) -> Any:
            right = super().ready(timeout)
            return np.nextafter(right, np.inf)

    service = Made()
    with client(service) as served:
        before = served.get("/health/ready").json()
        assert before["status"] == "ready"
        assert before["canary"] == reward_model()(voice(2.0)).scalar
        right = service.pool._start
        wrong = Wrong(service.model, service.options)
        service.pool._start = lambda: wrong
        served.post("/v1/score", json={"clips": [waveform(first(DIES))]})
        until(wrong.killed.is_set)
        answer = served.get("/health/ready")
        assert (answer.status_code, answer.json()["error"]["code"]) == (503, "not_ready")
        service.pool._start = right
        until(lambda: service.pool.ready)
        assert served.get("/health/ready").json() == before


def test_readiness_measures_the_canary_anew() -> None:
    service = Made()
    with client(service) as served:
        assert served.get("/health/ready").status_code == 200
        service._checked = -1e9
        extractor = service.made[0]._extractor
        call = extractor.scorers[0]

        class Drifted:
            name, version, sample_rate, features = "plain", 1, None, call.features

            def __call__(self, clip: Any) -> Any:
                return {name: value + 1 for name, value in call(clip).items()}

        extractor.scorers = (Drifted(),)
        answer = served.get("/health/ready")
        assert (answer.status_code, answer.json()["error"]["code"]) == (503, "not_ready")


class Deaf(Local):
    """A worker that never takes what it is given."""

    code = "timeout"

    def ask(self, batch: Any, timeout: float) -> Any:
        raise Lost(self.code, "it did not take its batch", asked=False)


@pytest.mark.parametrize("reason", ["worker_died", "timeout"])
def test_a_clip_that_was_never_handed_over_is_not_to_blame(reason: str) -> None:
    service = Made()
    right = service.pool._start
    deaf = Deaf(service.model, service.options)
    deaf.code = reason
    service.pool._start = lambda: deaf
    with client(service) as served:
        service.pool._start = right
        assert codes(served.post("/v1/score", json=CLIP)) == [None]


def test_a_clip_that_no_worker_takes_in_time_is_not_tried_for_ever() -> None:
    service = Made()
    service.pool._start = lambda: Deaf(service.model, service.options)
    with client(service) as served:
        assert codes(served.post("/v1/score", json=CLIP)) == ["timeout"]


def test_a_worker_that_dies_while_it_is_idle_is_replaced_unasked() -> None:
    service = Made()
    with client(service) as served:
        service.made[0].alive = False
        until(lambda: len(service.made) == 2 and service.pool.ready == 1)
        page = served.get("/metrics").text
        assert 'rewardkit_worker_restarts_total{reason="worker_died"} 1.0' in page
        assert codes(served.post("/v1/score", json=CLIP)) == [None]
    assert service.made[0].killed.is_set()


@pytest.mark.parametrize("error", [TypeError("its answer can't be unpickled"), OverflowError()])
def test_a_worker_that_can_t_be_understood_is_replaced(error: Exception) -> None:
    class Odd(Local):
        def ask(self, batch: Any, timeout: float) -> Any:
            if any(given[0] == DIES for _, given, _, _ in batch):
                raise error
            return super().ask(batch, timeout)

    service = Made()
    service.pool._start = lambda: Odd(service.model, service.options)
    sounds = [waveform(buzz(1.0)), waveform(first(DIES))]
    with client(service) as served:
        assert codes(served.post("/v1/score", json={"clips": sounds})) == [None, "worker_died"]
        assert codes(served.post("/v1/score", json=CLIP)) == [None]


def test_while_no_worker_can_be_started_requests_are_refused_and_not_kept() -> None:
    service = Made()
    right = service.pool._start
    tried = []

    def none() -> Any:
        tried.append(1)
        raise OSError(24, "Too many open files")

    with client(service) as served:
        service.pool._start = none
        answer = served.post("/v1/score", json={"clips": [waveform(first(DIES))] * 2})
        assert (answer.status_code, answer.json()["error"]["code"]) == (503, "not_ready")
        assert served.post("/v1/score", json=CLIP).status_code == 503
        service.pool._start = right
        until(lambda: service.pool.ready)
        assert served.post("/v1/score", json=CLIP).status_code == 200
    assert tried == [1]


def test_an_error_of_someone_else_s_class_can_be_sent() -> None:
    class RudeError(RewardkitError):
        def __init__(self, word: str) -> None:
            super().__init__("not_rendered", f"{word} is not spoken")

    sent = pickle.loads(pickle.dumps(_plain(RudeError("it"))))
    assert repr(sent) == "RewardkitError('not_rendered', 'it is not spoken')"
    with pytest.raises(RewardkitError, match="not_rendered: clip 0 of 1: it is not spoken"):
        first_failure([Reward.failed(RudeError("it"))])


def test_a_server_whose_first_worker_can_t_be_started_says_why() -> None:
    def none() -> Any:
        raise OSError(24, "Too many open files")

    service = Made()
    service.pool._start = none
    with pytest.raises(RewardkitError, match="Too many open files"), client(service):
        pass


def test_a_server_whose_workers_can_t_start_says_why() -> None:
    class Broken(Local):
        def ready(self, timeout: float) -> Any:
            raise RewardkitError("bad_scorer", "its model is not there")

    service = Made()
    service.pool._start = lambda: Broken(service.model, service.options)
    with pytest.raises(RewardkitError, match="its model is not there"), client(service):
        pass


def test_the_page_tells_what_was_done() -> None:
    service = Made()
    with client(service) as served:
        served.post("/v1/score", json={"clips": [waveform(buzz(1.0)), waveform(buzz(0.1))]})
        page = served.get("/metrics").text
    for line in (
        'rewardkit_request_seconds_count{address="/v1/score",status="200"} 1.0',
        'rewardkit_clips_total{status="ok"} 1.0',
        'rewardkit_failures_total{code="too_short"} 1.0',
        "rewardkit_batch_clips_sum 2.0",
        "rewardkit_batch_sound_seconds_sum 1.0",
        'rewardkit_scorer_seconds_count{scorer="plain"} 1.0',
        "rewardkit_reward_count 1.0",
        "rewardkit_queue_clips 0.0",
        "rewardkit_queue_sound_seconds 0.0",
        "rewardkit_workers_ready 1.0",
    ):
        assert line in page
    assert re.search(r"rewardkit_batch_seconds_sum 0\.\d+", page)


def test_the_share_that_lies_far_out_is_of_speech_only() -> None:
    metrics = Metrics()
    far = Reward.failed(RewardkitError("out_of_distribution", "far"), 5.0)
    silent = Reward.failed(RewardkitError("no_speech", "silence"))
    metrics.rewards([far, silent, Reward(1.0, {}, 0.1), Reward(1.0, {}, 0.1), far])
    assert b"rewardkit_out_of_distribution_share 0.5" in metrics.page()


SOURCE = """
import os, signal, time
from dataclasses import dataclass
from rewardkit.features import Feature

@dataclass(frozen=True)
class Odd:
    name = "odd"
    version = 1
    sample_rate = None
    features = (Feature("seconds", "s", "duration"), Feature("threads", "1", "of OpenMP"))

    def __call__(self, clip):
        if clip.samples[0] == 0.125:
            os.kill(os.getpid(), signal.SIGKILL)
        if clip.samples[0] == 0.375:
            signal.pthread_sigmask(signal.SIG_BLOCK, range(1, 32))
            time.sleep(600)
        if clip.samples[0] == 0.5:
            time.sleep(1.0)
        return {"seconds": clip.duration, "threads": float(os.environ["OMP_NUM_THREADS"])}
"""


def test_real_workers_are_killed_and_replaced(plugins: Callable[..., None]) -> None:
    plugins(SOURCE, "odd = strangers:Odd")
    head = reward_model().head
    model = around(Extractor([load("odd")], require_speech=False), head)
    service = Service(model, Options(workers=1, timeout=1.5))
    sounds = [buzz(1.0), first(DIES), buzz(2.0), first(HANGS), first(0.25)]
    with client(service) as served, ThreadPoolExecutor(1) as threads:
        answer = served.post("/v1/score", json={"clips": [waveform(x) for x in sounds]})
        assert codes(answer) == [None, "worker_died", None, "timeout", None]
        rows = np.array([[1.0, 1.0], [2.0, 1.0]])  # one thread each
        expected = [reward.scalar for reward in model.judge(rows)]
        assert [answer.json()["rewards"][i]["reward"] for i in (0, 2)] == expected
        # SIGTERM to a whole group is the host's affair; a kill from outside is not.
        until(lambda: service.pool.pids)
        pid = service.pool.pids[0]
        os.kill(pid, signal.SIGTERM)
        os.kill(pid, signal.SIGINT)
        assert served.post("/v1/score", json=CLIP).json()["rewards"][0]["status"] == "ok"
        assert service.pool.pids == [pid]
        slow = threads.submit(served.post, "/v1/score", json={"clips": [waveform(first(0.5))] * 2})
        time.sleep(0.3)
        os.kill(pid, signal.SIGKILL)
        assert codes(slow.result()) == [None, None]  # it was in company: measured again
        until(lambda: service.pool.pids not in ([], [pid]))
        assert served.get("/health/ready").status_code == 200


def test_real_workers_that_are_killed_or_stopped_while_idle_cost_nothing(
    plugins: Callable[..., None],
) -> None:
    plugins(SOURCE, "odd = strangers:Odd")
    model = around(Extractor([load("odd")], require_speech=False), reward_model().head)
    service = Service(model, Options(workers=1, timeout=1.5))
    with client(service) as served:
        pid = service.pool.pids[0]
        os.kill(pid, signal.SIGKILL)
        os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)
        assert codes(served.post("/v1/score", json=CLIP)) == [None]
        until(lambda: service.pool.pids not in ([], [pid]))
        taken = service.pool.pids[0]
        os.kill(taken, signal.SIGSTOP)
        with ThreadPoolExecutor(1) as threads:
            scored = threads.submit(served.post, "/v1/score", json=CLIP)
            until(lambda: service.pool.idle == 0)
            time.sleep(0.2)
            os.kill(taken, signal.SIGKILL)  # the clip lies in the pipe
            assert codes(scored.result()) == [None]
        until(lambda: service.pool.pids not in ([], [taken]))
        stopped = service.pool.pids[0]
        os.kill(stopped, signal.SIGSTOP)
        start = time.monotonic()
        # More than fits into the pipe: it is not even taken.
        answer = served.post("/v1/score", json={"clips": [waveform(buzz(1.0))] * 20})
        assert codes(answer) == [None] * 20
        assert time.monotonic() - start < 20  # 1.5 s a clip would be 31.5
        until(lambda: service.pool.pids not in ([], [stopped]))
        os.kill(service.pool.pids[0], signal.SIGSTOP)
        # One clip alone fits into the pipe, and is not taken from there either.
        assert codes(served.post("/v1/score", json=CLIP)) == [None]


def test_a_worker_that_is_not_ready_in_time_is_said_to_be_none() -> None:
    worker = Worker.__new__(Worker)
    worker._pipe, theirs = multiprocessing.Pipe()
    with pytest.raises(Lost, match="not ready within"):
        worker.ready(0.01)
    theirs.close()
    worker._pipe.close()
