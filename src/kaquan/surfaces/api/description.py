"""The management API's part of the OpenAPI document, made from its operations."""

from __future__ import annotations

import json
from typing import Any

import msgspec
from ninja import NinjaAPI

from kaquan.surfaces.api.description_parts import problem_responses
from kaquan.surfaces.http.problems import Problem

BASE = "/api/v1"
REFERENCE = "#/components/schemas/{name}"
ABOUT = """卡券系统的接口。金额为整数分（`_fen`），时间为 RFC 3339 带时区，
列表用 `limit` 与 `cursor` 翻页。每个写操作都要 `Idempotency-Key`；
出错时返回 RFC 9457 问题文档，`code` 固定不变。

The interface of Kaquan. Amounts are whole fen (`_fen`), moments RFC 3339 with an offset, lists
come in pages by `limit` and `cursor`. Whatever changes something needs an `Idempotency-Key`.
Problems are RFC 9457 documents with a stable `code`."""


def management_document(api: NinjaAPI) -> dict[str, Any]:
    """The document as plain data, with the schemas that every part shares."""
    document: dict[str, Any] = json.loads(json.dumps(api.get_openapi_schema(path_prefix=BASE)))
    document["info"] = {"title": "Kaquan 卡券", "version": "1", "description": ABOUT}
    document.pop("servers", None)
    _, schemas = msgspec.json.schema_components([Problem], ref_template=REFERENCE)
    document["components"]["schemas"].update(schemas)
    document["components"]["responses"] = problem_responses()
    document["components"]["schemas"] = dict(sorted(document["components"]["schemas"].items()))
    return document
