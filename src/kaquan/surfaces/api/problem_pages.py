"""Under the API's addresses every refusal is a problem document, also those of the framework."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from asgiref.sync import iscoroutinefunction
from django.core.exceptions import DisallowedHost
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.utils.decorators import sync_and_async_middleware

from kaquan.surfaces.api.refusing import language_of, problem_response
from kaquan.surfaces.http.problems import MEDIA_TYPE, call_problem

BASE = "/api/v1/"
_CODES = {404: "route_unknown", 405: "method_not_allowed", 413: "body_too_large"}

Handler = Callable[[HttpRequest], Any]  # gives a response, or a coroutine that does


@sync_and_async_middleware
def problem_pages_middleware(get_response: Handler) -> Handler:
    """Put the framework's own refusals into our shape, limits onto each answer, and keep answers
    out of caches."""
    if iscoroutinefunction(get_response):

        async def handle_async(request: HttpRequest) -> HttpResponseBase:
            return _as_api_answer(request, await get_response(request))

        return handle_async

    def handle(request: HttpRequest) -> HttpResponseBase:
        return _as_api_answer(request, get_response(request))

    return handle


def _as_api_answer(request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
    if not request.path.startswith(BASE):
        return response
    if response.status_code >= 400 and response.headers.get("Content-Type") != MEDIA_TYPE:
        response = _problem(request, response)
    for name, value in getattr(request, "limit_headers", ()):
        response.headers[name] = value
    response.headers.setdefault("Cache-Control", "no-store")
    return response


def _problem(request: HttpRequest, response: HttpResponseBase) -> HttpResponse:
    status = response.status_code
    code = _CODES.get(status, "internal_error" if status >= 500 else "malformed_request")
    remedy = _host_fault(request) if code == "malformed_request" else ""
    answer = problem_response(call_problem(code, language_of(request), remedy=remedy))
    if "Allow" in response.headers:
        answer.headers["Allow"] = response.headers["Allow"]
    return answer


def _host_fault(request: HttpRequest) -> str:
    """Where the name that the server was called by is the fault: the setting that lists names."""
    try:
        request.get_host()
    except DisallowedHost:
        return "Host: KAQUAN_ALLOWED_HOSTS"
    return ""
