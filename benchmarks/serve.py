# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: Apache-2.0
"""The server of rewards: throughput, overload, killed workers, shutdown, memory.

    pip install -e ".[serve]"
    python -m benchmarks.serve

starts `rewardkit serve` as a process of its own and asks it over HTTP, one clip a request, in
verl-omni's protocol. Server, workers and clients share the machine. Each answer is held against the
library's reward for its clip, bit for bit. It prints a page of Markdown.
"""

from __future__ import annotations

import argparse
import asyncio
import collections
import contextlib
import itertools
import json
import os
import platform
import re
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from rewardkit.adapters import verl_omni
from rewardkit.checkpoint import FeatureEntry, Manifest, ScorerEntry
from rewardkit.extract import Extractor
from rewardkit.head import LinearHead
from rewardkit.model import RewardModel
from rewardkit.normaliser import Normaliser
from rewardkit.scorers import describe, identity, load, parameters
from rewardkit.testing import voice

PER_CALL = '''
import time
import numpy as np
from rewardkit.features import Feature

class PerCall:
    """Takes 20 ms a call whatever it is given, as a network on a GPU does with short clips."""

    name, version, sample_rate = "percall", 1, None
    features = (Feature("seconds", "s", "duration"),)

    def __call__(self, clip):
        return {"seconds": float(self.score_batch([clip])[0, 0])}

    def score_batch(self, clips):
        time.sleep(0.02)
        return np.array([[clip.duration] for clip in clips])
'''


@dataclass(frozen=True)
class Asked:
    """One answered request: HTTP status, reward (or None), code (or None), seconds it took."""

    status: int
    reward: float | None
    code: str | None
    seconds: float


@dataclass(frozen=True)
class Case:
    """A clip as it is sent, and the reward that the library gives it."""

    request: bytes
    reward: float


@contextlib.contextmanager
def server(checkpoint: str, *options: str) -> Iterator[tuple[subprocess.Popen[bytes], int]]:
    """`rewardkit serve` on a free port, with all its workers ready."""
    with tempfile.TemporaryFile() as log:
        command = [sys.executable, "-m", "rewardkit", "serve", "--checkpoint", checkpoint]
        process = subprocess.Popen([*command, "--port", "0", *options], stderr=log)  # noqa: S603
        try:
            found = None
            while found is None and process.poll() is None:
                time.sleep(0.1)
                log.seek(0)
                found = re.search(rb"running on http://127\.0\.0\.1:(\d+)", log.read())
            if found is None:
                log.seek(0)
                raise SystemExit(log.read().decode())
            port = int(found[1])
            workers = options[options.index("--workers") + 1]
            until_ready(port, float(workers))
            yield process, port
        finally:
            process.kill()
            process.wait()


def until_ready(port: int, workers: float) -> None:
    while f"rewardkit_workers_ready {workers}".encode() not in asyncio.run(page(port)):
        time.sleep(0.2)


