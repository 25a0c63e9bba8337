# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: Apache-2.0
"""`Guard`: the door. What may not come in is refused before its body is read.

In this order: a Host that is not ours, no token or the wrong one, a server that stops or is full,
a body that states more bytes than may be; and while the body is read, one that holds more, or
that takes too long.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import time
from collections.abc import Collection
from typing import Any, Final

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from rewardkit.serve.problems import Refused
from rewardkit.serve.service import Service, Ticket

TICKET: Final = "rewardkit.ticket"
"""Where a request's scope holds its `Ticket`."""

PROBES: Final = ("/health/live", "/health/ready")
"""What is answered without a token, for whoever watches the server."""


class Guard:
    """ASGI middleware around the application.

    Args:
        app: The application.
        service: Who knows whether there is room.
        addresses: Those that are counted by name.
    """

    def __init__(self, app: ASGIApp, service: Service, addresses: Collection[str]) -> None:
        self._app, self._service, self._addresses = app, service, addresses

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, or hand it on."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        start = time.monotonic()
        status = 500

        async def watched(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self._guarded(scope, receive, watched)
        finally:
            known = scope["path"] in self._addresses
            labels = (scope["path"] if known else "other", str(status))
            self._service.metrics.latency.labels(*labels).observe(time.monotonic() - start)

    async def _guarded(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = Headers(scope=scope)
        ticket = None
        try:
            if scope["path"] not in PROBES:
                self._check_host(headers)
                self._check_token(headers)
            if scope["method"] == "POST":
                ticket = self._service.admit()
                self._check_length(headers)
                scope[TICKET] = ticket
                receive = _counted(receive, ticket, self._service)
            await self._app(scope, receive, send)
        except Refused as refused:
            await refused.response()(scope, receive, send)
        finally:
            if ticket is not None:
                ticket.answered()

    def _check_host(self, headers: Headers) -> None:
        """Keep web pages out that reach a local server by a name of their own (DNS rebinding)."""
        hosts = self._service.options.hosts
        if hosts is None:
            return
        host = headers.get("host", "").lower()
        name = host.rpartition(":")[0] if host.rpartition(":")[2].isdigit() else host
        if name.strip("[]") not in hosts:
            raise Refused("bad_host")

    def _check_token(self, headers: Headers) -> None:
        token = self._service.options.token
        if token is None:
            return
        kind, _, given = headers.get("authorization", "").partition(" ")
        if kind.lower() != "bearer" or not given:
            raise Refused("unauthorized", "send the header Authorization: Bearer TOKEN")
        # Digests are of one length, so that not even the token's length shows in the time.
        if not hmac.compare_digest(_digest(given.strip()), _digest(token)):
            raise Refused("forbidden")

    def _check_length(self, headers: Headers) -> None:
        stated = headers.get("content-length", "0")
        most = self._service.options.body
        if not stated.isdigit() or len(stated) > 18 or int(stated) > most:
            raise Refused("too_large", f"a request holds at most {most} bytes")


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode("utf-8", "surrogateescape")).digest()


def _counted(receive: Receive, ticket: Ticket, service: Service) -> Receive:
    """Receives the body, its bytes counted and its time limited; then waits for the client."""
    until = time.monotonic() + service.options.upload
    reading = True

    async def counted() -> Any:
        nonlocal reading
        if not reading:
            return await receive()
        if service.over:
            raise Refused("stopping")
        more = asyncio.ensure_future(receive())
        service.uploads.add(more)
        try:
            await asyncio.wait({more}, timeout=max(until - time.monotonic(), 0.0))
            if more.cancelled():
                raise Refused("stopping")
            if not more.done():
                raise Refused("upload_timeout")
            message = more.result()
        finally:
            service.uploads.discard(more)
            more.cancel()
        ticket.hold(len(message.get("body", b"")))
        reading = bool(message.get("more_body", False))
        return message

    return counted
