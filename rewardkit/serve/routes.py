# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: Apache-2.0
"""The server's own addresses: rewards, the model, health and metrics."""

from __future__ import annotations

import asyncio
from typing import Any, Final

from fastapi import APIRouter
from pydantic import ValidationError
from starlette.datastructures import FormData, UploadFile
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from rewardkit.errors import AudioError
from rewardkit.serve import requests
from rewardkit.serve.files import read_under
from rewardkit.serve.guard import TICKET
from rewardkit.serve.jobs import Given, Source
from rewardkit.serve.problems import SERVING_CODES, Refused
from rewardkit.serve.protocol import (
    Choice,
    Health,
    ModelAnswer,
    ProblemAnswer,
    Ready,
    ScoreAnswer,
    ScoreRequest,
    Waveform,
    complaint,
    row,
    samples_of,
)
from rewardkit.serve.service import Service
from rewardkit.version import VERSION

PAGE: Final = "text/plain; version=0.0.4; charset=utf-8"
"""Media type of Prometheus' text format."""

FORM: Final = {
    "type": "object",
    "required": ["clips"],
    "properties": {
        "clips": {
            "type": "array",
            "minItems": 1,
            "items": {"type": "string", "format": "binary"},
            "description": "Audio files: WAV, FLAC, Ogg, MP3, AIFF, AU.",
        },
        "texts": {
            "type": "array",
            "items": {"type": "string"},
            "description": "What is said in each of them; none, or one for each.",
        },
        "mode": {"type": "string", "enum": ["mean", "lcb", "min"]},
        "uncertainty": {"type": "number", "minimum": 0, "maximum": 1e6},
        "dimensions": {"type": "array", "items": {"type": "string"}},
    },
}
"""What `POST /v1/score` takes as a form."""


def refusals(*codes: str) -> dict[int | str, dict[str, Any]]:
    """The statuses of some codes, for the description of an address."""
    found: dict[int | str, dict[str, Any]] = {}
    for code in codes:
        status, meaning = SERVING_CODES[code]
        known = found.get(status, {}).get("description")
        said = f"`{code}`: {meaning}"
        found[status] = {
            "model": ProblemAnswer,
            "description": f"{known}; {said}" if known else said,
        }
    return found


DOOR: Final = ("unauthorized", "forbidden", "bad_host")
"""What every address but the probes may refuse."""

SCORING: Final = (
    *DOOR,
    *("upload_timeout", "too_large", "unsupported_media_type", "bad_request", "bad_option"),
    *("overloaded", "stopping", "not_ready"),
)
"""What every address that scores may refuse."""


def router(service: Service) -> APIRouter:
    """The addresses."""
    routes = APIRouter()
    options, limits = service.options, service.options.limits

    @routes.post(
        "/v1/score",
        response_model=ScoreAnswer,
        responses=refusals(*SCORING),
        openapi_extra={
            "requestBody": {
                "required": True,
                "content": {
                    "application/json": {"schema": {"$ref": "#/components/schemas/ScoreRequest"}},
                    "multipart/form-data": {"schema": FORM},
                },
            }
        },
    )
    async def score(request: Request) -> Response:
        """Rewards of some clips. One that has none is a row with an `error`."""
        if requests.media_type(request) == "multipart/form-data":
            choice, sources = await _form(request, service)
        else:
            choice, sources = await _json(request, service)
        judge = service.judge_of(choice.mode, choice.uncertainty)
        unknown = set(choice.dimensions or ()) - set(judge.dimensions)
        if unknown:
            raise Refused("bad_option", f"the dimensions are {', '.join(judge.dimensions)}")
        found = await requests.measured(request, service, sources)
        rewards = service.judged(judge, found)
        rows = [row(reward, choice.dimensions) for reward in rewards]
        return JSONResponse({"model": service.model.manifest.name, "rewards": rows})

    @routes.get("/v1/model", response_model=ModelAnswer, responses=refusals(*DOOR))
    async def model() -> Response:
        """The model that is served, and what one request may hold."""
        return JSONResponse(
            {
                "model": service.model.manifest.name,
                "dimensions": list(service.model.dimensions),
                "schema_digest": service.model.schema.digest,
                "rewardkit": VERSION,
                "limits": {
                    "clips": options.request_clips,
                    "seconds": options.request_seconds,
                    "body_bytes": options.body,
                    "clip_seconds": limits.max_duration,
                },
            }
        )

    @routes.get("/health/live", response_model=Health)
    async def live() -> Response:
        """The process answers."""
        return JSONResponse({"status": "live"})

    @routes.get("/health/ready", response_model=Ready, responses=refusals("not_ready", "stopping"))
    async def ready() -> Response:
        """Workers are there, and the canary clip has the reward that it had at the start."""
        if service.stopping:
            raise Refused("stopping")
        reward = await service.canary()
        return JSONResponse(
            {"status": "ready", "workers": service.pool.ready, "canary": reward.scalar}
        )

    @routes.get(
        "/metrics",
        response_class=Response,
        responses={200: {"content": {PAGE: {}}}, **refusals(*DOOR)},
    )
    async def metrics() -> Response:
        """What the server counts, for Prometheus."""
        return Response(service.metrics.page(), media_type=PAGE)

    return routes


