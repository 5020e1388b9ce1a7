"""What the description says of one operation beyond what its types say."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from kaquan.surfaces.api.operations import Operation
from kaquan.surfaces.api.refusing import OUTCOMES
from kaquan.surfaces.http.problem_codes import CALL_PROBLEMS, OUTCOME_STATUS, error_status
from kaquan.surfaces.http.problems import MEDIA_TYPE

PROBLEM_SCHEMA = {"$ref": "#/components/schemas/Problem"}
_STATUS_TEXTS = {
    400: "请求无法理解 · The request cannot be understood",
    401: "没有有效的密钥 · There is no valid key",
    403: "没有权限 · The key lacks the permission",
    404: "没有，或不在管辖范围内 · There is none, or not within the key's part",
    408: "传输过慢 · The body came too slowly",
    409: "现状不允许 · The state of things does not allow it",
    413: "内容过大 · The body is too large",
    415: "内容类型不对 · The content type is another",
    422: "内容不可接受 · What was sent cannot be accepted",
    429: "过于频繁 · Too many requests",
    500: "系统内部出错 · Something failed on our side",
    503: "暂时不可用，可重试 · Not available now; try again",
}
_OF_LIMITS = ("RateLimit", "RateLimit-Policy")
_HEADERS = {
    "RateLimit": ("还剩 r 次，t 秒后补满 · r calls are left, all are back in t seconds",
                  '"gateway";r=1999;t=2'),
    "RateLimit-Policy": ("每 w 秒 q 次 · q calls in w seconds", '"gateway";q=2000;w=2'),
    "Retry-After": ("多少秒后再试 · try again after so many seconds", "1"),
}  # fmt: skip
_HEADERS_OF = {429: (*_OF_LIMITS, "Retry-After"), 503: ("Retry-After",)}
_CALLER_STATUS = {
    "key_missing": 401, "key_invalid": 401, "key_of_other_mode": 401, "signature_missing": 401,
    "signature_invalid": 401, "signature_time_off": 401, "signature_repeated": 401,
    "source_not_allowed": 403, "rate_limited": 429, "concurrency_limited": 429,
    "object_rate_limited": 429, "code_attempts_limited": 429,
}  # fmt: skip
_CALLERS = tuple(_CALLER_STATUS.keys() - {"object_rate_limited", "code_attempts_limited"})
_OF_ALL = (*_CALLERS, "permission_denied", "malformed_request", "header_repeated",
           "unavailable", "busy", "internal_error")  # fmt: skip
_OF_CHANGES = ("idempotency_key_missing", "idempotency_key_invalid", "request_key_reused",
               "request_in_progress", "value_invalid")  # fmt: skip


def operation_extra(operation: Operation) -> dict[str, Any]:
    """The extra parts of an operation's description: problems, the key's header, an example."""
    codes = set(_OF_ALL) | set(operation.problems)
    if operation.method != "GET":
        codes |= {"body_too_large", "body_too_slow", "content_type_unsupported"}
    if operation.changes:
        codes |= set(_OF_CHANGES)
    extra = problem_parts(codes) | {"x-kaquan-permission": operation.permission}
    if operation.changes:
        extra["parameters"] = [key_header(required=not operation.key_field)]
    if operation.example is not None:
        media_type = operation.media_types[0]
        extra["requestBody"] = {"content": {media_type: {"example": operation.example}}}
        if media_type != "application/json":
            extra["requestBody"]["content"][media_type]["schema"] = {"type": "string"}
    if operation.answer_media_type != "application/json":
        extra["responses"][operation.status] = {
            "description": "OK",
            "content": {operation.answer_media_type: {"schema": {"type": "string"}}},
        }
    return extra


def problem_parts(codes: Collection[str]) -> dict[str, Any]:
    """What the description says of an operation's problems: their codes, and a shared answer for
    each of their statuses."""
    return {
        "x-kaquan-problems": sorted(codes),
        "responses": {
            status: {"$ref": f"#/components/responses/Problem{status}"}
            for status in sorted({_status(code) for code in codes})
        },
    }


def caller_problems() -> Collection[str]:
    """The codes of what stands in the way of a caller."""
    return _CALLERS


def _status(code: str) -> int:
    if code in CALL_PROBLEMS:
        return CALL_PROBLEMS[code].status
    if code in OUTCOMES:
        return OUTCOME_STATUS[OUTCOMES[code]]
    return _CALLER_STATUS.get(code, error_status(code))


def problem_responses() -> dict[str, Any]:
    """The answers that operations share, for the components of the document."""
    return {
        f"Problem{status}": {
            "description": text,
            "content": {MEDIA_TYPE: {"schema": PROBLEM_SCHEMA}},
            **({"headers": _headers(*_HEADERS_OF[status])} if status in _HEADERS_OF else {}),
        }
        for status, text in _STATUS_TEXTS.items()
    }


def shared_headers() -> dict[str, Any]:
    """The headers of answers, for the components of the document."""
    return {
        name: {"description": text, "schema": {"type": "string"}, "example": example}
        for name, (text, example) in _HEADERS.items()
    }


def tell_limits(document: dict[str, Any]) -> None:
    """Add to each answer that did what was asked the headers that tell what is left."""
    for methods in document["paths"].values():
        for operation in methods.values():
            for status, answer in operation["responses"].items():
                if str(status)[0] == "2":
                    answer.setdefault("headers", {}).update(_headers(*_OF_LIMITS))


def _headers(*names: str) -> dict[str, Any]:
    return {name: {"$ref": f"#/components/headers/{name}"} for name in names}


def key_header(*, required: bool) -> dict[str, Any]:
    return {
        "in": "header",
        "name": "Idempotency-Key",
        "required": required,
        "schema": {"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[!-~]+$"},
        "description": "请求号：同号同内容只生效一次，答复逐字节相同 · "
        "The request's own name: the same name and content has one effect and one answer.",
        "example": "order-20261127-0001",
    }
