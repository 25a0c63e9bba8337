# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: Apache-2.0
"""`explain`: why a clip has the reward it has, feature by feature, exactly.

The head is additive over features, so nothing here is an approximation: the contributions of the
features sum to the scalar, and those to one dimension sum to that dimension's reward.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from rewardkit import audio
from rewardkit.clip import Clip
from rewardkit.curves import Curve, Illustrated, Span
from rewardkit.model import RewardModel
from rewardkit.printing import printable
from rewardkit.reward import Reward


@dataclass(frozen=True)
class Part:
    """One feature of one clip.

    Args:
        feature: Full name.
        unit: Of the value.
        about: What it measures.
        value: What was measured; None where that was not possible.
        place: The share of training clips below that value, in [0, 1]; None when unknown.
        contribution: What it adds to the scalar, in log-odds.
        dimensions: What it adds to each dimension's own reward, in log-odds.
    """

    feature: str
    unit: str
    about: str
    value: float | None
    place: float | None
    contribution: float
    dimensions: Mapping[str, float]


@dataclass(frozen=True)
class Explanation:
    """A clip's reward, taken apart.

    Args:
        clip: What was explained.
        reward: Its reward.
        parts: One per feature that the head gives weight, the largest contribution first; empty
            when the clip was not measured. A clip that is out of distribution has parts, though
            no reward: they show where it is far out.
        seen: What the scorers saw over time, for a figure.
    """

    clip: Clip
    reward: Reward
    parts: tuple[Part, ...]
    seen: tuple[Curve | Span, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """The same as JSON values, without the sound and the curves."""
        return self.reward.row(self.clip.source) | {
            "parts": [
                {
                    "feature": part.feature,
                    "unit": part.unit,
                    "about": part.about,
                    "value": part.value,
                    "place": part.place,
                    "contribution": part.contribution,
                    "dimensions": dict(part.dimensions),
                }
                for part in self.parts
            ]
        }

    def render(self, most: int = 12) -> str:
        """The same as plain text, for a terminal.

        Args:
            most: How many features are named; the others are summed up in one line.
        """
        reward = self.reward
        if reward.scalar is None:
            lines = [printable(f"{self.clip.source}: no reward: {reward.error}")]
            if not self.parts:
                return lines[0]
        else:
            source = printable(self.clip.source)
            lines = [f"{source}: reward {reward.scalar:+.2f} ± {reward.std or 0:.2f}"]
        for name, value in reward.dimensions.items():
            weight = reward.weights[name]
            lines.append(f"  {name:<14} {value:+.2f} x {weight:.2f} = {weight * value:+.2f}")
        if reward.distance is not None:
            lines.append(f"  distance {reward.distance:.2f} (about 1: like the training clips)")
        lines.append(
            f"{'adds':>8}  {'feature':<28} {'value':>12} {'unit':<10}  among training clips"
        )
        for part in self.parts[:most]:
            lines.append(
                f"{part.contribution:>+8.3f}  {part.feature:<28} {_number(part.value):>12}"
                f" {part.unit:<10}  {_place(part.place)}"
            )
        rest = self.parts[most:]
        if rest:
            total = math.fsum(part.contribution for part in rest)
            lines.append(f"{total:>+8.3f}  {len(rest)} other features together")
        return "\n".join(lines)


def explain(
    model: RewardModel,
    source: audio.Source,
    *,
    sample_rate: int | None = None,
    limits: audio.Limits | None = None,
) -> Explanation:
    """Take a clip's reward apart.

    Args:
        model: The reward model.
        source: As in a call of the model.
        sample_rate: In Hz; required for samples.
        limits: What is accepted as a clip.

    Raises:
        AudioError: When the source is no clip. A clip without a reward is no error: its
            explanation says why there is none.

    Example:
        >>> from rewardkit.testing import voice
        >>> model = RewardModel.from_pretrained("prosody")
        >>> found = explain(model, voice(2.0))
        >>> total = sum(part.contribution for part in found.parts)
        >>> abs(total - found.reward.scalar) < 1e-5
        True
    """
    clip = audio.read(source, sample_rate=sample_rate, limits=limits or audio.Limits())
    features = model.extractor([clip])
    error = features.errors[0]
    error = error or model.head(features.values).errors[0]
    if error is not None:
        return Explanation(clip, Reward.failed(error), ())
    reward = model.judge(features.values, explain=True)[0]
    parts = model.head.contributions(features.values)[0]  # (dimensions, features)
    places = model.population.place(features.values)[0] if model.population else None
    found = []
    reads = model.head.reads
    for column, (name, feature) in enumerate(
        zip(model.schema.names, model.schema.features, strict=True)
    ):
        if not reads[column]:
            continue
        value = float(features.values[0, column])
        found.append(
            Part(
                name,
                feature.unit,
                feature.about,
                _or_none(value),
                None if places is None else _or_none(float(places[column])),
                float(math.fsum(model.head.mix * parts[:, column])),
                dict(zip(model.head.dimensions, map(float, parts[:, column]), strict=True)),
            )
        )
    found.sort(key=lambda part: -abs(part.contribution))
    return Explanation(clip, reward, tuple(found), _seen(model, clip))


def _seen(model: RewardModel, clip: Clip) -> tuple[Curve | Span, ...]:
    """What the model's scorers show of a clip."""
    shown: list[Curve | Span] = []
    for scorer in model.extractor.scorers:
        if isinstance(scorer, Illustrated):
            rate = scorer.sample_rate
            shown += scorer.illustrate(clip if rate is None else audio.resample(clip, rate))
    return tuple(shown)


def _or_none(value: float) -> float | None:
    return None if math.isnan(value) else value


def _number(value: float | None) -> str:
    return "not measured" if value is None else f"{value:.4g}"


def _place(place: float | None) -> str:
    if place is None:
        return ""
    if place in (0.0, 1.0):
        return "below all" if place == 0.0 else "above all"
    return f"above {place:.0%}"
