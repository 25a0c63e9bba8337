# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: Apache-2.0
"""The addresses that training loops know: verl-omni's and OpenRLHF's own protocols."""

from __future__ import annotations

from typing import Any, Final

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from rewardkit.adapters import openrlhf, verl_omni
from rewardkit.errors import RewardkitError
from rewardkit.serve import requests
from rewardkit.serve.jobs import Given, Source
from rewardkit.serve.problems import Refused
from rewardkit.serve.protocol import OpenRlhfAnswer, VerlOmniAnswer
from rewardkit.serve.routes import SCORING, refusals, stored
from rewardkit.serve.service import Service
from rewardkit.serve.worker import RENDER_FAILED

_FAILURES: Final = ("worker_died", "timeout")
_RENDERED: Final = 4.0  # s; what a sound counts that is yet to be rendered


def router(service: Service) -> APIRouter:
    """The addresses."""
    routes = APIRouter()
    options = service.options

    @routes.post(
        "/verl-omni",
        response_model=VerlOmniAnswer,
        responses=refusals(*SCORING, *_FAILURES),
        openapi_extra=_body("VerlOmniRequest"),
    )
    async def score_verl_omni(request: Request) -> Response:
        """One sample in verl-omni's audio protocol, version 1."""
        asked = _understood(verl_omni.decode, await requests.json_body(request))
        samples = asked.waveform
        length = requests.length_of(len(samples), asked.sample_rate, options.limits)
        source: Source = ("sound", samples, asked.sample_rate, asked.prompt or None)
        found = await requests.measured(request, service, [(source, length)])
        reward = service.judged(service.judge, found)[0]
        return JSONResponse(_understood(verl_omni.response, service.judge, reward))

    @routes.post(
        "/openrlhf",
        response_model=OpenRlhfAnswer,
        responses=refusals(*SCORING, *_FAILURES),
        openapi_extra=_body("OpenRlhfRequest"),
    )
    async def score_openrlhf(request: Request) -> Response:
        """A batch in OpenRLHF's remote protocol: rendered, or paths under the audio root."""
        rows = _understood(openrlhf.decode, await requests.json_body(request))
        if options.render is None and options.audio_root is None:
            raise Refused("bad_option", "this server was started without --render or --audio-root")
        if len(rows) > options.request_clips:
            raise Refused("too_large", f"a request holds at most {options.request_clips} clips")
        sources: list[Given] = []
        for row in rows:
            if options.render is not None:
                sources.append((("render", row, None, None), _RENDERED))
            else:
                sources.append(await stored(request, service, row["completion"].strip(), None))
        found = await requests.measured(request, service, sources)
        if any(isinstance(m, RewardkitError) and m.code == RENDER_FAILED for m in found):
            raise Refused("internal", "the renderer raised; the server's log has what")
        rewards = service.judged(service.judge, found)
        return JSONResponse(_understood(openrlhf.response, service.judge, rewards))

    return routes


def _body(schema: str) -> dict[str, Any]:
    reference = {"$ref": f"#/components/schemas/{schema}"}
    return {
        "requestBody": {"required": True, "content": {"application/json": {"schema": reference}}}
    }


def _understood(function: Any, *arguments: Any) -> Any:
    """The adapter's result, or its failure as an answer."""
    try:
        return function(*arguments)
    except RewardkitError as error:
        raise Refused.of(error) from error
