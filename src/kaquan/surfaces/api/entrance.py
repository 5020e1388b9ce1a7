"""Who comes in: every operation asks here before it looks at what was sent."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import msgspec
from django.core.exceptions import RequestDataTooBig
from django.http import HttpRequest

from kaquan.access.callers import Caller, authenticate, is_within_bounds
from kaquan.access.errors import key_of_stores
from kaquan.access.limits import admit
from kaquan.access.sources import source_of
from kaquan.engine.commands import RequestKey
from kaquan.engine.fields import KEY_MAX
from kaquan.engine.outcome_details import Language
from kaquan.foundation.actor import Actor, require
from kaquan.organisations.store_facts import store_facts
from kaquan.surfaces.api.operations import JSON, Operation
from kaquan.surfaces.api.refusing import CallerRefusedError, CallRefusedError, language_of

LANE = "management"
KEY_HEADER = "Idempotency-Key"
_KEY = re.compile(r"[\x21-\x7e]{1,255}")
_ONCE = (b"authorization", b"content-type", b"idempotency-key", b"content-length")


@dataclass(frozen=True, slots=True)
class Call:
    """One call that was let in. ``actor`` acts, within a part of the organisation."""

    operation: Operation
    caller: Caller
    actor: Actor
    language: Language
    idempotency_key: str

    @property
    def request_key(self) -> RequestKey:
        """The request's own name for the ledger: apart from those of other operations."""
        return self.request_key_for("")

    def request_key_for(self, part: str) -> RequestKey:
        """The same for one of several commands that the request makes."""
        name = f"{self.operation.id}:{self.idempotency_key}" + (f"#{part}" if part else "")
        if len(name) > KEY_MAX:
            name = f"{self.operation.id}:{hashlib.blake2b(name.encode()).hexdigest()}"
        return RequestKey(self.caller.client_id, name)


class ApiKey:
    """The entrance of one operation, as django-ninja asks it; also its line in the description."""

    openapi_security_schema = {"type": "http", "scheme": "bearer"}  # noqa: RUF012  # ninja's name

    def __init__(self, operation: Operation) -> None:
        self.operation = operation

    def __call__(self, request: HttpRequest) -> bool:
        """Let the caller in and note who it is; raises the problem otherwise."""
        request.call = enter(request, self.operation)  # type: ignore[attr-defined]
        return True


def enter(request: HttpRequest, operation: Operation) -> Call:
    """The caller, known, permitted and not too busy, with a body that may be read."""
    _refuse_repeated_headers(request)
    scope = getattr(request, "scope", None)
    if scope is not None and scope["method"] != operation.method:  # Django takes `post` for `POST`
        raise CallRefusedError("method_not_allowed", headers=[("Allow", operation.method)])
    if "\0" in request.path:
        raise CallRefusedError("malformed_request", remedy="the address holds the character NUL")
    body = _body(request, operation)
    caller = authenticate(
        authorization=request.headers.get("authorization"),
        source=source(request),
        method=operation.method,
        path=_path_as_it_came(request),
        body=body,
        signature=request.headers.get("kaquan-signature"),
        idempotency_key=request.headers.get(KEY_HEADER),
    )
    if not isinstance(caller, Caller):
        raise CallerRefusedError(caller)
    verdict = admit(caller, lane=LANE, cost=operation.cost)
    # Onto the answer, whatever that is: see `problem_pages`.
    request.limit_headers = [  # type: ignore[attr-defined]
        (name.decode(), value.decode()) for name, value in verdict.headers
    ]
    if verdict.refusal is not None:
        raise CallerRefusedError(verdict.refusal)
    require(caller.actor, operation.permission)
    actor = _bounded(caller)
    _refuse_other_content(request, operation, body)
    key = _idempotency_key(request, operation, body) if operation.changes else ""
    return Call(operation, caller, actor, language_of(request), key)


def source(request: HttpRequest) -> str:
    """The address that the call comes from; a proxy's word is believed only if it is ours."""
    return source_of(request.META.get("REMOTE_ADDR", ""), request.headers.get("x-forwarded-for"))


