"""A change of the API that breaks a client is found; one that only adds is not."""

from __future__ import annotations

import json
from collections.abc import Callable
from copy import deepcopy
from typing import Any

import pytest

from kaquan.project.description import document
from tools.compatibility import BASELINE, ROOT, breaks

Change = Callable[[dict[str, Any]], object]


def an_api() -> dict[str, Any]:
    store = {
        "type": "object",
        "properties": {
            "code": {"type": "string"},
            "status": {"enum": ["open", "closed"], "type": "string"},
            "city": {"anyOf": [{"type": "string"}, {"type": "null"}]},
            "tags": {"type": "array", "items": {"type": "string"}},
        },
        "required": ["code", "status"],
    }
    body = deepcopy(store)
    body["required"] = ["code"]
    body["properties"]["size"] = {"type": "integer", "minimum": 0, "maximum": 9}
    return {
        "paths": {
            "/stores": {
                "post": {
                    "x-kaquan-permission": "organisations.edit",
                    "parameters": [
                        {"in": "query", "name": "dry", "schema": {"type": "boolean"}},
                    ],
                    "requestBody": {
                        "required": True,
                        "content": {
                            "application/json": {"schema": {"$ref": "#/components/schemas/Body"}}
                        },
                    },
                    "responses": {
                        "201": {
                            "content": {
                                "application/json": {
                                    "schema": {"$ref": "#/components/schemas/Store"}
                                }
                            }
                        },
                        "400": {"content": {}},
                    },
                }
            }
        },
        "components": {"schemas": {"Store": store, "Body": body}},
    }


def operation(api: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = api["paths"]["/stores"]["post"]
    return found


def schema(api: dict[str, Any], name: str) -> dict[str, Any]:
    found: dict[str, Any] = api["components"]["schemas"][name]
    return found


def field(api: dict[str, Any], name: str, of: str) -> dict[str, Any]:
    found: dict[str, Any] = schema(api, of)["properties"][name]
    return found


BREAKING: dict[str, Change] = {
    "the operation is gone": lambda api: api["paths"]["/stores"].pop("post"),
    "another permission": lambda api: operation(api).update({"x-kaquan-permission": "x"}),
    "dry: the parameter is gone": lambda api: operation(api)["parameters"].pop(),
    "dry: the parameter is required now": lambda api: operation(api)["parameters"][0].update(
        required=True
    ),
    "dry: boolean is not taken": lambda api: operation(api)["parameters"][0]["schema"].update(
        type="integer"
    ),
    "zone: a new parameter is required": lambda api: operation(api)["parameters"].append(
        {"in": "query", "name": "zone", "required": True, "schema": {"type": "string"}}
    ),
    "no body is taken": lambda api: operation(api).pop("requestBody"),
    "body: application/json is gone": lambda api: operation(api)["requestBody"]["content"].pop(
        "application/json"
    ),
    "body.size: the property is gone": lambda api: schema(api, "Body")["properties"].pop("size"),
    "body.status: the property is required now": lambda api: schema(api, "Body")["required"].append(
        "status"
    ),
    "body.size: integer is not taken": lambda api: field(api, "size", "Body").update(type="string"),
    "body.size: maximum is 5 now": lambda api: field(api, "size", "Body").update(maximum=5),
    "body.size: minimum is 1 now": lambda api: field(api, "size", "Body").update(minimum=1),
    "body.code: maxLength is 5 now": lambda api: field(api, "code", "Body").update(maxLength=5),
    "body.city: null is not taken": lambda api: field(api, "city", "Body")["anyOf"].pop(),
    "body.status: values are gone: ['closed']": lambda api: field(api, "status", "Body")[
        "enum"
    ].pop(),
    "body.code: values are gone": lambda api: field(api, "code", "Body").update(enum=["a"]),
    "body.tags[]: string is not taken": lambda api: field(api, "tags", "Body").update(
        items={"type": "integer"}
    ),
    "the answer 201 is gone": lambda api: operation(api)["responses"].pop("201"),
    "201.city: the property is gone": lambda api: schema(api, "Store")["properties"].pop("city"),
    "201.status: the property may be missing": lambda api: schema(api, "Store")["required"].remove(
        "status"
    ),
    "201.code: may be null now": lambda api: field(api, "code", "Store").update(
        type=["string", "null"]
    ),
    "201.status: values are gone": lambda api: field(api, "status", "Store")["enum"].pop(),
}

COMPATIBLE: dict[str, Change] = {
    "a new path": lambda api: api["paths"].update({"/clerks": {"get": {}}}),
    "a new method": lambda api: api["paths"]["/stores"].update({"get": {}}),
    "a new optional parameter": lambda api: operation(api)["parameters"].append(
        {"in": "query", "name": "zone", "schema": {"type": "string"}}
    ),
    "a new optional field": lambda api: schema(api, "Body")["properties"].update(
        note={"type": "string"}
    ),
    "a new field of an answer": lambda api: schema(api, "Store")["properties"].update(
        note={"type": "string"}
    ),
    "a field that is always there now": lambda api: schema(api, "Store")["required"].append("city"),
    "a wider field": lambda api: field(api, "code", "Body").update(type=["string", "null"]),
    "wider bounds": lambda api: field(api, "size", "Body").update(maximum=99),
    "a new value": lambda api: field(api, "status", "Body")["enum"].append("moved"),
    "a refusal less": lambda api: operation(api)["responses"].pop("400"),
    "another order": lambda api: schema(api, "Body")["required"].reverse(),
}


@pytest.mark.parametrize("told", BREAKING)
def test_what_breaks_a_client_is_found(told: str) -> None:
    after = an_api()
    BREAKING[told](after)

    found = breaks(an_api(), after)

    assert len(found) >= 1
    assert told in found[0]


@pytest.mark.parametrize("name", COMPATIBLE)
def test_what_only_adds_is_let_pass(name: str) -> None:
    after = an_api()
    COMPATIBLE[name](after)

    assert breaks(an_api(), after) == []


def test_a_schema_that_holds_itself_is_compared() -> None:
    before = an_api()
    schema(before, "Store")["properties"]["parent"] = {"$ref": "#/components/schemas/Store"}
    after = deepcopy(before)
    assert breaks(before, after) == []

    schema(after, "Store")["properties"].pop("city")
    assert breaks(before, after)


def test_clients_of_the_published_version_can_go_on() -> None:
    published = json.loads((ROOT / BASELINE).read_text(encoding="utf-8"))

    assert breaks(published, document()) == []
