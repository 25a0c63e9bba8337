# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: Apache-2.0
"""`serve`: answers until a signal comes, then answers what it accepted, and leaves."""

from __future__ import annotations

import logging
import socket
import time
from types import FrameType
from typing import Final

import uvicorn

from rewardkit.errors import RewardkitError
from rewardkit.serve.app import create_app
from rewardkit.serve.service import Service

LAST: Final = 2
"""Seconds that connections have after the grace, before they are cut."""

_LOG: Final = logging.getLogger("uvicorn.error")


class _Server(uvicorn.Server):
    """uvicorn, but a signal first lets what was accepted be answered.

    uvicorn itself closes its sockets at once, so that new clients are turned away by their own
    system; here they get a 503. And it ends by raising the signal again; this one exits with 0.
    """

    def __init__(self, config: uvicorn.Config, service: Service) -> None:
        super().__init__(config)
        self._service = service
        self._until = float("inf")
        self.failed: RewardkitError | None = None

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:  # noqa: ARG002
        """SIGTERM or SIGINT: stop letting requests in; a second one ends the grace."""
        if self._service.stopping:
            self._until = 0.0
            self.force_exit = self.should_exit
            return
        self._service.stopping = True
        if not self.started:
            self._service.pool.give_up()
        self._until = time.monotonic() + self._service.options.grace

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start the workers first: when that fails, uvicorn would show a traceback."""
        try:
            await self._service.pool.open()
        except RewardkitError as error:
            self.failed = error
            self.should_exit = True
        else:
            await super().startup(sockets)

    async def on_tick(self, counter: int) -> bool:
        """Called ten times a second: whether to leave."""
        if self._service.stopping and not self.should_exit:
            left = self._service.open_requests
            if not left or time.monotonic() >= self._until:
                if left:
                    _LOG.error("%d requests were not answered within the grace", left)
                self._service.abandon()
                self.should_exit = True
        return await super().on_tick(counter)


def serve(service: Service, host: str, port: int, *, access_log: bool = False) -> bool:
    """Serve until told to stop.

    Args:
        service: What to serve.
        host: The address to bind.
        port: The port; 0 takes a free one, which is logged.
        access_log: Log each request.

    Returns:
        Whether the server came up at all, or was told to stop before it had.

    Raises:
        RewardkitError: When no worker can be started.
    """
    server = _Server(_config(service, host, port, access_log=access_log), service)
    server.run()
    if service.stopping:
        return True
    if server.failed is not None:
        raise server.failed
    return server.started


def _config(service: Service, host: str, port: int, *, access_log: bool = False) -> uvicorn.Config:
    return uvicorn.Config(
        create_app(service),
        host=host,
        port=port,
        access_log=access_log,
        timeout_graceful_shutdown=LAST,
        server_header=False,
        http="h11",  # httptools, where it is installed, takes a head of any length
        ws="none",
        lifespan="on",
    )
