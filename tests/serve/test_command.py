# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: Apache-2.0
"""`rewardkit serve` as a shell and an operator see it."""

from __future__ import annotations

import contextlib
import http.client
import importlib.util
import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from rewardkit.cli import app
from rewardkit.client import RemoteReward
from rewardkit.model import RewardModel
from rewardkit.testing import voice
from tests.serve.made import waveform
from tests.serve.test_door import until

runner = CliRunner()
COMMAND = (*(sys.executable, "-m", "rewardkit", "serve", "--checkpoint", "prosody", "--port", "0"),)


def refused(*arguments: str) -> str:
    result = runner.invoke(app, ["serve", *arguments])
    assert result.exit_code == 2, result.output
    return result.output


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.1", "example.org", "127.evil.org"])
def test_another_address_than_loopback_needs_a_token(
    host: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("REWARDKIT_TOKEN", raising=False)
    assert "--token-file" in refused("--host", host)


@pytest.mark.parametrize("token", ["", "short", "with space in it", "not-ascii-é"])
def test_a_token_that_is_none(token: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("REWARDKIT_TOKEN", token)
    assert "token" in refused()
    monkeypatch.delenv("REWARDKIT_TOKEN")
    (tmp_path / "token").write_text(token)
    assert "token" in refused("--token-file", str(tmp_path / "token"))
    assert "token" in refused("--token-file", str(tmp_path / "no-such-file"))


def test_options_are_checked_before_a_model_is_loaded() -> None:
    assert "audio_root" in refused("--audio-root", "no/such/folder")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--max-seconds", "10"), "request_seconds=10"),
        (("--queue-clips", "2"), "queue_clips=2"),
        (("--queue-seconds", "599"), "queue_seconds=599"),
        (("--max-body", "inf"), "max-body"),
        (("--max-body", "nan"), "max-body"),
        (("--timeout", "1e300"), "timeout"),
        (("--device", "foo"), "device"),
        (("--uncertainty", "1e39"), "uncertainty"),
    ],
)
def test_what_was_asked_for_is_had_or_refused(arguments: tuple[str, ...], said: str) -> None:
    assert said in refused("--checkpoint", "prosody", *arguments)


def test_bounds_that_were_not_asked_for_make_way(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[Any] = []

    def run(service: Any, *_: Any, **__: Any) -> bool:
        seen.append(service.options)
        return True

    monkeypatch.setattr("rewardkit.serve.run.serve", run)
    asked = ("--max-duration", "1300", "--max-clips", "300", "--max-body", "600")
    result = runner.invoke(app, ["serve", "--checkpoint", "prosody", *asked])
    assert result.exit_code == 0, result.output
    options = seen[0]
    assert options.request_seconds == options.queue_seconds == 1300
    assert options.queue_clips == 300
    assert options.bodies == options.body == 600 << 20


def test_what_was_not_rendered_with_is_said_in_a_line() -> None:
    answer = subprocess.run(
        [*COMMAND, "--workers", "1", "--render", "nomod:f"], capture_output=True, text=True
    )
    assert answer.returncode == 2
    assert "rewardkit: bad_option: render 'nomod:f'" in answer.stderr
    assert "Traceback" not in answer.stderr


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_while_the_first_worker_starts_is_obeyed(
    number: signal.Signals, tmp_path: Path
) -> None:
    (tmp_path / "slow_start.py").write_text("import time; time.sleep(60)")
    log = tmp_path / "log"
    with log.open("wb") as stream:
        process = subprocess.Popen(
            [*COMMAND, "--workers", "1", "--render", "slow_start:f"], cwd=tmp_path, stderr=stream
        )
    try:
        until(lambda: "Started server process" in log.read_text())
        time.sleep(0.5)
        process.send_signal(number)
        assert process.wait(20) == 0
        assert "Traceback" not in log.read_text()
    finally:
        process.kill()
        process.wait()


def test_what_is_missing_is_named_with_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    find = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name: None if name == "uvicorn" else find(name)
    )
    result = runner.invoke(app, ["serve"])
    assert result.exit_code == 3
    assert "uvicorn: pip install 'speech-rewardkit[serve]'" in result.output


