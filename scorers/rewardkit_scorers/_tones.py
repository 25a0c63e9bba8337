# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tones: the pitch contour as it is heard, level tones and glides on the nuclei of syllables.

Between the nuclei, pitch is masked by the change of the sounds; within one, a movement is heard as
a glide only when it is fast enough for its length. What is left is one or a few straight tones per
syllable, as in a prosogram.

Source:
    d'Alessandro & Mertens (1995), "Automatic pitch contour stylization using a model of tonal
    perception", Computer Speech and Language 9, 257-288.
    Mertens (2004), "The Prosogram: semi-automatic transcription of prosody based on a tonal
    perception model", Speech Prosody 2004. Here nuclei are found without a transcript, by the
    peaks of level in each voiced stretch, and every glide is straight.
    The threshold 0.16 / T^2 of single tones: 't Hart, Collier & Cohen (1990), "A perceptual study
    of intonation"; twice that in continuous speech: Mertens (2004).
"""

from __future__ import annotations

import math
from typing import Final

import numpy as np
from numpy.typing import NDArray

from rewardkit.features import Feature
from rewardkit_scorers._compiled import compiled
from rewardkit_scorers._contour import runs, turning_points
from rewardkit_scorers._frames import SPAN, STEP
from rewardkit_scorers.praat.sums import moments

GLISSANDO: Final = 0.32
"""Semitones times seconds: a movement of size S in T seconds is heard when S / T > 0.32 / T^2."""

BEND: Final = 20.0
"""Semitones per second: slopes less different than this are heard as one glide."""

DEVIATION: Final = 1.0
"""Semitones by which a contour must leave the straight line to be split there."""

SHORTEST_TONE: Final = 4
"""Frames between the ends of the shortest part that is split off."""

SHORTEST_NUCLEUS: Final = 3
"""Frames between the ends of the shortest nucleus."""

DIP: Final = 2.0
"""dB by which level falls between two nuclei (De Jong & Wempe, 2009)."""

BEFORE, AFTER = 3.0, 9.0
"""dB below its peak of level at which a nucleus begins and ends."""

FAINT: Final = 25.0
"""dB below the clip's strongest nucleus under which there is none."""

NOTICED, RELEVANT = 1.5, 3.0
"""Semitones: intervals that are heard, and that matter in communication ('t Hart, 1981,
"Differential sensitivity to pitch distance, particularly in speech", JASA 69, 811-821)."""

MOST_VARIED: Final = math.log(5)
"""Nat; the entropy of five classes that are equally frequent."""

FEATURES: Final = (
    Feature("glide_share", "1", "share of the nuclei's time in audible glides", 0, 1),
    Feature("glide_balance", "1", "share of it in rising less in falling glides", -1, 1),
    Feature("interval_mean", "semitone", "mean step from nucleus to nucleus", 0, SPAN),
    Feature("interval_entropy", "nat", "entropy of those steps in five classes", 0, MOST_VARIED),
)  # fmt: skip


@compiled
def levels(
    samples: NDArray[np.float32], sample_rate: int, first: float, count: int
) -> NDArray[np.float64]:
    """Level around the centre of each frame, re full scale in dB, without DC.

    The energies of five blocks of `STEP` are weighted 1:2:3:2:1, a bell of 50 ms: periods of voices
    of 60 Hz and more do not show.

    Args:
        samples: Of shape `(n,)`.
        sample_rate: In Hz.
        first: Centre of the first frame in seconds; a frame begins every `STEP`.
        count: Number of frames.

    Example:
        >>> tone = np.sin(np.arange(1600) / 4).astype(np.float32)
        >>> levels(tone, 16_000, 0.05, 1).round(1).tolist()
        [-3.0]
    """
    total = np.zeros(count + 4)
    square = np.zeros(count + 4)
    width = np.zeros(count + 4)
    for b in range(count + 4):
        start = max(round((first + (b - 2.5) * STEP) * sample_rate), 0)
        stop = min(round((first + (b - 1.5) * STEP) * sample_rate), len(samples))
        total[b], square[b] = moments(samples, start, stop)
        width[b] = max(stop - start, 0)
    mean = total.sum() / max(width.sum(), 1)
    energy = square - 2 * mean * total + mean * mean * width
    result = np.empty(count)
    for i in range(count):
        power = weight = 0.0
        for k in range(5):
            share = 3 - abs(k - 2)
            power += share * energy[i + k]
            weight += share * width[i + k]
        result[i] = 10 * math.log10(max(power / max(weight, 1), 1e-30))
    return result


