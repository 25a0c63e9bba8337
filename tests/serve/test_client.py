# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: Apache-2.0
"""`RemoteReward` against a real server, and against servers that fail in every way."""

from __future__ import annotations

import http.server
import json
import threading
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

from rewardkit.adapters import verl_omni
from rewardkit.audio import Limits
from rewardkit.client import RemoteReward
from rewardkit.errors import RewardkitError
from tests.made import buzz, reward_model
from tests.serve.made import Made, first, listening

SOUNDS = [buzz(seconds) for seconds in (0.5, 1.0, 2.0, 3.0, 0.7, 1.3, 2.2)]


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    """A server whose requests hold little."""
    service = Made(
        request_clips=2, request_seconds=4.0, limits=Limits(max_duration=4.0), token="secret-token"
    )
    with listening(service) as found:
        yield found


@pytest.mark.parametrize("mode", ["mean", "lcb", "min"])
def test_it_gives_what_the_library_gives(url: str, mode: Any) -> None:
    remote = RemoteReward(url, token="secret-token", mode=mode, uncertainty=0.5)
    local = reward_model().reward_function(mode=mode, uncertainty=0.5)
    assert remote.dimensions == local.dimensions
    assert np.array_equal(remote(SOUNDS, 8_000), local(SOUNDS, 8_000))
    both = [f(SOUNDS, 8_000, dimensions=True) for f in (remote, local)]
    assert np.array_equal(*both)
    assert remote([], 8_000).shape == (0,)
    assert remote.rewards([], None) == []


def test_failures_are_the_caller_s_choice(url: str) -> None:
    batch = [buzz(1.0), buzz(0.1), first(0.25), buzz(3.0)]
    with pytest.raises(RewardkitError, match=r"too_short: clip 1 of 4"):
        RemoteReward(url, token="secret-token")(batch, 8_000)
    nones = RemoteReward(url, token="secret-token", on_failure="none")
    assert nones(batch, 8_000) == [-1.0, None, None, 1.0]
    assert dict(nones.failures) == {"too_short": 1, "scorer_failed": 1}
    penal = RemoteReward(url, token="secret-token", on_failure=-9.0)
    assert penal(batch, 8_000).tolist() == [-1.0, -9.0, -9.0, 1.0]


def test_it_goes_where_a_reward_function_goes(url: str) -> None:
    remote = RemoteReward(url, token="secret-token", on_failure=-9.0)
    local = reward_model().reward_function(on_failure=-9.0)
    for samples in (buzz(1.5), buzz(0.1)):
        answers = [
            verl_omni.compute_score(judge)(solution_audio=(samples, 8_000))
            for judge in (remote, local)
        ]
        assert answers[0] == answers[1]


def test_the_wrong_token_is_no_reason_to_try_again(url: str) -> None:
    def never(_: float) -> None:
        raise AssertionError

    for on_failure in ("none", "raise", -1.0):
        remote = RemoteReward(url, token="wrong-token", on_failure=on_failure, sleep=never)  # type: ignore[arg-type]
        with pytest.raises(RewardkitError, match="forbidden"):
            remote(SOUNDS, 8_000)


Script = list[tuple[int, dict[str, str], bytes] | None]


@pytest.fixture
def scripted() -> Iterator[Callable[[Script], str]]:
    """Servers that answer `POST /v1/score` from a list: status, headers, body; None hangs up."""
    servers = []

    def serve(script: Script) -> str:
        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                told = {
                    "dimensions": ["pace"],
                    "limits": {"clips": 9, "seconds": 99, "body_bytes": 1 << 20},
                }
                self.answer(200, {}, json.dumps(told).encode())

            def do_POST(self) -> None:
                self.rfile.read(int(self.headers["content-length"]))
                step = script.pop(0)
                if step is not None:
                    self.answer(*step)

            def answer(self, status: int, headers: dict[str, str], body: bytes) -> None:
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *arguments: Any) -> None:
                pass

        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        servers.append(server)
        return f"http://127.0.0.1:{server.server_address[1]}"

    yield serve
    for server in servers:
        server.shutdown()
        server.server_close()


