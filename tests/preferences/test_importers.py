# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: Apache-2.0
"""Other tools' files, each in its exact shape, with rows that are wrong in the middle."""

from __future__ import annotations

import gzip
import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from rewardkit.cli import app
from rewardkit.errors import PreferenceError
from rewardkit.preferences import Preference, read, write
from rewardkit.preferences.importers import FORMATS, Imported, ImportOptions, convert
from rewardkit.preferences.importers.source import Source


def jsonl(folder: Path, *rows: Any, name: str = "rows.jsonl") -> Path:
    path = folder / name
    path.write_text("".join((r if isinstance(r, str) else json.dumps(r)) + "\n" for r in rows))
    return path


def lines(found: Imported) -> list[tuple[int | None, str]]:
    return [(issue.line, issue.code) for issue in found.errors]


def short(p: Preference) -> tuple[str, str, float]:
    return Path(p.a).name, Path(p.b).name, p.win


SPEECHJUDGE = {
    "index": 7,
    "subset": "regular",
    "language_setting": "en2zh",
    "chosen": True,
    "prompt": {"path": "prompt.wav", "bytes": None},
    "prompt_text": "hello",
    "target_text": "你好",
    "audioA": {"path": "7_a.wav", "bytes": None},
    "audioB": {"path": "7_b.wav", "bytes": None},
    "rater": ["rater01", "rater05", "rater06"],
    "audioA_text_accuracy": [1, 1, 0],
    "audioB_text_accuracy": [0, 1, 1],
    "naturalness_annotation": ["A+2", "B+1", "Tie (both very good)"],
    "naturalness_label": "A",
    "gemini-2.5-flash": "",
}


def test_speechjudge(tmp_path: Path) -> None:
    path = jsonl(
        tmp_path,
        SPEECHJUDGE,
        {**SPEECHJUDGE, "naturalness_annotation": ["A+2", "C+1", "B+2"]},
        {**SPEECHJUDGE, "rater": ["rater01"]},
        {**SPEECHJUDGE, "audioA": {"path": None, "bytes": "UklGRg=="}},
        {"audioA": "x.wav", "audioB": "y.wav", "naturalness_label": "Tie"},
        {"audioA": "x.wav", "audioB": "y.wav", "naturalness_label": "?"},
        '{"audioA": ',
    )
    found = convert(path, "speechjudge", skip_errors=True)
    assert lines(found) == [
        (2, "out_of_range"), (3, "wrong_type"), (4, "missing_column"), (6, "out_of_range"),
        (7, "bad_json"),
    ]  # fmt: skip
    first = found.preferences[:6]
    assert [(p.dimension, p.rater, p.win, p.strength) for p in first] == [
        ("naturalness", "rater01", 1.0, 2.0),
        ("naturalness", "rater05", 0.0, 1.0),
        ("naturalness", "rater06", 0.5, None),
        ("intelligibility", "rater01", 1.0, None),
        ("intelligibility", "rater05", 0.5, None),
        ("intelligibility", "rater06", 0.0, None),
    ]
    assert {(p.text, p.language, p.line) for p in first} == {("你好", "zh", 1)}
    assert first[0].a == str(tmp_path / "7_a.wav")
    assert "embedded" in [issue.message for issue in found.errors][2]
    assert short(found.preferences[-1]) == ("x.wav", "y.wav", 0.5)
    assert len(found.preferences) == 6 + 5 + 1


def test_speechjudge_intelligibility_alone(tmp_path: Path) -> None:
    both = {**SPEECHJUDGE, "naturalness_annotation": None}
    path = jsonl(
        tmp_path,
        both,
        {**both, "naturalness_label": None},
        {**both, "naturalness_label": None, "rater": None},
        {**both, "naturalness_label": ["A"]},
    )
    found = convert(path, "speechjudge", skip_errors=True)
    assert lines(found) == [(4, "out_of_range")]
    counted = Counter((p.line, p.dimension) for p in found.preferences)
    assert counted == {(1, "naturalness"): 1, **{(n, "intelligibility"): 3 for n in (1, 2, 3, 4)}}
    assert {p.rater for p in found.preferences if p.line == 3} == {None}


P808 = "HITId,workerid,assignment_id,assignmentstatus,file,short_file_name,vote,question_type,c\n"


def p808(folder: Path, *rows: str) -> Path:
    path = folder / "batch_votes_per_worker_.csv"
    path.write_text(P808 + "".join(row + "\n" for row in rows))
    return path


