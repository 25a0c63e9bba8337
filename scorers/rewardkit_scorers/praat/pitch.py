# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Pitch by autocorrelation, as Praat's "Sound: To Pitch (raw autocorrelation)..." finds it.

Each frame is a Hanning window of three periods of the floor. Its autocorrelation, divided by that
of the window, estimates that of the sound; the maxima are candidates for the period. A path search
chooses among each frame's candidates and "unvoiced".
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from rewardkit.batch import Batch
from rewardkit_scorers.praat import sinc
from rewardkit_scorers.praat.autocorrelation import GROUP, correlate, cut, measure_levels, unpairing
from rewardkit_scorers.praat.candidates import Candidates, find
from rewardkit_scorers.praat.frames import frame_times, layout, loudest_sample, window_starts
from rewardkit_scorers.praat.path import best_path
from rewardkit_scorers.praat.settings import Settings
from rewardkit_scorers.praat.track import Track


def pitch(batch: Batch, settings: Settings | Sequence[Settings]) -> tuple[Track, ...]:
    """Track the pitch of every clip.

    A clip's track does not depend, to the last bit, on what else is in the batch.

    Args:
        batch: Clips of one sample rate; where its device is not the CPU, see `pitch_torch`.
        settings: For all clips, or one for each.

    Returns:
        One track per clip; of no frames where the clip is shorter than three periods of the floor.

    Raises:
        RewardkitError: `bad_parameter` when the floor is too high for the sample rate.
        ValueError: When there is not one settings per clip.

    Example:
        >>> from rewardkit.clip import Clip
        >>> tone = np.sin(2 * np.pi * 200 * np.arange(8000) / 16_000).astype(np.float32)
        >>> (track,) = pitch(Batch([Clip(tone, 16_000)]), Settings(75.0, 500.0, 0.01))
        >>> len(track), float(np.median(track.f0).round(1))
        (47, 200.0)

    Source:
        Boersma (1993), "Accurate short-term analysis of the fundamental frequency and the
        harmonics-to-noise ratio of a sampled sound", IFA Proceedings 17, 97-110; Praat manual.
    """
    each = [settings] * len(batch) if isinstance(settings, Settings) else list(settings)
    if len(each) != len(batch):
        raise ValueError(f"{len(each)} settings for {len(batch)} clips")
    if batch.device != "cpu":
        from rewardkit_scorers.praat.pitch_torch import candidates

        found = candidates(batch, each, batch.device)
    else:
        loudest = batch.shared(loudest_samples)
        found = [
            _candidates(clip.samples, batch.sample_rate, one, level)
            for clip, one, level in zip(batch, each, loudest, strict=True)
        ]
    return tuple(
        _track(len(clip.samples), batch.sample_rate, one, candidates)
        for clip, one, candidates in zip(batch, each, found, strict=True)
    )


def loudest_samples(batch: Batch) -> tuple[float, ...]:
    """`loudest_sample` of each clip, for `batch.shared`."""
    return tuple(loudest_sample(clip.samples) for clip in batch)


def _candidates(
    samples: NDArray[np.float32], sample_rate: int, settings: Settings, loudest: float
) -> Candidates:
    """The candidates of a clip."""
    plan = layout(sample_rate, settings.floor)
    times = frame_times(len(samples), sample_rate, settings)
    starts = window_starts(times, sample_rate, plan.half)
    means, peaks = np.zeros(len(times)), np.zeros(len(times))
    if loudest > 0 and len(times):
        measure_levels(samples, starts, plan.half, plan.period, plan.window, means, peaks)
        peaks = np.minimum(peaks / loudest, 1)
    unvoiced = settings.unvoiced(peaks)
    active = np.flatnonzero(settings.worth_a_look(peaks, unvoiced))

    kept = settings.kept
    counts = np.zeros(len(times), np.int64)
    unpaired, table = unpairing(plan), sinc.table()
    frames = np.empty((GROUP, plan.size), np.float32)
    group_counts = np.empty(GROUP, np.int64)
    frequencies, strengths = np.empty(GROUP * kept), np.empty(GROUP * kept)
    parts = [(frequencies[:0], strengths[:0])]
    for begin in range(0, len(active), GROUP):
        group = active[begin : begin + GROUP]
        cut(samples, starts[group], means[group], plan.window, frames)
        total = find(
            correlate(frames),
            unpaired,
            len(group),
            plan.longest,
            plan.half,
            float(sample_rate),
            settings.floor,
            min(settings.ceiling, 0.5 * sample_rate),
            settings.voicing,
            settings.octave,
            kept,
            table,
            group_counts,
            frequencies,
            strengths,
        )
        counts[group] = group_counts[: len(group)]
        parts.append((frequencies[:total].copy(), strengths[:total].copy()))
    return Candidates(
        unvoiced,
        counts,
        np.concatenate([part[0] for part in parts]),
        np.concatenate([part[1] for part in parts]),
    )


def _track(length: int, sample_rate: int, settings: Settings, candidates: Candidates) -> Track:
    """The best path through a clip's candidates."""
    times = frame_times(length, sample_rate, settings)
    f0, strength = np.full(len(times), np.nan), np.full(len(times), np.nan)
    if len(candidates.frequencies):
        best_path(
            candidates.counts,
            candidates.frequencies,
            candidates.strengths,
            candidates.unvoiced,
            min(settings.ceiling, 0.5 * sample_rate),
            settings.octave,
            settings.octave_jump * settings.per_step,
            settings.voiced_unvoiced * settings.per_step,
            f0,
            strength,
        )
    return Track(times, f0, strength, settings.step, settings.floor, settings.ceiling)
