# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Harmonics-to-noise ratio by forward cross-correlation: Praat's "To Harmonicity (cc)".

A frame compares the window that begins one longest period before its centre with the windows that
begin 1, 2, … samples later. Where sound repeats after that lag, the two correlate; the part r of
their energy that they share counts as harmonic and 1 - r as noise: HNR = 10 log10(r / (1 - r)).

Three things make it fast without changing what it is. Frames that Praat would call silent are
never correlated. The sums over the window run side by side for all lags, so that the processor
does several lags at a time. And Praat refines every local maximum by Brent's method with
sin(x)/x interpolation over all lags, while here only those maxima are refined that could win: on
a short interpolation first, and over all lags once, at the place found.

Of 48,003 frames of speech .06 % differ from Praat's by more than 0.1 dB. Two kinds of sound differ
more: voices whose period is nearly the longest lag (the pitch close to `minimum_pitch`), where few
lags are left to interpolate on, and steady tones from about 7 kHz up at a rate of 16 kHz.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from rewardkit.batch import Batch
from rewardkit_scorers._compiled import compiled
from rewardkit_scorers.praat import sinc
from rewardkit_scorers.praat.sinc import PHASES, TERMS
from rewardkit_scorers.praat.sums import total

Samples: TypeAlias = NDArray[np.float32] | NDArray[np.float64]

NEAR = 12
"""Lags to each side of a maximum that enter the search for its place."""

MARGIN = 0.1
"""Of correlation; by how much the height expected of a maximum may be too low."""

CLOSE = 0.02
"""Of correlation; by how much a height interpolated over `NEAR` lags may be too low."""

FAR = 700
"""Lags to each side of a maximum that enter its height, where there are as many."""

SHORT = 3
"""Lags up to this are of frequencies above a quarter of the sample rate."""

SIDE = 32
"""Products are summed for a multiple of this many lags, so that no lags are left over for the
processor to do one by one."""

LANES = 8
"""Terms of an interpolation that are added side by side."""


@dataclass(frozen=True, eq=False)
class Harmonicity:
    """Harmonics-to-noise ratio over time.

    Args:
        times: Frame centres in seconds, float64 of shape `(frames,)`.
        ratio: In dB, float64 of shape `(frames,)`, within [-150, 150]; NaN where the frame is
            silent or has no maximum of correlation (Praat writes -200 there).
    """

    times: NDArray[np.float64]
    ratio: NDArray[np.float64]

    @property
    def mean(self) -> float:
        """Mean over the frames that have a ratio, in dB, as Praat's "Get mean"; else NaN."""
        kept = self.ratio[np.isfinite(self.ratio)]
        return float(kept.mean()) if len(kept) else math.nan


def harmonicities(
    batch: Batch,
    time_step: float = 0.01,
    minimum_pitch: float = 75.0,
    silence_threshold: float = 0.1,
    periods_per_window: float = 1.0,
) -> tuple[Harmonicity, ...]:
    """`harmonicity` of each clip, for `batch.shared`."""
    return tuple(
        harmonicity(
            clip.samples,
            batch.sample_rate,
            time_step,
            minimum_pitch,
            silence_threshold,
            periods_per_window,
        )
        for clip in batch
    )


def harmonicity(
    samples: Samples,
    sample_rate: float,
    time_step: float = 0.01,
    minimum_pitch: float = 75.0,
    silence_threshold: float = 0.1,
    periods_per_window: float = 1.0,
) -> Harmonicity:
    """Harmonics-to-noise ratio of each frame, by forward cross-correlation.

    Args:
        samples: Of shape `(n,)`, at any level.
        sample_rate: In Hz.
        time_step: Seconds between frames.
        minimum_pitch: Lowest pitch in Hz; longest lag and window follow from it.
        silence_threshold: A frame is silent when its peak is below this share of the clip's peak
            (and needs a higher correlation up to twice that share).
        periods_per_window: Length of the window in longest periods.

    Returns:
        Frames at Praat's times; none where the sound is shorter than window and longest period.

    Source:
        Boersma (1993), "Accurate short-term analysis of the fundamental frequency and the
        harmonics-to-noise ratio of a sampled sound", IFA Proceedings 17, 97-110; Praat manual,
        "Sound: To Harmonicity (cc)..." and "Sound: To Pitch (cc)...".

    Example:
        >>> t = np.arange(16_000) / 16_000
        >>> noise = np.random.default_rng(0).standard_normal(16_000)
        >>> tone = np.sqrt(2) * np.sin(2 * np.pi * 200 * t)
        >>> round(harmonicity(tone + 0.1 * noise, 16_000).mean)
        20
    """
    wave: Samples
    if samples.dtype == np.float32:
        wave = np.ascontiguousarray(samples, dtype=np.float32)
    else:
        wave = np.ascontiguousarray(samples, dtype=np.float64)
    spacing = 1 / sample_rate  # what follows is in Praat's order, for the same roundings
    period = math.floor(1 / spacing / minimum_pitch)
    extent = periods_per_window / minimum_pitch
    half = math.floor(extent / spacing) // 2 - 1
    window = 2 * half
    longest = min(math.floor(window / periods_per_window) + 2, window)
    span = 1 / minimum_pitch + extent
    duration = spacing * len(wave)
    if half < 2 or span > duration:
        return Harmonicity(np.empty(0), np.empty(0))
    frames = math.floor((duration - span) / time_step) + 1
    first = 0.5 * duration - 0.5 * (frames * time_step) + 0.5 * time_step
    times = first + np.arange(frames, dtype=np.float64) * time_step
    left = _before(times, spacing)
    start = np.maximum(_before(times - 0.5 * span, spacing), 0)
    ratio = _ratios(wave, left, start, period, half, longest, silence_threshold, sinc.table())
    return Harmonicity(times, ratio)


