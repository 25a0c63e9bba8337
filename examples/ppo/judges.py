# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Held-out judges: what the policy is never trained on. Of all, larger is better."""

from __future__ import annotations

import importlib.util
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from examples.ppo.loop import Judge
from rewardkit import Clip, Extractor, RewardkitError, scorers


def available(whisper: Path | None = None) -> dict[str, Judge]:
    """The judges that can be had here, by name.

    `naturalness` is the mean opinion score that DistillMOS predicts, 1 to 5, where it is
    installed (the extra `quality`). `intelligibility` is 1 less the word error rate of a speech
    recogniser, where one is given.

    Args:
        whisper: A folder with a Whisper model in CTranslate2's format (the extra `whisper`).
    """
    found: dict[str, Judge] = {}
    if importlib.util.find_spec("distillmos") is not None:
        opinion = Extractor([scorers.load("quality")], require_speech=False)
        found["naturalness"] = lambda clips: _mean(opinion, clips, "quality.mos")
    if whisper is not None:
        text = Extractor(
            [scorers.load("text", recogniser=f"whisper:{whisper}")], require_speech=False
        )
        found["intelligibility"] = lambda clips: 1 - _mean(text, clips, "text.word_error_rate")
    return found


def _mean(extractor: Extractor, clips: Sequence[Clip], name: str) -> float:
    """The mean of one feature.

    Raises:
        RewardkitError: When it could not be measured on a clip: no judge skips the worst ones.
    """
    features = extractor(clips)
    numbers = features.values[:, features.schema.index(name)]
    for clip, number, error in zip(clips, numbers, features.errors, strict=True):
        if error is not None or np.isnan(number):
            raise error or RewardkitError("scorer_failed", f"{name} of {clip.source} is unknown")
    return float(numbers.mean())
