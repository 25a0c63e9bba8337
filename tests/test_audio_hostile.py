# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: Apache-2.0
"""`rewardkit.audio` on what is no good sound: each gives its own stable code, never a clip."""

from __future__ import annotations

import contextlib
import io
import math
import os
import socket
import struct
import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from rewardkit.audio import Limits, header, mpeg, read, read_windows
from rewardkit.clip import Clip
from rewardkit.errors import AUDIO_CODES, AudioError

RATE = 16_000
NOISE = np.random.default_rng(0).uniform(-0.5, 0.5, 2 * RATE)


def encode(
    container: str, codec: str | None = None, sound: object = NOISE, **options: object
) -> bytes:
    file = io.BytesIO()
    sound = np.asarray(sound)
    channels = 1 if sound.ndim == 1 else sound.shape[1]
    with soundfile.SoundFile(
        file, "w", RATE, channels, codec, format=container, **options
    ) as encoder:
        encoder.write(sound)
    return file.getvalue()


WAV = encode("WAV", "PCM_16")
FLAC = encode("FLAC", "PCM_16")
MP3 = encode("MP3", "MPEG_LAYER_III")
ENCODED = {
    "WAV": WAV,
    "WAV float": encode("WAV", "FLOAT"),
    "WAV ADPCM": encode("WAV", "MS_ADPCM"),
    "WAVEX": encode("WAVEX", "PCM_24"),
    "RIFX": encode("WAV", "PCM_16", endian="BIG"),
    "RF64": encode("RF64", "PCM_16"),
    "AIFF": encode("AIFF", "PCM_16"),
    "AU": encode("AU", "PCM_16"),
    "FLAC": FLAC,
    "Vorbis": encode("OGG", "VORBIS"),
    "Opus": encode("OGG", "OPUS"),
    "MP3": MP3,
    "MP3 variable": encode("MP3", "MPEG_LAYER_III", bitrate_mode="VARIABLE"),
}


def code_of(source: object, limits: Limits | None = None, **options: object) -> str:
    """The code with which `read` refuses a source."""
    with pytest.raises(AudioError) as caught:
        read(source, limits=limits or Limits(), **options)  # type: ignore[arg-type]
    assert caught.value.code in AUDIO_CODES
    return caught.value.code


def patched(data: bytes, offset: int, layout: str, value: int) -> bytes:
    field = struct.pack(layout, value)
    return data[:offset] + field + data[offset + len(field) :]


def streaminfo(flac: bytes, *, rate: int | None = None, frames: int | None = None) -> bytes:
    """A FLAC file with another rate (20 bits) or number of frames (36 bits) in its header."""
    word = int.from_bytes(flac[18:26], "big")
    if rate is not None:
        word = word & ~(0xFFFFF << 44) | rate << 44
    if frames is not None:
        word = word & ~0xFFFFFFFFF | frames
    return flac[:18] + word.to_bytes(8, "big") + flac[26:]


# unreadable


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"R",
        b"some text\n" * 100,
        "some text\n".encode("utf-16"),  # its byte order mark could start an MPEG frame
        "some text\n".encode("utf-16") * 100,
        b"\x89PNG\r\n\x1a\n" + bytes(1000),
        b"\xff\xd8\xff\xe0\x00\x10JFIF" + bytes(1000),
        bytes(10_000),
        b"\xff\xfb\x90\x64" + bytes(10_000),
        b"ID3\x04\0\0\0\0\0\0",
        b"RIFF\x10\0\0\0AVI LIST" + bytes(100),
        NOISE.astype("<f4").tobytes(),
    ],
    ids=[
        "empty",
        "byte",
        "text",
        "utf16",
        "utf16s",
        "png",
        "jpeg",
        "zeros",
        "sync",
        "tag",
        "avi",
        "raw",
    ],
)
def test_no_audio(data: bytes, tmp_path: Path) -> None:
    path = tmp_path / "x.wav"
    path.write_bytes(data)
    assert code_of(path) == "unreadable"
    assert code_of(data) == "unreadable"


