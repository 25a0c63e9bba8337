# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: Apache-2.0
"""What a request is answered with when it gets no reward: a status, a code, a message.

Messages say what is wrong and what would be valid. They never hold what the client sent.
"""

from __future__ import annotations

from typing import Any, Final

from starlette.responses import JSONResponse

from rewardkit.errors import RewardkitError

SERVING_CODES: Final = {
    "bad_request": (422, "the request does not say what it should"),
    "bad_option": (422, "an option of the request is none of the valid ones"),
    "unauthorized": (401, "no token was given, and one is needed"),
    "forbidden": (403, "the token is not the one that is needed"),
    "bad_host": (403, "the request was meant for another host"),
    "not_found": (404, "there is nothing at this address"),
    "method_not_allowed": (405, "this address takes another method"),
    "upload_timeout": (408, "the request was not sent in time"),
    "too_large": (413, "more bytes, clips or seconds than one request may hold"),
    "unsupported_media_type": (415, "neither JSON nor, where that is read, multipart/form-data"),
    "overloaded": (503, "no room for more clips: try again"),
    "stopping": (503, "the server stops; what it accepted is still answered"),
    "not_ready": (503, "no worker is ready"),
    "worker_died": (503, "the process that scored the clip died"),
    "timeout": (504, "a scorer did not answer before the deadline"),
    "internal": (500, "a fault in the server; its log says more"),
}
"""HTTP status and meaning of each code that a whole request may be answered with. A clip without
a reward has the codes of `rewardkit.errors` besides, with status 422."""


class Refused(Exception):  # noqa: N818  # it is the server that refuses, no fault of its own
    """A request that is not served.

    Args:
        code: One of `SERVING_CODES`, or of `rewardkit.errors`.
        message: What is wrong; the code's meaning when left out.
        retry_after: In s: when it may be worth trying again.
    """

    def __init__(self, code: str, message: str = "", retry_after: int | None = None) -> None:
        status, meaning = SERVING_CODES.get(code, (422, ""))
        super().__init__(code, message)
        self.code = code
        self.message = message or meaning
        self.status = status
        self.retry_after = 1 if retry_after is None and status == 503 else retry_after

    @classmethod
    def of(cls, error: RewardkitError) -> Refused:
        """The same failure, as an answer."""
        return cls(error.code, error.message)

    def response(self) -> JSONResponse:
        """The answer: `{"error": {"code", "message"}}`."""
        headers: dict[str, str] = {}
        if self.retry_after is not None:
            headers["Retry-After"] = str(self.retry_after)
        if self.status == 401:
            headers["WWW-Authenticate"] = "Bearer"
        content: dict[str, Any] = {"error": {"code": self.code, "message": self.message}}
        return JSONResponse(content, self.status, headers)


def said(error: RewardkitError) -> dict[str, str]:
    """A clip's failure as JSON.

    Example:
        >>> said(RewardkitError("no_speech", "'<bytes>': it is silent"))
        {'code': 'no_speech', 'message': "'<bytes>': it is silent"}
    """
    return {"code": error.code, "message": error.message}
