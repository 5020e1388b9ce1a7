"""One request, one effect: what changes something is answered from what was kept of the first."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import msgspec
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase

from kaquan.foundation.answers.actions import Answer, RequestName, answer_once, answer_repeatable
from kaquan.surfaces.api.entrance import Call
from kaquan.surfaces.api.refusing import is_final, problem_of
from kaquan.surfaces.http.problems import MEDIA_TYPE

REPLAYED = "Idempotency-Replayed"


def answered_once(
    call: Call, request: HttpRequest, work: Callable[[], HttpResponseBase]
) -> HttpResponseBase:
    """The answer of ``work``, or what the same request was answered before.

    What ``work`` raises as an answer undoes what it did, and is kept as the answer if it is final.
    """
    name = RequestName(
        client_id=call.caller.client_id,
        operation=call.operation.id,
        key=call.idempotency_key,
        content=content_of(call, request),
    )
    fresh: list[HttpResponseBase] = []

    def answer() -> Answer:
        response = _decided(call, work)
        fresh.append(response)
        assert isinstance(response, HttpResponse), "a stream cannot be kept"
        return Answer(
            status=response.status_code,
            media_type=response.headers["Content-Type"],
            body=response.content,
            final=getattr(response, "is_final", True),
        )

    once = answer_repeatable if call.operation.repeatable else answer_once
    given = once(name, answer)
    if fresh:
        return fresh[0]
    replayed = HttpResponse(given.body, status=given.status, content_type=given.media_type)
    replayed.headers[REPLAYED] = "true"
    return replayed


def content_of(call: Call, request: HttpRequest) -> str:
    """All that a request asks for, spelled in one way: the order of a JSON object's fields, or
    blanks between them, make no other request."""
    body: Any = request.body
    if request.content_type == "application/json" and body:
        body = msgspec.json.decode(body)
        if isinstance(body, Mapping) and call.operation.key_field:
            body = {name: value for name, value in body.items() if name != call.operation.key_field}
    asked = [request.path, sorted(request.GET.lists()), request.content_type, body]
    return msgspec.json.encode(asked, order="deterministic").decode()


def _decided(call: Call, work: Callable[[], HttpResponseBase]) -> HttpResponseBase:
    try:
        if call.operation.repeatable:
            return work()
        with transaction.atomic():
            return work()
    except Exception as error:
        problem = problem_of(error, call.language)
        if problem is None:
            raise
        response = HttpResponse(problem.encoded(), status=problem.status, content_type=MEDIA_TYPE)
        for header, value in problem.headers():
            response.headers[header] = value
        response.is_final = is_final(error)  # type: ignore[attr-defined]
        return response
