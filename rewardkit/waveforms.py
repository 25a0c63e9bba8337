# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: Apache-2.0
"""Batches of waveforms, as training loops hold them, and sounds that may have failed already."""

from __future__ import annotations

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
    sounds = [waveforms[row] for row in range(len(waveforms))]
    if lengths is not None:
        sounds = _cut(sounds, [int(length) for length in lengths])
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
        if rate is not None and (isinstance(rate, bool) or not hasattr(rate, "__index__")):
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
        given: A path, encoded bytes, a clip, `(waveform, sample_rate)`, or None for no sound.

    Raises:
        TypeError: For a waveform without its rate: that is a fault in the program that gave it,
            not in the sound.

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
    if not isinstance(given, tuple):
        return given
    if len(given) != 2:
        raise TypeError(f"a sound is (waveform, sample_rate), not {len(given)} things")
    return read(given[0], given[1], None, audio.Limits(min_duration=0.0))
