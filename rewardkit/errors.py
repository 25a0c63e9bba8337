# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: Apache-2.0
"""Errors: every failure has a stable code, and says what, where and what to do.

A failure is never a number: whatever can't be computed is raised, or handed on as an error
object beside the results, with one of the codes below. The codes are part of the interface.
"""

from __future__ import annotations

from typing import Final

AUDIO_CODES: Final = {
    "unreadable": "not an audio file that can be decoded",
    "not_a_file": "not a regular file: a folder, a FIFO, a device, or missing",
    "too_short": "shorter than the shortest clip that can be scored",
    "too_long": "longer than the limit on duration or on decoded bytes",
    "nonfinite": "holds a NaN or an infinity",
    "out_of_range": "holds samples far outside full scale",
    "truncated": "ends before its header says",
    "bad_format": "a sample rate, channel count or shape that is not supported",
}
"""Codes of `AudioError`: why a source could not become a `Clip`."""

SCORING_CODES: Final = {
    "no_speech": "no speech was found: silence, noise, a tone",
    "scorer_failed": "a scorer raised",
    "timeout": "a scorer did not answer before the deadline",
    "worker_died": "the process that scored the clip died",
    "out_of_distribution": "too far from every clip that the model was trained on",
    "nonfinite_reward": "the head gave a number that is not finite",
    "not_rendered": "there was no sound to score: what was generated could not be spoken",
}
"""Codes of failures between a clip and its reward."""


class RewardkitError(Exception):
    """A failure with a stable code.

    Args:
        code: One of the documented codes; stable between releases.
        message: What went wrong, where, what would be valid and what to do.

    Example:
        >>> str(RewardkitError("too_short", "0.1 s; at least 0.2 s is needed"))
        'too_short: 0.1 s; at least 0.2 s is needed'
    """

    def __init__(self, code: str, message: str) -> None:
        super().__init__(code, message)
        self.code = code
        self.message = message

    def __str__(self) -> str:
        return f"{self.code}: {self.message}"


class AudioError(RewardkitError):
    """A source that can't become a `Clip`; see `AUDIO_CODES`."""


class ScorerError(RewardkitError):
    """What a scorer raised, with the scorer's name and the clip's source; see `SCORING_CODES`."""


class PreferenceError(RewardkitError):
    """A preference file that can't be trained on."""


class CheckpointError(RewardkitError):
    """A checkpoint that can't be loaded, or does not match what is installed."""
