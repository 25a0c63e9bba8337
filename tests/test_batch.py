# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: Apache-2.0
"""The batch: one ragged buffer, one rate, work that is shared."""

from __future__ import annotations

import numpy as np
import pytest

from rewardkit.batch import Batch
from rewardkit.clip import Clip
from rewardkit.errors import AudioError


def ramp(length: int, sample_rate: int = 16_000) -> Clip:
    return Clip(np.arange(length, dtype=np.float32), sample_rate)


def test_the_buffer_holds_every_clip_without_padding() -> None:
    clips = [ramp(3), ramp(1), ramp(5)]
    batch = Batch(clips)
    for place, clip in enumerate(clips):
        start, stop = batch.offsets[place : place + 2]
        assert np.array_equal(batch.samples[start:stop], clip.samples)
    assert len(batch.samples) == 9


@pytest.mark.parametrize("clips", [[], [ramp(3), ramp(3, 8000)]])
def test_rates_must_agree(clips: list[Clip]) -> None:
    with pytest.raises(AudioError, match="one sample rate"):
        Batch(clips)


def test_it_is_a_sequence_of_its_clips() -> None:
    clips = [ramp(3), ramp(1), ramp(5)]
    batch = Batch(clips, "cuda")
    assert list(batch) == clips
    assert batch[-1] is clips[2]
    part = batch[1:]
    assert list(part) == clips[1:]
    assert part.device == "cuda"
    assert Batch.of(batch) is batch
    assert Batch.of(clips).device == "cpu"


def test_shared_work_is_done_once_for_each_set_of_arguments() -> None:
    calls = []

    def work(batch: Batch, power: int = 1) -> int:
        calls.append(power)
        return len(batch) ** power

    batch = Batch([ramp(3), ramp(2)])
    assert [batch.shared(work, 2), batch.shared(work, 2), batch.shared(work, power=3)] == [4, 4, 8]
    assert calls == [2, 3]
    assert batch[:1].shared(work, 2) == 1  # another batch has its own


def test_work_that_fails_is_not_remembered() -> None:
    calls = []

    def work(batch: Batch) -> int:
        calls.append(1)
        raise ZeroDivisionError

    batch = Batch([ramp(3)])
    for _ in range(2):
        with pytest.raises(ZeroDivisionError):
            batch.shared(work)
    assert len(calls) == 2
