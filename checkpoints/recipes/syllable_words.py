# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Words of LibriSpeech's clips with their times and numbers of syllables, for `syllables`.

    pip install faster-whisper pocketsphinx
    python -m checkpoints.recipes.syllable_words WHISPER_FOLDER $REWARDKIT_DATA words.jsonl

Whisper (base, in CTranslate2's format; MIT) writes down what is said, and pocketsphinx (BSD-like)
aligns it. A word has the vowels of its first pronunciation in CMUdict; one that is not in there,
a vowel for each group of vowel letters.

Source:
    Radford et al. (2023), "Robust speech recognition via large-scale weak supervision", ICML.
    Huggins-Daines et al. (2006), "PocketSphinx", ICASSP.
"""

from __future__ import annotations

import argparse
import json
import re
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import soundfile

FRAME: Final = 0.01
"""Seconds of a frame of pocketsphinx."""

UNITS: Final = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen "
    "fifteen sixteen seventeen eighteen nineteen"
).split()
TENS: Final = "- - twenty thirty forty fifty sixty seventy eighty ninety".split()
TITLES: Final = {"mr.": "mister", "mrs.": "missus", "dr.": "doctor", "st.": "saint", "&": "and"}

SOUNDS: Final = dict(
    zip(
        "abcdefghijklmnopqrstuvwxyz",
        "AE B K D EH F G HH IH JH K L M N AA P K R S T AH V W K IY Z".split(),
        strict=True,
    )
)
"""A sound for each letter, near enough to align a word that the dictionary lacks."""


def spoken(number: int) -> list[str]:
    """An English number as words; years from 1100 to 1999 in pairs.

    Example:
        >>> " ".join(spoken(1845)), " ".join(spoken(203))
        ('eighteen forty five', 'two hundred three')
    """
    if number < 20:
        return [UNITS[number]]
    if number < 100:
        return [TENS[number // 10], *(spoken(number % 10) if number % 10 else [])]
    if number < 1000:
        return [UNITS[number // 100], "hundred", *(spoken(number % 100) if number % 100 else [])]
    if 1100 <= number < 2000:
        return spoken(number // 100) + (spoken(number % 100) if number % 100 else ["hundred"])
    rest = spoken(number % 1000) if number % 1000 else []
    return [*spoken(number // 1000), "thousand", *rest]


def words(text: str) -> list[str]:
    """A transcript in lower case, numbers written out, without punctuation.

    Example:
        >>> words("Mrs. Lynde's 2 well-kept rooms!")
        ['missus', "lynde's", 'two', 'well', 'kept', 'rooms']
    """
    found: list[str] = []
    for piece in re.split(r"[\s\-—–/]+", text.lower().replace("’", "'")):
        if piece in TITLES:
            found.append(TITLES[piece])
            continue
        word = re.sub(r"(?<=\d),(?=\d)", "", piece).strip(".,;:!?\"()[]“”‘_*'")
        number = re.fullmatch(r"(\d{1,6})(st|nd|rd|th|s)?", word)
        found += spoken(int(number[1])) if number else [word] * bool(re.search("[a-z]", word))
    return found


def sounds(word: str) -> list[str]:
    """A rough pronunciation by the letters.

    Example:
        >>> " ".join(sounds("avonlea"))
        'AE V AA N L EH'
    """
    return [SOUNDS[group[0]] for group in re.findall("[aeiouy]+|[b-df-hj-np-tv-xz]", word)]


def vowels(pronunciation: list[str]) -> int:
    """How many syllables: the sounds that begin with a vowel letter in ARPABET."""
    return sum(sound[0] in "AEIOU" for sound in pronunciation)


class Aligner:
    """Times of known words, by pocketsphinx with its US English model."""

    def __init__(self) -> None:
        import pocketsphinx  # type: ignore[import-not-found,unused-ignore]

        self._package = pocketsphinx
        self._model = Path(pocketsphinx.get_model_path()) / "en-us"
        self._dictionary: dict[str, list[str]] = {}
        with (self._model / "cmudict-en-us.dict").open() as file:
            for line in file:
                word, *pronunciation = line.split()
                self._dictionary[word] = pronunciation

    def __call__(self, samples: bytes, said: list[str]) -> list[tuple[float, float, int]]:
        """Start and end in seconds and number of syllables of each word.

        Args:
            samples: 16-bit, at 16 kHz.
            said: The words, in order.

        Raises:
            RuntimeError: When they can't be aligned.
        """
        known = {}
        for word in {*said}:
            known[word] = self._dictionary.get(word) or sounds(word)
            for k in range(2, 6):
                if f"{word}({k})" in self._dictionary:
                    known[f"{word}({k})"] = self._dictionary[f"{word}({k})"]
        with tempfile.NamedTemporaryFile("w", suffix=".dict") as file:
            file.writelines(f"{word} {' '.join(s)}\n" for word, s in known.items() if s)
            file.flush()
            decoder: Any = self._package.Decoder(
                hmm=str(self._model / "en-us"),
                dict=file.name,
                lm=None,
                loglevel="FATAL",
                beam=1e-100,
                wbeam=1e-100,
                pbeam=1e-100,
            )
        decoder.set_align_text(" ".join(word for word in said if known[word]))
        decoder.start_utt()
        decoder.process_raw(samples, full_utt=True)
        decoder.end_utt()
        if decoder.hyp() is None:
            raise RuntimeError("no alignment")
        return [
            (
                round(segment.start_frame * FRAME, 2),
                round((segment.end_frame + 1) * FRAME, 2),
                vowels(known[segment.word]),
            )
            for segment in decoder.seg()
            if segment.word[0] not in "<["
        ]


def aligned(whisper: Path, folder: Path) -> Iterator[dict[str, Any]]:
    """Each clip's file, duration in seconds and words."""
    from faster_whisper import WhisperModel

    model = WhisperModel(str(whisper), device="cpu", compute_type="int8", cpu_threads=1)
    align = Aligner()
    for path in sorted(folder.rglob("*.flac")):
        samples, rate = soundfile.read(path, dtype="int16")
        segments, _ = model.transcribe(
            samples.astype("float32") / 32768,
            language="en",
            beam_size=1,
            condition_on_previous_text=False,
            without_timestamps=True,
        )
        said = words(" ".join(segment.text for segment in segments))
        try:
            found = align(samples.tobytes(), said)
        except RuntimeError:
            continue
        name = path.relative_to(folder).as_posix()
        yield {"file": name, "duration": len(samples) / rate, "words": found}


def main() -> None:
    """Write one JSON line per clip."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("whisper", type=Path, help="folder of whisper-base for CTranslate2")
    parser.add_argument("data", type=Path, help="folder of speech data")
    parser.add_argument("output", type=Path)
    given = parser.parse_args()
    with given.output.open("w") as file:
        for row in aligned(given.whisper, given.data / "librispeech_ccby"):
            file.write(json.dumps(row) + "\n")


if __name__ == "__main__":
    main()
