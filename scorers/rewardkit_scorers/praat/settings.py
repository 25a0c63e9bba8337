# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""`Settings`: what is looked for in a pitch analysis."""

from __future__ import annotations

import math
from dataclasses import astuple, dataclass

import numpy as np
from numpy.typing import NDArray

from rewardkit.errors import RewardkitError


@dataclass(frozen=True)
class Settings:
    """The parameters of Praat's "Sound: To Pitch (raw autocorrelation)...", with its defaults.

    Args:
        floor: Lowest pitch in Hz; the analysis window is three of its periods long.
        ceiling: Pitch in Hz from which on a candidate counts as voiceless.
        step: Between frames, in seconds.
        silence: Frames whose peak is below this share of the clip's are likely to be unvoiced.
        voicing: Strength that a candidate must have to be preferred over "unvoiced".
        octave: Advantage of a candidate over one an octave below it.
        octave_jump: Cost of a jump by an octave from one frame to the next, at a step of 10 ms.
        voiced_unvoiced: Cost of a change between voiced and unvoiced, at a step of 10 ms.
        candidates: How many are kept in each frame, "unvoiced" among them; at least
            ceiling / floor are.

    Raises:
        RewardkitError: `bad_parameter` when a value is not finite or out of its range.

    Example:
        >>> Settings(75.0, 500.0, 0.01).candidates
        15

    Source:
        Praat manual, "Sound: To Pitch (raw autocorrelation)...".
    """

    floor: float
    ceiling: float
    step: float
    silence: float = 0.03
    voicing: float = 0.45
    octave: float = 0.01
    octave_jump: float = 0.35
    voiced_unvoiced: float = 0.14
    candidates: int = 15

    def __post_init__(self) -> None:
        costs = (self.silence, self.octave, self.octave_jump, self.voiced_unvoiced)
        if not (
            all(math.isfinite(value) for value in astuple(self))
            and 0 < self.floor < self.ceiling
            and self.step > 0
            and self.voicing >= 0
            and min(costs) >= 0
            and 2 <= self.candidates <= 100
            and self.ceiling / self.floor <= 100
        ):
            raise RewardkitError(
                "bad_parameter",
                f"{self}: all must be finite, 0 < floor < ceiling <= 100 floor, 0 < step, "
                "thresholds and costs at least 0, and 2 <= candidates <= 100",
            )

    @property
    def kept(self) -> int:
        """Voiced candidates kept in each frame."""
        return max(self.candidates, int(self.ceiling / self.floor)) - 1

    @property
    def per_step(self) -> float:
        """What the costs of a change from one frame to the next are multiplied with."""
        return 0.01 / self.step

    def unvoiced(self, peaks: NDArray[np.float64]) -> NDArray[np.float64]:
        """Strength of "unvoiced": greater in frames that are soft beside the clip's loudest sample.

        Args:
            peaks: Peak of each frame as a share of the clip's, in [0, 1].
        """
        if self.silence == 0:
            return np.full(len(peaks), self.voicing)
        return self.voicing + np.maximum(2 - peaks * (1 + self.voicing) / self.silence, 0)

    def worth_a_look(
        self, peaks: NDArray[np.float64], unvoiced: NDArray[np.float64]
    ) -> NDArray[np.bool_]:
        """Frames in which a voiced candidate could win.

        None is stronger than 1. Where "unvoiced" is stronger than that by two changes between
        voiced and unvoiced, the best path goes through it whatever the candidates are.

        Args:
            peaks: As in `unvoiced`.
            unvoiced: Its result.
        """
        return (peaks > 0) & (unvoiced - 2 * self.voiced_unvoiced * self.per_step < 1)
