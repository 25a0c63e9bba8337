# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: Apache-2.0
"""The metamorphic suite: does a reward do what any listener would, when clips are changed?

Nobody needs to know how good a clip is to know that it gets no better by clicks. Each change has a
relation that must hold between the rewards before and after it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final

import numpy as np

from rewardkit.clip import Clip
from rewardkit.errors import RewardkitError
from rewardkit.model import RewardModel
from rewardkit.perturbations import NotApplicable, Perturbation, Relation

TOLERANCE: Final = 0.25
"""How far a reward may move and count as the same, in standard deviations between clips."""

NEEDED: Final[dict[Relation, float]] = {
    "same": 0.95,
    "no_better": 0.9,
    "worse": 0.8,
    "refused": 1.0,
}
"""The share of clips on which each relation must hold."""

LEAST: Final = 5
"""Fewer clips than this say nothing."""


@dataclass(frozen=True)
class Finding:
    """What became of the reward under one change.

    Args:
        name: Of the perturbation.
        about: What was done.
        relation: What must hold.
        clips: How many it was done to; clips that it does not suit are left out.
        held: Share of them on which the relation held.
        needed: Share that is asked for.
        change: Median change of the reward in standard deviations between clips; None when
            nearly all changed clips were refused.
        refused: Share that got no reward.
        worst: The clips on which the relation failed by most, at most three.
    """

    name: str
    about: str
    relation: Relation
    clips: int
    held: float
    needed: float
    change: float | None
    refused: float
    worst: tuple[str, ...]

    @property
    def passed(self) -> bool:
        """Whether the relation held often enough."""
        return self.held >= self.needed


@dataclass(frozen=True)
class Audit:
    """The findings of one audit.

    Args:
        checkpoint: Its name.
        clips: How many clips had a reward before they were changed.
        spread: Standard deviation of their rewards, in log-odds.
        findings: One per perturbation that suited at least one clip.
    """

    checkpoint: str
    clips: int
    spread: float
    findings: tuple[Finding, ...]

    @property
    def passed(self) -> bool:
        """Whether every relation held often enough."""
        return all(finding.passed for finding in self.findings)

    def to_json(self) -> dict[str, Any]:
        """The same as JSON values."""
        findings = [asdict(f) | {"worst": list(f.worst), "passed": f.passed} for f in self.findings]
        return {
            "checkpoint": self.checkpoint,
            "clips": self.clips,
            "spread": self.spread,
            "passed": self.passed,
            "findings": findings,
        }

    def render(self) -> str:
        """The same as a table in plain text."""
        good = sum(finding.passed for finding in self.findings)
        head = (
            f"{self.checkpoint}: {good} of {len(self.findings)} relations hold, on {self.clips} "
            f"clips whose rewards spread by {self.spread:.2f}"
        )
        columns = (
            f"{'change':<13} {'must be':<10} {'held':>5} {'asked':>6} {'moved':>7} {'refused':>8}"
        )
        lines = [head, f"{'':6}{columns}  what was done"]
        for f in self.findings:
            moved = "" if f.change is None else f"{f.change:+.2f}"
            lines.append(
                f"{'ok' if f.passed else 'FAIL':<6}{f.name:<13} {f.relation:<10} {f.held:>5.0%}"
                f" {f.needed:>6.0%} {moved:>7} {f.refused:>8.0%}  {f.about}"
            )
        return "\n".join(lines)


def audit(
    model: RewardModel,
    clips: Sequence[Clip],
    perturbations: Sequence[Perturbation],
    *,
    seed: int = 0,
    progress: Callable[[str], object] = str,
) -> Audit:
    """Change clips in known ways and compare their rewards before and after.

    Args:
        model: What is audited.
        clips: Speech of some variety; those without a reward are left out.
        perturbations: What is done to them.
        seed: Of whatever the perturbations draw.
        progress: Told what is being done.

    Raises:
        RewardkitError: `too_few_clips` when fewer than `LEAST` clips have a reward, or no change
            suits any of them, `no_signal` when all have the same reward.
    """
    before = [reward.scalar for reward in model.score_batch(clips)]
    usable = [(c, r) for c, r in zip(clips, before, strict=True) if r is not None]
    if len(usable) < LEAST:
        raise RewardkitError(
            "too_few_clips",
            f"{len(usable)} of {len(clips)} clips have a reward; {LEAST} are needed",
        )
    spread = float(np.std([reward for _, reward in usable], ddof=1))
    if not spread > 0:
        raise RewardkitError("no_signal", "all clips have the same reward")
    findings = []
    for perturbation in perturbations:
        progress(perturbation.name)
        changed, was = [], []
        for clip, reward in usable:
            try:
                changed.append(perturbation(clip, seed))
            except NotApplicable:
                continue
            was.append(reward)
        if changed:
            now = [reward.scalar for reward in model.score_batch(changed)]
            findings.append(_finding(perturbation, changed, was, now, spread))
    if not findings:
        raise RewardkitError("too_few_clips", "there is no change that suits any of the clips")
    return Audit(model.manifest.name, len(usable), spread, tuple(findings))


def _finding(
    perturbation: Perturbation,
    changed: Sequence[Clip],
    was: Sequence[float],
    now: Sequence[float | None],
    spread: float,
) -> Finding:
    moved = np.array(
        [np.nan if b is None else (b - a) / spread for a, b in zip(was, now, strict=True)]
    )
    refused = np.isnan(moved)
    # How far beyond what is allowed: positive where the relation fails.
    excess = {
        "same": np.where(refused, np.inf, np.abs(moved) - TOLERANCE),
        "no_better": np.where(refused, -np.inf, moved - TOLERANCE),
        "worse": np.where(refused, -np.inf, np.where(moved < 0, moved, moved + 1e-12)),
        "refused": np.where(refused, -np.inf, 1.0),
    }[perturbation.relation]
    failed = np.flatnonzero(excess > 0)
    worst = sorted(failed.tolist(), key=lambda place: -float(excess[place]))[:3]
    return Finding(
        perturbation.name,
        perturbation.about,
        perturbation.relation,
        len(changed),
        1 - len(failed) / len(changed),
        NEEDED[perturbation.relation],
        float(np.median(moved[~refused])) if np.mean(refused) < 0.9 else None,
        float(np.mean(refused)),
        tuple(changed[place].source for place in worst),
    )