def test_p808_acr(tmp_path: Path) -> None:
    site = "https://x.blob.core.windows.net/set"
    path = p808(
        tmp_path,
        f"H1,W1,A1,Approved,{site}/c01/s%201.wav,s 1.wav,5,MOS,c01",
        f"H1,W1,A1,Approved,{site}/c02/s2.wav,s2.wav,2,MOS,c02",
        f"H1,W1,A1,Approved,{site}/c03/s3.wav,s3.wav,2,MOS,c03",
        f"H2,W2,A2,Approved,{site}/c01/s1.wav,s1.wav,six,MOS,c01",
        f"H2,W2,A2,Approved,{site}/c02/s2.wav,s2.wav,6,MOS,c02",
        f"H2,,A2,Approved,{site}/c03/s3.wav,s3.wav,3,MOS,c03",
        f"H2,W2,A2,Approved,{site}/c03/s3.wav,s3.wav,3,MOS_SIG,c03",
        f"H2,W2,A2,Approved,{site}/c02/s2.wav,s2.wav,4,MOS_SIG,c02",
        "H2,W2",
    )
    clips = tmp_path / "wav"
    found = convert(path, "p808", ImportOptions(clips=clips), skip_errors=True)
    assert lines(found) == [
        (5, "wrong_type"), (6, "out_of_range"), (7, "missing_column"), (10, "bad_csv"),
    ]  # fmt: skip
    by_pair = {frozenset(short(p)[:2]): p for p in found.preferences}
    best = by_pair[frozenset({"s 1.wav", "s2.wav"})]
    assert Path(best.a if best.win else best.b) == clips / "s 1.wav"
    assert (best.margin, best.rater, best.dimension) == (3.0, "W1", "quality")
    assert {best.system_a, best.system_b} == {"c01", "c02"}
    assert sorted((p.rater, p.dimension, p.tie) for p in found.preferences) == [
        ("W1", "quality", 0.0), ("W1", "quality", 0.0), ("W1", "quality", 1.0), ("W2", "sig", 0.0)
    ]  # fmt: skip


def test_two_urls_of_one_name_are_no_clip(tmp_path: Path) -> None:
    site = "https://x.blob.core.windows.net"
    path = p808(
        tmp_path,
        f"H1,W1,A1,Approved,{site}/enhanced/clip01.wav,clip01.wav,5,MOS,c01",
        f"H1,W1,A1,Approved,{site}/noisy/clip01.wav,clip01.wav,1,MOS,c02",
        f"H1,W1,A1,Approved,{site}/noisy/clip02.wav,clip02.wav,3,MOS,c02",
        f"H2,W2,A1,Approved,{site}/enhanced/clip01.wav,clip01.wav,4,MOS,c01",
    )
    found = convert(path, "p808", skip_errors=True)
    assert lines(found) == [(3, "same_clip")]
    assert [frozenset(short(p)[:2]) for p in found.preferences] == [{"clip01.wav", "clip02.wav"}]
    references = tmp_path / "rating_clips_ccr.csv"
    references.write_text(f"rating_clips,references\n{site}/noisy/a.wav,{site}/clean/a.wav\n")
    with pytest.raises(PreferenceError, match=r"would both be 'a\.wav'"):
        convert(path, "p808", ImportOptions(references=references))


def test_p808_ccr(tmp_path: Path) -> None:
    """A positive vote: the processed clip is better; the page has turned the sign before."""
    references = tmp_path / "rating_clips_ccr.csv"
    references.write_text("rating_clips,references\nhttps://x/p1.wav,https://x/r1.wav\n"
                          "https://x/p2.wav,https://x/r2.wav\n")  # fmt: skip
    path = p808(
        tmp_path,
        "H1,W1,A1,Approved,https://x/p1.wav,p1.wav,-2,CMOS,",
        "H1,W1,A1,Approved,https://x/p2.wav,p2.wav,3,CMOS,",
        "H1,W2,A1,Approved,https://x/p2.wav,p2.wav,0,CMOS,",
        "H1,W2,A1,Approved,https://x/p9.wav,p9.wav,1,CMOS,",
        "H1,W2,A1,Approved,https://x/p1.wav,p1.wav,-4,CMOS,",
    )
    found = convert(path, "p808", ImportOptions(references=references), skip_errors=True)
    assert [(*short(p), p.strength, p.rater) for p in found.preferences] == [
        ("p1.wav", "r1.wav", 0.0, 2.0, "W1"),
        ("p2.wav", "r2.wav", 1.0, 3.0, "W1"),
        ("p2.wav", "r2.wav", 0.5, None, "W2"),
    ]
    assert lines(found) == [(5, "missing_clip"), (6, "out_of_range")]
    with pytest.raises(PreferenceError, match="rating_clips file"):
        convert(path, "p808")


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


