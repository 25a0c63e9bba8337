# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: Apache-2.0
"""`rewardkit.audio` on sound that is good: every format, rate and array gives the same clip."""

from __future__ import annotations

import io
import os
import struct
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from rewardkit.audio import Limits, read, read_windows, resample
from rewardkit.clip import Clip
from rewardkit.errors import AudioError


def voice(sample_rate: int, duration: float = 2.0) -> NDArray[np.float64]:
    """Harmonics of a gliding 120 Hz up to 3 kHz, in four swells a second, the same at any rate."""
    t = np.arange(round(duration * sample_rate)) / sample_rate
    phase = 2 * np.pi * 120 * t + 20 / 0.7 * (1 - np.cos(2 * np.pi * 0.7 * t))
    sound = sum(np.sin(k * phase + k * k) / k for k in range(1, 20))
    return 0.05 * sound * (1 - np.cos(2 * np.pi * 4 * t))


def encode(
    samples: NDArray[np.floating], sample_rate: int, container: str = "WAV", codec: str = "PCM_16"
) -> bytes:
    file = io.BytesIO()
    soundfile.write(file, samples, sample_rate, format=container, subtype=codec)
    return file.getvalue()


def decibels(of: NDArray[np.floating], over: NDArray[np.floating]) -> float:
    return float(10 * np.log10(np.square(of).sum() / (np.square(over).sum() + 1e-30)))


REFERENCE = read(voice(16_000), sample_rate=16_000)

LOSSLESS = [
    *[("WAV", "PCM_16", rate) for rate in (8_000, 11_025, 22_050, 44_100, 48_000, 96_000, 192_000)],
    *[("WAV", codec, 16_000) for codec in ("PCM_16", "PCM_24", "PCM_32", "FLOAT", "DOUBLE")],
    *[("FLAC", "PCM_16", rate) for rate in (8_000, 16_000, 48_000, 192_000)],
    *[(container, "PCM_16", 16_000) for container in ("WAVEX", "RF64", "AIFF", "AU")],
]
LOSSY = [
    *[("OGG", "OPUS", rate) for rate in (8_000, 16_000, 24_000, 48_000)],
    *[("OGG", "VORBIS", rate) for rate in (8_000, 16_000, 48_000, 192_000)],
    *[("MP3", "MPEG_LAYER_III", rate) for rate in (8_000, 16_000, 44_100, 48_000)],
    ("WAV", "ULAW", 16_000),
    ("WAV", "PCM_U8", 16_000),
]


# The error lies 60 dB or more below the sound where nothing is lost (16 bits leave 69), else 15.
@pytest.mark.parametrize(
    ("container", "codec", "rate", "least", "channels"),
    [
        (*case, least, channels)
        for cases, least in ((LOSSLESS, 60), (LOSSY, 15))
        for case in cases
        for channels in ((1, 2) if case[0] == "MP3" else (1, 2, 8))
    ],
)
def test_every_format_gives_the_16k_sound(
    container: str, codec: str, rate: int, least: float, channels: int
) -> None:
    sound = np.tile(voice(rate)[:, np.newaxis], (1, channels))
    clip = read(encode(sound, rate, container, codec))
    assert clip.sample_rate == rate
    samples = resample(clip, 16_000).samples
    assert len(samples) == len(REFERENCE.samples)
    assert decibels(REFERENCE.samples, samples - REFERENCE.samples) > least
    assert abs(decibels(samples, REFERENCE.samples)) < 0.3


@pytest.mark.parametrize("container", ["WAV", "FLAC", "OGG", "MP3"])
def test_path_and_bytes_give_the_same_clip(container: str, tmp_path: Path) -> None:
    codec = {"OGG": "VORBIS", "MP3": "MPEG_LAYER_III"}.get(container, "PCM_16")
    data = encode(voice(16_000), 16_000, container, codec)
    path = tmp_path / "voice.bin"
    path.write_bytes(data)
    clips = [read(path), read(str(path)), read(data), read(bytearray(data)), read(memoryview(data))]
    assert len({clip.key for clip in clips}) == 1
    assert [clip.source for clip in clips] == [str(path)] * 2 + ["<bytes>"] * 3


