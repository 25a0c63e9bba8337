# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: Apache-2.0
"""`RemoteReward` against a real server, and against servers that fail in every way."""

from __future__ import annotations

import contextlib
import http.client
import http.server
import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest

from rewardkit.adapters import verl_omni
from rewardkit.audio import Limits
from rewardkit.client import RemoteReward
from rewardkit.errors import RewardkitError
from rewardkit.exchange import Server
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


def test_a_clip_that_no_request_can_hold_costs_no_other() -> None:
    service = Made(body=100_000)
    batch = [buzz(1.0), buzz(3.0), buzz(2.0)]  # 3 s are 128 kB in base64
    with listening(service) as url:
        nones = RemoteReward(url, on_failure="none")
        assert nones(batch, 8_000) == [-1.0, None, 0.0]
        assert dict(nones.failures) == {"too_long": 1}
        unlimited = {**nones.model["limits"], "body_bytes": 1 << 20}
        nones._model = {**nones.model, "limits": unlimited}
        assert nones(batch[1:2], 8_000) == [None]  # by the server's own word
        assert dict(nones.failures) == {"too_long": 2}
        with pytest.raises(RewardkitError, match="too_long: clip 1 of 3"):
            RemoteReward(url)(batch, 8_000)


def test_a_text_that_is_none_costs_no_other(url: str) -> None:
    remote = RemoteReward(url, token="secret-token", on_failure="none")
    texts = ["it is said", "\ud800", None]
    assert remote([buzz(1.0)] * 3, 8_000, texts=texts) == [-1.0, None, -1.0]
    assert dict(remote.failures) == {"bad_request": 1}


def test_a_token_is_shown_as_the_server_reads_it(url: str) -> None:
    remote = RemoteReward(url, token=" secret-token\n")
    assert remote([buzz(1.0)], 8_000).tolist() == [-1.0]


def test_the_wrong_token_is_no_reason_to_try_again(url: str) -> None:
    def never(_: float) -> None:
        raise AssertionError

    for on_failure in ("none", "raise", -1.0):
        remote = RemoteReward(url, token="wrong-token", on_failure=on_failure, sleep=never)
        with pytest.raises(RewardkitError, match="forbidden"):
            remote(SOUNDS, 8_000)


TOLD = {"dimensions": ["pace"], "limits": {"clips": 9, "seconds": 99, "body_bytes": 1 << 20}}
Script = list[tuple[int, dict[str, str], bytes] | None]


@pytest.fixture
def scripted() -> Iterator[Callable[[Script], str]]:
    """Servers that answer `POST /v1/score` from a list: status, headers, body; None hangs up."""
    servers = []

    def serve(script: Script, told: Any = TOLD) -> str:
        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self) -> None:
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
                if "Content-Length" not in headers:
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
        (503, {"Retry-After": "60"}, full),
        None,
        (503, {"Retry-After": "Wed, 21 Oct 2026 07:28:00 GMT"}, b"<html>"),
        (502, {}, b"<html>Bad Gateway"),
        (200, {}, rows(2.5)),
    ]
    remote = RemoteReward(scripted(script), sleep=slept.append)
    assert remote([buzz(1.0)], 8_000).tolist() == [2.5]
    assert script == []
    assert slept[0] == 60.0  # the most that rewardkit serve asks for
    assert 0.25 <= slept[1] <= 0.5
    assert 0.5 <= slept[2] <= 1.0
    assert 1.0 <= slept[3] <= 2.0


@pytest.mark.parametrize("status", [400, 401, 408, 413, 422, 429, 500])
def test_it_tries_nothing_else_again(scripted: Callable[[Script], str], status: int) -> None:
    script: Script = [(status, {}, b"oops"), (200, {}, rows(1.0))]
    remote = RemoteReward(scripted(script), on_failure=-1.0, sleep=lambda _: None)
    with pytest.raises(RewardkitError, match=f"bad_answer.*status {status}"):
        remote([buzz(1.0)], 8_000)
    assert len(script) == 1


def test_a_proxy_that_waited_in_vain_is_a_server_without_an_answer(
    scripted: Callable[[Script], str],
) -> None:
    script: Script = [(504, {}, b"<html>"), (200, {}, rows(1.0))]
    remote = RemoteReward(scripted(script), sleep=lambda _: None)
    with pytest.raises(RewardkitError, match="unavailable"):
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
        rows(1.0).replace(b"1.0", b"true"),
        rows(1.0).replace(b"1.0", b'"1.0"'),
        rows(1e31),
        rows(1.0).replace(b"1.0", b"9" * 400),
        rows(1.0).replace(b"1.0", b"9" * 5000),
        rows(1.0).replace(b"0.1", b"NaN"),
        rows(1.0).replace(b'"weights": {}', b'"weights": null'),
        rows(1.0).replace(b'{"pace": 1.0}', b"null"),
        rows(1.0).replace(b"pace", b"another"),
        rows(1.0).replace(b'"error": null', b'"error": {"code": ["x"], "message": "y"}'),
        rows(1.0).replace(b'"error": null', b'"error": {"code": "x", "message": null}'),
        b"[" * 200_000,
    ],
)
def test_an_answer_that_is_none_is_no_reward(
    scripted: Callable[[Script], str], answer: bytes
) -> None:
    for on_failure in ("raise", "none", -1.0):
        remote = RemoteReward(scripted([(200, {}, answer)]), on_failure=on_failure)
        with pytest.raises(RewardkitError, match="bad_answer"):
            remote([buzz(1.0)], 8_000)


