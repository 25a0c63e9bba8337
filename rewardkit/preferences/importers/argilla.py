# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: Apache-2.0
"""Argilla's rankings of two or more fields, as its exports hold them.

Fields `response1`, `response2`, … hold clips, and a ranking question orders them, ties allowed.
Responses stand there in one of these shapes, with `preference` for the question's name:

- Argilla 1 (`FeedbackDataset` on the hub): `"preference": [{"user_id", "status", "value":
  {"rank": [1, 2], "value": ["response1", "response2"]}}]`, or columns of such lists.
- Argilla 2 (`to_datasets`): `"preference.responses": [["response1", "response2"]]` in order, with
  `"preference.responses.users"` and `"preference.responses.status"`.
- Argilla 2 (`to_json`): `"fields": {…}` and `"responses": {"preference": [{"value", "user_id"}]}`.

A value may also be a list of `{"rank", "value"}`, or one field's name: that one is best. Only
submitted responses count; drafts and discarded ones are counted as left out. Rankings of more than
one question would all be taken for the same dimension: an error.

Sources: https://docs.argilla.io (rg.Response, RankingQuestion, import and export); the card of
https://huggingface.co/datasets/kursathalat/ranking_ds for the shape on the hub.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from itertools import combinations
from typing import Any, Final

from rewardkit.preferences.importers.source import Source, name_of, text_of
from rewardkit.preferences.issues import shown
from rewardkit.preferences.record import Preference

_Response = tuple[str, Any, Any, Any]
"""Question, user, status, value."""

_NUMBER: Final = re.compile(r"(\d+|.)$")  # or the letter that tells one field from another
_MOST: Final = 1e9  # a rank


def read(source: Source) -> Iterator[Preference]:
    """A preference for each two ranked fields of each submitted response."""
    for line, row in source.rows():
        fields = row["fields"] if isinstance(row.get("fields"), dict) else row
        try:
            responses = list(_responses(row))
        except ValueError as error:
            source.bad(line, "wrong_type", str(error))
            continue
        if not responses:
            source.left_out["records without a response"] += 1
        ranked = [question for question, _, _, value in responses if _ranks(value, fields)]
        if len(set(ranked)) > 1:
            both = ", ".join(dict.fromkeys(ranked))
            message = f"rankings of several questions: {both}; give each a file of its own"
            source.bad(line, "conflicting_columns", message)
            continue
        for question, user, status, value in responses:
            if status not in (None, "submitted"):
                source.left_out[f"responses that are {status}"] += 1
                continue
            ranks = _ranks(value, fields)
            unknown = [name for name in ranks or {} if name not in fields]
            if not ranks or len(ranks) < 2 or unknown:
                message = f"{question} is {shown(value)}; a ranking of fields is needed"
                source.bad(line, "wrong_type", message)
                continue
            clips = {name: source.clip(fields[name], line, name) for name in ranks}
            for (one, clip), (other, against) in combinations(clips.items(), 2):
                if clip is None or against is None:
                    continue
                better = ranks[other] - ranks[one]
                yield from source.make(
                    line, clip, against, 0.5 + (better > 0) / 2 - (better < 0) / 2,
                    dimension=source.dimension("overall"), rater=name_of(user),
                    text=text_of(fields.get("prompt")), side_known=True,
                )  # fmt: skip


def _responses(row: Mapping[str, Any]) -> Iterator[_Response]:
    """All responses of a record, whichever shape they have."""
    nested = row.get("responses")
    if isinstance(nested, dict):
        for question, answers in nested.items():
            yield from _listed(question, answers)
    for name, value in row.items():
        if name.endswith(".responses") and isinstance(value, list):
            users = _column(row, f"{name}.users", len(value))
            states = _column(row, f"{name}.status", len(value))
            for user, state, answer in zip(users, states, value, strict=True):
                yield name.removesuffix(".responses"), user, state, answer
        elif name not in ("responses", "fields"):
            yield from _listed(name, value)


def _listed(question: str, answers: Any) -> Iterator[_Response]:
    if isinstance(answers, dict) and {"user_id", "value"} <= set(answers):  # columns of lists
        count = len(answers["value"]) if isinstance(answers["value"], list) else 0
        columns = [_column(answers, name, count) for name in ("user_id", "status", "value")]
        yield from ((question, *one) for one in zip(*columns, strict=True))
    elif isinstance(answers, list):
        for answer in answers:
            if isinstance(answer, dict) and "value" in answer and "rank" not in answer:
                yield question, answer.get("user_id"), answer.get("status"), answer["value"]


def _column(row: Mapping[str, Any], name: str, count: int) -> list[Any]:
    """A list of as many entries; of Nones when it is absent.

    Raises:
        ValueError: When it is something else.
    """
    value = row.get(name)
    if value is None:
        return [None] * count
    if not isinstance(value, list) or len(value) != count:
        raise ValueError(f"{name} is {shown(value)}; a list of {count} is needed")
    return value


def _ranks(value: Any, fields: Mapping[str, Any]) -> dict[str, float] | None:
    """Rank by field, 1 for the best; None when the value is no ranking."""
    if isinstance(value, str) and value in fields:
        stem = _NUMBER.sub("", value)
        others = [name for name in fields if name != value and _NUMBER.sub("", name) == stem]
        return {value: 1.0, **dict.fromkeys(others, 2.0)}
    if isinstance(value, dict) and isinstance(value.get("value"), list):
        names, ranks_of = value["value"], value.get("rank")
        if not isinstance(ranks_of, list) or len(ranks_of) != len(names):
            return None
        both = zip(names, ranks_of, strict=True)
        value = [{"value": name, "rank": rank} for name, rank in both]
    if not isinstance(value, list):
        return None
    ranks: dict[str, float] = {}
    for place, one in enumerate(value, 1):
        name, rank = (one.get("value"), one.get("rank")) if isinstance(one, dict) else (one, place)
        if not isinstance(name, str) or not isinstance(rank, (int, float)):
            return None
        if not abs(rank) <= _MOST:  # NaN neither
            return None
        ranks[name] = float(rank)
    return ranks
