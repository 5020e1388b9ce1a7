"""The description of the whole API: the hot lane and the management API in one document."""

from __future__ import annotations

from functools import cache
from typing import Any

import msgspec
from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from kaquan.project.description_links import add_links
from kaquan.surfaces.api.description import REFERENCE, management_document
from kaquan.surfaces.api.description_parts import (
    caller_problems,
    key_header,
    problem_parts,
    tell_limits,
)
from kaquan.surfaces.api.urls import api
from kaquan.surfaces.gateway.description import EVERY_CALL, Operation, operations

HOT_LANE = "hot-lane"
PREFIX = "hot."
SAMPLES: dict[str, str | int] = {
    "{code}": "N6W5-3K7M-8QRT-2XYZ-4ABC",
    "{other_code}": "7HJK-9MNP-2RST-4VWX-6YZA",
    "{batch_id}": 7,
    "{store}": "S001",
    "{customer}": "M0001",
    "{redemption}": "R6001007",
    "{hold}": "H6001008",
}
"""What stands in the document for the objects that the hot lane's examples name."""


@require_safe
def openapi_document(request: HttpRequest) -> HttpResponse:  # noqa: ARG001  # a view has one
    """OpenAPI 3.1, as JSON."""
    return HttpResponse(_encoded(), content_type="application/json")


def document() -> dict[str, Any]:
    """The document of both parts, the hot lane first."""
    described = management_document(api)
    hot = operations()
    types = [part for operation in hot for part in (operation.request, operation.answer)]
    # Names of their own: each part has a `RedemptionAnswer`, and they are not the same.
    reference = REFERENCE.format(name=f"{PREFIX}{{name}}")
    schemas, components = msgspec.json.schema_components(types, ref_template=reference)
    described["components"]["schemas"].update(
        {f"{PREFIX}{name}": schema for name, schema in components.items()}
    )
    paths: dict[str, Any] = {}
    pairs = zip(schemas[::2], schemas[1::2], strict=True)
    for operation, (request, answer) in zip(hot, pairs, strict=True):
        methods = paths.setdefault(operation.path, {})
        methods[operation.method.lower()] = _described(operation, request, answer)
    for path, methods in described["paths"].items():
        paths.setdefault(path, {}).update(methods)
    described["paths"] = paths
    hot_tag = {"name": HOT_LANE, "description": "核销热路径 · The hot lane"}
    described["tags"] = [hot_tag, *described["tags"]]
    add_links(described)
    tell_limits(described)
    return described


def _described(
    operation: Operation, request: dict[str, Any], answer: dict[str, Any]
) -> dict[str, Any]:
    parts = problem_parts({*EVERY_CALL, *caller_problems(), *operation.problem_codes})
    done = {"schema": answer, "example": _with_samples(operation.example_answer)}
    parts["responses"] = {
        200: {"description": "OK", "content": {"application/json": done}},
        **parts["responses"],
    }
    names = [part[1:-1] for part in operation.path.split("/") if part.startswith("{")]
    in_path = [
        {"in": "path", "name": name, "required": True, "schema": {"type": "string"}}
        for name in names
    ]
    header = [key_header(required=not operation.request_no)] if operation.changes else []
    sent = {"schema": request, "example": _with_samples(operation.example_request)}
    return {
        "operationId": operation.name,
        "summary": f"{operation.summary_zh} · {operation.summary_en}",
        "tags": [HOT_LANE],
        "parameters": in_path + header,
        "requestBody": {"required": True, "content": {"application/json": sent}},
        "security": [{"ApiKey": []}],
        "x-kaquan-permission": operation.permission,
        **{name: _with_text_keys(part) for name, part in parts.items()},
    }


def _with_samples(example: Any) -> Any:
    if isinstance(example, dict):
        return {name: _with_samples(part) for name, part in example.items()}
    if isinstance(example, list):
        return [_with_samples(part) for part in example]
    return SAMPLES.get(example, example) if isinstance(example, str) else example


def _with_text_keys(part: Any) -> Any:
    return {str(key): value for key, value in part.items()} if isinstance(part, dict) else part


@cache
def _encoded() -> bytes:
    return msgspec.json.encode(document())
