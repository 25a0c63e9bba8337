# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: Apache-2.0
"""Train the reward heads that ship, judge them on what they have not heard, write their cards.

    python -m checkpoints.recipes.pairs --data $REWARDKIT_DATA --out PAIRS
    python -m checkpoints.recipes.heads prosody --pairs PAIRS --out checkpoints/prosody

A head that reads the emotion encoder also needs `--encoders FOLDS`, from
`emotion_encoder --folds FOLDS`: each speaker that the encoder was trained on is measured, in
training and in judging, by the encoder that never heard that speaker. Otherwise the head would
learn to trust posteriors that are surer than they will be on new voices.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import numpy as np

from checkpoints.recipes import emotion_strength, head_cards, judging
from checkpoints.recipes.judging import Judge
from checkpoints.recipes.material import Scorers, Shares, gather, weigh
from rewardkit.cache import FeatureCache, default_path
from rewardkit.judge import judge as judge_file
from rewardkit.model import RewardModel
from rewardkit.pairs import Floats
from rewardkit.training.options import TrainOptions
from rewardkit.training.run import RunOptions, fit_model

GRID: Final = (30.0, 100.0, 300.0)
"""Weight decays to choose from."""


@dataclass(frozen=True)
class Recipe:
    """How one head is made.

    Args:
        scorers: Name and parameters, in column order.
        use: Patterns of the features that each dimension may use; see `RunOptions`.
        shares: By dimension, how much each preference file counts.
        license: SPDX expression for the weights.
        bend: As in `TrainOptions`.
        across: Preference files of another corpus, for judging only.
        mix: What each dimension counts in the scalar; all the same by default.
    """

    scorers: Scorers
    use: Mapping[str, tuple[str, ...]]
    shares: Shares
    license: str
    bend: bool
    across: tuple[str, ...]
    mix: Mapping[str, float] = field(default_factory=dict)

    @property
    def files(self) -> tuple[str, ...]:
        """All files that are trained on, the one with the judgements first."""
        return tuple(dict.fromkeys(name for share in self.shares.values() for name in share))


ACOUSTIC: Final[tuple[tuple[str, dict[str, Any]], ...]] = (
    ("pitch", {}),
    ("timing", {}),
    ("voice", {}),
    ("artefacts", {}),
)
MELODY: Final = ("pitch.*", "!pitch.jitter*", "!pitch.shimmer*", "!pitch.periodicity*")
EMOTION: Final = ("emotion.p_*", "emotion.log_p_*", "emotion.arousal", "emotion.valence")
# Not what tells flat tops by equal samples: whatever processing comes after makes them vanish.
QUALITY: Final = (
    "pitch.*", "timing.*", "voice.*", "artefacts.*", "!voice.clipped", "!artefacts.stillness",
)  # fmt: skip
# Nor digital silence, by which synthesisers could be told without listening.
PROSODY: Final = (*QUALITY, "!artefacts.empty_share")
SHARES: Final[Shares] = {
    "prosody": {
        "emodb": 1.0, "damaged": 0.25, "ladder": 0.5, "melody": 0.25, "artefacts": 0.1,
        "padded": 0.1, "stacked": 0.2,
    },
    "emotion": {"emodb": 1.0, "melody": 0.25, "artefacts": 0.25, "padded": 0.25},
    "quality": {
        "artefacts": 1.0, "melody": 1.0, "ladder": 0.25, "padded": 1.0, "stacked": 2.0,
        "laundered": 1.0,
    },
}  # fmt: skip
RECIPES: Final = {
    "prosody": Recipe(
        ACOUSTIC,
        {
            "prosody": PROSODY,
            "emotion": (*MELODY, "timing.*"),
            "quality": QUALITY,
        },
        SHARES,
        "CC-BY-4.0",
        bend=True,
        across=("ravdess",),
    ),
    "default": Recipe(
        (*ACOUSTIC, ("emotion", {"source": "emotion-emodb"})),
        {
            "prosody": (*PROSODY, *EMOTION),
            "emotion": (*MELODY, "timing.*", *EMOTION),
            "quality": QUALITY,
        },
        # The encoder hears silence around speech; so more of what makes that a tie.
        {
            "prosody": {**SHARES["prosody"], "padded": 0.5},
            "emotion": {**SHARES["emotion"], "padded": 3.0},
            "quality": {
                "artefacts": 1.0,
                "melody": 0.67,
                "ladder": 0.17,
                "padded": 0.67,
                "stacked": 1.33,
                "laundered": 0.67,
            },
        },
        "CC-BY-4.0",
        bend=True,
        across=("ravdess",),
        # The encoder minds hum little: what is damaged must lose in the scalar as well.
        mix={"prosody": 0.3, "emotion": 0.2, "quality": 0.5},
    ),
    # Without timing: strong emotion is spoken longer, and length alone is right four times in five.
    "expression-nc": Recipe(
        (*ACOUSTIC, ("emotion", {"source": "emotion-ravdess-nc"})),
        {"emotion": ("pitch.*", "voice.*", *EMOTION, "emotion.strength"), "quality": QUALITY},
        {
            "emotion": {"ravdess": 1.0, "padded": 6.0},
            "quality": {**SHARES["quality"], "padded": 3.0, "laundered": 3.0},
        },
        "CC-BY-NC-SA-4.0",
        bend=True,
        across=("emodb",),
        # The encoder's log-odds are large and move with silence and echoes; weights with which the
        # audit holds.
        mix={"emotion": 0.15, "quality": 0.85},
    ),
}
"""The heads that ship, by name."""


def mixed(model: RewardModel, mix: Mapping[str, float], values: Floats) -> RewardModel:
    """The model with another declared mix of its dimensions, if one is given.

    Args:
        model: As trained.
        mix: By dimension.
        values: Features of the training clips, whose rewards the model keeps quantiles of.
    """
    if not mix:
        return model
    weights = np.array([mix[name] for name in model.head.dimensions])
    members = np.tile(weights, (len(model.head.members), 1))
    model.head = dataclasses.replace(model.head, mix=weights, mix_members=members)
    own = model.head(values)
    if model.population is not None:
        rewards = np.column_stack([own.scalar, own.dimensions])
        model.population = model.population.with_rewards(rewards)
    training = model.manifest.training | {"mix": dict(mix)}
    model.manifest = model.manifest.model_copy(update={"training": training})
    return model


def main(arguments: Sequence[str] | None = None) -> None:
    """Read the arguments, measure, judge, train, write."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("name", choices=sorted(RECIPES))
    parser.add_argument("--pairs", type=Path, required=True, help="folder of recipes.pairs")
    parser.add_argument("--encoders", type=Path, help="encoders by left-out speaker")
    parser.add_argument("--out", type=Path, required=True, help="folder of the checkpoint")
    parser.add_argument("--workers", type=int, default=0)
    given = parser.parse_args(arguments)
    recipe = RECIPES[given.name]
    material = weigh(
        gather(recipe.files, recipe.scorers, given.pairs, given.encoders, given.workers),
        recipe.shares,
    )
    options = TrainOptions(bend=recipe.bend, grid=GRID)
    unheard = emotion_strength.unheard(given.encoders, material.wanted)
    judge = Judge.of(material, recipe.use, options, unheard, recipe.mix)
    results, temperature = judging.results(judge)
    for name, result in results.items():
        print(f"--- {name}\n{result.render()}", flush=True)
    run = fit_model(
        material.extractor, material.values, material.info, material.wanted,
        RunOptions(
            name=given.name, scorers=recipe.scorers, use=recipe.use,
            train=dataclasses.replace(options, l2=judge.l2), cross_validate=False,
            temperature={name: t.value for name, t in temperature.items()},
            license=recipe.license,
        ),
    )  # fmt: skip
    first = next(iter(results))
    model = mixed(run.model, recipe.mix, np.stack(list(material.values.values())))
    model.manifest = model.manifest.model_copy(
        update={
            "evaluation": results[first].to_json()
            | {"others": {n: r.to_json() for n, r in results.items() if n != first}},
            "training": model.manifest.training
            | {
                "grouped_by": "speaker",
                "temperature": {n: [t.value, t.low, t.high] for n, t in temperature.items()},
            },
        }
    )
    model.abstain = False  # all pairs of the other corpus are judged, far out or not
    model.extractor.cache = FeatureCache(default_path())
    for name in recipe.across:
        found = judge_file(model, given.pairs / f"{name}.jsonl", workers=given.workers)
        known = tuple(d for d in found.dimensions if d.dimension in model.dimensions)
        results[f"{name} (other corpus)"] = dataclasses.replace(found, dimensions=known)
    model.save(given.out, card=head_cards.write(model.manifest, results))
    print(json.dumps({name: result.to_json() for name, result in results.items()}))


if __name__ == "__main__":
    main()
