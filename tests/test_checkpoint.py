# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: Apache-2.0
"""Checkpoint folders: whole, checked, never code."""

from __future__ import annotations

import hashlib
import json
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pytest

from rewardkit import checkpoint
from rewardkit.checkpoint import Manifest
from rewardkit.errors import CheckpointError

MANIFEST = Manifest(
    name="x",
    rewardkit="0",
    license="CC0-1.0",
    dimensions=("prosody",),
    scorers=(),
    features=(),
    schema_digest="",
    requires_speech=False,
    training={},
    evaluation={},
)


def fill(folder: Path, value: float = 1.0) -> None:
    checkpoint.save(folder, MANIFEST, {"w": np.full(3, value)}, "# card\n")


def test_round_trip(tmp_path: Path) -> None:
    fill(tmp_path / "x")
    manifest, tensors = checkpoint.load(tmp_path / "x")
    assert manifest.name == "x"
    assert tensors["w"].tolist() == [1.0, 1.0, 1.0]
    assert (tmp_path / "x" / "README.md").read_text() == "# card\n"


def test_saving_again_leaves_one_head(tmp_path: Path) -> None:
    fill(tmp_path, 1.0)
    fill(tmp_path, 2.0)
    assert checkpoint.load(tmp_path)[1]["w"][0] == 2.0
    assert len(list(tmp_path.glob("*.safetensors"))) == 1


def test_what_a_folder_may_do_wrong(tmp_path: Path) -> None:
    fill(tmp_path)
    (head,) = tmp_path.glob("*.safetensors")
    data = head.read_bytes()
    head.write_bytes(data[:-1] + b"\x01")
    with pytest.raises(CheckpointError, match="hash_mismatch"):
        checkpoint.load(tmp_path)
    head.unlink()
    with pytest.raises(CheckpointError, match="missing_file"):
        checkpoint.load(tmp_path)
    manifest = tmp_path / "manifest.json"
    good = json.loads(manifest.read_text())
    for bad in (
        "not json",
        "[]",
        json.dumps(good | {"format": 2}),
        json.dumps(good | {"surprise": 1}),
        json.dumps(good | {"files": {"../outside": "0"}}),
    ):
        manifest.write_text(bad)
        with pytest.raises(CheckpointError, match="bad_manifest"):
            checkpoint.load(tmp_path)


def test_tensors_are_never_unpickled(tmp_path: Path) -> None:
    import hashlib
    import pickle

    fill(tmp_path)
    data = pickle.dumps({"w": 1})
    (tmp_path / "head.safetensors").write_bytes(data)
    manifest = tmp_path / "manifest.json"
    good = json.loads(manifest.read_text())
    good["files"] = {"head.safetensors": hashlib.sha256(data).hexdigest()}
    manifest.write_text(json.dumps(good))
    with pytest.raises(CheckpointError, match="bad_tensors"):
        checkpoint.load(tmp_path)


@pytest.mark.parametrize(
    "name", ["no-such-checkpoint", "http://example.org/x", "https://example.org/x", "./nothing"]
)
def test_what_is_not_there_is_said_with_what_is(name: str) -> None:
    with pytest.raises(CheckpointError, match="unknown_checkpoint"):
        checkpoint.locate(name)


def test_a_folder_without_a_manifest_is_no_checkpoint(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match=r"manifest\.json"):
        checkpoint.locate(tmp_path)


def test_a_hub_id_is_found_in_the_hubs_own_cache(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The layout that huggingface_hub keeps: models--owner--name, refs, snapshots."""
    repository = tmp_path / "models--someone--reward"
    commit = "0" * 40
    (repository / "refs").mkdir(parents=True)
    (repository / "refs" / "main").write_text(commit)
    fill(repository / "snapshots" / commit)
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))
    folder = checkpoint.locate("someone/reward")
    assert checkpoint.load(folder)[0].name == "x"
    with pytest.raises(CheckpointError, match="unknown_checkpoint"):
        checkpoint.locate("someone/else")


_WRITER = """
import sys
sys.path.insert(0, {tests!r})
from pathlib import Path
from test_checkpoint import fill
print("started", flush=True)
while True:
    for value in (1.0, 2.0):
        fill(Path(sys.argv[1]), value)
"""


@pytest.mark.skipif(os.name != "posix", reason="needs SIGKILL")
def test_a_killed_writer_leaves_a_whole_checkpoint(tmp_path: Path) -> None:
    fill(tmp_path, 1.0)
    random = np.random.default_rng(0)
    script = _WRITER.format(tests=str(Path(__file__).parent))
    for _ in range(4):
        writer = subprocess.Popen(
            [sys.executable, "-c", script, str(tmp_path)], stdout=subprocess.PIPE
        )
        assert writer.stdout is not None
        writer.stdout.readline()
        time.sleep(random.uniform(0.0, 0.2))
        writer.send_signal(signal.SIGKILL)
        writer.wait()
        writer.stdout.close()
        assert checkpoint.load(tmp_path)[1]["w"][0] in (1.0, 2.0)


def test_saving_deletes_nothing_but_the_head_before(tmp_path: Path) -> None:
    fill(tmp_path, 1.0)
    (tmp_path / "head-best.safetensors").write_bytes(b"somebody else's")
    fill(tmp_path, 2.0)
    assert (tmp_path / "head-best.safetensors").read_bytes() == b"somebody else's"
    assert len(list(tmp_path.glob("head-*.safetensors"))) == 2


def test_of_two_writers_one_wins(tmp_path: Path) -> None:
    for trial in range(5):
        values = [float(4 * trial + k) for k in range(4)]
        writers = [threading.Thread(target=fill, args=(tmp_path, value)) for value in values]
        for writer in writers:
            writer.start()
        for writer in writers:
            writer.join()
        assert checkpoint.load(tmp_path)[1]["w"][0] in values


def test_a_type_that_numpy_lacks(tmp_path: Path) -> None:
    fill(tmp_path)
    head = b'{"w":{"dtype":"BF16","shape":[1],"data_offsets":[0,2]}}'
    data = len(head).to_bytes(8, "little") + head + b"\0\0"
    (tmp_path / "t.safetensors").write_bytes(data)
    text = (tmp_path / "manifest.json").read_text()
    known = json.loads(text) | {"files": {"t.safetensors": hashlib.sha256(data).hexdigest()}}
    (tmp_path / "manifest.json").write_text(json.dumps(known))
    with pytest.raises(CheckpointError, match="bad_tensors"):
        checkpoint.load(tmp_path)


@pytest.mark.parametrize("name", ["a\0b", "../x", ""])
def test_names_of_files_that_are_none(tmp_path: Path, name: str) -> None:
    fill(tmp_path)
    known = json.loads((tmp_path / "manifest.json").read_text()) | {"files": {name: "0"}}
    (tmp_path / "manifest.json").write_text(json.dumps(known))
    with pytest.raises(CheckpointError, match="bad_manifest"):
        checkpoint.load(tmp_path)


def test_a_manifest_that_is_nested_without_end(tmp_path: Path) -> None:
    fill(tmp_path)
    (tmp_path / "manifest.json").write_text("[" * 100_000)
    with pytest.raises(CheckpointError, match="bad_manifest"):
        checkpoint.load(tmp_path)
