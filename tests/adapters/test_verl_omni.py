# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: Apache-2.0
"""verl-omni's HTTP protocol: its client's payload, and what is wrong with others."""

from __future__ import annotations

import base64
import json
import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from rewardkit.adapters import verl_omni
from rewardkit.errors import RewardkitError
from rewardkit.reward import Reward
from tests.adapters.made import judge


def recorded() -> dict[str, Any]:
    """What the client posts.

    From verl-omni (2026-09), `_serialize_request` in verl_omni/utils/reward_score/
    audio_http_scorer_client.py, commit 6fb049f8, for the samples of its own test.
    """
    waveform = np.array([0.0, -0.25, 0.5], dtype="<f4")
    return {
        "protocol_version": "1",
        "waveform_f32_base64": base64.b64encode(waveform.tobytes()).decode("ascii"),
        "num_samples": 3,
        "sample_rate": 24_000,
        "prompt": "target text",
        "metadata": {"id": "sample-1", "seed": 7, "flag": True, "none": None, "scale": 0.5},
    }


def test_the_client_s_payload_is_understood_and_made() -> None:
    request = verl_omni.decode(json.loads(json.dumps(recorded())))
    assert request.waveform.tolist() == [0.0, -0.25, 0.5]
    assert request.waveform.dtype == np.float32
    assert request.waveform.flags.writeable
    assert (request.sample_rate, request.prompt) == (24_000, "target text")
    assert request.metadata["seed"] == 7
    made = verl_omni.encode(request.waveform, 24_000, request.prompt, request.metadata)
    assert made == recorded()


@given(arrays(np.float32, st.integers(0, 50), elements=st.floats(width=32)))
def test_waveforms_come_through_bit_for_bit(waveform: Any) -> None:
    payload = json.loads(json.dumps(verl_omni.encode(waveform, 16_000)))
    assert verl_omni.decode(payload).waveform.tobytes() == waveform.tobytes()


BAD: dict[str, Any] = {
    "protocol_version": [None, 1, "2", []],
    "waveform_f32_base64": [
        None,
        3,
        "",
        "not base64!",
        "AAAA",  # three bytes
        "é" * 16,
    ],
    "num_samples": [0, -3, 2, 3.0, True, "3", None, 10**30, 10**4300 - 1],
    "sample_rate": [0, -1, 24_000.0, True, "24000", None, math.nan, 2**31, 10**4300 - 1],
    "prompt": [None, 3, ["x"]],
    "metadata": [None, [], "x"],
}


@pytest.mark.parametrize(("key", "value"), [(k, v) for k, values in BAD.items() for v in values])
def test_what_is_wrong_is_a_bad_request(key: str, value: Any) -> None:
    with pytest.raises(RewardkitError, match="bad_request"):
        verl_omni.decode(recorded() | {key: value})


@pytest.mark.parametrize("key", list(BAD))
def test_what_is_wrong_is_not_repeated(key: str) -> None:
    with pytest.raises(RewardkitError, match="bad_request") as raised:
        verl_omni.decode(recorded() | {key: ["s3cr3t"]})
    assert "s3cr3t" not in str(raised.value)


@pytest.mark.parametrize("key", list(BAD))
def test_what_is_missing_is_named(key: str) -> None:
    payload = recorded()
    del payload[key]
    with pytest.raises(RewardkitError, match=f"bad_request: missing: {key}"):
        verl_omni.decode(payload)


@pytest.mark.parametrize("payload", [None, 3, "x", []])
def test_what_is_no_object(payload: Any) -> None:
    with pytest.raises(RewardkitError, match="no JSON object"):
        verl_omni.decode(payload)


def accepts(payload: Any) -> float:
    """The client's `_validate_response`, same source: what it lets pass."""
    assert isinstance(payload, dict)
    assert "error" not in payload
    score = payload["score"]
    assert isinstance(score, (int, float))
    assert not isinstance(score, bool)
    for value in payload.values():
        assert value is None or isinstance(value, (str, int, bool)) or math.isfinite(value)
    return float(score)


def test_the_client_accepts_the_answer() -> None:
    good = Reward(0.5, {"pace": 0.5, "level": -0.25}, 0.1)
    answer = json.loads(json.dumps(verl_omni.response(judge("raise"), good)))
    assert accepts(answer) == 0.5
    assert answer == {"score": 0.5, "pace": 0.5, "level": -0.25, "failed": 0.0}
    bad = Reward.failed(RewardkitError("too_short", "0.1 s"))
    assert accepts(verl_omni.response(judge(-3.0), bad)) == -3.0
    for option in ("raise", "none"):
        with pytest.raises(RewardkitError, match="too_short"):
            verl_omni.response(judge(option), bad)
