# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: Apache-2.0
"""Requests made up from the server's own OpenAPI description: answers are as it says, never 500."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from rewardkit.serve.app import create_app
from tests.serve.made import Made, listening

CHECKS = (
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
)
ADDRESSES = (
    *("POST /v1/score", "POST /verl-omni", "POST /openrlhf"),
    *("GET /v1/model", "GET /metrics", "GET /health/live", "GET /health/ready"),
)


@pytest.fixture(scope="module")
def operations() -> Iterator[dict[str, Any]]:
    """What may be asked of a running server, by its own description."""
    with listening(Made(render="tests.serve.made:render", on_failure=-10.0)) as url:
        schema = schemathesis.openapi.from_url(f"{url}/openapi.json")
        found = [result.ok() for result in schema.get_all_operations()]
        yield {operation.label: operation for operation in found}


@pytest.mark.parametrize("address", ADDRESSES)
def test_answers_are_as_described(operations: dict[str, Any], address: str) -> None:
    @given(case=operations[address].as_strategy())
    @settings(
        max_examples=25,
        deadline=None,
        derandomize=True,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    def asked(case: schemathesis.Case) -> None:
        case.call_and_validate(checks=CHECKS)

    asked()


def test_every_address_and_its_failures_are_described() -> None:
    paths = create_app(Made()).openapi()["paths"]
    described = {f"{kind.upper()} {path}" for path, found in paths.items() for kind in found}
    assert described == set(ADDRESSES)
    for address in ("/v1/score", "/verl-omni", "/openrlhf"):
        found = paths[address]["post"]
        assert {"401", "403", "413", "415", "422", "503"} <= set(found["responses"])
        assert found["requestBody"]["content"]["application/json"]["schema"]["$ref"]
