# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: Apache-2.0
"""Label Studio's JSON export of a project with the `Pairwise` tag.

A task is `{"data": {…}, "annotations": [{"completed_by", "was_cancelled", "result": […]}]}`; a
result of the type `pairwise` holds `{"selected": "left"}` or `"right"`, for the tags that `to_name`
lists in this order. Which data these tags showed stands in the project's configuration, not in
the export: the keys are taken from `sides`, or else `to_name` is taken for them, or else the task
may have but two. With the tag's `leftChoiceValue` and `rightChoiceValue` set, `selected` holds
these; they are understood when they are the keys. JSON-MIN (`{"audio1", …, "pw", "annotator"}`)
is read as well, where but one column can be the answer.

Two answers of one annotation on the same tags belong to different questions: an error. Cancelled
annotations, and those without a choice, are counted as left out.

Sources: https://labelstud.io/guide/task_format, https://labelstud.io/tags/pairwise.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from rewardkit.preferences.importers.source import Source, name_of
from rewardkit.preferences.issues import shown
from rewardkit.preferences.record import Preference

_MIN: Final = frozenset(
    {"id", "annotator", "annotation_id", "created_at", "updated_at", "lead_time"}
)


def read(source: Source) -> Iterator[Preference]:
    """A preference for each annotation."""
    for line, task in source.rows():
        if isinstance(task.get("data"), dict):
            yield from _task(source, line, task["data"], task.get("annotations"))
        elif "annotation_id" in task:
            yield from _minimal(source, line, task)
        else:
            source.bad(line, "missing_column", "no data: is this Label Studio's JSON export?")


def _task(
    source: Source, line: int, data: Mapping[str, Any], annotations: Any
) -> Iterator[Preference]:
    if not annotations:
        source.left_out["tasks without an annotation"] += 1
        return
    for annotation in annotations if isinstance(annotations, list) else [annotations]:
        if not isinstance(annotation, dict) or not isinstance(annotation.get("result"), list):
            source.bad(line, "wrong_type", f"an annotation is {shown(annotation)}")
            continue
        if annotation.get("was_cancelled"):
            source.left_out["cancelled annotations"] += 1
            continue
        results = [one for one in annotation["result"] if isinstance(one, dict)]
        chosen = [one for one in results if one.get("type") == "pairwise"]
        if not chosen:
            source.left_out["annotations without a choice"] += 1
        if len({str(one.get("to_name")) for one in chosen}) < len(chosen):
            message = "several answers on the same two clips; give each question a file of its own"
            source.bad(line, "conflicting_columns", message)
            continue
        who = annotation.get("completed_by")
        if isinstance(who, dict):
            who = who.get("email") or who.get("id")
        for result in chosen:
            value = result.get("value")
            selected = value.get("selected") if isinstance(value, dict) else value
            named = str(result.get("to_name") or "").split(",")
            yield from _preference(source, line, data, named, selected, who)


def _minimal(source: Source, line: int, row: Mapping[str, Any]) -> Iterator[Preference]:
    """A row of JSON-MIN: the data and the answer side by side."""
    sides = source.options.sides or ()
    cells = {name: value for name, value in row.items() if name not in _MIN}
    answers = {
        name: value["selected"]
        for name, value in cells.items()
        if isinstance(value, dict) and value.get("selected")
    } or {
        name: value
        for name, value in cells.items()
        if isinstance(value, str) and value in ("left", "right", *cells) and name not in sides
    }
    if not answers:
        source.left_out["annotations without a choice"] += 1
        return
    if len(answers) > 1:
        message = f"which of {', '.join(answers)} is the answer? The JSON export tells"
        source.bad(line, "conflicting_columns", message)
        return
    data = {name: value for name, value in cells.items() if name not in answers}
    (selected,) = answers.values()
    yield from _preference(source, line, data, [], selected, row.get("annotator"))


def _preference(
    source: Source, line: int, data: Mapping[str, Any], named: list[str], selected: Any, who: Any
) -> Iterator[Preference]:
    keys = source.options.sides or (named if set(named) <= set(data) else None) or list(data)
    if len(keys) != 2 or not set(keys) <= set(data):
        message = f"which of {', '.join(data)} are the two clips? Say so by `sides`"
        source.bad(line, "missing_column", message)
        return
    wins = {keys[0]: 1.0, keys[1]: 0.0, "left": 1.0, "right": 0.0}
    if not isinstance(selected, str) or selected not in wins:
        source.bad(line, "out_of_range", f"selected is {shown(selected)}; left or right")
        return
    a, b = (source.clip(data[key], line, key) for key in keys)
    if a is not None and b is not None:
        yield from source.make(
            line, a, b, wins[selected], dimension=source.dimension("overall"), rater=name_of(who)
        )