HELPSTEER = {
    "domain": "general",
    "language": "english",
    "context": [{"role": "user", "content": "say it"}],
    "response1": "one.wav",
    "response2": "two.wav",
    "overall_preference": -1,
    "individual_preference": [
        {"score": -2, "reasoning": "…", "feedback_1": "…", "feedback_2": "…"},
        {"score": 0, "reasoning": "…", "feedback_1": "…", "feedback_2": "…"},
        {"score": 1, "reasoning": "…", "feedback_1": "…", "feedback_2": "…"},
    ],
}


def test_helpsteer3(tmp_path: Path) -> None:
    path = tmp_path / "train.jsonl.gz"
    rows = [
        HELPSTEER,
        {**HELPSTEER, "individual_preference": []},
        {**HELPSTEER, "individual_preference": [{"score": 4}, {"score": None}]},
        {**HELPSTEER, "response2": "one.wav"},
        {**HELPSTEER, "response1": None},
    ]
    path.write_bytes(gzip.compress("".join(json.dumps(r) + "\n" for r in rows).encode()))
    found = convert(path, "helpsteer3", skip_errors=True)
    assert [(*short(p), p.strength) for p in found.preferences] == [
        ("one.wav", "two.wav", 1.0, 2.0),
        ("one.wav", "two.wav", 0.5, None),
        ("one.wav", "two.wav", 0.0, 1.0),
        ("one.wav", "two.wav", 1.0, 1.0),
    ]
    assert lines(found) == [
        (3, "out_of_range"), (3, "wrong_type"), (4, "same_clip"), (4, "same_clip"),
        (4, "same_clip"), (5, "missing_column"),
    ]  # fmt: skip


def said(path: str) -> list[dict[str, Any]]:
    return [
        {"role": "user", "content": "Read this."},
        {"role": "assistant", "content": [{"type": "text", "text": "here"},
                                          {"type": "audio", "audio": path}]},
    ]  # fmt: skip


def test_trl(tmp_path: Path) -> None:
    path = jsonl(
        tmp_path,
        {"prompt": "Hello.", "chosen": "g.wav", "rejected": "b.wav"},
        {"chosen": said("g.wav"), "rejected": said("b.wav"), "margin": 1.5},
        {"prompt": [{"role": "user", "content": "Hi."}], "chosen": said("g.wav"),
         "rejected": said("b.wav"), "score_chosen": 7.5, "score_rejected": 5},
        {"chosen": "g.wav", "rejected": "b.wav", "score_chosen": 1, "score_rejected": 5},
        {"chosen": "g.wav"},
        {"chosen": [{"role": "user", "content": "x"}], "rejected": "b.wav"},
        {"chosen": "g.wav", "rejected": 3},
    )  # fmt: skip
    found = convert(path, "trl", skip_errors=True)
    assert [(*short(p), p.margin, p.text, p.side_known) for p in found.preferences] == [
        ("g.wav", "b.wav", 1.0, None, "Hello.", False),
        ("g.wav", "b.wav", 1.0, 1.5, None, False),
        ("g.wav", "b.wav", 1.0, 2.5, "Hi.", False),
    ]
    assert lines(found) == [
        (4, "out_of_range"), (5, "missing_column"), (6, "missing_column"), (7, "wrong_type"),
    ]  # fmt: skip


ARGILLA1 = {
    "prompt": "Hello.",
    "response1": "one.wav",
    "response2": "two.wav",
    "preference": [
        {"user_id": "u1", "value": {"rank": [2, 1], "value": ["response1", "response2"]},
         "status": "submitted"},
        {"user_id": "u2", "value": {"rank": [1, 1], "value": ["response1", "response2"]},
         "status": "submitted"},
        {"user_id": "u3", "value": None, "status": "discarded"},
    ],
    "preference-suggestion": {"rank": [1, 2], "value": ["response1", "response2"]},
    "external_id": None,
    "metadata": "{}",
}  # fmt: skip
ARGILLA2 = {
    "id": "82be83a5", "status": "completed", "_server_id": "e0ba", "prompt": "Hello.",
    "response1": "one.wav", "response2": "two.wav", "response3": "three.wav",
    "rank.responses": [["response3", "response1", "response2"]],
    "rank.responses.users": ["59f7"], "rank.responses.status": ["submitted"],
    "rank.suggestion": None,
}  # fmt: skip
ARGILLA2_JSON = {
    "id": "1",
    "fields": {"response1": "one.wav", "response2": "two.wav"},
    "metadata": {},
    "suggestions": {},
    "responses": {"best": [{"value": "response2", "user_id": "59f7"}]},
    "vectors": {},
}


