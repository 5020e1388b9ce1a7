"""What can be wrong with a call before anybody asks the ledger, and which status each answer has.

The ledger's own answers are in ``engine.outcome_details``; together they are the catalogue.
"""

from __future__ import annotations

from msgspec import Struct

from kaquan.engine.outcomes import OutcomeCode

RETRY_AFTER_S = 1


class CallProblem(Struct, frozen=True):
    """A way in which a call cannot be understood or served. ``zh`` and ``en`` are one sentence
    each: what is wrong, and what to do."""

    status: int
    zh: str
    en: str
    retryable: bool = False


#: Codes are for ever, as those of outcomes.
CALL_PROBLEMS: dict[str, CallProblem] = {
    "malformed_request": CallProblem(
        400,
        "请求内容无法理解，请按接口文档更正",
        "The request cannot be understood: correct it by the API's description",
    ),
    "idempotency_key_missing": CallProblem(
        400,
        "缺少请求号，请加上 Idempotency-Key 请求头",
        "The request has no name of its own: add an Idempotency-Key header",
    ),
    "idempotency_key_invalid": CallProblem(
        400,
        "请求号须为 1 至 255 个可见 ASCII 字符，请更换",
        "An Idempotency-Key has 1 to 255 visible ASCII characters: choose another",
    ),
    "header_repeated": CallProblem(
        400,
        "同一请求头出现了多次，请只保留一个",
        "A header stands there more than once: keep one of them",
    ),
    "cursor_invalid": CallProblem(
        400,
        "翻页游标无效，请从第一页重新开始",
        "The cursor is none of ours: begin again with the first page",
    ),
    "sandbox_not_running": CallProblem(
        401,
        "没有启用沙箱，测试密钥（kq_test_）无处可用；请用正式密钥，或请管理员设置 KAQUAN_SANDBOX=1",
        "There is no sandbox for test keys (kq_test_): use a live key, "
        "or ask the administrator to set KAQUAN_SANDBOX=1",
    ),
    "sandbox_unavailable": CallProblem(
        503,
        "沙箱暂时不可用，请按 Retry-After 稍后用同一请求号重试",
        "The sandbox is away: try again with the same key as Retry-After says",
        retryable=True,
    ),
    "route_unknown": CallProblem(
        404,
        "没有这个地址，请核对路径",
        "There is nothing at this address: check the path",
    ),
    "method_not_allowed": CallProblem(
        405,
        "该地址不接受此方法，可用方法见 Allow 响应头",
        "The address does not take this method: see the Allow header",
    ),
    "body_too_slow": CallProblem(
        408,
        "请求内容传输过慢，请重新发送",
        "The body took too long to arrive: send it again",
        retryable=True,
    ),
    "request_in_progress": CallProblem(
        409,
        "同一请求号的请求正在处理，请稍后重试",
        "A request of the same name is under way: try again shortly",
        retryable=True,
    ),
    "body_too_large": CallProblem(
        413,
        "请求内容过大，请分成几次发送",
        "The body is too large: send it in several requests",
    ),
    "content_type_unsupported": CallProblem(
        415,
        "请求内容须为 JSON，请使用 Content-Type: application/json",
        "The body must be JSON: use Content-Type: application/json",
    ),
    "rate_limited": CallProblem(
        429,
        "请求过于频繁，请按 Retry-After 稍后再试",
        "There are too many requests: wait as Retry-After says",
        retryable=True,
    ),
    "internal_error": CallProblem(
        500,
        "系统内部出错，请用同一请求号重试或联系管理员",
        "Something failed on our side: try again with the same key, or tell the administrator",
        retryable=True,
    ),
}

_STATUS = {
    OutcomeCode.DONE: 200,
    OutcomeCode.MALFORMED_COMMAND: 400,
    OutcomeCode.CODE_MALFORMED: 400,
    OutcomeCode.CODE_MISTYPED: 400,
    OutcomeCode.PERMISSION_DENIED: 403,
    OutcomeCode.CODE_FORGED: 404,
    OutcomeCode.VOUCHER_NOT_YOURS: 404,
    OutcomeCode.REQUEST_KEY_REUSED: 422,
    OutcomeCode.BUSY: 503,
    OutcomeCode.UNAVAILABLE: 503,
}

OUTCOME_STATUS: dict[OutcomeCode, int] = {
    code: _STATUS.get(code, 404 if code.name.endswith("_UNKNOWN") else 409) for code in OutcomeCode
}


def error_status(code: str) -> int:
    """The status of a `KaquanError` that an action raised, from its code."""
    if code == "permission_denied":
        return 403
    if code.endswith("_unknown"):
        return 404
    if code in ("value_invalid", "terms_invalid", "terms_unlawful"):
        return 422
    return 409
