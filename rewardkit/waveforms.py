# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: Apache-2.0
"""Batches of waveforms, as training loops hold them, and sounds that may have failed already."""

from __future__ import annotations

import inspect
import operator
import os
from collections.abc import Iterable, Sequence
from typing import Any, TypeAlias

from rewardkit import audio
from rewardkit.clip import Clip
from rewardkit.errors import RewardkitError

Sound: TypeAlias = "audio.Source | RewardkitError"
"""A sound, or why there is none."""


def rows_of(waveforms: Any, lengths: Iterable[int] | None) -> tuple[list[Any], Any]:
    """The sounds of a batch; and a tensor that the rewards are to be like, if they are tensors.

    Args:
        waveforms: `(batch, n)`, `(batch, channels, n)`, or a list of sounds.
        lengths: Samples of each row that are sound.

    Raises:
        RewardkitError: `bad_batch` when this is no batch, or the lengths do not fit.

    Example:
        >>> import numpy as np
        >>> sounds, like = rows_of(np.zeros((2, 5)), [5, 3])
        >>> [len(sound) for sound in sounds], like
        ([5, 3], None)
    """
    shape = getattr(waveforms, "shape", None)
    if shape is not None:
        if len(shape) not in (2, 3):
            raise RewardkitError(
                "bad_batch",
                f"waveforms of shape {tuple(shape)}; a batch is (batch, n) or (batch, channels, n),"
                " a single waveform x is x[None]",
            )
    elif isinstance(waveforms, str | bytes | Clip) or not isinstance(waveforms, Sequence):
        raise RewardkitError(
            "bad_batch",
            f"waveforms are an array, a tensor or a list, not {type(waveforms).__name__}",
        )
    for given in waveforms if shape is None else [waveforms]:
        _check_dense(given)
    sounds = [waveforms[row] for row in range(len(waveforms))]
    if lengths is not None:
        sounds = _cut(sounds, [_length(length) for length in lengths])
    # An empty tensor has no rows to show what it is.
    tensors = [x for x in ([waveforms] if shape is not None else sounds) if hasattr(x, "detach")]
    if not tensors:
        return sounds, None
    if shape is None and len(tensors) < len(sounds):
        raise RewardkitError("bad_batch", "tensors and other sounds in one batch")
    devices = {str(tensor.device) for tensor in tensors}
    if len(devices) > 1:
        raise RewardkitError("bad_batch", f"tensors on several devices: {sorted(devices)}")
    return sounds, tensors[0]


def _check_dense(given: Any) -> None:
    """Refuse a tensor that holds no samples, or not one after another."""
    if hasattr(given, "detach") and (given.is_meta or str(given.layout) != "torch.strided"):
        kind = "meta" if given.is_meta else str(given.layout)
        raise RewardkitError("bad_batch", f"a waveform is a dense tensor with data, not {kind}")


def _length(length: Any) -> int:
    whole = whole_number(length)
    if whole is None:
        raise RewardkitError("bad_batch", f"length {length!r}; it is a whole number of samples")
    return whole


def whole_number(number: Any) -> int | None:
    """An integer of any kind (NumPy's and torch's too) as an `int`; None for anything else.

    Example:
        >>> import numpy as np
        >>> [whole_number(each) for each in (8000, np.int64(8000), 8000.0, True, np.zeros(2))]
        [8000, 8000, None, None, None]
    """
    if isinstance(number, bool) or "bool" in str(getattr(number, "dtype", "")):
        return None
    try:
        return operator.index(number)
    except TypeError:
        return None


def _cut(sounds: list[Any], lengths: list[int]) -> list[Any]:
    """Each waveform without its padding."""
    if len(lengths) != len(sounds):
        raise RewardkitError("bad_batch", f"{len(lengths)} lengths for {len(sounds)} waveforms")
    for place, (sound, length) in enumerate(zip(sounds, lengths, strict=True)):
        most = sound.shape[-1] if hasattr(sound, "shape") else -1
        if not 0 <= length <= most:
            raise RewardkitError(
                "bad_batch",
                f"length {length} of waveform {place}; it has {most} samples"
                if most >= 0
                else f"a length for waveform {place}, which is no array",
            )
    return [sound[..., :length] for sound, length in zip(sounds, lengths, strict=True)]


