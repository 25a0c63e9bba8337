# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: Apache-2.0
"""Small studies of short tones, and a rater who needs no browser."""

from __future__ import annotations

import itertools
import os
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import soundfile
from starlette.testclient import TestClient

from rewardkit.annotate import Rater, Settings, Study
from rewardkit.annotate.app import Site, create_app
from rewardkit.annotate.listening import Listening, Presentation
from rewardkit.annotate.pairing import among
from rewardkit.annotate.votes import Answer, Vote, record
from tests.conftest import ROOT

_ids = itertools.count()


def new_id() -> str:
    """A vote's id, as a browser would make one."""
    return f"{next(_ids):08d}" + os.urandom(6).hex()


def tones(folder: Path, count: int, seconds: float = 0.4, ending: str = "wav") -> list[str]:
    """Clips of different pitch and level."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = []
    for number in range(count):
        t = np.arange(round(seconds * 16_000)) / 16_000
        tone = 0.05 * (1 + number % 7) * np.sin(2 * np.pi * (200 + 20 * number) * t)
        path = folder / f"tone-{number:02d}.{ending}"
        soundfile.write(path, tone, 16_000)
        paths.append(str(path))
    return paths


def study(folder: Path, clips: int = 5, raters: str = "anna", **settings: Any) -> Study:
    """A study of all pairs of some tones; its raters have agreed to take part."""
    made = Study.create(folder / "study.sqlite", Settings(**settings))
    made.add(among(tones(folder / "clips", clips), 1000))
    for name in raters.split(","):
        made.consent(made.add_rater(name))
    return made


def rater(made: Study, name: str = "anna") -> Rater:
    """A rater as the study knows them."""
    return next(rater for rater in made.raters() if rater.name == name)


def answer(
    made: Study, who: Rater, shown: Presentation, choice: Any = "a", name: str | None = None
) -> str:
    """Answer every question alike; the vote's id."""
    strength = None if choice == "tie" or not made.settings.strength else 1
    answers = tuple(Answer(d, choice, strength) for d in made.settings.dimensions)
    vote = Vote(name or new_id(), shown.id, "answer", answers, 2.5, (1.0, 1.0))
    record(made, who, vote)
    return vote.id


def client(made: Study, token: str | None = None, alone: bool = False, **site: Any) -> TestClient:
    """An HTTP client of a study's application."""
    app = create_app(Listening(made), Site(rater="local" if alone else None, **site))
    headers = {} if token is None else {"Authorization": f"Bearer {token}"}
    return TestClient(app, base_url="http://127.0.0.1:8377", headers=headers)


class Server:
    """`rewardkit annotate` as a process of its own, that can be killed and started again."""

    def __init__(self, path: Path, *arguments: str) -> None:
        self.path = path
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.base = f"http://127.0.0.1:{self.port}"
        self.start(*arguments)

    def start(self, *arguments: str) -> None:
        command = [sys.executable, "-m", "rewardkit", "annotate", "--choose", "random", *arguments]
        self.process = subprocess.Popen(
            [*command, "--study", str(self.path), "--port", str(self.port)],
            stdout=subprocess.DEVNULL,
            cwd=ROOT,
        )
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline and self.process.poll() is None:
            try:
                httpx.get(f"{self.base}/", timeout=5)
                return
            except httpx.TransportError:
                time.sleep(0.1)
        raise RuntimeError("the server did not start")

    def kill(self) -> None:
        """As the kernel would: no goodbye."""
        self.process.kill()
        self.process.wait()
