# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: Apache-2.0
"""`RemoteReward`: a `RewardFunction` whose model is served somewhere else, by `rewardkit serve`.

It tries again when the server has no room (503) or can't be reached, and on nothing else. It
never makes up a reward: a penalty stands for a clip that the server could not score, not for a
server that could not be asked.
"""

from __future__ import annotations

import base64
import http.client
import json
import math
import os
import random
import threading
import time
import urllib.parse
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final, get_args

import numpy as np

from rewardkit import audio
from rewardkit.batch_function import BatchFunction, OnFailure
from rewardkit.callable import Mode
from rewardkit.clip import Clip
from rewardkit.errors import RewardkitError
from rewardkit.reward import Reward

_FIRST_PAUSE: Final = 0.25  # s; doubled with each attempt
_LONGEST_PAUSE: Final = 30.0  # s
_LARGEST_ANSWER: Final = 64 << 20  # bytes


class RemoteReward(BatchFunction):
    """Rewards of batches of waveforms, from a server; called as `RewardFunction` is.

    It goes wherever a `RewardFunction` goes, training loops' adapters among them. Sounds are read
    here, paths too, and sent as float32, so that a reward is bit for bit the library's. A batch is
    sent as several requests at a time, each within the server's limits.

    Args:
        url: Of the server: `http://host:port`, or with a path before `/v1`.
        token: What the server wants to be shown. [`$REWARDKIT_TOKEN`]
        mode: As in `RewardFunction`.
        uncertainty: As in `RewardFunction`.
        on_failure: As in `RewardFunction`, for clips. When the server can't be asked, `"none"`
            gives None for the clips concerned, and the other two raise.
        limits: What is accepted as a clip, before it is sent.
        timeout: Seconds that one answer may take. Longer is `unavailable`, and not tried again:
            the server may still be at it.
        retries: How often to try again.
        concurrency: Requests at a time.
        sleep: Waits some seconds; for tests.

    Raises:
        RewardkitError: `bad_option` for an option that is none of these.

    Example:
        >>> reward = RemoteReward("http://127.0.0.1:9", on_failure="none", retries=0)
        >>> reward(np.zeros((2, 16_000), np.float32), 16_000)
        [None, None]
        >>> dict(reward.failures)
        {'unavailable': 2}
    """

    def __init__(
        self,
        url: str,
        *,
        token: str | None = None,
        mode: Mode = "mean",
        uncertainty: float = 1.0,
        on_failure: OnFailure = "raise",
        limits: audio.Limits | None = None,
        timeout: float = 120.0,
        retries: int = 8,
        concurrency: int = 4,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        super().__init__(on_failure, limits)
        parts = urllib.parse.urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname or parts.query:
            raise RewardkitError("bad_option", f"url {url!r}; it is http://host:port")
        if mode not in get_args(Mode):
            raise RewardkitError("bad_option", f"mode {mode!r}; it is one of {get_args(Mode)}")
        if timeout <= 0 or retries < 0 or concurrency < 1:
            raise RewardkitError(
                "bad_option", "timeout is positive, retries 0 or more, concurrency 1 or more"
            )
        self.url = url
        self.mode = mode
        self.uncertainty = uncertainty
        self._parts = parts
        self._token = token if token is not None else os.environ.get("REWARDKIT_TOKEN")
        self._timeout, self._retries, self._concurrency = timeout, retries, concurrency
        self._sleep = sleep
        self._random = random.Random()  # noqa: S311  # its own: no global state is touched
        self._model: Mapping[str, Any] | None = None
        self._asking = threading.Lock()

    @property
    def dimensions(self) -> tuple[str, ...]:
        """The names of the columns that `dimensions=True` gives: the server is asked once.

        Raises:
            RewardkitError: `unavailable`, or what the server says.
        """
        return tuple(self.model["dimensions"])

    @property
    def model(self) -> Mapping[str, Any]:
        """What the server says of its model: `model`, `dimensions`, `schema_digest`, `limits`."""
        with self._asking:
            if self._model is None:
                self._model = self._ask("GET", "/v1/model", None)
            return self._model

    def _rewards(
        self,
        clips: Sequence[Clip | RewardkitError],
        device: str | None,  # noqa: ARG002  # where the server computes is its affair
    ) -> list[Reward]:
        known = [(place, clip) for place, clip in enumerate(clips) if isinstance(clip, Clip)]
        rewards = [
            Reward.failed(clip) if isinstance(clip, RewardkitError) else None for clip in clips
        ]
        with ThreadPoolExecutor(self._concurrency) as threads:
            for places, found in threads.map(self._part, self._parts_of(known)):
                for place, reward in zip(places, found, strict=True):
                    rewards[place] = reward
        return [reward for reward in rewards if reward is not None]

    def _parts_of(self, clips: list[tuple[int, Clip]]) -> Iterator[list[tuple[int, Clip]]]:
        """The clips in requests: shared out evenly, each within the server's limits."""
        if not clips:
            return
        try:
            limits = self.model["limits"]
        except RewardkitError as error:
            if error.code != "unavailable" or self.on_failure != "none":
                raise
            yield clips  # it is tried once more, and the failure is the clips'
            return
        most = min(limits["clips"], -(-len(clips) // self._concurrency))
        part: list[tuple[int, Clip]] = []
        seconds, size = 0.0, 1024
        for place, clip in clips:
            # Samples in base64, the text escaped, and what is around them.
            bytes_ = 6 * len(clip.samples) + 12 * len(clip.text or "") + 256
            if part and (
                len(part) == most
                or seconds + clip.duration > limits["seconds"]
                or size + bytes_ > limits["body_bytes"]
            ):
                yield part
                part, seconds, size = [], 0.0, 1024
            part.append((place, clip))
            seconds, size = seconds + clip.duration, size + bytes_
        yield part

    def _part(self, clips: list[tuple[int, Clip]]) -> tuple[list[int], list[Reward]]:
        """One request's rewards, with the places of its clips."""
        places = [place for place, _ in clips]
        body = {
            "clips": [_clip(clip) for _, clip in clips],
            "mode": self.mode,
            "uncertainty": self.uncertainty,
        }
        try:
            rows = self._ask("POST", "/v1/score", body)["rewards"]
            rewards = [_reward(row) for row in rows]
            if len(rewards) != len(clips):
                raise ValueError(f"{len(rewards)} rewards for {len(clips)} clips")
        except RewardkitError as error:
            if error.code != "unavailable" or self.on_failure != "none":
                raise
            return places, [Reward.failed(error)] * len(clips)
        except (KeyError, TypeError, ValueError) as error:
            raise RewardkitError(
                "bad_answer", f"{self.url} gave no rewards as rewardkit serve does: {error}"
            ) from error
        return places, rewards

    def _ask(self, method: str, path: str, body: Any) -> Any:
        """The server's answer, however often it takes to get one.

        Raises:
            RewardkitError: `unavailable`, or the server's own code for what it refuses.
        """
        data = None if body is None else json.dumps(body).encode("ascii")
        for attempt in range(self._retries + 1):
            after = 0.0
            try:
                status, headers, text = self._once(method, path, data)
            except TimeoutError as error:
                raise RewardkitError(
                    "unavailable", f"{self.url} gave no answer within {self._timeout:g} s"
                ) from error
            except (OSError, http.client.HTTPException) as error:
                said = f"{type(error).__name__}: {error}"
            else:
                if status == 200:
                    return self._json(text)
                if status != 503:
                    raise self._refusal(status, text)
                said = f"{self._refusal(status, text)}"
                after = _seconds(headers.get("retry-after", ""))
            if attempt < self._retries:
                pause = min(_FIRST_PAUSE * 2**attempt, _LONGEST_PAUSE)
                self._sleep(max(after, pause * self._random.uniform(0.5, 1.0)))
        raise RewardkitError(
            "unavailable",
            f"{self.url} did not answer in {self._retries + 1} attempts; last: {said}",
        )

    def _once(
        self, method: str, path: str, data: bytes | None
    ) -> tuple[int, Mapping[str, str], bytes]:
        """One request and its answer: status, headers, body."""
        secure = self._parts.scheme == "https"
        kind = http.client.HTTPSConnection if secure else http.client.HTTPConnection
        host = self._parts.hostname or ""
        connection = kind(host, self._parts.port, timeout=self._timeout)
        headers = {"Connection": "close", "Accept": "application/json"}
        if data is not None:
            headers["Content-Type"] = "application/json"
        if self._token is not None:
            headers["Authorization"] = f"Bearer {self._token}"
        try:
            connection.request(method, self._parts.path.rstrip("/") + path, data, headers)
            answer = connection.getresponse()
            return answer.status, _lower(answer.headers), answer.read(_LARGEST_ANSWER)
        finally:
            connection.close()

    def _refusal(self, status: int, text: bytes) -> RewardkitError:
        """Why the server refused, in its own words where it has some."""
        try:
            error = self._json(text)["error"]
            return RewardkitError(str(error["code"]), f"{self.url}: {error['message']}")
        except (RewardkitError, KeyError, TypeError):
            return RewardkitError("bad_answer", f"{self.url} answered with status {status}")

    def _json(self, text: bytes) -> Any:
        try:
            return json.loads(text)
        except ValueError as error:
            raise RewardkitError("bad_answer", f"{self.url} gave no JSON: {error}") from error


def _lower(headers: http.client.HTTPMessage) -> dict[str, str]:
    return {name.lower(): value for name, value in headers.items()}


def _clip(clip: Clip) -> dict[str, Any]:
    """A clip as the server takes it."""
    samples = np.ascontiguousarray(clip.samples, "<f4")
    sent: dict[str, Any] = {
        "waveform_f32_base64": base64.b64encode(samples.tobytes()).decode("ascii"),
        "sample_rate": int(clip.sample_rate),
    }
    return sent if clip.text is None else {**sent, "text": clip.text}


def _reward(row: Mapping[str, Any]) -> Reward:
    """A reward as the server gives it.

    Raises:
        KeyError: When something is missing.
        TypeError: When something is not what it should be.
        ValueError: When a reward is not finite.

    Example:
        >>> error = {"code": "no_speech", "message": "it is silent"}
        >>> _reward({"error": error, "status": "no_speech", "distance": None}).error
        RewardkitError('no_speech', 'it is silent')
    """
    error = row["error"]
    if error is not None:
        return Reward.failed(RewardkitError(error["code"], error["message"]), row["distance"])
    scalar, dimensions = float(row["reward"]), _numbers(row["dimensions"])
    if not all(map(math.isfinite, (scalar, *dimensions.values()))):
        raise ValueError("a reward is not finite")
    return Reward(
        scalar,
        dimensions,
        None if row["std"] is None else float(row["std"]),
        weights=_numbers(row["weights"]),
        distance=None if row["distance"] is None else float(row["distance"]),
    )


def _numbers(given: Mapping[str, Any]) -> dict[str, float]:
    return {str(name): float(value) for name, value in given.items()}


def _seconds(retry_after: str) -> float:
    """What a Retry-After header asks for, in s; 0 where it gives a date or nothing.

    Example:
        >>> _seconds("3"), _seconds("Wed, 21 Oct 2026 07:28:00 GMT"), _seconds("999999")
        (3.0, 0.0, 30.0)
    """
    asked = retry_after.strip()
    return min(float(asked), _LONGEST_PAUSE) if asked.isdigit() and asked.isascii() else 0.0
