# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: Apache-2.0
"""Serving a study until it is interrupted, and the links to it."""

from __future__ import annotations

import errno
import os
import socket
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

from rewardkit.annotate.errors import StudyError
from rewardkit.annotate.guard import LOOPBACK
from rewardkit.annotate.listening import Listening
from rewardkit.annotate.study import Study

ALONE: Final = "local"
"""Name of the rater who needs no token, on the loopback interface."""

_EVERYWHERE: Final = frozenset({"0.0.0.0", "::", ""})  # noqa: S104  # compared, not bound


@dataclass(frozen=True)
class Address:
    """Where a study is served.

    Args:
        host: To bind.
        port: To bind.
        url: Under which raters reach it, when that differs: behind a proxy, say. The pages ask
            for what they need at its root, so it has no path.

    Raises:
        StudyError: `bad_address` for a URL that is none, or an IPv6 address in brackets.
    """

    host: str = "127.0.0.1"
    port: int = 8377
    url: str | None = None

    def __post_init__(self) -> None:
        if self.url is not None and not _is_root(self.url):
            raise StudyError("bad_address", f"url {self.url!r}; it is https://host or with :port")
        if "[" in self.host:
            raise StudyError("bad_address", f"host {self.host!r}; write it without brackets")

    @property
    def is_loopback(self) -> bool:
        """Whether nobody but this machine can reach it."""
        return self.host in LOOPBACK and self.url is None

    @property
    def base(self) -> str:
        """The address to give to raters, without a slash at its end."""
        if self.url is not None:
            return self.url.rstrip("/")
        host = socket.gethostname() if self.host in _EVERYWHERE else self.host
        return f"http://{f'[{host}]' if ':' in host else host}:{self.port}"

    @property
    def hosts(self) -> frozenset[str]:
        """Names under which requests may come."""
        named = urlsplit(self.base).hostname
        return LOOPBACK | {self.host.lower()} | ({named} if named else set())


def _is_root(url: str) -> bool:
    """Whether a URL names a server, and nothing on it.

    Example:
        >>> _is_root("https://lab.example.org:8443/"), _is_root("lab.example.org:8443")
        (True, False)
    """
    try:
        parts = urlsplit(url)
        named = bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False
    plain = parts.path in ("", "/") and not parts.query and not parts.fragment
    return named and plain and parts.scheme in ("http", "https") and "@" not in parts.netloc


def check_free(address: Address) -> None:
    """Refuse an address that another program listens on, or that this one may not have.

    Raises:
        StudyError: `bad_address`.
    """
    try:
        places = socket.getaddrinfo(
            address.host or None, address.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )
    except (OSError, UnicodeError):  # no such name: the server says so
        return
    for family, kind, protocol, _, place in places:
        try:
            with socket.socket(family, kind, protocol) as tried:
                if os.name == "posix":  # as the server will: what was closed just now is free
                    tried.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                if family == socket.AF_INET6:
                    tried.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
                tried.bind(place)
        except OSError as error:
            if error.errno in (errno.EADDRINUSE, errno.EACCES):
                message = f"{address.host}:{address.port} can't be had: {error.strerror}"
                raise StudyError("bad_address", message) from error


def links(study: Study, address: Address) -> list[tuple[str, str]]:
    """Who opens which link: each rater, then the organiser.

    A token stands behind `#`: browsers never send that part, so it is in no log.
    """
    raters = [rater for rater in study.raters() if rater.name != ALONE]
    rows = [(rater.name, f"{address.base}/#{rater.token}") for rater in raters]
    if address.is_loopback and not raters:
        rows = [("you", f"{address.base}/")]
    return [*rows, ("organiser", f"{address.base}/organiser#{study.organiser_token}")]


def serve(listening: Listening, address: Address) -> None:
    """Serve until interrupted. Requests that were accepted are answered first.

    On the loopback interface, and while no rater has been named, nobody needs a token; else
    everybody does.
    """
    import uvicorn

    from rewardkit.annotate.app import Site, create_app

    named = any(rater.name != ALONE for rater in listening.study.raters())
    site = Site(
        rater=ALONE if address.is_loopback and not named else None,
        hosts=address.hosts,
        addresses=address.host in _EVERYWHERE,
    )
    uvicorn.run(
        create_app(listening, site),
        host=address.host,
        port=address.port,
        log_level="warning",
        access_log=False,
        server_header=False,
        http="h11",  # httptools, where it is installed, takes a head of any length
        timeout_graceful_shutdown=5,
    )
