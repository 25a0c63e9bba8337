# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: Apache-2.0
"""`Batch`: clips of one sample rate as one buffer, with what was already worked out about them."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from functools import cached_property
from typing import Any, Concatenate, ParamSpec, TypeVar, overload

import numpy as np
from numpy.typing import NDArray

from rewardkit.clip import Clip
from rewardkit.errors import AudioError

Parameters = ParamSpec("Parameters")
Result = TypeVar("Result")


class Batch(Sequence[Clip]):
    """Clips of one sample rate: a sequence of `Clip`, and one ragged buffer without padding.

    Scorers that need the same intermediate (a pitch track, a spectrogram) each ask the batch for
    it by `shared`; it is computed once, and they need not know each other.

    Args:
        clips: At least one, all of one sample rate.
        device: Where batched signal work may run: `"cpu"` or a torch device such as `"cuda"`.

    Raises:
        AudioError: `bad_format` when the rates differ or there is no clip.

    Example:
        >>> short, long = np.zeros(3, np.float32), np.ones(5, np.float32)
        >>> batch = Batch([Clip(short, 16_000), Clip(long, 16_000)])
        >>> batch.offsets.tolist(), batch.samples.shape, batch.sample_rate
        ([0, 3, 8], (8,), 16000)
    """

    def __init__(self, clips: Sequence[Clip], device: str = "cpu") -> None:
        self._clips = tuple(clips)
        self.device = device
        rates = {clip.sample_rate for clip in self._clips}
        if len(rates) != 1:
            raise AudioError(
                "bad_format", f"a batch holds clips of one sample rate, not of {sorted(rates)}"
            )
        self.sample_rate = rates.pop()
        self._shared: dict[Hashable, Any] = {}

    @classmethod
    def of(cls, clips: Sequence[Clip]) -> Batch:
        """The clips as a batch: themselves when they are one, so that shared work is kept."""
        return clips if isinstance(clips, Batch) else cls(clips)

    @cached_property
    def offsets(self) -> NDArray[np.int64]:
        """Where each clip begins in `samples`, and where the last ends: shape `(clips + 1,)`."""
        return np.cumsum([0, *(len(clip.samples) for clip in self._clips)], dtype=np.int64)

    @cached_property
    def samples(self) -> NDArray[np.float32]:
        """All samples in one float32 buffer; clip `i` is `samples[offsets[i]:offsets[i + 1]]`."""
        return np.concatenate([clip.samples for clip in self._clips])

    def shared(
        self,
        measure: Callable[Concatenate[Batch, Parameters], Result],
        *args: Parameters.args,
        **kwargs: Parameters.kwargs,
    ) -> Result:
        """`measure(self, *args, **kwargs)`, computed the first time it is asked for.

        Args:
            measure: A module-level function; its result must not be changed by who gets it, nor
                hold the batch, whose memory would then stay until cycles are looked for.
            *args: Hashable.
            **kwargs: Hashable.

        Example:
            >>> def peaks(batch: Batch, power: int) -> list[float]:
            ...     return [float(np.abs(clip.samples).max()) ** power for clip in batch]
            >>> batch = Batch([Clip(np.full(3, 0.5, np.float32), 16_000)])
            >>> batch.shared(peaks, 2) is batch.shared(peaks, 2)
            True
        """
        key = (measure, args, tuple(sorted(kwargs.items())))
        if key not in self._shared:
            self._shared[key] = measure(self, *args, **kwargs)
        result: Result = self._shared[key]
        return result

    def __len__(self) -> int:
        return len(self._clips)

    @overload
    def __getitem__(self, index: int) -> Clip: ...
    @overload
    def __getitem__(self, index: slice) -> Batch: ...
    def __getitem__(self, index: int | slice) -> Clip | Batch:
        """One clip; or, for a slice, a batch of its own that shares nothing with this one."""
        if isinstance(index, slice):
            return Batch(self._clips[index], self.device)
        return self._clips[index]
