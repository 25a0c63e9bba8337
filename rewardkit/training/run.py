# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: Apache-2.0
"""`train`: preference files in, a reward model out. The whole way, as the command line takes it."""

from __future__ import annotations

import dataclasses
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from rewardkit import baselines, preferences, scorers
from rewardkit.cache import FeatureCache
from rewardkit.checkpoint import FeatureEntry, Manifest, ScorerEntry
from rewardkit.errors import PreferenceError
from rewardkit.evaluate import Evaluation, Interval
from rewardkit.extract import Extractor
from rewardkit.head import LinearHead
from rewardkit.model import RewardModel
from rewardkit.pairs import index
from rewardkit.population import Population
from rewardkit.preferences import ClipInfo, Preference
from rewardkit.preferences.merge import by_sound
from rewardkit.resampling import Groups
from rewardkit.training.choose import (
    choose_blocks,
    choose_columns,
    choose_groups,
    choose_nuisances,
)
from rewardkit.training.fit import TrainingWarning, fit
from rewardkit.training.left_out import LeftOut, about_speakers, leave_out, named
from rewardkit.training.options import TrainOptions
from rewardkit.training.temperature import MOST, cool
from rewardkit.version import VERSION
from rewardkit.workers import measure_files

STRICT: Final = "strict"
"""What tests by heads that know neither side are called in a manifest."""

__all__ = [
    "STRICT",
    "Run",
    "RunOptions",
    "choose_blocks",
    "choose_columns",
    "fit_model",
    "train",
]


@dataclass(frozen=True)
class RunOptions:
    """What can be chosen about a training run.

    Args:
        name: Of the checkpoint.
        scorers: Name and parameters of each scorer, in column order.
        use: By dimension, patterns (`pitch.*`) of the features that its head may use, in order;
            one that begins with `!` takes features out again (of all, if it comes first). The
            others are measured and get no weight. A dimension that is not named uses those of
            `*`, or else all.
        reduce: By a pattern of features, to how many principal components they are reduced in
            training; see `rewardkit.training.reduction`. For embeddings: `{"speech.*": 20}`.
        decorrelate: What the reward must not go with: `duration`, `level`, names of features; see
            `rewardkit.training.decorrelation`.
        vary: Whether each bootstrap member of the head leaves the features of one scorer out, in
            turn; see `rewardkit.training.members`.
        train: How the head is trained.
        cross_validate: Whether to leave each speaker out in turn (or tenths of the connected
            clips, where fewer than three speakers are named) and report how the head does on
            them. Where some clips have no speaker, each of those counts as a speaker of its own.
        calibrate: Whether rewards are divided by the temperature that fits what was left out;
            needs cross-validation. In use, both speakers of a pair are new; so the temperature is
            that of tests by heads that know neither (see `cross_validate`'s `strict`), of at most
            eight groups of speakers, with the weight decay that the head has. What is reported of
            left-out pairs, strictly or not, is each fold's at a temperature that fits the other
            folds of that kind.
        temperature: By dimension, what rewards are divided by, where that is known already.
        rules: Features to stand beside the reward as trivial rules, beyond those of
            `rewardkit.baselines.RATES`.
        require_speech: Whether the model refuses clips without speech.
        skip_errors: Leave out preferences that can't be used, and count them, instead of
            raising.
        license: SPDX expression for the weights.
        cache: Path of the feature cache, or None.
        workers: Processes to measure with; 0 measures in this one.
        timeout: Seconds that a clip may take in a worker.
    """

    name: str = "reward"
    scorers: tuple[tuple[str, dict[str, Any]], ...] = (("pitch", {}), ("timing", {}))
    use: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    reduce: Mapping[str, int] = field(default_factory=dict)
    decorrelate: tuple[str, ...] = ()
    vary: bool = False
    train: TrainOptions = field(default_factory=TrainOptions)
    cross_validate: bool = True
    calibrate: bool = True
    temperature: Mapping[str, float] = field(default_factory=dict)
    rules: tuple[str, ...] = ()
    require_speech: bool = True
    skip_errors: bool = False
    license: str = "LicenseRef-unknown"
    cache: str | None = None
    workers: int = 0
    timeout: float = 120.0


