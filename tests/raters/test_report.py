# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: Apache-2.0
"""The report on raters: planted faults are found, honest raters are not, nothing is deleted."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from rewardkit.cli import app
from rewardkit.errors import PreferenceError
from rewardkit.preferences import Preference, read, write
from rewardkit.raters import (
    Measured,
    RaterOptions,
    Votes,
    read_votes,
    render,
    report,
    weighted,
    weights,
)
from rewardkit.raters.measures import _flags
from rewardkit.raters.render import to_json
from rewardkit.raters.share import Share, share

CLIPS, PAIRS = 12, 90
STRENGTH = np.random.default_rng(5).normal(0, 1.5, CLIPS)


def rater(name: str, kind: str, seed: int) -> Iterator[tuple[Preference, float | None]]:
    """One rater's votes on random pairs, the first ten asked again."""
    rng = np.random.default_rng((9, seed))
    drawn = [rng.choice(CLIPS, 2, replace=False).tolist() for _ in range(PAIRS)]
    for a, b in [*drawn, *drawn[:10]]:
        margin = STRENGTH[a] - STRENGTH[b]
        chance = {"good": 1.5, "bad": 0.0, "mean": -1.5, "side": 0.0}.get(kind, 1.5) * margin
        win = float(rng.random() < 1 / (1 + np.exp(-chance)))
        if kind == "side":
            win = 1.0
        tie = kind == "ties" or rng.random() < 0.1
        p = Preference(
            f"/c{a}.wav", f"/c{b}.wav", 0.5 if tie and kind != "side" else win, rater=name,
            tie=float(tie and kind != "side"), system_a=f"s{a % 4}", system_b=f"s{b % 4}",
        )  # fmt: skip
        yield p, (0.8 if kind == "fast" else 6.0 + rng.normal())


@pytest.fixture(scope="module")
def study() -> Votes:
    rows = [row for k in range(8) for row in rater(f"good{k}", "good", k)]
    for seed, kind in enumerate(("bad", "mean", "side", "ties", "fast"), 50):
        rows += list(rater(kind, kind, seed))
    return Votes.of(rows)


def golden() -> list[Preference]:
    order = np.argsort(STRENGTH).tolist()
    return [
        Preference(f"/c{high}.wav", f"/c{low}.wav", 1.0) for low in order[:4] for high in order[-4:]
    ]


def test_planted_faults_are_found_and_honest_raters_are_not(study: Votes) -> None:
    found = report(study, golden=golden())
    flags = {one.rater: set(one.flags) for one in found.raters}
    assert "reliability overall" in flags["bad"]
    assert {"reliability overall", "golden", "agreement"} <= flags["mean"]
    assert {"side", "same"} <= flags["side"]
    assert "same" in flags["ties"]
    assert flags["fast"] == {"fast"}
    assert all(not flags[f"good{k}"] for k in range(8))
    by_name = {one.rater: one for one in found.raters}
    assert by_name["mean"].reliability["overall"][2] < 0
    assert by_name["mean"].weight == 0
    assert by_name["good0"].reliability["overall"][0] > 0.9
    assert by_name["side"].side.value == 1.0  # type: ignore[union-attr]
    assert by_name["good0"].golden.value > 0.8  # type: ignore[union-attr]
    assert by_name["good0"].votes == PAIRS + 10
    assert found.votes == 13 * (PAIRS + 10)


def test_a_dimension_has_its_own_alpha(study: Votes) -> None:
    found = report(study)
    alpha = found.alpha["overall"]
    assert set(alpha) == {"nominal", "ordinal"}
    assert 0.05 < alpha["nominal"].low < alpha["nominal"].value < 0.7  # type: ignore[operator]


def test_sides_and_order_do_not_matter(study: Votes) -> None:
    turned = [(v.preference.swapped(), v.seconds) for v in study.votes[::-1]]
    one, other = report(study, golden=golden()), report(Votes.of(turned), golden=golden())
    ours = {r.rater: r for r in one.raters}
    for theirs in other.raters:
        mine = ours[theirs.rater]
        value, theirs_value = mine.reliability["overall"][0], theirs.reliability["overall"][0]
        assert value == pytest.approx(theirs_value, abs=1e-6)
        assert mine.agreement.value == pytest.approx(theirs.agreement.value)  # type: ignore[union-attr]
        assert mine.golden == theirs.golden


def test_by_system(study: Votes) -> None:
    found = report(study, options=RaterOptions(items="system"))
    assert not found.notes
    nameless = Votes.of((Preference("/x", "/y", 1.0, rater=r), None) for r in "mn")
    assert "systems" in report(nameless, options=RaterOptions(items="system")).notes[0]


