# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: Apache-2.0
"""Training that is killed, resumed, or spread over processes gives the head that it would have."""

from __future__ import annotations

import os
import random
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from rewardkit.pairs import Pairs
from rewardkit.training import TrainOptions, fit

pytestmark = pytest.mark.filterwarnings("ignore::rewardkit.training.TrainingWarning")

# Imports once; each line that it reads is a job, done in a fork that can be killed.
SERVER = """
import os, sys, numpy as np, torch
torch.set_num_threads(1)
from tests.training.test_faults import job
from rewardkit.training import fit
while line := sys.stdin.readline():
    journal, out, slow = line.split()
    child = os.fork()
    if child == 0:
        job(journal, out, float(slow))
        os._exit(0)
    print(child, flush=True)
    sys.stdin.readline()  # not reaped before that: its number can't be another process's
    _, status = os.waitpid(child, 0)
    print(status, flush=True)
"""


def problem(count: int = 400) -> tuple[np.ndarray, Pairs]:
    """Ties, raters, two dimensions: everything that has a state."""
    rng = np.random.default_rng(0)
    values = rng.normal(size=(60, 8))
    a = rng.integers(0, 60, count)
    b = (a + rng.integers(1, 60, count)) % 60
    answer = np.clip(np.round((values[a, 0] - values[b, 0]) + rng.logistic(size=count)), -1, 1)
    return values, Pairs.of(
        a, b, (answer + 1) / 2, rng.integers(0, 2, count), tie=answer == 0,
        rater=rng.integers(0, 4, count), dimensions=("prosody", "overall"),
    )  # fmt: skip


OPTIONS = TrainOptions(members=4, raters=True, grid=(1.0, 100.0), folds=2)


def job(journal: str, out: str, slow: float) -> None:
    """Train, pausing after every step so that a kill falls between, in or after any of them."""
    import dataclasses

    from rewardkit.training import journal as module
    from rewardkit.training.newton import Newton

    module._PAUSE = 0.0
    step = Newton.step

    def slowly(self: Newton) -> bool:
        time.sleep(slow)
        return step(self)

    Newton.step = slowly  # type: ignore[method-assign]
    values, pairs = problem()
    trained = fit(values, pairs, options=dataclasses.replace(OPTIONS, journal=journal))
    temporary = Path(f"{out}.part")
    np.savez(temporary.open("wb"), **trained.head.tensors())
    temporary.replace(out)


def bits(tensors) -> dict[str, bytes]:
    return {name: tensors[name].tobytes() for name in tensors}


@pytest.mark.skipif(not hasattr(os, "fork"), reason="kills forks")
@pytest.mark.parametrize("kills", [3, pytest.param(50, marks=pytest.mark.slow)])
def test_killed_again_and_again_and_resumed_gives_the_same_bits(tmp_path: Path, kills: int) -> None:
    values, pairs = problem()
    expected = bits(fit(values, pairs, options=OPTIONS).head.tensors())
    draw = random.Random(0)
    server = subprocess.Popen(
        [sys.executable, "-c", SERVER], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        cwd=Path(__file__).parent.parent.parent, env=os.environ | {"OMP_NUM_THREADS": "1"},
    )  # fmt: skip
    assert server.stdin is not None
    assert server.stdout is not None
    journal, out = tmp_path / "journal", tmp_path / "head.npz"
    killed = runs = 0
    try:
        while killed < kills or not out.exists():
            if out.exists():  # done before enough kills: once more from the start
                assert bits(dict(np.load(out))) == expected
                out.unlink()
                for state in journal.iterdir():
                    state.unlink()
            pause = 0.01 if killed < kills else 0.0
            server.stdin.write(f"{journal} {out} {pause}\n")
            server.stdin.flush()
            child = int(server.stdout.readline())
            if killed < kills:
                time.sleep(draw.uniform(0.02, 1.5))
                os.kill(child, signal.SIGKILL)
            server.stdin.write("reap\n")
            server.stdin.flush()
            status = int(server.stdout.readline())
            killed += status == signal.SIGKILL
            runs += 1
            assert status in (0, signal.SIGKILL)
            assert runs < 20 * kills
    finally:
        server.kill()
        server.wait()
    assert killed == kills
    assert bits(dict(np.load(out))) == expected


def test_a_journal_is_used_and_never_by_another_problem(tmp_path: Path) -> None:
    import dataclasses

    values, pairs = problem()
    kept = dataclasses.replace(OPTIONS, l2=1.0, journal=str(tmp_path))
    first = fit(values, pairs, options=kept)
    states = set(tmp_path.iterdir())
    again = fit(values, pairs, options=kept)
    assert (bits(again.head.tensors()), again.report) == (bits(first.head.tensors()), first.report)
    assert set(tmp_path.iterdir()) == states
    for change in ({"l2": 2.0}, {"ties": "half"}, {"smoothing": 0.1}, {"raters": False}):
        fit(values, pairs, options=dataclasses.replace(kept, **change))
        now = set(tmp_path.iterdir())
        assert now > states
        states = now


def test_a_damaged_state_is_not_gone_on_from(tmp_path: Path) -> None:
    import dataclasses

    values, pairs = problem()
    kept = dataclasses.replace(OPTIONS, l2=1.0, journal=str(tmp_path))
    first = bits(fit(values, pairs, options=kept).head.tensors())
    for state in tmp_path.iterdir():
        state.write_bytes(state.read_bytes()[:-9])
    assert bits(fit(values, pairs, options=kept).head.tensors()) == first


WORKER = """
import sys, numpy as np, torch
torch.set_num_threads(1)
torch.distributed.init_process_group("gloo")
from tests.training.test_faults import OPTIONS, problem
from rewardkit.training import fit
import dataclasses, pathlib
values, pairs = problem()
rank = torch.distributed.get_rank()
kept = dataclasses.replace(OPTIONS, journal=f"{sys.argv[1]}/journal-{rank}")
head = fit(values, pairs, options=kept).head
np.savez(f"{sys.argv[1]}/{rank}.npz", **head.tensors())
for state in pathlib.Path(kept.journal).iterdir() if rank else ():
    state.unlink()  # as if killed before it was written
head = fit(values, pairs, options=kept).head
np.savez(f"{sys.argv[1]}/{rank}-again.npz", **head.tensors())
torch.distributed.destroy_process_group()
"""


@pytest.mark.skipif(sys.platform == "win32", reason="gloo over a local socket")
def test_two_processes_give_the_same_head(tmp_path: Path) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    common = os.environ | {
        "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(port), "WORLD_SIZE": "2",
        "OMP_NUM_THREADS": "1",
    }  # fmt: skip
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", WORKER, str(tmp_path)],
            env=common | {"RANK": str(rank), "LOCAL_RANK": str(rank)},
            cwd=Path(__file__).parent.parent.parent,
        )
        for rank in range(2)
    ]
    try:
        assert [process.wait(timeout=300) for process in processes] == [0, 0]
    finally:
        for process in processes:
            process.kill()
    values, pairs = problem()
    alone = fit(values, pairs, options=OPTIONS).head.tensors()
    one, *others = (
        dict(np.load(tmp_path / f"{name}.npz")) for name in ("0", "1", "0-again", "1-again")
    )
    for other in others:
        assert bits(other) == bits(one)
    for name, expected in alone.items():
        np.testing.assert_allclose(one[name], expected, rtol=1e-6, atol=1e-8)
