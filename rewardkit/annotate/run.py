# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: Apache-2.0
"""Serving a study until it is interrupted, and the links to it."""

from __future__ import annotations

import socket
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

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
        url: Under which raters reach it, when that differs: behind a proxy, say.
    """

    host: str = "127.0.0.1"
    port: int = 8377
    url: str | None = None

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
        timeout_graceful_shutdown=5,
    )
