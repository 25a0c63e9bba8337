# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: Apache-2.0
"""Sound in: paths, bytes, arrays and tensors become `Clip`s, or an `AudioError` says why not.

Files and bytes are decoded by libsndfile (WAV, RF64, AIFF, AU, FLAC, Ogg Vorbis and Opus, MP3); the
content decides what they are, not the name. Several channels are averaged into one. Nothing is
normalised, trimmed or resampled on the way in; the host resamples once per rate with `resample`.
"""

from __future__ import annotations

import math
import operator
import os
from collections.abc import Iterator
from typing import Any, Final, TypeAlias

import numpy as np
import soxr
from numpy.typing import NDArray

from rewardkit.audio.decode import decoding, downmix, named
from rewardkit.audio.limits import DEFAULT, Limits
from rewardkit.clip import Clip
from rewardkit.errors import AudioError

__all__ = ["Limits", "Source", "read", "read_windows", "resample"]

Source: TypeAlias = "str | os.PathLike[str] | bytes | NDArray[Any] | Clip | Any"
"""What `read` takes; the `Any` stands for a torch tensor, which is not imported here."""

_ARRAY: Final = "<array>"
_FULL_SCALE: Final = {"int8": 128.0, "int16": 32_768.0, "int32": 2_147_483_648.0}


def read(source: Source, *, sample_rate: int | None = None, limits: Limits = DEFAULT) -> Clip:
    """Make a clip from anything that holds sound.

    Args:
        source: A path to a regular file; an encoded file's bytes; an array or torch tensor of shape
            `(n,)` or `(channels, n)`; or a clip, which is checked and given back. Floats are taken
            as they are, full scale being ±1; int8, int16 and int32 are divided by their full scale
            (2^7, 2^15, 2^31), uint8 is centred at 128 as in WAV files.
        sample_rate: Of the samples, in Hz. Arrays and tensors need it. Files, bytes and clips state
            their own: it may be given, and then must be the same; nothing is resampled.
        limits: What the sound must satisfy.

    Returns:
        The clip, mono (the mean of the channels), at the source's own rate.

    Raises:
        AudioError: With one of the codes in `rewardkit.errors.AUDIO_CODES`.

    Example:
        >>> tone = np.sin(2 * np.pi * 100 * np.arange(8000) / 16_000)
        >>> read(np.stack([tone, tone]), sample_rate=16_000)
        Clip(sample_rate=16000, source='<array>')
        >>> read(tone[:800], sample_rate=16_000)
        Traceback (most recent call last):
        ...
        rewardkit.errors.AudioError: too_short: '<array>' lasts 0.05 s (800 samples); ...
    """
    if isinstance(source, Clip):
        clip = source
        limits.check_format(clip.sample_rate, 1, clip.source)
        _check_length(len(clip.samples), clip.sample_rate, clip.source, limits)
        limits.check_samples(clip.samples, clip.source)
    elif isinstance(source, str | os.PathLike | bytes | bytearray | memoryview):
        clip = _decode(plain(source), limits)
    else:
        return _from_array(source, sample_rate, limits)
    if sample_rate is not None and _rate(sample_rate) != clip.sample_rate:
        raise AudioError(
            "bad_format",
            f"{clip.source!r} has a sample rate of {clip.sample_rate} Hz, not {sample_rate} Hz; "
            "leave sample_rate out (resample changes the rate)",
        )
    return clip


def read_windows(
    source: str | os.PathLike[str] | bytes, seconds: float, limits: Limits = DEFAULT
) -> Iterator[tuple[float, Clip]]:
    """Read a source of any length as windows of equal length, in bounded memory.

    The windows follow each other without overlap, except that the last one is aligned to the end
    and so may overlap the one before. A source shorter than one window gives one clip, all of it.

    Args:
        source: A path to a regular file, or an encoded file's bytes.
        seconds: The length of a window; rounded to whole samples.
        limits: The limits on duration and decoded bytes hold for a window, not for the source.

    Yields:
        The start of each window in s, and the window.

    Raises:
        AudioError: As `read`; what only shows at the end of a source is raised there, after the
            windows before it.

    Example:
        >>> import io, soundfile
        >>> file = io.BytesIO()
        >>> soundfile.write(file, np.zeros(20_000), 8_000, format="FLAC")
        >>> [(start, clip.duration) for start, clip in read_windows(file.getvalue(), 1.0)]
        [(0.0, 1.0), (1.0, 1.0), (1.5, 1.0)]
    """
    if not (math.isfinite(seconds) and seconds >= max(limits.min_duration, 1e-3)):
        raise AudioError(
            "too_short", f"windows of {seconds} s; at least {limits.min_duration:g} s is needed"
        )
    source = plain(source)
    name = named(source)
    with decoding(source, limits, whole=False) as decoder:
        rate = decoder.sample_rate
        length = round(seconds * rate)
        limits.check_at_most(length, rate, name)

        def window(start: int, samples: NDArray[np.float32]) -> tuple[float, Clip]:
            return start / rate, Clip(samples, rate, f"{name} from {start / rate:.3f} s")

        start = 0  # of what is pending, in samples
        last = np.zeros(0, np.float32)  # the window before it
        pending, held = [last], 0
        for block in decoder.blocks():
            pending.append(block)
            held += len(block)
            if held < length:
                continue
            samples = np.concatenate(pending)
            whole, held = divmod(held, length)
            pending = [samples[whole * length :]]
            for last in np.split(samples[: whole * length], whole):
                yield window(start, last.copy())
                start += length
        rest = np.concatenate(pending)
        if start == 0:
            limits.check_at_least(len(rest), rate, name)
            yield window(0, rest)
        elif len(rest):
            yield window(start + len(rest) - length, np.concatenate([last, rest])[-length:].copy())