def rows(*rewards: float) -> bytes:
    row = {"status": "ok", "std": 0.1, "distance": None, "weights": {}, "error": None}
    return json.dumps(
        {"rewards": [{**row, "reward": r, "dimensions": {"pace": r}} for r in rewards]}
    ).encode()


def test_it_tries_again_when_there_is_no_room_and_when_the_connection_breaks(
    scripted: Callable[[Script], str],
) -> None:
    slept: list[float] = []
    full = json.dumps({"error": {"code": "overloaded", "message": "no room"}}).encode()
    script: Script = [
        (503, {"Retry-After": "7"}, full),
        None,
        (503, {"Retry-After": "Wed, 21 Oct 2026 07:28:00 GMT"}, b"<html>"),
        (200, {}, rows(2.5)),
    ]
    remote = RemoteReward(scripted(script), sleep=slept.append)
    assert remote([buzz(1.0)], 8_000).tolist() == [2.5]
    assert script == []
    assert slept[0] == 7.0
    assert 0.25 <= slept[1] <= 0.5
    assert 0.5 <= slept[2] <= 1.0


@pytest.mark.parametrize("status", [400, 401, 408, 413, 422, 429, 500, 502, 504])
def test_it_tries_nothing_else_again(scripted: Callable[[Script], str], status: int) -> None:
    script: Script = [(status, {}, b"oops"), (200, {}, rows(1.0))]
    remote = RemoteReward(scripted(script), on_failure=-1.0, sleep=lambda _: None)
    with pytest.raises(RewardkitError, match=f"bad_answer.*status {status}"):
        remote([buzz(1.0)], 8_000)
    assert len(script) == 1


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"[]",
        b"{}",
        b'{"rewards": []}',
        rows(1.0, 2.0),
        rows(float("nan")),
        b'{"rewards": [{"reward": 0.0}]}',
        rows(1.0).replace(b"1.0", b"null"),
    ],
)
def test_an_answer_that_is_none_is_no_reward(
    scripted: Callable[[Script], str], answer: bytes
) -> None:
    for on_failure in ("raise", "none", -1.0):
        remote = RemoteReward(scripted([(200, {}, answer)]), on_failure=on_failure)  # type: ignore[arg-type]
        with pytest.raises(RewardkitError, match="bad_answer"):
            remote([buzz(1.0)], 8_000)


def test_a_server_that_is_not_there_earns_no_penalty() -> None:
    slept: list[float] = []
    for on_failure in ("raise", -1.0):
        gone = RemoteReward(
            "http://127.0.0.1:9",
            on_failure=on_failure,  # type: ignore[arg-type]
            retries=3,
            sleep=slept.append,
        )
        with pytest.raises(RewardkitError, match=r"unavailable.*4 attempts"):
            gone([buzz(1.0)], 8_000)
    assert len(slept) == 6


def test_an_answer_that_takes_too_long_is_not_asked_for_again() -> None:
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), http.server.BaseHTTPRequestHandler) as s:
        # It listens, and nobody accepts.
        url = f"http://127.0.0.1:{s.server_address[1]}"
        remote = RemoteReward(url, timeout=0.1, sleep=lambda _: pytest.fail("tried again"))
        with pytest.raises(RewardkitError, match=r"unavailable.*within 0\.1 s"):
            remote([buzz(1.0)], 8_000)


@pytest.mark.parametrize(
    "options",
    [
        {"url": "ftp://x"},
        {"url": "localhost:8000"},
        {"url": "http://"},
        {"mode": "best"},
        {"retries": -1},
        {"timeout": 0},
        {"on_failure": "zero"},
    ],
)
def test_bad_options(options: Any) -> None:
    with pytest.raises(RewardkitError, match="bad_option"):
        RemoteReward(**{"url": "http://127.0.0.1:9", **options})
