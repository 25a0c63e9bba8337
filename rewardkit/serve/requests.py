# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: Apache-2.0
"""What the addresses share: bodies in, jobs through, clients that go away."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Sequence
from typing import Any, Final, TypeVar

import pydantic_core
from starlette.requests import ClientDisconnect, Request

from rewardkit import audio
from rewardkit.errors import RewardkitError
from rewardkit.serve.guard import TICKET
from rewardkit.serve.jobs import Given
from rewardkit.serve.problems import Refused
from rewardkit.serve.service import Service
from rewardkit.workers import Measured

ENCODED: Final = 16_000
"""Bytes of an encoded file that count as a second of sound, until it is decoded in a worker."""

Result = TypeVar("Result")


def media_type(request: Request) -> str:
    """The type that a request's body is said to have, without parameters."""
    return request.headers.get("content-type", "").partition(";")[0].strip().lower()


async def json_body(request: Request) -> Any:
    """The JSON value in a request's body.

    Raises:
        Refused: `unsupported_media_type`, or `bad_request` for what is no JSON: NaN, lone
            surrogates and very deep nesting are none.
    """
    if media_type(request) != "application/json":
        raise Refused("unsupported_media_type", "the body is application/json")
    try:
        return pydantic_core.from_json(await request.body(), allow_inf_nan=False)
    except ValueError as error:
        raise Refused("bad_request", "the body is not JSON") from error


def length_of(frames: int, sample_rate: int, limits: audio.Limits) -> float:
    """Seconds of sound, or 0 for what a worker will refuse without measuring it.

    Example:
        >>> length_of(8_000, 16_000, audio.Limits()), length_of(8_000, 1, audio.Limits())
        (0.5, 0.0)
    """
    if not limits.min_sample_rate <= sample_rate <= limits.max_sample_rate:
        return 0.0
    seconds = frames / sample_rate
    return seconds if seconds <= limits.max_duration else 0.0


def encoded(data: bytes, text: str | None, limits: audio.Limits) -> Given:
    """An encoded file as a source, with a guess at its length."""
    return ("sound", data, None, text), min(len(data) / ENCODED, limits.max_duration)


async def measured(request: Request, service: Service, clips: Sequence[Given]) -> list[Measured]:
    """What workers measure of a request's clips, as long as its client is there."""
    try:
        return await _unless_gone(request, service.measure(clips, request.scope.get(TICKET)))
    except ClientDisconnect:
        service.metrics.dropped.inc(sum(not isinstance(clip, RewardkitError) for clip in clips))
        raise


async def _unless_gone(request: Request, work: Awaitable[Result]) -> Result:
    """The result of some work, which is dropped when the client goes.

    Raises:
        ClientDisconnect: When it went.
    """
    task = asyncio.ensure_future(work)
    gone = asyncio.ensure_future(_gone(request))
    try:
        await asyncio.wait({task, gone}, return_when=asyncio.FIRST_COMPLETED)
        if not task.done():
            raise ClientDisconnect
        return task.result()
    finally:
        task.cancel()
        gone.cancel()


async def _gone(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass
