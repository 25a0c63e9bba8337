# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: Apache-2.0
"""Label Studio's exports, with rows that are wrong in the middle."""

from __future__ import annotations

import json
from pathlib import Path

from rewardkit.preferences.importers import ImportOptions, convert
from tests.preferences.importers.made import label_studio_task, lines, short


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


def test_label_studio_with_two_questions(tmp_path: Path) -> None:
    path = tmp_path / "project.json"
    one = label_studio_task("left")
    (first,) = one["annotations"][0]["result"]
    again = {**first, "from_name": "prosody", "value": {"selected": "right"}}
    two = label_studio_task("left", result=[first, again])
    path.write_text(json.dumps([one, two]))
    found = convert(path, "label-studio", skip_errors=True)
    assert [code for _, code in lines(found)] == ["conflicting_columns"]
    assert [short(p) for p in found.preferences] == [("one.wav", "two.wav", 1.0)]
