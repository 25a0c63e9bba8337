# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: Apache-2.0
"""Probes: one canary for all who ask, and what makes a server ready."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.serve.made import Made, client
from tests.serve.test_door import CLIP, code, until


@pytest.mark.parametrize("workers", [1, 2])
def test_probes_share_one_canary_and_fill_no_queue(workers: int) -> None:
    service = Made(workers=workers)
    with client(service) as served, ThreadPoolExecutor(20) as threads:
        until(lambda: service.pool.ready == workers)
        for worker in service.made:
            worker.go.clear()
        service._checked = -1e9
        probes = [threads.submit(served.get, "/health/ready") for _ in range(20)]
        until(lambda: any(worker.batches for worker in service.made))
        time.sleep(0.2)
        assert len(service.jobs) == 0
        assert not any(probe.done() for probe in probes)
        for worker in service.made:
            worker.go.set()
        assert {probe.result().status_code for probe in probes} == {200}
        assert sum(sum(worker.batches) for worker in service.made) == 1


def test_a_server_that_is_merely_busy_is_ready() -> None:
    service = Made()
    with client(service) as served, ThreadPoolExecutor(1) as threads:
        service.made[0].go.clear()
        held = threads.submit(served.post, "/v1/score", json=CLIP)
        until(lambda: service.made[0].batches)
        service._checked = -1e9
        assert served.get("/health/ready").status_code == 200
        service.made[0].go.set()
        assert held.result().status_code == 200


def test_a_canary_that_is_not_measured_in_time_is_no_client_that_went(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("rewardkit.serve.service._PATIENCE", 0.1)
    service = Made()
    with client(service) as served:
        service.made[0].go.clear()
        assert code(served.get("/health/ready")) == (503, "not_ready")
        assert b"rewardkit_clips_dropped_total 0.0" in service.metrics.page()
        service.made[0].go.set()
