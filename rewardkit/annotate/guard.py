# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: Apache-2.0
"""`Guard`: what every request must satisfy, and the headers of every answer."""

from __future__ import annotations

import ipaddress
import json
import secrets
from collections.abc import Collection
from typing import Final
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

LARGEST_BODY: Final = 64 * 1024
"""Bytes; a vote is under 2 kB."""

LOOPBACK: Final = frozenset({"localhost", "127.0.0.1", "::1"})

_POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'nonce-{nonce}'; connect-src 'self'; "
    "img-src 'self' data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
_HEADERS: Final = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "microphone=(), camera=(), geolocation=()",
    "Cache-Control": "no-store",
}


class Guard:
    """ASGI middleware that refuses what may not come in.

    - `Host` must name this server, so that another site can't reach it under a name of its own
      (DNS rebinding).
    - `Origin`, where a browser sends one, must be this server too, so that no other page can send
      votes; the same for `Sec-Fetch-Site`.
    - A body may have at most 64 kB.

    Every answer forbids scripts and styles from elsewhere and inline (CSP), framing, sniffing and
    caching. `request.state.nonce` lets one inline style in: that of the waveform's shadow tree.

    Args:
        app: What is guarded.
        hosts: Names under which the server may be asked for, without ports.
        addresses: Whether any IP address is one too: for a server that listens on all of them.
    """

    def __init__(
        self, app: ASGIApp, hosts: Collection[str] = LOOPBACK, addresses: bool = False
    ) -> None:
        self.app = app
        self.hosts = frozenset(host.lower() for host in hosts)
        self.addresses = addresses

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Guard one request."""
        if scope["type"] != "http":
            if scope["type"] == "lifespan":
                await self.app(scope, receive, send)
            return  # no websockets here
        nonce = secrets.token_urlsafe(16)
        scope.setdefault("state", {})["nonce"] = nonce

        async def send_guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers["Content-Security-Policy"] = _POLICY.format(nonce=nonce)
                for name, value in _HEADERS.items():
                    headers[name] = value
            await send(message)

        refusal = self._refusal(Headers(scope=scope))
        if refusal is not None:
            await _refuse(send_guarded, *refusal)
            return
        body = await _whole(receive)
        if body is None:
            await _refuse(send_guarded, 413, "too_large", f"at most {LARGEST_BODY} bytes")
            return
        await self.app(scope, _replay(body, receive), send_guarded)

    def _refusal(self, headers: Headers) -> tuple[int, str, str] | None:
        host = headers.get("host", "")
        if len(headers.getlist("host")) != 1 or not self._is_ours(host):
            return 421, "wrong_host", "this server has another name"
        for origin in headers.getlist("origin"):
            if not _is_from(origin, host):
                return 403, "wrong_origin", "requests come from this server's own page"
        if headers.get("sec-fetch-site", "same-origin") in ("cross-site", "same-site") and (
            headers.get("sec-fetch-mode") != "navigate"
        ):
            return 403, "wrong_origin", "requests come from this server's own page"
        return None

    def _is_ours(self, host: str) -> bool:
        try:
            name = urlsplit(f"//{host}").hostname or ""
        except ValueError:
            return False
        return name in self.hosts or (self.addresses and _is_address(name))


def _is_from(origin: str, host: str) -> bool:
    """Whether an `Origin` is of the server that `Host` names.

    Example:
        >>> _is_from("http://127.0.0.1:80", "127.0.0.1:80"), _is_from("http://[", "[")
        (True, False)
    """
    try:
        return urlsplit(origin).netloc.lower() == host.lower()
    except ValueError:
        return False


def _is_address(name: str) -> bool:
    """Whether a host name is an IP address.

    Example:
        >>> _is_address("192.168.1.5"), _is_address("::1"), _is_address("evil.example")
        (True, True, False)
    """
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


async def _whole(receive: Receive) -> bytes | None:
    """The request's body; None when it is too large."""
    body = bytearray()
    while True:
        message = await receive()
        if message["type"] != "http.request":  # the client has gone
            return bytes(body)
        body += message.get("body", b"")
        if len(body) > LARGEST_BODY:
            return None
        if not message.get("more_body", False):
            return bytes(body)


def _replay(body: bytes, receive: Receive) -> Receive:
    """Gives the body once, then whatever else comes."""
    given = False

    async def again() -> Message:
        nonlocal given
        if given:
            return await receive()
        given = True
        return {"type": "http.request", "body": body, "more_body": False}

    return again


async def _refuse(send: Send, status: int, code: str, message: str) -> None:
    body = json.dumps({"code": code, "message": message}).encode()
    await send(
        {
            "type": "http.response.start",
            "status": status,
            "headers": [
                (b"content-type", b"application/json"),
                (b"content-length", str(len(body)).encode()),
                (b"connection", b"close"),
            ],
        }
    )
    await send({"type": "http.response.body", "body": body})
