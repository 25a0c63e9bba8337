# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: Apache-2.0
"""Odd and hostile sounds and paths over HTTP: each is that clip's failure, never a 500."""

from __future__ import annotations

import io
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
from fastapi.testclient import TestClient

from rewardkit.errors import AudioError
from rewardkit.serve.files import read_under
from tests.made import buzz, reward_model
from tests.serve.made import Made, client, file, waveform

SOUND = buzz(1.0)


def flac_of(frames: int) -> bytes:
    """A FLAC file whose header claims so many frames (RFC 9639, 8.2: 36 bits at byte 21)."""
    data = bytearray(file(SOUND, kind="FLAC"))
    data[21] = (data[21] & 0xF0) | (frames >> 32)
    data[22:26] = (frames & 0xFFFFFFFF).to_bytes(4, "big")
    return bytes(data)


def with_rate(rate: int) -> bytes:
    data = bytearray(file(SOUND))
    data[24:28] = rate.to_bytes(4, "little")
    return bytes(data)


def with_channels(channels: int) -> bytes:
    stream = io.BytesIO()
    soundfile.write(stream, np.zeros((8000, channels)), 8_000, format="WAV")
    return stream.getvalue()


def hour() -> bytes:
    stream = io.BytesIO()
    soundfile.write(stream, np.zeros(3600 * 8000, np.int16), 8_000, format="FLAC")
    return stream.getvalue()


def spoiled(sample: float) -> np.ndarray[Any, Any]:
    samples = SOUND.copy()
    samples[77] = sample
    return samples


FILES = {
    "empty": (b"", "unreadable"),
    "text": (b"hello, this is no sound\n" * 20, "unreadable"),
    "image": (b"\x89PNG\r\n\x1a\n" + bytes(500), "unreadable"),
    "no samples": (file(SOUND[:0]), "too_short"),
    "one sample": (file(SOUND[:1]), "too_short"),
    "0.1 s": (file(SOUND[:800]), "too_short"),
    "NaN": (file(spoiled(np.nan)), "nonfinite"),
    "infinity": (file(spoiled(-np.inf)), "nonfinite"),
    "1e30": (file(spoiled(1e30)), "out_of_range"),
    "truncated WAV": (file(SOUND)[:-4000], "truncated"),
    "truncated MP3": (file(SOUND, kind="MP3")[:-700], "truncated"),
    "truncated FLAC": (file(SOUND, kind="FLAC")[:-100], "unreadable"),
    "FLAC of 2^36 frames": (flac_of(2**36 - 1), "too_long"),
    "an hour of silence": (hour(), "too_long"),
    "rate 0": (with_rate(0), "bad_format"),
    "rate 4e9": (with_rate(4_000_000_000), "bad_format"),
    "nine channels": (with_channels(9), "bad_format"),
}


@pytest.fixture(scope="module")
def served() -> Iterator[TestClient]:
    with client(Made()) as found:
        yield found


@pytest.mark.parametrize("name", FILES)
def test_a_file_that_is_no_clip(served: TestClient, name: str) -> None:
    data, expected = FILES[name]
    good = ("clips", ("x.txt", file(SOUND, kind="OGG")))  # the content decides, not the name
    answer = served.post("/v1/score", files=[("clips", ("-x.wav\n", data)), good])
    assert answer.status_code == 200
    bad, fine = answer.json()["rewards"]
    assert (bad["error"]["code"], bad["reward"]) == (expected, None)
    assert fine["status"] == "ok"


@pytest.mark.parametrize(
    ("samples", "rate", "expected"),
    [
        (SOUND[:0], 8_000, "too_short"),
        (SOUND[:1], 8_000, "too_short"),
        (spoiled(np.nan), 8_000, "nonfinite"),
        (spoiled(np.inf), 8_000, "nonfinite"),
        (spoiled(1e30), 8_000, "out_of_range"),
        (SOUND, 1, "bad_format"),
        (SOUND, 2**31 - 1, "bad_format"),
        (buzz(121.0), 8_000, "too_long"),
    ],
)
def test_samples_that_are_no_clip(
    served: TestClient, samples: Any, rate: int, expected: str
) -> None:
    answer = served.post("/v1/score", json={"clips": [waveform(samples, rate)]})
    assert answer.json()["rewards"][0]["error"]["code"] == expected


def tone() -> np.ndarray[Any, Any]:
    return (0.3 * np.sin(np.arange(16_000) * 0.1)).astype(np.float32)


@pytest.mark.parametrize(
    "samples",
    [
        np.zeros(16_000, np.float32),
        np.full(16_000, 0.5, np.float32),
        np.random.default_rng(0).normal(0, 0.1, 16_000).astype(np.float32),
        tone(),
    ],
    ids=["silence", "DC", "noise", "tone"],
)
def test_what_is_no_speech_gets_no_reward(samples: Any) -> None:
    with client(Made(reward_model(require_speech=True))) as served:
        answer = served.post("/v1/score", json={"clips": [waveform(samples, 16_000)]})
    assert answer.json()["rewards"][0]["status"] == "no_speech"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A root with a good file, things that are no files, and links that lead out or stay in."""
    (tmp_path / "secret.wav").write_bytes(file(SOUND))
    root = tmp_path / "root"
    (root / "folder").mkdir(parents=True)
    (root / "folder" / "ü -x.wav").write_bytes(file(SOUND))
    (root / "out.wav").symlink_to(tmp_path / "secret.wav")
    (root / "up").symlink_to(tmp_path)
    (root / "in.wav").symlink_to(root / "folder" / "ü -x.wav")
    os.mkfifo(root / "fifo")
    (root / "zero").symlink_to("/dev/zero")
    return root


PATHS = [
    *("", "/", ".", "..", "../secret.wav", "folder/../../secret.wav", "/etc/passwd"),
    *("out.wav", "up/secret.wav", "in.wav", "folder", "folder/", "fifo", "zero", "no.wav"),
    *("a\0b", "//etc/passwd", "./out.wav", "folder//ü -x.wav", "x" * 5000, "a/" * 3000 + "b"),
]


@pytest.mark.parametrize("path", PATHS)
def test_nothing_but_files_under_the_root_is_read(root: Path, path: str) -> None:
    with pytest.raises(AudioError, match="not_a_file"):
        read_under(root, path, 1 << 20)


def test_paths_over_http(root: Path) -> None:
    with client(Made(audio_root=root)) as served:
        good = {"path": "folder/ü -x.wav"}
        body = {"clips": [*({"path": path} for path in PATHS), good]}
        rows = served.post("/v1/score", json=body).json()["rewards"]
        assert [row["status"] for row in rows] == ["error"] * len(PATHS) + ["ok"]
        assert {row["error"]["code"] for row in rows[:-1]} == {"not_a_file"}


def test_a_root_may_itself_be_a_link(root: Path, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(root)
    assert read_under(tmp_path / "link", "folder/ü -x.wav", 1 << 20) == file(SOUND)


def test_a_file_that_is_too_large_is_not_read(root: Path) -> None:
    with pytest.raises(AudioError, match="too_long"):
        read_under(root, "folder/ü -x.wav", 100)