def test_repeats_and_their_own_votes_are_kept_apart() -> None:
    rows = [Preference("x", "y", w, rater="m") for w in (1.0, 1.0, 0.0)]
    rows += [Preference("y", "x", 1.0, rater="n"), Preference("x", "y", 0.5, tie=1.0, rater="o")]
    found = {one.rater: one for one in report(Votes.of((p, None) for p in rows)).raters}
    assert found["m"].consistency.value == 0.5  # type: ignore[union-attr]
    assert found["m"].consistency.count == 2  # type: ignore[union-attr]
    # m: (1, 1, 0) against n's 0 and o's tie: each answer agrees with the tie by half.
    assert found["m"].agreement.value == pytest.approx((0 + 0.5 + 0 + 0.5 + 1 + 0.5) / 6)  # type: ignore[union-attr]
    assert found["n"].consistency is None


def judged(**more: object) -> Measured:
    nothing = dict.fromkeys(("agreement", "consistency", "golden", "side", "ties", "same"))
    return Measured(**{"rater": "m", "votes": 9, "reliability": {}, "seconds": None, "weight": 1.0}
                    | nothing | more)  # fmt: skip


@pytest.mark.parametrize(
    ("measured", "flag"),
    [
        ({"reliability": {"x": (0.2, 0.0, 0.49)}}, "reliability x"),
        ({"reliability": {"x": (0.2, 0.0, 0.5)}}, None),
        ({"agreement": Share(0.5, 0.5, 0.69, 9)}, "agreement"),
        ({"agreement": Share(0.5, 0.4, 0.7, 9)}, None),  # may be as good as usual
        ({"agreement": Share(0.6, 0.51, 0.65, 9)}, None),  # better than a coin
        ({"consistency": Share(0.5, 0.5, 0.79, 9)}, "consistency"),
        ({"consistency": Share(0.5, 0.4, 0.8, 9)}, None),
        ({"consistency": Share(0.6, 0.51, 0.7, 9)}, None),
        ({"golden": Share(0.5, 0.4, 0.79, 9)}, "golden"),
        ({"golden": Share(0.5, 0.4, 0.8, 9)}, None),
        ({"side": Share(0.7, 0.51, 0.8, 9)}, "side"),
        ({"side": Share(0.3, 0.2, 0.49, 9)}, "side"),
        ({"side": Share(0.5, 0.5, 0.5, 9)}, None),
        ({"same": Share(0.95, 0.91, 1.0, 9)}, "same"),
        ({"same": Share(0.95, 0.9, 1.0, 9)}, None),
        ({"seconds": 1.9}, "fast"),
        ({"seconds": 2.0}, None),
    ],
)
def test_what_is_held_against_a_rater_is_sure(
    measured: dict[str, object], flag: str | None
) -> None:
    flags = _flags(judged(**measured), 0.7, 0.8, 6.0)
    assert list(flags) == ([] if flag is None else [flag])
    if flag == "side":
        assert ("prefers side a" in flags[flag]) == (measured["side"].value > 0.5)  # type: ignore[attr-defined]
    if flag in ("agreement", "consistency", "fast"):
        assert not _flags(judged(**measured), None, None, None), "nobody to compare with"


def test_the_order_in_a_row_of_counts_is_no_consistency() -> None:
    counts = Preference.from_votes("x", "y", (2, 2, 0), rater="m")
    one = Preference("x", "y", 1.0, rater="m")
    assert measured([counts]).consistency is None
    assert measured([one, counts, one]).consistency == measured([one, one]).consistency
    assert measured([one, counts, one]).votes == 6


def measured(rows: list[Preference]) -> Measured:
    """The one rater of some preferences."""
    (found,) = report(Votes.of((p, None) for p in rows)).raters
    return found


def test_what_is_no_single_vote_is_counted() -> None:
    rows = [
        Preference("x", "y", 1.0),
        Preference("x", "y", 0.7, rater="m"),
        Preference.from_votes("x", "y", (2, 1, 0), rater="m"),
        Preference.from_votes("x", "y", (2_000, 0, 0), rater="m"),
    ]
    found = Votes.of((p, None) for p in rows)
    assert [vote.shown for vote in found.votes] == ["a", "a", "b"]
    assert sum(found.left_out.values()) == 3
    assert len(found.preferences) == 4


def test_no_votes_at_all() -> None:
    found = report(Votes.of([]))
    assert (found.raters, found.alpha, found.agreement) == ((), {}, None)
    assert "0 votes" in render(found)
    assert weights(found) == {}


