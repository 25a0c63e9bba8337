# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Melody and tempo as knobs, by Praat's resynthesis: for an audit that searches for exploits.

Offered in the entry-point group `rewardkit.manipulations`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np

from rewardkit.audit.manipulation import Knob, with_samples
from rewardkit.clip import Clip
from rewardkit_scorers.resynthesis import Contour, with_contour_and_tempo

PARTS: Final = 3
"""The phrases that are shifted one by one: the clip is parted at the longest voiceless gaps."""


@dataclass(frozen=True)
class Melody:
    """F0 shifted, widened, and moved phrase by phrase, and the tempo; formants stay.

    Example:
        >>> from rewardkit.testing import voice
        >>> change = Melody()
        >>> values = {knob.name: knob.neutral for knob in change.knobs} | {"tempo": 2.0}
        >>> round(change(voice(2.0), values).duration, 1)
        1.0
    """

    name = "melody"
    knobs = (
        Knob("pitch_shift", "semitone", "the whole melody moved", -12.0, 0.0, 12.0),
        Knob("pitch_range", "1", "excursions about the median", 0.0, 1.0, 3.0, broken=0.2),
        *(
            Knob(f"phrase_shift_{part + 1}", "semitone", f"part {part + 1} moved", -6.0, 0.0, 6.0)
            for part in range(PARTS)
        ),
        Knob("tempo", "1", "speaking rate as a multiple", 0.5, 1.0, 2.0),
    )

    def __call__(self, clip: Clip, values: Mapping[str, float]) -> Clip:
        """See `Manipulation`.

        Raises:
            NotApplicable: When nothing in the clip is voiced.
        """
        shifts = np.array([values[f"phrase_shift_{part + 1}"] for part in range(PARTS)])

        def change(times: Contour, semitones: Contour) -> Contour:
            shifted: Contour = (
                values["pitch_range"] * semitones + values["pitch_shift"] + shifts[_part(times)]
            )
            return shifted

        samples = with_contour_and_tempo(
            clip.samples, clip.sample_rate, change, 1 / values["tempo"]
        )
        return with_samples(clip, samples)


def _part(times: Contour) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    """The number of each point's phrase: the longest gaps between points are the borders."""
    gaps = np.sort(np.argsort(-np.diff(times), kind="stable")[: PARTS - 1])
    return np.searchsorted(gaps, np.arange(len(times)), side="left")


MANIPULATIONS: Final = (Melody(),)
"""What this package offers."""
