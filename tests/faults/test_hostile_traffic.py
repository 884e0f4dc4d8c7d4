"""F22 for this room: traffic made from the published OpenAPI document, with every kind of key, to break the gateway."""

from __future__ import annotations

import os
from typing import Any

import httpx
import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis.checks import not_a_server_error
from schemathesis.core.failures import FailureGroup
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from regulars import collect, web
from regulars.app import App
from regulars.collect.http import answers
from regulars.web.access import add_server_key
from regulars.web.published import documented
from tests.collect.door_server import Door, basic

EXAMPLES = 200 if os.environ.get("REGULARS_TEST_LOAD_SIZE") == "full" else 8
CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]
EMPTY: dict[str, Any] = {"openapi": "3.1.0", "info": {"title": "Regulars", "version": "1"}, "paths": {}}


@pytest.fixture
def callers(app: App) -> dict[str, dict[str, str]]:
    """Headers of every kind of caller."""
    with app.transaction() as inside:
        _, key = collect.register(inside, "till", "tills")
        server_key = add_server_key(inside, "reader", web.Role.ADMIN)
    assert key is not None
    return {
        "nobody": {},
        "write key": basic(key),
        "unknown key": basic("rk_live_write_0000000000_0"),
        "server key": {"Authorization": f"Bearer {server_key}"},
        "session": {"Cookie": "regulars_session=whoever"},
    }


def attack(url: str, headers: dict[str, str]) -> None:
    """Every operation with what may be and what may not be sent to it. Raises on the first answer that breaks it."""
    schema = schemathesis.openapi.from_dict(documented(EMPTY))
    for result in schema.get_all_operations():
        operation = result.ok()

        @given(case=operation.as_strategy())
        @settings(
            max_examples=EXAMPLES,
            deadline=None,
            database=None,
            derandomize=True,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        def each(case: Any) -> None:
            case.call_and_validate(base_url=url, headers=headers, checks=CHECKS)

        each()


@pytest.mark.parametrize("caller", ["nobody", "write key", "unknown key", "server key", "session"])
def test_f22_no_caller_can_break_the_gateway_or_get_an_answer_that_is_not_documented(
    app: App, callers: dict[str, dict[str, str]], caller: str
) -> None:
    with Door(app) as door:
        attack(door.url, callers[caller])

        assert httpx.get(door.url + "/health").status_code == 200


def test_f22_a_gateway_that_says_something_else_than_documented_is_caught(
    app: App, callers: dict[str, dict[str, str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(answers, "success", lambda counts: b'{"ok":1}')

    with Door(app) as door, pytest.raises(FailureGroup):
        attack(door.url, callers["write key"])
