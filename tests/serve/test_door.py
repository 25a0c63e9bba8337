# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: Apache-2.0
"""What is not let in: no token, too much, in another form, or when there is no room."""

from __future__ import annotations

import asyncio
import json
import threading
import time
import tracemalloc
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from rewardkit.audio import Limits
from rewardkit.errors import RewardkitError
from rewardkit.serve.app import create_app
from rewardkit.serve.options import Options
from tests.made import buzz
from tests.serve.made import Made, client, file, waveform

ADDRESSES = ("/v1/score", "/verl-omni", "/openrlhf")
CLIP = {"clips": [waveform(buzz(1.0))]}


def code(answer: Any) -> tuple[int, str]:
    return answer.status_code, answer.json()["error"]["code"]


def until(true: Callable[[], Any]) -> None:
    for _ in range(1000):
        if true():
            return
        time.sleep(0.01)
    raise AssertionError("it never came true")


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        (None, (401, "unauthorized")),
        ("", (401, "unauthorized")),
        ("Basic c2VjcmV0LXRva2Vu", (401, "unauthorized")),
        ("Bearer", (401, "unauthorized")),
        ("Bearer secret-toke", (403, "forbidden")),
        ("Bearer secret-token2", (403, "forbidden")),
        (b"Bearer secr\xe9t-token", (403, "forbidden")),
    ],
)
def test_without_the_token_only_the_probes_answer(header: Any, expected: tuple[int, str]) -> None:
    headers = {} if header is None else {"Authorization": header}
    with client(Made(token="secret-token")) as served:
        for address in ADDRESSES:
            answer = served.post(address, json=CLIP, headers=headers)
            assert code(answer) == expected
            assert ("www-authenticate" in answer.headers) == (expected[0] == 401)
        for address in ("/metrics", "/v1/model", "/openapi.json", "/nowhere"):
            assert code(served.get(address, headers=headers)) == expected
        for address in ("/health/live", "/health/ready"):
            assert served.get(address, headers=headers).status_code == 200
        good = {"Authorization": "bearer secret-token"}
        assert served.post("/v1/score", json=CLIP, headers=good).status_code == 200


def test_a_web_page_s_own_name_for_this_machine_is_not_answered() -> None:
    with client(Made(hosts=("localhost", "127.0.0.1", "::1"))) as served:
        for host in ("evil.example", "127.0.0.1.evil.example:80", "", "localhost@evil.example"):
            assert code(served.get("/v1/model", headers={"Host": host})) == (403, "bad_host")
        for host in ("localhost", "LOCALHOST:8000", "127.0.0.1:1", "[::1]:8000", "[::1]"):
            assert served.get("/v1/model", headers={"Host": host}).status_code == 200


@pytest.mark.parametrize("address", ADDRESSES)
def test_a_body_that_states_too_much_is_not_read(address: str) -> None:
    with client(Made(body=10_000)) as served:
        answer = served.post(address, content=b"x" * 10_001, headers={"content-type": "text/x"})
        assert code(answer) == (413, "too_large")


@pytest.mark.parametrize("kind", ["application/json", "multipart/form-data; boundary=b"])
def test_a_body_that_states_nothing_is_counted_as_it_comes(kind: str) -> None:
    sent = []

    def endless() -> Iterator[bytes]:
        start = b'--b\r\nContent-Disposition: form-data; name="clips"; filename="x"\r\n\r\n'
        yield start if "form" in kind else b'{"clips": "'
        for _ in range(1000):
            sent.append(1)
            yield b"x" * 1000

    with client(Made(body=10_000)) as served:
        answer = served.post("/v1/score", content=endless(), headers={"content-type": kind})
        assert code(answer) == (413, "too_large")


def test_all_bodies_together_are_bounded() -> None:
    service = Made(body=100_000, bodies=120_000)
    with client(service) as served, ThreadPoolExecutor(2) as threads:
        service.made[0].go.clear()
        big = {"clips": [waveform(buzz(1.0)), waveform(buzz(1.0))]}  # 86 kB
        held = threads.submit(served.post, "/v1/score", json=big)
        until(lambda: service.bytes)
        answer = served.post("/v1/score", json=big)
        assert code(answer) == (503, "overloaded")
        service.made[0].go.set()
        assert held.result().status_code == 200
        assert service.bytes == service.open_requests == service.arriving == 0


