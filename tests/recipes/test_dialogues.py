# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: Apache-2.0
"""Made dialogues: what is broken, what is left alone, and how figures are counted."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from checkpoints.recipes.dialogue_figures import figures
from checkpoints.recipes.dialogue_pairs import GAP, KINDS, NOWHERE, OVERLAP, Pair, pairs
from checkpoints.recipes.dialogue_turns import CHANGES, LONGEST, SHORTEST, Pool, _cuts
from checkpoints.recipes.dialogues import COMPARISONS, USE, folds
from rewardkit.dialogue import Dialogue, Turn

STATES = ("joy", "rage", "calm")


def pool(consecutive: bool = False) -> Pool:
    """Eight speakers, even ones women; five clips `who/state/k` of each in each state."""
    who = [f"s{k}" for k in range(8)]
    turns = {w: {s: [f"{w}/{s}/{k}" for k in range(5)] for s in STATES} for w in who}
    copies = {w: {c: [f"{w}/{c}/{k}" for k in range(5)] for c in CHANGES} for w in who}
    sex = {w: "FM"[k % 2] for k, w in enumerate(who)}
    return Pool("made", turns, sex, copies, consecutive)


DURATIONS = {path: 2.0 + 0.1 * (k % 7) for k, path in enumerate(pool().paths)}


def made(kind: str, count: int = 40, consecutive: bool = False) -> list[Pair]:
    whole = pool(consecutive)
    rng = np.random.default_rng(0)
    return pairs(whole, list(whole.turns)[:6], kind, count, DURATIONS, rng)


def parts(turn: Turn) -> list[str]:
    return str(turn.clip).split("/")


@pytest.mark.parametrize("kind", KINDS)
def test_only_what_should_be_broken_is(kind: str) -> None:
    found = made(kind)
    assert len(found) == 40
    for pair in found:
        assert [t.speaker for t in pair.real.turns] == [t.speaker for t in pair.broken.turns]
        changed = {
            place
            for place, (a, b) in enumerate(zip(pair.real.turns, pair.broken.turns, strict=True))
            if a.clip != b.clip
        }
        assert (pair.turn is None) == (kind in NOWHERE)
        if kind in ("long gap", "long overlap"):
            assert not changed
        elif pair.turn is not None:
            assert changed == {pair.turn}
            assert pair.broken.turns[pair.turn].speaker == pair.speaker
        for dialogue in (pair.real, pair.broken):
            names = {parts(turn)[0] for turn in dialogue.turns}
            assert names <= {f"s{k}" for k in range(6)}
            for turn in dialogue.turns:
                assert turn.start is not None
                assert turn.end == pytest.approx(turn.start + DURATIONS[str(turn.clip)])


def test_the_real_side_is_one_voice_in_one_state_each() -> None:
    for kind, pair in itertools.chain(*([(k, p) for p in made(k)] for k in KINDS)):
        for who in pair.real.speakers:
            said = [parts(turn) for turn in pair.real.turns if turn.speaker == who]
            assert {name for name, _, _ in said} == {who}
            assert len({state for _, state, _ in said}) == 1, kind


def test_what_the_kinds_put_in() -> None:
    sex = pool().sex
    for kind in KINDS:
        for pair in made(kind):
            if pair.turn is None:
                continue
            old, new = (parts(d.turns[pair.turn]) for d in (pair.real, pair.broken))
            if "speaker" in kind or "partner" in kind:
                assert new[0] != old[0]
                assert new[1] == old[1]
                assert (sex[new[0]] == sex[old[0]]) == ("same sex" in kind)
                assert (new[0] in pair.real.speakers) == ("partner" in kind)
            elif kind == "another emotion":
                assert new[0] == old[0]
                assert new[1] != old[1]
            elif "jump" in kind:
                assert [new[0], new[1], new[2]] == [old[0], kind.split()[0], old[2]]
                assert old[1] == "unchanged"


@pytest.mark.parametrize("kind", ["long gap", "long overlap"])
def test_times_that_break(kind: str) -> None:
    for pair in made(kind):
        assert pair.turn is not None
        before, here = pair.broken.turns[pair.turn - 1], pair.broken.turns[pair.turn]
        gap = (here.start or 0) - (before.end or 0)
        low, high = GAP if kind == "long gap" else (-np.inf, -OVERLAP[0])
        assert low <= gap <= high


def test_readings_stay_consecutive() -> None:
    for pair in made("long gap", consecutive=True):
        for who in pair.real.speakers:
            order = [int(parts(t)[2]) for t in pair.real.turns if t.speaker == who]
            assert order == list(range(order[0], order[0] + len(order)))


def test_a_corpus_without_other_states_has_no_jumps() -> None:
    whole = pool()
    one = Pool("made", {w: {"joy": s["joy"]} for w, s in whole.turns.items()}, whole.sex)
    rng = np.random.default_rng(0)
    for kind in ("another emotion", "shuffled emotions", "pitch jump"):
        assert pairs(one, list(one.turns), kind, 3, DURATIONS, rng) == []


def test_cuts_are_turns() -> None:
    spans = [(0.0, 1.0), (1.2, 2.0), (2.5, 4.2), (5.0, 12.0), (13.0, 13.5)]
    found = _cuts(spans)
    assert found == [(0.0, 2.0), (2.5, 4.2)]
    assert all(SHORTEST <= high - low <= LONGEST for low, high in found)


def test_missing_clips_leave_the_pool() -> None:
    less = pool().without({"s0/joy/0", "s1/pitch/2"})
    assert less.turns["s0"]["joy"] == [f"s0/joy/{k}" for k in range(1, 5)]
    assert "s1" not in less.copies
    assert "s0" in less.copies


def test_held_out_actors_meet_once_and_are_never_trained_on() -> None:
    pools = {
        "emodb": Pool("emodb", {}, {f"e{k}": "MF"[k % 2] for k in range(8)}),
        "librispeech": Pool("librispeech", {f"r{k}": {} for k in range(20)}, {}),
    }
    found = list(folds(pools))
    assert len(found) == 6
    for pair in itertools.combinations(("e0", "e2", "e4", "e6"), 2):
        assert sum(set(pair) <= fold["emodb"] for fold in found) == 1
    assert sorted(itertools.chain(*(fold["librispeech"] for fold in found))) == sorted(
        f"r{k}" for k in range(20)
    )


def test_figures_by_hand() -> None:
    def pair(who: str, turn: int | None) -> Pair:
        said = Dialogue(tuple(Turn(who, f"{k}") for k in range(4)))
        return Pair("another emotion" if turn is not None else "pitch drift", who, said, said, turn)

    good, bad = np.array([1.0, 1.0, 1.0, 1.0]), np.array([1.0, -3.0, 1.0, 1.0])
    judged = [
        (pair("a", 1), good, bad),
        (pair("b", 2), good, bad),
        (pair("b", 1), bad, good),
        (pair("c", None), good, bad),
    ]
    table = np.column_stack([np.zeros(4), [0.0, 9.0, 0.0, 0.0], [np.nan] * 4])
    rules = [(p, 0 * table, table) for p, _, _ in judged]
    emotion, drift = figures("made", judged, rules, ("own.rate", "own.f0", "own.level"))
    assert emotion.accuracy.value == pytest.approx(2 / 3)
    assert emotion.named is not None
    assert emotion.named.value == pytest.approx(1 / 3)
    assert (emotion.chance, emotion.speakers, emotion.pairs) == (0.25, 2, 3)
    assert emotion.rules["own.f0"] == pytest.approx((1.0, 2 / 3))
    assert emotion.rules["own.level"][0] == 0.5
    assert (drift.kind, drift.named, drift.accuracy.value) == ("pitch drift", None, 1.0)


def test_every_pattern_of_use_is_a_comparison() -> None:
    relations = {c.relation for c in COMPARISONS}
    assert {pattern.partition(".")[0] for pattern in USE} <= relations
    assert len({c.full_name for c in COMPARISONS}) == len(COMPARISONS)
