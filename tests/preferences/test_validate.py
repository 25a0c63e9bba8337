# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: Apache-2.0
"""What `validate` says of files that are legal: counts, agreement, shortcuts, other warnings."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from pathlib import Path

import pytest

from rewardkit.preferences import ClipInfo, DimensionSummary, Rule, read, validate
from rewardkit.preferences.shortcuts import SUPPORT, wilson
from tests.preferences.made import FakeProbe, Row, info, message, pair, put, warned


def summary(path: Path) -> DimensionSummary:
    (only,) = validate(path, probe=None).dimensions
    return only


def chain(count: int, answer: Callable[[int], str], **others: object) -> list[Row]:
    """Pairs of neighbours: one connected graph."""
    return [pair(f"{i}.wav", f"{i + 1}.wav", answer(i), **others) for i in range(count)]


def coin(seed: int) -> Callable[[int], str]:
    draw = random.Random(seed)
    return lambda _: draw.choice("ab")


# Votes


def test_duplicate_votes_are_merged_and_warned_of(tmp_path: Path) -> None:
    rows = [
        pair(rater="r"),
        pair(rater="r"),
        pair("y.wav", "x.wav", "b", rater="r"),
        pair(rater="s"),
        pair(),
        pair(),
    ]
    path = put(tmp_path, *rows, *chain(40, coin(0), rater="t"))
    report = validate(path, probe=None)
    assert report.ok
    duplicates = [w.message for w in report.warnings if w.code == "duplicate_votes"]
    assert len(duplicates) == 1
    assert ": 2 rows repeat a named rater's answer, 1 an answer without a rater" in duplicates[0]
    kept = read(path, probe=None)
    assert kept.merged == 3
    assert [(p.rater, p.votes, p.weight) for p in kept][:3] == [
        ("r", (3, 0, 0), 3.0),
        ("s", None, 1.0),
        (None, (2, 0, 0), 2.0),
    ]


def test_without_duplicates_no_warning(tmp_path: Path) -> None:
    path = put(tmp_path, pair(rater="r"), pair(rater="s"), pair(rater="r", dimension="emotion"))
    assert "duplicate_votes" not in warned(path)
    assert read(path, probe=None).merged == 0


def test_contradictory_votes_are_legal_and_kept(tmp_path: Path) -> None:
    rows = [pair(rater="r"), pair(preference="b", rater="r"), pair(preference="tie", rater="s")]
    path = put(tmp_path, *rows, pair("x.wav", "z.wav"))
    report = validate(path, probe=None)
    assert report.ok
    assert "duplicate_votes" not in warned(path)
    assert [p.win for p in read(path, probe=None)] == [1.0, 0.0, 0.5, 1.0]
    only = report.dimensions[0]
    assert (only.pairs, only.judgements, only.ties, only.contradicted) == (2, 4, 1, 1)


def test_agreement_is_krippendorffs_alpha_over_pairs(tmp_path: Path) -> None:
    """Three pairs, of which one is contradicted: the doctest of `NominalAlpha`."""
    rows = [
        *[pair("1.wav", "2.wav", rater=rater) for rater in "rs"],
        *[pair("3.wav", "4.wav", rater=rater) for rater in "rs"],
        pair("5.wav", "6.wav", rater="r"),
        pair("6.wav", "5.wav", rater="s"),
    ]
    agreement = summary(put(tmp_path, *rows)).agreement
    assert agreement.alpha == pytest.approx(4 / 9)
    assert (agreement.units, agreement.judgements) == (3, 6)


def test_agreement_of_votes_is_that_of_rows(tmp_path: Path) -> None:
    rows = [pair(f"{i}a", f"{i}b", x, rater=f"{n}") for i in range(9) for n, x in enumerate("aab")]
    rows += [pair("ta", "tb", "tie", rater="r"), pair("ta", "tb", rater="s")]
    votes: list[Row] = [
        {"audio_a": f"{i}a", "audio_b": f"{i}b", "votes_a": 2, "votes_b": 1} for i in range(9)
    ]
    votes += [{"audio_a": "ta", "audio_b": "tb", "votes_a": 1, "votes_b": 0, "votes_tie": 1}]
    one, other = summary(put(tmp_path, *rows)), summary(put(tmp_path, *votes))
    assert one == other
    assert one.agreement.alpha is not None


def test_a_rater_does_not_agree_with_himself(tmp_path: Path) -> None:
    same = [pair("1.wav", "2.wav", rater="r")] * 5
    contested = [pair("3.wav", "4.wav", "a", rater="r"), pair("3.wav", "4.wav", "b", rater="s")]
    alone = summary(put(tmp_path, *same, *contested)).agreement
    assert (alone.units, alone.judgements) == (1, 2)
    named = summary(put(tmp_path, *same, pair("1.wav", "2.wav", rater="s"), *contested)).agreement
    assert (named.units, named.judgements) == (2, 4)


def test_shares_say_nothing_of_agreement(tmp_path: Path) -> None:
    share: Row = {"audio_a": "x", "audio_b": "y", "win": 0.8}
    agreement = summary(put(tmp_path, share, share)).agreement
    assert (agreement.alpha, agreement.judgements) == (None, 0)


# Shortcuts


def planted(folder: Path, follows: float, count: int, sounds: FakeProbe, **others: object) -> Path:
    """A chain in which the clip with the higher number wins in a share of the pairs."""
    draw = random.Random(1)
    rows = []
    for i in range(count):
        names = [f"{i}.wav", f"{i + 1}.wav"]
        best = 1 if i < follows * count else 0
        side = draw.randrange(2)
        a, b = names if side == 0 else names[::-1]
        rows.append(pair(a, b, "a" if (best == 0) == (side == 0) else "b", **others))
    return put(folder, *rows)


def rule(path: Path, name: str, probe: FakeProbe | None) -> Rule | None:
    return next((r for r in validate(path, probe=probe).rules if r.name == name), None)


@pytest.mark.parametrize(
    ("name", "opposite", "sound"),
    [
        ("the longer clip", "the shorter clip", lambda i: info(f"{i}", duration=1 + i / 100)),
        ("the louder clip", "the quieter clip", lambda i: info(f"{i}", level=-90 + i / 2)),
    ],
)
def test_planted_shortcut_of_sound(
    tmp_path: Path, name: str, opposite: str, sound: Callable[[int], ClipInfo]
) -> None:
    sounds = FakeProbe({f"{i}.wav": sound(i) for i in range(101)})
    always = rule(planted(tmp_path, 1.0, 100, sounds), name, sounds)
    assert always is not None
    assert (always.accuracy, always.pairs, always.is_shortcut) == (1.0, 100, True)
    path = planted(tmp_path, 1.0, 100, sounds)
    text = message_of(path, sounds)
    assert f"always choosing {name} is right in 100.0% of 100 pairs" in text
    never = rule(planted(tmp_path, 0.1, 100, sounds), opposite, sounds)
    assert never is not None
    assert (never.accuracy, never.is_shortcut) == (0.9, True)
    half = rule(planted(tmp_path, 0.5, 100, sounds), name, sounds)
    assert half is not None
    assert (half.accuracy, half.is_shortcut) == (0.5, False)
    few = rule(planted(tmp_path, 1.0, 5, sounds), name, sounds)
    assert few is not None
    assert (few.accuracy, few.is_shortcut) == (1.0, False)


def message_of(path: Path, sounds: FakeProbe) -> str:
    (text,) = [str(w) for w in validate(path, probe=sounds).warnings if w.code == "shortcut"]
    return text


def test_equal_clips_are_neither_longer_nor_louder(tmp_path: Path) -> None:
    sounds = FakeProbe({f"{i}.wav": info(f"{i}", 1 + i * 1e-6, -20 + i * 1e-3) for i in range(51)})
    path = planted(tmp_path, 1.0, 50, sounds)
    assert {r.name for r in validate(path, probe=sounds).rules} == {"side a"}
    assert "shortcut" not in warned(path, probe=sounds)


@pytest.mark.parametrize(("answer", "name"), [("a", "side a"), ("b", "side b")])
def test_planted_side(tmp_path: Path, answer: str, name: str) -> None:
    always = rule(put(tmp_path, *chain(40, lambda _: answer)), name, None)
    assert always is not None
    assert (always.accuracy, always.pairs, always.is_shortcut) == (1.0, 40, True)
    mixed = put(tmp_path, *chain(40, lambda i: "ab"[i % 2]))
    assert "shortcut" not in warned(mixed)


def test_chosen_comes_first_by_construction(tmp_path: Path) -> None:
    rows = [{"chosen": f"{i}.wav", "rejected": f"{i + 1}.wav"} for i in range(40)]
    report = validate(put(tmp_path, *rows), probe=None)
    assert not report.rules


def test_many_raters_of_one_pair_support_a_rule_once(tmp_path: Path) -> None:
    path = put(tmp_path, *[pair(rater=f"{i}") for i in range(100)])
    side = rule(path, "side a", None)
    assert side is not None
    assert (side.pairs, side.is_shortcut) == (1, False)


def test_ties_have_no_winner(tmp_path: Path) -> None:
    rows = [*chain(40, lambda _: "tie"), pair("x", "y", "a"), pair("x", "y", "b")]
    assert not validate(put(tmp_path, *rows), probe=None).rules


def test_planted_system(tmp_path: Path) -> None:
    def rows(others: int) -> list[Row]:
        human = [
            pair(f"{i}", f"{i + 1}", "ab"[i % 2], **systems(i, "human", f"tts{i % 3}"))
            for i in range(40)
        ]
        tts = [
            pair(f"{i}", f"{i + 1}", "ab"[i % 2], **systems(i // 2, "tts1", "tts2"))
            for i in range(100, 100 + others)
        ]
        return human + tts

    def systems(i: int, winner: str, loser: str) -> dict[str, str]:
        return (
            {"system_a": winner, "system_b": loser}
            if i % 2 == 0
            else {"system_a": loser, "system_b": winner}
        )

    always = rule(put(tmp_path, *rows(0)), "the system 'human'", None)
    assert always is not None
    assert (always.accuracy, always.pairs, always.is_shortcut) == (1.0, 40, True)
    # Where the system is absent the rule guesses: (40 + 160 / 2) / 200.
    seldom = rule(put(tmp_path, *rows(160)), "the system 'human'", None)
    assert seldom is not None
    assert (seldom.accuracy, seldom.pairs, seldom.is_shortcut) == (0.6, 200, False)
    same = [{**row, "system_a": "tts", "system_b": "tts"} for row in rows(0)]
    assert {r.name for r in validate(put(tmp_path, *same), probe=None).rules} == {"side a"}


def test_rules_are_by_dimension(tmp_path: Path) -> None:
    rows = chain(40, lambda _: "a", dimension="emotion") + chain(40, lambda i: "ab"[i % 2])
    rules = validate(put(tmp_path, *rows), probe=None).rules
    assert [(r.dimension, r.accuracy) for r in rules] == [("emotion", 1.0), ("overall", 0.5)]


def test_wilson_interval() -> None:
    # Newcombe (1998), "Two-sided confidence intervals for the single proportion", table I.
    assert wilson(81, 263) == pytest.approx((0.2553, 0.3662), abs=5e-5)
    assert wilson(15, 148) == pytest.approx((0.0624, 0.1605), abs=5e-5)
    assert wilson(0, 20) == pytest.approx((0.0, 0.1611), abs=5e-5)
    assert wilson(29, 29) == pytest.approx((0.8830, 1.0), abs=5e-5)
    assert wilson(9, 9)[0] > SUPPORT > wilson(8, 8)[0]


# Graph and size


def test_disconnected_graph(tmp_path: Path) -> None:
    two = [*chain(40, coin(2)), pair("x", "y", "b")]
    path = put(tmp_path, *two)
    assert warned(path) == ["disconnected"]
    assert "2 groups of clips (the largest has 41)" in message_of_warning(path)
    assert summary(path).components == 2
    joined = put(tmp_path, *two, pair("y", "7.wav"))
    assert warned(joined) == []
    assert summary(joined).components == 1


def message_of_warning(path: Path) -> str:
    (warning,) = validate(path, probe=None).warnings
    return str(warning)


def test_graphs_are_by_dimension(tmp_path: Path) -> None:
    rows = chain(40, coin(3), dimension="emotion") + [
        {**row, "dimension": "prosody"} for row in chain(40, coin(4)) if row["audio_a"] != "20.wav"
    ]
    report = validate(put(tmp_path, *rows), probe=None)
    assert [(d.name, d.components) for d in report.dimensions] == [("emotion", 1), ("prosody", 2)]
    assert [w.code for w in report.warnings] == ["disconnected"]


@pytest.mark.parametrize(("pairs", "expected"), [(29, ["few_pairs"]), (30, [])])
def test_few_pairs(tmp_path: Path, pairs: int, expected: list[str]) -> None:
    path = put(tmp_path, *chain(pairs, lambda i: "ab"[i % 2]))
    assert warned(path) == expected
    # More raters of the same pairs do not help.
    rows = [{**row, "rater": r} for row in chain(pairs, lambda i: "ab"[i % 2]) for r in "rst"]
    assert warned(put(tmp_path, *rows)) == expected


# Report


def test_report_as_text_and_json(tmp_path: Path) -> None:
    path = put(tmp_path, *chain(29, lambda i: "ab"[i % 2], rater="r"), pair(preference="c"))
    report = validate(path, probe=FakeProbe())
    assert json.loads(report.to_json()) == report.to_dict()
    assert not report.ok
    assert (report.rows, report.skipped, report.clips, report.raters) == (30, 1, 30, 1)
    text = report.text()
    assert text.startswith(f"{path}: 30 rows (1 with errors), 30 clips, 1 named raters\n")
    assert "overall: 29 pairs of 30 clips in 1 connected groups, 29 judgements (0 ties)" in text
    assert "Krippendorff's alpha not defined" in text
    assert f"1 error\n{path}:30: out_of_range preference is 'c'" in text
    assert f"1 warning\n{path}: few_pairs overall: 29 different pairs" in text


def test_errors_beyond_the_limit_are_counted(tmp_path: Path) -> None:
    report = validate(put(tmp_path, *["x"] * 10_050), probe=None)
    assert (len(report.errors), len(report.errors.kept)) == (10_050, 10_000)
    assert report.to_dict()["errors"]["total"] == 10_050
    assert report.text(listed=1).splitlines()[-2] == "… and 10049 more"


def test_rows_with_bad_clips_are_left_out_of_the_counts(tmp_path: Path) -> None:
    sounds = FakeProbe({"0.wav": OSError("gone")})
    report = validate(put(tmp_path, *chain(31, coin(5))), probe=sounds)
    assert (report.dimensions[0].pairs, report.skipped) == (30, 1)
    assert message(put(tmp_path, *chain(31, coin(5))), probe=sounds).endswith("gone")
