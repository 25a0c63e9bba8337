# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: Apache-2.0
"""`RemoteReward`: a `RewardFunction` whose model is served somewhere else, by `rewardkit serve`.

It tries again when the server has no room (503) or can't be reached (502 from a proxy), and on
nothing else. It never makes up a reward: a penalty stands for a clip that the server could not
score, not for a server that could not be asked.
"""

from __future__ import annotations

import base64
import http.client
import json
import os
import random
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final, get_args

import numpy as np

from rewardkit import audio, exchange
from rewardkit.batch_function import LARGEST, BatchFunction, OnFailure
from rewardkit.callable import Mode
from rewardkit.clip import Clip
from rewardkit.errors import AudioError, RewardkitError
from rewardkit.reward import Reward

_FIRST_PAUSE: Final = 0.25  # s; doubled with each attempt
_LONGEST_PAUSE: Final = 30.0  # s; of its own accord
_MOST_AFTER: Final = 300.0  # s; because Retry-After says so
_MOST: Final = 1e6  # s of a timeout, and standard deviations; the server's bound


class RemoteReward(BatchFunction):
    """Rewards of batches of waveforms, from a server; called as `RewardFunction` is.

    It goes wherever a `RewardFunction` goes, training loops' adapters among them. Sounds are read
    here, paths too, and sent as float32, so that a reward is bit for bit the library's. A batch is
    sent as several requests at a time, each within the server's limits.

    Args:
        url: Of the server: `http://host:port`, or with a path before `/v1`.
        token: What the server wants to be shown. [`$REWARDKIT_TOKEN`]
        mode: As in `RewardFunction`.
        uncertainty: As in `RewardFunction`: 0 to 1e6.
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
        self._server = exchange.Server(url)
        if mode not in get_args(Mode):
            raise RewardkitError("bad_option", f"mode {mode!r}; it is one of {get_args(Mode)}")
        if not 0 <= uncertainty <= _MOST:
            raise RewardkitError("bad_option", f"uncertainty {uncertainty}; it is 0 to {_MOST:g}")
        if not 0 < timeout <= _MOST:
            raise RewardkitError("bad_option", f"timeout {timeout}; it is above 0, to {_MOST:g} s")
        if not all(isinstance(number, (int, np.integer)) for number in (retries, concurrency)):
            raise RewardkitError("bad_option", "retries and concurrency are whole numbers")
        if retries < 0 or concurrency < 1:
            raise RewardkitError("bad_option", "retries is 0 or more, concurrency 1 or more")
        self.url = url
        self.mode = mode
        self.uncertainty = uncertainty
        self._token = (os.environ.get("REWARDKIT_TOKEN", "") if token is None else token).strip()
        if not (self._token.isascii() and self._token.isprintable()):
            raise RewardkitError("bad_option", "a token is printable ASCII characters")
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
                found = self._ask("GET", "/v1/model", None)
                try:
                    names, limits = found["dimensions"], found["limits"]
                    known = isinstance(names, list) and all(isinstance(n, str) for n in names)
                    known = known and all(
                        _number(limits[key]) > 0 for key in ("clips", "seconds", "body_bytes")
                    )
                except (KeyError, TypeError, ValueError, OverflowError):
                    known = False
                if not known:
                    raise RewardkitError(
                        "bad_answer",
                        f"{self.url} does not describe a model as rewardkit serve does",
                    )
                self._model = found
            return self._model

    def _rewards(
        self,
        clips: Sequence[Clip | RewardkitError],
        device: str | None,  # noqa: ARG002  # where the server computes is its affair
    ) -> list[Reward]:
        clips = [_sendable(clip) for clip in clips]
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
            "uncertainty": float(self.uncertainty),
        }
        data = json.dumps(body).encode("ascii")
        if len(clips) == 1 and self._model and len(data) > self._model["limits"]["body_bytes"]:
            large = f"a request of {len(data)} bytes; {self.url} takes fewer"
            return places, [Reward.failed(AudioError("too_long", large))]
        try:
            rows = self._ask("POST", "/v1/score", data)["rewards"]
            names = None if self._model is None else set(self._model["dimensions"])
            rewards = [_reward(row, names) for row in rows]
            if len(rewards) != len(clips):
                raise ValueError(f"{len(rewards)} rewards for {len(clips)} clips")
        except RewardkitError as error:
            if error.code == "too_large" and len(clips) == 1:  # no request can hold it
                return places, [Reward.failed(AudioError("too_long", error.message))]
            if error.code != "unavailable" or self.on_failure != "none":
                raise
            return places, [Reward.failed(error)] * len(clips)
        except (KeyError, TypeError, ValueError, AttributeError, OverflowError) as error:
            raise RewardkitError(
                "bad_answer", f"{self.url} gave no rewards as rewardkit serve does: {error}"
            ) from error
        return places, rewards

    def _ask(self, method: str, path: str, data: bytes | None) -> Any:
        """The server's answer, however often it takes to get one.

        Raises:
            RewardkitError: `unavailable`, or the server's own code for what it refuses.
        """
        headers = {"Accept": "application/json"}
        if data is not None:
            headers["Content-Type"] = "application/json"
        if self._token:
            headers["Authorization"] = f"Bearer {self._token}"
        for attempt in range(self._retries + 1):
            after = 0.0
            try:
                status, answered, text = self._server.ask(
                    method, path, data, headers, self._timeout
                )
            except TimeoutError as error:
                raise RewardkitError(
                    "unavailable", f"{self.url} gave no answer within {self._timeout:g} s"
                ) from error
            except (OSError, http.client.HTTPException) as error:
                said = f"{type(error).__name__}: {error}"
            else:
                if status == 200:
                    return self._json(text)
                if status == 504:
                    raise RewardkitError(
                        "unavailable", f"a proxy before {self.url} had no answer in its time"
                    )
                if status not in (502, 503):  # a proxy says 502 of a server that it can't reach
                    raise self._refusal(status, text)
                said = f"{self._refusal(status, text)}"
                after = _seconds(answered.get("retry-after", ""))
            if attempt < self._retries:
                pause = min(_FIRST_PAUSE * 2**attempt, _LONGEST_PAUSE)
                self._sleep(max(after, pause * self._random.uniform(0.5, 1.0)))
        raise RewardkitError(
            "unavailable",
            f"{self.url} did not answer in {self._retries + 1} attempts; last: {said}",
        )

    def _refusal(self, status: int, text: bytes) -> RewardkitError:
        """Why the server refused, in its own words where it has some."""
        try:
            error = self._json(text)["error"]
            return RewardkitError(_string(error["code"]), f"{self.url}: {error['message']}")
        except (RewardkitError, KeyError, TypeError):
            return RewardkitError("bad_answer", f"{self.url} answered with status {status}")

    def _json(self, text: bytes) -> Any:
        try:
            return json.loads(text)
        except (ValueError, RecursionError) as error:
            raise RewardkitError("bad_answer", f"{self.url} gave no JSON: {error}") from error


def _sendable(clip: Clip | RewardkitError) -> Clip | RewardkitError:
    r"""The clip, or why no server would take it: JSON's text can't hold half a character.

    Example:
        >>> _sendable(Clip(np.zeros(16_000, np.float32), 16_000, text="\ud800"))
        RewardkitError('bad_request', 'its text is not valid Unicode')
    """
    try:
        (getattr(clip, "text", None) or "").encode()
    except UnicodeEncodeError:
        return RewardkitError("bad_request", "its text is not valid Unicode")
    return clip


def _clip(clip: Clip) -> dict[str, Any]:
    """A clip as the server takes it."""
    samples = np.ascontiguousarray(clip.samples, "<f4")
    sent: dict[str, Any] = {
        "waveform_f32_base64": base64.b64encode(samples.tobytes()).decode("ascii"),
        "sample_rate": int(clip.sample_rate),
    }
    return sent if clip.text is None else {**sent, "text": clip.text}


def _reward(row: Mapping[str, Any], names: set[str] | None = None) -> Reward:
    """A reward as the server gives it.

    Args:
        row: Of the answer.
        names: The dimensions that it must have, where they are known.

    Raises:
        AttributeError: As `TypeError`.
        KeyError: When something is missing.
        OverflowError: As `ValueError`.
        TypeError: When something is not what it should be.
        ValueError: When a number is none that a reward may have, or the dimensions are others.

    Example:
        >>> error = {"code": "no_speech", "message": "it is silent"}
        >>> _reward({"error": error, "status": "no_speech", "distance": None}).error
        RewardkitError('no_speech', 'it is silent')
    """
    error = row["error"]
    distance = None if row["distance"] is None else _number(row["distance"])
    if error is not None:
        code, message = _string(error["code"]), _string(error["message"])
        return Reward.failed(RewardkitError(code, message), distance)
    dimensions = _numbers(row["dimensions"])
    if names is not None and set(dimensions) != names:
        raise ValueError("other dimensions than those of the model that it served before")
    return Reward(
        _number(row["reward"]),
        dimensions,
        None if row["std"] is None else _number(row["std"]),
        weights=_numbers(row["weights"]),
        distance=distance,
    )


def _numbers(given: Mapping[str, Any]) -> dict[str, float]:
    return {name: _number(value) for name, value in given.items()}


def _number(given: Any) -> float:
    if not isinstance(given, (int, float)) or isinstance(given, bool):
        raise TypeError(f"{type(given).__name__} where a number should be")
    if not abs(given) < LARGEST:  # NaN is not, either
        raise ValueError("a number that is not finite, or too large")
    return float(given)


def _string(given: Any) -> str:
    if not isinstance(given, str):
        raise TypeError(f"{type(given).__name__} where a string should be")
    return given


def _seconds(retry_after: str) -> float:
    """What a Retry-After header asks for, in s; 0 where it gives a date or nothing.

    Example:
        >>> _seconds("3"), _seconds("Wed, 21 Oct 2026 07:28:00 GMT"), _seconds("999999")
        (3.0, 0.0, 300.0)
    """
    asked = retry_after.strip()
    return min(float(asked), _MOST_AFTER) if asked.isdigit() and asked.isascii() else 0.0
