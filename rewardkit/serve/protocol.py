# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: Apache-2.0
"""The server's own protocol: what `POST /v1/score` takes and gives, and what else is told."""

from __future__ import annotations

import base64
import binascii
from typing import Annotated, Any, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, FailFast, Field, ValidationError

from rewardkit.reward import Reward
from rewardkit.serve.problems import Refused, said

Numbers = dict[str, float]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)


class Waveform(_Strict):
    """Mono samples."""

    waveform_f32_base64: str = Field(
        description="Little-endian float32 samples, full scale ±1, in base64.",
        json_schema_extra={"format": "byte"},
    )
    sample_rate: int = Field(gt=0, le=2**31 - 1, description="In Hz.")
    text: str | None = Field(default=None, description="What is said, where that is known.")


class StoredFile(_Strict):
    """An audio file that lies on the server, under its --audio-root."""

    path: str = Field(description="From that root; its parts are separated by /.")
    text: str | None = Field(default=None, description="What is said, where that is known.")


class Choice(_Strict):
    """Which rewards are wanted; see `rewardkit.callable.RewardFunction`."""

    mode: Literal["mean", "lcb", "min"] = Field(
        default="mean", description="lcb and min are conservative."
    )
    uncertainty: float = Field(
        default=1.0, ge=0, le=1e6, description="Standard deviations that lcb subtracts."
    )
    dimensions: list[str] | None = Field(
        default=None, description="The dimensions to give; all when left out."
    )


class ScoreRequest(Choice):
    """Some clips to score."""

    clips: Annotated[list[Waveform | StoredFile], Field(min_length=1), FailFast()]


class Problem(BaseModel):
    """Why there is no reward."""

    code: str = Field(description="Stable between releases.")
    message: str


class ProblemAnswer(BaseModel):
    """The answer to a request that gets none."""

    error: Problem


class ClipReward(BaseModel):
    """One clip's reward, in log-odds, or why it has none; the fields are those of `Reward`."""

    status: Literal["ok", "no_speech", "out_of_distribution", "error"]
    reward: float | None
    std: float | None
    distance: float | None
    dimensions: Numbers
    weights: Numbers
    error: Problem | None


class ScoreAnswer(BaseModel):
    """The rewards of a request's clips, in order."""

    model: str
    rewards: list[ClipReward]


class Bounds(BaseModel):
    """What one request may hold."""

    clips: int
    seconds: float
    body_bytes: int
    clip_seconds: float


class ModelAnswer(BaseModel):
    """The model that is served."""

    model: str
    dimensions: list[str]
    schema_digest: str = Field(description="Of the features that the head reads.")
    rewardkit: str = Field(description="The version of the server.")
    limits: Bounds


class Health(BaseModel):
    """How the server is."""

    status: Literal["live", "ready"]


class Ready(Health):
    """The server can measure, and measures what it did when it started."""

    workers: int
    canary: float | None = Field(description="The reward of the canary clip.")


class VerlOmniRequest(BaseModel):
    """verl-omni's audio protocol, version 1."""

    protocol_version: Literal["1"]
    waveform_f32_base64: str = Field(json_schema_extra={"format": "byte"})
    num_samples: int = Field(ge=0, le=2**31 - 1)
    sample_rate: int = Field(gt=0, le=2**31 - 1)
    prompt: str
    metadata: dict[str, Any]


class VerlOmniAnswer(BaseModel):
    """`score`, `failed` (0 or 1), and each dimension by its name."""

    model_config = ConfigDict(extra="allow")
    score: float
    failed: float


class OpenRlhfRequest(BaseModel):
    """OpenRLHF's remote reward protocol."""

    query: list[str]
    prompts: list[str] = []
    labels: list[Any] = []


class OpenRlhfAnswer(BaseModel):
    """One number per query in each list."""

    rewards: list[float]
    scores: list[float]
    extra_logs: dict[str, list[float]]


def samples_of(encoded: str) -> NDArray[np.float32]:
    """Samples from base64.

    Raises:
        Refused: `bad_request`.

    Example:
        >>> samples_of("AAAAAAAAAD8=").tolist()
        [0.0, 0.5]
    """
    try:
        data = base64.b64decode(encoded, validate=True)
    except (binascii.Error, ValueError) as error:
        raise Refused("bad_request", "waveform_f32_base64 is not base64") from error
    if len(data) % 4:
        raise Refused("bad_request", "waveform_f32_base64 holds no whole number of float32 samples")
    return np.frombuffer(data, "<f4").astype(np.float32)


def row(reward: Reward, names: list[str] | None) -> dict[str, Any]:
    """A reward as JSON: `ClipReward`.

    Args:
        reward: The reward.
        names: The dimensions to give; None gives all.
    """
    chosen = list(reward.dimensions) if names is None else names
    return {
        "status": reward.status,
        "reward": reward.scalar,
        "std": reward.std,
        "distance": reward.distance,
        "dimensions": {n: reward.dimensions[n] for n in chosen if n in reward.dimensions},
        "weights": {n: reward.weights[n] for n in chosen if n in reward.weights},
        "error": None if reward.error is None else said(reward.error),
    }


def complaint(error: ValidationError) -> Refused:
    """What is wrong with a request, by key, without what it holds.

    Example:
        >>> try:
        ...     ScoreRequest.model_validate_json('{"clips": [], "mode": "best"}')
        ... except ValidationError as error:
        ...     print(complaint(error).message)
        mode: Input should be 'mean', 'lcb' or 'min'; clips: List should have at least 1 item ...
    """
    known = {
        *ScoreRequest.model_fields, *Waveform.model_fields, *StoredFile.model_fields,
        "Waveform", "StoredFile",
    }  # fmt: skip
    said = []
    for found in error.errors(include_url=False, include_context=False, include_input=False)[:5]:
        # An unknown key is the client's own text.
        place = ".".join(
            str(part) if isinstance(part, int) or part in known else "(unknown key)"
            for part in found["loc"]
        )
        said.append(f"{place}: {found['msg']}" if place else found["msg"])
    return Refused("bad_request", "; ".join(said))
