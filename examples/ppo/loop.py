# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The loop: actions, renderings, rewards, an update; and now and then the held-out sentences."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch

from examples.ppo.engine import CONTROLS, START, Sentence, controls
from examples.ppo.learner import Learner, Options
from rewardkit import Clip, RewardkitError, RewardModel
from rewardkit.monitor import Monitor

Judge = Callable[[Sequence[Clip]], float]
"""What is asked of a held-out judge: a number for some clips, larger is better."""

PENALTY: Final = -10.0
"""The reward of a clip without one: well below what any clip earned."""


@dataclass(frozen=True)
class Variant:
    """Which guards are up.

    Args:
        kl: What departing from the reference policy costs, in reward per nat.
        careful: Whether the reward is the lower confidence bound over the head's members, and
            clips far from all training clips have none.
    """

    kl: float = 0.0
    careful: bool = False


VARIANTS: Final = {
    "none": Variant(),
    "kl": Variant(kl=0.15),
    "lcb": Variant(careful=True),
    "both": Variant(kl=0.15, careful=True),
}


def run(
    model: RewardModel,
    sentences: tuple[Sequence[Sentence], Sequence[Sentence]],
    variant: Variant,
    *,
    steps: int = 60,
    batch: int = 32,
    every: int = 5,
    seed: int = 0,
    judges: Mapping[str, Judge] | None = None,
    log: Path | None = None,
) -> list[dict[str, Any]]:
    """Train a policy, and judge it on the held-out sentences as it goes.

    Args:
        model: What is optimised; `abstain` is set here.
        sentences: To learn on, and held out.
        variant: The guards.
        steps: Updates.
        batch: Clips rendered for each.
        every: Updates between two looks at the held-out sentences; one is taken before the
            first and one after the last.
        seed: Of everything drawn.
        judges: By name; asked of the held-out sentences as the policy's mean action says them.
        log: A file for the monitor's lines.

    Returns:
        One row for each look: `step`; `reward`, the mean of the plain reward of the held-out
        sentences, and each dimension's; `failed`, the share of them without; each judge's
        number; the mean `controls` by name; `kl` to the reference policy in nat; the monitor's
        `numbers`; and the `alarms` so far.

    Raises:
        RewardkitError: When none of the held-out sentences can be measured any more.
    """
    learned, held_out = sentences
    names = [control.name for control in CONTROLS]
    states, unseen = _states(learned, held_out)
    learner = Learner(
        states.shape[1], torch.tensor(START, dtype=torch.float32), Options(kl=variant.kl), seed
    )
    model.abstain = variant.careful
    reward = model.reward_function(mode="lcb" if variant.careful else "mean", on_failure="none")
    monitor = Monitor(model, log=log)
    chance = np.random.default_rng(seed)
    rows: list[dict[str, Any]] = []
    facts: dict[str, float] = {"kl": 0.0}

    def look(step: int) -> dict[str, float]:
        actions = learner.best(unseen).double().numpy()
        said = _say(held_out, actions)
        found, judged = hear(model, said, judges or {})
        settings = controls(actions).mean(axis=0)
        rows.append(
            {"step": step, **found, **judged}
            | {"controls": dict(zip(names, settings.tolist(), strict=True)), **facts}
            | {"numbers": monitor.numbers, "alarms": [str(each) for each in monitor.alarms]}
        )
        return judged

    look(0)
    for step in range(1, steps + 1):
        # Every sentence as often as any other, up to one.
        turns = chance.permutation(np.arange(batch) % len(learned))
        here = states[torch.from_numpy(turns)]
        actions, probability = learner.act(here)
        clips = _say([learned[turn] for turn in turns], actions.double().numpy())
        rewards = reward.rewards(clips)
        numbers = [PENALTY if each.scalar is None else each.scalar for each in rewards]
        facts = learner.learn(here, actions, probability, torch.tensor(numbers))
        due = step % every == 0 or step == steps
        judged = look(step) if due else None
        monitor.update(rewards, clips, judges=judged, step=step)
        if due:
            rows[-1] |= {
                "numbers": monitor.numbers,
                "alarms": [str(each) for each in monitor.alarms],
            }
    return rows


def hear(
    model: RewardModel, clips: Sequence[Clip], judges: Mapping[str, Judge]
) -> tuple[dict[str, float], dict[str, float]]:
    """The plain mean reward of some clips, each dimension's, and what the judges say.

    However far out a clip is: what the policy has made of the proxy is to be seen.

    Raises:
        RewardkitError: When none of the clips can be measured.
    """
    features = model.extractor(clips)
    measured = [error is None for error in features.errors]
    if not any(measured):
        raise features.errors[0] or RewardkitError("no_speech", "there are no clips")
    out = model.head(features.values[measured])
    found = {"failed": 1 - sum(measured) / len(clips), "reward": float(out.scalar.mean())}
    found |= dict(zip(model.dimensions, out.dimensions.mean(axis=0).tolist(), strict=True))
    return found, {name: float(judge(clips)) for name, judge in judges.items()}


def _say(sentences: Sequence[Sentence], actions: Any) -> list[Clip]:
    return [
        sentence.say(setting)
        for sentence, setting in zip(sentences, controls(actions), strict=True)
    ]


def _states(
    learned: Sequence[Sentence], held_out: Sequence[Sentence]
) -> tuple[torch.Tensor, torch.Tensor]:
    """What the policy is told of each sentence: standard scores, by those it learns on."""
    table = np.stack([sentence.features for sentence in learned])
    centre, scale = table.mean(axis=0), table.std(axis=0) + 1e-6
    unseen = np.stack([sentence.features for sentence in held_out])
    return tuple(  # type: ignore[return-value]
        torch.tensor(np.clip((x - centre) / scale, -2, 2), dtype=torch.float32)
        for x in (table, unseen)
    )