def test_weights_go_with_reliability_and_keep_the_total(study: Votes) -> None:
    found = report(study)
    by_rater = weights(found)
    kept = list(weighted(study.preferences, by_rater))
    assert len(kept) == len(study.preferences)
    assert sum(p.weight for p in kept) == pytest.approx(len(kept))
    assert by_rater["mean"] == 0
    assert by_rater["bad"] < 0.3
    assert min(by_rater[f"good{k}"] for k in range(8)) > 1


def test_weights_help_the_head(study: Votes) -> None:
    """Strengths from weighed votes lie closer to the truth than from plain ones."""
    from rewardkit.evaluate.systems import strengths

    def error(preferences: list[Preference]) -> float:
        wins = np.zeros((1, CLIPS, CLIPS))
        for p in preferences:
            a, b = int(p.a[2:-4]), int(p.b[2:-4])
            wins[0, a, b] += p.weight * p.win
            wins[0, b, a] += p.weight * (1 - p.win)
        truth = STRENGTH - STRENGTH.mean()
        return 1 - float(np.corrcoef(strengths(wins)[0], truth)[0, 1])

    plain = list(study.preferences)
    assert error(list(weighted(plain, weights(report(study))))) < error(plain)


def test_json_is_json_and_text_is_safe(study: Votes) -> None:
    rows = [(Preference("x", "y", 1.0, rater="\x1b[31m"), 1.0), *zip_votes(study)]
    found = report(Votes.of(rows), golden=golden())
    data = json.loads(json.dumps(to_json(found), allow_nan=False))
    assert {"raters", "alpha", "flagged", "left_out", "notes"} <= set(data)
    assert data["raters"][0]["flags"]
    text = render(found)
    assert "\x1b" not in text
    assert "flagged: " in text
    assert "nothing is deleted" in text


def zip_votes(votes: Votes) -> list[tuple[Preference, float | None]]:
    return [(vote.preference, vote.seconds) for vote in votes.votes]


@given(st.lists(st.sampled_from([0.0, 0.5, 1.0]), min_size=1, max_size=50))
def test_a_share_lies_in_its_interval(values: list[float]) -> None:
    found = share(values)
    assert found is not None
    assert 0 <= found.low <= found.value <= found.high <= 1
    wider = share(values, 0.999)
    assert wider is not None
    assert wider.low <= found.low
    assert wider.high >= found.high


def test_wilsons_interval_against_scipy() -> None:
    from scipy.stats import binomtest

    found = share([1.0] * 7 + [0.0] * 3, 0.9)
    wanted = binomtest(7, 10).proportion_ci(0.9, "wilson")
    assert found is not None
    assert (found.low, found.high) == pytest.approx((wanted.low, wanted.high))


def test_the_command(tmp_path: Path, study: Votes) -> None:
    path, known = tmp_path / "votes.jsonl", tmp_path / "golden.jsonl"
    write(golden(), known)
    rows = []
    for vote in study.votes:
        p = vote.preference
        answer = "tie" if p.tie else "a" if p.win else "b"
        rows.append({"audio_a": p.a, "audio_b": p.b, "preference": answer, "rater": p.rater,
                     "_seconds": vote.seconds})  # fmt: skip
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    assert len(read_votes([path]).votes) == len(study.votes)
    runner, out = CliRunner(), tmp_path / "weighed.jsonl"
    command = ["raters", str(path), "--golden", str(known)]
    done = runner.invoke(app, [*command, "-o", str(out)])
    assert done.exit_code == 0, done.output
    assert "prefers side a" in done.stdout
    assert "median response time 0.8 s" in done.stdout
    by_rater = {p.rater: p.weight / (1 if p.votes is None else sum(p.votes))
                for p in read(out, probe=None)}  # fmt: skip
    again = [json.loads(line) for line in out.read_text().splitlines()]
    assert [row["_seconds"] for row in again] == [row["_seconds"] for row in rows]
    table = runner.invoke(app, [*command, "-o", str(tmp_path / "weighed.csv")])
    assert "only .jsonl keeps _seconds" in table.stderr
    assert by_rater["mean"] == 0
    assert by_rater["good1"] > 1
    data = json.loads(runner.invoke(app, [*command, "--json"]).stdout)
    assert "side" in data["flagged"]
    for wrong in (["--items", "speaker"], ["--level", "1.5"]):
        assert runner.invoke(app, [*command, *wrong]).exit_code == 2
    path.write_text('{"audio_a": "x"}\n')
    assert runner.invoke(app, command).exit_code == 3
    with pytest.raises(PreferenceError, match="invalid"):
        read_votes([path])
