# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: Apache-2.0
"""Which clips are one clip, and which of them are held out together."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from types import ModuleType

import numpy as np
import pytest

from rewardkit.clip import Clip
from rewardkit.errors import PreferenceError
from rewardkit.extract import Extractor
from rewardkit.features import Feature
from rewardkit.preferences import ClipInfo, Preference
from rewardkit.training import TrainOptions
from rewardkit.training.run import Run, RunOptions, fit_model

FEATURES, SPEAKERS, CLIPS = 12, 6, 96
OPTIONS = RunOptions(train=TrainOptions(l2=1.0, members=2), calibrate=False)


class Many:
    name = "many"
    version = 1
    sample_rate = None
    features = tuple(Feature(f"f{i}", "1", "made") for i in range(FEATURES))

    def __call__(self, clip: Clip) -> Mapping[str, float]:
        raise NotImplementedError


def trained(
    values: np.ndarray,
    preferences: list[Preference],
    sounds: Mapping[str, int] | None = None,
    options: RunOptions = OPTIONS,
) -> Run:
    """A run on the clips "0", "1", …; one path may hold the sound of another."""
    rng = np.random.default_rng(1)
    paths = [str(i) for i in range(len(values))]
    sound = {path: (sounds or {}).get(path, int(path)) for path in paths}
    info = {p: ClipInfo(f"{sound[p]:04x}", 1.0 + rng.random(), -20.0) for p in paths}
    rows = {path: values[sound[path]] for path in paths}
    extractor = Extractor([Many()], require_speech=False)
    return fit_model(extractor, rows, info, preferences, options)


def by_speaker(unnamed: int) -> tuple[np.ndarray, list[Preference]]:
    """Listeners go by who speaks, which features tell: of new speakers nothing can be learned."""
    rng = np.random.default_rng(3)
    good = rng.normal(size=SPEAKERS)
    speaker = np.arange(CLIPS) % SPEAKERS
    values = 3 * rng.normal(size=(SPEAKERS, FEATURES))[speaker]
    values += 0.3 * rng.normal(size=values.shape)
    names = [None if i < unnamed else f"s{speaker[i]}" for i in range(CLIPS)]
    pairs = [
        Preference(str(a), str(b), float(good[speaker[a]] > good[speaker[b]]),
                   speaker_a=names[a], speaker_b=names[b])
        for a, b in rng.permutation(CLIPS).reshape(-1, 2).tolist()
        if speaker[a] != speaker[b]
    ]  # fmt: skip
    return values, pairs


def accuracy(run: Run) -> float:
    assert run.evaluation is not None
    found = run.evaluation["overall"].accuracy
    assert found is not None
    return found.value


def test_one_clip_without_a_speaker_does_not_undo_the_grouping() -> None:
    named, nearly = trained(*by_speaker(0)), trained(*by_speaker(1))
    for run in (named, nearly):
        assert run.model.manifest.training["grouped_by"] == "speaker"
        assert accuracy(run) < 0.8
    assert "1 clips have no speaker: each counts as one of its own" in nearly.warnings
    assert not any("speaker" in text for text in named.warnings)
    values, pairs = by_speaker(0)
    plain = [dataclasses.replace(p, speaker_a=None, speaker_b=None) for p in pairs]
    assert accuracy(trained(values, plain)) > 0.9  # what leaving clips out says of it


def test_two_speakers_are_too_few_and_that_is_said() -> None:
    values, pairs = by_speaker(0)
    few = [
        dataclasses.replace(p, speaker_a=f"s{int(p.a) % 2}", speaker_b=f"s{int(p.b) % 2}")
        for p in pairs
    ]
    run = trained(values, few)
    assert run.model.manifest.training["grouped_by"] == "group of compared clips"
    assert "speakers are not left out in turn: only 2 are named, and 3 are needed" in run.warnings


def counted_folds(monkeypatch: pytest.MonkeyPatch, module: ModuleType) -> list[int]:
    """The number of folds of each cross-validation that a module asks for, as it goes on."""
    folds: list[int] = []
    cross_validate = module.cross_validate

    def counted(*args, **options):
        found = cross_validate(*args, **options)
        folds.append(len(found.folds))
        return found

    monkeypatch.setattr(module, "cross_validate", counted)
    return folds


def test_many_clips_without_a_speaker_share_folds(monkeypatch: pytest.MonkeyPatch) -> None:
    from rewardkit.training import left_out as module

    folds = counted_folds(monkeypatch, module)
    trained(*by_speaker(60))
    assert folds == [10]


def test_they_share_folds_where_no_two_groups_can_be_left_out(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Each clip was compared with one of two reference voices: without both no pair is left."""
    from rewardkit.training import shipped as module

    folds = counted_folds(monkeypatch, module)
    values = np.random.default_rng(0).normal(size=(CLIPS, FEATURES))
    voices = [f"voice {i % 2}" for i in range(CLIPS // 2)] + [None] * (CLIPS // 2)
    voices[-1] = "a third"
    compared = [(i, CLIPS - 1 - i) for i in range(CLIPS // 2)] + [(0, 1)]
    pairs = [
        Preference(str(a), str(b), 1.0, speaker_a=voices[a], speaker_b=voices[b])
        for a, b in compared
    ]
    trained(values, pairs, options=dataclasses.replace(OPTIONS, calibrate=True))
    assert folds == [10]


def test_columns_of_the_training_options_hold_unless_others_are_chosen() -> None:
    values, pairs = by_speaker(0)
    only = dataclasses.replace(OPTIONS.train, columns={"overall": (3,)})
    given = dataclasses.replace(OPTIONS, train=only, cross_validate=False)
    weights = trained(values, pairs, options=given).model.head.weights[0]
    assert np.flatnonzero(weights).tolist() == [3]
    given = dataclasses.replace(given, use={"overall": ("many.f5",)})
    weights = trained(values, pairs, options=given).model.head.weights[0]
    assert np.flatnonzero(weights).tolist() == [5]


def test_two_files_with_one_sound_are_one_clip() -> None:
    """Each clip is in two pairs; as a copy under another name it was trained on and tested on."""
    rng = np.random.default_rng(0)
    half = CLIPS // 2
    values = rng.normal(size=(CLIPS, FEATURES))
    win = rng.integers(0, 2, CLIPS).astype(float).tolist()
    once = [Preference(str(i), str(i + 1), win[i]) for i in range(0, half, 2)]
    again = [Preference(str(i), str((i + 1) % half), win[i]) for i in range(1, half, 2)]
    copies = [dataclasses.replace(p, a=str(int(p.a) + half), b=str(int(p.b) + half)) for p in again]
    sounds = {str(i + half): i for i in range(half)}
    one, other = trained(values, once + again), trained(values, once + copies, sounds)
    assert one.model.manifest.training["clips"] == half
    assert other.model.manifest.training == one.model.manifest.training
    assert other.evaluation == one.evaluation


def test_one_sound_by_two_speakers_is_refused() -> None:
    values, pairs = by_speaker(0)
    other = next(p for p in pairs[1:] if p.speaker_a != pairs[0].speaker_a)
    with pytest.raises(PreferenceError, match=r"conflicting_speakers: .* hold one sound"):
        trained(values, pairs, {other.a: int(pairs[0].a)})


def test_a_sound_against_itself_is_left_out() -> None:
    values, pairs = by_speaker(CLIPS)
    sounds = {pairs[0].b: int(pairs[0].a)}
    run = trained(values, pairs, sounds)
    assert run.skipped == ("1 preferences: both sides hold the same sound",)
    assert run.model.manifest.training["skipped"] == list(run.skipped)
    with pytest.raises(PreferenceError, match="no_pairs"):
        trained(values, pairs[:1], sounds)
