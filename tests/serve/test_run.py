# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: Apache-2.0
"""What a server that is told to stop answers to those who still wait."""

from __future__ import annotations

import contextlib
import json
import signal
import socket
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

from rewardkit.serve.run import _config, _Server
from tests.serve.made import Made
from tests.serve.test_command import get, post
from tests.serve.test_door import CLIP, until


@contextlib.contextmanager
def running(service: Made) -> Iterator[tuple[_Server, int]]:
    """The server as `rewardkit serve` runs it, in a thread, and its port; its worker waits."""
    server = _Server(_config(service, "127.0.0.1", 0), service)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    until(lambda: server.started)
    service.made[0].go.clear()
    try:
        yield server, server.servers[0].sockets[0].getsockname()[1]
    finally:
        service.made[0].go.set()
        server.should_exit = True
        thread.join(10)
    assert not thread.is_alive()


def test_a_second_signal_ends_the_grace_and_who_waits_is_told() -> None:
    service = Made()
    with running(service) as (server, port), ThreadPoolExecutor(1) as threads:
        held = threads.submit(post, port, CLIP)
        until(lambda: service.made[0].batches)
        server.handle_exit(signal.SIGTERM, None)
        assert not held.done()
        server.handle_exit(signal.SIGTERM, None)
        answer = held.result()
    assert answer is not None
    assert answer[0] == 503
    assert json.loads(answer[1])["error"]["code"] == "stopping"


def test_a_probe_that_waits_when_the_server_leaves_is_told() -> None:
    service = Made()
    with running(service) as (server, port), ThreadPoolExecutor(1) as threads:
        probe = threads.submit(get, port, "/health/ready")
        until(lambda: service.made[0].batches)
        server.handle_exit(signal.SIGTERM, None)
        status, text = probe.result()
    assert status == 503
    assert json.loads(text)["error"]["code"] == "stopping"


def test_a_request_s_head_is_bounded() -> None:
    service = Made()
    assert _config(service, "127.0.0.1", 0).http == "h11"  # httptools bounds none
    with running(service) as (_, port), socket.create_connection(("127.0.0.1", port)) as client:
        client.settimeout(20)
        client.sendall(b"GET /health/live HTTP/1.1\r\nX: " + b"x" * 100_000)
        assert client.recv(100).startswith(b"HTTP/1.1 400")
