# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: Apache-2.0
"""What raters are shown: each pair once, sides balanced, repeats and golden pairs among them."""

from __future__ import annotations

import queue
import random
import threading
import time
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from rewardkit.active import ActiveChooser
from rewardkit.annotate import (
    Balanced,
    Choice,
    Settings,
    Study,
    StudyError,
    StudyState,
    judgements,
    learning,
    summary,
)
from rewardkit.annotate.listening import LAG, STALE, Listening, Presentation
from rewardkit.annotate.votes import Vote, record
from rewardkit.features import Feature, Features, Schema
from rewardkit.preferences import Preference
from tests.annotate import made


def test_asking_again_and_a_new_process_give_the_same_pair(tmp_path: Path) -> None:
    study = made.study(tmp_path)
    first = Listening(study).next(made.rater(study))
    study.close()
    study = Study.open(tmp_path / "study.sqlite")
    assert Listening(study).next(made.rater(study)) == first


def test_consent_comes_first(tmp_path: Path) -> None:
    study = made.study(tmp_path)
    with pytest.raises(StudyError, match="no_consent"):
        Listening(study).next(study.add_rater("ben"))


def test_every_pair_is_judged_once_and_sides_are_balanced(tmp_path: Path) -> None:
    study = made.study(tmp_path, clips=12, repeat=0.0)
    anna, listening = made.rater(study), Listening(study)
    total = 12 * 11 // 2
    for done in range(total):
        assert listening.remaining(anna) == total - done
        shown = listening.next(anna)
        assert shown is not None
        made.answer(study, anna, shown)
    assert listening.next(anna) is None
    rows = study.db.read("SELECT pair, swapped FROM presentation")
    assert len({row["pair"] for row in rows}) == len(rows) == total
    # Efron's coin keeps the difference small: its stationary spread is about two.
    swapped = sum(row["swapped"] for row in rows)
    assert abs(2 * swapped - total) <= 8
    assert summary(study)["finished"] == total