def test_argilla(tmp_path: Path) -> None:
    columns = {name: [] for name in ("user_id", "value", "status")}  # type: ignore[var-annotated]
    for answer in ARGILLA1["preference"]:  # type: ignore[union-attr]
        for name, values in columns.items():
            values.append(answer[name])  # type: ignore[index]
    path = jsonl(
        tmp_path,
        ARGILLA1,
        {**ARGILLA1, "preference": columns},
        ARGILLA2,
        ARGILLA2_JSON,
        {**ARGILLA2, "rank.responses": [["response9", "response1"]]},
        {**ARGILLA2, "rank.responses": [], "rank.responses.users": [], "rank.responses.status": []},
        {**ARGILLA1, "response2": ""},
    )
    found = convert(path, "argilla", skip_errors=True)
    got = [(*short(p), p.rater) for p in found.preferences]
    first = [("one.wav", "two.wav", 0.0, "u1"), ("one.wav", "two.wav", 0.5, "u2")]
    assert got == [
        *first, *first,
        ("three.wav", "one.wav", 1.0, "59f7"), ("three.wav", "two.wav", 1.0, "59f7"),
        ("one.wav", "two.wav", 1.0, "59f7"), ("two.wav", "one.wav", 1.0, "59f7"),
    ]  # fmt: skip
    assert lines(found) == [(5, "wrong_type"), (7, "missing_column"), (7, "missing_column")]
    assert found.left_out == {"responses that are discarded": 3, "records without a response": 1}
    assert found.preferences[0].text == "Hello."


def test_argilla_with_more_than_nine_fields(tmp_path: Path) -> None:
    fields = {f"response{number}": f"{number}.wav" for number in range(1, 12)}
    best = {"fields": {"prompt": "x", **fields}, "responses": {"q": [{"value": "response10"}]}}
    letters = {"fields": {"clip_a": "a.wav", "clip_b": "b.wav"},
               "responses": {"q": [{"value": "clip_b"}]}}  # fmt: skip
    found = convert(jsonl(tmp_path, best, letters), "argilla")
    of_ten = [p for p in found.preferences if "10.wav" in short(p)]
    assert len(of_ten) == 10
    assert all(p.win == (Path(p.a).name == "10.wav") for p in of_ten)
    assert len(found.preferences) == 55 + 1
    assert short(found.preferences[-1]) == ("b.wav", "a.wav", 1.0)


@pytest.mark.parametrize("rank", ["NaN", "Infinity", "1" + "0" * 400])
def test_argilla_ranks_that_are_none(tmp_path: Path, rank: str) -> None:
    row = json.dumps({**ARGILLA1, "preference": [{"value": {"rank": [1, 7], "value": [
        "response1", "response2"]}}]}).replace("7", rank)  # fmt: skip
    with pytest.raises(PreferenceError, match="a ranking of fields is needed"):
        convert(jsonl(tmp_path, row), "argilla")


def label_studio_task(selected: str | None, **annotation: Any) -> dict[str, Any]:
    result = {"from_name": "pw", "id": "Dx_aB91ISN", "to_name": "audio1,audio2",
              "type": "pairwise", "value": {"selected": selected}}  # fmt: skip
    return {
        "id": 1,
        "created_at": "2021-03-09T21:52:49.513742Z",
        "updated_at": "2021-03-09T22:16:08.746926Z",
        "project": 83,
        "data": {"audio1": "/data/upload/83/one.wav", "audio2": "https://x/two.wav", "text": "hi"},
        "annotations": [
            {
                "id": 1001, "completed_by": 10, "was_cancelled": False, "ground_truth": False,
                "lead_time": 4.288, "result_count": 1, "task": 1,
                "result": [] if selected is None else [result], **annotation,
            }
        ],
        "predictions": [],
    }  # fmt: skip


