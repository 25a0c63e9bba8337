# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: Apache-2.0
"""verl-omni: rewards of generated audio, in the trainer's process or over HTTP.

In the process, verl-omni calls `compute_score` by keyword with `solution_audio`, a pair of a
float32 mono waveform and its sample rate. Over HTTP its client posts one JSON object per sample,
protocol version 1 (`verl_omni/utils/reward_score/audio_http_scorer_client.py`); `decode` and
`response` are the server's side of it, `encode` the client's. Either way the answer is flat: a
finite `score` and finite scalars. The client takes an answer with the key `error`, or any status
but 408, 429 and 5xx, as the end of the run, and tries again on those.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from rewardkit.adapters.judging import Judge, fields, must_not_skip
from rewardkit.errors import RewardkitError
from rewardkit.reward import Reward
from rewardkit.waveforms import sound

PROTOCOL: Final = "1"
_KEYS: Final = (
    "protocol_version",
    "waveform_f32_base64",
    "num_samples",
    "sample_rate",
    "prompt",
    "metadata",
)


def compute_score(judge: Judge) -> Callable[..., dict[str, float]]:
    """The function that verl-omni calls in its own process.

    Args:
        judge: With `on_failure` `"raise"` or a penalty.

    Returns:
        A function that gives `score`, each dimension, and `failed` (0 or 1), all finite.

    Raises:
        RewardkitError: `bad_option` for `on_failure="none"`.
    """
    must_not_skip(judge, "verl-omni")

    def compute_score(
        solution_audio: tuple[Any, int],
        ground_truth: str = "",
        extra_info: Mapping[str, Any] | None = None,
        data_source: str | None = None,
        **kwargs: Any,  # noqa: ARG001  # verl-omni adds its router's address and model's name
    ) -> dict[str, float]:
        if not isinstance(solution_audio, (tuple, list)):
            raise TypeError(
                f"solution_audio is (waveform, sample_rate), not {type(solution_audio).__name__}"
            )
        row = {
            "text": ground_truth,
            **(extra_info or {}),
            "data_source": data_source,
            "ground_truth": ground_truth,
        }
        return fields(judge, judge.rewards([sound(tuple(solution_audio))], [row]))[0]

    return compute_score


@dataclass(frozen=True, eq=False)
class Request:
    """One sample as it came over HTTP.

    Args:
        waveform: float32 `(n,)`, full scale ±1. It may be empty, or hold NaN: what a policy gives
            is a clip only when it is read as one, and has its penalty otherwise.
        sample_rate: In Hz.
        prompt: What the clip should say.
        metadata: Of the sample: scalars by name.
    """

    waveform: NDArray[np.float32]
    sample_rate: int
    prompt: str
    metadata: Mapping[str, Any]


def encode(
    waveform: NDArray[np.float32],
    sample_rate: int,
    prompt: str = "",
    metadata: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """The JSON object that a client posts for one mono waveform.

    Example:
        >>> payload = encode(np.array([0.0, 0.5], np.float32), 16_000)
        >>> payload["waveform_f32_base64"], payload["num_samples"]
        ('AAAAAAAAAD8=', 2)
        >>> decode(payload).waveform.tolist()
        [0.0, 0.5]
    """
    samples = np.ascontiguousarray(waveform, "<f4").reshape(-1)
    return {
        "protocol_version": PROTOCOL,
        "waveform_f32_base64": base64.b64encode(samples.tobytes()).decode("ascii"),
        "num_samples": len(samples),
        "sample_rate": int(sample_rate),
        "prompt": prompt,
        "metadata": dict(metadata or {}),
    }


def decode(payload: Any) -> Request:
    """The sample of a JSON object that a client posted.

    Raises:
        RewardkitError: `bad_request` for anything but that protocol: what was wrong, by key.
    """
    if not isinstance(payload, Mapping):
        raise _bad("the request is no JSON object")
    missing = [key for key in _KEYS if key not in payload]
    if missing:
        raise _bad(f"missing: {', '.join(missing)}")
    if payload["protocol_version"] != PROTOCOL:
        raise _bad(f"protocol_version is {PROTOCOL!r}")
    count, rate = payload["num_samples"], payload["sample_rate"]
    for key, value, least in (("num_samples", count, 0), ("sample_rate", rate, 1)):
        if not isinstance(value, int) or isinstance(value, bool) or not least <= value < 2**31:
            raise _bad(f"{key} is a whole number from {least} to {2**31 - 1}")
    if not isinstance(payload["prompt"], str) or not isinstance(payload["metadata"], Mapping):
        raise _bad("prompt is a string and metadata an object")
    encoded = payload["waveform_f32_base64"]
    if not isinstance(encoded, str):
        raise _bad("waveform_f32_base64 is a string")
    try:
        data = base64.b64decode(encoded, validate=True)
    except (binascii.Error, ValueError) as error:
        raise _bad(f"waveform_f32_base64: {error}") from error
    if len(data) != 4 * count:
        raise _bad(f"waveform_f32_base64 holds {len(data)} bytes, not 4 for each of num_samples")
    samples = np.frombuffer(data, "<f4").astype(np.float32)
    return Request(samples, rate, payload["prompt"], dict(payload["metadata"]))


def response(judge: Judge, reward: Reward) -> dict[str, float]:
    """The JSON object that answers one sample: `score`, each dimension, and `failed`.

    Raises:
        RewardkitError: The failure, unless it has a penalty; the server gives it a status.
    """
    return fields(judge, [reward])[0]


def _bad(message: str) -> RewardkitError:
    return RewardkitError("bad_request", message)
