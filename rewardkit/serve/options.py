# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: Apache-2.0
"""`Options`: how a server serves."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from rewardkit import audio
from rewardkit.batch_function import OnFailure
from rewardkit.callable import Mode
from rewardkit.errors import RewardkitError

LONGEST: Final = 1e6
"""Most seconds that anything may be waited for; the system's own calls take not much more."""


@dataclass(frozen=True)
class Options:
    """How a server serves; see `docs/serve.md`.

    Args:
        workers: Processes that measure.
        timeout: Seconds that a clip may take in a worker; then the worker is killed. No time
            here is longer than `LONGEST`.
        limits: What is accepted as a clip.
        request_clips: Most clips in one request.
        request_seconds: Most seconds of sound in one request.
        body: Most bytes in one request.
        bodies: Most bytes in all requests that are being read or answered.
        upload: Seconds that reading a request's body may take.
        queue_clips: Most clips that wait.
        queue_seconds: Most seconds of sound that wait.
        batch_clips: Most clips that a worker is given at a time.
        batch_seconds: Most seconds of sound that a worker is given at a time, or one longer clip.
        wait: Seconds that a batch waits for requests that are still being read.
        grace: Seconds that accepted requests have after SIGTERM.
        mode: Of the rewards that training loops' own protocols are answered with.
        uncertainty: For `mode="lcb"`, as in `RewardFunction`.
        on_failure: What those protocols answer for a clip without a reward: `"raise"` an HTTP
            error, or a penalty.
        audio_root: The folder whose files requests may name, if any.
        render: `module:function` that makes sound of what OpenRLHF's policy wrote, if any.
        token: What a client must show, if anything.
        hosts: The Host headers that are answered; None answers all.

    Raises:
        RewardkitError: `bad_option` for a bound that is not positive, or a request that could
            never be queued.

    Example:
        >>> Options(workers=2).queue_clips
        256
    """

    workers: int = 1
    timeout: float = 30.0
    limits: audio.Limits = field(default_factory=lambda: audio.Limits(max_duration=120.0))
    request_clips: int = 64
    request_seconds: float = 600.0
    body: int = 64 << 20
    bodies: int = 512 << 20
    upload: float = 30.0
    queue_clips: int = 256
    queue_seconds: float = 1200.0
    batch_clips: int = 32
    batch_seconds: float = 32.0
    wait: float = 0.004
    grace: float = 30.0
    mode: Mode = "mean"
    uncertainty: float = 1.0
    on_failure: OnFailure = "raise"
    audio_root: Path | None = None
    render: str | None = None
    token: str | None = field(default=None, repr=False)
    hosts: tuple[str, ...] | None = None

    def __post_init__(self) -> None:
        for name in (
            *("workers", "timeout", "request_clips", "request_seconds", "body", "bodies"),
            *("upload", "queue_clips", "queue_seconds", "batch_clips", "batch_seconds"),
        ):
            value = getattr(self, name)
            if not 0 < value < math.inf:
                raise RewardkitError("bad_option", f"{name}={value}; it is finite and positive")
        for name in ("timeout", "upload", "wait", "grace"):
            value = getattr(self, name)
            if not 0 <= value <= LONGEST:
                raise RewardkitError(
                    "bad_option", f"{name}={value}; it is 0 to {LONGEST:g} seconds"
                )
        for name, least, what in (
            ("queue_clips", self.request_clips, "request_clips"),
            ("queue_seconds", self.request_seconds, "request_seconds"),
            ("bodies", self.body, "body"),
            ("request_seconds", self.limits.max_duration, "limits.max_duration"),
        ):
            if getattr(self, name) < least:
                raise RewardkitError(
                    "bad_option",
                    f"{name}={getattr(self, name)}; it is at least {what}, {least}: the largest "
                    "request must fit",
                )
        if self.on_failure == "none":
            raise RewardkitError(
                "bad_option", "training loops need a number: on_failure is 'raise' or a penalty"
            )
        if self.audio_root is not None and not self.audio_root.is_dir():
            raise RewardkitError("bad_option", f"audio_root {str(self.audio_root)!r} is no folder")