def rates_of(sounds: Sequence[Any], sample_rate: Any) -> Sequence[int | None]:
    """The sample rate of each sound, in Hz, or None for what knows its own.

    Raises:
        RewardkitError: `bad_batch` when a waveform has none, or one that is no whole number:
            that is the caller's fault and not the clip's.

    Example:
        >>> rates_of(["a.wav", "b.wav"], None)
        [None, None]
    """
    rates = each("sample_rate", sample_rate, len(sounds))
    for sound, rate in zip(sounds, rates, strict=True):
        if rate is None and hasattr(sound, "shape"):
            raise RewardkitError("bad_batch", "a waveform states no rate: give sample_rate, in Hz")
        if rate is not None and whole_number(rate) is None:
            raise RewardkitError("bad_batch", f"sample_rate {rate!r}; it is a whole number of Hz")
    return rates


def each(name: str, value: Any, count: int) -> Sequence[Any]:
    """One value for each clip, from one for all or one each.

    Raises:
        RewardkitError: `bad_batch` when there is one each, but not for each.
    """
    if value is None or not (isinstance(value, Sequence) or getattr(value, "ndim", 0) == 1):
        return [value] * count
    if isinstance(value, str) or len(value) != count:
        raise RewardkitError("bad_batch", f"{name} holds one entry per clip: {count}")
    return list(value)


def read(
    sound: Sound, sample_rate: int | None, text: str | None, limits: audio.Limits
) -> Clip | RewardkitError:
    """The clip, or why there is none."""
    if isinstance(sound, RewardkitError):
        return sound
    try:
        clip = audio.read(sound, sample_rate=sample_rate, limits=limits)
    except RewardkitError as error:
        return error
    return clip if text is None or clip.text is not None else clip.with_text(text)


def sound(given: Any) -> Sound:
    """What a renderer or a data set gave, as something that knows its own sample rate.

    Args:
        given: A path, encoded bytes, a clip, `(waveform, sample_rate)`, or None for no sound; or
            an error that says why there is none.

    Raises:
        TypeError: For anything else, such as a waveform without its rate: that is a fault in the
            program that gave it, not in the sound.

    Example:
        >>> sound(None).code
        'not_rendered'
        >>> import numpy as np
        >>> sound((np.zeros(8000, np.float32), 16_000))
        Clip(sample_rate=16000, source='<array>')
    """
    if given is None:
        return RewardkitError("not_rendered", "there is no sound for this sample")
    if hasattr(given, "shape"):
        raise TypeError("a waveform comes with its sample rate: (waveform, sample_rate)")
    if isinstance(given, str | os.PathLike | bytes | bytearray | memoryview | Clip):
        return given
    if isinstance(given, RewardkitError):
        return given
    if not isinstance(given, tuple):
        if inspect.iscoroutine(given):
            given.close()  # or Python warns, somewhere else, that nobody waited for it
        raise TypeError(
            "a sound is (waveform, sample_rate), a path, encoded bytes or a Clip, not "
            f"{type(given).__name__}"
        )
    if len(given) != 2:
        raise TypeError(f"a sound is (waveform, sample_rate), not {len(given)} things")
    waveform, rate = given
    if not hasattr(waveform, "shape") or whole_number(rate) is None:
        raise TypeError(
            "a sound is (waveform, sample_rate), an array or tensor and a whole number of Hz, not "
            f"({type(waveform).__name__}, {type(rate).__name__})"
        )
    try:
        _check_dense(waveform)
    except RewardkitError as error:
        raise TypeError(error.message) from error
    return read(waveform, whole_number(rate), None, audio.Limits(min_duration=0.0))
