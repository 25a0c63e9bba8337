# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: Apache-2.0
"""A server of the small model in `tests.made`, its workers threads that can be told to fail."""

from __future__ import annotations

import base64
import contextlib
import io
import threading
import time
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import soundfile
import uvicorn
from fastapi.testclient import TestClient

from rewardkit.errors import RewardkitError
from rewardkit.model import RewardModel
from rewardkit.serve.app import create_app
from rewardkit.serve.jobs import Source
from rewardkit.serve.options import Options
from rewardkit.serve.service import Service
from rewardkit.serve.worker import Lost, Part, Plan, _answers, _measured, _Timed, canary, renderer
from rewardkit.workers import Measured, Recipe
from tests.made import buzz, reward_model

DIES, HANGS = 0.125, 0.375
"""First samples of clips over which a worker dies, or hangs until it is killed."""


class Local:
    """A worker that lives in this process, and answers as a real one does."""

    pid = None
    alive = True

    def __init__(self, model: RewardModel, options: Options) -> None:
        self._plan = Plan(Recipe((), limits=options.limits), options.batch_seconds)
        self._render = None if options.render is None else renderer(options.render)
        self._extractor = _Timed(model.extractor)
        self.go = threading.Event()  # what it is asked waits until this is set
        self.go.set()
        self.batches: list[int] = []
        self.killed = threading.Event()

    def ready(self, timeout: float) -> Measured:
        return _measured(self._extractor, [canary()])[0]

    def ask(self, batch: Sequence[Source], timeout: float) -> Iterator[Part]:
        self.batches.append(len(batch))
        assert self.go.wait(20)
        for _, given, _, _ in batch:
            first = given[0] if isinstance(given, np.ndarray) and len(given) else None
            if first == DIES:
                raise Lost("worker_died", "the worker process died (exit code -9)")
            if first == HANGS:
                raise Lost("timeout", "not measured within 1 s; its worker was killed")
        yield from _answers(self._plan, self._extractor, self._render, batch, lambda: None)

    def kill(self) -> None:
        self.killed.set()


class Made(Service):
    """A service whose workers are `Local`; `made` holds all that were started."""

    def __init__(self, model: RewardModel | None = None, **options: Any) -> None:
        self.made: list[Local] = []
        super().__init__(model or reward_model(), Options(**options), self._local)

    def _local(self) -> Local:
        worker = Local(self.model, self.options)
        self.made.append(worker)
        return worker


def client(service: Service) -> TestClient:
    """A client of it; use it in a `with` statement."""
    return TestClient(create_app(service), raise_server_exceptions=False)


@contextlib.contextmanager
def listening(service: Service) -> Iterator[str]:
    """The address of a real server of it, in a thread."""
    server = uvicorn.Server(
        uvicorn.Config(create_app(service), port=0, log_level="error", lifespan="on")
    )
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started and thread.is_alive():
        time.sleep(0.01)
    try:
        yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join(10)


def encoded(samples: np.ndarray[Any, Any]) -> str:
    return base64.b64encode(samples.astype("<f4").tobytes()).decode("ascii")


def waveform(samples: np.ndarray[Any, Any], sample_rate: int = 8_000) -> dict[str, Any]:
    """A clip as `/v1/score` takes it."""
    return {"waveform_f32_base64": encoded(samples), "sample_rate": sample_rate}


def first(sample: float, seconds: float = 1.0) -> np.ndarray[Any, Any]:
    """A buzz that begins with a sample that means something."""
    samples = buzz(seconds)
    samples[0] = sample
    return samples


def file(samples: np.ndarray[Any, Any], sample_rate: int = 8_000, kind: str = "WAV") -> bytes:
    """An encoded file, of float samples where the format has them."""
    stream = io.BytesIO()
    subtype = "FLOAT" if kind == "WAV" else None
    soundfile.write(stream, samples, sample_rate, format=kind, subtype=subtype)
    return stream.getvalue()


def render(completion: str, **columns: Any) -> Any:
    """A renderer: `[seconds]` is spoken, anything else is not."""
    if completion == "fault":
        raise ZeroDivisionError
    if completion == "refused":
        raise RewardkitError("not_rendered", "it says nothing")
    if not completion.startswith("["):
        return None
    return buzz(float(completion.strip("[]"))), 8_000
