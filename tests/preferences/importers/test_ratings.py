# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: Apache-2.0
"""BVCC, SOMOS and other tables of ratings, with rows that are wrong in the middle."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from rewardkit.errors import PreferenceError
from rewardkit.preferences.importers import ImportOptions, convert
from tests.preferences.importers.made import lines


def test_bvcc(tmp_path: Path) -> None:
    path = tmp_path / "TRAINSET"
    tail = "VDP1ovyrBzg8_1,{}_30-39_bZPQE7w4Zl3g_Female_Valid_1_No"
    other = "VDP1ovyrBzg8_2,{}_20-29_a_Male_Valid_1_No"
    path.write_text(
        f"sys64e2f,sys64e2f-utt9c183cd.wav,4,{tail}\n"
        f"sys1b00c,sys1b00c-utt1.wav,2,{tail}\n"
        f"sys1b00c,sys1b00c-utt1.wav,7,{other}\n"
        "sys1b00c,sys1b00c-utt1.wav\n"
        f"sys1b00c,sys1b00c-utt2.wav,4,{tail}\n"
    )
    found = convert(path, "bvcc", ImportOptions(clips=tmp_path / "wav"), skip_errors=True)
    assert lines(found) == [(3, "out_of_range"), (4, "bad_csv")]
    assert len(found.preferences) == 3
    best = next(p for p in found.preferences if "utt1" in p.a + p.b and "9c183" in p.a + p.b)
    assert Path(best.a if best.win else best.b).name == "sys64e2f-utt9c183cd.wav"
    assert {best.system_a, best.system_b} == {"sys64e2f", "sys1b00c"}
    assert best.dimension == "naturalness"
    assert best.rater == tail.split(",")[1]
    assert Path(best.a).parent == tmp_path / "wav"


def test_somos(tmp_path: Path) -> None:
    short_form = tmp_path / "TRAINSET"
    short_form.write_text(
        "systemId,utteranceId,choice,listenerId\n"
        "015,novel_2007_0098_015.wav,4,KEXM49572020611127\n"
        "016,novel_2007_0098_016.wav,3,KEXM49572020611127\n"
        "016,novel_2007_0099_016.wav,x,KEXM49572020611127\n"
    )
    raw = tmp_path / "raw_scores.tsv"
    raw.write_text(
        "utteranceId\tchoice\tsentenceId\tsystemId\tmodelId\ttestpageId\tlocale\tlistenerId\n"
        "novel_2007_0098_015.wav\t4\tnovel_2007_0098\t015\tm1\t001\tus\tL1\n"
        "novel_2007_0098_016.wav\t3\tnovel_2007_0098\t016\tm1\t001\tus\tL1\n"
    )
    for path in (short_form, raw):
        found = convert(path, "somos", skip_errors=True)
        (one,) = found.preferences
        assert Path(one.a if one.win else one.b).name == "novel_2007_0098_015.wav"
        assert (one.text, one.margin, one.dimension) == ("novel_2007_0098", 1.0, "naturalness")
    assert lines(convert(short_form, "somos", skip_errors=True)) == [(4, "wrong_type")]


def test_any_table_of_ratings(tmp_path: Path) -> None:
    path = tmp_path / "r.csv.gz"
    table = "who,file,score\nw,x.wav,1\nw,y.wav,5\nw,z.wav,5\nv,x.wav,2\n,y.wav,3\n"
    path.write_bytes(gzip.compress(table.encode()))
    columns = {"clip": "file", "rating": "score", "rater": "who"}
    found = convert(path, "ratings", ImportOptions(columns=columns, circles=None), skip_errors=True)
    assert [(p.tie, p.margin) for p in found.preferences] == [(0, 4.0), (0, 4.0), (1, None)]
    assert [issue.code for issue in found.errors] == ["missing_column"]
    with pytest.raises(PreferenceError, match="no column 'clip'"):
        convert(path, "ratings")
    with pytest.raises(PreferenceError, match="unknown_column: no role 'clp'"):
        convert(path, "ratings", ImportOptions(columns={"clp": "file"}))


def test_urls_in_tables_of_ratings(tmp_path: Path) -> None:
    path = tmp_path / "r.csv"
    path.write_text(
        "clip,rating,rater\nhttps://x/a/one%201.wav,1,w\nhttps://x/a/two.wav,2,w\n"
        "https://x/b/two.wav,3,w\nhttp://[bad/1.wav,3,w\nsub/three.wav,3,w\n"
    )
    found = convert(path, "ratings", skip_errors=True)
    assert [issue.code for issue in found.errors] == ["same_clip", "wrong_type"]
    clips = {clip for p in found.preferences for clip in (p.a, p.b)}
    assert clips == {str(tmp_path / name) for name in ("one 1.wav", "two.wav", "sub/three.wav")}
