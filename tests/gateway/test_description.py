"""What machines are told of the hot lane is what it does: every example is sent and read back."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest

from kaquan.surfaces.gateway.catalogue import known_problems
from kaquan.surfaces.gateway.description import EVERY_CALL, Operation, operations
from kaquan.surfaces.gateway.routes import ROUTES
from tests.gateway.site import Caller, Site, code_of

OPERATIONS = operations()


def filled(value: Any, names: dict[str, Any]) -> Any:
    """The example with the names in braces replaced."""
    text = json.dumps(value)
    for name, one in names.items():
        text = text.replace(f'"{{{name}}}"', json.dumps(one))
    return json.loads(text)


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda one: one.name)
def test_every_example_is_answered_as_described(
    site: Site, till: Caller, operation: Operation
) -> None:
    batch = site.batch()
    names: dict[str, Any] = {
        "code": code_of(batch),
        "store": site.store,
        "customer": site.customer(),
        "batch_id": site.batch(by_code=False).batch_id,
    }
    body = site.redeem(code_of(batch, 1))
    if "{hold}" in operation.path:
        names["hold"] = till.post("holds", body).json["hold"]
    elif "{redemption}" in operation.path:
        names["redemption"] = till.post("redemptions", body).json["redemption"]
    path = operation.path.format(**names)

    answer = till.post(path, filled(operation.example_request, names))

    assert answer.status == 200, answer.body
    assert set(answer.json) == set(operation.example_answer)
    for text in (answer.body, json.dumps(operation.example_answer)):
        msgspec.json.decode(text, type=operation.answer)
    if operation.name == "command":
        assert [one["code"] for one in answer.json["outcomes"]] == ["done", "done"]


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda one: one.name)
def test_every_operation_has_schemas_and_known_problems(operation: Operation) -> None:
    _, schemas = msgspec.json.schema_components(
        [operation.request, operation.answer], ref_template="#/components/schemas/{name}"
    )
    known = known_problems("zh")

    assert operation.request.__name__ in schemas
    assert operation.answer.__name__ in schemas
    assert [code for code in (*operation.problem_codes, *EVERY_CALL) if code not in known] == []
    assert operation.summary_zh
    assert operation.summary_en.isascii()


def test_every_route_is_described() -> None:
    assert [one.name for one in OPERATIONS] == [route.name for route in ROUTES]
