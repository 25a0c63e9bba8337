# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: Apache-2.0
"""`Server`: one HTTP request to a server and its whole answer, within one deadline."""

from __future__ import annotations

import contextlib
import http.client
import socket
import threading
import urllib.parse
from collections.abc import Mapping
from typing import Final

from rewardkit.errors import RewardkitError

_LARGEST_ANSWER: Final = 64 << 20  # bytes


class Server:
    """A server at some address.

    Args:
        url: `http://host:port` or `https://host:port`, or with a path before the requests' own.

    Raises:
        RewardkitError: `bad_option` when the address is none.

    Example:
        >>> Server("https://[::1]/rewards").port
        443
        >>> Server("http://127.0.0.1:99999")
        Traceback (most recent call last):
        ...
        rewardkit.errors.RewardkitError: bad_option: url 'http://127.0.0.1:99999'; it is ...
    """

    def __init__(self, url: str) -> None:
        with contextlib.suppress(ValueError):  # brackets, a port or a host's name that are none
            parts = urllib.parse.urlsplit(url)
            self._secure = parts.scheme == "https"
            self.port = (443 if self._secure else 80) if parts.port is None else parts.port
            self.host = parts.hostname or ""
            self.host.encode("idna")
            self._path = parts.path.rstrip("/")
            known = parts.scheme in ("http", "https") and self.host and not parts.query
            path = self._path.isascii() and self._path.isprintable() and " " not in self._path
            if known and path and self.port:
                return
        raise RewardkitError("bad_option", f"url {url!r}; it is http://host:port")

    def ask(
        self, method: str, path: str, data: bytes | None, headers: Mapping[str, str], timeout: float
    ) -> tuple[int, dict[str, str], bytes]:
        """Send a request on a connection of its own, and read the answer to its end.

        Args:
            method: As `"POST"`.
            path: After the address's own.
            data: The request's body, if any.
            headers: The request's.
            timeout: Seconds until the connection must be there, and again until all is read.

        Returns:
            Status, headers with their names in lower case, and body.

        Raises:
            TimeoutError: When the time was over.
            OSError: When the connection broke.
            HTTPException: When the answer is cut off, or no HTTP.
        """
        kind = http.client.HTTPSConnection if self._secure else http.client.HTTPConnection
        connection = kind(self.host, self.port, timeout=timeout)
        # The socket's own timeout is for one read: what comes drop by drop would never end.
        late = threading.Event()
        try:
            connection.connect()
            timer = threading.Timer(timeout, _end, (connection.sock, late))
            timer.daemon = True
            timer.start()
            try:
                connection.request(
                    method, self._path + path, data, {**headers, "Connection": "close"}
                )
                answer = connection.getresponse()
                if not answer.headers:
                    raise http.client.BadStatusLine("no headers")  # it was cut off
                text = answer.read(_LARGEST_ANSWER)
                if answer.length and len(text) < _LARGEST_ANSWER:  # read(n) says nothing of it
                    raise http.client.IncompleteRead(text, answer.length)
            finally:
                timer.cancel()
        except (OSError, http.client.HTTPException) as error:
            if late.is_set():
                raise TimeoutError from error
            raise
        finally:
            connection.close()
        if late.is_set():
            raise TimeoutError
        return answer.status, {name.lower(): v for name, v in answer.headers.items()}, text


def _end(held: socket.socket, late: threading.Event) -> None:
    """The answer takes too long: whoever reads it finds that it is over."""
    late.set()
    with contextlib.suppress(OSError):
        # Not the method of a TLS socket, which would take itself apart under the reader.
        socket.socket.shutdown(held, socket.SHUT_RDWR)
