# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: Apache-2.0
"""Recipes: what is refused, what is said in words, and what the hash stands for."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pydantic
import pytest

from rewardkit.composite import Recipe, read
from rewardkit.composite.recipe import Ramp
from rewardkit.errors import RewardkitError

RIGHT = {"kind": "exact_answer"}
PROSODY = {"kind": "preference", "dimension": "prosody"}
GATE = {"term": "right", "at_least": 1}

YAML = """
terms:
  right: {kind: exact_answer}
  clear: {kind: word_error_rate, text: sentence}
  length: {kind: duration, low: 0.5, high: 12}
  prosody: {kind: preference, dimension: prosody, form: ordinal, reference: natural}
sum:
  right: {weight: 1}
  prosody:
    weight: [[0, 0], [500, 0.5]]
    normalise: true
    when: {term: right, at_least: 1}
    otherwise: -0.5
floors:
  - {term: length, at_least: 1, value: -2}
constraints:
  - {term: clear, at_most: 0.1, multiplier: 2, rate: 0.05}
"""


def make(**parts: Any) -> Recipe:
    return Recipe.model_validate(
        {"terms": {"right": RIGHT, "prosody": PROSODY}, "sum": {"right": {}}} | parts
    )


@pytest.mark.parametrize(
    ("parts", "message"),
    [
        ({"sum": {"rihgt": {}}}, "no term named 'rihgt'; there are right, prosody"),
        ({"sum": {}}, "at least 1 item"),
        ({"summ": {}}, "Extra inputs"),
        ({"sum": {"right": {"heft": 1}}}, "Extra inputs"),
        ({"sum": {"right": {"weight": float("nan")}}}, "finite number"),
        ({"sum": {"right": {"weight": [[5, 0], [5, 1]]}}}, "steps are not negative, and rise"),
        ({"sum": {"right": {"otherwise": 0}}}, "otherwise needs a gate"),
        ({"terms": {"right": {"kind": "magic"}}}, "does not match any of the expected tags"),
        ({"terms": {"right": RIGHT, "floor": RIGHT}}, "no term may be called 'floor'"),
        ({"terms": {"right": RIGHT, "Right": RIGHT}}, "match pattern"),
        ({"terms": {"right": RIGHT | {"pattern": "["}}}, "not a regular expression"),
        ({"terms": {"right": RIGHT | {"pattern": "x"}}}, "needs a group"),
        ({"terms": {"right": {"kind": "format", "pattern": "("}}}, "not a regular expression"),
        ({"terms": {"right": {"kind": "duration", "low": 2, "high": 1}}}, "is not below"),
        ({"terms": {"right": {"kind": "duration", "low": 2, "high": 2}}}, "is not below"),
        ({"terms": {"right": PROSODY | {"form": "ordinal"}}}, "needs a reference"),
        ({"terms": {"right": PROSODY | {"steps": [0.8, 0.6]}}}, "rising"),
        ({"terms": {"right": PROSODY | {"steps": [0.5]}}}, "greater than 0.5"),
        ({"floors": [{"term": "right", "value": 0}]}, "one of at_least and at_most"),
        ({"floors": [GATE | {"at_most": 2, "value": 0}]}, "one of at_least and at_most"),
        ({"constraints": [GATE, GATE]}, "at most one constraint"),
        ({"constraints": [GATE | {"multiplier": -1}]}, "greater than or equal to 0"),
        ({"constraints": [GATE | {"multiplier": 500}]}, "500 exceeds its greatest, 100"),
        ({"terms": {"right": RIGHT, "reward": RIGHT}}, "no term may be called 'reward'"),
        ({"sum": {"right": {"weight": 1e31}}}, "less than 1000"),
        ({"sum": {"right": {"weight": "much"}}}, "valid number"),
    ],
)
def test_what_is_wrong_is_said(parts: dict[str, Any], message: str) -> None:
    with pytest.raises(pydantic.ValidationError, match=message):
        make(**parts)


@pytest.mark.parametrize(
    ("prosody", "part", "accepted"),
    [
        ({}, {}, False),  # log-odds may be negative: a closed gate would be better than a bad clip
        ({}, {"otherwise": -5}, True),
        ({"form": "probability"}, {}, True),
        ({"form": "probability"}, {"weight": -1}, False),
        ({"form": "probability"}, {"weight": [[0, 1], [9, -1]]}, False),
        ({"form": "probability"}, {"normalise": True}, False),
        ({"form": "ordinal", "reference": "r"}, {}, False),
    ],
)
def test_a_gate_that_pays_when_closed_is_refused(
    prosody: dict[str, Any], part: dict[str, Any], accepted: bool
) -> None:
    parts = {
        "terms": {"right": RIGHT, "prosody": PROSODY | prosody},
        "sum": {"right": {}, "prosody": {"when": GATE} | part},
    }
    if accepted:
        make(**parts)
        return
    with pytest.raises(pydantic.ValidationError, match="failing the gate could pay"):
        make(**parts)


def test_a_file_is_the_same_recipe_in_yaml_and_json_and_has_one_hash(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text(YAML)
    recipe = read(tmp_path / "a.yaml")
    (tmp_path / "b.json").write_text(json.dumps(recipe.model_dump(mode="json")))
    assert read(tmp_path / "b.json") == recipe
    assert read(tmp_path / "b.json").digest == recipe.digest
    (tmp_path / "c.yaml").write_text(YAML.replace("otherwise: -0.5", "otherwise: -0.6"))
    assert read(tmp_path / "c.yaml").digest != recipe.digest
    assert len(recipe.digest) == 64


def test_a_multiplier_may_start_at_its_greatest() -> None:
    assert make(constraints=[GATE | {"multiplier": 100}]).constraints[0].multiplier == 100


def test_defaults_written_out_do_not_change_the_hash() -> None:
    assert make().digest == make(sum={"right": {"weight": 1.0}}).digest


def test_words_say_all_of_it(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text(YAML)
    words = read(tmp_path / "a.yaml").words()
    for part in (
        "reward = right + prosody + floor + limit_clear",
        "1 x right [1 when the answer in the completion is that of the column 'answer', else 0]",
        "(0 at step 0, 0.5 at step 500) x prosody",
        "the reward for prosody less that of the sound in the column 'natural'",
        "steps of the probability of winning: 0.6, 0.8",
        "as standard scores over the run; only when right is at least 1, else -0.5",
        "-2 in place of the terms, unless length is at least 1",
        "clear is at most 0.1, kept on average by a multiplier that starts at 2 and learns at rate",
        "(length: 1 for a sound of 0.5 to 12 s, else 0)",
        "(clear: word error rate of 'asr' against the column 'sentence')",
    ):
        assert part in words


@pytest.mark.parametrize(
    "text",
    [
        "terms: [",
        "",
        "[]",
        "terms: {right: {kind: exact_answer}}",
        "!!python/object/apply:os.system [ls]",
    ],
)
def test_a_file_that_is_no_recipe(tmp_path: Path, text: str) -> None:
    (tmp_path / "a.yaml").write_text(text)
    with pytest.raises(RewardkitError, match=r"bad_recipe: .*a\.yaml"):
        read(tmp_path / "a.yaml")
    with pytest.raises(RewardkitError, match="bad_recipe"):
        read(tmp_path / "absent.yaml")


def test_numbers_that_yaml_reads_as_strings(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text(YAML.replace("{weight: 1}", "{weight: 1e-3}"))
    assert read(tmp_path / "a.yaml").sum["right"].weight.at(0) == 1e-3


@pytest.mark.parametrize(
    "more",
    [
        "floors:\n  - {term: length, at_least: 1, value: -9}\n",
        "sum: {right: {weight: 1, weight: 2}}",
    ],
)
def test_a_key_that_stands_there_twice_is_refused(tmp_path: Path, more: str) -> None:
    (tmp_path / "a.yaml").write_text(YAML + more)
    with pytest.raises(RewardkitError, match=r"bad_recipe: (.|\n)*stands there twice(.|\n)*line"):
        read(tmp_path / "a.yaml")


def test_merged_keys_are_not_repeated(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text(
        "terms:\n  a: &a {kind: duration, high: 2}\n  b: {<<: *a, high: 3}\n  c: {<<: *a}\n"
        "sum: {a: {}}\n"
    )
    assert read(tmp_path / "a.yaml").terms["b"].high == 3  # type: ignore[union-attr]


def test_every_wrong_key_is_named(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text("terms: {x: {kind: duration}}\nsum: {x: {heft: 1}}")
    with pytest.raises(RewardkitError) as caught:
        read(tmp_path / "a.yaml")
    assert "terms.x.duration.high: Field required" in caught.value.message
    assert "sum.x.heft" in caught.value.message


def test_a_ramp_between_its_points() -> None:
    ramp = Ramp(points=((10, 1.0), (20, 3.0), (40, -1.0)))
    assert [ramp.at(step) for step in (0, 10, 15, 20, 30, 40, 99)] == [1, 1, 2, 3, 1, -1, -1]
