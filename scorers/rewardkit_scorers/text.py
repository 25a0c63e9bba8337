# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Text: how a clip reads its transcript: rate, pauses at and off punctuation, intelligibility."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Final

import numpy as np
from numpy.typing import NDArray

from rewardkit.batch import Batch
from rewardkit.clip import Clip
from rewardkit.features import Feature
from rewardkit_scorers import _orthography, _recogniser
from rewardkit_scorers._levels import ALL, BAND, WINDOW, relative
from rewardkit_scorers._orthography import Text as Written
from rewardkit_scorers._parameters import positive
from rewardkit_scorers._pauses import STEP, power_by_millisecond, speech_by_level, stretches
from rewardkit_scorers._spectrum import band_power, spectrograms
from rewardkit_scorers._track import tracks

Floats = NDArray[np.float64]

SILENCE: Final = 25.0
"""dB below the loud frames at which silence begins."""

FLOOR: Final = 60.0
CEILING: Final = 700.0
"""Hz; of the pitch that tells voiced frames, as for the scorer timing, whose track it shares."""

VARIATION: Final = 0.4
"""Standard deviation of a syllable's duration as a part of the mean, in running speech; Crystal
and House 1990, "Articulation rate and the duration of syllables and stress groups in connected
speech", JASA 88, 101-112, find about as much."""

SPOKEN: Final = (
    Feature("speech_rate", "1/s", "the text's syllables per second, pauses included", 0),
    Feature("articulation_rate", "1/s", "the text's syllables per second of speech", 0),
    Feature("marks_paused", "1", "share of the punctuation inside the text that has a pause", 0, 1),
    Feature("pauses_unmarked", "1", "share of the pauses that are at no punctuation", 0, 1),
    Feature("unmarked_time", "1", "share of the time in pauses that are at no punctuation", 0, 1),
)

UNDERSTOOD: Final = (
    Feature("word_error_rate", "1", "word errors of a recogniser, per word of the text", low=0),
    Feature("character_error_rate", "1", "the same by characters, spaces left out", low=0),
)


@dataclass(frozen=True)
class Text:
    """The transcript against the sound; everything is NaN for a clip without a text.

    Syllables are counted in Latin, Cyrillic and Greek letters; with a letter of another script in
    the text there are the error rates only, and the rest is NaN.

    Where in the sound a word is, is estimated and not recognised: the text's syllables are dealt
    out evenly over the time that is spoken. Syllables vary, so after k of n of them the estimate
    is off by a standard deviation of `VARIATION * sqrt(k (n - k) / n)` syllables (that of a
    random walk from the first to the last). A pause counts as at a mark when it is within half
    a syllable and two such deviations, each mark having one pause at most. In a sentence of 20
    syllables that is up to 2.3 to each side: a pause one or two words from a comma counts as at
    it. What is misread, left out or repeated moves all that follows.

    Args:
        language: `"en"` or `"de"`; for any other, a syllable is a group of vowel letters. It is
            also told to the recogniser.
        recogniser: `whisper:FOLDER` (a Whisper model in CTranslate2's format; extra `whisper`)
            or an installed entry point of the group `rewardkit.recognisers`; then the error
            rates of what it understood are among the features. None for neither.
        least_pause: Seconds; shorter silences are no pauses.

    Raises:
        RewardkitError: `bad_parameter` when `least_pause` is not above 0.
        CheckpointError: When digest or numbers are asked for: `unknown_recogniser`,
            `bad_encoder`, `missing_file`, `missing_extra`.

    Example:
        >>> from rewardkit.testing import voice
        >>> clip = voice(2.0, syllables=4.0).with_text("One, two, three. Four, five, six, set.")
        >>> round(Text()(clip)["speech_rate"])
        4
    """

    language: str = "en"
    recogniser: str | None = field(default=None, metadata={"location": True})
    least_pause: float = 0.2

    name = "text"
    version = 3
    sample_rate = _recogniser.SAMPLE_RATE
    uses_text = True

    def __post_init__(self) -> None:
        positive(self, "least_pause")

    @property
    def features(self) -> tuple[Feature, ...]:
        """Error rates only when there is a recogniser."""
        return SPOKEN if self.recogniser is None else SPOKEN + UNDERSTOOD

    @cached_property
    def digest(self) -> str:
        """What stands for the recogniser."""
        return "" if self.recogniser is None else _recogniser.digest(self.recogniser)

    def __call__(self, clip: Clip) -> Mapping[str, float]:
        """Measure one clip at 16 kHz against its text."""
        row = self.score_batch([clip])[0].tolist()
        return dict(zip((feature.name for feature in self.features), row, strict=True))

    def score_batch(self, clips: Sequence[Clip]) -> Floats:
        """Measure clips at 16 kHz: float64 `(clips, features)`."""
        table = np.full((len(clips), len(self.features)), math.nan)
        written = [
            None if clip.text is None else _orthography.read(clip.text, self.language)
            for clip in clips
        ]
        if not any(written):
            return table
        batch = Batch.of(clips)
        for row, text in enumerate(written):
            if text is None:
                continue
            if text.syllables:
                edges = self._stretches(batch, row)
                if len(edges):
                    table[row, : len(SPOKEN)] = spoken(edges, text)
            if self.recogniser is not None:
                hear = _recogniser.recogniser(self.recogniser, self.digest, batch.device)
                heard = hear(batch[row].samples, self.language)
                table[row, len(SPOKEN) :] = understood(heard, text)
        return table

    def _stretches(self, batch: Batch, row: int) -> Floats:
        """Start and end in s of each stretch of speech in a clip, as the scorer timing has them."""
        spectra = batch.shared(spectrograms, WINDOW, STEP, BAND[1])
        track = batch.shared(tracks, FLOOR, CEILING)[row]
        if not track.voiced.any():
            return np.empty((0, 2))
        level, _, reference = relative(band_power(spectra, row, ALL))
        voiced = np.isfinite(track.resampled(len(level), STEP))
        speech, threshold = speech_by_level(level, voiced, SILENCE)
        clip = batch[row]
        power = power_by_millisecond(clip.samples, clip.sample_rate)
        silent = reference * 10 ** (threshold / 10)
        return np.asarray(stretches(speech, power, silent, self.least_pause))