@dataclass(frozen=True, eq=False)
class Run:
    """A trained model and how it came about.

    Args:
        model: Ready to score, or to save.
        evaluation: On speakers or clips that were left out; None when that was not asked for or
            not possible.
        strict: On pairs of which the head knows neither speaker (or clip), where that is another
            thing; also under `others` in the manifest's evaluation. Its weight decay was chosen
            on all pairs, where that of `evaluation` was chosen inside each fold.
        skipped: Preferences that were left out, and why, one text each.
        warnings: What speaks against taking the model at its word.
    """

    model: RewardModel
    evaluation: Evaluation | None
    strict: Evaluation | None
    skipped: tuple[str, ...]
    warnings: tuple[str, ...]


def train(
    files: Sequence[str | Path],
    options: RunOptions | None = None,
    *,
    progress: Callable[[str], object] = str,
) -> Run:
    """Train a reward model on preference files.

    Args:
        files: `.jsonl`, `.csv` or `.parquet`; see `rewardkit.preferences.read`.
        options: See `RunOptions`.
        progress: Told what is being done.

    Raises:
        PreferenceError: `invalid` for a file with errors, `unusable_clips` for clips that can't
            be measured, unless errors are skipped; `no_pairs` when nothing is left.
        RewardkitError: When a scorer can't be made, or training does not converge.
    """
    options = options or RunOptions()
    progress("reading preferences")
    read = [preferences.read(file, skip_errors=options.skip_errors) for file in files]
    skipped = [f"{file.path}: {file.skipped} rows with errors" for file in read if file.skipped]
    wanted = [preference for file in read for preference in file.preferences]
    extractor = Extractor(
        [scorers.load(name, **values) for name, values in options.scorers],
        cache=FeatureCache(options.cache) if options.cache else None,
        require_speech=options.require_speech,
    )
    paths = list(dict.fromkeys(path for p in wanted for path in (p.a, p.b)))
    progress(f"measuring {len(paths)} clips")
    features = measure_files(extractor, paths, workers=options.workers, timeout=options.timeout)
    bad = {path: error for path, error in zip(paths, features.errors, strict=True) if error}
    if bad and not options.skip_errors:
        listed = "\n".join(f"  {error}" for error in list(bad.values())[:20])
        raise PreferenceError(
            "unusable_clips", f"{len(bad)} of {len(paths)} clips can't be measured:\n{listed}"
        )
    kept = [p for p in wanted if p.a not in bad and p.b not in bad]
    if bad:
        first, more = next(iter(bad.values())), len(bad) - 1
        text = f"{len(wanted) - len(kept)} preferences: {first}"
        skipped.append(text + f"; and {more} more clips that can't be measured" * (more > 0))
    if not kept:
        raise PreferenceError("no_pairs", "no preference is left to train on")
    row = dict(zip(paths, features.values, strict=True))
    info = {path: about for file in read for path, about in file.clips.items()}
    return fit_model(extractor, row, info, kept, options, skipped=skipped, progress=progress)