def test_label_studio(tmp_path: Path) -> None:
    path = tmp_path / "project-83.json"
    tasks = [
        label_studio_task("left"),
        label_studio_task("right", completed_by={"id": 4, "email": "a@b.org"}),
        label_studio_task("right", was_cancelled=True),
        label_studio_task(None),
        label_studio_task("both"),
        {**label_studio_task("left"), "annotations": []},
        {**label_studio_task("left"), "data": {"x": 1, "y": 2, "z": 3}},
        label_studio_task("audio2"),
        {"id": 3},
        7,
    ]
    path.write_text("[\n" + ",\n".join(map(json.dumps, tasks)) + "\n]\n")
    found = convert(path, "label-studio", skip_errors=True)
    assert [(*short(p), p.rater) for p in found.preferences] == [
        ("one.wav", "two.wav", 1.0, "10"),
        ("one.wav", "two.wav", 0.0, "a@b.org"),
        ("one.wav", "two.wav", 0.0, "10"),
    ]
    assert lines(found) == [
        (6, "out_of_range"), (8, "missing_column"), (10, "missing_column"), (11, "wrong_type"),
    ]  # fmt: skip
    assert found.left_out == {
        "cancelled annotations": 1,
        "annotations without a choice": 1,
        "tasks without an annotation": 1,
    }
    assert found.preferences[0].a == "/data/upload/83/one.wav"
    assert found.preferences[0].b == str(tmp_path / "two.wav")
    swapped = convert(
        path, "label-studio", ImportOptions(sides=("audio2", "audio1")), skip_errors=True
    )
    assert short(swapped.preferences[0]) == ("two.wav", "one.wav", 1.0)


def test_label_studio_min(tmp_path: Path) -> None:
    path = tmp_path / "min.json"
    row = {"audio1": "one.wav", "audio2": "two.wav", "id": 5, "pw": {"selected": "right"},
           "annotator": 1, "annotation_id": 7, "lead_time": 3.1}  # fmt: skip
    path.write_text(json.dumps([row, {**row, "pw": "left"}, {k: row[k] for k in row if k != "pw"}]))
    found = convert(path, "label-studio")
    assert [(*short(p), p.rater) for p in found.preferences] == [
        ("one.wav", "two.wav", 0.0, "1"), ("one.wav", "two.wav", 1.0, "1")
    ]  # fmt: skip
    assert found.left_out == {"annotations without a choice": 1}
    more = [
        {**row, "pw": "audio2"},  # with choice values set
        {**row, "channel": "left"},  # the answer is what was selected
        {**row, "channel": "left", "pw": "right"},  # which is it?
        {**row, "pw": {"selected": "both"}},
    ]
    path.write_text(json.dumps(more))
    options = ImportOptions(sides=("audio1", "audio2"))
    found = convert(path, "label-studio", options, skip_errors=True)
    assert [short(p) for p in found.preferences] == [("one.wav", "two.wav", 0.0)] * 2
    assert [code for _, code in lines(found)] == ["conflicting_columns", "out_of_range"]
    assert not found.left_out


@pytest.mark.parametrize(
    ("content", "code"),
    [
        ("[{}, {", "bad_json"),
        ("{}", "bad_json"),
        ('[{"data": {}}', "bad_json"),
        ("[" * 100_000, "bad_json"),
        (b"\xff\xfe", "bad_encoding"),
        ("[]", "empty"),
    ],
)
def test_arrays_that_are_none(tmp_path: Path, content: str | bytes, code: str) -> None:
    path = tmp_path / "x.json"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(PreferenceError, match=code):
        convert(path, "label-studio")


@pytest.mark.parametrize("format_", sorted(FORMATS))
def test_hostile_rows_are_errors_and_never_exceptions(tmp_path: Path, format_: str) -> None:
    values: list[Any] = [None, [], {}, "", 0, -1, True, "x", [[]], [{}], {"a": 1}, [None], 1e400]
    names = {*SPEECHJUDGE, *HELPSTEER, *ARGILLA1, *ARGILLA2, *ARGILLA2_JSON, "data", "annotations",
             "chosen", "rejected", "margin", "workerid", "vote", "file",
             "annotation_id"}  # fmt: skip
    whole = [SPEECHJUDGE, HELPSTEER, ARGILLA1, ARGILLA2, ARGILLA2_JSON, label_studio_task("left")]
    rows = [{**row, name: value} for row in whole for name in sorted(names) for value in values]
    path = jsonl(tmp_path, *rows)
    try:
        convert(path, format_, skip_errors=True)
    except PreferenceError as error:
        assert error.code in ("invalid", "unknown_format")