@compiled
def nuclei(voiced: NDArray[np.bool_], level: NDArray[np.float64]) -> NDArray[np.int64]:
    """First and last frame of each nucleus, of shape `(nuclei, 2)`.

    Around each peak of level within a voiced stretch, from `BEFORE` dB below it on the left to
    `AFTER` dB below it on the right, and not beyond the dips that part it from its neighbours.
    """
    found = np.empty((len(voiced) // 2 + 1, 2), np.int64)
    peaks = np.empty(len(voiced) // 2 + 1)
    count = 0
    stretches = runs(voiced)
    for r in range(len(stretches)):
        start, stop = stretches[r, 0], stretches[r, 1]
        here = level[start:stop]
        points = turning_points(here, DIP)
        if len(points) == 0:
            points = np.zeros(1, np.int64)
            for i in range(len(here)):
                if here[i] > here[points[0]]:
                    points[0] = i
        for k in range(len(points)):
            peak = points[k]
            if len(points) > 1 and here[peak] < here[points[k - 1 if k > 0 else 1]]:
                continue  # a dip
            low = points[k - 1] if k > 0 else 0
            high = points[k + 1] if k + 1 < len(points) else stop - start - 1
            left = right = peak
            while left > low and here[left - 1] >= here[peak] - BEFORE:
                left -= 1
            while right < high and here[right + 1] >= here[peak] - AFTER:
                right += 1
            if right - left >= SHORTEST_NUCLEUS:
                found[count, 0], found[count, 1] = start + left, start + right
                peaks[count] = here[peak]
                count += 1
    strongest = -np.inf
    for n in range(count):
        strongest = max(strongest, peaks[n])
    kept = 0
    for n in range(count):
        if peaks[n] >= strongest - FAINT:
            found[kept, 0], found[kept, 1] = found[n, 0], found[n, 1]
            kept += 1
    return found[:kept].copy()


@compiled
def _whole(line: NDArray[np.float64], start: int, stop: int) -> bool:
    """Whether there is a contour in all of these frames, ends included."""
    gaps = 0
    for i in range(start, stop + 1):
        gaps += math.isnan(line[i])
    return gaps == 0


@compiled
def _audible(line: NDArray[np.float64], start: int, stop: int) -> bool:
    """Whether pitch covers a range in these frames, ends included, that is heard as movement."""
    low = high = line[start]
    for i in range(start + 1, stop + 1):
        low, high = min(low, line[i]), max(high, line[i])
    return bool((high - low) * (stop - start) * STEP > GLISSANDO)


@compiled
def _bend(line: NDArray[np.float64], start: int, stop: int) -> int:
    """The frame at which pitch turns audibly between two others, or -1."""
    if not _audible(line, start, stop):
        return -1
    slope = (line[stop] - line[start]) / (stop - start)
    at, farthest = start, 0.0
    for i in range(start, stop):
        away = abs(line[i] - line[start] - slope * (i - start))
        if away > farthest:
            at, farthest = i, away
    if farthest < DEVIATION or min(at - start, stop - at) < SHORTEST_TONE:
        return -1
    change = (line[stop] - line[at]) / (stop - at) - (line[at] - line[start]) / (at - start)
    heard = _audible(line, start, at) or _audible(line, at, stop)
    return at if heard and abs(change) / STEP > BEND else -1


@compiled
def stylise(
    line: NDArray[np.float64], voiced: NDArray[np.bool_], level: NDArray[np.float64]
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """The tones that are heard.

    Each nucleus is split, again and again, where its contour is farthest from the straight line
    between its ends, as long as the change of slope there and a movement beside it can be heard.
    A part whose ends are far enough apart for its length is a glide between them; any other is a
    level tone at its mean.

    Args:
        line: The contour in semitones `(frames,)`, NaN where there is none.
        voiced: Which frames are voiced.
        level: In dB.

    Returns:
        First frame, last frame and nucleus of each tone, `(tones, 3)`, and its pitch at both ends
        in semitones, `(tones, 2)`.

    Example:
        >>> line = np.concatenate([np.full(10, 5.0), np.linspace(5, 9, 10), np.full(10, 9.0)])
        >>> _, pitch = stylise(line, np.ones(30, bool), np.zeros(30))
        >>> pitch.round().tolist()
        [[5.0, 5.0], [5.0, 9.0], [9.0, 9.0]]
    """
    where = np.empty((len(line) // SHORTEST_NUCLEUS + 1, 3), np.int64)
    pitch = np.empty((len(where), 2))
    ends = np.empty(len(where), np.int64)  # right ends of the parts still to be looked at
    found = nuclei(voiced, level)
    count = 0
    for n in range(len(found)):
        start = found[n, 0]
        ends[0] = found[n, 1]
        waiting = 1
        if not _whole(line, start, ends[0]):
            continue
        while waiting:
            stop = ends[waiting - 1]
            at = _bend(line, start, stop)
            if at >= 0:
                ends[waiting] = at
                waiting += 1
                continue
            where[count, 0], where[count, 1], where[count, 2] = start, stop, n
            if abs(line[stop] - line[start]) * (stop - start) * STEP > GLISSANDO:
                pitch[count, 0], pitch[count, 1] = line[start], line[stop]
            else:
                middle = line[start : stop + 1].sum() / (stop - start + 1)
                pitch[count, 0], pitch[count, 1] = middle, middle
            count += 1
            start = stop
            waiting -= 1
    return where[:count].copy(), pitch[:count].copy()


@compiled
def measure(
    line: NDArray[np.float64], voiced: NDArray[np.bool_], level: NDArray[np.float64]
) -> NDArray[np.float64]:
    """The values of `FEATURES`, in order; NaN where there is nothing to measure.

    Intervals are between nuclei of one phrase. Their classes: level (less than `NOTICED`), and
    up or down by less or more than `RELEVANT`; their entropy needs four intervals.

    Args:
        line: The contour in semitones `(frames,)`, NaN outside phrases.
        voiced: Which frames are voiced.
        level: In dB.
    """
    where, pitch = stylise(line, voiced, level)
    total = rising = falling = distance = 0.0
    classes = np.zeros(5)
    for i in range(len(where)):
        seconds = (where[i, 1] - where[i, 0]) * STEP
        total += seconds
        if pitch[i, 1] > pitch[i, 0]:
            rising += seconds
        elif pitch[i, 1] < pitch[i, 0]:
            falling += seconds
        if i == 0 or where[i, 2] == where[i - 1, 2]:
            continue
        if _whole(line, where[i - 1, 1], where[i, 0]):
            interval = pitch[i, 0] - pitch[i - 1, 1]
            distance += abs(interval)
            size = 0 if abs(interval) < NOTICED else 1 if abs(interval) < RELEVANT else 2
            classes[2 + (size if interval > 0 else -size)] += 1
    pairs = classes.sum()
    entropy = 0.0 if pairs >= 4 else np.nan
    for number in classes:
        if number > 0:
            entropy += number / pairs * math.log(pairs / number)
    entropy = min(entropy, MOST_VARIED)
    return np.array(
        [(rising + falling) / total, (rising - falling) / total, distance / pairs, entropy]
    )