def understood(heard: str, text: Written) -> tuple[float, float]:
    """Word and character error rate of what was heard, case and punctuation left out.

    Example:
        >>> understood("The cat SAT!", _orthography.read("the cat sat down", "en"))
        (0.25, 0.3076923076923077)
    """
    words = _orthography.words(heard)
    wanted, got = "".join(text.words), "".join(words)
    return (
        _orthography.edits(text.words, words) / len(text.words),
        _orthography.edits(wanted, got) / len(wanted),
    )


def spoken(edges: Floats, text: Written) -> tuple[float, float, float, float, float]:
    """The values of `SPOKEN`.

    Args:
        edges: Start and end in s of each stretch of speech between pauses, `(stretches, 2)`.
        text: What is said.

    Example:
        >>> edges = np.array([[0.0, 1.0], [1.5, 2.5]])
        >>> spoken(edges, _orthography.read("one two three four, five six eight nine", "en"))
        (3.2, 4.0, 1.0, 0.0, 0.0)
    """
    lengths = edges[:, 1] - edges[:, 0]
    pauses = edges[1:, 0] - edges[:-1, 1]
    total = sum(text.syllables)
    before = np.cumsum((0, *text.syllables))
    marks = before[list(text.marks)]
    places = np.cumsum(lengths)[:-1] / lengths.sum() * total
    taken = _matched(places, marks, total)
    unmarked = np.ones(len(pauses), bool)
    unmarked[[pause for pause, _ in taken]] = False
    silent = pauses.sum()
    return (
        float(total / (edges[-1, 1] - edges[0, 0])),
        float(total / lengths.sum()),
        len(taken) / len(marks) if len(marks) else math.nan,
        float(unmarked.mean()) if len(pauses) else math.nan,
        float(pauses[unmarked].sum() / silent) if len(pauses) else math.nan,
    )


def _matched(places: Floats, marks: NDArray[np.int64], total: int) -> list[tuple[int, int]]:
    """Pairs of a pause and a mark, the nearest first, each in one pair at most."""
    near = []
    for pause, place in enumerate(places.tolist()):
        for number, mark in enumerate(marks.tolist()):
            reach = 0.5 + 2 * VARIATION * math.sqrt(mark * (total - mark) / total)
            if abs(place - mark) <= reach:
                near.append((abs(place - mark), pause, number))
    taken: list[tuple[int, int]] = []
    for _, pause, number in sorted(near):
        if all(pause != p and number != n for p, n in taken):
            taken.append((pause, number))
    return taken