def resample(clip: Clip, sample_rate: int) -> Clip:
    """The same sound at another rate (soxr, high quality: linear phase, 20 bits).

    Args:
        clip: Given back as it is when it has that rate.
        sample_rate: In Hz.

    Raises:
        AudioError: `bad_format` for a rate that is not a positive whole number.

    Example:
        >>> resample(Clip(np.zeros(8000, np.float32), 8_000), 16_000).duration
        1.0
    """
    rate = _rate(sample_rate)
    if rate <= 0:
        raise AudioError("bad_format", f"a sample rate of {sample_rate} Hz; it must be positive")
    if rate == clip.sample_rate:
        return clip
    samples = soxr.resample(clip.samples, clip.sample_rate, rate, quality="HQ")
    return Clip(np.asarray(samples, np.float32), rate, clip.source, clip.text)


def _rate(sample_rate: Any) -> int:
    try:
        return operator.index(sample_rate)
    except TypeError as error:
        raise AudioError(
            "bad_format", f"a sample rate of {sample_rate!r}; it is a whole number of Hz"
        ) from error


def plain(source: Any) -> Any:
    """The same sound as what another process can be sent: bytes, or a tensor without a gradient.

    Example:
        >>> plain(memoryview(b"RIFF"))
        b'RIFF'
    """
    if isinstance(source, bytearray | memoryview):
        return bytes(source)
    return source.detach().cpu() if _is_tensor(source) else source


def _check_length(frames: int, sample_rate: int, source: str, limits: Limits) -> None:
    limits.check_at_most(frames, sample_rate, source)
    limits.check_at_least(frames, sample_rate, source)


def _decode(source: str | os.PathLike[str] | bytes, limits: Limits) -> Clip:
    with decoding(source, limits, whole=True) as decoder:
        blocks = list(decoder.blocks())
        samples = blocks[0] if len(blocks) == 1 else np.concatenate([np.zeros(0, "f4"), *blocks])
        clip = Clip(samples, decoder.sample_rate, named(source))
    limits.check_at_least(len(samples), clip.sample_rate, clip.source)
    return clip


def _from_array(source: Any, sample_rate: int | None, limits: Limits) -> Clip:
    array = _as_numpy(source)
    if sample_rate is None:
        raise AudioError("bad_format", "an array states no rate: give sample_rate=, in Hz")
    rate = _rate(sample_rate)
    if array.ndim == 1:
        array = array[np.newaxis]
    if array.ndim != 2:
        raise AudioError(
            "bad_format",
            f"an array of shape {array.shape}; one clip is (n,) or (channels, n), give several one "
            "by one",
        )
    channels, frames = array.shape
    if channels > limits.max_channels >= frames > 0:
        raise AudioError(
            "bad_format",
            f"an array of shape {array.shape} looks like (n, channels); "
            "transpose it to (channels, n)",
        )
    limits.check_format(rate, channels, _ARRAY)
    _check_length(frames, rate, _ARRAY, limits)
    samples = _scaled(array)
    limits.check_samples(samples, _ARRAY)
    mono = downmix(samples, axis=0)
    # The clip's key is its content's hash: it must not change when the caller's array does.
    return Clip(mono.copy() if np.may_share_memory(mono, array) else mono, rate, _ARRAY)


def _as_numpy(source: Any) -> NDArray[Any]:
    if _is_tensor(source):
        try:
            tensor = plain(source)
            # NumPy has no bfloat16.
            source = (tensor.float() if str(tensor.dtype) == "torch.bfloat16" else tensor).numpy()
        except (TypeError, RuntimeError) as error:  # sparse, meta
            raise AudioError("bad_format", f"a tensor without plain samples: {error}") from error
    if isinstance(source, np.ndarray):
        return np.asarray(source)  # a masked array's extremes leave out what its mask hides
    raise AudioError(
        "bad_format",
        f"sound can't be read from {type(source).__name__}; give a path, bytes, a NumPy array, "
        "a torch tensor or a Clip",
    )


def _is_tensor(source: Any) -> bool:
    return all(hasattr(source, name) for name in ("detach", "cpu", "dtype"))  # files detach too


def _scaled(array: NDArray[Any]) -> NDArray[np.floating[Any]]:
    """Samples as floats with full scale ±1, in no less than the array's precision."""
    if array.dtype.kind == "f":
        return array if array.dtype.itemsize >= 4 else array.astype(np.float32)
    if array.dtype == np.uint8:
        return (array.astype(np.float32) - 128) / 128
    if array.dtype.name in _FULL_SCALE:
        return (array / _FULL_SCALE[array.dtype.name]).astype(np.float32)
    raise AudioError(
        "bad_format",
        f"an array of {array.dtype}; samples are float16, float32 or float64 (full scale ±1), or "
        "int8, int16, int32 or uint8",
    )
