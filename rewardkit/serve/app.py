# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: Apache-2.0
"""`create_app`: the ASGI application, for uvicorn and for tests."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from pydantic.json_schema import models_json_schema
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from rewardkit.serve import loops, routes
from rewardkit.serve.guard import Guard
from rewardkit.serve.problems import Refused
from rewardkit.serve.protocol import OpenRlhfRequest, ScoreRequest, VerlOmniRequest
from rewardkit.serve.service import Service
from rewardkit.version import VERSION


def create_app(service: Service) -> FastAPI:
    """The application; its workers run from its startup to its shutdown.

    Args:
        service: What it serves.
    """

    @contextlib.asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        await service.pool.open()
        try:
            yield
        finally:
            await service.pool.close()

    # No pages of documentation: they would load scripts from elsewhere.
    app = FastAPI(
        title="rewardkit", version=VERSION, docs_url=None, redoc_url=None, lifespan=lifespan
    )
    addresses = set()
    for router in (routes.router(service), loops.router(service)):
        app.include_router(router)
        addresses |= {getattr(route, "path", "") for route in router.routes}
    app.add_middleware(Guard, service=service, addresses=addresses)
    app.add_exception_handler(Refused, _refused)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(ClientDisconnect, _gone)
    app.add_exception_handler(Exception, _fault)
    app.openapi = lambda: _described(app)  # type: ignore[method-assign]  # FastAPI's way
    return app


async def _refused(_: Request, refused: Exception) -> Response:
    assert isinstance(refused, Refused)  # noqa: S101
    return refused.response()


async def _http(_: Request, error: Exception) -> Response:
    """What Starlette refuses: no such address, another method, a broken form."""
    status = getattr(error, "status_code", 500)
    code, message = {
        404: ("not_found", ""),
        405: ("method_not_allowed", ""),
    }.get(status, ("bad_request", "the form can't be read"))
    if "Too many" in str(getattr(error, "detail", "")):
        code, message = "too_large", "the form has too many parts"
    answer = Refused(code, message).response()
    answer.headers.update(getattr(error, "headers", None) or {})
    return answer


async def _gone(_: Request, __: Exception) -> Response:
    return Response(status_code=499)  # nobody reads it


async def _fault(_: Request, __: Exception) -> Response:
    """A fault of ours; Starlette raises it again after this answer, so that it is logged."""
    return Refused("internal").response()


def _described(app: FastAPI) -> dict[str, Any]:
    """The OpenAPI description, with the bodies that are read by hand."""
    if app.openapi_schema is None:
        described = get_openapi(
            title=app.title, version=app.version, routes=app.routes, description=__doc__
        )
        models = (ScoreRequest, VerlOmniRequest, OpenRlhfRequest)
        _, bodies = models_json_schema(
            [(model, "validation") for model in models],
            ref_template="#/components/schemas/{model}",
        )
        described.setdefault("components", {}).setdefault("schemas", {}).update(bodies["$defs"])
        app.openapi_schema = described
    return app.openapi_schema