@pytest.mark.parametrize("address", ADDRESSES)
@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", "audio/wav"])
def test_another_form_is_not_read(address: str, kind: str) -> None:
    with client(Made()) as served:
        answer = served.post(address, content=b"{}", headers={"content-type": kind})
        assert code(answer) == (415, "unsupported_media_type")


NO_JSON = [
    b"",
    b"{",
    b"\xff\xfe",
    b"[" * 100_000,
    b'{"clips": [NaN]}',
    b'{"a": "\\ud800"}',
    b"1" * 5000,
]


@pytest.mark.parametrize("address", ADDRESSES)
@pytest.mark.parametrize("body", NO_JSON)
def test_what_is_no_request_is_told_so(address: str, body: bytes) -> None:
    with client(Made(audio_root=None)) as served:
        answer = served.post(address, content=body, headers={"content-type": "application/json"})
        assert code(answer) == (422, "bad_request")


SECRET = "s3cr3t"
WRONG: list[dict[str, Any]] = [
    {},
    {"clips": []},
    {"clips": SECRET},
    {"clips": [{}]},
    {"clips": [{"waveform_f32_base64": SECRET, "sample_rate": 16_000}]},
    {"clips": [{"waveform_f32_base64": "AAAA", "sample_rate": 16_000}]},
    {"clips": [waveform(buzz(1.0)) | {"sample_rate": SECRET}]},
    {"clips": [waveform(buzz(1.0)) | {"sample_rate": 0}]},
    {"clips": [waveform(buzz(1.0)) | {"sample_rate": 8000.5}]},
    {"clips": [waveform(buzz(1.0)) | {"sample_rate": 10**30}]},
    {"clips": [waveform(buzz(1.0)) | {SECRET: 1}]},
    {"clips": [waveform(buzz(1.0)) | {"path": "x"}]},
    {**CLIP, "mode": SECRET},
    {**CLIP, "uncertainty": -1},
    {**CLIP, "uncertainty": 1e300},
    {**CLIP, "dimensions": [SECRET]},
    {**CLIP, SECRET: SECRET},
    {"clips": [{"path": SECRET}]},  # no root
]


@pytest.mark.parametrize("body", WRONG)
def test_what_is_wrong_is_named_and_not_repeated(body: dict[str, Any]) -> None:
    with client(Made()) as served:
        answer = served.post("/v1/score", json=body)
        assert answer.status_code == 422
        assert answer.json()["error"]["code"] in ("bad_request", "bad_option")
        assert SECRET not in answer.text


@pytest.mark.parametrize(
    ("files", "data"),
    [
        ([], {"mode": "mean"}),
        ([("clips", ("x", file(buzz(1.0))))], {"mode": SECRET}),
        ([("clips", ("x", file(buzz(1.0))))], {"uncertainty": "nan"}),
        ([("clips", ("x", file(buzz(1.0))))], {"texts": ["a", "b"]}),
        ([("clips", ("x", file(buzz(1.0))))], {"clips": "no file"}),
        ([("clips", ("x", file(buzz(1.0))))], {SECRET: "1"}),
        ([("clips", ("x", file(buzz(1.0)))), ("texts", ("t", b"it is said"))], {}),
        ([("clips", ("x", file(buzz(1.0)))), ("dimensions", ("d", b"pace"))], {}),
        ([("clips", ("x", file(buzz(1.0)))), ("mode", ("m", b"mean"))], {}),
    ],
)
def test_what_is_wrong_with_a_form_is_named(files: Any, data: Any) -> None:
    with client(Made()) as served:
        answer = served.post("/v1/score", files=files or {"mode": (None, "mean")}, data=data)
        assert code(answer) == (422, "bad_request")
        assert SECRET not in answer.text


