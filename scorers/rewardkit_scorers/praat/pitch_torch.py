# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Pitch candidates on a torch device: all frames of all clips side by side.

The method is that of `autocorrelation` and `candidates`, in another arrangement: a frame is a row,
and each row has its own clip's window length and settings. Rows shorter than the longest are
followed by zeros, which changes no autocorrelation, so a clip's neighbours enter its numbers by
nothing but rounding. The path search stays with the compiled loop, of whose cost it is a twentieth.

The device must know float64.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cache

import numpy as np
import torch
from torch import Tensor

from rewardkit.batch import Batch
from rewardkit_scorers.praat import sinc
from rewardkit_scorers.praat.candidates import FIRST_DEPTH, Candidates
from rewardkit_scorers.praat.frames import frame_times, layout, loudest_sample, window_starts
from rewardkit_scorers.praat.settings import Settings

ELEMENTS = 1 << 24
"""Greatest size of an intermediate array, in numbers: this bounds the memory."""


def candidates(batch: Batch, settings: Sequence[Settings], device: str) -> list[Candidates]:
    """The candidates of each clip, found on a device.

    Args:
        batch: Clips of one sample rate.
        settings: One for each clip.
        device: A torch device, such as `"cuda"` (or `"cpu"`, for tests).

    Returns:
        What the path search needs, in the clips' order.
    """
    times = [
        frame_times(len(clip.samples), batch.sample_rate, one)
        for clip, one in zip(batch, settings, strict=True)
    ]
    plans = [layout(batch.sample_rate, one.floor) for one in settings]
    starts = [
        window_starts(centres, batch.sample_rate, plan.half) + offset
        for centres, plan, offset in zip(times, plans, batch.offsets[:-1], strict=True)
    ]
    clip_of = np.repeat(np.arange(len(batch)), [len(centres) for centres in times])
    ends = np.cumsum([len(centres) for centres in times])[:-1]
    analysis = _Analysis(batch, settings, device)
    start = torch.as_tensor(np.concatenate(starts), device=device)
    clip = torch.as_tensor(clip_of, device=device)

    peaks = analysis.peaks(start, clip).cpu().numpy()
    unvoiced, active = [], []
    for i, (one, peak) in enumerate(zip(settings, np.split(peaks, ends), strict=True)):
        loudest = loudest_sample(batch[i].samples) if len(peak) else 0.0
        share = np.minimum(peak / loudest, 1) if loudest > 0 else np.zeros_like(peak)
        unvoiced.append(one.unvoiced(share))
        active.append(one.worth_a_look(share, unvoiced[-1]))
    chosen = np.flatnonzero(np.concatenate(active))
    rows = torch.as_tensor(chosen, device=device)
    found, frequencies, strengths = analysis.find(start[rows], clip[rows])

    counts = np.zeros(len(clip_of), np.int64)
    counts[chosen] = found.cpu().numpy()
    each = np.split(counts, ends)
    parts = np.cumsum([count.sum() for count in each])[:-1]
    return [
        Candidates(*fields)
        for fields in zip(
            unvoiced,
            each,
            np.split(frequencies.cpu().numpy(), parts),
            np.split(strengths.cpu().numpy(), parts),
            strict=True,
        )
    ]


