# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: Apache-2.0
"""Presentations and their clips, as a rater's browser may see them."""

from __future__ import annotations

import sqlite3
from functools import lru_cache
from typing import Any, Final

from starlette.responses import Response

from rewardkit.annotate import ranges, sound
from rewardkit.annotate.errors import StudyError
from rewardkit.annotate.listening import Presentation
from rewardkit.annotate.study import Rater, Study

_KEPT: Final = 32  # clips, decoded and ready to be sent

_wav = lru_cache(_KEPT)(sound.wav)


def described(study: Study, shown: Presentation) -> dict[str, Any]:
    """All that a browser learns of a pair: random names, gains, durations, the text."""
    sides = [
        study.db.read("SELECT * FROM clip WHERE id = ?", (number,))[0]
        for number in (shown.left, shown.right)
    ]
    scales = [_scale(study, row) for row in sides]
    a, b = (
        (row["loudness"], max(row["peak"], scale)) for row, scale in zip(sides, scales, strict=True)
    )
    gains = sound.matched(a, b, study.settings.level)
    return {
        "id": shown.id,
        "text": shown.text,
        "heard": shown.heard,
        "clips": [
            {
                "url": f"/api/clips/{shown.id}/{side}",
                "gain": gain * scale,
                "duration": row["duration"],
            }
            for side, gain, scale, row in zip("ab", gains, scales, sides, strict=True)
        ],
    }


def _scale(study: Study, row: sqlite3.Row) -> float:
    """What the samples of a clip are divided by when it is sent."""
    rate = study.sample_rate
    if row["peak"] <= 1.0 and row["sample_rate"] == rate:
        return 1.0
    try:
        return _wav(row["path"], row["key"], rate)[1]
    except StudyError:  # said, and flagged, when the clip is asked for
        return 1.0


def clip(study: Study, rater: Rater, presentation: str, side: str) -> bytes:
    """The sound on one side of a presentation of this rater, as WAV; of no other clip.

    A clip that has gone or changed is flagged.

    Raises:
        StudyError: `unknown_presentation`, `missing_clip`, `changed_clip`.
    """
    row = study.db.one(
        "SELECT clip.id, path, key FROM presentation JOIN pair ON pair.id = pair JOIN clip "
        "ON clip.id = CASE (? = 'a') = (swapped = 0) WHEN 1 THEN pair.a ELSE pair.b END "
        "WHERE presentation.id = ? AND rater = ?",
        (side, presentation, rater.id),
    )
    if row is None:
        raise StudyError("unknown_presentation", "this pair was not shown to you")
    try:
        return _wav(row["path"], row["key"], study.sample_rate)[0]
    except StudyError as error:
        study.flag("clip", row["id"], error.message)
        raise


def ranged(data: bytes, header: str | None) -> Response:
    """A WAV file, or the part of it that a `Range` header asks for."""
    headers = {"Accept-Ranges": "bytes"}
    try:
        span = ranges.parse(header, len(data))
    except ranges.UnsatisfiableError:
        return Response(status_code=416, headers={"Content-Range": f"bytes */{len(data)}"})
    if span is None:
        return Response(data, media_type="audio/wav", headers=headers)
    start, stop = span
    headers["Content-Range"] = f"bytes {start}-{stop - 1}/{len(data)}"
    return Response(data[start:stop], 206, media_type="audio/wav", headers=headers)