@pytest.mark.parametrize(
    "body",
    [b"", b"garbage", b'--b\r\nContent-Disposition: form-data; name="clips"\r\n\r\nx', b"--b--"],
)
def test_a_broken_form_is_told_so(body: bytes) -> None:
    with client(Made()) as served:
        for kind in ("multipart/form-data; boundary=b", "multipart/form-data"):
            answer = served.post("/v1/score", content=body, headers={"content-type": kind})
            assert code(answer) == (422, "bad_request")


def test_more_clips_or_seconds_than_a_request_may_hold() -> None:
    options = {"request_clips": 3, "request_seconds": 5.0, "limits": Limits(max_duration=4.0)}
    with client(Made(**options)) as served:
        four = [waveform(buzz(0.5))] * 4
        assert code(served.post("/v1/score", json={"clips": four})) == (413, "too_large")
        long = [waveform(buzz(2.0))] * 3
        assert code(served.post("/v1/score", json={"clips": long})) == (413, "too_large")
        forms = [("clips", ("x", file(buzz(0.5))))]
        assert code(served.post("/v1/score", files=forms * 4)) == (413, "too_large")
        assert code(served.post("/v1/score", files=forms * 9)) == (413, "too_large")
        assert served.post("/v1/score", files=forms * 3).status_code == 200


@pytest.mark.parametrize("bound", [{"queue_clips": 2}, {"queue_clips": 9, "queue_seconds": 2.0}])
def test_a_full_queue_refuses_at_once_and_keeps_what_it_has(bound: Any) -> None:
    limits = Limits(max_duration=2.0)
    service = Made(request_clips=2, request_seconds=2.0, batch_clips=1, limits=limits, **bound)
    with client(service) as served, ThreadPoolExecutor(8) as threads:
        service.made[0].go.clear()
        held = [threads.submit(served.post, "/v1/score", json=CLIP)]
        until(lambda: service.made[0].batches)  # one is with the worker, two will wait
        held += [threads.submit(served.post, "/v1/score", json=CLIP) for _ in range(2)]
        until(lambda: len(service.jobs) == 2)
        for address in ADDRESSES[:1]:
            answer = served.post(address, json=CLIP)
            assert code(answer) == (503, "overloaded")
            assert int(answer.headers["retry-after"]) >= 1
        service.made[0].go.set()
        assert [h.result().json()["rewards"][0]["reward"] for h in held] == [-1.0] * 3
        assert served.post("/v1/score", json=CLIP).status_code == 200


def test_files_under_the_root_count_as_the_request_s_own_bytes(tmp_path: Path) -> None:
    (tmp_path / "a.wav").write_bytes(file(buzz(1.0)))  # 32 kB
    service = Made(audio_root=tmp_path, render=None, body=100_000, bodies=100_000)
    with client(service) as served:
        for count, status in ((3, 200), (4, 413)):
            clips = [{"path": "a.wav"}] * count
            assert served.post("/v1/score", json={"clips": clips}).status_code == status
            asked = {"query": ["a.wav"] * count}
            assert served.post("/openrlhf", json=asked).status_code == status
    assert service.bytes == 0


def test_a_list_of_nonsense_is_given_up_at_the_first() -> None:
    with client(Made()) as served:
        tracemalloc.start()
        body = b'{"clips":[' + b"0," * 100_000 + b"0]}"
        answer = served.post(
            "/v1/score", content=body, headers={"content-type": "application/json"}
        )
        most = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    assert code(answer) == (422, "bad_request")
    assert most < 20_000_000  # with all that is wrong with it, 100 MB


def test_a_server_that_stops_answers_what_it_accepted_and_nothing_else() -> None:
    service = Made()
    with client(service) as served, ThreadPoolExecutor(1) as threads:
        service.made[0].go.clear()
        held = threads.submit(served.post, "/v1/score", json=CLIP)
        until(lambda: service.made[0].batches)
        service.stopping = True
        answer = served.post("/v1/score", json=CLIP)
        assert code(answer) == (503, "stopping")
        assert "retry-after" in answer.headers
        assert code(served.get("/health/ready")) == (503, "stopping")
        assert served.get("/health/live").status_code == 200
        service.made[0].go.set()
        assert held.result().status_code == 200


