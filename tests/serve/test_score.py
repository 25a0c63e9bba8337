# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: Apache-2.0
"""Answers: the library's rewards bit for bit, in each protocol, and failures as such."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from fastapi.testclient import TestClient

from rewardkit.adapters import openrlhf, verl_omni
from tests.made import buzz, reward_model
from tests.serve.made import Made, client, file, first, waveform

RNG = np.random.default_rng(0)
SOUNDS = [
    (10 ** RNG.uniform(-2, 0) * RNG.uniform(-1, 1, RNG.integers(1_600, 40_000))).astype(np.float32)
    for _ in range(12)
]


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    root = tmp_path_factory.mktemp("root")
    (root / "a b").mkdir()
    for place, samples in enumerate(SOUNDS):
        (root / "a b" / f"{place}.wav").write_bytes(file(samples))
    with client(Made(audio_root=root)) as found:
        yield found


def score(served: TestClient, *clips: Any, **options: Any) -> list[dict[str, Any]]:
    answer = served.post("/v1/score", json={"clips": list(clips), **options})
    assert answer.status_code == 200, answer.text
    rows: list[dict[str, Any]] = answer.json()["rewards"]
    return rows


@pytest.mark.parametrize("mode", ["mean", "lcb", "min"])
@pytest.mark.parametrize("how", ["waveform", "file", "path"])
def test_rewards_are_the_library_s_bit_for_bit(served: TestClient, mode: Any, how: str) -> None:
    function = reward_model().reward_function(mode=mode, uncertainty=0.7)
    options = {"mode": mode, "uncertainty": 0.7}
    if how == "file":
        answer = served.post(
            "/v1/score",
            files=[("clips", (f"{i}.wav", file(x))) for i, x in enumerate(SOUNDS)],
            data={"mode": mode, "uncertainty": "0.7"},
        )
        rows = answer.json()["rewards"]
    elif how == "path":
        rows = score(served, *({"path": f"a b/{i}.wav"} for i in range(len(SOUNDS))), **options)
    else:
        rows = score(served, *map(waveform, SOUNDS), **options)
    assert [row["reward"] for row in rows] == function(SOUNDS, 8_000).astype(float).tolist()
    table = function(SOUNDS, 8_000, dimensions=True).astype(float).tolist()
    assert [list(row["dimensions"].values()) for row in rows] == table
    assert [list(row["dimensions"]) for row in rows] == [["pace", "level"]] * len(rows)
    weights = {"pace": 1.0, "level": 0.5} if mode == "mean" else {}
    assert all(row["weights"] == weights for row in rows)
    library = reward_model().score_batch(SOUNDS, sample_rate=8_000)
    assert [(row["std"], row["distance"]) for row in rows] == [
        (reward.std, reward.distance) for reward in library
    ]


def test_a_shipped_checkpoint_s_floats_survive_json(example_clips: list[Path]) -> None:
    from rewardkit.model import RewardModel

    model = RewardModel.from_pretrained("prosody")
    with client(Made(model)) as served:
        files = [("clips", (path.name, path.read_bytes())) for path in example_clips]
        rows = served.post("/v1/score", files=files).json()["rewards"]
    for path, row in zip(example_clips, rows, strict=True):
        expected = json.loads(json.dumps(model(path).row("")))
        assert {name: row[name] for name in ("status", "reward", "std", "distance")} == {
            name: expected[name] for name in ("status", "reward", "std", "distance")
        }
        assert row["dimensions"] == expected["dimensions"]


def test_a_clip_s_failure_leaves_the_others_alone(served: TestClient) -> None:
    rows = score(
        served,
        waveform(buzz(1.0)),
        waveform(first(0.25)),  # the scorer raises
        waveform(buzz(0.1)),
        {"path": "no/such.wav"},
        waveform(buzz(3.0)),
    )
    codes = [row["error"] and row["error"]["code"] for row in rows]
    assert codes == [None, "scorer_failed", "too_short", "not_a_file", None]
    assert [row["reward"] for row in rows] == [-1.0, None, None, None, 1.0]
    assert "broken on purpose" not in rows[1]["error"]["message"]  # that is for the log
    assert [row["status"] for row in rows] == ["ok", "error", "error", "error", "ok"]


def test_silence_is_no_speech() -> None:
    with client(Made(reward_model(require_speech=True))) as served:
        row = score(served, waveform(np.zeros(16_000, np.float32), 16_000))[0]
    assert (row["status"], row["error"]["code"], row["reward"]) == ("no_speech", "no_speech", None)


def test_dimensions_are_chosen_by_name(served: TestClient) -> None:
    row = score(served, waveform(buzz(1.0)), dimensions=["level"])[0]
    assert (row["reward"], row["dimensions"], row["weights"]) == (
        -1.0,
        {"level": 0.0},
        {"level": 0.5},
    )


def test_dimensions_are_chosen_in_a_form_too(served: TestClient) -> None:
    files = [("clips", ("a.wav", file(buzz(1.0))))]
    for names in (["level"], ["level", "pace"]):
        answer = served.post("/v1/score", files=files, data={"dimensions": names})
        assert list(answer.json()["rewards"][0]["dimensions"]) == names
    answer = served.post("/v1/score", files=files, data={"dimensions": "other"})
    assert answer.json()["error"]["code"] == "bad_option"


def test_a_long_file_is_measured_in_parts_and_a_too_long_one_is_not(served: TestClient) -> None:
    rows = score(
        served,
        *(waveform(buzz(20.0)) for _ in range(4)),
        waveform(buzz(121.0)),
        waveform(buzz(1.0)),
    )
    assert [row["error"] and row["error"]["code"] for row in rows] == [
        *[None] * 4,
        "too_long",
        None,
    ]


def test_the_model_is_described(served: TestClient) -> None:
    told = served.get("/v1/model").json()
    assert told["dimensions"] == ["pace", "level"]
    assert told["schema_digest"] == reward_model().schema.digest
    assert told["limits"]["clips"] == 64


def test_verl_omni_gets_flat_finite_numbers(served: TestClient) -> None:
    answer = served.post("/verl-omni", json=verl_omni.encode(buzz(1.0), 8_000, "say it"))
    assert answer.json() == {"score": -1.0, "pace": -1.0, "level": 0.0, "failed": 0.0}


@pytest.mark.parametrize(
    ("samples", "status", "code"),
    [
        (buzz(0.1), 422, "too_short"),
        (buzz(1.0)[:0], 422, "too_short"),
        (first(float("nan")), 422, "nonfinite"),
        (first(9.0), 422, "out_of_range"),
        (first(0.25), 422, "scorer_failed"),
        (first(0.125), 503, "worker_died"),  # tried again by verl-omni's client
        (first(0.375), 504, "timeout"),
    ],
)
def test_verl_omni_is_told_of_failures_or_given_the_penalty(
    samples: Any, status: int, code: str
) -> None:
    payload = verl_omni.encode(samples, 8_000)
    with client(Made()) as served:
        answer = served.post("/verl-omni", json=payload)
    assert (answer.status_code, answer.json()["error"]["code"]) == (status, code)
    with client(Made(on_failure=-10.0)) as served:
        answer = served.post("/verl-omni", json=payload)
    assert answer.json() == {"score": -10.0, "pace": -10.0, "level": -10.0, "failed": 1.0}


def test_loops_get_the_mode_that_the_server_was_started_with() -> None:
    function = reward_model().reward_function(mode="lcb", uncertainty=2.0)
    with client(Made(mode="lcb", uncertainty=2.0)) as served:
        for samples in SOUNDS[:3]:
            answer = served.post("/verl-omni", json=verl_omni.encode(samples, 8_000))
            assert answer.json()["score"] == float(function([samples], 8_000)[0])


def openrlhf_request(*completions: str) -> dict[str, Any]:
    prompts = ["say: "] * len(completions)
    queries = [p + c for p, c in zip(prompts, completions, strict=True)]
    return {"query": queries, "prompts": prompts, "labels": [None] * len(queries)}


def test_openrlhf_s_completions_are_rendered_in_the_worker() -> None:
    service = Made(render="tests.serve.made:render", on_failure=-10.0)
    asked = openrlhf_request("[1.0]", "nothing", "[3.0]", "refused")
    with client(service) as served:
        answer = served.post("/openrlhf", json=asked).json()
        assert served.post("/openrlhf", json={"query": []}).json()["rewards"] == []
    model = reward_model()
    library = openrlhf.response(
        model.reward_function(on_failure=-10.0),
        [*model.score_batch([buzz(1.0), buzz(0.01), buzz(3.0), buzz(0.01)], sample_rate=8_000)],
    )
    assert answer == library
    assert answer["rewards"] == [-1.0, -10.0, 1.0, -10.0]
    assert answer["extra_logs"]["failed"] == [0, 1, 0, 1]


def test_a_broken_renderer_is_a_fault_and_no_penalty() -> None:
    service = Made(render="tests.serve.made:render", on_failure=-10.0)
    with client(service) as served:
        answer = served.post("/openrlhf", json=openrlhf_request("[1.0]", "fault"))
    assert (answer.status_code, answer.json()["error"]["code"]) == (500, "internal")


def test_openrlhf_s_completions_can_be_paths_under_the_root(served: TestClient) -> None:
    answer = served.post("/openrlhf", json=openrlhf_request("a b/0.wav", "a b/1.wav"))
    expected = reward_model().reward(SOUNDS[:2], 8_000).astype(float).tolist()
    assert answer.json()["rewards"] == expected


def test_openrlhf_needs_something_that_makes_sound() -> None:
    with client(Made()) as served:
        answer = served.post("/openrlhf", json=openrlhf_request("a"))
    assert (answer.status_code, answer.json()["error"]["code"]) == (422, "bad_option")
