# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: Apache-2.0
"""What the pages ask the server for. Everything is JSON but the clips."""

from __future__ import annotations

import io
import secrets
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Request
from fastapi.responses import Response

from rewardkit.annotate import serving, votes
from rewardkit.annotate.bodies import NextBody, UndoBody, VoteBody
from rewardkit.annotate.errors import StudyError
from rewardkit.annotate.export import write_rows
from rewardkit.annotate.listening import Listening
from rewardkit.annotate.study import Rater, Study
from rewardkit.annotate.summary import summary

router = APIRouter(prefix="/api")


def _listening(request: Request) -> Listening:
    listening: Listening = request.app.state.listening
    return listening


def _study(request: Request) -> Study:
    return _listening(request).study


def _token(request: Request) -> str | None:
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    return token.strip() or None if scheme.lower() == "bearer" else None


def _rater(request: Request) -> Rater:
    """Whose token came with the request; on the loopback interface it may go without."""
    token = _token(request)
    nobody: str | None = request.app.state.rater
    if token is None and nobody is not None:
        return _study(request).add_rater(nobody)
    return _study(request).rater(token or "")


def _organiser(request: Request) -> None:
    token, wanted = _token(request) or "", _study(request).organiser_token
    if not secrets.compare_digest(token.encode(), wanted.encode()):
        raise StudyError("unknown_token", "this is not the organiser's link")


Asked = Annotated[Study, Depends(_study)]
Judge = Annotated[Rater, Depends(_rater)]


@router.post("/session")
def begin(study: Asked, rater: Judge) -> dict[str, Any]:
    """A page was opened: what it shows."""
    settings = study.settings
    return {
        "session": study.begin(rater),
        "study": study.id,
        "title": settings.title,
        "instructions": settings.instructions.splitlines(),
        "questions": [{"dimension": d, "text": text} for d, text in settings.questions.items()],
        "strength": settings.strength,
        "heard": settings.heard,
        "rater": rater.name,
        "consented": rater.consented,
    }


@router.post("/consent")
def consent(study: Asked, rater: Judge) -> dict[str, Any]:
    """The rater has read the first screen and begins."""
    study.consent(rater)
    return {"consented": True}


@router.post("/next")
def next_pair(
    body: NextBody, rater: Judge, listening: Annotated[Listening, Depends(_listening)]
) -> dict[str, Any]:
    """The pair in front of the rater; null when they are done."""
    shown = listening.next(rater, body.session)
    done = votes.count(listening.study, rater)
    total = done if shown is None else done + 1 + listening.remaining(rater)
    limit = listening.study.settings.per_rater
    return {
        "presentation": None if shown is None else serving.described(listening.study, shown),
        "done": done,
        "total": total if limit is None else max(done, min(total, limit)),
        "undoes": votes.last(listening.study, rater),
    }


@router.get("/clips/{presentation}/{side}")
def clip(
    presentation: str, side: Literal["a", "b"], request: Request, study: Asked, rater: Judge
) -> Response:
    """One side of a pair that was shown to this rater."""
    data = serving.clip(study, rater, presentation, side)
    return serving.ranged(data, request.headers.get("range"))


@router.post("/votes")
def vote(body: VoteBody, study: Asked, rater: Judge) -> dict[str, Any]:
    """Keep a vote; the reply is sent when it is on disk."""
    votes.record(study, rater, body.vote(), body.session)
    return {"kept": body.id}


@router.post("/undo")
def undo(body: UndoBody, study: Asked, rater: Judge) -> dict[str, Any]:
    """Take a vote back."""
    votes.undo(study, rater, body.id, body.undoes, body.session)
    return {"kept": body.id}


@router.get("/organiser", dependencies=[Depends(_organiser)])
def progress(study: Asked) -> dict[str, Any]:
    """How the study stands."""
    return {**summary(study), "links": {r.name: r.token for r in study.raters()}}


@router.get("/organiser/export", dependencies=[Depends(_organiser)])
def exported(study: Asked, everything: bool = False) -> Response:
    """The preference file, with full paths of the clips."""
    text = io.StringIO()
    write_rows(study, text, everything=everything)
    return Response(text.getvalue(), media_type="application/x-ndjson")