def test_several_raters_share_the_pairs_and_see_them_both_ways_round(tmp_path: Path) -> None:
    study = made.study(tmp_path, clips=8, raters="anna,ben,cleo", votes_per_pair=2, repeat=0.0)
    listening = Listening(study)

    def judge(name: str) -> None:
        rater = made.rater(study, name)
        while (shown := listening.next(rater)) is not None:
            made.answer(study, rater, shown)

    threads = [threading.Thread(target=judge, args=(name,)) for name in ("anna", "ben", "cleo")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    judge("anna")  # a pair may have been in front of somebody when she looked
    judge("ben")
    judge("cleo")
    rows = study.db.read("SELECT pair, rater, swapped FROM presentation")
    assert Counter(row["pair"] for row in rows) == dict.fromkeys(range(1, 29), 2)
    assert len({(row["pair"], row["rater"]) for row in rows}) == 56
    assert sum(row["swapped"] for row in rows) == 28


def test_a_pair_left_open_holds_its_place_for_a_while(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    study = made.study(tmp_path, clips=2, raters="anna,ben")
    listening = Listening(study)
    assert listening.next(made.rater(study, "anna")) is not None
    assert listening.next(made.rater(study, "ben")) is None
    now = time.time()
    monkeypatch.setattr(time, "time", lambda: now - STALE - 60)  # the clock was wrong, and set
    assert listening.remaining(made.rater(study, "ben")) == 1
    monkeypatch.setattr(time, "time", lambda: now + STALE + 60)
    assert listening.next(made.rater(study, "ben")) is not None


def test_two_servers_of_one_study_give_a_rater_one_pair(tmp_path: Path) -> None:
    study = made.study(tmp_path, repeat=0.0)
    anna = made.rater(study)
    other = Listening(Study.open(tmp_path / "study.sqlite"))

    class Late(Balanced):
        def choose(self, state: StudyState, draw: random.Random) -> Choice:
            given.append(other.next(anna))
            return super().choose(state, draw)

    given: list[Presentation | None] = []
    shown = Listening(study, Late()).next(anna)
    assert shown is not None
    assert given == [shown]
    assert len(study.db.read("SELECT 1 FROM presentation")) == 1


def test_repeats_come_later_with_sides_swapped_and_measure_consistency(tmp_path: Path) -> None:
    study = made.study(tmp_path, clips=9, repeat=0.3)
    anna, listening = made.rater(study), Listening(study)
    while (shown := listening.next(anna)) is not None:
        made.answer(study, anna, shown, "a")  # always the same side: never the same clip twice
    rows = study.db.read("SELECT pair, swapped, kind, number FROM presentation")
    first = {row["pair"]: row for row in rows if row["kind"] == "fresh"}
    repeats = [row for row in rows if row["kind"] == "repeat"]
    assert len(first) == 36
    assert len(repeats) >= 5
    for row in repeats:
        assert row["swapped"] == 1 - first[row["pair"]]["swapped"]
        assert row["number"] - first[row["pair"]]["number"] > LAG
    assert len({row["pair"] for row in repeats}) == len(repeats)
    assert summary(study)["raters"][0]["repeats"] == (0, len(repeats))
    assert {j.propensity <= 1.0 for j in judgements(study)} == {True}


def test_golden_pairs_find_the_careless_and_are_no_data(tmp_path: Path) -> None:
    study = made.study(tmp_path, clips=9, raters="anna,ben", golden=0.4, repeat=0.0)
    good, bad = made.tones(tmp_path / "golden", 2)
    extra = made.tones(tmp_path / "more", 3, seconds=0.5)
    study.add([Preference(good, bad, 1.0), Preference(extra[0], extra[1], 0.0)], golden=True)
    study.add([Preference(extra[2], bad, 0.5, tie=1.0)], golden=True)
    listening = Listening(study)
    golden = {r["pair"]: r["win"] for r in study.db.read("SELECT pair, win FROM golden")}
    for name, is_careful in (("anna", True), ("ben", False)):
        rater = made.rater(study, name)
        for _ in range(18):
            shown = listening.next(rater)
            assert shown is not None
            a = study.db.read("SELECT a FROM pair WHERE id = ?", (shown.pair,))[0]["a"]
            choice = "b"
            if is_careful and shown.pair in golden:
                win = golden[shown.pair] if shown.left == a else 1 - golden[shown.pair]
                choice = {1.0: "a", 0.0: "b"}.get(win, "tie")
            made.answer(study, rater, shown, choice)
    anna, ben = summary(study)["raters"]
    assert anna["golden"] == (3, 3)
    assert ben["golden"][1] == 3
    assert ben["golden"][0] < 3
    assert summary(study)["answers"] == 30
    assert summary(study)["agreement"][0]["judgements"] == 0


def test_skipped_and_broken_pairs(tmp_path: Path) -> None:
    study = made.study(tmp_path, clips=2, raters="anna,ben,cleo", votes_per_pair=3)
    listening = Listening(study)
    for name in ("anna", "ben"):
        rater = made.rater(study, name)
        shown = listening.next(rater)
        assert shown is not None
        record(study, rater, Vote(made.new_id(), shown.id, "broken"))
        assert listening.next(rater) is None
    assert listening.next(made.rater(study, "cleo")) is None  # two have reported it
    state = summary(study)
    assert [rater["broken"] for rater in state["raters"]] == [1, 1, 0]
    assert len(state["flags"]) == 2


def test_a_rater_may_have_enough(tmp_path: Path) -> None:
    study = made.study(tmp_path, per_rater=3)
    anna, listening = made.rater(study), Listening(study)
    for left in (3, 2, 1):
        assert listening.remaining(anna) == left
        shown = listening.next(anna)
        assert shown is not None
        made.answer(study, anna, shown)
    assert listening.next(anna) is None


class Last:
    """Chooses the last pair that may be chosen, and stops after two answers."""

    def choose(self, state: StudyState, draw: random.Random) -> Choice | None:
        if len(state.judgements) == 2:
            return None
        assert draw.random() < 1.0
        assert len(state.clips) == 5
        return Choice(state.eligible[-1], 0.25, "information")


def test_another_chooser_is_asked_and_what_it_says_is_kept(tmp_path: Path) -> None:
    study = made.study(tmp_path, repeat=0.0)
    anna, listening = made.rater(study), Listening(study, Last())
    for pair in (10, 9):
        shown = listening.next(anna)
        assert shown is not None
        assert shown.pair == pair
        made.answer(study, anna, shown, "b")
    assert listening.next(anna) is None
    rows = study.db.read("SELECT propensity, reason FROM presentation")
    assert [tuple(row) for row in rows] == [(0.25, "information")] * 2


def test_active_choice_by_features(tmp_path: Path) -> None:
    study = made.study(tmp_path, clips=6, repeat=0.0)
    declared = Feature("level", "dB", "level"), Feature("seconds", "s", "duration")
    schema = Schema(("x.level", "x.seconds"), declared, ())
    values = np.random.default_rng(0).normal(size=(6, 2))
    listening = Listening(study, ActiveChooser(every=8, background=False))
    anna = made.rater(study)
    for number in range(15):
        if number == 4:  # until the clips are measured, pairs are random
            listening.features = Features(schema, values, [None] * 6)
        shown = listening.next(anna)
        assert shown is not None
        made.answer(study, anna, shown, "a" if values[shown.left - 1, 0] > 0 else "b")
    assert listening.next(anna) is None
    rows = study.db.read("SELECT pair, reason, propensity FROM presentation ORDER BY number")
    assert len({row["pair"] for row in rows}) == 15
    assert {row["reason"] for row in rows[:4]} == {"random"}
    assert {row["reason"] for row in rows[4:]} == {"random", "information"}
    assert all(0 < row["propensity"] <= 1 for row in rows)


def test_clips_that_join_a_running_study_make_pairs_random(tmp_path: Path) -> None:
    study = made.study(tmp_path, clips=3, repeat=0.0, votes_per_pair=9)
    anna = made.rater(study)
    schema = Schema(("x.level",), (Feature("level", "dB", "level"),), ())
    known = Features(schema, np.arange(3.0)[:, None], [None] * 3)
    listening = Listening(study, ActiveChooser(background=False), known)
    shown = listening.next(anna)
    assert shown is not None
    made.answer(study, anna, shown)
    clips = made.tones(tmp_path / "clips", 5)
    study.add([Preference(clips[4], clips[n], 0.5) for n in range(4)])
    while (shown := listening.next(anna)) is not None:
        made.answer(study, anna, shown)
    rows = study.db.read("SELECT reason FROM presentation ORDER BY number")
    assert len(rows) == 3 + 4
    assert {row["reason"] for row in rows[1:]} == {"random"}


def test_clips_that_no_feature_tells_apart_are_drawn_at_random(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    schema = Schema(("x.level",), (Feature("level", "dB", "level"),), ())
    same = Features(schema, np.ones((5, 1)), [None] * 5)
    monkeypatch.setattr(learning, "_measured", lambda *_: same)
    study, said = made.study(tmp_path), queue.Queue[str]()
    listening = learning.active(study, [], said.put)
    assert "pairs stay random: bad_features: no feature differs" in said.get(timeout=30)
    assert listening.next(made.rater(study)) is not None


def test_golden_pairs_that_cannot_be_judged_are_refused(tmp_path: Path) -> None:
    study = made.study(tmp_path, questions={"overall": "Which?", "prosody": "Whose melody?"})
    x, y = made.tones(tmp_path / "clips", 7)[5:]
    with pytest.raises(StudyError, match=r"bad_golden: 1 golden pairs are about warmth"):
        study.add([Preference(x, y, 1.0), Preference(x, y, 1.0, dimension="warmth")], golden=True)
    for other in (Preference(x, y, 0.0), Preference(y, x, 1.0), Preference(x, y, 0.5, tie=1.0)):
        with pytest.raises(StudyError, match=r"bad_golden: .* have two answers on overall"):
            study.add([Preference(x, y, 1.0), other], golden=True)
    assert not study.db.read("SELECT 1 FROM golden")
    assert len(study.db.read("SELECT 1 FROM clip")) == 5
    both = [
        Preference(x, y, 1.0),
        Preference(y, x, 0.0),
        Preference(x, y, 0.0, dimension="prosody"),
    ]
    study.add(both, golden=True)
    study.add([Preference(x, y, 0.5, tie=1.0)], golden=True)  # a file that was put right
    rows = study.db.read("SELECT dimension, win FROM golden ORDER BY dimension")
    assert [tuple(row) for row in rows] == [("overall", 0.5), ("prosody", 0.0)]


def test_settings_and_clips_of_a_study_that_goes_on(tmp_path: Path) -> None:
    study = made.study(tmp_path)
    anna = made.rater(study)
    shown = Listening(study).next(anna)
    assert shown is not None
    made.answer(study, anna, shown)
    more = made.tones(tmp_path / "clips", 6)
    study.add([Preference(more[5], more[0], 0.5), Preference(more[1], more[0], 0.5)])
    assert len(study.db.read("SELECT 1 FROM pair")) == 11  # one is new, one was there
    with pytest.raises(StudyError, match="changed_settings"):
        study.change(Settings(questions={"warmth": "Which is warmer?"}))
    study.change(Settings(votes_per_pair=2))
    study.close()
    assert Study.open(tmp_path / "study.sqlite").settings.votes_per_pair == 2


def test_clips_that_cannot_be_used_are_all_named(tmp_path: Path) -> None:
    study = made.study(tmp_path)
    (tmp_path / "text.wav").write_text("no sound")
    good = made.tones(tmp_path / "clips", 1)[0]
    with pytest.raises(StudyError, match=r"(?s)2 clips.*gone.wav.*text.wav"):
        study.add(
            [
                Preference(good, str(tmp_path / "gone.wav"), 0.5),
                Preference(good, str(tmp_path / "text.wav"), 0.5),
            ]
        )
    with pytest.raises(StudyError, match=r"unusable_clip.*\n.*\\udcff.wav': the name is not UTF-8"):
        study.add([Preference(good, "/\udcff.wav", 0.5)])
    copy = tmp_path / "copy.wav"
    copy.write_bytes(Path(good).read_bytes())
    assert study.add([Preference(good, str(copy), 0.5)]) == 1


@pytest.mark.parametrize("content", [b"", b"not a database", b"SQLite format 3\0" + b"\0" * 500])
def test_another_file_is_no_study_and_stays_as_it_is(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "other.sqlite"
    path.write_bytes(content)
    with pytest.raises(StudyError, match="not_a_study"):
        Study.open(path)
    assert path.read_bytes() == content


@pytest.mark.parametrize("settings", ['{"tempo": 1}', "{", "[]"])
def test_a_study_of_a_later_version_is_said_to_be_one(tmp_path: Path, settings: str) -> None:
    study = made.study(tmp_path)
    with study.db.write() as write:
        write.execute("UPDATE meta SET value = ? WHERE name = 'settings'", (settings,))
    study.close()
    with pytest.raises(StudyError, match=r"not_a_study.*another version"):
        Study.open(study.db.path)
