# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: Apache-2.0
"""Other tools' rows, each in its exact shape."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from rewardkit.preferences import Preference
from rewardkit.preferences.importers import Imported


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


P808 = "HITId,workerid,assignment_id,assignmentstatus,file,short_file_name,vote,question_type,c\n"


def p808(folder: Path, *rows: str) -> Path:
    path = folder / "batch_votes_per_worker_.csv"
    path.write_text(P808 + "".join(row + "\n" for row in rows))
    return path


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