@pytest.mark.parametrize("container", ["MAT5", "VOC", "HTK", "W64"])
def test_containers_that_cannot_be_checked(container: str) -> None:
    assert code_of(encode(container, "PCM_16")) == "unreadable"


def test_damaged_flac() -> None:
    middle = len(FLAC) // 2
    assert code_of(FLAC[:middle] + bytes(5000) + FLAC[middle + 5000 :]) == "unreadable"


def test_variable_mp3_without_a_header_is_not_cut_short() -> None:
    """Without a Xing header libsndfile guesses the length from the first frame, and stops there."""
    sound = np.concatenate([NOISE, np.zeros(18 * RATE)])
    mp3 = encode("MP3", "MPEG_LAYER_III", sound, bitrate_mode="VARIABLE", compression_level=0.3)
    first = mpeg.parse(mp3[:4])
    assert first is not None
    headless = mp3[first.size :]
    with soundfile.SoundFile(io.BytesIO(headless)) as decoder:
        assert decoder.frames < 10 * RATE  # of 20 s
    assert code_of(headless) == "unreadable"


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may read all")
def test_no_permission(tmp_path: Path) -> None:
    path = tmp_path / "x.wav"
    path.write_bytes(WAV)
    path.chmod(0)
    assert code_of(path) == "unreadable"


# not_a_file


def test_missing_and_folders(tmp_path: Path) -> None:
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    for name in (".", "missing.wav", "missing/x.wav", "loop", "a\0b", ""):
        source = f"{tmp_path}/{name}" if name else name
        assert code_of(source) == "not_a_file", name
        with pytest.raises(AudioError, match="not_a_file"):
            next(read_windows(source, 1.0))


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs FIFOs")
def test_fifo_does_not_block(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "x.wav")
    assert code_of(tmp_path / "x.wav") == "not_a_file"


@pytest.mark.skipif(not Path("/dev/zero").exists(), reason="needs /dev")
@pytest.mark.parametrize("name", ["zero", "null", "tty"])
def test_devices(name: str) -> None:
    assert code_of(f"/dev/{name}") == "not_a_file"


