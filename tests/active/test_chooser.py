# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: Apache-2.0
"""The chooser of a listening study, driven as the server drives it."""

from __future__ import annotations

import dataclasses
import random
from collections import Counter
from typing import Any

import numpy as np
import pytest

from rewardkit.active import Accuracy, ActiveChooser, ActiveOptions, Design
from rewardkit.annotate.chooser import Chooser, Judgement, StudyPair, StudyState
from rewardkit.errors import ScorerError
from rewardkit.features import Feature, Features, Schema

TRUTH = np.array([1.5, -1.0, 0.5])


def features(values: np.ndarray) -> Features:
    names = tuple(f"made.f{number}" for number in range(values.shape[1]))
    declared = tuple(Feature(name[5:], "dB", "made", low=-99, high=99) for name in names)
    return Features(Schema(names, declared, (("made", "1"),)), values, (None,) * len(values))


def study(clips: int = 20, seed: int = 0) -> StudyState:
    values = np.random.default_rng(seed).normal(size=(clips, 3))
    pairs = [
        StudyPair(100 + number, a, b)  # numbers that are not places
        for number, (a, b) in enumerate(zip(*np.triu_indices(clips, 1), strict=True))
    ]
    return StudyState(
        [f"{number}.wav" for number in range(clips)], pairs, [], [pair.id for pair in pairs], {},
        ["overall"], "anna", features(values),
    )  # fmt: skip


def run(chooser: ActiveChooser, state: StudyState, answers: int, seed: int = 0) -> StudyState:
    """Judge pair after pair as the truth says."""
    rng = np.random.default_rng(seed)
    assert state.features is not None
    by_number = {pair.id: pair for pair in state.pairs}
    for number in range(answers):
        choice = chooser.choose(state, random.Random(1000 * seed + number))
        if choice is None:
            break
        assert choice.pair in state.eligible
        pair = by_number[choice.pair]
        margin = (state.features.values[pair.a] - state.features.values[pair.b]) @ TRUTH
        win = float(rng.random() < 1 / (1 + np.exp(-3 * margin)))
        made = Judgement(choice.pair, "overall", win, state.rater, propensity=choice.propensity)
        state = dataclasses.replace(
            state,
            judgements=[*state.judgements, made],
            eligible=[pair for pair in state.eligible if pair != choice.pair],
            votes={**state.votes, choice.pair: 1},
        )
    return state


def test_it_fits_the_protocol_and_learns() -> None:
    chooser: Chooser = ActiveChooser(background=False)
    assert isinstance(chooser, ActiveChooser)
    run(chooser, study(), 60)
    assert chooser._learned is not None
    assert chooser._space is not None
    belief = chooser._learned.beliefs["overall"]
    points = chooser._space[1].points
    truth = study().features
    assert truth is not None
    found = np.corrcoef(points @ belief.weights, truth.values @ TRUTH)[0, 1]
    assert found > 0.9


def test_the_same_state_and_draw_give_the_same_choice() -> None:
    state = run(ActiveChooser(background=False), study(), 25)
    choices = [ActiveChooser(background=False).choose(state, random.Random(3)) for _ in range(2)]
    assert choices[0] == choices[1]


def test_propensities_are_frequencies() -> None:
    state = run(ActiveChooser(background=False), study(8), 12)
    state = dataclasses.replace(state, eligible=state.eligible[:4])
    chooser = ActiveChooser(ActiveOptions(explore=0.4), background=False)
    picks = [chooser.choose(state, random.Random(seed)) for seed in range(1000)]
    counted = Counter(one.pair for one in picks if one)
    said = {one.pair: one.propensity for one in picks if one}
    assert sum(said.values()) == pytest.approx(1.0)
    for pair, chance in said.items():
        assert abs(counted[pair] / 1000 - chance) < 4 * np.sqrt(chance * (1 - chance) / 1000)


def test_what_is_in_front_of_another_rater_counts_as_asked() -> None:
    state = study()
    chooser = ActiveChooser(ActiveOptions(explore=0.0), background=False)
    first = chooser.choose(state, random.Random(0))
    assert first is not None
    pending = dataclasses.replace(state, rater="bert", votes={first.pair: 1})
    second = chooser.choose(pending, random.Random(0))
    assert second is not None
    assert second.pair != first.pair