def fit_model(
    extractor: Extractor,
    values_of: Mapping[str, NDArray[np.float64]],
    info: Mapping[str, ClipInfo],
    wanted: Sequence[Preference],
    options: RunOptions,
    *,
    skipped: Sequence[str] = (),
    progress: Callable[[str], object] = str,
) -> Run:
    """Train on clips that are measured already.

    Args:
        extractor: What measured them.
        values_of: Each clip's features, `(features,)`, by path.
        info: Durations and levels by path, for the trivial rules.
        wanted: The preferences.
        options: See `RunOptions`.
        skipped: What was left out before, for the record.
        progress: Told what is being done.

    Raises:
        PreferenceError: `no_pairs` without a preference between two different sounds,
            `conflicting_speakers`.
        RewardkitError: When training does not converge.
    """
    given = len(wanted)
    wanted = by_sound(wanted, {path: about.key for path, about in info.items()})
    if len(wanted) < given:
        skipped = [*skipped, f"{given - len(wanted)} preferences: both sides hold the same sound"]
    if not wanted:
        raise PreferenceError("no_pairs", "no preference is left to train on")
    indexed = index(wanted)
    names = extractor.schema.names
    values = np.stack([values_of[path] for path in indexed.paths])
    columns = choose_columns(names, indexed.pairs.dimensions, options.use)
    blocks = choose_blocks(names, options.reduce)
    groups: Groups | None = indexed.speakers if named(indexed) > 2 else None
    trivial = baselines.numbers(
        [info[path] for path in indexed.paths], names, values, options.rules
    )
    how = dataclasses.replace(
        options.train,
        columns=columns or options.train.columns,
        reduce=blocks or options.train.reduce,
        drop=choose_groups(names) if options.vary else options.train.drop,
        decorrelate=choose_nuisances(options.decorrelate, trivial, names, values)
        or options.train.decorrelate,
    )
    left_out = LeftOut()
    if options.cross_validate:
        progress("cross-validating")
        left_out = leave_out(values, wanted, indexed, groups, how, options.calibrate, trivial)
    declared = {name: Interval(t, None, None) for name, t in options.temperature.items()}
    temperature = {**left_out.temperature, **declared}
    notes = about_speakers(indexed, groups)
    notes += left_out.notes
    notes += [
        f"{name}: the largest temperature, {MOST:g}: what was left out is a coin's choice"
        for name, t in left_out.temperature.items()
        if t.value >= MOST and name not in declared
    ]
    progress("training")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", TrainingWarning)  # they stand in the report
        trained = fit(
            values, indexed.pairs, groups=groups, options=how, names=names, trivial=trivial,
            raters=indexed.raters,
        )  # fmt: skip
    head = cool(trained.head, {name: t.value for name, t in temperature.items()})
    report = trained.report.to_json()
    report["mix"] = dict(zip(head.dimensions, head.mix.tolist(), strict=True))
    report["temperature"] = {name: [t.value, t.low, t.high] for name, t in temperature.items()}
    report["grouped_by"] = "speaker" if groups else "group of compared clips"
    report["skipped"] = list(skipped)
    notes += trained.report.warnings
    manifest = _manifest(extractor, head, options, report, left_out)
    own = head(values)
    labels = None if groups is None else [row if g is None else g for row, g in enumerate(groups)]
    population = Population.fit(values, labels).with_rewards(
        np.column_stack([own.scalar, own.dimensions])
    )
    model = RewardModel(extractor, head, manifest, population)
    return Run(
        model, left_out.evaluation, left_out.strict, tuple(skipped), tuple(dict.fromkeys(notes))
    )


def _manifest(
    extractor: Extractor,
    head: LinearHead,
    options: RunOptions,
    report: dict[str, Any],
    left_out: LeftOut,
) -> Manifest:
    """What the checkpoint says of itself."""
    evaluation = left_out.evaluation.to_json() if left_out.evaluation else {}
    if left_out.strict:
        evaluation["others"] = {STRICT: left_out.strict.to_json()}
    schema = extractor.schema
    return Manifest(
        name=options.name,
        rewardkit=VERSION,
        license=options.license,
        dimensions=head.dimensions,
        scorers=tuple(
            ScorerEntry(
                **scorers.describe(scorer) | {"parameters": scorers.parameters(scorer)},
                identity=scorers.identity(scorer),
            )
            for scorer in extractor.scorers
        ),
        features=tuple(
            FeatureEntry(name=name, unit=feature.unit)
            for name, feature in zip(schema.names, schema.features, strict=True)
        ),
        schema_digest=schema.digest,
        requires_speech=options.require_speech,
        training=report,
        evaluation=evaluation,
    )
