# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: Apache-2.0
"""The web application: two pages, what they ask for, and who may ask.

A rater's browser learns nothing about a pair but its random name, the two sounds, their gains and
durations, and the text that is spoken.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import HTMLResponse, JSONResponse
from fastapi.staticfiles import StaticFiles

from rewardkit.annotate.errors import StudyError
from rewardkit.annotate.guard import LOOPBACK, Guard
from rewardkit.annotate.listening import Listening
from rewardkit.annotate.routes import router

PAGE: Final = Path(__file__).parent / "page"
"""The folder of the static page."""


@dataclass(frozen=True)
class Site:
    """Where a study is served.

    Args:
        rater: Who judges when a request has no token; None where everybody needs one.
        hosts: Names of the server.
        addresses: Whether any IP address is one of them.
    """

    rater: str | None = None
    hosts: Collection[str] = LOOPBACK
    addresses: bool = False


def create_app(listening: Listening, site: Site | None = None) -> FastAPI:
    """The application of a study.

    Args:
        listening: The study, and what chooses its pairs.
        site: Where it is served; None for the loopback interface, with a token for everybody.
    """
    site = site or Site()
    app = FastAPI(title="rewardkit annotate", docs_url=None, redoc_url=None, openapi_url=None)
    app.state.listening, app.state.rater = listening, site.rater
    app.add_middleware(Guard, hosts=site.hosts, addresses=site.addresses)
    app.add_exception_handler(StudyError, _refused)
    app.add_exception_handler(RequestValidationError, _malformed)
    app.include_router(router)
    app.add_api_route("/", _listen, response_class=HTMLResponse)
    app.add_api_route("/organiser", _organiser, response_class=HTMLResponse)
    app.mount("/static", StaticFiles(directory=PAGE / "static"), name="static")
    return app


def _listen(request: Request) -> HTMLResponse:
    return _page("listen.html", request)


def _organiser(request: Request) -> HTMLResponse:
    return _page("organiser.html", request)


def _page(name: str, request: Request) -> HTMLResponse:
    """A page with the nonce that lets the waveforms' style in."""
    html = (PAGE / name).read_text(encoding="utf-8")
    return HTMLResponse(html.replace("{{nonce}}", request.state.nonce))


def _refused(_: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, StudyError)  # noqa: S101  # registered for no other
    return JSONResponse({"code": error.code, "message": error.message}, error.status)


def _malformed(_: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RequestValidationError)  # noqa: S101  # registered for no other
    places = sorted({".".join(map(str, problem["loc"])) for problem in error.errors()})
    message = f"not as expected: {', '.join(places)}"
    return JSONResponse({"code": "bad_request", "message": message}, 422)