@pytest.fixture
def started(tmp_path: Path) -> Iterator[tuple[subprocess.Popen[bytes], int]]:
    """`rewardkit serve` with two workers on a free port."""
    log = tmp_path / "log"
    environment = {k: v for k, v in os.environ.items() if k != "REWARDKIT_TOKEN"}
    with log.open("wb") as stream:
        process = subprocess.Popen(
            [*COMMAND, "--workers", "2", "--batch-seconds", "8"],
            stderr=stream,
            env=environment,
        )
    try:
        until_logged = re.compile(r"running on http://127\.0\.0\.1:(\d+)")
        for _ in range(1200):
            found = until_logged.search(log.read_text())
            if found:
                break
            assert process.poll() is None, log.read_text()
            time.sleep(0.05)
        assert found is not None, log.read_text()
        yield process, int(found[1])
    finally:
        process.kill()
        process.wait()


def children(pid: int) -> list[int]:
    """The workers of a server, that is, not multiprocessing's own helper."""
    found: list[int] = []
    for task in Path(f"/proc/{pid}/task").iterdir():
        with contextlib.suppress(OSError):  # a thread or a worker that ends while it is looked at
            found += [
                int(child)
                for child in (task / "children").read_text().split()
                if "spawn_main" in Path(f"/proc/{child}/cmdline").read_text()
            ]
    return found


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="looks processes up in /proc")
def test_killed_workers_and_sigterm_lose_nothing_that_was_accepted(
    started: tuple[subprocess.Popen[bytes], int],
) -> None:
    process, port = started
    url = f"http://127.0.0.1:{port}"
    sounds = [voice(1.0, seed=seed) for seed in range(60)]
    expected = [r.scalar for r in RewardModel.from_pretrained("prosody").score_batch(sounds)]
    remote = RemoteReward(url, on_failure="none", concurrency=16, token="")
    until(lambda: b"rewardkit_workers_ready 2.0" in get(port, "/metrics")[1])
    with ThreadPoolExecutor(1) as threads:
        scored = threads.submit(lambda: [remote([clip])[0] for clip in sounds])
        time.sleep(0.2)
        os.kill(children(process.pid)[0], signal.SIGKILL)
        got = scored.result()
    lost = [place for place, reward in enumerate(got) if reward is None]
    assert len(lost) <= 1  # at most the one that it was on
    assert dict(remote.failures) == ({"worker_died": 1} if lost else {})
    assert [g for g in got if g is not None] == [
        reward for place, reward in enumerate(expected) if place not in lost
    ]
    until(lambda: b"rewardkit_workers_ready 2.0" in get(port, "/metrics")[1])

    # One that is idle loses nothing, and is seen to be gone.
    idle = children(process.pid)[0]
    os.kill(idle, signal.SIGKILL)
    until(lambda: idle not in children(process.pid))
    assert [remote([clip])[0] for clip in sounds[:8]] == expected[:8]
    until(lambda: b"rewardkit_workers_ready 2.0" in get(port, "/metrics")[1])

    with ThreadPoolExecutor(40) as threads:
        held = [
            threads.submit(post, port, {"clips": [waveform(c.samples, c.sample_rate)] * 8})
            for c in sounds[:20]
        ]
        time.sleep(0.3)
        process.send_signal(signal.SIGTERM)
        time.sleep(0.05)
        late = post(port, {"clips": [waveform(sounds[0].samples, 16_000)]})
        answers = [answer.result() for answer in held]
    assert late is None or late[0] == 503  # 503, unless all was answered already
    accepted = [a for a in answers if a is not None and a[0] == 200]
    assert len(accepted) > 0
    assert all(a is not None and a[0] in (200, 503) for a in answers)
    for answer, reward in zip(answers, expected[:20], strict=True):
        if answer is not None and answer[0] == 200:
            assert [row["reward"] for row in json.loads(answer[1])["rewards"]] == [reward] * 8
    assert process.wait(35) == 0


def get(port: int, path: str) -> tuple[int, bytes]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    connection.request("GET", path)
    answer = connection.getresponse()
    return answer.status, answer.read()


def post(port: int, body: Any) -> tuple[int, bytes] | None:
    """The answer, or None when nobody listens any more."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    try:
        connection.request(
            "POST", "/v1/score", json.dumps(body), {"Content-Type": "application/json"}
        )
        answer = connection.getresponse()
        return answer.status, answer.read()
    except ConnectionRefusedError:
        return None
