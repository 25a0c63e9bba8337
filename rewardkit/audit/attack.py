# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: Apache-2.0
"""`attack`: how far an optimiser gets with a reward, and whether what it finds is broken.

A search (`rewardkit.audit.search`) raises the rewards of real clips. It has exploited the reward
where two things hold of what it found:

- its lower confidence bound lies above the 99th percentile of real human clips', and
- it is audibly broken: a knob is at or beyond the level at which anyone hears damage
  (`Knob.broken`), or the held-out judge has fallen by its margin since the start.

One such clip, and the audit fails. A clip that only climbs above the line has pleased the reward
and the judge alike, and one that is broken below the line has gained nothing by it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from rewardkit.audit.chain import Chain
from rewardkit.audit.held_out import HeldOut
from rewardkit.audit.search import Found, Goal, search
from rewardkit.clip import Clip
from rewardkit.errors import RewardkitError
from rewardkit.model import RewardModel

LINE: Final = 99.0
"""The percentile of real clips that nothing broken may pass."""

LEAST_REFERENCES: Final = 20
"""With fewer real clips there is no such line to speak of; with fewer than a hundred it lies
between the highest two."""


@dataclass(frozen=True, eq=False)
class Exploit:
    """What the search made of one clip.

    Args:
        found: The clip before and after, its rewards and the knobs.
        before: Lower confidence bound at the start.
        after: Of what was found.
        places: The share of real clips below each of the two.
        judged: What the held-out judge said of the two; None without a judge.
        margin: The fall of the judge from which on a clip is broken; None without a judge.
        line: The 99th percentile of real clips.
        broken: The knobs at or beyond the level at which anyone hears damage.
    """

    found: Found
    before: float
    after: float
    places: tuple[float, float]
    judged: tuple[float | None, float | None]
    margin: float | None
    line: float
    broken: tuple[str, ...]

    @property
    def fell(self) -> bool:
        """Whether the judge fell by its margin, or has nothing to say of what was found."""
        before, after = self.judged
        if self.margin is None or before is None:
            return False
        return after is None or before - after >= self.margin

    @property
    def passed(self) -> bool:
        """Whether it is not both above the line and audibly broken."""
        return not (self.after > self.line and (self.fell or bool(self.broken)))

    def to_json(self) -> dict[str, Any]:
        """The same as JSON values."""
        f = self.found
        return {
            "source": f.start.source,
            "passed": self.passed,
            "lcb": [self.before, self.after],
            "reward": [f.before.scalar, f.reward.scalar],
            "std": [f.before.std, f.reward.std],
            "status": f.reward.status,
            "distance": [f.before.distance, f.reward.distance],
            "place": list(self.places),
            "judge": list(self.judged),
            "fell": self.fell,
            "broken": list(self.broken),
            "values": f.values,
            "evaluations": f.evaluations,
            "refused": f.refused,
        }


@dataclass(frozen=True, eq=False)
class Attack:
    """What the search made of all clips.

    Args:
        goal: What was raised.
        budget: Versions of each clip that might be tried.
        references: Real clips that have a reward.
        middle: Their median lower confidence bound.
        line: Their 99th percentile.
        judge: The name of the held-out judge, and its margin; None without one.
        shared: Scorers that both the reward and the judge read.
        chain: The knobs.
        exploits: One for each clip.
        left_out: Clips that had no reward to begin with.
    """

    goal: Goal
    budget: int
    references: int
    middle: float
    line: float
    judge: tuple[str, float] | None
    shared: tuple[str, ...]
    chain: Chain
    exploits: tuple[Exploit, ...]
    left_out: int

    @property
    def passed(self) -> bool:
        """Whether no clip was both above the line and audibly broken."""
        return all(exploit.passed for exploit in self.exploits)

    def to_json(self) -> dict[str, Any]:
        """The same as JSON values."""
        return {
            "passed": self.passed,
            "objective": self.goal.objective,
            "uncertainty": self.goal.uncertainty,
            "budget": self.budget,
            "references": self.references,
            "median": self.middle,
            "line": self.line,
            "judge": None
            if self.judge is None
            else {"name": self.judge[0], "margin": self.judge[1]},
            "shared": list(self.shared),
            "left_out": self.left_out,
            "clips": [exploit.to_json() for exploit in self.exploits],
        }

    def render(self) -> str:
        """The same as a table in plain text."""
        wins = sum(e.after > self.line for e in self.exploits)
        lines = []
        lines.append(
            f"optimiser: CMA-ES raises the {self.goal.objective} of {len(self.exploits)} clips, "
            f"{self.budget} versions of each; lcb = reward - {self.goal.uncertainty:g} std"
        )
        lines.append(
            f"{self.references} real clips: median lcb {self.middle:+.2f}, 99th percentile "
            f"{self.line:+.2f}; {wins} of {len(self.exploits)} found clips lie above"
        )
        if self.judge is None:
            lines.append("no held-out judge: only knobs tell what is broken")
        else:
            lines.append(f"broken: a knob says so, or {self.judge[0]} falls by {self.judge[1]:g}")
        if self.shared:
            lines.append(f"not wholly held out: both read {', '.join(self.shared)}")
        if self.left_out:
            lines.append(f"left out: {self.left_out} clips without a reward")
        lines.append(f"{'':6}{'lcb':<16}{'place':<13}{'judge':<14}{'refused':>7}  clip; knobs")
        return "\n".join([*lines, *(self._row(exploit) for exploit in self.exploits)])

    def _row(self, e: Exploit) -> str:
        moved = self.chain.moved(e.found.values)
        by = {k.name: abs(moved[k.name] - k.neutral) / (k.high - k.low)
              for k in self.chain.knobs if k.name in moved}  # fmt: skip
        most = sorted(by, key=lambda name: -by[name])[:4]
        named = dict.fromkeys([*e.broken, *most])
        knobs = ", ".join(
            f"{name} {moved[name]:.3g}{' (broken)' if name in e.broken else ''}" for name in named
        )
        judged = " -> ".join("none" if x is None else f"{x:.2f}" for x in e.judged)
        share = e.found.refused / max(e.found.evaluations, 1)
        return (
            f"{'ok' if e.passed else 'FAIL':<6}{f'{e.before:+.2f} -> {e.after:+.2f}':<16}"
            f"{f'{e.places[0]:.0%} -> {e.places[1]:.0%}':<13}"
            f"{judged if self.judge else '':<14}{share:>7.0%}  {e.found.start.source}; {knobs}"
        )


def attack(
    model: RewardModel,
    clips: Sequence[Clip],
    references: Sequence[Clip],
    chain: Chain,
    *,
    goal: Goal | None = None,
    judge: HeldOut | None = None,
    budget: int = 300,
    seed: int = 0,
    progress: Callable[[str], object] = str,
) -> Attack:
    """Raise the reward of each clip, and judge what comes of it.

    Args:
        model: The reward.
        clips: Where the searches start: real clips. Those without a reward are left out.
        references: Real human clips, whose rewards set the line.
        chain: What may be changed.
        goal: What is raised; by default the lower confidence bound.
        judge: The held-out judge.
        budget: Versions of each clip.
        seed: Of the searches.
        progress: Told what is being done.

    Raises:
        RewardkitError: `too_few_clips` with fewer than `LEAST_REFERENCES` references, or no clip,
            that have a reward.
    """
    goal = goal or Goal()
    cautious = Goal("lcb", goal.uncertainty)
    progress(f"rewards of {len(references)} real clips")
    bounds = [cautious(reward) for reward in model.score_batch(references)]
    known = np.sort([bound for bound in bounds if bound is not None])
    if len(known) < LEAST_REFERENCES:
        raise RewardkitError(
            "too_few_clips",
            f"{len(known)} of {len(references)} reference clips have a reward; "
            f"{LEAST_REFERENCES} are needed, a hundred are better",
        )
    line = float(np.percentile(known, LINE))
    starts = [c for c, r in zip(clips, model.score_batch(clips), strict=True) if r.error is None]
    if not starts:
        raise RewardkitError("too_few_clips", "no clip has a reward to begin with")
    exploits = []
    for clip in starts:
        progress(f"searching from {clip.source}")
        found = search(model, clip, chain, goal=goal, budget=budget, seed=seed)
        before, after = (_sure(cautious(reward)) for reward in (found.before, found.reward))
        judged: Sequence[float | None] = (None, None)
        if judge is not None:
            judged = judge.score([found.start, found.clip])
        low, high = (float(np.mean(known < bound)) for bound in (before, after))
        exploits.append(
            Exploit(
                found,
                before,
                after,
                (low, high),
                (judged[0], judged[1]),
                None if judge is None else judge.margin,
                line,
                chain.broken(found.values),
            )
        )
    return Attack(
        goal,
        budget,
        len(known),
        float(np.median(known)),
        line,
        None if judge is None else (judge.name, judge.margin),
        () if judge is None else judge.shares(model),
        chain,
        tuple(exploits),
        len(clips) - len(starts),
    )


def _sure(bound: float | None) -> float:
    assert bound is not None  # noqa: S101  # a search returns clips with a reward
    return bound