def refuse_unknown_parameters(request: HttpRequest, view: Callable[..., Any]) -> None:
    """A parameter that is not described is a misspelling; ignored, it would list too much. One that
    stands there twice means one of its values to us and perhaps the other to a proxy."""
    known, lists = _names(view, "query"), _lists(view)
    for name, values in request.GET.lists():
        if name not in known:
            raise CallRefusedError("malformed_request", remedy=f"unknown parameter: {name[:50]}")
        if any("\0" in value for value in values) or (len(values) > 1 and name not in lists):
            remedy = f"twice, or with the character NUL: {name[:50]}"
            raise CallRefusedError("malformed_request", remedy=remedy)


def _bounded(caller: Caller) -> Actor:
    """Who acts. A key of one store acts in that store alone; one of several stores is for tills,
    and no part of the tree holds those stores and no other."""
    if not caller.store_ids:
        return caller.actor
    facts = store_facts(min(caller.store_ids)) if len(caller.store_ids) == 1 else None
    if facts is None or not is_within_bounds(caller, facts.store_path):
        raise key_of_stores()
    path = "".join(f"{node}." for node in facts.store_path)
    return replace(caller.actor, organisation_path=path)


def _path_as_it_came(request: HttpRequest) -> str:
    scope = getattr(request, "scope", None)
    raw: bytes | None = scope.get("raw_path") if scope else None
    if scope is None or not raw:
        return request.get_full_path()
    query: bytes = scope.get("query_string", b"")
    return (raw.partition(b"?")[0] + (b"?" + query if query else b"")).decode("latin-1")


def refuse_body(request: HttpRequest, view: Callable[..., Any]) -> None:
    """Where no body is described there may be none, or an empty object."""
    if request.content_type != JSON or not request.body or _has_body(view):
        return
    try:
        is_empty = msgspec.json.decode(request.body) == {}
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        is_empty = False
    if not is_empty:
        raise CallRefusedError("malformed_request", remedy="nothing is taken as a body here")


def _has_body(view: Callable[..., Any]) -> bool:
    models = view._ninja_operation.models  # type: ignore[attr-defined]
    return any(model.__ninja_param_source__ == "body" for model in models)


def _names(view: Callable[..., Any], source: str) -> frozenset[str]:
    models = view._ninja_operation.models  # type: ignore[attr-defined]
    return frozenset(
        name
        for model in models
        if model.__ninja_param_source__ == source
        for name in model.__ninja_flatten_map__
    )


def _lists(view: Callable[..., Any]) -> frozenset[str]:
    models = view._ninja_operation.models  # type: ignore[attr-defined]
    return frozenset(
        name
        for model in models
        if model.__ninja_param_source__ == "query"
        for name in model.__ninja_collection_fields__
    )


def _refuse_repeated_headers(request: HttpRequest) -> None:
    scope = getattr(request, "scope", None)
    if scope is None:
        return
    names = [name for name, _ in scope["headers"]]
    for name in _ONCE:
        if names.count(name) > 1:
            raise CallRefusedError("header_repeated", remedy=name.decode())


def _body(request: HttpRequest, operation: Operation) -> bytes:
    told = request.META.get("CONTENT_LENGTH") or "0"
    if not told.isdecimal() or int(told) > operation.body_bytes_max:
        raise CallRefusedError("body_too_large")
    try:
        body = request.body
    except RequestDataTooBig:
        raise CallRefusedError("body_too_large") from None
    if len(body) > operation.body_bytes_max:
        raise CallRefusedError("body_too_large")
    return body


def _refuse_other_content(request: HttpRequest, operation: Operation, body: bytes) -> None:
    if operation.method == "GET" or not body:
        return
    charset = (request.content_params or {}).get("charset", "utf-8").lower()
    if request.content_type not in operation.media_types or (
        request.content_type == JSON and charset != "utf-8"
    ):
        raise CallRefusedError("content_type_unsupported", remedy=", ".join(operation.media_types))


def _idempotency_key(request: HttpRequest, operation: Operation, body: bytes) -> str:
    key: Any = request.headers.get(KEY_HEADER)
    if key is None and operation.key_field and body:
        try:
            sent = msgspec.json.decode(body)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
            sent = None
        key = sent.get(operation.key_field) if isinstance(sent, dict) else None
    if key is None:
        raise CallRefusedError("idempotency_key_missing")
    if not isinstance(key, str) or not _KEY.fullmatch(key):
        raise CallRefusedError("idempotency_key_invalid")
    return key