async def _json(request: Request, service: Service) -> tuple[Choice, list[Given]]:
    """The clips of a JSON request."""
    if requests.media_type(request) != "application/json":
        raise Refused(
            "unsupported_media_type", "the body is application/json or multipart/form-data"
        )
    try:
        asked = ScoreRequest.model_validate_json(await request.body())
    except ValidationError as error:
        raise complaint(error) from error
    _check_count(len(asked.clips), service)
    limits = service.options.limits
    sources: list[Given] = []
    for clip in asked.clips:
        if isinstance(clip, Waveform):
            samples = samples_of(clip.waveform_f32_base64)
            source: Source = ("sound", samples, clip.sample_rate, clip.text)
            sources.append((source, requests.length_of(len(samples), clip.sample_rate, limits)))
        else:
            sources.append(await stored(request, service, clip.path, clip.text))
    return asked, sources


async def _form(request: Request, service: Service) -> tuple[Choice, list[Given]]:
    """The clips of a form."""
    most = service.options.request_clips
    # One more of each than may be, so that too many files are told from a broken form.
    async with request.form(max_files=most + 1, max_fields=2 * most + 8) as form:
        clips = form.getlist("clips")
        _check_count(len(clips), service)
        uploads = [clip for clip in clips if isinstance(clip, UploadFile)]
        if len(uploads) < max(len(clips), 1):
            raise Refused("bad_request", "clips: one file or more, each with a filename")
        choice = _choice(form)
        texts = _strings(form, "texts")
        if texts and len(texts) != len(uploads):
            raise Refused("bad_request", "texts: none, or one for each of the clips")
        said: list[str | None] = [*texts] if texts else [None] * len(uploads)
        return choice, [
            requests.encoded(await upload.read(), text, service.options.limits)
            for upload, text in zip(uploads, said, strict=True)
        ]


def _choice(form: FormData) -> Choice:
    """The options of a form."""
    unknown = set(form) - {"clips", "texts", *Choice.model_fields}
    if unknown:
        raise Refused("bad_request", "an unknown field")
    given: dict[str, Any] = {name: form[name] for name in ("mode", "uncertainty") if name in form}
    try:
        choice = Choice.model_validate_strings(given)
    except ValidationError as error:
        raise complaint(error) from error
    # Strings are validated without lists.
    names = _strings(form, "dimensions")
    return choice.model_copy(update={"dimensions": names}) if names else choice


def _strings(form: FormData, name: str) -> list[str]:
    """The values of a field, none of them a file."""
    values = form.getlist(name)
    if not all(isinstance(value, str) for value in values):
        raise Refused("bad_request", f"{name}: a field, not a file")
    return [str(value) for value in values]


def _check_count(clips: int, service: Service) -> None:
    """Refuse too many clips before they are decoded."""
    most = service.options.request_clips
    if clips > most:
        raise Refused("too_large", f"a request holds at most {most} clips")


async def stored(request: Request, service: Service, path: str, text: str | None) -> Given:
    """A file under the root, or why it can't be had; its bytes count as the request's own.

    Raises:
        Refused: `bad_option` when there is no root; as `Ticket.hold`.
    """
    root = service.options.audio_root
    if root is None:
        raise Refused("bad_option", "this server reads no files: it was started without a root")
    try:
        data = await asyncio.to_thread(read_under, root, path, service.options.body)
    except AudioError as error:
        return error
    request.scope[TICKET].hold(len(data))
    return requests.encoded(data, text, service.options.limits)