@pytest.mark.parametrize(
    ("container", "codec"), [("MP3", "MPEG_LAYER_III"), ("OGG", "VORBIS"), ("OGG", "OPUS")]
)
def test_decoding_in_blocks_changes_no_sample(
    container: str, codec: str, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    noise = np.random.default_rng(1).standard_normal(48_000) * np.linspace(0, 0.3, 48_000)
    data = encode(noise, 16_000, container, codec)
    key = read(data).key
    monkeypatch.setattr("rewardkit.audio.decode._BLOCK", 1_000)
    assert read(data).key == key
    assert capfd.readouterr().err == ""  # libmpg123 writes to stderr when it has lost its place


def test_channels_are_averaged() -> None:
    left, right = voice(16_000), np.zeros(32_000)
    clip = read(encode(np.stack([left, right], axis=1), 16_000, "WAV", "DOUBLE"))
    np.testing.assert_allclose(clip.samples, left / 2, atol=1e-7)
    array = read(np.stack([left, right]), sample_rate=16_000)
    np.testing.assert_allclose(array.samples, left / 2, atol=1e-7)


@pytest.mark.parametrize(
    ("dtype", "scale", "offset"),
    [
        ("int8", 128, 0),
        ("uint8", 128, 128),
        ("int16", 32_768, 0),
        (">i2", 32_768, 0),
        ("int32", 2**31, 0),
        ("float16", 1, 0),
        ("float32", 1, 0),
        ("float64", 1, 0),
        (">f4", 1, 0),
    ],
)
def test_arrays_are_scaled_by_their_full_scale(dtype: str, scale: float, offset: float) -> None:
    exact = np.tile([-1.0, -0.5, 0.0, 0.25], 1000)
    array = (exact * scale + offset).astype(dtype)
    clip = read(array, sample_rate=16_000)
    np.testing.assert_array_equal(clip.samples, exact.astype(np.float32))
    assert clip.samples.dtype == np.float32
    assert read(array[np.newaxis], sample_rate=16_000).key == clip.key


def test_int16_array_equals_its_wav_file() -> None:
    array = np.round(voice(16_000) * 32_000).astype(np.int16)
    assert read(array, sample_rate=16_000).key == read(encode(array, 16_000)).key


def test_a_clip_owns_its_samples() -> None:
    array = voice(16_000).astype(np.float32)
    clip = read(array, sample_rate=16_000)
    array[:] = 0
    assert np.abs(clip.samples).max() > 0.05


def test_a_clip_is_given_back() -> None:
    assert read(REFERENCE) is REFERENCE


@pytest.mark.parametrize("dtype", ["float32", "float64", "bfloat16", "float16", "int16"])
def test_tensors(dtype: str) -> None:
    import torch

    exact = np.tile([-1.0, -0.5, 0.0, 0.25], 1000)
    scale = 32_768 if dtype == "int16" else 1
    tensor = torch.tensor(exact * scale).to(getattr(torch, dtype))
    if tensor.is_floating_point():
        tensor.requires_grad_()
    np.testing.assert_array_equal(read(tensor, sample_rate=16_000).samples, exact)
    np.testing.assert_array_equal(read(tensor[None], sample_rate=16_000).samples, exact)


def test_reading_does_not_import_torch() -> None:
    code = (
        "import sys, numpy; from rewardkit.audio import read, resample; "
        "resample(read(numpy.zeros(8000), sample_rate=8000), 16000); "
        "print(sorted({'torch', 'torchaudio', 'librosa', 'scipy'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize("rate", [8_000, 11_025, 44_100, 48_000])
def test_resample_keeps_a_tone(rate: int) -> None:
    def tone(sample_rate: int) -> NDArray[np.float32]:
        t = np.arange(sample_rate) / sample_rate
        return np.sin(2 * np.pi * 440 * t).astype(np.float32)

    out = resample(Clip(tone(16_000), 16_000, "a"), rate)
    assert (out.sample_rate, len(out.samples), out.source) == (rate, rate, "a")
    middle = slice(rate // 10, -rate // 10)
    np.testing.assert_allclose(out.samples[middle], tone(rate)[middle], atol=1e-3)


def test_resample_to_the_same_rate_is_the_same_clip() -> None:
    assert resample(REFERENCE, 16_000) is REFERENCE


@pytest.mark.parametrize("rate", [0, -16_000, 16_000.5, "16000"])
def test_resample_refuses_what_is_no_rate(rate: object) -> None:
    with pytest.raises(AudioError, match="bad_format"):
        resample(REFERENCE, rate)  # type: ignore[arg-type]


@given(
    frames=st.integers(1_600, 60_000),
    length=st.integers(1_600, 20_000),
    block=st.integers(1, 9_000),
)
@settings(max_examples=50, deadline=None)
def test_windows_cover_the_source(frames: int, length: int, block: int) -> None:
    rng = np.random.default_rng(frames)
    sound = rng.uniform(-1, 1, frames)
    data = encode(sound, 8_000, "WAV", "FLOAT")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("rewardkit.audio.decode._BLOCK", block)
        windows = list(read_windows(data, length / 8_000))
    whole = read(data).samples
    covered = np.zeros(frames, bool)
    for start, clip in windows:
        first = round(start * 8_000)
        assert len(clip.samples) == min(length, frames)
        np.testing.assert_array_equal(clip.samples, whole[first : first + len(clip.samples)])
        covered[first : first + length] = True
    assert covered.all()
    assert len(windows) == max(1, -(-frames // length))
    assert [start for start, _ in windows[:-1]] == [
        i * length / 8_000 for i in range(len(windows) - 1)
    ]


@pytest.mark.parametrize("seconds", [0.0, -1.0, 0.1, float("nan"), float("inf"), 1e9])
def test_windows_need_a_length_within_the_limits(seconds: float) -> None:
    with pytest.raises(AudioError, match=r"too_(short|long)"):
        next(read_windows(encode(voice(8_000), 8_000), seconds))


def test_ten_hours_are_read_in_bounded_memory(tmp_path: Path) -> None:
    # Ten hours decode to 1.15 GB; the process that reads them stays far below that.
    pytest.importorskip("resource")
    size = 10 * 3600 * 8_000
    header = bytearray(encode(np.zeros(0), 8_000, "WAV", "PCM_U8"))
    header[4:8], header[40:44] = struct.pack("<I", 36 + size), struct.pack("<I", size)
    path = tmp_path / "long.wav"
    path.write_bytes(header)
    os.truncate(path, len(header) + size)  # sparse
    code = (
        "import resource, sys; from rewardkit.audio import read_windows; "
        "before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss; "
        "windows = sum(1 for _ in read_windows(sys.argv[1], 30.0)); "
        "grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before; "
        "print(windows, grown // 1024)"  # kilobytes on Linux
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(path)], capture_output=True, text=True, check=True
    )
    windows, megabytes = map(int, done.stdout.split())
    assert windows == 1200
    assert megabytes < 100 or sys.platform == "darwin"
    with pytest.raises(AudioError, match="too_long"):
        read(path)


def streamed(riff: int, data: int) -> bytes:
    """A WAV file whose writer could not seek back to fill in the sizes."""
    wav = bytearray(encode(voice(16_000), 16_000))
    wav[4:8], wav[40:44] = struct.pack("<I", riff), struct.pack("<I", data)
    return bytes(wav)


@pytest.mark.parametrize(
    ("riff", "data"),
    [
        (0, 0),
        (8, 0),
        (36, 0),
        (0xFFFF_FFFF, 0),
        (0xFFFF_FFFF, 0xFFFF_FFFF),  # ffmpeg
        (0x7FFF_F024, 0x7FFF_F000),  # SoX, espeak-ng
    ],
)
def test_wav_from_a_pipe_is_whole(riff: int, data: int, tmp_path: Path) -> None:
    expected = read(encode(voice(16_000), 16_000)).key
    assert read(streamed(riff, data)).key == expected
    path = tmp_path / "piped.wav"
    path.write_bytes(streamed(riff, data))
    assert read(path).key == expected


def test_flac_from_a_pipe_is_whole() -> None:
    flac = bytearray(encode(voice(16_000), 16_000, "FLAC"))
    expected = read(bytes(flac)).key
    flac[21] &= 0xF0
    flac[22:26] = bytes(4)  # the number of samples: 0 is "unknown"
    assert read(bytes(flac)).key == expected


@pytest.mark.parametrize(
    "name",
    [
        "-x.wav",
        "a b.wav",
        "ünïcödé ☃ 音.wav",
        "new\nline.wav",
        "$(id);`id`.wav",
        "x.mp3",
        "x.raw",
        "x",
    ],
)
def test_any_name_is_read(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path(name).write_bytes(encode(voice(16_000), 16_000))
    assert read(name).source == name
    assert next(read_windows(name, 1.0))[1].duration == 1.0


@pytest.mark.skipif(sys.platform in ("win32", "darwin"), reason="names are Unicode there")
def test_a_name_that_is_no_unicode_is_read(tmp_path: Path) -> None:
    path = os.fsdecode(os.fsencode(tmp_path) + b"/\xff\xfe.wav")
    Path(path).write_bytes(encode(voice(16_000), 16_000))
    assert read(path).duration == 2.0


def test_a_link_to_a_file_is_read(tmp_path: Path) -> None:
    (tmp_path / "a.wav").write_bytes(encode(voice(16_000), 16_000))
    (tmp_path / "b.wav").symlink_to(tmp_path / "a.wav")
    assert read(tmp_path / "b.wav").duration == 2.0


@pytest.mark.parametrize("tag_size", [20, 1000])
def test_tags_around_an_mp3_are_skipped(tag_size: int) -> None:
    mp3 = encode(voice(16_000), 16_000, "MP3", "MPEG_LAYER_III")
    size = bytes([0, 0, tag_size >> 7, tag_size & 0x7F])
    tagged = b"ID3\x04\0\0" + size + bytes(tag_size) + mp3 + b"TAG" + bytes(125)
    assert read(tagged).key == read(mp3).key


def test_limits_are_exact() -> None:
    sound = voice(16_000)
    read(sound, sample_rate=16_000, limits=Limits(min_duration=2.0, max_duration=2.0))
    read(sound, sample_rate=16_000, limits=Limits(max_bytes=4 * len(sound)))
    for off in (
        Limits(min_duration=2.00001),
        Limits(max_duration=1.99999),
        Limits(max_bytes=4 * len(sound) - 1),
    ):
        with pytest.raises(AudioError, match=r"too_(short|long)"):
            read(sound, sample_rate=16_000, limits=off)
    read(np.full(16_000, -8.0), sample_rate=16_000)
