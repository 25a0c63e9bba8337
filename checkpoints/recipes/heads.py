# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: Apache-2.0
"""Train the reward heads that ship, judge them on speakers they have not heard, write their cards.

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
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from checkpoints.recipes import head_cards
from rewardkit import preferences, scorers
from rewardkit.cache import FeatureCache, default_path
from rewardkit.errors import RewardkitError
from rewardkit.evaluate import Evaluation, evaluate
from rewardkit.extract import Extractor
from rewardkit.judge import judge as judge_file
from rewardkit.pairs import index
from rewardkit.preferences import ClipInfo, Preference
from rewardkit.training.cross_validation import CrossValidation, cross_validate
from rewardkit.training.options import TrainOptions
from rewardkit.training.run import RunOptions, choose_columns, fit_model
from rewardkit.workers import measure_files

READERS: Final = 8
"""Groups into which LibriSpeech's readers and the synthesisers' partners are dealt for judging."""

GRID: Final = (10.0, 30.0, 100.0, 300.0, 1000.0, 3000.0)
"""Weight decays to choose from."""

Values = dict[str, NDArray[np.float64]]


@dataclass(frozen=True)
class Recipe:
    """How one head is made.

    Args:
        scorers: Name and parameters, in column order.
        use: Patterns of the features that each dimension may use; see `RunOptions`.
        files: How much each preference file counts, as a multiple of the first one's pairs.
        license: SPDX expression for the weights.
        bend: As in `TrainOptions`.
        across: Preference files of another corpus, for judging only.
    """

    scorers: tuple[tuple[str, dict[str, Any]], ...]
    use: Mapping[str, tuple[str, ...]]
    files: Mapping[str, float]
    license: str
    bend: bool
    across: tuple[str, ...]


ACOUSTIC: Final[tuple[tuple[str, dict[str, Any]], ...]] = (
    ("pitch", {}),
    ("timing", {}),
    ("voice", {}),
)
MELODY: Final = ("pitch.*", "!pitch.jitter*", "!pitch.shimmer*", "!pitch.periodicity*")
EMOTION: Final = ("emotion.p_*", "emotion.log_p_*", "emotion.arousal", "emotion.valence")
ORDERS: Final = {"emodb": 1.0, "damaged": 0.5, "ladder": 0.25}
RECIPES: Final = {
    "prosody": Recipe(
        ACOUSTIC,
        {"prosody": ("pitch.*", "timing.*", "voice.*"), "emotion": (*MELODY, "timing.*")},
        ORDERS,
        "CC-BY-4.0",
        bend=True,
        across=("ravdess",),
    ),
    "default": Recipe(
        (*ACOUSTIC, ("emotion", {"source": "emotion-emodb"})),
        {
            "prosody": ("pitch.*", "timing.*", "voice.*", *EMOTION),
            "emotion": (*MELODY, "timing.*", *EMOTION),
        },
        ORDERS,
        "CC-BY-4.0",
        bend=True,
        across=("ravdess",),
    ),
    # Without timing: strong emotion is spoken longer, and length alone is right four times in five.
    "expression-nc": Recipe(
        (*ACOUSTIC, ("emotion", {"source": "emotion-ravdess-nc"})),
        {"emotion": ("pitch.*", "voice.*", *EMOTION)},
        {"ravdess": 1.0},
        "CC-BY-NC-SA-4.0",
        bend=False,
        across=("emodb",),
    ),
}
"""The heads that ship, by name."""


@dataclass(frozen=True, eq=False)
class Material:
    """Preferences with what was measured of their clips.

    Args:
        wanted: The preferences of all files.
        files: Which file each came from.
        values: Features by path.
        info: Durations and levels by path.
        extractor: As it will ship.
    """

    wanted: tuple[Preference, ...]
    files: tuple[str, ...]
    values: Values
    info: Mapping[str, ClipInfo]
    extractor: Extractor


def gather(recipe: Recipe, pairs: Path, encoders: Path | None, workers: int) -> Material:
    """Read the preference files and measure their clips.

    A preference with a clip that can't be measured is left out, and counted on the screen.
    """
    wanted: list[Preference] = []
    files: list[str] = []
    info: dict[str, ClipInfo] = {}
    for name in recipe.files:
        read = preferences.read(pairs / f"{name}.jsonl")
        info |= read.clips
        wanted += read.preferences
        files += [name] * len(read)
    speaker = {path: who for p in wanted for path, who in zip((p.a, p.b), p.speakers, strict=True)}
    by_encoder: dict[str | None, list[str]] = defaultdict(list)
    for path, who in speaker.items():
        actor = _actor(who)
        heard = encoders is not None and actor is not None and (encoders / actor).is_dir()
        by_encoder[actor if heard else None].append(path)
    values: Values = {}
    failed: dict[str, RewardkitError] = {}
    for actor, paths in sorted(by_encoder.items(), key=lambda item: item[0] or ""):
        extractor = _extractor(
            recipe, None if actor is None or encoders is None else encoders / actor
        )
        found = measure_files(extractor, paths, workers=workers)
        for path, row, error in zip(paths, found.values, found.errors, strict=True):
            if error is None:
                values[path] = row
            else:
                failed[path] = error
    for path, error in failed.items():
        print(f"left out: {Path(path).name}: {error.code}")
    kept = [i for i, p in enumerate(wanted) if p.a in values and p.b in values]
    print(f"{len(values)} clips measured, {len(kept)} of {len(wanted)} preferences kept")
    return Material(
        tuple(wanted[i] for i in kept), tuple(files[i] for i in kept), values, info,
        _extractor(recipe, None),
    )  # fmt: skip


def _actor(speaker: str | None) -> str | None:
    """The encoder's fold of an actor: of `emodb-03` it is `03`; None for who is no actor."""
    corpus, _, number = (speaker or "").partition("-")
    return number if corpus in ("emodb", "ravdess") else None