@pytest.mark.skipif(not hasattr(socket, "AF_UNIX"), reason="needs sockets with names")
def test_socket(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind("x.wav")
        assert code_of("x.wav") == "not_a_file"


def test_url() -> None:
    assert code_of("https://example.org/x.wav") == "not_a_file"


# too_short


@pytest.mark.parametrize("container", ["WAV", "FLAC", "AIFF", "AU"])
@pytest.mark.parametrize("frames", [0, 1, RATE // 5 - 1])
def test_short_files(container: str, frames: int) -> None:
    if (container, frames) == ("FLAC", 0):
        assert code_of(encode(container, None, NOISE[:0])) in ("too_short", "unreadable")
    else:
        assert code_of(encode(container, None, NOISE[:frames])) == "too_short"


@pytest.mark.parametrize("shape", [(0,), (1,), (3_199,), (2, 0), (2, 5), (1, 1)])
def test_short_arrays(shape: tuple[int, ...]) -> None:
    assert code_of(np.zeros(shape), sample_rate=RATE) == "too_short"


def test_short_clip() -> None:
    assert code_of(Clip(np.zeros(100, np.float32), RATE)) == "too_short"


def test_nothing_is_too_short_for_any_limit() -> None:
    assert code_of(np.zeros(0), Limits(min_duration=0.0), sample_rate=RATE) == "too_short"


def test_short_windows() -> None:
    with pytest.raises(AudioError, match="too_short"):
        next(read_windows(encode("WAV", "PCM_16", NOISE[:100]), 1.0))


# too_long


def test_flac_that_claims_256_gib() -> None:
    assert code_of(streaminfo(FLAC, frames=2**36 - 1)) == "too_long"


def test_long_header_is_refused_without_decoding(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> None:
        raise AssertionError("decoded")

    monkeypatch.setattr(soundfile.SoundFile, "read", fail)
    for name, data in ENCODED.items():
        assert code_of(data, Limits(max_duration=1.0)) == "too_long", name
        assert code_of(data, Limits(max_bytes=4 * RATE)) == "too_long", name


def test_an_hour_of_silence_in_few_bytes() -> None:
    flac = encode("FLAC", "PCM_16", np.zeros(3601 * RATE, np.int16))
    assert len(flac) < 400_000
    assert code_of(flac) == "too_long"
    assert code_of(flac, Limits(max_duration=1e9, max_bytes=10**8)) == "too_long"


@pytest.mark.parametrize("limits", [Limits(max_duration=1.0), Limits(max_bytes=4 * RATE)])
def test_limits_hold_while_reading_when_the_header_is_silent(
    limits: Limits, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("rewardkit.audio.decode._BLOCK", 1_000)
    decoded: list[int] = []
    plain = soundfile.SoundFile.read

    def counted(self: soundfile.SoundFile, frames: int, **options: object) -> object:
        decoded.append(frames)
        return plain(self, frames, **options)

    monkeypatch.setattr(soundfile.SoundFile, "read", counted)
    endless = streaminfo(encode("FLAC", "PCM_16", np.tile(NOISE, 10)), frames=0)
    assert code_of(endless, limits) == "too_long"
    assert sum(decoded) <= RATE + 1_000


def test_long_arrays_and_clips() -> None:
    limits = Limits(max_duration=1.0)
    assert code_of(NOISE, limits, sample_rate=RATE) == "too_long"
    assert code_of(Clip(NOISE.astype(np.float32), RATE), limits) == "too_long"
    assert code_of(NOISE, Limits(max_bytes=1000), sample_rate=RATE) == "too_long"


# nonfinite, out_of_range


@pytest.mark.parametrize("codec", ["FLOAT", "DOUBLE"])
@pytest.mark.parametrize("channels", [1, 2])
@pytest.mark.parametrize(
    ("value", "code"),
    [
        (np.nan, "nonfinite"),
        (np.inf, "nonfinite"),
        (-np.inf, "nonfinite"),
        (1e30, "out_of_range"),
        (-8.01, "out_of_range"),
        (8.01, "out_of_range"),
    ],
)
@pytest.mark.parametrize("position", [0, 20_000, -1])
def test_one_bad_sample(value: float, code: str, codec: str, channels: int, position: int) -> None:
    sound = np.tile(NOISE[:, np.newaxis], (1, channels))
    sound[position, -1] = value
    assert code_of(encode("WAV", codec, sound)) == code
    assert code_of(sound.T, sample_rate=RATE) == code
    assert code_of(sound.T.astype(np.float32), sample_rate=RATE) == code
    assert code_of(Clip(sound.T[-1].astype(np.float32), RATE)) == code
    with pytest.raises(AudioError, match=code):
        list(read_windows(encode("WAV", codec, sound), 0.5))


def test_doubles_beyond_float32_are_out_of_range() -> None:
    sound = NOISE.copy()
    sound[5] = 1e300
    assert code_of(encode("WAV", "DOUBLE", sound)) == "out_of_range"


def test_what_a_mask_hides_is_looked_at() -> None:
    sound = NOISE.copy()
    sound[5] = np.nan
    assert code_of(np.ma.masked_invalid(sound), sample_rate=RATE) == "nonfinite"


def test_opposite_infinities_do_not_cancel() -> None:
    assert code_of(np.tile([[np.inf], [-np.inf]], (1, RATE)), sample_rate=RATE) == "nonfinite"


def test_integers_in_a_float_array() -> None:
    assert code_of(np.round(NOISE * 32_768), sample_rate=RATE) == "out_of_range"


# truncated


@pytest.mark.parametrize("name", ENCODED)
@pytest.mark.parametrize("share", [0.999, 0.9, 0.5, 0.2])
def test_cut_off_files(name: str, share: float, tmp_path: Path) -> None:
    data = ENCODED[name]
    read(data)
    path = tmp_path / "x"
    path.write_bytes(data[: int(share * len(data))])
    # libFLAC notices by itself: its frames have checksums.
    assert code_of(path) == ("unreadable" if name == "FLAC" else "truncated")


@pytest.mark.parametrize("name", ["WAV", "RIFX", "RF64", "AIFF", "AU", "MP3"])
def test_cut_off_files_can_be_allowed(name: str) -> None:
    data = ENCODED[name]
    clip = read(data[: len(data) // 2], limits=Limits(allow_truncated=True))
    assert 0.8 < clip.duration < 1.2


def test_one_byte_less_is_noticed() -> None:
    for name in ("WAV", "AIFF", "AU", "Vorbis", "Opus", "MP3"):
        assert code_of(ENCODED[name][:-1]) == "truncated", name


def test_ogg_cut_between_pages() -> None:
    vorbis = ENCODED["Vorbis"]
    assert code_of(vorbis[: vorbis.rfind(b"OggS")]) == "truncated"


@pytest.mark.parametrize("codec", ["VORBIS", "OPUS"])
def test_ogg_streams_that_follow_each_other(codec: str) -> None:
    """Only the first would be decoded, without a word."""
    chained = encode("OGG", codec) + encode("OGG", codec)
    assert chained[14:18] != chained[len(chained) // 2 :][14:18]
    assert code_of(chained) == "truncated"
    assert read(chained, limits=Limits(allow_truncated=True)).duration == pytest.approx(2, abs=0.1)


def test_ogg_streams_side_by_side() -> None:
    """A first page of another stream, as of a skeleton, is no sign of anything missing."""
    vorbis = ENCODED["Vorbis"]
    other = bytearray(vorbis[: vorbis.index(b"OggS", 1)])
    other[14:18] = b"next"
    file = io.BytesIO(bytes(other) + vorbis)
    assert header.read(file, "x", math.inf).missing is None


def test_mp3_cut_between_frames() -> None:
    frames, position = [], 0
    while (frame := mpeg.parse(MP3[position : position + 4])) is not None:
        frames.append(position)
        position += frame.size
    assert position == len(MP3)
    assert code_of(MP3[: frames[-3]]) == "truncated"
    assert code_of(MP3[: frames[-1] + 2]) == "truncated"  # in a header


def test_flac_with_fewer_frames_than_its_header() -> None:
    assert code_of(streaminfo(FLAC, frames=len(NOISE) + 1)) == "truncated"


def test_wav_without_data() -> None:
    assert code_of(WAV[:36]) == "truncated"


def test_a_data_chunk_that_is_empty_is_not_taken_for_a_stream() -> None:
    tail = b"LIST" + struct.pack("<I", 20_000) + b"INFO" + bytes(19_996)
    empty = patched(WAV[:44] + tail, 40, "<I", 0)
    assert code_of(patched(empty, 4, "<I", len(empty) - 8)) == "too_short"


def test_wav_of_endless_empty_chunks() -> None:
    data = WAV[:12] + (b"junk" + bytes(4)) * 100_000
    assert code_of(data) == "truncated"


# bad_format


@pytest.mark.parametrize("rate", [0, 1, 7_999, 192_001, 4_000_000_000])
def test_wav_sample_rates(rate: int) -> None:
    assert code_of(patched(WAV, 24, "<I", rate)) == "bad_format"


@pytest.mark.parametrize("rate", [0, 7_999, 655_350])
def test_flac_sample_rates(rate: int) -> None:
    assert code_of(streaminfo(FLAC, rate=rate)) == "bad_format"


@pytest.mark.parametrize("channels", [0, 9, 1024, 65_535])
def test_wav_channels(channels: int) -> None:
    assert code_of(patched(WAV, 22, "<H", channels)) == "bad_format"


def test_aiff_channels() -> None:
    # AIFF's rate and channels are taken from libsndfile.
    assert code_of(encode("AIFF", "PCM_16", np.zeros((8000, 9)))) == "bad_format"


@pytest.mark.parametrize(
    "array",
    [
        np.zeros((RATE, 2)),
        np.zeros((9, RATE)),
        np.zeros((0, RATE)),
        np.zeros((1, 1, RATE)),
        np.float64(0.5).reshape(()),
        np.zeros(RATE, complex),
        np.zeros(RATE, bool),
        np.zeros(RATE, np.int64),
        np.zeros(RATE, np.uint16),
        np.zeros(RATE, "M8[s]"),
        np.full(RATE, "x"),
        np.full(RATE, None),
    ],
    ids=lambda array: f"{array.dtype}{array.shape}",
)
def test_array_shapes_and_types(array: object) -> None:
    assert code_of(array, sample_rate=RATE) == "bad_format"


def test_transposed_array_is_told_so() -> None:
    with pytest.raises(AudioError, match=r"transpose it to \(channels, n\)"):
        read(np.zeros((RATE, 2)), sample_rate=RATE)


@pytest.mark.parametrize("rate", [None, 0, -1, 7_999, 192_001, 16_000.0, "16000"])
def test_array_sample_rates(rate: object) -> None:
    assert code_of(NOISE, sample_rate=rate) == "bad_format"


@pytest.mark.parametrize("source", [None, 5, [0.0] * RATE, object()])
def test_no_source(source: object) -> None:
    assert code_of(source, sample_rate=RATE) == "bad_format"


def test_an_open_file_is_no_source_and_stays_open(tmp_path: Path) -> None:
    (tmp_path / "x.wav").write_bytes(WAV)
    with (tmp_path / "x.wav").open("rb") as file:
        for source in (file, io.BytesIO(WAV)):
            assert code_of(source) == "bad_format"
            assert source.read() == WAV


@pytest.mark.parametrize(
    "tensor",
    [torch.zeros(RATE).to_sparse(), torch.zeros(RATE, device="meta"),
     torch.zeros(RATE, dtype=torch.float8_e5m2)],
)  # fmt: skip
def test_tensors_without_plain_samples(tensor: torch.Tensor) -> None:
    assert code_of(tensor, sample_rate=RATE) == "bad_format"


def test_another_rate_than_the_file_has() -> None:
    assert code_of(WAV, sample_rate=8_000) == "bad_format"
    assert read(WAV, sample_rate=RATE).sample_rate == RATE


# anything


@given(
    name=st.sampled_from(sorted(ENCODED)),
    edits=st.lists(st.tuples(st.integers(0, 400), st.integers(0, 255)), min_size=1, max_size=8),
    cut=st.one_of(st.none(), st.integers(0, 5_000)),
)
@settings(max_examples=300, deadline=None)
def test_damage_gives_a_good_clip_or_a_code(
    name: str, edits: list[tuple[int, int]], cut: int | None
) -> None:
    data = bytearray(ENCODED[name])
    for position, value in edits:
        data[position] = value
    clip = None
    with contextlib.suppress(AudioError):  # any other exception fails the test
        clip = read(bytes(data[:cut]), limits=Limits(max_duration=60.0))
    if clip is not None:
        assert np.abs(clip.samples).max() <= 8
        assert 0.2 <= clip.duration <= 60


@given(st.binary(max_size=2_000))
@settings(max_examples=200, deadline=None)
def test_bytes_give_a_code(data: bytes) -> None:
    assert code_of(data) in AUDIO_CODES


def test_messages_show_control_characters_escaped(tmp_path: Path) -> None:
    path = tmp_path / "a\n\x1b[31m.wav"
    path.write_bytes(b"no audio")
    with pytest.raises(AudioError) as caught:
        read(path)
    assert "\n" not in str(caught.value)
    assert "\x1b" not in str(caught.value)


@pytest.mark.skipif(sys.platform == "win32", reason="descriptors are counted in /proc or /dev/fd")
def test_no_descriptor_is_left_open(tmp_path: Path) -> None:
    for name, data in (("a", WAV), ("b", WAV[:5000]), ("c", b"text"), ("d", FLAC[:9000])):
        (tmp_path / name).write_bytes(data)
    before = len(os.listdir("/dev/fd"))  # noqa: PTH208
    for name in ("a", "b", "c", "d", "."):
        for _ in range(3):
            with contextlib.suppress(AudioError):
                read(tmp_path / name)
    assert len(os.listdir("/dev/fd")) == before  # noqa: PTH208