def test_what_waits_when_the_grace_is_over_is_told() -> None:
    service = Made()
    with client(service) as served, ThreadPoolExecutor(1) as threads:
        service.made[0].go.clear()
        held = threads.submit(served.post, "/v1/score", json=CLIP)
        until(lambda: service.made[0].batches)
        assert served.portal is not None
        served.portal.call(service.abandon)
        assert code(held.result()) == (503, "stopping")
        service.made[0].go.set()


def asgi(service: Made, messages: list[dict[str, Any]], pause: float = 0.0) -> list[Any]:
    """What the application sends when it is sent these messages, and then nothing more."""
    body = json.dumps(CLIP).encode()
    scope = {
        "type": "http",
        "http_version": "1.1",
        "method": "POST",
        "path": "/v1/score",
        "raw_path": b"/v1/score",
        "query_string": b"",
        "headers": [(b"content-type", b"application/json")],
    }
    sent: list[Any] = []

    async def run() -> None:
        app = create_app(service)
        coming = iter(messages)

        async def receive() -> Any:
            message = next(coming, None)
            if message is None:
                await asyncio.sleep(60)
            elif message["type"] == "http.disconnect":
                while not service.made[0].batches:
                    await asyncio.sleep(0.01)
            return message

        async def send(message: Any) -> None:
            sent.append(message)

        async with app.router.lifespan_context(app):
            if pause:
                service.made[0].go.clear()
            await app(scope, receive, send)
            service.made[0].go.set()

    for message in messages:
        message.setdefault("body", body)
    asyncio.run(run())
    return sent


def test_a_client_that_goes_away_takes_its_clip_along() -> None:
    service = Made()
    gone = [{"type": "http.request"}, {"type": "http.disconnect"}]
    asgi(service, gone, pause=1.0)
    assert b"rewardkit_clips_dropped_total 1.0" in service.metrics.page()
    assert b'rewardkit_clips_total{status="ok"}' not in service.metrics.page()
    assert (len(service.jobs), service.open_requests, service.bytes) == (0, 0, 0)


def test_a_body_that_never_ends_is_waited_for_so_long_only() -> None:
    service = Made(upload=0.05)
    sent = asgi(service, [{"type": "http.request", "more_body": True}])
    assert sent[0]["status"] == 408


def test_a_body_that_is_still_coming_when_the_grace_is_over_is_told() -> None:
    service = Made()
    messages = [{"type": "http.request", "more_body": True}]

    def over() -> None:
        until(lambda: service.uploads)
        for upload in list(service.uploads):
            upload.get_loop().call_soon_threadsafe(service.abandon)

    threading.Thread(target=over).start()
    sent = asgi(service, messages)
    assert sent[0]["status"] == 503
    assert b"stopping" in sent[1]["body"]


def test_a_client_that_goes_while_it_sends_is_no_fault() -> None:
    service = Made()
    service.made = []
    messages = [{"type": "http.request", "more_body": True}, {"type": "http.disconnect"}]
    done = threading.Event()
    threading.Timer(0.2, lambda: (service.made[0].batches.append(0), done.set())).start()
    sent = asgi(service, messages)
    assert done.is_set()
    assert [message.get("status") for message in sent if "status" in message] == [499]


def test_there_is_nothing_elsewhere() -> None:
    with client(Made()) as served:
        assert code(served.get("/nowhere")) == (404, "not_found")
        answer = served.get("/v1/score")
        assert code(answer) == (405, "method_not_allowed")
        assert answer.headers["allow"] == "POST"


@pytest.mark.parametrize(
    "options",
    [
        {"workers": 0},
        {"timeout": float("nan")},
        {"timeout": 1e300},
        {"grace": 1e300},
        {"upload": 1e7},
        {"body": 10**400},
        {"wait": -1.0},
        {"queue_clips": 3},
        {"queue_seconds": 3.0},
        {"bodies": 5},
        {"on_failure": "none"},
        {"audio_root": Path("/no/such/folder")},
    ],
)
def test_options_that_make_no_sense_are_refused(options: Any) -> None:
    with pytest.raises(RewardkitError, match="bad_option"):
        Options(**options)