def _extractor(recipe: Recipe, encoder: Path | None) -> Extractor:
    """The recipe's scorers; with another emotion encoder than the one that ships, if given."""
    made = []
    for name, values in recipe.scorers:
        own = {"source": str(encoder)} if name == "emotion" and encoder is not None else values
        made.append(scorers.load(name, **own))
    return Extractor(made, cache=FeatureCache(default_path()))


def weigh(material: Material, recipe: Recipe) -> list[Preference]:
    """The preferences, each file's weights scaled to its share of the first file's."""
    total: dict[str, float] = defaultdict(float)
    for p, file in zip(material.wanted, material.files, strict=True):
        total[file] += p.weight
    first = total[next(iter(recipe.files))]
    scale = {file: share * first / total[file] for file, share in recipe.files.items()}
    scale[next(iter(recipe.files))] = 1.0
    return [
        dataclasses.replace(p, weight=p.weight * scale[file])
        for p, file in zip(material.wanted, material.files, strict=True)
    ]


def judge(material: Material, recipe: Recipe, options: TrainOptions) -> dict[str, Evaluation]:
    """Accuracy by preference file, each actor left out in turn and the readers in groups.

    The weight decay is chosen on the other speakers, and an actor's features come from an encoder
    that did not hear the actor. EmoDB's pairs, most of which are between two actors, are also
    judged by heads that know neither (`strict`): a model can memorise the other clip.
    """
    indexed = index(weigh(material, recipe))
    groups = [_group(who) for who in indexed.speakers]
    table = np.stack([material.values[path] for path in indexed.paths])
    columns = choose_columns(material.extractor.schema.names, indexed.pairs.dimensions, recipe.use)
    how = dataclasses.replace(options, columns=columns)
    trivial = {
        "duration": [material.info[path].duration for path in indexed.paths],
        "level": [material.info[path].level for path in indexed.paths],
    }
    file = np.array(material.files)

    def by_file(crossed: CrossValidation, name: str) -> Evaluation:
        here = file[np.concatenate([fold.test for fold in crossed.folds])] == name
        tests, margins = crossed.tested
        return evaluate(tests.select(here), margins[here], groups=groups, trivial=trivial)

    crossed = cross_validate(table, indexed.pairs, groups=groups, options=how)
    results = {name: by_file(crossed, name) for name in recipe.files}
    if "emodb" in recipe.files:
        actors = [g if g.startswith("emodb-") else "others" for g in groups]
        crossed = cross_validate(table, indexed.pairs, groups=actors, options=how, strict=True)
        results["emodb (strict)"] = by_file(crossed, "emodb")
    return results


def _group(speaker: str | None) -> str:
    """Actors and voices each by themselves, readers dealt into groups by their number."""
    assert speaker is not None  # noqa: S101  # the recipes' files name all speakers
    if speaker.startswith("librispeech-"):
        return f"readers-{int(speaker.split('-')[1]) % READERS}"
    return speaker


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
    material = gather(recipe, given.pairs, given.encoders, given.workers)
    options = TrainOptions(bend=recipe.bend, grid=GRID)
    results = judge(material, recipe, options)
    for name, result in results.items():
        print(f"--- {name}\n{result.render()}")
    run = fit_model(
        material.extractor, material.values, material.info, weigh(material, recipe),
        RunOptions(
            name=given.name, scorers=recipe.scorers, use=recipe.use, train=options,
            cross_validate=False, license=recipe.license,
        ),
    )  # fmt: skip
    first = next(iter(recipe.files))
    model = run.model
    model.manifest = model.manifest.model_copy(
        update={
            "evaluation": results[first].to_json()
            | {"others": {n: r.to_json() for n, r in results.items() if n != first}},
            "training": model.manifest.training | {"grouped_by": "speaker"},
        }
    )
    model.abstain = False  # all pairs of the other corpus are judged, far out or not
    for name in recipe.across:
        found = judge_file(model, given.pairs / f"{name}.jsonl", workers=given.workers)
        known = tuple(d for d in found.dimensions if d.dimension in model.dimensions)
        results[f"{name} (other corpus)"] = dataclasses.replace(found, dimensions=known)
    model.save(given.out, card=head_cards.write(model.manifest, results))
    print(json.dumps({name: result.to_json() for name, result in results.items()}))


if __name__ == "__main__":
    main()