async def page(port: int) -> bytes:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(b"GET /metrics HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
    text = await reader.read()
    writer.close()
    return text


class Connection:
    """A kept-alive connection that asks one thing at a time."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.used = 0.0
        self.streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def ask(self, case: Case) -> Asked:
        """Send a clip, and wait for the answer."""
        if self.used < time.perf_counter() - 2.0:
            self.close()  # the server closes what lies idle for 5 s
        start = time.perf_counter()
        if self.streams is None:
            self.streams = await asyncio.open_connection("127.0.0.1", self.port)
        reader, writer = self.streams
        writer.write(case.request)
        head = await reader.readuntil(b"\r\n\r\n")
        length = int(re.search(rb"content-length: (\d+)", head)[1])  # type: ignore[index]
        body = json.loads(await reader.readexactly(length))
        self.used = time.perf_counter()
        seconds = self.used - start
        if b"connection: close" in head.lower():
            self.close()
        code = body["error"]["code"] if "error" in body else None
        return Asked(int(head[9:12]), body.get("score"), code, seconds)

    def close(self) -> None:
        """Close it; the next question opens it again."""
        if self.streams is not None:
            self.streams[1].close()
            self.streams = None


def cases(model: RewardModel, count: int, seconds: float) -> list[Case]:
    """Different clips that have a reward, with it."""
    made: list[Case] = []
    for seed in itertools.count():
        if len(made) == count:
            break
        clip = voice(seconds, seed=seed, pitch=90.0 + 3 * (seed % 40))
        reward = model(clip).scalar
        if reward is None:
            continue
        body = json.dumps(verl_omni.encode(clip.samples, clip.sample_rate)).encode()
        head = (
            "POST /verl-omni HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
            f"Content-Length: {len(body)}\r\n\r\n"
        )
        made.append(Case(head.encode() + body, reward))
    return made


def right(answers: Sequence[tuple[Case, Asked]]) -> int:
    """How many were answered, checking that each has the library's reward."""
    found = [(case, asked) for case, asked in answers if asked.status == 200]
    assert all(asked.reward == case.reward for case, asked in found), "another reward"  # noqa: S101
    return len(found)


async def closed_loop(
    port: int, made: Sequence[Case], requests: int, clients: int
) -> list[tuple[Case, Asked]]:
    """So many clients that each ask again as soon as they are answered."""
    todo = iter(range(requests))
    answers: list[tuple[Case, Asked]] = []

    async def client() -> None:
        connection = Connection(port)
        for number in todo:
            case = made[number % len(made)]
            answers.append((case, await connection.ask(case)))
        connection.close()

    await asyncio.gather(*(client() for _ in range(clients)))
    return answers


async def open_loop(
    port: int, made: Sequence[Case], rate: float, seconds: float
) -> list[tuple[Case, Asked]]:
    """Requests at a steady rate, whatever becomes of those before; Poisson arrivals."""
    random = np.random.default_rng(0)
    free: list[Connection] = []
    answers: list[tuple[Case, Asked]] = []

    async def one(case: Case) -> None:
        connection = free.pop() if free else Connection(port)
        answers.append((case, await connection.ask(case)))
        free.append(connection)

    loop = asyncio.get_running_loop()
    start = due = loop.time()
    tasks = []
    while due < start + seconds:
        due += random.exponential(1 / rate)
        await asyncio.sleep(max(0.0, due - loop.time()))
        tasks.append(asyncio.ensure_future(one(made[len(tasks) % len(made)])))
    await asyncio.gather(*tasks)
    for connection in free:
        connection.close()
    return answers


def throughput(name: str, checkpoint: str, workers: int, seconds: float, requests: int) -> None:
    """One row of the table."""
    model = RewardModel.from_pretrained(checkpoint)
    made = cases(model, 32, seconds)
    rates = collections.defaultdict(list)
    spent = collections.defaultdict(list)
    with server(checkpoint, "--workers", str(workers), "--batch-seconds", "32") as (process, port):
        asyncio.run(closed_loop(port, made, 64, 32))
        everyone = [[process.pid], workers_of(process.pid)]
        for _ in range(3):  # in turn, so that the machine's moods hit both
            for clients, count in ((1, requests // 4), (32, requests)):
                start = time.perf_counter()
                before = [sum(map(processor_time, pids)) for pids in everyone]
                answers = asyncio.run(closed_loop(port, made, count, clients))
                rates[clients].append(right(answers) / (time.perf_counter() - start))
                after = [sum(map(processor_time, pids)) for pids in everyone]
                spent[clients].append(1000 * (np.array(after) - before) / count)
    middle = {clients: statistics.median(found) for clients, found in rates.items()}
    processor = [np.median(spent[clients], axis=0) for clients in (1, 32)]
    runs = ", ".join(f"{b / a:.1f}" for a, b in zip(rates[1], rates[32], strict=True))
    print(
        f"| {name} | {seconds:g} s | {middle[1]:.1f} | {middle[32]:.1f} | "
        f"{middle[32] / middle[1]:.1f} ({runs}) | "
        + " | ".join(f"{http:.1f} + {work:.1f} ms" for http, work in processor)
        + " |",
        flush=True,
    )


@contextlib.contextmanager
def per_call() -> Iterator[str]:
    """A checkpoint whose scorer's time goes by calls; installed for this process and others."""
    with tempfile.TemporaryDirectory() as folder:
        site = Path(folder, "site")
        (site / "percall-1.dist-info").mkdir(parents=True)
        (site / "percall_scorer.py").write_text(PER_CALL)
        info = site / "percall-1.dist-info"
        (info / "METADATA").write_text("Metadata-Version: 2.1\nName: percall\nVersion: 1\n")
        (info / "entry_points.txt").write_text(
            "[rewardkit.scorers]\npercall = percall_scorer:PerCall\n"
        )
        sys.path.insert(0, str(site))
        os.environ["PYTHONPATH"] = os.pathsep.join(
            filter(None, [str(site), os.environ.get("PYTHONPATH")])
        )
        one = np.ones(1)
        extractor = Extractor([load("percall")], require_speech=False)
        head = LinearHead(
            ("seconds",),
            Normaliser(0 * one, one, -9 * one, 9 * one),
            np.eye(1),
            np.ones((2, 1, 1)),
            one,
            np.ones((2, 1)),
        )
        scorer = extractor.scorers[0]
        entry = ScorerEntry(
            **describe(scorer) | {"parameters": parameters(scorer)}, identity=identity(scorer)
        )
        manifest = Manifest(
            name="percall", rewardkit="0", license="CC0-1.0", dimensions=head.dimensions,
            scorers=(entry,), features=(FeatureEntry(name="percall.seconds", unit="s"),),
            schema_digest=extractor.schema.digest, requires_speech=False,
            training={}, evaluation={},
        )  # fmt: skip
        RewardModel(extractor, head, manifest).save(Path(folder, "model"), card="made")
        yield str(Path(folder, "model"))


def all_throughputs(workers: int, requests: int) -> None:
    print(
        "| checkpoint | clips | one by one, clips/s | 32 clients, clips/s | ratio (runs) "
        "| processor time a clip, HTTP + workers: one by one | 32 clients |"
    )
    print("|---|---|---|---|---|---|---|")
    throughput("`prosody`", "prosody", workers, 1.0, requests)
    throughput("`prosody`", "prosody", workers, 4.0, requests)
    throughput("`default`", "default", workers, 1.0, requests)
    with per_call() as checkpoint:
        throughput("a made scorer, 20 ms a call", checkpoint, workers, 1.0, requests)


def overload(checkpoint: str, workers: int, seconds: float) -> None:
    model = RewardModel.from_pretrained(checkpoint)
    made = cases(model, 32, 4.0)  # long ones: at high rates the clients take the processors
    options = ("--workers", str(workers), "--queue-clips", "64")
    with server(checkpoint, *options) as (_, port):
        asyncio.run(closed_loop(port, made, 64, 32))
        start = time.perf_counter()
        asyncio.run(closed_loop(port, made, 200, 32))
        capacity = 200 / (time.perf_counter() - start)
        answers = asyncio.run(open_loop(port, made, 2 * capacity, seconds))
        text = asyncio.run(page(port)).decode()
    statuses = collections.Counter(asked.status for _, asked in answers)
    refused = [1000 * asked.seconds for _, asked in answers if asked.status == 503]
    taken = [1000 * asked.seconds for _, asked in answers if asked.status == 200]
    print(f"\nOpen loop at {2 * capacity:.0f} requests/s for {seconds:g} s, room for 64 clips:\n")
    print("| answer | requests | p50 | p99 |\n|---|---|---|---|")
    for label, count, times in (
        ("200, the library's reward", right(answers), taken),
        ("503 with Retry-After", statuses[503], refused),
        ("anything else", len(answers) - len(taken) - len(refused), []),
    ):
        low, high = np.percentile(times, (50, 99)) if times else (0.0, 0.0)
        print(f"| {label} | {count} | {low:.0f} ms | {high:.0f} ms |" if times else
              f"| {label} | {count} | | |")  # fmt: skip

    inside = re.findall(
        r'seconds_bucket\{address="/verl-omni",le="([^"]+)",status="503"\} (\S+)', text
    )
    total = float(inside[-1][1]) if inside else 1.0
    shares = ", ".join(f"{1000 * float(le):.0f} ms: {100 * float(count) / total:.2f} %"
                       for le, count in inside if 0.005 <= float(le) <= 0.1)  # fmt: skip
    print(f"\nOf the 503s, as the server's own clock has it, were answered within {shares}.")


def killed(checkpoint: str, workers: int, requests: int) -> None:
    model = RewardModel.from_pretrained(checkpoint)
    made = cases(model, 32, 1.0)
    kills = 0

    async def run(pid: int, port: int) -> list[tuple[Case, Asked]]:
        nonlocal kills
        asked = asyncio.ensure_future(closed_loop(port, made, requests, 16))
        while not asked.done():
            await asyncio.wait({asked}, timeout=2.5)
            found = workers_of(pid)
            if not asked.done() and len(found) == workers:
                os.kill(found[kills % workers], signal.SIGKILL)
                kills += 1
        return asked.result()

    with server(checkpoint, "--workers", str(workers)) as (process, port):
        answers = asyncio.run(run(process.pid, port))
    codes = collections.Counter(asked.code or "ok" for _, asked in answers)
    print(
        f"\nkill -9 of a worker, {kills} times under load: {right(answers)} of {len(answers)} "
        f"clips have the library's reward; by code: {dict(codes)}."
    )


def stopped(checkpoint: str, workers: int) -> None:
    model = RewardModel.from_pretrained(checkpoint)
    made = cases(model, 32, 2.0)

    async def run(process: subprocess.Popen[bytes], port: int) -> tuple[list[Asked], list[Asked]]:
        held = [asyncio.ensure_future(Connection(port).ask(case)) for case in made * 4]
        await asyncio.sleep(0.4)
        process.send_signal(signal.SIGTERM)
        await asyncio.sleep(0.05)
        late = await asyncio.gather(*(Connection(port).ask(case) for case in made[:8]))
        first = await asyncio.gather(*held)
        right(list(zip(made * 4, first, strict=True)))
        return first, late

    with server(checkpoint, "--workers", str(workers)) as (process, port):
        first, late = asyncio.run(run(process, port))
        start = time.perf_counter()
        status = process.wait(40)
        seconds = time.perf_counter() - start
    before = collections.Counter(f"{a.status} {a.code or ''}".strip() for a in first)
    after = collections.Counter(f"{a.status} {a.code or ''}".strip() for a in late)
    print(
        f"\nSIGTERM 0.4 s after {len(first)} requests were sent at once: they were answered "
        f"{dict(before)}, 8 later ones {dict(after)}; exit status {status}, {seconds:.1f} s after "
        "the last answer."
    )


def soak(checkpoint: str, workers: int, clips: int) -> None:
    model = RewardModel.from_pretrained(checkpoint)
    made = cases(model, 64, 0.5)
    print(f"\nMemory (resident, MB) over {clips} clips of 0.5 s:\n")
    print("| clips | HTTP process | workers |\n|---|---|---|")
    with server(checkpoint, "--workers", str(workers)) as (process, port):
        done = 0
        for step in range(11):
            if step:
                answers = asyncio.run(closed_loop(port, made, clips // 10, 32))
                done += right(answers)
            alive = workers_of(process.pid)
            print(f"| {done} | {resident(process.pid)} | {' + '.join(map(resident, alive))} |")


def workers_of(pid: int) -> list[int]:
    """The worker processes of a server."""
    found: list[int] = []
    for task in Path(f"/proc/{pid}/task").iterdir():
        children = (task / "children").read_text().split()
        found += [
            int(child)
            for child in children
            if b"spawn_main" in Path(f"/proc/{child}/cmdline").read_bytes()
        ]
    return sorted(found)


def processor_time(pid: int) -> float:
    """Seconds of processor time that a process has used."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def resident(pid: int) -> str:
    text = Path(f"/proc/{pid}/status").read_text()
    kilobytes = int(re.search(r"VmRSS:\s+(\d+)", text)[1])  # type: ignore[index]
    return f"{kilobytes / 1024:.0f}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--workers", type=int, default=len(os.sched_getaffinity(0)))
    parser.add_argument("--requests", type=int, default=400)
    parser.add_argument("--seconds", type=float, default=10.0, help="of overload")
    parser.add_argument("--only", nargs="*", help="throughput overload killed stopped soak")
    parser.add_argument("--soak", type=int, default=10_000, help="clips")
    given = parser.parse_args()
    cores = len(os.sched_getaffinity(0))
    wanted = given.only or ["throughput", "overload", "killed", "stopped", "soak"]
    print(f"{cores} cores, {given.workers} workers, Python {platform.python_version()}\n")
    if "throughput" in wanted:
        all_throughputs(given.workers, given.requests)
    if "overload" in wanted:
        overload("default", given.workers, given.seconds)
    if "killed" in wanted:
        killed("prosody", given.workers, 4 * given.requests)
    if "stopped" in wanted:
        stopped("prosody", given.workers)
    if "soak" in wanted:
        soak("prosody", given.workers, given.soak)


if __name__ == "__main__":
    main()
