"""The management API's part of the OpenAPI document, made from its operations."""

from __future__ import annotations

import json
from typing import Any

import msgspec
from ninja import NinjaAPI

from kaquan.surfaces.api.description_parts import problem_responses, shared_headers
from kaquan.surfaces.api.description_text import about, limits
from kaquan.surfaces.api.operations import TAGS
from kaquan.surfaces.http.problems import Problem

BASE = "/api/v1"
REFERENCE = "#/components/schemas/{name}"


def management_document(api: NinjaAPI) -> dict[str, Any]:
    """The document as plain data, with the schemas that every part shares."""
    document: dict[str, Any] = json.loads(json.dumps(api.get_openapi_schema(path_prefix=BASE)))
    document["info"] = {"title": "Kaquan 卡券", "version": "1", "description": about()}
    document["x-kaquan-limits"] = limits()
    document["tags"] = [{"name": name, "description": text} for name, text in sorted(TAGS.items())]
    document.pop("servers", None)
    _, schemas = msgspec.json.schema_components([Problem], ref_template=REFERENCE)
    document["components"]["schemas"].update(schemas)
    document["components"]["responses"] = problem_responses()
    document["components"]["headers"] = shared_headers()
    document["components"]["schemas"] = dict(sorted(document["components"]["schemas"].items()))
    return document
