# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: Apache-2.0
"""`HeldOut`: a second opinion on clips, that the audited reward was not made from."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from rewardkit import scorers
from rewardkit.clip import Clip
from rewardkit.errors import RewardkitError
from rewardkit.extract import Extractor
from rewardkit.model import RewardModel

Opinion = Callable[[Sequence[Clip]], Sequence["float | None"]]
"""Clips to one number each, higher is better; None where there is none."""

MEAN_OPINION: Final = "quality.mos"
"""The judge that is taken when none is named and its network is installed."""

MARGINS: Final = {MEAN_OPINION: 0.5}
"""A fall by so much is audible: half a point of mean opinion score."""

LOG_ODDS: Final = 1.0
"""The same for a checkpoint: at a fall of 1, 73 % of listeners would prefer the clip before."""


@dataclass(frozen=True)
class HeldOut:
    """A judge of clips.

    Args:
        name: For the report.
        score: See `Opinion`.
        margin: By how much its number falls when a clip is audibly worse; positive.
        scorers: What it reads, to tell whether the audited reward reads the same.

    Raises:
        RewardkitError: `bad_option` when the margin is not positive and finite.

    Example:
        >>> judge = HeldOut("seconds", lambda clips: [clip.duration for clip in clips], 1.0)
        >>> import numpy as np
        >>> judge.score([Clip(np.zeros(4000, np.float32), 8000)])
        [0.5]
    """

    name: str
    score: Opinion
    margin: float
    scorers: frozenset[str] = frozenset()

    def __post_init__(self) -> None:
        if not 0 < self.margin < math.inf:
            raise RewardkitError("bad_option", f"the margin of {self.name} is positive and finite")

    def shares(self, model: RewardModel) -> tuple[str, ...]:
        """The scorers that both read: where there are any, the judge is not wholly held out."""
        return tuple(sorted(self.scorers & {s.name for s in model.extractor.scorers}))


def held_out(name: str, margin: float | None = None) -> HeldOut:
    """The judge of that name.

    Args:
        name: `scorer.feature` of an installed scorer, or a checkpoint: a folder, a shipped name
            or a hub id.
        margin: See `HeldOut`; there are defaults for `quality.mos` and for checkpoints.

    Raises:
        RewardkitError: `bad_option` for a feature that its scorer lacks, or one without a
            margin; whatever making the scorer or loading the checkpoint raises.
    """
    first, _, second = name.partition(".")
    if second and first in scorers.installed() and not Path(name).exists():
        return _feature(name, first, margin)
    model = RewardModel.from_pretrained(name)
    return HeldOut(
        name,
        lambda clips: [reward.scalar for reward in model.score_batch(clips)],
        LOG_ODDS if margin is None else margin,
        frozenset(scorer.name for scorer in model.extractor.scorers),
    )


def default_judge() -> HeldOut | None:
    """`MEAN_OPINION` where its network is installed."""
    try:
        return held_out(MEAN_OPINION)
    except RewardkitError:
        return None


def _feature(name: str, scorer: str, margin: float | None) -> HeldOut:
    extractor = Extractor([scorers.load(scorer)], require_speech=False)
    if name not in extractor.schema.names:
        raise RewardkitError(
            "bad_option", f"no feature {name!r}; there are {', '.join(extractor.schema.names)}"
        )
    margin = MARGINS.get(name) if margin is None else margin
    if margin is None:
        raise RewardkitError("bad_option", f"by how much must {name} fall? state a margin")
    column = extractor.schema.index(name)

    def score(clips: Sequence[Clip]) -> list[float | None]:
        values = extractor(clips).values[:, column].tolist()
        return [None if math.isnan(value) else value for value in values]

    return HeldOut(name, score, margin, frozenset([scorer]))