@pytest.mark.parametrize(
    ("name", "format_", "row"),
    [
        ("rows.jsonl.gz", "trl", '{{"chosen": "{0}.wav", "rejected": "x{0}.wav"}}\n'),
        ("rows.json.gz", "label-studio", '[{{"id": {0}}},\n'),
        ("rows.csv.gz", "p808", "workerid,file,{0}\n"),
        ("rows.csv.gz", "ratings", "clip,rating,rater\na{0}.wav,3,anna\n"),
    ],
)
def test_broken_gzip(tmp_path: Path, name: str, format_: str, row: str) -> None:
    path = tmp_path / name
    text = "".join(map(row.format, range(999))).encode()
    whole = gzip.compress(text)
    for content in (whole[:-20], text, whole[:20] + b"\xff" * 40):
        path.write_bytes(content)
        source = Source(path, ImportOptions())
        list(FORMATS[format_](source))
        assert source.issues.counts["bad_gzip"] == 1
    with pytest.raises(PreferenceError, match="invalid"):
        convert(path, format_)


def test_values_beyond_all_bounds(tmp_path: Path) -> None:
    deep: Any = "x.wav"
    for _ in range(300):
        deep = {"path": deep}
    row = json.dumps({"chosen": deep, "rejected": "y.wav"})
    # Deeper than what the JSON decoder of every version takes.
    deeper = row.replace('"x.wav"', '{"path": ' * 3000 + '"x.wav"' + "}" * 3000)
    huge = json.dumps({"chosen": "x.wav", "rejected": "y.wav", "margin": 10**400})
    url = json.dumps({"chosen": "http://[bad/1.wav", "rejected": "y.wav"})
    found = convert(jsonl(tmp_path, row, deeper, huge, url), "trl", skip_errors=True)
    assert short(found.preferences[0]) == ("x.wav", "y.wav", 1.0)
    assert {(3, "out_of_range"), (4, "wrong_type")} <= set(lines(found))
    table = {"workerid": "w", "file": "x.wav", "vote": 10**400}
    with pytest.raises(PreferenceError, match="invalid"):
        convert(jsonl(tmp_path, table), "p808")


def test_parquet_rows(tmp_path: Path) -> None:
    import pyarrow as pa
    from pyarrow import parquet

    path = tmp_path / "train.parquet"
    parquet.write_table(pa.Table.from_pylist([SPEECHJUDGE, SPEECHJUDGE]), path)
    found = convert(path, "speechjudge")
    assert len(found.preferences) == 12
    assert found.preferences[-1].line == 2
    path.write_bytes(b"PAR1")
    with pytest.raises(PreferenceError, match="bad_parquet"):
        convert(path, "speechjudge")


def test_what_is_no_source(tmp_path: Path) -> None:
    with pytest.raises(PreferenceError, match="did you mean 'argilla'"):
        convert(tmp_path / "x.jsonl", "argila")
    with pytest.raises(PreferenceError, match="not_a_file"):
        convert(tmp_path / "x.jsonl", "trl")
    (tmp_path / "x.xml").write_text("<x/>")
    with pytest.raises(PreferenceError, match="unknown_format"):
        convert(tmp_path / "x.xml", "trl")


@pytest.mark.parametrize("ending", [".jsonl", ".csv", ".parquet"])
def test_what_was_imported_can_be_written_and_read(tmp_path: Path, ending: str) -> None:
    found = convert(jsonl(tmp_path, SPEECHJUDGE), "speechjudge")
    write(found.preferences, tmp_path / f"prefs{ending}")
    assert tuple(read(tmp_path / f"prefs{ending}", probe=None)) == found.preferences


def test_the_command(tmp_path: Path) -> None:
    path = jsonl(tmp_path, {"chosen": "g.wav", "rejected": "b.wav"}, {"chosen": "g.wav"})
    out = tmp_path / "prefs.jsonl"
    runner = CliRunner()
    refused = runner.invoke(app, ["convert", str(path), "--from", "trl", "-o", str(out)])
    assert refused.exit_code == 3
    assert "rows.jsonl:2: missing_column no rejected" in refused.output
    assert not out.exists()
    command = ["convert", str(path), "--from", "trl", "-o", str(out), "--skip-errors"]
    done = runner.invoke(app, command)
    assert done.exit_code == 1
    assert "1 preferences; left out: 1 errors" in done.output
    assert json.loads(out.read_text()) == {"chosen": "g.wav", "rejected": "b.wav"}
    for wrong in (["--sides", "one"], ["--column", "clip"]):
        assert runner.invoke(app, [*command, *wrong]).exit_code == 2
