# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: Apache-2.0
"""Workers that die or hang, in this process and as real processes; the canary; the metrics."""

from __future__ import annotations

import os
import re
import signal
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest

from rewardkit.errors import RewardkitError
from rewardkit.extract import Extractor
from rewardkit.reward import Reward
from rewardkit.scorers import load
from rewardkit.serve.metrics import Metrics
from rewardkit.serve.options import Options
from rewardkit.serve.service import Service
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