def test_each_judgement_wears_its_clips_before_a_fit_and_since() -> None:
    state = run(ActiveChooser(background=False), study(8), 14)

    def gains(wear: float) -> np.ndarray:
        chooser = ActiveChooser(ActiveOptions(wear=wear), background=False)
        # The head knows ten answers, and four came since.
        early = dataclasses.replace(state, judgements=state.judgements[:10])
        chooser.choose(dataclasses.replace(early, votes={}), random.Random(0))
        chooser.choose(state, random.Random(0))
        assert chooser._working is not None
        assert chooser._working.learned is not None
        assert chooser._working.learned.judgements == 10
        return chooser._working.design.gains

    rows = {pair.id: (pair.a, pair.b) for pair in state.pairs}
    heard = np.bincount([clip for j in state.judgements for clip in rows[j.pair]], minlength=8)
    both = heard[[list(rows[pair.id]) for pair in state.pairs]].sum(axis=1)
    np.testing.assert_allclose(gains(0.5), gains(0.0) / (1 + 0.5 * both), rtol=1e-9)


def test_without_features_any_pair_is_as_likely() -> None:
    state = dataclasses.replace(study(6), features=None)
    choice = ActiveChooser().choose(state, random.Random(0))
    assert choice is not None
    assert (choice.propensity, choice.reason) == (1 / 15, "random")


def test_a_clip_that_could_not_be_measured_is_in_the_middle() -> None:
    state = study(6)
    assert state.features is not None
    values = state.features.values.copy()
    values[2] = np.nan
    errors = [None] * 6
    errors[2] = ScorerError("no_speech", "silence")  # type: ignore[call-overload]
    broken = Features(state.features.schema, values, tuple(errors))
    assert ActiveChooser().choose(dataclasses.replace(state, features=broken), random.Random(0))


def test_it_learns_in_the_background() -> None:
    chooser = ActiveChooser(every=5)
    state = run(chooser, study(), 6)
    chooser.choose(state, random.Random(0))
    chooser.wait()
    assert chooser.failure is None
    assert chooser._learned is not None
    assert chooser._learned.judgements >= 5


def test_an_opinion_is_that_of_the_fit_that_chose(monkeypatch: pytest.MonkeyPatch) -> None:
    """A fit that ends while the first design is made does not make its margins opinions."""
    chooser = ActiveChooser(ActiveOptions(explore=1.0), stop=Accuracy(), background=False)
    state = run(ActiveChooser(background=False), study(), 12)
    fitted = ActiveChooser(background=False)
    fitted.choose(state, random.Random(0))
    made = Design.__init__

    def slow(self: Design, *given: Any, **named: Any) -> None:
        made(self, *given, **named)
        chooser._learned = fitted._learned  # ends meanwhile

    monkeypatch.setattr(chooser, "_fit", lambda *_: None)
    monkeypatch.setattr(Design, "__init__", slow)
    chooser.choose(state, random.Random(0))
    assert not chooser._opinions
    chooser.choose(state, random.Random(0))
    assert len(chooser._opinions) == 1


def test_a_pair_that_comes_again_by_choice_is_no_random_one() -> None:
    """Drawn at random it was not answered; the second time it is there for what it teaches."""
    chooser = ActiveChooser(ActiveOptions(explore=1.0), stop=Accuracy(), background=False)
    state = run(ActiveChooser(background=False), study(), 12)
    choice = chooser.choose(state, random.Random(0))
    assert choice is not None
    assert len(chooser._opinions) == 1
    chooser.options = ActiveOptions(explore=0.0)
    again = chooser.choose(dataclasses.replace(state, eligible=[choice.pair]), random.Random(0))
    assert again is not None
    assert (again.pair, again.reason) == (choice.pair, "information")
    assert not chooser._opinions


def test_it_stops_when_the_head_is_good_enough() -> None:
    rule = Accuracy(target=0.6)
    chooser = ActiveChooser(ActiveOptions(explore=0.5), stop=rule, background=False)
    state = run(chooser, study(40), 400)
    verdict = chooser.verdict(state)
    assert verdict is not None
    assert verdict.stop
    assert verdict.low >= 0.6
    assert len(state.judgements) < 400
    randoms = sum(judgement.propensity < 0.5 for judgement in state.judgements)
    assert 0 < verdict.answers <= randoms
    # An answer that is taken back is not counted.
    undone = dataclasses.replace(state, judgements=state.judgements[:50])
    assert chooser.verdict(undone).answers < verdict.answers  # type: ignore[union-attr]
    assert chooser.choose(state, random.Random(0)) is None


def test_a_fit_that_fails_leaves_the_last_one() -> None:
    chooser = ActiveChooser(background=False)
    state = run(chooser, study(), 12)
    chooser.train = "nonsense"  # type: ignore[assignment]
    learned = chooser._learned
    assert run(chooser, state, 12, seed=1).judgements
    assert chooser.failure is not None
    assert chooser._learned is learned