class _Analysis:
    """Sound, windows and settings of a batch, on the device.

    Tensors of numbers are float64, of indices int64; those of the clips have shape `(clips,)` or
    `(clips, …)`. Arguments called `start` and `clip` have shape `(frames,)`: the window's first
    sample in the batch's buffer, and the clip's index.
    """

    def __init__(self, batch: Batch, settings: Sequence[Settings], device: str) -> None:
        plans = [layout(batch.sample_rate, one.floor) for one in settings]

        def whole(values: list[int]) -> Tensor:
            return torch.tensor(values, dtype=torch.int64, device=device)

        def real(values: list[float]) -> Tensor:
            return torch.tensor(values, dtype=torch.float64, device=device)

        self.sample_rate = batch.sample_rate
        self.sound = torch.as_tensor(batch.samples, device=device)
        self.size = max(plan.size for plan in plans)
        self.half = whole([plan.half for plan in plans])
        self.period = whole([plan.period for plan in plans])
        self.lags = whole([plan.lags for plan in plans])
        self.end = whole([min(plan.longest, plan.half) for plan in plans])
        self.kept = whole([one.kept for one in settings])
        self.floor = real([one.floor for one in settings])
        self.ceiling = real([min(one.ceiling, 0.5 * batch.sample_rate) for one in settings])
        self.voicing = real([one.voicing for one in settings])
        self.octave = real([one.octave for one in settings])
        self.table = _padded_table(device)

        self.column = torch.arange(2 * max(plan.half for plan in plans), device=device)
        length = 2 * self.half[:, None]
        hanning = 0.5 - 0.5 * torch.cos(2 * torch.pi * (self.column + 1) / (length + 1))
        self.window = torch.where(self.column < length, hanning, 0)
        lag = torch.arange(max(plan.lags for plan in plans) + 1, device=device)
        own = _autocorrelation(self.window, self.size)[:, : len(lag)]
        self.correction = torch.where(lag <= self.lags[:, None], own[:, :1] / own, 0)

    def peaks(self, start: Tensor, clip: Tensor) -> Tensor:
        """Greatest magnitude near the centre of each windowed frame, of shape `(frames,)`."""
        parts = [self.sound.new_zeros(0, dtype=torch.float64)]
        for rows in self._groups(len(start)):
            frames, index = self._frames(start[rows], clip[rows]), clip[rows]
            near = self._within(index, self.period[index] // 2 + 1)
            parts.append((frames.abs() * near).amax(dim=1))
        return torch.cat(parts)

    def find(self, start: Tensor, clip: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Candidates in each frame: their number, and all their frequencies and strengths."""
        none = self.sound.new_zeros(0, dtype=torch.float64)
        parts = [(none.long(), none, none)]
        for rows in self._groups(len(start)):
            frames = self._frames(start[rows], clip[rows])
            parts.append(self._find(frames, clip[rows]))
        counts, frequencies, strengths = (torch.cat(part) for part in zip(*parts, strict=True))
        return counts, frequencies, strengths

    def _groups(self, count: int) -> Iterator[slice]:
        rows = max(ELEMENTS // self.size, 1)
        return (slice(begin, begin + rows) for begin in range(0, count, rows))

    def _within(self, clip: Tensor, reach: Tensor) -> Tensor:
        """Which columns lie less than `reach` from the centre, of shape `(frames, columns)`."""
        return (self.column + 0.5 - self.half[clip][:, None]).abs() < reach[:, None]

    def _frames(self, start: Tensor, clip: Tensor) -> Tensor:
        """Windowed frames without their local means, of shape `(frames, columns)`."""
        at = (start[:, None] + self.column).clamp(max=len(self.sound) - 1)
        frames = self.sound[at].double()
        period = self.period[clip]
        mean = (frames * self._within(clip, period)).sum(dim=1) / (2 * period)
        return (frames - mean[:, None]) * self.window[clip]

    def _find(self, frames: Tensor, clip: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        unit = frames / torch.linalg.vector_norm(frames, dim=1, keepdim=True)
        r = _autocorrelation(unit.float(), self.size)[:, : self.correction.shape[1]].double()
        r = r * self.correction[clip]
        r[:, 0] = 1

        lag = torch.arange(1, r.shape[1] - 1, device=r.device)
        before, here, after = r[:, :-2], r[:, 1:-1], r[:, 2:]
        top = (here > 0.5 * self.voicing[clip][:, None]) & (here > before) & (here >= after)
        row, column = (top & (lag >= 2) & (lag < self.end[clip][:, None])).nonzero(as_tuple=True)
        before, here, after = before[row, column], here[row, column], after[row, column]
        peak = lag[column]
        rough = peak + 0.5 * (after - before) / (2 * here - before - after)

        ceiling = self.ceiling[clip[row]]
        wanted = self._strongest(r, clip, row, rough)
        wanted = wanted[((peak + 1) * ceiling > self.sample_rate)[wanted]]
        row, ceiling = row[wanted], ceiling[wanted]
        x, height = self._maximum(r, clip, row, rough[wanted])
        low = x * ceiling > self.sample_rate
        row, x, height = row[low], x[low], height[low]
        counts = torch.bincount(row, minlength=len(r))
        return counts, self.sample_rate / x, torch.where(height > 1, 1 / height, height)

    def _strongest(self, r: Tensor, clip: Tensor, row: Tensor, rough: Tensor) -> Tensor:
        """Which candidates are kept: indices, in order."""
        counts = torch.bincount(row, minlength=len(r))
        crowded = (counts > self.kept[clip])[row]
        if not crowded.any():
            return torch.arange(len(row), device=row.device)
        some = crowded.nonzero().squeeze(1)
        index = clip[row[some]]
        a, u = self._polynomial(r, clip, row[some], rough[some], FIRST_DEPTH)
        height = _value(a, u)
        height = torch.where(height > 1, 1 / height, height)
        cost = self.octave[index] * torch.log2(self.floor[index] * rough[some] / self.sample_rate)
        order = torch.argsort(height - cost, descending=True, stable=True)
        order = order[torch.argsort(row[some][order], stable=True)]  # by frame, then by worth
        frames, first = torch.unique_consecutive(row[some][order], return_counts=True)
        rank = torch.arange(len(order), device=row.device) - torch.repeat_interleave(
            torch.cumsum(first, 0) - first, first
        )
        keep = ~crowded
        keep[some[order]] = rank < torch.repeat_interleave(self.kept[clip[frames]], first)
        return keep.nonzero().squeeze(1)

    def _polynomial(
        self, r: Tensor, clip: Tensor, row: Tensor, x: Tensor, depth: int
    ) -> tuple[Tensor, Tensor]:
        """Coefficients of the interpolation near lag `x`, `(n, TERMS)`, and where in it `x` is."""
        left = x.floor().long()
        phase = ((x - left) * sinc.PHASES).long()
        which = ((self.half[clip[row]] - left).clamp(max=depth) - 1) * sinc.PHASES + phase
        offset = torch.arange(1 - sinc.DEPTH, sinc.DEPTH + 1, device=x.device)
        step = max(ELEMENTS // self.table[0].numel(), 1)
        parts = [r.new_zeros(0, sinc.TERMS)]
        for begin in range(0, len(x), step):
            some = slice(begin, begin + step)
            at = (left[some, None] + offset).abs()
            at = at.minimum(self.lags[clip[row[some]]][:, None])  # the weights there are 0
            taps = r[row[some, None], at]
            parts.append(torch.bmm(taps[:, None], self.table[which[some]]).squeeze(1))
        return torch.cat(parts), sinc.PHASES * (x - left) - phase - 0.5

    def _maximum(
        self, r: Tensor, clip: Tensor, row: Tensor, rough: Tensor
    ) -> tuple[Tensor, Tensor]:
        """Lag and height of the maximum near each rough lag: see `candidates.maximum`."""
        x, height = rough.clone(), torch.zeros_like(rough)
        todo = torch.arange(len(x), device=x.device)
        for _ in range(8):
            a, begin = self._polynomial(r, clip, row[todo], x[todo], sinc.DEPTH)
            u = begin
            for _ in range(10):
                slope, bend = _slope(a, u), _bend(a, u)
                step = torch.where(bend < 0, -slope / bend, 0.5 * torch.sign(slope))
                u = (u + step).clamp(-1, 1)
            x[todo] += (u - begin) / sinc.PHASES
            height[todo] = _value(a, u)
            todo = todo[u.abs() >= 1]
            if not len(todo):
                break
        return x, height


def _autocorrelation(frames: Tensor, size: int) -> Tensor:
    spectrum: Tensor = torch.fft.rfft(frames, size)
    power = spectrum.real.square() + spectrum.imag.square()
    correlation: Tensor = torch.fft.irfft(power, size)
    return correlation


@cache
def _padded_table(device: str) -> Tensor:
    """`sinc.table` of all depths and phases: `(DEPTH * PHASES, 2 DEPTH, TERMS)`, with zeros."""
    padded = np.zeros((sinc.DEPTH * sinc.PHASES, 2 * sinc.DEPTH, sinc.TERMS))
    for depth in range(1, sinc.DEPTH + 1):
        for phase in range(sinc.PHASES):
            first = sinc.first_row(depth, phase)
            padded[(depth - 1) * sinc.PHASES + phase, sinc.DEPTH - depth : sinc.DEPTH + depth] = (
                sinc.table()[first : first + 2 * depth]
            )
    return torch.as_tensor(padded, device=device)


def _value(a: Tensor, u: Tensor) -> Tensor:
    """The polynomial with coefficients `a`, lowest first, at `u`."""
    result = torch.zeros_like(u)
    for k in range(sinc.TERMS - 1, -1, -1):
        result = result * u + a[:, k]
    return result


def _slope(a: Tensor, u: Tensor) -> Tensor:
    """Its first derivative."""
    result = torch.zeros_like(u)
    for k in range(sinc.TERMS - 1, 0, -1):
        result = result * u + k * a[:, k]
    return result


def _bend(a: Tensor, u: Tensor) -> Tensor:
    """Its second derivative."""
    result = torch.zeros_like(u)
    for k in range(sinc.TERMS - 1, 1, -1):
        result = result * u + k * (k - 1) * a[:, k]
    return result