@pytest.mark.parametrize(
    "told",
    [
        {},
        [],
        None,
        {"dimensions": ["pace"]},
        {"dimensions": None, "limits": {"clips": 9, "seconds": 99, "body_bytes": 9999}},
        {"dimensions": [["pace"]], "limits": {"clips": 9, "seconds": 99, "body_bytes": 9999}},
        {"dimensions": ["pace"], "limits": None},
        {"dimensions": ["pace"], "limits": {"clips": "9", "seconds": 99, "body_bytes": 9999}},
        {"dimensions": ["pace"], "limits": {"clips": 0, "seconds": 99, "body_bytes": 9999}},
    ],
)
def test_a_model_that_is_not_described_is_none(scripted: Callable[..., str], told: Any) -> None:
    remote = RemoteReward(scripted([(200, {}, rows(1.0))], told), on_failure="none")
    for asked in (lambda: remote([buzz(1.0)], 8_000), lambda: remote.dimensions):
        with pytest.raises(RewardkitError, match="bad_answer"):
            asked()


def test_an_answer_that_is_cut_off_is_asked_for_again(scripted: Callable[[Script], str]) -> None:
    short = {"Content-Length": "99999"}
    script: Script = [
        (200, short, rows(9.0)),
        (200, short, b""),
        (200, {}, rows(2.5)),
    ]
    remote = RemoteReward(scripted(script), sleep=lambda _: None)
    assert remote([buzz(1.0)], 8_000).tolist() == [2.5]
    assert script == []


@pytest.mark.parametrize("head", [True, False])
def test_an_answer_that_comes_drop_by_drop_ends(head: bool) -> None:
    answer = b"HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n" + b" " * 500
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def drip() -> None:
            connection, _ = listener.accept()
            with connection, contextlib.suppress(OSError):
                connection.recv(1 << 16)
                connection.sendall(answer[: 0 if head else -500])
                for byte in answer[0 if head else -500 :]:
                    connection.sendall(bytes([byte]))
                    time.sleep(0.05)

        threading.Thread(target=drip, daemon=True).start()
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        remote = RemoteReward(url, timeout=0.3, sleep=lambda _: pytest.fail("tried again"))
        start = time.monotonic()
        with pytest.raises(RewardkitError, match=r"unavailable.*within 0\.3 s"):
            remote([buzz(1.0)], 8_000)
        assert time.monotonic() - start < 2.0


def test_a_server_that_is_not_there_earns_no_penalty() -> None:
    slept: list[float] = []
    for on_failure in ("raise", -1.0):
        gone = RemoteReward(
            "http://127.0.0.1:9",
            on_failure=on_failure,
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
        {"url": "http://127.0.0.1:99999"},
        {"url": "http://127.0.0.1:0"},
        {"url": "http://127.0.0.1:80a"},
        {"url": "http://[::1"},
        {"url": "http://127.0.0.1/é"},
        {"url": "http://127.0.0.1/a b"},
        {"url": "http://127.0.0.1/\x7f"},
        {"url": "http://127.0.0.1/score?mode=min"},
        {"url": f"http://{'a' * 64}.example"},
        {"token": "two\nlines"},
        {"token": "geheimé€"},
        {"timeout": float("nan")},
        {"timeout": float("inf")},
        {"retries": 1.5},
        {"uncertainty": float("nan")},
        {"uncertainty": -1.0},
        {"uncertainty": 2e6},
    ],
)
def test_bad_options(options: Any) -> None:
    with pytest.raises(RewardkitError, match="bad_option"):
        RemoteReward(**{"url": "http://127.0.0.1:9", **options})


def test_an_address_without_a_port_has_its_scheme_s() -> None:
    assert Server("http://localhost").port == 80
    assert Server("https://localhost/rewards").port == 443
    assert Server("https://localhost:8443").port == 8443


def test_an_answer_cut_off_before_its_headers_is_none() -> None:
    def half(held: socket.socket) -> None:
        with held.accept()[0] as there:
            there.recv(1 << 16)
            there.sendall(b"HTTP/1.1 200 OK\r\n")

    with socket.create_server(("127.0.0.1", 0)) as held, ThreadPoolExecutor(1) as threads:
        done = threads.submit(half, held)
        server = Server(f"http://127.0.0.1:{held.getsockname()[1]}")
        with pytest.raises(http.client.BadStatusLine, match="no headers"):
            server.ask("GET", "/", None, {}, 10.0)
        done.result()