def _before(times: NDArray[np.float64], spacing: float) -> NDArray[np.int64]:
    """Index of the last sample at or before each time; sample i lies at (i + 1/2) spacing."""
    return np.floor((times - 0.5 * spacing) / spacing + 1.0).astype(np.int64) - 1


@compiled
def _ratios(
    wave: Samples,
    before: NDArray[np.int64],
    starts: NDArray[np.int64],
    period: int,
    half: int,
    longest: int,
    silence_threshold: float,
    table: NDArray[np.float64],
) -> NDArray[np.float64]:
    """HNR in dB of each frame; NaN where silent or without a maximum.

    Args:
        wave: Samples.
        before: Last sample before each frame's centre.
        starts: First sample of each frame's window.
        period: Longest period in samples.
        half: Half the window in samples.
        longest: Longest lag in samples.
        silence_threshold: Share of the clip's peak.
        table: Of `sinc`.
    """
    window = 2 * half
    ratio = np.full(len(before), np.nan)
    mean = total(wave) / len(wave)
    peak = _loudest(wave, mean)
    if peak == 0.0:
        return ratio
    near = min(period // 2 + 1, half)
    edges, most = _edges(starts, window)
    products = np.empty((most, (longest + SIDE) // SIDE * SIDE))
    held = np.full(most, -1)  # whose products are in each row: rows are used in turn
    piece = np.empty(window + products.shape[1])
    r = np.zeros(2 * window + 1)  # correlation at lag k is r[window + k]
    lanes = np.empty((3, LANES))
    at = 0
    for frame in range(len(before)):
        left, start = before[frame], starts[frame]
        local = total(wave[left + 1 - period : left + period + 1]) / (2 * period)
        loudest = _loudest(wave[left + 1 - near : left + near + 1], local)
        needed = max(0.0, 2.0 - min(loudest / peak, 1.0) / silence_threshold)
        if loudest == 0.0 or needed >= 1.0:  # no correlation is above 1
            continue
        while edges[at] < start:
            at += 1
        stop = at
        while edges[stop] < start + window:
            row = stop % most
            if held[row] != stop:
                held[row] = stop
                _copy(wave, edges[stop], mean, piece)
                _multiply(piece, edges[stop + 1] - edges[stop], products[row])
            stop += 1
        lags = min(longest, len(wave) - start - window)
        _copy(wave, start, mean, piece)
        _correlate(piece, window, lags, local - mean, products, at, stop, r)
        best = _strongest(r, window, min(longest, lags), lags, table, lanes)
        if best > needed:
            if best <= 1e-15:
                ratio[frame] = -150.0
            elif best > 1.0 - 1e-15:
                ratio[frame] = 150.0
            else:
                ratio[frame] = 10.0 * math.log10(best / (1.0 - best))
    return ratio


@compiled
def _edges(starts: NDArray[np.int64], window: int) -> tuple[NDArray[np.int64], int]:
    """Where windows begin or end, in order; and the most stretches between them in one window."""
    edges = np.unique(np.concatenate((starts, starts + window)))
    most = first = 0
    for last in range(len(edges)):
        while edges[last] - edges[first] > window:
            first += 1
        most = max(most, last - first)
    return edges, most


@compiled
def _copy(wave: Samples, first: int, mean: float, piece: NDArray[np.float64]) -> None:
    """Fill `piece` with the sound from sample `first` on less `mean`, and zeros after its end."""
    part = wave[first : first + len(piece)]
    for i in range(len(part)):
        piece[i] = part[i] - mean
    piece[len(part) :] = 0.0


@compiled
def _multiply(piece: NDArray[np.float64], length: int, sums: NDArray[np.float64]) -> None:
    """Products of `piece[:length]` with what is 0, 1, 2, … samples later, each summed.

    The sums grow for all lags side by side, eight samples at a time.
    """
    sums[:] = 0.0
    whole = length - length % 8
    for j in range(0, whole, 8):
        y = piece[j : j + len(sums) + 8]
        a, b, c, d, e, f, g, h = y[0], y[1], y[2], y[3], y[4], y[5], y[6], y[7]
        for k in range(len(sums)):
            sums[k] += ((a * y[k] + b * y[k + 1]) + (c * y[k + 2] + d * y[k + 3])) + (
                (e * y[k + 4] + f * y[k + 5]) + (g * y[k + 6] + h * y[k + 7])
            )
    for j in range(whole, length):
        y = piece[j : j + len(sums)]
        for k in range(len(sums)):
            sums[k] += y[0] * y[k]


@compiled
def _loudest(wave: Samples, mean: float) -> float:
    """Greatest distance from `mean`; of the least and greatest of several values side by side."""
    low, high = np.full(SIDE, wave[0]), np.full(SIDE, wave[0])
    whole = len(wave) - len(wave) % SIDE
    for i in range(0, whole, SIDE):
        part = wave[i : i + SIDE]
        for lane in range(SIDE):
            value = part[lane]
            low[lane] = value if value < low[lane] else low[lane]
            high[lane] = value if value > high[lane] else high[lane]
    least, most = wave[0], wave[0]
    for value in low:
        least = min(least, value)
    for value in high:
        most = max(most, value)
    for value in wave[whole:]:
        least, most = min(least, value), max(most, value)
    return float(max(most - mean, mean - least))


@compiled
def _correlate(
    piece: NDArray[np.float64],
    window: int,
    lags: int,
    mean: float,
    products: NDArray[np.float64],
    first: int,
    last: int,
    r: NDArray[np.float64],
) -> None:
    """Normalised correlation of `piece[:window]` with itself 1, 2, …, `lags` samples later.

    Args:
        piece: Samples from the window's first on.
        window: Its length.
        lags: The longest lag.
        mean: What is to be subtracted from all samples, in the products too.
        products: See `_multiply`; of stretch `i`, the row `i` modulo their number.
        first: First stretch of the window.
        last: One past its last stretch.
        r: Receives the correlation at lag k as `r[window - k]` and `r[window + k]`.
    """
    sums, plain, squares = np.zeros(lags + 1), np.empty(lags + 1), np.empty(lags + 1)
    for stretch in range(first, last):
        row = products[stretch % len(products)]
        for k in range(lags + 1):
            sums[k] += row[k]
    plain[0], squares[0] = total(piece[:window]), sums[0]
    for k in range(1, lags + 1):
        come, gone = piece[k + window - 1], piece[k - 1]
        plain[k] = come - gone
        squares[k] = come * come - gone * gone
    for k in range(1, lags + 1):
        plain[k] += plain[k - 1]
        squares[k] += squares[k - 1]
    offset = window * mean * mean
    energy = squares[0] - 2.0 * mean * plain[0] + offset
    for k in range(1, lags + 1):
        product = sums[k] - mean * (plain[0] + plain[k]) + offset
        other = squares[k] - 2.0 * mean * plain[k] + offset
        r[window + k] = product / math.sqrt(energy * other)
    for k in range(1, lags + 1):
        r[window - k] = r[window + k]
    r[window] = 1.0


@compiled
def _strongest(
    r: NDArray[np.float64],
    window: int,
    longest: int,
    lags: int,
    table: NDArray[np.float64],
    lanes: NDArray[np.float64],
) -> float:
    """Height of the highest refined maximum of correlation at a lag of 2 or more; 0 if none.

    Heights above 1, which short windows can give, are reflected: 1 / height. A maximum is refined
    when the sinusoid through its three samples, and `MARGIN` more, reaches the highest so far.
    At the shortest lags, those of fricatives, three samples say too little: always refined.
    """
    places, heights = np.empty(longest + 1, np.int64), np.empty(longest + 1)
    count = likely = 0
    for k in range(2, longest):  # without a branch, which would often be mispredicted
        before, here, after = r[window + k - 1], r[window + k], r[window + k + 1]
        places[count] = k
        count += (here > 0.0) & (here > before) & (here >= after)
    for i in range(count):
        k = window + places[i]
        heights[i] = _expected(r[k - 1], r[k], r[k + 1])
        likely = i if heights[i] > heights[likely] else likely
    best = 0.0
    for turn in range(-1, count):  # the likeliest first, to save work on the others
        i = likely if turn < 0 else turn
        if i >= count or turn == likely or (places[i] > SHORT and heights[i] + MARGIN < best):
            continue
        place, height = _maximum(r, window + places[i], table)
        if place <= window + 2 or height + CLOSE < best:  # Praat: below half the sample rate
            continue
        height = _interpolated(r, place, window, lags, lanes)
        best = max(best, 1.0 / height if height > 1.0 else height)
    return best


@compiled
def _expected(before: float, here: float, after: float) -> float:
    """Amplitude of the sinusoid through three samples with a positive maximum.

    A sinusoid of angular frequency w has before + after = 2 here cos w.
    """
    cosine = max(0.5 * (before + after) / here, -0.999)
    return math.sqrt(here**2 + 0.25 * (after - before) ** 2 / (1.0 - cosine**2))


@compiled
def _maximum(r: NDArray[np.float64], at: int, table: NDArray[np.float64]) -> tuple[float, float]:
    """Index and height of the maximum between samples near the local maximum `r[at]`.

    Interpolated over `NEAR` samples to each side, as a polynomial in each quarter of a sample
    (see `sinc`), whose top is found by Newton's method.
    """
    here, before, after = r[at], r[at - 1], r[at + 1]
    place = at + 0.5 * (after - before) / (2 * here - before - after)
    height = here
    terms = np.empty(TERMS)
    for _ in range(4):
        left = math.floor(place)
        phase = int(PHASES * (place - left))
        depth = min(NEAR, left + 1, len(r) - left - 1)
        row = PHASES * depth * (depth - 1) + phase * 2 * depth
        terms[:] = 0.0
        for i in range(2 * depth):
            value = r[left - depth + 1 + i]
            for term in range(TERMS):
                terms[term] += value * table[row + i, term]
        u = PHASES * (place - left) - phase - 0.5
        begun = u
        for _ in range(4):
            slope = bend = 0.0
            for term in range(TERMS - 1, 0, -1):
                bend = bend * u + slope
                slope = slope * u + term * terms[term]
            move = -slope / bend if bend < 0.0 else math.copysign(0.5, slope)
            u = min(max(u + min(max(move, -1.0), 1.0), -1.5), 1.5)
        height = 0.0
        for term in range(TERMS - 1, -1, -1):
            height = height * u + terms[term]
        place += (u - begun) / PHASES
        if place < at - 1 or place > at + 1:
            place = min(max(place, at - 1.0), at + 1.0)
            break
        if abs(u) < 1.5:
            break
    return place, height


@compiled
def _interpolated(
    r: NDArray[np.float64], x: float, window: int, lags: int, lanes: NDArray[np.float64]
) -> float:
    """Windowed sin(x)/x interpolation of `r` at the real-valued index `x`.

    As many samples to each side as the nearer end of `r` allows, at most `FAR`; a raised cosine
    falls from 1 at x to 0 one sample beyond the last. What is not correlated, beyond `lags`, is 0.

    Args:
        r: Correlations, symmetric about `r[window]`.
        x: Between two of them.
        window: Place of lag 0.
        lags: The longest lag.
        lanes: To work in, `(3, LANES)`.
    """
    left = math.floor(x)
    if left == x:
        return float(r[left])
    right = left + 1
    depth = min(FAR, right, len(r) - right)
    if depth <= 1:
        return float(r[left] + (x - left) * (r[right] - r[left]))
    if depth == 2:  # the cubic through two samples with the slopes there
        u, v = x - left, right - x
        low, high = 0.5 * (r[right] - r[left - 1]), 0.5 * (r[right + 1] - r[left])
        rise = r[right] - r[left]
        return float(r[left] * v + r[right] * u + u * v * ((low - rise) * v - (high - rise) * u))
    result = 0.0
    cosines, sines, sums = lanes[0], lanes[1], lanes[2]
    for side in range(2):
        # By symmetry the samples to the left are those to the right of their mirror image.
        away = x - left if side == 0 else right - x
        at = 2 * window - left if side == 0 else right
        count = min(depth, window + lags + 1 - at)
        turn = math.pi / (away + depth)
        c, s = math.cos(turn), math.sin(turn)
        cosine, sine = math.cos(away * turn), math.sin(away * turn)
        for lane in range(LANES):
            cosines[lane], sines[lane], sums[lane] = cosine, sine, 0.0
            cosine, sine = cosine * c - sine * s, sine * c + cosine * s
        c, s = math.cos(LANES * turn), math.sin(LANES * turn)
        whole = count - count % LANES
        for i in range(0, whole, LANES):
            part = r[at + i : at + i + LANES]
            for lane in range(LANES):
                cosine, sine = cosines[lane], sines[lane]
                sums[lane] += part[lane] * (1.0 + cosine) / (away + (i + lane))
                cosines[lane], sines[lane] = cosine * c - sine * s, sine * c + cosine * s
        for lane in range(count - whole):
            i = whole + lane
            sums[lane] += r[at + i] * (1.0 + cosines[lane]) / (away + i)
        total = 0.0
        for lane in range(0, LANES, 2):
            total += sums[lane] - sums[lane + 1]
        result += total * 0.5 * math.sin(math.pi * away) / math.pi
    return result
