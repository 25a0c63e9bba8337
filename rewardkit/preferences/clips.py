# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: Apache-2.0
"""`Clips`: the distinct clips of a preference file, each probed once."""

from __future__ import annotations

import math
import sys
from array import array
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Final

from rewardkit.errors import RewardkitError
from rewardkit.preferences.issues import Issues, shown
from rewardkit.preferences.probe import ClipInfo, Probe, problem
from rewardkit.preferences.record import Preference

_CHUNK: Final = 1024


class Clips:
    """Every path that occurs in a file, numbered in order of first occurrence.

    Memory grows with the number of distinct clips (the path, and some 150 bytes each), not with
    that of the preferences.
    """

    def __init__(self) -> None:
        self.ids: dict[str, int] = {}
        self.lines = array("q")  # of first occurrence; 0 = unknown
        self.durations = array("d")  # s; NaN = not probed, or can't be read
        self.levels = array("d")  # dB
        self.same = array("q")  # the first clip that has the same sound
        self.bad: set[int] = set()
        self._keys: dict[bytes, int] = {}
        self._speakers: dict[int, str] = {}

    def __len__(self) -> int:
        return len(self.ids)

    def add(self, preference: Preference, issues: Issues) -> tuple[int, int] | None:
        """The numbers of a preference's clips; None, and an issue, when a speaker contradicts."""
        a = self._number(preference.a, preference.line)
        b = self._number(preference.b, preference.line)
        consistent = True
        sides = zip((a, b), (preference.a, preference.b), preference.speakers, strict=True)
        for number, path, speaker in sides:
            if speaker is None:
                continue
            known = self._speakers.setdefault(number, sys.intern(speaker))
            if known != speaker:
                message = f"{shown(path)} has two speakers: "
                message += f"{shown(known)} before, {shown(speaker)} here"
                issues.add(preference.line, "conflicting_speakers", message)
                consistent = False
        return (a, b) if consistent else None

    def _number(self, path: str, line: int | None) -> int:
        number = self.ids.setdefault(path, len(self.ids))
        if number == len(self.lines):
            self.lines.append(line or 0)
            self.durations.append(math.nan)
            self.levels.append(math.nan)
            self.same.append(number)
        return number

    def probe(self, probe: Probe, issues: Issues, workers: int = 1) -> None:
        """Open every clip; one that can't be read is an error at the line where it first occurs.

        Args:
            probe: Reads a clip.
            issues: Where what is wrong is noted.
            workers: Threads.
        """
        for number, (path, result) in enumerate(_probed(self.ids, probe, workers)):
            if isinstance(result, ClipInfo):
                self.durations[number] = result.duration
                self.levels[number] = result.level
                self.same[number] = self._keys.setdefault(bytes.fromhex(result.key), number)
            else:
                self.bad.add(number)
                code, message = problem(result)
                issues.add(self.lines[number] or None, code, f"{shown(path)}: {message}")

    def check(self, preference: Preference, issues: Issues) -> bool:
        """Whether both clips of a preference can be used and differ in sound (else an issue)."""
        a, b = self.ids[preference.a], self.ids[preference.b]
        if a in self.bad or b in self.bad:
            return False
        if self.same[a] != self.same[b]:
            return True
        issues.add(preference.line, *same_sound(preference.a, preference.b))
        return False

    def found(self) -> dict[str, ClipInfo]:
        """What was found of each clip that could be read, by path."""
        keys = {number: key.hex() for key, number in self._keys.items()}
        return {
            path: ClipInfo(keys[self.same[number]], self.durations[number], self.levels[number])
            for path, number in self.ids.items()
            if not math.isnan(self.durations[number])
        }


def same_sound(a: str, b: str) -> tuple[str, str]:
    """Code and message for a pair of different files with the same sound."""
    return "same_clip", f"{shown(a)} and {shown(b)} hold the same sound"


def _probed(
    paths: dict[str, int], probe: Probe, workers: int
) -> Iterator[tuple[str, ClipInfo | RewardkitError | OSError]]:
    """Each path with what the probe gave or raised, in order."""
    try_probe = partial(_try_probe, probe)
    if workers <= 1:
        yield from ((path, try_probe(path)) for path in paths)
        return
    remaining = iter(paths)
    with ThreadPoolExecutor(workers) as pool:
        while chunk := list(islice(remaining, _CHUNK)):
            yield from zip(chunk, pool.map(try_probe, chunk), strict=True)


def _try_probe(probe: Probe, path: str) -> ClipInfo | RewardkitError | OSError:
    try:
        return probe(Path(path))
    except (RewardkitError, OSError) as error:
        return error
